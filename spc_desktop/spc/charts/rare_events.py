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
from spc_desktop.spc.charts.factors import choice, number, only, positive
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


def _alpha(options: Options) -> float:
    alpha = number(options, "alpha")
    if not 0 < alpha < 1:
        raise SpcValueError("alpha", "above 0 and below 1", alpha)
    return alpha


def _fit_g(columns: Columns, options: Options) -> Fit:
    start = _start(options)
    counts = single_values(columns, start, _WHOLE)
    _refuse_fractions(counts, _WHOLE, whole=True)
    counts = counts[~np.isnan(counts)]
    total, n = float(np.sum(counts)) - start * counts.size, counts.size
    estimator = choice(options, "estimator", ("mle", "mvu"))
    if estimator == "mvu" and n < 2:
        raise SpcValueError("observations", "at least 2 counts for the minimum variance estimator", n)
    if total == 0:
        raise SpcValueError("observations", "counts that vary", "every count at its least")
    p = n / (total + n) if estimator == "mle" else (n - 1) / (total + n - 1)
    return Fit({"p": p}, estimator)


def _track_g(params: Params, options: Options) -> PointTrack:
    """Parameter p: the probability that a case is an event; mean of the count (1 - p) / p + start."""
    only(params, "p")
    p, start, alpha = number(params, "p"), _start(options), _alpha(options)
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
        ranges = moving_ranges(roots, 2, columns.stage_starts())
        ranges = ranges[~np.isnan(ranges)]
        if not ranges.size:
            raise SpcValueError("observations", "at least two neighbouring times", present.size)
        return Fit(
            {"center": float(np.mean(roots[~np.isnan(roots)])), "sigma": float(np.mean(ranges)) / constants(2).d2},
            method,
        )
    if method == "exponential":
        mean = float(np.mean(present))
        return Fit({"mean": positive({"mean": mean}, "mean")}, method)
    shape, scale = weibull_mle(present)
    return Fit({"shape": shape, "scale": scale}, method)


def weibull_mle(times: FloatArray) -> tuple[float, float]:
    """Return shape and scale of the two-parameter Weibull distribution by maximum likelihood.

    Args:
        times: shape (m,), above 0.

    Raises:
        SpcValueError: fewer than 2 times, one at or below 0, or all equal.
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - scipy is slow to import

    times = np.asarray(times, dtype=np.float64)
    if times.size < 2:
        raise SpcValueError("times", "at least 2 times", times.size)
    if not (times > 0).all():
        raise SpcValueError("times", "above 0 for the Weibull distribution", float(times.min()))
    logs = np.log(times)
    logs -= logs.max()
    if logs.min() == 0:
        raise SpcValueError("times", "times that vary", "all equal")

    def score(shape: float) -> float:
        weight = np.exp(shape * logs)
        return float(np.sum(weight * logs) / np.sum(weight) - 1 / shape - np.mean(logs))

    low = high = 1.0 / float(np.std(logs))
    while score(low) > 0:
        low /= 2
    while score(high) < 0:
        high *= 2
    shape = float(brentq(score, low, high, xtol=1e-15 * high, rtol=1e-14)) if low < high else low
    scale = float(times.max()) * float(np.mean(np.exp(shape * logs))) ** (1 / shape)
    return shape, scale


def _track_t(params: Params, options: Options) -> PointTrack:
    method = choice(options, "method", ("nelson", "weibull", "exponential"))
    least = 0.0
    if method == "nelson":
        only(params, "center", "sigma")
        center, half = number(params, "center"), positive(options, "nsigma") * positive(params, "sigma")
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


def _tails(options: Options) -> tuple[float, float, float]:
    """The median and the probabilities of -+ nsigma; the t chart has no zones, so alpha comes from nsigma."""
    from statistics import NormalDist  # noqa: PLC0415 - 10 ms that only this needs

    low = NormalDist().cdf(-positive(options, "nsigma"))
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
        {"method": "nelson", "nsigma": 3.0},
        _fit_t,
        _track_t,
    ),
)
