"""``spc.v1`` on real sockets: sessions, filters, resume, and both dialects side by side."""

import asyncio
import json
from datetime import datetime

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub.hub import Hub
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from tests.integration.server.clients import CATALOGUE, EVERYTHING, PATIENCE, V1, Station, session

NOW = datetime.fromisoformat("2026-01-11T12:00:00+09:00")


async def test_that_a_session_opens_with_hello_and_connect(station):
    async with session(station, lang="en", features=["batch"]) as client:
        hello = client.greeting
        assert (hello["type"], hello["v"], hello["seq"]) == ("hello", 1, 1)
        assert hello["server"].startswith("spc-hub/")
        result = client.connected["result"]
        assert client.connected["ok"] is True
        assert (result["recovered"], result["head"], result["epoch"]) == (False, 1, hello["epoch"])
        assert "ts" in (await client.call("ping"))["result"]


async def test_that_an_unknown_protocol_is_refused_with_the_known_ones(station):
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://127.0.0.1:{station.port}/ws/spc/", subprotocols=["spc.v9"], proxy=None):
            pass
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body)["supported"] == ["spc.v1"]


async def test_that_commands_before_connect_and_reused_ids_are_refused(station):
    url = f"ws://127.0.0.1:{station.port}/ws/spc/"
    async with connect(url, subprotocols=["spc.v1"], compression=None, proxy=None) as socket:
        client = V1(socket)
        await client.read()
        assert (await client.call("ping"))["code"] == "not_connected"
        assert (await client.call("connect", subscriptions=[]))["ok"]
        await client.send({"type": "ping", "id": 2})
        assert (await client.read())["code"] == "id_reuse"
        for message, code in [
            ({"type": "ping"}, "bad_message"),
            ({"type": "nonsense", "id": 50}, "unknown_type"),
            ({"type": "ack", "id": 51, "alert_ids": "1"}, "bad_message"),
            ({"type": "ack", "id": 52, "alert_ids": [99]}, "not_found"),
            ({"type": "get_points", "id": 53, "characteristic_id": 1, "limit": 10**9}, "bad_message"),
            ({"type": "subscribe", "id": 54, "products": "all"}, "bad_message"),
            ("{", "bad_json"),
            (b"x", "binary"),
        ]:
            assert (await client.ask(message))["code"] == code
        client.count = 60
        assert (await client.call("ping"))["ok"]


async def test_that_subscriptions_filter_by_type_product_priority_and_characteristic(station):
    narrow = {"sub": "a", "products": [2], "types": ["alert"], "min_priority": 3}
    chart = {"sub": "b", "types": ["points"], "characteristics": [3]}
    async with session(station, subscriptions=[narrow, chart]) as client:
        await station.alert("not this", product_id=1)
        await station.alert("this", product_id=2)
        await station.hub.submit([MeasurementIn(characteristic_id=1, values=(10.0,), measured_at=NOW)])
        await station.hub.submit([MeasurementIn(characteristic_id=3, values=(50.0,), measured_at=NOW)])
        events = await client.events(station.hub.state.head)
        assert [(one["type"], one["product_id"]) for one in events] == [("alert", 2), ("points", 1)]
        await client.call("unsubscribe", sub="b")
        listed = await client.call("subscriptions")
        assert set(listed["result"]) == {"a"}


async def test_that_overlapping_subscriptions_give_each_event_once(station):
    subscriptions = [{"sub": "a", "products": "*"}, {"sub": "b", "products": [1]}, {"sub": "c", "min_priority": 2}]
    async with session(station, subscriptions=subscriptions) as client:
        await station.alert()
        assert len(await client.events(station.hub.state.head)) == 1


async def test_that_resume_gives_what_was_missed_once_and_in_order(station):
    async with session(station, subscriptions=[EVERYTHING]) as client:
        await station.alert("seen")
        seen = await client.events(station.hub.state.head)
        epoch = client.greeting["epoch"]
    for number in range(700):
        await station.alert(f"missed {number}")
    resume = {"epoch": epoch, "seq": seen[-1]["seq"]}
    async with session(station, resume=resume, subscriptions=[EVERYTHING], features=["batch"]) as client:
        assert client.connected["result"]["recovered"] is True
        await station.alert("live")
        events = await client.events(station.hub.state.head)
        assert [one["seq"] for one in events] == list(range(resume["seq"] + 1, station.hub.state.head + 1))
        assert [one["alert"]["title"] for one in events][-1] == "live"


