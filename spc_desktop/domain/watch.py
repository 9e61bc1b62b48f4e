"""The watch on one characteristic: plan, limits in force and the compiled chart; immutable, remade when one changes."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from spc_desktop.domain.alarm_policy import check_alarm_policy
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits, LimitPolicy
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.spc.charts import CHARTS, ChartMonitor, ControlChart, Limits
from spc_desktop.spc.charts.engine import panel_rules
from spc_desktop.spc.charts.multivariate import variables
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RULE_SETS, Rule, RuleSet

COUNTS = frozenset({"counts", "counts+size"})
# Statistics that do not depend on limits and so can be shown while the limits are still being learnt.
PLAIN_PANELS = frozenset({"i", "mr", "xbar", "median", "r", "s", "p", "np", "c", "u", "t", "g", "run", "ma"})
# Any parameters will do for those statistics; the first that the chart accepts are taken.
_NEUTRAL: tuple[dict[str, Any], ...] = (
    {"center": 0.0, "sigma": 1.0},
    {"center": 0.0, "sigma": 1.0, "sigma_within": 1.0},
    {"sigma": 1.0},
    {"center": 0.5},
    {"p": 0.5},
    {"c": 1.0},
    {"u": 1.0},
    {"p": 0.5, "sigma_z": 1.0},
    {"u": 1.0, "sigma_z": 1.0},
    {"mean": 1.0},
)


@dataclass(frozen=True)
class Watch:
    """All that the fold needs to judge one characteristic; what is compiled from it is made at its first use."""

    product: Product
    characteristic: Characteristic
    plan: ControlPlan
    chart: ControlChart
    limits: FrozenLimits | None

    @cached_property
    def counts(self) -> bool:
        """True for attribute charts: one item is one point, and no specification applies."""
        return self.chart.data in COUNTS

    @cached_property
    def key(self) -> str:
        """First part of all alert keys of this characteristic."""
        return f"{self.product.code}/{self.characteristic.code}"

    @cached_property
    def options(self) -> dict[str, Any]:
        """The plan's chart options, with the specification where the chart asks for it."""
        return _options(self.chart, self.plan, self.characteristic)

    @cached_property
    def variables(self) -> int:
        """Number of variables in one observation.

        Raises:
            SpcValueError: the option is no number of variables.
        """
        multivariate = self.chart.data == "multivariate"
        return variables({**self.chart.options(), **self.options}) if multivariate else 1

    @cached_property
    def monitor(self) -> ChartMonitor | None:
        """Compiled with ``limits``; while these are None, it computes the plain statistics, or is None without such."""
        return _monitor(self.chart, self.plan, self.options, self.limits)

    @cached_property
    def rules(self) -> dict[str, Rule]:
        """Every rule that can fire on a panel of this chart, by id."""
        judges = panel_rules(self.chart.panels, rule_set(self.plan))
        return {rule.id: rule for judge in judges for rule in judge.rule_set.rules}

    @cached_property
    def plain(self) -> tuple[bool, ...]:
        """Per panel: the statistic may be shown during learning."""
        return tuple(panel.key in PLAIN_PANELS for panel in self.chart.panels)

    def with_limits(self, limits: FrozenLimits | None) -> "Watch":
        """Return this watch judging with other limits."""
        return replace(self, limits=limits)

    def with_product(self, product: Product) -> "Watch":
        """Return this watch under the new name of its product."""
        return replace(self, product=product)


def make_watch(
    product: Product, characteristic: Characteristic, plan: ControlPlan, limits: FrozenLimits | None
) -> Watch:
    """Put a watch together.

    Raises:
        UserError: ``unknown_chart``.
    """
    chart = CHARTS.get(plan.chart)
    if chart is None:
        raise UserError("unknown_chart", chart=plan.chart, allowed=", ".join(sorted(CHARTS)))
    return Watch(product, characteristic, plan, chart, limits)


