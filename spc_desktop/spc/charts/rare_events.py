"""Charts for rare events: g (cases between events) and t (time between events).

Sources: Benneyan (2001) Health Care Management Science 4 for the g chart, counts from 0 (or from 1: cases up to and including
the event); Nelson (1994) JQT 26(3) for the power 1/3.6 of times; Weibull and exponential percentiles for the t chart.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns
from spc_desktop.spc.charts.engine import Chart, Fit, Options, Params
from spc_desktop.spc.charts.factors import check_alpha, choice, known_number, normal_quantile, number, only, positive
from spc_desktop.spc.charts.fold import PanelColumns, Row
from spc_desktop.spc.charts.points import PointTrack, single_value, single_values
from spc_desktop.spc.constants import constants
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.sigma import moving_ranges
from spc_desktop.spc.subgroups import LARGEST

FloatArray = NDArray[np.float64]
POWER = 3.6
_WHOLE = "whole numbers from 0 up (from 1 up with start=1)"
_TIME = "times that are not negative"


def _line_track(line: tuple[float, ...], least: float, allowed: str, whole: bool) -> PointTrack:
    """One panel whose line (center, lcl, ucl, sigma; NaN for none) is the same everywhere."""
    row = tuple(None if math.isnan(x) else x for x in line)

    def point(observation: Observation) -> Row:
        value = single_value(observation, least, allowed)
        if whole and value is not None and not value.is_integer():
            raise SpcValueError("values", allowed, value)
        return value, row[0], row[1], row[2], row[3]

    def batch(columns: Columns) -> PanelColumns:
        values = single_values(columns, least, allowed)
        _refuse_fractions(values, allowed, whole)
        return PanelColumns(values, line[0], line[1], line[2], line[3])

    return PointTrack(point, batch)


def _refuse_fractions(values: FloatArray, allowed: str, whole: bool) -> None:
    if whole:
        bad = values[(values != np.floor(values)) & ~np.isnan(values)]
        if bad.size:
            raise SpcValueError("values", allowed, float(bad[0]))


def _start(options: Options) -> int:
    if options["start"] not in (0, 1) or isinstance(options["start"], bool):
        raise SpcValueError("start", "0 (cases between events) or 1 (cases up to the event)", options["start"])
    return int(options["start"])


def _fit_g(columns: Columns, options: Options) -> Fit:
    start = _start(options)
    counts = single_values(columns, start, _WHOLE)
    _refuse_fractions(counts, _WHOLE, whole=True)
    counts = counts[~np.isnan(counts)]
    total, n = float(np.sum(counts)) - start * counts.size, counts.size
    estimator = choice(options, "estimator", ("mle", "mvu"))
    if estimator == "mvu" and n < 2:
        raise SpcValueError("observations", "at least 2 counts for the minimum variance estimator", n)
    given = known_number(options, "p")
    if given is not None:
        return Fit({"p": given}, estimator)
    if total == 0:
        raise SpcValueError("observations", "counts that vary", "every count at its least")
    p = n / (total + n) if estimator == "mle" else (n - 1) / (total + n - 1)
    return Fit({"p": p}, estimator)


def _track_g(params: Params, options: Options) -> PointTrack:
    """Parameter p: the probability that a case is an event; mean of the count (1 - p) / p + start."""
    only(params, "p")
    p, start, alpha = number(params, "p"), _start(options), check_alpha(options)
    if not 1 / LARGEST < p < 1:
        raise SpcValueError("p", f"above {1 / LARGEST:g} and below 1", p)
    width = positive(options, "nsigma")
    mean = (1 - p) / p
    sigma = math.sqrt(mean * (mean + 1))
    if choice(options, "limits", ("sigma", "probability")) == "sigma":
        line = (mean + start, max(mean - width * sigma, 0.0) + start, mean + width * sigma + start, sigma)
    else:
        low, middle, high = (geometric_quantile(q, p) + start for q in (alpha / 2, 0.5, 1 - alpha / 2))
        line = (middle, low, high, math.nan)
    return _line_track(line, start, _WHOLE, whole=True)


def geometric_quantile(q: float, p: float) -> float:
    """Return the smallest x (from 0) with P(X <= x) = 1 - (1 - p)^(x + 1) >= q."""
    x = math.ceil(math.log1p(-q) / math.log1p(-p) - 1)
    # The logarithms round: step to the exact smallest x.
    while x > 0 and 1 - (1 - p) ** x >= q * (1 - 1e-13):
        x -= 1
    while 1 - (1 - p) ** (x + 1) < q * (1 - 1e-13):
        x += 1
    return float(max(x, 0))


def _fit_t(columns: Columns, options: Options) -> Fit:
    times = single_values(columns, 0.0, _TIME)
    present = times[~np.isnan(times)]
    method = choice(options, "method", ("nelson", "weibull", "exponential"))
    if method == "nelson":
        roots = times ** (1 / POWER)
        center, sigma = known_number(options, "center"), known_number(options, "sigma")
        center = float(np.mean(roots[~np.isnan(roots)])) if center is None else center
        if sigma is not None:
            return Fit({"center": center, "sigma": sigma}, method)
        ranges = moving_ranges(roots, 2, columns.stage_starts())
        ranges = ranges[~np.isnan(ranges)]
        if not ranges.size:
            raise SpcValueError("observations", "at least two neighbouring times", present.size)
        return Fit(
            {"center": center, "sigma": float(np.mean(ranges)) / constants(2).d2},
            method,
        )
    if method == "exponential":
        given = known_number(options, "mean")
        mean = float(np.mean(present)) if given is None else given
        return Fit({"mean": positive({"mean": mean}, "mean")}, method)
    shape, scale = weibull_mle(present, shape=known_number(options, "shape"), scale=known_number(options, "scale"))
    return Fit({"shape": shape, "scale": scale}, method)


def weibull_mle(times: FloatArray, *, shape: float | None = None, scale: float | None = None) -> tuple[float, float]:
    """Return shape and scale of the two-parameter Weibull distribution by maximum likelihood.

    Args:
        times: shape (m,), above 0.
        shape: where it is known: only the scale is estimated then.
        scale: where it is known: only the shape is estimated then.

    Raises:
        SpcValueError: fewer times than are estimated, one at or below 0, all equal, or a given number not above 0.
    """
    for name, value in (("shape", shape), ("scale", scale)):
        if value is not None:
            positive({name: value}, name)
    if shape is not None and scale is not None:
        return shape, scale
    times = np.asarray(times, dtype=np.float64)
    least = 2 if shape is None and scale is None else 1
    if times.size < least:
        raise SpcValueError("times", f"at least {least} times", times.size)
    if not (times > 0).all():
        raise SpcValueError("times", "above 0 for the Weibull distribution", float(times.min()))
    unit = float(times.max()) if scale is None else scale
    logs = np.log(times / unit)
    if shape is None:
        shape = _weibull_shape(logs, known_scale=scale is not None)
    best = unit * float(np.mean(np.exp(shape * logs))) ** (1 / shape)
    return shape, best if scale is None else scale


def _weibull_shape(logs: FloatArray, known_scale: bool) -> float:
    """Return the shape where the derivative of the log likelihood is 0.

    Args:
        logs: shape (m,), logarithms of the times in units of the longest, or of the scale where that is known.
        known_scale: otherwise the scale is the best for each shape.

    Raises:
        SpcValueError: the times are all equal.
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - scipy is slow to import

    if not logs.any():
        raise SpcValueError("times", "times that vary", "all equal")

    def score(k: float) -> float:
        weight = np.exp(np.minimum(k * logs, 700.0))
        total = float(logs.size) if known_scale else float(np.sum(weight))
        return float(np.sum(weight * logs)) / total - 1 / k - float(np.mean(logs))

    low = high = 1.0 / max(float(np.std(logs)), float(np.abs(logs).max()) / 10)
    while score(low) > 0:
        low /= 2
    while score(high) < 0:
        high *= 2
    return float(brentq(score, low, high, xtol=1e-15 * high, rtol=1e-14)) if low < high else low


