"""Order statistics of n standard normal values by numerical integration: their range and their median.

Owns the integrals behind ``constants`` and ``moving_range_theory`` and the grid they are taken on; needs no scipy. Sizes are
taken as given: ``constants`` checks them.

Sources: Tippett (1925) and Hartley (1942) for the range; David (1970), Order Statistics, for the median.
"""

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

# Integration. On the whole line the trapezoid rule converges exponentially for these integrands, so a coarse uniform grid is
# exact to rounding; on the half line of a range, Gauss-Legendre does the same.
STEP = 1 / 16
REACH = 10.0


def upper_tail(x: FloatArray) -> FloatArray:
    """Return P(Z > x) element by element; numpy has no erfc."""
    root = math.sqrt(0.5)
    flat = [0.5 * math.erfc(value * root) for value in x.ravel().tolist()]
    return np.array(flat).reshape(x.shape)


def grid() -> FloatArray:
    half = round(REACH / STEP)
    return np.linspace(-half * STEP, half * STEP, 2 * half + 1)


def density(x: FloatArray) -> FloatArray:
    phi: FloatArray = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return phi


@cache
def legendre(count: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of Gauss-Legendre on (-1, 1); numpy finds them anew each time, in milliseconds."""
    return np.polynomial.legendre.leggauss(count)


@cache
def mean_range(n: int) -> float:
    """Integrate 1 - Phi^n - (1 - Phi)^n over the line (Tippett 1925)."""
    upper = upper_tail(grid())
    above = -np.expm1(n * np.log1p(-np.minimum(upper, 1 - 2**-53)))  # 1 - Phi^n without cancellation
    return float(np.sum(above - upper**n) * STEP)


def range_cdf(w: float, n: int) -> float:
    """Return P(range of n standard normal values <= w) (Hartley 1942)."""
    return float(range_cdfs(np.array([float(w)]), n)[0]) if w > 0 else 0.0


def range_cdfs(w: FloatArray, n: int) -> FloatArray:
    """Integrate n phi(x) [Phi(x + w) - Phi(x)]^(n - 1) for each w > 0; x is the smallest value."""
    x = grid()
    # The difference of upper tails keeps full relative precision where x > 0, and enough where x < 0.
    inside = np.clip(upper_tail(x)[None, :] - upper_tail(x[None, :] + w[:, None]), 0.0, 1.0)
    cdf: FloatArray = n * STEP * np.sum(density(x)[None, :] * inside ** (n - 1), axis=1)
    return np.minimum(cdf, 1.0)


@cache
def range_quantile(p: float, n: int) -> float:
    """Return w with P(range of n standard normal values <= w) = p, for 0 < p < 1; accurate to 1e-12."""
    return _solve(lambda w: range_cdf(w, n) - p, 0.0, 2 * REACH)


def _solve(f: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of an increasing f between low and high by the Illinois form of regula falsi."""
    f_low, f_high = f(low), f(high)
    root = high
    for _ in range(200):
        root = high - f_high * (high - low) / (f_high - f_low)
        value = f(root)
        if abs(value) < 1e-16 or high - low < 1e-14 * high:
            break
        if value > 0:
            high, f_high, f_low = root, value, f_low / 2
        else:
            low, f_low, f_high = root, value, f_high / 2
    return root


@cache
def sd_range(n: int) -> float:
    """Return sqrt(E R^2 - d2^2) with E R^2 = 2 * integral of w P(R > w)."""
    total = 0.0
    nodes, weights = legendre(40)
    for low, high in pairwise((0.0, 2.0, 4.0, 6.0, 8.0, 11.0, 15.0)):
        w = (high - low) / 2 * nodes + (high + low) / 2
        total += (high - low) / 2 * float(np.sum(weights * w * (1 - range_cdfs(w, n))))
    return math.sqrt(2 * total - mean_range(n) ** 2)


@cache
def sd_median(n: int) -> float:
    """Integrate u^2 times the density of the median u; even n: u is the midpoint of the middle two, t apart (David 1970)."""
    scale = min(1.0, 4 / math.sqrt(n))  # the density narrows as n grows, and the grid with it
    x, step = grid() * scale, STEP * scale
    m = (n - 1) // 2
    log_factor = math.lgamma(n + 1) - 2 * math.lgamma(m + 1)
    if n % 2:
        log_density = log_factor + m * (np.log(upper_tail(x)) + np.log(upper_tail(-x)))
        return math.sqrt(float(np.sum(x * x * np.exp(log_density) * density(x))) * step)
    nodes, weights = legendre(80)
    # Neighbours in the middle of n values are about sqrt(2 pi) / n apart; 50 times that loses nothing.
    reach = min(2 * REACH, 125 / n)
    total = 0.0
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        t = reach * (node + 1) / 2
        below, above = x - t / 2, x + t / 2
        log_rest = m * (np.log(upper_tail(-below)) + np.log(upper_tail(above)))
        values = x * x * np.exp(log_factor + log_rest) * density(below) * density(above)
        total += weight * reach / 2 * float(np.sum(values)) * step
    return math.sqrt(total)
