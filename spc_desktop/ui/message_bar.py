"""A sentence where the user is looking: what happened, what still goes on, what to do."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from spc_desktop.i18n import _

INFO_MS = 8000


class MessageBar(QFrame):
    """Shows the latest message; information goes by itself, errors stay until they are closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self._label = QLabel()
        self._label.setWordWrap(True)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._close = QToolButton()
        self._close.setText("✕")
        self._close.setAutoRaise(True)
        self._close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """Return the sentence shown."""
        return self._label.text()

    def say(self, text: str, kind: str = "info") -> None:
        """Show a sentence; ``kind`` is ``"info"``, ``"warning"`` or ``"error"``."""
        self._label.setText(text)
        self._close.setAccessibleName(_("Close this message"))
        self.setAccessibleName(text)
        self.setProperty("kind", kind)
        for widget in (self, self._label):
            widget.style().unpolish(widget)
            widget.style().polish(widget)
        self._timer.stop()
        if kind == "info":
            self._timer.start(INFO_MS)
        self.show()
