"""What every ``HubApi`` promises: the hub in this process and a hub behind a socket are the same to who calls them."""

import asyncio
import math

import numpy as np
import pytest

from spc_desktop.domain.alert import AlertType, Priority, Status
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor, Link, Resync, WatchFilter
from spc_desktop.protocol import messages as m
from tests.fakes import diameter, known_limits, learning, measured, save, shaft

KIM = Actor(name="kim", roles=("engineer",))


@pytest.fixture
async def api(contract):
    """A station with one characteristic of individuals (id 1), limits 9.4 to 10.6, specification 9 to 11."""
    await contract.api.command(save(diameter(), plans=[known_limits()]))
    return contract.api


class Reader:
    """Collects what comes out of a mailbox until a condition holds."""

    def __init__(self, mailbox):
        self.mailbox, self.heard = mailbox, []

    async def until(self, holds, seconds=10):
        async with asyncio.timeout(seconds):
            while not holds(self.heard):
                self.heard += await self.mailbox.get()
        return self.heard

    async def until_seq(self, seq):
        return await self.until(lambda heard: heard and heard[-1].seq >= seq)


async def head(contract):
    return contract.hub.state.head


def kinds(heard):
    return [type(event).__name__ for event in heard]


async def test_that_what_is_submitted_is_stored_when_the_answer_comes(api, contract):
    result = await api.submit([measured(10.0, key="a"), measured(10.7, key="b")])
    assert (result.accepted, result.duplicates, result.rejected) == (2, 0, ())
    assert [(row.id, row.point_index, row.is_within_control) for row in result.measurements] == [
        (1, 0, True),
        (2, 1, False),
    ]
    stored = await contract.store.query(m.GetMeasurements(characteristic_id=1))
    assert [row.measurement_value for row in stored] == [10.7, 10.0]


async def test_that_a_key_that_was_stored_before_changes_nothing(api):
    await api.submit([measured(10.0, key="a")])
    again = await api.submit([measured(99.0, key="a"), measured(10.1, key="b"), measured(10.1, key="b")])
    assert (again.accepted, again.duplicates) == (1, 2)
    assert (await api.query(m.GetPoints(characteristic_id=1))).total == 2


async def test_that_a_bad_measurement_is_told_with_its_place_and_the_rest_is_stored(api):
    result = await api.submit([measured(10.0), measured(10.0, of=77), measured(), measured(10.1)])
    assert [(bad.i, bad.code) for bad in result.rejected] == [(1, "unknown_characteristic"), (2, "no_values")]
    assert result.accepted == 2


async def test_that_the_key_of_a_rejected_measurement_can_be_used_again(api):
    result = await api.submit([measured(10.0, of=77, key="a"), measured(10.0, key="a")])
    assert (len(result.rejected), result.accepted, result.duplicates) == (1, 1, 0)


async def test_that_events_of_a_violation_come_in_order_and_agree_with_the_store(api, contract):
    async with api.watch() as mailbox:
        await api.submit([measured(10.0), measured(11.5)])
        heard = await Reader(mailbox).until_seq(await head(contract))
    assert kinds(heard) == [
        "MeasurementEvent",
        "RunRuleViolationEvent",
        "RunRuleViolationEvent",
        "AlertEvent",
        "PointsEvent",
    ]
    assert [event.seq for event in heard] == list(range(heard[0].seq, heard[0].seq + 5))
    # Out of specification stands for the control limit of the same point.
    assert [event.alert.code for event in heard if isinstance(event, m.AlertEvent)] == ["out_of_spec"]
    page = await api.query(m.GetAlerts())
    alerts = {event.alert.id: event.alert for event in heard if isinstance(event, m.AlertEvent)}
    assert {alert.id: alert for alert in page.alerts} == alerts
    assert [point.index for point in heard[-1].points] == [0, 1]


async def test_that_an_ordinary_measurement_is_no_measurement_event(api, contract):
    async with api.watch() as mailbox:
        await api.submit([measured(10.0)])
        heard = await Reader(mailbox).until_seq(await head(contract))
    assert kinds(heard) == ["PointsEvent"]


async def test_that_acknowledging_is_told_to_every_reader_and_kept(api, contract):
    await api.submit([measured(11.5)])
    async with api.watch(WatchFilter(types=frozenset({"alert"}))) as mailbox:
        result = await api.command(m.Acknowledge(alert_ids=(1,), comment="seen"), KIM)
        heard = await Reader(mailbox).until_seq(await head(contract))
    assert (result.alerts[0].status, result.alerts[0].state) == (Status.ACKNOWLEDGED, "ACKED")
    assert [(event.alert.id, event.change) for event in heard] == [(1, "acked")]
    assert await api.query(m.GetAlert(alert_id=1)) == result.alerts[0]


