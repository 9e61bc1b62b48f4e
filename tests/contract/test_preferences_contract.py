"""What each user wants to be told of, behind both kinds of ``HubApi``: kept, told to other windows, each one's own."""

import asyncio

import pytest
from msgspec import structs

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.alert import Priority
from spc_desktop.domain.announcement import Preferences, QuietHours
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor, WatchFilter
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.access import Access
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.fakes import diameter, known_limits, save

KIM, LEE = Actor(name="kim"), Actor(name="lee")
NIGHT = QuietHours(start=22 * 60, end=6 * 60, zone="Asia/Seoul")


async def test_that_preferences_are_kept_told_and_recorded(contract):
    api = contract.api
    await api.command(save(diameter(), plans=[known_limits()]))
    assert await api.query(m.GetPreferences(user="kim")) == Preferences()
    wanted = Preferences(products=(1,), min_priority=Priority.HIGH, quiet=(NIGHT,))
    async with api.watch(WatchFilter(types=frozenset({"preferences"}))) as mailbox:
        kept = await api.command(m.SavePreferences(prefs=wanted), KIM)
        async with asyncio.timeout(10):
            (event,) = await mailbox.get()
    assert kept == structs.replace(wanted, revision=1)
    assert (event.user, event.revision) == ("kim", 1)
    assert await api.query(m.GetPreferences(user="kim")) == kept
    assert await api.query(m.GetPreferences(user="lee")) == Preferences()
    (row,) = await contract.hub.query(m.GetAudit(limit=1))
    assert (row.actor, row.object) == ("kim", "preferences kim")


async def test_that_an_older_version_is_refused_and_the_same_again_changes_nothing(contract):
    api = contract.api
    first = await api.command(m.SavePreferences(prefs=Preferences(sound=False)), KIM)
    assert await api.command(m.SavePreferences(prefs=first), KIM) == first
    with pytest.raises(UserError) as caught:
        await api.command(m.SavePreferences(prefs=Preferences(digest_s=60)), KIM)
    assert caught.value.code == "preferences_changed"
    with pytest.raises(UserError) as caught:
        await api.command(m.SavePreferences(prefs=Preferences(products=(9,))), LEE)
    assert caught.value.code == "unknown_product"


async def test_that_preferences_outlive_a_restart():
    store = MemoryStore()
    async with Hub(store, SystemClock()) as hub:
        kept = await hub.command(m.SavePreferences(prefs=Preferences(quiet=(NIGHT,))), KIM)
    async with Hub(store, SystemClock()) as hub:
        assert await hub.query(m.GetPreferences(user="kim")) == kept


async def test_that_an_account_has_its_own_and_sees_nobody_elses():
    clock = SystemClock()
    async with Hub(MemoryStore(), clock) as hub:
        await hub.command(save(diameter(), plans=[known_limits()]))
        await hub.command(m.SetUp(code=hub.set_up_code(), name="root", password="correct horse 9"))
        await hub.command(m.AddUser(name="lee", roles=("viewer",), products=(1,)))
        token = (await hub.command(m.AddToken(user="lee"))).token
        await hub.command(m.SavePreferences(prefs=Preferences(digest_s=60)), KIM)
        async with (
            HubServer(hub, clock, port=0, access=Access(clock, lambda: hub.accounts)) as server,
            RemoteHub(f"http://127.0.0.1:{server.port}", clock, token=token) as far,
        ):
            assert await far.query(m.GetPreferences(user="kim")) == Preferences()
            kept = await far.command(m.SavePreferences(prefs=Preferences(sound=False)), KIM)
            assert await far.query(m.GetPreferences()) == kept
        assert await hub.query(m.GetPreferences(user="lee")) == kept
        assert (await hub.query(m.GetPreferences(user="kim"))).digest_s == 60
