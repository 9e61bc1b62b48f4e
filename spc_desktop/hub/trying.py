"""What if: limits from another baseline, another chart, points sorted by shift. Everything is computed, nothing is changed."""

import asyncio
import dataclasses
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo

import msgspec
import numpy as np

from spc_desktop.domain.calendar import on_duty, zone_of
from spc_desktop.domain.control_plan import suitable_rules
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.fitting import fitting_charts, shared_options
from spc_desktop.domain.monitor import panel_values
from spc_desktop.domain.point import PanelColumns, PanelValue, Point, PointColumns, PointMark
from spc_desktop.domain.register import ShiftCalendar
from spc_desktop.domain.watch import Watch, check_watch, make_watch, rule_set
from spc_desktop.hub.ports import Store
from spc_desktop.hub.studies import check_length, estimate, points_of
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import Limits, Observation

MOST_GROUPED = 20_000
MOST_TRIED = 5_000
"""Points of a baseline, and points that are judged: seen from afar, the answer is one message."""
_COLUMNS = ("value", "center", "lcl", "ucl", "sigma")

Signals = set[tuple[int, str, str]]


async def tried(store: Store, watch: Watch, total: int, query: m.TryLimits) -> m.LimitsTried:
    """Judge the newest points with limits that are not in force.

    Raises:
        UserError: ``no_points``, ``unknown_point``, ``baseline_too_long``, ``not_enough_points``, ``chart_does_not_fit``.
    """
    if not total:
        raise UserError("no_points")
    first = max(0, total - min(max(query.limit, 1), MOST_TRIED))
    asked = _asked(watch, query, first, total)
    judged = await points_of(store, watch.characteristic.id, first, total - 1)
    here = {point.index: point for point in judged}
    if asked[0] < first:
        here |= {point.index: point for point in await points_of(store, watch.characteristic.id, asked[0], asked[-1])}
    baseline = [here[index] for index in asked if index in here]
    other = _watch_on(watch, query.chart)
    return await asyncio.to_thread(_compare, watch, other, baseline, judged, total)


def _asked(watch: Watch, query: m.TryLimits, first: int, total: int) -> Sequence[int]:
    if query.first is not None and query.last is not None:
        for index in (query.first, query.last):
            if not 0 <= index < total:
                raise UserError("unknown_point", index=index)
        asked = range(min(query.first, query.last), max(query.first, query.last) + 1)
        check_length(asked, MOST_TRIED)
        return asked
    known = watch.limits.limits.provenance.baseline if watch.limits is not None else ()
    return sorted(known)[-MOST_TRIED:] or range(first, total)


def _watch_on(watch: Watch, chart: str) -> Watch:
    if chart in {"", watch.chart.name}:
        return watch
    allowed = fitting_charts(watch.characteristic, watch.plan)
    if chart not in allowed:
        raise UserError("chart_does_not_fit", chart=chart, allowed=", ".join(allowed))
    rules = suitable_rules(chart, watch.plan.rule_set)
    plan = msgspec.structs.replace(watch.plan, chart=chart, chart_options={}, rules=rules)
    other = make_watch(watch.product, watch.characteristic, plan, None)
    plan = msgspec.structs.replace(plan, chart_options=shared_options(watch.plan, other.chart))
    other = make_watch(watch.product, watch.characteristic, plan, None)
    check_watch(other)
    return other


def _compare(watch: Watch, other: Watch, baseline: list[Point], judged: Sequence[Point], total: int) -> m.LimitsTried:
    limits = estimate(other, baseline, {})
    used = tuple(baseline[at].index for at in limits.provenance.baseline)
    limits = dataclasses.replace(limits, provenance=dataclasses.replace(limits.provenance, baseline=used))
    points = [
        msgspec.structs.replace(point, panels=panels, learning=False)
        for point, panels in zip(judged, _judge(other, limits, judged), strict=True)
    ]
    columns = _as_columns(other, points, total)
    if other is not watch:
        return m.LimitsTried(limits=limits, points=columns)
    before, after = _signals(watch, judged), _signals(watch, points)
    return m.LimitsTried(
        limits=limits,
        points=columns,
        gained=_sorted(after - before),
        lost=_sorted(before - after),
        kept=len(before & after),
    )


