"""Run lengths of any combination of run rules: exact by Markov chain, or by simulation where trends are judged.

Sources: Champ & Woodall (1987) Technometrics 29(4). The chain is explored with the very automaton that judges the user's
points, so it is the run length of exactly the ticked rules. Points are independent and normal with known centre and sigma.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.rules import SERIES_KINDS, Rule, RuleSet
from spc_desktop.spc.rules_codes import level_of
from spc_desktop.spc.run_rules import RuleMonitor, compile_rules

FloatArray = NDArray[np.float64]
MAX_STATES = 20_000
_STABLE_FROM = 1e5


@dataclass(frozen=True, slots=True)
class RunLength:
    """Average run length in points, from the first point after a (re)start up to and including the signal."""

    arl: float
    sdrl: float
    """Standard deviation of the run length."""
    method: str
    """``"exact"``, or ``"simulation"``."""
    se: float = 0.0
    """Standard error of ``arl``; 0 when exact."""
    states: int = 0
    """Transient states of the chain; 0 when simulated."""
    median: float | None = None
    """Median run length; None where the run length is not finite or a simulation was cut short."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The transient part of the chain of a rule set: ``target[i, r]`` is the next state of i in region r, -1 a signal."""

    edges: tuple[float, ...]
    """Boundaries of the regions in z, ascending."""
    target: NDArray[np.int64]


def rule_run_length(
    rule_set: RuleSet,
    shift: float = 0.0,
    *,
    nsigma: float = 3.0,
    scale: float = 1.0,
    replications: int = 20_000,
    points: int = 20_000_000,
    seed: int = 1,
) -> RunLength:
    """Return the run length of a rule set on independent normal points.

    Args:
        rule_set: the rules, judged together; the first signal ends the run.
        shift: of the mean, in standard deviations of the plotted statistic.
        nsigma: distance of the control limits, in the same unit.
        scale: ratio of the true to the assumed standard deviation.
        replications: number of simulated runs (trend, alternation and difference rules).
        points: most points to simulate; what is then unfinished counts as censored (the tail is nearly exponential).
        seed: of the simulation.

    Raises:
        SpcValueError: no rule, a rule without meaning or without limits of its own, a shift or scale that is no number.
    """
    _check(rule_set, shift, nsigma, scale)
    if all(_zonal(rule) for rule in rule_set.rules):
        chain = explore(rule_set, nsigma)
        if chain is not None:
            return solve(chain, shift, scale)
    return simulate(rule_set, shift, nsigma, scale, replications, points, seed)


def _check(rule_set: RuleSet, shift: float, nsigma: float, scale: float) -> None:
    if not rule_set.rules:
        raise SpcValueError("rule_set", "at least one rule")
    for rule in rule_set.rules:
        if rule.kind in SERIES_KINDS:
            raise SpcValueError("rule_set", "rules with limits that do not follow the length of the series", rule.id)
    if not math.isfinite(shift):
        raise SpcValueError("shift", "a finite number", shift)
    for name, value in (("nsigma", nsigma), ("scale", scale)):
        if not (math.isfinite(value) and value > 0):
            raise SpcValueError(name, "a finite number above 0", value)


def _zonal(rule: Rule) -> bool:
    """Whether a rule asks only in which zone each point lies, so that a finite chain describes it."""
    return rule.kind not in {"trend", "alternation"} and rule.options.get("range") != "difference"


def explore(rule_set: RuleSet, nsigma: float = 3.0) -> Chain | None:
    """Return the reachable transient states of a zonal rule set; None when there are more than ``MAX_STATES``."""
    monitor = compile_rules(rule_set)
    edges = _edges(rule_set, nsigma)
    points = [edges[0] - 1.0, *((a + b) / 2 for a, b in pairwise(edges)), edges[-1] + 1.0]
    start = monitor.start()
    number: dict[Any, int] = {start: 0}
    queue = [start]
    targets: list[list[int]] = []
    for state in queue:  # the list grows while it is walked: breadth first
        row = []
        for z in points:
            after, hits = monitor.step(state, z, 0.0, 1.0, -nsigma, nsigma, 0)
            row.append(-1 if hits else _number(_forget(after, monitor), number, queue))
        if len(number) > MAX_STATES:
            return None
        targets.append(row)
    return Chain(edges, np.array(targets, dtype=np.int64))


