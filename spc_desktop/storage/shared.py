"""``SharedStore``: the store of several hubs on one PostgreSQL, of which one at a time writes: the one that holds the lease.

The lease is one row of ``meta``: who holds it, until when (by the database's clock, the only one they share), and a fencing
token that rises with every holder. Whoever writes compares the token within its transaction, under the lock that all writers
take; taking the lease needs the same lock. So what a hub writes is either before the change or refused.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, NamedTuple, Self, TypeVar

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import ArgumentError

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.ports import Holder
from spc_desktop.storage import migrate, schema
from spc_desktop.storage.append import head_of
from spc_desktop.storage.engine import database_url, lease_engine, reader_engine, surroundings, writers_turn
from spc_desktop.storage.store import SqlStore, Waiting

NAME = "lease"
TURN_SECONDS = 3.0
"""How long a hub that takes over waits for a writer that is in the middle of a transaction."""

T = TypeVar("T")
_VALUE = select(schema.meta.c.value).where(schema.meta.c.name == NAME)


class Seen(NamedTuple):
    """What somebody from outside sees of a shared database."""

    version: str | None
    holder: str
    """``host:port`` of the hub that leads; empty: none does."""


class _Lease(Struct, frozen=True):
    holder: Holder
    until: float
    """Seconds of the database's clock."""


class SharedStore(SqlStore):
    """``hub.ports.SharedStore`` on PostgreSQL: ``SqlStore`` that writes only while it holds the lease."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._mine: Holder | None = None
        self._doubtful = False
        self._lease_engine = lease_engine(self._url)
        self._keeper = ThreadPoolExecutor(1, thread_name_prefix="spc-lease")

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await super().__aexit__(*exc)
        await self._loop.run_in_executor(self._keeper, self._lease_engine.dispose)
        self._keeper.shutdown()

    async def hold(self, me: Holder, seconds: float) -> Holder:
        """Take or extend the lease; see ``hub.ports.SharedStore``."""
        holder = await self._keep(_hold, me, seconds)
        self._mine = holder if holder.id == me.id else None
        return holder

    @property
    def doubtful(self) -> bool:
        return self._doubtful

    def settle(self) -> None:
        self._doubtful = False
        super()._take_up()

    async def let_go(self) -> None:
        mine, self._mine = self._mine, None
        if mine is not None:
            await self._keep(_let_go, mine)

    async def newest(self) -> int:
        return await self._read(head_of)

    async def seen_as(self) -> str:
        return await self._keep(_seen_as)

    async def _keep(self, work: Callable[..., T], *args: Any) -> T:
        def run() -> T:
            with surroundings(self._url), self._lease_engine.begin() as connection:
                return work(connection, *args)

        return await asyncio.get_running_loop().run_in_executor(self._keeper, run)

    def _take_up(self) -> None:
        """Nothing is mended before the lease is held."""

    def _write(self, group: Sequence[Waiting]) -> None:
        super()._write(group)
        error = group[0].error
        if isinstance(error, KnownError) and error.code == "database_unavailable":
            self._doubtful = True

    def _check(self, connection: Connection) -> None:
        """Refuse to write for a hub that does not hold the lease (any more), or does not know what is stored.

        Raises:
            KnownError: ``not_leader``.
        """
        mine = self._mine
        lease = _read(connection.scalar(_VALUE))
        if (
            self._doubtful
            or mine is None
            or lease is None
            or (lease.holder.id, lease.holder.token) != (mine.id, mine.token)
        ):
            raise KnownError("not_leader")


def check_url(url: str) -> None:
    """Refuse what cannot be the address of a shared database.

    Raises:
        UserError: ``database_url_invalid``, ``driver_missing``.
    """
    try:
        found = database_url(url) if "://" in url else None
    except (ArgumentError, ValueError):
        found = None
    if found is None or found.get_backend_name() != "postgresql" or not found.database:
        raise UserError("database_url_invalid", url=url.rpartition("@")[2])
    if find_spec("psycopg") is None:
        raise UserError("driver_missing", what="PostgreSQL", package="psycopg[binary]", extra="cluster")


def look(url: str) -> Seen:
    """Return what a shared database holds, without changing anything.

    Raises:
        KnownError: it cannot be reached.
    """
    engine = reader_engine(database_url(url), 5000, 1)
    try:
        with surroundings(engine.url), engine.begin() as connection:
            version = migrate.version_of(connection)
            lease = _read(connection.scalar(_VALUE)) if version is not None else None
            leads = lease is not None and lease.until > _now(connection)
            return Seen(version, f"{lease.holder.host}:{lease.holder.port}" if lease is not None and leads else "")
    finally:
        engine.dispose()


def shown(url: str) -> str:
    """Return an address without its password."""
    return database_url(url).render_as_string()


def _hold(connection: Connection, me: Holder, seconds: float) -> Holder:
    lease = _read(connection.scalar(_VALUE.with_for_update()))
    if lease is not None and lease.holder.id != me.id and lease.until > _now(connection):
        return lease.holder
    if lease is None or lease.holder.id != me.id:
        writers_turn(connection, TURN_SECONDS)  # what the one before has begun is committed or gone after this
        lease = _read(connection.scalar(_VALUE.with_for_update()))  # two may have come to an empty place
        if lease is not None and lease.holder.id != me.id and lease.until > _now(connection):
            return lease.holder
        token = 1 if lease is None else lease.holder.token + 1
        me = msgspec.structs.replace(me, token=token)
    else:
        me = msgspec.structs.replace(me, token=lease.holder.token)
    _write(connection, _Lease(me, _now(connection) + seconds), new=lease is None)
    return me


def _let_go(connection: Connection, mine: Holder) -> None:
    lease = _read(connection.scalar(_VALUE.with_for_update()))
    if lease is not None and (lease.holder.id, lease.holder.token) == (mine.id, mine.token):
        _write(connection, _Lease(lease.holder, 0.0), new=False)


def _seen_as(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT host(inet_client_addr())")) or "127.0.0.1")


def _now(connection: Connection) -> float:
    return float(connection.scalar(select(func.extract("epoch", func.clock_timestamp()))) or 0.0)


def _read(value: str | None) -> _Lease | None:
    return None if value is None else msgspec.json.decode(value, type=_Lease)


def _write(connection: Connection, lease: _Lease, *, new: bool) -> None:
    value = msgspec.json.encode(lease).decode()
    if new:
        connection.execute(insert(schema.meta).values(name=NAME, value=value))
    else:
        connection.execute(update(schema.meta).where(schema.meta.c.name == NAME).values(value=value))
