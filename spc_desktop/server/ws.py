"""The sockets of both dialects: thin shells around ``protocol.seed`` and ``protocol.session`` that ask the hub."""

import asyncio
import logging
from collections import deque
from typing import Any

from msgspec import Struct
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import seed, session, v1
from spc_desktop.protocol.codec import encode
from spc_desktop.protocol.wording import sentence
from spc_desktop.server.access import NOBODY, Access
from spc_desktop.server.directory import Directory
from spc_desktop.server.fanout import Client, Dialect, FanOut
from spc_desktop.server.front_door import FrontDoor
from spc_desktop.server.guard import Guard
from spc_desktop.server.handshake import Target, language_of, target
from spc_desktop.server.measurements import read_item
from spc_desktop.version import __version__

CONNECT_SECONDS = 5.0
MAX_FRAME = 64 * 1024
INGESTS_UNDER_WAY = 8
"""Batches of one client that are being stored while it sends the next."""

_FINAL = frozenset({"unauthorized", "forbidden", "too_many_attempts"})
"""Answers to ``connect`` after which the connection is closed: it would have no rights."""

_log = logging.getLogger(__name__)


class _Batch(Struct, kw_only=True):
    """An ``ingest`` whose items are read: what goes to the hub, and the place of each in the frame."""

    id: int
    rows: bool
    items: list[MeasurementIn] = []
    places: list[int] = []
    rejected: list[m.Rejected] = []
    last_n: int | None = None


