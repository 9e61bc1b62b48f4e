"""Stretches of a chart as columns: pages of points, rolled up when they are full.

The ``point`` rows are the truth. When the ``PAGE`` points of a page are there and the writer has nothing better to do, it
writes their columns as one ``point_chunk`` row; so a million points are a thousand rows to read, and adding a point costs
the same at any length. A page without its chunk is read from its rows. Only this module reads or writes chunks.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from spc_desktop.domain.point import PanelColumns, PanelValue, Point, PointColumns, PointMark
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import CHARTS, Violation
from spc_desktop.storage import rows
from spc_desktop.storage.engine import Prepared
from spc_desktop.storage.schema import characteristic, control_plan, point, point_chunk

PAGE = 1024
"""Points of a page. Part of the stored format."""

_F8 = np.dtype("<f8")
_I8 = np.dtype("<i8")
_OUT_OF_SPEC, _EXCLUDED, _LEARNING = 1, 2, 4
_NOTHING = PanelValue(None)
_KEYS = ("value", "center", "lcl", "ucl", "sigma")

Column = bytes | float
"""Little-endian 8-byte numbers of a page, or the one value that all of it has (limits mostly do)."""


# A million points bring tens of thousands of these at once; gc=False (they hold no cycles) keeps them from setting off a
# full collection, which stops all threads for 50 ms and more.
class Mark(Struct, frozen=True, array_like=True, gc=False):
    """A special point: position in its page, flags, and per violation the panel, rule and members."""

    offset: int
    flags: int
    violations: tuple[tuple[int, str, tuple[int, ...]], ...] = ()


class Chunk(Struct, frozen=True, array_like=True, gc=False):
    """A page: full when stored, shorter when made of the newest rows."""

    measured_at: Column
    subgroup_number: bytes
    panels: tuple[tuple[Column, ...], ...]
    marks: tuple[Mark, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Chunk).decode


class Pages:
    """Keeps the chunks while points are written. Belongs to the writer's thread.

    Rolling a page up takes some milliseconds, so it waits until nobody waits. A chunk whose points are replaced is deleted
    in the same transaction and made anew later. Nothing here must be undone after a rollback: a page that is not full
    is not rolled up, and deleting a chunk too many costs only time.
    """

    def __init__(self, prepared: Prepared) -> None:
        c = point_chunk.c
        self._upsert = prepared.upsert(point_chunk)
        stale = delete(point_chunk).where(c.characteristic_id == bindparam("which"), c.page == bindparam("number"))
        self._delete = prepared.text(stale, ["which", "number"])
        self._rolled: dict[int, int] = {}  # characteristic -> page after its last chunk, or more
        self.waiting: set[tuple[int, int]] = set()
        """Characteristic and page of what may be rolled up."""

    def touch(self, connection: Connection, cursor: DBAPICursor, points: Sequence[Point]) -> None:
        """Take note of points that were written in this transaction."""
        stale: set[tuple[int, int]] = set()
        for p in points:
            page, offset = divmod(p.index, PAGE)
            if page < self._pages(connection, p.characteristic_id):
                stale.add((p.characteristic_id, page))
            elif offset == PAGE - 1:
                self.waiting.add((p.characteristic_id, page))
        if stale:
            cursor.executemany(self._delete, sorted(stale))
            self.waiting |= stale

    def roll(self, connection: Connection) -> None:
        """Roll up one page that waits, in a transaction of its own."""
        characteristic_id, page = place = self.waiting.pop()
        try:
            found = list(_rows(connection, characteristic_id, page * PAGE, (page + 1) * PAGE))
            if len(found) == PAGE:
                self._rolled[characteristic_id] = max(self._pages(connection, characteristic_id), page + 1)
                connection.exec_driver_sql(self._upsert, (*place, _encode(_chunk(found, page * PAGE, PAGE))))
        except DBAPIError:  # a full disk, say: another time
            self.waiting.add(place)
            raise

    def find(self, connection: Connection) -> None:
        """Find the pages that the last run did not come to roll up."""
        c = point_chunk.c
        chunks = select(c.characteristic_id, func.count()).group_by(c.characteristic_id)
        known: dict[int, int] = dict(connection.execute(chunks).all())
        for characteristic_id in connection.scalars(select(characteristic.c.id)).all():
            full = count_points(connection, characteristic_id) // PAGE
            if known.get(characteristic_id, 0) < full:
                there = connection.scalars(select(c.page).where(c.characteristic_id == characteristic_id))
                self.waiting |= {(characteristic_id, page) for page in set(range(full)).difference(there)}

    def _pages(self, connection: Connection, characteristic_id: int) -> int:
        pages = self._rolled.get(characteristic_id)
        if pages is None:
            last = select(func.max(point_chunk.c.page)).where(point_chunk.c.characteristic_id == characteristic_id)
            newest = connection.scalar(last)
            pages = self._rolled[characteristic_id] = 0 if newest is None else newest + 1
        return pages


def columns(connection: Connection, query: m.GetPoints) -> PointColumns:
    """Answer ``GetPoints``; call inside one read transaction."""
    total = count_points(connection, query.characteristic_id)
    stop = total if query.before is None else max(0, min(query.before, total))
    start = max(0, stop - max(0, query.limit))
    keys = _panel_keys(connection, query.characteristic_id)
    measured_at, number = _Growing(), _Growing()
    panels = [[_Growing() for _ in _KEYS] for _ in keys]
    marks: list[PointMark] = []
    for page, chunk in _chunks(connection, query.characteristic_id, start, stop, total):
        first = page * PAGE
        begin, end = max(start - first, 0), min(stop - first, PAGE)
        measured_at.add(chunk.measured_at, begin, end)
        number.add(chunk.subgroup_number, begin, end)
        for grown, panel in zip(panels, _as_many(chunk.panels, len(keys)), strict=True):
            for column, part in zip(grown, panel, strict=True):
                column.add(part, begin, end)
        marks += [_mark(mark, first, keys) for mark in chunk.marks if begin <= mark.offset < end]
    return PointColumns(
        characteristic_id=query.characteristic_id,
        first_index=start,
        count=stop - start,
        total=total,
        measured_at=measured_at.whole(),
        subgroup_number=number.whole(),
        panels=tuple(
            PanelColumns(key=key, **{name: column.whole() for name, column in zip(_KEYS, grown, strict=True)})
            for key, grown in zip(keys, panels, strict=True)
        ),
        marks=tuple(marks),
    )


def count_points(connection: Connection, characteristic_id: int) -> int:
    """Return the number of chart positions (a look at the end of an index)."""
    last = connection.scalar(
        select(func.max(point.c.point_index)).where(point.c.characteristic_id == characteristic_id)
    )
    return 0 if last is None else int(last) + 1


def _panel_keys(connection: Connection, characteristic_id: int) -> tuple[str, ...]:
    """Keys of the chart in force; numbered panels where this program does not know the chart."""
    plans = select(control_plan.c.chart).where(control_plan.c.characteristic_id == characteristic_id)
    name = connection.scalar(plans.order_by(control_plan.c.revision.desc()).limit(1))
    chart = CHARTS.get(name or "")
    if chart is not None:
        return tuple(panel.key for panel in chart.panels)
    last = select(point.c.body).where(point.c.characteristic_id == characteristic_id)
    body = connection.scalar(last.order_by(point.c.point_index.desc()).limit(1))
    return () if body is None else tuple(f"panel{i}" for i in range(1, len(rows.panels_of(body)) + 1))


def _chunks(
    connection: Connection, characteristic_id: int, start: int, stop: int, total: int
) -> Iterator[tuple[int, Chunk]]:
    """Yield every page of start..stop: stored chunks, and pages that are not full from their rows."""
    c = point_chunk.c
    pages = range(start // PAGE, (stop - 1) // PAGE + 1 if stop > start else start // PAGE)
    statement = (
        select(c.page, c.body)
        .where(c.characteristic_id == characteristic_id, c.page >= pages.start, c.page < pages.stop)
        .order_by(c.page)
    )
    stored = dict(connection.execute(statement).all())
    for page in pages:
        body = stored.pop(page, None)
        if body is not None:
            yield page, _decode(body)
        else:
            first, end = page * PAGE, min((page + 1) * PAGE, total)
            yield page, _chunk(list(_rows(connection, characteristic_id, first, end)), first, end - first)


class _PointRow(Struct, frozen=True, array_like=True, gc=False):
    index: int
    measured_at: int
    subgroup_number: int
    flags: int
    panels: tuple[PanelValue, ...]


def _rows(connection: Connection, characteristic_id: int, start: int, stop: int) -> Iterator[_PointRow]:
    c = point.c
    statement = (
        select(c.point_index, c.measured_at, c.subgroup_number, c.out_of_spec, c.excluded, c.learning, c.body)
        .where(c.characteristic_id == characteristic_id, c.point_index >= start, c.point_index < stop)
        .order_by(c.point_index)
    )
    for index, measured_at, number, out_of_spec, excluded, learning, body in connection.execute(statement).all():
        flags = _OUT_OF_SPEC * out_of_spec + _EXCLUDED * excluded + _LEARNING * learning
        yield _PointRow(index, measured_at, number, flags, rows.panels_of(body))


def _chunk(found: Sequence[_PointRow], first: int, count: int) -> Chunk:
    """Turn rows into columns of chart positions first..first+count; a position without a row is NaN."""
    places = np.array([row.index - first for row in found], np.intp)
    seconds = np.full(count, np.nan, _F8)
    seconds[places] = np.array([row.measured_at for row in found], _I8) / 1e6
    numbers = np.zeros(count, _I8)
    numbers[places] = [row.subgroup_number for row in found]
    panels = []
    for position in range(max((len(row.panels) for row in found), default=0)):
        values = (row.panels[position] if position < len(row.panels) else _NOTHING for row in found)
        block = np.full((len(_KEYS), count), np.nan, _F8)
        block[:, places] = np.array([(v.value, v.center, v.lcl, v.ucl, v.sigma) for v in values], _F8).T
        panels.append(tuple(_column(column) for column in block))
    return Chunk(_column(seconds), numbers.tobytes(), tuple(panels), tuple(_marks(found, first)))


def _marks(found: Iterable[_PointRow], first: int) -> Iterator[Mark]:
    for row in found:
        # A list first: most points have no violation, and a generator for each costs more than all the rest.
        special = [position for position, panel in enumerate(row.panels) if panel.violations]
        if row.flags or special:
            violations = tuple(
                (position, violation.rule, violation.members)
                for position in special
                for violation in row.panels[position].violations
            )
            yield Mark(row.index - first, row.flags, violations)


def _mark(mark: Mark, first: int, keys: Sequence[str]) -> PointMark:
    return PointMark(
        index=first + mark.offset,
        out_of_spec=bool(mark.flags & _OUT_OF_SPEC),
        excluded=bool(mark.flags & _EXCLUDED),
        learning=bool(mark.flags & _LEARNING),
        violations=tuple((keys[p], Violation(rule, at)) for p, rule, at in mark.violations if p < len(keys)),
    )


def _column(values: NDArray[np.float64]) -> Column:
    if len(values) and (np.all(values == values[0]) or np.all(np.isnan(values))):
        return float(values[0])
    return values.tobytes()


class _Growing:
    """A column put together from pages.

    Its parts are ``bytes`` and nothing else, because ``bytes.join`` of such parts lets other threads run while it fills
    megabytes; for the same reason one value over many pages is made of blocks.
    """

    __slots__ = ("_count", "_parts", "_value")

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._value = b""
        self._count = 0

    def add(self, column: Column, begin: int, end: int) -> None:
        if isinstance(column, bytes):
            self._end_run()
            self._parts.append(column[8 * begin : 8 * end])
            return
        value = struct.pack("<d", column)
        if value != self._value:
            self._end_run()
            self._value = value
        self._count += end - begin

    def whole(self) -> bytes:
        self._end_run()
        return b"".join(self._parts)

    def _end_run(self) -> None:
        blocks, rest = divmod(self._count, PAGE)
        self._parts += [self._value * PAGE] * blocks
        self._parts.append(self._value * rest)
        self._count = 0


def _as_many(panels: Sequence[tuple[Column, ...]], count: int) -> Sequence[tuple[Column, ...]]:
    """Older points may be of another chart: fill up with panels that are not defined, leave out what it had more."""
    undefined = (float("nan"),) * len(_KEYS)
    return [panels[i] if i < len(panels) else undefined for i in range(count)]
