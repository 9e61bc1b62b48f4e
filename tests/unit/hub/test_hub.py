"""The running station: durable before visible, restarts, failing disks, and the order of the end."""

import asyncio
import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.domain.control_plan import LimitPolicy
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub import hub as hub_module
from spc_desktop.hub.api import Link, Resync, WatchFilter
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.storage.store import SqlStore
from tests.fakes import FakeClock, diameter, known_limits, learning, measured, save


@pytest.fixture
async def store():
    return MemoryStore()


@pytest.fixture
async def hub(store):
    async with Hub(store, FakeClock(), language="en") as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        yield hub


class GatedStore(MemoryStore):
    """Lets a commit through only when told."""

    def __init__(self):
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches = []

    async def append(self, batch):
        await self.gate.wait()
        self.batches.append(batch)
        return await super().append(batch)


async def turns(n=20):
    for _ in range(n):
        await asyncio.sleep(0)


async def test_that_nothing_is_answered_or_told_before_its_commit():
    store = GatedStore()
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        async with hub.watch() as mailbox:
            store.gate.clear()
            submit = asyncio.ensure_future(hub.submit([measured(11.5)]))
            reading = asyncio.ensure_future(mailbox.get())
            await turns()
            assert not submit.done()
            assert not reading.done()
            store.gate.set()
            await submit
            assert await reading


async def test_that_waiting_submissions_share_one_commit():
    store = GatedStore()
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        store.gate.clear()
        submits = [asyncio.ensure_future(hub.submit([measured(10.0)])) for _ in range(50)]
        await turns()
        store.gate.set()
        results = await asyncio.gather(*submits)
    assert [result.measurements[0].id for result in results] == list(range(1, 51))
    assert len(store.batches) <= 3


async def test_that_a_full_disk_is_told_leaves_no_trace_and_passes(hub, store):
    await hub.submit([measured(10.0)])
    async with hub.watch() as mailbox:
        store.failing = KnownError("disk_full")
        with pytest.raises(KnownError, match="disk_full"):
            await hub.submit([measured(11.5, key="a")])
        with pytest.raises(KnownError, match="disk_full"):
            await hub.command(save(diameter(code="NEW")))
        assert hub.state.detail == "disk_full"
        store.failing = None
        result = await hub.submit([measured(10.1, key="a")])
        news = await mailbox.get()
    assert hub.state.detail == ""
    assert (result.accepted, result.measurements[0].id, result.measurements[0].point_index) == (1, 2, 1)
    assert [type(event) for event in news] == [m.PointsEvent]
    assert (await hub.query(m.GetAlerts())).total == 0


async def test_that_a_bad_measurement_is_kept_with_its_reason(hub, store):
    result = await hub.submit([measured(float("nan"), key="bad")])
    assert result.rejected[0].code == "value_not_finite"
    (kept,) = store.quarantined
    assert (kept.reason, kept.item.key) == ("value_not_finite", "bad")


async def test_that_a_large_submission_is_answered_as_one(hub):
    items = [measured(10.0 + 0.01 * (i % 7), key=f"k{i}") for i in range(2500)]
    items[1200] = measured(float("nan"))
    items[2400] = items[3]
    result = await hub.submit(items)
    assert (result.accepted, result.duplicates, [bad.i for bad in result.rejected]) == (2498, 1, [1200])
    assert [row.id for row in result.measurements] == list(range(1, 2499))
    assert await hub.submit([]) == m.SubmitResult(accepted=0, duplicates=0)


