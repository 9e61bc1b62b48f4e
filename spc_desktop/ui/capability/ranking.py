"""The list of the capability screen: every characteristic with its review, the riskiest first."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QGuiApplication

from spc_desktop.domain.product import Characteristic
from spc_desktop.domain.review import Review
from spc_desktop.i18n import _, marked
from spc_desktop.ui.capability.words import GLYPHS, STANDINGS, TREND_WORDS, TRENDS, gate_text, index_text, verdict
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

COLUMNS = (
    marked("State"),
    marked("Characteristic"),
    marked("Index"),
    marked("At least"),
)
NAME = 1
"""Column of the name, which takes the room that is left."""
_Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()


@dataclass(slots=True)
class Row:
    """One characteristic; ``review`` is None until it was read."""

    station: Station
    characteristic: Characteristic
    review: Review | None = None
    flagged: bool = False
    seen: bool = False
    """The person has looked at it since the page was opened."""

    @property
    def key(self) -> str:
        """Return what the row is remembered by."""
        product = self.station.products.get(self.characteristic.product_id)
        return f"{self.station.name}/{product.code if product else ''}/{self.characteristic.code}"

    @property
    def name(self) -> str:
        """Return characteristic and product in the window's language; what tells one from the other comes first."""
        product = self.station.products.get(self.characteristic.product_id)
        own = display_name(self.characteristic)
        return f"{own} · {display_name(product)}" if product else own


class Ranking(QAbstractTableModel):
    """Rows in the order of risk; those without an index come last."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def replace(self, rows: list[Row]) -> None:
        """Show these rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def sort_by_risk(self) -> None:
        """Put the riskiest first; equal ones stay as they are."""
        order = sorted(self.rows, key=lambda row: row.review.risk if row.review is not None else float("inf"))
        if [id(row) for row in order] == [id(row) for row in self.rows]:
            return
        self.layoutAboutToBeChanged.emit()
        places = {id(row): at for at, row in enumerate(order)}
        before = self.persistentIndexList()
        after = [self.index(places[id(self.rows[index.row()])], index.column()) for index in before]
        self.rows = order
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def touched(self, row: Row) -> None:
        """Say that a row has changed."""
        at = self.place_of(row)
        if at is not None:
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(COLUMNS) - 1))

    def place_of(self, row: Row) -> int | None:
        """Return where a row stands."""
        return next((at for at, each in enumerate(self.rows) if each is row), None)

    def rowCount(self, parent: _Index = _ROOT) -> int:
        """Return the number of characteristics."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _ROOT) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return the name of a column."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _(COLUMNS[section])
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(row)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return _spoken(row) if index.column() == 0 else self._text(row, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() != NAME:
            return Qt.AlignmentFlag.AlignCenter
        if role == Qt.ItemDataRole.ForegroundRole and index.column() != NAME and row.review and not row.review.trusted:
            return QGuiApplication.palette().placeholderText()
        return None

    @staticmethod
    def _text(row: Row, column: int) -> str:
        review = row.review
        if column == NAME:
            return ("⚑ " if row.flagged else "") + row.name
        if review is None:
            return "…" if column == 0 else ""
        if column == 0:
            doubtful = review.index is not None and not review.trusted
            trend = f" {TRENDS[review.trend]}" if review.trend else ""
            return GLYPHS[review.standing] + (" ?" if doubtful else "") + trend
        if review.index is None:
            return ""
        return index_text(review.index if column == NAME + 1 else review.bound)


def _spoken(row: Row) -> str:
    return _("Reading the points…") if row.review is None else _(STANDINGS[row.review.standing])


def _tip(row: Row) -> str:
    if row.review is None:
        return _("Reading the points…")
    lines = [row.name, verdict(row.review), *(gate_text(gate) for gate in row.review.gates)]
    if row.review.index is not None:
        lines.append(_(TREND_WORDS[row.review.trend]))
    return "\n".join(lines)
