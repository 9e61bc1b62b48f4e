"""The fold that turns measurements into chart points: pure, and its state survives a restart as bytes.

``step`` collects values into subgroups, learns limits from the first of them, freezes these, judges every later point and
judges the learning points anew. Nothing here knows a clock, a database or a loop.
"""

import dataclasses
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from spc_desktop.domain.conditioning import AlarmState
from spc_desktop.domain.control_plan import FrozenLimits
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import Measurement, MeasurementIn
from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.domain.watch import Watch, check_chart
from spc_desktop.spc.charts import ChartPoint, Observation, Violation
from spc_desktop.spc.errors import SpcValueError

# A learning phase that cannot end (a stuck gauge gives no spread) keeps this many times its length, not more.
_LEARN_AT_MOST = 4


class Learned(Struct, frozen=True, array_like=True):
    """A point of the learning phase and the measurements it was made of."""

    point: Point
    ids: tuple[int, ...]


class MonitorState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the fold stands with one characteristic; small, whatever the length of its history."""

    next_index: int = 0
    base: int = 0
    """Chart position at which the chart's own state began to count."""
    chart_state: Any = None
    """State of the compiled chart; None before its first observation."""
    learned: tuple[Learned, ...] = ()
    """The baseline while it is collected; empty once limits are frozen."""
    open: tuple[Measurement, ...] = ()
    """Values of the subgroup that is not full yet."""
    last_subgroup: int = 0
    last_sample: int = 0
    limits_revision: int = 0
    """Number of the newest limits, 0 before the first."""
    learning: bool = True
    """True while no limits judge (also after a change of plan made the newest ones obsolete)."""
    part: str = ""
    """Part type of the subgroup that is not full yet."""
    alarms: AlarmState | None = None
    """Conditions that wait to become alarms or to return, and actions under verification; None: there are none."""
    problem: str = ""
    """Why the newest attempt to learn limits failed (a code of ``domain.wording``); empty: none did."""


class Judged(NamedTuple):
    """A point as it is to be stored, new or replacing the one with its index."""

    point: Point
    ids: tuple[int, ...]
    """Its measurements."""
    violated: bool
    """It completes at least one rule."""
    retrospective: bool
    """True where limits learnt later judge it."""


