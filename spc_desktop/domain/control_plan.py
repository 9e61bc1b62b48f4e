"""How a characteristic is watched: chart, rules and limit policy."""

from typing import Any

from msgspec import Struct, field
from msgspec.structs import force_setattr

from spc_desktop.domain.alarm_policy import AlarmPolicy
from spc_desktop.spc.charts import CHARTS, ControlChart, Limits
from spc_desktop.spc.charts.engine import RULE_1, panel_rules
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RULE_SETS, RuleSet

_SUITABLE = ("suitable",)


class LimitPolicy(Struct, frozen=True, kw_only=True):
    """Where limits come from.

    ``learn``: the first ``learn_subgroups`` in-order subgroups are the baseline, then the limits are frozen.
    ``given``: ``params`` are known standards, for example ``{"center": 74.0, "sigma": 0.01}``.
    """

    mode: str = "learn"
    learn_subgroups: int = 25
    params: dict[str, Any] = field(default_factory=dict)


class ControlPlan(Struct, frozen=True, kw_only=True):
    """The watch on one characteristic. ``chart`` and ``rules`` name entries of ``spc.CHARTS`` and ``spc.RULE_SETS``."""

    characteristic_id: int
    chart: str
    chart_options: dict[str, Any] = field(default_factory=dict)
    rules: tuple[str, ...] = _SUITABLE
    """Ids of the ticked rules of ``rule_set``, on the location panel; dispersion panels get rule 1. None ticked: the
    chart's own rule, which is all that EWMA, CUSUM and the like can use. Left out: see ``suitable_rules``."""
    rule_set: str = "nelson"
    policy: LimitPolicy = field(default_factory=LimitPolicy)
    min_cpk: float = 1.33
    """A capability analysis below it raises an alert (AIAG SPC, 2nd ed. 2005: what customers usually demand)."""
    alarm: AlarmPolicy = AlarmPolicy()
    revision: int = 1

    def __post_init__(self) -> None:
        if self.rules == _SUITABLE:
            force_setattr(self, "rules", suitable_rules(self.chart, self.rule_set))


def suitable_rules(chart: str, rule_set: str = "nelson") -> tuple[str, ...]:
    """Return the rules that a plan starts with: Nelson 1 and 2, or all of another set, so far as the chart allows each.

    Only rule 1 where a score or limits of their own say what a series may do (zone chart, acceptance chart).
    None where the chart has rules of its own (pre-control; the run chart but for Anhøj's set), and where rules for its
    location have no panel (R, S, generalised variance). Unknown names give none: ``watch`` refuses them.
    """
    known, named = CHARTS.get(chart), RULE_SETS.get(rule_set)
    if known is None or named is None or all(panel.role != "location" for panel in known.panels):
        return ()
    if known.rules != RULE_1 and known.rules.name != rule_set:
        return ()
    wanted = named.rules[:2] if rule_set == "nelson" else named.rules
    if known.rules == RULE_1 and any(panel.role == "score" or not panel.zones for panel in known.panels):
        wanted = tuple([rule for rule in wanted if rule.kind == "beyond"])
    usable = usable_rules(chart, rule_set)
    return tuple([rule.id for rule in wanted if rule.id in usable])


def usable_rules(chart: str, rule_set: str) -> frozenset[str]:
    """Return the ids of a set's rules that a chart can use; unknown names give none."""
    known, named = CHARTS.get(chart), RULE_SETS.get(rule_set)
    if known is None or named is None:
        return frozenset()
    return frozenset(rule.id for rule in named.rules if _allowed(known, RuleSet(named.name, (rule,))))


def _allowed(chart: ControlChart, rules: RuleSet) -> bool:
    try:
        panel_rules(chart.panels, rules)
    except SpcValueError:
        return False
    return True


class FrozenLimits(Struct, frozen=True, kw_only=True):
    """Limits in force from ``first_index`` on; the history of these answers "which limits applied then?"."""

    characteristic_id: int
    revision: int
    first_index: int
    """0-based chart position from which these limits judge."""
    limits: Limits
