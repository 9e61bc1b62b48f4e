"""The control chart widget: the panels of any chart above each other with one x axis, one crosshair and one cursor.

It draws a ``Series``; whoever feeds the series calls ``changed``. Ranges are set here and nowhere else.

What a page asks for (data in, drawing out; every call draws with one of the next frames):

- ``show_series(series, panels, name=, decimals=, spec=)``: what is drawn; ``show_series(None, ())`` empties the chart.
- ``set_stages([Stage(first, name)])``: new limits from there on. ``set_zones``, ``set_times``, ``set_histogram``, ``set_log``,
  ``set_spec_shown``: switches. ``hold_y(True)`` keeps the y range while somebody types.
- ``set_provisional({panel key: Levels})``: dotted limits while learning. ``set_ghost({panel key: Levels} | None)``:
  proposed ones.
- ``set_marks({position: Mark(comment, alert, done, text)})``: flag, ring and tick over points.
- ``show_groups([Group(name, positions)])``: compared groups over each other; an empty list ends it.
- ``start_brush(first, last)``: a stretch is chosen by dragging or Shift+arrows; ``brush_moved(first, last)`` while it changes,
  then ``baseline_chosen(first, last)`` (button let go, or Enter) or ``brush_cancelled`` (Escape). The histogram counts it.
- ``go_to``, ``go_to_signal``, ``focus_on``, ``set_view``, ``show_all``, ``reset``, ``lock``: moving about.
- ``point_text``, ``summary``: words for inspectors and screen readers.
- Keys ask by signals what a page does: ``point_activated`` (Enter), ``exclude_requested`` (X), ``restore_requested`` (Shift+X),
  ``brush_requested`` (B), ``table_requested`` (F2), ``export_requested`` (Ctrl+E). Files are made by ``export``.
"""

from collections.abc import Mapping, Sequence
from time import perf_counter

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QGraphicsView, QSizePolicy, QWidget

from spc_desktop.i18n import _
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.charts import chart_keys
from spc_desktop.ui.charts.axes import PositionAxis
from spc_desktop.ui.charts.brush import BaselineBrush
from spc_desktop.ui.charts.navigation import Stretch
from spc_desktop.ui.charts.panel_view import PanelView
from spc_desktop.ui.charts.picture import Group, Levels, Mark, SpecLimits, Stage
from spc_desktop.ui.charts.pointer import Pointer
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.charts.words import chart_summary, local_time, number, point_text
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.theme import Colours, colours_of

