"""A station with two products on a real port."""

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.hub import Hub
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from tests.integration.server.clients import CATALOGUE, Station


@pytest.fixture
async def station():
    clock = SystemClock()
    store = MemoryStore()
    async with Hub(store, clock) as hub:
        await hub.command(CATALOGUE)
        async with HubServer(hub, clock, port=0) as server:
            yield Station(hub, store, server)
