"""Tells the hub which alerts this window has shown, for the delivery log; gathered, so that a burst is one command."""

import logging
from collections import deque
from datetime import datetime

from PySide6.QtCore import QObject, QTimer

from spc_desktop.domain.delivery import DeliveryOutcome
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.station import Station

_log = logging.getLogger(__name__)

GATHER_MS = 1_000
RETRY_MS = 10_000
MOST = 200
"""Most of one command."""
KEPT = 10_000
"""Most that is kept while the hub is away; what is older is given up, and the log says so."""


class ToldReporter(QObject):
    """What was told at one station's window."""

    def __init__(self, station: Station, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._station = station
        self._told: deque[m.Told] = deque()
        self._lost = 0
        self._sending = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.send)

    def note(self, alert_id: int, change: str, at: datetime, why_not: str = "") -> None:
        """An announcement was shown, or was not for a reason that the hub cannot know."""
        outcome = DeliveryOutcome.SUPPRESSED if why_not else DeliveryOutcome.SENT
        self._told.append(m.Told(alert_id=alert_id, change=change, outcome=outcome, reason=why_not, at=at))
        if len(self._told) > KEPT:
            self._told.popleft()
            self._lost += 1
        if not self._timer.isActive():
            self._timer.start(GATHER_MS)

    def send(self) -> None:
        """Send what was gathered, oldest first."""
        if self._told and not self._sending:
            self._sending = True
            spawn(self, self._send())

    async def _send(self) -> None:
        try:
            while self._told:
                page = [self._told[at] for at in range(min(MOST, len(self._told)))]
                await self._station.hub.command(m.ReportTold(told=tuple(page)), self._station.actor)
                sent = {id(one) for one in page}
                while self._told and id(self._told[0]) in sent:  # some may have been given up meanwhile
                    self._told.popleft()
        except UserError as refused:  # the same would be refused again
            _log.warning("the delivery log did not take %d rows: %s", len(self._told), refused)
            self._told.clear()
        except KnownError as away:  # the toasts were shown all the same
            _log.info("the delivery log is told later: %s", away)
            self._timer.start(RETRY_MS)
        finally:
            self._sending = False
        if self._lost:
            _log.warning("the hub was away for too long: %d rows of the delivery log were given up", self._lost)
            self._lost = 0
