"""Entries that wait for their hub, on disk: one file each, written whole before anybody is told that it is kept.

A file goes when the hub has answered. Whatever happens in between (a lost line, a power cut, two windows on one folder) only
sends an entry again, and its key makes that harmless.
"""

import os
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import msgspec
from msgspec import Struct

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.protocol import messages as m

_BEGUN = "begun.sheets"


class Waiting(Struct, frozen=True, kw_only=True):
    """A command that waits, and who gave it."""

    name: str
    """Name of its file; the order of names is the order of sending."""
    command: m.EnterSubgroup | m.TakeBack | m.AddComment | m.RecordSkip
    by: str = ""
    title: str = ""
    """What it is about, for people."""


class Begun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A subgroup that is not complete yet."""

    size: int
    values: tuple[float, ...]
    doubted: float | None = None
    comment: str = ""
    again: dict[int, float] = {}
    at: datetime


class Loaded(NamedTuple):
    """What was found on disk."""

    waiting: list[Waiting]
    unreadable: int
    begun: dict[int, Begun]
    """By characteristic."""


def folder_of(root: Path | None, hub: str) -> Path | None:
    """Return the folder of a hub's entries; its name may be an address."""
    return root / quote(hub, safe="") if root is not None else None


class Outbox:
    """The files of one hub. Its methods block; ``folder`` None keeps nothing beyond the program's end."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._last = 0

    def load(self) -> Loaded:
        """Read what waits, oldest first; a file that cannot be read is set aside under another name.

        Raises:
            KnownError: ``outbox_unwritable``.
        """
        found: list[Waiting] = []
        unreadable = 0
        try:
            for path in sorted(self._folder.glob("*.json")) if self._folder is not None else ():
                self._last = max(self._last, _number(path.name))
                try:
                    found.append(msgspec.json.decode(path.read_bytes(), type=Waiting))
                except (msgspec.DecodeError, UnicodeDecodeError):
                    path.replace(path.with_suffix(".bad"))
                    unreadable += 1
        except OSError as error:
            raise _unwritable(error) from error
        begun, lost = self._load_begun()
        return Loaded(found, unreadable + lost, begun)

    def _load_begun(self) -> tuple[dict[int, Begun], int]:
        if self._folder is None:
            return {}, 0
        path = self._folder / _BEGUN
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[int, Begun]), 0
        except FileNotFoundError:
            return {}, 0
        except (msgspec.DecodeError, UnicodeDecodeError):
            path.replace(path.with_suffix(".bad"))
            return {}, 1
        except OSError as error:
            raise _unwritable(error) from error

    def keep_begun(self, begun: dict[int, Begun]) -> None:
        """Keep what is not complete yet; nothing of it is sent.

        Raises:
            KnownError: ``outbox_unwritable``.
        """
        if self._folder is None:
            return
        try:
            if begun:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._write(self._folder / _BEGUN, msgspec.json.encode(begun))
            else:
                (self._folder / _BEGUN).unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(error) from error

    def put(self, command: m.EnterSubgroup | m.TakeBack | m.AddComment | m.RecordSkip, by: str, title: str) -> Waiting:
        """Keep a command; it is on disk when this returns.

        Raises:
            KnownError: ``outbox_unwritable``; nothing was kept.
        """
        self._last = max(self._last + 1, time.time_ns())  # a clock that is set back changes no order
        waiting = Waiting(name=f"{self._last:020}-{uuid.uuid4().hex[:8]}.json", command=command, by=by, title=title)
        if self._folder is None:
            return waiting
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._folder / waiting.name, msgspec.json.encode(waiting))
        except OSError as error:
            raise _unwritable(error) from error
        return waiting

    def _write(self, path: Path, body: bytes) -> None:
        temporary = path.with_suffix(".new")
        with temporary.open("wb") as stream:
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
        if os.name == "posix":  # the name itself must outlive a power cut
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def drop(self, waiting: Waiting) -> None:
        """Forget a command that the hub has answered; one that stays on disk for some reason is sent again, harmlessly."""
        if self._folder is not None:
            try:
                (self._folder / waiting.name).unlink(missing_ok=True)
            except OSError as error:
                raise _unwritable(error) from error

    def set_aside(self, waiting: Waiting, error: UserError) -> Path | None:
        """Keep a command that the hub refused, with the reason, where nobody sends it again; returns the file.

        Raises:
            KnownError: ``outbox_unwritable``.
        """
        if self._folder is None:
            return None
        path = self._folder / waiting.name
        body = {"refused": error.code, "params": {name: str(value) for name, value in error.params.items()}}
        try:
            self._write(path.with_suffix(".refused"), msgspec.json.encode({**body, "entry": waiting}))
        except OSError as failure:
            raise _unwritable(failure) from failure
        self.drop(waiting)
        return path.with_suffix(".refused")


def _number(name: str) -> int:
    head = name.partition("-")[0]
    return int(head) if head.isdecimal() else 0


def _unwritable(error: OSError) -> KnownError:
    return KnownError("outbox_unwritable", reason=error.strerror or str(error))
