"""The alert list: what was raised, who took it, what is known about the selected one, and what can be done."""

from PySide6.QtCore import QEvent, QModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
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

from spc_desktop.domain.alert import OPEN, Alert, Status
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.alerts.actions import ACTS, ActionPanel, Actions
from spc_desktop.ui.alerts.detail import AlertDetail
from spc_desktop.ui.alerts.raising import RaiseForm
from spc_desktop.ui.entry.ask_row import AskRow
from spc_desktop.ui.keys import letter
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.models.alerts import (
    ROW_ROLE,
    SORT_ROLE,
    STATUS,
    AlertTable,
    Row,
)
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.station import Station

WIDEST = (
    "● Acknowledged",
    "00-00 00:00:00",
    "Medium",
    "Control board 12",
    "Beyond control limit",
    "",
    "0000",
    "operator 12",
)
"""What each column is made wide enough for; the rest goes to the sentence."""
TITLE, SENTENCE = 4, 5


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
    wanted = Signal(str)
    """The key of one of ``ACTS``."""

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
        self.fit()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(False)
        self.setSortingEnabled(True)
        self.doubleClicked.connect(lambda _index: self.opened.emit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A acknowledges, Enter opens the chart, J and K move, other letters act."""
        key = letter(event)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and key:
            key = f"Shift+{key}"
        if key in ACTS:
            self.wanted.emit(key)
        elif key == "A":
            self.acknowledge.emit()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.opened.emit()
        elif key in {"J", "K"}:
            row = self.currentIndex().row() + (1 if key == "J" else -1)
            if 0 <= row < self.model().rowCount():
                self.setCurrentIndex(self.model().index(row, 0))
        else:
            super().keyPressEvent(event)

    def fit(self) -> None:
        """Make rows and columns as large as the text needs them."""
        line = self.fontMetrics()
        self.verticalHeader().setDefaultSectionSize(round(line.height() * 1.6))
        for column, text in enumerate(WIDEST[: self.model().columnCount()] if self.model() is not None else ()):
            self.setColumnWidth(column, line.horizontalAdvance(text) + 2 * line.height())
        self._spare()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave the sentence its room."""
        super().resizeEvent(event)
        self._spare()

    def _spare(self) -> None:
        """Hide the short title where the sentence, which says the same and more, would be cut."""
        if self.model() is None:
            return
        self.setColumnHidden(TITLE, False)
        others = sum(self.columnWidth(column) for column in range(self.model().columnCount()) if column != SENTENCE)
        wanted = self.fontMetrics().horizontalAdvance("x") * 50
        self.setColumnHidden(TITLE, self.viewport().width() - others < wanted)

    def changeEvent(self, event: QEvent) -> None:
        """Fit the new font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.fit()

    def keyboardSearch(self, search: str) -> None:
        """Letters are commands here, not a search."""


class AlertPanel(QWidget):
    """List and buttons above, the selected alert with its evidence and what can be done about it below."""

    open_chart = Signal(object, object)
    """Station and alert whose chart is wanted."""

    def __init__(self, model: AlertTable, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = model
        self.filter = OpenFilter()
        self.filter.setParent(self)
        self.filter.setSourceModel(model)
        self.view = AlertView()
        self.view.setModel(self.filter)
        self.view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
        self.view.horizontalHeader().setSectionResizeMode(5, QHeaderView.ResizeMode.Stretch)
        self.view.fit()
        self.acknowledge_button, self.open_button = QPushButton(), QPushButton()
        self.read_button, self.raise_button, self.all_box = QPushButton(), QPushButton(), QCheckBox()
        self.detail, self.empty = AlertDetail(context.clock), QLabel()
        self.messages, self.ask, self.form = MessageBar(), AskRow(), RaiseForm(context.stations)
        self.acts = ActionPanel()
        self.actions_ = Actions(self.ask, self.messages.say, self)
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        bar = QHBoxLayout()
        for button in (self.acknowledge_button, self.open_button, self.raise_button, self.read_button):
            bar.addWidget(button)
        bar.addStretch(1)
        bar.addWidget(self.all_box)
        top, self.below = QWidget(), QWidget()
        self._stack = QStackedLayout(top)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        row = QHBoxLayout(self.below)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.detail, 1)
        row.addWidget(self.acts)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(top)
        self.split.addWidget(self.below)
        self.split.setSizes([300, 360])
        self.split.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addLayout(bar)
        for widget in (self.messages, self.ask, self.form):
            layout.addWidget(widget)
        layout.addWidget(self.split, 1)

    def _connect(self) -> None:
        self.view.acknowledge.connect(self.acknowledge)
        self.view.opened.connect(self.open_selected)
        self.view.wanted.connect(self._act)
        self.acts.wanted.connect(self._act)
        self.acts.step_done.connect(lambda step: self.actions_.give_step(step, self.targets()))
        self.acts.together.toggled.connect(self.refresh)
        self.actions_.changed.connect(self.refresh)
        self.ask.closed.connect(self.view.setFocus)
        self.form.closed.connect(self.view.setFocus)
        self.form.raised.connect(lambda station, alert: self.select(station, alert.id))
        self.acknowledge_button.clicked.connect(self.acknowledge)
        self.open_button.clicked.connect(self.open_selected)
        self.read_button.clicked.connect(self.model.mark_all_read)
        self.raise_button.clicked.connect(self.form.ask)
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
        self.raise_button.setText(_("Raise alert…"))
        self.raise_button.setToolTip(_("Tell others of something that no chart shows"))
        self.all_box.setText(_("Closed alerts too"))
        self.view.setAccessibleName(_("Alerts"))
        self.model.refresh()
        self.refresh()

    def selected(self) -> list[Row]:
        """Return the selected alerts."""
        rows = [index.data(ROW_ROLE) for index in self.view.selectionModel().selectedRows()]
        return [row for row in rows if row is not None]

    def event_of(self, row: Row) -> list[Row]:
        """Return an alert with the other open ones that the same subgroup has raised, the given one first."""
        alert = row.alert
        if alert.characteristic_id is None or alert.point_index is None or alert.status not in OPEN:
            return [row]
        others = (one for one in row.station.alerts.values() if one.id != alert.id and _same_event(one, alert))
        return [row, *(Row(row.station, one) for one in others)]

    def targets(self) -> list[Row]:
        """Return what a command is for: the selected alerts, or the whole event of the one that is selected."""
        rows = self.selected()
        return self.event_of(rows[0]) if len(rows) == 1 and self.acts.together.isChecked() else rows

    def select(self, station: Station, alert_id: int) -> None:
        """Select one alert and bring it into view, also one that has ended."""
        row = self.model.row_of(station, alert_id)
        if row < 0:
            return
        index = self.filter.mapFromSource(self.model.index(row, 0))
        if not index.isValid():
            self.all_box.setChecked(True)
            index = self.filter.mapFromSource(self.model.index(row, 0))
        if index.isValid():
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    def choose_first(self) -> None:
        """Select the topmost alert unless one is selected."""
        if not self.selected() and self.filter.rowCount():
            self.view.selectRow(0)

    def refresh(self, *_args: object) -> None:
        """Bring buttons, evidence and empty state in line with the selection."""
        rows = self.selected()
        fresh = [row for row in rows if row.alert.status is Status.NEW]
        self.acknowledge_button.setEnabled(bool(fresh))
        self.acknowledge_button.setToolTip("" if fresh else self._why_not(rows))
        chartable = bool(rows) and rows[0].alert.characteristic_id is not None
        self.open_button.setEnabled(chartable)
        why = _("This alert belongs to no chart") if rows else _("Select an alert first")
        self.open_button.setToolTip("" if chartable else why)
        self.read_button.setEnabled(self.model.unread_count() > 0)
        self._show_detail(rows)
        self._show_empty()

    def _show_detail(self, rows: list[Row]) -> None:
        first = rows[0] if rows else None
        event = len(self.event_of(rows[0])) if len(rows) == 1 else 0
        self.acts.show_state(self.targets(), event, undo=bool(self.actions_.undo))
        if first is None:
            self.detail.show_alert(None, None)
            self.acts.show_plan((), "")
            return
        self.detail.show_alert(first.station, first.alert)
        alert = first.alert
        plan = first.station.register.reaction_plan(alert.characteristic_id or 0, alert.product_id, alert.code)
        self.acts.show_plan(plan.steps if plan is not None else (), alert.corrective_action)

    def _why_not(self, rows: list[Row]) -> str:
        if not rows:
            return _("Select an alert first")
        alert = rows[0].alert
        if alert.acknowledged_by:
            return _("Already acknowledged by {name}", name=alert.acknowledged_by)
        return _("Already {status}", status=_(STATUS[alert.status]))

    def _show_empty(self) -> None:
        self.below.setVisible(self.filter.rowCount() > 0)
        if self.filter.rowCount():
            self._stack.setCurrentWidget(self.view)
            return
        if self.model.rowCount():
            text = _("No open alerts. Tick “Closed alerts too” to see what was resolved.")
        else:
            text = _("No alerts. When a rule fires or a value is out of specification, it appears here.")
        self.empty.setText(text)
        self._stack.setCurrentWidget(self.empty)

    def _act(self, key: str) -> None:
        self.actions_.obey(key, self.targets())

    def acknowledge(self) -> None:
        """Acknowledge the selected alerts that are new; say why when there is none."""
        rows = self.targets()
        if not any(row.alert.status is Status.NEW for row in rows):
            self.messages.say(self._why_not(rows))
            return
        spawn(self, self.actions_.acknowledge(rows))

    def open_selected(self) -> None:
        """Ask for the chart of the first selected alert."""
        rows = self.selected()
        if rows and rows[0].alert.characteristic_id is not None:
            self.open_chart.emit(rows[0].station, rows[0].alert)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say here what went wrong with a command given here."""
        self.messages.say(sentence(error.code, error.params, current_language()), "error")


def _same_event(one: Alert, other: Alert) -> bool:
    return (
        one.status in OPEN and one.characteristic_id == other.characteristic_id and one.point_index == other.point_index
    )
