"""What an installed program needs now and then, as commands: start with the session, backups of the database, logs as one file.

``autostart on|off|status``, ``backup list|restore NAME``, ``logs FILE``. No Qt, no database connection. ``OwnUpkeep`` is
what the window offers of it.
"""

import os
import platform
import shutil
import sys
import zipfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from spc_desktop.app.crash import answer_reports, open_reports
from spc_desktop.app.instance import sole_user
from spc_desktop.app.start import Start, read_start
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _
from spc_desktop.paths import APP_NAME
from spc_desktop.version import __version__

DATABASE = "spc.sqlite3"
RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
ENTRY = """[Desktop Entry]
Type=Application
Name=SPC Desktop
Exec={command}
Icon=spc-desktop
Terminal=false
Hidden={hidden}
"""


# -- start with the session ----------------------------------------------------------------------------------------------


def run_autostart(wanted: str) -> int:
    """Switch the start with this user's session ``on`` or ``off``, or tell its ``status``; return the exit status."""
    if wanted != "status":
        set_autostart(wanted == "on")
    print(_("starts with the session") if autostart() else _("does not start with the session"))
    return 0


def autostart() -> bool:
    """Say whether the program starts with this user's session (the user's own entry; the package's is off)."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
                winreg.QueryValueEx(key, APP_NAME)
        except OSError:
            return False
        return True
    try:
        return "Hidden=false" in _entry().read_text(encoding="utf-8").splitlines()
    except OSError:
        return False


def set_autostart(on: bool, arguments: Sequence[str] = ()) -> None:
    """Make or change the entry; an entry that is off stays as a file, because it overrules the system's.

    ``arguments``: what the program is started with besides ``--background``.

    Raises:
        KnownError: ``data_dir_unwritable`` where the entry cannot be written.
    """
    command = " ".join([_command(), *map(_quoted, arguments), "--background"])
    if sys.platform == "win32":
        import winreg

        with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
            if on:
                winreg.SetValueEx(key, APP_NAME, 0, winreg.REG_SZ, command)
            elif autostart():
                winreg.DeleteValue(key, APP_NAME)
        return
    try:
        _entry().parent.mkdir(parents=True, exist_ok=True)
        _entry().write_text(ENTRY.format(command=command, hidden=str(not on).lower()), encoding="utf-8")
    except OSError as error:
        raise KnownError("data_dir_unwritable", path=str(_entry()), reason=error.strerror or str(error)) from error


def _entry() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "autostart" / f"{APP_NAME}.desktop"


def _command() -> str:
    """How this very program is started, quoted: the built one, or the interpreter with the package."""
    program = Path(sys.executable)
    if not getattr(sys, "frozen", False):
        return f'"{program}" -m spc_desktop'
    return f'"{program.with_name(program.name.replace("-cli", ""))}"'  # on Windows the one without a console


def _quoted(word: str) -> str:
    """Quote an address or a path as an entry's command wants it; there the percent sign has a meaning of its own."""
    if sys.platform == "win32":
        return f'"{word}"' if " " in word else word
    for sign in ("\\", '"', "`", "$"):
        word = word.replace(sign, "\\" + sign)
    return '"' + word.replace("\\", "\\\\").replace("%", "%%") + '"'


# -- backups of the database ---------------------------------------------------------------------------------------------


def run_backup(data_dir: Path, action: str, name: str) -> int:
    """List the copies that upgrades left, the newest first, or put one back; return the exit status."""
    if action == "restore":
        kept = restore(data_dir, name, datetime.now().astimezone())
        print(_("{name} is the database now; what was there before is in {path}", name=name, path=kept))
        return 0
    found = backups(data_dir)
    for file in found:
        facts = file.stat()
        written = datetime.fromtimestamp(facts.st_mtime).astimezone()
        print(f"{written:%Y-%m-%d %H:%M}  {facts.st_size / 2**20:8.1f} MB  {file.name}")
    if not found:
        print(_("there are no backups in {path}", path=data_dir / "backups"))
    return 0


