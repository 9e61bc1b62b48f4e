"""I-MR-R/S: subgroup means as individuals beside the variation within subgroups, for batches that differ.

Source: Wheeler and Chambers (1992), "three-way chart"; Montgomery section 6.3. Limits of the means come from their own
moving ranges, so they hold the variation between subgroups as well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc import subgroups as rows
from spc_desktop.spc.charts.base import Observation
from spc_desktop.spc.charts.columns import Columns
from spc_desktop.spc.charts.engine import Chart, Fit, Options, PanelColumns, Params, Row
from spc_desktop.spc.charts.factors import (
    LIMIT_OPTIONS,
    known_number,
    limit_rule,
    number,
    only,
    positive,
    range_line,
    sd_line,
)
from spc_desktop.spc.charts.variables import (
    DEVIATION,
    DEVIATIONS,
    MEAN_AS_INDIVIDUAL,
    MOVING_RANGE,
    RANGE,
    RANGES,
    IndividualsTrack,
    SubgroupTrack,
    individuals_sigma,
    individuals_track,
    within_sigma,
)

FloatArray = NDArray[np.float64]
_GIVEN = ("center", "sigma", "sigma_within")
_DERIVED = ("sigma_between", "sigma_between_within")


@dataclass(frozen=True, slots=True)
class BetweenWithinTrack:
    """Means and their moving ranges by one track, the statistic within by another; memory is that of the first."""

    means: IndividualsTrack
    within: SubgroupTrack

    def start(self) -> Any:
        """Return the memory before the first subgroup."""
        return self.means.start()

    def interrupt(self, memory: Any) -> Any:
        """Forget the means before an interruption."""
        return self.means.interrupt(memory)

    def step(self, memory: Sequence[float], observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return the rows of mean, moving range and the statistic within."""
        values = rows.measured(observation.values)
        memory, pair = self.means.step_value(memory, rows.mean(values) if values else None)
        return memory, (*pair, *self.within.step(None, observation)[1])

    def run(self, columns: Columns, memory: Sequence[float]) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of the same."""
        values = columns.values if columns.values.ndim == 2 else columns.values[:, None]
        counts = rows.row_counts(values)
        pair, memory = self.means.run_values(rows.row_means(values, counts), columns, memory)
        return (*pair, *self.within.columns(values, counts)), memory


def _fit(columns: Columns, options: Options) -> Fit:
    """Estimate sigma of the means, within, between and both together.

    sigma_between = sqrt(max(0, sigma_means^2 - mean(1/n) sigma_within^2)).
    """
    standards = options.get("standards", {})
    inner = {name: value for name, value in standards.items() if name == "sigma_within"}
    within = within_sigma(columns, {**options, "standards": {"sigma": inner["sigma_within"]} if inner else {}})
    counts = rows.row_counts(columns.values)
    means = rows.row_means(columns.values, counts)
    moving = {**options, "estimator": "mrbar"}
    sigma = individuals_sigma(means, columns, moving)
    shares = float(np.mean(1 / counts[counts > 0]))
    between = math.sqrt(max(0.0, sigma * sigma - within * within * shares))
    center = known_number(options, "center")
    params = {
        "center": float(np.mean(means[counts > 0])) if center is None else center,
        "sigma": sigma,
        "sigma_within": within,
        "sigma_between": between,
        "sigma_between_within": math.hypot(between, within),
    }
    return Fit(params, f"mrbar of means, {options['estimator']} within")


def _track(params: Params, options: Options, ranges: bool) -> BetweenWithinTrack:
    only(params, *_GIVEN, *_DERIVED)
    rule = limit_rule(options)
    within = positive(params, "sigma_within")
    means = individuals_track(number(params, "center"), positive(params, "sigma"), options)
    if ranges:
        return BetweenWithinTrack(means, SubgroupTrack((RANGES,), (lambda n: range_line(n, within, rule),)))
    return BetweenWithinTrack(means, SubgroupTrack((DEVIATIONS,), (lambda n: sd_line(n, within, rule),)))


_OPTIONS = {**LIMIT_OPTIONS, "weights": "mvlue", "span": 2}

BETWEEN_WITHIN_CHARTS: tuple[Chart, ...] = (
    Chart(
        "i_mr_r",
        (MEAN_AS_INDIVIDUAL, MOVING_RANGE, RANGE),
        "variables",
        {**_OPTIONS, "estimator": "rbar"},
        _fit,
        lambda params, options: _track(params, options, ranges=True),
        unknowable=_DERIVED,
    ),
    Chart(
        "i_mr_s",
        (MEAN_AS_INDIVIDUAL, MOVING_RANGE, DEVIATION),
        "variables",
        {**_OPTIONS, "estimator": "sbar"},
        _fit,
        lambda params, options: _track(params, options, ranges=False),
        unknowable=_DERIVED,
    ),
)