def check_watch(watch: Watch) -> None:
    """Compile a watch as a test of its plan.

    Raises:
        UserError: ``unknown_rule_set``, ``unknown_rule``, ``plan_invalid``: rules, options or limits make no sense here.
    """
    check_policy(watch.plan.policy)
    check_alarm_policy(watch.plan.alarm)
    try:
        _ = watch.rules, watch.monitor, watch.variables
    except SpcValueError as error:
        raise plan_error(error) from error


def _options(chart: ControlChart, plan: ControlPlan, characteristic: Characteristic) -> dict[str, Any]:
    """Options of acceptance and pre-control charts name the specification: it is the characteristic's own."""
    wanted = chart.options()
    own = {"lsl": characteristic.lsl, "usl": characteristic.usl}
    return {**{name: value for name, value in own.items() if name in wanted}, **plan.chart_options}


def plan_error(error: SpcValueError) -> UserError:
    """Return the engine's refusal as something the person who wrote the plan can mend."""
    return UserError("plan_invalid", argument=error.argument, allowed=error.allowed, got=str(error.got))


def check_chart(watch: Watch, limits: Limits) -> None:
    """Compile a chart as a test of new limits.

    Raises:
        SpcValueError: limits or rules make no sense on this chart.
    """
    watch.chart.monitor(limits, rule_set(watch.plan))


def rule_set(plan: ControlPlan) -> RuleSet | None:
    """Return the ticked rules of the plan's rule set; None where none is ticked: the chart's own rule then holds.

    Raises:
        UserError: an unknown rule set or rule, with what is allowed.
    """
    named = RULE_SETS.get(plan.rule_set)
    if named is None:
        raise UserError("unknown_rule_set", rule_set=plan.rule_set, allowed=", ".join(sorted(RULE_SETS)))
    known = {rule.id for rule in named.rules}
    for rule in plan.rules:
        if rule not in known:
            raise UserError("unknown_rule", rule=rule, allowed=", ".join(sorted(known)))
    if not plan.rules:
        return None
    return RuleSet(named.name, tuple(rule for rule in named.rules if rule.id in plan.rules))


def default_plan(characteristic: Characteristic) -> ControlPlan:
    """Return the plan of a characteristic that came without one (Xbar-R up to 8 values, Xbar-S above, as is usual)."""
    n = characteristic.subgroup_size
    chart = "i_mr" if n == 1 else "xbar_r" if n <= 8 else "xbar_s"
    return ControlPlan(characteristic_id=characteristic.id, chart=chart)


def given_limits(watch: Watch, first_index: int, revision: int) -> FrozenLimits | None:
    """Return the limits of a watch whose standards are given; None where they are to be learnt.

    Raises:
        UserError: the chart cannot use the given parameters, with what is allowed.
    """
    plan = watch.plan
    if plan.policy.mode != "given":
        return None
    try:
        limits = watch.chart.given(plan.policy.params, watch.options)
        check_chart(watch, limits)
    except SpcValueError as error:
        raise plan_error(error) from error
    return FrozenLimits(
        characteristic_id=plan.characteristic_id, revision=revision, first_index=first_index, limits=limits
    )


def check_policy(policy: LimitPolicy) -> None:
    """Refuse a limit policy that cannot be carried out."""
    if policy.mode not in {"learn", "given"}:
        raise UserError("unknown_policy", mode=policy.mode, allowed="learn, given")
    if policy.mode == "learn" and not 2 <= policy.learn_subgroups <= 10_000:
        raise UserError("learn_subgroups_range", value=policy.learn_subgroups, low=2, high=10_000)


def _monitor(
    chart: ControlChart, plan: ControlPlan, options: dict[str, Any], limits: FrozenLimits | None
) -> ChartMonitor | None:
    if limits is not None:
        return chart.monitor(limits.limits, rule_set(plan))
    # A chart of parts needs to know what each is compared with before it can show anything.
    if chart.by_part or not any(panel.key in PLAIN_PANELS for panel in chart.panels):
        return None
    for params in _NEUTRAL:
        try:
            neutral: Limits = chart.given(params, options)
        except SpcValueError:
            continue
        return chart.monitor(neutral, RuleSet("none", ()))
    return None
