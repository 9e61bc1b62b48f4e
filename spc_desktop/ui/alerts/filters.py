"""Which alerts of the past are meant: hub, time, product, characteristic, priority, status, type and words of the text."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from spc_desktop.domain.alert import AlertType, Priority, Status
from spc_desktop.i18n import _, marked
from spc_desktop.ui.alerts.raising import TYPES, refill
from spc_desktop.ui.models.alerts import PRIORITY, STATUS
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

TIMES = {
    0: marked("All the time"),
    -1: marked("Today"),
    1: marked("Last 24 hours"),
    7: marked("Last 7 days"),
    30: marked("Last 30 days"),
    90: marked("Last 90 days"),
    365: marked("Last 365 days"),
}
TODAY = -1
COLUMNS = 4
SETTLE_MS = 300


class FilterBar(QWidget):
    """Boxes in two rows; each says what it narrows while it narrows nothing."""

    changed = Signal()

    def __init__(
        self, stations: Sequence[Station], now: Callable[[], datetime], *, words: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._stations, self._now = stations, now
        self._writing = False
        self.hub, self.time, self.product, self.characteristic = (QComboBox() for _box in range(4))
        self.priority, self.status, self.type = (QComboBox() for _box in range(3))
        self.text = QLineEdit()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self.changed)
        shown = [self.hub] if len(stations) > 1 else []
        shown += [self.time, self.product, self.characteristic, self.priority, self.status, self.type]
        self.boxes = shown
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for at, box in enumerate([*shown, self.text] if words else shown):
            layout.addWidget(box, at // COLUMNS, at % COLUMNS)
        for column in range(COLUMNS):
            layout.setColumnStretch(column, 1)
        for box in shown:
            box.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(10)
            box.currentIndexChanged.connect(self._chosen)
        self.text.setVisible(words)
        self.text.setClearButtonEnabled(True)
        self.text.textChanged.connect(self._timer.start)
        self.text.returnPressed.connect(self.changed)
        for station in stations:
            station.catalogue_changed.connect(self.retranslate)
        self.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every choice anew; what was chosen stays chosen."""
        self._writing = True
        refill(self.hub, [(station.title, at) for at, station in enumerate(self._stations)])
        refill(self.time, [(_(name), days) for days, name in TIMES.items()])
        products = sorted(self.station.products.values(), key=display_name) if self._stations else []
        refill(self.product, [(_("All products"), None), *((display_name(one), one.id) for one in products)])
        self._fill_characteristics()
        refill(self.priority, [(_("All priorities"), None), *((_(name), int(key)) for key, name in PRIORITY.items())])
        refill(self.status, [(_("Every status"), None), *((_(name), key.value) for key, name in STATUS.items())])
        refill(self.type, [(_("All types"), None), *((_(name), key.value) for key, name in TYPES.items())])
        names = (_("Time"), _("Product"), _("Characteristic"), _("Priority"), _("Status"), _("Type"))
        for box, name in zip(self.boxes[-len(names) :], names, strict=True):
            box.setAccessibleName(name)
        self.hub.setAccessibleName(_("Hub"))
        self.text.setPlaceholderText(_("Words in the alert, its comments or causes"))
        self.text.setAccessibleName(_("Words in the alert, its comments or causes"))
        self._writing = False

    def _fill_characteristics(self) -> None:
        chosen = self.product.currentData()
        found = [
            one
            for one in (self.station.characteristics.values() if self._stations else ())
            if chosen in {None, one.product_id}
        ]
        entries = [(display_name(one), one.id) for one in sorted(found, key=display_name)]
        refill(self.characteristic, [(_("All characteristics"), None), *entries])

    def _chosen(self, _at: int) -> None:
        if self._writing:
            return
        if self.sender() is self.hub:
            self.retranslate()
        elif self.sender() is self.product:
            self._writing = True
            self._fill_characteristics()
            self._writing = False
        self.changed.emit()

    @property
    def station(self) -> Station:
        """Return the hub that is asked."""
        return self._stations[max(0, self.hub.currentIndex())]

    @property
    def narrows(self) -> bool:
        """Tell whether anything is left out."""
        chosen = [box.currentData() for box in self.boxes if box not in {self.hub, self.time}]
        return any(one is not None for one in chosen) or bool(self.time.currentData()) or bool(self.text.text().strip())

    def clear(self) -> None:
        """Leave nothing out."""
        self._writing = True
        for box in self.boxes:
            if box is not self.hub:
                box.setCurrentIndex(0)
        self._fill_characteristics()
        self._writing = False
        self.text.clear()
        self._timer.stop()
        self.changed.emit()

    def asked(self) -> dict[str, Any]:
        """Return the fields of an ``AlertQuery``."""
        priority, status, kind = (box.currentData() for box in (self.priority, self.status, self.type))
        return {
            "product_id": self.product.currentData(),
            "characteristic_id": self.characteristic.currentData(),
            "priority": None if priority is None else Priority(priority),
            "status": None if status is None else Status(status),
            "alert_type": None if kind is None else AlertType(kind),
            "since": self._since(),
        }

    def _since(self) -> datetime | None:
        days = self.time.currentData()
        if not days:
            return None
        now = self._now()
        return now.replace(hour=0, minute=0, second=0, microsecond=0) if days == TODAY else now - timedelta(days=days)
