"""Tests of normality with p-values, and the moments they are made of.

Owns Anderson-Darling, Cramer-von Mises, Lilliefors, Shapiro-Wilk, Shapiro-Francia, Ryan-Joiner and Jarque-Bera. Everything
is a pure function of one sample; missing values are left out.
"""

import math
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.samples import FloatArray, varying_sample


@dataclass(frozen=True, slots=True)
class NormalityTest:
    """A statistic and its p-value; ``p`` is None where no p-value is defined at this sample size.

    ``adjusted`` is the statistic corrected for the sample size (Anderson-Darling's A*), None for other tests.
    """

    name: str
    statistic: float
    p: float | None
    adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class Moments:
    """Shape of a sample. ``g1``, ``g2`` from central moments (divisor n); ``G1``, ``G2`` corrected for bias.

    Joanes and Gill (1998). ``big_g1`` needs 3 values, ``big_g2`` 4; None below.
    """

    g1: float
    g2: float
    big_g1: float | None
    big_g2: float | None


def anderson_darling_statistic(cdf: FloatArray, survival: FloatArray) -> float:
    """Return A squared of sorted data against a fully specified distribution (Anderson and Darling 1954).

    Args:
        cdf: distribution function at the sorted values, ascending, shape (n,).
        survival: 1 - cdf at the same values, computed without cancellation.
    """
    n = cdf.size
    tiny = np.finfo(float).tiny
    weight = 2.0 * np.arange(1, n + 1) - 1.0
    logs = np.log(np.maximum(cdf, tiny)) + np.log(np.maximum(survival[::-1], tiny))
    return float(-n - np.sum(weight * logs) / n)


def anderson_darling(values: object) -> NormalityTest:
    """Anderson-Darling for the normal with estimated mean and deviation.

    p-value: D'Agostino and Stephens (1986), table 4.9, on A* = A (1 + 0.75/n + 2.25/n^2); 3.7e-24 where A* >= 10.

    Raises:
        SpcValueError: fewer than 3 values, or all equal.
    """
    from scipy.special import ndtr  # noqa: PLC0415

    z = _scores(varying_sample(values, least=3))
    n = z.size
    statistic = anderson_darling_statistic(ndtr(z), ndtr(-z))
    star = statistic * (1.0 + 0.75 / n + 2.25 / n**2)
    return NormalityTest("anderson_darling", statistic, anderson_darling_p(star), star)


def anderson_darling_p(star: float) -> float:
    """p-value of A* (already corrected for n): D'Agostino and Stephens (1986), table 4.9."""
    if star < 0.2:
        return 1.0 - math.exp(-13.436 + 101.14 * star - 223.73 * star**2)
    if star < 0.34:
        return 1.0 - math.exp(-8.318 + 42.796 * star - 59.938 * star**2)
    if star < 0.6:
        return math.exp(0.9177 - 4.279 * star - 1.38 * star**2)
    if star < 10:
        return math.exp(1.2937 - 5.709 * star + 0.0186 * star**2)
    return 3.7e-24


def cramer_von_mises(values: object) -> NormalityTest:
    """Cramer-von Mises for the normal with estimated parameters.

    p-value: D'Agostino and Stephens (1986), table 4.9, on W (1 + 0.5/n); 7.37e-10 where that is 1.1 or more.

    Raises:
        SpcValueError: fewer than 3 values, or all equal.
    """
    from scipy.special import ndtr  # noqa: PLC0415

    z = _scores(varying_sample(values, least=3))
    n = z.size
    statistic = 1.0 / (12 * n) + float(np.sum((ndtr(z) - (2.0 * np.arange(1, n + 1) - 1) / (2 * n)) ** 2))
    w = statistic * (1.0 + 0.5 / n)
    if w < 0.0275:
        p = 1.0 - math.exp(-13.953 + 775.5 * w - 12542.61 * w**2)
    elif w < 0.051:
        p = 1.0 - math.exp(-5.903 + 179.546 * w - 1515.29 * w**2)
    elif w < 0.092:
        p = math.exp(0.886 - 31.62 * w + 10.897 * w**2)
    else:
        p = math.exp(1.111 - 34.242 * w + 12.832 * w**2) if w < 1.1 else 7.37e-10
    return NormalityTest("cramer_von_mises", statistic, p)


def lilliefors(values: object) -> NormalityTest:
    """Kolmogorov-Smirnov distance with estimated parameters (Lilliefors 1967).

    p-value: Dallal and Wilkinson (1986); above 0.1 Stephens (1974).

    Raises:
        SpcValueError: fewer than 5 values, or all equal.
    """
    from scipy.special import ndtr  # noqa: PLC0415

    z = _scores(varying_sample(values, least=5))
    n = z.size
    cdf, rank = ndtr(z), np.arange(1, n + 1)
    d = float(max(np.max(rank / n - cdf), np.max(cdf - (rank - 1) / n)))
    used, size = (d, float(n)) if n <= 100 else (d * (n / 100) ** 0.49, 100.0)
    p = math.exp(
        -7.01256 * used**2 * (size + 2.78019)
        + 2.99587 * used * math.sqrt(size + 2.78019)
        - 0.122119
        + 0.974598 / math.sqrt(size)
        + 1.67997 / size
    )
    return NormalityTest(
        "lilliefors", d, p if p <= 0.1 else _stephens_p((math.sqrt(n) - 0.01 + 0.85 / math.sqrt(n)) * d)
    )


