"""Johnson's system of transformations to normality: bounded (SB), lognormal (SL), unbounded (SU), normal (SN).

There is no one definition: the methods choose differently. ``fit_johnson`` searches the z of Slifker and Shapiro (1980) for
the transform that looks most normal (Chou, Polansky and Mason 1998, what most programs offer); ``fit_johnson_quantiles`` is
Wheeler's (1980) method of five quantiles.

z = gamma + eta f((x - epsilon)/lambda), f(u) = log(u/(1 - u)) for SB, log u for SL, asinh u for SU, u for SN.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.normality import anderson_darling, shapiro_wilk
from spc_desktop.spc.samples import FloatArray, varying_sample

QUANTILES = ("hazen", "linear")
"""How the four quantiles of the search are interpolated: Hazen's rule n p + 1/2 (Chou et al.), or 1 + (n - 1) p."""


@dataclass(frozen=True, slots=True)
class JohnsonTransform:
    """A fitted curve. ``epsilon`` and ``lmbda`` are in units; ``z`` is the spacing chosen and ``p`` its p-value of normality
    (both None for the quantile method).
    """

    family: str
    gamma: float
    eta: float
    epsilon: float
    lmbda: float
    z: float | None = None
    p: float | None = None

    def transform(self, values: object) -> FloatArray:
        """Return the normal scores of the values, shape (n,).

        Raises:
            SpcValueError: a value outside the range of the curve.
        """
        x = np.asarray(values, dtype=np.float64).ravel()
        if not self.covers(x):
            raise SpcValueError("values", f"values inside the range of the {self.family} curve")
        return self._scores(x)

    def covers(self, x: FloatArray) -> bool:
        """Whether every value lies inside the range of the curve."""
        if not np.isfinite(x).all():
            return False
        if self.family == "SB":
            return bool(x.min() > self.epsilon and x.max() < self.epsilon + self.lmbda)
        return self.family != "SL" or bool(x.min() > self.epsilon)

    def inverse(self, score: float) -> float:
        """Return the value with this normal score."""
        u = (score - self.gamma) / self.eta
        if self.family == "SB":
            return self.epsilon + self.lmbda / (1.0 + math.exp(-u)) if u > -700 else self.epsilon
        curve = {"SL": math.exp, "SU": math.sinh, "SN": float}[self.family]
        return self.epsilon + self.lmbda * curve(min(u, 700.0))

    def _scores(self, x: FloatArray) -> FloatArray:
        u = (x - self.epsilon) / self.lmbda
        if self.family == "SB":
            u = np.log((x - self.epsilon) / (self.lmbda + self.epsilon - x))
        elif self.family == "SL":
            u = np.log(u)
        elif self.family == "SU":
            u = np.arcsinh(u)
        scores: FloatArray = self.gamma + self.eta * u
        return scores


@checked
def fit_johnson(values: object, test: str = "anderson_darling", quantiles: str = "hazen") -> JohnsonTransform:
    """Search z = 0.25, 0.26, ... 1.25 for the transform with the largest p-value of normality.

    Args:
        values: the sample, at least 10 values.
        test: ``"anderson_darling"`` or ``"shapiro_wilk"``.
        quantiles: one of ``QUANTILES``.

    Raises:
        SpcValueError: fewer than 10 values, all equal, an unknown choice, or no curve that covers the sample.
    """
    tests: dict[str, Callable[[object], float]] = {
        "anderson_darling": lambda scores: anderson_darling(scores).p or 0.0,
        "shapiro_wilk": lambda scores: shapiro_wilk(scores).p or 0.0,
    }
    if test not in tests:
        raise SpcValueError("test", "one of " + ", ".join(tests), test)
    if quantiles not in QUANTILES:
        raise SpcValueError("quantiles", "one of " + ", ".join(QUANTILES), quantiles)
    x = varying_sample(values, least=10)
    best: JohnsonTransform | None = None
    for family in ("SB", "SL", "SU"):
        for curve in _curves(np.sort(x), family, quantiles):
            if not curve.covers(x):
                continue
            scores = curve.transform(x)
            if np.ptp(scores) <= 1e-12:
                continue
            p = tests[test](scores)
            if best is None or p > (best.p or 0.0):
                best = JohnsonTransform(family, curve.gamma, curve.eta, curve.epsilon, curve.lmbda, curve.z, p)
    if best is None:
        raise SpcValueError("values", "values that a Johnson curve covers")
    return best