async def test_that_a_command_for_an_older_version_is_refused_and_changes_nothing(api):
    await api.submit([measured(11.5)])
    await api.command(m.Assign(alert_id=1, to="lee", rev=1), KIM)
    with pytest.raises(UserError) as refused:
        await api.command(m.Resolve(alert_id=1, rev=1), KIM)
    assert refused.value.code == "conflict"
    assert (await api.query(m.GetAlert(alert_id=1))).assigned_to == "lee"


async def test_that_of_many_ids_each_is_done_or_refused_for_itself(api):
    await api.submit([measured(11.5)])
    done = await api.command(m.Acknowledge(alert_ids=(1, 999)), KIM)
    assert [(one.id, one.ok, one.code) for one in done.results] == [(1, True, ""), (999, False, "not_found")]
    assert [alert.id for alert in done.alerts] == [1]
    assert (await api.query(m.GetAlert(alert_id=1))).status is Status.ACKNOWLEDGED


async def test_that_alarms_are_acknowledged_by_key_and_by_filter(api):
    await api.submit([measured(11.5)])
    key = (await api.query(m.GetAlert(alert_id=1))).key
    other = m.Acknowledge(filter=m.AlertFilter(priority=Priority.LOW))
    assert (await api.command(other, KIM)).results == ()
    done = await api.command(m.Acknowledge(key=key.partition("/")[0]), KIM)
    assert [one.id for one in done.results] == [1]
    assert (await api.query(m.GetAlert(alert_id=1))).acknowledged_by


async def test_that_what_happened_to_an_alert_can_be_read(api):
    await api.submit([measured(11.5)])
    await api.command(m.Acknowledge(alert_ids=(1,), comment="seen"), KIM)
    steps = await api.query(m.GetAlertHistory(alert_id=1))
    assert [(step.change, step.comment) for step in steps] == [("raised", ""), ("acked", "seen")]
    with pytest.raises(UserError) as unknown:
        await api.query(m.GetAlertHistory(alert_id=99))
    assert unknown.value.code == "not_found"


async def test_that_a_published_alert_with_a_key_counts_up_while_it_is_open(api):
    command = m.CreateAlert(
        product_id=1, alert_type=AlertType.PREDICTION, title="곧 이탈", message="1", dedup_key="press-4"
    )
    first = (await api.command(command, KIM)).alerts[0]
    second = (await api.command(command, KIM)).alerts[0]
    assert (second.id, second.count) == (first.id, 2)
    await api.command(m.Resolve(alert_id=first.id), KIM)
    assert (await api.command(command, KIM)).alerts[0].id != first.id


async def test_that_a_resolved_alert_can_be_closed_but_not_acknowledged(api):
    await api.submit([measured(11.5)])
    await api.command(m.Resolve(alert_id=1, root_cause="worn tool"), KIM)
    with pytest.raises(UserError) as refused:
        await api.command(m.Acknowledge(alert_ids=(1,)), KIM)
    assert refused.value.code == "illegal_status"
    closed = (await api.command(m.UpdateAlert(alert_id=1, status=Status.CLOSED), KIM)).alerts[0]
    assert (closed.status, closed.root_cause) == (Status.CLOSED, "worn tool")


async def test_that_an_alert_can_be_written_by_hand(api):
    command = m.CreateAlert(
        product_id=1, alert_type=AlertType.PREDICTION, priority=Priority.HIGH, title="곧 이탈", message="경향이 있음"
    )
    made = (await api.command(command, KIM)).alerts[0]
    assert (made.product_code, made.status, made.characteristic_id) == ("SHAFT", Status.NEW, None)
    with pytest.raises(UserError) as refused:
        await api.command(
            m.CreateAlert(**{**{f: getattr(command, f) for f in command.__struct_fields__}, "product_id": 9})
        )
    assert refused.value.code == "unknown_product"


async def test_that_the_catalogue_says_what_is_in_force(api):
    found = await api.query(m.GetCatalogue())
    assert [product.code for product in found.products] == ["SHAFT"]
    assert [(entry.code, entry.usl) for entry in found.characteristics] == [("OD", 11.0)]
    assert (found.plans[0].chart, found.states[0].limits.revision, found.states[0].learning_left) == ("i_mr", 1, 0)


