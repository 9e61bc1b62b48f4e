"""Texts and zones that are painted over a panel in screen units, without one graphics item per text."""

from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

MAX_TEXTS = 200


class _InView:
    """Bounds an item by the view: it draws the visible stretch only, and finding its data's bounds costs a quarter more."""

    def viewTransformChanged(self) -> None:
        """Cover the whole view always."""
        super().viewTransformChanged()  # type: ignore[misc]
        pg.GraphicsObject.viewTransformChanged(self)  # forgets the old view, which curves leave to nobody
        self.prepareGeometryChange()  # type: ignore[attr-defined]

    def boundingRect(self) -> QRectF:
        """Return the visible area in data units."""
        rect = self.viewRect()  # type: ignore[attr-defined]
        return QRectF() if rect is None else QRectF(rect)


class Curve(_InView, pg.PlotCurveItem):  # type: ignore[misc]
    """A line of the visible stretch."""


class Scatter(_InView, pg.ScatterPlotItem):  # type: ignore[misc]
    """Symbols of the visible stretch."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A short text at a point: above it (rule number), below it (OOS), on it (gap), or right under it (stage)."""

    x: float
    y: float
    text: str
    colour: str
    place: str = "above"


class Overlay(_InView, pg.GraphicsObject):  # type: ignore[misc]
    """Rule numbers, "OOS" and "//" of a panel."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[Mark] = []
        self.font_ = QFont()
        self.setZValue(20)

    def set_marks(self, marks: list[Mark]) -> None:
        """Paint these and no others; more than can be read are left out (the symbols stay)."""
        self.marks = marks if len(marks) <= MAX_TEXTS else []
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Write the texts; one that would cover its left neighbour on the same side is left out."""
        transform = painter.transform()
        painter.resetTransform()
        painter.setFont(self.font_)
        metrics = QFontMetrics(self.font_)
        taken: dict[str, float] = {}
        for mark in self.marks:
            point = transform.map(QPointF(mark.x, mark.y))
            width = metrics.horizontalAdvance(mark.text)
            left = point.x() + 4 if mark.place == "stage" else point.x() - width / 2
            if left < taken.get(mark.place, -1e9):
                continue
            taken[mark.place] = left + width + 2
            ascent = metrics.ascent()
            lift = {"above": -6.0, "below": 7.0 + ascent, "on": ascent / 2, "stage": ascent + 1.0}[mark.place]
            painter.setPen(QColor(mark.colour))
            painter.drawText(QPointF(left, point.y() + lift), mark.text)


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of constant limits, for its grey bands."""

    start: float
    stop: float
    center: float
    sigma: float
    low: float
    high: float


class Zones(_InView, pg.GraphicsObject):  # type: ignore[misc]
    """The bands of one, two and three sigma, never beyond the limits."""

    ALPHA = (0.12, 0.07, 0.03)

    def __init__(self) -> None:
        super().__init__()
        self.stretches: list[Zone] = []
        self.setZValue(-20)

    def set_zones(self, stretches: list[Zone]) -> None:
        """Paint these and no others."""
        if stretches or self.stretches:
            self.stretches = stretches
            self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Fill the bands: zone A (2 to 3 sigma) darkest, then B, then C."""
        painter.setPen(Qt.PenStyle.NoPen)
        for zone in self.stretches:
            for outer, alpha in zip((3, 2, 1), self.ALPHA, strict=True):
                colour = QColor(128, 128, 128)
                colour.setAlphaF(alpha)
                for side in (-1, 1):
                    inner_y = zone.center + side * (outer - 1) * zone.sigma
                    outer_y = zone.center + side * outer * zone.sigma
                    top, bottom = min(max(inner_y, outer_y), zone.high), max(min(inner_y, outer_y), zone.low)
                    if top > bottom:
                        painter.fillRect(QRectF(zone.start, bottom, zone.stop - zone.start, top - bottom), colour)
