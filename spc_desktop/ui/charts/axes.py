"""The axes of a chart: subgroup number or time below, values at the left, named limits at the right.

They paint themselves: pyqtgraph's ticks cost more than the whole panel beside them, and come anew with every step of the view.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsSceneResizeEvent, QStyleOptionGraphicsItem, QWidget

_KEPT = QGraphicsItem.CacheMode.DeviceCoordinateCache
"""An axis seldom changes: Qt keeps its picture and copies it."""
_TICK = 4.0
"""Pixels of a tick, into the panel."""
_MIDDLE = Qt.AlignmentFlag.AlignVCenter


def steps(low: float, high: float, most: int, *, whole: bool = False) -> tuple[float, list[float]]:
    """Return a round step (1, 2 or 5 times a power of ten) and its multiples in the range, ``most`` of them or fewer."""
    span = high - low
    if not math.isfinite(span) or span <= 0 or most < 1:
        return 1.0, []
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * k for k in (1, 2, 5, 10, 20) if span / (power * k) <= most)
    if whole:
        step = max(step, 1.0)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return step, [at * step for at in range(first, last + 1)]


class _Axis(pg.AxisItem):  # type: ignore[misc]
    """An axis whose size is set from outside and that paints a line, ticks and texts."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.font_ = QFont()
        self.colours_ = QColor(), QColor()
        """Of lines and texts."""
        self.enableAutoSIPrefix(False)
        self.setStyle(tickLength=0)
        self.setCacheMode(_KEPT)

    def updateAutoSIPrefix(self) -> None:
        """Write values as they are: pyqtgraph scales by thousands even where that is switched off."""

    def boundingRect(self) -> QRectF:
        """Return the place of the axis; nothing is painted outside of it."""
        return QRectF(0, 0, self.size().width(), self.size().height())

    def paint_with(self, font: QFont, line: QColor, text: QColor) -> None:
        """Take font and colours."""
        self.font_, self.colours_ = font, (line, text)
        self.renew()

    def renew(self) -> None:
        """Paint anew."""
        self.picture = None
        self.update()


class PositionAxis(_Axis):
    """Chart positions, written as subgroup numbers or as times."""

    def __init__(self, text_of: Callable[[int], str]) -> None:
        super().__init__("bottom")
        self._text_of = text_of
        self.written = True
        """False where another panel below has the numbers."""

    def fit(self) -> None:
        """Take the height that ticks, numbers and the name need."""
        line = QFontMetricsF(self.font_).height()
        self.setHeight(int(_TICK + 2 + (line if self.written else 0) + (line if self.label.isVisible() else 0)))
        self.renew()

    def ticks(self) -> list[tuple[float, str]]:
        """Return places in pixels and what is written there: whole positions, as close as the texts allow."""
        low, high = self.range
        width = self.size().width()
        if width < 2 or high <= low:
            return []
        metrics, middle = QFontMetricsF(self.font_), round((low + high) / 2)
        room = metrics.horizontalAdvance(self._text_of(middle) or "00000") + 18
        _step, numbers = steps(low + 1, high + 1, max(2, int(width / max(room, 40.0))), whole=True)
        shown = ((number - 1, self._text_of(round(number) - 1)) for number in numbers)  # the first position is number 1
        return [((place - low) / (high - low) * width, text) for place, text in shown if text]

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint a line along the panel, ticks and numbers."""
        ticks, width = self.ticks(), self.size().width()
        line, ink = self.colours_
        painter.setPen(line)
        painter.drawLines([QLineF(0, 0, width, 0), *(QLineF(x, 0, x, _TICK) for x, _text in ticks)])
        if not self.written:
            return
        painter.setPen(ink)
        painter.setFont(self.font_)
        metrics = QFontMetricsF(self.font_)
        for x, text in ticks:
            half = metrics.horizontalAdvance(text) / 2
            left = min(max(x - half, 0.0), max(0.0, width - 2 * half))
            painter.drawText(QPointF(left, _TICK + 1 + metrics.ascent()), text)


class ValueAxis(_Axis):
    """Values at the left; on a logarithmic axis they are round numbers all the same."""

    logMode: bool  # noqa: N815 - a name of pyqtgraph

    def __init__(self) -> None:
        super().__init__("left")

    def resizeEvent(self, event: QGraphicsSceneResizeEvent | None = None) -> None:
        """Keep the name inside: pyqtgraph moves it out at the left, where the bar of an average is cut off."""
        super().resizeEvent(event)
        self.label.setX(0)

    def ticks(self) -> list[tuple[float, str]]:
        """Return heights in axis units and what is written there."""
        low, high = self.range
        room = self.size().height() / (QFontMetricsF(self.font_).height() * 2.2)
        most = min(12, max(2, int(room)))
        if not self.logMode:
            step, places = steps(low, high, most)
            return [(place, tick_text(place, step)) for place in places]
        if high - low > 2:
            _step, powers = steps(low, high, most, whole=True)
            return [(place, f"{10**place:.6g}") for place in powers]
        _step, values = steps(10**low, 10**high, most)
        return [(math.log10(value), f"{value:.6g}") for value in values if value > 0]

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint a line along the panel, ticks and numbers."""
        low, high = self.range
        height, right = self.size().height(), self.size().width()
        if high <= low or height < 2:
            return
        ticks = [((high - place) / (high - low) * height, text) for place, text in self.ticks()]
        line, ink = self.colours_
        painter.setPen(line)
        painter.drawLines([QLineF(right - 1, 0, right - 1, height), *_side_ticks([y for y, _ in ticks], right)])
        painter.setPen(ink)
        painter.setFont(self.font_)
        step = QFontMetricsF(self.font_).height()
        for y, text in ticks:
            top = min(max(y - step / 2, 0.0), height - step)
            painter.drawText(QRectF(0, top, right - _TICK - 4, step), int(Qt.AlignmentFlag.AlignRight | _MIDDLE), text)


