"""Pages of points: the columns say what the points say, whatever was written, replaced, rolled up or interrupted."""

import random
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from spc_desktop.hub.ports import Batch
from spc_desktop.protocol import messages as m
from spc_desktop.storage import store as store_module
from spc_desktop.storage.points import PAGE
from spc_desktop.storage.store import SqlStore
from tests.storage_rows import plant, point, points_batch, settle


def chunks(file):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT characteristic_id, page FROM point_chunk ORDER BY 1, 2").fetchall()


async def assert_same(store, characteristic_id, expected, start=0, stop=None):
    stop = len(expected) if stop is None else stop
    query = m.GetPoints(characteristic_id=characteristic_id, before=stop, limit=stop - start)
    found = await store.query(query)
    wanted = expected[start:stop]
    assert (found.first_index, found.count, found.total) == (start, len(wanted), len(expected))
    seconds = np.array([p.measured_at.timestamp() for p in wanted])
    np.testing.assert_allclose(np.frombuffer(found.measured_at, "<f8"), seconds, rtol=0, atol=1e-6)
    assert np.frombuffer(found.subgroup_number, "<i8").tolist() == [p.subgroup_number for p in wanted]
    for at, panel in enumerate(found.panels):
        for name in ("value", "center", "lcl", "ucl", "sigma"):
            values = np.array([getattr(p.panels[at], name) for p in wanted], float)
            np.testing.assert_array_equal(np.frombuffer(getattr(panel, name), "<f8"), values)
    keys = ("i", "mr")
    marks = {mark.index: (mark.out_of_spec, mark.excluded, mark.learning, mark.violations) for mark in found.marks}
    assert marks == {
        p.index: (p.out_of_spec, p.excluded, p.learning, hits)
        for p in wanted
        if (hits := tuple((keys[i], v) for i, panel in enumerate(p.panels) for v in panel.violations))
        or p.out_of_spec
        or p.excluded
        or p.learning
    }


async def test_that_full_pages_are_rolled_up_and_read_like_rows(tmp_path):
    given = [point(i, limits=i >= 30) for i in range(2 * PAGE + 100)]
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant(chart="i_mr"))
        for start in range(0, len(given), 700):
            await store.append(points_batch(given[start : start + 700]))
        await settle(store)
        assert chunks(tmp_path / "s.db") == [(1, 0), (1, 1)]
        await assert_same(store, 1, given)
        for start, stop in ((0, 1), (PAGE - 1, PAGE + 1), (5, 2 * PAGE), (PAGE, 2 * PAGE), (2 * PAGE - 3, len(given))):
            await assert_same(store, 1, given, start, stop)


async def test_that_replaced_points_of_a_rolled_up_page_are_seen_at_once(tmp_path):
    given = [point(i) for i in range(2 * PAGE)]
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant(chart="i_mr"))
        await store.append(points_batch(given))
        await settle(store)
        for index in (0, 17, PAGE - 1, PAGE):
            given[index] = point(index, limits=False, excluded=True, exclusion_reason="공구 교체")
            await store.append(points_batch([given[index]]))
            await assert_same(store, 1, given, max(0, index - 5), index + 5)
        await settle(store)
        assert chunks(tmp_path / "s.db") == [(1, 0), (1, 1)]
        await assert_same(store, 1, given)


async def test_that_pages_of_two_charts_do_not_mix(tmp_path):
    one, two = [point(i) for i in range(PAGE + 5)], [point(i, 2, out_of_spec=True) for i in range(PAGE + 9)]
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant(chart="i_mr"))
        await store.append(Batch(points=[*one, *two]))
        await settle(store)
        await assert_same(store, 1, one)
        await assert_same(store, 2, two)


async def test_that_closing_does_not_wait_for_pages_and_the_next_start_rolls_them_up(tmp_path):
    given = [point(i) for i in range(6 * PAGE)]
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant(chart="i_mr"))
        store._closing = True  # as if the end came with this batch
        await store.append(points_batch(given))
    assert chunks(tmp_path / "s.db") == []
    async with SqlStore(tmp_path / "s.db") as store:
        await settle(store)
        assert chunks(tmp_path / "s.db") == [(1, page) for page in range(6)]
        await assert_same(store, 1, given)


async def test_that_pages_left_open_by_a_kill_are_rolled_up_at_the_next_start(tmp_path):
    given = [point(i) for i in range(3 * PAGE)]
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant(chart="i_mr"))
        await store.append(points_batch(given))
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        connection.execute("DELETE FROM point_chunk WHERE page = 1")
        connection.commit()
    async with SqlStore(tmp_path / "s.db") as store:
        await assert_same(store, 1, given)
        await settle(store)
        assert chunks(tmp_path / "s.db") == [(1, 0), (1, 1), (1, 2)]


async def test_that_limits_that_differ_from_point_to_point_are_kept(tmp_path):
    def with_limits(i):
        p = point(i)
        first, second = p.panels
        return point(i, panels=(type(first)(first.value, 10.5, 9 - i % 3, 12 + i % 3, 0.5 + i % 3), second))

    given = [with_limits(i) for i in range(PAGE + 1)]
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant(chart="i_mr"))
        await store.append(points_batch(given))
        await settle(store)
        await assert_same(store, 1, given)


@pytest.mark.parametrize("seed", range(4))
async def test_that_any_mix_of_new_and_replaced_points_reads_back(tmp_path, monkeypatch, seed):
    monkeypatch.setattr(store_module, "PAGES_WAITING", seed)
    rng = random.Random(seed)
    given = []
    async with SqlStore(tmp_path / "s.db") as store:
        await store.append(plant(chart="i_mr"))
        for _ in range(12):
            fresh = [point(len(given) + i) for i in range(rng.choice((1, 300, PAGE - 1, PAGE)))]
            given += fresh
            changed = [
                point(i, out_of_spec=True, measured_at=given[i].measured_at, subgroup_number=rng.randrange(10**6))
                for i in sorted(rng.sample(range(len(given)), min(len(given), rng.choice((0, 1, 40)))))
            ]
            for p in changed:
                given[p.index] = p
            known = {p.index for p in changed}
            await store.append(points_batch([p for p in fresh if p.index not in known] + changed))
            start = rng.randrange(len(given))
            await assert_same(store, 1, given, start, rng.randrange(start, len(given)) + 1)
        await settle(store)
        await assert_same(store, 1, given)
