"""A hub over a real socket that comes and goes: nothing missed, nothing doubled, and the pill tells the truth."""

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from websockets.asyncio.server import serve

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub.api import Link, LinkChanged, Resync, WatchFilter
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.link import socket_url
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.integration.server.clients import CATALOGUE, PATIENCE, Station

NOW = datetime.fromisoformat("2026-01-11T12:00:00+09:00")
CLOCK = SystemClock()


def value(number, minute=0, key="", characteristic_id=1):
    at = NOW + timedelta(minutes=minute)
    return MeasurementIn(characteristic_id=characteristic_id, values=(number,), measured_at=at, key=key)


async def until(holds):
    for _ in range(int(PATIENCE * 100)):
        if holds():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come about")


async def read(mailbox, wanted):
    """Read until ``wanted`` events came; return the events and everything else."""
    events, others = [], []
    async with asyncio.timeout(PATIENCE):
        while len(events) < wanted:
            for delivery in await mailbox.get():
                (events if isinstance(delivery, m.Event) else others).append(delivery)
    return events, others


async def read_resync(mailbox):
    async with asyncio.timeout(PATIENCE):
        while True:
            for delivery in await mailbox.get():
                if isinstance(delivery, Resync):
                    return delivery


async def read_to_the_end(mailbox):
    async with asyncio.timeout(PATIENCE):
        while True:
            await mailbox.get()


@pytest.fixture
async def far(station):
    async with RemoteHub(f"http://127.0.0.1:{station.port}", CLOCK) as hub:
        await until(lambda: hub.state.link is Link.LIVE)
        yield hub


@asynccontextmanager
async def moved(station):
    """The same station served again on the same port."""
    async with HubServer(station.hub, CLOCK, port=station.port) as server:
        yield Station(station.hub, station.store, server)


async def test_that_nothing_is_missed_or_doubled_across_a_lost_connection(station, far):
    async with far.watch(WatchFilter(types=frozenset({"alert"}))) as mailbox:
        await station.alert("before")
        events, _ = await read(mailbox, 1)
        await station.server.__aexit__(None, None, None)
        await until(lambda: far.state.link is Link.RECONNECTING)
        assert far.state.retry_in is not None
        for number in range(600):
            await station.alert(f"away {number}")
        async with moved(station) as again:
            reading = asyncio.ensure_future(read(mailbox, 601))
            await until(lambda: far.state.link is Link.LIVE)
            await again.alert("after")
            more, others = await reading
    titles = [event.alert.title for event in events + more]
    assert titles == ["before", *(f"away {number}" for number in range(600)), "after"]
    assert not any(isinstance(one, Resync) for one in others)
    links = [one.state.link for one in others if isinstance(one, LinkChanged)]
    assert links[0] is Link.RECONNECTING
    assert links[-1] is Link.LIVE


async def test_that_a_new_log_behind_the_same_address_is_told_as_a_resync(station, far):
    # The old log is longer than the new one: its positions mean nothing there.
    for number in range(20):
        await station.alert(f"{number}")
    async with far.watch() as mailbox:
        await station.server.__aexit__(None, None, None)
        async with Hub(MemoryStore(), CLOCK) as other, HubServer(other, CLOCK, port=station.port):
            await other.command(CATALOGUE)
            resync = await read_resync(mailbox)
            assert (resync.reason, resync.epoch) == ("epoch", other.epoch)
            await other.submit([value(12.0)])
            events, _ = await read(mailbox, 1)
            assert events[0].epoch == other.epoch


async def test_that_a_mailbox_can_be_resumed_and_joins_the_live_stream_without_a_seam(station, far):
    for number in range(700):
        await station.alert(f"{number}")
    async with far.watch(WatchFilter(types=frozenset({"alert"})), resume=(station.hub.epoch, 1)) as mailbox:
        for number in range(700, 710):
            await station.alert(f"{number}")
        events, _ = await read(mailbox, 710)
        assert [event.alert.title for event in events] == [str(number) for number in range(710)]


async def test_that_a_mailbox_of_another_log_begins_with_a_resync(far):
    async with far.watch(resume=("another", 5)) as mailbox:
        (first,) = await mailbox.get()
        assert isinstance(first, Resync)
        assert first.reason == "epoch"