async def test_that_saving_by_code_replaces_and_keeps_the_id(api):
    saved = await api.command(save(diameter(usl=12.0), diameter(code="L", name="길이"), product=shaft(name="축 2")))
    assert [(entry.id, entry.code) for entry in saved.characteristics] == [(1, "OD"), (2, "L")]
    found = await api.query(m.GetCatalogue())
    assert [product.name for product in found.products] == ["축 2"]
    assert [entry.usl for entry in found.characteristics] == [12.0, 11.0]
    await api.submit([measured(11.5)])
    assert {alert.code for alert in (await api.query(m.GetAlerts())).alerts} == {"nelson_1"}


@pytest.mark.parametrize(
    ("characteristic", "plan", "code"),
    [
        (diameter(lsl=11.0, usl=9.0), None, "limits_order"),
        (diameter(target=12.0), None, "target_outside"),
        (diameter(code=" "), None, "code_empty"),
        (diameter(decimals=40), None, "decimals_range"),
        (diameter(), known_limits("pie"), "unknown_chart"),
        (diameter(), known_limits(rules=("nelson_9",)), "unknown_rule"),
        (diameter(), known_limits(rule_set="mine"), "unknown_rule_set"),
        (diameter(subgroup_size=4), known_limits("i_mr"), "subgroup_size_range"),
        (diameter(), known_limits("xbar_r"), "subgroup_size_range"),
        (diameter(), learning(1), "learn_subgroups_range"),
        (diameter(), known_limits(sigma=-1.0), "plan_invalid"),
        (diameter(), learning(chart="ewma", rules=("nelson_2",)), "plan_invalid"),
        (diameter(lsl=None, usl=None), known_limits("pre_control"), "plan_invalid"),
    ],
)
async def test_that_a_plan_that_makes_no_sense_is_refused_whole(api, characteristic, plan, code):
    before = await api.query(m.GetCatalogue())
    with pytest.raises(UserError) as refused:
        await api.command(save(diameter(code="NEW"), characteristic, plans=[known_limits(), plan] if plan else ()))
    assert refused.value.code == code
    assert (await api.query(m.GetCatalogue())).characteristics == before.characteristics


async def test_that_points_come_as_columns(api):
    await api.submit([measured(10.0), measured(10.7)])
    found = await api.query(m.GetPoints(characteristic_id=1))
    assert (found.first_index, found.count, found.total) == (0, 2, 2)
    assert [panel.key for panel in found.panels] == ["i", "mr"]
    assert np.frombuffer(found.panels[0].value, "<f8").tolist() == [10.0, 10.7]
    assert math.isnan(np.frombuffer(found.panels[1].value, "<f8")[0])
    assert found.marks[0].index == 1


async def test_that_set_limits_judge_from_the_next_point_and_mark_exclusions(api, contract):
    values = [10.0, 10.1, 9.9, 10.05, 10.5, 9.95, 10.02, 9.97]
    await api.submit([measured(value) for value in values])
    async with api.watch() as mailbox:
        limits = await api.command(
            m.SetLimits(characteristic_id=1, exclusions={4: "set-up part"}, reason="new tool"), KIM
        )
        heard = await Reader(mailbox).until_seq(await head(contract))
    assert (limits.first_index, limits.revision) == (8, 2)
    assert limits.limits.provenance.baseline == (0, 1, 2, 3, 5, 6, 7)
    assert limits.limits.provenance.exclusions == ((4, "set-up part"),)
    assert kinds(heard) == ["LimitsEvent", "PointsEvent"]
    assert [(point.index, point.excluded, point.exclusion_reason) for point in heard[1].points] == [
        (4, True, "set-up part")
    ]
    await api.submit([measured(10.4)])
    point = (await api.query(m.GetPoint(characteristic_id=1, index=8))).point
    assert point.limits_revision == 2
    assert point.panels[0].violations[0].members == (8,)


async def test_that_limits_from_points_that_do_not_exist_are_refused(api):
    with pytest.raises(UserError) as refused:
        await api.command(m.SetLimits(characteristic_id=1))
    assert refused.value.code == "no_points"
    await api.submit([measured(10.0), measured(10.1)])
    with pytest.raises(UserError) as refused:
        await api.command(m.SetLimits(characteristic_id=1, baseline=(0, 5)))
    assert refused.value.code == "unknown_point"


