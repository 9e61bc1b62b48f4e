"""The newest points of many characteristics, light enough for a hundred of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from spc_desktop.domain.point import Point, PointColumns, PointMark
from spc_desktop.spc.charts import CHARTS
from spc_desktop.spc.rules import Violation

KEPT = 25
"""Points of a tile."""


class Spot(NamedTuple):
    """A point as a tile shows it; what is not defined is NaN."""

    position: int
    at: float
    """Seconds since 1970."""
    value: float
    center: float
    lcl: float
    ucl: float
    rules: tuple[str, ...] = ()
    """Ids of the rules that it violates on any panel, the first panel first."""
    out_of_spec: bool = False
    excluded: bool = False


def location_panel(chart: str) -> int:
    """Return which panel of a chart tells where the process is."""
    known = CHARTS.get(chart)
    panels = known.panels if known is not None else ()
    return next((at for at, panel in enumerate(panels) if panel.role == "location"), 0)


class Tail:
    """The newest points of one characteristic."""

    def __init__(self) -> None:
        self.spots: list[Spot] = []
        self.loaded = False

    @property
    def last(self) -> Spot | None:
        """Return the newest point."""
        return self.spots[-1] if self.spots else None

    @property
    def interval(self) -> float | None:
        """Return the usual time between two points in seconds; None where there are too few."""
        if len(self.spots) < 3:
            return None
        return float(np.median(np.diff([spot.at for spot in self.spots])))

    def load(self, page: PointColumns, panel: int) -> None:
        """Take what was read, and keep what came meanwhile."""
        newer = [spot for spot in self.spots if spot.position >= page.first_index + page.count]
        self.spots = [*_spots(page, panel), *newer][-KEPT:]
        self.loaded = True

    def take(self, points: Iterable[Point], panel: int) -> None:
        """Add new points, or replace those that were judged anew."""
        spots = {spot.position: spot for spot in self.spots}
        for point in points:
            if len(spots) < KEPT or point.index >= self.spots[0].position:
                spots[point.index] = _spot(point, panel)
        self.spots = [spots[index] for index in sorted(spots)][-KEPT:]


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _rules(violations: Iterable[Violation]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(violation.rule for violation in violations))


def _spot(point: Point, panel: int) -> Spot:
    shown = point.panels[panel] if panel < len(point.panels) else None
    return Spot(
        point.index,
        point.measured_at.timestamp(),
        _number(shown.value if shown else None),
        _number(shown.center if shown else None),
        _number(shown.lcl if shown else None),
        _number(shown.ucl if shown else None),
        _rules(violation for each in point.panels for violation in each.violations),
        point.out_of_spec,
        point.excluded,
    )


def _spots(page: PointColumns, panel: int) -> Sequence[Spot]:
    if not page.count or panel >= len(page.panels):
        return []
    columns = page.panels[panel]
    times = np.frombuffer(page.measured_at, "<f8", page.count).tolist()
    numbers = (
        np.frombuffer(source, "<f8", page.count).tolist()
        for source in (columns.value, columns.center, columns.lcl, columns.ucl)
    )
    marks = {mark.index: mark for mark in page.marks}
    spots = []
    for position, (at, value, center, lcl, ucl) in enumerate(zip(times, *numbers, strict=True), page.first_index):
        mark = marks.get(position) or PointMark(index=position)
        rules = _rules(violation for _key, violation in mark.violations)
        spots.append(Spot(position, at, value, center, lcl, ucl, rules, mark.out_of_spec, mark.excluded))
    return spots
