"""The store on real files: restarts, failures of the disk and what is left after them."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import event

from spc_desktop.domain.delivery import Delivery, DeliveryOutcome
from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.ports import Batch
from spc_desktop.protocol import messages as m
from spc_desktop.storage import deliveries, log
from spc_desktop.storage import store as store_module
from spc_desktop.storage.store import SqlStore, open_store
from tests.storage_rows import START, alert, alert_batch, measurement, plant, point, points_batch, settle


def rows(file, statement):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def pragma_on_begin(store, *pragmas):
    """Run pragmas at the start of each of the writer's transactions; the list may be changed later."""
    wanted = list(pragmas)

    def begin(connection):
        for pragma in wanted:
            connection.exec_driver_sql(f"PRAGMA {pragma}")

    event.listen(store._engine, "begin", begin)
    return wanted


async def append_hundreds(store, count):
    for start in range(0, 100 * count, 100):
        await store.append(points_batch([point(i) for i in range(start, start + 100)]))


async def test_that_a_restart_finds_everything_and_goes_on_numbering(tmp_path):
    async with open_store(tmp_path / "new" / "folder") as store:
        await store.append(plant())
        await store.append(Batch(measurements=[measurement(1)], keys=[("k", 1)], monitor_states={1: b"s"}))
        await store.append(alert_batch([alert(1)]))
        before = await store.load()
    async with open_store(tmp_path / "new" / "folder") as store:
        assert await store.load() == before
        assert await store.known_keys(["k"]) == {"k": 1}
        (told,) = await store.append(alert_batch([alert(2)]))
    assert (told.seq, told.epoch) == (3, before.epoch)
    assert [file.name for file in (tmp_path / "new" / "folder").iterdir()] == ["spc.sqlite3"]


async def test_that_two_new_logs_never_share_an_epoch(tmp_path):
    epochs = set()
    for name in "abc":
        async with SqlStore(tmp_path / name) as store:
            epochs.add((await store.load()).epoch)
    assert len(epochs) == 3
    assert {len(epoch) for epoch in epochs} == {26}


async def test_that_a_commit_survives_a_power_cut_as_far_as_sqlite_can_promise(tmp_path):
    async with SqlStore(tmp_path / "s.db") as store:
        with store._engine.connect() as connection:
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


async def test_that_readers_cannot_write(tmp_path):
    async with SqlStore(tmp_path / "s.db") as store:
        with store._read_engine.connect() as connection, pytest.raises(Exception, match="readonly"):
            connection.exec_driver_sql("DELETE FROM event")


async def test_that_batches_that_wait_share_a_transaction_and_a_wake_up(tmp_path, monkeypatch):
    commits, wakes = [], []
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant())
        await settle(store)
        event.listen(store._engine, "commit", commits.append)
        held = threading.Event()
        store._writer.submit(held.wait, 10)
        waiting = [asyncio.create_task(store.append(alert_batch([alert(i)]))) for i in range(1, 41)]
        await asyncio.sleep(0.05)
        loop = asyncio.get_running_loop()
        wake = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *call: wakes.append(call) or wake(*call))
        held.set()
        answers = await asyncio.gather(*waiting)
        monkeypatch.undo()
    assert len(commits) == 1
    assert len(wakes) == 1
    assert [events[0].seq for events in answers] == list(range(2, 42))


async def test_that_a_batch_at_fault_fails_alone_and_takes_no_number(tmp_path):
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant())
        await settle(store)
        held = threading.Event()
        store._writer.submit(held.wait, 10)
        orphan = alert_batch([alert(3, product_id=99)])
        batches = [alert_batch([alert(1)]), orphan, alert_batch([alert(2)])]
        waiting = [asyncio.create_task(store.append(batch)) for batch in batches]
        await asyncio.sleep(0.05)
        held.set()
        first, bad, last = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(bad, sqlite3.IntegrityError)
        assert (first[0].seq, last[0].seq) == (2, 3)
        page = await store.query(m.GetEvents(since=0))
        assert [e.seq for e in page.events] == [1, 2, 3]


