"""A chart that leaves the program, as a file, on the clipboard or on paper: light colours, shapes, and a heading."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QFont, QImage, QPageLayout, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsItem

from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.theme import LIGHT, Colours

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinter

SCREEN_DPI = 96
PICTURE_SCALE = 2
_MARGIN, _GAP = 16.0, 8.0


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A chart with what must be read beside it once it has left the program."""

    chart: ControlChart
    title: str
    about: str
    footer: str

    @property
    def size(self) -> QSizeF:
        """Return the size in screen pixels that shows the chart as it is on the screen."""
        view = self.chart.viewport().size()
        return QSizeF(view.width() + 2 * _MARGIN, view.height() + 2 * _MARGIN + 5.5 * self.chart.fontMetrics().height())

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Paint heading, chart and footer into an area of screen pixels."""
        painter.fillRect(area, Qt.GlobalColor.white)
        inside = area.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        plain = QFont(self.chart.font())
        heading = QFont(plain)
        heading.setBold(True)
        heading.setPointSizeF(plain.pointSizeF() * 1.4)
        painter.setPen(Qt.GlobalColor.black)
        top = inside.top()
        for font, text in ((heading, self.title), (plain, self.about)):
            top += _write(painter, font, QRectF(inside.left(), top, inside.width(), inside.height()), text) + 2
        low = _height(painter, plain, inside, self.footer)
        foot = QRectF(inside.left(), inside.bottom() - low, inside.width(), low)
        _write(painter, plain, foot, self.footer)
        room = QRectF(inside.left(), top + _GAP, inside.width(), foot.top() - top - 2 * _GAP)
        with _paper(self.chart, room.size().toSize()):
            self.chart.render(painter, room, self.chart.viewport().rect(), Qt.AspectRatioMode.KeepAspectRatio)

    # -- where it can go -----------------------------------------------------------------------------------------------

    def as_image(self) -> QImage:
        """Return it as a picture with twice the screen's dots."""
        size = self.size
        image = QImage((size * PICTURE_SCALE).toSize(), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(PICTURE_SCALE)
        image.setText("Title", self.title)
        image.setText("Description", self.about)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint(painter, QRectF(0, 0, size.width(), size.height()))
        painter.end()
        return image

    def as_svg(self) -> bytes:
        """Return it as SVG."""
        data, size = QByteArray(), self.size
        buffer = QBuffer(data)
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setResolution(SCREEN_DPI)
        generator.setSize(size.toSize())
        generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
        generator.setTitle(self.title)
        generator.setDescription(self.about)
        painter = QPainter(generator)
        self.paint(painter, QRectF(0, 0, size.width(), size.height()))
        painter.end()
        return bytes(data.data())

    def as_pdf(self) -> bytes:
        """Return it as a PDF page, A4 lying."""
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QBuffer.OpenModeFlag.WriteOnly)
        writer = QPdfWriter(buffer)
        writer.setTitle(self.title)
        writer.setPageOrientation(QPageLayout.Orientation.Landscape)
        self.paint_page(writer)
        buffer.close()
        return bytes(data.data())

    def paint_page(self, device: "QPdfWriter | QPrinter") -> None:
        """Fill the page of a printer or PDF writer.

        Its resolution is that of a screen, so that texts have the size that the chart has made room for; lines and letters
        are shapes, and as sharp as the paper allows.
        """
        device.setResolution(SCREEN_DPI)
        painter = QPainter(device)
        self.paint(painter, QRectF(0, 0, device.width(), device.height()))
        painter.end()


@contextmanager
def _paper(chart: ControlChart, room: QSize) -> Iterator[None]:
    """Draw a chart for paper and in this size for a moment, and as it was afterwards. Nothing is seen of it in between."""
    size = chart.size()
    kept = [(item, item.cacheMode()) for item in chart.scene().items()]
    chart.pointer.leave()
    for item, _mode in kept:
        item.setCacheMode(QGraphicsItem.CacheMode.NoCache)
    _dress(chart, LIGHT, room, vector=True)
    try:
        yield
    finally:
        for item, mode in kept:
            item.setCacheMode(mode)
        _dress(chart, None, size, vector=False)


def _dress(chart: ControlChart, colours: Colours | None, size: QSize, *, vector: bool) -> None:
    for view in chart.views:
        view.item.vector = vector
    chart.resize(size)
    chart.wear(colours)
    chart.ci.layout.activate()
    for view in chart.views:
        view.plot.layout.activate()
    chart.draw()


def _height(painter: QPainter, font: QFont, area: QRectF, text: str) -> float:
    painter.setFont(font)
    return painter.boundingRect(area, int(Qt.TextFlag.TextWordWrap), text).height()


def _write(painter: QPainter, font: QFont, area: QRectF, text: str) -> float:
    """Write a text in lines as they fit; return its height."""
    painter.setFont(font)
    taken = painter.boundingRect(area, int(Qt.TextFlag.TextWordWrap), text)
    painter.drawText(taken, int(Qt.TextFlag.TextWordWrap), text)
    return taken.height()
