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
    2: (1.1283791670955126, 0.8525024664274218, 0.9538725524089398, 0.7071067811865476),
    3: (1.692568750643269, 0.8883680040452043, 1.587787750446347, 0.6698291607404144),
    4: (2.058750746007928, 0.8798082028249833, 1.9783204855397125, 0.5460765682898414),
    5: (2.325928947281039, 0.8640819410995041, 2.256882493026194, 0.5355685405304128),
    6: (2.534412721222943, 0.8480396861174953, 2.4716516047934642, 0.46340335193167675),
    7: (2.7043567512138087, 0.8332053356222937, 2.6454520357731135, 0.4587448763041473),
    8: (2.8472006120905555, 0.819831489791944, 2.7908407571363476, 0.41009859199884297),
    9: (2.970026324418474, 0.8078342745533225, 2.915437913405821, 0.40755524945548105),
    10: (3.077505461670346, 0.7970506735194113, 3.024201572972566, 0.3719226207643381),
    11: (3.1728727038160005, 0.7873146205503282, 3.1205308925039597, 0.3703544701331851),
    12: (3.258455279743826, 0.7784783412033843, 3.206853250004158, 0.34280634054642767),
    13: (3.335980354098255, 0.7704162020637548, 3.28495973986086, 0.3417586794821423),
    14: (3.406763108199953, 0.7630230956247903, 3.3562079660921444, 0.31963703914921326),
    15: (3.4718268898820748, 0.756211429727944, 3.4216503549942434, 0.3188959894422764),
    16: (3.531982786109576, 0.7499080894099159, 3.4821184812079164, 0.30062470162135285),
    17: (3.5878839617653817, 0.7440517839607315, 3.5382802899493537, 0.3000776256617271),
    18: (3.6400637579374444, 0.7385908533781779, 3.5906800066025975, 0.28465507206527846),
    19: (3.6889630232076493, 0.7334814955188684, 3.6397666407790967, 0.2842375328351566),
    20: (3.734950119596641, 0.7286863457073053, 3.685914771962765, 0.2709926709434287),
    21: (3.778335829842621, 0.7241733407174991, 3.729439987406157, 0.27066539303449083),
    22: (3.8193846433628327, 0.7199148084342234, 3.770610536770846, 0.25912952187599975),
    23: (3.858323423285007, 0.7158867354918145, 3.8096562601230413, 0.2588673333232586),
    24: (3.8953481484513564, 0.7120681751479372, 3.8467755177718694, 0.24870184569871698),
    25: (3.930629219507113, 0.708440765888655, 3.882140633617013, 0.24848794142152292),
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