async def test_that_a_refused_command_beside_measurements_changes_nothing_else(hub):
    results = await asyncio.gather(
        hub.submit([measured(10.0)]),
        hub.command(m.Acknowledge(alert_ids=(5,))),
        hub.submit([measured(10.1)]),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [m.SubmitResult, UserError, m.SubmitResult]


async def test_that_titles_and_messages_are_in_the_language_of_the_hub(hub):
    await hub.submit([measured(11.5)])
    alerts = {alert.code: alert for alert in (await hub.query(m.GetAlerts())).alerts}
    assert alerts["out_of_spec"].title == "Out of specification"
    assert alerts["out_of_spec"].message == "Outer diameter — out of spec: 11.50 mm (spec 9.00 – 11.00)"


async def test_that_repetitions_within_one_batch_are_told_once_with_the_final_count(hub):
    async with hub.watch(WatchFilter(types=frozenset({"alert"}))) as mailbox:
        await hub.submit([measured(10.9)] * 30)
        news = await mailbox.get()
    of_rule_1 = [event for event in news if event.alert.code == "nelson_1"]
    assert [(event.change, event.alert.count) for event in of_rule_1] == [("raised", 1), ("repeated", 30)]


async def test_that_an_alarm_returns_when_the_process_does(hub):
    await hub.submit([measured(10.65)])
    async with hub.watch(WatchFilter(types=frozenset({"alert"}))) as mailbox:
        await hub.submit([measured(10.0), measured(10.0), measured(10.0)])
        news = await mailbox.get()
    assert {(event.alert.code, event.change, event.alert.state) for event in news} == {
        ("nelson_1", "returned", "RTNUN")
    }


async def test_that_alarms_of_the_learning_phase_are_marked_as_seen_later(hub):
    await hub.command(save(diameter(code="NEW"), plans=[learning(10)]))
    values = [10.0, 10.1, 9.9, 10.05, 10.95, 9.95, 10.0, 10.1, 9.9, 10.0]
    result = await hub.submit([measured(value, of=2) for value in values])
    found = await hub.query(m.GetAlerts(characteristic_id=2))
    assert {alert.params["retrospective"] for alert in found.alerts} == {1}
    assert {alert.state for alert in found.alerts} == {"RTNUN"}
    assert [row.is_within_control for row in result.measurements].count(False) >= 1


async def test_that_measurements_judged_later_are_marked_where_they_are_stored(hub):
    await hub.command(save(diameter(code="NEW"), plans=[learning(10)]))
    for value in (10.0, 10.1, 9.9, 10.05, 10.95, 9.95, 10.0, 10.1, 9.9, 10.0):
        await hub.submit([measured(value, of=2)])
    rows = await hub.query(m.GetMeasurements(characteristic_id=2, limit=50))
    points = await hub.query(m.GetPoints(characteristic_id=2))
    flagged = {mark.index for mark in points.marks if mark.violations}
    assert 4 in flagged
    assert {row.point_index for row in rows if not row.is_within_control} == flagged


async def test_that_limits_can_be_set_before_learning_has_ended_and_exclusions_last(hub):
    await hub.command(save(diameter(code="NEW"), plans=[learning(25)]))
    await hub.submit([measured(value, of=2) for value in (10.0, 10.1, 14.0, 9.9, 10.05)])
    first = await hub.command(m.SetLimits(characteristic_id=2, exclusions={2: "wrong part"}))
    assert (await hub.query(m.GetCatalogue())).states[1].learning_left == 0
    await hub.submit([measured(10.0, of=2)])
    second = await hub.command(m.SetLimits(characteristic_id=2))
    assert [limits.revision for limits in (first, second)] == [1, 2]
    assert second.limits.provenance.baseline == (0, 1, 3, 4, 5)
    assert second.limits.params["center"] == pytest.approx(10.01)


async def test_that_no_moving_range_crosses_a_point_left_out_of_the_baseline(hub):
    await hub.submit([measured(value) for value in (10.0, 10.1, 12.0, 10.4, 10.5)])
    limits = await hub.command(m.SetLimits(characteristic_id=1, baseline=(0, 1, 3, 4)))
    assert limits.limits.params["sigma"] == pytest.approx(0.1 / 1.128379, rel=1e-5)


async def test_that_a_changed_chart_learns_anew_and_a_restart_remembers_that(store):
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        await hub.submit([measured(10.0)] * 3)
        await hub.command(save(diameter(), plans=[learning(5)]))
        await hub.submit([measured(10.5)])
    async with Hub(store, FakeClock()) as hub:
        state = (await hub.query(m.GetCatalogue())).states[0]
        assert (state.points, state.learning_left, state.limits) == (4, 4, None)
        await hub.submit([measured(value) for value in (10.0, 10.1, 9.9, 10.2)])
        state = (await hub.query(m.GetCatalogue())).states[0]
    assert (state.limits.revision, state.limits.first_index) == (2, 3)


@pytest.mark.parametrize(("size", "chart", "after"), [(1, "i_mr", 1), (2, "xbar_r", 2), (5, "xbar_s", 5)])
async def test_that_a_new_subgroup_size_closes_what_was_open_under_the_old_one(hub, size, chart, after):
    await hub.command(save(diameter(code="NEW", subgroup_size=4), plans=[known_limits("xbar_r")]))
    await hub.submit([measured(10.0, of=2), measured(10.1, of=2), measured(10.2, of=2)])
    saved = await hub.command(save(diameter(code="NEW", subgroup_size=size), plans=[known_limits(chart)]))
    assert (saved.states[0].points, saved.states[0].limits.first_index) == (1, 1)
    await hub.submit([measured(10.0, of=2)] * after)
    shapes = [point.values for point in await hub._store.points_between(2, 0, 9)]
    assert shapes == [(10.0, 10.1, 10.2), (10.0,) * after]
    rows = await hub.query(m.GetMeasurements(characteristic_id=2, limit=50))
    assert {row.point_index for row in rows} == {0, 1}


async def test_that_changed_specification_keeps_limits_and_patterns(hub):
    await hub.submit([measured(10.05)] * 8)
    await hub.command(save(diameter(usl=12.0), plans=[known_limits()]))
    await hub.submit([measured(10.05)])
    assert [alert.code for alert in (await hub.query(m.GetAlerts())).alerts] == ["nelson_2"]


async def test_that_ticking_another_rule_keeps_the_limits(hub):
    await hub.submit([measured(10.0)])
    await hub.command(save(diameter(), plans=[known_limits(rules=("nelson_1", "nelson_5"))]))
    found = await hub.query(m.GetCatalogue())
    assert (found.plans[0].revision, found.states[0].limits.revision) == (2, 1)
    await hub.submit([measured(10.45)] * 3)
    assert "nelson_5" in {alert.code for alert in (await hub.query(m.GetAlerts())).alerts}


async def test_that_a_reader_far_behind_the_log_is_told_to_read_anew():
    store = MemoryStore(keep_events=10)
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        for _ in range(20):
            await hub.submit([measured(10.0)])
        async with hub.watch(resume=(hub.epoch, 2)) as mailbox:
            assert (await mailbox.get())[0] == Resync(seq=hub.state.head, epoch=hub.epoch, reason="retention")


async def test_that_a_reader_of_a_longer_log_than_ours_is_told_to_read_anew(hub):
    async with hub.watch(resume=(hub.epoch, hub.state.head + 5)) as mailbox:
        assert (await mailbox.get())[0].reason == "epoch"


async def test_that_the_end_drains_the_intake_and_lets_readers_finish(store):
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        submits = [asyncio.ensure_future(hub.submit([measured(10.0 + 0.01 * (i % 3))])) for i in range(200)]
        await asyncio.sleep(0)
        watch = hub.watch()
        mailbox = await watch.__aenter__()
    results = await asyncio.gather(*submits)
    assert sum(result.accepted for result in results) == 200
    heard = await mailbox.get()
    assert sum(len(event.points) for event in heard) > 0
    with pytest.raises(EOFError):
        await mailbox.get()
    await watch.__aexit__(None, None, None)
    assert hub.state.link is Link.CLOSED
    with pytest.raises(KnownError, match="shutting_down"):
        await hub.submit([measured(10.0)])
    assert (await store.query(m.GetPoints(characteristic_id=1))).total == 200


async def test_that_a_disk_that_hangs_does_not_keep_the_hub_from_ending(caplog, monkeypatch):
    monkeypatch.setattr(hub_module, "DRAIN_DEADLINE", 0.02)
    store = GatedStore()
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        store.gate.clear()
        submits = [asyncio.ensure_future(hub.submit([measured(10.0)])) for _ in range(3)]
        await turns()
    errors = await asyncio.gather(*submits, return_exceptions=True)
    assert [error.code for error in errors] == ["shutting_down"] * 3
    assert "not drained" in caplog.text


async def test_that_a_replay_cut_off_by_the_end_leaves_no_hidden_gap(store):
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        for _ in range(600):
            await hub.submit([measured(10.0)])
        watch = hub.watch(resume=(hub.epoch, 0))
        mailbox = await watch.__aenter__()
        first = await mailbox.get()
        await hub.submit([measured(10.0)])
    assert [event.seq for event in first] == list(range(1, 501))
    with pytest.raises(EOFError):
        await mailbox.get()
    await watch.__aexit__(None, None, None)


async def test_that_sources_end_before_the_door_is_closed(store, caplog):
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))

        async def source():
            while True:
                await hub.submit([measured(10.0)])

        hub.tasks.keep("source", source)
        await turns()
    assert "source" not in caplog.text


