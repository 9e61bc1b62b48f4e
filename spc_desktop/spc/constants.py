"""The control chart constants: exact for every subgroup size, and "AIAG rounded" as a named alternative.

Owns d2, d3, d4 (mean, standard deviation and median of the range of n standard normal values), c4, c5 (mean and standard
deviation of their standard deviation), the standard deviation of their median, the 3-sigma chart factors made of them, and
the distribution of the range. Called by ``sigma`` and by every variables chart. Everything is cached and needs no scipy:
sizes up to 25 are literals that a test derives again, larger ones are integrated on first use (some milliseconds),
without an upper end: nothing that grows with n is subtracted, so a million values keep 12 digits as five do.

Sources: Tippett (1925) for the range; Harter (1960), "Tables of range and studentized range"; Montgomery, Introduction to
Statistical Quality Control, Appendix VI for the factors; ASTM MNL 7.
"""

import math
import sys
from dataclasses import dataclass, fields
from functools import cache
from numbers import Real

from spc_desktop.spc import normal_order
from spc_desktop.spc.errors import SpcValueError

_LARGEST = 2**53  # from here on not every whole number is a float
# n: d2, d3, d4, sd of the median
_TABLE: dict[int, tuple[float, float, float, float]] = {
    2: (1.1283791670955126, 0.8525024664274086, 0.9538725524089404, 0.7071067811865476),
    3: (1.6925687506432685, 0.8883680040451936, 1.5877877504463487, 0.6698291607404145),
    4: (2.058750746007928, 0.8798082028249695, 1.9783204855397145, 0.5460765682898415),
    5: (2.325928947281039, 0.8640819410994867, 2.256882493026196, 0.5355685405304133),
    6: (2.5344127212229424, 0.8480396861174756, 2.4716516047934607, 0.4634033519316773),
    7: (2.7043567512138087, 0.833205335622269, 2.6454520357731104, 0.4587448763041472),
    8: (2.8472006120905555, 0.8198314897919171, 2.7908407571363507, 0.41009859199884274),
    9: (2.9700263244184737, 0.8078342745532944, 2.915437913405823, 0.4075552494554809),
    10: (3.0775054616703454, 0.7970506735193817, 3.0242015729725615, 0.371922620764338),
    11: (3.172872703816, 0.7873146205502978, 3.120530892503956, 0.37035447013318495),
    12: (3.258455279743826, 0.7784783412033544, 3.2068532500041624, 0.3428063405464271),
    13: (3.335980354098255, 0.7704162020637241, 3.284959739860856, 0.3417586794821416),
    14: (3.4067631081999536, 0.763023095624753, 3.35620796609214, 0.31963703914921315),
    15: (3.471826889882075, 0.756211429727917, 3.4216503549942487, 0.31889598944227604),
    16: (3.531982786109576, 0.7499080894098893, 3.4821184812079204, 0.3006247016213525),
    17: (3.5878839617653817, 0.7440517839606978, 3.538280289949357, 0.3000776256617277),
    18: (3.6400637579374444, 0.7385908533781521, 3.590680006602601, 0.2846550720652786),
    19: (3.6889630232076493, 0.7334814955188431, 3.6397666407790923, 0.28423753283515735),
    20: (3.734950119596641, 0.7286863457072776, 3.685914771962759, 0.2709926709434292),
    21: (3.778335829842621, 0.7241733407174687, 3.7294399874061606, 0.27066539303449105),
    22: (3.8193846433628327, 0.7199148084341929, 3.77061053677085, 0.2591295218759995),
    23: (3.8583234232850065, 0.7158867354917906, 3.809656260123046, 0.2588673333232588),
    24: (3.8953481484513572, 0.7120681751479103, 3.8467755177718743, 0.2487018456987167),
    25: (3.9306292195071126, 0.7084407658886362, 3.882140633617019, 0.24848794142152303),
}
_AIAG_LARGEST = 25


@dataclass(frozen=True, slots=True)
class Constants:
    """All constants and 3-sigma factors of one subgroup size; D3, B3, D1 and B5 are never below 0."""

    n: int
    d2: float
    d3: float
    d4: float
    c4: float
    c5: float
    A: float
    A2: float
    A3: float
    B3: float
    B4: float
    B5: float
    B6: float
    D1: float
    D2: float
    D3: float
    D4: float
    E2: float
    E3: float
    sd_median: float
    A2_median: float


def check_size(n: float, argument: str = "n", largest: int = _LARGEST) -> int:
    """Return ``n`` as an int, or raise SpcValueError unless it is a whole number from 2 to ``largest``."""
    if isinstance(n, bool) or not isinstance(n, Real) or not 2 <= n <= largest or n != int(n):
        raise SpcValueError(argument, f"a whole number from 2 to {largest}", n)
    return int(n)


def d2(n: int) -> float:
    """Return the mean range of n standard normal values (Tippett 1925)."""
    return _TABLE[n][0] if isinstance(n, int | Real) and n in _TABLE else normal_order.mean_range(check_size(n))