async def test_that_resume_crosses_a_restart_of_the_hub(station):
    async with session(station, subscriptions=[EVERYTHING]) as client:
        epoch = client.greeting["epoch"]
    async with (
        Hub(station.store, station.hub._clock) as second,
        HubServer(second, station.hub._clock, port=0) as server,
    ):
        again = Station(second, station.store, server)
        await again.alert("after the restart")
        async with session(again, resume={"epoch": epoch, "seq": 1}, subscriptions=[EVERYTHING]) as client:
            events = await client.events(2)
            assert [one["alert"]["title"] for one in events] == ["after the restart"]


@pytest.mark.parametrize(("epoch", "seq", "reason"), [("another", 1, "epoch"), (None, 10**6, "retention")])
async def test_that_a_position_that_cannot_be_resumed_is_said_with_the_open_alerts(station, epoch, seq, reason):
    alert = await station.alert("open")
    resume = {"epoch": epoch or (await station.http("GET", "/api/spc/events"))[2]["epoch"], "seq": seq}
    async with session(station, resume=resume, subscriptions=[EVERYTHING]) as client:
        assert client.connected["result"]["recovered"] is False
        gap = await client.read_type("gap")
        assert (gap["from"], gap["to"], gap["reason"]) == (seq + 1, station.hub.state.head, reason)
        snapshot = await client.read_type("state_snapshot")
        assert [one["id"] for one in snapshot["alerts"]] == [alert.id]
        later = await station.alert("later")
        assert (await client.read_type("alert"))["alert"]["id"] == later.id


async def test_that_a_purged_log_is_said_as_a_gap(station):
    store = MemoryStore(keep_events=10)
    async with Hub(store, station.hub._clock) as hub, HubServer(hub, station.hub._clock, port=0) as server:
        small = Station(hub, store, server)
        await hub.command(CATALOGUE)
        for number in range(30):
            await small.alert(f"alert {number}")
        epoch = (await small.http("GET", "/api/spc/events?since=30"))[2]["epoch"]
        async with session(small, resume={"epoch": epoch, "seq": 1}, subscriptions=[EVERYTHING]) as client:
            assert client.connected["result"]["recovered"] is False
            assert (await client.read_type("gap"))["reason"] == "retention"


async def test_that_ingest_names_what_it_rejects_and_takes_the_rest_once(station):
    items = [
        {"n": 1, "product_id": 1, "characteristic": "OD", "value": 10.65, "lot_number": "L9"},
        {"n": 2, "product_id": 1, "value": "x"},
        {"n": 3, "product_id": 77, "value": 1},
        {"n": 4, "characteristic_id": 3, "values": [50.1]},
    ]
    async with session(station) as client:
        result = (await client.call("ingest", source_id="cmm-2", items=items))["result"]
        assert (result["accepted"], result["duplicates"], result["last_n"], result["durable"]) == (2, 0, 4, True)
        assert [(one["i"], one["code"]) for one in result["rejected"]] == [(1, "bad_message"), (2, "not_found")]
        again = (await client.call("ingest", source_id="cmm-2", items=items))["result"]
        assert (again["accepted"], again["duplicates"]) == (0, 2)


async def test_that_a_second_session_of_a_client_replaces_the_first(station):
    async with session(station, client_id="line3") as first, session(station, client_id="line3") as second:
        with pytest.raises(ConnectionClosed) as closed:
            await first.read()
        assert closed.value.rcvd.code == 4409
        assert (await second.call("ping"))["ok"]


async def test_that_both_dialects_hear_the_same_alert(station):
    async with station.client() as seed, session(station, subscriptions=[EVERYTHING]) as client:
        alert = await station.alert()
        theirs = await seed.read()
        ours = (await client.events(theirs["seq"]))[-1]
        assert theirs["alert"]["id"] == ours["alert"]["id"] == alert.id
        assert (theirs["seq"], theirs["epoch"]) == (ours["seq"], ours["epoch"])


async def test_that_a_stop_is_announced_before_the_port_closes(station):
    async with session(station) as client, station.client() as seed:
        await station.server.__aexit__(None, None, None)
        assert (await client.read())["type"] == "shutdown"
        for one in (client, seed):
            with pytest.raises(ConnectionClosed) as closed:
                await one.read()
            assert closed.value.rcvd.code == 1012
    with pytest.raises(OSError, match=r"refused|failed"):
        await asyncio.open_connection("127.0.0.1", station.port)


