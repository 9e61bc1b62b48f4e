"""What every ``hub.ports.Store`` promises, asked of each implementation."""

import asyncio
from datetime import timedelta

import numpy as np
import pytest
from msgspec import structs

from spc_desktop.domain.alert import AlertType, Priority, Status
from spc_desktop.domain.delivery import Delivery, DeliveryOutcome
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.masks import Mask, MaskKind
from spc_desktop.domain.measurement import MeasurementIn, Quarantined, Trace
from spc_desktop.domain.point import PanelValue
from spc_desktop.hub.ports import AlertChange, AuditRecord, Batch, Document
from spc_desktop.protocol import messages as m
from spc_desktop.storage import audit
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.storage.store import SqlStore
from tests.storage_rows import START, alert, alert_batch, limits, measurement, plant, point, points_batch

NOW = START + timedelta(days=1)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request, tmp_path):
    if request.param == "memory":
        made = MemoryStore(now=lambda: NOW)
    elif request.param == "sqlite":
        made = SqlStore(tmp_path / "s.db", now=lambda: NOW)
    else:
        made = SqlStore(request.getfixturevalue("postgres_database")(), now=lambda: NOW)
    async with made:
        yield made


@pytest.fixture
async def plant_store(store):
    await store.append(plant(characteristics=3, products=2, chart="i_mr"))
    return store


async def test_that_a_new_store_is_empty_and_gives_first_ids(store):
    found = await store.load()
    assert found.head == 0
    assert found.epoch
    assert found.catalogue == m.Catalogue()
    assert found.monitor_states == {}
    assert found.open_alerts == []
    names = ("measurement", "alert", "violation", "capability", "product", "characteristic", "note", "delivery")
    assert found.next_ids == dict.fromkeys(names, 1)


async def test_that_events_are_numbered_without_holes_in_the_order_given(plant_store):
    written = await plant_store.append(alert_batch([alert(1), alert(2)]))
    later = await plant_store.append(alert_batch([alert(3)]))
    epoch = (await plant_store.load()).epoch
    assert [(e.seq, e.epoch, e.alert.id) for e in [*written, *later]] == [(2, epoch, 1), (3, epoch, 2), (4, epoch, 3)]


async def test_that_a_batch_without_events_takes_no_number(plant_store):
    assert await plant_store.append(Batch(measurements=[measurement(1)])) == []
    (event,) = await plant_store.append(alert_batch([alert(1)]))
    assert event.seq == 2


async def test_that_many_callers_at_once_get_each_their_own_events(plant_store):
    answers = await asyncio.gather(*(plant_store.append(alert_batch([alert(i)])) for i in range(1, 101)))
    assert [events[0].alert.id for events in answers] == list(range(1, 101))
    assert [events[0].seq for events in answers] == list(range(2, 102))
    page = await plant_store.query(m.GetEvents(since=1))
    assert page.events == tuple(events[0] for events in answers)


async def test_that_the_log_is_replayed_after_a_position(plant_store):
    written = [(await plant_store.append(alert_batch([alert(i)])))[0] for i in range(1, 6)]
    page = await plant_store.query(m.GetEvents(since=3, limit=2))
    assert page.events == tuple(written[2:4])
    assert (page.head, page.first) == (6, 1)
    assert (await plant_store.query(m.GetEvents(since=6, epoch=page.epoch))).events == ()


async def test_that_a_position_of_another_log_is_answered_with_the_present_epoch_alone(plant_store):
    page = await plant_store.query(m.GetEvents(since=0, epoch="another"))
    assert page.events == ()
    assert page.epoch == (await plant_store.load()).epoch
    assert page.head == 1


async def test_that_the_catalogue_comes_back_with_states_and_the_seq_it_is_exact_for(plant_store):
    given = plant(characteristics=3, products=2, chart="i_mr")
    await plant_store.append(points_batch([point(i, limits=False) for i in range(3)]))
    await plant_store.append(Batch(limits=[limits(2)]))
    found = await plant_store.query(m.GetCatalogue())
    assert found.products == tuple(given.products)
    assert found.characteristics == tuple(given.characteristics)
    assert found.plans == tuple(given.plans)
    assert found.seq == 2
    one, two, three = found.states
    assert one == m.CharacteristicState(characteristic_id=1, points=3, learning_left=2)
    assert two == m.CharacteristicState(characteristic_id=2, limits=limits(2))
    assert three == m.CharacteristicState(characteristic_id=3, learning_left=5)
    assert (await plant_store.load()).catalogue == found


