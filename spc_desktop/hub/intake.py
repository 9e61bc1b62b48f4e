"""The one door in: a bounded queue in which measurements and commands keep their order, and where a full queue waits."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub.api import Actor
from spc_desktop.protocol import messages as m

if TYPE_CHECKING:
    from spc_desktop.hub.draft import Draft

BOUND = 10_000
LINGER, MOST_LINGER, EMPTY_TURNS = 0.25, 0.001, 3
"""How long fewer senders than before are waited for: part of the time of a commit, seconds at most, and turns at least."""


@dataclass(slots=True, eq=False)
class Submission:
    """Measurements that are stored together, and where their sender waits."""

    items: Sequence[MeasurementIn]
    actor: Actor
    done: asyncio.Future[m.SubmitResult]

    @property
    def weight(self) -> int:
        return len(self.items)


@dataclass(slots=True, eq=False)
class Order:
    """A command: ``apply`` changes the draft or raises ``UserError``; ``alert_ids`` must be at hand for it."""

    apply: "Callable[[Draft], Any]"
    done: asyncio.Future[Any]
    alert_ids: tuple[int, ...] = ()
    keys: tuple[str, ...] = ()
    """Keys of entries and notes that must be looked up for it."""
    weight: int = field(default=1, init=False)


Entry = Submission | Order


class Intake:
    """First in, first out. ``put`` waits while ``BOUND`` measurements are waiting; nothing is ever dropped."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque()
        self._senders: deque[tuple[asyncio.Future[None], Entry]] = deque()
        self._taker: asyncio.Future[None] | None = None
        self._closed = False
        self._together = 1, 1
        """Entries of the last two takes: of two groups of senders that take turns, each has only half."""
        self.pace = 0.0
        """Seconds that the last commit took."""
        self.waiting = 0

    async def put(self, entry: Entry) -> None:
        """Queue an entry, in turn, as soon as there is room (an entry above the bound goes in alone).

        Raises:
            KnownError: ``shutting_down``.
        """
        self._require_open()
        if self._senders or (self.waiting and self.waiting + entry.weight > BOUND):
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._senders.append((turn, entry))
            await turn
            return
        self._accept(entry)

    async def take(self, most: int) -> list[Entry]:
        """Wait for entries and return whole ones of about ``most`` measurements; empty: closed and drained."""
        while not self._entries:
            if self._closed:
                return []
            self._taker = asyncio.get_running_loop().create_future()
            await self._taker
        await self._gather(most)
        taken: list[Entry] = []
        weight = 0
        while self._entries and (not taken or weight + self._entries[0].weight <= most):
            entry = self._entries.popleft()
            weight += entry.weight
            taken.append(entry)
        self.waiting -= weight
        self._admit()
        return taken

    async def _gather(self, most: int) -> None:
        """Let whoever is just being read share the commit: senders that were answered together ask again together.

        Turns of the loop, no timer: that would cost a lone sender a millisecond. Who sends alone waits for one turn.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + min(LINGER * self.pace, MOST_LINGER)
        latest, earlier = self._together
        wanted = latest + earlier if min(latest, earlier) > 1 else max(latest, earlier)
        empty = 0
        while self.waiting < most and not self._closed:
            before = len(self._entries)
            await asyncio.sleep(0)
            if len(self._entries) == before:
                empty += 1
                if before >= wanted or (empty > EMPTY_TURNS and loop.time() >= end):
                    break
        self._together = len(self._entries), latest

    def close(self) -> None:
        """Refuse everything new; what was accepted is still taken."""
        self._closed = True
        while self._senders:
            turn, _ = self._senders.popleft()
            if not turn.done():
                turn.set_exception(KnownError("shutting_down"))
        self._wake()

    def abandon(self) -> None:
        """Tell everybody who still waits that nothing will come: the pipeline has ended."""
        self.close()
        while self._entries:
            refuse(self._entries.popleft(), KnownError("shutting_down"))
        self.waiting = 0

    def _require_open(self) -> None:
        if self._closed:
            raise KnownError("shutting_down")

    def _accept(self, entry: Entry) -> None:
        self._entries.append(entry)
        self.waiting += entry.weight
        self._wake()

    def _admit(self) -> None:
        while self._senders:
            turn, entry = self._senders[0]
            if not turn.done():
                if self.waiting and self.waiting + entry.weight > BOUND:
                    return
                self._accept(entry)
                turn.set_result(None)
            self._senders.popleft()

    def _wake(self) -> None:
        if self._taker is not None and not self._taker.done():
            self._taker.set_result(None)


def refuse(entry: Entry, error: Exception) -> None:
    """Hand an error to whoever waits for the entry."""
    if not entry.done.done():
        entry.done.set_exception(error)
