"""The automaton that applies a rule set point by point, and its front door for arrays.

``compile_rules`` turns a ``RuleSet`` into a ``RuleMonitor``: ``step`` judges one point from a plain state, ``run`` judges
arrays; both give the same signals for the same data. Rules as data are in ``rules``, the named sets in ``rule_sets``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc import rules_batch
from spc_desktop.spc.arguments import checked
from spc_desktop.spc.rule_sets import RULE_SETS
from spc_desktop.spc.rules import Rule, RuleSet, Violation, check_rules, validate_rules
from spc_desktop.spc.rules_step import Step, write_step

__all__ = ["RULE_SETS", "Rule", "RuleMonitor", "RuleSet", "Violation", "check_rules", "compile_rules", "members"]

FloatArray = NDArray[np.float64]
# Nested lists and tuples of JSON values; see the contract in charts/base.py.
RuleState = Any


class RuleMonitor:
    """A compiled rule set. It holds no data of any series, so one may be shared.

    ``step(state, value, center, sigma, lcl=None, ucl=None, index=0)`` returns the new state and the violations that the
    point completes, in the order of the set. ``center``, ``sigma``, ``lcl``, ``ucl`` are those of the point itself; None
    means that it is not defined there, and what needs it does not count the point. ``sigma`` 0 puts every zone line on the
    centre. A NaN value is no point: every pattern restarts.
    """

    __slots__ = ("_initial", "horizon", "memory", "rule_set", "step")

    step: Step
    memory: tuple[int | None, ...]
    """For each slot of the state: None, or a mask of the bits on which later signals can depend."""

    def __init__(self, rule_set: RuleSet) -> None:
        validate_rules(rule_set)
        self.rule_set = rule_set
        self.step, self._initial, self.memory = write_step(rule_set)
        # The state after a point depends on this many points back at most (rules on the whole series apart).
        self.horizon = max((rule.span for rule in rule_set.rules), default=1) + 1

    def start(self) -> RuleState:
        """Return the state before the first point, and after a gap, a new stage or an excluded point."""
        return self._initial

    def run(
        self,
        value: FloatArray,
        center: FloatArray | float,
        sigma: FloatArray | float | None = None,
        lcl: FloatArray | float | None = None,
        ucl: FloatArray | float | None = None,
        breaks: NDArray[np.bool_] | None = None,
        *,
        state: RuleState = None,
        index: int = 0,
    ) -> dict[str, NDArray[np.int64]]:
        """Judge an array of points at once, as ``step`` would one by one.

        Args:
            value: shape (m,); NaN is no point and restarts every pattern.
            center: shape (m,) or a number; NaN where it is not defined. So are sigma, lcl and ucl, None for none.
            breaks: shape (m,); True where every pattern restarts before the point (a stage, for example).
            state: continue after this state; None starts anew.
            index: position of the first point.

        Returns:
            Rule id to ascending positions that complete the rule, for every rule of the set.
        """
        columns = rules_batch.make_columns(value, center, sigma, lcl, ucl, breaks)
        return rules_batch.run(self, columns, state, index)

    def state_after(
        self,
        value: FloatArray,
        center: FloatArray | float,
        sigma: FloatArray | float | None = None,
        lcl: FloatArray | float | None = None,
        ucl: FloatArray | float | None = None,
        breaks: NDArray[np.bool_] | None = None,
        *,
        state: RuleState = None,
        index: int = 0,
    ) -> RuleState:
        """Return the state that ``step`` would have after these points, from the last few of them (arguments as in run)."""
        columns = rules_batch.make_columns(value, center, sigma, lcl, ucl, breaks)
        return rules_batch.state_after(self, columns, state, index)


def compile_rules(rule_set: RuleSet) -> RuleMonitor:
    """Compile a rule set.

    Raises:
        SpcValueError: a rule of the set has no meaning (see ``rules.validate_rule``).
    """
    return RuleMonitor(rule_set)


@checked
def members(
    rule: Rule,
    position: int,
    value: FloatArray,
    center: FloatArray | float,
    sigma: FloatArray | float | None = None,
    lcl: FloatArray | float | None = None,
    ucl: FloatArray | float | None = None,
    breaks: NDArray[np.bool_] | None = None,
) -> tuple[int, ...]:
    """Return the points of the pattern that the point at ``position`` completes; empty when it completes none.

    Arguments are the arrays of ``RuleMonitor.run``; positions are 0-based in them.
    """
    monitor = compile_rules(RuleSet("", (rule,)))
    first = 0 if rule.kind in {"longest_run", "crossings"} else max(0, position + 1 - monitor.horizon)
    part = slice(first, position + 1)
    columns = rules_batch.make_columns(value, center, sigma, lcl, ucl, breaks).cut(part)
    _, violations = rules_batch.replay(monitor, columns, monitor.start(), first)
    if first > 0 and not violations:
        return ()
    last = [violation for at, violation in violations if at == position]
    return last[0].members if last else ()
