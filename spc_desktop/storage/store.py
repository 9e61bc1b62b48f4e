"""``SqlStore``: the hub's store on a database. One thread writes, two read; nothing blocks the loop.

Appends wait in line; the writer takes all that wait into one transaction (group commit), so a slow disk makes groups
larger, not queues longer. The loop is woken once per transaction.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection

from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.note import Note
from spc_desktop.domain.point import Point
from spc_desktop.hub.ports import Batch, Stored
from spc_desktop.protocol import messages as m
from spc_desktop.storage import deliveries, log, migrate, reader
from spc_desktop.storage.append import Appender
from spc_desktop.storage.engine import database_url, reader_engine, sqlite_file, surroundings, writer_engine

FILE_NAME = "spc.sqlite3"
READERS = 2
GROUP = 64
"""Most batches of one transaction."""
PAGES_WAITING = 16
"""Most full pages of points that wait for a quiet moment."""
QUIET = 0.5
"""Seconds without a batch after which what may wait is done."""
UNINDEXED = 8192
"""Most alerts that wait for that to be added to the search index: a search looks at each of them (10 ms for so many)."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


def open_store(data_dir: Path) -> "SqlStore":
    """Return the store of a data folder (made when it is entered)."""
    return SqlStore(data_dir / FILE_NAME)


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Waiting:
    """A batch in line, and then what became of it."""

    batch: Batch
    answer: asyncio.Future[list[m.AnyEvent]]
    events: list[m.AnyEvent] | None = None
    error: BaseException | None = None


