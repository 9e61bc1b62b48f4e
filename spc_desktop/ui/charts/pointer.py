"""What pointing at a chart does: one crosshair over all panels, the words of the point, its pattern outlined."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRect
from PySide6.QtWidgets import QToolTip

from spc_desktop.ui.charts.words import members, number, violations_by_panel

if TYPE_CHECKING:
    from spc_desktop.ui.charts.control_chart import ControlChart
    from spc_desktop.ui.charts.panel_view import PanelView

NEAR = 12
"""Pixels from a point in which it counts as pointed at."""


class Pointer:
    """Follows the mouse over one chart."""

    def __init__(self, chart: "ControlChart") -> None:
        self._chart = chart
        self.hovered: int | None = None
        """The position under the mouse."""

    def move(self, place: QPointF) -> None:
        """The mouse is at a place of the scene."""
        for view in self._chart.views:
            if self._chart.series and self._chart.series.count and view.box.sceneBoundingRect().contains(place):
                self._point_at(view, place)
                return
        self.leave()

    def leave(self) -> None:
        """The mouse is over no panel."""
        for view in self._chart.views:
            view.item.point_at(None)
        if self.hovered is not None:
            self.hovered = None
            self.outline()

    def _point_at(self, view: "PanelView", place: QPointF) -> None:
        chart, series = self._chart, self._chart.series
        if series is None:
            return
        position = min(max(round(view.box.mapSceneToView(place).x()), series.base), series.end - 1)
        for each in chart.views:
            value = float(series.panels[each.spec.key].value[position - series.base])
            each.item.point_at(float(position), number(value, each.decimals + (each.spec.role == "location")))
        near = abs(view.box.mapViewToScene(QPointF(position, 0)).x() - place.x()) <= NEAR
        before, self.hovered = self.hovered, position if near else None
        if self.hovered != before:
            self.outline()
            spot = chart.viewport().mapToGlobal(chart.mapFromScene(place) + QPoint(12, 12))
            QToolTip.showText(spot, chart.point_text(position) if near else "", chart.viewport(), QRect())

    def outline(self) -> None:
        """Outline all points of the patterns that the hovered or selected point completes, and ring the selected one."""
        chart, series = self._chart, self._chart.series
        if series is None:
            return
        shown = self.hovered if self.hovered is not None else chart.cursor_position
        by_panel = violations_by_panel(series.marks.get(shown)) if shown is not None else {}
        for view in chart.views:
            view.outline(series, members(by_panel.get(view.spec.key, [])), chart.cursor_position)
