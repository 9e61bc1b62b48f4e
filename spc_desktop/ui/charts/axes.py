"""The axes of a chart: subgroup number or time below, values at the left, named limits at the right."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

Levels = list[tuple[float, list[float]]]

_KEPT = QGraphicsItem.CacheMode.DeviceCoordinateCache
"""An axis seldom changes: Qt keeps its picture and copies it."""


class PositionAxis(pg.AxisItem):  # type: ignore[misc]
    """Chart positions, written as subgroup numbers or as times."""

    def __init__(self, text_of: Callable[[int], str]) -> None:
        super().__init__("bottom")
        self._text_of = text_of
        self.enableAutoSIPrefix(False)
        self.setCacheMode(_KEPT)

    def updateAutoSIPrefix(self) -> None:
        """Write values as they are: pyqtgraph scales by thousands even where that is switched off."""

    def tickValues(self, low: float, high: float, size: float) -> Levels:
        """Keep ticks at whole positions."""
        levels = super().tickValues(low, high, size)
        return [(spacing, values) for spacing, values in levels if spacing >= 1]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Write each tick; empty outside the chart."""
        return [self._text_of(round(value)) for value in values]


class ValueAxis(pg.AxisItem):  # type: ignore[misc]
    """Values at the left; on a logarithmic axis that shows less than two decades they are round numbers all the same."""

    logMode: bool  # noqa: N815 - a name of pyqtgraph

    def __init__(self) -> None:
        super().__init__("left")
        self.enableAutoSIPrefix(False)
        self.setCacheMode(_KEPT)

    def updateAutoSIPrefix(self) -> None:
        """Write values as they are: pyqtgraph scales by thousands even where that is switched off."""

    def tickValues(self, low: float, high: float, size: float) -> Levels:
        """Return spacings and places of ticks."""
        if not self.logMode or high - low > 2:
            levels: Levels = super().tickValues(low, high, size)
            return levels
        self.logMode = False
        plain = super().tickValues(10**low, 10**high, size)
        self.logMode = True
        return [(spacing, [float(np.log10(value)) for value in values if value > 0]) for spacing, values in plain]

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Write the numbers themselves, not their logarithms."""
        return [f"{10**value:.6g}" for value in values]


@dataclass(frozen=True, slots=True)
class Tag:
    """A named level at the right edge."""

    text: str
    value: float
    colour: str


class LimitAxis(pg.AxisItem):  # type: ignore[misc]
    """Writes tags such as "UCL 74.014" beside their lines; tags that would cover each other move apart."""

    def __init__(self) -> None:
        super().__init__("right")
        self.tags: list[Tag] = []
        self.setStyle(showValues=False, tickLength=0)
        self.font_: QFont = QFont()
        self.setCacheMode(_KEPT)

    def set_tags(self, tags: list[Tag]) -> None:
        """Show these and no others."""
        if tags != self.tags:
            self.tags = tags
            self.picture = None
            self.update()

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
