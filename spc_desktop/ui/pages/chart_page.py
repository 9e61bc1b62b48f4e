"""One control chart in full: its name, how it is watched, the tools, the chart pair, and how it stands."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QToolButton, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.bench.chart_names import chart_title
from spc_desktop.ui.bench.compare import Compare
from spc_desktop.ui.bench.describe import standing_text, title_of, watch_text
from spc_desktop.ui.bench.export import Export
from spc_desktop.ui.bench.limits import LimitsWork, read_stages
from spc_desktop.ui.bench.notes import ChartNotes
from spc_desktop.ui.bench.other_chart import OtherChart
from spc_desktop.ui.bench.points import PointWork
from spc_desktop.ui.bench.progress import ProgressRow
from spc_desktop.ui.bench.scroll import ChartScrollBar
from spc_desktop.ui.bench.table import PointTableView
from spc_desktop.ui.bench.tool_row import Switch, ToolRow
from spc_desktop.ui.bench.undo import Undo
from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.picture import SpecLimits, Stage
from spc_desktop.ui.entry.ask_row import AskRow
from spc_desktop.ui.feed import ChartFeed
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.keys import letter
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

_CONTROL = Qt.KeyboardModifier.ControlModifier


class ChartPage(QWidget):
    """Shows one characteristic at a time; the chart widget is kept and reused."""

    point_opened = Signal(object)
    """The ``Inspected`` point that Enter or a double click asked for."""

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.station: Station | None = None
        self.feed: ChartFeed | None = None
        self.chart = ControlChart(clock)
        self.messages, self.ask, self.progress = MessageBar(), AskRow(), ProgressRow()
        self.undo = Undo()
        self.notes, self.other = ChartNotes(self), OtherChart(self)
        self.limits, self.points, self.compare = LimitsWork(self), PointWork(self), Compare(self)
        self.table = PointTableView(self.chart)
        self.tools = ToolRow(
            (
                Switch("histogram", self.chart.set_histogram, True),
                Switch("spec", self.chart.set_spec_shown, True),
                Switch("zones", self.chart.set_zones, False),
                Switch("log", self.chart.set_log, False),
                Switch("times", self.chart.set_times, False),
            )
        )
        self.export = Export(self)
        self._title, self._about, self._status = QLabel(), QLabel(), QLabel()
        self._newest, self._reset, self._all = QToolButton(), QToolButton(), QToolButton()
        self._bar = ChartScrollBar(self.chart)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self._stages: list[Stage] = []
        self._pending_focus: int | None = None
        self._pending_limits = False
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self._title.setObjectName("title")
        self._about.setObjectName("dim")
        self._title.setWordWrap(True)
        self._about.setWordWrap(True)
        self._status.setWordWrap(True)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        for button in (self._newest, self._reset, self._all):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            head.addWidget(button)
        self._newest.setCheckable(True)
        self._newest.setChecked(True)
        drawing = QWidget()
        inside = QVBoxLayout(drawing)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2)
        inside.addWidget(self.chart, 1)
        inside.addWidget(self._bar)
        self.split.addWidget(drawing)
        self.split.addWidget(self.table)
        self.table.hide()
        self.split.setChildrenCollapsible(False)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addWidget(self._about)
        layout.addWidget(self.tools)
        layout.addWidget(self.messages)
        layout.addWidget(self.split, 1)
        layout.addWidget(self.ask)
        layout.addWidget(self.progress)
        layout.addWidget(self._status)

    def _connect(self) -> None:
        self._newest.clicked.connect(self.chart.lock)
        self.chart.lock_changed.connect(self._newest.setChecked)
        self._reset.clicked.connect(self.chart.reset)
        self._all.clicked.connect(self.chart.show_all)
        self.chart.point_selected.connect(self._tell_point)
        self.tools.limits.clicked.connect(self.limits.start)
        self.tools.undo.clicked.connect(self.take_back)
        self.tools.compare.clicked.connect(self.compare.open)
        self.tools.table.clicked.connect(self.show_table)
        self.tools.chart.menu_.aboutToShow.connect(self._offer_charts)
        self.chart.table_requested.connect(self._turn_table)
        self.table.closed.connect(self._turn_table)
        self.ask.closed.connect(self.chart.setFocus)
        self.notes.changed.connect(self._notes_changed)
        self.other.changed.connect(self._rebind)
        undo = QShortcut(QKeySequence.StandardKey.Undo, self)
        undo.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        undo.activated.connect(self.take_back)

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
        ):
            button.setText(text)
            button.setToolTip(hint)
            button.setAccessibleName(f"{text}. {hint}")
        self.tools.retranslate()
        self.table.retranslate()
        self._describe()
        self.refresh()

    # -- keys ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do what a letter asks for that the chart itself does not know."""
        key = letter(event)
        if event.modifiers() & _CONTROL and Qt.Key.Key_A <= event.key() <= Qt.Key.Key_Z:
            key = {"B": "B", "G": "G", "M": "C", "P": "print", "T": "T"}.get(chr(event.key()), "")
        act = {
            "B": self.limits.start,
            "C": self._comment,
            "G": self.compare.open,
            "T": self._open_charts,
            "V": self.tools.view.open,
            "print": self.export.print_chart,
        }.get(key)
        if act is None:
            super().keyPressEvent(event)
        else:
            act()

    def _comment(self) -> None:
        position = self.chart.cursor_position
        if position is None:
            self.messages.say(_("Select a point first, with the arrow keys or the mouse."))
        else:
            self.points.ask_comment(position)

    def _open_charts(self) -> None:
        self._offer_charts()
        self.tools.chart.open()

    def _offer_charts(self) -> None:
        """Fill the menu with the charts that can show these points."""
        menu, shown = self.tools.chart.menu_, self.other.name
        menu.clear()
        own = self.feed.plan.chart if self.feed is not None and self.feed.plan is not None else ""
        for name in self.other.offered():
            text = _("{chart} — control plan", chart=chart_title(name)) if name == own else chart_title(name)
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(name == (shown or own))
            action.triggered.connect(lambda _checked=False, name=name: self.other.choose(name))

    def _turn_table(self) -> None:
        self.show_table(self.table.isHidden())

    def show_table(self, wanted: bool) -> None:
        """Show the points as a table below the chart, with the keyboard in it, or the chart alone."""
        self.tools.table.setChecked(wanted)
        self.table.setVisible(wanted)
        if wanted:
            self._fill_table()
            self.table.setFocus()
        else:
            self.chart.setFocus()

    def _fill_table(self) -> None:
        """Give the table the chart's points; a hidden one costs nothing."""
        decimals = self.feed.characteristic.decimals if self.feed is not None else 3
        self.table.show_series(self.chart.series, self.chart.panels, decimals)

    def say_done(self, text: str) -> None:
        """Say what was done and that it can be taken back."""
        self.messages.say(f"{text} " + _("Ctrl+Z takes it back."))
        self.tools.undo.setEnabled(bool(self.undo))

    def take_back(self) -> None:
        """Take back what was done last at this chart."""
        spawn(self, self._take_back())

    async def _take_back(self) -> None:
        done = await self.undo.back()
        self.tools.undo.setEnabled(bool(self.undo))
        self.messages.say(_("Taken back.") if done else _("There is nothing to take back."))

    # -- what is shown -------------------------------------------------------------------------------------------------

    def show_characteristic(self, station: Station, characteristic_id: int, focus: int | None = None) -> None:
        """Show a characteristic's chart, at its newest point or with ``focus`` in the middle."""
        same = self.feed is not None and self.station is station and self.feed.characteristic.id == characteristic_id
        if not same:
            self.leave()
            self.station = station
            self.feed = station.feed(characteristic_id)
            self.feed.changed.connect(self._points_changed)
            self.feed.replaced.connect(self._replaced)
            self.notes.follow(station, characteristic_id)
            self._replaced()
        self._pending_focus = focus
        self._focus_if_loaded()

    def propose_limits(self) -> None:
        """Begin with new limits as soon as the points are here."""
        self._pending_limits = True
        self._focus_if_loaded()

    def show_own_chart(self) -> None:
        """Show the chart of the control plan."""
        if self.other.name:
            self.other.choose("")

    def leave(self) -> None:
        """Let go of the points."""
        self.limits.leave()
        self.compare.leave()
        self.other.leave()
        self.notes.leave()
        self.undo.forget()
        self.tools.undo.setEnabled(False)
        if not self.ask.isHidden():
            self.ask.close_row()
        if self.feed is not None and self.station is not None:
            self.feed.changed.disconnect(self._points_changed)
            self.feed.replaced.disconnect(self._replaced)
            self.station.release(self.feed)
        self.feed = self.station = None
        self._stages, self._pending_limits = [], False
        self.points.forget()
        self.chart.show_series(None, ())
        self.table.show_series(None, (), 3)

    def _points_changed(self) -> None:
        self.other.points_changed()
        if not self.table.isHidden():
            self.table.update_points()
        self.refresh()

    def _replaced(self) -> None:
        """There are new points or new limits: the other chart, the stages and the opened point follow."""
        self.other.points_changed()
        self._rebind()
        if self.station is not None and self.feed is not None:
            spawn(self, self._read_stages(self.station, self.feed))

    async def _read_stages(self, station: Station, feed: ChartFeed) -> None:
        stages = await read_stages(station, feed.characteristic.id)
        if self.feed is feed:
            self._stages = stages
            self.refresh()

    def _rebind(self) -> None:
        feed = self.feed
        if feed is None:
            return
        characteristic, before = feed.characteristic, self.chart.series
        view, cursor, locked = self.chart.view_range, self.chart.cursor_position, self.chart.locked
        spec = SpecLimits(characteristic.lsl, characteristic.target, characteristic.usl)
        name, shown = display_name(characteristic), self.other.series or feed.series
        panels = self.other.panels or feed.panels
        self.chart.show_series(shown, panels, name=name, decimals=characteristic.decimals, spec=spec)
        again = before is not None and before.characteristic_id == characteristic.id and before.count
        if again and not locked:  # read anew while the person looks at something: stay there
            self.chart.set_view(*view)
        if again and cursor is not None:
            self.chart.go_to(cursor)
        self.chart.set_zones(self.tools.switches["zones"].isChecked())
        self.chart.set_marks(self.notes.marks)
        self.limits.resume()
        self.compare.resume()
        if not self.table.isHidden():
            self._fill_table()
        self._describe()
        self.refresh()
        self._focus_if_loaded()

    def _focus_if_loaded(self) -> None:
        if self._pending_focus is not None and self.feed is not None and self.feed.loaded:
            position, self._pending_focus = self._pending_focus, None
            self.chart.focus_on(position)
            self.chart.setFocus()
        if self._pending_limits and self.feed is not None and self.feed.loaded:
            self._pending_limits = False
            self.limits.start()

    def refresh(self) -> None:
        """Draw what has changed and say how the chart stands."""
        feed, station = self.feed, self.station
        if feed is None or station is None:
            return
        self.chart.set_provisional({} if self.other.name else feed.provisional)
        self.chart.set_stages([] if self.other.name else self._stages)
        self._status.setText(standing_text(station, feed, self.chart.summary()))
        self._bar.follow()

    def _notes_changed(self) -> None:
        self.chart.set_marks(self.notes.marks)
        self.points.reopen()

    def _describe(self) -> None:
        feed, station = self.feed, self.station
        if feed is None or station is None:
            return
        self._title.setText(title_of(station, feed))
        self.chart.name = display_name(feed.characteristic)
        self._about.setText(watch_text(station, feed, self.other.about() if self.other.name else ""))

    def heading(self) -> tuple[str, str]:
        """Return what stands above the chart: whose it is, and how it is watched."""
        return self._title.text(), self._about.text()

    # -- points --------------------------------------------------------------------------------------------------------

    def _tell_point(self, position: int) -> None:
        series = self.chart.series
        if series is not None and position >= series.base:
            lines = self.chart.point_text(position).split("\n")
            self._status.setText(" · ".join(lines))

    def show_error(self, error: UserError | KnownError) -> None:
        """Say here what could not be read."""
        self.messages.say(sentence(error.code, error.params, current_language()), "error")
