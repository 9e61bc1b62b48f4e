"""Every message ever released, as files: today's code must still write and read them.

``tests/data/wire/{seed,v1}/*.json`` are written once, by ``python -m tests.unit.protocol.test_wire_files``, which never
changes a file that exists.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from spc_desktop.domain.alert import Alert, AlertType, Priority, Status
from spc_desktop.domain.announcement import Preferences, QuietHours
from spc_desktop.domain.calendar import Break, Shift
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits
from spc_desktop.domain.delivery import Delivery, DeliveryOutcome
from spc_desktop.domain.measurement import Measurement, MeasurementIn, Trace
from spc_desktop.domain.note import Note, NoteKind
from spc_desktop.domain.point import PanelColumns, PanelValue, Point, PointColumns, PointMark
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.domain.register import (
    Cause,
    CauseUse,
    Defect,
    EntryRule,
    OnSignal,
    Operator,
    PlanStep,
    Plausibility,
    ReactionPlan,
    SamplingPlan,
    ScanRules,
    ShiftCalendar,
)
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import seed, session, v1
from spc_desktop.protocol.codec import encode
from spc_desktop.spc.charts.base import Limits, Violation
from spc_desktop.viewer import wire

FOLDER = Path(__file__).parents[2] / "data" / "wire"
AT = datetime(2026, 1, 11, 3, 0, 0, 123456, tzinfo=UTC)

PRODUCT = Product(id=1, code="BOLT-M10", name="M10 볼트", name_en="M10 bolt", line="L1")
CHARACTERISTIC = Characteristic(
    id=2, product_id=1, code="OD", name="외경", name_en="Outer diameter", unit="mm", lsl=9.5, usl=10.5, target=10.0
)
PLAN = ControlPlan(characteristic_id=2, chart="i_mr")
ALERT = Alert(
    id=7,
    product_id=1,
    product_code="BOLT-M10",
    product_name="M10 볼트",
    alert_type=AlertType.OUT_OF_SPEC,
    priority=Priority.URGENT,
    title="규격 이탈",
    message="외경 — 규격 이탈: 10.650 mm",
    status=Status.NEW,
    created_at=AT,
    characteristic_id=2,
    point_index=49,
    key="BOLT-M10/OD/spec/out_of_spec",
    params={"value": 10.65, "char": "외경", "decimals": 3},
)
MEASUREMENT = Measurement(
    id=1001,
    product_id=1,
    characteristic_id=2,
    measurement_value=10.65,
    sample_number=50,
    subgroup_number=10,
    is_within_spec=False,
    is_within_control=True,
    measured_at=AT,
    point_index=49,
    trace=Trace(lot="L9", machine="M3"),
)
VIOLATION = m.ViolationOut(
    id=3,
    rule_type="RULE_2",
    detected_at=AT,
    characteristic_id=2,
    point_index=49,
    panel="i",
    rule="nelson_2",
    members=(41, 49),
)
CAPABILITY = m.CapabilityOut(
    id=5,
    product_id=1,
    product_code="BOLT-M10",
    cp=2.13,
    cpk=1.7,
    pp=2.05,
    ppk=None,
    analyzed_at=AT,
    characteristic_id=2,
)
POINT = Point(
    characteristic_id=2,
    index=49,
    subgroup_number=10,
    measured_at=AT,
    values=(10.65,),
    panels=(
        PanelValue(value=10.65, center=10.0, lcl=9.4, ucl=10.6, sigma=0.2, violations=(Violation("nelson_1", (49,)),)),
        PanelValue(value=None),
    ),
    out_of_spec=True,
    limits_revision=1,
)
LIMITS = FrozenLimits(
    characteristic_id=2, revision=1, first_index=25, limits=Limits(chart="i_mr", params={"center": 10.0, "sigma": 0.2})
)
COLUMN = b"\x00\x00\x00\x00\x00\x00\xf8\x7f"
COLUMNS = PointColumns(
    characteristic_id=2,
    first_index=49,
    count=1,
    total=50,
    measured_at=COLUMN,
    subgroup_number=COLUMN,
    panels=(PanelColumns(key="i", value=COLUMN, center=COLUMN, lcl=COLUMN, ucl=COLUMN, sigma=COLUMN),),
    marks=(PointMark(index=49, out_of_spec=True, violations=(("i", Violation("nelson_1", (49,))),)),),
)

_BASE = {"seq": 10413, "epoch": "01JD", "ts": AT, "product_id": 1}
EVENTS = [
    m.AlertEvent(alert=ALERT, change="acked", by="kim", **_BASE),
    m.MeasurementEvent(measurement=MEASUREMENT, product_code="BOLT-M10", **_BASE),
    m.RunRuleViolationEvent(violation=VIOLATION, **_BASE),
    m.CapabilityEvent(capability=CAPABILITY, **_BASE),
    m.PointsEvent(characteristic_id=2, points=(POINT,), **_BASE),
    m.LimitsEvent(limits=LIMITS, **_BASE),
    m.CatalogueEvent(
        products=(PRODUCT,), characteristics=(CHARACTERISTIC,), plans=(PLAN,), **{**_BASE, "product_id": None}
    ),
]
REGISTER = (
    ReactionPlan(
        id="ocap", product_id=1, rule="nelson_1", steps=(PlanStep(text="봉쇄", text_en="Contain"),), revision=1
    ),
    Cause(id="TW", name="공구 마모", name_en="Tool wear", characteristic_id=2, revision=1),
    CauseUse(id="2", characteristic_id=2, counts={"TW": 3}, revision=3),
    Defect(id="SC", name="흠집", name_en="Scratch", revision=1),
    SamplingPlan(id="2", characteristic_id=2, interval_minutes=30, first=360, silent_minutes=90, revision=1),
    ShiftCalendar(
        time_zone="Asia/Seoul",
        shifts=(Shift(name="주간", name_en="Day", start=480, minutes=480, breaks=(Break(start=720, minutes=60),)),),
        closed=(date(2026, 1, 1),),
        revision=1,
    ),
    Plausibility(id="2", characteristic_id=2, low=8.0, high=12.0, max_step=1.0, revision=1),
    EntryRule(id="2", characteristic_id=2, on_signal=OnSignal.BEFORE_NEXT, revision=1),
    Operator(id="17", name="김", has_badge=True, has_pin=True, revision=1),
    ScanRules(prefixes={"L:": "lot"}, revision=1),
)
GONE = m.EntryKey(kind="cause", id="OLD", revision=2)
NOTE = Note(
    id=3,
    characteristic_id=2,
    point_index=49,
    kind=NoteKind.SKIPPED,
    at=AT,
    by="kim",
    text="설비 정지",
    due_at=AT,
    data={"position": 2},
    key="n-1",
)
ITEM = MeasurementIn(characteristic_id=2, values=(10.1, 10.2), measured_at=AT, key="e-1", trace=Trace(lot="L1"))
PREFERENCES = Preferences(
    products=(1,),
    without=(2,),
    characteristics=(2,),
    types=(AlertType.OUT_OF_SPEC,),
    min_priority=Priority.HIGH,
    language="ko",
    sound=False,
    digest_s=600,
    quiet=(QuietHours(days=(0, 4), start=1320, end=360, zone="Asia/Seoul"),),
    snoozed={"BOLT-M10/OD/spec/out_of_spec": AT},
    channels=("toast", "email"),
    email="kim@example.com",
    revision=3,
)
EVENTS += [m.NoteEvent(note=NOTE, **{**_BASE, "product_id": 1})]
EVENTS += [m.RegisterEvent(entries=REGISTER, removed=(GONE,), by="kim", **{**_BASE, "product_id": None})]
EVENTS += [m.PreferencesEvent(user="kim", revision=4, **{**_BASE, "product_id": None})]
COMMANDS = [
    m.CreateAlert(product_id=1, alert_type=AlertType.TREND, priority=Priority.LOW, title="t", message="m"),
    m.Acknowledge(alert_ids=(7, 8), comment="확인", rev=1),
    m.Assign(alert_id=7, to="lee"),
    m.Resolve(alert_id=7, root_cause="마모"),
    m.Unacknowledge(alert_id=7, comment="아직", rev=2),
    m.Comment(alert_id=7, text="공구 4"),
    m.Close(alert_id=7),
    m.Verify(alert_id=7, effective=True),
    m.Shelve(alert_id=7, minutes=60, reason="시운전", one_shot=True),
    m.Unshelve(key="BOLT-M10/OD"),
    m.Suppress(product_id=1, cause="라인 정지"),
    m.OutOfService(key="BOLT-M10/OD", reason="교정"),
    m.ReturnToService(product_id=1),
    m.UpdateAlert(alert_id=7, status=Status.INVESTIGATING, priority=Priority.HIGH),
    m.SaveCatalogue(products=(PRODUCT,), characteristics=(CHARACTERISTIC,), owners=("BOLT-M10",), plans=(PLAN,)),
    m.SetLimits(characteristic_id=2, baseline=(1, 2), exclusions={3: "setup"}, reason="r"),
    m.AnalyseCapability(characteristic_id=2, points=100),
    m.SaveRegister(entries=(*REGISTER[:-2], Operator(id="17", name="김", badge="B-17", pin="1234")), reason="새 라인"),
    m.GiveCause(alert_id=7, cause="TW", text="3번 공구", steps=("봉쇄",), rev=2),
    m.EnterSubgroup(
        item=ITEM, comment="c", defects={"SC": 2}, remeasured=(m.Remeasured(position=1, first=102, second=10.2),)
    ),
    m.TakeBack(characteristic_id=2, entry="e-1", reason="r"),
    m.ExcludePoints(characteristic_id=2, indexes=(3, 4), reason="r"),
    m.RestorePoints(characteristic_id=2, indexes=(3,), reason="r"),
    m.AddComment(characteristic_id=2, index=49, text="공구 4", key="n-2"),
    m.RecordSkip(characteristic_id=2, due_at=AT, reason="설비 정지", key="n-1"),
    m.SavePreferences(prefs=PREFERENCES),
    m.RestoreLimits(characteristic_id=2, revision=1, reason="r"),
    m.RetryDeliveries(ids=(8,)),
    m.ReportTold(
        told=(m.Told(alert_id=7, change="raised", outcome=DeliveryOutcome.SUPPRESSED, reason="paused", at=AT),)
    ),
]
QUERIES = [
    m.GetCatalogue(),
    m.GetAlerts(product_id=1, status=Status.NEW, priority=Priority.HIGH, open_only=True),
    m.GetAlert(alert_id=7),
    m.GetAlertHistory(alert_id=7),
    m.GetMasks(),
    m.GetDashboard(),
    m.GetMeasurements(product_id=1),
    m.GetPoints(characteristic_id=2, before=100, limit=50),
    m.GetPoint(characteristic_id=2, index=49),
    m.GetWholePoints(characteristic_id=2, before=100, limit=25),
    m.FindTrace(text="L-7", limit=5),
    m.GetEvents(since=10400, epoch="01JD"),
    m.GetCapabilities(characteristic_id=2),
    m.GetRegister(),
    m.GetChanges(objects=("product P1", "plan 3"), before_seq=9, limit=20),
    m.FindOperator(code="B-17"),
    m.GetNotes(characteristic_id=2, first_index=0, last_index=99, kinds=(NoteKind.COMMENT,), before_id=9, limit=50),
    m.GetDue(),
    m.GetPreferences(user="kim"),
    m.GetLimits(characteristic_id=2),
    m.TryLimits(characteristic_id=2, chart="ewma", first=10, last=34, limit=500),
    m.GetPointGroups(characteristic_id=2, field="lot", first=0, last=99),
    m.GetDeliveries(alert_id=7, recipient="kim", channel="email", outcome=DeliveryOutcome.FAILED, before_id=9),
]
DELIVERY = Delivery(
    id=8,
    at=AT,
    alert_id=7,
    product_id=1,
    change="raised",
    priority=Priority.URGENT,
    recipient="kim",
    channel="email",
    outcome=DeliveryOutcome.FAILED,
    message="msg_01",
    attempts=10,
    done_at=AT,
    error="451 try later",
    alert=ALERT,
)
ANSWERS = {
    "delivery_page": m.DeliveryPage(deliveries=(DELIVERY,), more=True),
    "catalogue": m.Catalogue(products=(PRODUCT,), characteristics=(CHARACTERISTIC,), plans=(PLAN,), seq=3),
    "alert_history": (m.AlertStep(at=AT, change="acked", by="kim", comment="확인", rev=2),),
    "alert_result": m.AlertResult(alerts=(ALERT,), results=(m.Outcome(id=9, ok=False, code="not_found"),)),
    "alert_page": m.AlertPage(alerts=(ALERT,), total=1),
    "point_columns": COLUMNS,
    "point_detail": m.PointDetail(point=POINT, measurements=(MEASUREMENT,)),
    "trace_hits": (m.TraceHit(field="lot", text="L-77", characteristic_id=2, point_index=49, measured_at=AT),),
    "event_page": m.EventPage(events=tuple(EVENTS[:7]), epoch="01JD", head=10413, first=1),
    "frozen_limits": LIMITS,
    "limits": (LIMITS,),
    "limits_tried": m.LimitsTried(
        limits=LIMITS.limits, points=COLUMNS, gained=(m.SignalAt(index=49, panel="i", rule="nelson_1"),), kept=2
    ),
    "point_groups": m.PointGroups(groups=(m.PointGroup(name="L-77", indexes=(48, 49)),), first=48),
    "capability": CAPABILITY,
    "register": m.RegisterOut(entries=REGISTER),
    "operator_found": m.OperatorFound(id="17", name="김"),
    "entered": m.Entered(measurements=(MEASUREMENT,), point=POINT),
    "points_out": m.PointsOut(points=(POINT,)),
    "note": NOTE,
    "notes": (NOTE,),
    "preferences": PREFERENCES,
    "due": (m.SampleDue(characteristic_id=2, due_at=AT, next_at=AT, overdue_minutes=7, last_at=AT, silent_since=AT),),
}
PERSON = v1.Person(session="s", user="kim", client_id="line3-hmi", roles=("operator",), since=AT)
SESSION = {
    "hello": v1.Hello(server="spc-hub/0.1.0", epoch="01JD", seq=10412, time=AT, limits={"frame_bytes": 65536}),
    "connected": v1.Connected(session="s", recovered=True, replayed=32, head=10412, epoch="01JD"),
    "subscribed": v1.Subscribed(sub="a", head=10412, epoch="01JD"),
    "ingested": v1.Ingested(accepted=1, duplicates=0, rejected=(m.Rejected(i=3, code="value_not_finite"),), last_n=771),
    "result": v1.Result(id=7, result={"a": 1}),
    "error": v1.Error(id=7, code="forbidden", message="m", details={"what": "alert"}, retry_after_ms=1000),
    "sync": v1.Sync(seq=10413, ts=AT),
    "gap": v1.Gap(first=9000, last=10299, reason="retention", epoch="01JD"),
    "state_snapshot": v1.StateSnapshot(seq=10413, epoch="01JD", alerts=(ALERT,)),
    "shutdown": v1.Shutdown(),
    "presence": v1.Presence(change="joined", person=PERSON),
    "present": v1.Present(present=(PERSON,)),
    "silenced": v1.Silenced(until=AT),
    "system": v1.System(code="storage_full", active=True, message="m", ts=AT),
}


def tag(message):
    return message.__struct_config__.tag


def v1_messages():
    """Name -> bytes of everything of the v1 dialect."""
    found = {f"event_{tag(event)}": encode(event) for event in EVENTS}
    found |= {f"command_{tag(command)}": wire.with_id(encode(command), 7) for command in COMMANDS}
    found |= {f"query_{tag(query)}": wire.with_id(encode(query), 7) for query in QUERIES}
    found |= {f"answer_{name}": encode(answer) for name, answer in ANSWERS.items()}
    found |= {f"session_{name}": encode(message) for name, message in SESSION.items()}
    found["session_batch"] = v1.batch([encode(EVENTS[0]), encode(EVENTS[1])], 10413, 10414)
    return found


def seed_messages():
    """Name -> bytes of everything of the seed dialect."""
    found = {tag(event): seed.event(event) for event in EVENTS[:4]}
    return found | {
        "connection_notifications": seed.notifications_connected(AT),
        "connection_product": seed.product_connected(PRODUCT, CHARACTERISTIC),
        "connection_product_without_characteristic": seed.product_connected(PRODUCT, None),
        "subscription": seed.subscribed(1),
        "unsubscription": seed.unsubscribed(1),
        "alerts": seed.alerts([ALERT]),
        "measurements": seed.measurements(1, [MEASUREMENT]),
        "system": seed.system_alert("storage_full", "디스크가 가득 참", AT, active=True),
        "error": seed.error("unknown_type", {"got": '"x"', "choices": "get_alerts"}, "en", 7),
    }


DIALECTS = {"seed": seed_messages, "v1": v1_messages}


def grown(old, new, path=""):
    """Yield where a message lost or changed something; what was added is growth."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            if name not in new:
                yield f"{path}.{name} is gone"
            else:
                yield from grown(value, new[name], f"{path}.{name}")
    elif path.endswith(".features"):
        yield from (f"{path}: {name} is gone" for name in set(old) - set(new))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from grown(before, after, f"{path}[{place}]")
    elif old != new:
        yield f"{path}: {old!r} became {new!r}"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_that_every_message_is_still_written_as_it_was_released(dialect):
    written = DIALECTS[dialect]()
    stored = {path.stem: json.loads(path.read_bytes()) for path in (FOLDER / dialect).glob("*.json")}
    assert set(written) == set(stored)
    for name, old in stored.items():
        assert list(grown(old, json.loads(written[name]), name)) == []


