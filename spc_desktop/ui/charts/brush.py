"""Choosing a stretch of points, by mouse or by keys. No Qt."""


class Brush:
    """A stretch that grows from where it was begun; empty until it was moved."""

    def __init__(self, anchor: int, first: int, last: int) -> None:
        self._first, self._last = first, last
        """The positions that there are."""
        self._anchor = self._end = self._inside(anchor)
        self._empty = True

    def _inside(self, position: int) -> int:
        return min(max(position, self._first), self._last)

    @property
    def stretch(self) -> tuple[int, int] | None:
        """First and last chosen position."""
        return None if self._empty else (min(self._anchor, self._end), max(self._anchor, self._end))

    def choose(self, start: int, end: int) -> None:
        """Take the stretch between two positions, whichever is the first."""
        self._anchor, self._end, self._empty = self._inside(start), self._inside(end), False

    def extend(self, step: int) -> int:
        """Move the end that was not begun with; return where it is."""
        self.choose(self._anchor, self._end + (0 if self._empty else step))
        return self._end
