"""What contract tests ask: one station behind every kind of ``HubApi``."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.api import HubApi
from spc_desktop.hub.hub import Hub
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.members import two_members


@dataclass
class Contract:
    """``api`` is what a test talks to; ``hub`` is the station behind it, ``store`` what the station keeps."""

    api: HubApi
    hub: Hub
    store: MemoryStore
    kind: str
    stack: AsyncExitStack = field(repr=False, default_factory=AsyncExitStack)


@pytest.fixture(params=["local", "remote", "follower"])
async def contract(request):
    """A running station; ``contract.api`` is its hub, a ``RemoteHub`` that is connected to it, or one that follows it."""
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        if request.param == "follower":
            database = request.getfixturevalue("postgres_database")()
            leader, follower = await stack.enter_async_context(
                two_members(database, request.getfixturevalue("redis_of_session").url)
            )
            yield Contract(follower, leader, leader.store, request.param, stack)
            return
        store = MemoryStore()
        hub = await stack.enter_async_context(Hub(store, clock))
        api: HubApi = hub
        if request.param == "remote":
            server = await stack.enter_async_context(HubServer(hub, clock, port=0))
            api = await stack.enter_async_context(RemoteHub(f"http://127.0.0.1:{server.port}", clock))
        yield Contract(api, hub, store, request.param, stack)
