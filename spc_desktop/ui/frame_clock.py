"""The one coalescer: whatever changed is drawn at most 20 times a second, and a frame never takes the loop for long."""

from time import perf_counter
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer
from shiboken6 import isValid

INTERVAL_MS = 50
BUDGET = 0.004
"""Seconds of one slice of a frame: a longer stall would delay every message of the hub that shares this thread, which needs
several turns of the loop from the socket to the disk and back."""
PAUSE = 2.0
"""While something waits, the loop gets so many times as long as the last slice took, so that messages go before pictures."""
MIN_PAUSE_MS = 5


class Drawable(Protocol):
    """Something that can bring itself up to date."""

    @property
    def paint_cost(self) -> float:
        """Seconds its last paint took, because painting happens after ``draw`` has returned."""
        ...

    def isVisible(self) -> bool: ...

    def draw(self) -> None:
        """Show what is known now."""
        ...


class FrameClock(QObject):
    """Collects what is dirty and draws it in turn; hidden things are skipped and must ask again when shown."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._dirty: dict[Drawable, None] = {}
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.flush)

    def request(self, item: Drawable) -> None:
        """Draw ``item`` in one of the next frames; asking twice before that draws once."""
        self._dirty.setdefault(item)
        if not self._timer.isActive():
            self._timer.start(INTERVAL_MS)

    def flush(self) -> None:
        """Draw one slice; what does not fit keeps its place and comes soon, with room for the loop in between."""
        started, cost = perf_counter(), 0.0
        while self._dirty:
            item = next(iter(self._dirty))
            if not isValid(item) or not item.isVisible():  # a widget may be deleted while it waits
                del self._dirty[item]
                continue
            if cost and cost + item.paint_cost > BUDGET:
                self._timer.start(max(MIN_PAUSE_MS, int(cost * PAUSE * 1000)))
                return
            del self._dirty[item]
            item.draw()
            cost += perf_counter() - started + item.paint_cost
            started = perf_counter()
        self._timer.stop()
