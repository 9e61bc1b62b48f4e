"""The histogram at the right of a panel: the same y axis, the same limits, how often each value came."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from spc_desktop.ui.charts.paint import Canvas
from spc_desktop.ui.charts.panel_item import PanelItem
from spc_desktop.ui.charts.style import Style

FloatArray = NDArray[np.float64]

WIDTH = 110
MOST = 50_000
"""More values than that are sampled evenly: the shape is the same."""


def bars(values: FloatArray, bottom: float, top: float) -> tuple[FloatArray, FloatArray]:
    """Return edges and counts of the values between two heights: about as many bars as the square root of their number."""
    known = values[np.isfinite(values)]
    if len(known) > MOST:
        known = known[:: -(-len(known) // MOST)]
    known = known[(known >= bottom) & (known <= top)]
    if not len(known) or top <= bottom:
        return np.empty(0), np.empty(0)
    wanted = min(max(8, int(np.sqrt(len(known)))), 40)
    counts, edges = np.histogram(known, bins=wanted, range=(float(known.min()), float(known.max()) + 1e-12))
    return edges, counts.astype(np.float64)


class Histogram(pg.GraphicsWidget):  # type: ignore[misc]
    """Drawn in the pixels of the panel's view box, so that heights are the same by construction."""

    def __init__(self, item: PanelItem) -> None:
        super().__init__()
        self._item = item
        self.style_: Style | None = None
        self.edges: FloatArray = np.empty(0)
        self.counts: FloatArray = np.empty(0)
        self.levels: Sequence[tuple[str, float]] = ()
        self.setFixedWidth(WIDTH)

    def show_values(self, values: FloatArray, levels: Sequence[tuple[str, float]]) -> None:
        """Count these values; ``levels`` are lines as (pen, value)."""
        canvas = self._item.canvas()
        if self._item.log:
            with np.errstate(invalid="ignore", divide="ignore"):
                values = np.where(values > 0, np.log10(values), np.nan)
        self.edges, self.counts = bars(values, canvas.bottom, canvas.top)
        self.levels = levels
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint bars from the left, and the lines over them."""
        style = self.style_
        if style is None or not len(self.counts):
            return
        canvas, width = self._item.canvas(), self.size().width() - 8
        frame = self.mapRectFromItem(self._item, canvas.rect)
        here = Canvas(frame, canvas.low, canvas.high, canvas.bottom, canvas.top)
        heights = here.y(self.edges)
        colour = QColor(style.colours.data)
        colour.setAlphaF(0.45)
        painter.setPen(style.pens["bar"])
        for top, bottom, count in zip(heights[1:], heights[:-1], self.counts, strict=True):
            if count:
                painter.setBrush(colour)
                painter.drawRect(QRectF(0, top, width * count / self.counts.max(), bottom - top))
        lined = Canvas(frame, canvas.low, canvas.high, canvas.bottom, canvas.top, self._item.log)
        for pen, value in self.levels:
            height = float(lined.y(np.array([value]))[0])
            if frame.top() <= height <= frame.bottom():
                painter.setPen(style.pens[pen])
                painter.drawLine(QLineF(0, height, width, height))
