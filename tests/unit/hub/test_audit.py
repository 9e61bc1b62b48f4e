"""What commands leave in the audit trail."""

import pytest

from spc_desktop.domain.alert import AlertType, Priority
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.storage.memory import MemoryStore
from tests.fakes import FakeClock
from tests.storage_rows import plant

KIM = Actor(name="김", client="line3")


@pytest.fixture
async def hub():
    store = MemoryStore()
    async with Hub(store, FakeClock()) as made:
        given = plant(1, chart="i_mr")
        await made.command(
            m.SaveCatalogue(products=tuple(given.products), characteristics=tuple(given.characteristics),
                            owners=("P1",), plans=tuple(given.plans), reason="새 라인"), KIM,
        )  # fmt: skip
        yield made


async def trail(hub, **wanted):
    return [(e.action, e.object, e.before, e.after, e.reason) for e in await hub.query(m.GetAudit(**wanted))]


async def raise_alert(hub):
    command = m.CreateAlert(
        product_id=1, alert_type=AlertType.TREND, priority=Priority.HIGH, title="공구", message="마모"
    )
    (alert,) = (await hub.command(command, KIM)).alerts
    return alert


async def test_that_a_new_catalogue_is_recorded_thing_by_thing_with_its_reason(hub):
    found = await hub.query(m.GetAudit())
    assert {(e.object, e.before, e.actor, e.client, e.reason) for e in found} == {
        (name, "null", "김", "line3", "새 라인") for name in ("product P1", "characteristic 1", "plan 1")
    }


async def test_that_a_change_is_recorded_with_what_it_was_and_what_it_is(hub):
    product = plant().products[0]
    renamed = type(product)(id=1, code="P1", name="새 이름", name_en=product.name_en)
    await hub.command(m.SaveCatalogue(products=(renamed,), reason="정정"), KIM)
    assert (await trail(hub, limit=1)) == [
        ("save_catalogue", "product P1", '{"name":"제품 1"}', '{"name":"새 이름"}', "정정")
    ]


async def test_that_an_acknowledgement_is_recorded_once(hub):
    alert = await raise_alert(hub)
    for _ in range(2):
        await hub.command(m.Acknowledge(alert_ids=(alert.id,), comment="봤음"), KIM)
    (found,) = await hub.query(m.GetAudit(action="ack"))
    assert (found.object, found.reason) == (f"alert {alert.id}", "봤음")
    assert '"status":"NEW"' in found.before
    assert '"status":"ACKNOWLEDGED"' in found.after


async def test_that_a_refused_command_leaves_no_record(hub):
    before = await trail(hub)
    with pytest.raises(UserError, match="not_found"):
        await hub.command(m.Acknowledge(alert_ids=(404,)), KIM)
    with pytest.raises(UserError):
        await hub.command(m.SetLimits(characteristic_id=1), KIM)
    assert await trail(hub) == before
