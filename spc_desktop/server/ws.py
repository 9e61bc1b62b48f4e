"""The sockets of both dialects: who is connected; the talk of the seed dialect (that of ``spc.v1`` is in ``talk``)."""

import asyncio
import logging
from typing import Any

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import HubApi
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import seed, session, v1
from spc_desktop.protocol.codec import encode
from spc_desktop.protocol.rest import ConnectionOut
from spc_desktop.protocol.wording import sentence
from spc_desktop.server.access import Access
from spc_desktop.server.cursors import Cursors
from spc_desktop.server.directory import Directory
from spc_desktop.server.fanout import Client, Dialect, FanOut
from spc_desktop.server.front_door import FrontDoor
from spc_desktop.server.guard import Guard
from spc_desktop.server.handshake import Target, language_of, target
from spc_desktop.server.limits import Gate, Pace
from spc_desktop.server.meters import Meters
from spc_desktop.server.presence import PresenceBoard
from spc_desktop.server.talk import Talk, Visit

_log = logging.getLogger(__name__)


class Sockets:
    """The WebSocket side of the server."""

    def __init__(
        self,
        hub: HubApi,
        clock: Clock,
        directory: Directory,
        fanout: FanOut,
        access: Access,
        gate: Gate,
        cursors: Cursors,
        meters: Meters,
    ) -> None:
        self._access = access
        self._visits: dict[Client, Visit] = {}
        self._hub = hub
        self._clock = clock
        self._directory = directory
        self._fanout = fanout
        self._gate = gate
        self._presence = PresenceBoard()
        self._talk = Talk(hub, clock, directory, fanout, access, gate, cursors, self._presence, meters)
        self._trouble: v1.System | None = None

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
                pace = Pace(self._gate.limits, self._clock.monotonic())
                visit = Visit(client, connection.request.path, self._clock.now(), pace)
                self._visits[client] = visit
                try:
                    await (self._talk.serve(visit) if dialect is Dialect.V1 else self._serve_seed(visit, where))
                except ConnectionClosed:
                    pass
                finally:
                    del self._visits[client]
                    self._fanout.leave(client)
                    self._presence.leave(client)
        except* ConnectionClosed:
            # The client went away while it was being written to: nothing is left to do for it.
            pass

    def goodbye(self) -> None:
        """Announce the stop to every client that understands it."""
        message = encode(v1.Shutdown())
        for client in self._visits:
            if client.dialect is Dialect.V1:
                client.write(message)

    def turn_out(self) -> None:
        """Close the sessions whose token or user is no longer valid, or has other rights now."""
        for client in list(self._visits):
            if not self._access.still(client.guard.principal):
                client.spawn(client.connection.close(4401, "unauthorized"))

    def catalogue_changed(self) -> None:
        """Follow codes of characteristics to the ids that they stand for now."""
        for visit in self._visits.values():
            if visit.named_by_code:
                self._talk.follow(visit)

    def tell_trouble(self, code: str, *, active: bool, ko: str, en: str) -> None:
        """Tell every client how the hub itself is. Nothing of it can be stored, so it is no event of the log."""
        wire = v1.WIRE_CODES.get(code, code)
        message = v1.System(code=wire, active=active, message=en, ts=self._clock.now())
        self._trouble = message if active else None
        ours, theirs = encode(message), seed.system_alert(wire, ko, message.ts, active=active)
        for client, visit in self._visits.items():
            if client.is_roomy and (client.dialect is Dialect.SEED or visit.person is not None):
                client.write(ours if client.dialect is Dialect.V1 else theirs)

    def connections(self) -> list[ConnectionOut]:
        """Return all connections, the oldest first."""
        return [self._shown(visit) for visit in self._visits.values()]

    def _shown(self, visit: Visit) -> ConnectionOut:
        client = visit.client
        principal = client.guard.principal
        return ConnectionOut(
            session=str(client.connection.id),
            address=client.connection.peer,
            dialect=client.dialect.value,
            path=visit.path,
            user=principal.name,
            roles=tuple(sorted(principal.roles)),
            client_id=visit.client_id,
            since=visit.since,
            subscriptions=visit.subscriptions,
            unsent=client.connection.unsent,
            live=client.live,
            received=visit.received,
            silent_until=visit.silent_until,
        )

    # -- seed dialect --------------------------------------------------------------------------------------------------

    async def _serve_seed(self, visit: Visit, where: Target) -> None:
        client = visit.client
        connection = client.connection
        language = language_of(connection.request.headers.get("Accept-Language") if connection.request else None)
        await self._fanout.settled()  # before the greeting: who has read it misses nothing
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
        visit.subscriptions = len(general) + len(subscribed)
        if self._trouble is not None:
            text = sentence("disk_full", {}, "ko")
            client.write(seed.system_alert(self._trouble.code, text, self._trouble.ts, active=True))
        async for raw in connection:
            if not isinstance(raw, str):
                await connection.close(1003, "binary")
                return
            message: dict[str, Any] = {}
            try:
                if not await self._talk.paced(visit):
                    return
                message = seed.load_message(raw)
                command = seed.read_command(message, where.endpoint)
                client.write(await self._obey(command, where, subscribed, client.guard))
                self._fanout.change(client, _seed_wanted(general, subscribed))
                visit.subscriptions = len(general) + len(subscribed)
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


def _seed_wanted(general: tuple[v1.Wanted, ...], products: set[int]) -> tuple[v1.Wanted, ...]:
    if not products:
        return general
    return (*general, v1.Wanted(products=frozenset(products), types=seed.EVENT_TYPES))