async def test_that_the_newest_plan_and_limits_are_in_force(plant_store):
    plan = plant(1, chart="i_mr").plans[0]
    newer = type(plan)(characteristic_id=1, chart="xbar_r", revision=2)
    await plant_store.append(Batch(plans=[newer], limits=[limits(1), limits(1, revision=2, first_index=40)]))
    found = await plant_store.query(m.GetCatalogue())
    assert found.plans[0] == newer
    assert found.states[0].limits == limits(1, revision=2, first_index=40)


async def test_that_what_is_saved_again_replaces_the_entry(plant_store):
    product = plant().products[0]
    renamed = type(product)(id=1, code="P1-B", name="새 이름", active=False)
    await plant_store.append(Batch(products=[renamed]))
    found = await plant_store.query(m.GetCatalogue())
    assert found.products[0] == renamed
    assert len(found.products) == 2


async def test_that_the_next_ids_follow_the_highest_stored(plant_store):
    violation = m.ViolationOut(
        id=9, rule_type="RULE_1", detected_at=START, characteristic_id=1, point_index=3, panel="i", rule="nelson_1"
    )
    capability = _capability(4)
    await plant_store.append(
        Batch(
            measurements=[measurement(7), measurement(12)],
            alerts=[alert(5)],
            violations=[violation],
            capabilities=[capability],
        )
    )
    assert (await plant_store.load()).next_ids == {
        "measurement": 13,
        "alert": 6,
        "violation": 10,
        "capability": 5,
        "product": 3,
        "characteristic": 4,
        "note": 1,
        "delivery": 1,
    }


async def test_that_known_keys_answer_only_what_was_stored(plant_store):
    many = [(f"m2:{i}", i) for i in range(1, 1501)]
    await plant_store.append(Batch(measurements=[measurement(i) for i in range(1, 1501)], keys=many))
    assert await plant_store.known_keys([]) == {}
    assert await plant_store.known_keys(["m2:3", "new", "'; --", "m2:1500"]) == {"m2:3": 3, "m2:1500": 1500}
    assert await plant_store.known_keys([key for key, _ in many]) == dict(many)


async def test_that_measurements_come_back_whole_and_newest_first(plant_store):
    given = [
        measurement(1, measurement_value=1e-300, is_within_spec=False, size=50.0),
        measurement(2, 3, measurement_value=-0.1),  # characteristics 1 and 3 are of product 1
        measurement(3, subgroup_number=2**40, measured_at=START - timedelta(days=20_000, microseconds=1)),
    ]
    await plant_store.append(Batch(measurements=given))
    found = await plant_store.query(m.GetMeasurements(product_id=1))
    assert found == tuple(reversed(given))
    assert found[0].measured_at.utcoffset() is not None
    assert found[2].is_within_spec is False  # not 0: it goes to the wire
    assert await plant_store.query(m.GetMeasurements(characteristic_id=1, limit=1)) == (given[2],)
    assert await plant_store.query(m.GetMeasurements(characteristic_id=2)) == ()
    assert await plant_store.query(m.GetMeasurements(product_id=99)) == ()


