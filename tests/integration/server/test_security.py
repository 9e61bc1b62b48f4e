"""Who is let in, what each may do, and what each may see, over real sockets."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.account import Role
from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.api import Link, LinkChanged
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.access import FAILURES, Access
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.integration.server.clients import CATALOGUE, EVENTS, PATIENCE, V1, Station

PASSWORD = "correct horse battery"
ALERT = {"product": 1, "alert_type": "OUT_OF_SPEC", "priority": 4, "title": "t", "message": "m"}
WRONG = "spc_00000000_" + "0" * 64


@asynccontextmanager
async def opened(*, anonymous=False):
    clock = SystemClock()
    store = MemoryStore()
    async with Hub(store, clock) as hub:
        await hub.command(CATALOGUE)
        access = Access(clock, lambda: hub.accounts, anonymous=anonymous, console_key="key of the folder")
        async with HubServer(hub, clock, port=0, access=access) as server:
            yield Station(hub, store, server)


@pytest.fixture
async def closed():
    """A station where nobody is let in without an account."""
    async with opened() as station:
        yield station


async def token(station, *roles, name="kim", products=None):
    await station.hub.command(m.AddUser(name=name, password=PASSWORD, roles=roles, products=products))
    return await station.hub.command(m.AddToken(user=name))


def bearer(made):
    return [f"Authorization: Bearer {made if isinstance(made, str) else made.token}"]


@asynccontextmanager
async def session(station, text="", **fields):
    url = f"ws://127.0.0.1:{station.port}/ws/spc/"
    async with connect(url, subprotocols=["spc.v1"], compression=None, proxy=None) as socket:
        client = V1(socket)
        client.greeting = await client.read()
        client.connected = await client.call("connect", token=text, **fields)
        yield client


async def close_code(socket):
    async with asyncio.timeout(PATIENCE):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code


# -- letting in --------------------------------------------------------------------------------------------------------


async def test_that_without_an_account_only_the_state_of_the_service_is_told(closed):
    asked = [("GET", "/api/spc/alerts/"), ("GET", "/api/spc/products/"), ("POST", "/api/spc/measurements/")]
    asked += [("GET", "/api/spc/events"), ("PATCH", "/api/spc/alerts/1/"), ("GET", "/api/spc/products/1/")]
    for method, path in asked:
        status, headers, body = await closed.http(method, path, {})
        assert (status, body["code"]) == (401, "unauthorized"), path
        assert headers["www-authenticate"] == "Bearer"
        assert "토큰" in body["message"]
    assert (await closed.http("GET", "/healthz"))[0] == 200
    with pytest.raises(InvalidStatus) as refused:
        async with closed.client():
            pass
    assert refused.value.response.status_code == 401


async def test_that_a_token_opens_rest_the_seed_dialect_and_v1(closed):
    made = await token(closed, Role.OPERATOR)
    assert (await closed.http("GET", "/api/spc/products/", headers=bearer(made)))[0] == 200
    header = {"Authorization": f"Bearer {made.token}"}
    async with closed.client(additional_headers=header) as client:
        assert client.greeting["type"] == "connection"
    async with session(closed, made.token) as client:
        assert client.greeting["auth"] == "required"
        assert (client.connected["result"]["user"], client.connected["result"]["roles"]) == ("kim", ["operator"])


async def test_that_a_browser_may_give_its_token_as_a_subprotocol(closed):
    made = await token(closed, Role.VIEWER)
    url = f"ws://127.0.0.1:{closed.port}/ws/spc/"
    async with connect(url, subprotocols=["spc.v1", f"bearer.{made.token}"], proxy=None) as socket:
        assert socket.subprotocol == "spc.v1"
        client = V1(socket)
        assert (await client.read())["auth"] == "none"
        assert (await client.call("connect"))["result"]["user"] == "kim"


@pytest.mark.parametrize("text", ["", WRONG, "key of another folder"])
async def test_that_a_session_without_a_valid_token_is_closed_with_4401(closed, text):
    async with session(closed, text) as client:
        assert client.connected["code"] == "unauthorized"
        assert await close_code(client.socket) == 4401


async def test_that_who_can_read_the_data_folder_administers(closed):
    async with session(closed, "key of the folder") as client:
        assert (await client.call("add_user", name="root", password=PASSWORD, roles=["admin"]))["ok"]
        assert [one["name"] for one in (await client.call("get_users"))["result"]] == ["root"]


async def test_that_signing_in_gives_a_token(closed):
    await closed.hub.command(m.AddUser(name="kim", password=PASSWORD, roles=(Role.VIEWER,)))
    status, _, made = await closed.http("POST", "/api/spc/sign-in", {"user": "kim", "password": PASSWORD})
    assert status == 201
    assert (await closed.http("GET", "/api/spc/alerts/", headers=bearer(made["token"])))[0] == 200


async def test_that_the_set_up_code_makes_the_first_administrator(closed):
    body = {"code": closed.hub.set_up_code(), "user": "root", "password": PASSWORD}
    status, _, made = await closed.http("POST", "/api/spc/set-up", body)
    assert (status, made["details"]["user"]) == (201, "root")
    assert (await closed.http("POST", "/api/spc/set-up", {**body, "user": "eve"}))[2]["code"] == "set_up_refused"


async def test_that_guessing_is_slowed_down_even_with_the_right_token_at_last(closed):
    made = await token(closed, Role.VIEWER)
    for number in range(FAILURES):
        if number % 2:
            answer = await closed.http("GET", "/api/spc/alerts/", headers=bearer(WRONG))
        else:
            answer = await closed.http("POST", "/api/spc/sign-in", {"user": "kim", "password": "guess number 1"})
        assert answer[0] == 401
    status, headers, body = await closed.http("GET", "/api/spc/alerts/", headers=bearer(made))
    assert (status, body["code"]) == (429, "too_many_attempts")
    assert 0 < int(headers["retry-after"]) <= 61


# -- at this computer --------------------------------------------------------------------------------------------------


async def test_that_at_this_computer_no_account_is_needed_but_accounts_are_closed():
    async with opened(anonymous=True) as station:
        assert (await station.http("POST", "/api/spc/alerts/", ALERT))[0] == 201
        assert (await station.http("POST", "/api/spc/alerts/1/acknowledge/", {}))[0] == 200
        assert (await station.http("POST", "/api/spc/measurements/", {"product": 1, "value": 10}))[0] == 201
        async with session(station) as client:
            refused = await client.call("add_user", name="eve", roles=["admin"])
            assert (refused["code"], refused["details"]["role"]) == ("forbidden", "admin")


@pytest.mark.parametrize(
    "headers",
    [
        ["X-Forwarded-For: 10.0.0.9"],
        ["Forwarded: for=10.0.0.9"],
        ["Host: evil.example", "Origin: http://evil.example"],
    ],
)
async def test_that_who_comes_through_a_proxy_or_a_foreign_page_is_not_at_this_computer(headers):
    async with opened(anonymous=True) as station:
        raw = "\r\n".join(["GET /api/spc/alerts/ HTTP/1.1", "Connection: close", *headers])
        if not any(line.startswith("Host") for line in headers):
            raw += "\r\nHost: 127.0.0.1"
        assert b" 401 " in (await station.raw(f"{raw}\r\n\r\n".encode())).split(b"\r\n")[0]


# -- rights ------------------------------------------------------------------------------------------------------------


async def test_that_a_viewer_reads_and_writes_nothing(closed):
    made = await token(closed, Role.VIEWER)
    await closed.alert()
    for method, path, body in [
        ("POST", "/api/spc/alerts/", ALERT),
        ("POST", "/api/spc/alerts/1/acknowledge/", {}),
        ("POST", "/api/spc/alerts/1/resolve/", {}),
        ("POST", "/api/spc/measurements/", {"product": 1, "value": 10}),
        ("POST", "/api/spc/capability/", {"product": 1}),
    ]:
        status, _, answer = await closed.http(method, path, body, bearer(made))
        assert (status, answer["code"]) == (403, "forbidden"), path
    assert (await closed.http("GET", "/api/spc/alerts/1/", headers=bearer(made)))[0] == 200


async def test_that_a_device_sends_and_reads_nothing(closed):
    made = await token(closed, Role.DEVICE)
    async with session(closed, made.token) as client:
        item = {"product_id": 1, "value": 10.0}
        assert (await client.call("ingest", source_id="cmm", items=[item]))["result"]["accepted"] == 1
        for kind in ("get_alerts", "get_catalogue", "subscribe"):
            assert (await client.call(kind, **({"sub": "a"} if kind == "subscribe" else {})))["code"] == "forbidden"
    with pytest.raises(InvalidStatus) as refused:
        async with closed.client(additional_headers={"Authorization": f"Bearer {made.token}"}):
            pass
    assert refused.value.response.status_code == 403


async def test_that_the_account_acts_whatever_name_the_request_gives(closed):
    made = await token(closed, Role.OPERATOR)
    await closed.alert()
    await closed.http("POST", "/api/spc/alerts/1/acknowledge/", {"acknowledged_by": "somebody else"}, bearer(made))
    assert (await closed.hub.query(m.GetAlert(alert_id=1))).acknowledged_by == "kim"


async def test_that_revoking_a_token_ends_its_sessions_of_both_dialects(closed):
    made = await token(closed, Role.VIEWER)
    other = await closed.hub.command(m.AddToken(user="kim"))
    header = {"Authorization": f"Bearer {made.token}"}
    async with (
        session(closed, made.token) as v1,
        closed.client(additional_headers=header) as seed,
        session(closed, other.token) as untouched,
    ):
        await closed.hub.command(m.RevokeToken(token_id=made.details.id))
        assert [await close_code(v1.socket), await close_code(seed.socket)] == [4401, 4401]
        assert (await untouched.call("ping"))["ok"]
        await closed.hub.command(m.ChangeUser(name="kim", active=False))
        assert await close_code(untouched.socket) == 4401


# -- scope -------------------------------------------------------------------------------------------------------------


async def test_that_events_outside_the_scope_are_never_sent_not_even_from_the_log(closed):
    made = await token(closed, Role.VIEWER, products=(2,))
    everything = [{"sub": "all", "products": "*", "types": "*"}]
    async with session(closed, made.token, subscriptions=everything) as client:
        await closed.alert(product_id=1)
        await closed.hub.command(m.SaveCatalogue(products=CATALOGUE.products, owners=()))
        seen = (await closed.alert(product_id=2)).id
        events = await client.events(closed.hub.state.head)
    assert [one["type"] for one in events] == ["catalogue", "alert"]
    assert [one["code"] for one in events[0]["products"]] == ["NUT-M10"]
    assert events[1]["alert"]["id"] == seen
    resume = {"epoch": closed.hub.epoch, "seq": 0}
    async with session(closed, made.token, subscriptions=everything, resume=resume) as client:
        replayed = await client.events(closed.hub.state.head)
    assert {one["product_id"] for one in replayed if one["type"] == "alert"} == {2}
    assert "BOLT-M10" not in repr(replayed)
    assert {one["type"] for one in replayed} <= EVENTS


async def test_that_what_is_outside_the_scope_is_not_there(closed):
    made = await token(closed, Role.ENGINEER, products=(2,))
    await closed.alert(product_id=1)
    mine = await closed.alert(product_id=2)
    head = bearer(made)
    listed = (await closed.http("GET", "/api/spc/alerts/", headers=head))[2]
    assert (listed["count"], [row["id"] for row in listed["results"]]) == (1, [mine.id])
    assert (await closed.http("GET", "/api/spc/products/", headers=head))[2]["count"] == 1
    hidden = ["/api/spc/alerts/1/", "/api/spc/products/1/", "/api/spc/measurements/?product=1"]
    hidden += [
        "/api/spc/measurements/?characteristic=1",
        "/api/spc/alerts/?product=1",
        "/api/spc/capability/?product=1",
    ]
    assert {(await closed.http("GET", path, headers=head))[0] for path in hidden} == {404}
    assert (await closed.http("POST", "/api/spc/alerts/", ALERT, head))[0] == 404
    assert (await closed.http("POST", "/api/spc/alerts/1/acknowledge/", {}, head))[0] == 404
    assert (await closed.http("GET", "/api/spc/alerts/dashboard/", headers=head))[0] == 403
    async with session(closed, made.token) as client:
        catalogue = (await client.call("get_catalogue"))["result"]
        assert {one["product_id"] for one in catalogue["characteristics"]} == {2}
        items = [{"product_id": 1, "value": 10.0}, {"product_id": 2, "value": 10.0}]
        stored = (await client.call("ingest", items=items))["result"]
        assert (stored["accepted"], [one["i"] for one in stored["rejected"]]) == (1, [0])
        assert (await client.call("save_catalogue", products=[]))["code"] == "forbidden_scope"


async def test_that_a_product_socket_outside_the_scope_is_not_there(closed):
    made = await token(closed, Role.VIEWER, products=(2,))
    url = f"ws://127.0.0.1:{closed.port}/ws/spc/product/1/"
    async with connect(url, additional_headers={"Authorization": f"Bearer {made.token}"}, proxy=None) as socket:
        assert await close_code(socket) == 4404


async def test_that_a_far_window_signs_in_with_its_token_and_says_when_it_is_refused(closed):
    made = await token(closed, Role.ENGINEER)
    url, clock = f"http://127.0.0.1:{closed.port}", SystemClock()
    async with RemoteHub(url, clock, token=made.token) as remote, remote.watch() as mailbox:
        assert len((await remote.query(m.GetCatalogue())).products) == 2
        await closed.hub.command(m.RevokeToken(token_id=made.details.id))
        assert await offline(mailbox) == "unauthorized"
    async with RemoteHub(url, clock, token=made.token) as remote, remote.watch() as mailbox:
        assert await offline(mailbox) == "unauthorized"
        with pytest.raises(KnownError) as refused:
            await remote.query(m.GetCatalogue())
        assert refused.value.code == "hub_unreachable"


async def offline(mailbox):
    """Wait until a far hub is given up; return why."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for news in await mailbox.get():
                if isinstance(news, LinkChanged) and news.state.link is Link.OFFLINE:
                    return news.state.detail
