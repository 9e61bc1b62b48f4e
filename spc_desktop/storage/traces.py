"""Where values come from: lots found by a part of their text, and points sorted by one of their traceability fields.

Only among the newest values, so that no index costs every write.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, func, select

from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.register import TRACE_FIELDS
from spc_desktop.protocol import messages as m
from spc_desktop.storage import rows, schema

NEWEST = 100_000
FIELDS = ("lot", "serial")
MOST_GROUPED = 20_000
"""Points of one answer."""


def find(connection: Connection, query: m.FindTrace) -> tuple[m.TraceHit, ...]:
    """Answer from the database: each lot and serial number once per characteristic, where it was measured last."""
    if not query.text or query.limit <= 0:
        return ()
    c = schema.measurement.c
    columns = (c.characteristic_id, c.point_index, c.measured_at, c.lot, c.serial)
    newest = select(*columns).where(c.point_index >= 0).order_by(c.id.desc()).limit(NEWEST).subquery().c
    found = []
    for field in FIELDS:
        text, index, at = newest[field], func.max(newest.point_index), func.max(newest.measured_at)
        wanted = select(text, newest.characteristic_id, index, at).where(text.icontains(query.text, autoescape=True))
        grouped = wanted.group_by(text, newest.characteristic_id).order_by(at.desc()).limit(query.limit)
        found += [
            _hit(field, lot, owner, place, moment) for lot, owner, place, moment in connection.execute(grouped).all()
        ]
    return _newest_first(found, query.limit)


def _hit(field: str, text: str, characteristic_id: int, index: int, moment: int) -> m.TraceHit:
    at = rows.instant(moment)
    return m.TraceHit(field=field, text=text, characteristic_id=characteristic_id, point_index=index, measured_at=at)


def among(measurements: Mapping[int, Measurement], query: m.FindTrace) -> tuple[m.TraceHit, ...]:
    """Answer from memory."""
    if not query.text or query.limit <= 0:
        return ()
    found: dict[tuple[str, str, int], m.TraceHit] = {}
    for row_id in sorted(measurements)[-NEWEST:]:
        row = measurements[row_id]
        for field in FIELDS if row.point_index >= 0 else ():
            text = getattr(row.trace, field)
            if text and query.text.casefold() in text.casefold():
                known = found.get((field, text, row.characteristic_id))
                found[field, text, row.characteristic_id] = m.TraceHit(
                    field=field,
                    text=text,
                    characteristic_id=row.characteristic_id,
                    point_index=max(row.point_index, known.point_index if known else 0),
                    measured_at=max(row.measured_at, known.measured_at) if known else row.measured_at,
                )
    return _newest_first(found.values(), query.limit)


def _newest_first(found: Iterable[m.TraceHit], limit: int) -> tuple[m.TraceHit, ...]:
    return tuple(sorted(found, key=lambda hit: (-hit.measured_at.timestamp(), hit.text))[:limit])


def groups(connection: Connection, query: m.GetPointGroups) -> m.PointGroups:
    """Answer from the database: each point under what its values have in this field."""
    c, first = schema.measurement.c, _first(query)
    column = c[query.field]
    wanted = (
        select(c.point_index, func.min(column), func.max(column))
        .where(c.characteristic_id == query.characteristic_id, c.point_index >= first, c.point_index <= query.last)
        .group_by(c.point_index)
        .order_by(c.point_index)
    )
    return grouped(((index, _joined(low, high)) for index, low, high in connection.execute(wanted)), first)


def groups_among(measurements: Iterable[Measurement], query: m.GetPointGroups) -> m.PointGroups:
    """Answer from memory."""
    first = _first(query)
    found: dict[int, set[str]] = {}
    for row in measurements:
        if first <= row.point_index <= query.last:
            found.setdefault(row.point_index, set()).add(getattr(row.trace, query.field))
    return grouped(((index, _joined(min(found[index]), max(found[index]))) for index in sorted(found)), first)


def _first(query: m.GetPointGroups) -> int:
    if query.field not in TRACE_FIELDS:
        raise UserError("unknown_trace_field", got=query.field, allowed=", ".join(TRACE_FIELDS))
    return max(query.first, query.last - MOST_GROUPED + 1, 0)


def _joined(low: str, high: str) -> str:
    return high if low in {"", high} else f"{low} … {high}"


def grouped(named: Iterable[tuple[int, str]], first: int) -> m.PointGroups:
    """Sort positions by name, the largest group first."""
    found: dict[str, list[int]] = {}
    for index, name in named:
        found.setdefault(name, []).append(index)
    ordered = sorted(found.items(), key=lambda one: (-len(one[1]), one[0]))
    return m.PointGroups(groups=tuple(m.PointGroup(name=name, indexes=tuple(at)) for name, at in ordered), first=first)