async def test_that_a_bug_in_the_pipeline_is_reported_and_leaves_nobody_waiting(caplog, monkeypatch, store):
    async with Hub(store, FakeClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))

        async def broken(batch):
            raise ZeroDivisionError("bug")

        monkeypatch.setattr(store, "append", broken)
        with pytest.raises(KnownError, match="shutting_down"):
            await asyncio.wait_for(hub.submit([measured(10.0)]), 5)
        assert isinstance(await asyncio.wait_for(hub.failed(), 5), ZeroDivisionError)
        with pytest.raises(KnownError, match="shutting_down"):
            await hub.submit([measured(10.0)])


async def test_that_long_folding_lets_the_loop_breathe(store):
    class RealClock(FakeClock):
        def monotonic(self):
            return time.monotonic()

    turns_taken = 0

    async def breathe():
        nonlocal turns_taken
        while True:
            turns_taken += 1
            await asyncio.sleep(0)

    async with Hub(store, RealClock()) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        breathing = hub.tasks.spawn("breathe", breathe())
        await hub.submit([measured(10.0)] * 5000)
        breathing.cancel()
    assert turns_taken > 10


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(1, 3),
    st.sets(st.integers(0, 59), max_size=6),
    st.sampled_from(["memory", "sqlite"]),
)
def test_that_restarts_anywhere_change_nothing(tmp_path_factory, seed, n, cuts, kind):
    """The same items with and without restarts give the same points, alerts, limits and states."""
    chart = {1: "i_mr", 2: "xbar_r", 3: "xbar_s"}[n]
    generator = random.Random(seed)
    items = [measured(round(generator.gauss(10, 0.2 + 0.5 * (i > 40)), 2), key=f"k{i}") for i in range(60)]

    async def run(name, cuts):
        memory = MemoryStore()
        file = tmp_path_factory.mktemp("restart") / f"{name}.sqlite3"
        for part in _parts(items, cuts):
            async with Hub(memory if kind == "memory" else SqlStore(file), FakeClock()) as hub:
                if part[0] is items[0]:
                    plan = learning(6, chart, policy=LimitPolicy(learn_subgroups=6))
                    await hub.command(save(diameter(subgroup_size=n), plans=[plan]))
                for item in part:
                    await hub.submit([item])
                alerts = await hub.query(m.GetAlerts(limit=500))
                points = await hub._store.points_between(1, 0, 100)
                rows = await hub.query(m.GetMeasurements(characteristic_id=1, limit=500))
                catalogue = await hub.query(m.GetCatalogue())
                stored = await hub._store.load()
        return alerts, points, rows, catalogue.states, stored.monitor_states

    assert asyncio.run(run("split", cuts)) == asyncio.run(run("whole", set()))


