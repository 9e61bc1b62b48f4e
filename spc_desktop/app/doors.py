"""The doors of the first run: the sample plant as a source of the own hub, and hubs elsewhere in its place."""

import asyncio
import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from spc_desktop.app.start import Start, known_hubs
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.hub import Hub
from spc_desktop.hub.member import Member
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.sources.sample_plant import run_sample_plant
from spc_desktop.ui.preferences import Preferences
from spc_desktop.viewer.remote_hub import RemoteHub
from spc_desktop.viewer.trust import Trust

if TYPE_CHECKING:
    from spc_desktop.hub.api import HubApi

log = logging.getLogger(__name__)

PLANT = "sample-plant"
TRIAL_SPEED = 5.0
"""How fast the plant runs for somebody who tries the program: its first fault comes after a few seconds."""
PATIENCE = 6.0
"""Seconds until it is said that nobody answers at an address."""


@dataclass(slots=True)
class OwnDoors:
    """The doors of a window with a hub of its own."""

    start: Start
    clock: Clock
    hub: Hub | Member
    preferences: Preferences
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Other hubs are to be shown: the window is filled anew."""
    filling: bool = False
    """True while the sample plant's history is delivered."""
    _far: dict[str, RemoteHub] = field(default_factory=dict)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    """Ends the hubs of ``_far``."""
    _left: list[AsyncExitStack] = field(default_factory=list)
    """Ends hubs that are shown no longer."""

    @property
    def plant_runs(self) -> bool:
        return self.hub.tasks.runs(PLANT)

    @property
    def servers(self) -> tuple[str, ...]:
        return tuple(self._far)

    def hubs(self) -> "list[HubApi]":
        """Return what the window shows."""
        return list(self._far.values()) or [self.hub]

    async def open_servers(self) -> None:
        """Take up the hubs that were chosen before this start; one that is away is waited for in the window."""
        for address in self.preferences.window.servers:
            try:
                self._far[address] = await self._stack.enter_async_context(self._remote(address))
            except UserError:
                log.warning("the address %s in the settings is no address of a hub", address)

    async def close_unused(self) -> None:
        """End the hubs that the window showed before; it shows none of them any more."""
        while self._left:
            await self._left.pop().aclose()

    async def close(self) -> None:
        """End every hub elsewhere."""
        self._left.append(self._stack)
        await self.close_unused()

    async def start_plant(self) -> None:
        if self.plant_runs or self.filling:
            return
        plant = self.start.settings.sample_plant
        speed = max(plant.speed, TRIAL_SPEED)
        self.filling = True
        try:
            await run_sample_plant(self.hub, self.clock, plant.seed, speed, until_now=True)
        finally:
            self.filling = False
        self.hub.tasks.keep(PLANT, lambda: run_sample_plant(self.hub, self.clock, plant.seed, speed))
        self.preferences.change_plant(enabled=True, speed=speed)

    async def stop_plant(self) -> None:
        self.hub.tasks.end(PLANT)
        self.preferences.change_plant(enabled=False)

    async def connect(self, address: str, token: str) -> None:
        address = address.strip()
        if address in self._far:
            return
        remote = self._remote(address, token)
        self.preferences.change(last_server=address)
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(remote)
            try:
                async with asyncio.timeout(PATIENCE):
                    await remote.query(m.GetCatalogue())
            except TimeoutError:
                raise KnownError("hub_unreachable", address=address, detail=remote.state.detail) from None
            self._stack.push_async_exit(opened.pop_all())
        self._far[address] = remote
        self.preferences.change(servers=tuple(self._far))
        self.changed.set()

    async def work_here(self) -> None:
        if not self._far:
            return
        self._left.append(self._stack)
        self._far, self._stack = {}, AsyncExitStack()
        self.preferences.change(servers=())
        self.changed.set()

    def _remote(self, address: str, token: str = "") -> RemoteHub:
        language, trust = self.preferences.language, Trust(known_hubs(self.start.data_dir))
        return RemoteHub(address, self.clock, language=language, token=token, trust=trust)


async def set_after(first: asyncio.Event, then: asyncio.Event) -> None:
    """Set ``then`` as soon as ``first`` is set."""
    await first.wait()
    then.set()
