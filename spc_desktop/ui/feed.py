"""The points of one characteristic for its charts: the newest page at once, older ones behind it, live ones as they come."""

import asyncio
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.point import Point
from spc_desktop.domain.product import Characteristic
from spc_desktop.hub.api import HubApi
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import CHARTS, Observation, PanelSpec
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.charts.picture import Levels
from spc_desktop.ui.charts.series import Series

FIRST_PAGE = 2000
PAGE = 20_000


class ChartFeed(QObject):
    """A series that is being filled and kept up to date."""

    changed = Signal()
    """Points came or changed; the series is the same object."""
    replaced = Signal()
    """There is a new series object."""

    def __init__(self, hub: HubApi, characteristic: Characteristic, plan: ControlPlan | None, parent: QObject) -> None:
        super().__init__(parent)
        self.users = 0
        self.characteristic = characteristic
        self.plan = plan
        chart = CHARTS.get(plan.chart) if plan else None
        self.panels: tuple[PanelSpec, ...] = chart.panels if chart else ()
        self.series = self._empty()
        self.loaded = False
        """True once the newest points are here."""
        self.provisional: dict[str, Levels] = {}
        self._hub = hub
        self._loading: asyncio.Task[None] | None = None
        self._waiting: list[Point] = []
        self._fetching = False
        self._estimated_at = -1

    def _empty(self) -> Series:
        return Series(self.characteristic.id, [panel.key for panel in self.panels])

    def reload(self) -> None:
        """Read the points anew, for example because events were missed or limits were set."""
        if self._loading is not None:
            self._loading.cancel()
        self._waiting = []
        self._fetching = True
        self._loading = spawn(self, self._load())

    async def _load(self) -> None:
        identity = self.characteristic.id
        newest = await self._hub.query(m.GetPoints(characteristic_id=identity, limit=FIRST_PAGE))
        series = self._empty()
        series.load(newest)
        gap = not series.apply(self._waiting)
        self._waiting, self._fetching = [], False
        self.series, self.loaded = series, True
        self.replaced.emit()
        if gap:
            self._again()
            return
        while not series.complete:
            await asyncio.sleep(0)
            page = await self._hub.query(m.GetPoints(characteristic_id=identity, before=series.loaded_from, limit=PAGE))
            if not page.count:
                break
            series.load(page)
            self.changed.emit()
        self._loading = None
        await self._estimate()

    def _again(self) -> None:
        asyncio.get_running_loop().call_soon(self.reload)

    def take(self, points: Sequence[Point]) -> None:
        """Take live points; they wait for a newest page that is on its way, which may or may not have them."""
        if self._fetching:
            self._waiting.extend(points)
            return
        if not self.series.apply(points):
            self.reload()
            return
        self.changed.emit()
        if self.learned and self._estimated_at != self.series.end:
            spawn(self, self._estimate())

    @property
    def learned(self) -> int:
        """Return how many subgroups were gathered for limits that are still to be set."""
        series = self.series
        return len(series.learning) if series.count and series.end - 1 in series.learning else 0

    async def _estimate(self) -> None:
        """Estimate provisional limits from what was measured so far; too little gives none."""
        chart = CHARTS.get(self.plan.chart) if self.plan else None
        if chart is None or chart.by_part or self.plan is None or not self.learned:  # rows do not tell their part
            if self.provisional:
                self.provisional = {}
                self.changed.emit()
            return
        self._estimated_at = self.series.end
        first = int(self.series.learning.all[0])
        limit = max(1, self.characteristic.subgroup_size) * (self.series.end - first)
        rows = await self._hub.query(m.GetMeasurements(characteristic_id=self.characteristic.id, limit=limit))
        groups: dict[int, list[Measurement]] = {}
        for row in reversed(rows):
            if row.point_index >= first:
                groups.setdefault(row.point_index, []).append(row)
        observations = [
            Observation(tuple(row.measurement_value for row in group), group[0].size) for group in groups.values()
        ]
        try:
            limits = chart.estimate(observations, self.plan.chart_options)
            run = chart.monitor(limits).run(observations)
        except SpcValueError:
            return
        self.provisional = {
            spec.key: Levels(*(float(column[-1]) for column in (panel.center, panel.lcl, panel.ucl)))
            for spec, panel in zip(chart.panels, run.panels, strict=True)
        }
        self.changed.emit()