def backups(data_dir: Path) -> list[Path]:
    """Return the copies of the database, the newest first."""
    return sorted(
        (data_dir / "backups").glob("*.sqlite3"), key=lambda file: (file.stat().st_mtime, file.name), reverse=True
    )


def restore(data_dir: Path, name: str, now: datetime) -> Path:
    """Put a backup in the place of the database while no program runs; return the folder with what was there before.

    At every moment there is a whole database: the old one is copied aside first, the backup comes by one rename.

    Raises:
        UserError: ``backup_unknown`` (name, path).
        KnownError: ``data_dir_in_use``, ``data_dir_unwritable``.
    """
    source = next((file for file in backups(data_dir) if file.name == name), None)
    if source is None:
        raise UserError("backup_unknown", name=name, path=str(data_dir / "backups"))
    with sole_user(data_dir):
        try:
            return _put_back(data_dir, source, data_dir / "backups" / f"replaced-{now:%Y%m%dT%H%M%S}")
        except OSError as error:
            raise KnownError("data_dir_unwritable", path=str(data_dir), reason=error.strerror or str(error)) from error


def _put_back(data_dir: Path, source: Path, kept: Path) -> Path:
    database = data_dir / DATABASE
    logs = [database.with_name(DATABASE + ending) for ending in ("-wal", "-shm")]
    kept.mkdir(parents=True)
    for file in (database, *logs):
        if file.exists():
            shutil.copy2(file, kept)
    coming = database.with_suffix(".part")
    shutil.copyfile(source, coming)
    with coming.open("rb+") as stream:
        os.fsync(stream.fileno())
    for file in logs:  # they belong to the old one and would be played into the new
        file.unlink(missing_ok=True)
    coming.replace(database)
    return kept


# -- logs as one file ----------------------------------------------------------------------------------------------------


def export_logs(data_dir: Path, target: Path) -> int:
    """Pack logs, crash reports and what the program runs on into one zip file to send; return the exit status.

    No measurements and no settings are in it.

    Raises:
        KnownError: ``data_dir_unwritable`` where the file cannot be written.
    """
    pack_logs(data_dir, target)
    print(_("logs and crash reports are in {path}", path=target.absolute()))
    return 0


def pack_logs(data_dir: Path, target: Path) -> None:
    """Write that file.

    Raises:
        KnownError: ``data_dir_unwritable``.
    """
    system = f"SPC Desktop {__version__}\nPython {platform.python_version()}\n{platform.platform()}\n{data_dir}\n"
    try:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("system.txt", system)
            for file in sorted((data_dir / "logs").rglob("*")):
                if file.is_file() and file.absolute() != target.absolute():
                    archive.write(file, file.relative_to(data_dir).as_posix())
    except OSError as error:
        raise KnownError("data_dir_unwritable", path=str(target), reason=error.strerror or str(error)) from error


# -- in the window -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OwnUpkeep:
    """``ui.upkeep.Upkeep`` of a program with a window."""

    start: Start
    log_dir: Path
    """Where this window's own reports are; a viewer has a folder of its own."""
    arguments: tuple[str, ...] = ()
    """What this program is besides the window with its own hub."""

    @property
    def starts_with_session(self) -> bool:
        return autostart()

    def start_with_session(self, wanted: bool) -> None:
        set_autostart(wanted, (*self.arguments, *self._place()))

    def _place(self) -> tuple[str, ...]:
        """Return the option for the data folder, where a start without it would take another one."""
        try:
            usual = read_start(Namespace()).data_dir
        except (UserError, KnownError):  # its settings file has a mistake
            usual = None
        return () if usual == self.start.data_dir else ("--data-dir", str(self.start.data_dir))

    def reports(self) -> list[Path]:
        return open_reports(self.log_dir)

    def forget(self, reports: list[Path]) -> None:
        answer_reports(self.log_dir, reports)

    def save_logs(self, target: Path) -> None:
        pack_logs(self.start.data_dir, target)
