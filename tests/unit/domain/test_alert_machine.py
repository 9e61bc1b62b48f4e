"""The life of an alert: no sequence of events loses an unseen alarm, announces one twice, or reaches an illegal state."""

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from spc_desktop.domain import alert as alerts
from spc_desktop.domain import handling
from spc_desktop.domain.alert import AlertType, Moment, Observed, Owner, Priority, Signal, Status
from spc_desktop.domain.errors import UserError
from tests.fakes import NOON

OWNER = Owner(1, "SHAFT", "축", 1)
KEYS = ["SHAFT/OD/i_mr.i/nelson_1", "SHAFT/OD/i_mr.i/nelson_2", "SHAFT/OD/spec/out_of_spec"]


def signal(key, value=1.0):
    return Signal(key, AlertType.OUT_OF_CONTROL, Priority.HIGH, key.rsplit("/", 1)[1], {"value": value})


def words(code, params):
    return code, f"{code} {params['value']}"


class Life:
    """Alerts of one characteristic, folded as the hub does it, with everything that was announced."""

    def __init__(self):
        self.rows, self.current, self.announced, self.next_id, self.now = {}, {}, [], 1, NOON

    def point(self, *keys, held=()):
        self.now += timedelta(seconds=1)
        observed = Observed(self.next_id, tuple(signal(key) for key in keys), frozenset(held), settles=None)
        changes = alerts.step(self.current, observed, OWNER, Moment(self.now, self.now, words), self.next_id)
        for change in changes:
            self.next_id += change.change == "raised"
            self.take(change)
        return [change.change for change in changes]

    def take(self, change):
        if change is None:
            return
        alert = change.alert
        self.announced.append((alert.id, alert.rev, change.change))
        self.rows[alert.id] = alert
        newest = self.current.get(alert.key)
        if alert.status in alerts.ENDED:
            if newest is not None and newest.id == alert.id:
                del self.current[alert.key]
        elif newest is None or newest.id <= alert.id:
            self.current[alert.key] = alert


def test_that_a_condition_that_goes_on_only_counts():
    life = Life()
    assert life.point(KEYS[0]) == ["raised"]
    assert life.point(KEYS[0]) == ["repeated"]
    assert life.point(KEYS[0]) == ["repeated"]
    (alert,) = life.rows.values()
    assert (alert.count, alert.state, alert.created_at, alert.last_at) == (
        3,
        "UNACK",
        NOON + timedelta(seconds=1),
        life.now,
    )


def test_that_a_returned_alarm_nobody_saw_stays_open_and_counts_when_it_fires_again():
    life = Life()
    life.point(KEYS[0])
    assert life.point() == ["returned"]
    assert (life.rows[1].state, life.rows[1].status, life.rows[1].active) == ("RTNUN", Status.NEW, False)
    assert life.point(KEYS[0]) == ["repeated"]
    assert (len(life.rows), life.rows[1].state) == (1, "UNACK")


def test_that_an_acknowledged_alarm_that_returned_and_fires_again_is_a_new_alert():
    life = Life()
    life.point(KEYS[0])
    life.take(handling.acknowledge(life.rows[1], "kim", life.now))
    assert life.rows[1].state == "ACKED"
    assert life.point(KEYS[0]) == ["repeated"]
    life.point()
    assert life.rows[1].state == "NORM"
    assert life.point(KEYS[0]) == ["raised"]
    assert [alert.state for alert in life.rows.values()] == ["NORM", "UNACK"]


def test_that_an_ended_alert_is_followed_by_a_new_one_while_the_condition_goes_on():
    life = Life()
    life.point(KEYS[0])
    life.take(handling.resolve(life.rows[1], "kim", life.now, {"root_cause": "worn tool"}))
    assert (life.rows[1].root_cause, life.rows[1].resolved_by, life.rows[1].acknowledged_by) == (
        "worn tool",
        "kim",
        "kim",
    )
    assert life.point(KEYS[0]) == ["raised"]


def test_that_acknowledging_twice_changes_nothing():
    life = Life()
    life.point(KEYS[0])
    life.take(handling.acknowledge(life.rows[1], "kim", life.now))
    assert handling.acknowledge(life.rows[1], "lee", life.now) is None


