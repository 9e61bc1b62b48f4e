"""The product tree: products with their subscription, characteristics below them, and the open alerts of each."""

from collections import Counter

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFont, QStandardItem, QStandardItemModel

from spc_desktop.domain.alert import Status
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.i18n import _, current_language
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.preferences import Preferences
from spc_desktop.ui.scope import Scope
from spc_desktop.ui.station import Station

STATION_ROLE = Qt.ItemDataRole.UserRole
PRODUCT_ROLE = Qt.ItemDataRole.UserRole + 1
CHARACTERISTIC_ROLE = Qt.ItemDataRole.UserRole + 2
_OPEN = {Status.NEW, Status.ACKNOWLEDGED, Status.INVESTIGATING}


def display_name(entry: Product | Characteristic) -> str:
    """Return a name in the window's language."""
    return entry.name_en if current_language() == "en" and entry.name_en else entry.name


class ProductTree(QStandardItemModel):
    """Column 0: name and check box of the subscription; column 1: open alerts. Hubs are shown when there are several."""

    filled = Signal()
    """Rows were made anew; views expand and select again."""

    paint_cost = 0.0

    def __init__(
        self, preferences: Preferences, clock: FrameClock, scope: Scope, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._scope = scope
        scope.changed.connect(self.rebuild)
        self._preferences = preferences
        self._clock = clock
        self._stations: list[Station] = []
        self._setting = False
        self.itemChanged.connect(self._toggled)

    def follow(self, station: Station) -> None:
        """Show the products of a station from now on."""
        self._stations.append(station)
        station.catalogue_changed.connect(self.rebuild)
        station.alerts_reset.connect(self._count_soon)
        station.alert_changed.connect(self._count_soon)
        self.rebuild()

    def rebuild(self) -> None:
        """Read all stations anew."""
        self._setting = True
        self.clear()
        self.setHorizontalHeaderLabels([_("Product"), _("Alerts")])
        root = self.invisibleRootItem()
        for station in self._stations:
            branch = root
            if not self._scope.has_station(station):
                continue
            if len(self._stations) > 1:
                branch = QStandardItem(station.title)
                branch.setEditable(False)
                branch.setData(station, STATION_ROLE)
                root.appendRow([branch, _cell()])
            for product in self._scope.products(station):
                self._append_product(branch, station, product)
        self._setting = False
        self.draw()
        self.filled.emit()

    def _append_product(self, branch: QStandardItem, station: Station, product: Product) -> None:
        item = QStandardItem(display_name(product))
        item.setEditable(False)
        item.setCheckable(True)
        item.setToolTip(_("{code} — ticked: its alerts are shown as notifications", code=product.code))
        item.setData(station, STATION_ROLE)
        item.setData(product.id, PRODUCT_ROLE)
        wanted = self._preferences.subscribed(station.name, product.code)
        item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)
        branch.appendRow([item, _cell()])
        own = [entry for entry in station.characteristics.values() if entry.product_id == product.id and entry.active]
        for characteristic in sorted(own, key=lambda entry: entry.id):
            child = QStandardItem(display_name(characteristic))
            child.setEditable(False)
            child.setToolTip(characteristic.code)
            child.setData(station, STATION_ROLE)
            child.setData(product.id, PRODUCT_ROLE)
            child.setData(characteristic.id, CHARACTERISTIC_ROLE)
            item.appendRow([child, _cell()])

    def _toggled(self, item: QStandardItem) -> None:
        if self._setting or not item.isCheckable():
            return
        station, product_id = item.data(STATION_ROLE), item.data(PRODUCT_ROLE)
        product = station.products.get(product_id)
        if product:
            self._preferences.subscribe(station.name, product.code, item.checkState() == Qt.CheckState.Checked)

    # -- alert counts, brought up to date by the frame clock -----------------------------------------------------------

    def _count_soon(self, *_args: object) -> None:
        self._clock.request(self)

    def isVisible(self) -> bool:
        """A model has no window; its counts are cheap and always kept true."""
        return True

    def draw(self) -> None:
        """Count the open alerts of every product and characteristic."""
        counts: dict[int, Counter[tuple[int, int | None]]] = {}
        for station in self._stations:
            count = counts.setdefault(id(station), Counter())
            for alert in station.alerts.values():
                if alert.status in _OPEN:
                    count[alert.product_id, None] += 1
                    count[alert.product_id, alert.characteristic_id or 0] += 1
        self._setting = True
        self._write_counts(self.invisibleRootItem(), counts)
        self._setting = False

    def _write_counts(self, branch: QStandardItem, counts: dict[int, Counter[tuple[int, int | None]]]) -> None:
        for row in range(branch.rowCount()):
            item, cell = branch.child(row, 0), branch.child(row, 1)
            product_id = item.data(PRODUCT_ROLE)
            if product_id is not None:
                count = counts[id(item.data(STATION_ROLE))][product_id, item.data(CHARACTERISTIC_ROLE)]
                text = f"■ {count}" if count else ""
                if cell.text() != text:
                    cell.setText(text)
                    cell.setToolTip(_("{n} open alerts", n=count) if count else "")
            self._write_counts(item, counts)


def _cell() -> QStandardItem:
    cell = QStandardItem()
    cell.setEditable(False)
    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    font = QFont()
    font.setBold(True)
    cell.setFont(font)
    return cell
