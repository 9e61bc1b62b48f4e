"""``RemoteHub``: a hub that is far away, behind the same interface as the one in this process."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub.api import Actor, Delivery, HubState, Link, LinkChanged, Mailbox, Resync, WatchFilter
from spc_desktop.hub.mailbox import EventMailbox
from spc_desktop.hub.ports import Clock
from spc_desktop.hub.tasks import Supervisor
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import v1
from spc_desktop.protocol.codec import encode
from spc_desktop.protocol.pace import Bucket
from spc_desktop.viewer import wire
from spc_desktop.viewer.link import LinkKeeper, socket_url
from spc_desktop.viewer.points import read_points
from spc_desktop.viewer.trust import Trust

PATIENCE_S = 10.0
"""Longest time a call waits for the connection to come back."""
PACE = 40.0, 80.0
"""Calls per second, and at once: less than a hub takes (``limits`` of its ``hello``)."""
_PAGE = 500
_OWN_CODES = {wire: own for own, wire in v1.WIRE_CODES.items()}


class _BrokenError(Exception):
    """The connection ended before the answer came."""


class _Subscriber:
    """A mailbox of this process and its subscription at the hub."""

    def __init__(self, hub: "RemoteHub", sub: str, wanted: WatchFilter) -> None:
        self._hub = hub
        self.sub = sub
        self.wanted = wanted
        self.start: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        """The position after which events reach this mailbox directly."""
        self.mailbox = EventMailbox(wanted)

    async def get(self) -> Sequence[Delivery]:
        return await self.mailbox.get()

    def set_filter(self, wanted: WatchFilter) -> None:
        self.wanted = wanted
        self.mailbox.set_filter(wanted)
        self._hub.filter_changed(self)

    def begin(self, position: int) -> None:
        if not self.start.done():
            self.start.set_result(position)

    def begin_anew(self, position: int) -> None:
        """Another log has begun: positions of the old one mean nothing in it."""
        self.begin(position)
        self.start = asyncio.get_running_loop().create_future()
        self.begin(position)


class RemoteHub:
    """A far hub. ``async with RemoteHub(url, clock) as hub:`` connects in the background, and again whenever needed.

    While it is away, calls wait up to ``patience`` seconds and then raise ``KnownError("hub_unreachable")``. A call whose
    answer was lost is repeated where that is harmless (queries, measurements with a key), else it raises
    ``KnownError("answer_lost")``. Mailboxes miss nothing and get nothing twice across connections.

    Args:
        url: ``http://host:8000``, ``ws://...``, or ``host:8000``.
        clock: the time.
        name: what the connection pill calls it; default: the address.
        language: of error sentences from the hub, ``"ko"`` or ``"en"``.
        patience: seconds a call waits for the connection.
        trust: the certificates of hubs that were met before.
        token: for a hub that wants one; sent only after the connection is known to be the hub's.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        name: str = "",
        language: str = "ko",
        patience: float = PATIENCE_S,
        token: str = "",
        trust: Trust | None = None,
    ) -> None:
        self._token = token
        self._url = socket_url(url)
        self._address = name or url
        self._language = language
        self._patience = patience
        self._client_id = f"viewer-{uuid.uuid4().hex[:16]}"
        self._reader = wire.Reader()
        self._clock = clock
        self._pace = Bucket(*PACE, clock.monotonic())
        self._tasks = Supervisor(clock)
        self._link = LinkKeeper(
            self._url,
            self._address,
            clock,
            greet=self._greet,
            take=self._take,
            on_state=self._on_state,
            on_broken=self._on_broken,
            trust=trust or Trust(),
        )
        self._live = asyncio.Event()
        self._waiting: dict[int, tuple[asyncio.Future[bytes], Callable[[bytes], None] | None]] = {}
        self._last_id = 0
        self._position: int | None = None
        self._epoch = ""
        self._subscribers: list[_Subscriber] = []
        self._changed: dict[str, _Subscriber] = {}
        self._subs = 0
        self._greeting = asyncio.Event()
        """Cleared while a session is being opened: a mailbox that is opened then waits for the outcome."""
        self._greeting.set()

    async def __aenter__(self) -> "RemoteHub":
        self._tasks.keep(f"link to {self._address}", self._link.run)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._live.clear()
        await self._tasks.stop(5.0)
        self._on_broken()
        self._link.close()
        for subscriber in self._subscribers:
            subscriber.mailbox.close()

    # -- HubApi --------------------------------------------------------------------------------------------------------

    @property
    def state(self) -> HubState:
        return self._link.state

    @property
    def epoch(self) -> str:
        """Name of the hub's log; with ``state.head`` it is the position a reader may resume from."""
        return self._epoch

    async def submit(self, items: Sequence[MeasurementIn], actor: Actor = Actor()) -> m.SubmitResult:
        """Send measurements; returns after the hub's commit. Many go in several parts, each stored whole or not at all."""
        parts = wire.frames_of([wire.item(item) for item in items])
        repeatable = all(item.key for item in items)
        results: list[wire.IngestResult] = []
        offset = 0
        for part in parts:
            body = b'{"type":"ingest","rows":true,"items":[' + b",".join(part) + b"]}"
            raw = await self._call(body, repeatable=repeatable)
            result = msgspec.json.decode(raw, type=wire.IngestResult)
            moved = tuple(msgspec.structs.replace(one, i=one.i + offset) for one in result.rejected)
            results.append(msgspec.structs.replace(result, rejected=moved))
            offset += len(part)
        return m.SubmitResult(
            accepted=sum(result.accepted for result in results),
            duplicates=sum(result.duplicates for result in results),
            rejected=tuple(one for result in results for one in result.rejected),
            measurements=tuple(row for result in results for row in result.measurements),
        )

    async def command(self, command: m.AnyCommand, actor: Actor = Actor()) -> Any:
        """Send a command; returns after the hub's commit."""
        body = encode(command)
        if actor.name:
            body = body[:-1] + b',"by":' + encode(actor.name) + b"}"
        raw = await self._call(body, repeatable=False)
        return msgspec.json.decode(raw, type=wire.ANSWERS[type(command)])

    async def query(self, query: m.AnyQuery) -> Any:
        """Ask the hub; long stretches of a chart are read in pages and put together."""
        if isinstance(query, m.GetPoints):
            return await read_points(query, self._ask)
        return await self._ask(query)

    def watch(
        self, wanted: WatchFilter = WatchFilter(), resume: tuple[str, int] | None = None
    ) -> AbstractAsyncContextManager[Mailbox]:
        """Open a mailbox; it may be opened while the hub is away."""
        return self._watch(wanted, resume)

    @asynccontextmanager
    async def _watch(self, wanted: WatchFilter, resume: tuple[str, int] | None) -> AsyncIterator[Mailbox]:
        self._subs += 1
        await self._greeting.wait()
        subscriber = _Subscriber(self, f"w{self._subs}", wanted)
        if resume is not None:
            subscriber.mailbox = EventMailbox(wanted, self._replay(subscriber, *resume))
        self._subscribers.append(subscriber)
        try:
            if self._live.is_set():
                await self._subscribe(subscriber)
            elif self._position is not None:
                subscriber.begin(self._position)
            yield subscriber
        finally:
            self._subscribers.remove(subscriber)
            self._changed.pop(subscriber.sub, None)
            subscriber.mailbox.close()
            subscriber.start.cancel()
            if self._live.is_set():
                self._tasks.spawn("unsubscribe", self._unsubscribe(subscriber.sub))

    async def _ask(self, query: m.AnyQuery) -> Any:
        raw = await self._call(encode(query), repeatable=True)
        return msgspec.json.decode(raw, type=wire.ANSWERS[type(query)])

    # -- subscriptions -------------------------------------------------------------------------------------------------

    def filter_changed(self, subscriber: _Subscriber) -> None:
        """A mailbox wants to hear something else; the hub is told before the next call of anybody."""
        self._changed[subscriber.sub] = subscriber
        if self._live.is_set():
            self._tasks.spawn("filter", self._tell_filters())

    async def _tell_filters(self) -> None:
        while self._changed and self._link.connection is not None:
            _, subscriber = self._changed.popitem()
            body = {"type": "subscribe", **wire.subscription(subscriber.sub, subscriber.wanted)}
            try:
                await self._send(encode(body))
            except _BrokenError:
                # The next connection begins with the filters as they are then.
                return

    async def _subscribe(self, subscriber: _Subscriber) -> None:
        def begun(result: bytes) -> None:
            subscriber.begin(msgspec.json.decode(result, type=v1.Subscribed).head)

        body = {"type": "subscribe", **wire.subscription(subscriber.sub, subscriber.wanted)}
        try:
            await (await self._send(encode(body), begun))
        except _BrokenError:
            # Reconnecting subscribes again; what happens until then is replayed from the known position.
            subscriber.begin(self._position or 0)

    async def _unsubscribe(self, sub: str) -> None:
        try:
            await (await self._send(encode({"type": "unsubscribe", "sub": sub})))
        except (_BrokenError, UserError):
            return

    async def _replay(self, subscriber: _Subscriber, epoch: str, since: int) -> AsyncIterator[Sequence[Delivery]]:
        until = await asyncio.shield(subscriber.start)
        if epoch != self._epoch or since > until:
            yield [Resync(seq=until, epoch=self._epoch, reason="epoch")]
            return
        while since < until:
            page: m.EventPage = await self._ask(m.GetEvents(since=since, epoch=epoch, limit=_PAGE))
            if page.first > since + 1 or not page.events:
                yield [Resync(seq=until, epoch=page.epoch, reason="retention")]
                return
            yield [event for event in page.events if event.seq <= until]
            since = page.events[-1].seq

    # -- calls ---------------------------------------------------------------------------------------------------------

    async def _call(self, body: bytes, *, repeatable: bool) -> bytes:
        """Send a command and return its result as JSON.

        Raises:
            UserError, KnownError: the hub refused; or ``hub_unreachable``, ``answer_lost``.
        """
        if len(body) > wire.FRAME_BYTES:
            raise UserError("too_large", high=wire.FRAME_BYTES)
        while True:
            await self._connected()
            try:
                await self._tell_filters()
                await self._keep_pace()
                answer = await self._send(body)
            except _BrokenError:
                continue
            try:
                return await answer
            except UserError as refused:
                if refused.code != "rate_limited":
                    raise
                # Nothing was done: the hub says when it takes it.
                await asyncio.sleep(float(str(refused.params.get("seconds", 1))))
            except _BrokenError:
                if not repeatable:
                    raise KnownError("answer_lost", address=self._address) from None

    async def _keep_pace(self) -> None:
        """Stay below what the hub allows, so that it has nothing to refuse."""
        wait = self._pace.take(1, self._clock.monotonic())
        while wait:
            await asyncio.sleep(wait)
            wait = self._pace.take(1, self._clock.monotonic())

    async def _connected(self) -> None:
        try:
            if self.state.link not in {Link.OFFLINE, Link.CLOSED}:
                async with asyncio.timeout(self._patience):
                    await self._live.wait()
                return
        except TimeoutError:
            pass
        raise KnownError("hub_unreachable", address=self._address, detail=self.state.detail)

    async def _send(
        self, body: bytes, begun: Callable[[bytes], None] | None = None, connection: ClientConnection | None = None
    ) -> asyncio.Future[bytes]:
        """Send one command; the future gives its result. ``begun`` sees the result before any later frame is read."""
        connection = connection or self._link.connection
        if connection is None:
            raise _BrokenError
        self._last_id += 1
        command_id = self._last_id
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[command_id] = answer, begun
        try:
            await connection.send(wire.with_id(body, command_id), text=True)
        except ConnectionClosed:
            self._waiting.pop(command_id, None)
            raise _BrokenError from None
        return answer

    # -- the connection ------------------------------------------------------------------------------------------------

    async def _greet(self, connection: ClientConnection) -> None:
        """Open the session: hello in, connect out, and everything up to its result."""
        self._greeting.clear()
        try:
            await self._open(connection)
        finally:
            self._greeting.set()

    async def _open(self, connection: ClientConnection) -> None:
        self._changed.clear()
        body: dict[str, Any] = {
            "type": "connect",
            "client_id": self._client_id,
            "lang": self._language,
            "features": ["batch"],
            "subscriptions": [wire.subscription(one.sub, one.wanted) for one in self._subscribers],
        }
        if self._token:
            body["token"] = self._token
        if self._position is not None:
            body["resume"] = {"epoch": self._epoch, "seq": self._position}

        def begun(result: bytes) -> None:
            connected = msgspec.json.decode(result, type=v1.Connected)
            if self._position is None:
                self._position, self._epoch = connected.head, connected.epoch
            for subscriber in self._subscribers:
                subscriber.begin(self._position)

        answer = await self._send(encode(body), begun, connection)
        async with asyncio.timeout(10):
            while not answer.done():
                self._take(await connection.recv(decode=False))
        await answer
        self._link.head(self._position or 0)
        self._live.set()
        await self._tell_filters()

    def _take(self, raw: bytes) -> None:
        message = self._reader.read(raw)
        if isinstance(message, m.Event):
            self._deliver(message)
        elif isinstance(message, v1.ResultIn):
            self._answered(message.id, bytes(message.result))
        elif isinstance(message, v1.Error):
            self._refused(message)
        elif isinstance(message, v1.BatchIn):
            for one in message.events:
                event = self._reader.read(one)
                if isinstance(event, m.Event):
                    self._deliver(event)
        elif isinstance(message, v1.Sync):
            self._position = max(self._position or 0, message.seq)
            self._link.head(self._position)
        elif isinstance(message, v1.Gap):
            self._gap(message)
        elif isinstance(message, v1.Shutdown):
            self._link.announced(message)

    def _deliver(self, event: m.AnyEvent) -> None:
        if self._position is not None and event.seq <= self._position:
            return
        self._position = event.seq
        self._link.state = msgspec.structs.replace(self._link.state, head=event.seq)
        for subscriber in self._subscribers:
            if subscriber.start.done() and event.seq > subscriber.start.result():
                subscriber.mailbox.put(event)

    def _gap(self, gap: v1.Gap) -> None:
        self._position, self._epoch = gap.last, gap.epoch
        reason = gap.reason if gap.reason in {"epoch", "retention"} else "slow_consumer"
        for subscriber in self._subscribers:
            subscriber.begin_anew(gap.last)
            subscriber.mailbox.tell(Resync(seq=gap.last, epoch=gap.epoch, reason=reason))

    def _answered(self, command_id: int, result: bytes) -> None:
        answer, begun = self._waiting.pop(command_id, (None, None))
        if begun is not None:
            begun(result)
        if answer is not None and not answer.done():
            answer.set_result(result)

    def _refused(self, error: v1.Error) -> None:
        answer, _ = self._waiting.pop(error.id or 0, (None, None))
        if answer is not None and not answer.done():
            kind = KnownError if error.known else UserError
            code = _OWN_CODES.get(error.code, error.code)
            told = {name: value for name, value in error.details.items() if isinstance(value, int | float | str)}
            answer.set_exception(kind(code, **told))
            # Nobody may be waiting for it any more (a filter change); asking marks it as seen.
            answer.exception()

    def _on_broken(self) -> None:
        self._live.clear()
        waiting, self._waiting = self._waiting, {}
        for answer, _ in waiting.values():
            if not answer.done():
                answer.set_exception(_BrokenError())
                answer.exception()
        for subscriber in self._subscribers:
            if self._position is not None:
                subscriber.begin(self._position)

    def _on_state(self, state: HubState) -> None:
        if state.link is Link.OFFLINE:
            self._live.clear()
        for subscriber in self._subscribers:
            subscriber.mailbox.tell(LinkChanged(state=state))
