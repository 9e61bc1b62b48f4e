"""Choosing the baseline of new limits: a stretch of points, by dragging or by keys."""

from typing import TYPE_CHECKING

import numpy as np

from spc_desktop.i18n import _

if TYPE_CHECKING:
    from spc_desktop.ui.charts.control_chart import ControlChart

Positions = tuple[int, int]
"""First and last."""


class BaselineBrush:
    """A stretch that grows from where it was begun."""

    def __init__(self, chart: "ControlChart") -> None:
        self._chart = chart
        self.active = False
        """True while a stretch is being chosen."""
        self.shown: Positions | None = None
        """What is shaded: the stretch being chosen, or the one that was chosen last."""
        self._anchor = self._end = 0

    def start(self, first: int | None, last: int | None) -> None:
        """Begin, with a stretch where one is given, else at the cursor or at the left of the view."""
        series, cursor = self._chart.series, self._chart.cursor_position
        if series is None or not series.count:
            return
        self.active, self.shown = True, None
        self._anchor = self._end = self._inside(int(np.ceil(self._chart.view_range[0])) if cursor is None else cursor)
        for view in self._chart.views:
            view.box.brush = self._dragged
        if first is not None and last is not None:
            self._choose(first, last)
        else:
            self.write()

    def _inside(self, position: int) -> int:
        series = self._chart.series
        return position if series is None else min(max(position, series.base), series.end - 1)

    def _choose(self, anchor: int, end: int) -> None:
        self._anchor, self._end = self._inside(anchor), self._inside(end)
        self.shown = min(self._anchor, self._end), max(self._anchor, self._end)
        self.write()
        self._chart.brush_moved.emit(*self.shown)

    def _dragged(self, start: float, end: float, finished: bool) -> None:
        self._choose(round(start), round(end))
        if finished:
            self.end(chosen=True)

    def extend(self, step: int) -> None:
        """Move the end that was not begun with; the first step takes the point where it was begun."""
        self._choose(self._anchor, self._end + (step if self.shown else 0))
        self._chart.go_to(self._end)

    def end(self, *, chosen: bool) -> None:
        """Take the stretch, which stays shaded, or give it up; what is not there cannot be taken."""
        if chosen and self.shown is None:
            return
        taken = self.shown if chosen else None
        self.forget()
        self.shown = taken
        self.write()
        if taken:
            self._chart.baseline_chosen.emit(*taken)
        else:
            self._chart.brush_cancelled.emit()

    def show(self, first: int, last: int) -> None:
        """Shade a stretch that was chosen before."""
        self.active, self.shown = False, (self._inside(first), self._inside(last))
        self.write()

    def forget(self) -> None:
        """Choose nothing any longer and shade nothing."""
        self.active, self.shown = False, None
        for view in self._chart.views:
            view.box.brush = None
        self.write()

    def write(self) -> None:
        """Shade what is chosen, with its length in words."""
        shown, views = self.shown, self._chart.views
        for view in views:
            if shown is None:
                view.item.brush(None)
            else:
                text = _("{n} subgroups", n=f"{shown[1] - shown[0] + 1:,}") if view is views[0] else ""
                view.item.brush((shown[0] - 0.5, shown[1] + 0.5), text)
        self._chart.changed()
