"""Alarms in a running hub: masks, delays, escalation and verification, over restarts and clocks that jump."""

from datetime import timedelta

import pytest

from spc_desktop.domain.alarm_policy import AlarmPolicy, Delay, EscalationStep
from spc_desktop.domain.alert import AlertType, Status
from spc_desktop.domain.announcement import Preferences, why_not
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.storage.store import SqlStore
from tests.fakes import NOON, FakeClock, diameter, known_limits, measured, save

KIM = Actor(name="kim")
SPEC = "SHAFT/OD/spec/out_of_spec"
RULE_1 = "SHAFT/OD/i_mr.i/nelson_1"
# Limits are 9.4 and 10.6; no step between two of these moves the range chart beyond its own.
OUT, BEYOND, FINE = 9.35, 10.65, 10.0


class Plant:
    """A hub that can be restarted, its clock, and every change of an alert that was ever told."""

    def __init__(self, make_store):
        self._make_store, self.clock = make_store, FakeClock()
        self.store = make_store()
        self._seen = 0

    async def start(self):
        self.hub = Hub(self.store, self.clock, language="en")
        await self.hub.__aenter__()
        return self

    async def stop(self):
        await self.hub.__aexit__(None, None, None)

    async def restart(self):
        await self.stop()
        if not isinstance(self.store, MemoryStore):
            self.store = self._make_store()
        await self.start()

    async def plan(self, **policy):
        plan = known_limits(alarm=AlarmPolicy(**policy))
        await self.hub.command(save(diameter(lsl=9.38), plans=[plan]))

    async def measure(self, *values):
        for value in values:
            await self.hub.submit([measured(value)])
        return await self.told()

    async def wait(self, seconds):
        self.clock.turn(seconds)
        await self.hub.tick()
        return await self.told()

    async def order(self, command):
        return await self.hub.command(command, KIM)

    async def told(self):
        """Return (alert, change) of every alert event since the last call."""
        page = await self.hub.query(m.GetEvents(since=self._seen))
        self._seen = page.head
        return [(event.alert.id, event.change) for event in page.events if isinstance(event, m.AlertEvent)]

    async def alert(self, alert_id):
        return await self.hub.query(m.GetAlert(alert_id=alert_id))


@pytest.fixture(params=["memory", "sqlite"])
async def plant(request, tmp_path):
    stores = {"memory": MemoryStore, "sqlite": lambda: SqlStore(tmp_path / "spc.db")}
    plant = await Plant(stores[request.param]).start()
    await plant.plan()
    yield plant
    await plant.stop()


async def test_that_a_shelf_hides_occurrences_until_it_ends_by_itself_also_after_a_restart(plant):
    await plant.order(m.Shelve(key=SPEC, minutes=60, reason="trial run"))
    # A masked alarm stands for no other: the control limit is told by itself.
    assert await plant.measure(OUT) == [(1, "raised"), (2, "raised")]
    assert (await plant.alert(2)).mask is None
    alert = await plant.alert(1)
    assert (alert.state, alert.mask.kind, alert.mask.by, alert.mask.reason) == ("UNACK", "SHLVD", "kim", "trial run")
    await plant.restart()
    assert await plant.wait(3_599) == []
    assert await plant.wait(1) == [(1, "unshelved")]
    assert ((await plant.alert(1)).mask, (await plant.alert(1)).state) == (None, "UNACK")
    assert await plant.wait(3_600) == []
    assert await plant.hub.query(m.GetMasks()) == ()


@pytest.mark.parametrize("jump", [timedelta(hours=25), timedelta(hours=-2)])
async def test_that_a_wall_clock_that_jumps_neither_ends_a_shelf_nor_prolongs_it(plant, jump):
    await plant.measure(OUT)
    await plant.order(m.Shelve(alert_id=1, minutes=10, reason="r"))
    plant.clock._at += jump
    await plant.told()
    assert await plant.wait(599) == []
    assert await plant.wait(1) == [(1, "unshelved")]


async def test_that_a_one_shot_shelf_ends_with_its_alarm(plant):
    await plant.measure(OUT)
    await plant.order(m.Shelve(alert_id=1, minutes=60, reason="r", one_shot=True))
    await plant.told()
    assert await plant.measure(FINE) == [(1, "returned"), (1, "unshelved")]
    assert (await plant.alert(1)).state == "RTNUN"


