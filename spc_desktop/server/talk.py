"""The talk of ``spc.v1``: a thin shell around ``protocol.session`` that asks the hub."""

import asyncio
import logging
from collections import deque
from datetime import datetime, timedelta
from typing import Any

import msgspec

from spc_desktop.domain.account import ANONYMOUS, CONSOLE, Role
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import session, v1
from spc_desktop.protocol.codec import encode
from spc_desktop.server.access import NOBODY, Access
from spc_desktop.server.cursors import Cursors
from spc_desktop.server.directory import Directory
from spc_desktop.server.fanout import Client, FanOut
from spc_desktop.server.guard import Guard
from spc_desktop.server.handshake import language_of
from spc_desktop.server.ingest import Batch, Ingests
from spc_desktop.server.limits import Gate, Pace, rate_limited
from spc_desktop.server.meters import Meters
from spc_desktop.server.presence import PresenceBoard
from spc_desktop.version import __version__

CONNECT_SECONDS = 5.0
INGESTS_UNDER_WAY = 8
"""Batches of one client that are being stored while it sends the next."""

_FINAL = frozenset({"unauthorized", "forbidden", "too_many_attempts"})
"""Answers to ``connect`` after which the connection is closed: it would have no rights."""

_log = logging.getLogger(__name__)


class Visit:
    """What the server knows of one connection beside its place in the event stream."""

    def __init__(self, client: Client, path: str, since: datetime, pace: Pace) -> None:
        self.client = client
        self.path = path
        self.since = since
        self.pace = pace
        self.talk: session.V1Session | None = None
        self.person: v1.Person | None = None
        """Who it is, once it has connected (``spc.v1`` only)."""
        self.client_id = ""
        self.subscriptions = 0
        self.received: int | None = None
        self.silent_until: datetime | None = None

    @property
    def named_by_code(self) -> bool:
        """Return whether a subscription names characteristics by code."""
        return self.talk is not None and any(one.codes is not None for one in self.talk.subscriptions.values())


_Own = (
    session.Subscribe
    | session.Unsubscribe
    | session.ListSubscriptions
    | session.Ping
    | session.Presence
    | session.Silence
)
_Asked = _Own | session.Connect | session.Perform | session.Ask | Batch