@pytest.mark.parametrize("kind", [type(event) for event in EVENTS])
def test_that_a_viewer_reads_every_released_event(kind):
    path = FOLDER / "v1" / f"event_{kind.__struct_config__.tag}.json"
    event = wire.Reader().read(path.read_bytes())
    assert isinstance(event, kind)
    assert event in EVENTS


@pytest.mark.parametrize("wanted", [*COMMANDS, *QUERIES], ids=tag)
def test_that_the_hub_reads_every_released_command(wanted):
    kind = "command" if wanted in COMMANDS else "query"
    raw = (FOLDER / "v1" / f"{kind}_{tag(wanted)}.json").read_text()
    talk = session.V1Session()
    assert isinstance(talk.receive('{"type":"connect","id":1}'), session.Connect)
    request = talk.receive(raw)
    assert (request.command if kind == "command" else request.query) == wanted


@pytest.mark.parametrize("name", ANSWERS)
def test_that_a_viewer_reads_every_released_answer(name):
    raw = (FOLDER / "v1" / f"answer_{name}.json").read_bytes()
    answer = ANSWERS[name]
    kind = tuple[type(answer[0]), ...] if isinstance(answer, tuple) else type(answer)
    assert msgspec.json.decode(raw, type=kind) == ANSWERS[name]


def test_that_a_viewer_passes_over_types_and_fields_of_a_later_version():
    reader = wire.Reader()
    assert reader.read(b'{"type":"presence","user":"kim"}') is None
    sync = json.loads((FOLDER / "v1" / "session_sync.json").read_text())
    assert reader.read(json.dumps({**sync, "later": {"a": 1}}).encode()) == SESSION["sync"]


def write():
    for dialect, messages in DIALECTS.items():
        for name, raw in messages().items():
            path = FOLDER / dialect / f"{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(json.dumps(json.loads(raw), ensure_ascii=False, indent=1).encode() + b"\n")


if __name__ == "__main__":
    write()
