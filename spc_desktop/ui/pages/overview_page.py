"""All characteristics of one product as small charts; a click or Enter opens one."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.picture import SpecLimits
from spc_desktop.ui.feed import ChartFeed
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

MAX_TILES = 24
COLUMNS = 2


class Tile(QFrame):
    """A small chart with its name. Made once and given one characteristic after the other."""

    opened = Signal(int)

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.feed: ChartFeed | None = None
        self._name, self._state = QLabel(), QLabel()
        self._state.setObjectName("dim")
        for label in (self._name, self._state):  # a long text must not widen the grid
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.chart = ControlChart(clock)
        self.chart.axis_named = False  # the room is for the points
        self.chart.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.chart.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(2)
        layout.addWidget(self._name)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self._state)

    def show_feed(self, feed: ChartFeed) -> None:
        """Show the location panel of a characteristic."""
        self.feed = feed
        feed.changed.connect(self.refresh)
        feed.replaced.connect(self._rebind)
        self._rebind()

    def leave(self) -> ChartFeed | None:
        """Let go of the characteristic and return its feed."""
        feed, self.feed = self.feed, None
        if feed is not None:
            feed.changed.disconnect(self.refresh)
            feed.replaced.disconnect(self._rebind)
            self.chart.show_series(None, ())
        return feed

    def _rebind(self) -> None:
        feed = self.feed
        if feed is None:
            return
        characteristic = feed.characteristic
        spec = SpecLimits(characteristic.lsl, characteristic.target, characteristic.usl)
        location = tuple(panel for panel in feed.panels if panel.role == "location")[:1]
        name = display_name(characteristic)
        self.chart.show_series(feed.series, location, name=name, decimals=characteristic.decimals, spec=spec)
        self.refresh()

    def refresh(self) -> None:
        """Draw what has changed."""
        feed = self.feed
        if feed is None:
            return
        self.chart.name = display_name(feed.characteristic)
        self._name.setText(f"<b>{self.chart.name}</b>")
        self.chart.set_provisional(feed.provisional)
        text = self.chart.summary() if feed.loaded else _("Reading the points…")
        if feed.loaded and not feed.series.count:
            text = _("No points yet. The first appears here as soon as a subgroup is measured.")
        self._state.setText(text)
        self._state.setToolTip(text)
        self.setAccessibleName(text)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open on a click."""
        if event.button() == Qt.MouseButton.LeftButton and self.feed is not None:
            self.opened.emit(self.feed.characteristic.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open by Enter."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self.feed is not None:
            self.opened.emit(self.feed.characteristic.id)
        else:
            super().keyPressEvent(event)


class OverviewPage(QScrollArea):
    """A grid of tiles for the characteristics of a product."""

    open_characteristic = Signal(object, int)

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._station: Station | None = None
        self.tiles: list[Tile] = []
        self._note = QLabel()
        self._note.setObjectName("dim")
        body = QWidget()
        self._grid = QGridLayout(body)
        self._grid.setSpacing(8)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def show_product(self, station: Station, product_id: int) -> None:
        """Show the charts of a product."""
        self.leave()
        self._station = station
        own = [entry for entry in station.characteristics.values() if entry.product_id == product_id and entry.active]
        own.sort(key=lambda entry: entry.id)
        while len(self.tiles) < min(len(own), MAX_TILES):
            tile = Tile(self._clock)
            tile.setMinimumHeight(230)
            tile.opened.connect(self._open)
            self._grid.addWidget(tile, len(self.tiles) // COLUMNS, len(self.tiles) % COLUMNS)
            self.tiles.append(tile)
        for tile, characteristic in zip(self.tiles, own, strict=False):
            tile.show_feed(station.feed(characteristic.id))
        for at, tile in enumerate(self.tiles):
            tile.setVisible(at < len(own))
        hidden = len(own) - MAX_TILES
        self._grid.addWidget(self._note, 1 + MAX_TILES // COLUMNS, 0, 1, COLUMNS)
        if not own:
            self._note.setText(_("This product has no characteristics yet."))
        elif hidden > 0:
            self._note.setText(_("{n} more characteristics: choose them in the list at the left.", n=hidden))
        self._note.setVisible(not own or hidden > 0)

    def leave(self) -> None:
        """Let go of all points."""
        for tile in self.tiles:
            feed = tile.leave()
            if feed is not None and self._station is not None:
                self._station.release(feed)
        self._station = None

    def _open(self, characteristic_id: int) -> None:
        if self._station is not None:
            self.open_characteristic.emit(self._station, characteristic_id)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            for tile in self.tiles:
                tile.refresh()
