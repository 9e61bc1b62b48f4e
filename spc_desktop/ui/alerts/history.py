"""The history tab: what the filters leave of every alert there ever was, page by page, and the selected one in full."""

import asyncio

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.alerts.detail import AlertDetail
from spc_desktop.ui.alerts.filters import FilterBar
from spc_desktop.ui.alerts.past import CAUSE, SENTENCE, WIDEST, PastAlerts
from spc_desktop.ui.keys import letter
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.models.alerts import ROW_ROLE, Row
from spc_desktop.ui.pages.page import PageContext

PAGE = 100
"""Alerts of one question to the hub."""


class _Table(QTableView):
    """Newest first; Enter opens, J and K move."""

    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.doubleClicked.connect(lambda _index: self.opened.emit())

    def fit(self) -> None:
        """Make rows and columns as large as the text needs them; the cause goes where the sentence would be cut."""
        line = self.fontMetrics()
        self.verticalHeader().setDefaultSectionSize(round(line.height() * 1.6))
        self.horizontalHeader().setSectionResizeMode(SENTENCE, QHeaderView.ResizeMode.Stretch)
        widths = [line.horizontalAdvance(text) + 2 * line.height() for text in WIDEST]
        for column, width in enumerate(widths):
            if column != SENTENCE:
                self.setColumnWidth(column, width)
        left = self.viewport().width() - (sum(widths) - widths[SENTENCE])
        self.setColumnHidden(CAUSE, left < line.horizontalAdvance("x") * 45)

    def changeEvent(self, event: QEvent) -> None:
        """Fit the new font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.model() is not None:
            self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the sentence its room."""
        super().resizeEvent(event)
        if self.model() is not None:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens the chart, J and K move."""
        key = letter(event)
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.opened.emit()
        elif key in {"J", "K"}:
            row = self.currentIndex().row() + (1 if key == "J" else -1)
            if 0 <= row < self.model().rowCount():
                self.setCurrentIndex(self.model().index(row, 0))
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here, not a search."""

    def sizeHint(self) -> QSize:
        """Take what there is."""
        return QSize(400, 200)


class HistoryTab(QWidget):
    """Filters, table, detail. Reads nothing until it is shown."""

    open_chart = Signal(object, object)

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filters = FilterBar(context.stations, context.now, words=True)
        self.model, self.view, self.detail = PastAlerts(self), _Table(), AlertDetail(context.clock)
        self.empty, self.count, self.all_button = QLabel(), QLabel(), QPushButton()
        self.messages = MessageBar()
        self._reading: asyncio.Task[None] | None = None
        self._state = "unread"
        self._lay_out()
        self.filters.changed.connect(self.read)
        self.all_button.clicked.connect(self.filters.clear)
        self.model.more_wanted.connect(self._read_more)
        self.view.opened.connect(self._open)
        self.view.selectionModel().selectionChanged.connect(self._selected)
        self.model.dataChanged.connect(self._selected)
        for station in context.stations:
            station.alert_changed.connect(lambda alert, _change, station=station: self.model.take(station, alert))
        self.retranslate()

    def _lay_out(self) -> None:
        self.view.setModel(self.model)
        self.view.fit()
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.empty.setObjectName("dim")
        self.count.setObjectName("dim")
        top = QWidget()
        self._stack = QStackedLayout(top)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(top)
        self.split.addWidget(self.detail)
        self.split.setSizes([320, 320])
        self.split.setChildrenCollapsible(False)
        self.detail.hide()
        row = QHBoxLayout()
        row.addWidget(self.count, 1)
        row.addWidget(self.all_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 4)
        layout.addWidget(self.filters)
        layout.addLayout(row)
        layout.addWidget(self.messages)
        layout.addWidget(self.split, 1)
        self.setFocusProxy(self.filters.text)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.view.setAccessibleName(_("Alert history"))
        self.all_button.setText(_("Clear the filters"))
        self.model.refresh()
        self._tell()

    # -- reading -------------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Ask the hub anew."""
        if self._reading is not None:
            self._reading.cancel()
        self._state = "reading"
        self._tell()
        self._reading = spawn(self, self._read())

    async def _read(self) -> None:
        station = self.filters.station
        page = await station.hub.query(self._query())
        self._state = "read"
        self.model.begin(station, page.alerts, more=page.more)
        if page.alerts:
            self.view.selectRow(0)
        self._tell()

    def _read_more(self) -> None:
        if self._state != "reading":
            self._state = "reading"
            self._reading = spawn(self, self._append())

    async def _append(self) -> None:
        page = await self.filters.station.hub.query(self._query(self.model.last_id))
        self._state = "read"
        self.model.append(page.alerts, more=page.more)
        self._tell()

    def _query(self, before_id: int | None = None) -> m.GetHistory:
        text = self.filters.text.text().strip()
        return m.GetHistory(**self.filters.asked(), text=text, before_id=before_id, limit=PAGE)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say here what went wrong; the hub can be asked again."""
        self._state = "failed"
        self.messages.say(sentence(error.code, error.params, current_language()), "error")
        self._tell()

    def _tell(self) -> None:
        found = self.model.rowCount()
        self.all_button.setEnabled(self.filters.narrows)
        self.all_button.setToolTip("" if self.filters.narrows else _("Nothing is left out"))
        self._stack.setCurrentWidget(self.view if found else self.empty)
        self.detail.setVisible(found > 0)
        text = _("Alerts shown: {n}; scroll for more", n=found) if self.model.more else _("Alerts: {n}", n=found)
        self.count.setText(text if self._state == "read" else "" if self._state == "failed" else _("Reading…"))
        if self._state == "failed":
            self.empty.setText(_("The history could not be read. Choose a filter to try again."))
        elif self._state != "read":
            self.empty.setText(_("Reading…"))
        elif self.filters.narrows:
            self.empty.setText(_("No alert matches. Clear a filter, or take fewer words."))
        else:
            self.empty.setText(_("There was no alert yet. What is raised is kept here for good."))

    # -- the selected one ----------------------------------------------------------------------------------------------

    def _row(self) -> Row | None:
        rows = self.view.selectionModel().selectedRows()
        found: Row | None = rows[0].data(ROW_ROLE) if rows else None
        return found

    def _selected(self, *_args: object) -> None:
        row = self._row()
        if row is None:
            self.detail.show_alert(None, None)
        else:
            self.detail.show_alert(row.station, row.alert)
            self.view.scrollTo(self.view.selectionModel().selectedRows()[0])

    def _open(self) -> None:
        row = self._row()
        if row is not None:
            self.open_chart.emit(row.station, row.alert)
