"""Where the texts at points go: beside their point, off the line, off each other, inside the panel. Pixels in, pixels out."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_CLEAR = 6.0
"""From a point to the nearest edge of its text: half a symbol and a little."""
_FEW = 4
_TAKEN = 12
"""So many neighbours at the left can reach a text."""


class Placer:
    """Finds places from the left to the right."""

    def __init__(
        self, line_x: Sequence[float], line_y: Sequence[float], bounds: Box, fixed: Sequence[Box] = ()
    ) -> None:
        self._x, self._y = line_x, line_y
        self._bounds = bounds
        self._fixed = fixed
        self._taken: list[Box] = []

    def take(self, box: Box) -> None:
        """Count this place as used by a text."""
        self._taken.append(box)

    def fits(self, box: Box) -> bool:
        """Tell whether a text that has its place beside the line may stay there: inside, and off everything else."""
        return self._inside(box) and not self._covers(box)

    def place(
        self, x: float, y: float, width: float, height: float, *, below: bool = False, few: bool = False
    ) -> Box | None:
        """Return where a text at a point goes, None where there is no room; it counts as used from now on.

        Args:
            few: try only the places right above, below and beside the point.
        """
        for dx, dy in _candidates(width, height, below=below)[: _FEW if few else None]:
            box = (x + dx - width / 2, y + dy - height / 2, x + dx + width / 2, y + dy + height / 2)
            if self._free(box):
                self._taken.append(box)
                return box
        return None

    def _free(self, box: Box) -> bool:
        left, top, right, bottom = box
        return self.fits(box) and not self._crossed(left - 1, top - 1, right + 1, bottom + 1)

    def _inside(self, box: Box) -> bool:
        low_x, low_y, high_x, high_y = self._bounds
        return box[0] >= low_x and box[1] >= low_y and box[2] <= high_x and box[3] <= high_y

    def _covers(self, box: Box) -> bool:
        left, top, right, bottom = box
        return any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for other in (*self._fixed, *self._taken[-_TAKEN:])
        )

    def _crossed(self, left: float, top: float, right: float, bottom: float) -> bool:
        """Tell whether the line, which runs from the left to the right, enters the box; a missing value crosses nothing."""
        x, y = self._x, self._y
        first, last = max(bisect_right(x, left) - 1, 0), min(bisect_left(x, right), len(x) - 1)
        for at in range(first, last):
            x0, y0, x1, y1 = x[at], y[at], x[at + 1], y[at + 1]
            slope = (y1 - y0) / (x1 - x0)
            enter, leave = y0 + slope * (max(x0, left) - x0), y0 + slope * (min(x1, right) - x0)
            if enter > leave:
                enter, leave = leave, enter
            if enter < bottom and leave > top and x0 < right and x1 > left:
                return True
        return False


def _candidates(width: float, height: float, *, below: bool) -> Sequence[tuple[float, float]]:
    up, side = -(_CLEAR + height / 2), _CLEAR + 1 + width / 2
    if below:
        up = -up
    return (
        (0, up),
        (side, up * 0.5),
        (-side, up * 0.5),
        (0, -up),
        (side, -up * 0.5),
        (-side, -up * 0.5),
        (side, 0),
        (-side, 0),
        (0, up * 1.7),
        (side + 3, up * 1.2),
        (-side - 3, up * 1.2),
        (0, -up * 1.7),
    )