def _parts(items, cuts):
    edges = sorted({0, len(items), *cuts})
    return [items[first:last] for first, last in pairwise(edges)]


async def test_that_a_bug_in_one_chart_refuses_only_what_it_concerns(hub, store, monkeypatch, caplog):
    chart = hub._station.watches[1].monitor
    whole = chart.step

    def fail(state, observation):
        if observation.values == (10.13,):
            raise ZeroDivisionError("a chart that cannot go on")
        return whole(state, observation)

    monkeypatch.setattr(chart, "step", fail)
    before, culprit, after = await asyncio.gather(
        hub.submit([measured(10.1)]),
        hub.submit([measured(10.13, key="bad")]),
        hub.submit([measured(10.2)]),
        return_exceptions=True,
    )
    assert (before.accepted, after.accepted, culprit.code) == (1, 1, "internal")
    assert [(row.reason, row.item.key) for row in store.quarantined] == [("internal", "bad")]
    assert ["cannot go on" in record.exc_text for record in caplog.records if record.exc_info] == [True]
    monkeypatch.undo()
    again = await hub.submit([measured(10.13, key="bad")])
    assert [row.point_index for row in again.measurements] == [2]


async def test_that_a_learning_phase_without_spread_says_why(hub, store):
    await hub.command(save(diameter(code="STUCK"), plans=[learning(3)]))
    await hub.submit([measured(10.0, of=2) for _ in range(3)])
    state = (await hub.query(m.GetCatalogue())).states[1]
    assert (state.limits, state.learning_problem) == (None, "learning_no_spread")
    await hub.submit([measured(value, of=2) for value in (10.1, 9.9, 10.2)])
    state = (await hub.query(m.GetCatalogue())).states[1]
    assert (state.limits is not None, state.learning_problem) == (True, "")
