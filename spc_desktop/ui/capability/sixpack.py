"""The six panels as a widget: in two columns, or one of them alone."""

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from spc_desktop.domain.review import Review
from spc_desktop.i18n import _
from spc_desktop.ui.capability.panels import COUNT_TITLES, PANELS, TITLES, Place, paint_panel
from spc_desktop.ui.capability.words import summary
from spc_desktop.ui.charts.style import style
from spc_desktop.ui.theme import colours_of

ROWS = 3
_TURN_MS = 4
"""Between two panels that are painted, so that the hub in this thread has its turn."""


class Sixpack(QWidget):
    """Paints one panel after the other into a picture, and shows the picture."""

    enlarged_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.review: Review | None = None
        self.enlarged: int | None = None
        self._picture: QPixmap | None = None
        self._waiting: list[int] = []
        self._timer = 0
        self.setMinimumSize(320, 300)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def show_review(self, review: Review | None) -> None:
        """Show a review, or nothing."""
        self.review = review
        self.setAccessibleName(_("Capability") if review is None else summary(review))
        self.renew()

    def enlarge(self, at: int | None) -> None:
        """Show one panel alone; again or None: all of them."""
        self.enlarged = None if at == self.enlarged else at
        self.renew()
        self.enlarged_changed.emit()

    def renew(self) -> None:
        """Paint every panel anew, one in each turn of the loop."""
        self._picture = None
        self._waiting = list(range(PANELS)) if self.enlarged is None else [self.enlarged]
        if not self._timer:
            self._timer = self.startTimer(_TURN_MS)
        self.update()

    def boxes(self) -> dict[int, QRectF]:
        """Return where each shown panel is."""
        if self.enlarged is not None:
            return {self.enlarged: QRectF(self.rect())}
        wide, high = self.width() / 2, self.height() / ROWS
        return {at: QRectF(at // ROWS * wide, at % ROWS * high, wide, high) for at in range(PANELS)}

    def timerEvent(self, _event: QEvent) -> None:
        """Paint the next panel."""
        if not self._waiting or not self.isVisible() or self.review is None:
            self.killTimer(self._timer)
            self._timer = 0
            return
        self._paint_next()
        self.update()

    def _paint_next(self) -> None:
        review = self.review
        if review is None or not self._waiting:
            return
        ratio, colours = self.devicePixelRatioF(), colours_of(self.palette())
        picture = self._picture
        if picture is None:
            picture = self._picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            picture.setDevicePixelRatio(ratio)
            picture.fill(colours.background)
        at = self._waiting.pop(0)
        painter = QPainter(picture)
        paint_panel(at, review, Place(painter, self.boxes()[at], style(colours, self.font()), ratio))
        painter.end()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Show what is painted so far."""
        painter = QPainter(self)
        if self._picture is None:
            painter.fillRect(self.rect(), colours_of(self.palette()).background)
        else:
            painter.drawPixmap(0, 0, self._picture)
        painter.end()

    def showEvent(self, event: QShowEvent) -> None:
        """Go on painting."""
        super().showEvent(event)
        self.renew()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Paint in the new size."""
        super().resizeEvent(event)
        self.renew()

    def changeEvent(self, event: QEvent) -> None:
        """Paint in the new colours, font or language."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.LanguageChange}:
            self.show_review(self.review)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Enlarge the panel under the mouse, or show all again."""
        at = next((at for at, box in self.boxes().items() if box.contains(event.position())), None)
        self.enlarge(at)

    def panel_names(self) -> list[str]:
        """Return the names of the panels in the window's language."""
        titles = COUNT_TITLES if self.review is not None and self.review.watch.counts else TITLES
        return [_(title, n=25) if "{n}" in title else _(title) for title in titles]
