"""Any sequence of points, commands, waiting and restarts in a hub: nothing unseen is lost, nothing is announced twice."""

import asyncio
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from spc_desktop.domain.alarm_policy import AlarmPolicy, EscalationStep
from spc_desktop.domain.alert import ENDED, Status, is_announced, state_of
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.masks import ENDED as ENDED_MASK
from spc_desktop.hub.api import Actor
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.storage.memory import MemoryStore
from tests.fakes import FakeClock, diameter, known_limits, measured, save

KIM = Actor(name="kim")
KEYS = ["SHAFT/OD", "SHAFT/OD/spec/out_of_spec", "SHAFT/OD/i_mr.i/nelson_1"]
STEPS = (EscalationStep(after_s=60, to="lead"), EscalationStep(after_s=600, to="manager"))


class AlarmLife(RuleBasedStateMachine):
    """A whole hub on a store in memory, folded as in the program."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock, self.store, self.seen = FakeClock(), MemoryStore(), 0
        self.rows, self.told, self.unseen = {}, [], set()
        self.run(self.start())
        plan = known_limits(alarm=AlarmPolicy(escalation=STEPS))
        self.run(self.hub.command(save(diameter(lsl=9.38), plans=[plan])))

    def run(self, work):
        return self.loop.run_until_complete(work)

    async def start(self):
        self.hub = await Hub(self.store, self.clock).__aenter__()

    def teardown(self):
        self.run(self.hub.__aexit__(None, None, None))
        self.loop.close()

    def hear(self):
        """Read what was told since the last time; what is unseen follows from the told changes alone."""
        page = self.run(self.hub.query(m.GetEvents(since=self.seen)))
        self.seen = page.head
        for event in page.events:
            if not isinstance(event, m.AlertEvent):
                continue
            alert = self.rows[event.alert.id] = event.alert
            self.told.append((alert.id, alert.rev, event.change, is_announced(alert, event.change)))
            if event.change in {"raised", "unacked"}:
                self.unseen.add(alert.id)
            elif event.change in {"acked", "resolved", "closed"}:
                self.unseen.discard(alert.id)

    def order(self, command):
        try:
            self.run(self.hub.command(command, KIM))
        except UserError as refused:
            if refused.code not in {"illegal_status", "newer_alert", "not_masked"}:
                raise
        self.hear()

    @rule(value=st.sampled_from([10.0, 10.65, 9.35, 9.39]))
    def point(self, value):
        self.run(self.hub.submit([measured(value)]))
        self.hear()

    @rule(seconds=st.sampled_from([1, 59, 600, 4_000, 90_000]))
    def wait(self, seconds):
        self.clock.turn(seconds)
        self.run(self.hub.tick())
        self.hear()

    @rule(hours=st.sampled_from([25, -2]))
    def jump(self, hours):
        self.clock._at += timedelta(hours=hours)
        self.run(self.hub.tick())
        before = len(self.told)
        self.hear()
        assert len(self.told) == before, "a clock that was set told people something"

    @rule()
    def restart(self):
        self.run(self.hub.__aexit__(None, None, None))
        self.run(self.start())
        # What the set clock has made of the time between is told now; while a hub runs, a set clock says nothing.
        self.run(self.hub.tick())
        self.hear()

    @precondition(lambda self: self.rows)
    @rule(
        data=st.data(),
        kind=st.sampled_from(["ack", "unack", "assign", "comment", "resolve", "close", "verify", "shelve", "unshelve"]),
    )
    def command(self, data, kind):
        alert_id = data.draw(st.sampled_from(sorted(self.rows)))
        commands = {
            "ack": m.Acknowledge(alert_ids=(alert_id,)),
            "unack": m.Unacknowledge(alert_id=alert_id),
            "assign": m.Assign(alert_id=alert_id, to="lee"),
            "comment": m.Comment(alert_id=alert_id, text="t"),
            "resolve": m.Resolve(alert_id=alert_id, verify_points=2),
            "close": m.Close(alert_id=alert_id),
            "verify": m.Verify(alert_id=alert_id, effective=False),
            "shelve": m.Shelve(alert_id=alert_id, minutes=60, reason="r", one_shot=alert_id % 2 == 0),
            "unshelve": m.Unshelve(alert_id=alert_id),
        }
        self.order(commands[kind])

    @rule(key=st.sampled_from(KEYS), kind=st.sampled_from([m.Suppress, m.OutOfService, m.ReturnToService, m.Shelve]))
    def mask(self, key, kind):
        more = {m.Suppress: {"cause": "c"}, m.OutOfService: {"reason": "r"}, m.ReturnToService: {}}
        self.order(kind(key=key, **more.get(kind, {"minutes": 720, "reason": "r"})))

    @invariant()
    def nothing_unseen_is_lost(self):
        for alert_id in self.unseen:
            stored = self.run(self.hub.query(m.GetAlert(alert_id=alert_id)))
            assert stored == self.rows[alert_id]
            assert stored.status is Status.NEW
            assert alert_id in self.hub._station.open_alerts

    @invariant()
    def every_state_is_legal(self):
        masks = self.run(self.hub.query(m.GetMasks()))
        for alert in self.rows.values():
            assert alert.state == state_of(alert.active, alert.status is not Status.NEW)
            covered = [mask for mask in masks if mask.covers(alert.product_id, alert.key)]
            if alert.status in ENDED:
                assert (alert.mask, alert.active) == (None, False)
            else:
                assert alert.mask in covered if covered else alert.mask is None

    @invariant()
    def nothing_is_announced_twice(self):
        versions = [(alert_id, rev) for alert_id, rev, _, _ in self.told]
        assert len(versions) == len(set(versions))
        raised = [alert_id for alert_id, _, change, _ in self.told if change == "raised"]
        assert sorted(raised) == sorted(self.rows)
        for alert_id, alert in self.rows.items():
            changes = [change for known, _, change, _ in self.told if known == alert_id]
            anew = 1 + sum(change in {"unacked", *ENDED_MASK.values()} for change in changes)
            assert changes.count("escalated") <= len(STEPS) * anew
            assert changes[0] == "raised"
            assert alert.life.escalated <= len(STEPS)

    @invariant()
    def every_shelf_ends(self):
        steady = self.hub._pipeline.steady()
        for mask in self.run(self.hub.query(m.GetMasks())):
            if mask.until is not None:
                assert mask.until - steady <= timedelta(hours=14)


TestAlarmLife = AlarmLife.TestCase
TestAlarmLife.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
