"""The same points on another chart of the registry: only looked at, the control plan stays what it is."""

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from spc_desktop.domain.fitting import fitting_charts
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import CHARTS, PanelSpec
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.bench.chart_names import chart_title
from spc_desktop.ui.charts.series import Series

if TYPE_CHECKING:
    from spc_desktop.ui.pages.chart_page import ChartPage

AGAIN_MS = 1_000
"""New points are judged on the other chart so often."""


class OtherChart(QObject):
    """What is shown instead of the plan's own chart, if anything."""

    changed = Signal()
    """Another series is to be shown."""

    def __init__(self, page: "ChartPage") -> None:
        super().__init__(page)
        self._page = page
        self.name = ""
        """Name of the chart that is shown; empty: the plan's own."""
        self.series: Series | None = None
        self.used = 0
        """So many subgroups its limits were estimated from."""
        self._asking: asyncio.Task[None] | None = None
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(AGAIN_MS)
        self._again.timeout.connect(self._ask)

    @property
    def panels(self) -> tuple[PanelSpec, ...]:
        """Return the panels of the chart that is shown instead."""
        return CHARTS[self.name].panels if self.name else ()

    def offered(self) -> tuple[str, ...]:
        """Return the charts that can show these points, the plan's own included."""
        feed = self._page.feed
        return fitting_charts(feed.characteristic, feed.plan) if feed is not None and feed.plan is not None else ()

    def choose(self, name: str) -> None:
        """Show another chart, or the plan's own again."""
        feed = self._page.feed
        if feed is None or feed.plan is None:
            return
        if name in {"", feed.plan.chart}:
            self.leave()
            self.changed.emit()
            return
        self._cancel()
        self._asking = spawn(self._page, self._show(name))

    def leave(self) -> None:
        """Show the plan's own chart."""
        self._cancel()
        self.name, self.series = "", None

    def points_changed(self) -> None:
        """The points are not what they were: judge them anew, soon."""
        if self.name and not self._again.isActive():
            self._again.start()

    def _cancel(self) -> None:
        self._again.stop()
        if self._asking is not None:
            self._asking.cancel()

    def _ask(self) -> None:
        if self.name and (self._asking is None or self._asking.done()):
            self._asking = spawn(self._page, self._show(self.name))

    async def _show(self, name: str) -> None:
        station, feed = self._page.station, self._page.feed
        if station is None or feed is None:
            return
        tried = await station.hub.query(m.TryLimits(characteristic_id=feed.characteristic.id, chart=name))
        if self._page.feed is not feed:
            return
        series = Series(feed.characteristic.id, [panel.key for panel in CHARTS[name].panels])
        series.load(tried.points)
        self.name, self.series, self.used = name, series, len(tried.limits.provenance.baseline)
        self.changed.emit()

    def about(self) -> str:
        """Say what is looked at."""
        return _(
            "view only: {chart}, limits from {n} subgroups; the control plan is unchanged",
            chart=chart_title(self.name),
            n=f"{self.used:,}",
        )