def _stephens_p(k: float) -> float:
    """Stephens (1974): p above 0.1 of the modified distance."""
    pieces = (
        (0.302, (1.0,)),
        (0.5, (2.76773, -19.828315, 80.709644, -138.55152, 81.218052)),
        (0.9, (-4.901232, 40.662806, -97.490286, 94.029866, -32.355711)),
        (1.31, (6.198765, -19.558097, 23.186922, -12.234627, 2.423045)),
    )
    for upper, coefficients in pieces:
        if k <= upper:
            return float(sum(c * k**power for power, c in enumerate(coefficients)))
    return 0.0


def shapiro_wilk(values: object) -> NormalityTest:
    """Shapiro-Wilk W by Royston's algorithm AS R94 (1995), for 3 to 5000 values; p is None above 5000.

    Raises:
        SpcValueError: fewer than 3 values, or all equal.
    """
    from scipy.stats import shapiro  # noqa: PLC0415

    x = varying_sample(values, least=3)
    if x.size > 5000:
        scores = _normal_scores(x.size, 0.375)
        return NormalityTest("shapiro_wilk", _correlation(np.sort(x), scores) ** 2, None)
    # Standardised first: the algorithm works on differences, which a large mean would wipe out.
    result = shapiro((x - np.median(x)) / float(np.ptp(x)))
    return NormalityTest("shapiro_wilk", float(result.statistic), float(result.pvalue))


def shapiro_francia(values: object) -> NormalityTest:
    """Shapiro-Francia W' with Blom scores (Royston 1993); the p-value is defined for 5 to 5000 values, None outside.

    Raises:
        SpcValueError: fewer than 3 values, or all equal.
    """
    from scipy.special import ndtr  # noqa: PLC0415

    x = varying_sample(values, least=3)
    n = x.size
    w = _correlation(np.sort(x), _normal_scores(n, 0.375)) ** 2
    if not 5 <= n <= 5000 or w >= 1:
        return NormalityTest("shapiro_francia", w, None)
    u, v = math.log(n), math.log(math.log(n))
    mean, deviation = -1.2725 + 1.0521 * (v - u), 1.0308 - 0.26758 * (v + 2 / u)
    return NormalityTest("shapiro_francia", w, float(ndtr(-(math.log(1 - w) - mean) / deviation)))


def ryan_joiner(values: object) -> NormalityTest:
    """Ryan-Joiner correlation of the sorted data with Blom scores (i - 3/8)/(n + 1/4) (Ryan and Joiner 1976).

    p is interpolated between the printed critical values at 0.10, 0.05 and 0.01 and clamped to that range.

    Raises:
        SpcValueError: fewer than 4 values, or all equal.
    """
    x = varying_sample(values, least=4)
    n = x.size
    r = _correlation(np.sort(x), _normal_scores(n, 0.375))
    root = math.sqrt(n)
    critical = (
        (1.0071 - 0.1371 / root - 0.3682 / n + 0.7780 / n**2, 0.10),
        (1.0063 - 0.1288 / root - 0.6118 / n + 1.3505 / n**2, 0.05),
        (0.9963 - 0.0211 / root - 1.4106 / n + 3.1791 / n**2, 0.01),
    )
    points = sorted(critical)
    p = float(np.interp(r, [value for value, _ in points], [alpha for _, alpha in points]))
    return NormalityTest("ryan_joiner", r, p)


def jarque_bera(values: object) -> NormalityTest:
    """Jarque-Bera n/6 (g1^2 + g2^2/4), p from chi-square with 2 degrees (Jarque and Bera 1980): large samples.

    Raises:
        SpcValueError: fewer than 3 values, or all equal.
    """
    x = varying_sample(values, least=3)
    shape = moments(x)
    statistic = x.size / 6.0 * (shape.g1**2 + shape.g2**2 / 4.0)
    return NormalityTest("jarque_bera", statistic, math.exp(-statistic / 2.0))


def moments(values: object) -> Moments:
    """Skewness and excess kurtosis, with divisor n and corrected for bias.

    Raises:
        SpcValueError: fewer than 2 values, or all equal.
    """
    x = varying_sample(values)
    n = x.size
    deviation = (x - x.mean()) / float(np.ptp(x))
    m2, m3, m4 = (float(np.mean(deviation**power)) for power in (2, 3, 4))
    g1, g2 = m3 / m2**1.5, m4 / m2**2 - 3.0
    big_g1 = g1 * math.sqrt(n * (n - 1)) / (n - 2) if n > 2 else None
    big_g2 = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6.0) if n > 3 else None
    return Moments(g1, g2, big_g1, big_g2)


def _scores(x: FloatArray) -> FloatArray:
    ordered = np.sort(x)
    scores: FloatArray = (ordered - ordered.mean()) / ordered.std(ddof=1)
    return scores


def _normal_scores(n: int, offset: float) -> FloatArray:
    from scipy.special import ndtri  # noqa: PLC0415

    scores: FloatArray = ndtri((np.arange(1, n + 1) - offset) / (n + 1 - 2 * offset))
    return scores


def _correlation(x: FloatArray, y: FloatArray) -> float:
    a, b = x - x.mean(), y - y.mean()
    return min(1.0, float(a @ b / math.sqrt(float(a @ a) * float(b @ b))))
