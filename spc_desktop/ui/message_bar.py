"""A sentence where the user is looking: what happened, what still goes on, what to do."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from spc_desktop.i18n import _

INFO_MS = 8000


class MessageBar(QFrame):
    """Shows the latest message; information goes by itself, errors stay until they are closed."""

    acted = Signal()
    """The button of the message was pressed."""
    closed = Signal()
    """The person closed the message."""

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
        self._close.clicked.connect(self.closed)
        self.action = QPushButton()
        self.action.clicked.connect(self.acted)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.addWidget(self._label, 1)
        layout.addWidget(self.action, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """Return the sentence shown."""
        return self._label.text()

    def say(self, text: str, kind: str = "info", action: str = "") -> None:
        """Show a sentence, with a button if ``action`` names one; ``kind`` is ``"info"``, ``"warning"`` or ``"error"``."""
        self._label.setText(text)
        self.action.setText(action)
        self.action.setVisible(bool(action))
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