async def test_that_a_changed_filter_is_heard_before_the_next_question(station, far):
    async with far.watch(WatchFilter(types=frozenset({"points"}), characteristics=frozenset({2}))) as mailbox:
        await station.hub.submit([value(10.0)])
        mailbox.set_filter(WatchFilter(types=frozenset({"points"}), characteristics=frozenset({1})))
        points = await far.query(m.GetPoints(characteristic_id=1))
        assert points.count == 1
        await station.hub.submit([value(10.1, 1)])
        events, _ = await read(mailbox, 1)
        assert [(event.characteristic_id, event.points[0].index) for event in events] == [(1, 1)]


async def test_that_two_mailboxes_hear_each_what_they_asked_for(station, far):
    first = WatchFilter(types=frozenset({"alert"}), products=frozenset({1}))
    second = WatchFilter(types=frozenset({"alert"}), products=frozenset({2}))
    async with far.watch(first) as one, far.watch(second) as two:
        await station.alert("one", product_id=1)
        await station.alert("two", product_id=2)
        assert [event.alert.title for event in (await read(one, 1))[0]] == ["one"]
        assert [event.alert.title for event in (await read(two, 1))[0]] == ["two"]


async def test_that_a_viewer_may_start_before_its_hub(station):
    await station.server.__aexit__(None, None, None)
    async with RemoteHub(f"127.0.0.1:{station.port}", CLOCK) as far, far.watch() as mailbox:
        await until(lambda: far.state.link is Link.RECONNECTING)
        assert far.state.detail
        async with moved(station) as again:
            catalogue = await far.query(m.GetCatalogue())
            assert [product.code for product in catalogue.products] == ["BOLT-M10", "NUT-M10"]
            await again.alert("live")
            events, _ = await read(mailbox, 1)
            assert events[0].alert.title == "live"


async def test_that_calls_say_that_the_hub_is_away_and_which(station):
    await station.server.__aexit__(None, None, None)
    address = f"127.0.0.1:{station.port}"
    async with RemoteHub(address, CLOCK, patience=0.1) as far:
        for call in (far.query(m.GetCatalogue()), far.submit([value(10.0)]), far.command(CATALOGUE)):
            with pytest.raises(KnownError) as away:
                await call
            assert away.value.code == "hub_unreachable"
            assert away.value.params["address"] == address


async def test_that_a_measurement_with_a_key_is_sent_again_when_its_answer_was_lost(station, far):
    # The store waits; the connection breaks; the measurement is stored meanwhile.
    gate = asyncio.Event()
    append = station.store.append

    async def slow(batch):
        await gate.wait()
        return await append(batch)

    station.store.append = slow
    sending = asyncio.ensure_future(far.submit([value(10.0, key="gauge-1#7")]))
    await until(lambda: bool(far._waiting))
    await asyncio.sleep(0.05)
    far._link.connection.transport.abort()
    await until(lambda: far.state.link is Link.LIVE)
    gate.set()
    async with asyncio.timeout(PATIENCE):
        result = await sending
    assert result.accepted + result.duplicates == 1
    assert (await far.query(m.GetPoints(characteristic_id=1))).total == 1


async def test_that_a_command_whose_answer_was_lost_is_not_repeated(station, far):
    gate = asyncio.Event()
    append = station.store.append

    async def slow(batch):
        await gate.wait()
        return await append(batch)

    station.store.append = slow
    made = m.CreateAlert(product_id=1, alert_type="TREND", priority=2, title="t", message="m")
    sending = asyncio.ensure_future(far.command(made))
    await until(lambda: bool(far._waiting))
    await asyncio.sleep(0.05)
    far._link.connection.transport.abort()
    with pytest.raises(KnownError) as lost:
        await sending
    assert lost.value.code == "answer_lost"
    gate.set()
    await until(lambda: far.state.link is Link.LIVE)
    assert (await far.query(m.GetAlerts())).total == 1


async def test_that_a_long_chart_is_read_in_pages_and_is_the_same(station, far, monkeypatch):
    monkeypatch.setattr("spc_desktop.viewer.points.PAGE_POINTS", 70)
    await station.hub.submit([value(10.0 + (minute % 7) / 50, minute) for minute in range(500)])
    for query in (
        m.GetPoints(characteristic_id=1, limit=1_000_000),
        m.GetPoints(characteristic_id=1, limit=140),
        m.GetPoints(characteristic_id=1, limit=100, before=350),
        m.GetPoints(characteristic_id=3),
    ):
        assert await far.query(query) == await station.hub.query(query)


