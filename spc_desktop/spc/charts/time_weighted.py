"""Charts that remember: moving average, EWMA and tabular CUSUM, of individuals or of subgroup means of any size.

Sources: Montgomery, Introduction to Statistical Quality Control, chapter 9; Lucas and Crosier (1982) for the head start;
Lucas and Saccucci (1990) for EWMA. A gap, a stage or an excluded point starts them anew. A CUSUM is not reset by a signal.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc import subgroups as rows
from spc_desktop.spc.arl_weighted import cusum_limit
from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns
from spc_desktop.spc.charts.engine import Chart, Fit, Options, PanelColumns, Params, Row, fold
from spc_desktop.spc.charts.factors import (
    LIMIT_OPTIONS,
    check_alpha,
    choice,
    limit_rule,
    number,
    only,
    positive,
    width,
)
from spc_desktop.spc.charts.variables import individuals_sigma, known_or_mean, within_sigma
from spc_desktop.spc.constants import check_size
from spc_desktop.spc.errors import SpcValueError

FloatArray = NDArray[np.float64]
NAN = math.nan


def mean_and_size(observation: Observation) -> tuple[float, int]:
    """Return the mean of an observation and how many values it has; NaN and 0 for a gap."""
    values = rows.measured(observation.values)
    return (rows.mean(values), len(values)) if values else (NAN, 0)


def means_and_sizes(columns: Columns) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return the same for every observation, shape (m,) each."""
    values = columns.values if columns.values.ndim == 2 else columns.values[:, None]
    counts = rows.row_counts(values)
    return rows.row_means(values, counts), counts


@dataclass(frozen=True, slots=True)
class MovingAverageTrack:
    """Mean of the last ``span`` means, fewer at the start. Memory: those means and the variances of each over sigma^2."""

    center: float
    sigma: float
    span: int
    factor: float

    def start(self) -> list[list[float]]:
        """Return the memory before the first observation."""
        return []

    def interrupt(self, memory: Any) -> list[list[float]]:
        """Forget everything before an interruption."""
        return []

    def advance(self, memory: Sequence[Sequence[float]], mean: float, n: int) -> Any:
        """Return the new memory, the average and its standard deviation."""
        if not n:
            return [], None
        recent = [*memory, (mean, 1 / n)][-self.span :]
        total = variance = 0.0
        for value, share in recent:
            total += value
            variance += share
        return recent, (total / len(recent), self.sigma * math.sqrt(variance) / len(recent))

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return the row of the moving average."""
        memory, found = self.advance(memory, *mean_and_size(observation))
        return memory, (_row(self.center, self.factor, found),)

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of the moving average."""
        inputs = means_and_sizes(columns)
        (value, spread), memory = fold(self.advance, self.interrupt, memory, inputs, columns.breaks(), 2)
        return (_spread_columns(self.center, self.factor, value, spread),), memory


@dataclass(frozen=True, slots=True)
class EwmaTrack:
    """Memory: the EWMA and its variance over sigma^2. Exact limits follow the variance, which makes any sizes right."""

    center: float
    sigma: float
    weight: float
    factor: float
    asymptotic: bool

    def start(self) -> tuple[float, float]:
        """Return the memory before the first observation: the centre, known exactly."""
        return self.center, 0.0

    def interrupt(self, memory: Any) -> tuple[float, float]:
        """Start anew from the centre."""
        return self.center, 0.0

    def advance(self, memory: Sequence[float], mean: float, n: int) -> Any:
        """Return the new memory, the EWMA (Montgomery eq. 9.22) and its standard deviation (eq. 9.24)."""
        if not n:
            return (self.center, 0.0), None
        last, variance = memory
        weight, rest = self.weight, 1 - self.weight
        value = last + weight * (mean - last)  # this form keeps equal values equal
        variance = rest * rest * variance + weight * weight / n
        spread = math.sqrt(weight / (2 - weight) / n) if self.asymptotic else math.sqrt(variance)
        return (value, variance), (value, self.sigma * spread)

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return the row of the EWMA."""
        memory, found = self.advance(memory, *mean_and_size(observation))
        return memory, (_row(self.center, self.factor, found),)

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of the EWMA."""
        inputs = means_and_sizes(columns)
        (value, spread), memory = fold(self.advance, self.interrupt, memory, inputs, columns.breaks(), 2)
        return (_spread_columns(self.center, self.factor, value, spread),), memory


