"""What every relay keeps: order, nothing changed, readers that are independent; and what Redis alone has: being away."""

import asyncio
from contextlib import aclosing

import pytest

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.relay.memory import MemoryRelay
from spc_desktop.relay.streams import RedisRelay, shown
from tests import redis


@pytest.fixture(params=["memory", "redis"])
async def ends(request):
    """The sending end and two receiving ones: with Redis, three connections."""
    if request.param == "memory":
        one = MemoryRelay()
        yield one, one, one
        return
    url = request.getfixturevalue("redis_server").url
    relays = [RedisRelay(url, "spc:a") for _ in range(3)]
    yield tuple(relays)
    for relay in relays:
        await relay.close()


async def read(listening, count):
    found = []
    while len(found) < count:
        found += await asyncio.wait_for(anext(listening), 30)
    return found


async def test_that_every_listener_gets_all_messages_in_order_and_as_they_were(ends):
    sender, one, other = ends
    await sender.send([b"before anyone listens"])
    sent = [bytes([i % 256]) * (i + 1) for i in range(700)]
    async with aclosing(one.listen()) as first, aclosing(other.listen()) as second:
        assert list(await anext(first)) == list(await anext(second)) == []
        for at in range(0, len(sent), 100):
            await sender.send(sent[at : at + 100])
        assert await read(first, len(sent)) == sent
        assert await read(second, len(sent)) == sent


async def test_that_a_listener_who_reads_late_still_gets_what_came_meanwhile(ends):
    sender, one, _ = ends
    async with aclosing(one.listen()) as listening:
        await anext(listening)
        await sender.send([b"a"])
        assert await read(listening, 1) == [b"a"]
        for text in (b"b", b"c", b"d"):  # while nobody waits
            await sender.send([text])
        assert await read(listening, 3) == [b"b", b"c", b"d"]


async def test_that_streams_of_two_databases_are_apart_on_one_server(redis_server):
    one, other = RedisRelay(redis_server.url, "spc:a"), RedisRelay(redis_server.url, "spc:b")
    async with aclosing(other.listen()) as listening:
        await anext(listening)
        await one.send([b"of a"])
        await other.send([b"of b"])
        assert await read(listening, 1) == [b"of b"]
    await one.close()
    await other.close()


async def test_that_a_server_that_goes_is_told_to_both_ends_and_one_that_comes_back_is_used(redis_server):
    relay = RedisRelay(redis_server.url, "spc:a")
    async with aclosing(relay.listen()) as listening:
        await anext(listening)
        redis_server.stop()
        with pytest.raises(KnownError, match="relay_unavailable"):
            await anext(listening)
    with pytest.raises(KnownError, match="relay_unavailable"):
        await relay.send([b"lost"])
    redis_server.start()
    async with aclosing(relay.listen()) as listening:
        await anext(listening)
        await relay.send([b"again"])
        assert await read(listening, 1) == [b"again"]
    await relay.close()


async def test_that_a_wrong_password_is_told_without_showing_it():
    try:
        with redis.server("--requirepass", "right") as server:
            relay = RedisRelay(server.url.replace("//", "//:wrong@"), "spc:a")
            with pytest.raises(KnownError, match="relay_refused") as refused:
                await relay.check()
            assert "wrong" not in str(refused.value.params["url"])
            await relay.close()
    except RuntimeError as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize(
    "url", ["", "redis", "http://h:1/0", "redis://", "redis://h:port/0", "redis://:secret@h:99999/0"]
)
def test_that_an_address_that_is_none_is_refused_without_showing_its_password(url):
    with pytest.raises(UserError, match="relay_url_invalid") as refused:
        RedisRelay(url, "spc:a")
    assert "secret" not in str(refused.value)


def test_that_an_address_is_shown_without_its_password():
    assert shown("rediss://user:secret@cache.site:6380/2") == "rediss://cache.site:6380/2"
    assert shown("redis://:secret@[::1]/0") == "redis://[::1]/0"
