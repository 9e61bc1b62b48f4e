"""Horizontal bars with names, in the colours and the font of the charts; patterns beside colours tell the parts of a bar."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from spc_desktop.ui.charts.style import Style, style
from spc_desktop.ui.theme import colours_of

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WRAPPED = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
PATTERNS = (Qt.BrushStyle.SolidPattern, Qt.BrushStyle.BDiagPattern, Qt.BrushStyle.NoBrush)
"""Of the first, second and third part of a bar."""
PAD = 8.0


@dataclass(frozen=True)
class Bar:
    """One bar: how long each of its parts is, and what is written beside it."""

    name: str
    parts: tuple[float, ...]
    text: str
    share: float | None = None
    """Of all, this bar and those above it together (0 to 1): a line over the bars."""

    @property
    def length(self) -> float:
        """Return how long it is in all."""
        return sum(self.parts)


@dataclass(frozen=True)
class Figure:
    """What one panel shows."""

    title: str
    bars: Sequence[Bar] = ()
    parts: Sequence[str] = ()
    """Names of the parts, where bars have several."""
    nothing: str = ""
    """What is said where there is no bar."""
    note: str = field(default="")

    @property
    def words(self) -> str:
        """Return the figure as a text, for screen readers."""
        told = "; ".join(f"{bar.name}: {bar.text}" for bar in self.bars) or self.nothing
        return ". ".join(part for part in (self.title, told, self.note) if part)


class BarPanel(QWidget):
    """Paints one figure; as high as its bars need it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figure = Figure("")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_figure(self, figure: Figure) -> None:
        """Show a figure."""
        self.figure = figure
        self.setAccessibleName(figure.words)
        self.setToolTip("\n".join(f"{bar.name}: {bar.text}" for bar in figure.bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size that its bars need."""
        line = self.fontMetrics().height()
        lines = 1.4 + max(2, len(self.figure.bars)) * 1.4
        lines += 1.4 * bool(self.figure.parts) + 1.4 * bool(self.figure.note)
        return QSize(line * 26, round(lines * line + 3 * PAD))

    def minimumSizeHint(self) -> QSize:
        """Return the least size: no bar is left out."""
        return QSize(self.fontMetrics().height() * 18, self.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """Paint in the new colours or font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the figure."""
        painter = QPainter(self)
        made = style(colours_of(self.palette()), self.font())
        painter.fillRect(self.rect(), QColor(made.colours.background))
        painter.setFont(made.font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint(painter, made, QRectF(self.rect()).adjusted(PAD, PAD, -PAD, -PAD))
        if self.hasFocus():
            painter.setPen(made.pens["data"])
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    def _paint(self, painter: QPainter, made: Style, box: QRectF) -> None:
        line = made.metrics.height()
        head = QRectF(box.left(), box.top(), box.width(), line)
        bold = self.font()
        bold.setBold(True)
        painter.setFont(bold)
        _write(painter, made, head, _LEFT, self.figure.title, made.colours.text)
        painter.setFont(made.font)
        top = box.top() + line * 1.4
        if not self.figure.bars:
            painter.setPen(QColor(made.colours.dim))
            painter.drawText(QRectF(box.left(), top, box.width(), box.bottom() - top), _WRAPPED, self.figure.nothing)
            return
        if self.figure.parts:
            self._paint_parts(painter, made, QRectF(box.left(), top, box.width(), line))
            top += line * 1.4
        self._paint_bars(painter, made, QRectF(box.left(), top, box.width(), len(self.figure.bars) * line * 1.4))
        if self.figure.note:
            foot = QRectF(box.left(), box.bottom() - line, box.width(), line)
            _write(painter, made, foot, _LEFT, self.figure.note, made.colours.dim)

    def _paint_parts(self, painter: QPainter, made: Style, box: QRectF) -> None:
        left = box.left()
        for at, name in enumerate(self.figure.parts):
            side = box.height() * 0.7
            _fill(painter, made, QRectF(left, box.center().y() - side / 2, side, side), at)
            left += side + 5
            wide = made.metrics.horizontalAdvance(name)
            _write(painter, made, QRectF(left, box.top(), wide + 2, box.height()), _LEFT, name, made.colours.text)
            left += wide + 16

    def _paint_bars(self, painter: QPainter, made: Style, box: QRectF) -> None:
        bars, metrics = self.figure.bars, made.metrics
        names = min(max(metrics.horizontalAdvance(bar.name) for bar in bars), box.width() * 0.45) + 2
        texts = max(metrics.horizontalAdvance(bar.text) for bar in bars) + 6
        area = QRectF(box.left() + names + 8, box.top(), max(10.0, box.width() - names - texts - 16), box.height())
        high, longest = box.height() / len(bars), max(bar.length for bar in bars) or 1.0
        painter.setPen(_thin(made.colours.grid))
        painter.drawLine(QLineF(area.topLeft(), area.bottomLeft()))
        marks = []
        for at, bar in enumerate(bars):
            row = QRectF(box.left(), box.top() + at * high, box.width(), high)
            _write(painter, made, QRectF(row.left(), row.top(), names, high), _RIGHT, bar.name, made.colours.text)
            left = area.left()
            for part, length in enumerate(bar.parts):
                wide = length / longest * area.width()
                if wide > 0:
                    _fill(painter, made, QRectF(left, row.top() + high * 0.18, wide, high * 0.64), part)
                left += wide
            end = QRectF(row.right() - texts, row.top(), texts, high)
            _write(painter, made, end, _RIGHT, bar.text, made.colours.text)
            if bar.share is not None:
                marks.append(QPointF(area.left() + bar.share * area.width(), row.center().y()))
        painter.setPen(made.pens["limit"])
        painter.drawPolyline(marks)
        painter.setBrush(QColor(made.colours.limit))
        painter.setPen(Qt.PenStyle.NoPen)
        for mark in marks:
            painter.drawEllipse(mark, 3, 3)


def _write(painter: QPainter, made: Style, box: QRectF, flags: Qt.AlignmentFlag, text: str, colour: str) -> None:
    painter.setPen(QColor(colour))
    painter.drawText(box, int(flags), made.metrics.elidedText(text, Qt.TextElideMode.ElideRight, box.width()))


def _fill(painter: QPainter, made: Style, box: QRectF, part: int) -> None:
    colour = QColor(made.colours.data)
    pattern = PATTERNS[min(part, len(PATTERNS) - 1)]
    if pattern is Qt.BrushStyle.SolidPattern:
        colour.setAlphaF(0.6)
    painter.setPen(made.pens["data"])
    painter.setBrush(QBrush(colour, pattern))
    painter.drawRect(box)


def _thin(colour: str) -> QPen:
    pen = QPen(QColor(colour), 1)
    pen.setCosmetic(True)
    return pen
