"""What can be done about alerts: the commands behind the keys G S C Shift+K V X N U, and their buttons."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import structs
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.domain.alert import ENDED, OPEN, Alert, AlertType, Status
from spc_desktop.domain.register import PlanStep
from spc_desktop.i18n import _, current_language, marked
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.bench.undo import Undo
from spc_desktop.ui.entry.ask_row import AskRow
from spc_desktop.ui.models.alerts import Row

WATCHED = 8
"""Subgroups that must stay in control until a corrective action counts as effective."""
SHELVES = (15, 30, 60, 240, 480, 720)
_STEP = Qt.ItemDataRole.UserRole
Order = tuple[
    Row, m.Assign | m.Shelve | m.Unshelve | m.GiveCause | m.Resolve | m.Verify | m.Comment | m.Close | m.Unacknowledge
]
_NOT_WATCHED = frozenset({AlertType.CAPABILITY, AlertType.SAMPLE_OVERDUE, AlertType.STREAM_SILENT})


class Act(NamedTuple):
    """A button: its text, and why it cannot be used with an alert in these states."""

    text: str
    open_only: bool
    ended_only: bool = False


ACTS = {
    "G": Act(marked("Assign… (G)"), open_only=True),
    "S": Act(marked("Shelve… (S)"), open_only=True),
    "C": Act(marked("Cause… (C)"), open_only=False),
    "Shift+K": Act(marked("Action… (Shift+K)"), open_only=True),
    "V": Act(marked("It helped (V)"), open_only=False, ended_only=True),
    "Shift+V": Act(marked("Did not help (Shift+V)"), open_only=False, ended_only=True),
    "N": Act(marked("Comment… (N)"), open_only=False),
    "X": Act(marked("Close (X)"), open_only=False),
    "U": Act(marked("Take back (U)"), open_only=False),
}


class ActionPanel(QScrollArea):
    """Reaction plan and buttons of what is selected."""

    wanted = Signal(str)
    """The key of an act."""
    step_done = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons = {key: QPushButton() for key in ACTS}
        self.together, self.plan_title, self.plan = QCheckBox(), QLabel(), QListWidget()
        self._plan: tuple[tuple[PlanStep, ...], str, str] | None = None
        self.together.setChecked(True)
        self.plan.setWordWrap(True)
        self.plan.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.plan.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body = QWidget()
        layout = QVBoxLayout(self._body)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.addWidget(self.together)
        layout.addWidget(self.plan_title)
        layout.addWidget(self.plan, 1)
        grid = QGridLayout()
        for at, (key, button) in enumerate(self.buttons.items()):
            grid.addWidget(button, at // 2, at % 2)
            button.clicked.connect(lambda _on=False, key=key: self.wanted.emit(key))
        layout.addLayout(grid)
        layout.addStretch(0)
        self.setWidget(self._body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.plan.itemChanged.connect(self._ticked)
        self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew and make room for it."""
        for key, act in ACTS.items():
            self.buttons[key].setText(_(act.text))
        self.plan_title.setText(_("Reaction plan"))
        self.plan.setAccessibleName(_("Reaction plan"))
        QTimer.singleShot(0, self, self._fit)  # the buttons hear of a new font after this widget

    def _fit(self) -> None:
        bar = self.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(self._body.minimumSizeHint().width() + bar + 2)

    def showEvent(self, event: QShowEvent) -> None:
        """Make room for the buttons in the font of the window."""
        super().showEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language, fit the new font."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.FontChange}:
            self.retranslate()

    def show_plan(self, steps: Sequence[PlanStep], done: str) -> None:
        """Show what is to be done; what stands in ``done`` has its tick and keeps it."""
        told = (tuple(steps), done, current_language())
        if told == self._plan:
            return
        self._plan = told
        self.plan.blockSignals(True)
        self.plan.clear()
        for step in steps:
            text = step.text_en if current_language() == "en" and step.text_en else step.text
            item = QListWidgetItem(text)
            item.setData(_STEP, step.text)
            ticked = step.text in done.split("; ")
            item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            if ticked:
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
            self.plan.addItem(item)
        self.plan.blockSignals(False)
        for widget in (self.plan_title, self.plan):
            widget.setVisible(bool(steps))

    def _ticked(self, item: QListWidgetItem) -> None:
        if item.checkState() is Qt.CheckState.Checked:
            self.step_done.emit(item.data(_STEP))

    def show_state(self, rows: Sequence[Row], event: int, *, undo: bool) -> None:
        """Bring the buttons in line with what is selected; ``event``: alerts of the same event."""
        for key, act in ACTS.items():
            why = why_not(act, rows) if key != "U" else "" if undo else _("Nothing to take back")
            self.buttons[key].setEnabled(not why)
            self.buttons[key].setToolTip(why)
        self.together.setVisible(event > 1)
        self.together.setText(_("All of this event ({n})", n=event))
        self.together.setToolTip(_("What you do holds for every alert that this subgroup has raised."))


