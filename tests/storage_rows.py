"""Batches for tests and benchmarks of the store: a small plant, and measurements with all that judging adds to them."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from spc_desktop.domain.alert import Alert, AlertType, Priority, Status
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits, LimitPolicy
from spc_desktop.domain.measurement import Measurement, Trace
from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.ports import Batch
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import Limits, Violation
from spc_desktop.storage.store import SqlStore

START = datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=UTC)
STATE = b"\x82\xa5state" * 40  # about as long as a stored monitor state


async def settle(store: SqlStore) -> None:
    """Wait for what the writer does in its spare time: it works off one thing after the other."""
    await asyncio.get_running_loop().run_in_executor(store._writer, int)


async def indexed(store: SqlStore) -> None:
    """Have the writer do now what it would do in the next quiet moment: everything is in the search index then."""
    await asyncio.get_running_loop().run_in_executor(store._writer, lambda: store._tidy(quiet=True))
    assert store._appender.index.waiting == 0


def plant(characteristics: int = 2, products: int = 1, chart: str = "no_such_chart", n: int = 1) -> Batch:
    """Return the batch that makes products 1.. with characteristics 1.. shared out among them."""
    made = [Product(id=i, code=f"P{i}", name=f"제품 {i}", name_en=f"Product {i}") for i in range(1, products + 1)]
    watched = [
        Characteristic(id=i, product_id=(i - 1) % products + 1, code=f"C{i}", name=f"특성 {i}", subgroup_size=n)
        for i in range(1, characteristics + 1)
    ]
    plans = [ControlPlan(characteristic_id=c.id, chart=chart, policy=LimitPolicy(learn_subgroups=5)) for c in watched]
    told = m.CatalogueEvent(
        ts=START, products=tuple(made), characteristics=tuple(watched), plans=tuple(plans), product_id=1
    )
    return Batch(products=made, characteristics=watched, plans=plans, events=[told])


def measurement(number: int, characteristic_id: int = 1, point_index: int = -1, **changes: object) -> Measurement:
    fields: dict[str, object] = {
        "id": number,
        "product_id": 1,
        "characteristic_id": characteristic_id,
        "measurement_value": 10.0 + number % 7 / 10,
        "sample_number": number,
        "subgroup_number": number,
        "is_within_spec": True,
        "is_within_control": True,
        "measured_at": START + timedelta(seconds=number),
        "point_index": point_index,
        "source_id": "gauge-1",
        "trace": Trace(lot="L7", machine="M3"),
    }
    return Measurement(**(fields | changes))


def point(index: int, characteristic_id: int = 1, *, limits: bool = True, **changes: object) -> Point:
    """Return a point of two panels; a violation at every 50th."""
    violations = (Violation("nelson_1", (index,)),) if index % 50 == 49 else ()
    value = 10.0 + index % 11 / 10
    frame = (10.5, 9.0, 12.0, 0.5) if limits else (None, None, None, None)
    spread = (0.5, None, 1.6, 0.2) if limits else (None, None, None, None)
    fields: dict[str, object] = {
        "characteristic_id": characteristic_id,
        "index": index,
        "subgroup_number": index + 1,
        "measured_at": START + timedelta(seconds=index, microseconds=index),
        "values": (value,),
        "panels": (PanelValue(value, *frame, violations), PanelValue(None if index == 0 else index % 5 / 10, *spread)),
        "learning": not limits,
        "limits_revision": int(limits),
    }
    return Point(**(fields | changes))


def points_batch(points: Sequence[Point]) -> Batch:
    told = m.PointsEvent(ts=START, characteristic_id=points[0].characteristic_id, points=tuple(points), product_id=1)
    return Batch(points=list(points), events=[told])


def alert(number: int, **changes: object) -> Alert:
    fields: dict[str, object] = {
        "id": number,
        "product_id": 1,
        "product_code": "P1",
        "product_name": "제품 1",
        "alert_type": AlertType.OUT_OF_CONTROL,
        "priority": Priority.HIGH,
        "title": "관리 한계 이탈",
        "message": "값이 관리 한계를 벗어났습니다",
        "status": Status.NEW,
        "created_at": START + timedelta(minutes=number),
        "characteristic_id": 1,
        "point_index": number,
        "key": f"1/1/i_mr/nelson_{number}",
        "params": {"value": 12.5, "rule": "nelson_1", "count": 3},
    }
    return Alert(**(fields | changes))


def alert_batch(alerts: Sequence[Alert], change: str = "raised") -> Batch:
    told = [m.AlertEvent(ts=a.created_at, alert=a, change=change, product_id=a.product_id) for a in alerts]
    return Batch(alerts=list(alerts), events=list(told))


def limits(characteristic_id: int = 1, revision: int = 1, first_index: int = 0) -> FrozenLimits:
    values = Limits(chart="i_mr", params={"center": 10.5, "sigma": 0.5}, options={"nsigma": 3.0})
    return FrozenLimits(characteristic_id=characteristic_id, revision=revision, first_index=first_index, limits=values)


def stream(number: int, size: int, characteristics: int, n: int = 1) -> Batch:
    """Return the ``number``-th batch of ``size`` measurements, shared out among characteristics, with all that follows.

    ``n`` values make a point; each point is told in one event per characteristic, and every hundredth value is a violation
    with its own events.
    """
    batch = Batch()
    told: dict[int, list[Point]] = {}
    for i in range(number * size, (number + 1) * size):
        which = i % characteristics + 1
        turn = i // characteristics
        batch.measurements.append(measurement(i + 1, which, turn // n, subgroup_number=turn // n + 1))
        batch.keys.append((f"gauge-1:{i}", i + 1))
        if turn % n == n - 1:
            made = point(turn // n, which)
            batch.points.append(made)
            told.setdefault(which, []).append(made)
    for which, points in told.items():
        batch.events.append(m.PointsEvent(ts=START, characteristic_id=which, points=tuple(points), product_id=1))
        batch.monitor_states[which] = STATE
    worst = batch.measurements[-1]
    batch.events.append(m.MeasurementEvent(ts=START, measurement=worst, product_code="P1", product_id=1))
    violation = m.ViolationOut(
        id=number + 1,
        rule_type="RULE_1",
        detected_at=START,
        characteristic_id=worst.characteristic_id,
        point_index=worst.point_index,
        panel="i",
        rule="nelson_1",
        members=(worst.point_index,),
    )
    batch.violations.append(violation)
    batch.events.append(m.RunRuleViolationEvent(ts=START, violation=violation, product_id=1))
    return batch
