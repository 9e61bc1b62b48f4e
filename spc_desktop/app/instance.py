"""One program per data folder: a lock that ends with the process, and a note with the address of the one that runs."""

import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from spc_desktop.app.private_file import create_private
from spc_desktop.domain.errors import KnownError

LOCK_FILE = "hub.lock"
NOTE_FILE = "hub.json"


@contextmanager
def sole_user(data_dir: Path) -> Iterator[None]:
    """Hold the data folder while the block runs; the folder is made where it does not exist.

    Raises:
        KnownError: ``data_dir_in_use`` (path, pid, url of the program that has it), ``data_dir_unwritable`` (path, reason),
            ``disk_full`` (path).
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        stream = (data_dir / LOCK_FILE).open("a+b")
    except OSError as error:
        raise unwritable(data_dir, error) from error
    with stream:
        if not _lock(stream):
            note = running_hub(data_dir)
            raise KnownError("data_dir_in_use", path=str(data_dir), pid=note.get("pid", "?"), url=note.get("url", ""))
        try:
            (data_dir / NOTE_FILE).unlink(missing_ok=True)  # of a program that was killed
            yield
        finally:
            (data_dir / NOTE_FILE).unlink(missing_ok=True)
            _unlock(stream)


def is_in_use(data_dir: Path) -> bool:
    """Say whether a program holds the data folder now."""
    try:
        stream = (data_dir / LOCK_FILE).open("r+b")
    except OSError:  # no folder, or none that this account could use
        return False
    with stream:
        if not _lock(stream):
            return True
        _unlock(stream)
        return False


def note_address(data_dir: Path, url: str, key: str = "", fingerprint: str = "") -> None:
    """Write down where the hub of this data folder answers; ``sole_user`` removes it.

    ``key`` lets in who can read the file, and only the owner of the folder can. ``fingerprint`` is its certificate's.

    Raises:
        KnownError: ``data_dir_unwritable``, ``disk_full``.
    """
    write_note(data_dir / NOTE_FILE, {"pid": os.getpid(), "url": url, "key": key, "fingerprint": fingerprint})


def write_note(file: Path, note: Mapping[str, object]) -> None:
    """Leave a note for other programs of this account.

    Raises:
        KnownError: ``data_dir_unwritable``, ``disk_full``.
    """
    try:
        with create_private(file) as stream:
            stream.write(json.dumps(note).encode())
    except OSError as error:
        raise unwritable(file, error) from error


def unwritable(path: Path, error: OSError) -> KnownError:
    """Return the error that says why nothing can be written there."""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return KnownError("disk_full", path=str(path))
    return KnownError("data_dir_unwritable", path=str(path), reason=error.strerror or str(error))


def running_hub(data_dir: Path) -> dict[str, str]:
    """Return the note of the program that has the folder, empty when there is none (or it left none)."""
    try:
        note = json.loads((data_dir / NOTE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in note.items()} if isinstance(note, dict) else {}


if sys.platform == "win32":
    import msvcrt

    def _lock(stream: IO[bytes]) -> bool:
        stream.seek(0)
        try:
            msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(stream: IO[bytes]) -> bool:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(stream: IO[bytes]) -> None:
        fcntl.flock(stream, fcntl.LOCK_UN)