async def test_that_a_suppressed_product_and_a_shelved_alarm_are_told_apart(plant):
    await plant.measure(OUT)
    await plant.order(m.Shelve(alert_id=1, minutes=60, reason="r"))
    await plant.order(m.Suppress(product_id=1, cause="line stopped"))
    assert (await plant.alert(1)).mask.kind == "DSUPR"
    await plant.order(m.ReturnToService(product_id=1))
    assert (await plant.alert(1)).mask.kind == "SHLVD"
    result = await plant.order(m.Unshelve(alert_id=1))
    assert [(alert.id, alert.mask) for alert in result.alerts] == [(1, None)]
    assert [change for _, change in await plant.told()] == [
        "shelved",
        "suppressed",
        "unsuppressed",
        "unshelved",
    ]


async def test_that_a_characteristic_out_of_service_stays_so_over_restarts_until_it_is_returned(plant):
    await plant.order(m.OutOfService(key="SHAFT/OD", reason="gauge at calibration"))
    await plant.restart()
    await plant.measure(BEYOND)
    assert (await plant.alert(1)).mask.kind == "OOSRV"
    assert await plant.wait(86_400 * 30) == [(1, "stale")]
    await plant.order(m.ReturnToService(key="SHAFT/OD"))
    assert await plant.told() == [(1, "returned_to_service")]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (m.Shelve(key=SPEC, minutes=721, reason="r"), "shelve_minutes"),
        (m.Shelve(key=SPEC, minutes=0, reason="r"), "shelve_minutes"),
        (m.Shelve(key=SPEC, minutes=5, reason=" "), "reason_empty"),
        (m.Shelve(key="NO/SUCH", minutes=5, reason="r"), "unknown_key"),
        (m.Shelve(minutes=5, reason="r"), "mask_scope"),
        (m.Shelve(alert_id=9, minutes=5, reason="r"), "not_found"),
        (m.Unshelve(key=SPEC), "not_masked"),
        (m.Suppress(product_id=1, key=SPEC, cause="c"), "mask_scope"),
        (m.Suppress(product_id=9, cause="c"), "unknown_product"),
        (m.Comment(alert_id=9, text="t"), "not_found"),
    ],
)
async def test_that_a_mask_that_makes_no_sense_is_refused(plant, command, code):
    with pytest.raises(UserError) as refused:
        await plant.order(command)
    assert refused.value.code == code
    assert await plant.hub.query(m.GetMasks()) == ()


async def test_that_comments_closing_and_taking_an_acknowledgement_back_are_told(plant):
    await plant.measure(OUT)
    await plant.order(m.Acknowledge(alert_ids=(1,)))
    await plant.order(m.Unacknowledge(alert_id=1))
    alert = await plant.alert(1)
    assert (alert.status, alert.state, alert.acknowledged_by, alert.acknowledged_at) == (Status.NEW, "UNACK", "", None)
    await plant.order(m.Comment(alert_id=1, text="tool 4"))
    await plant.order(m.Close(alert_id=1))
    await plant.order(m.Comment(alert_id=1, text="afterwards"))
    with pytest.raises(UserError):
        await plant.order(m.Close(alert_id=1))
    with pytest.raises(UserError):
        await plant.order(m.Comment(alert_id=1, text=" "))
    assert [change for _, change in await plant.told()] == [
        "acked",
        "unacked",
        "commented",
        "closed",
        "commented",
    ]


async def test_that_escalation_takes_each_step_once_also_after_a_restart_until_somebody_acknowledges(plant):
    steps = (
        EscalationStep(after_s=60, to="lead"),
        EscalationStep(after_s=120, to="manager"),
        EscalationStep(after_s=600, to="all"),
    )
    await plant.plan(escalation=steps)
    await plant.measure(OUT)
    assert await plant.wait(59) == []
    assert await plant.wait(1) == [(1, "escalated")]
    await plant.restart()
    assert await plant.wait(30) == []
    assert await plant.wait(30) == [(1, "escalated")]
    await plant.order(m.Acknowledge(alert_ids=(1,)))
    await plant.told()
    assert await plant.wait(7_200) == []


async def test_that_steps_due_while_the_hub_was_off_are_taken_when_it_is_back(plant):
    await plant.plan(escalation=(EscalationStep(after_s=60, to="lead"), EscalationStep(after_s=120, to="manager")))
    await plant.measure(OUT)
    plant.clock.turn(1_000)
    await plant.restart()
    assert await plant.wait(0) == [(1, "escalated"), (1, "escalated")]
    assert await plant.wait(1) == []


