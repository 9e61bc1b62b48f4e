"""One control chart in full: its name, how it is watched, the chart pair, and how it stands."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollBar, QToolButton, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.picture import SpecLimits, Stage
from spc_desktop.ui.charts.words import local_time, rule_digit
from spc_desktop.ui.feed import ChartFeed
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

CHART_NAMES = {
    "xbar_r": "Xbar-R",
    "xbar_s": "Xbar-S",
    "i_mr": "I-MR",
    "ewma": "EWMA",
    "cusum": "CUSUM",
}


class ChartPage(QWidget):
    """Shows one characteristic at a time; the chart widget is kept and reused."""

    point_opened = Signal(object, object, object)
    """Characteristic, panels and ``PointDetail`` that Enter or a double click asked for."""

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.station: Station | None = None
        self.feed: ChartFeed | None = None
        self.chart = ControlChart(clock)
        self.messages = MessageBar()
        self._title, self._about, self._status = QLabel(), QLabel(), QLabel()
        self._newest, self._reset, self._all = QToolButton(), QToolButton(), QToolButton()
        self._zones, self._times = QToolButton(), QToolButton()
        self._bar = QScrollBar(Qt.Orientation.Horizontal)
        self._pending_focus: int | None = None
        self._moving_bar = False
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self._title.setObjectName("title")
        self._about.setObjectName("dim")
        self._about.setWordWrap(True)
        self._status.setWordWrap(True)
        self._bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        for button in (self._newest, self._reset, self._all, self._zones, self._times):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            head.addWidget(button)
        for button in (self._newest, self._zones, self._times):
            button.setCheckable(True)
        self._newest.setChecked(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._about)
        layout.addWidget(self.messages)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self._bar)
        layout.addWidget(self._status)

    def _connect(self) -> None:
        self._newest.clicked.connect(self.chart.lock)
        self.chart.lock_changed.connect(self._newest.setChecked)
        self._reset.clicked.connect(self.chart.reset)
        self._all.clicked.connect(self.chart.show_all)
        self._zones.toggled.connect(self.chart.set_zones)
        self._times.toggled.connect(self.chart.set_times)
        self.chart.point_activated.connect(self._open_point)
        self.chart.point_selected.connect(self._tell_point)
        self.chart.view_moved.connect(self._move_bar)
        self._bar.valueChanged.connect(self._scrolled)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        for button, text, hint in (
            (self._newest, _("Newest (L)"), _("Follow the newest point")),
            (self._reset, _("Reset view (Z)"), _("Usual width at the newest point")),
            (self._all, _("All points"), _("Show every point that is held")),
            (self._zones, _("Zones"), _("Bands of one, two and three sigma")),
            (self._times, _("Time"), _("Times instead of subgroup numbers below the chart")),
        ):
            button.setText(text)
            button.setToolTip(hint)
            button.setAccessibleName(f"{text}. {hint}")
        self._describe()
        self.refresh()

    # -- what is shown -------------------------------------------------------------------------------------------------

    def show_characteristic(self, station: Station, characteristic_id: int, focus: int | None = None) -> None:
        """Show a characteristic's chart, at its newest point or with ``focus`` in the middle."""
        same = self.feed is not None and self.station is station and self.feed.characteristic.id == characteristic_id
        if not same:
            self.leave()
            self.station = station
            self.feed = station.feed(characteristic_id)
            self.feed.changed.connect(self.refresh)
            self.feed.replaced.connect(self._rebind)
            self._rebind()
        self._pending_focus = focus
        self._focus_if_loaded()

    def leave(self) -> None:
        """Let go of the points."""
        if self.feed is not None and self.station is not None:
            self.feed.changed.disconnect(self.refresh)
            self.feed.replaced.disconnect(self._rebind)
            self.station.release(self.feed)
        self.feed = self.station = None
        self.chart.show_series(None, ())

    def _rebind(self) -> None:
        feed = self.feed
        if feed is None:
            return
        characteristic, before = feed.characteristic, self.chart.series
        view, cursor, locked = self.chart.view_range, self.chart.cursor_position, self.chart.locked
        spec = SpecLimits(characteristic.lsl, characteristic.target, characteristic.usl)
        name = display_name(characteristic)
        self.chart.show_series(feed.series, feed.panels, name=name, decimals=characteristic.decimals, spec=spec)
        again = before is not None and before.characteristic_id == characteristic.id and before.count
        if again and not locked:  # read anew while the person looks at something: stay there
            self.chart.set_view(*view)
        if again and cursor is not None:
            self.chart.go_to(cursor)
        self.chart.set_zones(self._zones.isChecked())
        self._describe()
        self.refresh()
        self._focus_if_loaded()

    def _focus_if_loaded(self) -> None:
        if self._pending_focus is not None and self.feed is not None and self.feed.loaded:
            position, self._pending_focus = self._pending_focus, None
            self.chart.focus_on(position)
            self.chart.setFocus()

    def refresh(self) -> None:
        """Draw what has changed and say how the chart stands."""
        feed, station = self.feed, self.station
        if feed is None or station is None:
            return
        state = station.states.get(feed.characteristic.id)
        self.chart.set_provisional(feed.provisional)
        first = state.limits.first_index if state and state.limits else None
        self.chart.set_stages([] if first is None else [Stage(first, _("limits set"))])
        self._status.setText(self._status_text(feed, station))
        self._move_bar()

    def _status_text(self, feed: ChartFeed, station: Station) -> str:
        if not feed.panels:
            return _("This version of the program cannot draw this chart type. Update the program to see it.")
        if not feed.loaded:
            return _("Reading the points…")
        if not feed.series.count:
            return _("No points yet. The first appears here as soon as a subgroup is measured.")
        left = station.learning_left(feed.characteristic.id, feed.learned) if feed.learned else 0
        summary = self.chart.summary()
        if left:
            return _("{n} more subgroups needed to compute limits", n=left) + " · " + summary
        return summary

    def _describe(self) -> None:
        feed, station = self.feed, self.station
        if feed is None or station is None:
            return
        characteristic, plan = feed.characteristic, feed.plan
        product = station.products.get(characteristic.product_id)
        names = [display_name(product)] if product else []
        self._title.setText(" — ".join([*names, display_name(characteristic)]))
        self.chart.name = display_name(characteristic)
        parts = []
        if plan is not None:
            parts.append(CHART_NAMES.get(plan.chart, plan.chart))
            rules = ", ".join(rule_digit(rule) for rule in plan.rules)
            parts.append(_("rules {rules}", rules=rules) if rules else _("no rules"))
        if characteristic.subgroup_size > 1:
            parts.append(_("subgroup size (n) {n}", n=characteristic.subgroup_size))
        if characteristic.unit:
            parts.append(characteristic.unit)
        state = station.states.get(characteristic.id)
        if state and state.limits:
            origin = state.limits.limits.provenance
            used = len(origin.baseline)
            text = _("limits frozen from {n} subgroups", n=used) if used else _("limits given")
            parts.append(text + (f" ({origin.estimator})" if used and origin.estimator else ""))
        self._about.setText(" · ".join(parts))

    def _tell_point(self, position: int) -> None:
        feed = self.feed
        if feed is not None and position >= feed.series.base:
            lines = self.chart.point_text(position).split("\n")
            self._status.setText(" · ".join(lines))

    def _open_point(self, position: int) -> None:
        if self.feed is not None:
            spawn(self, self._read_point(self.feed, position))

    async def _read_point(self, feed: ChartFeed, position: int) -> None:
        if self.station is None:
            return
        query = m.GetPoint(characteristic_id=feed.characteristic.id, index=position)
        detail = await self.station.hub.query(query)
        if self.feed is feed:
            self.point_opened.emit(feed.characteristic, feed.panels, detail)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say here what could not be read."""
        self.messages.say(sentence(error.code, error.params, current_language()), "error")

    # -- the scroll bar ------------------------------------------------------------------------------------------------

    def _move_bar(self) -> None:
        series = self.chart.series
        if series is None or not series.count:
            self._bar.hide()
            return
        low, high = self.chart.view_range
        span = max(1, round(high - low))
        self._moving_bar = True
        self._bar.setRange(series.base, max(series.base, series.end - span + 2))
        self._bar.setPageStep(span)
        self._bar.setSingleStep(max(1, span // 10))
        self._bar.setValue(round(low))
        self._bar.setToolTip(local_time(float(series.time[series.count - 1])))
        self._bar.setVisible(series.count > span)
        self._moving_bar = False

    def _scrolled(self, value: int) -> None:
        if not self._moving_bar:
            low, high = self.chart.view_range
            self.chart.set_view(value - 0.5, value - 0.5 + (high - low))