class SqlStore:
    """``hub.ports.Store`` on SQLite (PostgreSQL uses the same statements).

    Args:
        url_or_path: a SQLAlchemy URL, or the path of a SQLite file (its folder is made).
        now: the wall clock, for the dashboard's days.
        busy_timeout_ms: how long another program may hold the file before ``database_locked`` is raised.
        readers: threads for queries; two of its own when None.
    """

    def __init__(
        self,
        url_or_path: str | Path,
        *,
        now: Callable[[], datetime] = _utc_now,
        busy_timeout_ms: int = 5000,
        readers: Executor | None = None,
    ) -> None:
        self._url = database_url(url_or_path)
        self._now = now
        self._engine = writer_engine(self._url, busy_timeout_ms)
        self._read_engine = reader_engine(self._url, busy_timeout_ms, READERS)
        self._own_readers = None if readers else ThreadPoolExecutor(READERS, thread_name_prefix="spc-reader")
        self._readers = readers or self._own_readers
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="spc-writer")
        self._line: deque[Waiting] = deque()
        self._connection: Connection | None = None
        self._unpruned = log.STEP  # look soon after the start
        self._closing = False
        self._heard = 0.0
        self._bell: asyncio.TimerHandle | None = None
        self._appender: Appender
        self._loop: asyncio.AbstractEventLoop
        self.backup: Path | None = None
        """The backup that was taken before a migration when this store was opened."""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        try:
            await self._loop.run_in_executor(self._writer, self._open)
        except BaseException:
            await self.__aexit__()
            raise
        self._take_up()
        return self

    def _take_up(self) -> None:
        """Let the writer look for what the last run left undone."""
        self._writer.submit(self._mend).add_done_callback(_report)

    async def __aexit__(self, *exc: object) -> None:
        self._closing = True
        if self._bell is not None:
            self._bell.cancel()
        if self._own_readers is not None:
            self._own_readers.shutdown()
        await self._loop.run_in_executor(self._writer, self._close)  # behind every batch in line
        self._writer.shutdown()

    async def load(self) -> Stored:
        return await self._read(reader.load)

    async def known_keys(self, keys: Collection[str]) -> dict[str, int]:
        return await self._read(reader.known_keys, list(keys)) if keys else {}

    async def noted(self, key: str) -> Note | None:
        return await self._read(reader.noted, key)

    async def measurement(self, row_id: int) -> Measurement | None:
        return await self._read(reader.measurement, row_id)

    async def documents(self, kind: str) -> dict[str, bytes]:
        return await self._read(reader.documents, kind)

    async def append(self, batch: Batch) -> list[m.AnyEvent]:
        """Write a batch; see ``Store.append``. A caller that is cancelled while it waits does not stop the write."""
        waiting = Waiting(batch, self._loop.create_future())
        self._line.append(waiting)
        self._heard = self._loop.time()
        if self._bell is None:
            self._bell = self._loop.call_later(QUIET, self._look)
        self._writer.submit(self._drain).add_done_callback(_report)
        return await waiting.answer

    def _look(self) -> None:
        """Let the writer tidy when no batch has come for a while."""
        left = self._heard + QUIET - self._loop.time()
        if left > 0:
            self._bell = self._loop.call_later(left, self._look)
            return
        self._bell = None
        self._writer.submit(self._tidy, quiet=True).add_done_callback(_report)

    async def query(self, query: m.AnyQuery) -> Any:
        return await self._read(reader.answer, query, self._now())

    async def measurements_between(
        self, characteristic_id: int, first_index: int, last_index: int
    ) -> Sequence[Measurement]:
        return await self._read(reader.measurements_between, characteristic_id, first_index, last_index)

    async def points_between(self, characteristic_id: int, first_index: int, last_index: int) -> Sequence[Point]:
        return await self._read(reader.points_between, characteristic_id, first_index, last_index)

    async def _read(self, question: Callable[..., T], *args: Any) -> T:
        return await self._loop.run_in_executor(self._readers, self._ask, question, args)

    # -- in a reader thread --------------------------------------------------------------------------------------------

    def _ask(self, question: Callable[..., T], args: Sequence[Any]) -> T:
        with surroundings(self._url), self._read_engine.begin() as connection:
            return question(connection, *args)

    # -- in the writer thread ------------------------------------------------------------------------------------------

    def _open(self) -> None:
        file = sqlite_file(self._url)
        with surroundings(self._url):
            if file is not None:
                _make_folder(file.parent)
            self.backup = migrate.migrate(self._engine)
            with self._engine.begin() as connection:
                self._appender = Appender(self._engine.dialect.name, log.ensure_epoch(connection))
                self._appender.index.begin(connection)

    def _close(self) -> None:
        self._disconnect()
        self._read_engine.dispose()
        self._engine.dispose()

    def _drain(self) -> None:
        """Write all that waits. One such call is made per batch; whichever comes first takes the others' batches too."""
        while self._line:
            group = [self._line.popleft() for _ in range(min(GROUP, len(self._line)))]
            self._write(group)
            if len(group) > 1 and group[0].error and not isinstance(group[0].error, KnownError):
                for waiting in group:  # one at fault must not spoil the others: each by itself
                    self._write([waiting])
            self._loop.call_soon_threadsafe(_tell, group)
            self._unpruned += sum(len(waiting.batch.events) + len(waiting.batch.deliveries) for waiting in group)
            if group[-1].error is None:
                self._tidy()

    def _write(self, group: Sequence[Waiting]) -> None:
        """Write one transaction; either all of the group get their events or all get the error."""
        error: BaseException | None = None
        written: list[list[m.AnyEvent]] = []
        try:
            with surroundings(self._url):
                connection = self._connected()
                with connection.begin():
                    self._check(connection)
                    written = [self._appender.write(connection, waiting.batch) for waiting in group]
        except Exception as failure:  # noqa: BLE001 - the thread's boundary: whatever it is, the caller who waits gets it
            error = failure
            self._disconnect()  # a new connection knows nothing of the failure
        for position, waiting in enumerate(group):
            waiting.error = error
            waiting.events = written[position] if error is None else None

    def _check(self, connection: Connection) -> None:
        """Refuse a transaction that this store may not write any more; here it always may."""

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None

    def _tidy(self, *, quiet: bool = False) -> None:
        """Do what may wait while no batch waits, in small transactions; under lasting load, when too much has gathered."""
        try:
            while self._work_to_do(quiet=quiet) and (not self._line or self._work_gathered()):
                with surroundings(self._url):
                    self._do_some()
        except KnownError as error:
            self._put_off(error)

    def _do_some(self) -> None:
        appender, connection = self._appender, self._connected()
        reached: int | None = None
        with connection.begin():
            self._check(connection)
            if appender.pages.waiting:
                appender.pages.roll(connection)
            elif self._unpruned >= log.STEP // 2:
                more = log.prune(connection)
                more = deliveries.prune(connection) or more
                rest = max(self._unpruned - log.STEP // 2, log.STEP // 2)
                self._unpruned = rest if more else 0
            else:
                reached = appender.index.catch_up(connection)
        if reached is not None:
            appender.index.reached(reached)

    def _work_to_do(self, *, quiet: bool) -> bool:
        """What is left when the store closes is found again when it is opened."""
        unindexed = self._appender.index.waiting > (0 if quiet else UNINDEXED)
        waiting = unindexed or self._appender.pages.waiting or self._unpruned >= log.STEP // 2
        return bool(waiting) and not self._closing

    def _work_gathered(self) -> bool:
        """A step of pruning takes twice what calls for it, so that the log shrinks under any load."""
        behind = self._appender.index.waiting > UNINDEXED
        return behind or len(self._appender.pages.waiting) > PAGES_WAITING or self._unpruned >= log.STEP

    def _mend(self) -> None:
        """Take up what the last run left undone."""
        try:
            with surroundings(self._url), self._connected().begin():
                self._check(self._connected())
                self._appender.pages.find(self._connected())
        except KnownError as error:
            self._put_off(error)
        else:
            self._tidy(quiet=True)

    def _put_off(self, error: KnownError) -> None:
        _log.warning("the store is not tidied now: %s", error)
        self._disconnect()


def _tell(group: Sequence[Waiting]) -> None:
    for waiting in group:
        if waiting.answer.done():  # cancelled
            if waiting.error is not None:
                _log.warning("a batch nobody waits for any more was not written: %s", waiting.error)
        elif waiting.events is not None:
            waiting.answer.set_result(waiting.events)
        else:
            waiting.answer.set_exception(waiting.error or RuntimeError("batch was not written"))


def _report(drained: Future[None]) -> None:
    error = drained.exception()
    if error is not None:
        _log.error("the writer failed outside a batch", exc_info=error)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KnownError("database_unavailable", path=str(folder), detail=str(error)) from error
