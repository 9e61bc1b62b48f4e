"""A new station is let in by two commands: one shows or makes the code, the other takes it."""

import asyncio
from types import SimpleNamespace

from spc_desktop.app import stations
from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.access import Access
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from tests.e2e.programs import Program, run


async def test_that_a_station_shows_its_code_and_keeps_its_token(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("spc_desktop.viewer.pairing.ASK_SECONDS", 0.05)
    clock = SystemClock()
    start = SimpleNamespace(data_dir=tmp_path)
    async with Hub(MemoryStore(), clock) as hub:
        access = Access(clock, lambda: hub.accounts, anonymous=False)
        async with HubServer(hub, clock, port=0, access=access) as server:
            url = f"http://127.0.0.1:{server.port}"
            asking = asyncio.create_task(asyncio.to_thread(stations.tokens_for, start, [url], "", True))
            async with asyncio.timeout(10):
                while not (waiting := await hub.query(m.GetPairings())):  # noqa: ASYNC110 - no event tells of a station that waits
                    await asyncio.sleep(0.02)
                await hub.command(m.ApprovePairing(code=waiting[0].code, name="line3"))
                token = (await asking)[url]
    assert token.startswith("spc_")
    assert waiting[0].code[:3] in capsys.readouterr().out
    other = "http://127.0.0.1:1"
    assert stations.tokens_for(start, [url, other], "", False) == {url: token, other: ""}, (
        "no other hub is shown the token"
    )
    assert (tmp_path / stations.FILE).stat().st_mode & 0o077 == 0


def test_that_a_station_is_invited_and_joins_by_two_commands(tmp_path):
    status, text = run("station", "invite", "--name", "line3", data_dir=tmp_path / "hub")
    assert (status, "no hub is running" in text) == (2, True), text
    with Program("hub", "--host", "0.0.0.0", "--port", "0", data_dir=tmp_path / "hub") as hub:
        url = hub.wait_until_up()
        status, text = run("station", "invite", "--name", "line3", data_dir=tmp_path / "hub")
        assert status == 0, text
        code = text.splitlines()[0].rpartition(" ")[2]
        assert f"/PAIR={code}" in text
        status, text = run("station", "join", url, code, data_dir=tmp_path / "pc")
        assert status == 0, text
        status, text = run("station", "join", url, code, data_dir=tmp_path / "pc")
        assert (status, "station invite" in text) == (2, True), text