async def test_that_settled_and_open_measurements_are_newest_first_together(plant_store):
    given = [measurement(i, point_index=(i - 1) // 2 if i < 6 else -1) for i in range(1, 8)]
    await plant_store.append(Batch(measurements=given))
    found = await plant_store.query(m.GetMeasurements(characteristic_id=1, limit=4))
    assert [row.id for row in found] == [7, 6, 5, 4]


async def test_that_a_closed_subgroup_settles_its_measurements_of_this_and_of_earlier_batches(plant_store):
    await plant_store.append(Batch(measurements=[measurement(1), measurement(2)]))
    assert await plant_store.measurements_between(1, 0, 10) == []
    as_judged = {1: (7, False), 2: (7, True), 3: (7, False)}
    await plant_store.append(Batch(measurements=[measurement(3)], settled={1: [1, 2, 3]}, settled_as=as_judged))
    found = await plant_store.measurements_between(1, 7, 7)
    assert {row.id: (row.point_index, row.is_within_control) for row in found} == as_judged


async def test_that_measurements_of_a_stretch_are_in_chart_order(plant_store):
    given = [measurement(i, point_index=(i - 1) // 2) for i in range(1, 11)]
    await plant_store.append(Batch(measurements=[*given, measurement(11, 3, point_index=2)]))
    assert await plant_store.measurements_between(1, 1, 2) == given[2:6]


async def test_that_points_come_back_whole(plant_store):
    given = [
        point(0, limits=False),
        point(49, size=100.0, out_of_spec=True, excluded=True, exclusion_reason="공구 교체"),
    ]
    given = [given[0], *[point(i) for i in range(1, 49)], given[1]]
    await plant_store.append(points_batch(given))
    assert await plant_store.points_between(1, 0, 100) == given
    assert await plant_store.points_between(1, 3, 5) == given[3:6]
    assert await plant_store.points_between(2, 0, 100) == []


async def test_that_a_point_with_a_known_index_replaces_it(plant_store):
    await plant_store.append(points_batch([point(0, limits=False), point(1, limits=False)]))
    await plant_store.append(points_batch([point(0)]))
    assert await plant_store.points_between(1, 0, 9) == [point(0), point(1, limits=False)]
    assert (await plant_store.query(m.GetPoints(characteristic_id=1))).total == 2


async def test_that_a_point_is_answered_with_its_measurements(plant_store):
    rows = [measurement(1, point_index=0), measurement(2, point_index=1), measurement(3, point_index=1)]
    await plant_store.append(Batch(measurements=rows, points=[point(0), point(1)]))
    found = await plant_store.query(m.GetPoint(characteristic_id=1, index=1))
    assert found == m.PointDetail(point=point(1), measurements=(rows[1], rows[2]))
    for index in (2, -1):
        with pytest.raises(UserError, match="not_found"):
            await plant_store.query(m.GetPoint(characteristic_id=1, index=index))


async def test_that_whole_points_are_the_last_ones_before_a_position_in_order(plant_store):
    await plant_store.append(points_batch([point(at) for at in range(5)]))
    for query, wanted in (
        (m.GetWholePoints(characteristic_id=1), range(5)),
        (m.GetWholePoints(characteristic_id=1, limit=2), (3, 4)),
        (m.GetWholePoints(characteristic_id=1, before=3, limit=2), (1, 2)),
        (m.GetWholePoints(characteristic_id=1, before=-1), ()),
        (m.GetWholePoints(characteristic_id=1, limit=-1), ()),
        (m.GetWholePoints(characteristic_id=9), ()),
    ):
        assert await plant_store.query(query) == tuple(point(at) for at in wanted), query


async def test_that_columns_hold_what_the_points_say(plant_store):
    given = [point(i, limits=i >= 5) for i in range(100)]
    given[7] = point(7, out_of_spec=True)
    given[8] = point(8, excluded=True, exclusion_reason="x")
    await plant_store.append(points_batch(given))
    found = await plant_store.query(m.GetPoints(characteristic_id=1, before=60, limit=58))
    assert (found.first_index, found.count, found.total) == (2, 58, 100)
    _compare_columns(found, given[2:60], ["i", "mr"])
    assert {mark.index: (mark.learning, mark.out_of_spec, mark.excluded) for mark in found.marks} == {
        **dict.fromkeys(range(2, 5), (True, False, False)),
        7: (False, True, False),
        8: (False, False, True),
        49: (False, False, False),
    }
    assert found.marks[-1].violations == (("i", given[49].panels[0].violations[0]),)


def _compare_columns(found, points, keys):
    times = np.frombuffer(found.measured_at, "<f8")
    assert times == pytest.approx([p.measured_at.timestamp() for p in points], abs=1e-6)
    assert np.frombuffer(found.subgroup_number, "<i8").tolist() == [p.subgroup_number for p in points]
    assert [panel.key for panel in found.panels] == keys
    for at, panel in enumerate(found.panels):
        for name in ("value", "center", "lcl", "ucl", "sigma"):
            expected = [getattr(p.panels[at], name) for p in points]
            np.testing.assert_array_equal(np.frombuffer(getattr(panel, name), "<f8"), np.array(expected, float))


async def test_that_an_empty_chart_answers_its_panels_without_points(plant_store):
    found = await plant_store.query(m.GetPoints(characteristic_id=2))
    assert (found.first_index, found.count, found.total, found.marks) == (0, 0, 0, ())
    assert [(panel.key, panel.value) for panel in found.panels] == [("i", b""), ("mr", b"")]


@pytest.mark.parametrize(
    ("before", "limit", "first", "count"), [(None, 3, 7, 3), (0, 5, 0, 0), (99, 99, 0, 10), (4, 0, 4, 0)]
)
async def test_that_a_stretch_is_cut_to_what_there_is(plant_store, before, limit, first, count):
    await plant_store.append(points_batch([point(i) for i in range(10)]))
    found = await plant_store.query(m.GetPoints(characteristic_id=1, before=before, limit=limit))
    assert (found.first_index, found.count, found.total) == (first, count, 10)
    assert len(found.measured_at) == 8 * count


async def test_that_points_of_fewer_panels_than_the_chart_are_undefined_there(plant_store):
    await plant_store.append(points_batch([point(0, panels=(PanelValue(1.5),))]))
    found = await plant_store.query(m.GetPoints(characteristic_id=1))
    assert np.frombuffer(found.panels[0].value, "<f8").tolist() == [1.5]
    assert np.isnan(np.frombuffer(found.panels[1].value, "<f8")).all()


ALERTS = (
    alert(1, alert_type=AlertType.OUT_OF_SPEC, priority=Priority.URGENT),
    alert(2, status=Status.CLOSED),
    alert(3, product_id=2, characteristic_id=2, priority=Priority.LOW, status=Status.RESOLVED),
    alert(4, characteristic_id=None, point_index=None, alert_type=AlertType.TREND, status=Status.INVESTIGATING),
    alert(5, status=Status.ACKNOWLEDGED, acknowledged_by="김", acknowledged_at=NOW, count=3, last_at=NOW, rev=4),
)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"product_id": 1}, [5, 4, 2, 1]),
        ({"characteristic_id": 2}, [3]),
        ({"alert_type": AlertType.TREND}, [4]),
        ({"priority": Priority.HIGH}, [5, 4, 2]),
        ({"status": Status.CLOSED}, [2]),
        ({"open_only": True}, [5, 4, 1]),
        ({"open_only": True, "status": Status.CLOSED}, []),
        ({"product_id": 1, "priority": Priority.HIGH, "open_only": True}, [5, 4]),
        ({"after_seq": 4}, [5, 4]),
        ({"product_id": 77}, []),
    ],
)
async def test_that_alerts_are_filtered_newest_first(plant_store, wanted, ids):
    await plant_store.append(alert_batch(ALERTS))
    page = await plant_store.query(m.GetAlerts(**wanted))
    assert [a.id for a in page.alerts] == ids
    assert page.total == len(ids)
    assert all(a == ALERTS[a.id - 1] for a in page.alerts)


