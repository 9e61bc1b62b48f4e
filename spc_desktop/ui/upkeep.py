"""Manners of an installed program in the window: start with the session, logs as one file, reports of earlier runs."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QStandardPaths
from PySide6.QtWidgets import QDialog, QFileDialog

from spc_desktop.domain.errors import KnownError
from spc_desktop.i18n import _
from spc_desktop.ui.aio import await_dialog, spawn
from spc_desktop.ui.main_window import MainWindow


class Upkeep(Protocol):
    """What the window asks of the program around it."""

    @property
    def starts_with_session(self) -> bool:
        """True while the program starts when this user logs in."""
        ...

    def start_with_session(self, wanted: bool) -> None:
        """Start when this user logs in, or not.

        Raises:
            KnownError: ``data_dir_unwritable``.
        """
        ...

    def reports(self) -> list[Path]:
        """Return the reports of unexpected errors that nobody was told of or nobody answered, the oldest first."""
        ...

    def forget(self, reports: list[Path]) -> None:
        """Do not offer these again; the files stay."""
        ...

    def save_logs(self, target: Path) -> None:
        """Pack logs and reports into one file. Takes a moment: call it on a thread.

        Raises:
            KnownError: ``data_dir_unwritable``.
        """
        ...


class UpkeepMenu(QObject):
    """Answers the Program menu, and offers the reports that earlier runs left."""

    def __init__(self, window: MainWindow, upkeep: Upkeep) -> None:
        super().__init__(window)
        self._window, self._upkeep = window, upkeep
        self._offered = upkeep.reports()
        window.set_starts_with_session(upkeep.starts_with_session)
        window.session_start_requested.connect(self._start_with_session)
        window.logs_requested.connect(self.save_logs)
        window.retranslated.connect(self._offer)
        window.notice.acted.connect(self.save_logs)
        window.notice.closed.connect(self._answered)
        self._offer()

    def _offer(self) -> None:
        if not self._offered:
            return
        when = datetime.fromtimestamp(self._offered[-1].stat().st_mtime).astimezone()
        self._window.notice.say(
            _(
                "An unexpected error happened in an earlier run ({when:%Y-%m-%d %H:%M}). The report helps to find the cause;"
                " it contains no measurements and no settings.",
                when=when,
            ),
            "warning",
            _("Save the report…"),
        )

    def _answered(self) -> None:
        self._upkeep.forget(self._offered)
        self._offered = []

    def _start_with_session(self, wanted: bool) -> None:
        try:
            self._upkeep.start_with_session(wanted)
        except KnownError as error:
            text = _("The start with the session could not be changed. {path}: {reason}", **error.params)
            self._window.messages.say(text, "error")
        else:
            text = _("SPC Desktop starts in the tray when you log in.")
            self._window.messages.say(text if wanted else _("SPC Desktop does not start when you log in."))
        self._window.set_starts_with_session(self._upkeep.starts_with_session)

    def save_logs(self) -> None:
        """Ask where, and write logs and reports there."""
        spawn(self, self._save_logs())

    async def _save_logs(self) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        dialog = QFileDialog(self._window, _("Save logs and error reports"), folder, "ZIP (*.zip)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("zip")
        dialog.selectFile(f"spc-desktop-logs-{datetime.now().astimezone():%Y%m%d}.zip")
        if await await_dialog(dialog) != QDialog.DialogCode.Accepted:
            return
        target = Path(dialog.selectedFiles()[0])
        try:
            await asyncio.to_thread(self._upkeep.save_logs, target)
        except KnownError as error:
            text = _("{path} could not be written ({reason}). Choose another place.", **error.params)
            self._window.messages.say(text, "error")
            return
        if self._offered:
            self._window.notice.hide()
            self._answered()
        self._window.messages.say(_("logs and crash reports are in {path}", path=str(target)))
