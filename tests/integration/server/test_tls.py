"""The same port with TLS: certificate of our own or the site's, known again by its fingerprint."""

import asyncio
import os
import ssl
import stat
from contextlib import asynccontextmanager

import aiohttp
import pytest
from websockets.asyncio.client import connect

from spc_desktop.app.clock import SystemClock
from spc_desktop.app.tls import server_context
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Link, LinkChanged
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.pairing import Pairing
from spc_desktop.viewer.remote_hub import RemoteHub
from spc_desktop.viewer.trust import Trust
from tests.integration.server.clients import CATALOGUE, PATIENCE


@asynccontextmanager
async def secured(folder, port=0):
    clock = SystemClock()
    context, mark = server_context(folder, "127.0.0.1")
    async with Hub(MemoryStore(), clock) as hub:
        await hub.command(CATALOGUE)
        async with HubServer(hub, clock, port=port, tls=context) as server:
            yield server.port, mark


async def offline(mailbox):
    async with asyncio.timeout(PATIENCE):
        while True:
            for news in await mailbox.get():
                if isinstance(news, LinkChanged) and news.state.link is Link.OFFLINE:
                    return news.state.detail


async def test_that_rest_and_websocket_are_encrypted_on_the_one_port(tmp_path):
    async with secured(tmp_path) as (port, _):
        context = ssl.create_default_context(cafile=tmp_path / "tls" / "hub.crt")
        async with aiohttp.ClientSession() as http:
            alert = {"product": 1, "alert_type": "OUT_OF_SPEC", "priority": 4, "title": "t", "message": "m"}
            url = f"https://127.0.0.1:{port}/api/spc/alerts/"
            async with connect(f"wss://127.0.0.1:{port}/ws/spc/", ssl=context, proxy=None) as socket:
                assert "connection" in await socket.recv()
                async with http.post(url, json=alert, ssl=context) as answer:
                    assert answer.status == 201
                assert '"type":"alert"' in await socket.recv()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        async with connect(f"wss://127.0.0.1:{port}/ws/spc/", ssl=context, proxy=None) as socket:
            assert socket.transport.get_extra_info("ssl_object").version() == "TLSv1.2"


async def test_that_who_does_not_speak_tls_gets_nothing(tmp_path):
    async with secured(tmp_path) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            assert b"HTTP" not in await reader.read()
        writer.close()


async def test_that_a_hub_is_known_again_and_another_certificate_in_its_place_is_refused(tmp_path):
    clock, file = SystemClock(), tmp_path / "known-hubs.json"
    async with secured(tmp_path / "first") as (port, mark):
        address = f"https://127.0.0.1:{port}"
        for _ in range(2):
            async with RemoteHub(address, clock, trust=Trust(file)) as remote:
                assert len((await remote.query(m.GetCatalogue())).products) == 2
        assert mark in file.read_text()
    async with secured(tmp_path / "second", port):
        async with RemoteHub(address, clock, trust=Trust(file), token="secret") as remote, remote.watch() as mailbox:
            assert await offline(mailbox) == "certificate_changed"
        async with (
            RemoteHub(address, clock, trust=Trust(known={f"wss://127.0.0.1:{port}/ws/spc/": "authority"})) as remote,
            remote.watch() as mailbox,
        ):
            assert await offline(mailbox) == "certificate_changed"


def test_that_the_certificate_is_kept_and_only_its_owner_can_read_the_key(tmp_path):
    _, first = server_context(tmp_path, "0.0.0.0")
    _, again = server_context(tmp_path, "0.0.0.0")
    assert (first, len(first)) == (again, 95)
    if os.name != "nt":
        assert stat.S_IMODE((tmp_path / "tls" / "hub.key").stat().st_mode) == 0o600


def test_that_a_certificate_that_cannot_be_used_is_told_with_its_file(tmp_path):
    _, mark = server_context(tmp_path, "plant.example")
    cert, key = tmp_path / "tls" / "hub.crt", tmp_path / "tls" / "hub.key"
    assert server_context(tmp_path / "other", "x", str(cert), str(key))[1] == mark
    for wrong in (tmp_path / "none.pem", key):
        with pytest.raises(UserError) as refused:
            server_context(tmp_path, "x", str(cert), str(wrong) if wrong != key else str(cert))
        assert refused.value.code == "certificate_unusable"


def test_that_known_hubs_that_cannot_be_read_are_not_taken_for_none(tmp_path):
    file = tmp_path / "known-hubs.json"
    file.write_text("{")
    with pytest.raises(UserError) as refused:
        Trust(file)
    assert refused.value.code == "known_hubs_unreadable"


async def test_that_the_secret_of_a_pairing_is_shown_to_the_hub_that_made_it_alone(tmp_path):
    async with secured(tmp_path / "hub") as (port, mark):
        trust = Trust(tmp_path / "known.json")
        async with Pairing(f"https://127.0.0.1:{port}", trust, SystemClock()) as pairing:
            made = await pairing.request("line 3")
            assert made.code
    assert trust.pinned(f"wss://127.0.0.1:{port}/ws/spc/") == bytes.fromhex(mark.replace(":", ""))
    async with (
        secured(tmp_path / "stranger", port),
        Pairing(f"https://127.0.0.1:{port}", trust, SystemClock()) as later,
    ):
        later._made = made
        with pytest.raises(UserError) as refused:
            async with asyncio.timeout(PATIENCE):
                await later.token()
    assert refused.value.code == "certificate_changed"
