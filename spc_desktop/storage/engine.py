"""Connections and all that differs between databases: PRAGMAs, upserts, and which failures the surroundings cause."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Dialect, Engine, Table, create_engine, event, insert, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.base import Executable

from spc_desktop.domain.errors import KnownError

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # a receipt survives a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-4000",  # KiB per connection; the system caches the file as well, and this fills and stays
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=4000",  # pages: a page changed by many commits is then copied once
    "PRAGMA journal_size_limit=67108864",  # give the log's disk space back after a long reader
)

STILL_MS = 5000
"""How long a transaction of PostgreSQL may wait for its own program."""
_REFUSED = ("authentication failed", "no password supplied", "pg_hba.conf")
"""What PostgreSQL says to a user it does not let in; the driver tells no code of it."""
_WRITER = 0x5350_4348  # names the lock that writers take, of all programs of this kind
_STATES = {
    "53100": "disk_full",
    "55P03": "database_locked",
    "40P01": "database_locked",
    "XX001": "database_corrupt",
    "XX002": "database_corrupt",
    "25P03": "database_unavailable",  # this program stood still in the middle of a transaction, and was disconnected
    "25006": "read_only",
    "42501": "read_only",
}
"""SQLSTATE of PostgreSQL -> code."""

_CODES = {
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_BUSY: "database_locked",
    sqlite3.SQLITE_LOCKED: "database_locked",
    sqlite3.SQLITE_CORRUPT: "database_corrupt",
    sqlite3.SQLITE_NOTADB: "database_corrupt",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PERM: "read_only",
    sqlite3.SQLITE_CANTOPEN: "database_unavailable",
    sqlite3.SQLITE_IOERR: "database_unavailable",
    sqlite3.SQLITE_NOMEM: "database_unavailable",
}


def database_url(url_or_path: str | Path) -> URL:
    """Return the SQLAlchemy address of a database: a URL as it is, a path as a SQLite file."""
    if isinstance(url_or_path, str) and "://" in url_or_path:
        url = make_url(url_or_path)
        # What every tool of PostgreSQL writes; SQLAlchemy would look for another driver than ours.
        return url.set(drivername="postgresql+psycopg") if url.drivername in {"postgresql", "postgres"} else url
    return URL.create("sqlite", database=str(Path(url_or_path).absolute()))


def sqlite_file(url: URL) -> Path | None:
    """Return the database file, or None where there is none."""
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def writer_engine(url: URL, busy_timeout_ms: int) -> Engine:
    """Return the engine of the one connection that writes; its transactions take the write lock at once."""
    engine = create_engine(url, pool_size=1, max_overflow=0, connect_args=patience(url))
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine, busy_timeout_ms, begin="BEGIN IMMEDIATE", read_only=False)
    else:
        event.listen(engine, "begin", _one_writer)
    return engine


def reader_engine(url: URL, busy_timeout_ms: int, connections: int) -> Engine:
    """Return an engine whose connections cannot write and whose transactions see one instant."""
    engine = create_engine(url, pool_size=connections, max_overflow=0, pool_pre_ping=True, connect_args=patience(url))
    if engine.dialect.name == "sqlite":
        _set_up_sqlite(engine, busy_timeout_ms, begin="BEGIN", read_only=True)
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def lease_engine(url: URL) -> Engine:
    """Return the engine of the one connection that keeps a lease: it waits for no writer, but where it says so."""
    return create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args=patience(url))


def patience(url: URL) -> dict[str, Any]:
    """Return how long a database server may be silent: who has it wait for a dead network cannot tell what is wrong.

    And how long the server lets us be: a program that stands still in a transaction holds the lock that all writers take.
    """
    if url.get_backend_name() != "postgresql":
        return {}
    keepalive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
    return {"connect_timeout": 5, **keepalive, "options": f"-c idle_in_transaction_session_timeout={STILL_MS}"}


def writers_turn(connection: Connection, most_seconds: float) -> None:
    """Wait until nobody writes and keep others from it until the transaction ends."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{most_seconds:g}s'")
    _one_writer(connection)


