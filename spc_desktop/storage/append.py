"""One batch to SQL, inside the writer's transaction."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.engine.interfaces import DBAPICursor

from spc_desktop.hub.ports import Batch, Document
from spc_desktop.protocol import messages as m
from spc_desktop.storage import rows, schema
from spc_desktop.storage.audit import Trail
from spc_desktop.storage.engine import Prepared
from spc_desktop.storage.points import Pages
from spc_desktop.storage.search import Index

MASK = "mask"
"""Kind of the documents that hold masks."""
_NEWEST = select(func.max(schema.event.c.seq))  # retention never takes the newest event


class Appender:
    """Writes batches through statements prepared once. Belongs to the writer's thread and connection."""

    def __init__(self, dialect: str, epoch: str) -> None:
        prepared = Prepared(dialect)
        self._epoch = epoch
        self._flags = prepared.flags
        self.pages = Pages(prepared)
        self._trail = Trail(prepared)
        self.index = Index(prepared, indexed=dialect == "sqlite")
        tables = (
            schema.product, schema.characteristic, schema.control_plan, schema.frozen_limits, schema.point,
            schema.violation, schema.alert, schema.monitor_state, schema.capability,
            schema.document, schema.delivery,
        )  # fmt: skip
        self._upsert = {table.name: prepared.upsert(table) for table in tables}
        whole = (schema.measurement, schema.measurement_key, schema.event, schema.note)
        numbered = (schema.alert_change, schema.quarantine)
        self._insert = {table.name: prepared.insert(table) for table in whole}
        self._insert |= {table.name: prepared.insert(table, without="id") for table in numbered}
        d = schema.document.c
        gone = delete(schema.document).where(d.kind == bindparam("of"), d.key == bindparam("named"))
        self._forget = prepared.text(gone, ["of", "named"])
        c = schema.measurement.c
        settle = update(schema.measurement).where(c.id == bindparam("number"))
        settle = settle.ordered_values((c.point_index, bindparam("place")), (c.is_within_control, bindparam("within")))
        self._settle = prepared.text(settle, ["place", "within", "number"])
        self._newest = prepared.text(_NEWEST)

    def write(self, connection: Connection, batch: Batch) -> list[m.AnyEvent]:
        """Write everything of a batch and return its events with seq and epoch."""
        cursor = connection.connection.cursor()  # the driver's own: SQLAlchemy's execute costs 40 us a statement
        events = self._number(cursor, batch.events)
        self._catalogue(cursor, batch)
        self._measurements(cursor, batch)
        self._put(cursor, schema.point.name, rows.point_rows(batch.points, self._flags))
        self.pages.touch(connection, cursor, batch.points)
        self._put(cursor, schema.violation.name, [rows.violation_row(v) for v in batch.violations])
        self._alerts(cursor, batch, events)
        self._put(cursor, schema.monitor_state.name, list(batch.monitor_states.items()))
        self._put(cursor, schema.capability.name, [rows.capability_row(c) for c in batch.capabilities])
        self._put(cursor, schema.delivery.name, [rows.delivery_row(d) for d in batch.deliveries])
        self._add(cursor, schema.note.name, [rows.note_row(note) for note in batch.notes])
        self._add(cursor, schema.quarantine.name, [rows.quarantine_row(q) for q in batch.quarantined])
        masks = [
            Document(MASK, key, None if mask is None else msgspec.json.encode(mask))
            for key, mask in batch.masks.items()
        ]
        self._documents(cursor, [*batch.documents, *masks])
        self._trail.add(cursor, batch.audit)
        self._add(
            cursor,
            schema.event.name,
            [(event.seq, rows.micros(event.ts), rows.event_encoder.encode(event)) for event in events],
        )
        return events

    def _number(self, cursor: DBAPICursor, events: Sequence[m.AnyEvent]) -> list[m.AnyEvent]:
        head = self._head(cursor) if events else 0
        return [msgspec.structs.replace(e, seq=head + i, epoch=self._epoch) for i, e in enumerate(events, 1)]

    def _head(self, cursor: DBAPICursor) -> int:
        cursor.execute(self._newest)
        (newest,) = cursor.fetchall()[0]
        return newest or 0

    def _catalogue(self, cursor: DBAPICursor, batch: Batch) -> None:
        self._put(cursor, schema.product.name, [rows.product_row(p) for p in batch.products])
        self._put(cursor, schema.characteristic.name, [rows.characteristic_row(c) for c in batch.characteristics])
        self._put(cursor, schema.control_plan.name, [rows.plan_row(p) for p in batch.plans])
        self._put(cursor, schema.frozen_limits.name, [rows.limits_row(f) for f in batch.limits])

    def _measurements(self, cursor: DBAPICursor, batch: Batch) -> None:
        settled = batch.settled_as
        self._add(
            cursor,
            schema.measurement.name,
            rows.measurement_rows(batch.measurements, settled, self._flags),
        )
        self._add(cursor, schema.measurement_key.name, batch.keys)
        if settled:
            new = {v.id for v in batch.measurements}
            earlier = [(index, within, key) for key, (index, within) in settled.items() if key not in new]
            if earlier:
                cursor.executemany(self._settle, earlier)

    def _alerts(self, cursor: DBAPICursor, batch: Batch, events: Sequence[m.AnyEvent]) -> None:
        told = {event.alert.id: event.seq for event in events if isinstance(event, m.AlertEvent)}
        if batch.alerts:
            head = events[-1].seq if events else self._head(cursor)
            self._put(
                cursor,
                schema.alert.name,
                [rows.alert_row(alert, told.get(alert.id, head)) for alert in batch.alerts],
            )
        self.index.write(cursor, batch.alerts, batch.alert_changes)
        self._add(cursor, schema.alert_change.name, [rows.alert_change_row(c) for c in batch.alert_changes])

    def _documents(self, cursor: DBAPICursor, documents: Sequence[Document]) -> None:
        newest = {(document.kind, document.key): document.body for document in documents}
        put = [(*place, body) for place, body in newest.items() if body is not None]
        self._put(cursor, schema.document.name, put)
        gone = [place for place, body in newest.items() if body is None]
        if gone:
            cursor.executemany(self._forget, gone)

    def _put(self, cursor: DBAPICursor, table: str, many: list[Any]) -> None:
        if many:
            cursor.executemany(self._upsert[table], many)

    def _add(self, cursor: DBAPICursor, table: str, many: list[Any]) -> None:
        if many:
            cursor.executemany(self._insert[table], many)


def head_of(connection: Connection) -> int:
    """Return the newest seq."""
    return connection.scalar(_NEWEST) or 0
