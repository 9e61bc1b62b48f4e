"""The row of tools above a chart. Menus pop up and return at once: a menu that is waited for would stop the hub."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from spc_desktop.i18n import _


class MenuButton(QToolButton):
    """A button that opens a menu below itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.menu_ = QMenu(self)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.clicked.connect(self.open)

    def open(self) -> None:
        """Show the menu; its first line has the keyboard."""
        self.menu_.popup(self.mapToGlobal(QPoint(0, self.height())))
        actions = [action for action in self.menu_.actions() if action.isEnabled() and not action.isSeparator()]
        chosen = next((action for action in actions if action.isChecked()), actions[0] if actions else None)
        if chosen is not None:
            self.menu_.setActiveAction(chosen)


@dataclass(frozen=True, slots=True)
class Switch:
    """One line of the view menu."""

    name: str
    turn: Callable[[bool], None]
    on: bool


class ToolRow(QWidget):
    """Buttons that only ask; the page does."""

    def __init__(self, switches: tuple[Switch, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart, self.view, self.export = MenuButton(), MenuButton(), MenuButton()
        self.compare, self.limits, self.table = self._button(), self._button(), self._button()
        self.table.setCheckable(True)
        self.undo = self._button()
        self.switches: dict[str, QAction] = {}
        for switch in switches:
            action = QAction(self)
            action.setCheckable(True)
            action.toggled.connect(switch.turn)
            action.setChecked(switch.on)
            self.view.menu_.addAction(action)
            self.switches[switch.name] = action
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        for button in (self.chart, self.compare, self.view, self.limits, self.table, self.export, self.undo):
            self._row.addWidget(button)
        self._row.addStretch(1)
        self.undo.setEnabled(False)

    def _button(self) -> QToolButton:
        button = QToolButton(self)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def retranslate(self) -> None:
        """Write every text anew."""
        for button, text, hint in (
            (
                self.chart,
                _("Chart (T)") + " ▾",
                _("Look at the points on another chart; the control plan stays as it is"),
            ),
            (self.compare, _("Compare (G)"), _("Compare by lot, machine, operator, cavity, gauge or shift")),
            (self.table, _("Table (F2)"), _("The points as a table; the chosen row is the chosen point")),
            (self.view, _("View (V)") + " ▾", _("What is drawn beside the points")),
            (self.limits, _("New limits… (B)"), _("Choose a baseline, see what its limits would change, freeze them")),
            (self.export, _("Export (Ctrl+E)") + " ▾", _("Picture, drawing, PDF, CSV, clipboard, printer")),
            (self.undo, _("Undo (Ctrl+Z)"), _("Take back what was done last at this chart")),
        ):
            button.setText(text)
            button.setToolTip(hint)
            button.setAccessibleName(f"{text}. {hint}")
        for name, text in (
            ("histogram", _("Histogram")),
            ("spec", _("Specification limits")),
            ("zones", _("Zones A, B and C")),
            ("log", _("Logarithmic axis")),
            ("times", _("Times instead of subgroup numbers")),
        ):
            self.switches[name].setText(text)
