"""Capability: every characteristic ranked by risk, the chosen one in six panels, and the pack of the whole review."""

import asyncio

from PySide6.QtCore import QEvent, QModelIndex, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.note import NoteKind
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.capability.detail import Detail
from spc_desktop.ui.capability.panels import PANELS
from spc_desktop.ui.capability.ranking import NAME, Ranking, Row
from spc_desktop.ui.capability.reviewing import USUAL_WINDOW, WINDOWS, review_all, review_row
from spc_desktop.ui.keys import letter
from spc_desktop.ui.pages.page import PageContext

NOTES_SHOWN = 3


_MOVES = frozenset(
    {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End}
)


class _List(QTableView):
    """A table that leaves every key but those of moving to the page."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _MOVES:
            super().keyPressEvent(event)
        else:
            event.ignore()


class CapabilityPage(QWidget):
    """The ranking at the left, the chosen characteristic at the right."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.ranking, self.list, self.detail = Ranking(self), _List(), Detail()
        self.heading, self.window_box = QLabel(), QComboBox()
        self.again, self.finish = QPushButton(), QPushButton()
        self.progress = QProgressBar()
        self.empty, self.centre = QLabel(), QStackedWidget()
        self._reading: asyncio.Task[None] | None = None
        self._shown = False
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self.heading.setObjectName("title")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.list.setModel(self.ranking)
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setTabKeyNavigation(False)
        self.list.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.list.verticalHeader().hide()
        self.list.setShowGrid(False)
        self.list.setWordWrap(False)
        self.list.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.list.horizontalHeader().setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self._fit()
        self.progress.setMaximumWidth(160)
        self.progress.hide()
        bar = QHBoxLayout()
        bar.setContentsMargins(8, 4, 8, 0)
        bar.addWidget(self.heading)
        bar.addStretch(1)
        for widget in (self.progress, self.window_box, self.again, self.finish):
            bar.addWidget(widget)
        split = QSplitter()
        split.addWidget(self.list)
        split.addWidget(self.detail)
        split.setStretchFactor(1, 1)
        split.setChildrenCollapsible(False)
        self.centre.addWidget(split)
        self.centre.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(bar)
        layout.addWidget(self.centre, 1)
        self.setFocusProxy(self.list)

    def _connect(self) -> None:
        self.list.selectionModel().currentRowChanged.connect(self._chosen)
        self.window_box.activated.connect(lambda _at: self.read())
        self.again.clicked.connect(self.read)
        self.finish.clicked.connect(self._finish_soon)
        self.detail.law_chosen.connect(lambda name: spawn(self, self._judge(name)))
        self.detail.note_given.connect(lambda text: spawn(self, self._note(text)))
        self.detail.flag_turned.connect(self._flag)
        self.detail.limits_wanted.connect(self._propose)
        self.detail.spec.saved.connect(lambda row: spawn(self, self._read_one(row)))
        self._context.scope.changed.connect(self._renewed)
        for station in self._context.stations:
            station.catalogue_changed.connect(self._renewed)
        shortcut = QShortcut(QKeySequence("Ctrl+P"), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self._finish_soon)

    # -- as a page -----------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Review everything in the scope."""
        self._shown = True
        self.read()

    def leave(self) -> None:
        """Stop reading."""
        self._shown = False
        self._stop()

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return what the keys do here."""
        return (
            ("↑ ↓", _("choose a characteristic")),
            ("Space", _("next characteristic")),
            ("1 – 6", _("enlarge a panel, or show all again")),
            ("N", _("write a note")),
            ("F", _("flag for the meeting, or take the flag away")),
            ("L", _("propose new limits on the chart")),
            ("Enter", _("open the chart")),
            ("Ctrl+P", _("finish the review: PDF and workbook")),
        )

    def retranslate(self) -> None:
        """Write every text anew."""
        self.heading.setText(_("Capability"))
        self.list.setAccessibleName(_("Characteristics, the riskiest first"))
        chosen = self.subgroups
        self.window_box.clear()
        for count in WINDOWS:
            self.window_box.addItem(_("newest {n} subgroups", n=count), count)
        self.window_box.setCurrentIndex(WINDOWS.index(chosen))
        self.window_box.setAccessibleName(_("How many subgroups are reviewed"))
        self.again.setText(_("Read again"))
        self.finish.setText(_("Finish review…"))
        self.empty.setText(
            _("Nothing to review in this scope. Characteristics appear here once they have a control plan.")
        )
        self.ranking.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.ranking.columnCount() - 1)
        for row in self.ranking.rows:
            self.ranking.touched(row)

    def _fit(self) -> None:
        line = self.fontMetrics().height()
        self.list.verticalHeader().setDefaultSectionSize(round(line * 1.7))
        self.list.setMinimumWidth(line * 21)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language, fit the new font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.FontChange:
            self._fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do what the keys say, in every state of a Korean keyboard."""
        typing = isinstance(self.focusWidget(), QLineEdit)
        called = {"N": self.detail.note.setFocus, "F": self._flag, "L": self._propose}
        pressed, digit = letter(event), event.key() - Qt.Key.Key_1
        if event.key() == Qt.Key.Key_Escape:
            self._back()
        elif typing:
            super().keyPressEvent(event)
        elif pressed in called:
            called[pressed]()
        elif event.key() == Qt.Key.Key_Space:
            self._next()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._open_chart()
        elif 0 <= digit < PANELS and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            self.detail.sixpack.enlarge(digit)
        else:
            super().keyPressEvent(event)

    def _back(self) -> None:
        if self.detail.sixpack.enlarged is not None:
            self.detail.sixpack.enlarge(None)
        self.list.setFocus()

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def subgroups(self) -> int:
        """Return how many subgroups are reviewed."""
        return self.window_box.currentData() or USUAL_WINDOW

    @property
    def current(self) -> Row | None:
        """Return the chosen row."""
        at = self.list.currentIndex().row()
        return self.ranking.rows[at] if 0 <= at < len(self.ranking.rows) else None

    def _renewed(self) -> None:
        known = {(row.station, row.characteristic) for row in self.ranking.rows}
        if self._shown and known != {(row.station, row.characteristic) for row in self._rows()}:
            self.read()

    def _rows(self) -> list[Row]:
        flagged = set(self._context.preferences.window.flagged)
        rows = [
            Row(station, characteristic)
            for station in self._context.stations
            for characteristic in self._context.scope.characteristics(station)
            if characteristic.id in station.plans
        ]
        for row in rows:
            row.flagged = row.key in flagged
        return rows

    def read(self) -> None:
        """Read and review everything anew; what is shown stays until the new numbers are here."""
        self._stop()
        known = {row.key: row for row in self.ranking.rows}
        chosen = self.current.key if self.current is not None else ""
        rows = self._rows()
        for row in rows:
            old = known.get(row.key)
            if old is not None:
                row.review, row.seen = old.review, old.seen
        self.ranking.replace(rows)
        self.ranking.sort_by_risk()
        self.centre.setCurrentIndex(0 if rows else 1)
        self.finish.setEnabled(bool(rows))
        self._choose(next((at for at, row in enumerate(self.ranking.rows) if row.key == chosen), 0))
        if rows:
            self._reading = spawn(self, self._read(rows))

    def _stop(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        self._reading = None
        self.progress.hide()

    async def _read(self, rows: list[Row]) -> None:
        self.progress.setRange(0, len(rows))
        self.progress.setValue(0)
        self.progress.show()
        try:
            await review_all(rows, self.subgroups, self._reviewed)
        finally:
            self.progress.hide()
        touched = self.list.hasFocus() and any(row.seen for row in rows)
        self.ranking.sort_by_risk()
        if not touched:  # nobody has begun: the riskiest first
            self._choose(0)

    def _reviewed(self, row: Row) -> None:
        self.progress.setValue(self.progress.value() + 1)
        self.ranking.touched(row)
        if row is self.current:
            self._show(row)

    async def _read_one(self, row: Row) -> None:
        row.characteristic = row.station.characteristics.get(row.characteristic.id, row.characteristic)
        await self._judge("normal", row)
        self.list.setFocus()

    async def _judge(self, law: str, row: Row | None = None) -> None:
        """Review one row again under another distribution."""
        row = row or self.current
        if row is None:
            return
        row.review = await review_row(row, self.subgroups, law)
        self.ranking.touched(row)
        if row is self.current:
            self.detail.show_law(law)
            self._show(row)

    # -- choosing ------------------------------------------------------------------------------------------------------

    def _choose(self, at: int) -> None:
        if 0 <= at < len(self.ranking.rows):
            self.list.setCurrentIndex(self.ranking.index(at, 0))
            self._show(self.ranking.rows[at])
        else:
            self.detail.show_row(None)

    def _chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid() and index.row() < len(self.ranking.rows):
            row = self.ranking.rows[index.row()]
            row.seen = row.seen or self.list.hasFocus()
            self._show(row)
            spawn(self, self._read_notes(row))

    def _show(self, row: Row) -> None:
        self.detail.show_row(row)

    def _next(self) -> None:
        rows = len(self.ranking.rows)
        if rows:
            self._choose((self.list.currentIndex().row() + 1) % rows)

    # -- doing ---------------------------------------------------------------------------------------------------------

    async def _read_notes(self, row: Row) -> None:
        query = m.GetNotes(characteristic_id=row.characteristic.id, kinds=(NoteKind.COMMENT,), limit=NOTES_SHOWN)
        notes = await row.station.hub.query(query)
        if row is self.current:
            self.detail.show_notes(notes)

    async def _note(self, text: str) -> None:
        row = self.current
        if row is None or row.review is None or not row.review.points:
            self._context.say(_("A note needs a point: this characteristic has none yet."), "warning")
            return
        command = m.AddComment(characteristic_id=row.characteristic.id, index=row.review.points[-1].index, text=text)
        await row.station.hub.command(command, row.station.actor)
        if row is self.current:
            self.detail.note.clear()
        self.list.setFocus()
        await self._read_notes(row)

    def _flag(self) -> None:
        row = self.current
        if row is None:
            return
        row.flagged = not row.flagged
        kept = tuple(key for key in self._context.preferences.window.flagged if key != row.key)
        self._context.preferences.change(flagged=(*kept, row.key) if row.flagged else kept)
        self.detail.flag.setChecked(row.flagged)
        self.ranking.touched(row)

    def _propose(self) -> None:
        row = self.current
        if row is not None:
            self._context.propose_limits(row.station, row.characteristic.id)
            self._context.say(_("Choose the subgroups that the new limits are to be computed from."), "info")

    def _open_chart(self) -> None:
        row = self.current
        if row is not None:
            self._context.open_chart(row.station, row.characteristic.id, None)

    def _finish_soon(self) -> None:
        if self.ranking.rows:
            spawn(self, self._finish())

    async def _finish(self) -> None:
        from spc_desktop.ui.capability.finishing import finish_review  # noqa: PLC0415 - the report's libraries

        await finish_review(self, self._context, list(self.ranking.rows), self.subgroups)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say at the top what could not be done."""
        self._context.say(sentence(error.code, error.params, current_language()), "error")
