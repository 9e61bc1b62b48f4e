"""The alert table: all alerts of all stations, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont

from spc_desktop.domain.alert import OPEN, Alert, Priority, Status
from spc_desktop.domain.announcement import wants
from spc_desktop.domain.wording import alert_message, alert_title
from spc_desktop.i18n import _, current_language, marked
from spc_desktop.ui.preferences import Preferences
from spc_desktop.ui.station import Station
from spc_desktop.ui.theme import LIGHT

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

ROW_ROLE = Qt.ItemDataRole.UserRole
SORT_ROLE = Qt.ItemDataRole.UserRole + 1

STATUS = {
    Status.NEW: marked("New"),
    Status.ACKNOWLEDGED: marked("Acknowledged"),
    Status.INVESTIGATING: marked("Investigating"),
    Status.RESOLVED: marked("Resolved"),
    Status.CLOSED: marked("Closed"),
}
GLYPH = {
    Status.NEW: "●",
    Status.ACKNOWLEDGED: "○",
    Status.INVESTIGATING: "◔",
    Status.RESOLVED: "✓",
    Status.CLOSED: "✓",
}
PRIORITY = {
    Priority.LOW: marked("Low"),
    Priority.MEDIUM: marked("Medium"),
    Priority.HIGH: marked("High"),
    Priority.URGENT: marked("Urgent"),
}
HEADERS = (
    marked("Status"),
    marked("Time"),
    marked("Priority"),
    marked("Product"),
    marked("Alert"),
    marked("What happened"),
    marked("Count"),
    marked("Owner"),
)


@dataclass(slots=True)
class Row:
    """One alert and where it belongs."""

    station: Station
    alert: Alert


def title_of(alert: Alert) -> str:
    """Return an alert's title in the window's language; what a person wrote stays as it was written."""
    return alert_title(alert.code, alert.params, current_language()) if alert.code else alert.title


def sentence_of(alert: Alert) -> str:
    """Return an alert's sentence in the window's language."""
    return alert_message(alert.code, alert.params, current_language()) if alert.code else alert.message


def product_name(station: Station, alert: Alert) -> str:
    """Return the product's name in the window's language."""
    product = station.products.get(alert.product_id)
    if product is None:
        return alert.product_name
    return product.name_en if current_language() == "en" and product.name_en else product.name


def unread_count(stations: Sequence[Station], preferences: Preferences) -> int:
    """Return the number on the bell: new alerts that the person wants, raised after the last "mark as read"."""
    found = 0
    for station in stations:
        read = preferences.read_up_to(station.name)
        fresh = (one for one in station.alerts.values() if one.status is Status.NEW and one.id > read)
        found += sum(wants(station.wishes, alert) for alert in fresh)
    return found


def open_count(stations: Sequence[Station]) -> int:
    """Return how many alerts are neither resolved nor closed."""
    ended = {Status.RESOLVED, Status.CLOSED}
    return sum(alert.status not in ended for station in stations for alert in station.alerts.values())


class AlertTable(QAbstractTableModel):
    """Rows are ``Row`` objects under ``ROW_ROLE``."""

    def __init__(self, preferences: Preferences, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self._stations: list[Station] = []
        self._rows: list[Row] = []
        """The newest last: appending costs nothing; ``_place`` turns it round."""
        self._positions: dict[tuple[int, int], int] = {}

    def follow(self, station: Station) -> None:
        """Show the alerts of a station from now on."""
        self._stations.append(station)
        station.alerts_reset.connect(self.rebuild)
        station.alert_changed.connect(lambda alert, _change: self._take(station, alert))
        self.rebuild()

    def rebuild(self) -> None:
        """Read all stations anew."""
        self.beginResetModel()
        rows = [Row(station, alert) for station in self._stations for alert in station.alerts.values()]
        rows.sort(key=lambda row: (row.alert.created_at, row.alert.id))
        self._rows = rows
        self._positions = {(id(row.station), row.alert.id): at for at, row in enumerate(rows)}
        self.endResetModel()

    def refresh(self) -> None:
        """Say that every text may read differently now (language, read marks)."""
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(HEADERS) - 1))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(HEADERS) - 1)

    def _take(self, station: Station, alert: Alert) -> None:
        key = id(station), alert.id
        at = self._positions.get(key)
        if at is None:
            self.beginInsertRows(QModelIndex(), 0, 0)
            self._positions[key] = len(self._rows)
            self._rows.append(Row(station, alert))
            self.endInsertRows()
            return
        self._rows[at].alert = alert
        row = len(self._rows) - 1 - at
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(HEADERS) - 1))

    def row_of(self, station: Station, alert_id: int) -> int:
        """Return the table row of an alert, -1 when it is not there."""
        at = self._positions.get((id(station), alert_id))
        return -1 if at is None else len(self._rows) - 1 - at

    def unread(self, row: Row) -> bool:
        """Tell whether nobody has looked at this alert here: new, and raised after the last "mark as read"."""
        return row.alert.status is Status.NEW and row.alert.id > self._preferences.read_up_to(row.station.name)

    def unread_count(self) -> int:
        """Return how many alerts nobody has looked at here."""
        return unread_count(self._stations, self._preferences)

    def mark_all_read(self) -> None:
        """Count every alert of every station as read."""
        for station in self._stations:
            self._preferences.mark_read(station.name, max(station.alerts, default=0))
        self.refresh()

    # -- Qt's questions ------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Return the number of alerts."""
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
        row = self._rows[len(self._rows) - 1 - index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, index.column())
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return self._tooltip(row, index.column(), role)
            case Qt.ItemDataRole.FontRole if self.unread(row):
                font = QFont()
                font.setBold(True)
                return font
            case Qt.ItemDataRole.ForegroundRole if row.alert.status is Status.NEW and index.column() == 0:
                return QColor(LIGHT.violation)
            case _ if role == ROW_ROLE:
                return row
            case _ if role == SORT_ROLE:
                return self._sort_key(row, index.column())
        return None

    def _text(self, row: Row, column: int) -> str:
        alert = row.alert
        match column:
            case 0:
                shelved = alert.mask is not None and alert.status in OPEN
                return f"⏸ {_('Shelved')}" if shelved else f"{GLYPH[alert.status]} {_(STATUS[alert.status])}"
            case 1:
                return (alert.last_at or alert.created_at).astimezone().strftime("%m-%d %H:%M:%S")
            case 2:
                return _(PRIORITY[alert.priority])
            case 3:
                return product_name(row.station, alert)
            case 4:
                return title_of(alert)
            case 5:
                return sentence_of(alert)
            case 6:
                return str(alert.count) if alert.count > 1 else ""
            case _:
                return alert.assigned_to

    def _tooltip(self, row: Row, column: int, role: int) -> str:
        if role == Qt.ItemDataRole.AccessibleTextRole and column:
            return f"{_(HEADERS[column])}: {self._text(row, column)}"
        return f"{_(STATUS[row.alert.status])}: {sentence_of(row.alert)}"

    def _sort_key(self, row: Row, column: int) -> Any:
        alert = row.alert
        keys: dict[int, Any] = {
            0: list(Status).index(alert.status),
            1: (alert.last_at or alert.created_at).timestamp(),
            2: int(alert.priority),
            6: alert.count,
        }
        return keys.get(column, self._text(row, column))
