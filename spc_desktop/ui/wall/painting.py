"""How a tile is painted: name, the newest points with their limits, value, Cpk and how it stands."""

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from spc_desktop.ui.theme import Colours
from spc_desktop.ui.wall.tails import KEPT, Spot
from spc_desktop.ui.wall.tile import GLYPH, Kind, Tile

GAP = 3
PAD = 6
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def colour_of(kind: Kind, colours: Colours) -> str:
    """Return the colour that goes with a glyph; it never stands alone."""
    return {
        Kind.SPEC: colours.out_of_spec,
        Kind.RULE: colours.violation,
        Kind.SILENT: colours.dim,
        Kind.OVERDUE: colours.warning,
        Kind.HANDLED: colours.data,
        Kind.EMPTY: colours.dim,
        Kind.CONTROL: colours.good,
    }[kind]


class Brushes:
    """Pens, fonts and measures of one size and theme, made once and used for every tile."""

    def __init__(self, font: QFont, colours: Colours) -> None:
        self.colours = colours
        self.plain, self.bold, self.large = QFont(font), QFont(font), QFont(font)
        self.bold.setBold(True)
        self.large.setBold(True)
        self.large.setPointSizeF(font.pointSizeF() * 1.35)
        self.metrics, self.bold_metrics = QFontMetricsF(self.plain), QFontMetricsF(self.bold)
        self.line = self.metrics.height()
        self.text, self.dim = QColor(colours.text), QColor(colours.dim)
        self.data = QPen(QColor(colours.data), 1.6)
        self.data_brush = QBrush(QColor(colours.data))
        self.center = QPen(QColor(colours.center), 1)
        self.limit = QPen(QColor(colours.limit), 1, Qt.PenStyle.DashLine)
        self.hatch = QBrush(QColor(colours.grid), Qt.BrushStyle.BDiagPattern)
        self.kinds = {kind: QColor(colour_of(kind, colours)) for kind in Kind}
        self.background, self.grid = QColor(colours.background), QColor(colours.grid)


def smallest(font: QFont) -> tuple[int, int]:
    """Return the size below which a tile cannot be read any more."""
    line = QFontMetricsF(font).height()
    return round(line * 9.5), round(line * 5.4)


def paint_tile(painter: QPainter, box: QRectF, tile: Tile, brushes: Brushes, chosen: bool) -> None:
    """Paint one tile into its place."""
    standing, line = tile.standing, brushes.line
    edge = brushes.kinds[standing.kind] if standing.kind <= Kind.OVERDUE else brushes.grid
    frame = box.adjusted(GAP, GAP, -GAP, -GAP)
    painter.setPen(QPen(edge, 2.5 if standing.kind <= Kind.RULE else 1.2))
    painter.setBrush(brushes.background)
    painter.drawRoundedRect(frame, 5, 5)
    if standing.frozen:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(brushes.hatch)
        painter.drawRoundedRect(frame, 5, 5)
    inner = frame.adjusted(PAD, PAD - 2, -PAD, 2 - PAD)
    top = _heading(painter, inner, tile, brushes)
    foot = QRectF(inner.left(), inner.bottom() - line, inner.width(), line)
    kind, words = standing.kind, standing.text + (f" · {standing.frozen}" if standing.frozen else "")
    if standing.frozen and kind in {Kind.CONTROL, Kind.SILENT, Kind.EMPTY}:
        kind, words = Kind.SILENT, standing.frozen  # what was in control then is not known to be so now
    _state(painter, foot, kind, words, brushes)
    wide = _value(painter, QRectF(inner.left(), foot.top() - line * 1.3, inner.width(), line * 1.3), tile, brushes)
    low = foot.top() - (line * 1.3 if wide else 0)
    spark = QRectF(inner.left() + 2, top + 2, inner.width() - 4, low - top - 4)
    if spark.height() >= line * 0.8 and tile.tail.spots:
        _spark(painter, spark, tile.tail.spots, brushes, bool(standing.frozen))
    if chosen:
        painter.setPen(QPen(brushes.text, 2.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(1.5, 1.5, -1.5, -1.5), 6, 6)


def _state(painter: QPainter, box: QRectF, kind: Kind, words: str, brushes: Brushes) -> None:
    """Paint the glyph in its colour and the words beside it."""
    painter.setFont(brushes.bold)
    painter.setPen(brushes.kinds[kind])
    painter.drawText(box, _LEFT, GLYPH[kind])
    _text(painter, box.adjusted(brushes.line * 1.05, 0, 0, 0), words, brushes, brushes.text)


def _text(painter: QPainter, box: QRectF, text: str, brushes: Brushes, colour: QColor) -> None:
    painter.setFont(brushes.plain)
    painter.setPen(colour)
    painter.drawText(box, _LEFT, brushes.metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width()))


