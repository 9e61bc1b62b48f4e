"""Statistical tolerance intervals: limits that hold a stated share of the population with a stated confidence.

Owns the normal factors (exact, Howe) and the distribution-free intervals.
"""

import math
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.samples import probability, sample, varying_sample

SIDES = ("both", "lower", "upper")


@dataclass(frozen=True, slots=True)
class ToleranceInterval:
    """Limits in the unit of the values; None on a side that is not bounded.

    ``k`` is the factor of the normal interval (None for distribution-free). ``achieved`` is the confidence that the
    interval really has: the one asked for in the normal case, at least that in the distribution-free case.
    """

    lower: float | None
    upper: float | None
    coverage: float
    confidence: float
    achieved: float
    k: float | None


@checked
def one_sided_factor(n: int, coverage: float, confidence: float) -> float:
    """Exact one-sided factor k: noncentral t quantile over sqrt(n) (Owen 1968; ISO 16269-6).

    Args:
        n: number of values, at least 2.
        coverage: share of the population beyond neither limit, 0 to 1.
        confidence: 0 to 1.

    Raises:
        SpcValueError: n below 2, or a probability outside (0, 1).
    """
    from scipy.optimize import brentq  # noqa: PLC0415
    from scipy.special import ndtri  # noqa: PLC0415

    from spc_desktop.spc.capability.intervals import noncentral_t_cdf  # noqa: PLC0415

    _size(n)
    root = math.sqrt(n)
    delta = float(ndtri(probability(coverage, "coverage"))) * root
    level = probability(confidence, "confidence")
    width = 10.0 * (1.0 + abs(delta) / math.sqrt(2.0 * (n - 1)))
    low = high = delta
    while noncentral_t_cdf(low, n - 1, delta) > level:
        low -= width
    while noncentral_t_cdf(high, n - 1, delta) < level:
        high += width
        width *= 2.0
    return float(brentq(lambda t: noncentral_t_cdf(t, n - 1, delta) - level, low, high, xtol=1e-12, rtol=1e-14)) / root


@checked
def two_sided_factor(n: int, coverage: float, confidence: float) -> float:
    """Exact two-sided factor k, by integration over the mean (Odeh 1978; ISO 16269-6).

    The share between mean -+ k s is at least ``coverage`` with probability ``confidence``: given the mean at z/sqrt(n) from
    the centre, s must be at least r(z)/k, where the interval centred there of half-width r covers exactly ``coverage``.

    Raises:
        SpcValueError: n below 2, or a probability outside (0, 1).
    """
    from scipy.optimize import brentq  # noqa: PLC0415
    from scipy.special import gammaincc  # noqa: PLC0415

    _size(n)
    share, level = probability(coverage, "coverage"), probability(confidence, "confidence")
    if min(share, level) < 1e-6:
        raise SpcValueError("coverage", "coverage and confidence from 1e-6 up", (share, level))
    nodes, weights = np.polynomial.legendre.leggauss(120)
    z = 4.75 * (nodes + 1.0)
    density = 4.75 * weights * 2.0 * np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    half_squared = np.array([_half_width(offset, share) for offset in z / math.sqrt(n)]) ** 2
    df = n - 1.0

    def reached(k: float) -> float:
        return float(np.sum(density * gammaincc(df / 2.0, 0.5 * df * half_squared / k**2)))

    low = high = howe_factor(n, coverage, confidence)
    while reached(low) > level:
        low /= 1.5
    while reached(high) < level:
        high *= 1.5
    return float(brentq(lambda k: reached(k) - level, low, high, xtol=1e-13, rtol=1e-14))


