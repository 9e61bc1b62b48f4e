"""REST over raw sockets: the original's routes and curl call, ours, and everything a client can get wrong."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.protocol import messages as m

ALERT = {
    "product": 1,
    "alert_type": "OUT_OF_SPEC",
    "priority": 4,
    "title": "Test Alert",
    "message": "WebSocket test alert",
}


async def test_that_the_curl_call_of_the_originals_guide_makes_an_alert(station):
    async with station.client() as client:
        status, _, body = await station.http("POST", "/api/spc/alerts/", ALERT)
        assert status == 201
        assert body["id"] == 1
        assert (body["product"], body["product_code"], body["product_name"]) == (1, "BOLT-M10", "M10 볼트")
        assert (body["priority_display"], body["status_display"], body["alert_type_display"]) == (
            "긴급",
            "신규",
            "규격 이탈",
        )
        assert (body["status"], body["description"]) == ("NEW", "WebSocket test alert")
        assert (await client.read())["alert"]["title"] == "Test Alert"


async def test_that_the_aliases_of_the_original_are_understood(station):
    made = {"product": 1, "alert_type": "TREND", "title": "t", "description": "only a description", "status": "OPEN"}
    status, _, body = await station.http("POST", "/api/spc/alerts", made)
    assert (status, body["message"], body["status"], body["priority"]) == (201, "only a description", "NEW", 2)


async def test_that_an_alert_is_listed_read_changed_and_resolved(station):
    for number in range(3):
        await station.http("POST", "/api/spc/alerts/", {**ALERT, "title": f"alert {number}", "priority": number + 1})
    _, _, listed = await station.http("GET", "/api/spc/alerts/?page_size=2")
    assert listed["count"] == 3
    assert [row["id"] for row in listed["results"]] == [3, 2]
    _, _, rest = await station.http("GET", listed["next"])
    assert [row["id"] for row in rest["results"]] == [1]
    _, _, filtered = await station.http(
        "GET", "/api/spc/alerts/?product=1&priority=2&status=OPEN&alert_type=OUT_OF_SPEC"
    )
    assert [row["id"] for row in filtered["results"]] == [2]
    status, _, body = await station.http("PATCH", "/api/spc/alerts/2/", {"assigned_to": "lee", "priority": 3})
    assert (status, body["assigned_to"], body["priority"]) == (200, "lee", 3)
    note = {"resolved_by": "park", "resolution_notes": "공구 교체", "root_cause": "마모"}
    status, _, body = await station.http("POST", "/api/spc/alerts/2/resolve/", note)
    assert (status, body) == (200, {"status": "resolved"})
    _, _, body = await station.http("GET", "/api/spc/alerts/2/")
    assert (body["status"], body["resolved_by"], body["root_cause"]) == ("RESOLVED", "park", "마모")
    _, _, summary = await station.http("GET", "/api/spc/alerts/dashboard/")
    assert summary["total"] == 3
    assert summary["by_status"]["resolved"] == 1
    assert set(summary["by_priority"]) == {"urgent", "high", "medium", "low"}


async def test_that_patch_with_a_resolution_resolves(station):
    await station.http("POST", "/api/spc/alerts/", ALERT)
    change = {"status": "RESOLVED", "resolved_by": "park", "corrective_action": "c"}
    status, _, body = await station.http("PATCH", "/api/spc/alerts/1/", change)
    assert (status, body["status"], body["resolved_by"], body["corrective_action"]) == (200, "RESOLVED", "park", "c")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({**ALERT, "product": "abc"}, 404, "product"),
        ({**ALERT, "product": 999}, 404, "product"),
        ({**ALERT, "product": None}, 400, "product"),
        ({**ALERT, "product": 1.5}, 400, "product"),
        ({**ALERT, "product": True}, 400, "product"),
        ({**ALERT, "priority": 5}, 400, "priority"),
        ({**ALERT, "priority": "4"}, 400, "priority"),
        ({**ALERT, "priority": True}, 400, "priority"),
        ({**ALERT, "alert_type": "WHATEVER"}, 400, "alert_type"),
        ({**ALERT, "title": 5}, 400, "title"),
        ({**ALERT, "title": "x" * 201}, 400, "title"),
        ({**ALERT, "message": None}, 400, "message"),
        ({**ALERT, "status": "CLOSED"}, 400, "status"),
        ([ALERT], 400, None),
        ("text", 400, None),
        (b"{", 400, None),
        (b'{"product":NaN}', 400, None),
        (b'{"product":1,"product":2}', 400, "product"),
        (b"\xff\xfe", 400, None),
        (b"", 400, None),
    ],
)
async def test_that_a_bad_alert_says_the_field_and_what_is_allowed(station, body, status, field):
    found, headers, answer = await station.http("POST", "/api/spc/alerts/", body)
    assert found == status, answer
    assert headers["content-type"].startswith("application/json")
    assert answer["code"]
    assert len(answer["message"]) > 10
    if field is not None:
        assert answer["field"] == field
    assert (await station.http("GET", "/api/spc/alerts/"))[2]["count"] == 0


async def test_that_errors_come_in_the_language_of_the_client(station):
    body = {**ALERT, "priority": 9}
    _, _, english = await station.http("POST", "/api/spc/alerts/", body, ["Accept-Language: en"])
    assert english["message"] == "priority must be one of 1, 2, 3, 4, got 9."
    _, _, korean = await station.http("POST", "/api/spc/alerts/", body)
    assert korean["details"] == english["details"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/spc/nothing/", 404),
        ("GET", "/api/spc/alerts/99/", 404),
        ("POST", "/api/spc/alerts/99/acknowledge/", 404),
        ("GET", "/api/spc/alerts/12345678901234567890/", 404),
        ("DELETE", "/api/spc/alerts/1/", 405),
        ("PUT", "/api/spc/measurements/", 405),
        ("GET", "/api/spc/alerts/?limit=0", 400),
        ("GET", "/api/spc/alerts/?limit=x", 400),
        ("GET", "/api/spc/alerts/?status=WRONG", 400),
        ("GET", "/api/spc/measurements/", 400),
        ("GET", "/api/spc/measurements/?product=99", 404),
        ("GET", "/api/spc/products/99/", 404),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/api/spc/products", 200),
        ("GET", "/api/spc/capability/", 200),
    ],
)
async def test_that_every_route_answers_in_json_with_its_status(station, method, path, status):
    found, headers, answer = await station.http(method, path)
    assert found == status
    assert headers["content-type"].startswith("application/json")
    assert isinstance(answer, dict)


async def test_that_a_measurement_is_taken_in_the_originals_words_and_in_ours(station):
    theirs = {
        "product": 1,
        "measurement_value": 10.2,
        "sample_number": 50,
        "subgroup_number": 10,
        "measured_at": "2026-01-11T12:00:00",
        "measured_by": "kim",
        "machine_id": "M3",
        "lot_number": "L9",
    }
    status, _, row = await station.http("POST", "/api/spc/measurements/", theirs)
    assert status == 201
    assert {name: row[name] for name in theirs if name != "measured_at"} == {
        name: theirs[name] for name in theirs if name != "measured_at"
    }
    assert (row["is_within_spec"], row["product_code"]) == (True, "BOLT-M10")
    ours = {"product_code": "BOLT-M10", "characteristic": "LEN", "value": 52.0, "cavity": "2", "gauge": "G1"}
    status, _, row = await station.http("POST", "/api/spc/measurements/", ours)
    assert (status, row["is_within_spec"], row["characteristic"], row["cavity"]) == (201, False, 3, "2")
    by_id = {"characteristic_id": 2, "values": [10.0]}
    assert (await station.http("POST", "/api/spc/measurements/", by_id))[2]["product"] == 2
    _, _, listed = await station.http("GET", "/api/spc/measurements/?product=1")
    assert [row["measurement_value"] for row in listed["results"]] == [52.0, 10.2]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"product": 1}, 400),
        ({"value": 1}, 400),
        ({"product": 1, "value": "10.5"}, 400),
        ({"product": 1, "value": True}, 400),
        ({"product": 1, "values": []}, 400),
        ({"product": 1, "values": [1, "x"]}, 400),
        ({"product": 1, "value": 1, "measured_at": "yesterday"}, 400),
        ({"product": 1, "value": 1, "subgroup_number": -1}, 400),
        ({"product": 1, "value": 1, "characteristic": "NONE"}, 404),
        ({"product": 9, "value": 1}, 404),
        ({"characteristic_id": 99, "value": 1}, 404),
        (b'{"product":1,"value":1e400}', 400),
        (b'{"product":1,"value":Infinity}', 400),
    ],
)
async def test_that_a_bad_measurement_is_refused_and_nothing_is_stored(station, body, status):
    found, _, answer = await station.http("POST", "/api/spc/measurements/", body)
    assert found == status, answer
    assert len(answer["message"]) > 10
    assert (await station.http("GET", "/api/spc/measurements/?product=1"))[2]["count"] == 0


async def test_that_a_list_with_a_key_is_stored_once_however_often_it_is_sent(station):
    batch = [{"product": 1, "value": 10.0 + number / 100} for number in range(10)]
    first = await station.http("POST", "/api/spc/measurements/", batch, ["Idempotency-Key: shift-7"])
    again = await station.http("POST", "/api/spc/measurements/", batch, ["Idempotency-Key: shift-7"])
    assert (first[0], first[2]["accepted"], first[2]["duplicates"]) == (201, 10, 0)
    assert (again[0], again[2]["accepted"], again[2]["duplicates"]) == (200, 0, 10)
    assert (await station.http("GET", "/api/spc/measurements/?product=1"))[2]["count"] == 10


async def test_that_a_list_with_a_mistake_is_refused_whole_and_names_every_mistake(station):
    batch = [{"product": 1, "value": 10.0}, {"product": 1, "value": "x"}, {"product": 77, "value": 1}]
    status, _, answer = await station.http("POST", "/api/spc/measurements/", batch)
    assert status == 400
    assert [error["i"] for error in answer["errors"]] == [1, 2]
    assert (await station.http("GET", "/api/spc/measurements/?product=1"))[2]["count"] == 0


@pytest.mark.parametrize("body", [[], [{}] * 1001])
async def test_that_lists_hold_one_to_a_thousand(station, body):
    status, _, _ = await station.http("POST", "/api/spc/measurements/", body)
    assert status == 400


async def test_that_a_thousand_measurements_fit_one_request(station):
    batch = [{"product": 1, "value": 10.0} for _ in range(1000)]
    status, _, answer = await station.http("POST", "/api/spc/measurements/", batch)
    assert (status, answer["accepted"]) == (201, 1000)


async def test_that_too_large_bodies_are_refused_before_they_are_read(station):
    raw = await station.raw(
        b"POST /api/spc/alerts/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: 99999999\r\n\r\n"
    )
    assert raw.startswith(b"HTTP/1.1 413 ")
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    head = (
        b"POST /api/spc/alerts/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    raw = await station.raw(head + chunk * 17 + b"0\r\n\r\n")
    assert raw.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "headers", [["Content-Type: text/plain"], ["Content-Type: application/json", "Content-Encoding: gzip"]]
)
async def test_that_other_media_types_are_refused(station, headers):
    status, _, answer = await station.http("POST", "/api/spc/alerts/", ALERT, headers)
    assert (status, answer["code"]) == (415, "unsupported_media_type")


async def test_that_keep_alive_split_packets_and_expect_are_served_on_one_connection(station):
    body = json.dumps(ALERT).encode()
    head = b"POST /api/spc/alerts/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    head %= len(body)
    parts = [bytes([byte]) for byte in b"POST /api"]
    parts += [(head + b"\r\n" + body)[len(b"POST /api") :], head[:30], head[30:] + b"\r\n", body[:10], body[10:]]
    reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
    for part in parts:
        writer.write(part)
        await asyncio.sleep(0.001)
    for _ in range(2):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201 ")
        await reader.readuntil(b'"rev":1}')
    writer.write(head + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert (await reader.read()).startswith(b"HTTP/1.1 201 ")
    writer.close()
    assert (await station.http("GET", "/api/spc/alerts/"))[2]["count"] == 3


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"HELLO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_that_junk_ends_its_own_connection_only(station, junk):
    await station.raw(junk)
    assert (await station.http("GET", "/healthz"))[0] == 200


async def test_that_an_endless_head_is_cut_off(station):
    try:
        answer = await station.raw(b"GET /healthz HTTP/1.1\r\n" + b"X-Filler: " + b"a" * 20_000)
    except ConnectionError:
        answer = b""
    assert answer == b""
    assert (await station.http("GET", "/healthz"))[0] == 200


async def test_that_web_pages_of_this_host_get_cors_and_foreign_ones_do_not(station):
    _, headers, _ = await station.http("GET", "/api/spc/alerts/", headers=["Origin: http://127.0.0.1:3000"])
    assert headers["access-control-allow-origin"] == "http://127.0.0.1:3000"
    status, headers, _ = await station.http("OPTIONS", "/api/spc/alerts/", headers=["Origin: http://localhost:3000"])
    assert status == 204
    assert "POST" in headers["access-control-allow-methods"]
    status, _, _ = await station.http("POST", "/api/spc/alerts/", ALERT, ["Origin: https://evil.example"])
    assert status == 403


async def test_that_products_carry_their_characteristics(station):
    _, _, listed = await station.http("GET", "/api/spc/products/")
    assert [row["product_code"] for row in listed["results"]] == ["BOLT-M10", "NUT-M10"]
    _, _, one = await station.http("GET", "/api/spc/products/1/")
    assert [entry["code"] for entry in one["characteristics"]] == ["OD", "LEN"]
    assert (one["usl"], one["unit"]) == (10.5, "mm")


async def test_that_the_event_log_can_be_paged(station):
    for number in range(5):
        await station.alert(f"alert {number}")
    _, _, page = await station.http("GET", "/api/spc/events?since=2&limit=2")
    assert [event["seq"] for event in page["events"]] == [3, 4]
    assert page["head"] == 6
    assert page["epoch"]
    assert page["events"][0]["type"] == "alert"


async def test_that_a_full_disk_is_told_as_such_and_passes(station):
    station.store.failing = KnownError("disk_full")
    status, headers, answer = await station.http("POST", "/api/spc/alerts/", ALERT)
    assert (status, answer["code"]) == (507, "storage_full")
    assert headers["retry-after"]
    station.store.failing = None
    assert (await station.http("POST", "/api/spc/alerts/", ALERT))[0] == 201


async def test_that_a_stale_revision_is_a_conflict(station):
    await station.http("POST", "/api/spc/alerts/", ALERT)
    assert (await station.http("PATCH", "/api/spc/alerts/1/", {"assigned_to": "lee", "rev": 1}))[0] == 200
    status, _, answer = await station.http("PATCH", "/api/spc/alerts/1/", {"assigned_to": "kim", "rev": 1})
    assert (status, answer["code"]) == (409, "conflict")


async def test_that_a_full_intake_answers_429_and_stores_nothing_of_the_request(station, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.rest.BUSY_SECONDS", 0.1)
    append = station.store.append
    gate = asyncio.Event()

    async def slow(batch):
        await gate.wait()
        return await append(batch)

    station.store.append = slow
    value = MeasurementIn(characteristic_id=1, values=(10.0,), measured_at=datetime.now(UTC))
    waiting = [asyncio.ensure_future(station.hub.submit([value] * 1000)) for _ in range(12)]
    for _ in range(100):
        await asyncio.sleep(0)
    assert station.hub.state.queued >= 10_000
    status, headers, answer = await station.http("POST", "/api/spc/measurements/", {"product": 1, "value": 10.0})
    assert (status, answer["code"]) == (429, "busy")
    assert int(headers["retry-after"]) > 0
    gate.set()
    assert sum(result.accepted for result in await asyncio.gather(*waiting)) == 12_000
    assert (await station.hub.query(m.GetPoints(characteristic_id=1, limit=1))).total == 12_000


async def test_that_an_alert_is_shelved_commented_closed_and_verified_over_http(station):
    async with station.client() as client:
        await station.http("POST", "/api/spc/alerts/", ALERT)
        await client.read()
        note = {"minutes": 30, "reason": "시운전", "by": "kim"}
        status, _, body = await station.http("POST", "/api/spc/alerts/1/shelve/", note)
        assert (status, body["mask"]["kind"], body["mask"]["by"], body["state"]) == (200, "SHLVD", "kim", "UNACK")
        assert (await client.read())["type"] == "alert"
        status, _, body = await station.http("POST", "/api/spc/alerts/1/unshelve/")
        assert (status, body["mask"]) == (200, None)
        calls = [
            ("suppress", {"cause": "라인 정지"}),
            ("return-to-service", {}),
            ("out-of-service", {"reason": "교정"}),
            ("return-to-service", {}),
            ("assign", {"to": "lee"}),
            ("comment", {"text": "공구 4"}),
            ("close", {}),
            ("verify", {"effective": True}),
        ]
        for name, given in calls:
            status, _, body = await station.http("POST", f"/api/spc/alerts/1/{name}/", given)
            assert (name, status) == (name, 200)
        assert (body["status"], body["assigned_to"], body["verification"]) == ("CLOSED", "lee", "effective")


@pytest.mark.parametrize(
    ("name", "given", "status"),
    [
        ("shelve", {"minutes": 721, "reason": "r"}, 400),
        ("shelve", {"minutes": 10}, 400),
        ("shelve", {"minutes": 10, "reason": " "}, 400),
        ("unshelve", {}, 400),
        ("comment", {"text": ""}, 400),
        ("verify", {"effective": "yes"}, 400),
        ("verify", {"effective": True}, 409),
    ],
)
async def test_that_a_command_over_http_that_makes_no_sense_is_refused(station, name, given, status):
    await station.http("POST", "/api/spc/alerts/", ALERT)
    answered, _, body = await station.http("POST", f"/api/spc/alerts/1/{name}/", given)
    assert answered == status
    assert body["message"]
