"""Paints a picture of a panel into a rectangle, on screen and into files: layers from the back to the front."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from spc_desktop.ui.charts.labels import Box, Placer
from spc_desktop.ui.charts.picture import Dots, Label, Picture
from spc_desktop.ui.charts.style import Style, polyline

FloatArray = NDArray[np.float64]

ZONE_ALPHA = (0.12, 0.07, 0.03)
"""Zone A (two to three sigma) is the darkest."""
MANY_LABELS = 40
"""With more texts than that in view each tries the nearest places only."""
EDGE = 40.0
"""Pixels from the sides within which a text finds its place anew with every step of the view."""
_UNKNOWN: Box = (0.0, 0.0, 0.0, 0.0)
FAR = 16_000.0
"""Pixels from the panel beyond which nothing has to be exact."""


@dataclass(frozen=True, slots=True)
class Canvas:
    """Where chart units lie in a rectangle of pixels."""

    rect: QRectF
    low: float
    high: float
    bottom: float
    top: float
    log: bool = False

    def x(self, values: FloatArray) -> FloatArray:
        """Return positions in pixels."""
        scaled: FloatArray = (values - self.low) * (self.rect.width() / (self.high - self.low)) + self.rect.left()
        return scaled

    def y(self, values: FloatArray) -> FloatArray:
        """Return heights in pixels; NaN where a logarithm has none."""
        if self.log:
            with np.errstate(invalid="ignore", divide="ignore"):
                values = np.where(values > 0, np.log10(values), np.nan)
        scaled = (self.top - values) * (self.rect.height() / (self.top - self.bottom)) + self.rect.top()
        return np.minimum(np.maximum(scaled, -FAR), FAR)

    def at(self, x: float, y: float) -> QPointF:
        """Return one point."""
        return QPointF(float(self.x(np.array([x]))[0]), float(self.y(np.array([y]))[0]))


@dataclass(slots=True)
class Extras:
    """What pointing and choosing add to a picture."""

    members: Dots = field(default_factory=Dots)
    cursor: Dots = field(default_factory=Dots)
    crosshair: float | None = None
    reading: str = ""
    brush: tuple[float, float] | None = None
    brush_text: str = ""


class PanelPainter:
    """Paints pictures of one panel and remembers where it put the texts."""

    def __init__(self) -> None:
        self._key: object = None
        self._places: dict[tuple[float, str], Box | None] = {}

    def paint(
        self, painter: QPainter, picture: Picture, extras: Extras, canvas: Canvas, style: Style, ratio: float
    ) -> None:
        """Paint everything."""
        if (
            canvas.rect.width() < 2
            or canvas.rect.height() < 2
            or canvas.high <= canvas.low
            or canvas.top <= canvas.bottom
        ):
            return
        _behind(painter, picture, extras, canvas, style)
        _level_lines(painter, picture, canvas, style)
        x, y = canvas.x(picture.line.x), canvas.y(picture.line.y)
        _data_line(painter, picture, x, y, style)
        _points(painter, picture, extras, canvas, style, ratio)
        self._texts(painter, picture, canvas, style, x, y)
        _in_front(painter, extras, canvas, style)

    def _texts(
        self, painter: QPainter, picture: Picture, canvas: Canvas, style: Style, x: FloatArray, y: FloatArray
    ) -> None:
        painter.setFont(style.font)
        boxes = _stage_names(painter, picture, canvas, style) + _legend(painter, picture, canvas, style)
        boxes += _mark_boxes(picture, canvas)
        if not picture.labels:
            return
        colours = {"rule": QColor(style.colours.violation), "oos": QColor(style.colours.text)}
        height = style.metrics.ascent()
        for label, box in self.places(picture, canvas, style, x, y, boxes):
            if box is not None:
                painter.setPen(colours[label.kind])
                painter.drawText(QPointF(box[0], box[1] + height - 1), label.text)

    def places(
        self, picture: Picture, canvas: Canvas, style: Style, x: FloatArray, y: FloatArray, taken: Sequence[Box] = ()
    ) -> list[tuple[Label, Box | None]]:
        """Return the labels and where each is written; None where there is no room for it.

        Texts keep their place beside their point while the view only moves on.
        """
        revision, settled = picture.revision
        rect = canvas.rect
        key = (
            rect,
            round(canvas.high - canvas.low, 6),
            canvas.bottom,
            canvas.top,
            canvas.log,
            revision,
            style.font.key(),
        )
        if key != self._key:
            self._key, self._places = key, {}
        placer = Placer(x.tolist(), y.tolist(), (rect.left(), rect.top(), rect.right(), rect.bottom()), taken)
        height, dense = style.metrics.ascent(), len(picture.labels) > MANY_LABELS
        at_x = canvas.x(np.array([label.x for label in picture.labels]))
        at_y = canvas.y(np.array([label.y for label in picture.labels]))
        rows = sorted(zip(at_x.tolist(), at_y.tolist(), picture.labels, strict=True), key=lambda row: row[0])
        widths = {text: style.metrics.horizontalAdvance(text) for text in {label.text for label in picture.labels}}
        found: list[tuple[Label, Box | None]] = []
        for place_x, place_y, label in rows:
            name = label.x, label.text
            kept = self._places.get(name, _UNKNOWN)
            box = None if kept is None else (kept[0] + place_x, kept[1], kept[2] + place_x, kept[3])
            if kept is not _UNKNOWN and (box is None or placer.fits(box)):
                if box is not None:
                    placer.take(box)
            else:
                below = label.kind == "oos"
                box = placer.place(place_x, place_y, widths[label.text], height, below=below, few=dense)
                if label.x < settled and rect.left() + EDGE < place_x < rect.right() - EDGE:
                    self._places[name] = box and (box[0] - place_x, box[1], box[2] - place_x, box[3])
            found.append((label, box))
        return found


def _behind(painter: QPainter, picture: Picture, extras: Extras, canvas: Canvas, style: Style) -> None:
    for zone in picture.zones:
        for outer, alpha in zip((3, 2, 1), ZONE_ALPHA, strict=True):
            colour = QColor(128, 128, 128)
            colour.setAlphaF(alpha)
            for side in (-1, 1):
                inner_y, outer_y = (zone.center + side * k * zone.sigma for k in (outer - 1, outer))
                top, bottom = min(max(inner_y, outer_y), zone.high), max(min(inner_y, outer_y), zone.low)
                if top > bottom:
                    painter.fillRect(QRectF(canvas.at(zone.start, top), canvas.at(zone.stop, bottom)), colour)
    if extras.brush is not None:
        left, right = canvas.x(np.array(extras.brush)).tolist()
        colour = QColor(style.colours.data)
        colour.setAlphaF(0.14)
        painter.fillRect(QRectF(left, canvas.rect.top(), right - left, canvas.rect.height()), colour)
        painter.setPen(style.pens["brush"])
        painter.drawLines([QLineF(at, canvas.rect.top(), at, canvas.rect.bottom()) for at in (left, right)])


def _level_lines(painter: QPainter, picture: Picture, canvas: Canvas, style: Style) -> None:
    left, right = canvas.rect.left(), canvas.rect.right()
    for pen, lines in (("spec", picture.spec), ("ghost", picture.ghost)):
        if lines:
            painter.setPen(style.pens[pen])
            heights = canvas.y(np.array([value for _, value in lines])).tolist()
            painter.drawLines([QLineF(left, height, right, height) for height in heights if np.isfinite(height)])
    for name, strokes in picture.limits.items():
        painter.setPen(style.pens["center" if name == "center" else "limit"])
        _strokes(painter, canvas.x(strokes.x), canvas.y(strokes.y), strokes.connect)
    if picture.dotted:
        painter.setPen(style.pens["dotted"])
        table = np.array(picture.dotted)
        ends = zip(canvas.x(table[:, 0]), canvas.x(table[:, 1]), canvas.y(table[:, 2]), strict=True)
        painter.drawLines([QLineF(start, height, stop, height) for start, stop, height in ends])
    if picture.stages:
        painter.setPen(style.pens["stage"])
        places = canvas.x(np.array([x for x, _ in picture.stages])).tolist()
        painter.drawLines([QLineF(x, canvas.rect.top(), x, canvas.rect.bottom()) for x in places])


def _strokes(painter: QPainter, x: FloatArray, y: FloatArray, connect: NDArray[np.int32]) -> None:
    if len(x) <= 8:
        joined = np.flatnonzero(connect[:-1]).tolist()
        painter.drawLines([QLineF(x[at], y[at], x[at + 1], y[at + 1]) for at in joined])
    else:
        painter.drawPath(pg.functions.arrayToQPath(x, y, connect=connect, finiteCheck=False))


def _data_line(painter: QPainter, picture: Picture, x: FloatArray, y: FloatArray, style: Style) -> None:
    if len(x) < 2:
        return
    painter.setPen(style.pens["dimmed" if picture.groups else "data"])
    if picture.whole and np.isfinite(y).all():
        painter.drawPolyline(polyline(x, y))
    else:
        painter.drawPath(pg.functions.arrayToQPath(x, y, connect="finite"))


def _points(painter: QPainter, picture: Picture, extras: Extras, canvas: Canvas, style: Style, ratio: float) -> None:
    if picture.groups:
        _groups(painter, picture, canvas, style, ratio)
    for kind in ("ok", "excluded", "violation", "out_of_spec"):
        dots = picture.dots.get(kind)
        if dots is not None and not (kind == "ok" and picture.groups):
            _dots(painter, dots, canvas, style, kind, ratio)
    _beyond(painter, picture, canvas, style, ratio)
    _marks(painter, picture, canvas, style, ratio)
    for kind, dots in (("member", extras.members), ("cursor", extras.cursor)):
        if len(dots.x):
            _dots(painter, dots, canvas, style, kind, ratio)
    _gaps(painter, picture, canvas, style)


def _marks(painter: QPainter, picture: Picture, canvas: Canvas, style: Style, ratio: float) -> None:
    symbols = style.symbols
    for x, y, mark in picture.marks:
        at = canvas.at(x, y)
        one_x, one_y = np.array([at.x()]), np.array([at.y()])
        if mark.alert:
            symbols["alert"].paint(painter, one_x, one_y, ratio)
        if mark.comment:
            symbols["comment"].paint(painter, one_x, one_y - 7, ratio)
        if mark.done:
            symbols["done"].paint(painter, one_x + 8, one_y - 9, ratio)


def _gaps(painter: QPainter, picture: Picture, canvas: Canvas, style: Style) -> None:
    painter.setPen(style.pens["gap"])
    for x, y in picture.gaps:
        at = canvas.at(x, y)
        middle, height = at.x(), at.y()
        painter.drawLines(
            [QLineF(middle + shift - 2, height + 6, middle + shift + 2, height - 6) for shift in (-2.5, 2.5)]
        )


def _mark_boxes(picture: Picture, canvas: Canvas) -> list[Box]:
    """Return where flags, rings and ticks are, for the texts to keep off."""
    boxes: list[Box] = []
    for x, y, mark in picture.marks:
        at = canvas.at(x, y)
        if mark.alert:
            boxes.append((at.x() - 8, at.y() - 8, at.x() + 8, at.y() + 8))
        if mark.comment:
            boxes.append((at.x(), at.y() - 17, at.x() + 8, at.y() - 7))
        if mark.done:
            boxes.append((at.x() + 3, at.y() - 14, at.x() + 14, at.y() - 5))
    return boxes


def _dots(painter: QPainter, dots: Dots, canvas: Canvas, style: Style, kind: str, ratio: float) -> None:
    x, y = canvas.x(dots.x), canvas.y(dots.y)
    finite = np.isfinite(y)
    if not finite.all():
        x, y = x[finite], y[finite]
    if len(x):
        style.symbols[kind].paint(painter, x, y, ratio)


def _beyond(painter: QPainter, picture: Picture, canvas: Canvas, style: Style, ratio: float) -> None:
    """Arrows at the edge for signals that are out of sight while the y range is held."""
    for kind in ("violation", "out_of_spec"):
        dots = picture.dots.get(kind)
        if dots is None:
            continue
        x, y = canvas.x(dots.x), canvas.y(dots.y)
        for shape, edge, hidden in (
            ("above", canvas.rect.top(), y < canvas.rect.top()),
            ("under", canvas.rect.bottom(), y > canvas.rect.bottom()),
        ):
            if hidden.any():
                style.symbols[shape].paint(painter, x[hidden], np.full(int(hidden.sum()), edge), ratio)


def _groups(painter: QPainter, picture: Picture, canvas: Canvas, style: Style, ratio: float) -> None:
    for number, (_name, dots) in enumerate(picture.groups):
        which = number % len(style.group_symbols)
        x, y = canvas.x(dots.x), canvas.y(dots.y)
        finite = np.isfinite(y)
        x, y = x[finite], y[finite]
        if len(x):
            painter.setPen(style.group_colours[which])
            painter.drawPolyline(polyline(x, y))
            if len(x) <= 2000:
                style.group_symbols[which].paint(painter, x, y, ratio)


def _stage_names(painter: QPainter, picture: Picture, canvas: Canvas, style: Style) -> list[Box]:
    boxes: list[Box] = []
    painter.setPen(QColor(style.colours.dim))
    height = style.metrics.height()
    for x, name in picture.stages:
        left = float(canvas.x(np.array([x]))[0]) + 4
        width = style.metrics.horizontalAdvance(name)
        if not name or (boxes and left < boxes[-1][2] + 4):
            continue
        if left + width > canvas.rect.right():  # no room at the right of its line
            left = left - width - 8
            if boxes and left < boxes[-1][2] + 4:
                continue
        top = canvas.rect.top() + 1
        painter.drawText(QPointF(left, top + style.metrics.ascent()), name)
        boxes.append((left, top, left + width, top + height))
    return boxes


def _legend(painter: QPainter, picture: Picture, canvas: Canvas, style: Style) -> list[Box]:
    """Names of compared groups, in a row at the bottom of the panel, in lines as they fit."""
    boxes: list[Box] = []
    x, height = canvas.rect.left() + 10, style.metrics.height()
    y = canvas.rect.bottom() - height - 3
    for number, (name, _dots) in enumerate(picture.groups):
        which = number % len(style.group_symbols)
        width = style.metrics.horizontalAdvance(name)
        if x + width + 14 > canvas.rect.right() and boxes:
            x, y = canvas.rect.left() + 10, y - height
        style.group_symbols[which].paint(painter, np.array([x]), np.array([y + height / 2]), 0)
        painter.setPen(style.group_colours[which])
        painter.drawText(QPointF(x + 9, y + style.metrics.ascent()), name)
        boxes.append((x - 5, y, x + 9 + width, y + height))
        x += width + 26
    return boxes


def _in_front(painter: QPainter, extras: Extras, canvas: Canvas, style: Style) -> None:
    painter.setFont(style.font)
    if extras.brush is not None and extras.brush_text:
        _badge(painter, extras.brush_text, float(canvas.x(np.array([sum(extras.brush) / 2]))[0]), canvas, style)
    if extras.crosshair is not None:
        x = float(canvas.x(np.array([extras.crosshair]))[0])
        painter.setPen(style.pens["crosshair"])
        painter.drawLine(QLineF(x, canvas.rect.top(), x, canvas.rect.bottom()))
        if extras.reading:
            _badge(painter, extras.reading, x, canvas, style)


def _badge(painter: QPainter, text: str, x: float, canvas: Canvas, style: Style) -> None:
    """A text on a ground of its own at the top of the panel."""
    width, height = style.metrics.horizontalAdvance(text) + 10, style.metrics.height() + 2
    left = min(max(x - width / 2, canvas.rect.left() + 1), canvas.rect.right() - width - 1)
    box = QRectF(left, canvas.rect.top() + 1, width, height)
    painter.fillRect(box, QColor(style.colours.background))
    painter.setPen(QColor(style.colours.dim))
    painter.drawRect(box)
    painter.setPen(QColor(style.colours.text))
    painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
