"""Charts of counts: p, np, c, u, and Laney's p' and u' for overdispersed counts.

Sources: Montgomery, Introduction to Statistical Quality Control, chapter 7; Laney (2002) Quality Engineering 14(4), with
sigma_z = mean moving range of z / d2 and never set to 1. Limits follow the size of each sample and stop at what is possible
(0, and 1 or n). With ``limits="probability"`` they are binomial or Poisson quantiles that leave at most ``alpha / 2`` outside;
on Laney's charts normal quantiles of z, since overdispersed counts have no distribution of their own.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns
from spc_desktop.spc.charts.engine import Chart, Fit, Options, Params
from spc_desktop.spc.charts.factors import check_alpha, choice, known, normal_quantile, number, only, positive
from spc_desktop.spc.charts.fold import PanelColumns, Row
from spc_desktop.spc.charts.points import GAP, CountCheck, PointTrack
from spc_desktop.spc.constants import constants
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.sigma import moving_ranges

FloatArray = NDArray[np.float64]
COUNT_OPTIONS: dict[str, Any] = {"nsigma": 3.0, "limits": "sigma", "alpha": 0.0027}


@dataclass(frozen=True, slots=True)
class CountModel:
    """One kind of count: its parameter, its distribution, and what is plotted."""

    parameter: str
    """Key of the parameter in ``params``: the mean proportion or the mean number of defects per unit."""
    binomial: bool
    """Binomial (proportion of defective units) or Poisson (defects)."""
    rate: bool
    """Whether count / size is plotted, or the count itself."""
    sized: bool

    @property
    def check(self) -> CountCheck:
        """What counts and sizes may be."""
        return CountCheck(self.sized, self.binomial)

    def mean(self, params: Params) -> float:
        """Return the parameter.

        Raises:
            SpcValueError: not above 0 (and below 1 for a proportion), or an unknown parameter beside it.
        """
        value = number(params, self.parameter)
        if not 0 < value < (1 if self.binomial else math.inf):
            allowed = "above 0 and below 1" if self.binomial else "above 0"
            raise SpcValueError(self.parameter, f"{allowed} (counts that do not vary have no limits)", value)
        return value

    def moments(self, mean: float, size: Any, sqrt: Callable[[Any], Any]) -> tuple[Any, Any]:
        """Return centre and standard deviation of the plotted statistic, for numbers and arrays alike."""
        variance = mean * (1 - mean) if self.binomial else mean
        if self.rate:
            return mean + 0 * size, sqrt(variance / size)
        return mean * size, sqrt(variance * size)

    def top(self, size: Any) -> Any:
        """Return the largest possible value of the plotted statistic."""
        if not self.binomial:
            return math.inf
        return 1.0 if self.rate else size


COUNT_MODELS: dict[str, CountModel] = {
    "p": CountModel("p", binomial=True, rate=True, sized=True),
    "np": CountModel("p", binomial=True, rate=False, sized=True),
    "c": CountModel("c", binomial=False, rate=False, sized=False),
    "u": CountModel("u", binomial=False, rate=True, sized=True),
}


@lru_cache(maxsize=4096)
def count_limits(binomial: bool, mean: float, size: float, alpha: float) -> tuple[float, float]:
    """Return the ``alpha / 2`` and ``1 - alpha / 2`` quantiles of a count, in counts.

    Args:
        binomial: binomial(size, mean), or Poisson(mean * size).
    """
    from scipy.stats import binom, poisson  # noqa: PLC0415 - scipy is slow to import, only quantiles need it

    low, high = alpha / 2, 1 - alpha / 2
    if binomial:
        return float(binom.ppf(low, size, mean)), float(binom.ppf(high, size, mean))
    return float(poisson.ppf(low, mean * size)), float(poisson.ppf(high, mean * size))


def _track(model: CountModel, laney: bool, params: Params, options: Options) -> PointTrack:
    only(params, model.parameter, *(["sigma_z"] if laney else []))
    mean = model.mean(params)
    width = positive(options, "nsigma")
    spread = positive(params, "sigma_z") if laney else 1.0
    wanted = choice(options, "limits", ("sigma", "probability")) == "probability"
    alpha = check_alpha(options)
    if laney and wanted:
        width = normal_quantile(1 - alpha / 2)  # the z of Laney's charts are judged as normal individuals
    probability = wanted and not laney
    check = model.check

    def quantiles(size: float) -> tuple[float, float]:
        low, high = count_limits(model.binomial, mean, size, alpha)
        return (low / size, high / size) if model.rate else (low, high)

    def point(observation: Observation) -> Row:
        found = check.one(observation)
        if found is None:
            return GAP
        count, size = found
        value = count / size if model.rate else count
        center, sigma = model.moments(mean, size, math.sqrt)
        sigma *= spread
        if probability:
            return (value, center, *quantiles(size), sigma)
        low, high = max(center - width * sigma, 0.0), min(center + width * sigma, model.top(size))
        return value, center, low, high, sigma

    def batch(columns: Columns) -> PanelColumns:
        counts, sizes = check.many(columns)
        values = counts / sizes if model.rate else counts
        center, sigma = model.moments(mean, sizes, np.sqrt)
        sigma *= spread
        if probability:
            distinct, group = np.unique(sizes, return_inverse=True)
            table = [(math.nan, math.nan) if math.isnan(n) else quantiles(n) for n in distinct.tolist()]
            pairs = np.array(table).reshape(-1, 2)[group]
            return PanelColumns(values, center, pairs[:, 0], pairs[:, 1], sigma)
        low, high = np.maximum(center - width * sigma, 0.0), np.minimum(center + width * sigma, model.top(sizes))
        return PanelColumns(values, center, low, high, sigma)

    return PointTrack(point, batch)


def fit_mean(model: CountModel, columns: Columns, options: Options) -> Fit:
    """Estimate the mean proportion or rate: all counts over all sizes.

    Raises:
        SpcValueError: no count, or counts that are all 0 (or all their size).
    """
    counts, sizes = model.check.many(columns)
    present = ~np.isnan(counts)
    if not present.any():
        raise SpcValueError("observations", "at least one count")
    if known(options, model.parameter) is not None:
        return Fit({model.parameter: model.mean({model.parameter: known(options, model.parameter)})}, "pooled")
    mean = float(np.sum(counts[present]) / np.sum(sizes[present]))
    params = {model.parameter: mean}
    return Fit({model.parameter: model.mean(params)}, "pooled")


def _fit_laney(model: CountModel, columns: Columns, options: Options) -> Fit:
    counts, sizes = model.check.many(columns)
    params = fit_mean(model, columns, options).params
    mean = model.mean(params)
    center, sigma = model.moments(mean, sizes, np.sqrt)
    if known(options, "sigma_z") is not None:
        return Fit({**params, "sigma_z": positive(options["standards"], "sigma_z")}, "laney")
    ranges = moving_ranges((counts / sizes - center) / sigma, 2, columns.stage_starts())
    ranges = ranges[~np.isnan(ranges)]
    if not ranges.size:
        raise SpcValueError("observations", "at least two neighbouring counts for sigma_z")
    sigma_z = screened_sigma(ranges) if _flag(options, "screened") else float(np.mean(ranges)) / constants(2).d2
    return Fit({**params, "sigma_z": positive({"sigma_z": sigma_z}, "sigma_z")}, "laney")


def screened_sigma(ranges: FloatArray) -> float:
    """Return mean moving range / d2 after leaving out, once, the ranges above their upper limit D4 * mean."""
    table = constants(2)
    kept = ranges[ranges <= table.D4 * np.mean(ranges)]
    return float(np.mean(kept)) / table.d2


def _flag(options: Options, name: str) -> bool:
    if not isinstance(options[name], bool):
        raise SpcValueError(name, "true or false", options[name])
    return bool(options[name])


def _chart(name: str, label: str, laney: bool = False) -> Chart:
    key = name.removeprefix("laney_")
    model = COUNT_MODELS[key]
    options = {**COUNT_OPTIONS, "screened": False} if laney else COUNT_OPTIONS
    return Chart(
        name,
        (PanelSpec(key, label),),
        "counts+size" if model.sized else "counts",
        options,
        lambda columns, chosen: (_fit_laney if laney else fit_mean)(model, columns, chosen),
        lambda params, chosen: _track(model, laney, params, chosen),
    )


ATTRIBUTE_CHARTS: tuple[Chart, ...] = (
    _chart("p", "p"),
    _chart("np", "np"),
    _chart("c", "c"),
    _chart("u", "u"),
    _chart("laney_p", "p′", laney=True),
    _chart("laney_u", "u′", laney=True),
)
