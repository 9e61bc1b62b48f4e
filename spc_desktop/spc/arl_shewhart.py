"""Operating characteristics of Shewhart charts: Xbar, p, R and S with known parameters.

Sources: Montgomery, Introduction to Statistical Quality Control, sections 6.2.6, 6.3.5 and 7.2.4; the distribution of the range
is that of n independent normal values (Tippett 1925).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.arl_weighted import check_positive, check_shift
from spc_desktop.spc.constants import check_size, constants
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.normal_order import range_cdf, range_tails

FloatArray = NDArray[np.float64]
# No range of normal values is so large: the probability of one is 0 in double precision.
_NO_RANGE = 100.0


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Probability ``beta`` that one point does not signal, and the ARL that follows."""

    beta: float
    arl: float


def _point(beta: float, alarm: float) -> OperatingPoint:
    return OperatingPoint(beta, 1 / alarm if alarm > 0 else math.inf)


@checked
def xbar_oc(n: int, shift: float, nsigma: float = 3.0) -> OperatingPoint:
    """Return the operating point of an Xbar chart (n = 1: individuals).

    Args:
        n: subgroup size.
        shift: of the mean, in standard deviations of single measurements.
        nsigma: width of the limits in standard deviations of the mean.

    Raises:
        SpcValueError: an argument outside what is allowed.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise SpcValueError("n", "a whole number from 1 up", n)
    k, d = check_positive("nsigma", nsigma), abs(check_shift(shift)) * math.sqrt(n)
    root = math.sqrt(2.0)
    alarm = 0.5 * (math.erfc((k - d) / root) + math.erfc((k + d) / root))
    beta = 0.5 * (math.erfc((d - k) / root) - math.erfc((d + k) / root))
    return _point(beta, alarm)


def p_chart_limits(n: int, center: float, nsigma: float = 3.0) -> tuple[float, float]:
    """Return lcl and ucl of a p chart, within 0 and 1."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise SpcValueError("n", "a whole number from 1 up", n)
    if not 0 < center < 1:
        raise SpcValueError("center", "above 0 and below 1", center)
    half = check_positive("nsigma", nsigma) * math.sqrt(center * (1 - center) / n)
    return max(center - half, 0.0), min(center + half, 1.0)


@checked
def p_oc(n: int, center: float, p: float, nsigma: float = 3.0, *, rounding: str = "limits") -> OperatingPoint:
    """Return the operating point of a p chart at the true proportion ``p``.

    Args:
        n: inspected units per sample.
        center: centre line of the chart.
        p: true proportion, 0 to 1.
        rounding: ``"limits"``: a count signals when count / n lies outside the limits, as the chart itself judges;
            ``"floor"``: both limits are first rounded down to whole counts, which are then inside (R package qcc).

    Raises:
        SpcValueError: an argument outside what is allowed.
    """
    from scipy.stats import binom  # noqa: PLC0415 - scipy is slow to import

    if not 0 <= p <= 1:
        raise SpcValueError("p", "0 to 1", p)
    if rounding not in {"limits", "floor"}:
        raise SpcValueError("rounding", "'limits' or 'floor'", rounding)
    if n > 1_000_000:
        raise SpcValueError("n", "at most 1000000 units", n)
    lcl, ucl = p_chart_limits(n, center, nsigma)
    counts = np.arange(n + 1)
    if rounding == "floor":
        inside = (counts >= math.floor(n * lcl)) & (counts <= math.floor(n * ucl))
    else:
        inside = (counts / n >= lcl) & (counts / n <= ucl)
    # Summed over the smaller terms themselves: a difference of two distribution functions would lose the far tail.
    mass = binom.pmf(counts, n, p)
    return _point(float(np.sum(mass[inside])), float(np.sum(mass[~inside])))


def range_tail(w: float, n: int) -> float:
    """Return P(range of n standard normal values > w), with full relative accuracy in the far tail."""
    if w <= 0:
        return 1.0
    return float(range_tails(np.array([float(w)]), n)[0]) if w < _NO_RANGE else 0.0


@checked
def range_oc(n: int, ratio: float = 1.0, nsigma: float = 3.0) -> OperatingPoint:
    """Return the operating point of an R chart when the true sigma is ``ratio`` times the known one.

    Raises:
        SpcValueError: n below 2, ratio or nsigma not above 0.
    """
    check_size(n)
    ratio, k = check_positive("ratio", ratio), check_positive("nsigma", nsigma)
    if not 1e-6 <= ratio <= 1e6:
        raise SpcValueError("ratio", "1e-6 to 1e6", ratio)
    table = constants(n)
    low, high = (table.d2 - k * table.d3) / ratio, (table.d2 + k * table.d3) / ratio
    above = range_tail(high, n)
    below = range_cdf(min(low, _NO_RANGE), n) if low > 0 else 0.0
    return _point(1.0 - above - below, above + below)


@checked
def sd_oc(n: int, ratio: float = 1.0, nsigma: float = 3.0) -> OperatingPoint:
    """Return the operating point of an S chart when the true sigma is ``ratio`` times the known one.

    Raises:
        SpcValueError: n below 2, ratio or nsigma not above 0.
    """
    from scipy.special import gammainc, gammaincc  # noqa: PLC0415 - scipy is slow to import

    check_size(n)
    ratio, k = check_positive("ratio", ratio), check_positive("nsigma", nsigma)
    if not 1e-6 <= ratio <= 1e6:
        raise SpcValueError("ratio", "1e-6 to 1e6", ratio)
    table = constants(n)
    low, high = (table.c4 - k * table.c5) / ratio, (table.c4 + k * table.c5) / ratio
    half = (n - 1) / 2
    above = float(gammaincc(half, half * high**2))
    below = float(gammainc(half, half * low**2)) if low > 0 else 0.0
    return _point(1.0 - above - below, above + below)


def moving_range_alarm(nsigma: float = 3.0) -> float:
    """Return the probability that one moving range of 2 lies above its limit, in control."""
    table = constants(2)
    return range_tail(table.d2 + check_positive("nsigma", nsigma) * table.d3, 2)
