"""Maximum likelihood of the families of ``distributions``: score equations solved to machine precision.

Every estimator takes an ascending sample that is not all equal and returns the parameters. Location-scale families work on
data brought to the interval 0 to 1 first, so that a large offset or a tiny unit costs no digits.
"""

import math
from collections.abc import Callable

import numpy as np

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.samples import FloatArray

Parameters = dict[str, float]

_GRID = 121
"""Points at which the profile likelihood of a threshold is looked at before a maximum is refined."""

_FAR = 25.0
"""Largest size of the logarithm of the distance of a threshold, in ranges of the sample."""

_THIN = 2000
"""Points of a long sample that take part in the search for a threshold; the maximum itself is refined over all."""


def fit_normal(x: FloatArray) -> Parameters:
    """Mean and the n - 1 standard deviation."""
    return {"mean": float(x.mean()), "sd": float(x.std(ddof=1))}


def fit_lognormal(x: FloatArray) -> Parameters:
    """Mean and ML (divisor n) deviation of the logarithms."""
    logs = _logs(x)
    return {"meanlog": float(logs.mean()), "sdlog": float(logs.std())}


def fit_exponential(x: FloatArray) -> Parameters:
    """The mean of non-negative values."""
    if x[0] < 0:
        raise SpcValueError("values", "values of at least zero for this distribution", float(x[0]))
    return {"mean": float(x.mean())}


def fit_smallest_extreme(x: FloatArray) -> Parameters:
    """Smallest extreme value: scale from its score equation, location in closed form (Lawless 2003, section 5.2)."""
    offset, span, y = _unit(x)
    scale = _extreme_scale(y)
    loc = scale * math.log(float(np.mean(np.exp((y - 1.0) / scale)))) + 1.0
    return {"loc": offset + span * loc, "scale": span * scale}


def fit_largest_extreme(x: FloatArray) -> Parameters:
    """Largest extreme value (Gumbel): the mirror image of the smallest."""
    mirrored = fit_smallest_extreme(-x[::-1])
    return {"loc": -mirrored["loc"], "scale": mirrored["scale"]}


def fit_weibull(x: FloatArray) -> Parameters:
    """Two-parameter Weibull: its logarithm is smallest extreme value."""
    logs = fit_smallest_extreme(_logs(x))
    return {"shape": 1.0 / logs["scale"], "scale": math.exp(logs["loc"])}


def fit_logistic(x: FloatArray) -> Parameters:
    """Logistic by Newton's method in (1/scale, loc/scale), where the likelihood is concave (Burridge 1981)."""
    offset, span, y = _unit(x)
    slope, shift = _logistic_newton(y)
    return {"loc": offset + span * shift / slope, "scale": span / slope}


def fit_loglogistic(x: FloatArray) -> Parameters:
    """Loglogistic: its logarithm is logistic; both parameters are of the logarithm."""
    return fit_logistic(_logs(x))


def fit_gamma(x: FloatArray) -> Parameters:
    """Two-parameter gamma: log(shape) - digamma(shape) = log(mean) - mean(log) (Johnson, Kotz, Balakrishnan 1994, 17.7).

    The left side lies between 1/(2 shape) and 1/shape, which brackets the root.
    """
    from scipy.optimize import brentq  # noqa: PLC0415
    from scipy.special import digamma  # noqa: PLC0415

    _logs(x)
    mean = float(x.mean())
    gap = -float(np.mean(np.log1p((x - mean) / mean)))
    if gap < 1e-14:
        raise SpcValueError("values", "values that differ by more than rounding")
    low, high = math.log(0.4 / gap), math.log(1.1 / gap)
    log_shape = brentq(lambda t: t - float(digamma(math.exp(t))) - gap, low, high, xtol=1e-14, rtol=1e-14)
    shape = math.exp(log_shape)
    return {"shape": shape, "scale": mean / shape}


def fit_exponential_2(x: FloatArray) -> Parameters:
    """Two-parameter exponential with the bias of the threshold removed: min - (mean - min)/(n - 1) (Epstein, Sobel 1954)."""
    n, least = x.size, float(x[0])
    spread = float(x.mean()) - least
    threshold = least - spread / (n - 1)
    return {"mean": float(x.mean()) - threshold, "threshold": threshold}


def with_threshold(inner: Callable[[FloatArray], Parameters], name: str) -> Callable[[FloatArray], Parameters]:
    """Return the estimator of ``name``: ``inner`` after the threshold, which maximises the profile likelihood."""

    def fit(x: FloatArray) -> Parameters:
        offset, span, y = _unit(x)
        threshold = _profile_threshold(y, inner, name)
        parameters = inner((y - threshold) * span)
        return {**parameters, "threshold": offset + span * threshold}

    return fit


def _profile_threshold(y: FloatArray, inner: Callable[[FloatArray], Parameters], name: str) -> float:
    """The highest interior maximum over u = log(distance of the threshold below the least value)."""
    from scipy.optimize import brentq, minimize_scalar  # noqa: PLC0415

    def slope(u: float) -> float:
        """Derivative in the threshold at the inner maximum, where those of the other parameters vanish."""
        threshold = -math.exp(u)
        return _threshold_score(name, inner(y - threshold), y - threshold)

    # A long sample is thinned evenly for the search; its least and largest value stay.
    thin = y if y.size <= _THIN else y[np.linspace(0, y.size - 1, _THIN).astype(int)]
    low, high = _peak(thin, inner, name)
    step = high - low
    while slope(high) < 0 and high < _FAR and thin is not y:  # the whole sample peaks further out than the thinned one
        low, high = low + step, high + step
    while slope(low) > 0 and low > -_FAR and thin is not y:
        low, high = low - step, high - step
    if slope(low) * slope(high) < 0:
        return -math.exp(brentq(slope, low, high, xtol=1e-13, rtol=1e-13))
    found = minimize_scalar(
        lambda u: -_profile(y, u, inner, name), bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    )
    return -math.exp(float(found.x))


