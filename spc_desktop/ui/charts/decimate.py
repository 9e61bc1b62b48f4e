"""What of a million points is drawn: minimum and maximum per bin, aligned so that a picture does not shimmer while panning.

A bin is a power of two of positions. Bins of at least one block are reduced from the blocks of ``series.PanelSeries``.
"""

import numpy as np
from numpy.typing import NDArray

from spc_desktop.ui.charts.series import BLOCK, PanelSeries

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MAX_PLAIN = 4000
"""Up to so many visible points are drawn as they are."""
MAX_BINS = 1200


def bin_size(visible: int) -> int:
    """Return the number of positions of a bin for so many visible ones; 1 means no decimation."""
    if visible <= MAX_PLAIN:
        return 1
    return 1 << max(0, int(np.ceil(np.log2(visible / MAX_BINS))))


def line(panel: PanelSeries, base: int, first: int, last: int) -> tuple[FloatArray, FloatArray]:
    """Return x (positions) and y of the data line for positions ``[first, last)``; NaN breaks the line."""
    size = bin_size(last - first)
    if size == 1:
        return np.arange(first, last, dtype=np.float64), panel.value[first - base : last - base]
    start, stop = first // size * size, -(-last // size) * size
    start, stop = max(start, base), min(stop, base + len(panel.value))
    low, high = _reduced(panel, start - base, stop - base, size)
    x = np.repeat(np.arange(len(low), dtype=np.float64) * size + start + size / 2, 2)
    x[::2] -= size / 4
    x[1::2] += size / 4
    y = np.empty(2 * len(low))
    y[::2], y[1::2] = low, high
    return x, y


def _reduced(panel: PanelSeries, start: int, stop: int, size: int) -> tuple[FloatArray, FloatArray]:
    if size >= BLOCK:
        low, high = panel.low[start // BLOCK : -(-stop // BLOCK)], panel.high[start // BLOCK : -(-stop // BLOCK)]
        size //= BLOCK
    else:
        low = high = panel.value[start:stop]
    if size == 1 or not len(low):
        return low, high
    edges = np.arange(0, len(low), size)
    return np.fmin.reduceat(low, edges), np.fmax.reduceat(high, edges)


def marked(positions: IntArray, values: FloatArray, visible: int) -> tuple[FloatArray, FloatArray]:
    """Return x and y of marked points (parallel arrays, ascending): all, or the extremes of each bin when they are many.

    A bin with a marked point keeps one at least: nothing that was signalled disappears when a view is zoomed out.
    """
    if len(positions) <= MAX_BINS:
        return positions.astype(np.float64), values
    bins = positions // max(bin_size(visible), 1)
    edges = np.flatnonzero(np.concatenate(([True], bins[1:] != bins[:-1])))
    x = positions[edges].astype(np.float64)
    low, high = np.fmin.reduceat(values, edges), np.fmax.reduceat(values, edges)
    return np.concatenate((x, x)), np.concatenate((low, high))


def steps(panel: PanelSeries, base: int, first: int, last: int) -> tuple[IntArray, IntArray]:
    """Return first and last positions (exclusive) of the stretches of constant limits in ``[first, last)``.

    More stretches than can be told apart on a screen are thinned out to ``MAX_BINS``.
    """
    inside = panel.steps.between(first + 1, last)
    starts = np.concatenate((np.array([first], np.int64), inside))
    if len(starts) > MAX_BINS:
        starts = starts[:: -(-len(starts) // MAX_BINS)]
    ends = np.concatenate((starts[1:], np.array([last], np.int64)))
    return starts, ends
