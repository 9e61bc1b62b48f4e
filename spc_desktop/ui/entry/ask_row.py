"""A question in a row of the page instead of a dialog on top of it: Enter answers, Escape does not."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from spc_desktop.i18n import _

Answer = Callable[[str], None]


class AskRow(QFrame):
    """One question at a time."""

    closed = Signal()
    """Answered or not: the keyboard goes back to the value."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ask")
        self._answer: Answer | None = None
        self._label, self.line = QLabel(), QLineEdit()
        self._ok, self._cancel = QPushButton(), QPushButton()
        self._label.setBuddy(self.line)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self._label)
        layout.addWidget(self.line, 1)
        layout.addWidget(self._ok)
        layout.addWidget(self._cancel)
        self.line.installEventFilter(self)
        self._ok.clicked.connect(self._accept)
        self._cancel.clicked.connect(self.close_row)
        self.hide()

    def ask(self, prompt: str, answer: Answer, *, secret: bool = False, offered: Iterable[str] = ()) -> None:
        """Ask for a text; ``offered`` is completed while it is typed."""
        self._answer = answer
        self._label.setText(prompt)
        self._ok.setText(_("OK"))
        self._cancel.setText(_("Cancel"))
        self.line.setAccessibleName(prompt)
        self.line.setEchoMode(QLineEdit.EchoMode.Password if secret else QLineEdit.EchoMode.Normal)
        self.line.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, not secret)
        texts = list(offered)
        completer = QCompleter(texts, self.line) if texts else None
        if completer is not None:
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.line.setCompleter(completer)  # type: ignore[arg-type]  # None takes it away
        self.line.clear()
        self.show()
        self.line.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Answer by Enter, leave by Escape."""
        if watched is self.line and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self._accept()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.close_row()
                return True
        return super().eventFilter(watched, event)

    def _accept(self) -> None:
        text, answer = self.line.text().strip(), self._answer
        if not text:
            return  # the question stays; Escape leaves it
        self.close_row()
        if answer is not None:
            answer(text)

    def close_row(self) -> None:
        """Take the question away."""
        self._answer = None
        self.line.clear()
        self.hide()
        self.closed.emit()
