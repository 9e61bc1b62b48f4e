"""Users and tokens in a hub: kept, changed, signed in, and never told."""

import asyncio

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.account import Role
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.codec import encode
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.storage.store import open_store
from tests.fakes import FakeClock, diameter, save

PASSWORD = "correct horse battery"
KIM = m.AddUser(name="kim", password=PASSWORD, roles=(Role.OPERATOR,), language="ko")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
async def hub(store, clock):
    async with Hub(store, clock) as hub:
        yield hub


async def refused(hub, command):
    with pytest.raises(UserError) as error:
        await hub.command(command)
    return error.value.code


async def test_that_users_and_tokens_survive_a_restart_on_disk(tmp_path):
    async with Hub(open_store(tmp_path), SystemClock()) as hub:
        await hub.command(KIM)
        made = await hub.command(m.AddToken(user="kim", label="line 3"))
    async with Hub(open_store(tmp_path), SystemClock()) as hub:
        assert hub.accounts.bearer(made.token, SystemClock().now()).name == "kim"
        assert (await hub.command(m.SignIn(name="kim", password=PASSWORD))).details.user == "kim"
        await hub.command(m.RevokeToken(token_id=made.details.id))
    async with Hub(open_store(tmp_path), SystemClock()) as hub:
        assert hub.accounts.bearer(made.token, SystemClock().now()) is None


async def test_that_neither_password_nor_secret_is_kept_or_told(hub, store):
    await hub.command(KIM)
    made = await hub.command(m.AddToken(user="kim"))
    secret = made.token.rpartition("_")[2]
    told = [await hub.query(m.GetUsers()), await hub.query(m.GetTokens()), await hub.query(m.GetAudit())]
    told += [await hub.query(m.GetEvents(since=0)), await store.documents("user"), await store.documents("token")]
    kept = repr(told) + encode(told[:3]).decode()
    assert PASSWORD not in kept
    assert secret not in kept
    assert "argon2" not in encode(told[:4]).decode()


async def test_that_signing_in_needs_the_right_password_of_an_active_user(hub):
    await hub.command(KIM)
    await hub.command(m.AddUser(name="cmm-2", roles=(Role.DEVICE,)))
    wrong = [("kim", "wrong horse battery"), ("nobody", PASSWORD), ("kim", ""), ("cmm-2", "")]
    assert {await refused(hub, m.SignIn(name=name, password=text)) for name, text in wrong} == {"unauthorized"}
    assert (await hub.command(m.SignIn(name="KIM", password=PASSWORD))).details.user == "kim"
    await hub.command(m.ChangeUser(name="kim", active=False))
    assert await refused(hub, m.SignIn(name="kim", password=PASSWORD)) == "unauthorized"


async def test_that_a_sign_in_lasts_a_shift_and_ends_with_its_password(hub, clock):
    await hub.command(KIM)
    first = await hub.command(m.SignIn(name="kim", password=PASSWORD))
    kept = await hub.command(m.AddToken(user="kim"))
    await hub.command(m.SetPassword(name="kim", password="another good one"))
    assert hub.accounts.bearer(first.token, clock.now()) is None
    assert hub.accounts.bearer(kept.token, clock.now()) is not None
    second = await hub.command(m.SignIn(name="kim", password="another good one"))
    clock.turn(13 * 3600)
    assert hub.accounts.bearer(second.token, clock.now()) is None


async def test_that_the_last_administrator_stays(hub):
    await hub.command(m.AddUser(name="root", password=PASSWORD, roles=(Role.ADMIN,)))
    assert await refused(hub, m.ChangeUser(name="root", active=False)) == "last_admin"
    assert await refused(hub, m.ChangeUser(name="root", roles=(Role.VIEWER,))) == "last_admin"
    await hub.command(m.AddUser(name="lee", password=PASSWORD, roles=(Role.ADMIN,)))
    assert not (await hub.command(m.ChangeUser(name="root", active=False))).active


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (KIM, "user_exists"),
        (m.AddUser(name="KIM", roles=(Role.VIEWER,)), "user_exists"),
        (m.AddUser(name="a/b", roles=(Role.VIEWER,)), "bad_user_name"),
        (m.AddUser(name="lee", roles=()), "roles_empty"),
        (m.AddUser(name="lee", password="short", roles=(Role.VIEWER,)), "bad_password"),
        (m.AddUser(name="lee", roles=(Role.VIEWER,), products=(99,)), "unknown_product"),
        (m.ChangeUser(name="lee", active=True), "not_found"),
        (m.SetPassword(name="lee", password=PASSWORD), "not_found"),
        (m.AddToken(user="lee"), "not_found"),
        (m.AddToken(user="kim", roles=(Role.ENGINEER,)), "roles_beyond"),
        (m.AddToken(user="kim", days=0), "token_days"),
        (m.AddToken(user="kim", label="x" * 101), "text_too_long"),
        (m.RevokeToken(token_id="nothing"), "not_found"),
        (m.SetUp(code="", name="root", password=PASSWORD), "set_up_refused"),
    ],
)
async def test_that_a_mistake_is_told_and_changes_nothing(hub, command, code):
    await hub.command(KIM)
    before = hub.accounts
    assert await refused(hub, command) == code
    assert hub.accounts is before


async def test_that_the_set_up_code_makes_one_administrator_and_no_second(hub):
    code = hub.set_up_code()
    assert await refused(hub, m.SetUp(code="AAAA-AAAA-AAAA", name="root", password=PASSWORD)) == "set_up_refused"
    tries = [hub.command(m.SetUp(code=code.lower(), name=f"root{n}", password=PASSWORD)) for n in range(2)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(one).__name__ for one in results) == ["TokenMade", "UserError"]
    assert hub.set_up_code() == ""


async def test_that_a_set_up_code_cannot_be_tried_out(hub):
    code = hub.set_up_code()
    for _ in range(10):
        assert await refused(hub, m.SetUp(code="AAAA-AAAA-AAAA", name="root", password=PASSWORD)) == "set_up_refused"
    assert await refused(hub, m.SetUp(code=code, name="root", password=PASSWORD)) == "set_up_refused"


async def test_that_changes_of_accounts_are_in_the_audit_trail(hub):
    await hub.command(KIM, Actor(name="root", client="10.0.0.9"))
    await hub.command(m.SetPassword(name="kim", password="another good one"), Actor(name="root"))
    await hub.command(m.SignIn(name="kim", password="another good one"))
    trail = [(one.actor, one.action, one.object.split()[0]) for one in await hub.query(m.GetAudit())]
    assert trail == [("kim", "sign_in", "token"), ("root", "set_password", "user"), ("root", "add_user", "user")]


async def test_that_what_was_not_stored_is_not_in_force(hub, store, clock):
    await hub.command(KIM)
    made = await hub.command(m.AddToken(user="kim"))
    store.failing = KnownError("disk_full")
    with pytest.raises(KnownError):
        await hub.command(m.RevokeToken(token_id=made.details.id))
    assert hub.accounts.bearer(made.token, clock.now()) is not None


async def test_that_a_scope_names_products_that_exist(hub):
    await hub.command(save(diameter()))
    made = await hub.command(m.AddUser(name="lee", roles=(Role.VIEWER,), products=(1, 1)))
    assert made.products == (1,)
    assert (await hub.command(m.ChangeUser(name="lee", products="*"))).products is None
