"""EWMA and CUSUM charts of counts: proportions (p), rates per unit (u) and counts of a constant area (c).

Sources: Borror, Champ & Rigdon (1998) JQT 30 for the Poisson EWMA, its variance carried exactly through varying sizes; Lucas
(1985) Technometrics 27 and Reynolds & Stoumbos (1999) JQT 31 for the CUSUM, whose reference value follows the size.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arl_counts import count_cusum_limit, reference_value
from spc_desktop.spc.charts.attributes import COUNT_MODELS, CountModel, fit_mean
from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns
from spc_desktop.spc.charts.engine import Chart, Fit, Options, Params
from spc_desktop.spc.charts.factors import check_alpha, choice, known_number, normal_quantile, number, only, positive
from spc_desktop.spc.charts.fold import PanelColumns, Row, fold
from spc_desktop.spc.errors import SpcValueError

FloatArray = NDArray[np.float64]
_NONE = (None, None)


@dataclass(frozen=True, slots=True)
class CountEwmaTrack:
    """Memory: the EWMA and its variance."""

    model: CountModel
    mean: float
    weight: float
    width: float
    exact: bool

    def start(self) -> tuple[float, float]:
        """Return the memory before the first observation."""
        return 0.0, 0.0

    def interrupt(self, memory: Any) -> tuple[float, float]:
        """Start anew from the centre."""
        return 0.0, 0.0

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return the row of the EWMA."""
        memory, found = self._advance(memory, *(self.model.check.one(observation) or (math.nan, math.nan)))
        return memory, ((None,) * 5 if found is None else found,)

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of the EWMA."""
        found, memory = fold(self._advance, self.interrupt, memory, self.model.check.many(columns), columns.breaks(), 5)
        return (PanelColumns(*found),), memory

    def _advance(self, memory: Sequence[float], count: float, size: float) -> tuple[tuple[float, float], Any]:
        """The memory is relative to the centre, so that centres which follow the size (np) would not drag behind."""
        if math.isnan(count):
            return (0.0, 0.0), None
        center, sigma = self.model.moments(self.mean, size, math.sqrt)
        value = count / size if self.model.rate else count
        keep = 1 - self.weight
        distance = self.weight * (value - center) + keep * memory[0]
        variance = self.weight * self.weight * sigma * sigma + keep * keep * memory[1]
        spread = math.sqrt(variance) if self.exact else sigma * math.sqrt(self.weight / (2 - self.weight))
        half = self.width * spread
        low, high = max(center - half, 0.0), min(center + half, self.model.top(size))
        return (distance, variance), (center + distance, center, low, high, spread)


@dataclass(frozen=True, slots=True)
class CountCusumTrack:
    """Memory: the sums of both arms, in counts. Either grows by the count less its reference value for the size."""

    model: CountModel
    upper_k: float
    lower_k: float
    upper_h: float
    lower_h: float
    head_start: float

    def start(self) -> tuple[float, float]:
        """Return the memory before the first observation: a share of h (fast initial response)."""
        return self.head_start * self.upper_h, self.head_start * self.lower_h

    def interrupt(self, memory: Any) -> tuple[float, float]:
        """Start anew with the head start."""
        return self.start()

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return one row per arm."""
        memory, found = self._advance(memory, *(self.model.check.one(observation) or (math.nan, math.nan)))
        upper, lower = found or _NONE
        return memory, ((upper, 0.0, None, self.upper_h, None), (lower, 0.0, None, self.lower_h, None))

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of both arms."""
        found, memory = fold(self._advance, self.interrupt, memory, self.model.check.many(columns), columns.breaks(), 2)
        nan = math.nan
        return (
            PanelColumns(found[0], 0.0, nan, self.upper_h, nan),
            PanelColumns(found[1], 0.0, nan, self.lower_h, nan),
        ), memory

    def _advance(self, memory: Sequence[float], count: float, size: float) -> tuple[tuple[float, float], Any]:
        if math.isnan(count):
            return self.start(), None
        upper = max(0.0, memory[0] + count - self.upper_k * size)
        lower = max(0.0, memory[1] + self.lower_k * size - count)
        return (upper, lower), (upper, lower)


def _ewma(model: CountModel, params: Params, options: Options) -> CountEwmaTrack:
    only(params, model.parameter, "size")
    weight = number(options, "lambda")
    if not 0 < weight <= 1:
        raise SpcValueError("lambda", "above 0 and at most 1", weight)
    exact = choice(options, "variance", ("exact", "asymptotic")) == "exact"
    width, alpha = positive(options, "nsigma"), check_alpha(options)
    if choice(options, "limits", ("sigma", "probability")) == "probability":
        width = normal_quantile(1 - alpha / 2)  # as for measurements: an EWMA of counts is close to normal
    return CountEwmaTrack(model, model.mean(params), weight, width, exact)


def _cusum(model: CountModel, params: Params, options: Options) -> CountCusumTrack:
    only(params, model.parameter, "size", "upper_h", "lower_h")
    mean, ratio, head_start = model.mean(params), _ratio(options), number(options, "head_start")
    if not 0 <= head_start < 1:
        raise SpcValueError("head_start", "a share of h, 0 to below 1", head_start)
    upper_k, lower_k = (reference_value(model.binomial, mean, r) for r in (ratio, 1 / ratio))
    if choice(options, "limits", ("sigma", "probability")) == "probability":
        upper_h, lower_h = _intervals(model, params, options, 1 / check_alpha(options))
    elif options["h"] is not None:
        upper_h = lower_h = positive(options, "h")
    elif "upper_h" in params:
        upper_h, lower_h = positive(params, "upper_h"), positive(params, "lower_h")
    else:
        upper_h, lower_h = _intervals(model, params, options, number(options, "arl0"))
    return CountCusumTrack(model, upper_k, lower_k, upper_h, lower_h, head_start)


def _ratio(options: Options) -> float:
    ratio = number(options, "ratio")
    if not 1 < ratio <= 1000:
        raise SpcValueError("ratio", "above 1, at most 1000: how many times the mean the chart looks for", ratio)
    return ratio


def _intervals(model: CountModel, params: Params, options: Options, arl0: float) -> tuple[float, float]:
    """The h of both arms for samples of the mean size; each arm alone has twice the ARL of both together."""
    mean, ratio = model.mean(params), _ratio(options)
    size = positive(params, "size") if model.sized else 1.0
    if model.binomial:
        size = float(round(size))
    upper, lower = (count_cusum_limit(model.binomial, mean, size, r, 2 * arl0) for r in (ratio, 1 / ratio))
    return upper, lower


def _fit(model: CountModel, columns: Columns, options: Options) -> Fit:
    """``size`` is the mean size of the baseline; a CUSUM without a given h finds the h of both arms for it."""
    fit = fit_mean(model, columns, options)
    params = dict(fit.params)
    if model.sized:
        _, sizes = model.check.many(columns)
        size = known_number(options, "size")
        params["size"] = float(np.mean(sizes[~np.isnan(sizes)])) if size is None else size
    if "arl0" in options and options["h"] is None and options["limits"] == "sigma":
        params["upper_h"], params["lower_h"] = _intervals(model, params, options, number(options, "arl0"))
    return Fit(params, fit.estimator)


_LIMITS: dict[str, Any] = {"limits": "sigma", "alpha": 0.0027}
_EWMA_OPTIONS: dict[str, Any] = {"nsigma": 3.0, "lambda": 0.2, "variance": "exact", **_LIMITS}
_CUSUM_OPTIONS: dict[str, Any] = {"ratio": 2.0, "h": None, "arl0": 370.0, "head_start": 0.0, **_LIMITS}
"""``limits="probability"``: a CUSUM takes the h at which its in-control ARL is 1 / ``alpha``."""
_ARMS = (
    PanelSpec("c_plus", "C⁺", symmetric=False, independent=False, zones=False),
    PanelSpec("c_minus", "C⁻", symmetric=False, independent=False, zones=False),
)
_TrackOf = Callable[[CountModel, Params, Options], Any]


def _chart(
    name: str, panels: tuple[PanelSpec, ...], model: CountModel, options: dict[str, Any], track: _TrackOf
) -> Chart:
    return Chart(
        name,
        panels,
        "counts+size" if model.sized else "counts",
        options,
        lambda columns, chosen: _fit(model, columns, chosen),
        lambda params, chosen: track(model, params, chosen),
        unknowable=("upper_h", "lower_h"),
    )


ATTRIBUTE_WEIGHTED_CHARTS: tuple[Chart, ...] = tuple(
    chart
    for key in ("p", "u", "c")
    for chart in (
        _chart(f"ewma_{key}", (PanelSpec("ewma", "EWMA", independent=False),), COUNT_MODELS[key], _EWMA_OPTIONS, _ewma),
        _chart(f"cusum_{key}", _ARMS, COUNT_MODELS[key], _CUSUM_OPTIONS, _cusum),
    )
)
