"""The history as a table: pages of what the hub finds, read as the person comes to them."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from spc_desktop.domain.alert import Alert
from spc_desktop.i18n import _, marked
from spc_desktop.ui.models.alerts import GLYPH, PRIORITY, ROW_ROLE, STATUS, Row, product_name, sentence_of
from spc_desktop.ui.station import Station

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

HEADERS = (
    marked("Time"),
    marked("Status"),
    marked("Priority"),
    marked("Product"),
    marked("What happened"),
    marked("Cause"),
    marked("Owner"),
)
WIDEST = (
    "2026-00-00 00:00:00",
    "● Acknowledged",
    "Medium",
    "Control board 12",
    "",
    "TOOL worn tool, changed",
    "operator 12",
)
SENTENCE, CAUSE = 4, 5


class PastAlerts(QAbstractTableModel):
    """Rows are ``Row`` objects under ``ROW_ROLE``, the newest first."""

    more_wanted = Signal()
    """A view has come to the end of what is here."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._places: dict[int, int] = {}
        self._station: Station | None = None
        self.more = False

    @property
    def last_id(self) -> int | None:
        """Return the id after which the next page begins."""
        return self._rows[-1].alert.id if self._rows else None

    def begin(self, station: Station, alerts: tuple[Alert, ...], *, more: bool) -> None:
        """Show the first page of another question."""
        self.beginResetModel()
        self._station, self.more = station, more
        self._rows = [Row(station, alert) for alert in alerts]
        self._places = {alert.id: at for at, alert in enumerate(alerts)}
        self.endResetModel()

    def append(self, alerts: tuple[Alert, ...], *, more: bool) -> None:
        """Show a further page."""
        station, self.more = self._station, more
        if not alerts or station is None:
            return
        first = len(self._rows)
        self.beginInsertRows(QModelIndex(), first, first + len(alerts) - 1)
        self._rows += [Row(station, alert) for alert in alerts]
        self._places |= {alert.id: first + at for at, alert in enumerate(alerts)}
        self.endInsertRows()

    def take(self, station: Station, alert: Alert) -> None:
        """An alert has changed: show it as it is now where it is shown."""
        at = self._places.get(alert.id) if station is self._station else None
        if at is not None:
            self._rows[at].alert = alert
            self.dataChanged.emit(self.index(at, 0), self.index(at, len(HEADERS) - 1))

    def refresh(self) -> None:
        """Say that every text may read differently now."""
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(HEADERS) - 1))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(HEADERS) - 1)

    # -- Qt's questions ------------------------------------------------------------------------------------------------

    def canFetchMore(self, parent: Index = _NOWHERE) -> bool:
        """Tell whether the hub has more."""
        return not parent.isValid() and self.more

    def fetchMore(self, parent: Index = _NOWHERE) -> None:
        """Ask for the next page; it is appended when it comes."""
        if not parent.isValid() and self.more:
            self.more_wanted.emit()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of alerts that are here."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a column's title."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _(HEADERS[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _text(row, index.column())
            case Qt.ItemDataRole.ToolTipRole:
                return _text(row, index.column())
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{_(HEADERS[index.column()])}: {_text(row, index.column())}"
            case _ if role == ROW_ROLE:
                return row
        return None


def _text(row: Row, column: int) -> str:
    alert = row.alert
    match column:
        case 0:
            return alert.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        case 1:
            return f"{GLYPH[alert.status]} {_(STATUS[alert.status])}"
        case 2:
            return _(PRIORITY[alert.priority])
        case 3:
            return product_name(row.station, alert)
        case 4:
            return sentence_of(alert) or alert.title
        case 5:
            return alert.root_cause
        case _:
            return alert.assigned_to
