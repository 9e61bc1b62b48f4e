"""Fields of a form: each holds one value, says when it changed, and words its value for the list of changes."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QCompleter, QHBoxLayout, QLineEdit, QWidget

from spc_desktop.domain.errors import UserError
from spc_desktop.i18n import _
from spc_desktop.ui.entry.sheet import number


class Field(QWidget):
    """One value of a form. ``state`` is what a person has typed so far, right or wrong."""

    changed = Signal()
    left = Signal()
    """The keyboard has gone elsewhere: what was typed can be judged."""

    def value(self) -> Any:
        """Return the value.

        Raises:
            UserError: what was typed makes none.
        """
        raise NotImplementedError

    def put(self, value: Any) -> None:
        """Show a value; nobody is told of a change."""
        raise NotImplementedError

    def state(self) -> Any:
        """Return what was typed, to be restored later."""
        return self.value()

    def restore(self, state: Any) -> None:
        """Show what was typed before."""
        self.put(state)

    def words(self, value: Any) -> str:
        """Return a value as it is read."""
        return "–" if value is None or value == "" else str(value)

    def retranslate(self) -> None:
        """Write every text anew."""


def fill(field: Field, inside: QWidget) -> None:
    """Make a widget the whole of a field."""
    layout = QHBoxLayout(field)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(inside)
    field.setFocusProxy(inside)


class TextField(Field):
    """One line of text; ``offers`` are completed."""

    def __init__(self, offers: Callable[[], Sequence[str]] | None = None) -> None:
        super().__init__()
        self.line = QLineEdit()
        self._offers = offers
        fill(self, self.line)
        self.line.textChanged.connect(lambda _text: self.changed.emit())
        self.line.editingFinished.connect(self.left)

    def value(self) -> Any:
        """Return the text without blanks around it."""
        return self.line.text().strip()

    def put(self, value: Any) -> None:
        """Show a text."""
        self.restore(self._shown(value))
        if self._offers is not None:
            completer = QCompleter(list(self._offers()), self.line)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            self.line.setCompleter(completer)

    @staticmethod
    def _shown(value: Any) -> str:
        return str(value)

    def state(self) -> Any:
        """Return the text as it stands."""
        return self.line.text()

    def restore(self, state: Any) -> None:
        """Show a text as it was left."""
        self.line.blockSignals(True)
        self.line.setText(state)
        self.line.setCursorPosition(0)
        self.line.blockSignals(False)


class NumberField(TextField):
    """A number, or nothing where that is allowed; full-width digits are fine."""

    def __init__(self, *, optional: bool = True) -> None:
        super().__init__()
        self._optional = optional
        self.line.setInputMethodHints(Qt.InputMethodHint.ImhFormattedNumbersOnly)

    @staticmethod
    def _shown(value: Any) -> str:
        return plain(value)

    def value(self) -> Any:
        """Return the number, or None for an empty field."""
        text = self.line.text().strip()
        return None if self._optional and not text else number(text)

    def words(self, value: Any) -> str:
        """Return every digit."""
        return plain(value) or "–"


class WholeField(TextField):
    """A whole number within a range."""

    def __init__(self, low: int, high: int, *, optional: bool = False) -> None:
        super().__init__()
        self._low, self._high, self._optional = low, high, optional
        self.line.setInputMethodHints(Qt.InputMethodHint.ImhDigitsOnly)

    @staticmethod
    def _shown(value: Any) -> str:
        return plain(value)

    def value(self) -> Any:
        """Return the number."""
        text = self.line.text().strip()
        if self._optional and not text:
            return None
        found = number(text)
        if found != int(found) or not self._low <= found <= self._high:
            raise UserError("whole_number", low=self._low, high=self._high, got=text)
        return int(found)


class ChoiceField(Field):
    """One of several; ``choices`` are (value, text) in the window's language."""

    def __init__(self, choices: Callable[[], Sequence[tuple[Any, str]]]) -> None:
        super().__init__()
        self._choices = choices
        self.box = QComboBox()
        self.box.setMinimumContentsLength(12)
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        fill(self, self.box)
        self.refill()
        self.box.currentIndexChanged.connect(lambda _at: self.changed.emit())

    def refill(self) -> None:
        """Read the choices anew; what is chosen stays."""
        chosen = self.box.currentData()
        self.box.blockSignals(True)
        self.box.clear()
        for value, text in self._choices():
            self.box.addItem(text, value)
        self.box.blockSignals(False)
        if chosen is not None:
            self.put(chosen)

    def value(self) -> Any:
        """Return what is chosen."""
        return self.box.currentData()

    def put(self, value: Any) -> None:
        """Choose a value; one that is not offered (any more) is added as it is."""
        self.box.blockSignals(True)
        at = self._place(value)
        if at < 0:
            self.box.addItem(str(value), value)
            at = self.box.count() - 1
        self.box.setCurrentIndex(at)
        self.box.blockSignals(False)

    def _place(self, value: Any) -> int:
        return next((at for at in range(self.box.count()) if self.box.itemData(at) == value), -1)

    def words(self, value: Any) -> str:
        """Return the text of a choice."""
        at = self._place(value)
        return self.box.itemText(at) if at >= 0 else super().words(value)

    def retranslate(self) -> None:
        """Write the choices anew."""
        self.refill()


class TickField(Field):
    """Yes or no."""

    def __init__(self) -> None:
        super().__init__()
        self.tick = QCheckBox()
        fill(self, self.tick)
        self.tick.toggled.connect(lambda _on: self.changed.emit())

    def value(self) -> Any:
        """Return whether it is ticked."""
        return self.tick.isChecked()

    def put(self, value: Any) -> None:
        """Tick it or not."""
        self.tick.blockSignals(True)
        self.tick.setChecked(bool(value))
        self.tick.blockSignals(False)

    def words(self, value: Any) -> str:
        """Return yes or no."""
        return _("yes") if value else _("no")


def plain(value: float | None) -> str:
    """Return every digit of a number, without an exponent; nothing for None."""
    if value is None:
        return ""
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")
