"""``spc.v1``: what a session may ask for beside events; positions that the hub remembers; the words of the protocol's guide."""

import asyncio

from websockets.exceptions import ConnectionClosed

from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.product import Characteristic
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.listener import HubServer
from tests.integration.server.clients import EVENTS, EVERYTHING, PATIENCE, Station, session

NESTED = {"product": 1, "alert_type": "TREND", "priority": 3, "title": "t", "message": "m"}


async def test_that_a_client_without_a_position_goes_on_from_what_it_said_it_received(station):
    first = await station.alert("received")
    async with session(station, client_id="line3", subscriptions=[EVERYTHING]) as client:
        assert client.connected["result"]["recovered"] is False
        await client.send({"type": "received", "seq": station.hub.state.head})
        await client.call("ping")
    missed = await station.alert("missed")
    async with session(station, client_id="line3", subscriptions=[EVERYTHING]) as client:
        assert client.connected["result"]["recovered"] is True
        events = await client.events(station.hub.state.head)
        assert [one["alert"]["id"] for one in events] == [missed.id]
        assert first.id != missed.id
    async with session(station, client_id="another", subscriptions=[EVERYTHING]) as client:
        assert client.connected["result"]["recovered"] is False


async def test_that_positions_survive_a_restart_of_the_hub(station):
    clock, hub = station.hub._clock, station.hub
    async with HubServer(hub, clock, port=0, memory=hub) as server:
        before = Station(hub, station.store, server)
        async with session(before, client_id="line3", subscriptions=[EVERYTHING]) as client:
            await client.send({"type": "received", "seq": hub.state.head})
            await client.call("ping")
    missed = await station.alert("missed")
    async with Hub(station.store, clock) as again, HubServer(again, clock, port=0, memory=again) as server:
        after = Station(again, station.store, server)
        async with session(after, client_id="line3", subscriptions=[EVERYTHING]) as client:
            assert [one["alert"]["id"] for one in await client.events(again.state.head)] == [missed.id]


async def test_that_a_replay_ends_with_a_sync(station):
    epoch = (await station.http("GET", "/api/spc/events"))[2]["epoch"]
    await station.alert()
    async with session(station, resume={"epoch": epoch, "seq": 1}, subscriptions=[EVERYTHING]) as client:
        assert (await client.read())["type"] == "alert"
        sync = await client.read()
        assert (sync["type"], sync["seq"]) == ("sync", station.hub.state.head)


