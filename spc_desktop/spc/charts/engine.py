"""The engine of every chart: folds observations through a chart's statistics and its rules, one by one or as arrays.

A chart module supplies a ``Track`` (how statistics and limits follow from observations in one stage) and a way to estimate
parameters, together a ``Chart``. What is common lives here: stages, gaps, excluded points, rules, positions, states. An
excluded point stands alone: it is shown as if it were the only one, no rule sees it, and everything starts anew after it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.base import (
    ChartPoint,
    ChartRun,
    Limits,
    Observation,
    PanelPoint,
    PanelRun,
    PanelSpec,
    Provenance,
    State,
)
from spc_desktop.spc.charts.columns import Columns, to_columns, used_rows
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.rules import check_rules
from spc_desktop.spc.run_rules import RULE_SETS, RuleMonitor, RuleSet, compile_rules

FloatArray = NDArray[np.float64]
Params = Mapping[str, Any]
Options = Mapping[str, Any]
# value, center, lcl, ucl, sigma of one panel at one position; None where not defined.
Row = tuple[float | None, float | None, float | None, float | None, float | None]

RULE_1 = RULE_SETS["nelson"].pick("nelson_1")


class PanelColumns(NamedTuple):
    """One panel over a stretch of one stage: arrays of shape (m,), or one number for all; NaN where not defined."""

    value: FloatArray
    center: FloatArray | float
    lcl: FloatArray | float
    ucl: FloatArray | float
    sigma: FloatArray | float


class Track(Protocol):
    """Statistics and limits of one chart within one stage. ``step`` and ``run`` give the same bits."""

    def start(self) -> Any:
        """Return the memory before the first observation: a JSON value."""
        ...

    def interrupt(self, memory: Any) -> Any:
        """Return the memory from which nothing before reaches further: around an excluded point."""
        ...

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return the new memory and one row per panel. A gap gives values of None and interrupts."""
        ...

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Do the same for at least one; interrupted at ``columns.breaks()`` and gaps, not after the last position."""
        ...


@dataclass(frozen=True, slots=True)
class Fit:
    """What an estimator found: parameters of the chart and the name of what estimated the variation."""

    params: Params
    estimator: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A control chart: one entry of ``CHARTS`` (the protocol ``ControlChart``).

    ``defaults`` are the named options; ``fit`` estimates parameters from a baseline; ``track`` compiles parameters and
    options, and refuses those that have no meaning.
    """

    name: str
    panels: tuple[PanelSpec, ...]
    data: str
    defaults: Options
    fit: Callable[[Columns, Options], Fit]
    track: Callable[[Params, Options], Track]
    rules: RuleSet = RULE_1
    """Judges a location panel when nothing else is asked for."""

    def options(self) -> Options:
        """Return the chart's named options with their defaults."""
        return MappingProxyType(dict(self.defaults))

    def estimate(
        self,
        observations: Sequence[Observation] | FloatArray | Columns,
        options: Options | None = None,
        baseline: Sequence[int] | None = None,
        exclusions: Mapping[int, str] | None = None,
    ) -> Limits:
        """Estimate parameters from a baseline (all observations when None), leaving out excluded positions.

        Args:
            observations: see ``to_columns``; several stages may be pooled, no moving range crosses them.
            options: named options, the rest at their defaults.
            baseline: 0-based positions to use.
            exclusions: 0-based position -> reason.

        Raises:
            SpcValueError: too few usable observations, no variation, values or options outside what the chart allows.
        """
        chosen = self._options(options)
        columns = to_columns(observations)
        used, reasons = used_rows(columns, baseline, exclusions)
        if not used.any():
            raise SpcValueError("observations", "at least one measured observation in the baseline")
        fit = self.fit(columns if used.all() else columns.only(used), chosen)
        self.track(fit.params, chosen)
        positions = tuple(np.flatnonzero(used).tolist())
        provenance = Provenance(fit.estimator, str(chosen.get("constants", "exact")), positions, reasons)
        return Limits(self.name, dict(fit.params), chosen, provenance)

    def given(self, params: Params, options: Options | None = None) -> Limits:
        """Return limits from known standards.

        Raises:
            SpcValueError: a parameter is missing, unknown or outside what the chart allows.
        """
        chosen = self._options(options)
        self.track(params, chosen)
        return Limits(self.name, dict(params), chosen, Provenance("given", str(chosen.get("constants", "exact"))))

    def monitor(
        self, limits: Limits | Mapping[str, Limits], rules: Mapping[str, RuleSet] | RuleSet | None = None
    ) -> "Monitor":
        """Compile limits and rules; see ``ControlChart.monitor``.

        Raises:
            SpcValueError: limits of another chart, an unknown panel, a rule that makes no sense on a panel.
        """
        stages = {None: limits} if isinstance(limits, Limits) else dict(limits)
        if not stages:
            raise SpcValueError("limits", "limits for at least one stage")
        tracks: dict[str | None, Track] = {}
        for stage, one in stages.items():
            if one.chart != self.name:
                raise SpcValueError("limits", f"limits of the chart {self.name!r}", one.chart)
            tracks[stage] = self.track(one.params, self._options(one.options))
        return Monitor(self.panels, tracks, panel_rules(self.panels, rules, self.rules))

    def _options(self, options: Options | None) -> dict[str, Any]:
        for name in options or {}:
            if name not in self.defaults:
                raise SpcValueError("options", f"one of {', '.join(self.defaults)} for {self.name!r}", name)
        return {**self.defaults, **(options or {})}