class Talk:
    """Talks with every client of ``spc.v1``."""

    def __init__(
        self,
        hub: HubApi,
        clock: Clock,
        directory: Directory,
        fanout: FanOut,
        access: Access,
        gate: Gate,
        cursors: Cursors,
        presence: PresenceBoard,
        meters: Meters,
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._directory = directory
        self._fanout = fanout
        self._access = access
        self._gate = gate
        self._cursors = cursors
        self._presence = presence
        self._meters = meters
        self._ingests = Ingests(clock, directory, gate)
        self._by_client_id: dict[tuple[str, str], Client] = {}
        """(user, client id): nobody ends the session of somebody else."""

    async def serve(self, visit: Visit) -> None:
        """Talk with one client until it is gone."""
        client, connection = visit.client, visit.client.connection
        language = language_of(connection.request.headers.get("Accept-Language") if connection.request else None)
        talk = visit.talk = session.V1Session(language)
        ingests: deque[asyncio.Task[None]] = deque()
        client.write(encode(self._hello(client)))
        try:
            async with asyncio.timeout(CONNECT_SECONDS) as patience:
                async for raw in connection:
                    request = talk.receive(raw)
                    if not isinstance(request, session.Received) and (wait := self._wait(visit)):
                        if await self._slowed(visit, talk, getattr(request, "id", None), wait):
                            return
                        continue
                    if isinstance(request, session.Ingest):
                        # While one batch is being stored the next is read; the hub keeps their order.
                        batch = await self._ingests.read(request, talk, client)
                        ingests.append(client.spawn(self._answer(visit, talk, batch)))
                        if len(ingests) > INGESTS_UNDER_WAY:
                            await ingests.popleft()
                    else:
                        while ingests:
                            await ingests.popleft()
                        await self._answer(visit, talk, request)
                    if talk.connected:
                        patience.reschedule(None)
                    await connection.room()
        except TimeoutError:
            await connection.close(4401, "unauthorized")
        finally:
            name = client.guard.principal.name, talk.client_id
            if self._by_client_id.get(name) is client:
                del self._by_client_id[name]

    def _hello(self, client: Client) -> v1.Hello:
        limits = self._gate.limits
        return v1.Hello(
            server=f"spc-hub/{__version__}",
            epoch=self._fanout.epoch,
            seq=self._fanout.head,
            auth="required" if client.guard.principal == NOBODY else "none",
            time=self._clock.now(),
            limits={
                "frame_bytes": limits.frame,
                "list": 1000,
                "subscriptions": session.MAX_SUBSCRIPTIONS,
                "commands_per_s": int(limits.commands),
                "commands_burst": int(limits.commands_burst),
                "items_per_s": int(limits.items),
                "items_burst": int(limits.items_burst),
            },
        )

    # -- pace ----------------------------------------------------------------------------------------------------------

    async def paced(self, visit: Visit) -> bool:
        """Count a command of the seed dialect; False: the connection was closed.

        Raises:
            UserError: ``rate_limited``.
        """
        wait = self._wait(visit)
        if not wait:
            return True
        if await self._is_over(visit):
            return False
        raise rate_limited(wait)

    def _wait(self, visit: Visit) -> float:
        """Return how long the next command has to wait. Who owns the data folder may do as much as the computer can."""
        if visit.client.guard.principal == CONSOLE:
            return 0.0
        return visit.pace.wait_for(self._clock.monotonic())

    async def _slowed(self, visit: Visit, talk: session.V1Session, command_id: int | None, wait: float) -> bool:
        """Refuse a command; returns whether the connection was closed."""
        if await self._is_over(visit):
            return True
        params = rate_limited(wait).params
        visit.client.write(talk.error(command_id, "rate_limited", params, retry_ms=int(wait * 1000) + 1))
        await visit.client.connection.room()
        return False

    async def _is_over(self, visit: Visit) -> bool:
        self._gate.refused += 1
        if not visit.pace.is_exhausted(self._clock.monotonic()):
            return False
        await visit.client.connection.close(4429, "rate_limited")
        return True

    # -- answers -------------------------------------------------------------------------------------------------------

    async def _answer(
        self, visit: Visit, talk: session.V1Session, request: _Asked | session.Received | session.Refused
    ) -> None:
        client = visit.client
        if isinstance(request, session.Received):
            self._received(visit, talk, request.seq)
        elif isinstance(request, session.Refused):
            client.write(talk.error(request.id, request.code, request.params))
        else:
            await self._obey(visit, talk, request)

    async def _obey(self, visit: Visit, talk: session.V1Session, request: _Asked) -> None:
        client = visit.client
        try:
            await self._fulfil(visit, talk, request)
        except UserError as bad:
            client.write(await self._refusal(client, talk, request.id, bad))
            if isinstance(request, session.Connect) and bad.code in _FINAL:
                await client.connection.close(4401, bad.code)
        except KnownError as trouble:
            client.write(talk.error(request.id, trouble.code, trouble.params, known=True, retry_ms=1000))
        except Exception:  # noqa: BLE001 - the boundary of one request: a bug of ours must not end the client's connection
            _log.exception("command of a client failed")
            client.write(talk.error(request.id, "internal", {}))

    async def _refusal(self, client: Client, talk: session.V1Session, command_id: int, bad: UserError) -> bytes:
        """Return the error; with a conflict comes the alert as it is now."""
        current = await current_row(client.guard, bad)
        seconds = bad.params.get("seconds")
        retry = int(seconds * 1000) + 1 if bad.code == "rate_limited" and isinstance(seconds, int | float) else None
        return talk.error(command_id, bad.code, bad.params, retry_ms=retry, current=current)

    async def _fulfil(self, visit: Visit, talk: session.V1Session, request: _Asked) -> None:
        client = visit.client
        if isinstance(request, session.Connect):
            await self._connect(visit, talk, request)
        elif isinstance(request, Batch):
            client.write(talk.result(request.id, await self._ingests.store(request, talk, client)))
        elif isinstance(request, session.Perform):
            done = await client.guard.command(request.command, _actor(talk, request.by))
            client.write(talk.result(request.id, done))
        elif isinstance(request, session.Ask):
            client.write(talk.result(request.id, await client.guard.query(request.query)))
        else:
            if isinstance(request, session.Subscribe):
                await self._fanout.settled()
            client.write(talk.result(request.id, self._settle(visit, talk, request)))

    def _settle(self, visit: Visit, talk: session.V1Session, request: _Own) -> object:
        """Return the answer to what concerns this connection alone."""
        client = visit.client
        answer: object = None
        if isinstance(request, session.Subscribe):
            client.guard.need("subscribe")
            self.follow(visit)
            answer = v1.Subscribed(sub=request.sub, head=self._fanout.head, epoch=self._fanout.epoch)
        elif isinstance(request, session.Unsubscribe):
            self.follow(visit)
            answer = {"sub": request.sub}
        elif isinstance(request, session.ListSubscriptions):
            answer = talk.subscriptions
        elif isinstance(request, session.Ping):
            answer = {"ts": self._clock.now()}
        elif isinstance(request, session.Presence):
            client.guard.need("presence")
            answer = self._presence.watch(client, on=request.watch)
        elif isinstance(request, session.Silence):
            answer = self._silence(visit, request)
        return answer

    def follow(self, visit: Visit) -> None:
        """Hear from now on what the session is subscribed to."""
        wanted = self._wanted(visit)
        visit.subscriptions = len(wanted)
        self._fanout.change(visit.client, wanted)

    def _wanted(self, visit: Visit) -> list[v1.Wanted]:
        """Return the subscriptions with codes of characteristics as ids."""
        if visit.talk is None:
            return []
        owned = self._directory.characteristics.values()
        return [
            one
            if one.codes is None
            else msgspec.structs.replace(one, of=frozenset(entry.id for entry in owned if entry.code in one.codes))
            for one in visit.talk.subscriptions.values()
        ]

    def _silence(self, visit: Visit, request: session.Silence) -> v1.Silenced:
        visit.client.guard.need("silence")
        end = self._clock.now() + timedelta(minutes=request.minutes)
        visit.silent_until = end if request.minutes else None
        return v1.Silenced(until=visit.silent_until)

    # -- connect -------------------------------------------------------------------------------------------------------

    async def _connect(self, visit: Visit, talk: session.V1Session, request: session.Connect) -> None:
        client, fanout = visit.client, self._fanout
        await fanout.turns.take()
        if request.token:
            client.guard = client.guard.of(self._access.holder(client.connection.peer, request.token))
        principal = client.guard.principal
        if talk.subscriptions:
            client.guard.need("subscribe")
        elif principal == NOBODY:
            raise UserError("unauthorized")
        if principal != ANONYMOUS and principal.roles == {Role.DEVICE}:
            client.connection.allow_frames(self._gate.limits.device_frame)
        client.batch = request.batch
        visit.client_id = talk.client_id
        self._replace(principal.name, talk.client_id, client)
        resume = request.resume
        if resume is None and talk.client_id and talk.subscriptions:
            resume = await self._cursors.find(principal.name, talk.client_id)
        since = resume[1] if resume is not None and await self._recoverable(*resume) else None
        if resume is not None:
            self._meters.resumed(recovered=since is not None)
        await fanout.settled()
        answer = v1.Connected(
            session=str(client.connection.id),
            recovered=since is not None,
            replayed=0 if since is None else max(0, fanout.head - since),
            head=fanout.head,
            epoch=fanout.epoch,
            user=principal.name,
            roles=tuple(sorted(principal.roles)),
        )
        client.write(talk.result(request.id, answer))
        if resume is not None and since is None:
            reason = "epoch" if resume[0] != fanout.epoch else "retention"
            gap = v1.Gap(first=resume[1] + 1, last=fanout.head, reason=reason, epoch=fanout.epoch)
            since = fanout.head
            await fanout.send_gap(client, gap)
        wanted = self._wanted(visit)
        visit.subscriptions = len(wanted)
        fanout.join(client, wanted, since)
        visit.person = v1.Person(
            session=str(client.connection.id),
            user=principal.name,
            client_id=talk.client_id,
            roles=tuple(sorted(principal.roles)),
            since=visit.since,
        )
        self._presence.join(client, visit.person)

    def _replace(self, user: str, client_id: str, client: Client) -> None:
        older = self._by_client_id.get((user, client_id))
        if older is not None:
            older.spawn(older.connection.close(4409, "replaced"))
        if client_id:
            self._by_client_id[user, client_id] = client

    async def _recoverable(self, epoch: str, seq: int) -> bool:
        """Return whether everything after ``seq`` is still in the log."""
        if epoch != self._fanout.epoch:
            return False
        # Of several hubs another one may have told the client more than this one knows yet: only the log can say.
        page = await self._hub.query(m.GetEvents(since=seq, epoch=epoch, limit=1))
        return bool(page.first <= seq + 1 <= page.head + 1)

    def _received(self, visit: Visit, talk: session.V1Session, seq: int) -> None:
        if not talk.connected or seq > self._fanout.head:
            return
        visit.received = max(seq, visit.received or 0)
        if talk.client_id:
            self._cursors.note(visit.client.guard.principal.name, talk.client_id, self._fanout.epoch, seq)


async def current_row(hub: Guard, bad: UserError) -> Any:
    """Return the alert that a command was given an old version of, as it is now; None: the error is another one."""
    alert_id = bad.params.get("alert_id")
    if bad.code != "conflict" or not isinstance(alert_id, int):
        return None
    try:
        return await hub.query(m.GetAlert(alert_id=alert_id))
    except UserError:
        return None


def _actor(talk: session.V1Session, by: str = "") -> Actor:
    return Actor(name=by or talk.client_id, client=talk.client_id)