async def test_that_a_caller_who_gives_up_does_not_tear_the_batch(tmp_path):
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant())
        await settle(store)
        held = threading.Event()
        store._writer.submit(held.wait, 10)
        task = asyncio.create_task(store.append(alert_batch([alert(1)])))
        await asyncio.sleep(0.05)
        task.cancel()
        held.set()
        (told,) = await store.append(alert_batch([alert(2)]))
        assert told.seq == 3
        assert (await store.query(m.GetAlerts())).total == 2


async def test_that_what_was_appended_is_stored_when_the_store_closes(tmp_path):
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant())
        waiting = [asyncio.create_task(store.append(alert_batch([alert(i)]))) for i in range(1, 201)]
        await asyncio.sleep(0)
    assert all(len(task.result()) == 1 for task in waiting)
    assert rows(tmp_path / "s.db", "SELECT count(*), max(changed_seq) FROM alert") == [(200, 201)]


async def test_that_a_full_disk_is_said_and_leaves_nothing_and_space_heals_it(tmp_path):
    store = SqlStore(tmp_path / "s.db")
    wanted = pragma_on_begin(store)
    async with store:
        await store.append(plant())
        wanted.append("max_page_count=1")  # SQLite raises it to the present size: not a page more
        with pytest.raises(KnownError, match="disk_full") as full:
            await append_hundreds(store, 50)
        assert full.value.params["path"] == str(tmp_path / "s.db")
        found = await store.query(m.GetPoints(characteristic_id=1, limit=9999))
        page = await store.query(m.GetEvents(since=0))
        assert found.total == 100 * (page.head - 1)  # each batch is there with its event, or neither
        wanted[:] = ["max_page_count=1000000"]
        (told,) = await store.append(points_batch([point(found.total)]))
        assert told.seq == page.head + 1


