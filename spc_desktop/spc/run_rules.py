"""Run rules as data, and the automaton that applies a set of them point by point.

A rule is a primitive with its numbers; a rule set is a tuple of rules. ``RULE_SETS`` holds the named sets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as data.

    ``kind``: ``beyond`` (point further than ``sigma`` from the centre, strict), ``zone`` (``k`` of ``n`` beyond ``sigma``
    on one side, or on either with ``side="either"``), ``run`` (``k`` in a row on one side), ``trend`` (``k`` points
    steadily rising or falling), ``alternation`` (``k`` points), ``within`` (``k`` in a row inside ``sigma``), ``outside``
    (``k`` in a row outside ``sigma``), ``range`` (neighbours differ by more than ``sigma``).
    """

    id: str
    kind: str
    k: int = 1
    n: int = 1
    sigma: float = 3.0
    side: str = "same"
    """``same``, ``either``, ``both`` (for ``outside``: both sides must occur)."""
    number: int = 0
    """The number printed at the point ("1" to "8" for Nelson)."""
    options: Mapping[str, str] = field(default_factory=dict)
    """Named answers to the ambiguities, for example ``{"counting": "moves"}`` or ``{"window": "full"}``."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A named tuple of rules, judged together on one panel."""

    name: str
    rules: tuple[Rule, ...]


RULE_SETS: dict[str, RuleSet] = {}
