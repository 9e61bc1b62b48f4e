"""Anhøj's rules for run charts: limits that follow the number of useful points (those not on the median).

Longest run: more than round(log2 n) + 3 useful points on one side (Anhøj & Olesen 2014, after Schilling 2012).
Crossings: fewer than the 5 % point of binomial(n - 1, 1/2) (Chen 2010).
"""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.rules import Rule, Violation

_TABLE = 1024
# Up to so many useful points, arrays cost more than they save.
_SHORT = 32
IntArray = NDArray[np.int64]
# (slot, code of the point, position) -> (slot, violations)
Advance = Callable[[Any, int, int], tuple[Any, tuple[Violation, ...]]]


def longest_run_limit(n: int) -> int:
    """Return the longest run that n useful points may show without a signal."""
    return round(math.log2(n)) + 3 if n > 0 else 3


def crossings_limit(n: int) -> int:
    """Return the fewest crossings that n useful points may show without a signal."""
    if n < 2:
        return 0
    return int(_crossings_table((n - 1) // _TABLE)[(n - 1) % _TABLE])


@lru_cache(maxsize=64)
def _crossings_table(page: int) -> IntArray:
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
    return np.array(table, dtype=np.int64)


def _start(trials: int) -> tuple[int, float, float]:
    """Return the 5 % point of binomial(trials, 1/2), its probability, and the probability of at most that."""
    if trials == 0:
        return 0, 1.0, 1.0
    from scipy.special import bdtr  # noqa: PLC0415 - only series of more than a thousand points need it

    q = round(trials / 2 - 0.8224 * math.sqrt(trials))  # the normal approximation, at most a few from the point
    while bdtr(q, trials, 0.5) >= 0.05:
        q -= 1
    while bdtr(q, trials, 0.5) < 0.05:
        q += 1
    below = float(bdtr(q, trials, 0.5))
    return q, below - float(bdtr(q - 1, trials, 0.5)), below


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


def judge_series(
    rule: Rule, codes: NDArray[np.int8], starts: NDArray[np.bool_], slot: Any, index: int
) -> tuple[IntArray, Any]:
    """Judge many points as the advance function would one by one.

    Args:
        rule: of kind ``longest_run`` or ``crossings``.
        codes: shape (m,): 1 above the centre, -1 below, anything else is no useful point.
        starts: shape (m,): True where everything begins anew at the point.
        slot: before the first point.
        index: position of the first point.

    Returns:
        Ascending positions of the points that complete the rule, and the slot after the last point.
    """
    advance, initial = series_advance(rule)
    stretch = _long_runs if rule.kind == "longest_run" else _few_crossings
    borders = [0, *np.flatnonzero(starts).tolist(), codes.size]
    found = [np.zeros(0, dtype=np.int64)]
    for turn, (first, last) in enumerate(pairwise(borders)):
        slot = initial if turn else slot
        at = np.flatnonzero(np.abs(codes[first:last]) == 1)
        side, at = codes[first:last][at].astype(np.int64), at + first + index
        if at.size > _SHORT:
            hits, slot = stretch(at, side, slot)
            found.append(at[hits])
            continue
        for position, code in zip(at.tolist(), side.tolist(), strict=True):
            slot, one = advance(slot, code, position)
            if one:
                found.append(np.array([position], dtype=np.int64))
    return np.concatenate(found), slot


def _long_runs(at: IntArray, side: IntArray, slot: Any) -> tuple[NDArray[np.bool_], Any]:
    """Return which useful points of one stretch complete the rule, and the slot of ``_longest_run`` after them."""
    useful, last_side, run, recent = slot
    place = np.arange(1, at.size + 1)
    turns = np.append(side[0] != last_side, side[1:] != side[:-1])
    begun = np.maximum.accumulate(np.where(turns, place, 1 - run))
    runs = place - begun + 1
    limits = np.round(np.log2(useful + place)).astype(np.int64) + 3
    keep = min(int(runs[-1]), int(limits[-1]) + 1)
    tail = (*recent, *at[-keep:].tolist())[-keep:]
    return runs > limits, (useful + at.size, int(side[-1]), int(runs[-1]), tail)


def _few_crossings(at: IntArray, side: IntArray, slot: Any) -> tuple[NDArray[np.bool_], Any]:
    """The same for ``_crossings``."""
    useful, last_side, crossings = slot
    counts = crossings + np.cumsum(np.append(side[0] == -last_side, side[1:] != side[:-1]))
    first, last = useful, useful + at.size - 1  # numbers of trials
    pages = range(first // _TABLE, last // _TABLE + 1)
    limits = np.concatenate([_crossings_table(page) for page in pages])[first - pages[0] * _TABLE :][: at.size]
    return counts < limits, (last + 1, int(side[-1]), int(counts[-1]))
