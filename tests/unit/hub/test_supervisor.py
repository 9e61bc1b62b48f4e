"""Tasks: essential ones end the hub, restartable ones come back with growing delays, and all of them end."""

import asyncio

import pytest

from spc_desktop.domain.errors import KnownError
from spc_desktop.hub import tasks
from spc_desktop.hub.tasks import Supervisor
from tests.fakes import FakeClock


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch):
    monkeypatch.setattr(tasks, "FIRST_DELAY", 0.001)
    monkeypatch.setattr(tasks, "LONGEST_DELAY", 0.004)


async def test_that_the_failure_of_an_essential_task_is_reported(caplog):
    supervisor = Supervisor(FakeClock())

    async def work():
        raise ZeroDivisionError("one")

    supervisor.spawn("pipeline", work(), essential=True)
    assert isinstance(await asyncio.wait_for(supervisor.failed(), 5), ZeroDivisionError)
    assert "pipeline" in caplog.text


async def test_that_stopping_is_no_failure():
    supervisor = Supervisor(FakeClock())
    supervisor.spawn("pipeline", asyncio.sleep(100), essential=True)
    assert await supervisor.stop(5) == []
    assert supervisor.failure is None


async def test_that_a_source_that_fails_is_started_again_until_it_holds(caplog):
    states, runs = [], []
    supervisor = Supervisor(FakeClock(), states.append)

    async def source():
        runs.append(1)
        if len(runs) == 1:
            raise KnownError("gauge_gone", port="COM3")
        if len(runs) == 2:
            raise RuntimeError("bug")

    await asyncio.wait_for(supervisor.keep("gauge", source), 5)
    assert len(runs) == 3
    assert [(state.running, state.code, state.restarts) for state in states] == [
        (True, "", 0),
        (False, "gauge_gone", 1),
        (True, "", 1),
        (False, "bug", 2),
        (True, "", 2),
        (False, "", 2),
    ]
    assert states[1].params == {"port": "COM3"}
    assert states[1].retry_at is not None


async def test_that_delays_grow_to_a_limit_and_begin_anew_after_a_good_while(monkeypatch, caplog):
    waits, clock = [], FakeClock()

    async def no_sleep(seconds):
        waits.append(seconds)
        await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0)

    monkeypatch.setattr(tasks.asyncio, "sleep", no_sleep)
    supervisor, runs = Supervisor(clock), []

    async def source():
        runs.append(1)
        if len(runs) == 6:
            clock.turn(tasks.RECOVERED_AFTER)
        if len(runs) < 8:
            raise KnownError("gone")

    await asyncio.wait_for(supervisor.keep("gauge", source), 5)
    longest = [0.001, 0.002, 0.004, 0.004, 0.004, 0.001, 0.002]
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(waits, longest, strict=True))


async def test_that_a_task_that_will_not_end_is_named(caplog):
    supervisor, go = Supervisor(FakeClock()), asyncio.Event()

    async def stubborn():
        while not go.is_set():
            try:
                await go.wait()
            except asyncio.CancelledError:
                continue

    task = supervisor.spawn("stubborn", stubborn())
    await asyncio.sleep(0)
    assert await supervisor.stop(0.01) == ["stubborn"]
    go.set()
    await task