async def test_that_more_open_alerts_than_fit_one_snapshot_come_in_several(station, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.fanout.SNAPSHOT", 2)
    made = [await station.alert(f"{number}") for number in range(5)]
    async with session(station, resume={"epoch": "another", "seq": 1}, subscriptions=[EVERYTHING]) as client:
        found, more = [], True
        while more:
            snapshot = await client.read_type("state_snapshot")
            found += [one["id"] for one in snapshot["alerts"]]
            more = snapshot["more"]
    assert found == [alert.id for alert in reversed(made)]


async def test_that_alerts_are_filtered_by_state_and_by_the_code_of_a_characteristic(station):
    narrow = {"sub": "a", "types": ["alert"], "states": ["ACKED"]}
    by_code = {"sub": "b", "types": ["alert"], "characteristics": ["NEW-ONE"]}
    async with session(station, subscriptions=[narrow, by_code]) as client:
        alert = await station.alert()
        await station.hub.command(m.Acknowledge(alert_ids=(alert.id,)))
        events = await client.events(station.hub.state.head)
        assert [(one["change"], one["alert"]["state"]) for one in events] == [("acked", "ACKED")]
        entry = Characteristic(id=0, product_id=0, code="NEW-ONE", name="새", lsl=9.0, usl=11.0)
        saved = await station.hub.command(m.SaveCatalogue(characteristics=(entry,), owners=("BOLT-M10",)))
        items = [{"characteristic_id": saved.characteristics[0].id, "value": 12.0}]
        await client.call("subscriptions")
        await client.call("ingest", items=items)
        found = await client.events(station.hub.state.head)
        assert [one["alert"]["characteristic_id"] for one in found] == [saved.characteristics[0].id]
        assert (await client.call("subscribe", sub="x", states=["GONE"]))["code"] == "bad_message"


async def test_that_a_conflict_brings_the_alert_as_it_is_now(station):
    alert = await station.alert()
    await station.hub.command(m.Assign(alert_id=alert.id, to="lee"))
    async with session(station) as client:
        refused = await client.call("assign", alert_id=alert.id, to="kim", rev=1)
        assert refused["code"] == "conflict"
        assert refused["details"]["current"]["assigned_to"] == "lee"
    status, _, body = await station.http("PATCH", f"/api/spc/alerts/{alert.id}/", {"assigned_to": "kim", "rev": 1})
    assert (status, body["current"]["assigned_to"]) == (409, "lee")


async def test_that_alerts_are_published_once_for_a_key_and_their_history_is_read(station):
    async with session(station) as client:
        made = (await client.call("publish_alert", alert=NESTED, dedup_key="press-4"))["result"]["alerts"][0]
        again = (await client.call("publish_alert", alert=NESTED, dedup_key="press-4"))["result"]["alerts"][0]
        assert (again["id"], again["count"]) == (made["id"], 2)
        bulk = await client.call("ack", alert_ids=[made["id"], 999])
        assert [(one["id"], one["ok"]) for one in bulk["result"]["results"]] == [(made["id"], True), (999, False)]
        steps = (await client.call("get_history", alert_id=made["id"]))["result"]
        assert [one["change"] for one in steps] == ["raised", "repeated", "acked"]
        masked = await client.call("suppress", product=1, cause="line stopped")
        assert masked["result"]["masks"][0]["product_id"] == 1


async def test_that_who_is_connected_is_told_and_watched(station):
    async with session(station, client_id="watcher") as client:
        present = (await client.call("presence"))["result"]["present"]
        assert [one["client_id"] for one in present] == ["watcher"]
        async with session(station, client_id="line3"):
            joined = await client.read_type("presence")
            assert (joined["change"], joined["person"]["client_id"]) == ("joined", "line3")
        assert (await client.read_type("presence"))["change"] == "left"
        await client.call("presence", watch=False)
        async with session(station, client_id="line4"):
            assert (await client.call("ping"))["ok"]
        assert not client.seen


async def test_that_a_client_may_be_silent_and_still_hears_everything(station):
    async with session(station, subscriptions=[EVERYTHING]) as client:
        assert (await client.call("silence", minutes=5))["result"]["until"]
        await station.alert()
        assert len(await client.events(station.hub.state.head)) == 1
        assert (await client.call("silence", minutes=0))["result"]["until"] is None
        assert (await client.call("silence", minutes=721))["code"] == "bad_message"


async def test_that_a_wrong_clock_of_a_source_is_flagged_and_its_values_are_taken(station):
    items = [
        {"characteristic_id": 1, "value": 10.0, "measured_at": "2001-01-01T00:00:00+09:00"},
        {"characteristic_id": 1, "value": 10.0},
        {"characteristic_id": 1, "value": 10.0, "measured_at": "2099-01-01T00:00:00+09:00"},
    ]
    async with session(station) as client:
        result = (await client.call("ingest", source_id="cmm", items=items))["result"]
    assert result["accepted"] == 3
    assert result["flags"] == [{"i": 0, "code": "clock_skew"}, {"i": 2, "code": "clock_skew"}]


async def test_that_a_full_disk_is_told_to_every_client_and_passes_by_itself(station):
    async with session(station, subscriptions=[EVERYTHING]) as client, station.client() as seed:
        station.store.failing = KnownError("disk_full")
        refused = await client.call("publish_alert", **NESTED)
        assert (refused["code"], refused["retry_after_ms"]) == ("storage_full", 1000)
        system = await client.read_type("system")
        assert (system["code"], system["active"], system["priority"]) == ("storage_full", True, 4)
        alert = (await seed.read())["alert"]
        assert (alert["id"], alert["priority"], alert["status"]) == (0, 4, "NEW")
        assert (await client.call("get_alerts"))["ok"]
        async with station.client() as late:
            assert (await late.read())["alert"]["status"] == "NEW"
        station.store.failing = None
        # Nobody writes anything: the hub finds out by itself.
        async with asyncio.timeout(PATIENCE):
            assert (await client.read_type("system"))["active"] is False
        assert (await seed.read())["alert"]["status"] == "RESOLVED"
        assert (await client.call("publish_alert", **NESTED))["ok"]


async def test_that_unknown_fields_and_types_close_nothing(station):
    async with session(station, later=True, subscriptions=[{"sub": "a", "later": {"x": 1}}]) as client:
        assert (await client.call("ping", later=[1]))["ok"]
        assert (await client.call("later"))["code"] == "unknown_type"
        await station.alert()
        events = await client.events(station.hub.state.head)
        assert {one["type"] for one in events} <= EVENTS
        try:
            await client.call("ping")
        except ConnectionClosed:
            raise AssertionError("closed") from None
