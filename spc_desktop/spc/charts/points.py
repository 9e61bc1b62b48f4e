"""Charts whose every plotted point follows from one observation alone: the track they share, and counts with their sizes.

Called by the modules of attribute, rare-event and multivariate charts. Counts are checked here, once for one observation and
once for columns.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.base import Observation
from spc_desktop.spc.charts.columns import Columns, one_value
from spc_desktop.spc.charts.fold import PanelColumns, Row
from spc_desktop.spc.errors import SpcValueError

FloatArray = NDArray[np.float64]
GAP: Row = (None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class PointTrack:
    """One panel without memory: a function of one observation, and the same function over columns."""

    point: Callable[[Observation], Row]
    batch: Callable[[Columns], PanelColumns]

    def start(self) -> None:
        """Return the memory of a chart that has none."""
        return

    def interrupt(self, memory: None) -> None:
        """Return the memory after an interruption: none as well."""
        return

    def step(self, memory: None, observation: Observation) -> tuple[None, tuple[Row, ...]]:
        """Return the row of one observation."""
        return None, (self.point(observation),)

    def run(self, columns: Columns, memory: None) -> tuple[tuple[PanelColumns, ...], None]:
        """Return the columns of many observations."""
        return (self.batch(columns),), None


def single_values(columns: Columns, least: float, allowed: str) -> FloatArray:
    """Return one value per observation, shape (m,), NaN for a gap.

    Raises:
        SpcValueError: several values per observation, or one below ``least``.
    """
    if columns.values.ndim != 1:
        raise SpcValueError("values", "one value per observation", columns.values.shape)
    bad = columns.values[columns.values < least]
    if bad.size:
        raise SpcValueError("values", allowed, float(bad[0]))
    return columns.values


def single_value(observation: Observation, least: float, allowed: str) -> float | None:
    """Return the value of one observation, None for a gap; raises as ``single_values``."""
    value = one_value(observation.values)
    if value is not None and value < least:
        raise SpcValueError("values", allowed, value)
    return value


@dataclass(frozen=True, slots=True)
class CountCheck:
    """What counts and sizes may be: ``sized`` when every count has a size, ``bounded`` when it cannot exceed it."""

    sized: bool
    bounded: bool

    def one(self, observation: Observation) -> tuple[float, float] | None:
        """Return count and size (1 when the chart has no sizes) of one observation, None for a gap.

        Raises:
            SpcValueError: a count or size that is impossible.
        """
        count = one_value(observation.values)
        if count is None:
            return None
        size = 1.0
        if self.sized:
            try:
                size = math.nan if observation.size is None else float(observation.size)
            except (TypeError, ValueError):
                raise SpcValueError("size", "a number", observation.size) from None
        self._refuse(count, size)
        return count, size

    def many(self, columns: Columns) -> tuple[FloatArray, FloatArray]:
        """Return counts and sizes, shape (m,) each, both NaN in a gap.

        An array of shape (m, 2) holds counts and sizes side by side.

        Raises:
            SpcValueError: a count or size that is impossible.
        """
        counts, sizes = columns.values, columns.sizes
        if self.sized and sizes is None and counts.ndim == 2 and counts.shape[1] == 2:
            counts, sizes = counts[:, 0], counts[:, 1]
        if counts.ndim != 1:
            raise SpcValueError("values", "one count per observation", counts.shape)
        if not self.sized:
            sizes = np.ones(counts.size)
        present = ~np.isnan(counts)
        if sizes is None:
            if present.any():
                raise SpcValueError("size", "a size for every count", None)
            sizes = counts
        self._check(counts[present], sizes[present])
        return counts, np.where(present, sizes, np.nan)

    def _check(self, counts: FloatArray, sizes: FloatArray) -> None:
        bad = (counts < 0) | (counts != np.floor(counts)) | ~(sizes > 0)
        if self.bounded:
            bad |= (counts > sizes) | (sizes != np.floor(sizes))
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            self._refuse(float(counts[at]), float(sizes[at]))

    def _refuse(self, count: float, size: float) -> None:
        if count < 0 or not count.is_integer():
            raise SpcValueError("values", "counts that are whole numbers from 0 up", count)
        if not 0 < size < math.inf:
            raise SpcValueError("size", "above 0 for every count", None if math.isnan(size) else size)
        if self.bounded and not size.is_integer():
            raise SpcValueError("size", "whole numbers of inspected units", size)
        if self.bounded and count > size:
            raise SpcValueError("values", f"a count of at most the {size:g} inspected units", count)