def _number(state: Any, number: dict[Any, int], queue: list[Any]) -> int:
    if state not in number:
        number[state] = len(queue)
        queue.append(state)
    return number[state]


def _forget(state: Any, monitor: RuleMonitor) -> tuple[Any, ...]:
    """The state without what no later point can ask about, so that equal futures are one state."""
    return tuple([slot if bits is None else slot & bits for slot, bits in zip(state, monitor.memory, strict=True)])


def _edges(rule_set: RuleSet, nsigma: float) -> tuple[float, ...]:
    lines = {0.0}
    for rule in rule_set.rules:
        level = level_of(rule)
        if level.form == "control":
            lines |= {nsigma, -nsigma}
        elif level.form == "zone":
            line = level.sigma * (nsigma / 3.0 if level.scale == "limits" else 1.0)
            lines |= {line, -line}
    return tuple(sorted(lines))


def region_probabilities(edges: Sequence[float], shift: float, scale: float = 1.0) -> FloatArray:
    """Return the probability of each region, without cancellation in either tail."""
    x = [(edge - shift) / scale for edge in edges]
    bounds = [-math.inf, *x, math.inf]
    return np.array([_between(a, b) for a, b in pairwise(bounds)])


def _between(a: float, b: float) -> float:
    root = math.sqrt(2.0)
    if a >= 0:
        return 0.5 * (math.erfc(a / root) - math.erfc(b / root))
    if b <= 0:
        return 0.5 * (math.erfc(-b / root) - math.erfc(-a / root))
    return 1.0 - 0.5 * (math.erfc(-a / root) + math.erfc(b / root))


def solve(chain: Chain, shift: float, scale: float = 1.0) -> RunLength:
    """Return mean and standard deviation of the time until a signal."""
    from scipy.sparse import csc_matrix  # noqa: PLC0415 - scipy is slow to import
    from scipy.sparse.linalg import splu  # noqa: PLC0415

    probability = region_probabilities(chain.edges, shift, scale)
    n, regions = chain.target.shape
    source = np.repeat(np.arange(n), regions)
    target = chain.target.ravel()
    weight = np.tile(probability, n)
    inside = target >= 0
    moves = csc_matrix((weight[inside], (source[inside], target[inside])), shape=(n, n))
    if not np.any(weight[~inside] > 0):
        return RunLength(math.inf, math.inf, "exact", states=n)
    identity = csc_matrix((np.ones(n), (np.arange(n), np.arange(n))), shape=(n, n))
    try:
        factors = splu(identity - moves)
    except RuntimeError:  # singular to double precision: the stable elimination decides
        return _eliminate(moves.toarray(), _absorbed(source, weight, inside, n), n)
    mean = factors.solve(np.ones(n))
    second = factors.solve(1.0 + 2.0 * np.asarray(moves @ mean))
    if not 0 < mean[0] < _STABLE_FROM:
        return _eliminate(moves.toarray(), _absorbed(source, weight, inside, n), n)
    sdrl = math.sqrt(max(second[0] - mean[0] ** 2, 0.0))
    return RunLength(float(mean[0]), sdrl, "exact", states=n, median=_median(moves))


def _median(moves: Any) -> float:
    """First t with P(run length <= t) >= 1/2; after 1000 steps the survival falls by a constant factor."""
    backward = moves.T.tocsr()
    mass = np.zeros(moves.shape[0])
    mass[0] = survival = before = 1.0
    for t in range(1, 1001):
        mass = backward @ mass
        before, survival = survival, float(np.sum(mass))
        if survival <= 0.5:
            return float(t)
    return 1000.0 + math.ceil(math.log(0.5 / survival) / math.log(survival / before))