async def test_that_a_delay_in_points_raises_only_what_lasts_and_survives_a_restart(plant):
    await plant.plan(delays={"nelson_1": Delay(on_points=2, off_points=2)})
    assert await plant.measure(BEYOND, FINE, BEYOND) == []
    await plant.restart()
    assert await plant.measure(BEYOND) == [(1, "raised")]
    assert await plant.measure(FINE) == []
    assert await plant.measure(FINE) == [(1, "returned")]
    assert (await plant.alert(1)).life.flags == ("fleeting",)


async def test_that_a_count_within_a_window_raises_without_a_row(plant):
    await plant.plan(delays={"nelson_1": Delay(on_points=2, on_within=3)})
    assert await plant.measure(BEYOND, FINE) == []
    assert await plant.measure(BEYOND) == [(1, "raised")]


async def test_that_delays_in_seconds_end_by_time_alone(plant):
    await plant.plan(delays={"*": Delay(on_seconds=10, off_seconds=20)})
    assert await plant.measure(BEYOND) == []
    await plant.restart()
    assert await plant.wait(9) == []
    assert await plant.wait(1) == [(1, "raised")]
    assert await plant.measure(FINE) == []
    assert await plant.wait(19) == []
    assert await plant.wait(1) == [(1, "returned")]


async def test_that_an_alarm_does_not_return_within_its_deadband(plant):
    await plant.plan(delays={"nelson_1": Delay(deadband=0.5)})
    assert await plant.measure(BEYOND) == [(1, "raised")]
    assert await plant.measure(10.55) == []
    assert await plant.measure(10.45) == [(1, "returned")]


async def test_that_out_of_specification_stands_for_the_rest_of_its_point_unless_it_is_masked(plant):
    assert await plant.measure(OUT) == [(1, "raised")]
    violations = (await plant.hub.query(m.GetPoint(characteristic_id=1, index=0))).point.panels[0].violations
    assert [violation.rule for violation in violations] == ["nelson_1"]
    await plant.order(m.Shelve(key=SPEC, minutes=60, reason="r"))
    await plant.told()
    assert await plant.measure(OUT) == [(1, "repeated"), (2, "raised")]
    assert (await plant.alert(2)).alert_type is AlertType.OUT_OF_CONTROL


async def test_that_an_alarm_that_comes_and_goes_is_called_chattering(plant):
    await plant.measure(BEYOND, FINE, BEYOND, FINE, BEYOND)
    assert (await plant.alert(1)).life.flags == ("chattering",)


async def test_that_a_chattering_alarm_is_told_once_however_often_somebody_acknowledges_it(plant):
    wishes, told = Preferences(), []
    for _ in range(5):
        await plant.measure(BEYOND)
        newest = max((await plant.hub.query(m.GetAlerts())).alerts, key=lambda alert: alert.id)
        why = why_not(wishes, newest, "raised", NOON)
        told.append(why.reason if why else "")
        await plant.order(m.Acknowledge(alert_ids=(newest.id,)))
        await plant.measure(FINE)
    assert told == ["", "", "", "chattering", "chattering"]
    assert newest.id == 5


async def test_that_an_action_is_effective_after_so_many_points_in_control(plant):
    await plant.measure(BEYOND)
    await plant.order(m.Resolve(alert_id=1, corrective_action="new tool", verify_points=3))
    await plant.told()
    assert await plant.measure(FINE) == []
    await plant.restart()
    assert await plant.measure(FINE) == []
    assert await plant.measure(FINE) == [(1, "verified")]
    assert (await plant.alert(1)).life.verification == "effective"
    assert await plant.measure(FINE) == []


async def test_that_the_same_condition_again_says_that_an_action_was_not_effective(plant):
    await plant.measure(BEYOND)
    await plant.order(m.Resolve(alert_id=1, verify_points=3))
    await plant.told()
    assert await plant.measure(FINE, BEYOND) == [(1, "not_effective"), (2, "raised")]
    assert (await plant.alert(1)).status is Status.RESOLVED
    await plant.order(m.Verify(alert_id=1, effective=True, comment="the probe was dirty"))
    assert (await plant.alert(1)).life.verification == "effective"


async def test_that_what_time_brings_is_tried_again_when_the_disk_was_full():
    plant = await Plant(MemoryStore).start()
    await plant.plan(escalation=(EscalationStep(after_s=5, to="lead"),))
    await plant.measure(OUT)
    plant.store.failing = KnownError("disk_full")
    with pytest.raises(KnownError):
        await plant.wait(5)
    plant.store.failing = None
    assert await plant.wait(1) == [(1, "escalated")]
    await plant.stop()
