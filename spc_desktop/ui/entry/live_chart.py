"""The newest 25 subgroups of what is being measured, and the last cause that was found there."""

from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.picture import SpecLimits
from spc_desktop.ui.entry.due_model import Target
from spc_desktop.ui.entry.limits_bar import Lines
from spc_desktop.ui.feed import ChartFeed
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.models.products import display_name

SHOWN = 25


class LiveChart(QWidget):
    """The location panel only: there is one thing to look at."""

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart = ControlChart(clock)
        self._cause, self._about = QLabel(), QLabel()
        for label in (self._cause, self._about):
            label.setWordWrap(True)
            label.setObjectName("dim")
        self._target: Target | None = None
        self._feed: ChartFeed | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self._about)
        layout.addWidget(self._cause)

    def show_target(self, target: Target) -> None:
        """Follow a characteristic."""
        if target == self._target and self._feed is not None:
            return
        self.leave()
        self._target = target
        self._feed = target.station.feed(target.characteristic_id)
        self._feed.changed.connect(self.refresh)
        self._feed.replaced.connect(self._rebind)
        self._rebind()

    def leave(self) -> None:
        """Let go of the points."""
        feed, self._feed = self._feed, None
        if feed is not None and self._target is not None:
            feed.changed.disconnect(self.refresh)
            feed.replaced.disconnect(self._rebind)
            self._target.station.release(feed)
            self.chart.show_series(None, ())
        self._target = None

    def _rebind(self) -> None:
        feed = self._feed
        if feed is None:
            return
        characteristic = feed.characteristic
        location = tuple(panel for panel in feed.panels if panel.role == "location")[:1] or feed.panels[:1]
        # Means are not held against the specification of single values.
        spec = SpecLimits(characteristic.lsl, characteristic.target, characteristic.usl)
        spec = spec if characteristic.subgroup_size == 1 else SpecLimits()
        name = display_name(characteristic)
        self.chart.show_series(feed.series, location, name=name, decimals=characteristic.decimals, spec=spec)
        self.refresh()

    def refresh(self) -> None:
        """Draw what has come."""
        feed, target = self._feed, self._target
        if feed is None or target is None:
            return
        self.chart.name = display_name(feed.characteristic)
        self.chart.set_provisional(feed.provisional)
        end = feed.series.end
        self.chart.set_view(end - SHOWN - 0.5, end + 0.5)
        text = self.chart.summary() if feed.loaded else _("Reading the points…")
        if feed.loaded and not feed.series.count:
            text = _("No points yet. The first appears here as soon as a subgroup is measured.")
        self._about.setText(text)
        self._cause.setText(self._cause_text(target))

    def _cause_text(self, target: Target) -> str:
        alerts = [
            alert
            for alert in target.station.alerts.values()
            if alert.characteristic_id == target.characteristic_id and alert.root_cause.strip()
        ]
        if not alerts:
            return ""
        return _("Last cause: {text}", text=max(alerts, key=lambda alert: alert.id).root_cause)

    def lines(self, target: Target) -> Lines:
        """Return the limits of single values; those of means are in the chart, where means are."""
        characteristic = target.characteristic
        if characteristic is None:
            return Lines()
        lcl = center = ucl = None
        feed = self._feed
        if feed is not None and feed.series.count and characteristic.subgroup_size == 1 and feed.panels:
            columns = feed.series.panels[feed.panels[0].key].columns
            lcl, center, ucl = (_at(columns[name], feed.series.count - 1) for name in ("lcl", "center", "ucl"))
        center = center if center is not None else characteristic.target
        return Lines(characteristic.lsl, lcl, center, ucl, characteristic.usl, characteristic.decimals)


def _at(column: object, slot: int) -> float | None:
    value = float(column[slot])  # type: ignore[index]  # a numpy column
    return value if value == value else None  # noqa: PLR0124 - not a number
