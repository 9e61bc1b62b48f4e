"""How a chart answers to the mouse: dragging marks the stretch to zoom into, the wheel zooms x, the middle button pans."""

from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import Qt


class ChartViewBox(pg.ViewBox):  # type: ignore[misc]
    """A view whose x range is the user's and whose y range is the chart's."""

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.brush: Callable[[float, float, bool], None] | None = None
        """While set, dragging chooses a stretch: called with start, end, and whether the button was let go."""
        self.setMouseEnabled(x=True, y=False)
        self.disableAutoRange()
        self.setDefaultPadding(0)

    def mouseDragEvent(self, event: object, axis: int | None = None) -> None:
        """Zoom to the stretch dragged over with the left button; pan with the middle one or with Shift."""
        event.accept()  # type: ignore[attr-defined]
        button, keys = event.button(), event.modifiers()  # type: ignore[attr-defined]
        start = self.mapToView(event.buttonDownPos(button)).x()  # type: ignore[attr-defined]
        now = self.mapToView(event.pos()).x()  # type: ignore[attr-defined]
        if button == Qt.MouseButton.LeftButton and self.brush is not None:
            self.brush(start, now, event.isFinish())  # type: ignore[attr-defined]
        elif button == Qt.MouseButton.LeftButton and not keys & Qt.KeyboardModifier.ShiftModifier:
            self._mark_stretch(event, start, now)
        elif button in {Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton}:
            before = self.mapToView(event.lastPos()).x()  # type: ignore[attr-defined]
            low, high = self.viewRange()[0]
            self.setXRange(low + before - now, high + before - now, padding=0)
            self.sigRangeChangedManually.emit([True, False])

    def _mark_stretch(self, event: object, start: float, now: float) -> None:
        if event.isFinish():  # type: ignore[attr-defined]
            self.rbScaleBox.hide()
            if abs(now - start) >= 1:
                self.setXRange(min(start, now), max(start, now), padding=0)
                self.sigRangeChangedManually.emit([True, False])
            return
        low, high = self.viewRange()[1]
        first, last = self.mapFromView(pg.Point(start, high)), self.mapFromView(pg.Point(now, low))
        self.updateScaleBox(first, last)