@dataclass(frozen=True, slots=True)
class CusumTrack:
    """Both arms of the tabular CUSUM in standard deviations of the plotted mean, the lower one positive too."""

    center: float
    sigma: float
    k: float
    h: float
    head_start: float

    def start(self) -> tuple[float, float]:
        """Return the memory before the first observation: the head start of both arms (Lucas and Crosier 1982)."""
        return self.head_start, self.head_start

    def interrupt(self, memory: Any) -> tuple[float, float]:
        """Start anew with the head start."""
        return self.head_start, self.head_start

    def advance(self, memory: Sequence[float], mean: float, n: int) -> Any:
        """Return the new memory and both sums (Montgomery eq. 9.2 and 9.3)."""
        if not n:
            return (self.head_start, self.head_start), None
        upper, lower = memory
        z = (mean - self.center) / (self.sigma / math.sqrt(n))
        sums = (max(0.0, upper + z - self.k), max(0.0, lower - z - self.k))
        return sums, sums

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return one row per arm."""
        memory, found = self.advance(memory, *mean_and_size(observation))
        upper, lower = found or (None, None)
        return memory, ((upper, 0.0, None, self.h, None), (lower, 0.0, None, self.h, None))

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of both arms."""
        inputs = means_and_sizes(columns)
        (upper, lower), memory = fold(self.advance, self.interrupt, memory, inputs, columns.breaks(), 2)
        return (PanelColumns(upper, 0.0, NAN, self.h, NAN), PanelColumns(lower, 0.0, NAN, self.h, NAN)), memory


def _row(center: float, factor: float, found: tuple[float, float] | None) -> Row:
    if found is None:
        return None, center, None, None, None
    value, spread = found
    half = factor * spread
    return value, center, center - half, center + half, spread


def _spread_columns(center: float, factor: float, value: FloatArray, spread: FloatArray) -> PanelColumns:
    half = factor * spread
    return PanelColumns(value, center, center - half, center + half, spread)


def _standards(params: Params) -> tuple[float, float]:
    only(params, "center", "sigma")
    return number(params, "center"), positive(params, "sigma")


def _moving_average(params: Params, options: Options) -> MovingAverageTrack:
    rule = limit_rule(options)
    return MovingAverageTrack(*_standards(params), check_size(options["span"], "span", 1000), width(rule))


def _ewma(params: Params, options: Options) -> EwmaTrack:
    weight = number(options, "lambda")
    if not 0 < weight <= 1:
        raise SpcValueError("lambda", "above 0 and at most 1", weight)
    choice(options, "variance", ("exact", "asymptotic"))
    factor = width(limit_rule(options))
    return EwmaTrack(*_standards(params), weight, factor, options["variance"] == "asymptotic")


def _cusum(params: Params, options: Options) -> CusumTrack:
    """``limits="probability"``: h is where the in-control ARL of both arms is 1 / alpha; a head start is a share of it then."""
    k, h, head_start = number(options, "k"), positive(options, "h"), number(options, "head_start")
    if k < 0:
        raise SpcValueError("k", "at least 0", k)
    if choice(options, "limits", ("sigma", "probability")) == "probability":
        share = head_start / h
        h = cusum_limit(k, 1 / check_alpha(options), head_start_share=share)
        head_start = share * h
    if not 0 <= head_start < h:
        raise SpcValueError("head_start", f"at least 0 and below h = {h:g}", head_start)
    return CusumTrack(*_standards(params), k, h, head_start)


def fit_mean(columns: Columns, options: Options) -> Fit:
    """Estimate centre and sigma; ``estimator="auto"`` is MRbar for individuals and pooled / c4 for subgroups.

    ``target`` (a number) takes the place of the centre, whether that is estimated or given.

    Raises:
        SpcValueError: see ``individuals_sigma`` and ``within_sigma``.
    """
    single = columns.values.ndim == 1
    name = options["estimator"]
    if name == "auto":
        name = "mrbar" if single else "pooled_c4"
    chosen = {"constants": "exact", "weights": "mvlue", **options, "estimator": name, "span": 2}
    sigma = individuals_sigma(columns.values, columns, chosen) if single else within_sigma(columns, chosen)
    center = known_or_mean(columns, options) if options["target"] is None else number(options, "target")
    return Fit({"center": center, "sigma": sigma}, name)


_ESTIMATION = {"estimator": "auto", "weights": "mvlue", "target": None}
_WIDTH = {name: LIMIT_OPTIONS[name] for name in ("nsigma", "limits", "alpha", "constants")}

TIME_WEIGHTED_CHARTS: tuple[Chart, ...] = (
    Chart(
        "moving_average",
        (PanelSpec("ma", "MA", independent=False),),
        "variables",
        {**_WIDTH, **_ESTIMATION, "span": 3},
        fit_mean,
        _moving_average,
    ),
    Chart(
        "ewma",
        (PanelSpec("ewma", "EWMA", independent=False),),
        "variables",
        {**_WIDTH, **_ESTIMATION, "lambda": 0.2, "variance": "exact"},
        fit_mean,
        _ewma,
    ),
    Chart(
        "cusum",
        (
            PanelSpec("c_plus", "C⁺", symmetric=False, independent=False, zones=False),
            PanelSpec("c_minus", "C⁻", symmetric=False, independent=False, zones=False),
        ),
        "variables",
        {**_ESTIMATION, "k": 0.5, "h": 5.0, "head_start": 0.0, "limits": "sigma", "alpha": 0.0027},
        fit_mean,
        _cusum,
    ),
)