def _judge(watch: Watch, limits: Limits, points: Sequence[Point]) -> Iterator[tuple[PanelValue, ...]]:
    monitor = watch.chart.monitor(limits, rule_set(watch.plan))
    state = monitor.start()
    for point in points:
        observation = Observation(point.values, point.size, part=point.part, excluded=point.excluded)
        state, judged = monitor.step(state, observation)
        yield panel_values(judged, points[0].index)


def _signals(watch: Watch, points: Sequence[Point]) -> Signals:
    return {
        (point.index, spec.key, violation.rule)
        for point in points
        for spec, panel in zip(watch.chart.panels, point.panels, strict=False)
        for violation in panel.violations
    }


def _sorted(signals: Signals) -> tuple[m.SignalAt, ...]:
    return tuple(m.SignalAt(index=index, panel=panel, rule=rule) for index, panel, rule in sorted(signals))


def _as_columns(watch: Watch, points: Sequence[Point], total: int) -> PointColumns:
    panels = []
    for at, spec in enumerate(watch.chart.panels):
        shown = [point.panels[at] for point in points]
        columns = {name: np.array([getattr(panel, name) for panel in shown], "<f8").tobytes() for name in _COLUMNS}
        panels.append(PanelColumns(key=spec.key, **columns))
    return PointColumns(
        characteristic_id=watch.characteristic.id,
        first_index=points[0].index,
        count=len(points),
        total=total,
        measured_at=np.array([point.measured_at.timestamp() for point in points], "<f8").tobytes(),
        subgroup_number=np.array([point.subgroup_number for point in points], "<i8").tobytes(),
        panels=tuple(panels),
        marks=tuple(mark for point in points if (mark := _mark(watch, point)) is not None),
    )


def _mark(watch: Watch, point: Point) -> PointMark | None:
    violations = tuple(
        (spec.key, violation)
        for spec, panel in zip(watch.chart.panels, point.panels, strict=True)
        for violation in panel.violations
    )
    if not (violations or point.out_of_spec or point.excluded):
        return None
    return PointMark(index=point.index, out_of_spec=point.out_of_spec, excluded=point.excluded, violations=violations)


async def point_groups(
    store: Store, query: m.GetPointGroups, calendar: ShiftCalendar | None, now: datetime
) -> m.PointGroups:
    """Sort points by where they come from; the shift follows from their time.

    Raises:
        UserError: ``unknown_trace_field``, ``no_shifts``.
    """
    if query.field != "shift":
        found: m.PointGroups = await store.query(query)
        return found
    if calendar is None or not calendar.shifts:
        raise UserError("no_shifts")
    last = max(query.last, 0)
    limit = min(last - max(query.first, 0) + 1, MOST_GROUPED)
    columns = await store.query(
        m.GetPoints(characteristic_id=query.characteristic_id, before=last + 1, limit=max(limit, 0))
    )
    zone = zone_of(calendar.time_zone) or now.tzinfo or UTC
    return await asyncio.to_thread(_by_shift, calendar, columns, zone)


def _by_shift(calendar: ShiftCalendar, columns: PointColumns, zone: tzinfo) -> m.PointGroups:
    found: dict[str, list[int]] = {}
    for at, seconds in enumerate(np.frombuffer(columns.measured_at, "<f8").tolist()):
        duty = on_duty(calendar.shifts, calendar.closed, datetime.fromtimestamp(seconds, zone))
        found.setdefault(duty.shift.name if duty else "", []).append(columns.first_index + at)
    ordered = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    groups = tuple(m.PointGroup(name=name, indexes=tuple(indexes)) for name, indexes in ordered)
    return m.PointGroups(groups=groups, first=columns.first_index)
