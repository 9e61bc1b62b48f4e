"""How a characteristic is watched: chart, rules and limit policy."""

from typing import Any

from msgspec import Struct, field

from spc_desktop.spc.charts.base import Limits


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
    rules: tuple[str, ...] = ("nelson_1", "nelson_2")
    """Ids of the ticked rules of ``rule_set``, on the location panel; dispersion panels get rule 1. None ticked: the
    chart's own rule, which is all that EWMA, CUSUM and the like can use."""
    rule_set: str = "nelson"
    policy: LimitPolicy = field(default_factory=LimitPolicy)
    min_cpk: float = 1.33
    """A capability analysis below it raises an alert (AIAG SPC, 2nd ed. 2005: what customers usually demand)."""
    revision: int = 1


class FrozenLimits(Struct, frozen=True, kw_only=True):
    """Limits in force from ``first_index`` on; the history of these answers "which limits applied then?"."""

    characteristic_id: int
    revision: int
    first_index: int
    """0-based chart position from which these limits judge."""
    limits: Limits