def d3(n: int) -> float:
    """Return the standard deviation of the range of n standard normal values."""
    return _TABLE[n][1] if isinstance(n, int | Real) and n in _TABLE else normal_order.sd_range(check_size(n))


def d4(n: int) -> float:
    """Return the median of the range of n standard normal values."""
    return (
        _TABLE[n][2] if isinstance(n, int | Real) and n in _TABLE else normal_order.range_quantile(0.5, check_size(n))
    )


def sd_median(n: int) -> float:
    """Return the standard deviation of the median of n standard normal values (even n: mean of the middle two)."""
    return _TABLE[n][3] if isinstance(n, int | Real) and n in _TABLE else normal_order.sd_median(check_size(n))


def range_cdf(w: float, n: int) -> float:
    """Return P(range of n standard normal values <= w) (Hartley 1942).

    Raises:
        SpcValueError: w is no finite number, or a size outside the table.
    """
    if not isinstance(w, Real) or not -sys.float_info.max <= w <= sys.float_info.max:
        raise SpcValueError("w", "a finite number", w)
    return normal_order.range_cdf(w, check_size(n))


def range_quantile(p: float, n: int) -> float:
    """Return w with P(range of n standard normal values <= w) = p, accurate to 1e-12 (probability limits of R and MR).

    Raises:
        SpcValueError: p is not between 0 and 1, or a size outside the table.
    """
    if not isinstance(p, Real) or not 0 < p < 1:
        raise SpcValueError("p", "above 0 and below 1", p)
    return normal_order.range_quantile(p, check_size(n))


def c4(n: float) -> float:
    """Return the mean of the standard deviation (divisor n - 1) of n standard normal values.

    ``n`` may be fractional (degrees of freedom + 1) and as large as it likes, but must be above 1.
    """
    if isinstance(n, bool) or not isinstance(n, Real) or not 1 < n < math.inf or n > sys.float_info.max:
        raise SpcValueError("n", "above 1", n)
    return 1 - _short_of_1(n)


def c5(n: float) -> float:
    """Return the standard deviation of the standard deviation of n standard normal values."""
    c4(n)  # refuses what is no size
    missing = _short_of_1(n)
    return math.sqrt(missing * (2 - missing))


def _short_of_1(n: float) -> float:
    """Return 1 - c4, which keeps the digits of c5 at large n."""
    x = (n - 1) / 2
    if x < 50:
        return 1 - math.gamma(x + 0.5) / (math.gamma(x) * math.sqrt(x))
    # Gamma(x + 1/2) / (Gamma(x) sqrt(x)) by its asymptotic series (Tricomi and Erdelyi 1951); error below 1e-15 here.
    y = 1 / x
    terms = (-1 / 8, 1 / 128, 5 / 1024, -21 / 32768, -399 / 262144, 869 / 4194304, 39325 / 33554432)
    total = 0.0
    for term in reversed(terms):
        total = (total + term) * y
    return -total


def constants(n: int, table: str = "exact") -> Constants:
    """Return every constant for subgroups of ``n``.

    Args:
        n: subgroup size, a whole number from 2 up (to 2^53).
        table: ``"exact"`` (12 digits or more at every n), or ``"aiag"`` for the values rounded as the AIAG SPC manual and
            Montgomery print them (d2, d3, d4 and the factors to 3 decimals, c4 to 4), n up to 25.

    Raises:
        SpcValueError: a size outside the table, or an unknown table.
    """
    if not isinstance(table, str) or table not in {"exact", "aiag"}:
        raise SpcValueError("constants", 'one of "exact", "aiag"', table)
    if table == "exact":
        return _exact(check_size(n))
    return _rounded(check_size(n, largest=_AIAG_LARGEST))


@cache
def _rounded(n: int) -> Constants:
    exact = _exact(n)
    digits = {"c4": 4, "c5": 4}
    return Constants(exact.n, *(round(getattr(exact, f.name), digits.get(f.name, 3)) for f in fields(exact)[1:]))


@cache
def _exact(n: int) -> Constants:
    a, r, s = 3 / math.sqrt(n), d2(n), c4(n)
    range_sd, s_sd, median_sd = d3(n), c5(n), sd_median(n)
    return Constants(
        n=n,
        d2=r,
        d3=range_sd,
        d4=d4(n),
        c4=s,
        c5=s_sd,
        A=a,
        A2=a / r,
        A3=a / s,
        B3=max(0.0, 1 - 3 * s_sd / s),
        B4=1 + 3 * s_sd / s,
        B5=max(0.0, s - 3 * s_sd),
        B6=s + 3 * s_sd,
        D1=max(0.0, r - 3 * range_sd),
        D2=r + 3 * range_sd,
        D3=max(0.0, 1 - 3 * range_sd / r),
        D4=1 + 3 * range_sd / r,
        E2=3 / r,
        E3=3 / s,
        sd_median=median_sd,
        A2_median=3 * median_sd / r,
    )
