"""One panel on screen: the drawing standard for a plotted statistic with its limits, whatever chart it belongs to.

Pens have width 1 (wider ones cost four times as much) and each class of points is one scatter item with one shared brush.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont

from spc_desktop.i18n import _
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.charts import decimate
from spc_desktop.ui.charts.axes import LimitAxis, PositionAxis, Tag
from spc_desktop.ui.charts.overlay import Curve, Mark, Overlay, Scatter, Zone, Zones
from spc_desktop.ui.charts.series import PanelSeries, Series
from spc_desktop.ui.charts.viewbox import ChartViewBox
from spc_desktop.ui.charts.words import decimals_for, number, rule_digit, violations_by_panel
from spc_desktop.ui.theme import Colours

FloatArray = NDArray[np.float64]

MAX_SYMBOLS = 2000
"""In-control points get a symbol up to so many visible points; signals get theirs always."""


@dataclass(frozen=True, slots=True)
class Provisional:
    """Limits estimated while the chart still learns: drawn dotted, judging nothing."""

    center: float | None
    lcl: float | None
    ucl: float | None


@dataclass(frozen=True, slots=True)
class SpecLimits:
    """Specification of the characteristic; drawn only where single measurements are plotted."""

    lsl: float | None = None
    target: float | None = None
    usl: float | None = None

    def lines(self) -> list[tuple[str, float]]:
        """Return name and value of each that is given."""
        named = (("LSL", self.lsl), ("T", self.target), ("USL", self.usl))
        return [(name, value) for name, value in named if value is not None]


class _Layer:
    """One plot item that is given new data only when they differ: most layers of most frames do not."""

    def __init__(self, item: pg.GraphicsObject) -> None:
        self.item = item
        item.setVisible(False)  # an empty item costs as much to paint as a full one
        self._x: FloatArray = np.empty(0)
        self._y: FloatArray = np.empty(0)

    def show(self, x: FloatArray, y: FloatArray, connect: NDArray[np.int32] | None = None) -> None:
        """Show these points; ``connect`` tells for each point of a line whether it is joined to the next."""
        if np.array_equal(x, self._x) and np.array_equal(y, self._y):
            return
        self._x, self._y = x, y
        self.item.setVisible(len(x) > 0)
        if connect is None:
            self.item.setData(x, y)
        else:
            self.item.setData(x, y, connect=connect)


def _staircase(
    starts: NDArray[np.int64], ends: NDArray[np.int64], levels: FloatArray
) -> tuple[FloatArray, FloatArray, NDArray[np.int32]]:
    """Return x, y and joints of limits that are constant over stretches of positions.

    Where limits change with every point (sizes vary) the stretches are joined to a staircase; where they change once
    (a new stage) they are not.
    """
    x = np.column_stack((starts - 0.5, ends - 0.5)).ravel()
    joints = np.zeros(len(x), np.int32)
    joints[::2] = 1
    if len(starts) > 1:
        short = ends - starts == 1
        joints[1:-1:2] = (short[:-1] | short[1:]) & (ends[:-1] == starts[1:])
    return x, np.repeat(levels, 2), joints


class PanelView:
    """The items of one panel and what they show."""

    def __init__(self, spec: PanelSpec, position_axis: PositionAxis) -> None:
        self.spec = spec
        self.provisional: Provisional | None = None
        self.spec_limits = SpecLimits()
        self.show_zones = False
        self.decimals = 3
        self.is_base = spec.role == "location"
        self._limit_axis = LimitAxis()
        self.plot = pg.PlotItem(
            viewBox=ChartViewBox(), axisItems={"bottom": position_axis, "right": self._limit_axis}, enableMenu=False
        )
        self.plot.hideButtons()
        self.plot.showAxis("right")
        self.plot.getAxis("left").setWidth(72)
        self._limit_axis.setWidth(118)
        self._make_items()

    def _make_items(self) -> None:
        self._line = Curve()
        self._limits = {name: _Layer(Curve()) for name in ("center", "lcl", "ucl")}
        self._dotted = _Layer(Curve(connect="pairs"))
        self._stages = _Layer(Curve(connect="pairs"))
        self._ok = _Layer(Scatter(size=5, symbol="o"))
        self._violating = _Layer(Scatter(size=9, symbol="s"))
        self._out_of_spec = _Layer(Scatter(size=10, symbol="d"))
        self._excluded = _Layer(Scatter(size=9, symbol="x"))
        self._members = _Layer(Scatter(size=12, symbol="o"))
        self._cursor = _Layer(Scatter(size=16, symbol="o"))
        self._overlay, self._zones = Overlay(), Zones()
        self._spec_lines: list[pg.InfiniteLine] = []
        self.crosshair = pg.InfiniteLine(angle=90, movable=False)
        self.crosshair.hide()
        limits = [layer.item for layer in self._limits.values()]
        lines = [self._dotted.item, self._stages.item, self._line]
        points = (self._ok, self._excluded, self._violating, self._out_of_spec, self._members, self._cursor)
        symbols = [layer.item for layer in points]
        for item in (self._zones, *limits, *lines, *symbols, self._overlay, self.crosshair):
            self.plot.addItem(item, ignoreBounds=True)

    def paint_with(self, colours: Colours, font: QFont) -> None:
        """Take the colours of a theme."""
        self._colours = colours
        self._line.setPen(pg.mkPen(colours.data, width=1))
        self._limits["center"].item.setPen(pg.mkPen(colours.center, width=1))
        for name in ("lcl", "ucl"):
            self._limits[name].item.setPen(pg.mkPen(colours.limit, width=1, dash=[8, 4]))
        self._dotted.item.setPen(pg.mkPen(colours.limit, width=1, style=Qt.PenStyle.DotLine))
        self._stages.item.setPen(pg.mkPen(colours.dim, width=1, style=Qt.PenStyle.DotLine))
        for layer, colour in (
            (self._ok, colours.data),
            (self._violating, colours.violation),
            (self._out_of_spec, colours.out_of_spec),
        ):
            layer.item.setPen(None)
            layer.item.setBrush(pg.mkBrush(colour))
        for layer, colour in (
            (self._excluded, colours.dim),
            (self._members, colours.violation),
            (self._cursor, colours.text),
        ):
            layer.item.setPen(pg.mkPen(colour, width=1))
            layer.item.setBrush(None)
        self.crosshair.setPen(pg.mkPen(colours.dim, width=1))
        for name in ("left", "bottom"):
            axis = self.plot.getAxis(name)
            axis.setPen(pg.mkPen(colours.grid))
            axis.setTextPen(pg.mkPen(colours.text))
            axis.setStyle(tickFont=font, tickLength=-4)
            axis.enableAutoSIPrefix(False)
        self._limit_axis.setPen(pg.mkPen(colours.grid))
        self._limit_axis.font_ = self._overlay.font_ = font
        self.plot.setLabel("left", self.spec.label, color=colours.text)
        self._make_spec_lines()

    def set_spec_limits(self, limits: SpecLimits) -> None:
        """Draw these specification lines (nothing where the panel plots no single measurements)."""
        self.spec_limits = limits if self.spec.individuals else SpecLimits()
        self._make_spec_lines()

    def _make_spec_lines(self) -> None:
        for line in self._spec_lines:
            self.plot.removeItem(line)
        pen = pg.mkPen(self._colours.spec, width=2, style=Qt.PenStyle.DashDotLine)
        self._spec_lines = [pg.InfiniteLine(value, angle=0, pen=pen) for _, value in self.spec_limits.lines()]
        for line in self._spec_lines:
            line.setZValue(-10)
            self.plot.addItem(line, ignoreBounds=True)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Show an empty panel."""
        none = np.empty(0)
        self._line.setData(none, none)
        points = (self._ok, self._violating, self._out_of_spec, self._excluded, self._members, self._cursor)
        for layer in (*self._limits.values(), self._dotted, self._stages, *points):
            layer.show(none, none)
        self._overlay.set_marks([])
        self._zones.set_zones([])
        self._limit_axis.set_tags([])

    def draw(self, series: Series, first: int, last: int, stages: Sequence[int], keep_y: tuple[float, float]) -> None:
        """Show positions ``[first, last)``; ``keep_y`` is the y range to stay with while it fits."""
        panel = series.panels[self.spec.key]
        x, y = decimate.line(panel, series.base, first, last)
        finite = np.isfinite(y)
        self._line.setData(x, y, connect="all" if finite.all() else "finite", skipFiniteCheck=True)
        special = self._draw_symbols(series, panel, first, last)
        if last - first <= MAX_SYMBOLS:
            shown = finite.copy()
            shown[special - first] = False
            self._ok.show(x[shown], y[shown])
        else:
            self._ok.show(np.empty(0), np.empty(0))
        tags, levels = self._draw_limits(series, panel, first, last)
        self._limit_axis.set_tags(tags)
        low, high = self._fit(np.concatenate((y[finite], np.asarray(levels))), keep_y)
        if (low, high) != keep_y:
            self.plot.setYRange(low, high, padding=0)
        inside = [float(stage) - 0.5 for stage in stages if first < stage < last]
        self._stages.show(np.repeat(inside, 2), np.tile((low, high), len(inside)))
        names = [Mark(x, high, _("limits set"), self._colours.dim, "stage") for x in inside if self.is_base]
        self._overlay.set_marks([*self._texts(series, panel, first, last), *names])

    def _draw_symbols(self, series: Series, panel: PanelSeries, first: int, last: int) -> NDArray[np.int64]:
        visible, base, value = last - first, series.base, panel.value
        violating = panel.violations.between(first, last)
        excluded = series.excluded.between(first, last)
        out = series.out_of_spec.between(first, last) if self.is_base else excluded[:0]
        judged = np.setdiff1d(violating, np.union1d(excluded, out), assume_unique=True)
        self._violating.show(*decimate.marked(judged, value[judged - base], visible))
        self._out_of_spec.show(*decimate.marked(out, value[out - base], visible))
        self._excluded.show(*decimate.marked(excluded, value[excluded - base], visible))
        return np.concatenate((violating, out, excluded))

    def _draw_limits(self, series: Series, panel: PanelSeries, first: int, last: int) -> tuple[list[Tag], list[float]]:
        starts, ends = decimate.steps(panel, series.base, first, last)
        levels: list[float] = []
        newest: dict[str, float] = {}
        dotted = np.isin(starts, series.learning.between(first, last), assume_unique=True)
        for name, layer in self._limits.items():
            y = panel.columns[name][starts - series.base].copy()
            known = y[np.isfinite(y)]
            levels += [float(known.min()), float(known.max())] if len(known) else []
            if len(y) and np.isfinite(y[-1]):
                newest[name] = float(y[-1])
            keep = np.isfinite(y) & ~dotted
            layer.show(*_staircase(starts[keep], ends[keep], y[keep]))
        self._draw_zones(panel, series.base, starts[~dotted], ends[~dotted])
        levels += self._draw_dotted(panel, series, starts[dotted], ends[dotted], newest)
        return self._tags(newest), levels

    def _draw_dotted(
        self,
        panel: PanelSeries,
        series: Series,
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
        newest: dict[str, float],
    ) -> list[float]:
        """Draw limits that judge nothing: the columns of learning points, else the estimate handed in."""
        lines: list[tuple[float, float, float]] = []
        for name in self._limits:
            y = panel.columns[name][starts - series.base]
            lines += [(s - 0.5, e - 0.5, float(v)) for s, e, v in zip(starts, ends, y, strict=True) if np.isfinite(v)]
        if self.provisional and len(starts) and not lines:
            for name in self._limits:
                level = getattr(self.provisional, name)
                if level is not None:
                    lines.append((float(starts[0]) - 0.5, float(ends[-1]) - 0.5, level))
                    newest.setdefault(name, level)
        x = np.array([edge for start, end, _ in lines for edge in (start, end)])
        y = np.array([level for _, _, level in lines for _ in range(2)])
        self._dotted.show(x, y)
        return [level for _, _, level in lines]

    def _draw_zones(self, panel: PanelSeries, base: int, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
        if not (self.show_zones and self.spec.symmetric) or len(starts) > 400:
            self._zones.set_zones([])
            return
        columns = [panel.columns[name][starts - base] for name in ("center", "sigma", "lcl", "ucl")]
        stretches = [
            Zone(float(start) - 0.5, float(end) - 0.5, float(center), float(sigma), float(low), float(high))
            for start, end, center, sigma, low, high in zip(starts, ends, *columns, strict=True)
            if np.isfinite([center, sigma, low, high]).all()
        ]
        self._zones.set_zones(stretches)

    def _tags(self, newest: dict[str, float]) -> list[Tag]:
        span = newest.get("ucl", np.nan) - newest.get("lcl", newest.get("center", np.nan))
        digits = decimals_for(span, self.decimals)
        limit, center = self._colours.limit, self._colours.center
        names = (("ucl", "UCL", limit), ("center", "CL", center), ("lcl", "LCL", limit))
        tags = [
            Tag(f"{text} {number(newest[name], digits)}", newest[name], colour)
            for name, text, colour in names
            if name in newest
        ]
        spec = self.spec_limits.lines()
        return tags + [Tag(f"{text} {number(value, self.decimals)}", value, self._colours.spec) for text, value in spec]

    def _texts(self, series: Series, panel: PanelSeries, first: int, last: int) -> list[Mark]:
        marks: list[Mark] = []
        if last - first <= MAX_SYMBOLS:
            values = panel.value
            for position in panel.violations.between(first, last).tolist():
                found = violations_by_panel(series.marks.get(position)).get(self.spec.key)
                if found:
                    height = float(values[position - series.base])
                    marks.append(Mark(position, height, rule_digit(found[0].rule), self._colours.violation))
            if self.is_base:
                for position in series.out_of_spec.between(first, last).tolist():
                    height = float(values[position - series.base])
                    marks.append(Mark(position, height, "OOS", self._colours.text, "below"))
            marks += self._gaps(series, panel, first, last)
        return marks

    def _gaps(self, series: Series, panel: PanelSeries, first: int, last: int) -> list[Mark]:
        """Mark missing values; the first position of a moving range has none and is no gap."""
        inside = np.isnan(panel.value[first - series.base : last - series.base])
        inside[: max(0, series.loaded_from - first)] = False
        if not inside.any() or not self.is_base:
            return []
        height = float(np.mean(self.plot.viewRange()[1]))
        return [Mark(first + int(at), height, "//", self._colours.dim, "on") for at in np.flatnonzero(inside)]

    def _fit(self, numbers: FloatArray, keep: tuple[float, float]) -> tuple[float, float]:
        """Return a y range for these numbers; the present one as long as it fits and is not far too wide."""
        if not len(numbers):
            return keep
        low, high = float(numbers.min()), float(numbers.max())
        span = high - low
        for _name, value in self.spec_limits.lines():
            if low - 1.5 * span <= value <= high + 1.5 * span:
                low, high = min(low, value), max(high, value)
        margin = 0.1 * (high - low) or max(abs(high), 1.0) * 0.01
        wanted = low - margin, high + margin
        if keep[0] <= low - margin * 0.6 and keep[1] >= high + margin * 0.6 and keep[1] - keep[0] <= 2 * (high - low):
            return keep
        return wanted

    def outline(self, series: Series, positions: Sequence[int], cursor: int | None) -> None:
        """Outline the points of a pattern and ring the selected point."""
        self._ring(self._members, series, positions)
        self._ring(self._cursor, series, [] if cursor is None else [cursor])

    def _ring(self, layer: _Layer, series: Series, positions: Sequence[int]) -> None:
        inside = [position for position in positions if series.base <= position < series.end]
        values = series.panels[self.spec.key].value
        x = np.array(inside, np.float64)
        layer.show(x, np.array([float(values[position - series.base]) for position in inside]))