async def test_that_alert_pages_join_without_a_gap_and_count_all_that_match(plant_store):
    await plant_store.append(alert_batch([alert(i) for i in range(1, 8)]))
    first = await plant_store.query(m.GetAlerts(limit=3))
    second = await plant_store.query(m.GetAlerts(limit=3, before_id=first.alerts[-1].id))
    assert [a.id for a in (*first.alerts, *second.alerts)] == [7, 6, 5, 4, 3, 2]
    assert (first.total, second.total) == (7, 7)


async def test_that_a_new_version_of_an_alert_replaces_it_and_moves_behind_after_seq(plant_store):
    await plant_store.append(alert_batch([alert(1), alert(2)]))
    acked = alert(1, status=Status.ACKNOWLEDGED, rev=2)
    change = AlertChange(alert_id=1, at=NOW, change="acked", by="kim", rev=2)
    batch = alert_batch([acked], "acked")
    batch.alert_changes.append(change)
    (event,) = await plant_store.append(batch)
    assert await plant_store.query(m.GetAlert(alert_id=1)) == acked
    page = await plant_store.query(m.GetAlerts(after_seq=event.seq - 1))
    assert page.alerts == (acked,)


async def test_that_an_unknown_alert_is_not_found(plant_store):
    with pytest.raises(UserError, match="not_found"):
        await plant_store.query(m.GetAlert(alert_id=404))


async def test_that_open_alerts_are_loaded_and_settled_ones_are_not(plant_store):
    await plant_store.append(alert_batch(ALERTS))
    assert [a.id for a in (await plant_store.load()).open_alerts] == [1, 4, 5]


