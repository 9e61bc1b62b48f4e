"""The lease that says which of several hubs writes, and the fence that holds back who has lost it. On a real server."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.ports import Holder
from spc_desktop.storage.shared import SharedStore
from tests.storage_rows import alert, alert_batch, plant

A, B = Holder(id="a", port=1), Holder(id="b", port=2)


def end_lease(url):
    """Let the time of the lease be over without waiting for it."""
    engine = create_engine(url)
    with engine.begin() as connection:
        statement = "UPDATE meta SET value = jsonb_set(value::jsonb, '{until}', '0')::text WHERE name = 'lease'"
        assert connection.execute(text(statement)).rowcount == 1
    engine.dispose()


def add_stranger(url):
    """Make a user who needs a password, in a server that trusts all others."""
    engine = create_engine(url)
    rule = "SELECT count(*) FROM pg_hba_file_rules WHERE 'stranger' = ANY(user_name)"
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE stranger LOGIN PASSWORD 'right'"))
        file = Path(connection.scalar(text("SELECT current_setting('hba_file')")))
        file.write_text("host all stranger 127.0.0.1/32 scram-sha-256\n" + file.read_text("utf-8"), "utf-8")
        connection.execute(text("SELECT pg_reload_conf()"))
    with engine.begin() as connection:
        assert connection.scalar(text(rule)) == 1
    engine.dispose()


async def test_that_one_hub_holds_the_lease_and_the_other_learns_who(postgres_database):
    url = postgres_database()
    async with SharedStore(url) as one, SharedStore(url) as other:
        mine = await one.hold(A, 60)
        assert (mine.id, mine.token) == ("a", 1)
        assert await other.hold(B, 60) == mine
        assert await one.hold(A, 60) == mine
        await one.let_go()
        assert (await other.hold(B, 60)).token == 2
        assert (await one.hold(A, 60)).id == "b"


async def test_that_of_many_hubs_that_start_together_exactly_one_leads(postgres_database):
    url = postgres_database()
    stores = [SharedStore(url) for _ in range(4)]
    for store in stores:
        await store.__aenter__()
    found = await asyncio.gather(
        *(store.hold(Holder(id=str(i)), 60) for i, store in enumerate(stores)), return_exceptions=True
    )
    settled = [await store.hold(Holder(id=str(i)), 60) for i, store in enumerate(stores)]
    assert len({holder.id for holder in settled}) == 1
    assert all(isinstance(holder, Holder) and holder.id == settled[0].id for holder in found)
    for store in stores:
        await store.__aexit__()


async def test_that_who_lost_the_lease_can_write_no_more(postgres_database):
    url = postgres_database()
    async with SharedStore(url) as one, SharedStore(url) as other:
        await one.hold(A, 60)
        await one.append(plant())
        end_lease(url)
        await one.append(alert_batch([alert(1)]))  # its time is over, but nobody else has come
        assert (await other.hold(B, 60)).id == "b"
        with pytest.raises(KnownError, match="not_leader"):
            await one.append(alert_batch([alert(2)]))
        (event,) = await other.append(alert_batch([alert(2)]))
        assert event.seq == await one.newest() == 3


async def test_that_who_never_held_the_lease_cannot_write(postgres_database):
    async with SharedStore(postgres_database()) as store:
        with pytest.raises(KnownError, match="not_leader"):
            await store.append(plant())
        assert await store.newest() == 0


async def test_that_one_who_takes_over_waits_for_what_is_just_being_written(postgres_database):
    url = postgres_database()
    async with SharedStore(url) as one, SharedStore(url) as other:
        await one.hold(A, 60)
        await one.append(plant())
        end_lease(url)
        writing = [asyncio.ensure_future(one.append(alert_batch([alert(i)]))) for i in range(1, 40)]
        taken = await other.hold(B, 60)
        head = await other.newest()
        done = await asyncio.gather(*writing, return_exceptions=True)
        assert taken.id == "b"
        assert await other.newest() == head == 1 + sum(isinstance(events, list) for events in done)
        assert all(isinstance(events, list) or events.code == "not_leader" for events in done)


async def test_that_the_database_tells_the_address_it_sees(postgres_database):
    async with SharedStore(postgres_database()) as store:
        assert await store.seen_as() == "127.0.0.1"


async def test_that_wrong_sign_in_and_unknown_database_are_told_apart_and_show_no_password(postgres_database):
    url = postgres_database()
    add_stranger(url)
    for wrong, code in (
        (url.replace("spc@", "stranger:wrong@"), "database_refused"),
        (url + "x", "database_unavailable"),
    ):
        with pytest.raises(KnownError, match=code) as told:
            async with SharedStore(wrong):
                pass
        assert ":wrong" not in str(told.value.params)