async def test_that_a_capability_analysis_is_stored_told_and_alarmed(api, contract):
    await api.submit([measured(10 + 0.5 * math.sin(2.3 * i)) for i in range(40)])
    async with api.watch(WatchFilter(types=frozenset({"capability", "alert"}))) as mailbox:
        found = await api.command(m.AnalyseCapability(characteristic_id=1), KIM)
        heard = await Reader(mailbox).until_seq(await head(contract))
    values = np.array([10 + 0.5 * math.sin(2.3 * i) for i in range(40)])
    assert found.pp == pytest.approx(2.0 / (6 * values.std(ddof=1)))
    assert found.cpk < 1.33
    assert kinds(heard) == ["CapabilityEvent", "AlertEvent"]
    assert heard[1].alert.alert_type is AlertType.CAPABILITY
    assert (await api.query(m.GetCapabilities(characteristic_id=1)))[0] == found


async def test_that_a_one_sided_specification_has_no_cp_but_a_cpk(contract):
    await contract.api.command(save(diameter(lsl=None), plans=[known_limits()]))
    await contract.api.submit([measured(10 + 0.1 * math.sin(2.3 * i)) for i in range(20)])
    found = await contract.api.command(m.AnalyseCapability(characteristic_id=1))
    assert (found.cp, found.pp) == (None, None)
    assert found.cpk > 0


async def test_that_capability_of_equal_values_is_not_defined_and_says_why(api):
    await api.submit([measured(10.0)] * 5)
    found = await api.command(m.AnalyseCapability(characteristic_id=1))
    assert (found.cp, found.cpk, found.pp, found.ppk) == (None, None, None, None)
    assert "equal" in found.details["reason"]


async def test_that_learning_is_counted_down_and_ends_with_limits(contract):
    await contract.api.command(save(diameter(), plans=[learning(5)]))
    await contract.api.submit([measured(10.0), measured(10.1)])
    state = (await contract.api.query(m.GetCatalogue())).states[0]
    assert (state.points, state.learning_left, state.limits) == (2, 3, None)
    async with contract.api.watch() as mailbox:
        await contract.api.submit([measured(9.9), measured(10.05), measured(13.0)])
        heard = await Reader(mailbox).until_seq(await head(contract))
    assert [point.learning for event in heard if isinstance(event, m.PointsEvent) for point in event.points] == [
        False
    ] * 5
    assert (await contract.api.query(m.GetCatalogue())).states[0].limits.first_index == 0


async def test_that_a_filter_lets_only_the_wanted_through(api, contract):
    wanted = WatchFilter(types=frozenset({"alert"}), products=frozenset({1}))
    async with api.watch(wanted) as mailbox, api.watch(WatchFilter(products=frozenset({2}))) as other:
        await api.submit([measured(11.5)])
        heard = await Reader(mailbox).until(lambda heard: len(heard) >= 1)
        await api.command(save(product=shaft(code="PIN", name="핀")))
        told = await Reader(other).until_seq(await head(contract))
    assert set(kinds(heard)) == {"AlertEvent"}
    assert kinds(told) == ["CatalogueEvent"]


async def test_that_resuming_replays_what_was_missed_without_gap_or_double(api, contract):
    epoch = contract.hub.epoch
    async with api.watch() as mailbox:
        await api.submit([measured(10.7)])
        seen = (await Reader(mailbox).until_seq(await head(contract)))[-1].seq
    await api.submit([measured(11.5), measured(10.0)])
    async with api.watch(resume=(epoch, seen)) as mailbox:
        reader = Reader(mailbox)
        submits = [asyncio.ensure_future(api.submit([measured(10.0 + 0.8 * (i % 2))])) for i in range(30)]
        await asyncio.gather(*submits)
        heard = await reader.until_seq(await head(contract))
    seqs = [event.seq for event in heard]
    assert seqs == sorted(set(seqs))
    assert not any(isinstance(event, Resync) for event in heard)
    points = [point.index for event in heard if isinstance(event, m.PointsEvent) for point in event.points]
    assert points == list(range(1, 33))
    assert len([seq for seq in seqs if seq > seen]) == len(seqs)


async def test_that_resuming_in_another_log_begins_with_a_resync(api, contract):
    async with api.watch(resume=("another log", 3)) as mailbox:
        heard = await Reader(mailbox).until(lambda heard: heard)
    assert heard[0] == Resync(seq=await head(contract), epoch=contract.hub.epoch, reason="epoch")


async def test_that_the_dashboard_counts(api):
    await api.submit([measured(11.5)])
    found = await api.query(m.GetDashboard(days=36500))
    assert found.by_type["OUT_OF_SPEC"] == 1
    assert found.total == len((await api.query(m.GetAlerts())).alerts)


async def test_that_the_link_is_live(api):
    assert api.state.link is Link.LIVE