async def test_that_the_dashboard_counts_the_last_days(plant_store):
    old = alert(6, created_at=NOW - timedelta(days=7, seconds=1))
    await plant_store.append(alert_batch([*ALERTS, old]))
    found = await plant_store.query(m.GetDashboard(days=7))
    assert found.total == 5
    assert found.by_priority == {"urgent": 1, "high": 3, "medium": 0, "low": 1}
    assert found.by_status == {"new": 1, "acknowledged": 1, "investigating": 1, "resolved": 1, "closed": 1}
    assert {k: v for k, v in found.by_type.items() if v} == {"OUT_OF_SPEC": 1, "OUT_OF_CONTROL": 3, "TREND": 1}
    assert (await plant_store.query(m.GetDashboard(days=8))).total == 6


def _capability(number, characteristic_id=1, product_id=1):
    return m.CapabilityOut(
        id=number,
        product_id=product_id,
        product_code="P1",
        cp=1.33,
        cpk=None,
        pp=1.2,
        ppk=1.1,
        analyzed_at=NOW,
        characteristic_id=characteristic_id,
        details={"n": 100, "mean": 10.25, "note": "정규"},
    )


async def test_that_capability_analyses_are_kept_newest_first(plant_store):
    given = [_capability(1), _capability(2, 3), _capability(3, 2, 2)]
    await plant_store.append(Batch(capabilities=given))
    assert await plant_store.query(m.GetCapabilities()) == (given[2], given[1], given[0])
    assert await plant_store.query(m.GetCapabilities(product_id=1, limit=1)) == (given[1],)
    assert await plant_store.query(m.GetCapabilities(characteristic_id=1)) == (given[0],)


async def test_that_the_newest_monitor_state_is_loaded(plant_store):
    await plant_store.append(Batch(monitor_states={1: b"\x00old", 3: b"three"}))
    await plant_store.append(Batch(monitor_states={1: b"\x00new\xff"}))
    assert (await plant_store.load()).monitor_states == {1: b"\x00new\xff", 3: b"three"}


async def test_that_every_kind_of_event_comes_back_as_it_was_sent(plant_store):
    given = plant(1, chart="i_mr")
    violation = m.ViolationOut(
        id=1, rule_type="RULE_2", detected_at=NOW, characteristic_id=1, point_index=8, panel="i", rule="nelson_2",
        members=tuple(range(9)),
    )  # fmt: skip
    events = [
        m.AlertEvent(ts=NOW, product_id=1, alert=ALERTS[4], change="acked", by="김"),
        m.MeasurementEvent(ts=NOW, product_id=1, measurement=measurement(3, size=2.5), product_code="P1"),
        m.RunRuleViolationEvent(ts=NOW, product_id=1, violation=violation),
        m.CapabilityEvent(ts=NOW, product_id=1, capability=_capability(1)),
        m.PointsEvent(ts=NOW, product_id=1, characteristic_id=1, points=(point(49), point(50, limits=False))),
        m.LimitsEvent(ts=NOW, product_id=1, limits=limits()),
        m.CatalogueEvent(ts=NOW, products=tuple(given.products), plans=tuple(given.plans)),
    ]
    written = await plant_store.append(Batch(events=list(events)))
    page = await plant_store.query(m.GetEvents(since=1))
    assert page.events == tuple(written)
    assert [type(event) for event in page.events] == [type(event) for event in events]


async def test_that_a_measurement_nobody_can_judge_is_taken_whatever_it_is(plant_store):
    bad = MeasurementIn(characteristic_id=4711, values=(float("nan"), float("inf")), measured_at=NOW, key="k")
    await plant_store.append(
        Batch(
            quarantined=[Quarantined(received_at=NOW, reason="unknown_characteristic", params={"id": "4711"}, item=bad)]
        )
    )
    assert (await plant_store.load()).head == 1


async def test_that_documents_are_replaced_and_deleted_by_kind_and_key(store):
    await store.append(Batch(documents=[Document("user", "kim", b"1"), Document("token", "kim", b"2")]))
    await store.append(Batch(documents=[Document("user", "이", b"3"), Document("user", "kim", b"old")]))
    await store.append(Batch(documents=[Document("user", "kim", b"new"), Document("token", "kim", None)]))
    assert await store.documents("user") == {"kim": b"new", "이": b"3"}
    assert await store.documents("token") == {}


async def test_that_masks_are_loaded_until_they_end(store):
    shelf = Mask(kind=MaskKind.SHELVED, key="1/1", by="김", since=NOW, until=NOW + timedelta(hours=1))
    stopped = Mask(kind=MaskKind.SUPPRESSED, product_id=1, since=NOW)
    await store.append(Batch(masks={shelf.id: shelf, stopped.id: stopped}))
    assert sorted((await store.load()).masks, key=lambda mask: mask.id) == [stopped, shelf]
    await store.append(Batch(masks={shelf.id: None}))
    assert (await store.load()).masks == [stopped]


