"""The sample plant as a source: makes its products known, brings a calm history, then delivers subgroup after subgroup.

What it delivers is ``plant_model``'s; this module owns only when. After a restart it goes on where the stored points end,
delivers what fell into a short break with its own times (as gauges with a memory do), and never delivers a subgroup twice.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from spc_desktop.domain.control_plan import ControlPlan, LimitPolicy
from spc_desktop.domain.measurement import MeasurementIn, Trace
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.sources import plant_model
from spc_desktop.sources.plant_model import PlantCharacteristic, PlantProduct
from spc_desktop.spc.charts import CHARTS

log = logging.getLogger(__name__)

SOURCE_ID = "sample-plant"
ACTOR = Actor(name=SOURCE_ID, client="source")

INTERVAL = 1.5
"""Seconds between two subgroups of the whole plant at speed 1."""

HISTORY = 60
"""Subgroups of each characteristic that exist before the first start, so that no chart is empty and limits are frozen."""

BATCH = 120
"""Subgroups of one submission while catching up."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One characteristic on its way: its number in the model and its id in the hub."""

    number: int
    characteristic_id: int
    machine: str


@dataclass(frozen=True, slots=True)
class _Timetable:
    """Step ``first`` is due at ``began``; a step is one subgroup of one characteristic, in turn."""

    first: int
    began: datetime
    interval: timedelta

    def time_of(self, step: int) -> datetime:
        return self.began + (step - self.first) * self.interval


async def run_sample_plant(
    hub: HubApi, clock: Clock, seed: int = 1, speed: float = 1.0, *, until_now: bool = False
) -> None:
    """Deliver for ever; cancel to stop. Safe to start again after any failure.

    Args:
        hub: where the values go.
        clock: paces the deliveries.
        seed: the same seed gives the same values.
        speed: 1 is one subgroup every ``INTERVAL`` seconds.
        until_now: return when the history or a short break is filled, before the first live value.
    """
    await make_known(hub)
    lines, stored = await _read_lines(hub)
    if not lines:
        log.warning("the sample plant has nothing to do: all its characteristics were switched off")
        return
    table = await _timetable(hub, lines, stored, clock.now(), timedelta(seconds=INTERVAL / speed))
    start, mono = clock.now(), clock.monotonic()
    step = table.first
    while True:
        now = start + timedelta(seconds=clock.monotonic() - mono)
        items: list[MeasurementIn] = []
        while len(items) < BATCH and table.time_of(step) <= now:
            line = lines[step % len(lines)]
            index = step // len(lines)
            if index >= stored[line.characteristic_id]:
                items.append(_item(seed, line, index, table.time_of(step)))
            step += 1
        if items:
            await _deliver(hub, items)
        elif until_now:
            return
        else:
            await asyncio.sleep(max(0.0, (table.time_of(step) - now).total_seconds()))


async def make_known(hub: HubApi) -> None:
    """Add the plant's products, characteristics and plans where they are missing; what is there is left as it is."""
    catalogue = await hub.query(m.GetCatalogue())
    products = {product.code: product.id for product in catalogue.products}
    known = {(entry.product_id, entry.code) for entry in catalogue.characteristics}
    new = [
        (product, characteristic)
        for _, product, characteristic in plant_model.characteristics()
        if characteristic.chart in CHARTS and (products.get(product.code, 0), characteristic.code) not in known
    ]
    if not new:
        return
    codes = {product.code for product, _ in new} - set(products)
    await hub.command(
        m.SaveCatalogue(
            products=tuple(_product(product) for product in plant_model.PRODUCTS if product.code in codes),
            characteristics=tuple(_characteristic(characteristic) for _, characteristic in new),
            owners=tuple(product.code for product, _ in new),
            plans=tuple(_plan(characteristic) for _, characteristic in new),
            reason="sample plant",
        ),
        ACTOR,
    )


def _product(product: PlantProduct) -> Product:
    return Product(id=0, code=product.code, name=product.name, name_en=product.name_en, line=product.line)


def _characteristic(characteristic: PlantCharacteristic) -> Characteristic:
    return Characteristic(
        id=0,
        product_id=0,
        code=characteristic.code,
        name=characteristic.name,
        name_en=characteristic.name_en,
        unit=characteristic.unit,
        decimals=characteristic.decimals,
        lsl=characteristic.lsl,
        usl=characteristic.usl,
        target=None if characteristic.counted else characteristic.mean,
        subgroup_size=1 if characteristic.counted else characteristic.size,
    )


def _plan(characteristic: PlantCharacteristic) -> ControlPlan:
    policy = LimitPolicy(learn_subgroups=plant_model.LEARN)
    if characteristic.standards:
        policy = LimitPolicy(mode="given", params={"center": characteristic.mean, "sigma": characteristic.sigma})
    return ControlPlan(characteristic_id=0, chart=characteristic.chart, rules=characteristic.rules, policy=policy)


async def _read_lines(hub: HubApi) -> tuple[list[_Line], Mapping[int, int]]:
    """Return the active characteristics of the plant, and characteristic id -> points stored."""
    catalogue = await hub.query(m.GetCatalogue())
    codes = {product.id: product.code for product in catalogue.products if product.active}
    found = {(codes.get(entry.product_id), entry.code): entry.id for entry in catalogue.characteristics if entry.active}
    points = {state.characteristic_id: state.points for state in catalogue.states}
    lines = [
        _Line(number, identity, f"{product.line}-1")
        for number, product, characteristic in plant_model.characteristics()
        if (identity := found.get((product.code, characteristic.code)))
    ]
    return lines, {line.characteristic_id: points.get(line.characteristic_id, 0) for line in lines}


async def _timetable(
    hub: HubApi, lines: Sequence[_Line], stored: Mapping[int, int], now: datetime, interval: timedelta
) -> _Timetable:
    """Begin with a history at the first start; go on after the last stored step later, over a short break without a gap."""
    next_steps = [stored[line.characteristic_id] * len(lines) + place for place, line in enumerate(lines)]
    first = min(next_steps)
    if not any(stored.values()):
        return _Timetable(0, now - HISTORY * len(lines) * interval, interval)
    newest = max(
        (place for place, line in enumerate(lines) if stored[line.characteristic_id]),
        key=lambda place: next_steps[place],
    )
    last = await hub.query(m.GetMeasurements(characteristic_id=lines[newest].characteristic_id, limit=1))
    last_step = next_steps[newest] - len(lines)
    missed = max(0, last_step + 1 - first)
    resumed = _Timetable(first, last[0].measured_at + (first - last_step) * interval, interval)
    long_break = HISTORY * len(lines) * interval
    if resumed.began + missed * interval > now - long_break:
        return resumed
    return _Timetable(first, now - missed * interval, interval)


def _item(seed: int, line: _Line, index: int, at: datetime) -> MeasurementIn:
    sample = plant_model.sample(seed, line.number, index)
    return MeasurementIn(
        characteristic_id=line.characteristic_id,
        values=sample.values,
        size=sample.size,
        measured_at=at,
        key=f"{SOURCE_ID}/{seed}/{line.characteristic_id}/{index}",
        source_id=SOURCE_ID,
        subgroup_number=index + 1,
        sample_number=index * len(sample.values) + 1,
        trace=Trace(lot=f"L{index // 10 + 1:04d}", machine=line.machine),
    )


async def _deliver(hub: HubApi, items: Sequence[MeasurementIn]) -> None:
    result = await hub.submit(items, ACTOR)
    for rejected in result.rejected:
        log.warning("subgroup %s was not taken: %s %s", items[rejected.i].key, rejected.code, rejected.params)
