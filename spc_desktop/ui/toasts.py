"""Which alerts become toasts: those of subscribed products, raised now, not during a pause, joined as ``domain.grouping`` says.

A toast only points at the alert list; nothing is said here that is not there. Why something gave no toast of its own is in
the delivery log.
"""

import time
from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, QTimer, Signal

from spc_desktop.domain.alert import Alert, Priority, is_announced
from spc_desktop.domain.announcement import why_not
from spc_desktop.domain.grouping import Announcement, Announcer, Item, Kind
from spc_desktop.i18n import _
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.models.alerts import product_name, sentence_of, title_of
from spc_desktop.ui.presenters import Chain, Toast
from spc_desktop.ui.station import Station
from spc_desktop.ui.told import ToldReporter

PAUSE_SECONDS = 30 * 60
PAUSED, FLOOD, HANDLED = "paused", "flood", "handled"


class _Announced:
    """One station's announcements and what the hub is told of them."""

    def __init__(self, station: Station, parent: QObject) -> None:
        self.announcer = Announcer()
        self.reporter = ToldReporter(station, parent)
        self.timer = QTimer(parent)
        self.timer.setSingleShot(True)


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
        self._announced: dict[int, _Announced] = {}
        self._paused_until = 0.0
        self.quiet: Callable[[], bool] = lambda: False
        """Tells whether what is raised now is old and gives no toast."""
        self._resume = QTimer(self)
        self._resume.setSingleShot(True)
        self._resume.timeout.connect(self.resume)

    def follow(self, station: Station) -> None:
        """Show toasts for the alerts that this station raises from now on."""
        told = self._announced[id(station)] = _Announced(station, self)
        told.timer.timeout.connect(lambda: self._tick(station))
        station.alert_changed.connect(lambda alert, change: self.take(station, alert, change))
        station.alerts_reset.connect(lambda: self._take_standing(station))

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

    def _take_standing(self, station: Station) -> None:
        """What was told before this window knew of it, and is not acknowledged, is told again when its time has come."""
        standing = [_item(alert, "raised") for alert in station.alerts.values() if is_announced(alert, "raised")]
        told = self._announced[id(station)]
        told.announcer.stood(standing, self._clock())
        self._wait(told)

    def take(self, station: Station, alert: Alert, change: str) -> None:
        """Decide about one alert."""
        told = self._announced[id(station)]
        if not is_announced(alert, "raised"):
            missed = told.announcer.handled(alert.id, alert.product_id)
            if missed is not None:
                told.reporter.note(alert.id, missed.change, self._now(), HANDLED)
        if self.quiet() or why_not(station.wishes, alert, change, self._now()) is not None:
            return  # what is old, and what the hub has written down itself
        if self.paused:
            told.reporter.note(alert.id, change, self._now(), PAUSED)
            return
        digest_s = float(station.wishes.digest_s)
        self._tell(station, told.announcer.offer(_item(alert, change), self._clock(), digest_s))
        self._wait(told)

    def _tick(self, station: Station) -> None:
        told = self._announced[id(station)]
        self._tell(station, told.announcer.tick(self._clock()))
        self._wait(told)

    def _wait(self, told: _Announced) -> None:
        due = told.announcer.next_due()
        if due is None:
            told.timer.stop()
        else:
            told.timer.start(max(0, int((due - self._clock()) * 1000) + 1))

    def _tell(self, station: Station, announcements: list[Announcement]) -> None:
        for announcement in announcements:
            known = [
                (station.alerts[item.alert_id], item) for item in announcement.items if item.alert_id in station.alerts
            ]
            if announcement.kind is Kind.REMINDER:
                known = [(alert, item) for alert, item in known if self._may_remind(station, alert)]
            elif self.paused:
                self._note(station, known, PAUSED)
                continue
            if known:
                self._note(station, known, FLOOD if announcement.kind is Kind.DIGEST else "")
                self._present(station, announcement.kind, [alert for alert, _item in known])

    def _may_remind(self, station: Station, alert: Alert) -> bool:
        return not self.paused and why_not(station.wishes, alert, "raised", self._now()) is None

    def _note(self, station: Station, known: list[tuple[Alert, Item]], why_not_alone: str) -> None:
        """Say what was shown; of a digest only the newest has its own sentence on the screen."""
        reporter = self._announced[id(station)].reporter
        for alert, item in known:
            newest = item is known[-1][1] and why_not_alone == FLOOD
            reporter.note(alert.id, item.change, self._now(), "" if newest else why_not_alone)

    def _present(self, station: Station, kind: Kind, alerts: list[Alert]) -> None:
        newest = alerts[-1]
        ids = [alert.id for alert in alerts]
        name, count = product_name(station, newest), len(alerts)
        body = _("Latest: {sentence}", sentence=sentence_of(newest))
        if kind is Kind.DIGEST:
            title = _("{product} — alarm flood: {n} alerts", product=name, n=count)
        elif kind is Kind.REMINDER:
            title = _("{product} — not acknowledged yet: {n} alerts", product=name, n=count)
        elif count > 1:
            title = _("{product} — {n} alerts", product=name, n=count)
        else:
            title, body = f"{name} — {title_of(newest)}", sentence_of(newest)
        toast = Toast(
            title=title,
            body=body,
            urgent=any(alert.priority is Priority.URGENT for alert in alerts),
            open=lambda: self.open_alert.emit(station, newest),
            acknowledge=lambda: station.acknowledge_soon(self, ids),
        )
        spawn(self, self.chain.present(toast))


def _item(alert: Alert, change: str) -> Item:
    return Item(alert.id, alert.product_id, change, alert.priority)
