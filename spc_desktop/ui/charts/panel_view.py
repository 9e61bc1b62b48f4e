"""One panel on screen: pyqtgraph's plot with its axes, and over it the item that paints, whatever chart it belongs to."""

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QFont

from spc_desktop.i18n import _
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.charts.axes import LimitAxis, PositionAxis, Tag, ValueAxis
from spc_desktop.ui.charts.compose import Composed, Wishes, compose
from spc_desktop.ui.charts.histogram import Histogram
from spc_desktop.ui.charts.panel_item import PanelItem
from spc_desktop.ui.charts.picture import Dots, Picture, SpecLimits
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.charts.style import style
from spc_desktop.ui.charts.viewbox import ChartViewBox
from spc_desktop.ui.charts.words import decimals_for, number
from spc_desktop.ui.theme import Colours

FloatArray = NDArray[np.float64]

VALUES_WIDTH, TAGS_WIDTH = 72, 118


class PanelView:
    """The items of one panel and what they show."""

    def __init__(self, spec: PanelSpec, position_axis: PositionAxis) -> None:
        self.spec = spec
        self.wishes = Wishes()
        self.decimals = 3
        self.hold_y = False
        """True while the y range must not move."""
        self.limit_axis = LimitAxis()
        self.box = ChartViewBox()
        self.position_axis, self.value_axis = position_axis, ValueAxis()
        axes = {"bottom": position_axis, "left": self.value_axis, "right": self.limit_axis}
        self.plot = pg.PlotItem(viewBox=self.box, axisItems=axes, enableMenu=False)
        self.plot.hideButtons()
        self.plot.showAxis("right")
        self.limit_axis.setWidth(TAGS_WIDTH)
        self.item = PanelItem(self.box)
        self.histogram = Histogram(self.item)
        self.histogram.hide()
        self._shown = (0, 0)
        self._last: Composed | None = None

    def paint_with(self, colours: Colours, font: QFont) -> None:
        """Take the colours of a theme."""
        self._colours = colours
        self.item.style_ = self.histogram.style_ = style(colours, font)
        for axis in (self.position_axis, self.value_axis, self.limit_axis):
            axis.paint_with(font, QColor(colours.grid), QColor(colours.text))
        self.position_axis.fit()
        metrics = self.item.style_.metrics
        values = int(metrics.horizontalAdvance("-00.0000") + metrics.height()) + 12
        self.value_axis.setWidth(max(VALUES_WIDTH, values))
        self.make_room()
        self.plot.setLabel("left", self.spec.label, color=colours.text)
        self.item.update()

    def make_room(self) -> None:
        """Give the names of limits the width they need: more while those of proposed limits stand among them."""
        longest = "UCL -0000.0000"
        if self.wishes.ghost:
            longest = _("new {limit}", limit=longest)
        if self.item.style_ is not None:
            width = int(self.item.style_.metrics.horizontalAdvance(longest)) + 12
            self.limit_axis.setWidth(max(TAGS_WIDTH, width))

    def set_spec_limits(self, limits: SpecLimits) -> None:
        """Draw these specification lines (nothing where the panel plots no single measurements)."""
        self.wishes.spec = limits if self.spec.individuals else SpecLimits()

    def set_log(self, wanted: bool) -> None:
        """Make the y axis logarithmic, or not."""
        self.item.log = wanted
        self.value_axis.setLogMode(wanted)
        self.forget_range()

    def forget_range(self) -> None:
        """Fit the y range anew with the next picture."""
        self.plot.setYRange(0, 1e-12, padding=0)

    def clear(self) -> None:
        """Show an empty panel."""
        self.item.show_picture(Picture())
        self.item.outline(Dots(), Dots())
        self.item.point_at(None)
        self.item.brush(None)
        self.limit_axis.set_tags([])
        self.histogram.show_values(np.empty(0), ())

    def draw(self, series: Series, first: int, last: int, counted: tuple[int, int] | None = None) -> None:
        """Show positions ``[first, last)``; the histogram counts ``counted`` instead where it is given."""
        composed = compose(self.spec, self.wishes, series, first, last)
        picture = composed.picture
        self._fit(np.concatenate((picture.line.y[np.isfinite(picture.line.y)], composed.levels)))
        self.item.show_picture(picture)
        self.limit_axis.set_tags(self._tags(composed))
        if self.histogram.isVisible():
            low, high = counted or (first, last)
            values = series.panels[self.spec.key].value[max(low, series.base) - series.base : high - series.base]
            pens = {"center": "center", "ucl": "limit", "lcl": "limit"}
            lines = [(pens[name], value) for name, value in composed.newest.items()]
            self.histogram.show_values(values, [*lines, *(("spec", value) for _name, value in picture.spec)])

    def _tags(self, composed: Composed) -> list[Tag]:
        newest = composed.newest
        span = newest.get("ucl", np.nan) - newest.get("lcl", newest.get("center", np.nan))
        digits = decimals_for(span, self.decimals)
        limit, center = self._colours.limit, self._colours.center
        names = (("ucl", "UCL", limit), ("center", "CL", center), ("lcl", "LCL", limit))
        tags = [
            Tag(f"{text} {number(newest[name], digits)}", newest[name], colour)
            for name, text, colour in names
            if name in newest
        ]
        for text, value in composed.picture.ghost:
            said = _("new {limit}", limit=f"{text} {number(value, digits)}")
            tags.append(Tag(said, value, self._colours.data))
        for text, value in composed.picture.spec:
            tags.append(Tag(f"{text} {number(value, self.decimals)}", value, self._colours.spec))
        if self.item.log:
            tags = [Tag(tag.text, float(np.log10(tag.value)), tag.colour) for tag in tags if tag.value > 0]
        return tags

    def _fit(self, numbers: FloatArray) -> None:
        """Set a y range for these numbers; the present one stays as long as they fit and it is not far too wide."""
        keep = tuple(self.box.viewRange()[1])
        spec = np.array([value for _name, value in self.wishes.spec.lines()])
        if self.item.log:
            numbers, spec = np.log10(numbers[numbers > 0]), np.log10(spec[spec > 0])
        if not len(numbers) or (self.hold_y and keep[1] - keep[0] > 1e-9):
            return
        low, high = float(numbers.min()), float(numbers.max())
        span = high - low
        for value in spec.tolist():
            if low - 1.5 * span <= value <= high + 1.5 * span:
                low, high = min(low, value), max(high, value)
        margin = 0.1 * (high - low) or max(abs(high), 1.0) * 0.01
        fits = keep[0] <= low - margin * 0.6 and keep[1] >= high + margin * 0.6
        if not (fits and keep[1] - keep[0] <= 2 * (high - low)):
            self.plot.setYRange(low - margin, high + margin, padding=0)

    def outline(self, series: Series, positions: Sequence[int], cursor: int | None) -> None:
        """Outline the points of a pattern and ring the selected point."""
        self.item.outline(self._dots(series, positions), self._dots(series, [] if cursor is None else [cursor]))

    def _dots(self, series: Series, positions: Sequence[int]) -> Dots:
        if not positions:
            return Dots()
        inside = np.array([position for position in positions if series.base <= position < series.end], np.int64)
        return Dots(inside.astype(np.float64), series.panels[self.spec.key].value[inside - series.base])
