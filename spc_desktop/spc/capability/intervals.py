"""Confidence intervals of capability indices, each with the degrees of freedom of the sigma behind the index.

All functions take the estimated index, return ``(lower, upper)`` and raise SpcValueError for a confidence outside (0, 1).
"""

import math
from functools import cache

from spc_desktop.spc.samples import FloatArray, probability

Interval = tuple[float, float]


def chi_square_interval(index: float, df: float, confidence: float) -> Interval:
    """Exact interval of Cp or Pp: index * sqrt(chi2_{alpha/2, df} / df) (Kane 1986). Also Cpm with Boyles' df."""
    from scipy.special import gammaincinv  # noqa: PLC0415

    tail = (1.0 - probability(confidence, "confidence")) / 2.0
    low, high = (2.0 * float(gammaincinv(df / 2.0, p)) for p in (tail, 1.0 - tail))
    return index * math.sqrt(low / df), index * math.sqrt(high / df)


def bissell_interval(index: float, n: int, df: float, confidence: float) -> Interval:
    """Normal approximation for Cpk, Cpl, Cpu: index -+ z sqrt(1/(9n) + index^2/(2 df)) (Bissell 1990).

    Args:
        index: the estimate.
        n: number of measurements behind the mean.
        df: degrees of freedom of sigma.
        confidence: of the two-sided interval. A one-sided bound of confidence c is the end at 2c - 1.
    """
    from scipy.special import ndtri  # noqa: PLC0415

    z = float(ndtri(0.5 + probability(confidence, "confidence") / 2.0))
    half = z * math.sqrt(1.0 / (9.0 * n) + index**2 / (2.0 * df))
    return index - half, index + half


def noncentral_t_interval(index: float, n: int, df: float, confidence: float) -> Interval:
    """Exact interval of a one-sided index: 3 sqrt(n) index is noncentral t with delta = 3 sqrt(n) C (Chou et al. 1990)."""
    tail = (1.0 - probability(confidence, "confidence")) / 2.0
    scale = 3.0 * math.sqrt(n)
    t = scale * index
    return _noncentrality(t, df, 1.0 - tail) / scale, _noncentrality(t, df, tail) / scale


def boyles_df(n: int, mean: float, sigma: float, target: float) -> float:
    """Degrees of freedom of the chi-square approximation for Cpm: n (1 + a^2)^2/(1 + 2 a^2) (Boyles 1991)."""
    a2 = ((mean - target) / sigma) ** 2
    return n * (1.0 + a2) ** 2 / (1.0 + 2.0 * a2)


def _noncentrality(t: float, df: float, p: float) -> float:
    """The noncentrality with P(T <= t) = p, T noncentral t with ``df``: the probability falls with the noncentrality."""
    from scipy.optimize import brentq  # noqa: PLC0415

    width = 10.0 * math.sqrt(1.0 + t * t / (2.0 * df))
    while noncentral_t_cdf(t, df, t + width) > p or noncentral_t_cdf(t, df, t - width) < p:
        width *= 2.0
    return float(brentq(lambda delta: noncentral_t_cdf(t, df, delta) - p, t - width, t + width, xtol=1e-13, rtol=1e-14))


def noncentral_t_cdf(t: float, df: float, delta: float) -> float:
    """P(T <= t) for noncentral t: T = (Z + delta)/s with s = sqrt(chi2_df / df), by quadrature over the smoother of the two.

    No series: those lose digits at the large noncentralities of capability (a few hundred values give delta near 100).
    """
    if t < 0:
        return 1.0 - noncentral_t_cdf(-t, df, -delta)
    return _over_normal(t, df, delta) if t > math.sqrt(2.0 * df) else _over_chi(t, df, delta)


def _over_normal(t: float, df: float, delta: float) -> float:
    """Mean over Z of P(s >= (Z + delta)/t), which is 1 where Z + delta is negative."""
    import numpy as np  # noqa: PLC0415
    from scipy.special import gammaincc, ndtr  # noqa: PLC0415

    low = max(-9.0, -delta)
    if low >= 9.0:
        return 1.0
    z, weights = _nodes(low, 9.0)
    upper = gammaincc(df / 2.0, 0.5 * df * ((z + delta) / t) ** 2)
    return float(ndtr(low) + np.sum(weights * upper * np.exp(-0.5 * z * z)) / math.sqrt(2.0 * math.pi))


def _over_chi(t: float, df: float, delta: float) -> float:
    """Mean over s of P(Z <= t s - delta)."""
    import numpy as np  # noqa: PLC0415
    from scipy.special import gammainccinv, gammaincinv, ndtr  # noqa: PLC0415

    low, high = (math.sqrt(2.0 * float(inverse(df / 2.0, 1e-17)) / df) for inverse in (gammaincinv, gammainccinv))
    s, weights = _nodes(low, high)
    log_density = math.log(2.0) + 0.5 * df * math.log(df / 2.0) - math.lgamma(df / 2.0)
    density = np.exp(log_density + (df - 1.0) * np.log(s) - 0.5 * df * s * s)
    return float(np.sum(weights * density * ndtr(t * s - delta)))


@cache
def _legendre() -> tuple[FloatArray, FloatArray]:
    import numpy as np  # noqa: PLC0415

    nodes, weights = np.polynomial.legendre.leggauss(200)
    return nodes, weights


def _nodes(low: float, high: float) -> tuple[FloatArray, FloatArray]:
    nodes, weights = _legendre()
    return 0.5 * (high - low) * (nodes + 1.0) + low, 0.5 * (high - low) * weights
