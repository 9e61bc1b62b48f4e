"""The run chart: values about their median, with the four p-values and Anhøj's limits on the whole series.

Sources: Gibbons (1986) in Kotz and Johnson, Encyclopedia 7, for runs about the median and runs up and down (normal
approximations without continuity correction); Anhøj & Olesen (2014) PLoS ONE 9(11) for longest run and crossings.
"""

import math
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns, one_value
from spc_desktop.spc.charts.engine import Chart, Fit, Options, Params
from spc_desktop.spc.charts.factors import known_number, number, only
from spc_desktop.spc.charts.fold import PanelColumns, Row
from spc_desktop.spc.charts.points import PointTrack
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.rules_series import crossings_limit, longest_run_limit
from spc_desktop.spc.run_rules import RULE_SETS

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RunAnalysis:
    """What the runs of a series say. A p-value is None where the test is not defined (all on one side, no moves)."""

    median: float
    above: int
    below_or_on: int
    runs: int
    expected_runs: float
    variance_runs: float
    longest_run: int
    p_clustering: float | None
    p_mixtures: float | None
    runs_up_down: int
    expected_up_down: float | None
    longest_up_down: int
    p_trends: float | None
    p_oscillation: float | None
    useful: int
    """Points that are not on the median."""
    longest_useful_run: int
    longest_run_limit: int
    crossings: int
    crossings_limit: int

    @property
    def signal(self) -> bool:
        """Whether Anhøj's rules call the variation not random."""
        return self.longest_useful_run > self.longest_run_limit or self.crossings < self.crossings_limit


@checked
def analyse(values: FloatArray, median: float | None = None) -> RunAnalysis:
    """Analyse the runs of a series; missing values are left out.

    Args:
        values: shape (m,), NaN for missing.
        median: the centre line, of the values themselves when None.

    Raises:
        SpcValueError: no value, or an infinite one.
    """
    x = np.asarray(values, dtype=np.float64)
    x = x[~np.isnan(x)]
    if x.ndim != 1 or not x.size or not np.isfinite(x).all():
        raise SpcValueError("values", "at least one value, all finite", x.size)
    center = float(np.median(x)) if median is None else float(median)
    lengths = _run_lengths((x > center).tolist())
    above = int(np.count_nonzero(x > center))
    below = x.size - above
    expected = 1 + 2 * above * below / x.size
    variance = (expected - 1) * (expected - 2) / (x.size - 1) if x.size > 1 else 0.0
    about_median = (len(lengths) - expected) / math.sqrt(variance) if variance > 0 else None
    moves = np.diff(x)
    moves = moves[moves != 0]
    up_down = _run_lengths((moves > 0).tolist())
    n = moves.size + 1
    expected_up_down = (2 * n - 1) / 3 if moves.size else None
    variance_up_down = (16 * n - 29) / 90
    trends = None
    if expected_up_down is not None and variance_up_down > 0:
        trends = (len(up_down) - expected_up_down) / math.sqrt(variance_up_down)
    useful = x[x != center]
    sides = _run_lengths((useful > center).tolist())
    return RunAnalysis(
        median=center,
        above=above,
        below_or_on=below,
        runs=len(lengths),
        expected_runs=expected,
        variance_runs=variance,
        longest_run=max(lengths, default=0),
        p_clustering=_normal(about_median),
        p_mixtures=_normal(about_median, upper=True),
        runs_up_down=len(up_down),
        expected_up_down=expected_up_down,
        longest_up_down=max(up_down, default=0),
        p_trends=_normal(trends),
        p_oscillation=_normal(trends, upper=True),
        useful=useful.size,
        longest_useful_run=max(sides, default=0),
        longest_run_limit=longest_run_limit(useful.size),
        crossings=max(len(sides) - 1, 0),
        crossings_limit=crossings_limit(useful.size),
    )


def _run_lengths(sides: list[bool]) -> list[int]:
    return [sum(1 for _ in run) for _, run in groupby(sides)]


def _normal(z: float | None, upper: bool = False) -> float | None:
    """P(Z <= z), or P(Z > z) without cancellation."""
    return None if z is None else 0.5 * math.erfc((z if upper else -z) / math.sqrt(2))


def _track(params: Params, options: Options) -> PointTrack:
    only(params, "center")
    center = number(params, "center")

    def point(observation: Observation) -> Row:
        return one_value(observation.values), center, None, None, None

    def batch(columns: Columns) -> PanelColumns:
        if columns.values.ndim != 1:
            raise SpcValueError("values", "one value per observation", columns.values.shape)
        return PanelColumns(columns.values, center, math.nan, math.nan, math.nan)

    return PointTrack(point, batch)


def _fit(columns: Columns, options: Options) -> Fit:
    if columns.values.ndim != 1:
        raise SpcValueError("observations", "one value per observation", columns.values.shape)
    present = columns.values[~np.isnan(columns.values)]
    center = known_number(options, "center")
    return Fit({"center": float(np.median(present)) if center is None else center}, "median")


RUN_CHART = Chart(
    "run",
    (PanelSpec("run", "X", individuals=True, zones=False, whole_series=True),),
    "individuals",
    {},
    _fit,
    _track,
    RULE_SETS["anhoj"],
)