def _heading(painter: QPainter, inner: QRectF, tile: Tile, brushes: Brushes) -> float:
    """Paint the names; return where they end."""
    line = brushes.line
    box = QRectF(inner.left(), inner.top(), inner.width(), line)
    roomy = inner.height() > line * 6.5
    painter.setFont(brushes.bold)
    painter.setPen(brushes.text)
    painter.drawText(box, _LEFT, brushes.bold_metrics.elidedText(tile.name, Qt.TextElideMode.ElideRight, box.width()))
    if roomy:
        _text(painter, box.translated(0, line), tile.product, brushes, brushes.dim)
        return box.bottom() + line
    taken = brushes.bold_metrics.horizontalAdvance(tile.name) + line * 0.6
    if box.width() - taken > line * 2:
        rest = QRectF(box.left() + taken, box.top(), box.width() - taken, line)
        painter.setFont(brushes.plain)
        painter.setPen(brushes.dim)
        text = brushes.metrics.elidedText(tile.product, Qt.TextElideMode.ElideRight, rest.width())
        painter.drawText(rest, _RIGHT, text)
    return box.bottom()


def _value(painter: QPainter, box: QRectF, tile: Tile, brushes: Brushes) -> bool:
    """Paint the newest value and Cpk; return whether there was one."""
    text = tile.value
    if not text:
        return False
    painter.setFont(brushes.large)
    painter.setPen(brushes.dim if tile.standing.frozen else brushes.text)
    painter.drawText(box, _LEFT, text)
    if tile.cpk is not None:
        painter.setFont(brushes.plain)
        painter.setPen(brushes.dim)
        painter.drawText(box, _RIGHT, f"Cpk {tile.cpk:.2f}")
    return True


def _spark(painter: QPainter, box: QRectF, spots: Sequence[Spot], brushes: Brushes, frozen: bool) -> None:
    """Paint the newest points between their limits."""
    numbers = [number for spot in spots for number in (spot.value, spot.lcl, spot.ucl) if math.isfinite(number)]
    if not numbers:
        return
    low, high = min(numbers), max(numbers)
    span = (high - low) or 1.0
    step = box.width() / max(1, KEPT - 1)
    start = box.right() - step * (len(spots) - 1)

    def place(at: int, number: float) -> QPointF:
        return QPointF(start + at * step, box.bottom() - (number - low) / span * box.height())

    for name, pen in (("center", brushes.center), ("lcl", brushes.limit), ("ucl", brushes.limit)):
        numbers = [getattr(spot, name) for spot in spots]
        for first, last in _level(numbers):
            painter.setPen(pen)
            painter.drawLine(place(first, numbers[first]), place(last, numbers[first]))
    painter.setPen(QPen(brushes.dim, 1.2) if frozen else brushes.data)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    points = [place(at, spot.value) for at, spot in enumerate(spots) if math.isfinite(spot.value)]
    painter.drawPolyline(QPolygonF(points))
    painter.setPen(Qt.PenStyle.NoPen)
    for at, spot in enumerate(spots):
        if math.isfinite(spot.value) and (spot.rules or spot.out_of_spec):
            _sign(painter, place(at, spot.value), spot, brushes)
    if points:
        painter.setBrush(brushes.dim if frozen else brushes.data_brush)
        painter.drawEllipse(points[-1], 2.6, 2.6)


def _sign(painter: QPainter, at: QPointF, spot: Spot, brushes: Brushes) -> None:
    """A diamond beyond the specification, a square where a rule is broken."""
    if spot.out_of_spec:
        painter.setBrush(brushes.kinds[Kind.SPEC])
        shape = [QPointF(0, -5), QPointF(5, 0), QPointF(0, 5), QPointF(-5, 0)]
        painter.drawPolygon(QPolygonF([at + corner for corner in shape]))
    else:
        painter.setBrush(brushes.kinds[Kind.RULE])
        painter.drawRect(QRectF(at.x() - 3.5, at.y() - 3.5, 7, 7))


def _level(numbers: Sequence[float]) -> list[tuple[int, int]]:
    """Return the stretches over which a limit stays the same."""
    found: list[tuple[int, int]] = []
    first = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[first]:
            if math.isfinite(numbers[first]):
                found.append((first, min(at, len(numbers) - 1)))
            first = at
    return found
