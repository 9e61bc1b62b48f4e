"""What is shown before there is anything to show: that the program starts, or why it could not and what to do."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class StartPage(QWidget):
    """A title, a sentence and, where they help, one or two buttons."""

    action = Signal()
    other = Signal()
    """The way out that is offered instead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.text, self.button = QLabel(), QLabel(), QPushButton()
        self.other_button = QPushButton()
        self.title.setObjectName("title")
        self.text.setObjectName("dim")
        layout = QVBoxLayout(self)
        layout.addStretch(1)
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(label)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.other_button, self.button):
            buttons.addWidget(button)
            button.hide()
        buttons.addStretch(1)
        layout.addLayout(buttons)
        layout.addStretch(2)
        self.button.clicked.connect(self.action)
        self.other_button.clicked.connect(self.other)

    def say(self, title: str, text: str = "", button: str = "", other: str = "") -> None:
        """Show this and no more; ``other`` stands before ``button`` and is the one that Enter presses."""
        self.title.setText(title)
        self.text.setText(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.other_button.setText(other)
        self.other_button.setVisible(bool(other))
        if other:
            self.other_button.setDefault(True)
            self.other_button.setFocus()
