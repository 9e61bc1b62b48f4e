"""The wall clock of the hub's computer is set while clients are connected: nothing that is told or due depends on it."""

import asyncio
from datetime import timedelta

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from tests.integration.server.clients import CATALOGUE, Station


class SetClock(SystemClock):
    """A wall clock that somebody sets; what is steady goes on."""

    shift = timedelta()

    def now(self):
        return super().now() + self.shift


@pytest.mark.parametrize("shift", [timedelta(hours=25), timedelta(hours=-2)], ids=["+25 h", "-2 h"])
async def test_that_setting_the_wall_clock_changes_nothing_that_is_told(shift, monkeypatch):
    monkeypatch.setattr("spc_desktop.protocol.v1.HEARTBEAT_S", 0.05)
    clock, store = SetClock(), MemoryStore()
    async with Hub(store, clock) as hub:
        await hub.command(CATALOGUE)
        async with HubServer(hub, clock, port=0) as server:
            station = Station(hub, store, server)
            async with station.client() as seed, station.client(subprotocols=["spc.v1"]) as ours:
                wanted = [{"products": "*", "types": ["alert"]}]
                await ours.send({"type": "connect", "id": 1, "client_id": "c", "subscriptions": wanted})
                assert (await ours.read_type("result"))["ok"]
                first = await station.alert("before")
                assert (await seed.read())["alert"]["id"] == first.id
                assert (await ours.read_type("alert"))["alert"]["id"] == first.id
                await hub.command(m.Shelve(alert_id=first.id, minutes=60, reason="r"))
                assert (await ours.read_type("alert"))["alert"]["mask"]["kind"] == "SHLVD"
                await seed.read()

                clock.shift = shift
                second = await station.alert("after")
                assert (await seed.read())["alert"]["id"] == second.id
                told = await ours.read_type("alert")
                assert told["alert"]["id"] == second.id
                await ours.send({"type": "ack", "id": 2, "alert_ids": [first.id, second.id]})
                assert (await ours.read_type("result"))["ok"]
                await ours.read_type("sync")
                await asyncio.sleep(0.2)  # the hub looks for what is due several times
                assert (await hub.query(m.GetAlert(alert_id=first.id))).mask is not None
            # A new client, a token's life, the log: all of it goes on.
            async with station.client(subprotocols=["spc.v1"]) as again:
                resume = {"epoch": told["epoch"], "seq": told["seq"]}
                await again.send(
                    {"type": "connect", "id": 1, "client_id": "c", "subscriptions": wanted, "resume": resume}
                )
                assert (await again.read_type("result"))["result"]["recovered"]
