"""A signal at the line: what it means in words, what to do step by step, and its cause in one tap more."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.register import Cause, PlanStep
from spc_desktop.i18n import _, current_language
from spc_desktop.ui.models.alerts import sentence_of

CAUSES = 6
"""So many causes have a button; the others are found by typing."""
STEP_COLUMNS, CAUSE_COLUMNS = 3, 5


class SignalPanel(QFrame):
    """Full width, over the value field. It asks; the page sends."""

    cause_chosen = Signal(object, object)
    """A ``Cause`` and the texts of the steps that were ticked."""
    other_wanted = Signal()
    engineer_wanted = Signal()
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("signal")
        self.alert: Alert | None = None
        self.causes: list[Cause] = []
        self.step_buttons: list[QPushButton] = []
        self.cause_buttons: list[QPushButton] = []
        self._words, self._steps_title, self._causes_title = QLabel(), QLabel(), QLabel()
        self._words.setObjectName("title")
        self._words.setWordWrap(True)
        self.other, self.engineer, self.later = (self._button() for _ in range(3))
        self.other.clicked.connect(self.other_wanted)
        self.engineer.clicked.connect(self.engineer_wanted)
        self.later.clicked.connect(self.dismissed)
        self._step_grid, self._cause_grid = QGridLayout(), QGridLayout()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        for widget in (self._words, self._steps_title):
            layout.addWidget(widget)
        layout.addLayout(self._step_grid)
        layout.addWidget(self._causes_title)
        layout.addLayout(self._cause_grid)
        self.hide()

    def _button(self, checkable: bool = False) -> QPushButton:
        button = QPushButton(self)
        button.setMinimumSize(48, 48)
        button.setCheckable(checkable)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        return button

    def show_signal(
        self, alert: Alert, steps: Sequence[PlanStep], causes: Sequence[Cause], *, must: bool, others: int
    ) -> None:
        """Show a signal; ``must``: its cause is wanted before anything else."""
        same = self.alert is not None and self.alert.id == alert.id and self.isVisible()
        self.alert, self.causes = alert, list(causes[:CAUSES])
        self._words.setText(f"■ {sentence_of(alert)}" + (f" ({alert.count}×)" if alert.count > 1 else ""))
        ticked = {button.property("step") for button in self.step_buttons if button.isChecked()} if same else set()
        self._fill(self.step_buttons, self._step_grid, len(steps), STEP_COLUMNS, checkable=True)
        for step, button in zip(steps, self.step_buttons, strict=False):
            text = step.text_en if current_language() == "en" and step.text_en else step.text
            button.setProperty("step", step.text)
            button.setChecked(step.text in ticked)
            button.setText(f"{'☑' if button.isChecked() else '☐'} {text}")
        self._fill(self.cause_buttons, self._cause_grid, len(self.causes), CAUSE_COLUMNS, checkable=False)
        for at, (cause, button) in enumerate(zip(self.causes, self.cause_buttons, strict=False), 1):
            text = cause.name_en if current_language() == "en" and cause.name_en else cause.name
            button.setText(text)
            button.setToolTip(_("Alt+{n}", n=at))
        at = len(self.causes)
        for button in (self.other, self.engineer, self.later):
            self._cause_grid.addWidget(button, at // CAUSE_COLUMNS, at % CAUSE_COLUMNS)
            at += 1
        self.later.setVisible(not must)
        self._steps_title.setText(_("Reaction plan (Ctrl+T ticks the next step)"))
        self._steps_title.setVisible(bool(steps))
        title = _("Give the cause before the next measurement") if must else _("Cause")
        self._causes_title.setText(title)
        self.other.setText(_("Other cause… ({n})", n=others) if others else _("Other cause…"))
        self.engineer.setText(_("Call engineer (F12)"))
        self.later.setText(_("Later"))
        self.setAccessibleName(self._words.text())
        self.show()

    def _fill(
        self, buttons: list[QPushButton], grid: QGridLayout, count: int, columns: int, *, checkable: bool
    ) -> None:
        while len(buttons) < count:
            at, button = len(buttons), self._button(checkable)
            button.clicked.connect(lambda _on, at=at: self.tick(at) if checkable else self.choose(at))
            grid.addWidget(button, at // columns, at % columns)
            buttons.append(button)
        for at, button in enumerate(buttons):
            button.setVisible(at < count)
            if at >= count:
                grid.removeWidget(button)
                button.setChecked(False)
            else:
                grid.addWidget(button, at // columns, at % columns)

    def tick(self, at: int) -> None:
        """A step was done, or not after all."""
        button = self.step_buttons[at]
        button.setText(("☑" if button.isChecked() else "☐") + button.text()[1:])

    def tick_next(self) -> None:
        """Tick the first step that is not ticked."""
        for at, button in enumerate(self.step_buttons):
            if button.isVisible() and not button.isChecked():
                button.setChecked(True)
                self.tick(at)
                return

    @property
    def steps(self) -> tuple[str, ...]:
        """Return the texts of the steps that were done."""
        return tuple([str(one.property("step")) for one in self.step_buttons if one.isVisible() and one.isChecked()])

    def choose(self, at: int) -> None:
        """Take a cause by its place."""
        if self.isVisible() and at < len(self.causes):
            self.cause_chosen.emit(self.causes[at], self.steps)

    def put_away(self) -> None:
        """Nothing is signalled any more."""
        self.alert = None
        for button in self.step_buttons:
            button.setChecked(False)
        self.hide()