def _absorbed(source: NDArray[np.int64], weight: FloatArray, inside: NDArray[np.bool_], n: int) -> FloatArray:
    return np.bincount(source[~inside], weights=weight[~inside], minlength=n).astype(np.float64)


def _eliminate(moves: FloatArray, signal: FloatArray, states: int) -> RunLength:
    """Solve without a subtraction (Grassmann, Taksar & Heyman 1985): exact to many digits however long the run.

    A run this long is as good as exponential, so its standard deviation is its mean.
    """
    time = np.ones(len(signal))
    for k in range(len(signal) - 1, 0, -1):
        leaving = float(np.sum(moves[k, :k]) + signal[k])
        if leaving == 0:
            return RunLength(math.inf, math.inf, "exact", states=states)
        into = np.flatnonzero(moves[:k, k])
        share = moves[into, k] / leaving
        moves[into, :k] += share[:, None] * moves[k, :k]
        signal[into] += share * signal[k]
        time[into] += share * time[k]
    arl = float(time[0] / signal[0]) if signal[0] > 0 else math.inf
    return RunLength(
        arl, arl, "exact", states=states, median=math.ceil(arl * math.log(2.0)) if arl < math.inf else None
    )


def simulate(
    rule_set: RuleSet, shift: float, nsigma: float, scale: float, replications: int, points: int, seed: int
) -> RunLength:
    """Return the run length by simulation; all runs advance together, a stretch at a time, through the batch judge."""
    if replications < 100 or points < 10_000:
        raise SpcValueError("replications", "at least 100, and at least 10000 points", (replications, points))
    monitor = compile_rules(rule_set)
    rng = np.random.default_rng(seed)
    keep = monitor.horizon
    lengths = np.zeros(replications)
    alive = np.arange(replications)
    tails = np.empty((replications, 0))
    done = used = 0
    while alive.size and used < points:
        width = int(min(max(200_000 // alive.size, 16), 4096))
        block = np.hstack((tails, rng.normal(shift, scale, (alive.size, width))))
        first = _first_signals(monitor, block, tails.shape[1], nsigma)
        hit = first >= 0
        lengths[alive[hit]] = done + first[hit] + 1
        used += alive.size * width
        alive, tails, done = alive[~hit], block[~hit][:, -keep:], done + width
    return _summary(lengths, alive, done)


def _first_signals(monitor: RuleMonitor, block: FloatArray, skip: int, nsigma: float) -> NDArray[np.int64]:
    """Return for each row the first column after ``skip`` that completes a rule (counted from there), -1 for none."""
    rows, width = block.shape
    breaks = np.zeros(block.size, dtype=np.bool_)
    breaks[::width] = True
    found = monitor.run(block.ravel(), 0.0, 1.0, -nsigma, nsigma, breaks)
    signal = np.zeros(block.size, dtype=np.bool_)
    for positions in found.values():
        signal[positions] = True
    new = signal.reshape(rows, width)[:, skip:]
    return np.where(new.any(axis=1), new.argmax(axis=1), -1).astype(np.int64)


def _summary(lengths: FloatArray, alive: NDArray[np.int64], done: int) -> RunLength:
    lengths[alive] = done
    n = lengths.size
    finished = n - alive.size
    if finished == 0:
        return RunLength(math.inf, math.inf, "simulation", se=math.inf)
    if alive.size:  # censored: total points per signal, as for an exponential run length
        arl = float(np.sum(lengths)) / finished
        return RunLength(arl, arl, "simulation", se=arl / math.sqrt(finished))
    sd = float(np.std(lengths, ddof=1))
    return RunLength(float(np.mean(lengths)), sd, "simulation", se=sd / math.sqrt(n), median=float(np.median(lengths)))
