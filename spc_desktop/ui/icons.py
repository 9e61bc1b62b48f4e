"""Icons from our own SVG files, tinted with the text colour of the palette."""

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from spc_desktop.paths import resource

_SIZES = (16, 22, 24, 32, 48, 64, 128)


def icon(name: str, palette: QPalette, badge: str = "") -> QIcon:
    """Return ``resources/icons/NAME.svg`` in the palette's text colour, with a short text in its corner if given."""
    colour = palette.color(QPalette.ColorRole.WindowText).name()
    source = resource(f"icons/{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour)
    renderer = QSvgRenderer(QByteArray(source.encode()))
    made = QIcon()
    for size in _SIZES:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size, size))
        if badge:
            _draw_badge(painter, size, badge)
        painter.end()
        made.addPixmap(pixmap)
    return made


def _draw_badge(painter: QPainter, size: int, badge: str) -> None:
    font = QFont(painter.font())
    font.setPixelSize(max(8, round(size * 0.5)))
    font.setBold(True)
    painter.setFont(font)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    width = max(size * 0.55, painter.fontMetrics().horizontalAdvance(badge) + size * 0.16)
    width = min(width, float(size))
    box = QRectF(size - width, size * 0.45, width, size * 0.55)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor("#B3261E"))
    painter.drawRoundedRect(box, size * 0.2, size * 0.2)
    painter.setPen(QColor("#FFFFFF"))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, badge)
