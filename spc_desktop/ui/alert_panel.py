"""The alert list: what was raised, who took it, and the way to its chart."""

from PySide6.QtCore import QEvent, QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.domain.alert import Status
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.keys import letter
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.models.alerts import (
    ROW_ROLE,
    SORT_ROLE,
    STATUS,
    AlertTable,
    Row,
    product_name,
    sentence_of,
    title_of,
)
from spc_desktop.ui.station import Station


class OpenFilter(QSortFilterProxyModel):
    """Hides what is resolved or closed while ``open_only`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.open_only = True
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:  # type: ignore[override]
        """Decide by the alert's status."""
        entry = self.sourceModel().index(row, 0, parent).data(ROW_ROLE)
        return not self.open_only or entry.alert.status not in {Status.RESOLVED, Status.CLOSED}

    def show_all(self, shown: bool) -> None:
        """Show every alert, or only the open ones."""
        self.open_only = not shown
        self.invalidate()


class AlertView(QTableView):
    """A table whose letter keys are commands, whatever the input method is set to."""

    acknowledge = Signal()
    opened = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(False)
        self.setSortingEnabled(True)
        self.doubleClicked.connect(lambda _index: self.opened.emit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A acknowledges, Enter opens the chart, J and K move."""
        key = letter(event)
        if key == "A":
            self.acknowledge.emit()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.opened.emit()
        elif key in {"J", "K"}:
            row = self.currentIndex().row() + (1 if key == "J" else -1)
            if 0 <= row < self.model().rowCount():
                self.setCurrentIndex(self.model().index(row, 0))
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here, not a search."""


class AlertPanel(QWidget):
    """List, buttons and the sentence of the selected alert."""

    open_chart = Signal(object, object)
    """Station and alert whose chart is wanted."""

    def __init__(self, model: AlertTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.filter = OpenFilter()
        self.filter.setParent(self)
        self.filter.setSourceModel(model)
        self.view = AlertView()
        self.view.setModel(self.filter)
        self.view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        for column, width in enumerate((120, 140, 80, 170, 190, 420, 60)):
            self.view.setColumnWidth(column, width)
        self.view.horizontalHeader().setSectionResizeMode(5, QHeaderView.ResizeMode.Stretch)
        self.acknowledge_button, self.open_button = QPushButton(), QPushButton()
        self.read_button, self.all_box = QPushButton(), QCheckBox()
        self.detail, self.empty = QLabel(), QLabel()
        self.messages = MessageBar()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self.detail.setWordWrap(True)
        self.detail.setMinimumHeight(34)
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        bar = QHBoxLayout()
        for button in (self.acknowledge_button, self.open_button, self.read_button):
            bar.addWidget(button)
        bar.addStretch(1)
        bar.addWidget(self.all_box)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addLayout(bar)
        layout.addWidget(self.messages)
        layout.addLayout(self._stack, 1)
        layout.addWidget(self.detail)

    def _connect(self) -> None:
        self.view.acknowledge.connect(self.acknowledge)
        self.view.opened.connect(self.open_selected)
        self.acknowledge_button.clicked.connect(self.acknowledge)
        self.open_button.clicked.connect(self.open_selected)
        self.read_button.clicked.connect(self.model.mark_all_read)
        self.all_box.toggled.connect(self.filter.show_all)
        self.view.selectionModel().selectionChanged.connect(self.refresh)
        for signal in (self.filter.rowsInserted, self.filter.rowsRemoved, self.filter.modelReset):
            signal.connect(self.refresh)
        self.filter.dataChanged.connect(self.refresh)
        self.all_box.toggled.connect(self.refresh)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.acknowledge_button.setText(_("Acknowledge (A)"))
        self.open_button.setText(_("Open chart (Enter)"))
        self.read_button.setText(_("Mark all as read"))
        self.all_box.setText(_("Closed alerts too"))
        self.view.setAccessibleName(_("Alerts"))
        self.model.refresh()
        self.refresh()

    def selected(self) -> list[Row]:
        """Return the selected alerts."""
        rows = [index.data(ROW_ROLE) for index in self.view.selectionModel().selectedRows()]
        return [row for row in rows if row is not None]

    def select(self, station: Station, alert_id: int) -> None:
        """Select one alert and bring it into view."""
        row = self.model.row_of(station, alert_id)
        index = self.filter.mapFromSource(self.model.index(row, 0)) if row >= 0 else QModelIndex()
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    def refresh(self, *_args: object) -> None:
        """Bring buttons, sentence and empty state in line with the selection."""
        rows = self.selected()
        fresh = [row for row in rows if row.alert.status is Status.NEW]
        self.acknowledge_button.setEnabled(bool(fresh))
        self.acknowledge_button.setToolTip("" if fresh else self._why_not(rows))
        chartable = bool(rows) and rows[0].alert.characteristic_id is not None
        self.open_button.setEnabled(chartable)
        why = _("This alert belongs to no chart") if rows else _("Select an alert first")
        self.open_button.setToolTip("" if chartable else why)
        self.read_button.setEnabled(self.model.unread_count() > 0)
        self.detail.setText(self._detail(rows))
        self._show_empty()

    def _why_not(self, rows: list[Row]) -> str:
        if not rows:
            return _("Select an alert first")
        alert = rows[0].alert
        if alert.acknowledged_by:
            return _("Already acknowledged by {name}", name=alert.acknowledged_by)
        return _("Already {status}", status=_(STATUS[alert.status]))

    def _detail(self, rows: list[Row]) -> str:
        if not rows:
            return ""
        if len(rows) > 1:
            return _("{n} alerts selected", n=len(rows))
        alert = rows[0].alert
        parts = [product_name(rows[0].station, alert), title_of(alert), sentence_of(alert)]
        if alert.acknowledged_at:
            when = alert.acknowledged_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
            parts.append(_("acknowledged by {name}, {time}", name=alert.acknowledged_by or "–", time=when))
        return " · ".join(part for part in parts if part)

    def _show_empty(self) -> None:
        if self.filter.rowCount():
            self._stack.setCurrentWidget(self.view)
            return
        if self.model.rowCount():
            text = _("No open alerts. Tick “Closed alerts too” to see what was resolved.")
        else:
            text = _("No alerts. When a rule fires or a value is out of specification, it appears here.")
        self.empty.setText(text)
        self._stack.setCurrentWidget(self.empty)

    def acknowledge(self) -> None:
        """Acknowledge the selected alerts that are new; say why when there is none."""
        rows = self.selected()
        if not any(row.alert.status is Status.NEW for row in rows):
            self.messages.say(self._why_not(rows))
            return
        by_station: dict[Station, list[int]] = {}
        for row in rows:
            by_station.setdefault(row.station, []).append(row.alert.id)
        for station, ids in by_station.items():
            spawn(self, station.acknowledge(ids))

    def open_selected(self) -> None:
        """Ask for the chart of the first selected alert."""
        rows = self.selected()
        if rows and rows[0].alert.characteristic_id is not None:
            self.open_chart.emit(rows[0].station, rows[0].alert)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say here what went wrong with a command given here."""
        self.messages.say(sentence(error.code, error.params, current_language()), "error")
