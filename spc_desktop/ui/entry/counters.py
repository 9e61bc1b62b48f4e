"""Counting defects of an attribute sample: one large button for each kind, most found first while the sample goes on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from spc_desktop.i18n import _

COLUMNS = 3


class Kind(NamedTuple):
    """A kind of defect; an empty code counts without saying which."""

    code: str
    name: str


class Counters(QWidget):
    """A click counts one; with Shift or the right button one is taken away. Keys go through the value field."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kinds: list[Kind] = []
        self._counts: dict[str, int] = {}
        self._at = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.buttons: list[QPushButton] = []
        self._total = QLabel()
        self._total.setObjectName("title")

    def show_kinds(self, kinds: Sequence[Kind]) -> None:
        """Begin a sample."""
        self._kinds = list(kinds) or [Kind("", _("Nonconforming"))]
        self._counts, self._at = {}, 0
        while len(self.buttons) < len(self._kinds):
            self._add_button()
        for at, button in enumerate(self.buttons):
            button.setVisible(at < len(self._kinds))
        self._grid.addWidget(self._total, 1 + len(self.buttons) // COLUMNS, 0, 1, COLUMNS)
        self._write()

    def _add_button(self) -> None:
        at = len(self.buttons)
        button = QPushButton()
        button.setMinimumSize(48, 56)
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        button.clicked.connect(lambda _checked, at=at: self.count(1, at))
        button.customContextMenuRequested.connect(lambda _where, at=at: self.count(-1, at))
        self._grid.addWidget(button, at // COLUMNS, at % COLUMNS)
        self.buttons.append(button)

    @property
    def total(self) -> int:
        """Return the number of all defects."""
        return sum(self._counts.values())

    @property
    def counts(self) -> Mapping[str, int]:
        """Return code -> count of kinds that were found."""
        return {code: count for code, count in self._counts.items() if code and count}

    def step(self, way: int) -> None:
        """Choose another kind."""
        self._at = (self._at + way) % len(self._kinds)
        self._write()

    def count(self, way: int, at: int | None = None) -> None:
        """Count one more or one less; never below zero."""
        self._at = self._at if at is None else at
        code = self._kinds[self._at].code
        self._counts[code] = max(0, self._counts.get(code, 0) + way)
        self._write()
        self.changed.emit()

    def set_total(self, total: int) -> None:
        """Take a typed number for the chosen kind."""
        self._counts[self._kinds[self._at].code] = total
        self._write()
        self.changed.emit()

    def _write(self) -> None:
        most = max(self._counts.values(), default=0)
        for at, (kind, button) in enumerate(zip(self._kinds, self.buttons, strict=False)):
            count = self._counts.get(kind.code, 0)
            bar = "▇" * round(8 * count / most) if most else ""
            button.setText(f"{kind.name}  {count}\n{bar}")
            button.setChecked(at == self._at)
            button.setAccessibleName(_("{name}: {count}", name=kind.name, count=count))
        self._total.setText(_("Total: {n}", n=self.total))
