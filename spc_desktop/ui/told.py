"""Tells the hub which alerts this window has shown, for the delivery log; gathered, so that a burst is one command."""

import logging
from datetime import datetime

from PySide6.QtCore import QObject, QTimer

from spc_desktop.domain.delivery import DeliveryOutcome
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.station import Station

_log = logging.getLogger(__name__)

GATHER_MS = 1_000
MOST = 200
"""Most of one command; a window that raises more toasts within a second says the newest."""


class ToldReporter(QObject):
    """What was told at one station's window."""

    def __init__(self, station: Station, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._station = station
        self._told: list[m.Told] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(GATHER_MS)
        self._timer.timeout.connect(self.send)

    def note(self, alert_id: int, change: str, at: datetime, why_not: str = "") -> None:
        """An announcement was shown, or was not for a reason that the hub cannot know."""
        outcome = DeliveryOutcome.SUPPRESSED if why_not else DeliveryOutcome.SENT
        self._told.append(m.Told(alert_id=alert_id, change=change, outcome=outcome, reason=why_not, at=at))
        if not self._timer.isActive():
            self._timer.start()

    def send(self) -> None:
        """Send what was gathered."""
        told, self._told = self._told[-MOST:], []
        if told:
            spawn(self, self._send(tuple(told)))

    async def _send(self, told: tuple[m.Told, ...]) -> None:
        try:
            await self._station.hub.command(m.ReportTold(told=told), self._station.actor)
        except (
            KnownError,
            UserError,
        ) as trouble:  # a hub that is away learns nothing; the toasts were shown all the same
            _log.info("the delivery log was not told: %s", trouble)