NO_SPEC = SpecLimits()


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
    baseline_chosen = Signal(int, int)
    brush_moved = Signal(int, int)
    brush_cancelled = Signal()
    brush_requested = Signal()
    exclude_requested = Signal(int)
    restore_requested = Signal(int)
    table_requested = Signal()
    export_requested = Signal()

    _ready = False  # the base class changes its palette before this class is set up

    def __init__(self, clock: FrameClock, parent: QWidget | None = None, *, colours: Colours | None = None) -> None:
        super().__init__(parent)
        self.paint_cost = 0.0
        self.name = ""
        self.show_times = False
        self.axis_named = True
        self.series: Series | None = None
        self.cursor_position: int | None = None
        self.stretch = Stretch()
        self.views: list[PanelView] = []
        self._clock, self._colours = clock, colours
        self.pointer, self.brush = Pointer(self), BaselineBrush(self)
        self._spec, self._spec_shown = NO_SPEC, True
        self._histogram = self._log = False
        self._drawn = (0.0, 0.0)
        self._was_locked = True
        self._setting_range = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, 170)
        self.setMouseTracking(True)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)  # one item: regions cost more
        self.ci.setContentsMargins(0, 8, 0, 0)  # the topmost number needs half its height
        self.ci.layout.setVerticalSpacing(2)
        self.scene().sigMouseMoved.connect(self.pointer.move)
        self._ready = True
        self._recolour()

    # -- what is shown -------------------------------------------------------------------------------------------------

    @property
    def panels(self) -> tuple[PanelSpec, ...]:
        """Return what the panels show."""
        return tuple(view.spec for view in self.views)

    @property
    def locked(self) -> bool:
        """Return whether the view follows the newest point."""
        return self.stretch.locked

    @property
    def view_range(self) -> tuple[float, float]:
        """Return the visible stretch of positions."""
        return self.stretch.low, self.stretch.high

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
        self.series, self.name, self._spec = series, name, spec
        self.cursor_position = None
        self.pointer.hovered = None
        self.brush.forget()
        if tuple(panels) != self.panels:
            self._build(panels)
        for view in self.views:
            view.decimals = decimals
            view.wishes.provisional = view.wishes.ghost = None
            view.wishes.marks, view.wishes.groups = {}, ()
            view.make_room()
            view.set_spec_limits(spec if self._spec_shown else NO_SPEC)
            view.clear()
        self.reset()

    def _build(self, panels: Sequence[PanelSpec]) -> None:
        self.ci.clear()
        self.views = []
        for row, spec in enumerate(panels):
            view = PanelView(spec, PositionAxis(self._position_text))
            self.ci.addItem(view.plot, row=row, col=0)
            self.ci.addItem(view.histogram, row=row, col=1)
            self.ci.layout.setRowStretchFactor(row, 3 if spec.role == "location" else 2)
            if row < len(panels) - 1:
                view.position_axis.written = False
            view.box.sigRangeChangedManually.connect(self._moved_by_mouse)
            view.histogram.setVisible(self._histogram)
            view.set_log(self._log and spec.role == "location")
            self.views.append(view)
        self._name_axis()
        self._recolour()

    def set_stages(self, stages: Sequence[Stage]) -> None:
        """Mark where new limits took effect."""
        self._wish("stages", stages)

    def set_provisional(self, limits: Mapping[str, Levels]) -> None:
        """Show limits (by panel key) that are estimated but not in force."""
        for view in self.views:
            view.wishes.provisional = limits.get(view.spec.key)
        self.changed()

    def set_ghost(self, limits: Mapping[str, Levels] | None) -> None:
        """Show limits (by panel key) that somebody thinks of setting; None takes them away."""
        for view in self.views:
            view.wishes.ghost = (limits or {}).get(view.spec.key)
            view.make_room()
        self.changed()

    def set_marks(self, marks: Mapping[int, Mark]) -> None:
        """Show what people did at points (by position)."""
        self._wish("marks", dict(marks))

    def show_groups(self, groups: Sequence[Group]) -> None:
        """Draw groups of points over each other, each with colour, shape and line of its own; none: the plain line."""
        self._wish("groups", tuple(groups))

    def set_zones(self, shown: bool) -> None:
        """Show or hide the bands of one, two and three sigma."""
        self._wish("zones", shown)

    def _wish(self, name: str, value: object) -> None:
        for view in self.views:
            setattr(view.wishes, name, value)
        self.changed()

    def set_spec_shown(self, shown: bool) -> None:
        """Show or hide the specification lines."""
        self._spec_shown = shown
        for view in self.views:
            view.set_spec_limits(self._spec if shown else NO_SPEC)
            view.forget_range()
        self.changed()

    def set_histogram(self, shown: bool) -> None:
        """Show or hide how often each value came, at the right."""
        self._histogram = shown
        for view in self.views:
            view.histogram.setVisible(shown)
        self.changed()

    def set_log(self, wanted: bool) -> None:
        """Draw the location panel on a logarithmic axis; values that have no logarithm are left out."""
        self._log = wanted
        for view in self.views:
            view.set_log(wanted and view.spec.role == "location")
        self.changed()

    def hold_y(self, held: bool) -> None:
        """Keep the y range as it is, or let it follow the points again; signals out of sight get an arrow."""
        for view in self.views:
            view.hold_y = held
        self.changed()

    def set_times(self, shown: bool) -> None:
        """Write times instead of subgroup numbers below the chart."""
        self.show_times = shown
        for view in self.views:
            view.position_axis.renew()
        self._name_axis()

    def _name_axis(self) -> None:
        if self.views and self.axis_named:
            text = _("Time") if self.show_times else _("Subgroup")
            self.views[-1].plot.setLabel("bottom", text, color=self.colours.text)
            self.views[-1].position_axis.fit()

    @property
    def colours(self) -> Colours:
        """Return the colours of the theme, or those it was made with."""
        return self._colours or colours_of(self.palette())

    def changed(self) -> None:
        """Say that the series has changed; drawn with one of the next frames."""
        self._clock.request(self)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the visible stretch; its cost does not depend on how long the series is."""
        series = self.series
        if series is None or not self.views:
            return
        self.stretch.follow(series)
        low, high = self.view_range
        first = max(series.base, int(np.floor(low)))
        last = min(series.end, int(np.ceil(high)) + 1)
        chosen = self.brush.shown
        self._setting_range = True
        for view in self.views:
            if tuple(view.box.viewRange()[0]) != (low, high):
                view.plot.setXRange(low, high, padding=0)
            if first < last:
                view.draw(series, first, last, (chosen[0], chosen[1] + 1) if chosen else None)
            else:
                view.clear()
            view.box.prepareForPaint()  # else the new range is noticed while painting, and all is painted twice
        self._setting_range = False
        self.pointer.outline()
        if (low, high) != self._drawn:
            self._drawn = low, high
            self.view_moved.emit()

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
        if event.type() in {QEvent.Type.PaletteChange, QEvent.Type.FontChange}:
            self._recolour()
            self._name_axis()
        elif event.type() == QEvent.Type.LanguageChange:
            self._name_axis()
            self.brush.write()
            self.changed()

    def wear(self, colours: Colours | None) -> None:
        """Take these colours, or those of the theme again."""
        self._colours = colours
        self._recolour()

    def _recolour(self) -> None:
        self.setBackground(self.colours.background)
        for view in self.views:
            view.paint_with(self.colours, self.font())
        self.changed()

    def _position_text(self, position: int) -> str:
        series = self.series
        if series is None or not max(series.base, series.loaded_from) <= position < series.end:
            return ""
        if self.show_times:
            pattern = "%m-%d %H:%M" if self.stretch.span > 200 else "%H:%M:%S"
            return local_time(float(series.time[position - series.base]), pattern)
        return str(int(series.number[position - series.base]))

    # -- moving about --------------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """Show the newest points at the usual width and follow them."""
        self.stretch.reset(self.series)
        for view in self.views:
            view.forget_range()
        self._moved()

    def show_all(self) -> None:
        """Show every point that is held."""
        if self.series:
            self.stretch.show_all(self.series)
            self._moved()

    def set_view(self, low: float, high: float) -> None:
        """Show the stretch from ``low`` to ``high``; a view that leaves the newest point stops following."""
        if self.series is not None:
            self.stretch.move(self.series, low, high)
            self._moved()

    def lock(self) -> None:
        """Go to the newest point and follow it."""
        if self.series:
            self.stretch.lock(self.series)
            self._moved()

    def _moved(self) -> None:
        if self.stretch.locked != self._was_locked:
            self._was_locked = self.stretch.locked
            self.lock_changed.emit(self._was_locked)
        self.changed()

    def _moved_by_mouse(self) -> None:
        if not self._setting_range:
            view = next(view for view in self.views if view.box is self.sender())
            self.set_view(*view.box.viewRange()[0])

    def go_to(self, position: int) -> None:
        """Put the cursor on a position and bring it into view with what happened around it."""
        series = self.series
        if series is None or not series.count:
            return
        position = min(max(position, series.base), series.end - 1)
        self.cursor_position = position
        low, high = self.view_range
        if not low + 1 <= position <= high - 1:
            self.set_view(position - (high - low) / 2, position + (high - low) / 2)
        self.changed()
        self.setAccessibleDescription(self.point_text(position).replace("\n", ", "))
        self.point_selected.emit(position)

    def go_to_signal(self, step: int) -> None:
        """Put the cursor on the next signal at the left (-1) or right (1)."""
        series = self.series
        if series is None:
            return
        signals = series.signals()
        here = series.end if self.cursor_position is None else self.cursor_position
        beyond = signals[signals < here][-1:] if step < 0 else signals[signals > here][:1]
        if len(beyond):
            self.go_to(int(beyond[0]))

    def start_brush(self, first: int | None = None, last: int | None = None) -> None:
        """Let a stretch be chosen, from ``first`` to ``last`` to begin with where they are given."""
        self.brush.start(first, last)

    def focus_on(self, position: int, around: int = 25) -> None:
        """Show ``around`` points on both sides of a position and put the cursor on it."""
        self.set_view(position - around - 0.5, position + around + 0.5)
        self.go_to(position)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk, zoom, choose and lock by keys."""
        if not chart_keys.obey(self, event):
            super().keyPressEvent(event)

    # -- pointing ------------------------------------------------------------------------------------------------------

    def mouseDoubleClickEvent(self, event: object) -> None:
        """Open the point under the mouse."""
        if self.pointer.hovered is not None:
            self.go_to(self.pointer.hovered)
            self.point_activated.emit(self.pointer.hovered)

    def mouseReleaseEvent(self, event: object) -> None:
        """Select the point under the mouse on a click."""
        super().mouseReleaseEvent(event)
        if self.pointer.hovered is not None and self.series is not None and not self.brush.active:
            self.go_to(self.pointer.hovered)

    def viewportEvent(self, event: QEvent) -> bool:
        """Keep Qt from hiding our hover text: after a moment's rest it would show the items' own, which are empty."""
        return event.type() == QEvent.Type.ToolTip or bool(super().viewportEvent(event))

    def leaveEvent(self, event: QEvent) -> None:
        """Take the crosshair away."""
        self.pointer.leave()
        super().leaveEvent(event)

    def point_text(self, position: int) -> str:
        """Return what hovering tells: number, time, every statistic, every rule in words, and what people did there."""
        if self.series is None or not self.views:
            return ""
        wishes = self.views[0].wishes
        group = next((group.name for group in wishes.groups if position in group.positions), "")
        panels = [(view.spec, view.decimals) for view in self.views]
        return point_text(self.series, panels, position, wishes.marks.get(position), group)

    def summary(self) -> str:
        """Return one sentence about the chart, and give it to screen readers."""
        series = self.series
        last, count, signals = "", 0, 0
        if series and series.count and self.views:
            count, signals = series.end, len(series.signals())
            value = series.panels[self.views[0].spec.key].value[series.count - 1]
            last = number(float(value), self.views[0].decimals)
        text = chart_summary(self.name, count, signals, last)
        self.setAccessibleName(text)
        return text
