"""Power transformations to normality: Box-Cox (overall and within subgroups) and Yeo-Johnson.

Owns the transformations, their inverses and the estimate of lambda. Johnson's system is in ``johnson``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.constants import d2
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.samples import FloatArray, groups, positive_sample, probability, sample, varying_sample

LAMBDA_RANGE = (-5.0, 5.0)
"""Where lambda is looked for, as in the common programs; an optimum at an end is reported as not determined."""

_GRID = 201
_NO_POWER = 1e-12
"""Below this size a power is the logarithm to double precision."""


@dataclass(frozen=True, slots=True)
class PowerTransform:
    """A fitted lambda. ``loglik`` is the profile log-likelihood (with all constants), ``interval`` its likelihood interval.

    An end of ``interval`` is None when the likelihood stays above the limit up to the end of ``LAMBDA_RANGE``.
    ``at_bound`` says that the optimum lies at an end: the data do not determine lambda.
    """

    lmbda: float
    loglik: float
    interval: tuple[float | None, float | None]
    at_bound: bool


@dataclass(frozen=True, slots=True)
class WithinTransform:
    """Lambda that makes the standard deviation within subgroups of the scaled data smallest, and that deviation."""

    lmbda: float
    sigma: float
    at_bound: bool


@checked
def box_cox(values: object, lmbda: float) -> FloatArray:
    """(x^lambda - 1)/lambda, log x at 0 (Box and Cox 1964). Shape (n,), positive values.

    Raises:
        SpcValueError: values at or below zero, or results beyond double precision.
    """
    x = sample(values, least=1)
    if x.min() <= 0:
        raise SpcValueError("values", "values above zero", float(x.min()))
    return _power(np.log(x), _finite(lmbda))


@checked
def box_cox_inverse(transformed: float, lmbda: float) -> float | None:
    """The value whose Box-Cox transform this is; None outside the range of the transformation."""
    if abs(lmbda) < _NO_POWER:
        return math.exp(transformed)
    scaled = lmbda * transformed
    return math.exp(math.log1p(scaled) / lmbda) if scaled > -1.0 else None


@checked
def fit_box_cox(values: object, confidence: float = 0.95) -> PowerTransform:
    """Maximum likelihood lambda over the whole sample (Box and Cox 1964).

    Args:
        values: positive, shape (n,), at least 3.
        confidence: of the likelihood interval (chi-square with 1 degree).

    Raises:
        SpcValueError: values at or below zero, too few, or all equal.
    """
    return _fit(_BoxCox(positive_sample(values, least=3)), confidence)


def box_cox_loglik(values: object, lmbda: float) -> float:
    """Profile log-likelihood at ``lmbda``: -n/2 (log(2 pi s^2) + 1) + (lambda - 1) sum(log x), s^2 with divisor n.

    Raises:
        SpcValueError: values at or below zero, too few, or all equal.
    """
    return _BoxCox(positive_sample(values, least=3)).loglik(lmbda)


@checked
def fit_box_cox_within(values: object, subgroups: bool = True) -> WithinTransform:
    """Lambda that minimises the standard deviation within subgroups of the data scaled by the geometric mean.

    The scaled transform (x^lambda - 1)/(lambda G^(lambda - 1)) (G the geometric mean, G log x at 0) keeps the unit, so that
    deviations can be compared between lambdas. Subgroups use the pooled deviation, individuals the mean moving range / d2.

    Args:
        values: subgroups (rows) when ``subgroups``, else individuals in time order; positive.
        subgroups: which of the two.

    Raises:
        SpcValueError: values at or below zero, or nothing varies within subgroups.
    """
    rows = groups(values) if subgroups else [positive_sample(values, least=3)]
    flat = positive_sample(np.concatenate(rows), least=3)
    log_mean = float(np.mean(np.log(flat)))
    logs = [np.log(row) - log_mean for row in rows]
    if not any(row.size > 1 and np.ptp(row) > 0 for row in logs):
        raise SpcValueError("values", "values that vary within subgroups")
    spread, slope = _pooled_spread(logs) if subgroups else _range_spread(logs[0])
    lmbda, at_bound = _minimise(spread, slope)
    return WithinTransform(lmbda, spread(lmbda) * math.exp(log_mean), at_bound)


Curve = Callable[[float], float]


def _pooled_spread(rows: list[FloatArray]) -> tuple[Curve, Curve]:
    """Pooled deviation of the scaled data over lambda, and a function with the sign of its derivative."""
    df = sum(row.size - 1 for row in rows)

    def spread(lmbda: float) -> float:
        scaled = [_power(row, lmbda) for row in rows]
        return math.sqrt(sum(float(np.sum((z - z.mean()) ** 2)) for z in scaled) / df)

    def slope(lmbda: float) -> float:
        total = 0.0
        for row in rows:
            z = _power(row, lmbda)
            total += float((z - z.mean()) @ _power_slope(row, lmbda))
        return total

    return spread, slope


def _range_spread(logs: FloatArray) -> tuple[Curve, Curve]:
    """Mean moving range / d2 of the scaled data over lambda. The transform keeps the order, so this is smooth."""
    signs = np.sign(np.diff(logs))
    scale = 1.0 / (signs.size * d2(2))

    def spread(lmbda: float) -> float:
        return scale * float(signs @ np.diff(_power(logs, lmbda)))

    def slope(lmbda: float) -> float:
        return float(signs @ np.diff(_power_slope(logs, lmbda)))

    return spread, slope


@checked
def yeo_johnson(values: object, lmbda: float) -> FloatArray:
    """Power transformation for values of either sign (Yeo and Johnson 2000). Shape (n,).

    Raises:
        SpcValueError: no value, or results beyond double precision.
    """
    x = sample(values, least=1)
    power = np.where(x >= 0, _finite(lmbda), 2.0 - lmbda)
    return np.where(x >= 0, 1.0, -1.0) * _power(np.log1p(np.abs(x)), power)


@checked
def fit_yeo_johnson(values: object, confidence: float = 0.95) -> PowerTransform:
    """Maximum likelihood lambda of Yeo-Johnson.

    Raises:
        SpcValueError: fewer than 3 values, or all equal.
    """
    return _fit(_YeoJohnson(varying_sample(values, least=3)), confidence)


class _BoxCox:
    """The profile likelihood and its derivative, on logarithms about their mean: powers of centred logs cannot overflow."""

    def __init__(self, x: FloatArray) -> None:
        logs = np.log(x)
        self.n, self.mean = x.size, float(logs.mean())
        self.logs = logs - self.mean

    def loglik(self, lmbda: float) -> float:
        z = _power(self.logs, lmbda)
        # The transform of x itself is e^(lambda m) times this up to a shift, which the Jacobian term takes back.
        return -0.5 * self.n * (math.log(2.0 * math.pi * float(z.var())) + 1.0) - self.n * self.mean

    def slope(self, lmbda: float) -> float:
        z = _power(self.logs, lmbda)
        dz = _power_slope(self.logs, lmbda)
        centred = z - z.mean()
        return -float(centred @ dz) / float(z.var())


class _YeoJohnson:
    def __init__(self, x: FloatArray) -> None:
        self.n = x.size
        self.logs = np.log1p(np.abs(x))
        self.sign = np.where(x >= 0, 1.0, -1.0)
        self.jacobian = float(np.sum(self.sign * self.logs))

    def _parts(self, lmbda: float) -> tuple[FloatArray, FloatArray]:
        power = np.where(self.sign > 0, lmbda, 2.0 - lmbda)
        return self.sign * _power(self.logs, power), _power_slope(self.logs, power)

    def loglik(self, lmbda: float) -> float:
        z, _ = self._parts(lmbda)
        variance = float(z.var())
        if variance <= 0:
            return -math.inf  # nothing left of the differences at this power
        return -0.5 * self.n * (math.log(2.0 * math.pi * variance) + 1.0) + (lmbda - 1.0) * self.jacobian

    def slope(self, lmbda: float) -> float:
        z, dz = self._parts(lmbda)
        variance = float(z.var())
        return -float((z - z.mean()) @ dz) / variance + self.jacobian if variance > 0 else 0.0


def _fit(model: _BoxCox | _YeoJohnson, confidence: float) -> PowerTransform:
    from scipy.optimize import brentq  # noqa: PLC0415
    from scipy.special import gammaincinv  # noqa: PLC0415

    drop = float(gammaincinv(0.5, probability(confidence, "confidence")))
    grid = np.linspace(*LAMBDA_RANGE, _GRID)
    heights = np.array([model.loglik(lmbda) for lmbda in grid])
    peak = int(np.argmax(heights))
    if not math.isfinite(heights[peak]):
        raise SpcValueError("values", "values that differ by more than rounding")
    low, high = float(grid[max(peak - 1, 0)]), float(grid[min(peak + 1, grid.size - 1)])
    bound = not model.slope(low) > 0 > model.slope(high)
    best = float(grid[peak]) if bound else float(brentq(model.slope, low, high, xtol=1e-15, rtol=1e-14))
    top = model.loglik(best)

    def below(lmbda: float) -> float:
        return model.loglik(lmbda) - top + drop

    ends: list[float | None] = []
    for end in LAMBDA_RANGE:
        found = below(end) < 0 < below(best) if end != best else False
        ends.append(float(brentq(below, min(end, best), max(end, best), xtol=1e-13, rtol=1e-13)) if found else None)
    return PowerTransform(best, top, (ends[0], ends[1]), bound)


def _minimise(spread: Curve, slope: Curve) -> tuple[float, bool]:
    """Minimum over ``LAMBDA_RANGE``: the best of a grid, then the root of the derivative beside it."""
    from scipy.optimize import brentq  # noqa: PLC0415

    grid = np.linspace(*LAMBDA_RANGE, _GRID)
    best = int(np.argmin([spread(float(lmbda)) for lmbda in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _GRID - 1)])
    if not slope(low) < 0 < slope(high):
        return float(grid[best]), True
    return float(brentq(slope, low, high, xtol=1e-15, rtol=1e-14)), False


def _power(logs: FloatArray, lmbda: float | FloatArray) -> FloatArray:
    """(e^(lambda y) - 1)/lambda, y at 0, without cancellation near 0."""
    t: FloatArray = lmbda * logs
    if t.size and float(t.max()) > 200.0:
        raise SpcValueError("lmbda", "a power that keeps the transformed values in range")
    small = np.abs(lmbda) < _NO_POWER
    result: FloatArray = np.where(small, logs, np.expm1(t) / np.where(small, 1.0, lmbda))
    return result


def _power_slope(logs: FloatArray, lmbda: float | FloatArray) -> FloatArray:
    """Derivative of ``_power`` in lambda: (y e^t - expm1(t)/lambda)/lambda, by its series where t is small."""
    t = lmbda * logs
    small = np.abs(t) < 1e-4
    safe = np.where(small, 1.0, lmbda)
    direct = (logs * np.exp(t) - np.expm1(t) / safe) / safe
    series = logs**2 * (0.5 + t / 3.0 + t * t / 8.0)
    result: FloatArray = np.where(small, series, direct)
    return result


def _finite(lmbda: float) -> float:
    if not math.isfinite(lmbda):
        raise SpcValueError("lmbda", "a finite number", lmbda)
    return lmbda