def panel_rules(
    panels: tuple[PanelSpec, ...], rules: Mapping[str, RuleSet] | RuleSet | None, default: RuleSet = RULE_1
) -> tuple[RuleMonitor, ...]:
    """Return one compiled rule set per panel.

    A bare set goes to the location panels, as ``default`` does when nothing is asked; rule 1 goes to all others.

    Raises:
        SpcValueError: an unknown panel, or a rule that makes no sense on its panel, with the reason.
    """
    asked = rules if isinstance(rules, Mapping) else {}
    keys = [panel.key for panel in panels]
    for key in asked:
        if key not in keys:
            raise SpcValueError("rules", f"panels of this chart: {', '.join(keys)}", key)
    monitors = []
    for panel in panels:
        bare = rules if isinstance(rules, RuleSet) else default
        chosen = asked.get(panel.key, bare if panel.role == "location" else RULE_1)
        check_rules(
            chosen,
            panel.symmetric,
            panel.key in asked,
            zones=panel.zones,
            independent=panel.independent,
            series=panel.whole_series,
        )
        monitors.append(compile_rules(chosen))
    return tuple(monitors)


_Step = Callable[[State, Observation], tuple[State, ChartPoint]]


class Monitor:
    """A chart with its limits and rules compiled (the protocol ``ChartMonitor``). It holds no data of any series.

    The state is ``[position, stage, memory of the track, states of the rules]``.
    """

    __slots__ = ("_judges", "_tracks", "panels", "step")

    step: _Step
    """``step(state, observation)`` judges one observation and returns the new state and its ``ChartPoint``.

    Raises SpcValueError for values that the chart has no use for, or a stage without limits."""

    def __init__(
        self, panels: tuple[PanelSpec, ...], tracks: Mapping[str | None, Track], judges: tuple[RuleMonitor, ...]
    ) -> None:
        self.panels = panels
        self._tracks = tracks
        self._judges = judges
        self.step = _make_step(tracks, judges)

    def start(self) -> State:
        """Return the state before the first observation."""
        return (0, None, None, tuple(judge.start() for judge in self._judges))

    def run(self, observations: Sequence[Observation] | FloatArray | Columns, state: State = None) -> ChartRun:
        """Judge many at once; see ``ChartMonitor.run``.

        Raises:
            SpcValueError: as ``step``.
        """
        columns = to_columns(observations)
        position, stage, memory, slots = self.start() if state is None else state
        pieces: list[tuple[PanelColumns, ...]] = []
        signals: list[list[dict[str, NDArray[np.int64]]]] = [[] for _ in self.panels]
        for first, last, name in columns.segments():
            track = find_track(self._tracks, name)
            if name != stage:
                memory, slots = track.start(), self.start()[3]
            part = columns.cut(first, last)
            panels, memory = track.run(part, memory)
            if part.excluded is not None and part.excluded[-1]:
                memory = track.interrupt(memory)
            slots = self._judge(panels, part, slots, position + first, signals)
            pieces.append(panels)
            stage = name
        runs = tuple(
            PanelRun(
                *_join([piece[at] for piece in pieces], len(columns)), signals=_merge(self._judges[at], signals[at])
            )
            for at in range(len(self.panels))
        )
        return ChartRun(runs, (position + len(columns), stage, memory, tuple(slots)))

    def _judge(
        self,
        panels: tuple[PanelColumns, ...],
        part: Columns,
        slots: Sequence[Any],
        index: int,
        signals: list[list[dict[str, NDArray[np.int64]]]],
    ) -> list[Any]:
        after = []
        for at, (judge, panel) in enumerate(zip(self._judges, panels, strict=True)):
            value = panel.value if part.excluded is None else np.where(part.excluded, np.nan, panel.value)
            columns = (value, panel.center, panel.sigma, panel.lcl, panel.ucl)
            signals[at].append(judge.run(*columns, state=slots[at], index=index))
            after.append(judge.state_after(*columns, state=slots[at]))
        return after


def find_track(tracks: Mapping[str | None, Track], stage: str) -> Track:
    """Return the track of a stage; limits without a stage (key None) serve every stage.

    Raises:
        SpcValueError: a stage without limits.
    """
    track = tracks.get(stage) or tracks.get(None)
    if track is None:
        raise SpcValueError("stage", f"one of {', '.join(map(repr, tracks))}", stage)
    return track


