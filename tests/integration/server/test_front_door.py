"""One port for both protocols: who is slow, silent or early costs nothing; start and stop are clean, also under Qt."""

import asyncio
import subprocess
import sys

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.errors import KnownError
from spc_desktop.server.listener import HubServer
from tests.integration.server.clients import PATIENCE

UPGRADE = (
    b"GET /ws/spc/notifications/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def test_that_silent_connections_are_ended_and_meanwhile_everybody_is_served(station, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.front_door.HEAD_SECONDS", 0.3)
    silent = [await asyncio.open_connection("127.0.0.1", station.port) for _ in range(50)]
    half = [await asyncio.open_connection("127.0.0.1", station.port) for _ in range(50)]
    for _, writer in half:
        writer.write(UPGRADE[:60])
    assert (await station.http("GET", "/healthz"))[0] == 200
    async with station.client() as client:
        alert = await station.alert()
        assert (await client.read())["alert"]["id"] == alert.id
    async with asyncio.timeout(PATIENCE):
        for reader, writer in silent + half:
            assert await _end(reader) == b""
            writer.close()


async def _end(reader):
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_that_an_upgrade_in_single_bytes_is_understood(station):
    reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
    for byte in UPGRADE:
        writer.write(bytes([byte]))
        await asyncio.sleep(0)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
    greeting = await reader.readuntil(b"}")
    assert b'"type":"connection"' in greeting
    writer.close()


async def test_that_a_post_that_mentions_websocket_is_still_http(station):
    raw = await station.raw(
        b"POST /api/spc/alerts/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Note: upgrade: websocket\r\n"
        b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
    assert raw.startswith(b"HTTP/1.1 400 ")


async def test_that_a_taken_port_is_said(station):
    with pytest.raises(KnownError) as taken:
        await HubServer(station.hub, SystemClock(), port=station.port).__aenter__()
    assert taken.value.code == "port_in_use"
    assert taken.value.params["port"] == station.port
    assert (await station.http("GET", "/healthz"))[0] == 200


async def test_that_a_stop_does_not_wait_for_idle_silent_or_unreading_clients(station):
    idle, writer = await asyncio.open_connection("127.0.0.1", station.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await idle.readuntil(b"\r\n\r\n")
    silent, other = await asyncio.open_connection("127.0.0.1", station.port)
    deaf, third = await asyncio.open_connection("127.0.0.1", station.port)
    third.write(UPGRADE)
    await deaf.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(PATIENCE):
        await station.server.__aexit__(None, None, None)
    for reader in (idle, silent, deaf):
        await _end(reader)
    for one in (writer, other, third):
        one.close()


async def test_that_a_request_under_way_is_answered_before_the_server_stops(station):
    append = station.store.append
    begun, gate = asyncio.Event(), asyncio.Event()

    async def slow(batch):
        begun.set()
        await gate.wait()
        return await append(batch)

    station.store.append = slow
    body = {"product": 1, "alert_type": "TREND", "title": "t", "message": "m"}
    posting = asyncio.ensure_future(station.http("POST", "/api/spc/alerts/", body))
    await begun.wait()
    stopping = asyncio.ensure_future(station.server.__aexit__(None, None, None))
    await asyncio.sleep(0.05)
    gate.set()
    status, _, answer = await posting
    await stopping
    assert (status, answer["title"]) == (201, "t")


UNDER_QT = """
import asyncio, sys
import qasync
from PySide6.QtWidgets import QApplication
from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.hub import Hub
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.integration.server.clients import CATALOGUE, Station
from spc_desktop.protocol import messages as m

async def main():
    store, clock = MemoryStore(), SystemClock()
    async with Hub(store, clock) as hub:
        await hub.command(CATALOGUE)
        async with HubServer(hub, clock, port=0) as server:
            station = Station(hub, store, server)
            async with station.client() as client, RemoteHub(f"127.0.0.1:{server.port}", clock) as far:
                await far.query(m.GetCatalogue())
                async with far.watch() as mailbox:
                    body = {"product": 1, "alert_type": "TREND", "title": "under Qt", "message": "m"}
                    status, _, _ = await station.http("POST", "/api/spc/alerts/", body)
                    assert status == 201
                    assert (await client.read())["alert"]["title"] == "under Qt"
                    assert (await far.query(m.GetAlerts())).total == 1
                    while not any(isinstance(one, m.AlertEvent) for one in await mailbox.get()):
                        pass
    print("clean")

app = QApplication([])
app.setQuitOnLastWindowClosed(False)
with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
    runner.run(asyncio.wait_for(main(), 30))
"""


def test_that_server_and_viewer_run_on_the_loop_of_the_window():
    done = subprocess.run([sys.executable, "-c", UNDER_QT], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("clean", 0), done.stderr
