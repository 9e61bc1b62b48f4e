"""Key figures of alarms after EEMUA 191 and ISA-18.2: what is asked of the people, beside what is good and what is too much."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from spc_desktop.domain.account import Accounts, Role, covers
from spc_desktop.domain.alert import Alert
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.masks import Mask, MaskKind
from spc_desktop.hub.ports import Store
from spc_desktop.protocol import messages as m

PERIOD = timedelta(days=7)
TARGETS: Mapping[str, tuple[float, float]] = {
    "announced_per_operator_10_min": (1, 2),
    "announced_per_operator_hour": (6, 12),
    "announced_per_operator_day": (150, 300),
    "flood_periods_percent": (1, 5),
    "longest_flood_min": (10, 30),
    "most_in_10_min": (10, 20),
    "top_10_share_percent": (5, 20),
    "chattering": (0, 5),
    "stale": (5, 10),
    "priority_urgent_percent": (5, 10),
    "priority_high_percent": (15, 25),
    "acknowledge_p50_s": (600, 1800),
    "acknowledge_p95_s": (1800, 7200),
    "shelved": (5, 20),
    "longest_shelved_h": (12, 24),
}
"""Name -> what is good, and what is still bearable."""


def operators_of(accounts: Accounts) -> int:
    """Return the number of people who handle alarms; at least one: somebody works at a station without accounts."""
    able = [user for user in accounts.users.values() if user.active and covers(user.roles, Role.OPERATOR)]
    return max(1, sum(Role.DEVICE not in user.roles for user in able))


async def kpi(
    query: m.GetKpi,
    store: Store,
    now: datetime,
    accounts: Accounts,
    masks: Iterable[Mask],
    open_alerts: Iterable[Alert],
) -> m.Kpi:
    """Answer ``GetKpi``.

    Raises:
        UserError: ``kpi_period`` (it ends before it begins), ``not_found`` (user).
    """
    until = query.until or now
    since = query.since or until - PERIOD
    if since >= until:
        raise UserError("kpi_period", since=since.isoformat(), until=until.isoformat())
    operators, products = operators_of(accounts), None
    if query.operator is not None:
        user = accounts.named(query.operator)
        if user is None:
            raise UserError("not_found", what="user", id=query.operator[:64])
        operators, products = 1, user.products
    whole: m.Statistics = await store.query(m.GetStatistics(since=since, until=until))
    announced = whole.total
    if products is not None:
        announced = sum(whole.by_product.get(str(key), 0) for key in products)
    values = _values(whole, announced / operators, until - since)
    values |= _present(now, masks, open_alerts)
    return m.Kpi(since=since, until=until, operators=operators, alerts=announced, rows=_rows(values, query.targets))


def _values(whole: m.Statistics, announced: float, length: timedelta) -> dict[str, float | None]:
    hours = length.total_seconds() / 3600
    load, total = whole.load, whole.total
    urgent, high = (whole.by_priority.get(name, 0) for name in ("urgent", "high"))
    return {
        "announced_per_operator_10_min": announced / (hours * 6),
        "announced_per_operator_hour": announced / hours,
        "announced_per_operator_day": announced / (hours / 24),
        # Periods without any alert count too: they are part of the time that was asked for.
        "flood_periods_percent": 100 * load.flood_periods / max(load.periods, hours * 6),
        "longest_flood_min": 10.0 * load.longest_flood,
        "most_in_10_min": float(load.most_in_10_min),
        "top_10_share_percent": 100 * load.top_10_share if total else None,
        "stale": float(load.stale),
        "priority_urgent_percent": 100 * urgent / total if total else None,
        "priority_high_percent": 100 * high / total if total else None,
        "acknowledge_p50_s": whole.time_to_acknowledge.p50,
        "acknowledge_p95_s": whole.time_to_acknowledge.p95,
    }


def _present(now: datetime, masks: Iterable[Mask], open_alerts: Iterable[Alert]) -> dict[str, float | None]:
    shelves = [mask for mask in masks if mask.kind is MaskKind.SHELVED]
    longest = max(((now - mask.since).total_seconds() / 3600 for mask in shelves), default=0.0)
    chattering = sum("chattering" in alert.life.flags for alert in open_alerts)
    return {"chattering": float(chattering), "shelved": float(len(shelves)), "longest_shelved_h": max(0.0, longest)}


def _rows(values: Mapping[str, float | None], targets: Mapping[str, tuple[float, float]]) -> tuple[m.KpiRow, ...]:
    rows = []
    for name, standard in TARGETS.items():
        good, limit = targets.get(name, standard)
        value = values[name]
        state = "unknown" if value is None else "good" if value <= good else "bearable" if value <= limit else "beyond"
        rows.append(m.KpiRow(name=name, value=value, good=good, limit=limit, state=state))
    return tuple(rows)
