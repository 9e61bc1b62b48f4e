"""Run rules as data: what a rule and a rule set are, what a violation is, and which rules have a meaning.

Judging is in ``run_rules`` (point by point) and ``rules_batch`` (arrays); the named sets are in ``rule_sets``.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import NamedTuple

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError

MAX_PATTERN = 1000
MAX_WINDOW = 31

# The ambiguities in the literature, each with its answers; the first is the default.
# counting: Nelson (1984) counts points, Minitab counts moves (one point more).
# window: Champ & Woodall (1987) let two points complete 2 of 3; others wait for a full window.
# scale: zones in sigma of the statistic, or in thirds of the way to each limit (they then follow the limit width).
# limits: a ``beyond`` rule at 3 sigma means the control limits of the point; at any other sigma it means that sigma.
# range: Westgard's R-4s means one point beyond half of ``sigma`` on each side; or a plain difference of z values.
OPTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "beyond": {"limits": ("control", "sigma"), "scale": ("sigma", "limits")},
    "zone": {"window": ("start", "full"), "scale": ("sigma", "limits")},
    "run": {},
    "trend": {"counting": ("points", "moves")},
    "alternation": {"counting": ("points", "moves")},
    "within": {"scale": ("sigma", "limits")},
    "outside": {"scale": ("sigma", "limits")},
    "range": {"range": ("across", "difference"), "scale": ("sigma", "limits")},
    "longest_run": {},
    "crossings": {},
}
SIDES = {"zone": ("same", "either"), "outside": ("both", "either", "same"), "beyond": ("same", "upper", "lower")}
ZONE_KINDS = frozenset({"zone", "within", "outside", "range"})
SERIES_KINDS = frozenset({"longest_run", "crossings"})


class Violation(NamedTuple):
    """A rule that a point completes."""

    rule: str
    """Rule id as in the rule set, for example ``"nelson_2"``."""
    members: tuple[int, ...]
    """0-based positions, counted from the start of the monitor, of all points of the pattern, this one included."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as data.

    ``kind``: ``beyond`` (point further than ``sigma`` from the centre, strict), ``zone`` (``k`` of ``n`` beyond ``sigma``
    on one side, or on either with ``side="either"``; the completing point is one of them), ``run`` (``k`` in a row on one
    side; a point on the centre is on neither), ``trend`` (``k`` points steadily rising or falling; a tie ends it),
    ``alternation`` (``k`` points going up and down in turn), ``within`` (``k`` in a row inside ``sigma``), ``outside``
    (``k`` in a row outside ``sigma``), ``range`` (neighbours differ by more than ``sigma``), ``longest_run`` and
    ``crossings`` (Anhøj's limits, which follow the number of useful points of the series).
    """

    id: str
    kind: str
    k: int = 1
    n: int = 1
    sigma: float = 3.0
    side: str = "same"
    """``same``, ``either``, ``both`` (for ``outside``: both sides must occur); ``upper``/``lower`` for ``beyond``."""
    number: int = 0
    """The number printed at the point ("1" to "8" for Nelson)."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Named answers to the ambiguities, for example ``{"counting": "moves"}`` or ``{"window": "full"}``."""

    def option(self, name: str) -> str:
        """Return the chosen answer to an ambiguity, or its default."""
        if name == "limits" and name not in self.options:
            return "control" if self.sigma == 3.0 else "sigma"
        return self.options.get(name, OPTIONS[self.kind][name][0])

    @property
    def span(self) -> int:
        """Most points that can take part in one pattern of this rule."""
        if self.kind == "zone":
            return self.n
        if self.kind == "range":
            return 2
        if self.kind in {"trend", "alternation"}:
            return self.k + (self.option("counting") == "moves")
        return 1 if self.kind == "beyond" else self.k


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A named tuple of rules, judged together on one panel."""

    name: str
    rules: tuple[Rule, ...]

    def pick(self, *ids: str) -> "RuleSet":
        """Return the set with only these rules, in the set's order.

        Raises:
            SpcValueError: an id that the set does not have.
        """
        known = {rule.id for rule in self.rules}
        for rule_id in ids:
            if rule_id not in known:
                raise SpcValueError("ids", f"rules of the set {self.name!r}: {', '.join(sorted(known))}", rule_id)
        return RuleSet(self.name, tuple(rule for rule in self.rules if rule.id in ids))


def validate_rule(rule: Rule) -> None:
    """Refuse a rule that has no meaning.

    Raises:
        SpcValueError: unknown kind, side or option; k, n or sigma outside what the kind allows.
    """
    if not isinstance(rule, Rule):
        raise SpcValueError("rules", "a sequence of Rule", rule)
    if not isinstance(rule.kind, str) or rule.kind not in OPTIONS:
        raise SpcValueError("kind", f"one of {', '.join(OPTIONS)}", rule.kind)
    if not isinstance(rule.id, str) or not rule.id:
        raise SpcValueError("id", "a name that is not empty", rule.id)
    _validate_options(rule)
    _validate_counts(rule)
    if not _is_number(rule.sigma) or not 0 <= rule.sigma < math.inf:
        raise SpcValueError("sigma", "a finite number that is not negative", rule.sigma)
    if rule.kind in {"beyond", "within", "outside", "range"} and rule.sigma == 0:
        raise SpcValueError("sigma", f"more than 0 for {rule.kind!r}", rule.sigma)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _validate_options(rule: Rule) -> None:
    if not isinstance(rule.options, Mapping):
        raise SpcValueError("options", "a mapping from the name of an ambiguity to its answer", rule.options)
    for name, answer in rule.options.items():
        allowed = OPTIONS[rule.kind].get(name)
        if allowed is None:
            names = ", ".join(OPTIONS[rule.kind]) or "none"
            raise SpcValueError("options", f"names known for {rule.kind!r} ({names})", name)
        if answer not in allowed:
            raise SpcValueError(f"options[{name!r}]", f"one of {', '.join(allowed)}", answer)
    sides = SIDES.get(rule.kind, ("same",))
    if rule.side not in sides:
        raise SpcValueError("side", f"one of {', '.join(sides)} for {rule.kind!r}", rule.side)


def _validate_counts(rule: Rule) -> None:
    least = {"trend": 2, "alternation": 3}.get(rule.kind, 1)
    for name, number in (("k", rule.k), ("n", rule.n)):
        if isinstance(number, bool) or not isinstance(number, int):
            raise SpcValueError(name, "a whole number", number)
    if not least <= rule.k <= MAX_PATTERN:
        raise SpcValueError("k", f"{least} to {MAX_PATTERN} for {rule.kind!r}", rule.k)
    if rule.kind == "zone" and not rule.k <= rule.n <= MAX_WINDOW:
        raise SpcValueError("n", f"k to {MAX_WINDOW} (k = {rule.k}) for 'zone'", rule.n)
    if rule.kind == "outside" and rule.side == "both" and rule.k < 2:
        raise SpcValueError("k", "at least 2 where both sides must occur", rule.k)


def validate_rules(rule_set: RuleSet) -> None:
    """Refuse a set with a rule that has no meaning, or with two rules of one id.

    Raises:
        SpcValueError: see ``validate_rule``.
    """
    if not isinstance(rule_set, RuleSet) or not isinstance(rule_set.rules, Sequence):
        raise SpcValueError("rule_set", "a RuleSet with a sequence of rules", rule_set)
    seen: set[str] = set()
    for rule in rule_set.rules:
        validate_rule(rule)
        if rule.id in seen:
            raise SpcValueError("rules", "rule ids that differ", rule.id)
        seen.add(rule.id)


@checked
def check_rules(
    rule_set: RuleSet,
    symmetric: bool,
    asked: bool,
    *,
    zones: bool = True,
    independent: bool = True,
    series: bool = False,
) -> None:
    """Refuse rules that make no sense on a panel, with the reason.

    Args:
        rule_set: the rules meant for the panel.
        symmetric: whether the plotted statistic is distributed alike on both sides of the centre.
        asked: whether the user chose these rules for this very panel.
        zones: whether the statistic has a standard deviation to measure zones in.
        independent: whether plotted values are independent of each other (EWMA, CUSUM and moving averages are not).
        series: whether the panel is a run chart, where rules on the whole series have a meaning.

    Raises:
        SpcValueError: naming the rule and why it is refused.
    """
    validate_rules(rule_set)
    for rule in rule_set.rules:
        reason = _refusal(rule, symmetric or asked, zones, independent, series)
        if reason:
            raise SpcValueError(f"rules[{rule.id!r}]", reason)


def _refusal(rule: Rule, both_sides_alike: bool, zones: bool, independent: bool, series: bool) -> str:
    if rule.kind in SERIES_KINDS:
        return (
            "" if series else "only on a run chart, because its limits follow the number of points of the whole series"
        )
    if rule.kind == "beyond":
        return (
            "" if zones or rule.option("limits") == "control" else "only the control limits: no zones are defined here"
        )
    if not independent:
        return "only rules on single points here, because neighbouring plotted values are not independent"
    if rule.kind in ZONE_KINDS and not zones:
        return "only rules that need no zones here, because the statistic has no standard deviation to measure them in"
    if not both_sides_alike:
        return "only rules on single points unless asked for, because the statistic is not symmetric about its centre"
    return ""