def _one_writer(connection: Connection) -> None:
    """Let transactions that write follow each other, also those of other hubs: seq must have no holes and rise in order."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER})")


def _set_up_sqlite(engine: Engine, busy_timeout_ms: int, begin: str, *, read_only: bool) -> None:
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver would begin late and not before SELECT; BEGIN is ours, below
        connection.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    def start(connection: Connection) -> None:
        connection.connection.cursor().execute(begin)  # exec_driver_sql costs 30 us more

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", start)


def _postgresql() -> Any:
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 45 ms that a line PC's SQLite never needs

    return postgresql


def upsert(table: Table, dialect: str) -> Executable:
    """Return an INSERT that replaces the row with the same primary key."""
    statement = sqlite.insert(table) if dialect == "sqlite" else _postgresql().insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


Flags = tuple[int, int] | tuple[bool, bool]


class Prepared:
    """Statements compiled once to the driver's text: rows then go to the driver as tuples.

    Measured on rows of 18 columns in batches of 100: 65 000 rows/s instead of 40 000 through ``execute(insert(), dicts)``.
    """

    def __init__(self, dialect: str) -> None:
        self._name = dialect
        # psycopg takes %s and tuples as well as names and dicts
        self._dialect: Dialect = sqlite.dialect() if dialect == "sqlite" else _postgresql().dialect(paramstyle="format")
        # sqlite3 looks for an adapter whenever a value is not exactly int, float, str or bytearray: 0.3 us each.
        self.flags: Flags = (0, 1) if dialect == "sqlite" else (False, True)
        """What the driver takes for False and True."""

    def insert(self, table: Table, *, without: str = "") -> str:
        """Return an INSERT of all columns in their order, except ``without``."""
        names = [column.name for column in table.columns if column.name != without]
        return self.text(insert(table).inline(), names)

    def upsert(self, table: Table) -> str:
        return self.text(upsert(table, self._name), [column.name for column in table.columns])

    def text(self, statement: Any, parameters: Sequence[str] = ()) -> str:
        """Return the driver's text of a statement that takes these parameters in this order.

        Raises:
            ValueError: SQLAlchemy puts them in another order, so tuples would land in the wrong places.
        """
        compiled = statement.compile(dialect=self._dialect, column_keys=list(parameters) or None)
        if list(compiled.positiontup or ()) != list(parameters):
            raise ValueError(f"parameters stand as {compiled.positiontup}, not as {parameters}")
        return str(compiled)


@contextmanager
def surroundings(url: URL) -> Iterator[None]:
    """Turn failures of disk, lock and file into ``KnownError``; what is a bug passes as it is.

    Raises:
        KnownError: ``disk_full database_locked database_corrupt read_only database_unavailable database_refused`` with
            ``path``, ``detail``.
    """
    try:
        yield
    except DBAPIError as error:
        known = known_error(error.orig, url)
        if known is None:
            raise
        raise known from error
    except sqlite3.Error as error:
        known = known_error(error, url)
        if known is None:
            raise
        raise known from error


def known_error(error: BaseException | None, url: URL) -> KnownError | None:
    """Return what a driver's error says of the surroundings; None: a bug (wrong SQL, a broken constraint)."""
    code = getattr(error, "sqlite_errorcode", None)
    name = _CODES.get(code & 0xFF) if code is not None else None
    if url.get_backend_name() == "postgresql":
        state = getattr(error, "sqlstate", None)
        # No state: the connection was lost or never made. 08 connection, 53 resources, 57P the server is going.
        away = (state is None and type(error).__name__ == "OperationalError") or str(state).startswith(
            ("08", "53", "57P")
        )
        name = _STATES.get(state or "", "database_unavailable" if away else None)
        if state is None and away and any(words in str(error) for words in _REFUSED):
            name = "database_refused"
    if name is None:
        return None
    file = sqlite_file(url)
    params = {"path": str(file or url.render_as_string()), "detail": str(error)}
    if name == "database_corrupt" and file is not None:
        params["backups"] = str(file.parent / "backups")
    return KnownError(name, **params)