def why_not(act: Act, rows: Sequence[Row]) -> str:
    """Return why nothing can be done so with these alerts; empty: it can."""
    if not rows:
        return _("Select an alert first")
    statuses = {row.alert.status for row in rows}
    if act.open_only and not statuses & OPEN:
        return _("This alert has ended")
    if act.ended_only and not statuses & ENDED:
        return _("First write down a corrective action: that ends the alert")
    if act.text == ACTS["X"].text and statuses == {Status.CLOSED}:
        return _("This alert has ended")
    return ""


class Actions(QObject):
    """Asks what must be asked, sends the commands, and remembers how to take them back."""

    changed = Signal()

    def __init__(self, ask: AskRow, say: Callable[[str, str], None], parent: QObject) -> None:
        super().__init__(parent)
        self._ask, self._say = ask, say
        self.undo = Undo()

    def obey(self, key: str, rows: Sequence[Row]) -> None:
        """Do what a key or a button says with these alerts."""
        if key == "U":
            spawn(self, self._back())
            return
        why = why_not(ACTS[key], rows)
        if why:
            self._say(why, "info")
            return
        begin = {
            "G": self._assign,
            "S": self._shelve,
            "C": self._cause,
            "Shift+K": self._action,
            "V": lambda rows: self._verify(rows, effective=True),
            "Shift+V": lambda rows: self._verify(rows, effective=False),
            "N": self._comment,
            "X": self._close,
        }
        begin[key](list(rows))

    # -- each of them --------------------------------------------------------------------------------------------------

    def _assign(self, rows: list[Row]) -> None:
        known = {alert.assigned_to for row in rows for alert in row.station.alerts.values() if alert.assigned_to}
        names = sorted({*known, *(row.station.actor.name for row in rows)} - {""})

        def answered(name: str) -> None:
            old = [(row, row.alert.assigned_to) for row in _with(rows, OPEN)]
            back: list[Order] = [(row, m.Assign(alert_id=row.alert.id, to=to)) for row, to in old]
            spawn(self, self._send([(row, m.Assign(alert_id=row.alert.id, to=name)) for row, _to in old], back))

        self._ask.ask(_("Owner"), answered, offered=names)

    def _shelve(self, rows: list[Row]) -> None:
        rows = _with(rows, OPEN)

        def minutes(text: str) -> None:
            if not text.isdecimal() or not 1 <= int(text) <= SHELVES[-1]:
                self._say(_("Minutes are a number from 1 to {high}.", high=SHELVES[-1]), "warning")
                self._shelve(rows)
                return
            self._ask.ask(_("Why is it shelved?"), lambda reason: self._put_away(rows, int(text), reason))

        offered = [str(one) for one in SHELVES]
        self._ask.ask(_("Shelve for how many minutes? (1 to {high})", high=SHELVES[-1]), minutes, offered=offered)

    def _put_away(self, rows: list[Row], minutes: int, reason: str) -> None:
        make: list[Order] = [(row, m.Shelve(alert_id=row.alert.id, minutes=minutes, reason=reason)) for row in rows]
        spawn(self, self._send(make, [(row, m.Unshelve(alert_id=row.alert.id)) for row in rows]))

    def _cause(self, rows: list[Row]) -> None:
        first = rows[0]
        owner = first.alert.characteristic_id or 0
        causes = first.station.register.causes(owner, first.alert.product_id)
        english = current_language() == "en"
        names = {f"{(english and one.name_en) or one.name} ({one.id})": one for one in causes}

        def answered(text: str) -> None:
            cause = names.get(text)
            give = m.GiveCause(alert_id=0, cause=cause.id if cause else "", text="" if cause else text)
            spawn(self, self._send([(row, structs.replace(give, alert_id=row.alert.id)) for row in rows]))

        self._ask.ask(_("Cause"), answered, offered=names)

    def give_step(self, step: str, rows: Sequence[Row]) -> None:
        """A step of the reaction plan was done."""
        spawn(self, self._send([(row, m.GiveCause(alert_id=row.alert.id, steps=(step,))) for row in rows]))

    def _action(self, rows: list[Row]) -> None:
        rows = _with(rows, OPEN)

        def answered(text: str) -> None:
            spawn(self, self._send([(row, _resolve(row.alert, text)) for row in rows]))

        self._ask.ask(_("Corrective action (ends the alert; {n} subgroups are watched)", n=WATCHED), answered)

    def _verify(self, rows: list[Row], *, effective: bool) -> None:
        ended = _with(rows, ENDED)
        spawn(self, self._send([(row, m.Verify(alert_id=row.alert.id, effective=effective)) for row in ended]))

    def _comment(self, rows: list[Row]) -> None:
        def answered(text: str) -> None:
            spawn(self, self._send([(row, m.Comment(alert_id=row.alert.id, text=text)) for row in rows]))

        self._ask.ask(_("Comment"), answered)

    def _close(self, rows: list[Row]) -> None:
        rows = [row for row in rows if row.alert.status is not Status.CLOSED]

        def answered(text: str) -> None:
            spawn(self, self._send([(row, m.Close(alert_id=row.alert.id, comment=text)) for row in rows]))

        if all(row.alert.root_cause.strip() or row.alert.corrective_action.strip() for row in rows):
            answered("")
        else:
            offered = [_("No cause found"), _("False alarm")]
            self._ask.ask(_("No cause is written down. Why is it closed?"), answered, offered=offered)

    # -- sending -------------------------------------------------------------------------------------------------------

    async def _send(self, orders: Sequence[Order], back: Sequence[Order] = ()) -> None:
        """Send commands; ``back`` takes them back once they were carried out."""
        for row, command in orders:
            await row.station.hub.command(command, row.station.actor)
        if back:
            self.undo.remember(lambda: self._send(back))
            self.changed.emit()

    async def acknowledge(self, rows: Sequence[Row]) -> None:
        """Acknowledge those that are new, each hub's at once.

        Raises:
            UserError, KnownError: the hub refused or could not be reached.
        """
        fresh = [row for row in rows if row.alert.status is Status.NEW]
        for station in dict.fromkeys(row.station for row in fresh):
            await station.acknowledge([row.alert.id for row in fresh if row.station is station])
        back: list[Order] = [(row, m.Unacknowledge(alert_id=row.alert.id)) for row in fresh]
        self.undo.remember(lambda: self._send(back))
        self.changed.emit()

    async def _back(self) -> None:
        if not await self.undo.back():
            self._say(_("Nothing to take back"), "info")
        self.changed.emit()


def _with(rows: Sequence[Row], statuses: frozenset[Status]) -> list[Row]:
    return [row for row in rows if row.alert.status in statuses]


def _resolve(alert: Alert, text: str) -> m.Resolve:
    """Return the command that ends an alert with an action; steps that were ticked before stay written."""
    watchable = bool(alert.key) and alert.characteristic_id is not None and alert.alert_type not in _NOT_WATCHED
    action = "; ".join(part for part in (alert.corrective_action, text) if part)
    return m.Resolve(alert_id=alert.id, corrective_action=action, verify_points=WATCHED if watchable else 0)
