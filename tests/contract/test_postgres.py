"""What only a database server has: several writers, a trail it guards itself, and going away."""

import asyncio

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.ports import AuditRecord, Batch
from spc_desktop.protocol import messages as m
from spc_desktop.storage import audit
from spc_desktop.storage.store import SqlStore
from tests.storage_rows import START, alert, alert_batch, plant


async def test_that_two_stores_on_one_server_number_their_events_without_holes_and_chain_one_trail(postgres_database):
    url = postgres_database()
    async with SqlStore(url) as one, SqlStore(url) as other:
        await one.append(plant())
        record = AuditRecord(at=START, actor="김", action="ack", object="alert 1")
        batches = [alert_batch([alert(i)]) for i in range(1, 41)]
        for batch in batches:
            batch.audit.append(record)
        answers = await asyncio.gather(*(((one, other)[i % 2]).append(batch) for i, batch in enumerate(batches)))
        assert sorted(event.seq for events in answers for event in events) == list(range(2, 42))
        assert len({event.epoch for events in answers for event in events}) == 1
        assert [e.seq for e in (await other.query(m.GetEvents(since=0))).events] == list(range(1, 42))
    engine = create_engine(url)
    with engine.begin() as connection:
        assert audit.verify(connection)[:3] == (40, None, ((1, 40),))
    for statement in ("UPDATE audit SET actor = 'lee'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()


async def test_that_a_server_that_is_away_is_told_as_such():
    with pytest.raises(KnownError, match="database_unavailable"):
        async with SqlStore("postgresql+psycopg://spc:secret@127.0.0.1:1/hub") as store:
            await store.append(Batch())


async def test_that_a_lost_connection_fails_one_append_and_the_next_one_is_written(postgres_database):
    url = postgres_database()
    async with SqlStore(url) as store:
        await store.append(plant())
        admin = create_engine(url)
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        with admin.begin() as connection:
            connection.execute(text(f"{ended} AND datname = current_database()"))
        admin.dispose()
        with pytest.raises(KnownError, match="database_unavailable"):
            await store.append(alert_batch([alert(1)]))
        (event,) = await store.append(alert_batch([alert(2)]))
        assert event.seq == 2
        assert (await store.load()).head == 2
