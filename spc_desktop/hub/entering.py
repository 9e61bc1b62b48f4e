"""What people enter at a characteristic: whole subgroups, notes, points that are left out, entries that are taken back.

Points are read beside the pipeline; only the change goes through the queue. A key that was stored before changes nothing,
however often a station that was cut off sends it again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from spc_desktop.domain import handling
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.exclusion import mark_excluded
from spc_desktop.domain.masks import check_reason
from spc_desktop.domain.note import Note, NoteKind, check_text
from spc_desktop.domain.point import Point
from spc_desktop.domain.watch import Watch
from spc_desktop.hub.api import Actor
from spc_desktop.hub.audit import records_of
from spc_desktop.hub.commands import check_texts
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.ports import Store
from spc_desktop.hub.station import Station
from spc_desktop.protocol import messages as m

MOST_POINTS = 1_000
_NEWER = 2
"""So many points may have come since from elsewhere; what is older is left out with a reason, by an engineer."""
_TAIL = 1_000
"""Patterns are followed again over so many points after an excluded one; no rule looks back further."""

Order = Callable[[Draft], Any]


async def floor_order(store: Store, station: Station, command: m.FloorCommand, actor: Actor) -> Order:
    """Return the function that carries out a command of the shop floor.

    Raises:
        UserError: the command makes no sense, or names an entry or a point that is not there.
    """
    check_texts(command)
    if isinstance(command, m.EnterSubgroup):
        if not command.item.key:
            raise UserError("key_missing")
        return partial(_enter, command, actor)
    if isinstance(command, m.AddComment):
        check_text(command.text)
        return partial(_comment, command, actor)
    if isinstance(command, m.RecordSkip):
        check_reason(command.reason)
        return partial(_skip, command, actor)
    return await _marking_order(store, station, command, actor)


def keys_of(command: m.FloorCommand) -> tuple[str, ...]:
    """Return the keys that must be looked up before a command is carried out."""
    if isinstance(command, m.EnterSubgroup):
        return (command.item.key,)
    return tuple(key for key in (getattr(command, "key", ""), getattr(command, "entry", "")) if key)


# -- entries -----------------------------------------------------------------------------------------------------------


def _enter(command: m.EnterSubgroup, actor: Actor, draft: Draft) -> m.Entered:
    item = command.item
    known = draft.known.get(item.key)
    if known is not None:
        row = draft.known_rows.get(item.key)
        return m.Entered(duplicate=True, measurements=(row,) if row is not None else tuple(draft.rows(known, 1)))
    watch = draft.watch(item.characteristic_id)
    size = watch.characteristic.subgroup_size
    if not watch.counts and watch.chart.data != "multivariate" and len(item.values) != max(size, 1):
        raise UserError("subgroup_incomplete", size=size, got=len(item.values))
    first_id, count = draft.measure(item)
    draft.known[item.key] = first_id
    rows = tuple(draft.rows(first_id, count))
    index = rows[-1].point_index
    for one in command.remeasured:
        _note(draft, watch, actor, NoteKind.REMEASURED, index=index, data=msgspec.to_builtins(one))
    if command.defects:
        _note(draft, watch, actor, NoteKind.DEFECTS, index=index, data=dict(command.defects))
    if command.comment.strip():
        _note(draft, watch, actor, NoteKind.COMMENT, command.comment.strip(), index=index)
    return m.Entered(measurements=rows, point=draft.point(item.characteristic_id, index))


# -- notes -------------------------------------------------------------------------------------------------------------


def _comment(command: m.AddComment, actor: Actor, draft: Draft) -> Note:
    known = draft.known_notes.get(command.key)
    if known is not None:
        return known
    watch = draft.watch(command.characteristic_id)
    index = command.index
    if command.entry:
        index = _index_of(draft.known_rows.get(command.entry), command.characteristic_id)
    total = draft.state(command.characteristic_id).next_index
    if index is not None and not 0 <= index < total:
        raise UserError("unknown_point", index=index)
    text = check_text(command.text)
    note = _note(draft, watch, actor, NoteKind.COMMENT, text, index=index, key=command.key)
    _record(draft, "add_comment", actor, note)
    return note


def _skip(command: m.RecordSkip, actor: Actor, draft: Draft) -> Note:
    known = draft.known_notes.get(command.key)
    if known is not None:
        return known
    watch = draft.watch(command.characteristic_id)
    if command.due_at.tzinfo is None:
        raise UserError("time_without_offset", value=command.due_at.isoformat())
    text = check_text(command.reason)
    note = _note(draft, watch, actor, NoteKind.SKIPPED, text, key=command.key, due_at=command.due_at)
    draft.samples.skip(command.characteristic_id, command.due_at)
    _record(draft, "record_skip", actor, note)
    return note


def add_missed(draft: Draft, watch: Watch, due_at: datetime) -> None:
    """Write down that nobody took a sample."""
    _note(draft, watch, Actor(), NoteKind.MISSED, due_at=due_at)


def _note(
    draft: Draft,
    watch: Watch,
    actor: Actor,
    kind: NoteKind,
    text: str = "",
    *,
    index: int | None = None,
    key: str = "",
    due_at: datetime | None = None,
    data: Mapping[str, Any] | None = None,
) -> Note:
    note = Note(
        id=draft.new_id("note"),
        characteristic_id=watch.characteristic.id,
        point_index=index,
        kind=kind,
        at=draft.now,
        by=actor.name,
        text=text,
        due_at=due_at,
        data=dict(data or {}),
        key=key,
    )
    draft.batch.notes.append(note)
    draft.batch.events.append(m.NoteEvent(ts=draft.now, product_id=watch.product.id, note=note))
    if key:
        draft.known_notes[key] = note
    return note


def _record(draft: Draft, action: str, actor: Actor, note: Note) -> None:
    draft.batch.audit.extend(records_of(action, actor, draft.now, {}, {f"note {note.id}": note}, note.text))


# -- points that are left out ------------------------------------------------------------------------------------------


async def _marking_order(
    store: Store, station: Station, command: m.TakeBack | m.ExcludePoints | m.RestorePoints, actor: Actor
) -> Order:
    watch = station.watch(command.characteristic_id)
    total = station.states[command.characteristic_id].next_index
    if isinstance(command, m.TakeBack):
        indexes = [await _entry_index(store, command)]
    else:
        check_reason(command.reason)
        indexes = sorted(set(command.indexes))
        if len(indexes) > MOST_POINTS:
            raise UserError("register_too_much", got=len(indexes), high=MOST_POINTS)
    if not indexes:
        raise UserError("no_points")
    if indexes[0] < 0 or indexes[-1] >= total:
        raise UserError("unknown_point", index=indexes[0] if indexes[0] < 0 else indexes[-1])
    found: dict[int, Point] = {}
    for first, last in _stretches(indexes):
        points = await store.points_between(watch.characteristic.id, first, last)
        found |= {point.index: point for point in points}
    newer = total - 1 - indexes[0]
    if isinstance(command, m.TakeBack) and newer > _NEWER and not found[indexes[0]].excluded:
        raise UserError("take_back_late", count=newer)
    tail: Sequence[Point] | None = None
    if total - indexes[-1] <= _TAIL:
        tail = await store.points_between(watch.characteristic.id, indexes[-1] + 1, total - 1)
    return partial(_mark, command, actor, [found[index] for index in indexes], tail)


async def _entry_index(store: Store, command: m.TakeBack) -> int:
    known = await store.known_keys((command.entry,))
    row = await store.measurement(known[command.entry]) if command.entry in known else None
    return _index_of(row, command.characteristic_id)


def _index_of(row: Any, characteristic_id: int) -> int:
    if row is None or row.characteristic_id != characteristic_id:
        raise UserError("unknown_entry")
    if row.point_index < 0:
        raise UserError("not_settled")
    return int(row.point_index)


def _stretches(indexes: Sequence[int]) -> list[tuple[int, int]]:
    """Return neighbours as first and last: one read for each stretch."""
    found: list[tuple[int, int]] = []
    for index in indexes:
        if found and index == found[-1][1] + 1:
            found[-1] = found[-1][0], index
        else:
            found.append((index, index))
    return found


_KIND = {
    m.TakeBack: NoteKind.TAKEN_BACK,
    m.ExcludePoints: NoteKind.EXCLUDED,
    m.RestorePoints: NoteKind.RESTORED,
}


def _mark(
    command: m.TakeBack | m.ExcludePoints | m.RestorePoints,
    actor: Actor,
    points: list[Point],
    tail: Sequence[Point] | None,
    draft: Draft,
) -> m.PointsOut:
    characteristic_id = command.characteristic_id
    watch, kind = draft.watch(characteristic_id), _KIND[type(command)]
    out = kind is not NoteKind.RESTORED
    reason = command.reason.strip() or "taken back"
    changed: list[Point] = []
    for read in points:
        point = draft.point(characteristic_id, read.index) or read
        if point.excluded == out:
            continue
        new = msgspec.structs.replace(point, excluded=out, exclusion_reason=reason if out else "")
        draft.put_point(new)
        changed.append(new)
        _note(draft, watch, actor, kind, reason, index=point.index)
        name = f"point {characteristic_id}/{point.index}"
        before, after = ({name: {"excluded": one.excluded}} for one in (point, new))
        draft.batch.audit.extend(
            records_of(str(command.__struct_config__.tag), actor, draft.now, before, after, reason)
        )
    if changed:
        draft.states[characteristic_id] = mark_excluded(watch, draft.state(characteristic_id), changed, tail)
    if isinstance(command, m.TakeBack):
        for point in changed:
            _close_alone(draft, characteristic_id, point.index, actor, reason)
    return m.PointsOut(points=tuple(changed or points))


def _close_alone(draft: Draft, characteristic_id: int, index: int, actor: Actor, reason: str) -> None:
    """Close what only the point that was taken back has raised."""
    for alert in draft.open_alerts():
        alone = alert.count == 1 and alert.point_index == index and alert.life.raised_index == index
        if alert.characteristic_id == characteristic_id and alert.key and alone:
            draft.add_change(handling.close(alert, actor.name, draft.now, reason))
