"""The scroll bar below a chart: where the view is among all points."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollBar, QWidget

from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.words import local_time


class ChartScrollBar(QScrollBar):
    """Follows the view of its chart, and moves it."""

    def __init__(self, chart: ControlChart, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._chart = chart
        self._following = False
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        chart.view_moved.connect(self.follow)
        self.valueChanged.connect(self._scrolled)

    def follow(self) -> None:
        """Show where the view is."""
        series = self._chart.series
        if series is None or not series.count:
            self.hide()
            return
        low, high = self._chart.view_range
        span = max(1, round(high - low))
        self._following = True
        self.setRange(series.base, max(series.base, series.end - span + 2))
        self.setPageStep(span)
        self.setSingleStep(max(1, span // 10))
        self.setValue(round(low))
        self.setToolTip(local_time(float(series.time[series.count - 1])))
        self.setVisible(series.count > span)
        self._following = False

    def _scrolled(self, value: int) -> None:
        if not self._following:
            low, high = self._chart.view_range
            self._chart.set_view(value - 0.5, value - 0.5 + (high - low))
