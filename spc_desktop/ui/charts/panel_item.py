"""The one graphics item of a panel: it lies over the view box, in its pixels, and paints the panel's picture."""

import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from spc_desktop.ui.charts.paint import Canvas, Extras, PanelPainter
from spc_desktop.ui.charts.picture import Dots, Picture
from spc_desktop.ui.charts.style import Style


class PanelItem(pg.GraphicsObject):  # type: ignore[misc]
    """Everything inside the frame of a panel. One item, because each costs more than what it paints."""

    def __init__(self, box: pg.ViewBox) -> None:
        super().__init__(box)
        self.picture = Picture()
        self.extras = Extras()
        self.style_: Style | None = None
        self.log = False
        self.vector = False
        """True while a file is written: shapes instead of pictures of shapes."""
        self.painter_ = PanelPainter()
        self._box = box
        self.setZValue(10)
        box.sigResized.connect(self._resized)

    def _resized(self) -> None:
        self.prepareGeometryChange()
        self.update()

    def viewTransformChanged(self) -> None:
        """Nothing of this item depends on pyqtgraph's transform."""

    def viewRangeChanged(self) -> None:
        """As above: whoever changes the range hands in a new picture."""

    def boundingRect(self) -> QRectF:
        """Return the whole view box."""
        return QRectF(self._box.rect())

    def show_picture(self, picture: Picture) -> None:
        """Paint this from now on."""
        self.picture = picture
        self.update()

    def outline(self, members: Dots, cursor: Dots) -> None:
        """Outline the points of a pattern and ring the selected point."""
        before = self.extras
        same = before.members.same(members) and before.cursor.same(cursor)
        before.members, before.cursor = members, cursor
        if not same:
            self.update()

    def point_at(self, position: float | None, reading: str = "") -> None:
        """Draw the crosshair at a position, with what is read there."""
        if (position, reading) != (self.extras.crosshair, self.extras.reading):
            self.extras.crosshair, self.extras.reading = position, reading
            self.update()

    def brush(self, stretch: tuple[float, float] | None, text: str = "") -> None:
        """Shade a stretch of positions."""
        if (stretch, text) != (self.extras.brush, self.extras.brush_text):
            self.extras.brush, self.extras.brush_text = stretch, text
            self.update()

    def canvas(self) -> Canvas:
        """Return where chart units are in this item's pixels."""
        (low, high), (bottom, top) = self._box.viewRange()
        return Canvas(self.boundingRect(), low, high, bottom, top, self.log)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Paint the picture."""
        if self.style_ is not None:
            ratio = widget.devicePixelRatioF() if widget and not self.vector else 0.0
            self.painter_.paint(painter, self.picture, self.extras, self.canvas(), self.style_, ratio)
