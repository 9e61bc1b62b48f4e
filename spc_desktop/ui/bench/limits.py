"""New limits: a baseline is chosen, its limits are shown as a ghost, what they would change is listed, then they are frozen."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.point import PointColumns
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.bench.limits_panel import LimitsPanel, Proposal
from spc_desktop.ui.charts.picture import Levels, Stage

if TYPE_CHECKING:
    from spc_desktop.ui.pages.chart_page import ChartPage
    from spc_desktop.ui.station import Station

SETTLE_MS = 150
"""While the baseline is being dragged, limits are computed when it rests for so long."""
SUGGESTED = 25


class LimitsWork(QObject):
    """From B to frozen limits, and back."""

    opened = Signal(bool)
    """The panel is wanted (True) or no longer."""

    def __init__(self, page: "ChartPage") -> None:
        super().__init__(page)
        self._page, self._chart = page, page.chart
        self.panel = LimitsPanel()
        self.active = False
        """True from B until the limits are frozen or the attempt is given up."""
        self._stretch: tuple[int, int] | None = None
        self._chosen = False
        self._asking: asyncio.Task[None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._ask)
        self._chart.brush_requested.connect(self.start)
        self._chart.brush_moved.connect(self._moved)
        self._chart.baseline_chosen.connect(self._taken)
        self._chart.brush_cancelled.connect(self.cancel)
        self.panel.cancelled.connect(self.cancel)
        self.panel.freeze.connect(self._freeze)
        self.panel.point_wanted.connect(self._chart.go_to)

    # -- choosing ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Let a baseline be chosen, beginning with the newest points."""
        page, feed = self._page, self._page.feed
        if feed is None:
            return
        page.show_own_chart()
        series = feed.series
        if series.count < 2:
            page.messages.say(_("There are too few points for limits yet."), "warning")
            return
        count = feed.plan.policy.learn_subgroups if feed.plan is not None else SUGGESTED
        self.active, self._chosen, self._stretch = True, False, None
        self.panel.show_waiting()
        self.opened.emit(True)
        self._chart.setFocus()
        self._chart.start_brush(max(series.base, series.end - count), series.end - 1)

    def resume(self) -> None:
        """Show again what was chosen: the points were read anew meanwhile."""
        if not self.active or self._stretch is None:
            return
        first, last = self._stretch
        if self._chosen:
            self._chart.brush.show(first, last)
        else:
            self._chart.start_brush(first, last)
        self._ask()

    def _moved(self, first: int, last: int) -> None:
        self._stretch = first, last
        if self.active:
            self._timer.start()

    def _taken(self, first: int, last: int) -> None:
        self._stretch, self._chosen = (first, last), True
        self.panel.take()
        self._timer.stop()
        self._ask()

    def cancel(self) -> None:
        """Give it up: nothing has changed."""
        if not self.active:
            return
        self._end()
        self._chart.setFocus()

    def leave(self) -> None:
        """Another chart is shown."""
        if self.active:
            self._end()

    def _end(self) -> None:
        self.active, self._stretch, self._chosen = False, None, False
        self._timer.stop()
        if self._asking is not None:
            self._asking.cancel()
        self._chart.brush.forget()
        self._chart.set_ghost(None)
        self.panel.clear()
        self.opened.emit(False)

    # -- trying --------------------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        station, feed = self._page.station, self._page.feed
        if station is None or feed is None or self._stretch is None:
            return
        if self._asking is not None:
            self._asking.cancel()
        first, last = self._stretch
        query = m.TryLimits(characteristic_id=feed.characteristic.id, first=first, last=last)
        self._asking = spawn(self, self._try(station, query))

    async def _try(self, station: "Station", query: m.TryLimits) -> None:
        try:
            tried = await station.hub.query(query)
        except (UserError, KnownError) as error:
            self._chart.set_ghost(None)
            self.panel.show_trouble(sentence(error.code, error.params, current_language()))
            return
        feed = self._page.feed
        if not self.active or feed is None:
            return
        new = newest_levels(tried.points)
        self._chart.set_ghost(new)
        numbers = {int(at): int(number) for at, number in _numbers(tried.points)}
        old = {spec.key: _levels_of(self._chart.series, spec.key) for spec in feed.panels}
        first, last = query.first or 0, query.last or 0
        self.panel.show_proposal(
            Proposal(
                panels=feed.panels,
                decimals=feed.characteristic.decimals,
                numbers=numbers,
                count=last - first + 1,
                used=len(tried.limits.provenance.baseline),
                old=old,
                new=new,
                tried=tried,
            )
        )

    # -- freezing ------------------------------------------------------------------------------------------------------

    def _freeze(self, reason: str) -> None:
        station, feed = self._page.station, self._page.feed
        if station is None or feed is None or self._stretch is None:
            return
        first, last = self._stretch
        command = m.SetLimits(
            characteristic_id=feed.characteristic.id, baseline=tuple(range(first, last + 1)), reason=reason
        )
        self.panel.show_sending()
        spawn(self, self._send(station, command))

    async def _send(self, station: "Station", command: m.SetLimits) -> None:
        state = station.states.get(command.characteristic_id)
        before = state.limits if state is not None else None
        try:
            frozen = await station.hub.command(command, station.actor)
        except (UserError, KnownError) as error:
            self.panel.show_trouble(sentence(error.code, error.params, current_language()), again=True)
            return
        self._end()
        self._chart.setFocus()
        said = _("Limits number {n} are frozen. They judge from the next subgroup on.", n=frozen.revision)
        if before is not None and before.limits.chart == frozen.limits.chart:
            self._page.undo.remember(
                partial(_restore, station, command.characteristic_id, before.revision, frozen.revision)
            )
            self._page.say_done(said)
        else:
            self._page.messages.say(said)


async def _restore(station: "Station", owner: int, revision: int, frozen: int) -> None:
    reason = _("limits number {n} taken back", n=frozen)
    await station.hub.command(m.RestoreLimits(characteristic_id=owner, revision=revision, reason=reason), station.actor)


def newest_levels(points: PointColumns) -> dict[str, Levels]:
    """Return the limits at the newest point, by panel."""
    return {
        panel.key: _levels(*(_last(getattr(panel, name)) for name in ("center", "lcl", "ucl")))
        for panel in points.panels
    }


def _last(column: bytes) -> float:
    return float(np.frombuffer(column, "<f8")[-1])


def _levels(center: float, lcl: float, ucl: float) -> Levels:
    return Levels(*(number if np.isfinite(number) else None for number in (center, lcl, ucl)))


def _levels_of(series: object, key: str) -> Levels:
    columns = series.panels[key].columns  # type: ignore[attr-defined]  # a Series
    last = series.count - 1  # type: ignore[attr-defined]
    return _levels(*(float(columns[name][last]) for name in ("center", "lcl", "ucl")))


def _numbers(points: PointColumns) -> list[tuple[int, int]]:
    numbers = np.frombuffer(points.subgroup_number, "<i8").tolist()
    return [(points.first_index + at, number) for at, number in enumerate(numbers)]


async def read_stages(station: "Station", characteristic_id: int) -> list[Stage]:
    """Return where each set of limits of a characteristic took effect.

    Raises:
        KnownError: the hub could not be reached.
    """
    found = await station.hub.query(m.GetLimits(characteristic_id=characteristic_id))
    return [Stage(one.first_index, _("limits {n}", n=one.revision)) for one in found]
