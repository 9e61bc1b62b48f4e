"""Below a form: what is about to change, before and after, why, and the ways to save it or let it be."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from spc_desktop.i18n import _

_LINES = 6
"""So many lines of changes are seen at once."""


class Difference(NamedTuple):
    """One field that differs."""

    label: str
    before: str
    after: str

    @property
    def text(self) -> str:
        """Return it as one line."""
        return f"{self.label}: {self.before} → {self.after}"


class ChangeBar(QFrame):
    """The last look before a change is made."""

    save = Signal()
    discard = Signal()
    undo = Signal()
    compare = Signal()
    """Go on from what somebody else has made of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("ask")
        self.notice, self.changes, self.effect, self.error = (QLabel() for _label in range(4))
        for label in (self.notice, self.changes, self.effect, self.error):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.changes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.changes.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.error.setObjectName("wrong")
        self.notice.setObjectName("wrong")
        self.effect.setObjectName("subtitle")
        self._list = QScrollArea()
        self._list.setWidget(self.changes)
        self._list.setWidgetResizable(True)
        self._list.setFrameShape(QFrame.Shape.NoFrame)
        self._list.viewport().setAutoFillBackground(False)
        self.changes.setAutoFillBackground(False)
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.reason = QLineEdit()
        self._reason_label = QLabel()
        self._reason_label.setBuddy(self.reason)
        self.save_button, self.discard_button, self.undo_button, self.compare_button = (
            QPushButton() for _button in range(4)
        )
        self._arrange()
        self.save_button.clicked.connect(self.save)
        self.reason.returnPressed.connect(self.save)
        self.reason.textEdited.connect(lambda _text: self.say_error(""))
        self.discard_button.clicked.connect(self.discard)
        self.undo_button.clicked.connect(self.undo)
        self.compare_button.clicked.connect(self.compare)
        self.undo_text = ""
        self.show_changes((), new=False)
        self.show_undo("")
        self.say_notice("")
        self.say_effect("")
        self.say_error("")
        self.retranslate()

    def _arrange(self) -> None:
        notice = QHBoxLayout()
        notice.addWidget(self.notice, 1)
        notice.addWidget(self.compare_button, 0, Qt.AlignmentFlag.AlignTop)
        why = QHBoxLayout()
        why.addWidget(self._reason_label)
        why.addWidget(self.reason, 1)
        buttons = QHBoxLayout()
        for button in (self.save_button, self.discard_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.undo_button)
        layout = QVBoxLayout(self)
        layout.addLayout(notice)
        layout.addWidget(self._list)
        layout.addWidget(self.effect)
        layout.addLayout(why)
        layout.addWidget(self.error)
        layout.addLayout(buttons)

    # -- what is shown -------------------------------------------------------------------------------------------------

    def show_changes(self, changes: Sequence[Difference], *, new: bool) -> None:
        """List what is about to change; where nothing is, there is nothing to save."""
        text = "\n".join(f"• {change.text}" for change in changes) or _("Nothing is changed.")
        self.changes.setText(text)
        self.changes.setAccessibleName(text)
        any_change = bool(changes) or new
        for widget in (self.save_button, self.discard_button, self.reason, self._reason_label):
            widget.setEnabled(any_change)
        self.fit()

    def fit(self) -> None:
        """Give the list the room of its lines, up to a limit."""
        height = self.fontMetrics().lineSpacing()
        needed = self.changes.heightForWidth(max(self._list.viewport().width(), 200))
        self._list.setFixedHeight(min(max(needed, height), _LINES * height) + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lines wrap differently in another width."""
        super().resizeEvent(event)
        self.fit()

    def say_notice(self, text: str) -> None:
        """Say that somebody else has changed it; an empty text takes the sentence away."""
        self._say(self.notice, text)
        self.compare_button.setVisible(bool(text))

    def say_effect(self, text: str) -> None:
        """Say what the change brings with it."""
        self._say(self.effect, text)

    def say_error(self, text: str) -> None:
        """Say why it was not saved."""
        self._say(self.error, text)
        self.reason.setAccessibleDescription(text)

    @staticmethod
    def _say(label: QLabel, text: str) -> None:
        label.setText(text)
        label.setVisible(bool(text))

    def show_undo(self, what: str) -> None:
        """Offer to take back the last change, named so; an empty text: there is none."""
        self.undo_text = what
        self.undo_button.setEnabled(bool(what))
        self.undo_button.setToolTip(_("Take back: {what}", what=what) if what else "")

    def retranslate(self) -> None:
        """Write every text anew."""
        self._reason_label.setText(_("Reason for change"))
        self.reason.setAccessibleName(_("Reason for change"))
        self.reason.setPlaceholderText(_("Why? Others must understand it later."))
        self.save_button.setText(_("Save"))
        self.save_button.setToolTip("Ctrl+S")
        self.discard_button.setText(_("Discard"))
        self.undo_button.setText(_("Take back the last change"))
        self.undo_button.setAccessibleDescription("Ctrl+Z")
        self.compare_button.setText(_("Compare with what holds now"))

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
