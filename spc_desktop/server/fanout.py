"""Who hears what: one index over all clients, one encoding of an event per dialect, one write per client and pass.

A client that does not keep up is taken out of the live stream at ``BUDGET`` unsent bytes, catches up from the log when it
reads again, and is closed with 4408 when it has not read for ``PATIENCE`` seconds. Nobody else notices, nothing is lost.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from spc_desktop.domain.alert import is_announced
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import Delivery, HubApi, LinkChanged, Resync
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import seed, v1
from spc_desktop.protocol.codec import encode
from spc_desktop.server.front_door import FrontDoor, framed
from spc_desktop.server.guard import Guard
from spc_desktop.server.index import Index, wants
from spc_desktop.server.replay import Page, Pages, joined
from spc_desktop.server.told import ToldLog
from spc_desktop.server.turns import Turns

BUDGET = 1024 * 1024
"""Unsent bytes at which a client leaves the live stream."""
PATIENCE = 30.0
"""Seconds a client may leave what was sent unread."""
SNAPSHOT = 500
"""Alerts of one ``state_snapshot``."""
PASS_CLIENTS = 200
"""Clients written to before the loop gets a turn: about two milliseconds."""


class Dialect(StrEnum):
    SEED = "seed"
    V1 = "v1"


class Client:
    """One WebSocket client and its place in the event stream."""

    __slots__ = ("batch", "connection", "dialect", "guard", "live", "out", "position", "skip_to", "spawn")

    def __init__(
        self,
        connection: FrontDoor,
        dialect: Dialect,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        guard: Guard,
    ) -> None:
        self.connection = connection
        self.guard = guard
        """The hub as far as this client may use it."""
        self.dialect = dialect
        self.spawn = spawn
        self.batch = False
        self.live = False
        self.skip_to = 0
        """Events up to here were sent already (by the replay)."""
        self.position = 0
        """Where the catch-up stands; only meaningful while not live."""
        self.out: list[bytes] = []

    @property
    def is_roomy(self) -> bool:
        """Return whether the client has taken most of what was sent, so that what is worth nothing later may be sent."""
        return self.connection.unsent < BUDGET

    def write(self, message: bytes) -> None:
        """Send one message at once."""
        self.connection.write_frames(framed(message))


class _Encoded:
    """An event as a ready frame, made at most once per dialect."""

    __slots__ = ("_event", "_frames")

    def __init__(self, event: m.AnyEvent) -> None:
        self._event = event
        self._frames: dict[Dialect, bytes | None] = {}

    def frame(self, dialect: Dialect) -> bytes | None:
        if dialect not in self._frames:
            message = encode_event(self._event, dialect)
            self._frames[dialect] = None if message is None else framed(message)
        return self._frames[dialect]


def _own_frame(event: m.AnyEvent, client: Client) -> bytes | None:
    """An event of several products is cut to what the client may see of it."""
    cut = client.guard.cut_event(event)
    message = None if cut is None else encode_event(cut, client.dialect)
    return None if message is None else framed(message)


def encode_event(event: m.AnyEvent, dialect: Dialect) -> bytes | None:
    return encode(event) if dialect is Dialect.V1 else seed.event(event)


class FanOut:
    """All clients of one server."""

    def __init__(self, hub: HubApi, now: Callable[[], datetime], told: ToldLog | None = None) -> None:
        self._hub = hub
        self._told = told
        self._now = now
        self._index: Index[Client] = Index()
        self._pages = Pages(hub)
        self.clients: dict[Client, None] = {}
        self.head = 0
        """Last event handed to the clients that are live."""
        self.epoch = ""
        self.outcomes = {"sent": 0, "filtered": 0, "postponed": 0}
        """Of events for clients: written, not wanted by it, left for its catching up."""
        self.slow_closes = 0
        self.replayed = 0
        self.turns = Turns()
        """For clients that come back: who is live does not wait for all of them."""
        self._settling: list[tuple[int, asyncio.Future[None]]] = []

    async def begin(self) -> None:
        """Find where the log stands; call while the hub's mailbox is open already, so that nothing falls between."""
        page: m.EventPage = await self._hub.query(m.GetEvents(since=self._hub.state.head, limit=1))
        self.head, self.epoch = page.head, page.epoch

    async def settled(self) -> None:
        """Wait until everybody was told what is committed now: who subscribes then hears only of what comes after it."""
        head = self._hub.state.head
        if self.head < head:
            told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._settling.append((head, told))
            await told

    def _settle(self) -> None:
        waiting, self._settling = self._settling, []
        for head, told in waiting:
            if head > self.head:
                self._settling.append((head, told))
            elif not told.done():
                told.set_result(None)

    def join(self, client: Client, wanted: Collection[v1.Wanted], since: int | None = None) -> None:
        """Take a client into the stream: from now on, or (``since``) with the replay of what it missed first."""
        self.clients[client] = None
        self._index.put(client, client.guard.cut_wanted(tuple(wanted)))
        if since is None or since >= self.head:
            client.live = True
            client.skip_to = self.head if since is None else since
            if since is not None:
                self._sync(client)
        else:
            self._fall_behind(client, since)

    def change(self, client: Client, wanted: Collection[v1.Wanted]) -> None:
        self._index.put(client, client.guard.cut_wanted(tuple(wanted)))

    def leave(self, client: Client) -> None:
        self._index.put(client, ())
        self.clients.pop(client, None)
        client.live = False

    async def publish(self, deliveries: Sequence[Delivery]) -> None:
        """Send what the hub's mailbox gave, in its order, joined into one write per client."""
        before = self.head
        concerned: dict[Client, None] = {}
        for delivery in deliveries:
            if isinstance(delivery, LinkChanged):
                continue
            if isinstance(delivery, Resync):
                self._resync(delivery, before)
                continue
            self._offer(delivery, concerned)
            self.head = delivery.seq
        last: tuple[list[bytes], bytes] = ([], b"")
        for number, client in enumerate(concerned, 1):
            last = self._flush(client, before, last)
            if number % PASS_CLIENTS == 0:
                await asyncio.sleep(0)
        if self._settling:
            self._settle()

    def _offer(self, event: m.AnyEvent, concerned: dict[Client, None]) -> None:
        encoded = _Encoded(event)
        shared = not isinstance(event, m.CatalogueEvent | m.RegisterEvent)
        matching = self._index.matching(event)
        self.outcomes["filtered"] += len(self.clients) - len(matching)
        if self._told is not None and isinstance(event, m.AlertEvent) and is_announced(event.alert, event.change):
            self._note_told(self._told, event, matching)
        for client in matching:
            if client.live and event.seq > client.skip_to:
                frame = encoded.frame(client.dialect) if shared else _own_frame(event, client)
                if frame is not None:
                    client.out.append(frame)
                    concerned[client] = None

    @staticmethod
    def _note_told(log: ToldLog, event: m.AlertEvent, matching: Collection[Client]) -> None:
        new = [client for client in matching if event.seq > client.skip_to]
        live = [client.guard.principal.name for client in new if client.live]
        behind = [client.guard.principal.name for client in new if not client.live] if len(live) < len(new) else ()
        log.note(event, live, behind)

    def _flush(self, client: Client, before: int, last: tuple[list[bytes], bytes]) -> tuple[list[bytes], bytes]:
        out, client.out = client.out, []
        if not out or not client.live:
            return last
        # Most clients of a pass get the very same frames: join them once.
        if out != last[0]:
            last = (out, out[0] if len(out) == 1 else b"".join(out))
        if client.connection.unsent + len(last[1]) > BUDGET:
            self.outcomes["postponed"] += len(out)
            self._fall_behind(client, max(before, client.skip_to))
        else:
            self.outcomes["sent"] += len(out)
            client.connection.write_frames(last[1])
        return last

    def _resync(self, missing: Resync, before: int) -> None:
        """The hub's mailbox lost events: every live client fetches them from the log."""
        self.head, self.epoch = missing.seq, missing.epoch
        for client in self.clients:
            if client.live:
                self._fall_behind(client, max(before, client.skip_to))

    def _fall_behind(self, client: Client, position: int) -> None:
        client.live = False
        client.out.clear()
        client.position = position
        client.spawn(self._catch_up(client))

    def tick(self, now: datetime) -> None:
        """Tell every live v1 client how far it has been told everything."""
        frame = framed(encode(v1.Sync(seq=self.head, ts=now)))
        for client in self.clients:
            if client.live and client.dialect is Dialect.V1:
                if client.out:
                    client.out.append(frame)
                elif client.is_roomy:
                    client.connection.write_frames(frame)

    def _sync(self, client: Client) -> None:
        """Say after a replay that it is over."""
        if client.dialect is Dialect.V1:
            client.write(encode(v1.Sync(seq=client.skip_to, ts=self._now())))

    # -- replay --------------------------------------------------------------------------------------------------------

    async def _catch_up(self, client: Client) -> None:
        try:
            while client.connection.is_open and client in self.clients:
                async with asyncio.timeout(PATIENCE):
                    await client.connection.room()
                page = await self._pages.after(client.position, self.epoch)
                await self._tell_gap(client, page.events)
                await self.turns.take()
                if self._replay(client, page):
                    return
        except TimeoutError:
            self.slow_closes += 1
            await client.connection.close(4408, "slow_consumer")
        except (UserError, KnownError) as trouble:
            await client.connection.close(1013, trouble.code)

    async def _tell_gap(self, client: Client, page: m.EventPage) -> None:
        first, last = client.position + 1, page.first - 1
        if last < first:
            return
        client.position = last
        if client.dialect is Dialect.SEED:
            client.write(seed.error("gap", {"first": first, "last": last}))
        else:
            await self.send_gap(client, v1.Gap(first=first, last=last, reason="retention", epoch=page.epoch))

    async def send_gap(self, client: Client, gap: v1.Gap) -> None:
        """Say that events are gone for good, and give the open alerts instead."""
        client.write(encode(gap))
        before: int | None = None
        while True:
            page: m.AlertPage = await client.guard.query(m.GetAlerts(open_only=True, limit=SNAPSHOT, before_id=before))
            more = len(page.alerts) == SNAPSHOT
            snapshot = v1.StateSnapshot(seq=gap.last, epoch=gap.epoch, alerts=page.alerts, more=more)
            client.write(encode(snapshot))
            if not more:
                return
            before = page.alerts[-1].id
            await client.connection.room()

    def _replay(self, client: Client, page: Page) -> bool:
        """Send one page; return whether the client has everything now and is live again."""
        events = page.events.events
        if events:
            kind = client.dialect, client.batch, client.guard.principal.products, self._index.wanted(client)
            frames, count = page.form(kind, lambda: self._made(client, events))
            self.replayed += count
            client.connection.write_frames(frames)
            client.position = events[-1].seq
        else:
            client.position = max(client.position, page.events.head, self.head)
        if client.position < self.head:
            return False
        client.live, client.skip_to = True, client.position
        self._sync(client)
        return True

    def _made(self, client: Client, events: Sequence[m.AnyEvent]) -> tuple[bytes, int]:
        found: list[tuple[int, bytes]] = []
        wanted = self._index.wanted(client)
        for event in client.guard.cut_events(events):
            if any(wants(one, event) for one in wanted):
                message = encode_event(event, client.dialect)
                if message is not None:
                    found.append((event.seq, message))
        return joined(found, batch=client.batch), len(found)