async def test_that_more_measurements_than_a_frame_holds_are_sent_in_parts(station, far):
    items = [value(10.0 + (minute % 5) / 100, minute, key=f"k{minute}") for minute in range(1234)]
    items.insert(1000, value(float("nan")))
    result = await far.submit(items)
    assert result.accepted == 1234
    assert [(one.i, one.code) for one in result.rejected] == [(1000, "value_not_finite")]
    assert len(result.measurements) == 1234
    assert len(station.store.quarantined) == 1


async def test_that_who_acts_is_written_beside_the_change(station, far):
    from spc_desktop.hub.api import Actor

    alert = await station.alert()
    result = await far.command(m.Acknowledge(alert_ids=(alert.id,)), Actor(name="김"))
    assert result.alerts[0].acknowledged_by == "김"


async def test_that_refusals_of_the_hub_keep_their_code_and_kind(station, far):
    with pytest.raises(UserError) as refused:
        await far.command(m.Acknowledge(alert_ids=(99,)))
    assert refused.value.code == "not_found"
    station.store.failing = KnownError("disk_full")
    with pytest.raises(KnownError) as full:
        await far.submit([value(10.0)])
    assert full.value.code == "disk_full"


async def test_that_a_replaced_viewer_does_not_fight_for_its_place(station, far):
    async with RemoteHub(f"127.0.0.1:{station.port}", CLOCK) as second:
        second._client_id = far._client_id
        await until(lambda: far.state.link is Link.OFFLINE)
        await until(lambda: second.state.link is Link.LIVE)
        with pytest.raises(KnownError):
            await far.query(m.GetCatalogue())


async def test_that_silence_is_shown_and_ends_the_connection(monkeypatch):
    monkeypatch.setattr("spc_desktop.viewer.link.SILENT_S", 0.2)
    seen = []

    async def mute(socket):
        await socket.send(
            '{"type":"hello","v":1,"server":"mute","epoch":"e","seq":0,"time":"2026-01-11T12:00:00+09:00"}'
        )
        await socket.recv()
        await socket.send(
            '{"type":"result","id":1,"ok":true,"result":{"session":"s","recovered":false,"replayed":0,"head":0,"epoch":"e"}}'
        )
        await socket.wait_closed()

    async with serve(mute, "127.0.0.1", 0, subprotocols=["spc.v1"]) as server:
        port = server.sockets[0].getsockname()[1]
        async with RemoteHub(f"127.0.0.1:{port}", CLOCK) as far, far.watch() as mailbox:
            async with asyncio.timeout(PATIENCE):
                while Link.RECONNECTING not in seen:
                    seen += [one.state.link for one in await mailbox.get() if isinstance(one, LinkChanged)]
    assert seen[seen.index(Link.SILENT) + 1] is Link.RECONNECTING


async def test_that_something_else_at_the_address_is_no_hub():
    async def echo(socket):
        async for message in socket:
            await socket.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with RemoteHub(f"127.0.0.1:{port}", CLOCK, patience=0.2) as far:
            await until(lambda: far.state.link is Link.RECONNECTING)
            with pytest.raises(KnownError):
                await far.query(m.GetCatalogue())


async def test_that_closing_ends_every_mailbox(station):
    async with RemoteHub(f"127.0.0.1:{station.port}", CLOCK) as far:
        await until(lambda: far.state.link is Link.LIVE)
        context = far.watch()
        mailbox = await context.__aenter__()
    await station.alert("unheard")
    with pytest.raises(EOFError):
        await read_to_the_end(mailbox)
    await context.__aexit__(None, None, None)
    assert far.state.link is Link.CLOSED


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://10.0.0.5:8000", "ws://10.0.0.5:8000/ws/spc/"),
        ("10.0.0.5", "ws://10.0.0.5:8000/ws/spc/"),
        ("ws://hub:9000/ws/spc/notifications/", "ws://hub:9000/ws/spc/"),
        ("https://hub.plant", "wss://hub.plant:443/ws/spc/"),
        (" http://[::1]:8000/ ", "ws://[::1]:8000/ws/spc/"),
    ],
)
def test_that_addresses_are_understood_as_people_write_them(address, url):
    assert socket_url(address) == url


@pytest.mark.parametrize("address", ["", "ftp://x", "http://", "http://x:99999", "http://x:abc"])
def test_that_a_bad_address_is_refused(address):
    with pytest.raises(UserError):
        socket_url(address)
