"""Answers about the stored alerts as a body: pages of history, statistics, and the record of each rule."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from spc_desktop.domain.alert import ENDED, Alert, AlertType, Priority, Status
from spc_desktop.domain.errors import UserError
from spc_desktop.protocol import messages as m
from spc_desktop.storage import rows, search
from spc_desktop.storage.schema import alert, alert_text

PERIOD = 600
"""Seconds of the period in which alarm load is counted (EEMUA 191)."""
FLOOD = 10
"""More alerts in a period than this are a flood."""
STALE = timedelta(hours=24)
_CHUNK = 500
_MINUTE = 60_000_000
_ENDED = sorted(status.value for status in ENDED)


class Group(NamedTuple):
    """Alerts that are alike, and how many they are."""

    product_id: int
    characteristic_id: int | None
    alert_type: str
    priority: int
    status: str
    rule: str
    shift: int
    """-1: the last one, which began the day before."""
    has_cause: bool
    number: int


# -- pages -------------------------------------------------------------------------------------------------------------


def page(connection: Connection, query: m.GetHistory) -> m.HistoryPage:
    """Answer ``GetHistory``.

    Raises:
        UserError: ``bad_message``: the shift does not exist.
    """
    check_shift(query)
    limit = max(0, query.limit)
    exact = _exact(query)
    wanted = _expression(connection, query) if connection.dialect.name == "sqlite" else ""
    found = (
        _indexed(connection, wanted, exact, query, limit + 1) if wanted else _direct(connection, exact, query, limit)
    )
    return m.HistoryPage(alerts=tuple(rows.alerts_of(found[:limit])), more=len(found) > limit)


def _expression(connection: Connection, query: m.GetHistory) -> str:
    c = alert.c
    # Each end by itself: asked for both at once, SQLite reads the whole index.
    ends = (connection.scalar(select(end(c.created_at))) for end in (func.min, func.max))
    oldest, newest = (rows.instant(end or 0) for end in ends)
    return search.expression(query, query.text, oldest, newest)


def _indexed(connection: Connection, wanted: str, exact: Select[Any], query: m.GetHistory, limit: int) -> list[str]:
    """Look at the newest rows, which the index does not know, and then at what it finds, until there is enough."""
    reached = search.reached(connection)
    found = _direct(connection, exact.where(alert.c.id > reached), query, limit)
    before, most = query.before_id, limit
    while len(found) < limit:
        ids = search.matching(connection, wanted, before, most)
        most = _CHUNK
        if not ids:
            break
        chunk = exact.where(alert.c.id.in_(ids)).order_by(alert.c.id.desc())
        found += connection.scalars(chunk)
        before = ids[-1]
    return found[:limit]


def _direct(connection: Connection, exact: Select[Any], query: m.GetHistory, limit: int) -> list[str]:
    if query.before_id is not None:
        exact = exact.where(alert.c.id < query.before_id)
    return list(connection.scalars(exact.order_by(alert.c.id.desc()).limit(limit + 1)))


def _exact(query: m.GetHistory) -> Select[Any]:
    wanted = select(alert.c.alert_json).where(*_conditions(query))
    parts = search.folded(query.text).split()
    if parts:
        text = alert_text.c
        wanted = wanted.join(alert_text, text.alert_id == alert.c.id)
        for part in parts:
            in_own, in_comments = (column.contains(part, autoescape=True) for column in (text.own, text.comments))
            wanted = wanted.where(or_(in_own, in_comments))
    return wanted


def _conditions(query: m.AlertQuery) -> list[ColumnElement[bool]]:
    c = alert.c
    exact = {
        c.product_id: query.product_id,
        c.characteristic_id: query.characteristic_id,
        c.alert_type: query.alert_type,
        c.priority: query.priority,
        c.status: query.status,
        c.rule: query.rule,
    }
    found: list[ColumnElement[bool]] = [column == value for column, value in exact.items() if value is not None]
    if query.since is not None:
        found.append(c.created_at >= rows.micros(query.since))
    if query.until is not None:
        found.append(c.created_at < rows.micros(query.until))
    if query.shift is not None:
        begin, end = _span(query, query.shift)
        minute = _minute(query)
        inside = and_ if begin < end else or_
        found.append(inside(minute >= begin, minute < end))
    return found


def _minute(query: m.AlertQuery) -> ColumnElement[int]:
    return (alert.c.created_at // _MINUTE + query.utc_offset) % 1440


def _span(query: m.AlertQuery, shift: int) -> tuple[int, int]:
    """Return the first minute of a shift and the first one after it; a night shift ends with a smaller number."""
    starts = query.shift_starts
    return starts[shift], starts[(shift + 1) % len(starts)]


def check_shift(query: m.AlertQuery) -> None:
    """Refuse shifts that cannot be.

    Raises:
        UserError: ``bad_message``.
    """
    starts = query.shift_starts
    if not starts or list(starts) != sorted(set(starts)) or not 0 <= starts[0] <= starts[-1] < 1440:
        raise UserError("bad_message", kind="struct", field="shift_starts", problem="0 ... 1439, rising")
    if query.shift is not None and not 0 <= query.shift < len(starts):
        raise UserError("bad_message", kind="struct", field="shift", problem=f"0 ... {len(starts) - 1}")


def shift_of(query: m.AlertQuery, minute: int) -> int:
    """Return the shift of a minute of the local day."""
    return (bisect_right(query.shift_starts, minute) - 1) % len(query.shift_starts)


# -- statistics --------------------------------------------------------------------------------------------------------


def statistics(connection: Connection, query: m.GetStatistics, now: datetime) -> m.Statistics:
    """Answer ``GetStatistics``.

    Raises:
        UserError: ``bad_message``: the shift does not exist.
    """
    check_shift(query)
    c = alert.c
    where = _conditions(query)
    which = (c.product_id, c.characteristic_id, c.alert_type, c.priority, c.status, c.rule)
    # A group for each minute of the day would be a thousand times as many.
    shift = case(*((_minute(query) >= start, i) for i, start in reversed([*enumerate(query.shift_starts)])), else_=-1)
    by = (*which, shift.label("shift"), c.has_cause)
    groups = [Group(*row) for row in connection.execute(select(*by, func.count()).where(*where).group_by(*by))]
    delays = [
        np.array(connection.scalars(select(end - c.created_at).where(end.is_not(None), *where)).all(), float)
        for end in (c.acknowledged_at, c.resolved_at)
    ]
    period = (c.created_at // (PERIOD * 1_000_000)).label("period")
    periods = connection.execute(select(period, func.count()).where(*where).group_by(period).order_by(period)).all()
    open_long = [c.status.not_in(_ENDED), c.created_at < rows.micros(now - STALE)]
    stale = connection.scalar(select(func.count()).select_from(alert).where(*where, *open_long)) or 0
    return summary(query, groups, delays, [(number, count) for number, count in periods], stale)


def summary(
    query: m.GetStatistics,
    groups: Sequence[Group],
    delays: Sequence[np.ndarray[Any, Any]],
    periods: Sequence[tuple[int, int]],
    stale: int,
) -> m.Statistics:
    """Make statistics of what was counted.

    Args:
        query: for its shifts.
        groups: counts of alerts that are alike.
        delays: microseconds until acknowledged, and until resolved.
        periods: number of a period since 1970 and the alerts in it, rising; empty periods are left out.
        stale: alerts open for too long.
    """
    total = sum(group.number for group in groups)
    pairs: Counter[tuple[int | None, str]] = Counter()
    for group in groups:
        pairs[group.characteristic_id, group.rule] += group.number
    acknowledged, resolved = (_delay(times) for times in delays)
    return m.Statistics(
        total=total,
        by_priority={p.name.lower(): 0 for p in sorted(Priority, reverse=True)}
        | _counts((Priority(g.priority).name.lower(), g.number) for g in groups),
        by_status={s.value.lower(): 0 for s in Status} | _counts((g.status.lower(), g.number) for g in groups),
        by_type={t.value: 0 for t in AlertType} | _counts((g.alert_type, g.number) for g in groups),
        by_product=_counts((str(g.product_id), g.number) for g in groups),
        by_characteristic=_counts((str(g.characteristic_id or ""), g.number) for g in groups),
        by_rule=_counts((g.rule, g.number) for g in groups),
        by_shift={str(i): 0 for i in range(len(query.shift_starts))}
        | _counts((str(g.shift % len(query.shift_starts)), g.number) for g in groups),
        pareto=_pareto(pairs, total),
        time_to_acknowledge=acknowledged,
        time_to_resolve=resolved,
        load=_load(periods, pairs, total, stale),
    )


def _counts(many: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, count in many:
        found[name] += count
    return dict(sorted(found.items(), key=lambda entry: (-entry[1], entry[0])))


def _ranked(pairs: Counter[tuple[int | None, str]]) -> list[tuple[tuple[int | None, str], int]]:
    return sorted(pairs.items(), key=lambda entry: (-entry[1], entry[0][0] or 0, entry[0][1]))


def _pareto(pairs: Counter[tuple[int | None, str]], total: int) -> tuple[m.ParetoBar, ...]:
    bars, together = [], 0
    for (characteristic_id, rule), count in _ranked(pairs):
        together += count
        bar = m.ParetoBar(characteristic_id=characteristic_id, rule=rule, count=count, share=together / total)
        bars.append(bar)
    return tuple(bars)


def _delay(times: np.ndarray[Any, Any]) -> m.Delay:
    if not len(times):
        return m.Delay()
    p50, p95 = np.percentile(times, [50, 95]) / 1e6
    return m.Delay(count=len(times), p50=float(p50), p95=float(p95))


def _load(
    periods: Sequence[tuple[int, int]], pairs: Counter[tuple[int | None, str]], total: int, stale: int
) -> m.AlarmLoad:
    if not periods:
        return m.AlarmLoad(stale=stale)
    floods = [number for number, count in periods if count > FLOOD]
    longest = run = 0
    last = -1
    for number in floods:
        run = run + 1 if number == last + 1 else 1
        longest, last = max(longest, run), number
    return m.AlarmLoad(
        most_in_10_min=max(count for _, count in periods),
        flood_periods=len(floods),
        longest_flood=longest,
        periods=periods[-1][0] - periods[0][0] + 1,
        top_10_share=sum(count for _, count in _ranked(pairs)[:10]) / total,
        stale=stale,
    )


def rule_record(connection: Connection, query: m.GetRuleRecord) -> tuple[m.RuleRecord, ...]:
    """Answer ``GetRuleRecord``.

    Raises:
        UserError: ``bad_message``: the shift does not exist.
    """
    check_shift(query)
    c = alert.c
    by = (c.rule, c.status, c.has_cause)
    wanted = select(*by, func.count()).where(c.rule != "", *_conditions(query)).group_by(*by)
    return records((rule, status, cause, count) for rule, status, cause, count in connection.execute(wanted))


def records(many: Iterable[tuple[str, str, bool, int]]) -> tuple[m.RuleRecord, ...]:
    """Make the record of each rule of (rule, status, has a root cause, count)."""
    found: dict[str, list[int]] = {}
    for rule, status, cause, count in many:
        sums = found.setdefault(rule, [0, 0, 0])
        sums[0] += count
        sums[1] += count if cause else 0
        sums[2] += count if not cause and status in _ENDED else 0
    made = [m.RuleRecord(rule=rule, raised=a, with_cause=b, without_cause=c) for rule, (a, b, c) in found.items()]
    return tuple(sorted(made, key=lambda record: (-record.raised, record.rule)))


# -- the same of alerts in memory --------------------------------------------------------------------------------------


def matches(one: Alert, query: m.AlertQuery) -> bool:
    """Tell whether an alert passes the filter."""
    names = ("product_id", "characteristic_id", "alert_type", "priority", "status")
    if any(getattr(query, name) not in (None, getattr(one, name)) for name in names):
        return False
    if query.rule not in (None, one.code):
        return False
    if query.since is not None and one.created_at < query.since:
        return False
    if query.until is not None and one.created_at >= query.until:
        return False
    return query.shift is None or shift_of(query, minute_of(one, query)) == query.shift


def minute_of(one: Alert, query: m.AlertQuery) -> int:
    return (rows.micros(one.created_at) // _MINUTE + query.utc_offset) % 1440


def statistics_of(alerts: Iterable[Alert], query: m.GetStatistics, now: datetime) -> m.Statistics:
    """Answer ``GetStatistics`` from alerts in memory."""
    check_shift(query)
    found = [one for one in alerts if matches(one, query)]
    groups = [
        Group(
            one.product_id, one.characteristic_id, one.alert_type.value, int(one.priority), one.status.value, one.code,
            shift_of(query, minute_of(one, query)), bool(one.root_cause.strip()), 1,
        )
        for one in found
    ]  # fmt: skip
    times: tuple[list[float], list[float]] = ([], [])
    for one in found:
        for at, end in enumerate((one.acknowledged_at, one.resolved_at)):
            if end is not None:
                times[at].append(float(rows.micros(end) - rows.micros(one.created_at)))
    periods = Counter(rows.micros(one.created_at) // (PERIOD * 1_000_000) for one in found)
    stale = sum(one.status not in ENDED and one.created_at < now.astimezone(UTC) - STALE for one in found)
    return summary(query, groups, [np.array(part) for part in times], sorted(periods.items()), stale)
