"""Makes the stored database of a release: ``python -m tests.data.db.make tests/data/db/v4.sqlite3``.

Run it once, with the release that is to be stored, and never again for that number: the file is what later releases must
still open. It has at least one row in every table; ``content`` says what was written, for the test that reads it.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from spc_desktop.domain.alert import Alert, AlertType, Priority, Status
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits, LimitPolicy
from spc_desktop.domain.delivery import Delivery, DeliveryOutcome
from spc_desktop.domain.masks import Mask, MaskKind
from spc_desktop.domain.measurement import Measurement, MeasurementIn, Quarantined, Trace
from spc_desktop.domain.note import Note, NoteKind
from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.ports import AlertChange, AuditRecord, Batch, Document
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import Limits, Violation
from spc_desktop.storage.store import SqlStore
from tests.storage_rows import indexed

POINTS = 1030  # a full page and a few more
AT = datetime(2026, 3, 2, 8, 0, 0, 123456, tzinfo=UTC)


def content() -> Batch:
    """Return everything that is in ``v1.sqlite3``; later ones have it as well."""
    product = Product(id=1, code="BRK-100", name="브레이크 디스크", name_en="Brake disc", line="L1")
    thickness = Characteristic(
        id=1, product_id=1, code="THK", name="두께", name_en="Thickness", unit="mm", decimals=3, lsl=9.0, usl=12.0,
        target=10.5,
    )  # fmt: skip
    plan = ControlPlan(
        characteristic_id=1,
        chart="i_mr",
        chart_options={"nsigma": 3.0},
        rules=("nelson_1", "nelson_2"),
        policy=LimitPolicy(learn_subgroups=20),
    )
    values = Limits(chart="i_mr", params={"center": 10.5, "sigma": 0.25}, options={"nsigma": 3.0})
    frozen = FrozenLimits(characteristic_id=1, revision=1, first_index=20, limits=values)
    points = [_point(i) for i in range(POINTS)]
    measurements = [_measurement(i) for i in (0, 1, POINTS - 1)]
    violation = m.ViolationOut(
        id=1, rule_type="RULE_1", detected_at=AT, characteristic_id=1, point_index=1000, panel="i", rule="nelson_1",
        members=(1000,),
    )  # fmt: skip
    alert = Alert(
        id=1,
        product_id=1,
        product_code="BRK-100",
        product_name="브레이크 디스크",
        alert_type=AlertType.OUT_OF_CONTROL,
        priority=Priority.HIGH,
        title="두께",
        message="두께 — beyond control limit",
        status=Status.ACKNOWLEDGED,
        created_at=AT,
        characteristic_id=1,
        point_index=1000,
        key="1/1/i_mr/nelson_1",
        acknowledged_by="kim",
        acknowledged_at=AT + timedelta(minutes=1),
        rev=2,
        code="nelson_1",
        params={"value": 11.9, "ucl": 11.25, "rule": "1"},
    )
    capability = m.CapabilityOut(
        id=1, product_id=1, product_code="BRK-100", cp=2.0, cpk=1.9, pp=None, ppk=None, analyzed_at=AT,
        characteristic_id=1, details={"n": 1030},
    )  # fmt: skip
    unknown = MeasurementIn(characteristic_id=99, values=(float("nan"),), measured_at=AT, key="bad")
    return Batch(
        measurements=measurements,
        keys=[("csv:1", 1), ("csv:2", 2)],
        points=points,
        violations=[violation],
        alerts=[alert],
        alert_changes=[AlertChange(alert_id=1, at=AT, change="acked", by="kim", comment="확인", rev=2)],
        monitor_states={1: b"\x81\xa4next\xcd\x04\x06"},
        limits=[frozen],
        products=[product],
        characteristics=[thickness],
        plans=[plan],
        capabilities=[capability],
        quarantined=[Quarantined(received_at=AT, reason="unknown_characteristic", params={"id": "99"}, item=unknown)],
        events=[
            m.CatalogueEvent(ts=AT, products=(product,), characteristics=(thickness,), plans=(plan,)),
            m.LimitsEvent(ts=AT, product_id=1, limits=frozen),
            m.PointsEvent(ts=AT, product_id=1, characteristic_id=1, points=(points[1000],)),
            m.MeasurementEvent(ts=AT, product_id=1, measurement=measurements[2], product_code="BRK-100"),
            m.RunRuleViolationEvent(ts=AT, product_id=1, violation=violation),
            m.AlertEvent(ts=AT, product_id=1, alert=alert, change="acked", by="kim"),
            m.CapabilityEvent(ts=AT, product_id=1, capability=capability),
        ],
    )


def added() -> Batch:
    """Return what is in ``v2.sqlite3`` besides."""
    shelf = Mask(kind=MaskKind.SHELVED, key="1/1", by="kim", reason="교정", since=AT, until=AT + timedelta(hours=1))
    record = AuditRecord(at=AT, actor="kim", action="ack", object="alert 1", before={"status": "NEW"}, reason="확인")
    return Batch(
        documents=[Document("preferences", "kim", b'{"min_priority":2}')], masks={shelf.id: shelf}, audit=[record]
    )


def noted() -> Batch:
    """Return what is in ``v3.sqlite3`` besides."""
    note = Note(id=1, characteristic_id=1, point_index=30, kind=NoteKind.EXCLUDED, at=AT, by="kim", text="공구 교체")
    return Batch(notes=[note])


def delivered() -> Batch:
    """Return what is in ``v4.sqlite3`` besides."""
    (alert,) = content().alerts
    waiting = Delivery(
        id=1,
        at=AT,
        alert_id=1,
        product_id=1,
        change="raised",
        priority=Priority.HIGH,
        recipient="kim",
        channel="email",
        outcome=DeliveryOutcome.WAITING,
        due=AT + timedelta(hours=1),
        alert=alert,
    )
    return Batch(deliveries=[waiting])


def _measurement(index: int) -> Measurement:
    return Measurement(
        id=index + 1,
        product_id=1,
        characteristic_id=1,
        measurement_value=10.0 + index % 7 / 10,
        sample_number=index + 1,
        subgroup_number=index + 1,
        is_within_spec=True,
        is_within_control=index != POINTS - 1,
        measured_at=AT + timedelta(seconds=index),
        point_index=index,
        source_id="csv",
        trace=Trace(lot="L7", machine="M3", operator="이", cavity="2", gauge="G-11", serial="S1"),
    )


def _point(index: int) -> Point:
    value = 11.9 if index == 1000 else 10.0 + index % 7 / 10
    hits = (Violation("nelson_1", (index,)),) if index == 1000 else ()
    learning = index < 20
    frame = (None,) * 4 if learning else (10.5, 9.75, 11.25, 0.25)
    return Point(
        characteristic_id=1,
        index=index,
        subgroup_number=index + 1,
        measured_at=AT + timedelta(seconds=index),
        values=(value,),
        panels=(PanelValue(value, *frame, hits), PanelValue(None if index == 0 else 0.1, *frame)),
        excluded=index == 30,
        exclusion_reason="공구 교체" if index == 30 else "",
        learning=learning,
        limits_revision=0 if learning else 1,
    )


async def _make(file: Path) -> None:
    async with SqlStore(file) as store:
        await store.append(content())
        await store.append(added())
        await store.append(noted())
        await store.append(delivered())
        await indexed(store)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    if target.exists():
        sys.exit(f"{target} is there already and stays as its release made it")
    asyncio.run(_make(target))
