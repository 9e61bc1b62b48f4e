"""The tiles of the scope, kept true by the hubs' events, in the order that is wanted."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.point import Point
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.entry.due_model import Target
from spc_desktop.ui.entry.due_watch import DueWatch
from spc_desktop.ui.scope import Scope
from spc_desktop.ui.station import Station
from spc_desktop.ui.wall.tails import KEPT, location_panel
from spc_desktop.ui.wall.tile import Kind, Tile

CAPABILITY_TICKS = 60
CAPABILITIES = 200


class Group(NamedTuple):
    """Tiles under one heading."""

    title: str
    tiles: tuple[Tile, ...]


class WallModel(QObject):
    """Every tile, and the groups they are shown in."""

    arranged = Signal()
    """Other tiles, or another order."""
    touched = Signal()
    """Some tiles are no longer ``fresh``."""
    ticked = Signal()
    """A second has passed."""

    def __init__(
        self, stations: Sequence[Station], scope: Scope, now: Callable[[], datetime], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._stations, self._scope, self._now = stations, scope, now
        self._tiles: dict[tuple[str, int], Tile] = {}
        self.groups: tuple[Group, ...] = ()
        self.worst_first = True
        self.wanted = ""
        """Only tiles with this in their names are shown."""
        self.heard_at: datetime | None = None
        """When the newest point came."""
        self._ticks = 0
        self._due = DueWatch(stations, scope, now, self)
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.tick)
        self._due.changed.connect(self._take_due)
        scope.changed.connect(self.rebuild)
        for station in stations:
            self._follow(station)

    def _follow(self, station: Station) -> None:
        station.catalogue_changed.connect(self.rebuild)
        station.alerts_reset.connect(self._take_alerts)
        station.alert_changed.connect(lambda alert, _change: self._take_alert(station, alert))
        station.points_came.connect(lambda identity, points: self._take_points(station, identity, points))
        station.points_stale.connect(lambda identity: self._reload(station, identity))
        station.link_changed.connect(self.judge)

    # -- running -------------------------------------------------------------------------------------------------------

    @property
    def runs(self) -> bool:
        """True while the wall is shown."""
        return self._timer.isActive()

    def start(self) -> None:
        """Follow everything from now on."""
        self._timer.start()
        self._ticks = 0
        self._due.start()
        self._tiles = {}
        self.rebuild()

    def stop(self) -> None:
        """Let go of all points."""
        self._timer.stop()
        self._due.stop()
        for station in self._stations:
            station.watch(())

    def tick(self) -> None:
        """See what time has changed."""
        if self._ticks % CAPABILITY_TICKS == 0:
            spawn(self, self._read_capability())
        self._ticks += 1
        self.judge()
        if self.worst_first:
            self.arrange()
        self.ticked.emit()

    # -- what is there -------------------------------------------------------------------------------------------------

    @property
    def tiles(self) -> list[Tile]:
        """Return the tiles that are shown, in their order."""
        return [tile for group in self.groups for tile in group.tiles]

    def counts(self) -> Counter[Kind]:
        """Return how many of all tiles stand how."""
        return Counter(tile.standing.kind for tile in self._tiles.values())

    def rebuild(self) -> None:
        """Read anew what belongs to the scope; points that are known stay."""
        if not self.runs:
            return
        known, self._tiles = self._tiles, {}
        for station in self._stations:
            own = self._scope.characteristics(station) if self._scope.has_station(station) else []
            for characteristic in own:
                tile = known.get((station.name, characteristic.id)) or Tile(station, characteristic)
                tile.characteristic = characteristic
                self._tiles[tile.key] = tile
            station.watch(characteristic.id for characteristic in own)
        self._take_alerts()
        self._take_due()
        self.arrange()
        spawn(self, self._load([tile for tile in self._tiles.values() if not tile.tail.loaded]))

    def show_only(self, text: str) -> None:
        """Show tiles with this text in the names of characteristic, product or line."""
        self.wanted = text.strip().casefold()
        self.arrange()

    def sort(self, worst_first: bool) -> None:
        """Put the worst first, or everything in the order of lines and products."""
        self.worst_first = worst_first
        self.arrange()

    def arrange(self) -> None:
        """Put the tiles into their order; says so only where that is another one."""
        shown = [tile for tile in self._tiles.values() if self._is_wanted(tile)]
        if self.worst_first:
            shown.sort(key=lambda tile: (tile.standing.kind, -_urgency(tile)))  # what is equal keeps its place
            groups: tuple[Group, ...] = (Group("", tuple(shown)),) if shown else ()
        else:
            groups = self._by_line(shown)
        if groups != self.groups:
            self.groups = groups
            self.arranged.emit()

    def _by_line(self, shown: Iterable[Tile]) -> tuple[Group, ...]:
        several = len(self._stations) > 1
        found: defaultdict[tuple[str, str, int], list[Tile]] = defaultdict(list)
        for tile in shown:
            found[tile.station.name, tile.line, tile.characteristic.product_id].append(tile)
        groups = []
        for key in sorted(found):
            tiles = found[key]
            site = tiles[0].station.title if several else ""
            title = " / ".join(part for part in (site, tiles[0].line, tiles[0].product) if part)
            groups.append(Group(title, tuple(tiles)))
        return tuple(groups)

    def _is_wanted(self, tile: Tile) -> bool:
        return not self.wanted or self.wanted in f"{tile.name} {tile.product} {tile.line}".casefold()

    # -- news ----------------------------------------------------------------------------------------------------------

    def judge(self) -> None:
        """Bring the standing of every tile up to date."""
        if not self.runs:
            return
        now = self._now()
        for tile in self._tiles.values():
            self._judge(tile, now)
        self.touched.emit()

    def _judge(self, tile: Tile, now: datetime) -> None:
        standing = tile.judge(now)
        if standing != tile.standing:
            tile.standing, tile.fresh = standing, False

    def _take_points(self, station: Station, identity: int, points: Sequence[Point]) -> None:
        tile = self._tiles.get((station.name, identity)) if self.runs else None
        if tile is None:
            return
        tile.tail.take(points, self._panel(tile))
        tile.fresh = False
        self.heard_at = self._now()
        self._judge(tile, self.heard_at)
        self.touched.emit()

    def _take_alert(self, station: Station, alert: Alert) -> None:
        tile = self._tiles.get((station.name, alert.characteristic_id or 0)) if self.runs else None
        if tile is None:
            return
        tile.take_alerts([*(known for known in tile.alerts if known.id != alert.id), alert])
        self._judge(tile, self._now())
        self.touched.emit()

    def _take_alerts(self) -> None:
        if not self.runs:
            return
        found: defaultdict[tuple[str, int], list[Alert]] = defaultdict(list)
        for station in self._stations:
            for alert in station.alerts.values():
                found[station.name, alert.characteristic_id or 0].append(alert)
        for key, tile in self._tiles.items():
            tile.take_alerts(found.get(key, ()))
        self.judge()

    def _take_due(self) -> None:
        for tile in self._tiles.values():
            tile.due = self._due.of(Target(tile.station, tile.characteristic.id))
        self.judge()

    def _reload(self, station: Station, identity: int) -> None:
        if not self.runs:
            return
        stale = [
            tile
            for tile in self._tiles.values()
            if tile.station is station and identity in {0, tile.characteristic.id} and tile.tail.loaded
        ]
        if stale:
            spawn(self, self._load(stale))

    async def _load(self, tiles: Sequence[Tile]) -> None:
        for tile in tiles:
            if not self.runs:
                return
            try:
                page = await tile.station.hub.query(m.GetPoints(characteristic_id=tile.characteristic.id, limit=KEPT))
            except KnownError:
                continue  # the hub is away: it is read when it is back
            tile.tail.load(page, self._panel(tile))
            tile.fresh = False
            self._judge(tile, self._now())
            self.touched.emit()

    @staticmethod
    def _panel(tile: Tile) -> int:
        plan = tile.station.plans.get(tile.characteristic.id)
        return location_panel(plan.chart if plan is not None else "")

    async def _read_capability(self) -> None:
        for station in self._stations:
            try:
                found = await station.hub.query(m.GetCapabilities(limit=CAPABILITIES))
            except KnownError:
                continue
            for result in reversed(found):  # the newest last, so that it stays
                tile = self._tiles.get((station.name, result.characteristic_id))
                if tile is not None and tile.cpk != result.cpk:
                    tile.cpk, tile.fresh = result.cpk, False
        self.touched.emit()


def _urgency(tile: Tile) -> int:
    return max((int(alert.priority) for alert in tile.alerts), default=0)
