"""``spc-desktop doctor``: what a person who helps from afar asks first, as a list with a verdict for each line.

It changes nothing: a folder is tried with a file that is removed again, a database is opened for reading only.
"""

import asyncio
import locale
import os
import platform
import shutil
import socket
import sqlite3
import sys
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from spc_desktop.app import failures
from spc_desktop.app.instance import is_in_use, running_hub
from spc_desktop.app.shared import check_addresses, check_relay
from spc_desktop.app.start import Start, is_encrypted, read_start
from spc_desktop.app.surroundings import require_display
from spc_desktop.app.upkeep import backups
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, set_language
from spc_desktop.relay.streams import shown as relay_shown
from spc_desktop.storage.schema import SCHEMA_VERSION
from spc_desktop.storage.shared import look, shown
from spc_desktop.storage.store import FILE_NAME
from spc_desktop.version import __version__

LITTLE, TOO_LITTLE = 1_000_000_000, 100_000_000
"""Free bytes of the disk below which it is noted, and below which nothing can be relied on."""
FAULT = 1
"""Exit status: something has to be mended."""


class Finding(NamedTuple):
    """One line: ``"ok"``, ``"note"`` (works, but look) or ``"fault"``, what was looked at, and what was seen."""

    verdict: str
    about: str
    seen: str


def run_doctor(options: Namespace) -> int:
    """Print what is found; 0 when there is no fault, 1 when there is one."""
    try:
        start = read_start(options)
    except (UserError, KnownError) as error:
        print(_line(Finding("fault", _("Settings"), failures.explain(error)[0])))
        return FAULT
    set_language(start.language)
    worst = 0
    for finding in examine(start):
        print(_line(finding), flush=True)
        worst = max(worst, FAULT if finding.verdict == "fault" else 0)
    return worst


def examine(start: Start) -> Iterator[Finding]:
    """Look at everything, one after the other."""
    yield _program()
    yield _time()
    yield Finding("ok", _("Settings"), str(start.settings_file))
    yield _folder(start.data_dir)
    yield _space(start.data_dir)
    if start.settings.hub.database or start.settings.hub.relay:
        yield from _shared(start)
    else:
        yield _database(start.data_dir / FILE_NAME)
    kept = backups(start.data_dir)
    yield Finding("ok", _("Backups"), f"{len(kept)}" + (f", {kept[0].name}" if kept else ""))
    yield _crashes(start.log_dir)
    yield _address(start)
    yield _window()
    if sys.platform.startswith("linux"):
        yield _toasts()


def _line(finding: Finding) -> str:
    words = {"ok": _("ok"), "note": _("note"), "fault": _("FAULT")}
    return f"{words[finding.verdict]:<6} {finding.about}: {finding.seen}"


def _program() -> Finding:
    kind = _("installed") if getattr(sys, "frozen", False) else _("from source")
    seen = f"{__version__} ({kind}), Python {platform.python_version()}, {platform.platform()}"
    return Finding("ok", "SPC Desktop", seen)


def _time() -> Finding:
    now = datetime.now().astimezone()
    return Finding("ok", _("Time and language"), f"{now:%Y-%m-%d %H:%M:%S %z}, {locale.getlocale()[0] or 'C'}")


def _folder(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)) as stream:
            stream.write(b"x")
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        failed = KnownError("data_dir_unwritable", path=str(folder), reason=error.strerror or str(error))
        return Finding("fault", _("Data folder"), failures.explain(failed)[0])
    return Finding("ok", _("Data folder"), str(folder))


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there: it would be made in it."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _space(folder: Path) -> Finding:
    try:
        free = shutil.disk_usage(_existing(folder)).free
    except OSError as error:
        return Finding("fault", _("Free space"), str(error))
    verdict = "fault" if free < TOO_LITTLE else "note" if free < LITTLE else "ok"
    return Finding(verdict, _("Free space"), f"{free / 1e9:.1f} GB")


def _database(file: Path) -> Finding:
    if not file.exists():
        return Finding("ok", _("Database"), _("none yet; it is made at the first start"))
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)) as connection:
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            sound = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        return Finding("fault", _("Database"), _("{path} cannot be read: {reason}", path=file, reason=error))
    found = version[0] if version else "?"
    seen = _("{path}, {size} MB, version {found}", path=file, size=f"{file.stat().st_size / 1e6:.1f}", found=found)
    if sound != "ok":
        return Finding("fault", _("Database"), f"{seen}; {sound}. " + _("Restore a backup: spc-desktop backup restore"))
    if found > SCHEMA_VERSION:
        return Finding("fault", _("Database"), seen + "; " + _("written by a newer version of the program"))
    if found < SCHEMA_VERSION:
        return Finding(
            "note", _("Database"), seen + "; " + _("it is brought up to date at the next start, after a backup")
        )
    return Finding("ok", _("Database"), seen)


def _shared(start: Start) -> Iterator[Finding]:
    """The database and the relay that several hubs share."""
    own = start.settings.hub
    try:
        check_addresses(own)
        yield _shared_database(own.database)
        if own.relay:
            trouble = asyncio.run(check_relay(own.relay))
            verdict, seen = (
                ("ok", relay_shown(own.relay))
                if not trouble
                else ("note", _("does not answer: {url}", url=relay_shown(own.relay)))
            )
            yield Finding(verdict, _("Relay"), seen)
    except (UserError, KnownError) as error:
        about = _("Relay") if error.code.startswith("relay") else _("Database")
        yield Finding("fault", about, failures.explain(error)[0])


def _shared_database(url: str) -> Finding:
    seen = look(url)
    if seen.version is None:
        return Finding("ok", _("Database"), f"{shown(url)}; " + _("none yet; it is made at the first start"))
    leads = _("led by the hub at {address}", address=seen.holder) if seen.holder else _("no hub leads just now")
    text = _("{path}, version {found}; {leads}", path=shown(url), found=seen.version, leads=leads)
    if seen.version > SCHEMA_VERSION:
        return Finding("fault", _("Database"), text + "; " + _("written by a newer version of the program"))
    return Finding("ok", _("Database"), text)


def _crashes(folder: Path) -> Finding:
    reports = sorted(folder.rglob("crash*")) if folder.exists() else []
    if reports:
        return Finding("note", _("Crash reports"), _("{count} in {path}", count=len(reports), path=folder))
    return Finding("ok", _("Crash reports"), "0")


def _address(start: Start) -> Finding:
    """Whether the hub of the folder answers, or its port is free for it."""
    hub, about = start.settings.hub, _("Address")
    if is_in_use(start.data_dir):
        note = running_hub(start.data_dir)
        return Finding(
            "ok", about, _("running, process {pid}, {url}", pid=note.get("pid", "?"), url=note.get("url", "?"))
        )
    try:
        socket.create_server((hub.host, hub.port)).close()
    except OSError as error:
        return Finding("fault", about, failures.explain(failures.listen_failure(error, hub.host, hub.port))[0])
    scheme = "https" if is_encrypted(start.settings) else "http"
    return Finding("ok", about, _("{url} is free", url=f"{scheme}://{hub.host}:{hub.port}"))


def _window() -> Finding:
    try:
        require_display()
    except KnownError as error:
        return Finding("note", _("Window"), failures.explain(error)[0])
    return Finding("ok", _("Window"), _("can open"))


def _toasts() -> Finding:
    if os.environ.get("DBUS_SESSION_BUS_ADDRESS") or Path(f"/run/user/{os.getuid()}/bus").exists():
        return Finding("ok", _("Notifications"), _("the desktop has a message bus"))
    return Finding("note", _("Notifications"), _("no message bus; the program shows toasts of its own"))
