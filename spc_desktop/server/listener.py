"""The server as a whole: opens the port, feeds the clients, stops in order."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from ssl import SSLContext
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web
from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from spc_desktop.domain.account import Accounts
from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.api import HubApi, Mailbox, WatchFilter
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import v1
from spc_desktop.protocol.wording import sentence
from spc_desktop.server.access import Access
from spc_desktop.server.cursors import Cursors, Memory
from spc_desktop.server.directory import Directory
from spc_desktop.server.fanout import FanOut
from spc_desktop.server.front_door import HEAD_SECONDS, Doorway, FrontDoor
from spc_desktop.server.handshake import check
from spc_desktop.server.http import MAX_BODY
from spc_desktop.server.lean import LeanServer
from spc_desktop.server.limits import Gate, Limits
from spc_desktop.server.meters import Meters
from spc_desktop.server.operation import Check, Operation
from spc_desktop.server.rest import Rest
from spc_desktop.server.told import ToldLog
from spc_desktop.server.ws import Sockets

if TYPE_CHECKING:
    from asyncio import Task

_log = logging.getLogger(__name__)

BACKLOG = 10_000
"""Deliveries that may wait for the fan-out: a batch in which every value raises alarms must not send each client to the log."""
PING_SECONDS = 8.0
"""A link that does not answer is ended after twice this and ``STOP_SECONDS``: within 20 s."""
LOG_SECONDS = 1.0
"""How often it is kept who was told."""
ACCESS_SECONDS = 0.25
"""How often it is looked whether accounts have changed."""
STOP_SECONDS = 3.0
"""For running requests to end, and for a client to answer the closing of its socket."""
LINGER_SECONDS = 1.0
"""How long the rest of a refused body is read, so that the client sees the answer and not a reset."""
PAUSE, LEAST_PAUSE, MOST_PAUSE = 2.0, 0.002, 0.01
"""Rest after writing to all clients: as a multiple of the time that took, and in seconds at least and at most."""
HTTP_IDLE_SECONDS = 30.0
"""An HTTP connection without a whole request for this long is closed."""


class HubServer:
    """Serves a hub on one port: ``async with HubServer(hub, clock, port=8000) as server``.

    Args:
        hub: what is served; one mailbox of it feeds all clients.
        clock: time of greetings and of measurements without a time.
        host: address to listen on.
        port: 0 lets the system choose; ``server.port`` tells.
        origins: origins of web pages that may connect besides those of this host.
        access: who is let in; default: everybody at this computer, nobody from elsewhere.
        tls: certificate and versions; None: nothing is encrypted.
        limits: how much one connection, source and address may ask for.
        checks: name -> what ``/readyz`` asks beside the store.
        memory: where positions of clients are kept over a restart, and who was told; None: nowhere.

    Raises:
        KnownError: ``port_in_use`` on entering.
    """

    def __init__(
        self,
        hub: HubApi,
        clock: Clock,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        origins: Collection[str] = (),
        access: Access | None = None,
        tls: SSLContext | None = None,
        limits: Limits | None = None,
        memory: Memory | None = None,
        checks: Mapping[str, Check] | None = None,
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._host = host
        self.port = port
        self._origins = origins
        self._access = access or Access(clock, Accounts)
        self._tls = tls
        self._directory = Directory(hub)
        self._told = ToldLog(memory, clock.now)
        self._fanout = FanOut(hub, clock.now, self._told)
        self._gate = Gate(limits or Limits())
        self._cursors = Cursors(memory)
        self.meters = Meters(self._fanout, self._gate)
        self._sockets = Sockets(
            hub, clock, self._directory, self._fanout, self._access, self._gate, self._cursors, self.meters
        )
        operation = Operation(hub, clock, self._sockets, self.meters, checks or {})
        self._rest = Rest(hub, clock, self._directory, origins, self._access, self._gate, operation)
        self._trouble = ""
        self._stack = AsyncExitStack()

    @property
    def clients(self) -> int:
        """Number of WebSocket clients."""
        return len(self._fanout.clients)

    async def __aenter__(self) -> "HubServer":
        try:
            async with AsyncExitStack() as stack:
                group = await stack.enter_async_context(asyncio.TaskGroup())
                mailbox = await stack.enter_async_context(self._hub.watch(WatchFilter(backlog=BACKLOG)))
                await self._directory.read()
                await self._cursors.read()
                await self._fanout.begin()
                await self._listen(stack, group)
                tasks = [
                    group.create_task(work)
                    for work in (self._pump(mailbox), self._beat(), self._watch_accounts(), self._log())
                ]
                stack.push_async_callback(self._end, tasks)
                self._stack = stack.pop_all()
        except ExceptionGroup as failed:  # the task group wraps what its block raised
            raise failed.exceptions[0] from failed.exceptions[0].__cause__
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _listen(self, stack: AsyncExitStack, group: asyncio.TaskGroup) -> None:
        runner = web.ServerRunner(
            _Visitors(
                self._rest.answer,
                request_factory=_request,
                access_log=None,
                keepalive_timeout=HTTP_IDLE_SECONDS,
                auto_decompress=False,
                lingering_time=LINGER_SECONDS,
            ),
            shutdown_timeout=STOP_SECONDS,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        if runner.server is None:
            raise RuntimeError("aiohttp made no server")
        lean = LeanServer(self._rest.answer, runner.server, group.create_task)
        doorway = Doorway(lean, self._gate)
        runner.server.gone = lean.gone = doorway.gone  # type: ignore[attr-defined]
        lean.moved = doorway.moved
        # serve() only calls it; a partial object stands for the class as well.
        door = cast("type[ServerConnection]", partial(FrontDoor, doorway))
        try:
            listener = await serve(
                self._sockets.serve,
                self._host,
                self.port,
                create_connection=door,
                process_request=self._check,
                select_subprotocol=_choose,
                compression=None,
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
                close_timeout=STOP_SECONDS,
                max_size=self._gate.limits.frame,
                write_limit=(256 * 1024, 64 * 1024),
                backlog=1024,
                ssl=self._tls,
                ssl_handshake_timeout=HEAD_SECONDS if self._tls else None,
            )
        except OSError as taken:
            raise KnownError("port_in_use", host=self._host, port=self.port, reason=str(taken)) from taken
        self.port = listener.sockets[0].getsockname()[1]
        stack.push_async_callback(self._stop, listener, doorway, lean, runner)
        _log.info("listening on %s:%s", self._host, self.port)

    def _check(self, connection: ServerConnection, request: Request) -> Response | None:
        wait = 0.0
        if isinstance(connection, FrontDoor):
            wait = self._gate.handshake(connection.peer, self._clock.monotonic())
        return check(connection, request, self._origins, self._access, wait)

    async def _stop(
        self, listener: WebSocketServer, doorway: Doorway, lean: LeanServer, runner: web.ServerRunner
    ) -> None:
        """Close the port, let running requests end, tell the clients goodbye."""
        self._sockets.goodbye()
        listener.close(code=1012, reason="restart")
        doorway.turn_away()
        await lean.stop(STOP_SECONDS)
        await runner.cleanup()
        await listener.wait_closed()
        await self._keep_cursors()
        await self._told.write()

    async def _end(self, tasks: "list[Task[None]]") -> None:
        for task in tasks:
            task.cancel()

    async def _pump(self, mailbox: Mailbox) -> None:
        while True:
            try:
                news = await mailbox.get()
            except EOFError:
                return
            for delivery in news:
                if isinstance(delivery, m.Event):
                    self.meters.event(delivery)
                if isinstance(delivery, m.CatalogueEvent):
                    self._directory.apply(delivery)
                    self._sockets.catalogue_changed()
            began = self._clock.monotonic()
            await self._fanout.publish(news)
            if isinstance(news[0], m.Event):
                self.meters.sent((self._clock.now() - news[0].ts).total_seconds())
            # What is committed during the rest is joined into one write per client. Who sends now and then waits for nobody:
            # the rest comes after the writing, not before it.
            took = self._clock.monotonic() - began
            await asyncio.sleep(min(max(LEAST_PAUSE, PAUSE * took), MOST_PAUSE))

    async def _watch_accounts(self) -> None:
        """Close what is no longer allowed: at once after a change of an account, and when tokens expire."""
        known, looked = self._access.accounts(), self._clock.monotonic()
        while True:
            began = self._clock.monotonic()
            await asyncio.sleep(ACCESS_SECONDS)
            self.meters.lag(self._clock.monotonic() - began - ACCESS_SECONDS)
            self._look_at_trouble()
            accounts, now = self._access.accounts(), self._clock.monotonic()
            if accounts is not known or now - looked >= v1.HEARTBEAT_S:
                known, looked = accounts, now
                self._sockets.turn_out()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(v1.HEARTBEAT_S)
            self._fanout.tick(self._clock.now())
            await self._keep_cursors()

    async def _log(self) -> None:
        while True:
            await asyncio.sleep(LOG_SECONDS)
            await self._told.write()

    async def _keep_cursors(self) -> None:
        try:
            await self._cursors.write()
        except KnownError as trouble:  # it is said elsewhere; what was not kept is kept later
            _log.info("positions of clients were not kept: %s", trouble)

    def _look_at_trouble(self) -> None:
        """Tell every client when the disk is full, and when it is no more: nothing of it can be in the log."""
        trouble = "disk_full" if self._hub.state.detail == "disk_full" else ""
        if trouble != self._trouble:
            self._trouble = trouble
            code = "disk_full" if trouble else "disk_free"
            ko, en = (sentence(code, {}, language) for language in ("ko", "en"))
            self._sockets.tell_trouble("disk_full", active=bool(trouble), ko=ko, en=en)


class _Visitors(web.Server):
    """Tells the end of each HTTP connection, so that open ones can be counted by address."""

    gone: Callable[[object], None]

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self.gone(handler)


def _choose(_connection: ServerConnection, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """Choose ``spc.v1`` where it is offered; a client that offers nothing speaks the seed dialect."""
    return next((name for name in offered if name == v1.SUBPROTOCOL), None)


def _request(*parts: object) -> web.BaseRequest:
    """Make a request whose body is capped while it is read: a chunked body has no length to refuse it by."""
    message, payload, protocol, writer, task = parts
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_BODY)  # type: ignore[arg-type]
