"""The sampling clock of a station: overdue and silent are alerts, what nobody took is written down, also over a restart."""

import pytest

from spc_desktop.domain.alert import AlertType
from spc_desktop.domain.note import NoteKind
from spc_desktop.domain.register import SamplingPlan
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.storage.memory import MemoryStore
from tests.fakes import FakeClock, diameter, known_limits, measured, save, shaft

MINUTE = 60.0


@pytest.fixture
async def floor():
    clock, store = FakeClock(), MemoryStore()
    async with Hub(store, clock) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        yield hub, clock, store


def plan(**fields):
    base = {"id": "1", "characteristic_id": 1, "interval_minutes": 30, "shifts_only": False}
    return m.SaveRegister(entries=(SamplingPlan(**{**base, **fields}),), reason="r")


async def turn(hub, clock, minutes):
    clock.turn(minutes * MINUTE)
    await hub.tick()


async def overdue(hub):
    alerts = (await hub.query(m.GetAlerts(open_only=True))).alerts
    return [alert for alert in alerts if alert.alert_type is AlertType.SAMPLE_OVERDUE and alert.active]


async def test_that_an_overdue_sample_is_an_alert_until_it_is_taken(floor):
    hub, clock, _ = floor
    await hub.command(plan())
    await turn(hub, clock, 31)
    (due,) = await hub.query(m.GetDue())
    assert (due.due_at is not None, due.overdue_minutes) == (True, 0)
    assert await overdue(hub) == []
    await turn(hub, clock, 6)
    (raised,) = await overdue(hub)
    assert raised.params["minutes"] == 7
    await hub.submit([measured(10.0, at=clock.now())])
    await hub.tick()
    assert await overdue(hub) == []
    (due,) = await hub.query(m.GetDue())
    assert (due.due_at, due.last_at) == (None, clock.now())


async def test_that_a_sample_nobody_took_is_written_down_once_also_over_a_restart(floor):
    hub, clock, store = floor
    await hub.command(plan())
    await turn(hub, clock, 40)
    await hub.__aexit__(None, None, None)
    async with Hub(store, clock) as again:
        await turn(again, clock, 25)
        await turn(again, clock, 10)
        missed = await again.query(m.GetNotes(characteristic_id=1, kinds=(NoteKind.MISSED,)))
        assert len(missed) == 1
        assert len(await overdue(again)) == 1


async def test_that_a_skip_ends_the_waiting(floor):
    hub, clock, _ = floor
    await hub.command(plan())
    await turn(hub, clock, 40)
    (due,) = await hub.query(m.GetDue())
    await hub.command(m.RecordSkip(characteristic_id=1, due_at=due.due_at, reason="설비 정지"))
    await hub.tick()
    assert await overdue(hub) == []
    (after,) = await hub.query(m.GetDue())
    assert after.due_at is None
    await turn(hub, clock, 30)
    assert await hub.query(m.GetNotes(characteristic_id=1, kinds=(NoteKind.MISSED,))) == ()


async def test_that_a_silent_source_is_an_alert_until_it_is_heard_again(floor):
    hub, clock, _ = floor
    await hub.command(plan(interval_minutes=None, silent_minutes=10))
    await turn(hub, clock, 1)
    await turn(hub, clock, 11)
    (silent,) = [one for one in (await hub.query(m.GetAlerts(open_only=True))).alerts if one.active]
    assert silent.alert_type is AlertType.STREAM_SILENT
    (due,) = await hub.query(m.GetDue())
    assert due.silent_since is not None
    await hub.submit([measured(10.0, at=clock.now())])
    await hub.tick()
    assert not any(one.active for one in (await hub.query(m.GetAlerts(open_only=True))).alerts)


@pytest.mark.parametrize("what", ["product", "characteristic"])
async def test_that_nothing_of_what_is_retired_is_due_and_what_was_overdue_ends(floor, what):
    hub, clock, _ = floor
    await hub.command(plan())
    await turn(hub, clock, 37)
    assert len(await overdue(hub)) == 1
    if what == "product":
        await hub.command(m.SaveCatalogue(products=(shaft(active=False),)))
    else:
        await hub.command(m.SaveCatalogue(characteristics=(diameter(active=False),), owners=("SHAFT",)))
    await hub.tick()
    assert await overdue(hub) == []
    assert await hub.query(m.GetDue()) == ()
