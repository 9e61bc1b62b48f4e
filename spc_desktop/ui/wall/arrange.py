"""Where the tiles of a wall are: as large as they can be, and never smaller than they can be read."""

from collections.abc import Sequence
from typing import NamedTuple

RATIO = 1.75
"""Width of a tile by its height where there is a choice."""


class Grid(NamedTuple):
    """The tiles' common size; a group begins on a new row below its heading."""

    columns: int
    width: int
    height: int
    heading: int
    total: int
    """Height of everything; more than the view's where it has to be scrolled."""
    tops: tuple[int, ...]
    """Upper edge of each group, its heading included."""


def rows_of(counts: Sequence[int], columns: int) -> int:
    """Return how many rows the groups take."""
    return sum(-(-count // columns) for count in counts)


def arrange(counts: Sequence[int], width: int, height: int, smallest: tuple[int, int], heading: int) -> Grid:
    """Return the grid of groups with so many tiles each in a view of this size."""
    least_width, least_height = smallest
    most = max(1, min(max(counts, default=1), width // max(1, least_width)))
    room = height - heading * len(counts)

    def size(columns: int) -> float:
        return min(width / columns / RATIO, room / max(1, rows_of(counts, columns)))

    columns = max(range(1, most + 1), key=size)
    rows = max(1, rows_of(counts, columns))
    if room // rows < least_height:  # it has to be scrolled: as many columns as can be read
        columns = most
        rows = max(1, rows_of(counts, columns))
    tall = max(least_height, min(room // rows, round(width / columns / RATIO * 1.6)))
    tops, top = [], 0
    for count in counts:
        tops.append(top)
        top += heading + -(-count // columns) * tall
    return Grid(columns, width // columns, tall, heading, top, tuple(tops))
