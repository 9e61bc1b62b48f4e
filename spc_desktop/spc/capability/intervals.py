"""Confidence intervals of capability indices, each with the degrees of freedom of the sigma behind the index.

All functions take the estimated index, return ``(lower, upper)`` and raise SpcValueError for a confidence outside (0, 1).
"""

import math

from spc_desktop.spc.samples import probability

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
    return float(brentq(lambda delta: noncentral_t_cdf(t, df, delta) - p, t - width, t + width, xtol=1e-13, rtol=1e-14))


def noncentral_t_cdf(t: float, df: float, delta: float) -> float:
    """P(T <= t) for noncentral t, as the mean of Phi(t s - delta) over s = sqrt(chi2_df / df), by quadrature.

    The integral is smooth and needs no series, which lose digits at the large noncentralities of capability (n of a few
    hundred gives delta near 100).
    """
    import numpy as np  # noqa: PLC0415
    from scipy.special import ndtr  # noqa: PLC0415

    nodes, weights = np.polynomial.legendre.leggauss(200)
    low, high = _chi_range(df)
    s = 0.5 * (high - low) * (nodes + 1.0) + low
    log_density = math.log(2.0) + 0.5 * df * math.log(df / 2.0) - math.lgamma(df / 2.0)
    density = np.exp(log_density + (df - 1.0) * np.log(s) - 0.5 * df * s * s)
    return float(np.sum(weights * density * ndtr(t * s - delta)) * 0.5 * (high - low))


def _chi_range(df: float) -> Interval:
    """Where s = sqrt(chi2_df / df) has all but 1e-17 of its mass."""
    from scipy.special import gammainccinv, gammaincinv  # noqa: PLC0415

    low = math.sqrt(2.0 * float(gammaincinv(df / 2.0, 1e-17)) / df)
    high = math.sqrt(2.0 * float(gammainccinv(df / 2.0, 1e-17)) / df)
    return low, high