def _track_t(params: Params, options: Options) -> PointTrack:
    method = choice(options, "method", ("nelson", "weibull", "exponential"))
    least = 0.0
    if method == "nelson":
        only(params, "center", "sigma")
        center, half = number(params, "center"), _width(options) * positive(params, "sigma")
        if abs(center) + half > LARGEST ** (1 / POWER):
            raise SpcValueError("center", "a center and sigma of times ** (1 / 3.6) whose limits are finite", center)
        line = tuple(max(root, 0.0) ** POWER for root in (center, center - half, center + half))
    elif method == "weibull":
        only(params, "shape", "scale")
        line = tuple(
            _weibull_quantile(q, positive(params, "shape"), positive(params, "scale")) for q in _tails(options)
        )
    else:
        only(params, "mean")
        line = tuple(_weibull_quantile(q, 1.0, positive(params, "mean")) for q in _tails(options))
    return _line_track((*line, math.nan), least, _TIME, whole=False)


def _width(options: Options) -> float:
    alpha, width = check_alpha(options), positive(options, "nsigma")
    probability = choice(options, "limits", ("sigma", "probability")) == "probability"
    return normal_quantile(1 - alpha / 2) if probability else width


def _tails(options: Options) -> tuple[float, float, float]:
    """The median and what lies outside on each side: ``alpha / 2``, or as much as a normal has beyond ``nsigma``."""
    from statistics import NormalDist  # noqa: PLC0415 - 10 ms that only this needs

    alpha, width = check_alpha(options), positive(options, "nsigma")
    probability = choice(options, "limits", ("sigma", "probability")) == "probability"
    low = alpha / 2 if probability else NormalDist().cdf(-width)
    return 0.5, low, 1 - low


def _weibull_quantile(q: float, shape: float, scale: float) -> float:
    return float(scale * (-math.log1p(-q)) ** (1 / shape))


_G_OPTIONS: dict[str, Any] = {"nsigma": 3.0, "limits": "sigma", "alpha": 0.0027, "estimator": "mle", "start": 0}

RARE_EVENT_CHARTS: tuple[Chart, ...] = (
    Chart("g", (PanelSpec("g", "g", symmetric=False),), "counts", _G_OPTIONS, _fit_g, _track_g),
    Chart(
        "t",
        (PanelSpec("t", "t", symmetric=False, zones=False, individuals=True),),
        "times",
        {"method": "nelson", "nsigma": 3.0, "limits": "sigma", "alpha": 0.0027},
        _fit_t,
        _track_t,
    ),
)
