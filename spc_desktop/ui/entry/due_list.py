"""The list at the left of the entry page: two lines of text and a ring that fills until the next sample is due."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from spc_desktop.ui.entry.due_model import ROW_ROLE, TARGET_ROLE, DueModel, Row, Target, state_text
from spc_desktop.ui.theme import colours_of

LEAST_HEIGHT = 48


class DueDelegate(QStyledItemDelegate):
    """Draws a line."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return room for two lines of text, and for a finger."""
        return QSize(160, max(LEAST_HEIGHT, option.fontMetrics.height() * 2 + 14))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw ring, name and state."""
        row = index.data(ROW_ROLE)
        if not isinstance(row, Row):
            return
        self.initStyleOption(option, index)
        option.text = ""
        style = option.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = colours_of(option.palette)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        text = option.palette.highlightedText().color() if selected else QColor(colours.text)
        size = option.fontMetrics.height() * 1.2
        box = QRectF(option.rect)
        ring = QRectF(box.left() + 8, box.center().y() - size / 2, size, size)
        mark = QColor(colours.limit if row.is_overdue else colours.warning if row.is_due else colours.data)
        _draw_ring(painter, ring, text if selected else mark, QColor(colours.grid), 1.0 if row.is_due else row.share)
        area = box.adjusted(size + 18, 5, -6, -5)
        half = area.height() / 2
        bold = QFont(option.font)
        bold.setBold(row.is_due)
        painter.setPen(text)
        painter.setFont(bold)
        name = QFontMetrics(bold).elidedText(row.name, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(QRectF(area.left(), area.top(), area.width(), half), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(option.font)
        painter.setPen(text if selected else QColor(colours.limit if row.is_overdue else colours.dim))
        below = state_text(row)
        if not row.is_due:
            below = f"{row.product} · {below}" if row.product else below
        below = option.fontMetrics.elidedText(below, Qt.TextElideMode.ElideRight, int(area.width()))
        painter.drawText(
            QRectF(area.left(), area.top() + half, area.width(), half), Qt.AlignmentFlag.AlignVCenter, below
        )
        painter.restore()


def _draw_ring(painter: QPainter, box: QRectF, colour: QColor, rest: QColor, share: float) -> None:
    width = max(3.0, box.width() / 6)
    inner = box.adjusted(width / 2, width / 2, -width / 2, -width / 2)
    painter.setPen(QPen(rest, width))
    painter.drawEllipse(inner)
    painter.setPen(QPen(colour, width))
    painter.drawArc(inner, 90 * 16, -round(share * 360 * 16))


class DueList(QListView):
    """Chooses what is measured; the keyboard stays in the value field."""

    chosen = Signal(object)
    """A ``Target`` was clicked."""

    def __init__(self, model: DueModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(DueDelegate(self))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.clicked.connect(lambda index: self.chosen.emit(index.data(TARGET_ROLE)))

    def sizeHint(self) -> QSize:
        """Return a width that follows the size of the text."""
        return QSize(self.fontMetrics().averageCharWidth() * 30, 200)

    def mark(self, target: Target | None) -> None:
        """Show what is being measured."""
        model = self.model()
        at = model.row_of(target) if isinstance(model, DueModel) else -1
        index = model.index(at, 0) if at >= 0 else QModelIndex()
        self.setCurrentIndex(index)
        if index.isValid():
            self.scrollTo(index)