def _make_step(tracks: Mapping[str | None, Track], judges: tuple[RuleMonitor, ...]) -> _Step:
    initial = tuple(judge.start() for judge in judges)
    pairs = tuple((judge.step, judge.start()) for judge in judges)
    make = tuple.__new__  # a NamedTuple without the cost of its Python-level constructor

    def step(state: State, observation: Observation) -> tuple[State, ChartPoint]:
        position, stage, memory, slots = state
        name = observation.stage
        track = find_track(tracks, name)
        if name != stage:
            memory, slots = track.start(), initial
        if observation.excluded:
            memory, rows = track.step(track.interrupt(memory), observation)
            alone = tuple([PanelPoint(*row) for row in rows])
            return (position + 1, name, track.interrupt(memory), initial), ChartPoint(position, alone)
        memory, rows = track.step(memory, observation)
        points = []
        after = []
        for (value, center, lcl, ucl, sigma), (judge, fresh), slot in zip(rows, pairs, slots, strict=True):
            if value is None:
                after.append(fresh)
                points.append(make(PanelPoint, (None, center, lcl, ucl, sigma, ())))
                continue
            slot_after, hits = judge(slot, value, center, sigma, lcl, ucl, position)
            after.append(slot_after)
            points.append(make(PanelPoint, (value, center, lcl, ucl, sigma, hits)))
        return (position + 1, name, memory, after), make(ChartPoint, (position, tuple(points)))

    return step


def _join(pieces: list[PanelColumns], m: int) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """Put stretches together; one number for a whole single stretch takes no memory."""
    joined = []
    for field in range(5):
        if len(pieces) == 1:
            column = pieces[0][field]
            joined.append(column if isinstance(column, np.ndarray) else np.broadcast_to(np.float64(column), (m,)))
            continue
        whole = np.full(m, np.nan)
        first = 0
        for piece in pieces:
            last = first + len(piece.value)
            whole[first:last] = piece[field]
            first = last
        joined.append(whole)
    value, center, lcl, ucl, sigma = joined
    return value, center, lcl, ucl, sigma


def _merge(judge: RuleMonitor, found: list[dict[str, NDArray[np.int64]]]) -> dict[str, NDArray[np.int64]]:
    if len(found) == 1:
        return found[0]
    ids = [rule.id for rule in judge.rule_set.rules]
    empty = np.empty(0, dtype=np.int64)
    return {rule_id: np.concatenate([empty, *(one[rule_id] for one in found)]) for rule_id in ids}


Advance = Callable[..., tuple[Any, tuple[float, ...] | None]]


def fold(
    advance: Advance,
    interrupt: Callable[[Any], Any],
    memory: Any,
    inputs: Sequence[Sequence[Any] | NDArray[Any]],
    breaks: NDArray[np.bool_] | None,
    widths: int,
) -> tuple[FloatArray, Any]:
    """Run a recursion over columns: what a track does where no array formula gives the same bits.

    Args:
        advance: ``advance(memory, *inputs)`` -> new memory and its numbers, None for a gap.
        interrupt: see ``Track.interrupt``; applied before each position in ``breaks``.
        memory: before the first position.
        inputs: one sequence of length m per argument of ``advance``.
        breaks: see ``Columns.breaks``.
        widths: how many numbers ``advance`` gives.

    Returns:
        The numbers, shape (widths, m), NaN at gaps, and the memory after the last position.
    """
    m = len(inputs[0])
    numbers = np.full((widths, m), np.nan)
    missing = (np.nan,) * widths
    for first in range(0, m, 4096):  # in chunks, so that Python objects never outweigh the arrays
        last = min(first + 4096, m)
        chunk = [part.tolist() if isinstance(part, np.ndarray) else part for part in (i[first:last] for i in inputs)]
        stops = set() if breaks is None else set(np.flatnonzero(breaks[first:last]).tolist())
        found = []
        for at, values in enumerate(zip(*chunk, strict=True)):
            if at in stops:
                memory = interrupt(memory)
            memory, got = advance(memory, *values)
            found.append(missing if got is None else got)
        numbers[:, first:last] = np.array(found).T
    return numbers, memory


def estimate_stages(
    chart: Chart,
    observations: Sequence[Observation],
    options: Options | None = None,
    exclusions: Mapping[int, str] | None = None,
) -> dict[str, Limits]:
    """Estimate limits for each stage from the observations of that stage alone.

    Returns:
        Stage name -> limits, in order of appearance.

    Raises:
        SpcValueError: as ``Chart.estimate``, for the stage that has too few observations.
    """
    rows: dict[str, list[int]] = {}
    for position, observation in enumerate(observations):
        rows.setdefault(observation.stage, []).append(position)
    if not rows:
        raise SpcValueError("observations", "at least one observation")
    limits = {}
    for stage, baseline in rows.items():
        inside = {position: reason for position, reason in (exclusions or {}).items() if position in set(baseline)}
        limits[stage] = chart.estimate(observations, options, baseline, inside)
    return limits
