"""Where a value lies between its limits: the specification as a bar, control limits and centre in it, the value sliding in."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.charts.words import number
from spc_desktop.ui.theme import colours_of


@dataclass(frozen=True)
class Lines:
    """What is drawn; None: there is no such limit."""

    lsl: float | None = None
    lcl: float | None = None
    center: float | None = None
    ucl: float | None = None
    usl: float | None = None
    decimals: int = 3

    def named(self) -> list[tuple[str, float]]:
        """Return the limits that are there, by rising value."""
        every = (("LSL", self.lsl), ("LCL", self.lcl), ("CL", self.center), ("UCL", self.ucl), ("USL", self.usl))
        return sorted([(name, value) for name, value in every if value is not None], key=lambda one: one[1])


class LimitsBar(QWidget):
    """A bar for single values; limits of means are marked as such by their names."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = Lines()
        self._values: list[float] = []
        self._current: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return room for the bar and a line of text above and below."""
        line = self.fontMetrics().height()
        return QSize(line * 16, line * 3 + 26)

    def show_lines(self, lines: Lines) -> None:
        """Show other limits."""
        self._lines = lines
        self._tell()
        self.update()

    def show_values(self, values: list[float], current: float | None) -> None:
        """Show the values of this subgroup and the one that is being typed."""
        self._values, self._current = list(values), current
        self._tell()
        self.update()

    def _tell(self) -> None:
        parts = [f"{name} {number(value, self._lines.decimals)}" for name, value in self._lines.named()]
        if self._current is not None:
            parts.append(_("value {value}", value=number(self._current, self._lines.decimals)))
        self.setAccessibleName(", ".join(parts) or _("No limits yet"))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw everything: it is little, and changes with each key."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        named = self._lines.named()
        if len(named) < 2 or named[0][1] == named[-1][1]:
            painter.setPen(QColor(colours_of(self.palette()).dim))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, _("No limits yet"))
            return
        low, high = named[0][1], named[-1][1]
        room = (high - low) * 0.18
        self._low, self._high = low - room, high + room
        line = self.fontMetrics().height()
        bar = QRectF(0, line + 13, self.width(), line)
        self._draw_bar(painter, bar, named)
        colours = colours_of(self.palette())
        for value in self._values:
            self._draw_value(painter, bar, value, QColor(colours.dim), 5)
        if self._current is not None:
            outside = not low <= self._current <= high
            self._draw_value(painter, bar, self._current, QColor(colours.limit if outside else colours.data), 9)

    def _x(self, value: float) -> float:
        share = (value - self._low) / (self._high - self._low)
        return 8 + max(0.0, min(1.0, share)) * (self.width() - 16)

    def _draw_bar(self, painter: QPainter, bar: QRectF, named: list[tuple[str, float]]) -> None:
        colours = colours_of(self.palette())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.grid))
        painter.drawRoundedRect(bar, 4, 4)
        styles = {
            "LSL": (colours.spec, Qt.PenStyle.DashDotLine, 2),
            "USL": (colours.spec, Qt.PenStyle.DashDotLine, 2),
            "CL": (colours.center, Qt.PenStyle.SolidLine, 1),
        }
        metrics, right = self.fontMetrics(), {True: -1.0, False: -1.0}
        for name, value in named:
            colour, style, width = styles.get(name, (colours.limit, Qt.PenStyle.DashLine, 1))
            x = self._x(value)
            painter.setPen(QPen(QColor(colour), width, style))
            painter.drawLine(QPointF(x, bar.top() - 3), QPointF(x, bar.bottom() + 3))
            above = name in {"LCL", "UCL"}
            text = f"{name} {number(value, self._lines.decimals)}"
            need = metrics.horizontalAdvance(text)
            left = min(max(0.0, x - need / 2), self.width() - need)
            if left < right[above]:  # no room beside its neighbour: the line stands for itself
                continue
            right[above] = left + need + 6
            painter.setPen(QColor(colours.text))
            y = bar.top() - 5 - metrics.descent() if above else bar.bottom() + 4 + metrics.ascent()
            painter.drawText(QPointF(left, y), text)

    def _draw_value(self, painter: QPainter, bar: QRectF, value: float, colour: QColor, size: float) -> None:
        x, y = self._x(value), bar.center().y()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        if self._low <= value <= self._high:
            painter.drawEllipse(QPointF(x, y), size, size)
        else:  # beyond the picture: an arrow says where
            way = -size if value < self._low else size
            painter.drawPolygon(QPolygonF([QPointF(x + way, y), QPointF(x, y - size), QPointF(x, y + size)]))
