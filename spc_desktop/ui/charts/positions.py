"""A growing sorted set of chart positions: appends are amortised constant, windows cost a binary search."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


class Positions:
    """Sorted distinct positions."""

    def __init__(self) -> None:
        self._array: IntArray = np.empty(0, np.int64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, position: int) -> bool:
        place = self._place(position)
        return place < self._count and bool(self._array[place] == position)

    @property
    def all(self) -> IntArray:
        """Every position, ascending; a view, not to be written to."""
        return self._array[: self._count]

    def between(self, first: int, last: int) -> IntArray:
        """Return the positions in ``[first, last)``, ascending."""
        return self._array[self._place(first) : self._place(last)]

    def _place(self, position: int) -> int:
        return int(self._array[: self._count].searchsorted(position))

    def add(self, position: int) -> None:
        """Put a position in; nothing happens when it is there."""
        if self._count and position <= self._array[self._count - 1]:
            if position not in self:
                self._take(np.insert(self.all, self._place(position), position))
            return
        if self._count == len(self._array):
            self._array = np.concatenate((self._array, np.empty(max(64, self._count), np.int64)))
        self._array[self._count] = position
        self._count += 1

    def discard(self, position: int) -> None:
        """Take a position out; nothing happens when it is not there."""
        if position in self:
            self._take(np.delete(self.all, self._place(position)))

    def set(self, position: int, present: bool) -> None:
        """Put a position in or take it out."""
        if present:
            self.add(position)
        else:
            self.discard(position)

    def replace(self, first: int, last: int, positions: Sequence[int] | IntArray) -> None:
        """Make ``positions`` (ascending, all inside) the ones in ``[first, last)``."""
        low, high = self._place(first), self._place(last)
        middle = np.asarray(positions, np.int64)
        if low == high and not len(middle):
            return
        self._take(np.concatenate((self.all[:low], middle, self.all[high:])))

    def drop_below(self, first: int) -> None:
        """Forget every position before ``first``."""
        self._take(self.all[self._place(first) :].copy())

    def union(self, *others: "Positions") -> IntArray:
        """Return the positions of this and the other sets, ascending and distinct."""
        return np.unique(np.concatenate([self.all, *(other.all for other in others)]))

    def _take(self, array: IntArray) -> None:
        self._array, self._count = array, len(array)
