"""The registers of the shop floor behind both kinds of ``HubApi``: saved with a reason, told, recorded, kept over a restart."""

import asyncio

import msgspec
import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.register import Cause, CauseUse, Operator, Plausibility, ReactionPlan, SamplingPlan
from spc_desktop.hub.api import Actor, WatchFilter
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.access import Access
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.fakes import diameter, known_limits, measured, save, shaft

KIM = Actor(name="kim", roles=("engineer",))
WEAR = Cause(id="TW", name="공구 마모", name_en="Tool wear")


@pytest.fixture
async def api(contract):
    await contract.api.command(save(diameter(), plans=[known_limits()]))
    return contract.api


async def register(api):
    return {entry.place: entry for entry in (await api.query(m.GetRegister())).entries}


async def refused(awaitable):
    with pytest.raises(UserError) as caught:
        await awaitable
    return caught.value.code


async def test_that_saved_documents_are_told_recorded_and_read(api, contract):
    limits = Plausibility(id="1", characteristic_id=1, low=5.0, high=15.0)
    async with api.watch(WatchFilter(types=frozenset({"register"}))) as mailbox:
        result = await api.command(m.SaveRegister(entries=(WEAR, limits), reason="새 라인"), KIM)
        async with asyncio.timeout(10):
            (event,) = await mailbox.get()
    assert [entry.revision for entry in result.entries] == [1, 1]
    assert (event.entries, event.by) == (result.entries, "kim")
    assert await register(api) == {entry.place: entry for entry in result.entries}
    trail = await contract.hub.query(m.GetAudit(limit=2))
    assert {(row.object, row.before, row.reason) for row in trail} == {
        ("cause TW", "null", "새 라인"),
        ("plausibility 1", "null", "새 라인"),
    }


async def test_that_a_change_needs_the_version_that_is_in_force_and_leaves_all_or_nothing(api):
    await api.command(m.SaveRegister(entries=(WEAR,), reason="r"))
    stale = msgspec.structs.replace(WEAR, name="마모")
    other = Cause(id="CH", name="칩")
    assert await refused(api.command(m.SaveRegister(entries=(other, stale), reason="r"))) == "register_conflict"
    assert list(await register(api)) == [("cause", "TW")]
    await api.command(m.SaveRegister(entries=(msgspec.structs.replace(stale, revision=1),), reason="r"))
    gone = m.EntryKey(kind="cause", id="TW", revision=2)
    await api.command(m.SaveRegister(removed=(gone,), reason="r"))
    assert await register(api) == {}


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (Cause(id="T W", name="x"), "register_id"),
        (Cause(id="TW", name=" "), "name_empty"),
        (Cause(id="TW", name="x", characteristic_id=9), "unknown_characteristic"),
        (Cause(id="TW", name="x", product_id=9), "unknown_product"),
        (ReactionPlan(id="p"), "register_value"),
        (Plausibility(id="1", characteristic_id=1, low=2.0, high=1.0), "plausible_order"),
        (Plausibility(id="2", characteristic_id=1), "register_id"),
        (SamplingPlan(id="1", characteristic_id=1, interval_minutes=0), "register_value"),
        (CauseUse(id="1", characteristic_id=1, counts={"TW": 99}), "register_counted"),
        (Operator(id="17", name="김", pin="12"), "pin_digits"),
    ],
)
async def test_that_a_document_without_sense_is_refused(api, entry, code):
    assert await refused(api.command(m.SaveRegister(entries=(entry,), reason="r"))) == code


async def test_that_a_change_without_a_reason_is_refused(api):
    assert await refused(api.command(m.SaveRegister(entries=(WEAR,), reason=" "))) == "reason_empty"


async def test_that_a_badge_finds_its_operator_and_is_told_to_nobody(api, contract):
    operator = Operator(id="17", name="김", badge="B-0017", pin="4711")
    result = await api.command(m.SaveRegister(entries=(operator,), reason="입사"), KIM)
    (shown,) = result.entries
    assert (shown.badge, shown.pin, shown.has_badge, shown.has_pin) == (None, None, True, True)
    for code in ("B-0017", "4711"):
        assert await api.query(m.FindOperator(code=code)) == m.OperatorFound(id="17", name="김")
    assert await refused(api.query(m.FindOperator(code="4712"))) == "unknown_badge"
    everything = repr([await contract.hub.query(m.GetAudit()), await contract.store.documents("badge"), result])
    assert "B-0017" not in everything
    assert "4711" not in everything
    twin = Operator(id="18", name="이", pin="4711")
    assert await refused(api.command(m.SaveRegister(entries=(twin,), reason="r"))) == "badge_taken"
    away = msgspec.structs.replace(shown, pin="")
    await api.command(m.SaveRegister(entries=(away,), reason="r"))
    assert await refused(api.query(m.FindOperator(code="4711"))) == "unknown_badge"


