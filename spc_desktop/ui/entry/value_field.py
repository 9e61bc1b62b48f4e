"""The one field of the entry page: everything typed, gauged or scanned comes in here, and its keys steer the page."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

LONGEST = 120
"""Signs that a scanned code may have."""
_ARROWS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
_PAGES = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}


class ValueField(QLineEdit):
    """Digits go in with any input method on; Backspace in the empty field goes back to the value before."""

    entered = Signal(str)
    """Enter with something in the field."""
    back = Signal()
    cleared = Signal()
    """Escape."""
    stepped = Signal(int)
    """Another kind of defect: -1 up, 1 down."""
    counted = Signal(int)
    """One more (1) or one less (-1) of it."""
    paged = Signal(int)
    """Another characteristic: -1 before, 1 after."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("giant")
        self.counting = False
        self.setMaxLength(LONGEST)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setInputMethodHints(Qt.InputMethodHint.ImhFormattedNumbersOnly)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)

    def event(self, event: QEvent) -> bool:
        """Keep Ctrl+Z for the page: it takes back a subgroup, not a digit."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo = event.key() == Qt.Key.Key_Z and event.modifiers() == Qt.KeyboardModifier.ControlModifier
            if undo:
                event.ignore()
                return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Steer the page by the keys that no number has."""
        if not self._steers(event):
            super().keyPressEvent(event)

    def _steers(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            text = self.text()
            self.clear()
            self.entered.emit(text)
        elif key == Qt.Key.Key_Escape:
            self.clear()
            self.cleared.emit()
        elif key == Qt.Key.Key_Backspace and not self.text():
            self.back.emit()
        elif key in _PAGES:
            self.paged.emit(_PAGES[Qt.Key(key)])
        else:
            return self.counting and not self.text() and self._counts(event)
        return True

    def _counts(self, event: QKeyEvent) -> bool:
        if Qt.Key(event.key()) in _ARROWS:
            self.stepped.emit(_ARROWS[Qt.Key(event.key())])
        elif event.text() in {"+", "＋", "="}:
            self.counted.emit(1)
        elif event.text() in {"-", "−", "－"}:
            self.counted.emit(-1)
        else:
            return False
        return True
