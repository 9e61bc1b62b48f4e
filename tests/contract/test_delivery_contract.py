"""The delivery log behind both kinds of ``HubApi``: who was told, when, by which channel, and why not."""

import asyncio
from datetime import UTC, datetime

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.alert import Priority
from spc_desktop.domain.announcement import Preferences, QuietHours
from spc_desktop.domain.delivery import DeliveryOutcome
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.product import Product
from spc_desktop.hub.api import Actor, WatchFilter
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.access import Access
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.fakes import diameter, known_limits, save

KIM, LEE = Actor(name="kim"), Actor(name="lee")
ALL_DAY = QuietHours(start=0, end=24 * 60 - 1)


def alert(**fields):
    return m.CreateAlert(
        product_id=1, alert_type="OUT_OF_SPEC", title="t", message="m", **{"priority": Priority.HIGH, **fields}
    )


async def log(api, **wanted):
    page = await api.query(m.GetDeliveries(**wanted))
    return [(row.recipient, row.channel, row.outcome.value, row.reason) for row in page.deliveries]


async def test_that_an_alert_tells_who_gets_no_toast_of_it_and_why(contract):
    api = contract.api
    await api.command(save(diameter(), plans=[known_limits()]))
    for user, wishes in (
        ("high", Preferences(min_priority=Priority.URGENT)),
        ("kind", Preferences(types=("TREND",))),
        ("none", Preferences(without=(1,))),
        ("mute", Preferences(channels=())),
        ("night", Preferences(quiet=(ALL_DAY, QuietHours(start=12 * 60, end=11 * 60)))),
        ("wants", Preferences(sound=False)),
    ):
        await api.command(m.SavePreferences(prefs=wishes), Actor(name=user))
    (made,) = (await api.command(alert())).alerts
    assert sorted(await log(api, channel="toast")) == [
        ("high", "toast", "suppressed", "priority"),
        ("kind", "toast", "suppressed", "type"),
        ("mute", "toast", "suppressed", "not_subscribed"),
        ("night", "toast", "suppressed", "quiet_hours"),
        ("none", "toast", "suppressed", "not_subscribed"),
    ]
    (urgent,) = (await api.command(alert(priority=Priority.URGENT))).alerts
    assert ("night", "toast", "suppressed", "quiet_hours") not in await log(api, alert_id=urgent.id)
    assert len(await log(api, alert_id=made.id, channel="toast")) == 5


async def test_that_a_station_says_what_it_has_shown(contract):
    api = contract.api
    await api.command(save(diameter(), plans=[known_limits()]))
    (made,) = (await api.command(alert())).alerts
    now = datetime.now(UTC)
    told = (
        m.Told(alert_id=made.id, change="raised", outcome=DeliveryOutcome.SENT, at=now),
        m.Told(alert_id=made.id, change="raised", outcome=DeliveryOutcome.SUPPRESSED, reason="paused", at=now),
        m.Told(alert_id=99, change="raised", outcome=DeliveryOutcome.SENT, at=now),
        m.Told(alert_id=made.id, change="raised", outcome=DeliveryOutcome.WAITING, at=now),
    )
    assert await api.command(m.ReportTold(told=told), KIM) == 2
    assert await log(api, recipient="kim") == [
        ("kim", "toast", "suppressed", "paused"),
        ("kim", "toast", "sent", ""),
    ]
    (shown,) = (await api.query(m.GetDeliveries(recipient="kim", outcome=DeliveryOutcome.SENT))).deliveries
    assert shown.done_at == now
    assert shown.product_id == 1


async def test_that_the_log_is_read_page_by_page(contract):
    api = contract.api
    await api.command(save(diameter(), plans=[known_limits()]))
    await api.command(m.SavePreferences(prefs=Preferences(channels=())), KIM)
    for _ in range(5):
        await api.command(alert())
    first = await api.query(m.GetDeliveries(channel="toast", limit=3))
    assert [row.alert_id for row in first.deliveries] == [5, 4, 3]
    assert first.more
    rest = await api.query(m.GetDeliveries(channel="toast", limit=3, before_id=first.deliveries[-1].id))
    assert [row.alert_id for row in rest.deliveries] == [2, 1]
    assert not rest.more


async def test_that_sockets_are_counted_by_person_and_only_for_announcements():
    clock = SystemClock()
    async with Hub(MemoryStore(), clock) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        await hub.command(m.SetUp(code=hub.set_up_code(), name="root", password="correct horse 9"))
        await hub.command(m.AddUser(name="lee", roles=("operator",), products=(1,)))
        token = (await hub.command(m.AddToken(user="lee"))).token
        access = Access(clock, lambda: hub.accounts)
        async with HubServer(hub, clock, port=0, access=access, memory=hub) as server:
            url = f"http://127.0.0.1:{server.port}"
            async with (
                RemoteHub(url, clock, token=token) as one,
                RemoteHub(url, clock, token=token) as other,
                one.watch(WatchFilter(types=frozenset({"alert"}))) as first,
                other.watch(WatchFilter(types=frozenset({"alert"}))) as second,
            ):
                for far in (one, other):  # both are connected
                    await far.query(m.GetPreferences())
                (made,) = (await hub.command(alert())).alerts
                await hub.command(m.Comment(alert_id=made.id, text="seen"))
                async with asyncio.timeout(10):
                    for box in (first, second):
                        seen = []
                        while len(seen) < 2:
                            seen += await box.get()
                with pytest.raises(UserError) as caught:  # a scope is not cut: it must name its product
                    await one.query(m.GetDeliveries())
                assert caught.value.code == "forbidden_scope"
        (row,) = (await hub.query(m.GetDeliveries(channel="socket"))).deliveries
        assert (row.recipient, row.connections, row.outcome, row.change) == ("lee", 2, DeliveryOutcome.SENT, "raised")


async def test_that_nobody_writes_in_the_name_of_others():
    clock = SystemClock()
    async with Hub(MemoryStore(), clock) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        await hub.command(m.SaveCatalogue(products=(Product(id=0, code="OTHER", name="other"),)))
        await hub.command(m.SetUp(code=hub.set_up_code(), name="root", password="correct horse 9"))
        await hub.command(m.AddUser(name="lee", roles=("viewer",), products=(2,)))
        token = (await hub.command(m.AddToken(user="lee"))).token
        (made,) = (await hub.command(alert())).alerts
        told = m.Told(alert_id=made.id, change="raised", outcome=DeliveryOutcome.SENT, at=clock.now())
        async with (
            HubServer(hub, clock, port=0, access=Access(clock, lambda: hub.accounts)) as server,
            RemoteHub(f"http://127.0.0.1:{server.port}", clock, token=token) as far,
        ):
            assert await far.command(m.ReportTold(told=(told,)), KIM) == 0  # not a product of hers
        assert (await hub.query(m.GetDeliveries(recipient="kim"))).deliveries == ()