class Step(NamedTuple):
    """What one item (or the end of a learning phase that it brought) changes."""

    state: MonitorState
    watch: Watch
    """The watch to go on with: another one where limits were frozen."""
    measurements: tuple[Measurement, ...]
    """New rows, one per value, in order."""
    settled: tuple[Measurement, ...]
    """Earlier rows whose open subgroup has closed, as they are now."""
    points: tuple[Judged, ...]
    limits: FrozenLimits | None
    """Limits that were frozen in this step."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(MonitorState)


def encode_state(state: MonitorState) -> bytes:
    """Return the state for the store."""
    return _ENCODER.encode(state)


def decode_state(data: bytes) -> MonitorState:
    """Return what ``encode_state`` was given."""
    return _DECODER.decode(data)


def step(watch: Watch, state: MonitorState, item: MeasurementIn, first_id: int) -> Step:
    """Judge one item that ``admission.check_item`` let pass.

    Args:
        watch: the characteristic with its limits.
        state: what the step before returned.
        item: one or more values.
        first_id: id of the first value's row; the others count on.

    Raises:
        UserError: ``value_refused``: the chart has no meaning for these values. The state given stays valid.
    """
    size = watch.characteristic.subgroup_size
    try:
        if watch.limits is not None and not state.open and _is_subgroup(watch, item):
            return _judge_subgroup(watch, state, item, first_id)
        fold = _Fold(watch, state)
        if watch.counts or watch.chart.data == "multivariate":
            fold.add(item, first_id, item.values, index=fold.next_index)
            fold.close()
        elif size <= 1:
            for at, value in enumerate(item.values):
                fold.add(item, first_id + at, (value,), at, fold.next_index)
                fold.close()
        else:
            fold.collect(item, first_id, size)
    except SpcValueError as error:
        raise UserError("value_refused", argument=error.argument, allowed=error.allowed, got=str(error.got)) from error
    return fold.result()


def _is_subgroup(watch: Watch, item: MeasurementIn) -> bool:
    """Tell whether an item is one subgroup, no more and no less."""
    count, size = len(item.values), watch.characteristic.subgroup_size
    if size <= 1:
        return count == 1 or watch.counts or watch.chart.data == "multivariate"
    return count >= size or watch.counts or watch.chart.data == "multivariate"


def _judge_subgroup(watch: Watch, state: MonitorState, item: MeasurementIn, first_id: int) -> Step:
    """Judge one whole subgroup with frozen limits: what ``_Fold`` would return, without a working copy.

    Most items are such, and every microsecond here is one per measurement.
    """
    monitor, limits = watch.monitor, watch.limits
    if monitor is None or limits is None:  # pragma: no cover - limits always compile to a monitor
        raise AssertionError("frozen limits without a monitor")
    values, index = item.values, state.next_index
    before = monitor.start() if state.chart_state is None else state.chart_state
    chart_state, chart_point = monitor.step(before, Observation(values, item.size, part=item.part))
    panels = panel_values(chart_point, state.base)
    violated = any([panel.violations for panel in panels])  # noqa: C419 - a list is faster than a generator here
    number = state.last_subgroup + 1 if item.subgroup_number is None else item.subgroup_number
    sample = state.last_sample + 1 if item.sample_number is None else item.sample_number
    rows = _rows(watch, item, first_id, values, sample, number, index, not violated)
    point = Point(
        characteristic_id=watch.characteristic.id,
        index=index,
        subgroup_number=number,
        measured_at=item.measured_at,
        values=values,
        panels=panels,
        size=item.size,
        part=item.part,
        out_of_spec=not all([row.is_within_spec for row in rows]),  # noqa: C419
        limits_revision=limits.revision,
    )
    after = MonitorState(
        next_index=index + 1,
        base=state.base,
        chart_state=chart_state,
        learned=state.learned,
        last_subgroup=number,
        last_sample=sample + len(values) - 1,
        limits_revision=state.limits_revision,
        learning=False,
        part=item.part,
    )
    judged = Judged(point, tuple(range(first_id, first_id + len(values))), violated, retrospective=False)
    return Step(after, watch, rows, (), (judged,), None)


def _rows(
    watch: Watch,
    item: MeasurementIn,
    first_id: int,
    values: tuple[float, ...],
    sample: int,
    number: int,
    index: int,
    within: bool,
) -> tuple[Measurement, ...]:
    """Return the rows of values of one subgroup; ids and sample numbers count on from those given."""
    product_id, characteristic = watch.product.id, watch.characteristic
    lsl, usl = (None, None) if watch.counts else (characteristic.lsl, characteristic.usl)
    return tuple(
        [
            Measurement(
                id=first_id + at,
                product_id=product_id,
                characteristic_id=characteristic.id,
                measurement_value=value,
                sample_number=sample + at,
                subgroup_number=number,
                is_within_spec=not ((lsl is not None and value < lsl) or (usl is not None and value > usl)),
                is_within_control=within,
                measured_at=item.measured_at,
                point_index=index,
                size=item.size,
                source_id=item.source_id,
                trace=item.trace,
            )
            for at, value in enumerate(values)
        ]
    )


def close_open(watch: Watch, state: MonitorState) -> Step:
    """Make a point of the values that wait for their subgroup to become full (before a plan with another size rules)."""
    fold = _Fold(watch, state)
    if state.open:
        fold.close()
    return fold.result()


def restart(watch: Watch, state: MonitorState) -> MonitorState:
    """Return the state for a watch whose chart, rules or limits were changed: its patterns begin anew here."""
    learned = state.learned if watch.limits is None else ()
    base = learned[0].point.index if learned else state.next_index
    revision = state.limits_revision if watch.limits is None else watch.limits.revision
    return msgspec.structs.replace(
        state,
        base=base,
        chart_state=None,
        learned=learned,
        limits_revision=revision,
        learning=watch.limits is None,
        problem="",
    )


class _Fold:
    """Working copy of one step; it lives only as long as the call."""

    __slots__ = (
        "_chart_state",
        "_learned",
        "_limits",
        "_open",
        "_points",
        "_settled",
        "_watch",
        "base",
        "last_sample",
        "last_subgroup",
        "next_index",
        "part",
        "problem",
        "revision",
        "rows",
        "size",
    )

    def __init__(self, watch: Watch, state: MonitorState) -> None:
        self._watch = watch
        self._chart_state = state.chart_state
        self._learned = state.learned
        self._open = state.open
        self._points: list[Judged] = []
        self._settled: list[Measurement] = []
        self._limits: FrozenLimits | None = None
        self.base = state.base
        self.next_index = state.next_index
        self.last_subgroup = state.last_subgroup
        self.last_sample = state.last_sample
        self.revision = state.limits_revision
        self.part = state.part
        self.problem = state.problem
        self.rows: dict[int, Measurement] = {}
        self.size: float | None = None

    def result(self) -> Step:
        state = MonitorState(
            next_index=self.next_index,
            base=self.base,
            chart_state=self._chart_state,
            learned=self._learned,
            open=self._open,
            last_subgroup=self.last_subgroup,
            last_sample=self.last_sample,
            limits_revision=self.revision,
            learning=self._watch.limits is None,
            part=self.part,
            problem=self.problem,
        )
        rows = tuple(self.rows.values())
        return Step(state, self._watch, rows, tuple(self._settled), tuple(self._points), self._limits)

    def collect(self, item: MeasurementIn, first_id: int, size: int) -> None:
        number = item.subgroup_number
        full_set = len(item.values) >= size
        if self._open:
            other = number is not None and number != self._open[0].subgroup_number
            if full_set or other or (self._watch.chart.by_part and item.part != self.part):
                self.close()
        if full_set:
            self.add(item, first_id, item.values, index=self.next_index)
            self.close()
            return
        for at, value in enumerate(item.values):
            self.add(item, first_id + at, (value,), at)
            if len(self._open) >= size:
                self.close()

    def add(
        self, item: MeasurementIn, first_id: int, values: tuple[float, ...], offset: int = 0, index: int = -1
    ) -> None:
        """Append values to the open subgroup.

        Args:
            item: where they come from.
            first_id: id of the first row.
            values: what is appended.
            offset: place of the first of them within its item.
            index: the point's position where the subgroup is known to close with them.
        """
        watch = self._watch
        characteristic = watch.characteristic
        self.size, self.part = item.size, item.part
        if self._open:
            number = self._open[0].subgroup_number
        elif item.subgroup_number is None or (offset and characteristic.subgroup_size <= 1):
            number = self.last_subgroup + 1
        else:
            number = item.subgroup_number
        sample = self.last_sample + 1 if item.sample_number is None else item.sample_number + offset
        rows = _rows(watch, item, first_id, values, sample, number, index, within=True)
        self.rows.update([(row.id, row) for row in rows])
        self._open += rows
        self.last_sample = sample + len(values) - 1

    def close(self) -> None:
        """Make the open subgroup a point and judge it."""
        rows, watch = self._open, self._watch
        index = self.next_index
        values = tuple([row.measurement_value for row in rows])
        panels = self._panels(values, self.size, self.part)
        learning = watch.limits is None
        point = Point(
            characteristic_id=watch.characteristic.id,
            index=index,
            subgroup_number=rows[0].subgroup_number,
            measured_at=rows[-1].measured_at,
            values=values,
            panels=panels,
            size=self.size,
            part=self.part,
            out_of_spec=not all(row.is_within_spec for row in rows),
            learning=learning,
            limits_revision=0 if watch.limits is None else watch.limits.revision,
        )
        violated = any([panel.violations for panel in panels])  # noqa: C419 - a list is faster than a generator here
        for row in rows:
            if row.id not in self.rows:
                self._settled.append(_settle(row, index, violated))
            elif violated or row.point_index != index:
                self.rows[row.id] = _settle(row, index, violated)
        self._open = ()
        self.next_index = index + 1
        self.last_subgroup = rows[0].subgroup_number
        judged = Judged(point, tuple([row.id for row in rows]), violated, retrospective=False)
        self._points.append(judged)
        if learning:
            self._learn(judged)

    def _panels(
        self, values: tuple[float, ...], size: float | None, part: str, *, excluded: bool = False
    ) -> tuple[PanelValue, ...]:
        watch = self._watch
        if watch.monitor is None:
            return tuple([PanelValue(None) for _ in watch.chart.panels])
        if self._chart_state is None:
            self._chart_state = watch.monitor.start()
        self._chart_state, chart_point = watch.monitor.step(
            self._chart_state, Observation(values, size, part=part, excluded=excluded)
        )
        if watch.limits is None:
            shown = zip(chart_point.panels, watch.plain, strict=True)
            return tuple([PanelValue(panel.value if plain else None) for panel, plain in shown])
        return panel_values(chart_point, self.base)

    def _learn(self, judged: Judged) -> None:
        policy = self._watch.plan.policy
        wanted = policy.learn_subgroups
        self._learned = (*self._learned, Learned(judged.point, judged.ids))[-_LEARN_AT_MOST * wanted :]
        collected = sum(not entry.point.excluded for entry in self._learned)
        # Where the first attempt finds no spread, another follows each time as many points have come again.
        if collected != wanted and (collected < wanted or self.next_index % wanted):
            return
        limits = self._estimate()
        if limits is not None:
            self._freeze(limits)

    def _estimate(self) -> FrozenLimits | None:
        """Limits of the collected baseline; None where it has no spread to estimate from, so learning goes on."""
        watch, first = self._watch, self._learned[0].point.index
        points = [entry.point for entry in self._learned]
        observations = [
            Observation(point.values, point.size, part=point.part, excluded=point.excluded) for point in points
        ]
        try:
            limits = watch.chart.estimate(observations, watch.options)
            check_chart(watch, limits)
        except SpcValueError:
            values = {value for entry in self._learned if not entry.point.excluded for value in entry.point.values}
            self.problem = "learning_no_spread" if len(values) == 1 else "learning_not_possible"
            return None
        self.problem = ""
        revision = self.revision + 1
        provenance = dataclasses.replace(
            limits.provenance,
            baseline=tuple([first + at for at, one in enumerate(observations) if not one.excluded]),
            at=self._learned[-1].point.measured_at.isoformat(),
            why="learning phase",
            version=revision,
        )
        return FrozenLimits(
            characteristic_id=watch.characteristic.id,
            revision=revision,
            first_index=first,
            limits=dataclasses.replace(limits, provenance=provenance),
        )

    def _freeze(self, limits: FrozenLimits) -> None:
        """Judge the baseline with its own limits (phase I) and go on from the state after it."""
        self._watch = self._watch.with_limits(limits)
        self._limits = limits
        self.revision = limits.revision
        self._chart_state, self.base = None, limits.first_index
        for entry in self._learned:
            panels = self._panels(entry.point.values, entry.point.size, entry.point.part, excluded=entry.point.excluded)
            point = msgspec.structs.replace(entry.point, panels=panels, learning=False, limits_revision=limits.revision)
            violated = any(panel.violations for panel in panels)
            self._points.append(Judged(point, entry.ids, violated, retrospective=True))
        self._learned = ()


def panel_values(chart_point: ChartPoint, base: int) -> tuple[PanelValue, ...]:
    """Return panels as stored: members of patterns as chart positions."""
    return tuple(
        [
            PanelValue(
                value,
                center,
                lcl,
                ucl,
                sigma,
                tuple([Violation(v.rule, tuple([base + at for at in v.members])) for v in violations])
                if violations
                else (),
            )
            for value, center, lcl, ucl, sigma, violations in chart_point.panels
        ]
    )


def _settle(row: Measurement, index: int, violated: bool) -> Measurement:
    return msgspec.structs.replace(row, point_index=index, is_within_control=not violated)
