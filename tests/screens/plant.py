"""The sample plant at one moment that is always the same: a hub in memory with 120 subgroups of everything, and alerts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.sources import sample_plant
from spc_desktop.storage.memory import MemoryStore
from tests.fakes import NOON, FakeClock

SUBGROUPS = 120
STEP = timedelta(seconds=15)


@asynccontextmanager
async def sample_hub(filled: bool = True, language: str = "ko") -> AsyncIterator[Hub]:
    """Run a hub with the sample plant's history, or an empty one."""
    clock = FakeClock()
    async with Hub(MemoryStore(), clock, language=language) as hub:
        if filled:
            await fill(hub)
        yield hub


async def fill(hub: Hub) -> None:
    """Deliver the history, look at one alert, and analyse every characteristic that has a specification."""
    await sample_plant.make_known(hub)
    lines, _stored = await sample_plant._read_lines(hub)
    began = NOON - SUBGROUPS * len(lines) * STEP
    for index in range(SUBGROUPS):
        items = [
            sample_plant._item(1, line, index, began + (index * len(lines) + place) * STEP)
            for place, line in enumerate(lines)
        ]
        await hub.submit(items)
    page = await hub.query(m.GetAlerts(limit=3, open_only=True))
    if page.alerts:
        await hub.command(m.Acknowledge(alert_ids=(page.alerts[-1].id,)), sample_plant.ACTOR)
