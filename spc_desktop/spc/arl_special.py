"""Run lengths of the charts that no run rule describes: zone scores, moving averages, times and counts between events, |S|.

Sources: Davis, Homer & Woodall (1990) JQT 22 for the chain of the zone chart; Nelson (1994) JQT 26(3) for times between events;
Anderson, An Introduction to Multivariate Statistical Analysis, section 7.5, for |S| as a product of chi-squares. Parameters
count as known, points as independent.
"""

import math
from collections.abc import Sequence

import numpy as np

from spc_desktop.spc.arl_rules import RunLength, region_probabilities, summarise
from spc_desktop.spc.arl_weighted import check_positive
from spc_desktop.spc.charts.multivariate import variance_factors
from spc_desktop.spc.charts.rare_events import POWER
from spc_desktop.spc.errors import SpcValueError

_ZONE_STATES = 3000
_REPLICATIONS = 4000
_POINTS = 20_000_000
_DRAWS = 1_000_000


def zone_arl(scores: Sequence[float], threshold: float) -> float:
    """Return the in-control ARL of a zone chart's score, exact by Markov chain; infinite where no score can reach it.

    Args:
        scores: of the four zones, from the centre outwards.
        threshold: the score at which the chart signals.

    Raises:
        SpcValueError: scores that reach the threshold by more ways than a chain can follow.
    """
    if max(scores) <= 0:
        return math.inf
    zones = region_probabilities((-3.0, -2.0, -1.0, 0.0), 0.0)[:4][::-1]  # of one side, from the centre outwards
    number: dict[tuple[int, float], int] = {(0, 0.0): 0}
    states = [(0, 0.0)]
    moves: list[tuple[int, int, float]] = []
    for at, (side, score) in enumerate(states):  # the list grows while it is walked
        for here in (1, -1):
            for zone, chance in zip(scores, zones.tolist(), strict=True):
                after = (here, (score if here == side else 0.0) + zone)
                if after[1] >= threshold:
                    continue
                if after not in number:
                    number[after] = len(states)
                    states.append(after)
                moves.append((at, number[after], chance))
        if len(states) > _ZONE_STATES:
            raise SpcValueError("scores", f"scores that make at most {_ZONE_STATES} sums below the threshold", scores)
    left = np.eye(len(states))
    for source, target, chance in moves:
        left[source, target] -= chance
    return float(np.linalg.solve(left, np.ones(len(states)))[0])


def moving_average_run_length(span: int, nsigma: float = 3.0, *, seed: int = 1) -> RunLength:
    """Return the in-control run length of a moving average of normal values, by simulation with its standard error.

    Args:
        span: values per average; the first ones average fewer and have wider limits.
        nsigma: distance of the limits in standard deviations of the average.
        seed: of the simulation.

    Raises:
        SpcValueError: a span below 2 or above 1000, or nsigma not above 0.
    """
    if isinstance(span, bool) or not isinstance(span, int) or not 2 <= span <= 1000:
        raise SpcValueError("span", "a whole number from 2 to 1000", span)
    width = check_positive("nsigma", nsigma)
    rng = np.random.default_rng(seed)
    lengths, alive = np.zeros(_REPLICATIONS), np.arange(_REPLICATIONS)
    tail = np.zeros((_REPLICATIONS, span))  # nothing was before the first value
    done = used = 0
    while alive.size and used < _POINTS:
        block = rng.normal(size=(alive.size, max(256, span)))
        sums = np.cumsum(np.hstack((tail, block)), axis=1)
        sums = sums[:, span:] - sums[:, :-span]
        counts = np.minimum(np.arange(done + 1, done + block.shape[1] + 1), span)
        outside = np.abs(sums) > width * np.sqrt(counts)
        hit = outside.any(axis=1)
        lengths[alive[hit]] = done + outside[hit].argmax(axis=1) + 1
        used += block.size
        done += block.shape[1]
        tail, alive = block[~hit][:, -span:], alive[~hit]
    return summarise(lengths, alive, done)


def time_arl(method: str, nsigma: float = 3.0) -> float:
    """Return the in-control ARL of a t chart for exponential times (``method`` as the chart's option)."""
    if method != "nelson":
        return 1 / math.erfc(check_positive("nsigma", nsigma) / math.sqrt(2))
    mean = math.gamma(1 + 1 / POWER)
    sigma = math.sqrt(math.gamma(1 + 2 / POWER) - mean**2)
    low, high = (max(mean + side * check_positive("nsigma", nsigma) * sigma, 0.0) ** POWER for side in (-1, 1))
    return 1 / (-math.expm1(-low) + math.exp(-high))


def count_between_arl(nsigma: float | None = 3.0, alpha: float = 0.0027) -> float:
    """Return the in-control ARL of a g chart of rare events (p towards 0, where counts over their mean are exponential).

    Args:
        nsigma: distance of its limits; None for probability limits.
        alpha: of the probability limits.
    """
    return 1 / alpha if nsigma is None else math.exp(1 + check_positive("nsigma", nsigma))


def variance_run_length(variables: int, n: int, nsigma: float = 3.0, *, seed: int = 1) -> RunLength:
    """Return the in-control run length of a chart of |S|: exact for 1 and 2 variables, else simulated with its error.

    Raises:
        SpcValueError: not more values per subgroup than variables.
    """
    from scipy.special import chdtr, chdtrc  # noqa: PLC0415 - scipy is slow to import

    b1, b2 = variance_factors(variables, n)
    half = check_positive("nsigma", nsigma) * math.sqrt(b2)
    low, high = max(b1 - half, 0.0) * (n - 1) ** variables, (b1 + half) * (n - 1) ** variables
    if variables <= 2:  # (n - 1)|S| / |Sigma| ~ chi-square of n - 1; with 2 variables its root, doubled, of 2n - 4
        df, points = (n - 1, (low, high)) if variables == 1 else (2 * n - 4, (2 * math.sqrt(low), 2 * math.sqrt(high)))
        arl = 1 / float(chdtr(df, points[0]) + chdtrc(df, points[1]))
        return RunLength(arl, math.sqrt(arl * (arl - 1)), "exact")
    rng = np.random.default_rng(seed)
    product = np.ones(_DRAWS)
    for variable in range(variables):
        product *= rng.chisquare(n - 1 - variable, _DRAWS)
    hits = int(np.count_nonzero((product < low) | (product > high)))
    if not hits:
        return RunLength(math.inf, math.inf, "simulation", se=math.inf)
    arl = _DRAWS / hits
    return RunLength(arl, math.sqrt(arl * (arl - 1)), "simulation", se=arl / math.sqrt(hits))