def fit_johnson_quantiles(values: object) -> JohnsonTransform:
    """Wheeler's (1980) quantile estimators from the 5, 20.6, 50, 79.4 and 95 % quantiles (interpolation 1 + (n - 1) p).

    The location and scale are least squares of the quantiles on the curve. With ratios within 0.1 of 1 the family is SL or
    SN.

    Raises:
        SpcValueError: fewer than 10 values, all equal, or quantiles that no curve of the family passes through.
    """
    x = varying_sample(values, least=10)
    probabilities = [0.05, 0.206, 0.5, 0.794, 0.95]
    xp, xk, x0, xm, xn = (float(q) for q in np.quantile(x, probabilities))
    if not xp < xk < x0 < xm < xn:
        raise SpcValueError("values", "values whose 5, 20.6, 50, 79.4 and 95 % quantiles all differ")
    t, tu = (xn - x0) / (x0 - xp), (xn - xp) / (xm - xk)
    tb = 0.5 * ((xm - x0) * (xn - xp) / ((xn - xm) * (x0 - xp)) + (xk - x0) * (xp - xn) / ((xp - xk) * (x0 - xn)))
    family, gamma, eta = _wheeler_shape(t, tu, tb)
    u = np.array([-_ZN, -_ZN / 2.0, 0.0, _ZN / 2.0, _ZN])
    if family != "SN":
        u = np.exp((u - gamma) / eta)
        u = u / (1.0 + u) if family == "SB" else u if family == "SL" else (u - 1.0 / u) / 2.0
    quantiles = np.array([xp, xk, x0, xm, xn])
    scale = float((u - u.mean()) @ quantiles) / float((u - u.mean()) @ (u - u.mean()))
    return JohnsonTransform(family, gamma, eta, float(quantiles.mean()) - scale * float(u.mean()), scale)


_ZN = 1.64485363
"""The normal 95 % point with the eight decimals of Wheeler's tables, so that published fits are reproduced."""


def _wheeler_shape(t: float, tu: float, tb: float) -> tuple[str, float, float]:
    ratio = tb / tu
    if abs(ratio - 1.0) < 0.1:
        if abs(t - 1.0) < 0.1:
            return "SN", 0.0, 1.0
        return "SL", 0.0, _ZN / math.log(t)
    half = (tb if ratio > 1 else tu) / 2.0
    if half <= 1.0:
        raise SpcValueError("values", "values whose quantiles a Johnson curve passes through")
    root = half + math.sqrt(half * half - 1.0)
    eta, b = _ZN / (2.0 * math.log(root)), root * root
    if not 1.0 / b < t < b:
        raise SpcValueError("values", "values whose quantiles a Johnson curve passes through")
    if ratio > 1:
        return "SB", -eta * math.log((t - b) / (1.0 - t * b)), eta
    return "SU", -0.5 * eta * math.log((1.0 - t * b) / (t - b)), eta


def _curves(ordered: FloatArray, family: str, quantiles: str) -> Iterator[JohnsonTransform]:
    """The curve of one family for every z at which it exists (Slifker and Shapiro 1980, equations 4 to 13)."""
    from scipy.special import ndtr  # noqa: PLC0415

    shapes = {"SB": _bounded, "SL": _lognormal, "SU": _unbounded}
    for step in range(101):
        z = 0.25 + step / 100.0
        x1, x2, x3, x4 = (_quantile(ordered, float(ndtr(k * z)), quantiles) for k in (-3.0, -1.0, 1.0, 3.0))
        low, mid, high = x2 - x1, x3 - x2, x4 - x3
        if min(low, mid, high) <= 0:
            continue
        curve = shapes[family](z, (x2 + x3) / 2.0, (low, mid, high))
        if curve is not None:
            yield curve


def _bounded(z: float, centre: float, gaps: tuple[float, float, float]) -> JohnsonTransform | None:
    low, mid, high = gaps
    a, b = mid / high, mid / low
    excess = a * b - 1.0
    inner = 0.5 * math.sqrt((1.0 + a) * (1.0 + b))
    square = ((1.0 + a) * (1.0 + b) - 2.0) ** 2 - 4.0
    if excess <= 0 or inner <= 1 or square <= 0:
        return None
    eta = z / math.acosh(inner)
    gamma = eta * math.asinh((b - a) * math.sqrt((1.0 + a) * (1.0 + b) - 4.0) / (2.0 * excess))
    scale = mid * math.sqrt(square) / excess
    return JohnsonTransform("SB", gamma, eta, centre - scale / 2.0 + mid * (b - a) / (2.0 * excess), scale, z)


def _lognormal(z: float, centre: float, gaps: tuple[float, float, float]) -> JohnsonTransform | None:
    _, mid, high = gaps
    ratio = high / mid
    if ratio <= 1:
        return None
    eta = 2.0 * z / math.log(ratio)
    gamma = eta * math.log((ratio - 1.0) / math.sqrt(high * mid))
    return JohnsonTransform("SL", gamma, eta, centre - mid / 2.0 * (ratio + 1.0) / (ratio - 1.0), 1.0, z)


def _unbounded(z: float, centre: float, gaps: tuple[float, float, float]) -> JohnsonTransform | None:
    low, mid, high = gaps
    a, b = high / mid, low / mid
    excess = a * b - 1.0
    if excess <= 0 or a + b <= 2:
        return None
    eta = 2.0 * z / math.acosh((a + b) / 2.0)
    gamma = eta * math.asinh((b - a) / (2.0 * math.sqrt(excess)))
    scale = 2.0 * mid * math.sqrt(excess) / ((a + b - 2.0) * math.sqrt(a + b + 2.0))
    return JohnsonTransform("SU", gamma, eta, centre + mid * (b - a) / (2.0 * (a + b - 2.0)), scale, z)


def _quantile(ordered: FloatArray, p: float, rule: str) -> float:
    n = ordered.size
    if rule == "linear":
        return float(np.quantile(ordered, p))
    position = n * p + 0.5
    if position <= 1:
        return float(ordered[0])
    if position >= n:
        return float(ordered[-1])
    whole = math.floor(position)
    return float(ordered[whole - 1] + (ordered[whole] - ordered[whole - 1]) * (position - whole))
