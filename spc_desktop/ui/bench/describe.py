"""Words about a chart: whose it is, how it is watched, where its limits come from, how it stands."""

from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.ui.bench.chart_names import chart_title
from spc_desktop.ui.charts.words import rule_digit
from spc_desktop.ui.feed import ChartFeed
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station


def title_of(station: Station, feed: ChartFeed) -> str:
    """Return product and characteristic."""
    product = station.products.get(feed.characteristic.product_id)
    names = [display_name(product)] if product else []
    return " — ".join([*names, display_name(feed.characteristic)])


def watch_text(station: Station, feed: ChartFeed, other: str) -> str:
    """Say how a characteristic is watched; ``other`` says what is looked at instead of the plan's chart."""
    characteristic, plan = feed.characteristic, feed.plan
    parts = [other] if other else []
    if plan is not None and not other:
        parts.append(chart_title(plan.chart))
        rules = ", ".join(rule_digit(rule) for rule in plan.rules)
        parts.append(_("rules {rules}", rules=rules) if rules else _("no rules"))
    if characteristic.subgroup_size > 1:
        parts.append(_("subgroup size (n) {n}", n=characteristic.subgroup_size))
    if characteristic.unit:
        parts.append(characteristic.unit)
    state = station.states.get(characteristic.id)
    if state and state.limits and not other:
        parts.append(_limits_text(state))
    return " · ".join(parts)


def _limits_text(state: m.CharacteristicState) -> str:
    """Say where the limits in force come from: baseline, sigma method, who froze them, when and why."""
    if state.limits is None:
        return ""
    origin = state.limits.limits.provenance
    used = len(origin.baseline)
    text = _("limits frozen from {n} subgroups", n=f"{used:,}") if used else _("limits given")
    behind = [origin.estimator] if used and origin.estimator else []
    behind += [part for part in (origin.by, origin.at[:10], origin.why if origin.by else "") if part]
    return text + (f" ({', '.join(behind)})" if behind else "")


def standing_text(station: Station, feed: ChartFeed, summary: str) -> str:
    """Say how a chart stands, or why there is nothing to see."""
    if not feed.panels:
        return _("This version of the program cannot draw this chart type. Update the program to see it.")
    if not feed.loaded:
        return _("Reading the points…")
    if not feed.series.count:
        return _("No points yet. The first appears here as soon as a subgroup is measured.")
    left = station.learning_left(feed.characteristic.id, feed.learned) if feed.learned else 0
    return (_("{n} more subgroups needed to compute limits", n=left) + " · " if left else "") + summary
