"""The values of this subgroup as chips: taken, waiting, doubted."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.theme import colours_of

GAP = 8


class Chips(QWidget):
    """Painted, as many as fit in a line; the rest goes into further lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts: list[str] = []
        self._size = 1
        self._doubted = ""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_values(self, texts: Sequence[str], size: int, doubted: str = "") -> None:
        """Show the values taken, of ``size``, and the one that is to be measured again."""
        self._texts, self._size, self._doubted = list(texts), size, doubted
        parts = [_("{got} of {size} values", got=len(texts), size=size), *texts]
        if doubted:
            parts.append(_("measure again: {value}", value=doubted))
        self.setAccessibleName(", ".join(parts))
        self.updateGeometry()
        self.update()

    def _box(self) -> tuple[int, int]:
        metrics = self.fontMetrics()
        longest = max(
            (metrics.horizontalAdvance(text) for text in (*self._texts, f"? {self._doubted}", "00.000")), default=0
        )
        return longest + 24, metrics.height() + 14

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        wide, high = self._box()
        each = max(1, (width + GAP) // (wide + GAP))
        lines = -(-max(1, self._size) // each)
        return lines * (high + GAP) - GAP + 2

    def sizeHint(self) -> QSize:
        """Return room for one line of a usual subgroup."""
        wide, high = self._box()
        return QSize((wide + GAP) * min(5, self._size), high + 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw every chip."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(self.palette())
        wide, high = self._box()
        each = max(1, (self.width() + GAP) // (wide + GAP))
        for at in range(self._size):
            box = QRectF(at % each * (wide + GAP) + 1, at // each * (high + GAP) + 1, wide - 2, high - 2)
            taken, here = at < len(self._texts), at == len(self._texts)
            text = self._texts[at] if taken else self._doubted if here else ""
            doubt = here and bool(self._doubted)
            edge = colours.limit if doubt else colours.data if taken or here else colours.grid
            style = Qt.PenStyle.DashLine if doubt else Qt.PenStyle.SolidLine
            painter.setPen(QPen(QColor(edge), 2 if here else 1, style))
            painter.setBrush(QColor(colours.background))
            painter.drawRoundedRect(box, 6, 6)
            painter.setPen(QColor(colours.text if taken else colours.dim))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"? {text}" if doubt else text or str(at + 1))