def howe_factor(n: int, coverage: float, confidence: float) -> float:
    """Howe's (1969) approximation of the two-sided factor, as printed in NIST/SEMATECH 7.2.6.3.

    Raises:
        SpcValueError: n below 2, or a probability outside (0, 1).
    """
    from scipy.special import gammaincinv, ndtri  # noqa: PLC0415

    _size(n)
    z = float(ndtri(0.5 + probability(coverage, "coverage") / 2.0))
    chi2 = 2.0 * float(gammaincinv((n - 1) / 2.0, 1.0 - probability(confidence, "confidence")))
    return z * math.sqrt((n - 1) * (1.0 + 1.0 / n) / chi2)


@checked
def normal_tolerance(
    values: object, coverage: float = 0.99, confidence: float = 0.95, side: str = "both"
) -> ToleranceInterval:
    """Tolerance interval of a normal population: mean -+ k s, exact factors.

    Raises:
        SpcValueError: fewer than 2 values, all equal, an unknown side, or a probability outside (0, 1).
    """
    _side(side)
    x = varying_sample(values)
    n, mean, sd = int(x.size), float(x.mean()), float(x.std(ddof=1))
    k = (two_sided_factor if side == "both" else one_sided_factor)(n, coverage, confidence)
    lower = None if side == "upper" else mean - k * sd
    upper = None if side == "lower" else mean + k * sd
    return ToleranceInterval(lower, upper, coverage, confidence, confidence, k)


@checked
def nonparametric_tolerance(
    values: object, coverage: float = 0.95, confidence: float = 0.95, side: str = "both"
) -> ToleranceInterval:
    """Distribution-free tolerance interval from order statistics (Wilks 1941): as many as possible are cut off.

    Two-sided, equally many values are left outside at both ends (one more at the upper end where the number is odd).

    Raises:
        SpcValueError: too few values even for the whole range to reach the confidence (the message says how many are
            needed), an unknown side, or a probability outside (0, 1).
    """
    from scipy.special import betaincc  # noqa: PLC0415

    _side(side)
    x = np.sort(sample(values))
    share, level = probability(coverage, "coverage"), probability(confidence, "confidence")
    n = int(x.size)
    least = 2 if side == "both" else 1
    outside = [m for m in range(least, n) if betaincc(n - m + 1, m, share) >= level]
    if not outside:
        raise SpcValueError("values", f"at least {required_size(share, level, side)} values for this interval", n)
    m = max(outside)
    below = m // 2 if side == "both" else m
    lower = None if side == "upper" else float(x[below - 1])
    upper = None if side == "lower" else float(x[n - (m - below if side == "both" else m)])
    return ToleranceInterval(lower, upper, coverage, confidence, float(betaincc(n - m + 1, m, share)), None)


@checked
def required_size(coverage: float, confidence: float, side: str = "both") -> int:
    """Smallest sample whose extremes are a distribution-free tolerance interval (Wilks 1941).

    Raises:
        SpcValueError: an unknown side, or a probability outside (0, 1).
    """
    _side(side)
    share, level = probability(coverage, "coverage"), probability(confidence, "confidence")
    if side != "both":
        return math.ceil(math.log(1.0 - level) / math.log(share) - 1e-9)

    def reached(n: int) -> bool:
        return 1.0 - n * share ** (n - 1) + (n - 1) * share**n >= level

    low, high = 1, 2
    while not reached(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def _half_width(offset: float, share: float) -> float:
    """r with P(|Z - offset| <= r) = share."""
    from scipy.optimize import brentq  # noqa: PLC0415
    from scipy.special import ndtr, ndtri  # noqa: PLC0415

    base = float(ndtri(0.5 + share / 2.0))

    def excess(r: float) -> float:
        return float(ndtr(offset + r) - ndtr(offset - r)) - share

    return float(brentq(excess, base * 0.999, base + offset + 1.0, xtol=1e-14, rtol=1e-14))


def _size(n: int) -> None:
    if isinstance(n, bool) or not isinstance(n, int) or n < 2:
        raise SpcValueError("n", "a whole number of at least 2", n)


def _side(side: str) -> None:
    if side not in SIDES:
        raise SpcValueError("side", "one of " + ", ".join(SIDES), side)
