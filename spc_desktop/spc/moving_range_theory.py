"""How precise the estimators from moving ranges are: variances and means for independent normal values with sigma 1.

Owns what makes moving ranges different from ranges of subgroups: neighbours share values. ``runs`` are the lengths of the
uninterrupted runs of moving ranges, so every gap and stage is counted exactly. Called by ``sigma``.
"""

import math
from collections import Counter
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc import constants as k
from spc_desktop.spc.normal_order import STEP, grid, legendre, range_cdf, upper_tail

FloatArray = NDArray[np.float64]


def mean_range_variance(span: int, runs: tuple[int, ...]) -> float:
    """Return the variance of the mean of all moving ranges, from the covariances of ranges that share values."""
    count = sum(runs)
    total = count * k.d3(span) ** 2
    for lag in range(1, span):
        pairs = sum(max(0, length - lag) for length in runs)
        if pairs:
            total += 2 * pairs * range_covariance(span, lag)
    return total / count**2


def median_range_variance(span: int, runs: tuple[int, ...]) -> float:
    """Return the large-sample variance of the median moving range (Bahadur 1966).

    The indicators "below the median" of ranges that share values are taken as correlated like a normal pair with the
    correlation of the ranges; that moves the degrees of freedom by less than one percent.
    """
    count = sum(runs)
    at = k.d4(span)
    density = (range_cdf(at + 1e-4, span) - range_cdf(at - 1e-4, span)) / 2e-4
    total = count / 4
    for lag in range(1, span):
        pairs = sum(max(0, length - lag) for length in runs)
        if pairs:
            correlation = range_covariance(span, lag) / k.d3(span) ** 2
            total += 2 * pairs * math.asin(correlation) / (2 * math.pi)
    return total / (count * density) ** 2


@cache
def range_covariance(span: int, lag: int) -> float:
    """Return the covariance of the ranges of two windows of ``span`` values that are ``lag`` apart.

    Hoeffding's formula on the largest and smallest value of each window; span 2 has a closed form.
    """
    if span == 2:
        return 2 * (2 / math.pi) * (math.sqrt(3) / 2 + math.pi / 12 - 1)
    shared = span - lag
    x = grid()
    cdf = 1 - upper_tail(x)
    largest = crossed = 0.0
    nodes, weights = legendre(24)
    for low, high in pairwise((0.0, 2.0, 4.0, 7.0, 11.0, 16.0)):
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            t = (high - low) / 2 * node + (high + low) / 2
            share = weight * (high - low) / 2 * STEP
            above = upper_tail(x + t)
            upper = 1 - above
            # Both windows' largest values, one t above the other: 2 * (P(both below) - product).
            largest += share * 2 * float(np.sum(cdf**span * upper**lag * (1 - upper**shared)))
            # Largest of one against smallest of the other: the largest t above, then t below, the smallest.
            inside = np.clip(upper - cdf, 0, 1) ** shared
            product = upper**span * (1 - cdf) ** span
            crossed -= share * float(np.sum(upper**lag * (1 - cdf) ** lag * inside - product))
            crossed += share * float(np.sum(cdf**span * above**span))
    return 2 * (largest - crossed)


def mssd_mean(runs: tuple[int, ...]) -> float:
    """Return the expectation of sqrt(sum d^2 / 2m) over the m successive differences in ``runs``.

    The root of a quadratic form Q has E sqrt(Q) = pi^-1/2 * integral over u > 0 of (1 - E exp(-u^2 Q)) / u^2, and the
    moment generating function is a product of determinants of tridiagonal matrices, one for each run.
    """
    m = sum(runs)
    nodes, weights = legendre(120)
    s = (nodes + 1) / 2
    c = (s / (1 - s)) ** 2 / m
    root = np.sqrt(1 + 4 * c)
    large = (1 + 2 * c + root) / 2
    log_ratio = 2 * np.log(c / large)  # the two roots of the recursion multiply to c^2
    log_determinant = np.zeros_like(c)
    for length, times in Counter(runs).items():
        power = np.log1p(-np.exp((length + 1) * log_ratio))
        log_determinant += times * ((length + 1) * np.log(large) + power - np.log(root))
    missing = -np.expm1(-log_determinant / 2)
    return float(np.sum(weights / 2 * missing / s**2)) / math.sqrt(math.pi)
