"""Queries of ``protocol.messages`` answered from committed data, each inside one read transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, and_, func, select

from spc_desktop.domain.alert import OPEN, Alert, AlertType, Priority, Status
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.note import Note
from spc_desktop.domain.point import Point
from spc_desktop.hub.ports import Stored
from spc_desktop.protocol import messages as m
from spc_desktop.storage import audit, deliveries, history, points, rows, schema, traces
from spc_desktop.storage.append import MASK, head_of
from spc_desktop.storage.log import epoch_of, first_of

T = TypeVar("T")

_OPEN = sorted(status.value for status in OPEN)


def answer(connection: Connection, query: m.AnyQuery, now: datetime) -> Any:
    """Answer a query.

    Raises:
        UserError: ``not_found`` (an alert or a point that does not exist).
    """
    if isinstance(query, m.GetDashboard):
        return _dashboard(connection, query, now)
    if isinstance(query, m.GetStatistics):
        return history.statistics(connection, query, now)
    return _ANSWERS[type(query)](connection, query)


def load(connection: Connection) -> Stored:
    """Return what the hub needs to start. Looks only at small tables, open alerts and the ends of indexes."""
    state = schema.monitor_state.c
    return Stored(
        epoch=epoch_of(connection)[0],
        head=head_of(connection),
        catalogue=catalogue(connection),
        monitor_states=dict(connection.execute(select(state.characteristic_id, state.body)).all()),
        open_alerts=_open_alerts(connection),
        next_ids={
            table.name: (connection.scalar(select(func.max(table.c.id))) or 0) + 1
            for table in (
                schema.measurement,
                schema.alert,
                schema.violation,
                schema.capability,
                schema.product,
                schema.characteristic,
                schema.note,
                schema.delivery,
            )
        },
        masks=[rows.mask_of(body) for body in documents(connection, MASK).values()],
    )


def known_keys(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """Return key -> id of its first measurement, for the keys that are stored."""
    c = schema.measurement_key.c
    found: dict[str, int] = {}
    for start in range(0, len(keys), 500):  # SQLite takes a limited number of parameters
        wanted = select(c.key, c.measurement_id).where(c.key.in_(keys[start : start + 500]))
        found |= dict(connection.execute(wanted).all())
    return found


def noted(connection: Connection, key: str) -> Note | None:
    """Return the note with a key."""
    text = connection.scalar(select(schema.note.c.note_json).where(schema.note.c.key == key))
    return None if text is None else rows.note_of(text)


def measurement(connection: Connection, row_id: int) -> Measurement | None:
    """Return one row by its id."""
    row = connection.execute(select(schema.measurement).where(schema.measurement.c.id == row_id)).first()
    return None if row is None else rows.measurement_of(row)


def documents(connection: Connection, kind: str) -> dict[str, bytes]:
    c = schema.document.c
    found = connection.execute(select(c.key, c.body).where(c.kind == kind).order_by(c.key))
    return {key: bytes(body) for key, body in found}


def measurements_between(connection: Connection, characteristic_id: int, first: int, last: int) -> list[Measurement]:
    c = schema.measurement.c
    wanted = select(schema.measurement).where(
        c.characteristic_id == characteristic_id, c.point_index >= first, c.point_index <= last
    )
    return [rows.measurement_of(row) for row in connection.execute(wanted.order_by(c.point_index, c.id))]


def points_between(connection: Connection, characteristic_id: int, first: int, last: int) -> list[Point]:
    c = schema.point.c
    wanted = select(schema.point).where(
        c.characteristic_id == characteristic_id, c.point_index >= first, c.point_index <= last
    )
    return [rows.point_of(row) for row in connection.execute(wanted.order_by(c.point_index))]


def catalogue(connection: Connection) -> m.Catalogue:
    plans = _newest(connection, schema.control_plan, schema.control_plan.c.plan_json, rows.plan_of)
    limits = _newest(connection, schema.frozen_limits, schema.frozen_limits.c.limits_json, rows.limits_of)
    found = connection.execute(select(schema.characteristic).order_by(schema.characteristic.c.id))
    characteristics = tuple(rows.characteristic_of(row) for row in found)
    return m.Catalogue(
        products=tuple(
            rows.product_of(row) for row in connection.execute(select(schema.product).order_by(schema.product.c.id))
        ),
        characteristics=characteristics,
        plans=tuple(plans.values()),
        states=tuple(_state(connection, c.id, plans.get(c.id), limits.get(c.id)) for c in characteristics),
        seq=head_of(connection),
    )


def _newest(connection: Connection, table: Any, column: Any, read: Callable[[str], T]) -> dict[int, T]:
    newest = (
        select(table.c.characteristic_id, func.max(table.c.revision).label("revision"))
        .group_by(table.c.characteristic_id)
        .subquery()
    )
    same = and_(table.c.characteristic_id == newest.c.characteristic_id, table.c.revision == newest.c.revision)
    found = connection.execute(
        select(table.c.characteristic_id, column).join(newest, same).order_by(table.c.characteristic_id)
    )
    return {characteristic_id: read(text) for characteristic_id, text in found}


def _state(
    connection: Connection, characteristic_id: int, plan: ControlPlan | None, limits: FrozenLimits | None
) -> m.CharacteristicState:
    count = points.count_points(connection, characteristic_id)
    learning = limits is None and plan is not None and plan.policy.mode == "learn"
    return m.CharacteristicState(
        characteristic_id=characteristic_id,
        points=count,
        learning_left=max(0, plan.policy.learn_subgroups - count) if plan is not None and learning else 0,
        limits=limits,
    )


def _catalogue(connection: Connection, _query: m.GetCatalogue) -> m.Catalogue:
    return catalogue(connection)


def _open_alerts(connection: Connection) -> list[Alert]:
    c = schema.alert.c
    found = connection.scalars(select(c.alert_json).where(c.status.in_(_OPEN)).order_by(c.id))
    return rows.alerts_of(found.all())


def _alerts(connection: Connection, query: m.GetAlerts) -> m.AlertPage:
    c = schema.alert.c
    matching = _filtered(select(func.count()).select_from(schema.alert), query)
    wanted = _filtered(select(c.alert_json), query)
    if query.before_id is not None:
        wanted = wanted.where(c.id < query.before_id)
    found = connection.scalars(wanted.order_by(c.id.desc()).limit(max(0, query.limit)))
    return m.AlertPage(alerts=tuple(rows.alerts_of(found.all())), total=connection.scalar(matching) or 0)


def _filtered(statement: Select[Any], query: m.GetAlerts) -> Select[Any]:
    c = schema.alert.c
    exact = {
        c.product_id: query.product_id,
        c.characteristic_id: query.characteristic_id,
        c.alert_type: query.alert_type,
        c.priority: query.priority,
        c.status: query.status,
    }
    for column, value in exact.items():
        if value is not None:
            statement = statement.where(column == value)
    if query.after_seq is not None:
        statement = statement.where(c.changed_seq > query.after_seq)
    if query.open_only:
        statement = statement.where(c.status.in_(_OPEN))
    return statement


def _alert(connection: Connection, query: m.GetAlert) -> Alert:
    text = connection.scalar(select(schema.alert.c.alert_json).where(schema.alert.c.id == query.alert_id))
    if text is None:
        raise UserError("not_found", what="alert", id=query.alert_id)
    return rows.alerts_of([text])[0]


def _alert_history(connection: Connection, query: m.GetAlertHistory) -> tuple[m.AlertStep, ...]:
    c = schema.alert_change.c
    found = connection.execute(select(schema.alert_change).where(c.alert_id == query.alert_id).order_by(c.id)).all()
    if not found:
        raise UserError("not_found", what="alert", id=query.alert_id)
    return tuple(rows.alert_step_of(row) for row in found)


def _dashboard(connection: Connection, query: m.GetDashboard, now: datetime) -> m.Dashboard:
    c = schema.alert.c
    since = rows.micros(now - timedelta(days=query.days))
    found = connection.execute(
        select(c.priority, c.status, c.alert_type, func.count())
        .where(c.created_at >= since)
        .group_by(c.priority, c.status, c.alert_type)
    )
    by_priority = {p.name.lower(): 0 for p in sorted(Priority, reverse=True)}
    by_status = {s.value.lower(): 0 for s in Status}
    by_type = {t.value: 0 for t in AlertType}
    total = 0
    for priority, status, alert_type, count in found:
        total += count
        by_priority[Priority(priority).name.lower()] += count
        by_status[status.lower()] += count
        by_type[alert_type] += count
    return m.Dashboard(total=total, by_priority=by_priority, by_status=by_status, by_type=by_type)


def _measurements(connection: Connection, query: m.GetMeasurements) -> tuple[Measurement, ...]:
    if query.characteristic_id is not None:
        of = [query.characteristic_id]
    else:
        c = schema.characteristic.c
        of = list(connection.scalars(select(c.id).where(c.product_id == query.product_id)))
    limit = max(0, query.limit)
    c = schema.measurement.c
    newest: list[Row[Any]] = []
    # From the one index there is: of each characteristic the open subgroup (-1), which is the newest, and then the last
    # positions. A second and a third index by id would cost every write.
    for characteristic_id in of:
        wanted = select(schema.measurement).where(c.characteristic_id == characteristic_id)
        newest += connection.execute(wanted.where(c.point_index == -1).order_by(c.id.desc()).limit(limit)).all()
        settled = wanted.where(c.point_index >= 0).order_by(c.point_index.desc(), c.id.desc())
        newest += connection.execute(settled.limit(limit)).all()
    newest.sort(key=lambda row: -row.id)
    return tuple(rows.measurement_of(row) for row in newest[:limit])


def _whole_points(connection: Connection, query: m.GetWholePoints) -> tuple[Point, ...]:
    c = schema.point.c
    wanted = select(schema.point).where(c.characteristic_id == query.characteristic_id)
    if query.before is not None:
        wanted = wanted.where(c.point_index < query.before)
    newest = connection.execute(
        wanted.order_by(c.point_index.desc()).limit(max(0, min(query.limit, m.MOST_WHOLE_POINTS)))
    )
    return tuple(rows.point_of(row) for row in newest)[::-1]


def _point(connection: Connection, query: m.GetPoint) -> m.PointDetail:
    found = points_between(connection, query.characteristic_id, query.index, query.index)
    if not found:
        raise UserError("not_found", what="point", id=query.index)
    values = measurements_between(connection, query.characteristic_id, query.index, query.index)
    return m.PointDetail(point=found[0], measurements=tuple(values))


def _events(connection: Connection, query: m.GetEvents) -> m.EventPage:
    epoch, _ = epoch_of(connection)
    first = first_of(connection)
    c = schema.event.c
    wanted = select(c.body).where(c.seq > query.since, c.seq >= first).order_by(c.seq).limit(max(0, query.limit))
    same_log = query.epoch in {"", epoch}
    found = connection.scalars(wanted).all() if same_log else []
    events = tuple(rows.event_decoder.decode(body) for body in found)
    return m.EventPage(events=events, epoch=epoch, head=head_of(connection), first=first)


def _capabilities(connection: Connection, query: m.GetCapabilities) -> tuple[m.CapabilityOut, ...]:
    c = schema.capability.c
    wanted = select(c.capability_json).order_by(c.id.desc()).limit(max(0, query.limit))
    if query.characteristic_id is not None:
        wanted = wanted.where(c.characteristic_id == query.characteristic_id)
    if query.product_id is not None:
        wanted = wanted.where(c.product_id == query.product_id)
    return tuple(rows.capability_of(text) for text in connection.scalars(wanted))


def _limits(connection: Connection, query: m.GetLimits) -> tuple[FrozenLimits, ...]:
    c = schema.frozen_limits.c
    wanted = select(c.limits_json).where(c.characteristic_id == query.characteristic_id).order_by(c.revision)
    return tuple(rows.limits_of(text) for text in connection.scalars(wanted))


def _notes(connection: Connection, query: m.GetNotes) -> tuple[Note, ...]:
    c = schema.note.c
    wanted = select(c.note_json).where(c.characteristic_id == query.characteristic_id)
    if query.first_index is not None:
        wanted = wanted.where(c.point_index >= query.first_index)
    if query.last_index is not None:
        wanted = wanted.where(c.point_index <= query.last_index)
    if query.kinds:
        wanted = wanted.where(c.kind.in_([kind.value for kind in query.kinds]))
    if query.before_id is not None:
        wanted = wanted.where(c.id < query.before_id)
    found = connection.scalars(wanted.order_by(c.id.desc()).limit(max(0, query.limit)))
    return tuple(rows.note_of(text) for text in found)


_ANSWERS: dict[type, Callable[[Connection, Any], Any]] = {
    m.GetCatalogue: _catalogue,
    m.GetAlerts: _alerts,
    m.GetAlert: _alert,
    m.GetAlertHistory: _alert_history,
    m.GetMeasurements: _measurements,
    m.GetPoints: points.columns,
    m.GetPoint: _point,
    m.GetWholePoints: _whole_points,
    m.FindTrace: traces.find,
    m.GetEvents: _events,
    m.GetCapabilities: _capabilities,
    m.GetAudit: audit.entries,
    m.GetChanges: audit.changes,
    m.GetHistory: history.page,
    m.GetRuleRecord: history.rule_record,
    m.GetNotes: _notes,
    m.GetLimits: _limits,
    m.GetPointGroups: traces.groups,
    m.GetDeliveries: deliveries.page,
}
