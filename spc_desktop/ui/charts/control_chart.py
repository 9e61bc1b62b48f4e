"""The control chart widget: the panels of any chart above each other with one x axis, one crosshair and one cursor.

It draws a ``Series``; whoever feeds the series calls ``changed``. Ranges are set here and nowhere else.
"""

from collections.abc import Sequence
from time import perf_counter

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from spc_desktop.i18n import _
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.charts.axes import PositionAxis
from spc_desktop.ui.charts.panel_view import PanelView, Provisional, SpecLimits
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.charts.words import (
    chart_summary,
    local_time,
    members,
    number,
    rule_sentences,
    violations_by_panel,
)
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.keys import letter
from spc_desktop.ui.theme import colours_of

NO_SPEC = SpecLimits()
SPAN = 100
"""Subgroups in view when a chart opens."""
MIN_SPAN = 25


class ControlChart(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """A chart on screen. Widgets are kept and given new series: making and deleting them would leak."""

    point_selected = Signal(int)
    """The cursor moved to this position."""
    point_activated = Signal(int)
    """Enter or a double click on this position."""
    lock_changed = Signal(bool)
    """True while the view follows the newest point."""

    view_moved = Signal()
    """Another stretch is visible now."""

    _ready = False  # the base class changes its palette before this class is set up

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paint_cost = 0.0
        self.name = ""
        self.locked = True
        self.show_times = False
        self.series: Series | None = None
        self.cursor_position: int | None = None
        self._clock = clock
        self._views: list[PanelView] = []
        self._stages: list[int] = []
        self._hovered: int | None = None
        self._low, self._high = -0.5, SPAN - 0.5
        self.axis_named = True
        self._drawn = (0.0, 0.0)
        self._setting_range = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, 170)
        self.setMouseTracking(True)
        self.ci.setContentsMargins(0, 8, 0, 0)  # the topmost number needs half its height
        self.ci.layout.setVerticalSpacing(2)
        self.scene().sigMouseMoved.connect(self._hover)
        self._ready = True
        self._recolour()

    # -- what is shown -------------------------------------------------------------------------------------------------

    def show_series(
        self,
        series: Series | None,
        panels: Sequence[PanelSpec],
        *,
        name: str = "",
        decimals: int = 3,
        spec: SpecLimits = NO_SPEC,
    ) -> None:
        """Show a series from its newest points on; None shows empty panels."""
        self.series, self.name = series, name
        self.cursor_position, self._hovered, self.locked = None, None, True
        if tuple(panels) != tuple(view.spec for view in self._views):
            self._build(panels)
        for view in self._views:
            view.decimals = decimals
            view.provisional = None
            view.set_spec_limits(spec)
            view.clear()
            view.outline(series or Series(0, [view.spec.key]), [], None)
        self.reset()

    def _build(self, panels: Sequence[PanelSpec]) -> None:
        self.ci.clear()
        self._views = []
        for row, spec in enumerate(panels):
            view = PanelView(spec, PositionAxis(self._position_text))
            self.ci.addItem(view.plot, row=row, col=0)
            self.ci.layout.setRowStretchFactor(row, 3 if spec.role == "location" else 2)
            if row < len(panels) - 1:
                view.plot.getAxis("bottom").setStyle(showValues=False)
            view.plot.vb.sigRangeChangedManually.connect(self._moved_by_mouse)
            self._views.append(view)
        self._name_axis()
        self._recolour()

    def set_stages(self, positions: Sequence[int]) -> None:
        """Mark where new limits took effect."""
        self._stages = list(positions)
        self.changed()

    def set_provisional(self, limits: dict[str, Provisional]) -> None:
        """Show limits (by panel key) that are estimated but not in force."""
        for view in self._views:
            view.provisional = limits.get(view.spec.key)
        self.changed()

    def set_zones(self, shown: bool) -> None:
        """Show or hide the bands of one, two and three sigma."""
        for view in self._views:
            view.show_zones = shown
        self.changed()

    def set_times(self, shown: bool) -> None:
        """Write times instead of subgroup numbers below the chart."""
        self.show_times = shown
        for view in self._views:
            axis = view.plot.getAxis("bottom")
            axis.picture = None
            axis.update()
        self._name_axis()

    def _name_axis(self) -> None:
        if self._views and self.axis_named:
            text = _("Time") if self.show_times else _("Subgroup")
            self._views[-1].plot.setLabel("bottom", text, color=colours_of(self.palette()).text)

    def changed(self) -> None:
        """Say that the series has changed; drawn with one of the next frames."""
        self._clock.request(self)

    @property
    def view_range(self) -> tuple[float, float]:
        """Return the visible stretch of positions."""
        return self._low, self._high

    # -- drawing -------------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the visible stretch; its cost does not depend on how long the series is."""
        series = self.series
        if series is None or not self._views:
            return
        if self.locked and self._high < series.end - 0.5 + self._room():
            self._follow(series)
        first = max(series.base, int(np.floor(self._low)))
        last = min(series.end, int(np.ceil(self._high)) + 1)
        self._setting_range = True
        for view in self._views:
            if tuple(view.plot.viewRange()[0]) != (self._low, self._high):
                view.plot.setXRange(self._low, self._high, padding=0)
            if first < last:
                low, high = view.plot.viewRange()[1]
                view.draw(series, first, last, self._stages, (low, high))
            else:
                view.clear()
            view.plot.vb.prepareForPaint()  # else the new range is noticed while painting, and all is painted twice
        self._setting_range = False
        self._outline()
        if (self._low, self._high) != self._drawn:
            self._drawn = self._low, self._high
            self.view_moved.emit()

    def _room(self) -> float:
        return max(1.0, (self._high - self._low) * 0.02)

    def _follow(self, series: Series) -> None:
        """Move on by a tenth of the view at a time, so that the picture stands still most of the time."""
        span = self._high - self._low
        end = series.end - 0.5 + max(self._room(), span * 0.1)
        if series.end <= span and self._low <= series.base:
            return
        self._low, self._high = end - span, end

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, and note how long that took: the frame clock plans with it."""
        started = perf_counter()
        super().paintEvent(event)
        self.paint_cost = perf_counter() - started

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what was missed while hidden."""
        super().showEvent(event)
        self.changed()

    def changeEvent(self, event: QEvent) -> None:
        """Take the colours of a new theme."""
        super().changeEvent(event)
        if not self._ready or self.closed:  # pyqtgraph deletes its items when a view is closed
            return
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()
            self._name_axis()
        elif event.type() == QEvent.Type.LanguageChange:
            self._name_axis()

    def _recolour(self) -> None:
        colours = colours_of(self.palette())
        self.setBackground(colours.background)
        for view in self._views:
            view.paint_with(colours, self.font())
        self.changed()

    def _position_text(self, position: int) -> str:
        series = self.series
        if series is None or not max(series.base, series.loaded_from) <= position < series.end:
            return ""
        if self.show_times:
            pattern = "%m-%d %H:%M" if self._high - self._low > 200 else "%H:%M:%S"
            return local_time(float(series.time[position - series.base]), pattern)
        return str(int(series.number[position - series.base]))

    # -- moving about --------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Show the newest points at the usual width and follow them."""
        series = self.series
        count = series.count if series else 0
        span = min(max(count, MIN_SPAN), SPAN)
        end = (series.end if series else 0) - 0.5
        self._low = end - span if count > span else (series.base if series else 0) - 0.5
        self._high = self._low + span + max(1.0, span * 0.04)
        self._set_locked(True)
        for view in self._views:
            view.plot.setYRange(0, 1e-12, padding=0)  # forget the old range: the next draw fits anew
        self.changed()

    def show_all(self) -> None:
        """Show every point that is held."""
        if self.series:
            self._low, self._high = self.series.base - 0.5, self.series.end + max(1.0, self.series.count * 0.02)
            self.changed()

    def set_view(self, low: float, high: float) -> None:
        """Show the stretch from ``low`` to ``high``; a view that leaves the newest point stops following."""
        series = self.series
        if series is None:
            return
        span = min(max(high - low, 5.0), max(series.count * 1.1, float(MIN_SPAN)))
        low = min(max(low, series.base - 0.5 - span * 0.05), series.end - 0.5 - span * 0.1)
        self._low, self._high = low, low + span
        self._set_locked(self._high >= series.end - 0.5)
        self.changed()

    def lock(self) -> None:
        """Go to the newest point and follow it."""
        if self.series:
            span = self._high - self._low
            self._high = self.series.end - 0.5 + self._room()
            self._low = max(self._high - span, self.series.base - 0.5)
            self._high = self._low + span
        self._set_locked(True)
        self.changed()

    def _set_locked(self, locked: bool) -> None:
        if locked != self.locked:
            self.locked = locked
            self.lock_changed.emit(locked)

    def _moved_by_mouse(self) -> None:
        if not self._setting_range:
            view = next(view for view in self._views if view.plot.vb is self.sender())
            self.set_view(*view.plot.viewRange()[0])

    def go_to(self, position: int) -> None:
        """Put the cursor on a position and bring it into view with what happened around it."""
        series = self.series
        if series is None or not series.count:
            return
        position = min(max(position, series.base), series.end - 1)
        self.cursor_position = position
        if not self._low + 1 <= position <= self._high - 1:
            span = self._high - self._low
            self.set_view(position - span / 2, position + span / 2)
        self.changed()
        self.setAccessibleDescription(self.point_text(position).replace("\n", ", "))
        self.point_selected.emit(position)

    def focus_on(self, position: int, around: int = 25) -> None:
        """Show ``around`` points on both sides of a position and put the cursor on it."""
        self.set_view(position - around - 0.5, position + around + 0.5)
        self.go_to(position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk, zoom and lock by keys; letters count by their key, whatever the input method is set to."""
        if not self._walk(event) and not self._zoom(event):
            super().keyPressEvent(event)

    def _walk(self, event: QKeyEvent) -> bool:
        series = self.series
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if series is None or not series.count:
            return False
        if step and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._walk_signals(series, step)
        elif step:
            here = self.cursor_position
            self.go_to(series.end - 1 if here is None else here + step)
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if self.cursor_position is None:
                self.go_to(series.end - 1)
            if self.cursor_position is not None:
                self.point_activated.emit(self.cursor_position)
        else:
            return False
        return True

    def _walk_signals(self, series: Series, step: int) -> None:
        signals = series.signals()
        here = series.end if self.cursor_position is None else self.cursor_position
        beyond = signals[signals < here][-1:] if step < 0 else signals[signals > here][:1]
        if len(beyond):
            self.go_to(int(beyond[0]))

    def _zoom(self, event: QKeyEvent) -> bool:
        span, middle = self._high - self._low, (self._high + self._low) / 2
        match Qt.Key(event.key()):
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self.set_view(middle - span / 4, middle + span / 4)
            case Qt.Key.Key_Minus:
                self.set_view(middle - span, middle + span)
            case Qt.Key.Key_PageUp:
                self.set_view(self._low - span * 0.8, self._high - span * 0.8)
            case Qt.Key.Key_PageDown:
                self.set_view(self._low + span * 0.8, self._high + span * 0.8)
            case Qt.Key.Key_Home:
                self.set_view(-0.5, span)
            case Qt.Key.Key_End:
                self.lock()
            case _:
                return self._letter(event)
        return True

    def _letter(self, event: QKeyEvent) -> bool:
        match letter(event):
            case "L":
                self.lock()
            case "Z":
                self.reset()
            case _:
                return False
        return True

    # -- pointing ------------------------------------------------------------------------------------------------------

    def mouseDoubleClickEvent(self, event: object) -> None:
        """Open the point under the mouse."""
        if self._hovered is not None:
            self.go_to(self._hovered)
            self.point_activated.emit(self._hovered)

    def mouseReleaseEvent(self, event: object) -> None:
        """Select the point under the mouse on a click."""
        super().mouseReleaseEvent(event)
        if self._hovered is not None and self.series is not None:
            self.go_to(self._hovered)

    def viewportEvent(self, event: QEvent) -> bool:
        """Keep Qt from hiding our hover text: after a moment's rest it would show the items' own, which are empty."""
        return event.type() == QEvent.Type.ToolTip or bool(super().viewportEvent(event))

    def leaveEvent(self, event: QEvent) -> None:
        """Take the crosshair away."""
        self._set_hovered(None, None)
        super().leaveEvent(event)

    def _hover(self, scene_position: QPointF) -> None:
        for view in self._views:
            if self.series and view.plot.vb.sceneBoundingRect().contains(scene_position):
                self._set_hovered(view, scene_position)
                return
        self._set_hovered(None, None)

    def _set_hovered(self, view: PanelView | None, place: QPointF | None) -> None:
        series = self.series
        if view is None or place is None or series is None or not series.count:
            for each in self._views:
                each.crosshair.hide()
            self._hovered = None
            return
        x = view.plot.vb.mapSceneToView(place).x()
        position = min(max(round(x), series.base), series.end - 1)
        for each in self._views:
            each.crosshair.setPos(x)
            each.crosshair.show()
        point = view.plot.vb.mapViewToScene(QPointF(position, 0))
        near = abs(point.x() - place.x()) <= 12
        before, self._hovered = self._hovered, position if near else None
        if self._hovered != before:
            self._outline()
            spot = self.mapFromScene(place)
            text = self.point_text(position) if near else ""
            QToolTip.showText(self.viewport().mapToGlobal(spot + QPoint(12, 12)), text, self.viewport(), QRect())

    def _outline(self) -> None:
        series = self.series
        if series is None:
            return
        shown = self._hovered if self._hovered is not None else self.cursor_position
        by_panel = violations_by_panel(series.marks.get(shown)) if shown is not None else {}
        for view in self._views:
            view.outline(series, members(by_panel.get(view.spec.key, [])), self.cursor_position)

    def point_text(self, position: int) -> str:
        """Return what hovering tells: number, time, every statistic, and every rule in words."""
        series = self.series
        if series is None or not max(series.base, series.loaded_from) <= position < series.end:
            return ""
        slot = position - series.base
        lines = [_("Subgroup {n}", n=int(series.number[slot])), local_time(float(series.time[slot]))]
        for view in self._views:
            value = float(series.panels[view.spec.key].value[slot])
            lines.append(f"{view.spec.label}: {number(value, view.decimals + (view.spec.role == 'location'))}")
        labels = {view.spec.key: view.spec.label for view in self._views}
        return "\n".join(lines + rule_sentences(series.marks.get(position), labels))

    def summary(self) -> str:
        """Return one sentence about the chart, and give it to screen readers."""
        series = self.series
        last, count, signals = "", 0, 0
        if series and series.count and self._views:
            count, signals = series.end, len(series.signals())
            value = series.panels[self._views[0].spec.key].value[series.count - 1]
            last = number(float(value), self._views[0].decimals)
        text = chart_summary(self.name, count, signals, last)
        self.setAccessibleName(text)
        return text
