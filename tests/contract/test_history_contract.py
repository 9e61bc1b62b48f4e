"""History, statistics and the record of rules, asked of each implementation of the store."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spc_desktop.domain.alert import AlertType, Priority, Status
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.ports import AlertChange, Batch
from spc_desktop.protocol import messages as m
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.storage.store import SqlStore
from tests.storage_rows import alert, alert_batch, indexed, plant, settle

DAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
NOW = DAY + timedelta(days=40)


def stores(tmp_path):
    return {
        "memory": lambda: MemoryStore(now=lambda: NOW),
        "sqlite": lambda: SqlStore(tmp_path / "s.db", now=lambda: NOW),
    }


def at(day, hour, minute=0):
    return DAY + timedelta(days=day, hours=hour, minutes=minute)


ALERTS = (
    alert(1, created_at=at(0, 7), code="nelson_1", title="관리 한계 이탈", message="외경 25.31 mm"),
    alert(2, created_at=at(0, 15), code="nelson_2", priority=Priority.LOW, alert_type=AlertType.TREND),
    alert(3, created_at=at(1, 23), code="nelson_1", product_id=2, product_code="BRK-100", characteristic_id=2),
    alert(4, created_at=at(31, 2), code="out_of_spec", alert_type=AlertType.OUT_OF_SPEC, title="Über Größe", message=""),
    alert(
        5, created_at=at(31, 9), code="nelson_1", status=Status.CLOSED, root_cause="공구 마모",
        acknowledged_at=at(31, 9, 1), resolved_at=at(31, 10),
    ),
    alert(6, created_at=at(31, 9, 5), code="nelson_1", status=Status.RESOLVED, acknowledged_at=at(31, 9, 8)),
    alert(7, created_at=at(39, 9), code="", characteristic_id=None, title="Note", message="100%_ready"),
)  # fmt: skip


@pytest.fixture(params=["memory", "sqlite", "sqlite indexed", "postgresql"])
async def store(request, tmp_path):
    if request.param == "postgresql":
        opened = SqlStore(request.getfixturevalue("postgres_database")(), now=lambda: NOW)
    else:
        opened = stores(tmp_path)[request.param.partition(" ")[0]]()
    async with opened as made:
        await made.append(plant(characteristics=3, products=2, chart="i_mr"))
        await made.append(alert_batch(ALERTS))
        said = AlertChange(alert_id=2, at=NOW, change="commented", by="김", comment="냉각수 교체함")
        await made.append(Batch(alerts=[ALERTS[1]], alert_changes=[said]))
        if request.param == "sqlite indexed":
            await indexed(made)
        yield made


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({}, [7, 6, 5, 4, 3, 2, 1]),
        ({"text": "한계"}, [6, 5, 3, 2, 1]),
        ({"text": "계"}, [6, 5, 3, 2, 1]),
        ({"text": "공구"}, [5]),
        ({"text": "마모 공구"}, [5]),
        ({"text": "구마"}, []),
        ({"text": "냉각수"}, [2]),
        ({"text": "brk"}, [3]),
        ({"text": "K-10"}, [3]),
        ({"text": "25.3"}, [1]),
        ({"text": "25.9"}, []),
        ({"text": "GRÖSSE"}, [4]),
        ({"text": "%"}, [7]),
        ({"text": "0%_r"}, [7]),
        ({"text": "' OR \" AND *"}, []),
        ({"text": "  "}, [7, 6, 5, 4, 3, 2, 1]),
        ({"rule": "nelson_1"}, [6, 5, 3, 1]),
        ({"rule": "nelson_11"}, []),
        ({"rule": "nelson1"}, []),
        ({"product_id": 2}, [3]),
        ({"characteristic_id": 1, "status": Status.CLOSED}, [5]),
        ({"priority": Priority.LOW, "alert_type": AlertType.TREND}, [2]),
        ({"since": at(31, 9)}, [7, 6, 5]),
        ({"until": at(1, 23)}, [2, 1]),
        ({"since": at(0, 8), "until": at(31, 2, 1)}, [4, 3, 2]),
        ({"since": at(50, 0)}, []),
        ({"since": at(3, 0), "until": at(2, 0)}, []),
        ({"shift": 0}, [7, 6, 5, 1]),
        ({"shift": 2}, [4, 3]),
        ({"shift": 2, "utc_offset": 540}, [2]),
        ({"text": "한계", "rule": "nelson_1", "shift": 0, "since": at(1, 0)}, [6, 5]),
    ],
)
async def test_that_history_is_filtered_newest_first(store, wanted, ids):
    found = await store.query(m.GetHistory(**wanted))
    assert [one.id for one in found.alerts] == ids
    assert not found.more


async def test_that_pages_of_history_join_without_a_gap(store):
    first = await store.query(m.GetHistory(text="한계", limit=2))
    second = await store.query(m.GetHistory(text="한계", limit=3, before_id=first.alerts[-1].id))
    assert ([one.id for one in first.alerts], first.more) == ([6, 5], True)
    assert ([one.id for one in second.alerts], second.more) == ([3, 2, 1], False)


async def test_that_an_alert_is_found_by_what_it_is_now(store):
    closed = alert(1, created_at=at(0, 7), code="nelson_1", status=Status.CLOSED, title="이름", root_cause="척 불량")
    await store.append(alert_batch([closed], "closed"))
    assert [one.id for one in (await store.query(m.GetHistory(text="척"))).alerts] == [1]
    assert [one.id for one in (await store.query(m.GetHistory(text="외경"))).alerts] == []
    assert [one.id for one in (await store.query(m.GetHistory(status=Status.CLOSED))).alerts] == [5, 1]
    assert 1 not in [one.id for one in (await store.query(m.GetHistory(status=Status.NEW))).alerts]


@pytest.mark.parametrize("wanted", [{"shift": 3}, {"shift": -1}, {"shift_starts": ()}, {"shift_starts": (9, 5)}])
async def test_that_a_shift_that_cannot_be_is_refused(store, wanted):
    for kind in (m.GetHistory, m.GetStatistics, m.GetRuleRecord):
        with pytest.raises(UserError, match="bad_message"):
            await store.query(kind(**wanted))


async def test_that_statistics_count_what_was_raised(store):
    found = await store.query(m.GetStatistics())
    assert found.total == 7
    assert found.by_rule == {"nelson_1": 4, "": 1, "nelson_2": 1, "out_of_spec": 1}
    assert found.by_shift == {"0": 4, "1": 1, "2": 2}
    assert found.by_product == {"1": 6, "2": 1}
    assert found.by_status["closed"] == 1
    assert found.by_type["TREND"] == 1
    assert found.by_priority == {"high": 6, "low": 1, "urgent": 0, "medium": 0}
    assert [(bar.characteristic_id, bar.rule, bar.count) for bar in found.pareto[:1]] == [(1, "nelson_1", 3)]
    assert found.pareto[-1].share == pytest.approx(1)
    assert found.time_to_acknowledge == m.Delay(count=2, p50=120.0, p95=pytest.approx(174.0))
    assert found.time_to_resolve == m.Delay(count=1, p50=3600.0, p95=3600.0)
    assert (found.load.most_in_10_min, found.load.flood_periods) == (2, 0)
    assert found.load.stale == 4


async def test_that_statistics_of_nothing_are_empty(store):
    found = await store.query(m.GetStatistics(product_id=99))
    assert (found.total, found.pareto, found.time_to_resolve) == (0, (), m.Delay())
    assert found.load == m.AlarmLoad()


async def test_that_floods_are_counted_by_ten_minutes_in_a_row(store):
    many = [alert(100 + i, created_at=at(20, 10) + timedelta(seconds=50 * i)) for i in range(36)]
    await store.append(alert_batch(many))
    load = (await store.query(m.GetStatistics(since=at(20, 0), until=at(21, 0)))).load
    assert (load.most_in_10_min, load.flood_periods, load.longest_flood, load.periods) == (12, 3, 3, 3)


async def test_that_each_rule_has_its_record_of_causes(store):
    assert await store.query(m.GetRuleRecord()) == (
        m.RuleRecord(rule="nelson_1", raised=4, with_cause=1, without_cause=1),
        m.RuleRecord(rule="nelson_2", raised=1, with_cause=0, without_cause=0),
        m.RuleRecord(rule="out_of_spec", raised=1, with_cause=0, without_cause=0),
    )


LETTERS = st.text(alphabet="ab관리Ä ß-_%1²\u0301가", max_size=6)


@given(titles=st.lists(LETTERS, min_size=1, max_size=8), wanted=LETTERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_that_any_part_of_a_text_finds_the_same_in_the_index_as_by_looking(tmp_path_factory, titles, wanted):
    found = []
    for name in ("memory", "sqlite"):
        async with stores(tmp_path_factory.mktemp("h"))[name]() as store:
            await store.append(plant(1))
            await store.append(alert_batch([alert(i, title=title, message="") for i, title in enumerate(titles, 1)]))
            if name == "sqlite":
                await indexed(store)
            found.append([one.id for one in (await store.query(m.GetHistory(text=wanted))).alerts])
    assert found[0] == found[1]


async def test_that_what_the_index_does_not_know_yet_is_found_with_what_it_knows_also_after_a_restart(tmp_path):
    path = tmp_path / "s.db"

    async def found(store, **wanted):
        page = await store.query(m.GetHistory(text="한계", **wanted))
        return [one.id for one in page.alerts]

    async with SqlStore(path) as store:
        await store.append(plant(1))
        await store.append(alert_batch([alert(i, title="관리 한계") for i in range(1, 301)]))
        await indexed(store)
        await store.append(alert_batch([alert(i, title="관리 한계") for i in range(301, 304)]))
        changed = [alert(i, title="이름", message="") for i in (2, 302)]
        await store.append(alert_batch(changed, "closed"))
        assert await found(store, limit=4) == [303, 301, 300, 299]
        assert await found(store, limit=500) == [303, 301, *range(300, 2, -1), 1]
        assert await found(store, limit=2, before_id=301) == [300, 299]
    async with SqlStore(path) as store:
        await indexed(store)
        assert await found(store, limit=500) == [303, 301, *range(300, 2, -1), 1]


async def test_that_the_index_waits_neither_for_a_quiet_moment_for_ever_nor_where_there_is_none(
    tmp_path, monkeypatch, request
):
    monkeypatch.setattr("spc_desktop.storage.store.UNINDEXED", 100)
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant(1))
        await store.append(alert_batch([alert(i) for i in range(1, 202)]))
        await settle(store)
        assert store._appender.index.waiting <= 100
    async with SqlStore(request.getfixturevalue("postgres_database")()) as store:
        await store.append(plant(1))
        await store.append(alert_batch([alert(1)]))
        assert store._appender.index.waiting == 0