async def test_that_a_lock_held_by_another_program_is_said_and_waited_out_next_time(tmp_path):
    async with SqlStore(tmp_path / "s.db", busy_timeout_ms=50) as store:
        await store.append(plant())
        with closing(sqlite3.connect(tmp_path / "s.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(KnownError, match="database_locked"):
                await store.append(alert_batch([alert(1)]))
            assert (await store.query(m.GetAlerts())).total == 0  # readers go on
            other.execute("ROLLBACK")
        (told,) = await store.append(alert_batch([alert(1)]))
        assert told.seq == 2


async def test_that_a_file_that_may_not_be_written_is_said(tmp_path):
    store = SqlStore(tmp_path / "s.db")
    wanted = pragma_on_begin(store)
    async with store:
        await store.append(plant())
        wanted.append("query_only=ON")
        with pytest.raises(KnownError, match="read_only"):
            await store.append(alert_batch([alert(1)]))
        wanted[:] = ["query_only=OFF"]
        assert await store.append(alert_batch([alert(1)]))


async def test_that_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path):
    file = tmp_path / "spc.sqlite3"
    file.write_bytes(b"measurement;10.5\n" * 500)
    with pytest.raises(KnownError, match="database_corrupt") as refused:
        async with open_store(tmp_path):
            pass
    assert refused.value.params["path"] == str(file)
    assert refused.value.params["backups"] == str(tmp_path / "backups")
    assert file.read_bytes() == b"measurement;10.5\n" * 500


async def test_that_damage_inside_the_file_is_said(tmp_path):
    file = tmp_path / "s.db"
    async with SqlStore(file) as store:
        await store.append(plant())
        for start in range(0, 3000, 500):
            await store.append(points_batch([point(i) for i in range(start, start + 500)]))
    content = bytearray(file.read_bytes())
    ((root,),) = rows(file, "SELECT rootpage FROM sqlite_schema WHERE name = 'point'")
    content[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    file.write_bytes(content)
    async with SqlStore(file) as store:
        with pytest.raises(KnownError, match="database_corrupt"):
            await store.points_between(1, 0, 9)


async def test_that_a_place_where_no_file_can_be_is_said(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(KnownError, match="database_unavailable"):
        async with open_store(tmp_path / "file" / "data"):
            pass


async def test_that_another_programs_database_is_refused_untouched(tmp_path):
    with closing(sqlite3.connect(tmp_path / "s.db")) as other:
        other.execute("CREATE TABLE books (title)")
    with pytest.raises(KnownError, match="database_foreign"):
        async with SqlStore(tmp_path / "s.db"):
            pass
    assert rows(tmp_path / "s.db", "SELECT name FROM sqlite_schema") == [("books",)]


async def test_that_the_event_log_is_kept_short_and_says_where_it_begins(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "KEEP_EVENTS", 3000)
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant())
        for start in range(1, 10_000, 500):
            await store.append(alert_batch([alert(i) for i in range(start, start + 500)]))
        await settle(store)
        page = await store.query(m.GetEvents(since=0, limit=2))
        kept = page.head - page.first + 1
        assert 3000 <= kept <= 3000 + log.STEP
        assert [e.seq for e in page.events] == [page.first, page.first + 1]
        assert (await store.query(m.GetAlerts())).total == 10_000  # alerts are records, not log


async def test_that_the_event_log_stays_short_while_batches_always_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(log, "KEEP_EVENTS", 1000)
    monkeypatch.setattr(store_module, "GROUP", 1)
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant())
        flood = [asyncio.create_task(store.append(alert_batch([alert(i) for i in range(1, 3001)]))) for _ in range(10)]
        await asyncio.gather(*flood[:9])
        page = await store.query(m.GetEvents(since=0, limit=1))
        assert page.head - page.first + 1 < 3 * 3000  # of 27 000 and more
        await flood[9]


async def test_that_old_events_go_but_never_the_newest(tmp_path):
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant())
        for _ in range(2):
            old = alert_batch([alert(i) for i in range(1, log.STEP)])
            await store.append(old)
        late = m.CatalogueEvent(ts=START + timedelta(days=log.KEEP_DAYS + 30))
        (told,) = await store.append(Batch(events=[late]))
        await store.append(Batch(events=[late] * log.STEP))
    async with SqlStore(tmp_path / "s.db") as store:
        await settle(store)
        page = await store.query(m.GetEvents(since=0, limit=1))
        assert page.first == told.seq
        assert page.events[0].seq == told.seq
        assert page.head == told.seq + log.STEP


async def test_that_the_delivery_log_is_kept_short_but_not_what_has_to_be_sent(tmp_path, monkeypatch):
    monkeypatch.setattr(deliveries, "KEEP", 1000)
    kinds = {True: DeliveryOutcome.WAITING, False: DeliveryOutcome.SENT}
    async with SqlStore(tmp_path / "s.db") as store:
        for first in range(1, 10_000, 500):
            ids = range(first, first + 500)
            many = [Delivery(id=at, at=START, channel="email", outcome=kinds[at % 1000 == 1]) for at in ids]
            await store.append(Batch(deliveries=many))
        await settle(store)
    kept = rows(tmp_path / "s.db", "SELECT id, outcome FROM delivery ORDER BY id")
    assert [at for at, kind in kept if kind == "waiting"] == list(range(1, 10_000, 1000))
    assert 999 <= sum(kind == "sent" for _, kind in kept) <= 1000 + log.STEP


async def test_that_the_catalogue_is_exact_for_its_seq_while_points_arrive(tmp_path):
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant())
        done = asyncio.Event()

        async def write():
            for i in range(300):
                await store.append(points_batch([point(i)]))
            done.set()

        writing = asyncio.create_task(write())
        seen = set()
        while not done.is_set():
            found = await store.query(m.GetCatalogue())
            assert found.states[0].points == found.seq - 1
            seen.add(found.seq)
        await writing
    assert len(seen) > 1
