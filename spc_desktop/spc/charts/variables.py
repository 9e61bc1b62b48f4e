"""Charts of measurements: Xbar-R, Xbar-S, R, S, median, I-MR, and I-MR-R/S for variation between and within subgroups.

Sources: Montgomery, Introduction to Statistical Quality Control, chapter 6; Nelson (1982) for I-MR; Wheeler and Chambers for
between/within. Subgroups may differ in size: every limit and the centre lines of R and S follow the size of the subgroup.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc import constants as k
from spc_desktop.spc import subgroups as rows
from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns, one_value
from spc_desktop.spc.charts.engine import Chart, Fit, Options, PanelColumns, Params, Row
from spc_desktop.spc.charts.factors import (
    LIMIT_OPTIONS,
    Line,
    choice,
    known_number,
    limit_rule,
    location_line,
    number,
    only,
    positive,
    range_line,
    sd_line,
)
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.sigma import LARGEST_SPAN, estimate_sigma, moving_ranges

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_NOWHERE: Line = (math.nan, math.nan, math.nan, math.nan)

XBAR = PanelSpec("xbar", "X̄")
MEDIAN = PanelSpec("median", "X̃")
RANGE = PanelSpec("r", "R", role="dispersion", symmetric=False)
DEVIATION = PanelSpec("s", "S", role="dispersion", symmetric=False)
INDIVIDUAL = PanelSpec("i", "X", individuals=True)
MEAN_AS_INDIVIDUAL = PanelSpec("i", "X̄")
MOVING_RANGE = PanelSpec("mr", "MR", role="dispersion", symmetric=False)


@dataclass(frozen=True, slots=True)
class Statistic:
    """One plotted statistic of a subgroup, over rows and over one tuple, and the fewest values it needs."""

    least: int
    of_rows: Callable[[FloatArray, IntArray], FloatArray]
    of_one: Callable[[Sequence[float]], float]


MEANS = Statistic(1, rows.row_means, rows.mean)
MEDIANS = Statistic(1, rows.row_medians, rows.median)
RANGES = Statistic(2, rows.row_ranges, rows.value_range)
DEVIATIONS = Statistic(2, rows.row_sds, rows.standard_deviation)
LineOf = Callable[[int], Line]


def _not_defined(values: Sequence[float]) -> None:
    """Return the statistic of too few values."""


@dataclass(frozen=True, slots=True)
class SubgroupTrack:
    """Statistics that each follow from one subgroup alone, with lines that follow from its size."""

    statistics: tuple[Statistic, ...]
    line_of: tuple[LineOf, ...]
    _plans: dict[int, Any] = field(default_factory=dict)
    """Per subgroup size, made on first use: the function of each statistic and the rest of its row."""

    def start(self) -> None:
        """Return the memory of a chart that has none."""
        return

    def interrupt(self, memory: None) -> None:
        """Return the memory after an interruption: none as well."""
        return

    def step(self, memory: None, observation: Observation) -> tuple[None, tuple[Row, ...]]:
        """Return one row per statistic."""
        values = rows.measured(observation.values)
        n = len(values)
        plan = self._plans.get(n)
        if plan is None:
            plan = self._plans[n] = self._plan(n)
        return None, tuple([(of_one(values), center, lcl, ucl, sigma) for of_one, center, lcl, ucl, sigma in plan])

    def run(self, columns: Columns, memory: None) -> tuple[tuple[PanelColumns, ...], None]:
        """Return one set of columns per statistic."""
        values = columns.values if columns.values.ndim == 2 else columns.values[:, None]
        counts = rows.row_counts(values)
        return self.columns(values, counts), None

    def columns(self, values: FloatArray, counts: IntArray) -> tuple[PanelColumns, ...]:
        """Return the statistics of the rows of ``values`` with their lines."""
        return tuple(
            PanelColumns(statistic.of_rows(values, counts), *self._line_columns(at, statistic, counts))
            for at, statistic in enumerate(self.statistics)
        )

    def _plan(self, n: int) -> list[tuple[Any, ...]]:
        plan: list[tuple[Any, ...]] = []
        for statistic, line_of in zip(self.statistics, self.line_of, strict=True):
            line = line_of(n) if n >= statistic.least else _NOWHERE
            shown = (None if math.isnan(value) else value for value in line)
            plan.append((statistic.of_one if n >= statistic.least else _not_defined, *shown))
        return plan

    def _line_columns(self, at: int, statistic: Statistic, counts: IntArray) -> list[FloatArray | float]:
        if len(counts) and (counts == counts[0]).all():
            return list(self.line_of[at](int(counts[0])) if counts[0] >= statistic.least else _NOWHERE)
        sizes, group = np.unique(counts, return_inverse=True)
        lines = [self.line_of[at](int(n)) if n >= statistic.least else _NOWHERE for n in sizes]
        table = np.array(lines).reshape(len(sizes), 4)
        return [table[group, column] for column in range(4)]


def _xbar_line(params: Params, options: Options) -> LineOf:
    rule = limit_rule(options)
    center, sigma = number(params, "center"), positive(params, "sigma")

    def line(n: int) -> Line:
        printed = None
        if rule.table == "aiag" and n > 1:
            table = k.constants(n, "aiag")
            printed = table.A3 * table.c4 * sigma if options["estimator"] == "sbar" else table.A2 * table.d2 * sigma
        return location_line(center, sigma / math.sqrt(n), rule, printed)

    return line


def _median_line(params: Params, options: Options) -> LineOf:
    """Median +- 3 sigma sd_median(n): A2 of the median chart times Rbar (Burr 1976)."""
    rule = limit_rule(options)
    center, sigma = number(params, "center"), positive(params, "sigma")
    return lambda n: location_line(center, (k.sd_median(n) if n > 1 else 1.0) * sigma, rule)


def _range_line(params: Params, options: Options) -> LineOf:
    rule, sigma = limit_rule(options), positive(params, "sigma")
    return lambda n: range_line(n, sigma, rule)


def _deviation_line(params: Params, options: Options) -> LineOf:
    rule, sigma = limit_rule(options), positive(params, "sigma")
    return lambda n: sd_line(n, sigma, rule)


_Maker = Callable[[Params, Options], LineOf]


def _subgroup_track(statistics: tuple[Statistic, ...], makers: tuple[_Maker, ...], names: tuple[str, ...]) -> Any:
    def track(params: Params, options: Options) -> SubgroupTrack:
        only(params, *names)
        return SubgroupTrack(statistics, tuple(make(params, options) for make in makers))

    return track


def within_sigma(columns: Columns, options: Options) -> float:
    """Return sigma within subgroups by the chart's ``estimator`` and ``weights``, or the one that is given.

    Raises:
        SpcValueError: no subgroup of 2 or more values, or none that vary.
    """
    if known_number(options, "sigma") is not None:
        return positive(options["standards"], "sigma")
    if columns.values.ndim != 2:
        raise SpcValueError("observations", "at least 2 values per subgroup")
    found = estimate_sigma(columns.values, options["estimator"], weights=options["weights"], table=options["constants"])
    return positive({"sigma": found.sigma}, "sigma")


def _fit_xbar(columns: Columns, options: Options) -> Fit:
    sigma = within_sigma(columns, options)
    return Fit({"center": known_or_mean(columns, options), "sigma": sigma}, options["estimator"])


def known_or_mean(columns: Columns, options: Options) -> float:
    """Return the centre: the one that is given, else the mean of all values."""
    center = known_number(options, "center")
    return float(np.mean(columns.values[~np.isnan(columns.values)])) if center is None else center


def _fit_dispersion(columns: Columns, options: Options) -> Fit:
    return Fit({"sigma": within_sigma(columns, options)}, options["estimator"])


def _fit_median(columns: Columns, options: Options) -> Fit:
    sigma = within_sigma(columns, options)
    medians = rows.row_medians(columns.values, rows.row_counts(columns.values))
    average = np.mean if choice(options, "center", ("mean", "median")) == "mean" else np.median
    center = known_number(options, "center")
    if center is None:
        center = float(average(medians[~np.isnan(medians)]))
    return Fit({"center": center, "sigma": sigma}, options["estimator"])


@dataclass(frozen=True, slots=True)
class IndividualsTrack:
    """Individuals and their moving ranges. Memory: the last ``span - 1`` values since anything was interrupted."""

    span: int
    line: Line
    range_line: Line

    def start(self) -> tuple[float, ...]:
        """Return the memory before the first value."""
        return ()

    def interrupt(self, memory: Sequence[float]) -> tuple[float, ...]:
        """Forget the values before an interruption."""
        return ()

    def step(self, memory: Sequence[float], observation: Observation) -> tuple[Sequence[float], tuple[Row, ...]]:
        """Return the rows of the individual and the moving range."""
        return self.step_value(memory, one_value(observation.values))

    def step_value(self, memory: Sequence[float], value: float | None) -> tuple[Sequence[float], tuple[Row, ...]]:
        """Do the same for a value already taken out of its observation (None: a gap)."""
        if value is None:
            return (), ((None, *self.line), (None, *self.range_line))
        if self.span == 2:
            moved = abs(value - memory[0]) if memory else None
            return (value,), ((value, *self.line), (moved, *self.range_line))
        recent = (*memory, value)
        if len(recent) < self.span:
            return recent, ((value, *self.line), (None, *self.range_line))
        return recent[1:], ((value, *self.line), (max(recent) - min(recent) + 0.0, *self.range_line))

    def run(self, columns: Columns, memory: Sequence[float]) -> tuple[tuple[PanelColumns, ...], Sequence[float]]:
        """Return the columns of the individuals and the moving ranges."""
        if columns.values.ndim != 1:
            raise SpcValueError("values", "one value per observation for a chart of individuals", columns.values.shape)
        return self.run_values(columns.values, columns, memory)

    def run_values(
        self, values: FloatArray, columns: Columns, memory: Sequence[float]
    ) -> tuple[tuple[PanelColumns, ...], Sequence[float]]:
        """Do the same for values (shape (m,)) computed from the observations."""
        keep = self.span - 1
        before = np.array(memory, dtype=np.float64)
        breaks = columns.breaks()
        if len(before):
            joined = np.concatenate((before, values))
            joined_breaks = None if breaks is None else np.concatenate((np.zeros(len(before), dtype=np.bool_), breaks))
            ranges = moving_ranges(joined, self.span, joined_breaks)[len(before) :]
        else:
            joined, joined_breaks = values, breaks
            ranges = moving_ranges(values, self.span, breaks)
        panels = (PanelColumns(values, *self.line), PanelColumns(ranges, *self.range_line))
        tail = joined[-keep:]
        stops = np.flatnonzero(np.isnan(tail))
        first = int(stops[-1]) + 1 if len(stops) else 0
        if joined_breaks is not None:
            at = np.flatnonzero(joined_breaks[-keep:])
            first = max(first, int(at[-1])) if len(at) else first
        return panels, tuple(tail[first:].tolist())


def individuals_track(center: float, sigma: float, options: Options) -> IndividualsTrack:
    """Return the track of an I-MR pair (also of means treated as individuals, and of Z values)."""
    rule = limit_rule(options)
    span = k.check_size(options["span"], "span", LARGEST_SPAN)
    printed = k.constants(span, "aiag").E2 * k.constants(span, "aiag").d2 * sigma if rule.table == "aiag" else None
    return IndividualsTrack(span, location_line(center, sigma, rule, printed), range_line(span, sigma, rule))


def _imr_track(params: Params, options: Options) -> IndividualsTrack:
    only(params, "center", "sigma")
    return individuals_track(number(params, "center"), positive(params, "sigma"), options)


def individuals_sigma(values: FloatArray, columns: Columns, options: Options) -> float:
    """Return sigma of individuals by the chart's ``estimator`` and ``span``; no range crosses a gap, stage or exclusion.

    Raises:
        SpcValueError: too few neighbours, or values that do not vary.
    """
    if known_number(options, "sigma") is not None:
        return positive(options["standards"], "sigma")
    found = estimate_sigma(
        values,
        options["estimator"],
        breaks=columns.stage_starts(),
        span=options["span"],
        table=options["constants"],
    )
    return positive({"sigma": found.sigma}, "sigma")


def _fit_imr(columns: Columns, options: Options) -> Fit:
    if columns.values.ndim != 1:
        raise SpcValueError(
            "observations", "one value per observation for a chart of individuals", columns.values.shape
        )
    sigma = individuals_sigma(columns.values, columns, options)
    return Fit({"center": known_or_mean(columns, options), "sigma": sigma}, options["estimator"])


_SUBGROUP_OPTIONS: Mapping[str, Any] = {**LIMIT_OPTIONS, "weights": "mvlue"}
_SIGMA = ("center", "sigma")


def _subgroup_chart(
    name: str,
    panels: tuple[PanelSpec, ...],
    statistics: tuple[Statistic, ...],
    makers: tuple[_Maker, ...],
    fit: Callable[[Columns, Options], Fit],
    **options: Any,
) -> Chart:
    names = _SIGMA if panels[0].role == "location" else ("sigma",)
    track = _subgroup_track(statistics, makers, names)
    return Chart(name, panels, "variables", {**_SUBGROUP_OPTIONS, **options}, fit, track)


_XBAR_R = ((MEANS, RANGES), (_xbar_line, _range_line))
_XBAR_S = ((MEANS, DEVIATIONS), (_xbar_line, _deviation_line))
_MEDIAN_R = ((MEDIANS, RANGES), (_median_line, _range_line))

VARIABLES_CHARTS: tuple[Chart, ...] = (
    _subgroup_chart("xbar_r", (XBAR, RANGE), *_XBAR_R, _fit_xbar, estimator="rbar"),
    _subgroup_chart("xbar_s", (XBAR, DEVIATION), *_XBAR_S, _fit_xbar, estimator="sbar"),
    _subgroup_chart("r", (RANGE,), (RANGES,), (_range_line,), _fit_dispersion, estimator="rbar"),
    _subgroup_chart("s", (DEVIATION,), (DEVIATIONS,), (_deviation_line,), _fit_dispersion, estimator="sbar"),
    _subgroup_chart("median", (MEDIAN, RANGE), *_MEDIAN_R, _fit_median, estimator="rbar", center="mean"),
    Chart(
        "i_mr",
        (INDIVIDUAL, MOVING_RANGE),
        "individuals",
        {**LIMIT_OPTIONS, "estimator": "mrbar", "span": 2},
        _fit_imr,
        _imr_track,
    ),
)
