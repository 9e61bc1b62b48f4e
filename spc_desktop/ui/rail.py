"""The left rail: a page is one click or Ctrl and its number away. Imported for the first paint: nothing heavy."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QToolBar, QToolButton, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.icons import icon
from spc_desktop.ui.pages.page import PageEntry
from spc_desktop.ui.pages.registry import NUMBERS


class Rail(QToolBar):
    """One button with icon and name for each page."""

    chosen = Signal(str)
    """Name of the page that is wanted."""

    def __init__(self, entries: Sequence[PageEntry], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setMovable(False)
        self.toggleViewAction().setVisible(False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setOrientation(Qt.Orientation.Vertical)
        self._entries = tuple(entries)
        self._group = QActionGroup(self)
        self.actions_by_name: dict[str, QAction] = {}
        for entry in self._entries:
            self._add(entry)
        self.retranslate()
        self._colour()
        self._size()

    def _add(self, entry: PageEntry) -> None:
        action = QAction(self)
        action.setCheckable(True)
        action.setShortcut(QKeySequence(f"Ctrl+{NUMBERS[entry.name]}"))
        action.triggered.connect(lambda _checked=False, name=entry.name: self.chosen.emit(name))
        self._group.addAction(action)
        self.addAction(action)
        button = self.widgetForAction(action)
        if isinstance(button, QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.actions_by_name[entry.name] = action

    def mark(self, name: str) -> None:
        """Show which page is shown; an unknown name means none."""
        action = self.actions_by_name.get(name)
        if action is not None:
            action.setChecked(True)
            return
        self._group.setExclusive(False)
        for other in self.actions_by_name.values():
            other.setChecked(False)
        self._group.setExclusive(True)

    def retranslate(self) -> None:
        """Write the names anew."""
        self.setAccessibleName(_("Pages"))
        for entry in self._entries:
            action = self.actions_by_name[entry.name]
            action.setText(_(entry.title))
            action.setToolTip(f"{_(entry.title)} (Ctrl+{NUMBERS[entry.name]})")

    def _size(self) -> None:
        side = round(self.fontMetrics().height() * 1.5)
        self.setIconSize(QSize(side, side))

    def _colour(self) -> None:
        for entry in self._entries:
            self.actions_by_name[entry.name].setIcon(icon(entry.icon, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Speak a new language, wear new colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.PaletteChange and hasattr(self, "actions_by_name"):
            self._colour()
        elif event.type() == QEvent.Type.FontChange:
            self._size()
