"""Which alerts become toasts: those of subscribed products, raised now, not during a pause, and bursts as one.

A toast only points at the alert list; nothing is said here that is not there.
"""

import time
from collections import deque
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal

from spc_desktop.domain.alert import Alert, Priority
from spc_desktop.domain.announcement import why_not
from spc_desktop.i18n import _
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.models.alerts import product_name, sentence_of, title_of
from spc_desktop.ui.presenters import Chain, Toast
from spc_desktop.ui.station import Station
from spc_desktop.ui.told import ToldReporter

BURST_SECONDS = 2.0
BURST_SIZE = 3
"""More alerts of one product than this within ``BURST_SECONDS`` are joined into one toast."""
PAUSE_SECONDS = 30 * 60


class _Burst:
    """What one product raised lately."""

    def __init__(self) -> None:
        self.times: deque[float] = deque()
        self.waiting: list[tuple[Alert, str]] = []


class ToastCenter(QObject):
    """Turns alerts into toasts."""

    open_alert = Signal(object, object)
    """Station and alert whose chart is wanted."""
    pause_changed = Signal()

    def __init__(
        self,
        chain: Chain,
        parent: QObject | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self.chain = chain
        self._now = now
        self._clock = clock
        self._bursts: dict[tuple[int, int], _Burst] = {}
        self._reporters: dict[int, ToldReporter] = {}
        self._paused_until = 0.0
        self.quiet: Callable[[], bool] = lambda: False
        """Tells whether what is raised now is old and gives no toast."""
        self._resume = QTimer(self)
        self._resume.setSingleShot(True)
        self._resume.timeout.connect(self.resume)

    def follow(self, station: Station) -> None:
        """Show toasts for the alerts that this station raises from now on."""
        station.alert_changed.connect(lambda alert, change: self.take(station, alert, change))

    @property
    def paused(self) -> bool:
        """True while toasts are held back; the alert list goes on."""
        return self._clock() < self._paused_until

    def pause(self, seconds: float = PAUSE_SECONDS) -> None:
        """Show no toasts for a while."""
        self._paused_until = self._clock() + seconds
        self._resume.start(int(seconds * 1000))
        self.pause_changed.emit()

    def resume(self) -> None:
        """Show toasts again from now on."""
        self._paused_until = 0.0
        self._resume.stop()
        self.pause_changed.emit()

    def take(self, station: Station, alert: Alert, change: str) -> None:
        """Decide about one alert."""
        if self.quiet() or why_not(station.wishes, alert, change, self._now()) is not None:
            return  # what is old, and what the hub has written down itself
        if self.paused:
            self._told(station, alert, change, "paused")
            return
        burst = self._bursts.setdefault((id(station), alert.product_id), _Burst())
        now = self._clock()
        while burst.times and now - burst.times[0] > BURST_SECONDS:
            burst.times.popleft()
        if burst.waiting:
            burst.waiting.append((alert, change))
        elif len(burst.times) >= BURST_SIZE:
            burst.waiting.append((alert, change))
            QTimer.singleShot(int(BURST_SECONDS * 1000), self, lambda: self._flush(station, burst))
        else:
            burst.times.append(now)
            self._present(station, [(alert, change)])

    def _flush(self, station: Station, burst: _Burst) -> None:
        news, burst.waiting = burst.waiting, []
        burst.times.append(self._clock())
        if self.paused:
            for alert, change in news:
                self._told(station, alert, change, "paused")
        elif news:
            self._present(station, news)

    def _told(self, station: Station, alert: Alert, change: str, reason: str = "") -> None:
        reporter = self._reporters.get(id(station))
        if reporter is None:
            reporter = self._reporters[id(station)] = ToldReporter(station, self)
        reporter.note(alert.id, change, self._now(), reason)

    def _present(self, station: Station, news: list[tuple[Alert, str]]) -> None:
        alerts = [alert for alert, _change in news]
        for alert, change in news:
            self._told(station, alert, change)
        newest = alerts[-1]
        ids = [alert.id for alert in alerts]
        if len(alerts) == 1:
            title = f"{product_name(station, newest)} — {title_of(newest)}"
            body = sentence_of(newest)
        else:
            title = _("{product} — {n} alerts", product=product_name(station, newest), n=len(alerts))
            body = _("Latest: {sentence}", sentence=sentence_of(newest))
        toast = Toast(
            title=title,
            body=body,
            urgent=any(alert.priority is Priority.URGENT for alert in alerts),
            open=lambda: self.open_alert.emit(station, newest),
            acknowledge=lambda: station.acknowledge_soon(self, ids),
        )
        spawn(self, self.chain.present(toast))
