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

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.rules import SERIES_KINDS, Rule, RuleSet, validate_rules
from spc_desktop.spc.rules_codes import level_of
from spc_desktop.spc.run_rules import RuleMonitor, compile_rules

FloatArray = NDArray[np.float64]
MAX_STATES = 20_000
MOST_REPLICATIONS = 1_000_000
# The hazard counts as constant after this many points without a change in 13 digits, and at the latest after so many.
_STEADY = 100
_LONGEST = 50_000


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
    longest: int
    """Points of the longest pattern: before, it cannot show in the hazard."""


@checked
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
        replications: number of simulated runs (trend, alternation and difference rules), 100 to 1 000 000.
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
    validate_rules(rule_set)
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
    return Chain(edges, np.array(targets, dtype=np.int64), monitor.horizon)


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
    """Return mean, standard deviation and median of the time until a signal.

    The chain is run point by point until the share of the survivors that signals no longer changes; from there the run
    length is exactly geometric. Nothing is subtracted, so the result keeps its digits however rare a signal is, where a
    solver of I - Q loses them from 1e8 points on.
    """
    n, regions = chain.target.shape
    weight = np.tile(region_probabilities(chain.edges, shift, scale), n)
    source, target = np.repeat(np.arange(n), regions), chain.target.ravel()
    stays = target >= 0
    signal = np.bincount(source[~stays], weights=weight[~stays], minlength=n)
    source, target, weight = source[stays], target[stays], weight[stays]
    mass: FloatArray = np.zeros(n)
    mass[0] = survival = 1.0
    mean = second = steady = last = 0.0
    median = None
    for t in range(_LONGEST):
        hazard = float(mass @ signal) / survival
        steady = steady + 1 if abs(hazard - last) <= 1e-13 * hazard else 0
        if (steady >= _STEADY + chain.longest and t >= 3 * chain.longest) or survival < 1e-300:
            return _geometric(t, survival, hazard, mean, second, median, n)
        last = hazard
        mean += survival
        second += (2 * t + 1) * survival
        mass = np.bincount(target, weights=mass[source] * weight, minlength=n).astype(np.float64)
        survival = float(np.sum(mass))
        if survival <= 0.5 and median is None:
            median = t + 1.0
        if survival <= 0:
            return RunLength(mean, math.sqrt(max(second - mean**2, 0.0)), "exact", states=n, median=median)
    return _geometric(_LONGEST, survival, last, mean, second, median, n)


def _geometric(
    t: int, survival: float, hazard: float, mean: float, second: float, median: float | None, states: int
) -> RunLength:
    """Finish a run length whose hazard is constant from point t on."""
    if hazard <= 0:
        return RunLength(math.inf, math.inf, "exact", states=states)
    mean += survival / hazard
    second += survival * ((2 * t + 1) / hazard + 2 * (1 - hazard) / hazard**2)
    if median is None:
        median = t + math.ceil(math.log(2 * survival) / -math.log1p(-hazard)) if hazard < 1 else t + 1.0
    return RunLength(mean, math.sqrt(max(second - mean**2, 0.0)), "exact", states=states, median=float(median))


def simulate(
    rule_set: RuleSet, shift: float, nsigma: float, scale: float, replications: int, points: int, seed: int
) -> RunLength:
    """Return the run length by simulation; all runs advance together, a stretch at a time, through the batch judge."""
    if not 100 <= replications <= MOST_REPLICATIONS:
        raise SpcValueError("replications", f"100 to {MOST_REPLICATIONS}", replications)
    if points < 10_000:
        raise SpcValueError("points", "at least 10000", points)
    if seed < 0:
        raise SpcValueError("seed", "a whole number of at least 0", seed)
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
    return summarise(lengths, alive, done)


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


def summarise(lengths: FloatArray, alive: NDArray[np.int64], done: int) -> RunLength:
    """Return the run length from simulated ones; the runs in ``alive`` had no signal in ``done`` points."""
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
