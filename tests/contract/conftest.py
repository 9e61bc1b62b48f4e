"""What contract tests ask: one station behind both kinds of ``HubApi``, and a database server for the store."""

from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.api import HubApi
from spc_desktop.hub.hub import Hub
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.remote_hub import RemoteHub
from tests import postgres, redis


@dataclass
class Contract:
    """``api`` is what a test talks to; ``hub`` is the station behind it, ``store`` what the station keeps."""

    api: HubApi
    hub: Hub
    store: MemoryStore
    kind: str
    stack: AsyncExitStack = field(repr=False, default_factory=AsyncExitStack)


@pytest.fixture(params=["local", "remote"])
async def contract(request):
    """A running station; ``contract.api`` is its hub or a ``RemoteHub`` that is connected to it."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = MemoryStore()
        hub = await stack.enter_async_context(Hub(store, clock))
        api: HubApi = hub
        if request.param == "remote":
            server = await stack.enter_async_context(HubServer(hub, clock, port=0))
            api = await stack.enter_async_context(RemoteHub(f"http://127.0.0.1:{server.port}", clock))
        yield Contract(api, hub, store, request.param, stack)


@pytest.fixture(scope="session")
def postgres_database():
    """A function that makes a fresh database and returns its URL; skips, with the reason, where there is no server."""
    with ExitStack() as ending:
        try:
            make = ending.enter_context(postgres.server())
        except RuntimeError as reason:
            pytest.skip(str(reason))
        yield make


@pytest.fixture
def redis_server():
    """A Redis server; skips, with the reason, where there is none."""
    with ExitStack() as ending:
        try:
            running = ending.enter_context(redis.server())
        except RuntimeError as reason:
            pytest.skip(str(reason))
        yield running
