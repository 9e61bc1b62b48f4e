"""The points of one characteristic in memory: columns that grow at an amortised constant cost, ready to be drawn.

Positions are 0-based chart positions, as in ``Point.index``. A series holds the newest ``MAX_POINTS`` of them; the columns
may be filled from the newest page backwards. Per panel it keeps the minimum and maximum of every block of 64 values, so that
a view of a million points costs what the blocks cost, and the sorted positions of everything that must never be lost by
decimation.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from spc_desktop.domain.point import PanelColumns, Point, PointColumns, PointMark
from spc_desktop.ui.charts.positions import Positions

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BLOCK = 64
MAX_POINTS = 1 << 20
_STATS = ("value", "center", "lcl", "ucl", "sigma")


def _grown(array: NDArray[np.generic], size: int, fill: float) -> NDArray[np.generic]:
    grown = np.full(size, fill, array.dtype)
    grown[: len(array)] = array
    return grown


class PanelSeries:
    """One plotted statistic with its limits; index 0 is the series' first held position."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.columns: dict[str, FloatArray] = {name: np.empty(0) for name in _STATS}
        self.low: FloatArray = np.empty(0)
        self.high: FloatArray = np.empty(0)
        self.steps = Positions()
        """Positions where any limit differs from the position before."""
        self.violations = Positions()

    @property
    def value(self) -> FloatArray:
        """The plotted values, NaN where not defined or not loaded; longer than the series (spare room at the end)."""
        return self.columns["value"]

    def resize(self, capacity: int) -> None:
        """Make room for ``capacity`` points, a multiple of ``BLOCK``."""
        self.columns = {name: _grown(array, capacity, np.nan) for name, array in self.columns.items()}  # type: ignore[misc]
        self.low = _grown(self.low, capacity // BLOCK, np.nan)  # type: ignore[assignment]
        self.high = _grown(self.high, capacity // BLOCK, np.nan)  # type: ignore[assignment]

    def put(self, slot: int, count: int, source: PanelColumns, base: int, held: int) -> None:
        """Write a stretch of columns from ``slot`` on; the series holds ``held`` points in all."""
        for name in _STATS:
            self.columns[name][slot : slot + count] = np.frombuffer(getattr(source, name), "<f8", count)
        self._summarise(slot, slot + count)
        first, last = max(slot, 1), min(slot + count + 1, held)
        changed = np.zeros(max(0, last - first), bool)
        for name in _STATS[1:]:
            before, after = self.columns[name][first - 1 : last - 1], self.columns[name][first:last]
            changed |= (before != after) & ~(np.isnan(before) & np.isnan(after))
        self.steps.replace(first + base, last + base, np.flatnonzero(changed) + first + base)

    def put_one(self, slot: int, stats: Sequence[float | None], base: int, *, last: bool) -> None:
        """Write one position; ``last`` tells that nothing follows it."""
        for name, number in zip(_STATS, stats, strict=True):
            self.columns[name][slot] = np.nan if number is None else number
        self._check_step(slot, base)
        if last:
            value, block = self.value[slot], slot // BLOCK
            self.low[block] = np.fmin(self.low[block], value)
            self.high[block] = np.fmax(self.high[block], value)
        else:
            self._check_step(slot + 1, base)
            self._summarise(slot, slot + 1)

    def _check_step(self, slot: int, base: int) -> None:
        if slot == 0:
            return
        pairs = ((self.columns[name][slot - 1], self.columns[name][slot]) for name in _STATS[1:])
        if any(before != after and not (np.isnan(before) and np.isnan(after)) for before, after in pairs):
            self.steps.add(slot + base)
        else:
            self.steps.discard(slot + base)

    def _summarise(self, first: int, last: int) -> None:
        low, high = first // BLOCK, -(-last // BLOCK)
        blocks = self.value[low * BLOCK : high * BLOCK].reshape(-1, BLOCK)
        self.low[low:high] = np.fmin.reduce(blocks, axis=1)
        self.high[low:high] = np.fmax.reduce(blocks, axis=1)

    def drop(self, count: int, base: int) -> None:
        """Forget the oldest ``count`` points (a multiple of ``BLOCK``); ``base`` is the new first position."""
        for name, array in self.columns.items():
            self.columns[name] = np.concatenate((array[count:], np.full(count, np.nan)))
        spare = np.full(count // BLOCK, np.nan)
        self.low = np.concatenate((self.low[count // BLOCK :], spare))
        self.high = np.concatenate((self.high[count // BLOCK :], spare))
        self.steps.drop_below(base)
        self.violations.drop_below(base)


class Series:
    """All panels of one characteristic's chart."""

    def __init__(self, characteristic_id: int, panel_keys: Sequence[str], max_points: int = MAX_POINTS) -> None:
        self.characteristic_id = characteristic_id
        self.panels = {key: PanelSeries(key) for key in panel_keys}
        self.base = 0
        self.count = 0
        self.loaded_from = 0
        """First position whose columns are here; older ones down to ``base`` are still to be read."""
        self.time: FloatArray = np.empty(0)
        self.number: IntArray = np.empty(0, np.int64)
        self.marks: dict[int, PointMark] = {}
        self.out_of_spec = Positions()
        self.excluded = Positions()
        self.learning = Positions()
        self.revision = 0
        """Counts changes to points that were there before; appending is none."""
        self._max = -(-max_points // BLOCK) * BLOCK
        self._started = False
        self._signals: IntArray | None = None

    @property
    def end(self) -> int:
        """Position after the newest point."""
        return self.base + self.count

    @property
    def complete(self) -> bool:
        """True when no older points are to be read."""
        return self._started and self.loaded_from <= self.base

    def load(self, page: PointColumns) -> None:
        """Take a page of columns: the newest first, then older ones, each ending where the last began."""
        if not self._started:
            self._started = True
            self.base = max(0, page.total - self._max) // BLOCK * BLOCK
            self.count = max(page.first_index + page.count, page.total) - self.base
            self.loaded_from = self.end
            self._reserve(self.count + BLOCK)
        if not page.count:
            return
        skipped = max(0, self.base - page.first_index)
        if skipped >= page.count:  # everything of this page is older than what is kept
            self.loaded_from = self.base
            return
        slot, count = page.first_index - self.base, page.count
        if skipped:
            page, slot, count = _without(page, skipped), 0, page.count - skipped
        self.count = max(self.count, slot + count)
        self._reserve(self.count)
        self.time[slot : slot + count] = np.frombuffer(page.measured_at, "<f8", count)
        self.number[slot : slot + count] = np.frombuffer(page.subgroup_number, "<i8", count)
        for source in page.panels:
            if source.key in self.panels:
                self.panels[source.key].put(slot, count, source, self.base, self.count)
        self._replace_marks(self.base + slot, self.base + slot + count, page.marks)
        self.loaded_from = min(self.loaded_from, self.base + slot)

    def apply(self, points: Iterable[Point]) -> bool:
        """Add or replace points.

        Returns:
            False when a position would be left out: the series must be read anew.
        """
        for point in points:
            if point.index > self.end or not self._started:
                return False
            if point.index < max(self.base, self.loaded_from):
                continue  # its page is read later, from committed data
            last = point.index == self.end
            if last:
                self._append_room()
            else:
                self.revision += 1
            slot = point.index - self.base
            self.time[slot] = point.measured_at.timestamp()
            self.number[slot] = point.subgroup_number
            for panel, shown in zip(self.panels.values(), point.panels, strict=False):
                stats = (shown.value, shown.center, shown.lcl, shown.ucl, shown.sigma)
                panel.put_one(slot, stats, self.base, last=last)
            self._set_mark(_mark_of(point, tuple(self.panels)))
        return True

    def _append_room(self) -> None:
        if self.count + 1 > self._max + self._max // 4:
            dropped = self._max // 4 // BLOCK * BLOCK or BLOCK
            self._drop(dropped)
        self.count += 1
        self._reserve(self.count)

    def _drop(self, dropped: int) -> None:
        self._signals = None
        self.base += dropped
        self.count -= dropped
        self.loaded_from = max(self.loaded_from, self.base)
        self.time = np.concatenate((self.time[dropped:], np.zeros(dropped)))
        self.number = np.concatenate((self.number[dropped:], np.zeros(dropped, np.int64)))
        for panel in self.panels.values():
            panel.drop(dropped, self.base)
        for positions in (self.out_of_spec, self.excluded, self.learning):
            positions.drop_below(self.base)
        self.marks = {index: mark for index, mark in self.marks.items() if index >= self.base}

    def _reserve(self, needed: int) -> None:
        if needed <= len(self.time):
            return
        capacity = -(-max(needed, 2 * len(self.time), 1024) // BLOCK) * BLOCK
        self.time = _grown(self.time, capacity, 0)  # type: ignore[assignment]
        self.number = _grown(self.number, capacity, 0)  # type: ignore[assignment]
        for panel in self.panels.values():
            panel.resize(capacity)

    def _replace_marks(self, first: int, last: int, marks: Sequence[PointMark]) -> None:
        self.revision += 1
        self._signals = None
        inside = [mark for mark in marks if first <= mark.index < last]
        self.out_of_spec.replace(first, last, [mark.index for mark in inside if mark.out_of_spec])
        self.excluded.replace(first, last, [mark.index for mark in inside if mark.excluded])
        self.learning.replace(first, last, [mark.index for mark in inside if mark.learning])
        for key, panel in self.panels.items():
            hits = {mark.index for mark in inside for where, _ in mark.violations if where == key}
            panel.violations.replace(first, last, sorted(hits))
        self.marks.update((mark.index, mark) for mark in inside)

    def _set_mark(self, mark: PointMark) -> None:
        self.out_of_spec.set(mark.index, mark.out_of_spec)
        self.excluded.set(mark.index, mark.excluded)
        self.learning.set(mark.index, mark.learning)
        hit = {key for key, _ in mark.violations}
        for key, panel in self.panels.items():
            panel.violations.set(mark.index, key in hit)
        if mark.out_of_spec or mark.violations or mark.index in self.marks:
            self._signals = None
        if mark.out_of_spec or mark.excluded or mark.learning or mark.violations:
            self.marks[mark.index] = mark
        else:
            self.marks.pop(mark.index, None)

    def number_at(self, position: int) -> int:
        """Return the subgroup number of a position; of one that is not held, what it would be if all were counted."""
        known = max(self.base, self.loaded_from) <= position < self.end
        return int(self.number[position - self.base]) if known else position + 1

    def signals(self) -> IntArray:
        """Return the sorted positions of everything that was signalled: violations of any panel and out of spec."""
        if self._signals is None:
            self._signals = self._all_signals()
        return self._signals

    def _all_signals(self) -> IntArray:
        return self.out_of_spec.union(*(panel.violations for panel in self.panels.values()))


def _mark_of(point: Point, keys: Sequence[str]) -> PointMark:
    violations = tuple(
        (key, violation) for key, panel in zip(keys, point.panels, strict=False) for violation in panel.violations
    )
    return PointMark(
        index=point.index,
        out_of_spec=point.out_of_spec,
        excluded=point.excluded,
        learning=point.learning,
        violations=violations,
    )


def _without(page: PointColumns, count: int) -> PointColumns:
    """Return the page without its first ``count`` points; every column has 8 bytes a point."""
    cut = count * 8
    return PointColumns(
        characteristic_id=page.characteristic_id,
        first_index=page.first_index + count,
        count=page.count - count,
        total=page.total,
        measured_at=page.measured_at[cut:],
        subgroup_number=page.subgroup_number[cut:],
        panels=tuple(
            PanelColumns(key=panel.key, **{name: getattr(panel, name)[cut:] for name in _STATS})
            for panel in page.panels
        ),
        marks=tuple(mark for mark in page.marks if mark.index >= page.first_index + count),
    )