def test_that_an_unseen_alert_stays_unseen_when_it_is_assigned():
    life = Life()
    life.point(KEYS[0])
    life.take(handling.assign(life.rows[1], "lee", "kim"))
    assert (life.rows[1].assigned_to, life.rows[1].status) == ("lee", Status.NEW)
    life.take(handling.acknowledge(life.rows[1], "kim", life.now))
    life.take(handling.assign(life.rows[1], "park", "kim"))
    assert life.rows[1].status is Status.INVESTIGATING


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_that_an_ended_alert_can_not_be_reopened(status):
    life = Life()
    life.point(KEYS[0])
    life.take(handling.update(life.rows[1], status, {}, "kim", life.now))
    ended = life.rows[1]
    for attempt in (
        lambda: handling.acknowledge(ended, "kim", NOON),
        lambda: handling.assign(ended, "lee", "kim"),
        lambda: handling.resolve(ended, "kim", NOON, {}),
        lambda: handling.update(ended, Status.NEW, {}, "kim", NOON),
    ):
        with pytest.raises(UserError) as refused:
            attempt()
        assert refused.value.code == "illegal_status"


def test_that_a_command_for_an_older_version_is_a_conflict():
    life = Life()
    life.point(KEYS[0])
    life.point(KEYS[0])
    with pytest.raises(UserError) as refused:
        handling.check_rev(life.rows[1], 1)
    assert (refused.value.code, refused.value.params["rev"]) == ("conflict", 2)


class AlertLife(RuleBasedStateMachine):
    """Points with any rules broken and any commands, in any order."""

    def __init__(self):
        super().__init__()
        self.life = Life()
        self.unseen = set()
        self.ended = set()

    @rule(keys=st.sets(st.sampled_from(KEYS)), held=st.sets(st.sampled_from(KEYS)))
    def point(self, keys, held):
        before = dict(self.life.current)
        self.life.point(*sorted(keys), held=held)
        for key in keys:
            alert = self.life.current[key]
            assert alert.active
            assert alert.key == key
            if key not in before or (not before[key].active and before[key].status is not Status.NEW):
                self.unseen.add(alert.id)
            else:
                assert alert.id == before[key].id, "a condition that goes on was announced as a new alert"
        for key in set(before) - keys - held:
            assert not self.life.current[key].active

    def _some(self, data):
        return self.life.rows[data.draw(st.sampled_from(sorted(self.life.rows)))]

    @precondition(lambda self: self.life.rows)
    @rule(
        data=st.data(), command=st.sampled_from(["ack", "assign", "resolve", "update"]), status=st.sampled_from(Status)
    )
    def command(self, data, command, status):
        alert, now = self._some(data), self.life.now
        try:
            if command == "ack":
                change = handling.acknowledge(alert, "kim", now)
            elif command == "assign":
                change = handling.assign(alert, "lee", "kim")
            elif command == "resolve":
                change = handling.resolve(alert, "kim", now, {})
            else:
                change = handling.update(alert, status, {"priority": Priority.LOW}, "kim", now)
        except UserError as refused:
            if refused.code != "illegal_status":
                raise
            return
        self.life.take(change)
        if change is not None and change.alert.status is not Status.NEW:
            self.unseen.discard(alert.id)
        if change is not None and change.alert.status in alerts.ENDED:
            self.ended.add(alert.id)

    @invariant()
    def nothing_unseen_is_lost(self):
        for alert_id in self.unseen:
            alert = self.life.rows[alert_id]
            assert alert.status is Status.NEW
            assert alert.state in {"UNACK", "RTNUN"}
            assert self.life.current[alert.key].id == alert_id

    @invariant()
    def every_state_is_legal(self):
        for alert in self.life.rows.values():
            assert alert.state == alerts.state_of(alert.active, alert.status is not Status.NEW)
            assert (alert.acknowledged_at is not None) == (alert.status is not Status.NEW)
            if alert.id in self.ended:
                assert alert.status in alerts.ENDED
                assert alert.state == "NORM"

    @invariant()
    def nothing_is_announced_twice(self):
        announced = [(alert_id, rev) for alert_id, rev, _ in self.life.announced]
        assert len(announced) == len(set(announced))
        raised = [alert_id for alert_id, _, change in self.life.announced if change == "raised"]
        assert sorted(raised) == sorted(self.life.rows)


TestAlertLife = AlertLife.TestCase
TestAlertLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
