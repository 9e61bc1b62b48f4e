"""Structs to rows and back. A row is a tuple in the order of its table's columns."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits
from spc_desktop.domain.delivery import Delivery
from spc_desktop.domain.masks import Mask
from spc_desktop.domain.measurement import Measurement, Quarantined, Trace
from spc_desktop.domain.note import Note
from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.ports import AlertChange
from spc_desktop.protocol import messages as m
from spc_desktop.storage.engine import Flags

RowTuple = tuple[Any, ...]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_body = msgspec.msgpack.Encoder()


class _PointBody(msgspec.Struct, frozen=True, array_like=True, gc=False):
    values: tuple[float, ...]
    panels: tuple[PanelValue, ...]
    part: str = ""  # only points of short-run charts have it


_point_body = msgspec.msgpack.Decoder(_PointBody)
_alert = msgspec.json.Decoder(Alert)
_mask = msgspec.json.Decoder(Mask)
_plan = msgspec.json.Decoder(ControlPlan)
_limits = msgspec.json.Decoder(FrozenLimits)
_note = msgspec.json.Decoder(Note)
_capability = msgspec.json.Decoder(m.CapabilityOut)
event_decoder = msgspec.json.Decoder(m.AnyEvent)
event_encoder = msgspec.json.Encoder()


def micros(at: datetime) -> int:
    """Return an aware instant as whole microseconds since 1970-01-01 UTC (a naive one raises ``TypeError``)."""
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def instant(value: int) -> datetime:
    """Return the aware instant (in UTC) of microseconds since 1970-01-01."""
    return _EPOCH + timedelta(microseconds=value)


def to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def note_row(note: Note) -> RowTuple:
    return (note.id, note.characteristic_id, note.point_index, note.kind.value, note.key or None, to_json(note))


def note_of(text: str) -> Note:
    return _note.decode(text)


def product_row(p: Product) -> RowTuple:
    return (p.id, p.code, p.name, p.name_en, p.line, p.active)


def product_of(row: Row[Any]) -> Product:
    return Product(**row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name of a row's mapping


def characteristic_row(c: Characteristic) -> RowTuple:
    spec = (c.lsl, c.usl, c.target)
    return (c.id, c.product_id, c.code, c.name, c.name_en, c.unit, c.decimals, *spec, c.subgroup_size, c.active)


def characteristic_of(row: Row[Any]) -> Characteristic:
    return Characteristic(**row._mapping)  # noqa: SLF001


def plan_row(plan: ControlPlan) -> RowTuple:
    return (plan.characteristic_id, plan.revision, plan.chart, to_json(plan))


def plan_of(text: str) -> ControlPlan:
    return _plan.decode(text)


def limits_row(frozen: FrozenLimits) -> RowTuple:
    return (frozen.characteristic_id, frozen.revision, frozen.first_index, to_json(frozen))


def limits_of(text: str) -> FrozenLimits:
    return _limits.decode(text)


def measurement_rows(
    many: Iterable[Measurement], settled: Mapping[int, tuple[int, bool]], flags: Flags
) -> list[RowTuple]:
    """Return the rows of measurements.

    Args:
        many: in any order; those of one request mostly share their time, which is then converted once.
        settled: measurement id -> (point index, within control), which overrules what the struct says.
        flags: what the driver takes for False and True.
    """
    found = []
    last, at = _EPOCH, 0
    for v in many:
        if v.measured_at is not last:
            last, at = v.measured_at, micros(v.measured_at)
        index, within = settled.get(v.id) or (v.point_index, v.is_within_control)
        t = v.trace
        found.append(
            (
                v.id,
                v.product_id,
                v.characteristic_id,
                v.measurement_value,
                v.sample_number,
                v.subgroup_number,
                flags[v.is_within_spec],
                flags[within],
                at,
                index,
                v.size,
                v.source_id,
                t.lot,
                t.machine,
                t.operator,
                t.cavity,
                t.gauge,
                t.serial,
            )
        )
    return found


def measurement_of(row: Row[Any]) -> Measurement:
    trace = Trace(
        lot=row.lot,
        machine=row.machine,
        operator=row.operator,
        cavity=row.cavity,
        gauge=row.gauge,
        serial=row.serial,
    )
    return Measurement(
        id=row.id,
        product_id=row.product_id,
        characteristic_id=row.characteristic_id,
        measurement_value=row.value,
        sample_number=row.sample_number,
        subgroup_number=row.subgroup_number,
        is_within_spec=row.is_within_spec,
        is_within_control=row.is_within_control,
        measured_at=instant(row.measured_at),
        point_index=row.point_index,
        size=row.size,
        source_id=row.source_id,
        trace=trace,
    )


def point_rows(many: Iterable[Point], flags: Flags) -> list[RowTuple]:
    """Return the rows of points; see ``measurement_rows``."""
    found = []
    last, at = _EPOCH, 0
    for p in many:
        if p.measured_at is not last:
            last, at = p.measured_at, micros(p.measured_at)
        found.append(
            (
                p.characteristic_id,
                p.index,
                p.subgroup_number,
                at,
                p.size,
                flags[p.out_of_spec],
                flags[p.excluded],
                p.exclusion_reason,
                flags[p.learning],
                p.limits_revision,
                bytearray(_body.encode((p.values, p.panels, p.part) if p.part else (p.values, p.panels))),
            )
        )
    return found


def point_of(row: Row[Any]) -> Point:
    body = _point_body.decode(row.body)
    return Point(
        characteristic_id=row.characteristic_id,
        index=row.point_index,
        subgroup_number=row.subgroup_number,
        measured_at=instant(row.measured_at),
        values=body.values,
        panels=body.panels,
        size=row.size,
        part=body.part,
        out_of_spec=row.out_of_spec,
        excluded=row.excluded,
        exclusion_reason=row.exclusion_reason,
        learning=row.learning,
        limits_revision=row.limits_revision,
    )


def panels_of(body: bytes) -> tuple[PanelValue, ...]:
    return _point_body.decode(body).panels


def violation_row(v: m.ViolationOut) -> RowTuple:
    place = (v.characteristic_id, v.point_index, v.panel, v.rule, v.rule_type)
    return (v.id, *place, micros(v.detected_at), v.is_resolved, to_json(v.members))


def alert_row(a: Alert, changed_seq: int) -> RowTuple:
    kind = (a.alert_type.value, int(a.priority), a.status.value)
    return (
        a.id,
        a.product_id,
        a.characteristic_id,
        *kind,
        micros(a.created_at),
        changed_seq,
        to_json(a),
        *alert_facts(a),
    )


def alert_facts(a: Alert) -> RowTuple:
    """Return rule, acknowledged_at, resolved_at, has_cause."""
    times = (None if at is None else micros(at) for at in (a.acknowledged_at, a.resolved_at))
    return (a.code, *times, bool(a.root_cause.strip()))


def alerts_of(texts: Sequence[str]) -> list[Alert]:
    return [_alert.decode(text) for text in texts]


def alert_change_row(c: AlertChange) -> RowTuple:
    """Without the id, which the database gives."""
    return (c.alert_id, micros(c.at), c.change, c.by, c.comment, c.rev)


def alert_step_of(row: Any) -> m.AlertStep:
    return m.AlertStep(at=instant(row.at), change=row.change, by=row.by, comment=row.comment, rev=row.rev)


def mask_of(body: bytes) -> Mask:
    return _mask.decode(body)


def capability_row(c: m.CapabilityOut) -> RowTuple:
    return (c.id, c.product_id, c.characteristic_id, micros(c.analyzed_at), to_json(c))


def capability_of(text: str) -> m.CapabilityOut:
    return _capability.decode(text)


def quarantine_row(q: Quarantined) -> RowTuple:
    """Without the id, which the database gives."""
    return (micros(q.received_at), q.reason, to_json(q.params), q.item.characteristic_id, _body.encode(q.item))


def delivery_row(d: Delivery) -> RowTuple:
    return (d.id, micros(d.at), d.alert_id, d.product_id, d.recipient, d.channel, d.outcome.value, to_json(d))
