"""Folds observations through the statistics and the rules of a chart, one by one or as arrays.

A chart module supplies a ``Track``: how statistics and limits follow from observations in one stage. What is common lives
here: stages, gaps, excluded points, rules, positions, states. An excluded point stands alone: it is shown as if it were the
only one, no rule sees it, and everything starts anew after it. Called by ``engine`` and the charts.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.base import (
    ChartPoint,
    ChartRun,
    Observation,
    PanelPoint,
    PanelRun,
    PanelSpec,
    State,
    Violation,
)
from spc_desktop.spc.charts.columns import Columns, check_observation, to_columns
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RuleMonitor

FloatArray = NDArray[np.float64]
# value, center, lcl, ucl, sigma of one panel at one position; None where not defined.
Row = tuple[float | None, float | None, float | None, float | None, float | None]


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


# What something of a wrong kind raises in the middle of arithmetic.
_KINDS = (TypeError, AttributeError, ValueError, LookupError)
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
        try:
            return self._run(columns, self.start() if state is None else state)
        except _KINDS as error:
            if isinstance(error, SpcValueError) or state is None:
                raise
            raise _bad_state(state) from error

    def _run(self, columns: Columns, state: State) -> ChartRun:
        position, stage, memory, slots = state
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
            after.append(judge.state_after(*columns, state=slots[at], index=index))
        return after


def _bad_state(state: State) -> SpcValueError:
    return SpcValueError("state", "a state that a monitor of this chart returned", state)


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
    """Compile the hottest function of the program: indices instead of zip, tuples made without a Python-level call."""
    initial = tuple(judge.start() for judge in judges)
    steps = tuple(judge.step for judge in judges)
    everywhere = tracks.get(None)
    track_of = tracks.get
    panel_point, chart_point = partial(tuple.__new__, PanelPoint), partial(tuple.__new__, ChartPoint)
    nothing: tuple[Violation, ...] = ()

    def step(state: State, observation: Observation) -> tuple[State, ChartPoint]:
        try:
            position, stage, memory, slots = state
            name = observation.stage
            track = track_of(name) or everywhere or find_track(tracks, name)
            if name != stage:
                memory, slots = track.start(), initial
            if observation.excluded:
                memory, rows = track.step(track.interrupt(memory), observation)
                alone = tuple([PanelPoint(*row) for row in rows])
                return (position + 1, name, track.interrupt(memory), initial), ChartPoint(position, alone)
            memory, rows = track.step(memory, observation)
            points = []
            after = []
            at = 0
            for value, center, lcl, ucl, sigma in rows:
                if value is None:
                    slot, hits = initial[at], nothing
                else:
                    slot, hits = steps[at](slots[at], value, center, sigma, lcl, ucl, position)
                after.append(slot)
                points.append(panel_point((value, center, lcl, ucl, sigma, hits)))
                at += 1  # noqa: SIM113 - measurably faster than enumerate with a nested target
            return (position + 1, name, memory, after), chart_point((position, tuple(points)))
        except _KINDS as error:  # looked into afterwards, so that a good observation pays nothing
            if isinstance(error, SpcValueError):
                raise
            check_observation(observation)
            raise _bad_state(state) from error

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
