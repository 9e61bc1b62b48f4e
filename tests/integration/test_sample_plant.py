"""The sample plant in a real hub: its listed faults are found, it goes on after a restart, and it doubles nothing."""

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.sources import plant_model, sample_plant
from spc_desktop.spc.charts import CHARTS
from spc_desktop.storage.store import open_store

FIRST_MINUTE = 60 / sample_plant.INTERVAL
TOTAL = len(list(plant_model.characteristics()))


class PlantClock:
    """A clock in which every look takes a while, so that the plant runs as fast as it can."""

    def __init__(self, began, step):
        self._began, self._step, self._seconds = began, step, 0.0

    def now(self):
        return self._began + timedelta(seconds=self._seconds)

    def monotonic(self):
        self._seconds += self._step
        return self._seconds


NOON = datetime(2026, 1, 11, 12, 0, tzinfo=UTC)


async def run_until(hub, clock, *, points, seed=1):
    """Run the plant until every characteristic has that many points."""
    plant = hub.tasks.spawn("plant", sample_plant.run_sample_plant(hub, clock, seed, speed=1000.0))
    for _ in range(2000):
        states = (await hub.query(m.GetCatalogue())).states
        if len(states) == TOTAL and min(state.points for state in states) >= points:
            break
        assert not plant.done(), plant
        await asyncio.sleep(0.01)
    plant.cancel()
    await asyncio.wait([plant])
    return (await hub.query(m.GetCatalogue())).states


async def signals(hub):
    """Return (product, characteristic) -> index -> rules and ``out_of_spec``."""
    catalogue = await hub.query(m.GetCatalogue())
    products = {product.id: product.code for product in catalogue.products}
    told = {}
    for one in catalogue.characteristics:
        columns = await hub.query(m.GetPoints(characteristic_id=one.id, limit=100_000))
        told[products[one.product_id], one.code] = {
            mark.index: {violation.rule for _, violation in mark.violations}
            | {"out_of_spec"}.difference(() if mark.out_of_spec else ("out_of_spec",))
            for mark in columns.marks
            if mark.violations or mark.out_of_spec
        }
    return told


@pytest.fixture
async def hub(tmp_path):
    async with Hub(open_store(tmp_path), SystemClock()) as hub:
        yield hub


@pytest.mark.parametrize("seed", [1, 2])
async def test_that_every_listed_fault_is_signalled_and_the_calm_is_calm(hub, seed):
    await run_until(hub, PlantClock(NOON, 0.002), points=240, seed=seed)
    told = await signals(hub)
    listed = plant_model.faults(seed, 215)
    assert {fault.kind for fault in listed} == set(plant_model.KINDS)
    for fault in listed:
        rules = told[fault.product, fault.characteristic]
        due = range(fault.onset, fault.onset + fault.within)
        assert any(rules.get(at, set()) & set(fault.signals) for at in due), fault
    first = {}
    for fault in listed:
        first.setdefault((fault.product, fault.characteristic), fault.onset)
    false = sum(at < first[key] for key, rules in told.items() for at in rules)
    assert false / sum(first.values()) < 0.05


def test_that_a_new_user_sees_a_fault_within_the_first_minute():
    fault = plant_model.faults(1, 1000)[0]
    number = next(number for number, _, one in plant_model.characteristics() if one.code == fault.characteristic)
    steps_after_start = (fault.onset - sample_plant.HISTORY) * TOTAL + number
    assert 0 < steps_after_start < FIRST_MINUTE
    sample = plant_model.sample(1, number, fault.onset)
    characteristic = plant_model.PRODUCTS[0].characteristics[number]
    assert max(sample.values) > characteristic.usl


def test_that_values_depend_on_seed_and_index_alone():
    once = [plant_model.sample(7, 0, index) for index in range(40)]
    backwards = [plant_model.sample(7, 0, index) for index in reversed(range(40))]
    assert once == backwards[::-1]
    assert once != [plant_model.sample(8, 0, index) for index in range(40)]


def test_that_plant_shows_every_kind_of_chart():
    charts = {one.chart for _, _, one in plant_model.characteristics()}
    assert charts == {"i_mr", "xbar_r", "xbar_s", "p", "np", "c", "u", "ewma", "cusum"}
    assert charts <= set(CHARTS)
    assert TOTAL == 12


async def test_that_first_start_brings_a_history_with_frozen_limits(hub):
    states = await run_until(hub, PlantClock(NOON, 0.0001), points=sample_plant.HISTORY)
    assert all(state.limits is not None and state.learning_left == 0 for state in states)
    measured = await hub.query(m.GetMeasurements(characteristic_id=1, limit=100_000))
    assert measured[0].measured_at <= NOON + timedelta(minutes=1)
    times = [one.measured_at for one in reversed(measured)]
    assert times == sorted(times)


async def test_that_restart_goes_on_without_a_gap_and_doubles_nothing(tmp_path):
    for points in (70, 90, 110):
        async with Hub(open_store(tmp_path), SystemClock()) as hub:
            await run_until(hub, SystemClock(), points=points)
    async with Hub(open_store(tmp_path), SystemClock()) as hub:
        catalogue = await hub.query(m.GetCatalogue())
        for (number, _, one), stored in zip(plant_model.characteristics(), catalogue.characteristics, strict=True):
            columns = await hub.query(m.GetPoints(characteristic_id=stored.id, limit=100_000))
            numbers = np.frombuffer(columns.subgroup_number, "<i8")
            assert numbers.tolist() == list(range(1, columns.total + 1))
            detail = await hub.query(m.GetPoint(characteristic_id=stored.id, index=85))
            assert detail.point.values == plant_model.sample(1, number, 85).values, one.code
            times = np.frombuffer(columns.measured_at, "<f8")
            assert (np.diff(times) >= 0).all()


async def test_that_what_a_person_changed_is_left_as_it_is(hub):
    await sample_plant.make_known(hub)
    catalogue = await hub.query(m.GetCatalogue())
    renamed = catalogue.products[0].__class__(id=1, code=catalogue.products[0].code, name="My rings")
    await hub.command(m.SaveCatalogue(products=(renamed,)))
    await sample_plant.make_known(hub)
    assert (await hub.query(m.GetCatalogue())).products[0].name == "My rings"
