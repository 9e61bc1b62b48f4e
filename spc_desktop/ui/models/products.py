"""The product tree: products with their subscription, characteristics below them, and the open alerts of each."""

from collections import Counter

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QFont, QStandardItem, QStandardItemModel

from spc_desktop.domain.alert import Status
from spc_desktop.domain.announcement import hears_product, with_product
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.i18n import _, current_language
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.frame_clock import FrameClock
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

    def __init__(self, clock: FrameClock, scope: Scope, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._scope = scope
        scope.changed.connect(self.rebuild)
        self._clock = clock
        self._stations: list[Station] = []
        self._setting = False
        self.itemChanged.connect(self._toggled)

    def follow(self, station: Station) -> None:
        """Show the products of a station from now on."""
        self._stations.append(station)
        station.catalogue_changed.connect(self.rebuild)
        station.wishes_changed.connect(self._tick)
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
        wanted = hears_product(station.wishes, product.id)
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

    async def _subscribe(self, station: Station, product_id: int, wanted: bool) -> None:
        try:
            await station.change_wishes(lambda wishes: with_product(wishes, product_id, wanted))
        finally:
            self._tick()  # a change that was refused is not shown as made

    def _tick(self) -> None:
        """Show which products are subscribed, as the hub says; the rows stay."""
        self._setting = True
        self._tick_below(self.invisibleRootItem())
        self._setting = False

    def _tick_below(self, branch: QStandardItem) -> None:
        for row in range(branch.rowCount()):
            item = branch.child(row, 0)
            if item.isCheckable():
                wanted = hears_product(item.data(STATION_ROLE).wishes, item.data(PRODUCT_ROLE))
                item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)
            else:
                self._tick_below(item)

    def _toggled(self, item: QStandardItem) -> None:
        if self._setting or not item.isCheckable():
            return
        station, product_id = item.data(STATION_ROLE), item.data(PRODUCT_ROLE)
        if product_id in station.products:
            spawn(self, self._subscribe(station, product_id, item.checkState() == Qt.CheckState.Checked))

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
                    cell.setToolTip(_("Open alerts: {n}", n=count) if count else "")
            self._write_counts(item, counts)


def _cell() -> QStandardItem:
    cell = QStandardItem()
    cell.setEditable(False)
    cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    font = QFont()
    font.setBold(True)
    cell.setFont(font)
    return cell
