"""``spc-desktop check`` against a running hub, against none, and against something else."""

import io
import json

import pytest
from websockets.asyncio.server import serve

from spc_desktop.app.check import check_hub


async def run(station, **options):
    out = io.StringIO()
    status = await check_hub(f"http://127.0.0.1:{station.port}", out=out, **options)
    return status, out.getvalue()


async def test_that_a_good_hub_passes_the_originals_seven_tests(station):
    await station.alert(message="측정값이 상한 규격을 초과했습니다")
    status, text = await run(station, create_alert=False, listen_times=1)
    assert status == 0
    lines = [
        "SPC WebSocket Test Suite",
        "WebSocket Connection Test",
        f"[1] Connecting to ws://127.0.0.1:{station.port}/ws/spc/notifications/...",
        "✅ Connected successfully!",
        "[Test 1] Waiting for connection message...",
        "✅ Connection message type verified",
        "[Test 2] Subscribing to product 1 alerts...",
        "✅ Sent: {'type': 'subscribe_product', 'product_id': 1}",
        "✅ Received: {'type': 'subscription', 'message': '제품 1의 알림을 구독합니다', 'product_id': 1}",
        "✅ Subscription confirmed",
        "[Test 3] Requesting recent alerts...",
        "✅ Received alerts: 1 alerts",
        "  - OUT_OF_SPEC: 측정값이 상한 규격을 초과했습니다",
        "[Test 4] Unsubscribing from product 1...",
        "[Test 5] Listening for notifications (1 seconds)...",
        "   Waiting... (1/1)",
        "✅ All WebSocket tests completed successfully!",
        "Product WebSocket Test",
        "[1] Connecting to product 1...",
        "✅ Connected to product: BOLT-M10",
        "[Test 2] Requesting latest measurements...",
        "✅ Received 0 measurements",
        "✅ Product WebSocket test completed!",
        "Notifications WebSocket: ✅ PASS",
        "Product WebSocket: ✅ PASS",
        "✅ All WebSocket tests passed!",
    ]
    position = 0
    for line in lines:
        position = text.index(line, position) + len(line)


async def test_that_a_created_alert_is_seen_to_arrive(station):
    status, text = await run(station, create_alert=True)
    assert status == 0
    assert "✅ Alert created with ID: 1" in text
    assert "🔔 Notification received!" in text
    _, _, listed = await station.http("GET", "/api/spc/alerts/")
    assert [row["title"] for row in listed["results"]] == ["Test Alert"]


@pytest.mark.parametrize("create_alert", [False, True])
async def test_that_no_hub_is_a_failure_with_a_way_out(station, create_alert):
    await station.server.__aexit__(None, None, None)
    status, text = await run(station, create_alert=create_alert)
    assert status == 1
    assert "❌" in text


async def test_that_a_wrong_answer_is_a_failure():
    async def wrong(socket):
        await socket.send(json.dumps({"type": "welcome"}))
        async for _ in socket:
            await socket.send(json.dumps({"type": "nonsense"}))

    out = io.StringIO()
    async with serve(wrong, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await check_hub(f"127.0.0.1:{port}", False, out, listen_times=0) == 1
    assert "⚠️ Unexpected message type: welcome" in out.getvalue()
