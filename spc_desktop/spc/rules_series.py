"""Anhøj's rules for run charts: limits that follow the number of useful points (those not on the median).

Longest run: more than round(log2 n) + 3 useful points on one side (Anhøj & Olesen 2014, after Schilling 2012).
Crossings: fewer than the 5 % point of binomial(n - 1, 1/2) (Chen 2010).
"""

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from spc_desktop.spc.rules import Rule, Violation

_TABLE = 1024
# (slot, code of the point, position) -> (slot, violations)
Advance = Callable[[Any, int, int], tuple[Any, tuple[Violation, ...]]]


def longest_run_limit(n: int) -> int:
    """Return the longest run that n useful points may show without a signal."""
    return round(math.log2(n)) + 3 if n > 0 else 3


def crossings_limit(n: int) -> int:
    """Return the fewest crossings that n useful points may show without a signal."""
    if n < 2:
        return 0
    return _crossings_table((n - 1) // _TABLE)[(n - 1) % _TABLE]


@lru_cache(maxsize=64)
def _crossings_table(page: int) -> tuple[int, ...]:
    """The limits for ``page * _TABLE`` trials and on: the distribution is carried from one number of trials to the next."""
    trials = page * _TABLE
    q, mass, below = _start(trials)
    table = []
    for m in range(trials, trials + _TABLE):
        table.append(q)
        below -= 0.5 * mass
        mass *= (m + 1) / (2 * (m + 1 - q))
        if below < 0.05:
            mass *= (m + 1 - q) / (q + 1)
            q += 1
            below += mass
    return tuple(table)


def _start(trials: int) -> tuple[int, float, float]:
    """Return the 5 % point of binomial(trials, 1/2), its probability, and the probability of at most that."""
    if trials == 0:
        return 0, 1.0, 1.0
    from scipy.stats import binom  # noqa: PLC0415 - only series of more than a thousand points need it

    q = int(binom.ppf(0.05, trials, 0.5))
    return q, float(binom.pmf(q, trials, 0.5)), float(binom.cdf(q, trials, 0.5))


def series_advance(rule: Rule) -> tuple[Advance, Any]:
    """Return the advance function and first slot of a ``longest_run`` or ``crossings`` rule."""
    return _longest_run(rule) if rule.kind == "longest_run" else _crossings(rule)


def _longest_run(rule: Rule) -> tuple[Advance, Any]:
    """Slot: useful points, side of the last, run length, positions of the run's last points (limit + 1 at most)."""

    def advance(slot: Any, code: int, index: int) -> tuple[Any, tuple[Violation, ...]]:
        useful, side, run, recent = slot
        if code not in {1, -1}:
            return slot, ()
        useful += 1
        limit = longest_run_limit(useful)
        run = run + 1 if code == side else 1
        recent = (*recent, index)[-(limit + 1) :] if code == side else (index,)
        hits = (Violation(rule.id, tuple(recent)),) if run > limit else ()
        return (useful, code, run, recent), hits

    return advance, (0, 0, 0, ())


def _crossings(rule: Rule) -> tuple[Advance, Any]:
    """Slot: useful points, side of the last, crossings."""

    def advance(slot: Any, code: int, index: int) -> tuple[Any, tuple[Violation, ...]]:
        useful, side, crossings = slot
        if code not in {1, -1}:
            return slot, ()
        useful += 1
        crossings += side == -code
        hits = (Violation(rule.id, (index,)),) if crossings < crossings_limit(useful) else ()
        return (useful, code, crossings), hits

    return advance, (0, 0, 0)