def _record(number, **changes):
    fields = {
        "at": NOW,
        "actor": "김",
        "client": "line3",
        "action": "ack",
        "object": f"alert {number}",
        "before": {"status": "NEW"},
        "after": {"status": "ACKNOWLEDGED"},
        "reason": "확인",
    }
    return AuditRecord(**(fields | changes))


async def test_that_audit_records_are_numbered_and_chained_newest_first(store):
    await store.append(Batch(audit=[_record(1), _record(2, actor="이")]))
    await store.append(Batch(audit=[_record(3, before=None, action="resolve")]))
    found = await store.query(m.GetAudit())
    assert [(entry.seq, entry.object, entry.before) for entry in found] == [
        (3, "alert 3", "null"),
        (2, "alert 2", '{"status":"NEW"}'),
        (1, "alert 1", '{"status":"NEW"}'),
    ]
    assert found[0].at == NOW
    assert len({entry.hash for entry in found}) == 3
    rows = audit.chained([_record(1), _record(2, actor="이")], 0, audit.BEGINNING)
    assert found[1].hash == rows[-1][-1].hex()


@pytest.mark.parametrize(
    ("wanted", "seqs"),
    [
        ({"limit": 1}, [3]),
        ({"before_seq": 3}, [2, 1]),
        ({"actor": "이"}, [2]),
        ({"action": "resolve"}, [3]),
        ({"object": "alert 1"}, [1]),
        ({"object": "alert"}, []),
    ],
)
async def test_that_audit_records_are_filtered(store, wanted, seqs):
    await store.append(Batch(audit=[_record(1), _record(2, actor="이"), _record(3, action="resolve")]))
    assert [entry.seq for entry in await store.query(m.GetAudit(**wanted))] == seqs


async def test_that_lots_and_serial_numbers_are_found_by_a_part_of_them(plant_store):
    rows = [
        measurement(1, point_index=0, trace=Trace(lot="A_7")),
        measurement(2, point_index=1, trace=Trace(lot="A_7", serial="s-1")),
        measurement(3, point_index=2, trace=Trace(lot="AX7")),
        measurement(4, point_index=-1, trace=Trace(lot="A_9")),
    ]
    await plant_store.append(Batch(measurements=rows, points=[point(0), point(1), point(2)]))
    hits = await plant_store.query(m.FindTrace(text="a_"))
    assert [(hit.field, hit.text, hit.characteristic_id, hit.point_index) for hit in hits] == [("lot", "A_7", 1, 1)]
    assert hits[0].measured_at == rows[1].measured_at
    hits = await plant_store.query(m.FindTrace(text="S-1"))
    assert [(hit.field, hit.text) for hit in hits] == [("serial", "s-1")]
    assert await plant_store.query(m.FindTrace(text="")) == ()
    assert len(await plant_store.query(m.FindTrace(text="7", limit=1))) == 1


async def test_that_the_delivery_log_is_kept_replaced_and_asked(store):
    rows = [delivery(at) for at in range(1, 6)]
    await store.append(Batch(deliveries=rows))
    sent = structs.replace(rows[4], outcome=DeliveryOutcome.SENT, done_at=NOW, due=None)
    await store.append(Batch(deliveries=[sent]))
    assert (await store.load()).next_ids["delivery"] == 6
    found = await store.query(m.GetDeliveries(limit=2))
    assert (found.deliveries, found.more) == ((sent, rows[3]), True)
    waiting = await store.query(m.GetDeliveries(outcome=DeliveryOutcome.WAITING, before_id=3))
    assert (waiting.deliveries, waiting.more) == ((rows[1], rows[0]), False)
    for wanted in ({"alert_id": 2}, {"recipient": "user 2"}):
        assert (await store.query(m.GetDeliveries(**wanted))).deliveries == (rows[1],)
    assert (await store.query(m.GetDeliveries(channel="webhook"))).deliveries == ()


def delivery(at):
    return Delivery(
        id=at,
        at=NOW,
        alert_id=at,
        product_id=1,
        change="raised",
        recipient=f"user {at}",
        channel="email",
        outcome=DeliveryOutcome.WAITING,
        due=NOW,
    )
