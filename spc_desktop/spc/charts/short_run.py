"""Short-run charts: many part types on one chart. Z-MR standardises each value by its part, DNOM subtracts the nominal.

Sources: Farnum (1992) and Montgomery section 10.1; the four ways to estimate sigma for Z-MR are those of Minitab's "Methods
and formulas". ``Observation.part`` names the part; a stretch of observations of one part is a run.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc import constants as k
from spc_desktop.spc import subgroups as rows
from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns, one_value
from spc_desktop.spc.charts.engine import Chart, Fit, Options, PanelColumns, Params, Row, Track, fold
from spc_desktop.spc.charts.factors import (
    LIMIT_OPTIONS,
    Line,
    choice,
    known,
    limit_rule,
    location_line,
    number,
    only,
    positive,
    range_line,
)
from spc_desktop.spc.charts.variables import MOVING_RANGE, VARIABLES_CHARTS
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.sigma import moving_ranges

FloatArray = NDArray[np.float64]
_METHODS = ("by_part", "by_run", "constant", "relative")
# Mean and sigma of a part, or of a run of it.
Standard = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ZTrack:
    """Z values and their moving ranges, which go on from part to part.

    Memory: the last Z value, the number of the run and its part. A run that the baseline does not have takes the standard
    of the last run of its part.
    """

    parts: Mapping[str, Standard]
    runs: Sequence[tuple[str, Standard]]
    logarithms: bool
    line: Line
    range_line: Line

    def start(self) -> tuple[float | None, int, str | None]:
        """Return the memory before the first value."""
        return None, -1, None

    def interrupt(self, memory: Any) -> tuple[float | None, int, str | None]:
        """Forget the last value; runs are still counted."""
        return None, memory[1], memory[2]

    def advance(self, memory: Any, value: float | None, part: str) -> Any:
        """Return the new memory, Z and the moving range (NaN where there is none)."""
        last, run, running = memory
        if part != running:
            run += 1
        if value is None or value != value:  # noqa: PLR0124 - NaN is a gap
            return (None, run, part), None
        mean, sigma = self._standard(part, run)
        if self.logarithms:
            if value <= 0:
                raise SpcValueError("values", "above 0 where sigma is relative to size", value)
            value = math.log(value)
        z = (value - mean) / sigma
        return (z, run, part), (z, math.nan if last is None else abs(z - last))

    def _standard(self, part: str, run: int) -> Standard:
        if run < len(self.runs) and self.runs[run][0] == part:
            return self.runs[run][1]
        if part not in self.parts:
            raise SpcValueError("part", f"one of {', '.join(map(repr, self.parts))}", part)
        return self.parts[part]

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return the rows of Z and the moving range."""
        memory, found = self.advance(memory, one_value(observation.values), observation.part)
        z, moved = found or (None, None)
        return memory, ((z, *self.line), (None if moved is None or math.isnan(moved) else moved, *self.range_line))

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of Z and the moving range."""
        inputs = (_singles(columns), _parts(columns))
        (z, moved), memory = fold(self.advance, self.interrupt, memory, inputs, columns.breaks(), 2)
        return (PanelColumns(z, *self.line), PanelColumns(moved, *self.range_line)), memory


def _singles(columns: Columns) -> FloatArray:
    if columns.values.ndim != 1:
        raise SpcValueError("values", "one value per observation for a chart of individuals", columns.values.shape)
    return columns.values


def _parts(columns: Columns) -> tuple[str, ...]:
    return columns.parts if columns.parts is not None else ("",) * len(columns)


def _z_track(params: Params, options: Options) -> ZTrack:
    only(params, "means", "sigmas", "runs")
    rule = limit_rule(options)
    method = choice(options, "sigma_method", _METHODS)
    means, sigmas = params.get("means"), params.get("sigmas")
    if not isinstance(means, Mapping) or not isinstance(sigmas, Mapping) or not means or set(means) != set(sigmas):
        raise SpcValueError("params", "means and sigmas, each a mapping from part to number, of the same parts")
    parts = {
        part: (number({"means": means[part]}, "means"), positive({"sigmas": sigmas[part]}, "sigmas")) for part in means
    }
    runs = []
    for run in params.get("runs", ()):
        part, mean, sigma = run
        runs.append((str(part), (number({"runs": mean}, "runs"), positive({"runs": sigma}, "runs"))))
    parts.update(dict(runs))
    return ZTrack(parts, runs, method == "relative", location_line(0.0, 1.0, rule), range_line(2, 1.0, rule))


def _fit_z(columns: Columns, options: Options) -> Fit:
    """Estimate mean and sigma per part from moving ranges / d2(2).

    Ranges join the runs of a part, but never reach across a gap, a stage or an excluded value. ``by_run``: sigma of each
    run from its own ranges; a run that has none, or that does not vary, takes that of its part.
    """
    method = choice(options, "sigma_method", _METHODS)
    values = _singles(columns)
    if method == "relative":
        if (values <= 0).any():
            raise SpcValueError("values", "above 0 where sigma is relative to size", float(np.nanmin(values)))
        values = np.log(values)
    names = np.array(_parts(columns))
    segment = np.zeros(len(columns), dtype=np.int64)
    for number_of, (first, last, _) in enumerate(columns.segments()):
        segment[first:last] = number_of
    d2 = k.constants(2, choice(options, "constants", ("exact", "aiag"))).d2
    means: dict[str, float] = {}
    ranges: dict[str, FloatArray] = {}
    for part in dict.fromkeys(names.tolist()):
        mine = names == part
        present = values[mine][~np.isnan(values[mine])]
        if present.size:
            means[part] = float(np.mean(present))
            ranges[part] = _ranges(values[mine], segment[mine])
    means.update({part: value for part, value in _given_parts(options, "means").items() if part in means})
    pooled = np.concatenate(list(ranges.values()))
    given = _given_parts(options, "sigmas")
    if means.keys() <= given.keys():
        sigmas = {part: given[part] for part in means}
    elif method in {"constant", "relative"}:
        sigmas = dict.fromkeys(means, _over_d2(pooled, d2, "values"))
    else:
        sigmas = {
            part: given.get(part) or _over_d2(found, d2, f"values of part {part!r}") for part, found in ranges.items()
        }
    params: dict[str, Any] = {"means": means, "sigmas": sigmas}
    if method == "by_run":
        params["runs"] = _runs(values, columns, options, params, d2)
    return Fit(params, f"mrbar, {method}")


def _given_parts(options: Options, name: str) -> dict[str, float]:
    """Return the parts whose mean or sigma is given; means are logarithms where sigma is relative to size."""
    given = known(options, name) or {}
    if not isinstance(given, Mapping):
        raise SpcValueError("standards", f"{name}: a mapping from part to number", given)
    read = positive if name == "sigmas" else number
    return {str(part): read({name: value}, name) for part, value in given.items()}


def _runs(
    values: FloatArray, columns: Columns, options: Options, params: Params, d2: float
) -> list[tuple[str, float, float]]:
    """Return part, mean and sigma of each run."""
    if len(columns.segments()) > 1:
        raise SpcValueError("sigma_method", "not 'by_run' over several stages: estimate each stage by itself")
    center = choice(options, "center", ("part", "run"))
    parts = _parts(columns)
    starts = [i for i, part in enumerate(parts) if i == 0 or part != parts[i - 1]]
    runs = []
    for first, last in zip(starts, [*starts[1:], len(parts)], strict=True):
        part, stretch = parts[first], values[first:last]
        present = stretch[~np.isnan(stretch)]
        if not present.size and part not in params["means"]:
            raise SpcValueError("observations", f"at least one measured value of part {part!r} in the baseline")
        moved = _ranges(stretch, np.zeros(len(stretch), dtype=np.int64))
        sigma = float(np.mean(moved)) / d2 if moved.size else 0.0
        own = center == "run" and present.size > 0
        mean = float(np.mean(present)) if own else params["means"][part]
        runs.append((part, mean, sigma if sigma > 0 else params["sigmas"][part]))
    return runs


def _ranges(values: FloatArray, segment: NDArray[np.int64]) -> FloatArray:
    breaks = np.concatenate(([False], segment[1:] != segment[:-1]))
    moved: FloatArray = moving_ranges(values, 2, breaks)
    return moved[~np.isnan(moved)]


def _over_d2(ranges: FloatArray, d2: float, argument: str) -> float:
    sigma = float(np.mean(ranges)) / d2 if ranges.size else 0.0
    if not sigma > 0:
        raise SpcValueError(argument, "at least 2 neighbouring values that differ")
    return sigma


@dataclass(frozen=True, slots=True)
class DeviationTrack:
    """Deviations from the nominal of each part, passed on to the track of another chart."""

    inner: Track
    nominals: Mapping[str, float]

    def start(self) -> Any:
        """Return the memory before the first observation."""
        return self.inner.start()

    def interrupt(self, memory: Any) -> Any:
        """Interrupt the inner track."""
        return self.inner.interrupt(memory)

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return the rows of the inner track for the deviations."""
        nominal = _nominal(self.nominals, observation.part)
        shifted = tuple([value - nominal for value in rows.measured(observation.values)])
        return self.inner.step(memory, observation._replace(values=shifted))

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of the inner track for the deviations."""
        return self.inner.run(_deviations(columns, self.nominals), memory)


def _nominal(nominals: Mapping[str, float], part: str) -> float:
    if part not in nominals:
        raise SpcValueError("part", f"one of {', '.join(map(repr, nominals))}", part)
    return nominals[part]


def _deviations(columns: Columns, nominals: Mapping[str, float]) -> Columns:
    each = np.array([_nominal(nominals, part) for part in _parts(columns)])
    return replace(columns, values=columns.values - (each if columns.values.ndim == 1 else each[:, None]))


def deviation_chart(inner: Chart, name: str, labels: Mapping[str, str]) -> Chart:
    """Return the DNOM form of a chart: same panels and options, values as deviations from ``option nominals``.

    ``nominals`` maps part to nominal; a part without one takes the mean of its baseline values.
    """

    def fit(columns: Columns, options: Options) -> Fit:
        nominals = dict(_nominals(options["nominals"]))
        names = np.array(_parts(columns))
        for part in dict.fromkeys(names.tolist()):
            present = columns.values[names == part]
            present = present[~np.isnan(present)]
            if part not in nominals and present.size:
                nominals[part] = float(np.mean(present))
        missing = [part for part in _parts(columns) if part not in nominals]
        found = inner.fit(_deviations(columns, {**dict.fromkeys(missing, 0.0), **nominals}), options)
        return Fit({**found.params, "nominals": nominals}, found.estimator)

    def track(params: Params, options: Options) -> DeviationTrack:
        nominals = _nominals(params.get("nominals", options["nominals"]))
        rest = {key: value for key, value in params.items() if key != "nominals"}
        return DeviationTrack(inner.track(rest, options), nominals)

    panels = tuple(
        replace(panel, label=labels.get(panel.key, panel.label), individuals=False) for panel in inner.panels
    )
    return Chart(
        name, panels, inner.data, {**inner.defaults, "nominals": {}}, fit, track, by_part=True, unknowable=("nominals",)
    )


def _nominals(nominals: Any) -> dict[str, float]:
    if not isinstance(nominals, Mapping):
        raise SpcValueError("nominals", "a mapping from part to number", nominals)
    return {str(part): number(nominals, part) for part in nominals}


_INNER = {chart.name: chart for chart in VARIABLES_CHARTS}

SHORT_RUN_CHARTS: tuple[Chart, ...] = (
    Chart(
        "z_mr",
        (PanelSpec("z", "Z"), MOVING_RANGE),
        "individuals",
        {**LIMIT_OPTIONS, "sigma_method": "by_part", "center": "part"},
        _fit_z,
        _z_track,
        by_part=True,
        unknowable=("runs",),
    ),
    deviation_chart(_INNER["xbar_r"], "dnom_xbar_r", {"xbar": "X̄ − T"}),
    deviation_chart(_INNER["i_mr"], "dnom_i_mr", {"i": "X − T"}),
)
