"""The table of limits over real sockets: each ends in its documented answer, and others do not notice."""

import asyncio
import contextlib
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.account import Role
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.access import Access
from spc_desktop.server.limits import Limits
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.fakes import measured
from tests.integration.server.clients import CATALOGUE, PATIENCE, V1, Client, Station, session

PASSWORD = "correct horse battery"


@pytest.fixture
async def opened():
    """Make stations with limits."""
    clock = SystemClock()
    async with Hub(MemoryStore(), clock) as hub:
        await hub.command(CATALOGUE)
        made = []

        async def make(access=None, **limits):
            server = HubServer(hub, clock, port=0, limits=Limits(**limits), access=access)
            made.append(await server.__aenter__())
            return Station(hub, hub._store, server)

        yield make
        for server in made:
            await server.__aexit__(None, None, None)


async def closed_with(socket, heard=None):
    """Read to the end and return the close code."""
    async with asyncio.timeout(PATIENCE):
        try:
            while True:
                raw = await socket.recv()
                if heard is not None:
                    heard.append(json.loads(raw))
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006


async def test_that_a_flood_of_commands_is_slowed_and_then_ended_with_4429(opened):
    station = await opened(commands=5, commands_burst=5)
    async with session(station) as calm, session(station) as client:
        for number in range(2, 19):
            await client.send({"type": "ping", "id": number})
        answers = []
        assert await closed_with(client.socket, answers) == 4429
        refused = [one for one in answers if one["type"] == "error"]
        assert {one["code"] for one in refused} == {"rate_limited"}
        assert all(one["retry_after_ms"] > 0 for one in refused)
        assert len(refused) == 9
        assert (await calm.call("ping"))["ok"]


async def test_that_the_seed_dialect_has_the_same_pace(opened):
    station = await opened(commands=5, commands_burst=5)
    async with station.client() as client:
        for _ in range(16):
            await client.send({"type": "get_alerts", "limit": 1})
        assert await closed_with(client.socket) == 4429


async def test_that_a_source_sends_no_more_than_its_rate_and_nothing_of_the_rest_is_stored(opened):
    station = await opened(items=10, items_burst=20)
    items = [{"n": number, "characteristic_id": 1, "value": 10.0} for number in range(20)]
    async with session(station) as client:
        assert (await client.call("ingest", source_id="cmm", items=items))["result"]["accepted"] == 20
        more = [{**item, "n": item["n"] + 20} for item in items]
        refused = await client.call("ingest", source_id="cmm", items=more)
        assert (refused["code"], refused["retry_after_ms"] > 0) == ("rate_limited", True)
        assert (await client.call("ingest", source_id="other", items=more))["result"]["accepted"] == 20
    body = [{"product": 1, "value": 10.0} for _ in range(20)]
    assert (await station.http("POST", "/api/spc/measurements/", body))[0] == 201
    status, headers, answer = await station.http("POST", "/api/spc/measurements/", body)
    assert (status, answer["code"]) == (429, "rate_limited")
    assert int(headers["retry-after"]) >= 1


async def test_that_a_far_window_keeps_below_the_limits_and_waits_where_it_met_them(opened):
    station = await opened(items=500, items_burst=500)
    async with RemoteHub(f"127.0.0.1:{station.port}", SystemClock()) as far:
        answers = await asyncio.gather(*(far.query(m.GetDashboard()) for _ in range(90)))
        assert len(answers) == 90
        result = await far.submit([measured(10.0) for _ in range(1000)])
        assert result.accepted == 1000


async def test_that_too_many_handshakes_of_an_address_get_429_and_when_to_try_again(opened, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.limits.is_loopback", lambda _address: False)
    station = await opened(handshakes=0.5, handshakes_burst=3)
    url = f"ws://127.0.0.1:{station.port}/ws/spc/notifications/"
    for _ in range(3):
        async with station.client():
            pass
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, proxy=None):
            pass
    assert refused.value.response.status_code == 429
    assert int(refused.value.response.headers["Retry-After"]) >= 1
    assert json.loads(refused.value.response.body)["code"] == "rate_limited"


async def test_that_an_address_has_so_many_open_connections_and_gets_them_back(opened, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.limits.is_loopback", lambda _address: False)
    station = await opened(open=4)
    async with station.client(), station.client(), station.client(), station.client():
        assert (await station.http("GET", "/healthz"))[0] == 429
        with pytest.raises(InvalidStatus) as refused:
            async with station.client():
                pass
        assert refused.value.response.status_code == 429
    for _ in range(20):
        for _ in range(200):
            if not station.server._gate._open:
                break
            await asyncio.sleep(0.01)
        assert (await station.http("GET", "/healthz"))[0] == 200


async def test_that_of_too_many_half_handshakes_the_oldest_are_ended(opened, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.front_door.HALF_OPEN_GRACE", 0.0)
    station = await opened(half_open=20)
    silent = [await asyncio.open_connection("127.0.0.1", station.port) for _ in range(60)]
    async with asyncio.timeout(PATIENCE):
        for reader, _ in silent[:39]:
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
    assert (await station.http("GET", "/healthz"))[0] == 200
    for _, writer in silent:
        writer.close()


async def test_that_a_device_may_send_larger_frames_than_others(opened):
    station = await opened()
    hub = station.hub
    await hub.command(m.AddUser(name="cmm", roles=(Role.DEVICE,)))
    made = await hub.command(m.AddToken(user="cmm"))
    strict = await opened(access=Access(SystemClock(), lambda: hub.accounts, anonymous=False))
    items = [{"characteristic_id": 1, "value": 10.0, "lot_number": "L" * 190} for _ in range(500)]
    url = f"ws://127.0.0.1:{strict.port}/ws/spc/"
    async with connect(url, subprotocols=["spc.v1"], compression=None, proxy=None) as socket:
        client = V1(socket)
        client.greeting = await client.read()
        assert (await client.call("connect", token=made.token))["ok"]
        assert (await client.call("ingest", items=items))["result"]["accepted"] == 500
    async with session(station) as other:
        await other.send({"type": "ingest", "id": 2, "items": items})
        assert await closed_with(other.socket) == 1009


async def test_that_a_flood_of_pings_is_ended_with_4429(opened):
    station = await opened()
    async with station.client() as calm, station.client() as client:
        sock = client.socket
        for _ in range(700):
            sock.protocol.send_ping(b"x" * 100)
            sock.send_data()
        assert await closed_with(sock) == 4429
        assert (await calm.ask({"type": "get_alerts", "limit": 1}))["type"] == "alerts"


async def test_that_a_message_in_endless_parts_is_ended_with_1009(opened):
    station = await opened()
    async with station.client() as calm, station.client() as client:
        sock = client.socket
        sock.protocol.send_text(b"{", fin=False)
        for _ in range(1_200):
            sock.protocol.send_continuation(b"", fin=False)
        sock.send_data()
        assert await closed_with(sock) == 1009
        assert (await calm.ask({"type": "get_alerts", "limit": 1}))["type"] == "alerts"


async def test_that_the_limits_are_told_in_the_greeting(opened):
    station = await opened(commands=7)
    url = f"ws://127.0.0.1:{station.port}/ws/spc/"
    async with connect(url, subprotocols=["spc.v1"], compression=None, proxy=None) as socket:
        hello = await Client(socket).read()
    assert hello["limits"]["commands_per_s"] == 7
    assert set(hello["limits"]) >= {"frame_bytes", "list", "subscriptions", "items_per_s"}
