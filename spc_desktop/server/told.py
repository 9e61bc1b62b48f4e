"""Which announcements went to whose sockets: gathered beside the fan-out, kept by the hub once a second."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from spc_desktop.domain.delivery import SLOW_READER, SOCKET, Delivery, DeliveryOutcome
from spc_desktop.domain.errors import KnownError
from spc_desktop.protocol import messages as m

_log = logging.getLogger(__name__)

MOST_WAITING = 20_000
"""Rows that wait while the hub cannot store; of more, the oldest are let go."""
CHUNK = 500


class Logbook(Protocol):
    """Who keeps the rows: the hub."""

    async def log_deliveries(self, rows: Sequence[Delivery]) -> None: ...


class ToldLog:
    """One row for each announcement and user, however many sockets that one has."""

    def __init__(self, book: Logbook | None, now: Callable[[], datetime]) -> None:
        self._book = book
        self._now = now
        self._rows: list[Delivery] = []

    def note(self, event: m.AlertEvent, live: Iterable[str], behind: Iterable[str]) -> None:
        """An alert was sent to the sockets of these users, and left for the catching up of those."""
        if self._book is None:
            return
        told = Counter(live)
        for user, count in told.items():
            self._rows.append(self._row(event, user, count))
        for user in set(behind) - set(told):
            self._rows.append(self._row(event, user, 0))

    def _row(self, event: m.AlertEvent, user: str, connections: int) -> Delivery:
        now = self._now()
        return Delivery(
            id=0,
            at=now,
            alert_id=event.alert.id,
            product_id=event.alert.product_id,
            change=event.change,
            priority=event.alert.priority,
            recipient=user,
            channel=SOCKET,
            outcome=DeliveryOutcome.SENT if connections else DeliveryOutcome.SUPPRESSED,
            reason="" if connections else SLOW_READER,
            connections=connections,
            done_at=now if connections else None,
        )

    async def write(self) -> None:
        """Give the rows to the hub; what cannot be stored now is tried again."""
        if self._book is None:
            return
        if len(self._rows) > MOST_WAITING:
            _log.warning("%d rows of the delivery log are let go", len(self._rows) - MOST_WAITING)
            del self._rows[:-MOST_WAITING]
        while self._rows:
            rows, self._rows = self._rows[:CHUNK], self._rows[CHUNK:]
            try:
                await self._book.log_deliveries(rows)
            except KnownError as trouble:  # it is said elsewhere
                self._rows = rows + self._rows
                _log.info("the delivery log was not kept: %s", trouble)
                return