def _side_ticks(heights: Sequence[float], right: float) -> list[QLineF]:
    return [QLineF(right - 1 - _TICK, y, right - 1, y) for y in heights]


def tick_text(value: float, step: float) -> str:
    """Write a tick with the digits that tell it from the next; very large and very small ones in powers of ten."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    if value and (decimals > 7 or not 1e-5 <= abs(value) < 1e7):
        digits = math.ceil(math.log10(abs(value) / step) - 1e-9) + 1 if abs(value) > step else 1
        return f"{value:.{min(max(digits, 1), 17)}g}"
    return f"{value + 0.0:.{decimals}f}" if decimals <= 7 else "0"


@dataclass(frozen=True, slots=True)
class Tag:
    """A named level at the right edge."""

    text: str
    value: float
    colour: str


class LimitAxis(_Axis):
    """Writes tags such as "UCL 74.014" beside their lines; tags that would cover each other move apart."""

    def __init__(self) -> None:
        super().__init__("right")
        self.tags: list[Tag] = []

    def set_tags(self, tags: list[Tag]) -> None:
        """Show these and no others."""
        if tags != self.tags:
            self.tags = tags
            self.renew()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the tags at the height of their values; an arrow where the value is out of sight."""
        low, high = self.range  # logarithms, as the values of the tags, where the axis is logarithmic
        height, width = self.size().height(), self.size().width()
        if not self.tags or high <= low or height <= 0:
            return
        painter.setFont(self.font_)
        step = QFontMetricsF(self.font_).height()
        ordered = sorted(self.tags, key=lambda tag: -tag.value)
        places = [min(max((high - tag.value) / (high - low), 0.0), 1.0) * height for tag in ordered]
        for place, tag in zip(_apart(places, step, height), ordered, strict=True):
            arrow = " ↑" if tag.value > high else " ↓" if tag.value < low else ""
            painter.setPen(QColor(tag.colour))
            box = QRectF(6, place - step / 2, width - 6, step)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), tag.text + arrow)


def _apart(places: list[float], step: float, height: float) -> list[float]:
    """Move ascending places so that neighbours are ``step`` apart and all stay within the height where there is room."""
    moved: list[float] = []
    for place in places:
        moved.append(max(place, moved[-1] + step) if moved else max(place, step / 2))
    limit = height - step / 2
    for index in range(len(moved) - 1, -1, -1):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - step
    return moved
