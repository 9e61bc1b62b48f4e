"""Clients of the original connect unchanged: the exact messages of both endpoints over real sockets."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from spc_desktop.domain.measurement import MeasurementIn

NOW = datetime.fromisoformat("2026-01-11T12:00:00+09:00")


def value(number, minute=0, characteristic_id=1):
    at = NOW + timedelta(minutes=minute)
    return MeasurementIn(characteristic_id=characteristic_id, values=(number,), measured_at=at)


@pytest.mark.parametrize("path", ["/ws/spc/notifications/", "/ws/spc/notifications", "/ws/spc/", "/ws/spc/?token=1"])
async def test_that_the_greeting_is_the_originals(station, path):
    async with station.client(path) as client:
        assert client.greeting["type"] == "connection"
        assert client.greeting["message"] == "SPC 실시간 알림에 연결되었습니다"
        assert datetime.fromisoformat(client.greeting["timestamp"]).tzinfo is not None


async def test_that_a_product_socket_greets_with_its_specification(station):
    async with station.client("/ws/spc/product/1/") as client:
        assert client.greeting == {
            "type": "connection",
            "message": "제품 BOLT-M10의 실시간 데이터에 연결되었습니다",
            "product": {
                "id": 1,
                "product_code": "BOLT-M10",
                "product_name": "M10 볼트",
                "usl": 10.5,
                "lsl": 9.5,
                "target_value": 10.0,
                "unit": "mm",
            },
        }


async def test_that_commands_are_answered_in_the_originals_words(station):
    alert = await station.alert()
    async with station.client() as client:
        assert await client.ask({"type": "subscribe_product", "product_id": 1}) == {
            "type": "subscription",
            "message": "제품 1의 알림을 구독합니다",
            "product_id": 1,
        }
        assert await client.ask({"type": "unsubscribe_product", "product_id": 1}) == {
            "type": "unsubscription",
            "message": "제품 1의 알림 구독을 해지합니다",
            "product_id": 1,
        }
        for kind in ("get_alerts", "get_recent_alerts"):
            answer = await client.ask({"type": kind, "limit": 5})
            assert answer["type"] == "alerts"
            assert set(answer["alerts"][0]) == {
                "id",
                "product_code",
                "alert_type",
                "priority",
                "message",
                "status",
                "created_at",
            }
            assert answer["alerts"][0]["id"] == alert.id


async def test_that_get_alerts_gives_ten_newest_first_where_no_limit_is_named(station):
    for number in range(12):
        await station.alert(f"alert {number}")
    async with station.client() as client:
        answer = await client.ask({"type": "get_alerts"})
        assert [row["id"] for row in answer["alerts"]] == list(range(12, 2, -1))


async def test_that_latest_data_is_newest_first_with_a_number_as_product_id(station):
    await station.hub.submit([value(10.0, minute) for minute in range(5)])
    async with station.client("/ws/spc/product/1/") as client:
        answer = await client.ask({"type": "get_latest_data", "limit": 2})
        assert answer["type"] == "measurements"
        assert answer["product_id"] == 1
        assert [row["id"] for row in answer["measurements"]] == [5, 4]
        assert set(answer["measurements"][0]) == {
            "id",
            "measurement_value",
            "sample_number",
            "subgroup_number",
            "is_within_spec",
            "is_within_control",
            "measured_at",
        }


async def test_that_an_alert_reaches_every_kind_of_client_once(station):
    async with station.client() as plain, station.client() as twice, station.client("/ws/spc/product/1/") as product:
        await twice.ask({"type": "subscribe_product", "product_id": 1})
        alert = await station.alert("규격 이탈")
        for client in (plain, twice):
            message = await client.read()
            assert message["type"] == "alert"
            assert message["alert"]["id"] == alert.id
            assert message["alert"]["title"] == "규격 이탈"
            assert await client.nothing_more() == []
        assert (await product.read())["alert"]["id"] == alert.id


async def test_that_an_alert_is_sent_again_when_its_status_changes(station):
    alert = await station.alert()
    async with station.client() as client:
        status, _, body = await station.http(
            "POST", f"/api/spc/alerts/{alert.id}/acknowledge/", {"acknowledged_by": "kim"}
        )
        assert (status, body) == (200, {"status": "acknowledged"})
        message = await client.read()
        assert (message["type"], message["alert"]["status"]) == ("alert", "ACKNOWLEDGED")


async def test_that_only_noteworthy_measurements_go_to_subscribers_of_their_product(station):
    async with station.client() as general, station.client() as subscribed, station.client() as other:
        await subscribed.ask({"type": "subscribe_product", "product_id": 1})
        await other.ask({"type": "subscribe_product", "product_id": 2})
        await station.hub.submit([value(10.0)])
        await station.hub.submit([value(11.5, 1)])
        message = await subscribed.read_type("measurement")
        assert message["measurement"]["measurement_value"] == 11.5
        assert message["measurement"]["is_within_spec"] is False
        assert message["measurement"]["product_code"] == "BOLT-M10"
        for client in (general, other):
            assert {one["type"] for one in await client.nothing_more()} == {"alert"}


async def test_that_a_product_socket_receives_all_four_kinds_of_event(station):
    async with station.client("/ws/spc/product/1/") as client:
        await station.hub.submit([value(10.0 + (minute % 5) / 100, minute) for minute in range(30)])
        await station.hub.submit([value(11.5, 31)])
        status, _, _ = await station.http("POST", "/api/spc/capability/", {"product": 1})
        assert status == 201
        seen = set()
        while seen < {"measurement", "alert", "run_rule_violation", "capability"}:
            message = await client.read()
            seen.add(message["type"])
            assert {"seq", "epoch", "timestamp"} <= set(message)


async def test_that_unsubscribing_ends_the_events_of_a_product(station):
    async with station.client() as client:
        await client.ask({"type": "subscribe_product", "product_id": 1})
        await client.ask({"type": "unsubscribe_product", "product_id": 1})
        await station.hub.submit([value(11.5)])
        assert {one["type"] for one in await client.nothing_more()} == {"alert"}


async def test_that_an_unknown_product_socket_is_closed_with_4404(station):
    async with connect(f"ws://127.0.0.1:{station.port}/ws/spc/product/77/", proxy=None) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
        assert closed.value.rcvd.code == 4404


BAD = [
    ("{", "bad_json"),
    ("", "bad_json"),
    ("hello", "bad_json"),
    ("[1,2]", "bad_message"),
    ("null", "bad_message"),
    ('{"type":"subscribe_product","product_id":NaN}', "bad_json"),
    ('{"type":"get_alerts","limit":1e999}', "bad_message"),
    ('{"type":"get_alerts","limit":Infinity}', "bad_json"),
    ('{"type":"unknown"}', "unknown_type"),
    ("{}", "unknown_type"),
    ('{"type":5}', "unknown_type"),
    ('{"type":["get_alerts"]}', "unknown_type"),
    ('{"type":"get_latest_data"}', "unknown_type"),
    ('{"type":"subscribe_product"}', "bad_message"),
    ('{"type":"subscribe_product","product_id":"1"}', "bad_message"),
    ('{"type":"subscribe_product","product_id":true}', "bad_message"),
    ('{"type":"subscribe_product","product_id":0}', "bad_message"),
    ('{"type":"subscribe_product","product_id":1.5}', "bad_message"),
    ('{"type":"subscribe_product","product_id":9007199254740993}', "bad_message"),
    ('{"type":"subscribe_product","product_id":' + "9" * 5000 + "}", "bad_message"),
    ('{"type":"subscribe_product","product_id":99}', "not_found"),
    ('{"type":"get_alerts","limit":501}', "bad_message"),
    ('{"type":"get_alerts","limit":-1}', "bad_message"),
    ('{"type":"get_alerts","type":"get_alerts"}', "bad_message"),
    ('{"type":"get_alerts","x":' + "[" * 20 + "]" * 20 + "}", "bad_message"),
    ("[" * 30_000, "bad_message"),
    ('{"type":"get_alerts","x":"' + "a" * 4001 + '"}', "bad_message"),
    ('{"type":"get_alerts","x":[' + "1," * 1000 + "1]}", "bad_message"),
    ('{"type":"get_alerts","x":"\\ud800"}', "bad_message"),
]


async def test_that_every_bad_message_is_explained_and_the_connection_stays_usable(station):
    async with station.client() as client:
        for message, code in BAD:
            answer = await client.ask(message)
            assert (answer["type"], answer["code"]) == ("error", code), message
            assert len(answer["message"]) > 10
            good = await client.ask({"type": "get_alerts", "limit": 1})
            assert good["type"] == "alerts"


async def test_that_an_error_names_the_command_it_belongs_to_and_speaks_the_clients_language(station):
    async with station.client(additional_headers={"Accept-Language": "en-US,en;q=0.9"}) as client:
        answer = await client.ask({"type": "subscribe_product", "product_id": "x", "id": 7})
        assert answer["id"] == 7
        assert answer["message"] == 'product_id must be a whole number from 1 to 9007199254740991, got "x".'


async def test_that_an_oversized_frame_closes_with_1009_and_nobody_else_notices(station):
    async with station.client() as healthy, station.client() as rude:
        await rude.send(json.dumps({"type": "get_alerts", "x": "a" * 70_000}))
        with pytest.raises(ConnectionClosed) as closed:
            await rude.read()
        assert closed.value.rcvd.code == 1009
        alert = await station.alert()
        assert (await healthy.read())["alert"]["id"] == alert.id


async def test_that_a_binary_frame_closes_with_1003(station):
    async with station.client() as client:
        await client.send(b"\x00\x01\x02")
        with pytest.raises(ConnectionClosed) as closed:
            await client.read()
        assert closed.value.rcvd.code == 1003


async def test_that_invalid_utf8_closes_with_1007(station):
    async with station.client() as client:
        await client.socket.send(b"\xff\xfe", text=True)
        with pytest.raises(ConnectionClosed) as closed:
            await client.read()
        assert closed.value.rcvd.code == 1007


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 101),
        ("http://127.0.0.1:3000", 101),
        ("http://localhost:5173", 101),
        ("https://evil.example", 403),
        ("null", 403),
    ],
)
async def test_that_foreign_web_pages_may_not_connect(station, origin, status):
    found = 101
    try:
        async with connect(f"ws://127.0.0.1:{station.port}/ws/spc/notifications/", origin=origin, proxy=None) as socket:
            await socket.recv()
    except InvalidStatus as refused:
        found = refused.response.status_code
    assert found == status


@pytest.mark.parametrize("path", ["/ws/", "/ws/spc/product/abc/", "/ws/spc/other/", "/"])
async def test_that_unknown_sockets_are_refused_with_404(station, path):
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://127.0.0.1:{station.port}{path}", proxy=None):
            pass
    assert refused.value.response.status_code == 404


async def test_that_pipelined_commands_are_answered_in_order(station):
    async with station.client() as client:
        for number in range(1, 41):
            await client.send({"type": "get_alerts" if number % 2 else "nonsense", "id": number})
        kinds = [(await client.read())["type"] for _ in range(40)]
        assert kinds == ["alerts", "error"] * 20


async def test_that_vanished_clients_are_forgotten(station):
    for _ in range(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
        writer.write(
            b"GET /ws/spc/notifications/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()
    async with station.client() as client:
        alert = await station.alert()
        assert (await client.read())["alert"]["id"] == alert.id
        for _ in range(500):
            if station.server.clients == 1:
                break
            await asyncio.sleep(0.01)
        assert station.server.clients == 1