class Sockets:
    """The WebSocket side of the server."""

    def __init__(self, hub: HubApi, clock: Clock, directory: Directory, fanout: FanOut, access: Access) -> None:
        self._access = access
        self._sessions: set[Client] = set()
        self._hub = hub
        self._clock = clock
        self._directory = directory
        self._fanout = fanout
        self._by_client_id: dict[tuple[str, str], Client] = {}
        """(user, client id): nobody ends the session of somebody else."""

    async def serve(self, connection: ServerConnection) -> None:
        """Talk with one client until it is gone."""
        if not isinstance(connection, FrontDoor) or connection.request is None:
            return
        where = target(connection.request.path)
        if where is None:
            return
        guard = Guard(self._hub, self._directory, self._access, connection.principal, connection.peer)
        if where.product_id and (
            not guard.sees(where.product_id) or await self._directory.product(where.product_id) is None
        ):
            await connection.close(4404, "not_found")
            return
        try:
            async with asyncio.TaskGroup() as group:
                dialect = Dialect.V1 if connection.subprotocol == v1.SUBPROTOCOL else Dialect.SEED
                client = Client(connection, dialect, group.create_task, guard)
                self._sessions.add(client)
                try:
                    await (self._serve_v1(client) if dialect is Dialect.V1 else self._serve_seed(client, where))
                except ConnectionClosed:
                    pass
                finally:
                    self._sessions.discard(client)
                    self._fanout.leave(client)
        except* ConnectionClosed:
            # The client went away while it was being written to: nothing is left to do for it.
            pass

    def goodbye(self) -> None:
        """Announce the stop to every client that understands it."""
        message = encode(v1.Shutdown())
        for client in self._fanout.clients:
            if client.dialect is Dialect.V1:
                client.write(message)

    def turn_out(self) -> None:
        """Close the sessions whose token or user is no longer valid, or has other rights now."""
        for client in list(self._sessions):
            if not self._access.still(client.guard.principal):
                client.spawn(client.connection.close(4401, "unauthorized"))

    # -- seed dialect --------------------------------------------------------------------------------------------------

    async def _serve_seed(self, client: Client, where: Target) -> None:
        connection = client.connection
        language = language_of(connection.request.headers.get("Accept-Language") if connection.request else None)
        if where.product_id:
            product = await self._directory.product(where.product_id)
            if product is None:
                return
            client.write(seed.product_connected(product, self._directory.first_of(product.id)))
            subscribed = {where.product_id}
            general: tuple[v1.Wanted, ...] = ()
        else:
            client.write(seed.notifications_connected(self._clock.now()))
            subscribed = set()
            general = (v1.Wanted(types=frozenset({"alert"})),)
        self._fanout.join(client, _seed_wanted(general, subscribed))
        async for raw in connection:
            message: dict[str, Any] = {}
            try:
                message = seed.load_message(raw)
                command = seed.read_command(message, where.endpoint)
                client.write(await self._obey(command, where, subscribed, client.guard))
                self._fanout.change(client, _seed_wanted(general, subscribed))
            except (UserError, KnownError) as bad:
                client.write(seed.error(bad.code, bad.params, language, message.get("id")))
            except Exception:  # noqa: BLE001 - the boundary of one request: a bug of ours must not end the client's connection
                _log.exception("command of a client failed")
                client.write(seed.error("internal", {}, language, message.get("id")))
            await connection.room()

    async def _obey(self, command: seed.SeedCommand, where: Target, subscribed: set[int], guard: Guard) -> bytes:
        if isinstance(command, seed.SubscribeProduct):
            if not guard.sees(command.product_id) or await self._directory.product(command.product_id) is None:
                raise UserError("not_found", what="product", id=command.product_id)
            if len(subscribed) >= session.MAX_SUBSCRIPTIONS * 8:
                raise UserError("limit_exceeded", what="products", high=session.MAX_SUBSCRIPTIONS * 8)
            subscribed.add(command.product_id)
            return seed.subscribed(command.product_id)
        if isinstance(command, seed.UnsubscribeProduct):
            subscribed.discard(command.product_id)
            return seed.unsubscribed(command.product_id)
        if isinstance(command, seed.GetAlerts):
            page = await guard.query(m.GetAlerts(limit=command.limit))
            return seed.alerts(page.alerts)
        rows = await guard.query(m.GetMeasurements(product_id=where.product_id, limit=command.limit))
        return seed.measurements(where.product_id, rows)

    # -- v1 ------------------------------------------------------------------------------------------------------------

    async def _serve_v1(self, client: Client) -> None:
        connection = client.connection
        language = language_of(connection.request.headers.get("Accept-Language") if connection.request else None)
        talk = session.V1Session(language)
        ingests: deque[asyncio.Task[None]] = deque()
        limits = {"frame_bytes": MAX_FRAME, "list": 1000, "subscriptions": session.MAX_SUBSCRIPTIONS}
        client.write(
            encode(
                v1.Hello(
                    server=f"spc-hub/{__version__}",
                    epoch=self._fanout.epoch,
                    seq=self._fanout.head,
                    auth="required" if client.guard.principal == NOBODY else "none",
                    time=self._clock.now(),
                    limits=limits,
                )
            )
        )
        try:
            async with asyncio.timeout(CONNECT_SECONDS) as patience:
                async for raw in connection:
                    request = talk.receive(raw)
                    if isinstance(request, session.Ingest):
                        # While one batch is being stored the next is read; the hub keeps their order.
                        batch = await self._read_batch(request, talk)
                        ingests.append(client.spawn(self._answer_v1(client, talk, batch)))
                        if len(ingests) > INGESTS_UNDER_WAY:
                            await ingests.popleft()
                    else:
                        while ingests:
                            await ingests.popleft()
                        await self._answer_v1(client, talk, request)
                    if talk.connected:
                        patience.reschedule(None)
                    await connection.room()
        except TimeoutError:
            await connection.close(4401, "unauthorized")
        finally:
            name = client.guard.principal.name, talk.client_id
            if self._by_client_id.get(name) is client:
                del self._by_client_id[name]

    async def _answer_v1(self, client: Client, talk: session.V1Session, request: session.Request | _Batch) -> None:
        if isinstance(request, session.Received):
            return
        if isinstance(request, session.Refused):
            client.write(talk.error(request.id, request.code, request.params))
            return
        try:
            await self._fulfil(client, talk, request)
        except UserError as bad:
            client.write(talk.error(request.id, bad.code, bad.params))
            if isinstance(request, session.Connect) and bad.code in _FINAL:
                await client.connection.close(4401, bad.code)
        except KnownError as trouble:
            client.write(talk.error(request.id, trouble.code, trouble.params, known=True, retry_ms=1000))
        except Exception:  # noqa: BLE001 - the boundary of one request: a bug of ours must not end the client's connection
            _log.exception("command of a client failed")
            client.write(talk.error(request.id, "internal", {}))

    async def _fulfil(self, client: Client, talk: session.V1Session, request: session.Request | _Batch) -> None:
        if isinstance(request, session.Connect):
            await self._connect(client, talk, request)
        elif isinstance(request, session.Subscribe):
            client.guard.need("subscribe")
            self._fanout.change(client, talk.subscriptions.values())
            answer: object = v1.Subscribed(sub=request.sub, head=self._fanout.head, epoch=self._fanout.epoch)
            client.write(talk.result(request.id, answer))
        elif isinstance(request, session.Unsubscribe):
            self._fanout.change(client, talk.subscriptions.values())
            client.write(talk.result(request.id, {"sub": request.sub}))
        elif isinstance(request, session.ListSubscriptions):
            client.write(talk.result(request.id, talk.subscriptions))
        elif isinstance(request, session.Ping):
            client.write(talk.result(request.id, {"ts": self._clock.now()}))
        elif isinstance(request, _Batch):
            client.write(talk.result(request.id, await self._store(request, talk, client.guard)))
        elif isinstance(request, session.Perform):
            client.write(talk.result(request.id, await client.guard.command(request.command, _actor(talk, request.by))))
        elif isinstance(request, session.Ask):
            client.write(talk.result(request.id, await client.guard.query(request.query)))

    async def _connect(self, client: Client, talk: session.V1Session, request: session.Connect) -> None:
        if request.token:
            client.guard = client.guard.of(self._access.holder(client.connection.peer, request.token))
        if talk.subscriptions:
            client.guard.need("subscribe")
        elif client.guard.principal == NOBODY:
            raise UserError("unauthorized")
        client.batch = request.batch
        name = client.guard.principal.name, talk.client_id
        older = self._by_client_id.get(name)
        if older is not None:
            older.spawn(older.connection.close(4409, "replaced"))
        if talk.client_id:
            self._by_client_id[name] = client
        fanout = self._fanout
        since: int | None = None
        if request.resume is not None and await self._recoverable(*request.resume):
            since = request.resume[1]
        answer = v1.Connected(
            session=str(client.connection.id),
            recovered=since is not None,
            replayed=0 if since is None else max(0, fanout.head - since),
            head=fanout.head,
            epoch=fanout.epoch,
            user=client.guard.principal.name,
            roles=tuple(sorted(client.guard.principal.roles)),
        )
        client.write(talk.result(request.id, answer))
        if request.resume is not None and since is None:
            reason = "epoch" if request.resume[0] != fanout.epoch else "retention"
            gap = v1.Gap(first=request.resume[1] + 1, last=fanout.head, reason=reason, epoch=fanout.epoch)
            since = fanout.head
            await fanout.send_gap(client, gap)
        fanout.join(client, talk.subscriptions.values(), since)

    async def _recoverable(self, epoch: str, seq: int) -> bool:
        """Return whether everything after ``seq`` is still in the log."""
        if epoch != self._fanout.epoch or seq > max(self._fanout.head, self._hub.state.head):
            return False
        page = await self._hub.query(m.GetEvents(since=seq, epoch=epoch, limit=1))
        return bool(page.first <= seq + 1)

    async def _read_batch(self, request: session.Ingest, talk: session.V1Session) -> _Batch:
        now = self._clock.now()
        batch = _Batch(id=request.id, rows=request.rows)
        for place, raw in enumerate(request.items):
            where = f"items[{place}]"
            try:
                item = await read_item(raw, self._directory, now, where, request.source_id, any_number=True)
            except (UserError, KnownError) as bad:
                told = {name: str(value) for name, value in bad.params.items()}
                told["message"] = sentence(bad.code, bad.params, talk.language)
                batch.rejected.append(m.Rejected(i=place, code=bad.code, params=told))
                continue
            batch.items.append(item)
            batch.places.append(place)
        counts = [raw["n"] for raw in request.items if isinstance(raw, dict) and type(raw.get("n")) is int]
        batch.last_n = max(counts, default=None)
        return batch

    async def _store(self, batch: _Batch, talk: session.V1Session, guard: Guard) -> v1.Ingested:
        nothing = m.SubmitResult(accepted=0, duplicates=0)
        found = await guard.submit(batch.items, _actor(talk)) if batch.items else nothing
        refused = [m.Rejected(i=batch.places[one.i], code=one.code, params=one.params) for one in found.rejected]
        return v1.Ingested(
            accepted=found.accepted,
            duplicates=found.duplicates,
            rejected=tuple(sorted([*batch.rejected, *refused], key=lambda one: one.i)),
            last_n=batch.last_n,
            measurements=found.measurements if batch.rows else (),
        )


def _seed_wanted(general: tuple[v1.Wanted, ...], products: set[int]) -> tuple[v1.Wanted, ...]:
    if not products:
        return general
    return (*general, v1.Wanted(products=frozenset(products), types=seed.EVENT_TYPES))


def _actor(talk: session.V1Session, by: str = "") -> Actor:
    return Actor(name=by or talk.client_id, client=talk.client_id)
