"""Pens, brushes and symbols of the drawing standard in the colours of a theme.

Pens have width 1 (wider ones cost four times as much to paint). A symbol is a shape in pixels around a point; on screen it is
painted from a small picture made once, in files as a shape.
"""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.Qt import internals
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from spc_desktop.ui.theme import DARK, Colours

FloatArray = NDArray[np.float64]

GROUP_COLOURS = (
    ("#0072B2", "#56B4E9"),
    ("#007A5A", "#2FC896"),
    ("#8B4A9C", "#CC99DD"),
    ("#9A6700", "#E3B341"),
    ("#4D4D4D", "#BBBBBB"),
    ("#B3446C", "#F0A0B8"),
)
"""Of compared groups, light and dark; each goes with a shape of its own."""


def _polygon(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


def _ellipse(radius: float) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(QPointF(0, 0), radius, radius)
    return path


def _cross(reach: float) -> QPainterPath:
    path = QPainterPath(QPointF(-reach, -reach))
    path.lineTo(reach, reach)
    path.moveTo(-reach, reach)
    path.lineTo(reach, -reach)
    return path


def _square(half: float) -> QPainterPath:
    path = QPainterPath()
    path.addRect(QRectF(-half, -half, 2 * half, 2 * half))
    return path


def _group_shapes() -> tuple[QPainterPath, ...]:
    star = [
        (r * np.sin(k * np.pi / 5), -r * np.cos(k * np.pi / 5)) for k in range(10) for r in (4.5 if k % 2 == 0 else 2,)
    ]
    return (
        _ellipse(3),
        _polygon((0, -4), (4, 3), (-4, 3)),
        _polygon((0, 4), (4, -3), (-4, -3)),
        _polygon((-4, 0), (3, -4), (3, 4)),
        _polygon((4, 0), (-3, -4), (-3, 4)),
        _polygon(*star),
    )


class Symbol:
    """One kind of point."""

    def __init__(self, path: QPainterPath, pen: QPen | None, brush: QColor | None) -> None:
        self._path = path
        self._pen = pen or QPen(Qt.PenStyle.NoPen)
        self._brush = QBrush(brush) if brush else QBrush(Qt.BrushStyle.NoBrush)
        self._pixmap: QPixmap | None = None
        self._ratio = 0.0
        self._fragments = internals.PrimitiveArray(QPainter.PixmapFragment, 10)

    def paint(self, painter: QPainter, x: FloatArray, y: FloatArray, ratio: float) -> None:
        """Paint the symbol at each point of a screen with so many dots a pixel; 0 keeps it a shape, for files.

        The painter is not asked for its device: the object that PySide makes for it outlives the device and crashes later.
        """
        if not ratio:
            self._paint_shapes(painter, x, y)
            return
        if self._pixmap is None or ratio != self._ratio:
            self._make_pixmap(ratio)
        pixmap = self._pixmap
        assert pixmap is not None  # noqa: S101 - made above
        self._fragments.resize(len(x))
        table = self._fragments.ndarray()
        table[:, 0], table[:, 1] = x, y
        table[:, 2:4] = 0
        table[:, 4:6] = pixmap.width(), pixmap.height()
        table[:, 6:8] = 1 / ratio
        table[:, 8], table[:, 9] = 0, 1
        painter.drawPixmapFragments(*self._fragments.drawargs(), pixmap)  # type: ignore[call-arg]  # first and count

    def _paint_shapes(self, painter: QPainter, x: FloatArray, y: FloatArray) -> None:
        painter.setPen(self._pen)
        painter.setBrush(self._brush)
        for at_x, at_y in zip(x.tolist(), y.tolist(), strict=True):
            painter.drawPath(self._path.translated(at_x, at_y))

    def _make_pixmap(self, ratio: float) -> None:
        box = self._path.boundingRect()
        reach = max(-box.left(), box.right(), -box.top(), box.bottom()) + 1.5
        side = int(np.ceil(2 * reach)) | 1
        pixmap = QPixmap(int(side * ratio), int(side * ratio))
        pixmap.fill(QColor(0, 0, 0, 0))
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(ratio, ratio)
        painter.translate(side / 2, side / 2)
        self._paint_shapes(painter, np.zeros(1), np.zeros(1))
        painter.end()
        self._pixmap, self._ratio = pixmap, ratio


def _pen(colour: str, width: float = 1, dashes: tuple[float, ...] = ()) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCosmetic(True)
    if dashes:
        pen.setDashPattern([length / width for length in dashes])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


@dataclass(slots=True)
class Style:
    """Everything that is painted with."""

    colours: Colours
    font: QFont
    metrics: QFontMetricsF
    pens: dict[str, QPen]
    symbols: dict[str, Symbol]
    group_colours: list[QColor]
    group_symbols: list[Symbol]


def style(colours: Colours, font: QFont) -> Style:
    """Return the drawing standard in these colours."""
    dark = colours == DARK
    pens = {
        "data": _pen(colours.data),
        "dimmed": _pen(colours.grid),
        "center": _pen(colours.center),
        "limit": _pen(colours.limit, dashes=(8, 4)),
        "dotted": _pen(colours.limit, dashes=(1, 3)),
        "spec": _pen(colours.spec, 2, (10, 4, 2, 4)),
        "ghost": _pen(colours.data, 1, (12, 3, 2, 3, 2, 3)),
        "stage": _pen(colours.dim, dashes=(1, 3)),
        "gap": _pen(colours.dim),
        "crosshair": _pen(colours.dim),
        "brush": _pen(colours.data),
        "bar": _pen(colours.background),
    }
    symbols = {
        "ok": Symbol(_ellipse(2.5), None, QColor(colours.data)),
        "violation": Symbol(_square(4.5), None, QColor(colours.violation)),
        "out_of_spec": Symbol(_polygon((0, -6), (6, 0), (0, 6), (-6, 0)), None, QColor(colours.out_of_spec)),
        "excluded": Symbol(_cross(4), _pen(colours.dim), None),
        "member": Symbol(_ellipse(6), _pen(colours.violation), None),
        "cursor": Symbol(_ellipse(8), _pen(colours.text), None),
        "above": Symbol(_polygon((0, 0), (5, 7), (-5, 7)), None, QColor(colours.violation)),
        "under": Symbol(_polygon((0, 0), (5, -7), (-5, -7)), None, QColor(colours.violation)),
        "comment": Symbol(_flag(), _pen(colours.text), QColor(colours.warning)),
        "alert": Symbol(_ellipse(7), QPen(QColor(colours.warning), 2), None),
        "done": Symbol(_tick(), QPen(QColor(colours.good), 2), None),
    }
    group_colours = [QColor(pair[1] if dark else pair[0]) for pair in GROUP_COLOURS]
    shapes = zip(_group_shapes(), group_colours, strict=True)
    group_symbols = [Symbol(shape, None, colour) for shape, colour in shapes]
    return Style(colours, font, QFontMetricsF(font), pens, symbols, group_colours, group_symbols)


def _flag() -> QPainterPath:
    path = QPainterPath(QPointF(0, 0))
    path.lineTo(0, -10)
    path.lineTo(7, -7)
    path.lineTo(0, -4)
    return path


def _tick() -> QPainterPath:
    path = QPainterPath(QPointF(-4, 0))
    path.lineTo(-1, 3)
    path.lineTo(5, -4)
    return path


def polyline(x: FloatArray, y: FloatArray) -> QPolygonF:
    """Return points as Qt wants them, without one object per point."""
    points = pg.functions.create_qpolygonf(len(x))
    table = pg.functions.ndarray_from_qpolygonf(points)
    table[:, 0], table[:, 1] = x, y
    made: QPolygonF = points
    return made
