"""The surface that the tiles are painted on: no widget per tile, and only what has changed is painted."""

from time import perf_counter

from PySide6.QtCore import QEvent, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.theme import colours_of
from spc_desktop.ui.wall.arrange import Grid, arrange
from spc_desktop.ui.wall.model import WallModel
from spc_desktop.ui.wall.painting import Brushes, paint_tile, smallest
from spc_desktop.ui.wall.tile import Tile

TURN_MS = 15_000
"""For so long a page of a wall is shown that does not fit on the screen."""


class Board(QAbstractScrollArea):
    """Tiles in a grid; one of them is chosen."""

    opened = Signal(object)
    """``Tile``."""

    def __init__(self, model: WallModel, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model, self._clock = model, clock
        self.paint_cost = 0.0
        self._chosen: tuple[str, int] | None = None
        self._places: list[tuple[Tile, QRect]] = []
        self._headings: list[tuple[str, QRect]] = []
        self._grid = Grid(1, 1, 1, 0, 0, ())
        self._brushes = Brushes(self.font(), colours_of(self.palette()))
        self._turning = QTimer(self)
        self._turning.setInterval(TURN_MS)
        self._turning.timeout.connect(self.turn)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.verticalScrollBar().valueChanged.connect(self.viewport().update)
        model.arranged.connect(self.lay_out)
        model.touched.connect(lambda: clock.request(self))

    # -- places --------------------------------------------------------------------------------------------------------

    def lay_out(self) -> None:
        """Give every tile its place."""
        view = self.viewport().size()
        counts = [len(group.tiles) for group in self._model.groups]
        heading = round(self._brushes.line * 1.7) if any(group.title for group in self._model.groups) else 0
        self._grid = grid = arrange(counts, view.width(), view.height(), smallest(self.font()), heading)
        self._places, self._headings = [], []
        for group, top in zip(self._model.groups, grid.tops, strict=True):
            self._headings.append((group.title, QRect(0, top, view.width(), heading)))
            for at, tile in enumerate(group.tiles):
                row, column = divmod(at, grid.columns)
                box = QRect(column * grid.width, top + heading + row * grid.height, grid.width, grid.height)
                self._places.append((tile, box))
        bar = self.verticalScrollBar()
        bar.setPageStep(view.height())
        bar.setSingleStep(max(1, grid.height // 2))
        bar.setRange(0, max(0, grid.total - view.height()))
        if self._chosen not in {tile.key for tile, _box in self._places}:
            self._chosen = self._places[0][0].key if self._places else None
        self._tell()
        self.viewport().update()

    @property
    def fits(self) -> bool:
        """True when every tile is on the screen."""
        return self._grid.total <= self.viewport().height()

    @property
    def chosen(self) -> Tile | None:
        """Return the tile that the keys are about."""
        return next((tile for tile, _box in self._places if tile.key == self._chosen), None)

    def choose(self, tile: Tile, *, spoken: bool = True) -> None:
        """Mark a tile and bring it into view."""
        self._chosen = tile.key
        box = next(box for other, box in self._places if other is tile)
        bar = self.verticalScrollBar()
        if box.top() < bar.value():
            bar.setValue(box.top() - self._grid.heading)
        elif box.bottom() > bar.value() + self.viewport().height():
            bar.setValue(box.bottom() - self.viewport().height() + 1)
        self.viewport().update()
        self._tell()
        if spoken:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, tile.sentence()))

    def _tell(self) -> None:
        """Say for screen readers what the wall shows and which tile is chosen."""
        chosen = self.chosen
        self.setAccessibleName(_("Wall of {n} characteristics", n=len(self._places)))
        self.setAccessibleDescription(chosen.sentence() if chosen is not None else "")

    def tile_at(self, x: int, y: int) -> Tile | None:
        """Return the tile at a place of the view."""
        y += self.verticalScrollBar().value()
        return next((tile for tile, box in self._places if box.contains(x, y)), None)

    # -- turning pages -------------------------------------------------------------------------------------------------

    def turn_pages(self, on: bool) -> None:
        """Show what does not fit page by page, without a scroll bar."""
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if on else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(policy)
        (self._turning.start if on else self._turning.stop)()
        self.verticalScrollBar().setValue(0)

    def turn(self) -> None:
        """Show the next page; the first again after the last."""
        bar = self.verticalScrollBar()
        rows = max(1, self.viewport().height() // self._grid.height)
        ends = bar.value() >= bar.maximum()
        bar.setValue(0 if ends else bar.value() + rows * self._grid.height)

    # -- painting ------------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Paint the tiles that have changed."""
        off = self.verticalScrollBar().value()
        for tile, box in self._places:
            if not tile.fresh:
                tile.fresh = True
                self.viewport().update(box.translated(0, -off))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what is to be painted of the tiles."""
        began = perf_counter()
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), self.palette().window())
        off, region = self.verticalScrollBar().value(), event.region()
        painter.translate(0, -off)
        for title, box in self._headings:
            if title and region.intersects(box.translated(0, -off)):
                painter.setFont(self._brushes.bold)
                painter.setPen(QColor(self._brushes.text))
                where = box.adjusted(6, 0, -6, -2)
                painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, title)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for tile, box in self._places:
            if region.intersects(box.translated(0, -off)):
                chosen = tile.key == self._chosen and self.hasFocus()
                paint_tile(painter, QRectF(box), tile, self._brushes, chosen)
        painter.end()
        self.paint_cost = perf_counter() - began

    # -- Qt's calls ----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give every tile its place in the new size."""
        super().resizeEvent(event)
        self.lay_out()

    def changeEvent(self, event: QEvent) -> None:
        """Wear new colours and sizes, speak a new language."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange} and hasattr(self, "_brushes"):
            self._brushes = Brushes(self.font(), colours_of(self.palette()))
            self.lay_out()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by the arrows, open by Enter."""
        tiles = [tile for tile, _box in self._places]
        step = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self._grid.columns,
            Qt.Key.Key_Down: self._grid.columns,
            Qt.Key.Key_Home: -len(tiles),
            Qt.Key.Key_End: len(tiles),
        }.get(Qt.Key(event.key()))
        chosen = self.chosen
        if chosen is None:
            super().keyPressEvent(event)
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space}:
            self.opened.emit(chosen)
        elif step is not None:
            self.choose(tiles[min(len(tiles) - 1, max(0, tiles.index(chosen) + step))])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a tile."""
        place = event.position().toPoint()
        tile = self.tile_at(place.x(), place.y())
        if tile is not None and event.button() == Qt.MouseButton.LeftButton:
            self.choose(tile, spoken=False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open a tile."""
        place = event.position().toPoint()
        tile = self.tile_at(place.x(), place.y())
        if tile is not None:
            self.opened.emit(tile)

    def viewportEvent(self, event: QEvent) -> bool:
        """Say everything about the tile under the pointer."""
        if isinstance(event, QHelpEvent):
            tile = self.tile_at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), tile.sentence() if tile is not None else "", self.viewport())
            return True
        return super().viewportEvent(event)