def _profile(y: FloatArray, u: float, inner: Callable[[FloatArray], Parameters], name: str) -> float:
    from spc_desktop.spc.distributions import log_density  # noqa: PLC0415

    threshold = -math.exp(u)
    return float(np.sum(log_density(name, {**inner(y - threshold), "threshold": threshold}, y)))


def _peak(y: FloatArray, inner: Callable[[FloatArray], Parameters], name: str) -> tuple[float, float]:
    """The two neighbours on a grid of the highest interior maximum of the profile likelihood."""
    grid = np.linspace(math.log(1e-3 / y.size), math.log(1e3), _GRID)
    heights = np.array([_profile(y, float(u), inner, name) for u in grid])
    peaks = [i for i in range(1, _GRID - 1) if heights[i - 1] < heights[i] >= heights[i + 1]]
    if not peaks:
        raise SpcValueError("values", "data that determine the threshold (the likelihood has no maximum here)")
    best = max(peaks, key=lambda i: heights[i])
    return float(grid[best - 1]), float(grid[best + 1])


def _threshold_score(name: str, parameters: Parameters, above: FloatArray) -> float:
    """Sum of d/dthreshold of the log density, ``above`` = x - threshold."""
    inverse = 1.0 / above
    if name == "gamma_3":
        return float(np.sum(1.0 / parameters["scale"] - (parameters["shape"] - 1.0) * inverse))
    if name == "weibull_3":
        shape, scale = parameters["shape"], parameters["scale"]
        return float(np.sum(inverse * (1.0 - shape + shape * (above / scale) ** shape)))
    if name == "lognormal_3":
        z = (np.log(above) - parameters["meanlog"]) / parameters["sdlog"]
        return float(np.sum(inverse * (1.0 + z / parameters["sdlog"])))
    z = (np.log(above) - parameters["loc"]) / parameters["scale"]
    return float(np.sum(inverse * (1.0 + np.tanh(0.5 * z) / parameters["scale"])))


def _extreme_scale(y: FloatArray) -> float:
    """Root in b of b + mean(y) - sum(y w)/sum(w), w = exp(y/b); increasing in b, for y in 0 to 1."""
    from scipy.optimize import brentq  # noqa: PLC0415

    mean = float(y.mean())

    def score(b: float) -> float:
        w = np.exp(np.maximum((y - 1.0) / b, -700.0))
        return b + mean - float(y @ w) / float(w.sum())

    low = 1e-3
    while score(low) > 0 and low > 1e-12:
        low /= 10.0
    return float(brentq(score, low, 10.0, xtol=1e-16, rtol=1e-15))


def _logistic_newton(y: FloatArray) -> tuple[float, float]:
    from scipy.special import log_expit  # noqa: PLC0415

    def height(slope: float, shift: float) -> float:
        if slope <= 0:
            return -math.inf
        z = slope * y - shift
        return y.size * math.log(slope) + float(np.sum(log_expit(z) + log_expit(-z)))

    slope = math.pi / math.sqrt(3.0) / float(y.std())
    shift = slope * float(y.mean())
    now = height(slope, shift)
    for _ in range(100):
        half = np.tanh(0.5 * (slope * y - shift))
        curve = 0.5 * (1.0 - half * half)
        gradient = np.array([y.size / slope - float(y @ half), float(half.sum())])
        cross = float(y @ curve)
        hessian = np.array([[y.size / slope**2 + float((y * y) @ curve), -cross], [-cross, float(curve.sum())]])
        step = np.linalg.solve(hessian, gradient)
        factor = 1.0
        while (then := height(slope + factor * step[0], shift + factor * step[1])) < now - 1e-9 and factor > 1e-9:
            factor /= 2.0
        slope, shift, now = slope + factor * step[0], shift + factor * step[1], then
        if max(abs(step[0] / slope), abs(step[1] / max(1.0, abs(shift)))) < 1e-14:
            break
    return float(slope), float(shift)


def _unit(x: FloatArray) -> tuple[float, float, FloatArray]:
    """Return least value, range, and the data brought to 0 to 1."""
    low, span = float(x.min()), float(np.ptp(x))
    return low, span, (x - low) / span


def _logs(x: FloatArray) -> FloatArray:
    if x[0] <= 0:
        raise SpcValueError("values", "values above zero for this distribution", float(x[0]))
    logs: FloatArray = np.log(x)
    if logs[0] == logs[-1]:
        raise SpcValueError("values", "values that differ by more than rounding")
    return logs


ESTIMATORS: dict[str, Callable[[FloatArray], Parameters]] = {
    "normal": fit_normal,
    "lognormal": fit_lognormal,
    "weibull": fit_weibull,
    "gamma": fit_gamma,
    "exponential": fit_exponential,
    "logistic": fit_logistic,
    "loglogistic": fit_loglogistic,
    "smallest_extreme": fit_smallest_extreme,
    "largest_extreme": fit_largest_extreme,
    "lognormal_3": with_threshold(fit_lognormal, "lognormal_3"),
    "weibull_3": with_threshold(fit_weibull, "weibull_3"),
    "gamma_3": with_threshold(fit_gamma, "gamma_3"),
    "loglogistic_3": with_threshold(fit_loglogistic, "loglogistic_3"),
    "exponential_2": fit_exponential_2,
}