async def test_that_a_reader_that_never_reads_costs_nobody_else_anything_and_catches_up_when_it_reads(station):
    url = f"ws://127.0.0.1:{station.port}/ws/spc/notifications/"
    async with station.client() as healthy, connect(url, compression=None, proxy=None, max_queue=1) as slow:
        await slow.recv()
        slow.transport.pause_reading()
        text = "x" * 4000
        for number in range(1500):
            await station.alert(f"{number}", message=text)
            assert (await healthy.read())["alert"]["title"] == f"{number}"
        stalled = [one for one in station.server._fanout.clients if not one.live]
        assert len(stalled) == 1
        assert stalled[0].connection.unsent < 1.1 * 1024 * 1024
        slow.transport.resume_reading()
        async with asyncio.timeout(PATIENCE):
            titles = [json.loads(await slow.recv())["alert"]["title"] for _ in range(1500)]
        assert titles == [str(number) for number in range(1500)]
        await station.alert("live again")
        async with asyncio.timeout(PATIENCE):
            assert json.loads(await slow.recv())["alert"]["title"] == "live again"


async def test_that_a_reader_that_never_reads_is_closed_with_4408(station, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.fanout.PATIENCE", 0.2)
    url = f"ws://127.0.0.1:{station.port}/ws/spc/notifications/"
    async with connect(url, compression=None, proxy=None, max_queue=1) as slow:
        await slow.recv()
        slow.transport.pause_reading()
        for number in range(1500):
            await station.alert(f"{number}", message="x" * 4000)
        for _ in range(200):
            if station.server.clients == 0 or not next(iter(station.server._fanout.clients)).connection.is_open:
                break
            await asyncio.sleep(0.05)
        slow.transport.resume_reading()
        with pytest.raises(ConnectionClosed) as closed:
            await _read_to_the_end(slow)
        assert closed.value.rcvd.code == 4408


async def _read_to_the_end(socket):
    async with asyncio.timeout(PATIENCE):
        while True:
            await socket.recv()


async def test_that_a_live_client_is_told_that_it_was_told_everything(station, monkeypatch):
    monkeypatch.setattr("spc_desktop.protocol.v1.HEARTBEAT_S", 0.05)
    async with HubServer(station.hub, station.hub._clock, port=0) as server:
        quick = Station(station.hub, station.store, server)
        only = {"sub": "a", "products": [2], "types": ["alert"]}
        async with session(quick, subscriptions=[only]) as client:
            await station.alert("of another product")
            while (await client.read_type("sync"))["seq"] < station.hub.state.head:
                pass


async def test_that_a_session_that_never_connects_is_closed_with_4401(station, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.talk.CONNECT_SECONDS", 0.1)
    url = f"ws://127.0.0.1:{station.port}/ws/spc/"
    async with connect(url, subprotocols=["spc.v1"], compression=None, proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await _read_to_the_end(socket)
        assert closed.value.rcvd.code == 4401


async def test_that_batches_of_one_client_are_stored_in_the_order_they_were_sent(station):
    async with session(station) as client:
        for batch in range(40):
            items = [{"characteristic_id": 1, "value": 9.6 + (batch * 5 + number) / 1000} for number in range(5)]
            await client.send({"type": "ingest", "id": batch + 2, "items": items})
        for batch in range(40):
            assert (await client.answer(batch + 2))["result"]["accepted"] == 5
    _, _, listed = await station.http("GET", "/api/spc/measurements/?product=1&limit=1000")
    values = [row["measurement_value"] for row in listed["results"]]
    assert values == sorted(values, reverse=True)
    assert len(values) == 200


async def test_that_a_slow_seed_client_is_told_what_the_log_no_longer_holds(station):
    store = MemoryStore(keep_events=50)
    async with Hub(store, station.hub._clock) as hub, HubServer(hub, station.hub._clock, port=0) as server:
        small = Station(hub, store, server)
        await hub.command(CATALOGUE)
        url = f"ws://127.0.0.1:{server.port}/ws/spc/notifications/"
        async with connect(url, compression=None, proxy=None, max_queue=1) as slow:
            await slow.recv()
            slow.transport.pause_reading()
            for number in range(2000):
                await small.alert(f"{number}", message="x" * 4000)
            slow.transport.resume_reading()
            titles, gaps = [], []
            async with asyncio.timeout(PATIENCE):
                while not titles or titles[-1] != 1999:
                    message = json.loads(await slow.recv())
                    if message["type"] == "error":
                        gaps.append(message)
                    else:
                        titles.append(int(message["alert"]["title"]))
    assert [gap["code"] for gap in gaps] == ["gap"]
    assert titles == sorted(set(titles))
    assert titles[-50:] == list(range(1950, 2000))
