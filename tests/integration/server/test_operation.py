"""For who runs a hub: readiness, counters, connections, key figures; and how a new station is let in."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.account import Role
from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.access import Access
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from tests.integration.server.clients import CATALOGUE, EVERYTHING, PATIENCE, Station, session
from tests.integration.server.test_security import bearer, token


@asynccontextmanager
async def opened(*, anonymous=False, **options):
    clock = SystemClock()
    store = MemoryStore()
    async with Hub(store, clock) as hub:
        await hub.command(CATALOGUE)
        access = Access(clock, lambda: hub.accounts, anonymous=anonymous)
        async with HubServer(hub, clock, port=0, access=access, **options) as server:
            hub.on_commit(server.meters.committed)
            yield Station(hub, store, server)


async def samples(station, headers=()):
    lines = ["GET /metrics HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    raw = await station.raw(("\r\n".join(lines) + "\r\n\r\n").encode())
    head, _, body = raw.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    found = {}
    for family in text_string_to_metric_families(body.decode()):
        for one in family.samples:
            found[(one.name, *one.labels.values())] = one.value
    return found


async def test_that_the_counters_of_the_protocol_are_told():
    async with (
        opened(anonymous=True) as station,
        session(station, subscriptions=[EVERYTHING], resume={"epoch": "x", "seq": 1}) as client,
        station.client(),
    ):
        await station.alert()
        await client.events(station.hub.state.head)
        found = await samples(station)
    assert found[("spc_hub_connections", "v1", "engineer")] == 1
    assert found[("spc_hub_connections", "seed", "engineer")] == 1
    assert found[("spc_hub_events_total", "4", "alert")] == 1
    assert found[("spc_hub_deliveries_total", "sent")] == 2
    assert found[("spc_hub_resume_total", "false")] == 1
    assert found[("spc_hub_commit_seconds_count",)] >= 1
    assert found[("spc_hub_ingest_to_send_seconds_count",)] == 1
    assert ("spc_hub_send_buffer_bytes", "max") in found
    for name in ("slow_closes_total", "replayed_total", "rate_limited_total", "loop_lag_seconds"):
        assert (f"spc_hub_{name}",) in found
    assert found[("spc_alarm_stale",)] == 0


async def test_that_readiness_names_what_is_wrong():
    problem = ""

    async def disk():
        return problem

    async with opened(checks={"disk": disk}) as station:
        status, _, body = await station.http("GET", "/readyz")
        assert (status, body["checks"]) == (200, {"store": "ok", "disk": "ok"})
        problem = "disk_low"
        status, _, body = await station.http("GET", "/readyz")
        assert (status, body["status"], body["checks"]["disk"]) == (503, "not ready", "disk_low")
        problem = ""
        station.store.failing = KnownError("disk_full")
        with pytest.raises(KnownError):
            await station.alert()
        assert (await station.http("GET", "/readyz"))[2]["checks"]["store"] == "disk_full"
        station.store.failing = None
        await station.alert()
        assert (await station.http("GET", "/readyz"))[0] == 200


async def test_that_connections_are_listed_for_who_may_know():
    async with opened() as station:
        engineer, viewer = await token(station, Role.ENGINEER), await token(station, Role.VIEWER, name="lee")
        assert (await station.http("GET", "/api/spc/hub/connections"))[0] == 401
        assert (await station.http("GET", "/metrics"))[0] == 401
        assert (await station.http("GET", "/api/spc/hub/connections", headers=bearer(viewer)))[0] == 403
        async with session(station, token=viewer.token, client_id="line3", subscriptions=[EVERYTHING]) as client:
            await client.send({"type": "received", "seq": 1})
            await client.call("silence", minutes=5)
            rows = (await station.http("GET", "/api/spc/hub/connections", headers=bearer(engineer)))[2]["results"]
        assert [(one["user"], one["client_id"], one["received"], one["live"]) for one in rows] == [
            ("lee", "line3", 1, True)
        ]
        assert rows[0]["silent_until"] is not None


async def test_that_key_figures_are_those_of_the_time_asked_for(station):
    for _ in range(12):
        await station.alert()
    await station.hub.command(m.Shelve(key="BOLT-M10/OD", minutes=5, reason="r"))
    status, _, answer = await station.http("GET", "/api/spc/hub/kpi")
    rows = {row["name"]: row for row in answer["rows"]}
    assert (status, answer["alerts"], answer["operators"]) == (200, 12, 1)
    assert (rows["most_in_10_min"]["value"], rows["most_in_10_min"]["state"]) == (12, "bearable")
    assert rows["announced_per_operator_day"]["value"] == pytest.approx(12 / 7)
    assert (rows["shelved"]["value"], rows["priority_urgent_percent"]["state"]) == (1, "beyond")
    assert rows["acknowledge_p50_s"]["value"] is None
    past = await station.http("GET", "/api/spc/hub/kpi?from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z")
    assert past[2]["alerts"] == 0
    wrong = await station.http("GET", "/api/spc/hub/kpi?from=2001-01-02T00:00:00Z&to=2001-01-01T00:00:00Z")
    assert (wrong[0], wrong[2]["code"]) == (400, "kpi_period")
    assert (await station.http("GET", "/api/spc/hub/kpi?operator=nobody"))[0] == 404
    async with session(station) as client:
        told = await client.call("kpi", targets={"most_in_10_min": [20, 30]})
        assert {row["name"]: row["state"] for row in told["result"]["rows"]}["most_in_10_min"] == "good"


# -- pairing -----------------------------------------------------------------------------------------------------------


async def test_that_a_station_is_let_in_by_the_code_it_shows():
    async with opened() as station:
        admin = await token(station, Role.ADMIN, name="root")
        asked = (await station.http("POST", "/api/spc/pair", {"name": "line 3"}))[2]
        assert (len(asked["code"]), len(asked["secret"])) == (6, 64)
        claim = {"secret": asked["secret"]}
        assert (await station.http("POST", "/api/spc/pair/claim", claim))[2] == {"token": "", "user": ""}
        assert (await station.http("GET", "/api/spc/pair"))[0] == 401
        waiting = (await station.http("GET", "/api/spc/pair", headers=bearer(admin)))[2]["results"]
        assert [(one["code"], one["name"], one["address"]) for one in waiting] == [
            (asked["code"], "line 3", "127.0.0.1")
        ]
        path = f"/api/spc/pair/{asked['code'].lower()}/approve"
        wanted = {"name": "line3", "roles": ["operator"], "products": [1]}
        assert (await station.http("POST", path, wanted))[0] == 401
        status, _, made = await station.http("POST", path, wanted, headers=bearer(admin))
        assert (status, made["user"], made["products"]) == (200, "line3", [1])
        assert (await station.http("GET", "/api/spc/pair", headers=bearer(admin)))[2]["count"] == 0
        claimed = (await station.http("POST", "/api/spc/pair/claim", claim))[2]
        assert (await station.http("GET", "/api/spc/alerts/", headers=bearer(claimed["token"])))[0] == 200
        # The token is told once.
        assert (await station.http("POST", "/api/spc/pair/claim", claim))[0] == 404
        trail = await station.hub.query(m.GetAudit())
        assert {entry.action for entry in trail} >= {"approve_pairing"}
        async with session(station, token=claimed["token"]) as client:
            await station.hub.command(m.RevokeToken(token_id=made["id"]))
            async with asyncio.timeout(PATIENCE):
                await client.socket.wait_closed()
            assert client.socket.close_code == 4401


async def test_that_codes_cannot_be_guessed_and_few_may_wait():
    async with opened() as station:
        admin = await token(station, Role.ADMIN, name="root")
        for _ in range(5):
            assert (await station.http("POST", "/api/spc/pair", {}))[0] == 201
        status, _, body = await station.http("POST", "/api/spc/pair", {})
        assert (status, body["code"]) == (429, "pairing_full")
        codes = []
        for _ in range(12):
            path = "/api/spc/pair/AAAAAA/approve"
            codes.append((await station.http("POST", path, {"name": "eve"}, headers=bearer(admin)))[0])
        assert codes == [404] * 10 + [429] * 2


async def test_that_a_code_expires(monkeypatch):
    from datetime import timedelta

    monkeypatch.setattr("spc_desktop.hub.pairing.LIFE", timedelta(0))
    async with opened() as station:
        asked = (await station.http("POST", "/api/spc/pair", {}))[2]
        assert (await station.http("POST", "/api/spc/pair/claim", {"secret": asked["secret"]}))[0] == 404
        assert json.dumps(asked)


async def test_that_the_delivery_log_is_asked_over_http(station):
    status, _, answer = await station.http("GET", "/api/spc/hub/deliveries?alert=1&outcome=sent&channel=socket")
    assert (status, answer) == (200, {"deliveries": [], "more": False})
    status, _, answer = await station.http("GET", "/api/spc/hub/deliveries?outcome=lost")
    assert (status, answer["code"]) == (400, "bad_message")
    assert "suppressed" in answer["message"]
