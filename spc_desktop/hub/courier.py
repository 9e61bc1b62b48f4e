"""Sends what is in the outbox, and writes down what became of it.

A message gets its id in a commit of its own before it is sent for the first time: after a crash in between it is sent once
more, as the same message with the same id. What has come due for one recipient is joined into one message, and a recipient
that was told often lately is told later, and then of all of it at once.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Protocol

from msgspec import structs

from spc_desktop.domain.delivery import Delivery, DeliveryOutcome, retry_after
from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.announcing import preferences_of
from spc_desktop.hub.outbox import Target
from spc_desktop.hub.ports import Channel, Clock, NotSentError, Parcel
from spc_desktop.hub.station import Station
from spc_desktop.protocol.pace import Bucket

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
PATIENCE = 30.0
"""Seconds for one attempt."""
MOST_TOGETHER = 200
"""Announcements of one message."""
AT_ONCE = 8
"""Recipients that are told at the same time."""
LONGEST_PAUSE = 8.0


class Office(Protocol):
    """The hub, as the courier needs it."""

    @property
    def station(self) -> Station: ...
    def steady(self) -> datetime: ...
    async def settle_deliveries(self, rows: Sequence[Delivery]) -> None: ...


class Courier:
    """Takes due rows of the outbox to their channels.

    Args:
        hub: whose outbox it is.
        channels: ``Target`` -> its channel; the recipient is empty where one channel serves all.
        clock: the time of day, and for the pace.
        language: of who has not said which.
        languages: of recipients who are no users.
    """

    def __init__(
        self,
        hub: Office,
        channels: Mapping[Target, Channel],
        clock: Clock,
        language: str,
        languages: Mapping[Target, str] | None = None,
    ) -> None:
        self._hub = hub
        self._channels = channels
        self._clock = clock
        self._language = language
        self._languages = languages or {}
        self._buckets: dict[Target, Bucket] = {}
        self._busy: set[Target] = set()
        self._recovered: set[Target] = set()
        """Recipients that have taken a message since: what waits to be tried again is tried now."""

    async def run(self) -> None:
        """Work until cancelled; what is under way then is sent again at the next start."""
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    for target, rows in self.due():
                        self._busy.add(target)
                        group.create_task(self._take(target, rows))
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            for channel in dict.fromkeys(self._channels.values()):
                await channel.close()

    def due(self) -> list[tuple[Target, list[Delivery]]]:
        """Return what is to be sent now: at most one message for each recipient."""
        steady, outbox = self._hub.steady(), self._hub.station.outbox
        found: list[tuple[Target, list[Delivery]]] = []
        for target in outbox.targets():
            if len(self._busy) + len(found) >= AT_ONCE:
                break
            channel = self._channel(target)
            if target in self._busy or channel is None:
                continue
            rows = self._next(target, outbox.of(target), steady)
            if rows and (rows[0].message or self._may_send(target, channel)):
                found.append((target, rows))
        return found

    def _channel(self, target: Target) -> Channel | None:
        return self._channels.get(target) or self._channels.get((target[0], ""))

    def _next(self, target: Target, waiting: list[Delivery], steady: datetime) -> list[Delivery]:
        """Return the rows of a message that is to be tried again, or else what may become one."""
        begun = sorted((row for row in waiting if row.message), key=lambda row: row.message)
        messages = [list(rows) for _, rows in groupby(begun, key=lambda row: row.message)]
        for rows in sorted(messages, key=lambda rows: rows[0].id):
            if rows[0].due is None or rows[0].due <= steady or target in self._recovered:
                return rows
        self._recovered.discard(target)
        return [row for row in waiting if not row.message and (row.due is None or row.due <= steady)][:MOST_TOGETHER]

    def _may_send(self, target: Target, channel: Channel) -> bool:
        now = self._clock.monotonic()
        bucket = self._buckets.get(target)
        if bucket is None:
            seconds, burst = channel.pace
            bucket = self._buckets[target] = Bucket(1 / seconds, burst, now)
        return not bucket.take(1, now)

    async def _take(self, target: Target, rows: list[Delivery]) -> None:
        try:
            await self.send(target, rows)
        finally:
            self._busy.discard(target)

    async def send(self, target: Target, rows: list[Delivery]) -> None:
        """Send one message and keep what became of it."""
        channel = self._channel(target)
        if channel is None:
            return
        if not rows[0].message:
            message = f"msg_{secrets.token_hex(12)}"
            rows = [structs.replace(row, message=message) for row in rows]
            await self._settle(rows)
        try:
            async with asyncio.timeout(PATIENCE):
                await channel.send(self._parcel(target, rows))
        except TimeoutError:
            await self._not_sent(rows, NotSentError(f"no answer in {PATIENCE:g} s"))
        except NotSentError as why:
            await self._not_sent(rows, why)
        except Exception as bug:
            log.error("channel %s failed", target[0], exc_info=bug)
            await self._not_sent(rows, NotSentError(repr(bug)[:200]))
        else:
            self._recovered.add(target)
            now = self._clock.now()
            sent = DeliveryOutcome.SENT
            await self._settle(
                [
                    structs.replace(
                        row, outcome=sent, attempts=row.attempts + 1, done_at=now, due=None, error="", alert=None
                    )
                    for row in rows
                ]
            )

    async def _not_sent(self, rows: list[Delivery], why: NotSentError) -> None:
        attempts = rows[0].attempts + 1
        wait = None if why.lasting else retry_after(attempts, random.random(), why.wait)  # noqa: S311 - jitter, not a secret
        now, due = self._clock.now(), None if wait is None else self._hub.steady() + wait
        outcome = DeliveryOutcome.FAILED if wait is None else DeliveryOutcome.WAITING
        level = logging.WARNING if wait is None else logging.INFO
        log.log(level, "%s to %s, attempt %d: %s", rows[0].channel, rows[0].recipient, attempts, why)
        self._recovered.discard((rows[0].channel, rows[0].recipient))
        await self._settle(
            [
                structs.replace(row, outcome=outcome, attempts=attempts, due=due, done_at=now, error=str(why)[:300])
                for row in rows
            ]
        )

    async def _settle(self, rows: list[Delivery]) -> None:
        """Keep it; while the disk is full nothing else is sent to this recipient, so that nothing is sent twice."""
        pause = LOOK_SECONDS
        while True:
            try:
                await self._hub.settle_deliveries(rows)
            except KnownError as trouble:
                if trouble.code == "shutting_down":
                    raise asyncio.CancelledError from trouble
                log.info("what became of a message was not stored: %s", trouble)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return

    def _parcel(self, target: Target, rows: list[Delivery]) -> Parcel:
        station, (_, recipient) = self._hub.station, target
        wishes = preferences_of(station, recipient)
        account = station.accounts.users.get(recipient)
        language = self._languages.get(target) or wishes.language or (account.language if account else "")
        states = {}
        for row in rows:
            if row.alert is not None:
                now = station.open_alerts.get(row.alert.id)
                state = "RESOLVED" if now is None else now.status.value
                if state != row.alert.status.value:
                    states[row.alert.id] = state
        return Parcel(
            message=rows[0].message,
            recipient=recipient,
            address=wishes.email,
            language=language or self._language,
            sent_at=self._clock.now(),
            deliveries=tuple(rows),
            states=states,
        )
