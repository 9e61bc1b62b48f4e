"""What is to be measured: overdue first, then due, then what comes next, then everything else of the scope."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from spc_desktop.domain.product import Characteristic
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
TARGET_ROLE = Qt.ItemDataRole.UserRole
ROW_ROLE = Qt.ItemDataRole.UserRole + 1


class Target(NamedTuple):
    """A characteristic of a station: what is measured next."""

    station: Station
    characteristic_id: int

    @property
    def characteristic(self) -> Characteristic | None:
        return self.station.characteristics.get(self.characteristic_id)


class Row(NamedTuple):
    """A line of the list."""

    target: Target
    name: str
    product: str
    due: m.SampleDue | None
    share: float
    """How much of the time until the next sample is over, 0 to 1."""

    @property
    def is_due(self) -> bool:
        return self.due is not None and self.due.due_at is not None

    @property
    def is_overdue(self) -> bool:
        return self.due is not None and self.due.overdue_minutes > 0


def state_text(row: Row) -> str:
    """Say when a sample is to be taken."""
    due = row.due
    if due is None:
        return _("without a sampling plan")
    if due.silent_since is not None:
        return _("no data since {time}", time=_clock(due.silent_since))
    if due.overdue_minutes:
        return _("{n} min overdue", n=due.overdue_minutes)
    if due.due_at is not None:
        return _("due since {time}", time=_clock(due.due_at))
    if due.next_at is not None:
        return _("next at {time}", time=_clock(due.next_at))
    return _("nothing planned")


def _clock(at: datetime) -> str:
    return at.astimezone().strftime("%H:%M")


def rows_of(targets: Iterable[Target], due: Mapping[Target, m.SampleDue], now: Mapping[Station, datetime]) -> list[Row]:
    """Return the lines in their order; ``now`` is the time of each hub."""
    rows = []
    for target in targets:
        characteristic = target.characteristic
        if characteristic is None:
            continue
        product = target.station.products.get(characteristic.product_id)
        state = due.get(target)
        share = _share(state, now.get(target.station))
        rows.append(Row(target, display_name(characteristic), display_name(product) if product else "", state, share))

    def order(row: Row) -> tuple[int, float]:
        state = row.due
        if state is None:
            return 3, 0.0
        if state.due_at is not None:
            return 0 if state.overdue_minutes else 1, state.due_at.timestamp()
        return 2, state.next_at.timestamp() if state.next_at else float("inf")

    return sorted(rows, key=order)


def _share(state: m.SampleDue | None, now: datetime | None) -> float:
    if state is None or now is None or state.next_at is None or state.last_at is None:
        return 0.0
    whole = (state.next_at - state.last_at).total_seconds()
    return min(1.0, max(0.0, (now - state.last_at).total_seconds() / whole)) if whole > 0 else 0.0


class DueModel(QAbstractListModel):
    """The lines for the view."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()

    @property
    def rows(self) -> Sequence[Row]:
        return self._rows

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Take other lines; where only their texts are others, nothing is selected anew."""
        if [row.target for row in rows] == [row.target for row in self._rows]:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of lines."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what is shown, told to screen readers, or asked by the delegate."""
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name
        if role in {Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole}:
            return f"{row.product} — {row.name}: {state_text(row)}"
        if role == TARGET_ROLE:
            return row.target
        return row if role == ROW_ROLE else None

    def row_of(self, target: Target | None) -> int:
        """Return the line of a characteristic, -1 where there is none."""
        return next((at for at, row in enumerate(self._rows) if row.target == target), -1)
