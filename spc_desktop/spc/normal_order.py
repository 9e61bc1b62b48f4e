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
# exact to rounding; on the half line of a range, Gauss-Legendre does the same. The extremes of n values vary by about
# 1/sqrt(2 log n) at a distance of sqrt(2 log n): from a thousand values on the grid is finer and wider (good up to 1e16).
STEP = 1 / 16
REACH = 10.0
MANY = 1000
_FINE = 1 / 64
_FAR = 14.0
_ALMOST_1 = 1 - 2**-53


def upper_tail(x: FloatArray) -> FloatArray:
    """Return P(Z > x) element by element; numpy has no erfc."""
    root = math.sqrt(0.5)
    flat = [0.5 * math.erfc(value * root) for value in x.ravel().tolist()]
    return np.array(flat).reshape(x.shape)


def grid(step: float = STEP, reach: float = REACH) -> FloatArray:
    half = round(reach / step)
    return np.linspace(-half * step, half * step, 2 * half + 1)


def _grid_of(n: int) -> tuple[FloatArray, float]:
    """Return the grid for the extremes of n values, and its step."""
    return (grid(), STEP) if n <= MANY else (grid(_FINE, _FAR), _FINE)


def density(x: FloatArray) -> FloatArray:
    phi: FloatArray = np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)
    return phi


@cache
def legendre(count: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of Gauss-Legendre on (-1, 1); numpy finds them anew each time, in milliseconds."""
    return np.polynomial.legendre.leggauss(count)


@cache
def mean_range(n: int) -> float:
    """Integrate 1 - Phi^n - (1 - Phi)^n over the line (Tippett 1925); it is even, and has its digits where x > 0."""
    x, step = _grid_of(n)
    upper = upper_tail(np.abs(x))
    above = -np.expm1(n * np.log1p(-upper))  # 1 - Phi^n without cancellation
    with np.errstate(under="ignore"):
        return float(np.sum(above - upper**n) * step)


def range_cdf(w: float, n: int) -> float:
    """Return P(range of n standard normal values <= w) (Hartley 1942)."""
    return float(range_cdfs(np.array([float(w)]), n)[0]) if w > 0 else 0.0


def range_cdfs(w: FloatArray, n: int) -> FloatArray:
    """Integrate n phi(x) [Phi(x + w) - Phi(x)]^(n - 1) for each w > 0; x is the smallest value."""
    x, step = _grid_of(n)
    beyond = upper_tail(x[None, :] + w[:, None])
    if n > MANY:  # the inside is all but 1: what is outside keeps the digits
        outside = np.minimum(upper_tail(-x)[None, :] + beyond, _ALMOST_1)
        power = np.exp((n - 1) * np.log1p(-outside))
    else:
        # The difference of upper tails keeps full relative precision where x > 0, and enough where x < 0.
        power = np.clip(upper_tail(x)[None, :] - beyond, 0.0, 1.0) ** (n - 1)
    cdf: FloatArray = n * step * np.sum(density(x)[None, :] * power, axis=1)
    return np.minimum(cdf, 1.0)


def range_tails(w: FloatArray, n: int) -> FloatArray:
    """Return P(range > w) for each w > 0, with full relative accuracy in the far tail.

    1 = n int phi(x) (1 - Phi(x))^(n-1); the tail is that minus the same with Phi(x + w) - Phi(x), factored.
    """
    # Far out, the tail comes from x about -w/2, which the grid must reach.
    step = STEP if n <= MANY else _FINE
    x = grid(step, (REACH if n <= MANY else _FAR) + float(np.max(w)) / 2)
    upper = np.maximum(upper_tail(x), np.finfo(float).tiny)
    share = np.minimum(upper_tail(x[None, :] + w[:, None]) / upper, _ALMOST_1)
    power = np.exp((n - 1) * np.log1p(-np.minimum(upper_tail(-x), _ALMOST_1)))
    tail: FloatArray = n * step * np.sum(density(x) * power * -np.expm1((n - 1) * np.log1p(-share)), axis=1)
    return np.minimum(tail, 1.0)


@cache
def range_quantile(p: float, n: int) -> float:
    """Return w with P(range of n standard normal values <= w) = p, for 0 < p < 1; accurate to 1e-12."""
    return _solve(lambda w: range_cdf(w, n) - p, 0.0, 2 * (REACH if n <= MANY else _FAR))


def _solve(f: Callable[[float], float], low: float, high: float) -> float:
    """Return the root of an increasing f between low and high: halving to a small bracket, then Illinois' regula falsi."""
    for _ in range(7):
        middle = (low + high) / 2
        low, high = (low, middle) if f(middle) > 0 else (middle, high)
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
    """Integrate the squared distance of the range from its mean: nothing large is subtracted, however large n is.

    Var R = 2 int (w - d2) P(R > w) above d2 + 2 int (d2 - w) P(R <= w) below.
    """
    mean = mean_range(n)
    width = 1.0 if n <= MANY else 4.0 / mean  # the ends of many values vary by about 2 / mean
    nodes, weights = legendre(24)
    total = 0.0
    edges = [width * edge for edge in (0.0, 1.0, 2.5, 5.0, 9.0, 16.0)]
    for low, high in pairwise(edges):
        t = (high - low) / 2 * nodes + (high + low) / 2
        total += (high - low) / 2 * float(np.sum(weights * t * range_tails(mean + t, n)))
    for low, high in pairwise([*(edge for edge in edges if edge < mean), min(mean, edges[-1])]):
        t = (high - low) / 2 * nodes + (high + low) / 2
        total += (high - low) / 2 * float(np.sum(weights * t * range_cdfs(mean - t, n)))
    return math.sqrt(2 * total)


def _erf(x: FloatArray) -> FloatArray:
    """Return 2 Phi(x) - 1 element by element."""
    root = math.sqrt(0.5)
    return np.array([math.erf(value * root) for value in x.tolist()])


@cache
def sd_median(n: int) -> float:
    """Integrate u^2 times the density of the median u; even n: u is the midpoint of the middle two, t apart (David 1970).

    Only the shape of the density is written down: it is divided by its own integral, which keeps the digits at large n.
    """
    scale = min(1.0, 4 / math.sqrt(n))  # the density narrows as n grows, and the grid with it
    x = grid() * scale
    m = (n - 1) // 2
    if n % 2:
        shape = np.exp(m * np.log1p(-np.minimum(_erf(x) ** 2, _ALMOST_1))) * density(x)
        return math.sqrt(float(np.sum(x * x * shape)) / float(np.sum(shape)))
    nodes, weights = legendre(80)
    # Neighbours in the middle of n values are about sqrt(2 pi) / n apart; 50 times that loses nothing.
    reach = min(2 * REACH, 125 / n)
    second = whole = 0.0
    for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
        t = reach * (node + 1) / 2
        below, above = x - t / 2, x + t / 2
        low, high = _erf(below), _erf(above)
        gap = high - low
        if t < 0.02:  # the difference by its series, which does not cancel
            gap = 2 * density(x) * t * (1 + t * t * ((x * x - 1) / 24 + t * t * (x**4 - 6 * x * x + 3) / 1920))
        rest = np.exp(m * np.log1p(-np.minimum(gap + low * high, _ALMOST_1)))
        shape = weight * rest * density(below) * density(above)
        second += float(np.sum(x * x * shape))
        whole += float(np.sum(shape))
    return math.sqrt(second / whole)
