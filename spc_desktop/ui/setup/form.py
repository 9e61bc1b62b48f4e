"""A form: labels, fields, and below each field what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QFormLayout, QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from spc_desktop.domain.errors import UserError
from spc_desktop.i18n import _, current_language, marked
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.setup.fields import Field, TextField


@dataclass(frozen=True, kw_only=True)
class Line:
    """A field of a form with its name."""

    name: str
    """Name of the attribute it shows."""
    label: str
    """A key that the form translates; ``marked``."""
    field: Field
    identity: bool = False
    """Given once: it cannot be changed later."""
    wide: bool = False
    """It takes all the room."""
    hint: str = ""
    """What it means, below the field; ``marked``."""


def naming_lines() -> tuple[Line, ...]:
    """Return the lines of what is known by a code and has names in both languages."""
    return (
        Line(
            name="code",
            label=marked("Code"),
            field=TextField(),
            identity=True,
            hint=marked("As on the drawing or in the order system. It cannot be changed later."),
        ),
        Line(name="name", label=marked("Name"), field=TextField()),
        Line(name="name_en", label=marked("Name in English"), field=TextField()),
    )


class Form(QScrollArea):
    """The fields of one thing."""

    changed = Signal()

    def __init__(self, lines: tuple[Line, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines = {line.name: line for line in lines}
        self._labels = {line.name: QLabel() for line in lines}
        self._wrong = {line.name: QLabel() for line in lines}
        self._hints = {line.name: QLabel() for line in lines if line.hint}
        inside = QWidget()
        layout = QFormLayout(inside)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for line in lines:
            layout.addRow(self._labels[line.name], self._boxed(line))
            line.field.changed.connect(lambda name=line.name: self._touched(name))
            line.field.left.connect(lambda name=line.name: self._judge(name))
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.retranslate()

    def _boxed(self, line: Line) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(line.field)
        if not line.wide:
            line.field.setMaximumWidth(self.fontMetrics().averageCharWidth() * 60)
        for label in (self._hints.get(line.name), self._wrong[line.name]):
            if label is not None:
                label.setWordWrap(True)
                column.addWidget(label)
        self._wrong[line.name].setObjectName("wrong")
        self._wrong[line.name].hide()
        if line.name in self._hints:
            self._hints[line.name].setObjectName("dim")
        self._labels[line.name].setBuddy(line.field)
        return box

    def put_below(self, name: str, widget: QWidget) -> None:
        """Show a widget below a field."""
        box = self.lines[name].field.parentWidget()
        layout = box.layout() if box is not None else None
        if layout is not None:
            layout.addWidget(widget)

    # -- values --------------------------------------------------------------------------------------------------------

    def show_values(self, values: Mapping[str, Any], *, new: bool) -> None:
        """Show a thing; what was typed is gone, and what was wrong with it."""
        for name, line in self.lines.items():
            line.field.put(values[name])
            line.field.setEnabled(new or not line.identity)
            self.mark(name, "")

    def read(self) -> dict[str, Any]:
        """Return the values of the fields that have one; a field in which something wrong stands is left out."""
        found = {}
        for name, line in self.lines.items():
            try:
                found[name] = line.field.value()
            except UserError:
                continue
        return found

    def right(self) -> bool:
        """Tell whether every field has a value."""
        return not any(self._wrong_value(line.field) for line in self.lines.values())

    def judge(self) -> bool:
        """Mark every field that is wrong and bring the first into view; True where all are right."""
        wrong = [name for name in self.lines if not self._judge(name)]
        if wrong:
            self.focus_on(wrong[0])
        return not wrong

    def states(self) -> dict[str, Any]:
        """Return what was typed."""
        return {name: line.field.state() for name, line in self.lines.items()}

    def restore(self, states: Mapping[str, Any]) -> None:
        """Show what was typed before."""
        for name, state in states.items():
            self.lines[name].field.restore(state)
            self.mark(name, "")

    @staticmethod
    def _wrong_value(field: Field) -> str:
        try:
            field.value()
        except UserError as error:
            return sentence(error.code, error.params, current_language())
        return ""

    # -- what is wrong -------------------------------------------------------------------------------------------------

    def _touched(self, name: str) -> None:
        self.mark(name, "")
        self.changed.emit()

    def _judge(self, name: str) -> bool:
        text = self._wrong_value(self.lines[name].field)
        self.mark(name, text)
        return not text

    def mark(self, name: str, text: str) -> None:
        """Say below a field what is wrong with it, to a screen reader too; an empty text takes the mark away."""
        label, field = self._wrong[name], self.lines[name].field
        label.setText(f"⚠ {text}" if text else "")
        label.setVisible(bool(text))
        (field.focusProxy() or field).setAccessibleDescription(text)

    def wrong(self, name: str) -> str:
        """Return what is said to be wrong with a field."""
        return self._wrong[name].text()

    def focus_on(self, name: str) -> None:
        """Give the keyboard to a field and bring it into view."""
        field = self.lines[name].field
        field.setFocus()
        self.ensureWidgetVisible(field)

    def focus_first(self) -> None:
        """Give the keyboard to the first field that can be changed."""
        name = next((name for name, line in self.lines.items() if line.field.isEnabled()), None)
        if name is not None:
            self.focus_on(name)

    # -- words ---------------------------------------------------------------------------------------------------------

    def label(self, name: str) -> str:
        """Return the name of a field in the window's language; an unknown one as it is."""
        return _(self.lines[name].label) if name in self.lines else name

    def words(self, name: str, value: Any) -> str:
        """Return a field's value as it is read."""
        return self.lines[name].field.words(value)

    def retranslate(self) -> None:
        """Write every text anew."""
        for name, line in self.lines.items():
            self._labels[name].setText(_(line.label))
            if name in self._hints:
                self._hints[name].setText(_(line.hint))
            line.field.retranslate()
            (line.field.focusProxy() or line.field).setAccessibleName(_(line.label))
            if self.wrong(name) and (text := self._wrong_value(line.field)):
                self.mark(name, text)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()


def blamed(error: UserError, blame: Mapping[str, str]) -> str:
    """Return the field that an error is about; empty where it is about none."""
    named = str(error.params.get("field", ""))
    return blame.get(error.code) or named
