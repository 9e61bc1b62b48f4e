"""``spc-desktop check``: the seven connection tests of the original's script, printed as it printed them.

Lines that told how to start the original's server name this program's command instead. Unlike the original, a missing
answer counts as a failure, so that scripts can rely on the exit status.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TextIO
from urllib.parse import urlsplit

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

LINE = "=" * 60
ANSWER_S = 5.0
LISTEN_TIMES = 10
_EVENTS = frozenset({"alert", "measurement", "capability", "run_rule_violation"})


def run_check(url: str, create_alert: bool = False, out: TextIO | None = None, token: str = "") -> int:
    """Test a hub, or create a test alert on it.

    Args:
        url: address of the hub, for example ``http://localhost:8000``.
        create_alert: instead of the tests, create an alert of the first product and see it arrive at a WebSocket.
        out: where the lines go; None: standard output.
        token: for a hub that lets in nobody without one.

    Returns:
        Exit status: 0 all well, 1 something failed.
    """
    return asyncio.run(check_hub(url, create_alert, out or sys.stdout, token=token))


async def check_hub(
    url: str, create_alert: bool, out: TextIO, listen_times: int = LISTEN_TIMES, token: str = ""
) -> int:
    """Do what ``run_check`` does, in a running loop; ``listen_times`` seconds are listened for notifications."""
    check = _Check(url, out, listen_times, token)
    return 0 if await (check.create_alert() if create_alert else check.all()) else 1


class _Check:
    def __init__(self, url: str, out: TextIO, listen_times: int, token: str) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        secure = parts.scheme in {"https", "wss"}
        place = parts.netloc or "localhost:8000"
        self._sockets = f"{'wss' if secure else 'ws'}://{place}/ws/spc"
        self._rest = f"{'https' if secure else 'http'}://{place}/api/spc"
        self._out = out
        self._listen_times = listen_times
        self._failed = False
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def _say(self, *lines: str) -> None:
        for line in lines:
            print(line, file=self._out, flush=True)

    def _fail(self, line: str) -> None:
        self._failed = True
        self._say(line)

    async def all(self) -> bool:
        self._say("\n" + LINE, "SPC WebSocket Test Suite", LINE)
        self._say("\n⚠️ Prerequisites:", "   1. The hub must be running:", "      spc-desktop hub")
        self._say("\n" + LINE)
        first = await self._guarded(self._notifications, "WebSocket test failed")
        second = await self._guarded(self._product, "Product WebSocket test failed")
        self._say("\n\nDo you want to create a test alert? (This will trigger WebSocket notification)")
        self._say(
            "Run this in a separate terminal while WebSocket test is listening:", "  spc-desktop check --create-alert"
        )
        self._say("\n\n" + LINE, "Test Summary", LINE)
        self._say(f"Notifications WebSocket: {'✅ PASS' if first else '❌ FAIL'}")
        self._say(f"Product WebSocket: {'✅ PASS' if second else '❌ FAIL'}")
        if first and second:
            self._say("\n✅ All WebSocket tests passed!")
        else:
            self._say("\n❌ Some tests failed. Check the error messages above.")
        self._say(LINE)
        return first and second

    async def _guarded(self, test: Callable[[], Awaitable[None]], failure: str) -> bool:
        self._failed = False
        try:
            await test()
        except ConnectionRefusedError:
            self._fail("❌ Connection refused. Make sure the hub is running:")
            self._say("   spc-desktop hub")
        except (OSError, TimeoutError, InvalidHandshake, WebSocketException, ValueError) as error:
            self._fail(f"❌ {failure}: {error or type(error).__name__}")
        return not self._failed

    # -- the notifications socket --------------------------------------------------------------------------------------

    async def _notifications(self) -> None:
        url = f"{self._sockets}/notifications/"
        self._say(LINE, "WebSocket Connection Test", LINE)
        self._say(f"\n[1] Connecting to {url}...")
        async with connect(url, compression=None, proxy=None, additional_headers=self._headers) as socket:
            self._say("✅ Connected successfully!")
            self._say("\n[Test 1] Waiting for connection message...")
            data = await self._answer(socket, "❌ No connection message received")
            self._judge(data, "connection", "✅ Connection message type verified", "message")
            self._say("\n[Test 2] Subscribing to product 1 alerts...")
            data = await self._ask(
                socket, {"type": "subscribe_product", "product_id": 1}, "❌ No subscription confirmation received"
            )
            self._judge(data, "subscription", "✅ Subscription confirmed", "response")
            await self._recent_alerts(socket)
            self._say("\n[Test 4] Unsubscribing from product 1...")
            message = {"type": "unsubscribe_product", "product_id": 1}
            data = await self._ask(socket, message, "❌ No unsubscription confirmation received")
            if data is not None:
                self._say(f"✅ Received: {data}")
            await self._listen(socket)
        if not self._failed:
            self._say("\n" + LINE, "✅ All WebSocket tests completed successfully!", LINE)

    async def _recent_alerts(self, socket: ClientConnection) -> None:
        self._say("\n[Test 3] Requesting recent alerts...")
        data = await self._ask(socket, {"type": "get_alerts", "limit": 5}, "❌ No alerts received")
        if data is not None:
            alerts = data.get("alerts", [])
            self._say(f"✅ Received alerts: {len(alerts)} alerts")
            for alert in alerts[:3]:
                self._say(f"  - {alert.get('alert_type')}: {alert.get('message', 'N/A')}")

    async def _listen(self, socket: ClientConnection) -> None:
        self._say(f"\n[Test 5] Listening for notifications ({self._listen_times} seconds)...")
        self._say("(You can create a test alert with spc-desktop check --create-alert)")
        for number in range(1, self._listen_times + 1):
            try:
                async with asyncio.timeout(1.0):
                    data = json.loads(await socket.recv())
            except TimeoutError:
                self._say(f"   Waiting... ({number}/{self._listen_times})")
                continue
            self._say("\n🔔 Notification received!", f"   Type: {data.get('type')}")
            self._say(f"   Data: {json.dumps(data, indent=2, ensure_ascii=False)}")

    # -- the product socket --------------------------------------------------------------------------------------------

    async def _product(self) -> None:
        self._say("\n\n" + LINE, "Product WebSocket Test", LINE)
        self._say("\n[1] Connecting to product 1...")
        async with connect(
            f"{self._sockets}/product/1/", compression=None, proxy=None, additional_headers=self._headers
        ) as socket:
            self._say("✅ Connected successfully!")
            data = await self._answer(socket, "❌ No connection message received")
            if data is not None:
                self._say(f"✅ Received: {data}")
                if data.get("type") == "connection":
                    self._say(f"✅ Connected to product: {data.get('product', {}).get('product_code')}")
            self._say("\n[Test 2] Requesting latest measurements...")
            data = await self._ask(socket, {"type": "get_latest_data", "limit": 5}, "❌ No measurements received")
            if data is not None:
                rows = data.get("measurements", [])
                self._say(f"✅ Received {len(rows)} measurements")
                for row in rows[:3]:
                    value, within = row.get("measurement_value"), row.get("is_within_spec")
                    self._say(f"  - Value: {value}, Within Spec: {within}")
        if not self._failed:
            self._say("\n" + LINE, "✅ Product WebSocket test completed!", LINE)

    # -- asking --------------------------------------------------------------------------------------------------------

    async def _ask(self, socket: ClientConnection, message: dict[str, Any], missing: str) -> dict[str, Any] | None:
        await socket.send(json.dumps(message))
        self._say(f"✅ Sent: {message}")
        return await self._answer(socket, missing)

    async def _answer(self, socket: ClientConnection, missing: str) -> dict[str, Any] | None:
        """Return the next message that is no event: a live plant may say something at any moment."""
        try:
            async with asyncio.timeout(ANSWER_S):
                while True:
                    data: dict[str, Any] = json.loads(await socket.recv())
                    if data.get("type") not in _EVENTS:
                        return data
        except TimeoutError:
            self._fail(missing)
            return None

    def _judge(self, data: dict[str, Any] | None, wanted: str, well: str, what: str) -> None:
        if data is None:
            return
        self._say(f"✅ Received: {data}")
        if data.get("type") == wanted:
            self._say(well)
        else:
            self._fail(f"⚠️ Unexpected {what} type: {data.get('type')}")

    # -- creating an alert ---------------------------------------------------------------------------------------------

    async def create_alert(self) -> bool:
        self._say("\n\n" + LINE, "Create Test Alert", LINE)
        try:
            patience = aiohttp.ClientTimeout(total=ANSWER_S)
            socket_url = f"{self._sockets}/notifications/"
            async with connect(socket_url, compression=None, proxy=None, additional_headers=self._headers) as socket:
                async with aiohttp.ClientSession(timeout=patience, headers=self._headers) as http:
                    made = await self._create(http)
                return made is not None and await self._see(socket, made)
        except (aiohttp.ClientError, OSError, TimeoutError, WebSocketException, ValueError) as error:
            self._say(f"❌ Failed to create test alert: {error or type(error).__name__}")
            return False

    async def _create(self, http: aiohttp.ClientSession) -> int | None:
        async with http.get(f"{self._rest}/products/") as answer:
            products = (await answer.json())["results"]
        if not products:
            self._say("❌ No products found. Please create a product first.")
            return None
        self._say(f"\n[1] Creating test alert for product: {products[0]['product_code']}")
        body = {
            "product": products[0]["id"],
            "alert_type": "OUT_OF_SPEC",
            "priority": 4,
            "title": "Test Alert",
            "message": "This is a test alert for WebSocket notification",
            "status": "OPEN",
        }
        async with http.post(f"{self._rest}/alerts/", json=body) as answer:
            made = await answer.json()
            if answer.status != 201:
                self._say(f"❌ Failed to create test alert: {made.get('message')}")
                return None
        self._say(f"✅ Alert created with ID: {made['id']}", "✅ WebSocket notification should have been sent!")
        return int(made["id"])

    async def _see(self, socket: ClientConnection, alert_id: int) -> bool:
        try:
            async with asyncio.timeout(ANSWER_S):
                while True:
                    data = json.loads(await socket.recv())
                    if data.get("type") == "alert" and data["alert"]["id"] == alert_id:
                        self._say("\n🔔 Notification received!", f"   Type: {data['type']}")
                        return True
        except TimeoutError:
            self._say("❌ No notification received")
            return False
