"""A small plot with frame, ticks and title, painted with a QPainter: the same on the screen, in a picture and in a PDF."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from spc_desktop.ui.charts.axes import steps, tick_text
from spc_desktop.ui.charts.style import Style, polyline

FloatArray = NDArray[np.float64]

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_MIDDLE = Qt.AlignmentFlag.AlignCenter
PAD = 6.0


class Span(NamedTuple):
    """The range of an axis."""

    low: float
    high: float


def span_of(*parts: object, room: float = 0.06) -> Span:
    """Return the range of everything that is a number, with a little room; (0, 1) where there is nothing."""
    arrays = [np.atleast_1d(np.asarray(part, dtype=np.float64)).ravel() for part in parts if part is not None]
    values = np.concatenate(arrays) if arrays else np.zeros(0)
    values = values[np.isfinite(values)]
    if not values.size:
        return Span(0.0, 1.0)
    low, high = float(values.min()), float(values.max())
    if high <= low:
        gap = abs(low) * 0.01 or 1.0
        return Span(low - gap, high + gap)
    return Span(low - (high - low) * room, high + (high - low) * room)


class Plot:
    """One panel: what is drawn is given in the units of its axes."""

    def __init__(self, painter: QPainter, box: QRectF, style: Style, title: str, ratio: float) -> None:
        self.painter, self.style, self._ratio = painter, style, ratio
        self.line = style.metrics.height()
        painter.setFont(style.font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shown = style.metrics.elidedText(title, Qt.TextElideMode.ElideRight, box.width() - 2 * PAD)
        head = QRectF(box.left() + PAD, box.top() + 2, box.width() - 2 * PAD, self.line)
        self._write(head, _LEFT, shown, style.colours.text)
        self._box = box.adjusted(PAD, self.line * 1.25 + 4, -PAD, -PAD)  # half a number stands above the area
        self.area = self._box
        self.x, self.y = Span(0, 1), Span(0, 1)

    def _write(self, box: QRectF, flags: Qt.AlignmentFlag, text: str, colour: str) -> None:
        self.painter.setPen(QColor(colour))
        self.painter.drawText(box, int(flags), text)

    def say(self, text: str) -> None:
        """Write a sentence where there is nothing to draw."""
        self.painter.setPen(QColor(self.style.colours.dim))
        self.painter.drawText(self._box, int(_MIDDLE | Qt.TextFlag.TextWordWrap), text)

    # -- axes ----------------------------------------------------------------------------------------------------------

    def axes(
        self,
        x: Span,
        y: Span,
        *,
        left: Sequence[tuple[float, str]] | None = None,
        below: Sequence[tuple[float, str]] | None = None,
        right: float = 0.0,
    ) -> None:
        """Draw frame and ticks.

        Args:
            x: range of the horizontal axis.
            y: range of the vertical axis.
            left: ticks of the vertical axis where they are not round numbers.
            below: the same for the horizontal axis.
            right: pixels to keep free at the right, for names of lines.
        """
        self.x, self.y = x, y
        high = self._box.height() - self.line - 6
        marks = self._ticks(y, max(2, int(high / (self.line * 2)))) if left is None else list(left)
        wide = max((self.style.metrics.horizontalAdvance(text) for _, text in marks), default=0.0) + 8
        self.area = self._box.adjusted(wide, 2, -right, -self.line - 4)
        pen = QPen(QColor(self.style.colours.grid), 1)
        pen.setCosmetic(True)
        self.painter.setPen(pen)
        self.painter.drawLine(self.area.bottomLeft(), self.area.bottomRight())
        self.painter.drawLine(self.area.topLeft(), self.area.bottomLeft())
        last = math.inf
        for value, text in marks:  # from below; one that would touch the one before is left out
            at = self.at(x.low, value)
            if self.area.top() - 1 <= at.y() <= min(self.area.bottom() + 1, last - self.line * 0.85):
                last = at.y()
                box = QRectF(self._box.left(), at.y() - self.line / 2, wide - 5, self.line)
                self._write(box, _RIGHT, text, self.style.colours.text)
        room = self.style.metrics.horizontalAdvance("0.0000") + 14
        bottoms = self._ticks(x, max(2, int(self.area.width() / room))) if below is None else list(below)
        for value, text in bottoms:
            at = self.at(value, y.low)
            box = QRectF(at.x() - room, self.area.bottom() + 2, 2 * room, self.line)
            half = self.style.metrics.horizontalAdvance(text) / 2
            box.translate(max(0.0, self._box.left() - (at.x() - half)) - max(0.0, at.x() + half - self._box.right()), 0)
            self._write(box, _MIDDLE, text, self.style.colours.text)

    @staticmethod
    def _ticks(span: Span, most: int) -> list[tuple[float, str]]:
        step, places = steps(span.low, span.high, most)
        return [(place, tick_text(place, step)) for place in places]

    def at(self, x: float, y: float) -> QPointF:
        """Return where a place is painted."""
        area = self.area
        across = (x - self.x.low) / (self.x.high - self.x.low)
        up = (y - self.y.low) / (self.y.high - self.y.low)
        return QPointF(area.left() + across * area.width(), area.bottom() - up * area.height())

    def _pixels(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        area = self.area
        across = area.left() + (x - self.x.low) / (self.x.high - self.x.low) * area.width()
        up = area.bottom() - (y - self.y.low) / (self.y.high - self.y.low) * area.height()
        return across, np.clip(up, area.top() - 2, area.bottom() + 2)

    # -- what stands in it ---------------------------------------------------------------------------------------------

    def curve(self, x: FloatArray, y: FloatArray, pen: QPen | str) -> None:
        """Draw a line; it is broken where a value is missing."""
        self.painter.setPen(self.style.pens[pen] if isinstance(pen, str) else pen)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        good = np.isfinite(x) & np.isfinite(y)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], good, [False])).astype(np.int8)))
        across, up = self._pixels(x, y)
        for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if last - first > 1:
                self.painter.drawPolyline(polyline(across[first:last], up[first:last]))

    def points(self, x: FloatArray, y: FloatArray, symbol: str) -> None:
        """Draw a symbol at each place."""
        good = np.isfinite(x) & np.isfinite(y)
        if good.any():
            self.style.symbols[symbol].paint(self.painter, *self._pixels(x[good], y[good]), self._ratio)

    def across(self, value: float, pen: str) -> None:
        """Draw a horizontal line."""
        if self.y.low <= value <= self.y.high:
            self.painter.setPen(self.style.pens[pen])
            self.painter.drawLine(QLineF(self.at(self.x.low, value), self.at(self.x.high, value)))

    def name(self, value: float, pen: str, text: str) -> None:
        """Write what a line is called, at the right of the area."""
        height = self.at(self.x.high, value).y()
        box = QRectF(self.area.right() + 4, height - self.line / 2, self._box.right() - self.area.right(), self.line)
        self._write(box, _LEFT, text, self.style.pens[pen].color().name())

    def upright(self, value: float, pen: str, name: str = "") -> None:
        """Draw a vertical line with its name at the top."""
        if not self.x.low <= value <= self.x.high:
            return
        self.painter.setPen(self.style.pens[pen])
        top, foot = self.at(value, self.y.high), self.at(value, self.y.low)
        self.painter.drawLine(QLineF(top, foot))
        if name:
            wide = self.style.metrics.horizontalAdvance(name)
            left = min(top.x() + 3, self.area.right() - wide)
            self._write(QRectF(left, top.y(), wide + 2, self.line), _LEFT, name, self.style.pens[pen].color().name())

    def bars(self, edges: FloatArray, heights: FloatArray) -> None:
        """Draw the bars of a histogram."""
        colour = QColor(self.style.colours.data)
        colour.setAlphaF(0.45)
        self.painter.setPen(self.style.pens["bar"])
        self.painter.setBrush(QBrush(colour))
        for left, right, height in zip(edges[:-1].tolist(), edges[1:].tolist(), heights.tolist(), strict=True):
            if height > 0:
                self.painter.drawRect(QRectF(self.at(left, height), self.at(right, 0.0)))

    def beam(self, low: float, high: float, level: float, pen: str, text: str, *, left: bool = False) -> None:
        """Draw a horizontal interval with its ends, and a text over it, in the middle or at the left."""
        start, end = self.at(max(low, self.x.low), level), self.at(min(high, self.x.high), level)
        self.painter.setPen(self.style.pens[pen])
        self.painter.drawLine(QLineF(start, end))
        for place, shown in ((start, low >= self.x.low), (end, high <= self.x.high)):
            if shown:
                self.painter.drawLine(QLineF(place.x(), place.y() - 5, place.x(), place.y() + 5))
        box = QRectF(self.area.left() + 2, start.y() - self.line - 6, self.area.width() - 4, self.line)
        self._write(box, _LEFT if left else _MIDDLE, text, self.style.colours.text)

    def note(self, lines: Sequence[str]) -> None:
        """Write lines at the top left of the area."""
        for at, text in enumerate(lines):
            box = QRectF(self.area.left() + 6, self.area.top() + at * self.line, self.area.width(), self.line)
            self._write(box, _LEFT, text, self.style.colours.text)