async def test_that_guessing_pins_is_stopped(api):
    for number in range(10):
        assert await refused(api.query(m.FindOperator(code=f"{number:04}"))) == "unknown_badge"
    assert await refused(api.query(m.FindOperator(code="9999"))) == "badge_tries"


async def test_that_an_operators_cause_is_kept_with_the_alert_and_counted(api):
    await api.command(m.SaveRegister(entries=(WEAR, Cause(id="CH", name="칩")), reason="r"))
    await api.submit([measured(10.7)])
    (alert,) = (await api.query(m.GetAlerts())).alerts
    given = m.GiveCause(alert_id=alert.id, cause="TW", text="3번", steps=("봉쇄", "재측정"))
    (after,) = (await api.command(given, KIM)).alerts
    assert (after.root_cause, after.corrective_action) == ("TW 공구 마모 — 3번", "봉쇄; 재측정")
    assert after.status is alert.status
    used = (await register(api))["cause_use", "1"]
    assert used.counts == {"TW": 1}
    assert await refused(api.command(m.GiveCause(alert_id=alert.id, cause="NO"))) == "unknown_cause"
    assert await refused(api.command(m.GiveCause(alert_id=alert.id))) == "comment_empty"


async def test_that_registers_and_badges_outlive_a_restart():
    store = MemoryStore()
    async with Hub(store, SystemClock()) as hub:
        await hub.command(m.SaveRegister(entries=(WEAR, Operator(id="17", name="김", pin="4711")), reason="r"))
        before = await register(hub)
    async with Hub(store, SystemClock()) as hub:
        assert await register(hub) == before
        assert (await hub.query(m.FindOperator(code="4711"))).name == "김"


async def test_that_a_visitor_reads_only_the_documents_of_his_products():
    """Documents of another product's characteristic are none of a visitor's business; those for everybody are."""
    clock = SystemClock()
    async with Hub(MemoryStore(), clock) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        await hub.command(save(diameter(), plans=[known_limits()], product=shaft(code="PIN", name="핀")))
        await hub.command(m.SetUp(code=hub.set_up_code(), name="root", password="correct horse 9"))
        await hub.command(m.AddUser(name="lee", roles=("viewer",), products=(1,)))
        token = (await hub.command(m.AddToken(user="lee"))).token
        entries = (
            WEAR,
            Cause(id="CH", name="칩", product_id=2),
            *(Plausibility(id=str(at), characteristic_id=at, low=0.0) for at in (1, 2)),
        )
        await hub.command(m.SaveRegister(entries=entries, reason="r"))
        async with (
            HubServer(hub, clock, port=0, access=Access(clock, lambda: hub.accounts)) as server,
            RemoteHub(f"http://127.0.0.1:{server.port}", clock, token=token) as far,
        ):
            assert set(await register(far)) == {("cause", "TW"), ("plausibility", "1")}
            assert await refused(far.command(m.SaveRegister(entries=(), reason="r"))) == "forbidden"


async def test_that_a_catalogue_change_needs_what_was_seen_to_be_in_force(api):
    old = shaft(id=1)
    saved = await api.command(m.SaveCatalogue(products=(shaft(line="L2"),), seen_products=(old,), reason="r"))
    assert saved.products[0].line == "L2"
    late = m.SaveCatalogue(products=(shaft(line="L3"),), seen_products=(old,), reason="r")
    assert await refused(api.command(late)) == "catalogue_conflict"
    assert await refused(api.command(m.SaveCatalogue(products=(shaft(),), seen_products=(None,)))) == "code_taken"
    known = (await api.query(m.GetCatalogue())).characteristics[0]
    other = msgspec.structs.replace(known, usl=12.0)
    wish = m.SaveCatalogue(characteristics=(other,), owners=("SHAFT",), seen_characteristics=(other,))
    assert await refused(api.command(wish)) == "catalogue_conflict"
    plan = known_limits(sigma=9.0)
    wish = m.SaveCatalogue(characteristics=(known,), owners=("SHAFT",), plans=(plan,), seen_plans=(None,))
    assert await refused(api.command(wish)) == "code_taken"


async def test_that_changes_of_the_set_up_are_told_and_those_of_people_are_not(api):
    await api.command(m.SaveCatalogue(products=(shaft(line="L2"),), reason="moved"), KIM)
    await api.command(m.SaveRegister(entries=(Operator(id="7", name="kim"),), reason="new"), KIM)
    found = await api.query(m.GetChanges(objects=("product SHAFT", "operator 7", "plan 1")))
    assert [(entry.object, entry.reason) for entry in found[:1]] == [("product SHAFT", "moved")]
    assert {entry.object for entry in found} == {"product SHAFT", "plan 1"}
    older = await api.query(m.GetChanges(objects=("product SHAFT",), before_seq=found[0].seq, limit=1))
    assert [entry.before for entry in older] == ["null"]
