"""Finish a review: ask where to, read the notes, write PDF and workbook in a thread, tell where they are."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QWidget,
)
from shiboken6 import isValid

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.note import NoteKind
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import await_dialog, spawn
from spc_desktop.ui.capability.pack import Entry, Pack, PackCancelledError, write_pdf, write_workbook
from spc_desktop.ui.capability.ranking import Row
from spc_desktop.ui.capability.reviewing import review_row
from spc_desktop.ui.pages.page import PageContext


class FinishDialog(QDialog):
    """Folder, name and remark; then the progress of the writing, which can be cancelled."""

    def __init__(self, parent: QWidget, pages: int, by: str) -> None:
        super().__init__(parent)
        self.cancelled = threading.Event()
        self._answer: asyncio.Future[bool] | None = None
        self.setWindowTitle(_("Finish review"))
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        self.folder, self.by, self.remark = QLineEdit(documents), QLineEdit(by), QLineEdit()
        self.choose = QPushButton(_("Choose…"))
        self.state, self.progress = QLabel(), QProgressBar()
        self.state.setWordWrap(True)
        self.progress.setRange(0, 2 * pages + 1)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.write_button = self.buttons.addButton(_("Write PDF and workbook"), QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(_("Cancel"))
        self._lay_out()
        self.write_button.setDefault(True)
        self.choose.clicked.connect(lambda: spawn(self, self._choose()))
        self.write_button.clicked.connect(lambda: self._tell(True))
        self.buttons.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(self.choose)
        form.addRow(_("Folder"), where)
        form.addRow(_("Reviewed by"), self.by)
        form.addRow(_("Remark"), self.remark)
        form.addRow(self.progress)
        form.addRow(self.state)
        form.addRow(self.buttons)
        self.folder.setAccessibleName(_("Folder"))
        self.setMinimumWidth(round(self.fontMetrics().height() * 34))

    async def _choose(self) -> None:
        dialog = QFileDialog(self, _("Folder"), self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        chosen: list[str] = []
        dialog.fileSelected.connect(chosen.append)
        await await_dialog(dialog)
        if chosen:
            self.folder.setText(chosen[0])

    async def asked(self) -> bool:
        """Wait until the pack is asked for (True) or the dialog is closed (False)."""
        self._answer = asyncio.get_running_loop().create_future()
        return await self._answer

    def _tell(self, wanted: bool) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(wanted)

    def reject(self) -> None:
        """Stop writing, and close."""
        self.cancelled.set()
        self._tell(False)
        super().reject()

    def show_busy(self, text: str) -> None:
        """Say what is being done; empty: nothing, and it can be asked for again."""
        self.state.setText(text)
        self.progress.setValue(0)
        for widget in (self.write_button, self.folder, self.choose, self.by, self.remark):
            widget.setEnabled(not text)

    def advance(self) -> None:
        """One more page is written."""
        self.progress.setValue(self.progress.value() + 1)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say beside the buttons what could not be done; everything typed stays."""
        self.state.setText(sentence(error.code, error.params, current_language()))


def _existing(text: str) -> Path:
    folder = Path(text.strip()).expanduser()
    if not text.strip() or not folder.is_dir():
        raise KnownError("no_folder", path=text.strip())
    return folder


class _Steps:
    """Tells the dialog of each page, from the writing thread."""

    def __init__(self, dialog: FinishDialog) -> None:
        self._dialog, self._loop, self._cancelled = dialog, asyncio.get_running_loop(), dialog.cancelled

    def step(self) -> None:
        if self._cancelled.is_set():
            raise PackCancelledError
        self._loop.call_soon_threadsafe(self._advance)

    def _advance(self) -> None:
        if isValid(self._dialog):
            self._dialog.advance()


async def _entry(row: Row, window: int) -> Entry:
    law = row.review.law.name if row.review is not None and row.review.law is not None else "normal"
    if row.review is None:
        row.review = await review_row(row, window, law)
    points = row.review.points
    notes: tuple[str, ...] = ()
    if points:
        query = m.GetNotes(
            characteristic_id=row.characteristic.id,
            first_index=points[0].index,
            last_index=points[-1].index,
            kinds=(NoteKind.COMMENT,),
            limit=20,
        )
        found = await row.station.hub.query(query)
        notes = tuple(f"{note.at.astimezone():%Y-%m-%d %H:%M} {note.by}: {note.text}" for note in found)
    return Entry(row.name, row.review, row.flagged, notes)


async def _write(dialog: FinishDialog, rows: Sequence[Row], window: int, now: datetime) -> tuple[Path, Path]:
    dialog.show_busy(_("Reading the points…"))
    folder = await asyncio.to_thread(_existing, dialog.folder.text())
    entries = []
    for row in rows:
        if dialog.cancelled.is_set():
            raise PackCancelledError
        entries.append(await _entry(row, window))
    pack = Pack(tuple(entries), now, dialog.by.text().strip(), dialog.remark.text().strip())
    dialog.show_busy(_("Writing…"))
    name = f"capability-{now:%Y-%m-%d-%H%M}"
    pdf, book = folder / f"{name}.pdf", folder / f"{name}.xlsx"
    steps = _Steps(dialog)
    await asyncio.to_thread(write_pdf, pdf, pack, QFont(dialog.font()), steps.step)
    await asyncio.to_thread(write_workbook, book, pack, steps.step)
    return pdf, book


async def finish_review(owner: QWidget, context: PageContext, rows: Sequence[Row], window: int) -> None:
    """Ask, write, and say where the pack is."""
    dialog = FinishDialog(owner, len(rows), rows[0].station.actor.name)
    dialog.open()
    try:
        while await dialog.asked():
            try:
                pdf, book = await _write(dialog, rows, window, context.now())
            except (UserError, KnownError) as error:
                dialog.show_busy("")
                dialog.show_error(error)
                continue
            words = {"pdf": pdf.name, "book": book.name, "folder": str(pdf.parent)}
            context.say(_("Written: {pdf} and {book} in {folder}", **words), "info")
            return
    except PackCancelledError:
        context.say(_("No pack was written."), "info")
    finally:
        dialog.cancelled.set()  # a page that is being written is the last one
        dialog.close()
        dialog.deleteLater()
