"""A station on a real port, its catalogue, and clients of both dialects for the tests of this folder."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass

from websockets.asyncio.client import connect

from spc_desktop.domain.alert import AlertType, Priority
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore

PATIENCE = 10.0

CATALOGUE = m.SaveCatalogue(
    products=(Product(id=0, code="BOLT-M10", name="M10 볼트"), Product(id=0, code="NUT-M10", name="M10 너트")),
    characteristics=(
        Characteristic(id=0, product_id=0, code="OD", name="외경", unit="mm", lsl=9.5, usl=10.5, target=10.0),
        Characteristic(id=0, product_id=0, code="ID", name="내경", unit="mm", lsl=9.5, usl=10.5, target=10.0),
        Characteristic(id=0, product_id=0, code="LEN", name="길이", unit="mm", lsl=49.0, usl=51.0, target=50.0),
    ),
    owners=("BOLT-M10", "NUT-M10", "BOLT-M10"),
)


@dataclass
class Station:
    hub: Hub
    store: MemoryStore
    server: HubServer

    @property
    def port(self):
        return self.server.port

    @asynccontextmanager
    async def client(self, path="/ws/spc/notifications/", **options):
        """A client of the seed dialect that has read its greeting."""
        async with connect(f"ws://127.0.0.1:{self.port}{path}", compression=None, proxy=None, **options) as socket:
            client = Client(socket)
            client.greeting = await client.read()
            yield client

    async def alert(self, title="Test Alert", product_id=1, message="m"):
        made = m.CreateAlert(
            product_id=product_id,
            alert_type=AlertType.OUT_OF_SPEC,
            priority=Priority.URGENT,
            title=title,
            message=message,
        )
        return (await self.hub.command(made)).alerts[0]

    async def raw(self, *parts, pause=0.0):
        """Send bytes in parts over one connection and return everything that came until the server closed it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            async with asyncio.timeout(PATIENCE):
                return await reader.read()
        finally:
            writer.close()

    async def http(self, method, path, body=None, headers=()):
        """One request over its own connection; returns status, headers and the decoded body."""
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(data)}")
            if not any(line.lower().startswith("content-type") for line in headers):
                lines.append("Content-Type: application/json")
        raw = await self.raw(("\r\n".join(lines) + "\r\n\r\n").encode() + data)
        head, _, rest = raw.partition(b"\r\n\r\n")
        status, *fields = head.decode().split("\r\n")
        named = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in fields)}
        return int(status.split()[1]), named, json.loads(rest) if rest else None


class Client:
    """A WebSocket client that reads and writes JSON."""

    def __init__(self, socket):
        self.socket = socket
        self.greeting = None

    async def read(self):
        async with asyncio.timeout(PATIENCE):
            return json.loads(await self.socket.recv())

    async def read_type(self, kind):
        """Read on until a message of a type comes."""
        while (message := await self.read())["type"] != kind:
            pass
        return message

    async def send(self, message):
        await self.socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

    async def ask(self, message):
        await self.send(message)
        return await self.read()

    async def nothing_more(self):
        """Return what arrives before the answer to a question that is asked now."""
        await self.send({"type": "get_alerts", "limit": 1})
        seen = []
        while (message := await self.read())["type"] != "alerts":
            seen.append(message)
        return seen


EVENTS = {"alert", "measurement", "capability", "run_rule_violation", "points", "limits", "catalogue"}


class V1(Client):
    def __init__(self, socket):
        super().__init__(socket)
        self.count = 0
        self.seen = []

    async def call(self, kind, **fields):
        """Send a command and return its result or error; events that come before it are kept in ``seen``."""
        self.count += 1
        await self.send({"type": kind, "id": self.count, **fields})
        return await self.answer(self.count)

    async def answer(self, number):
        while True:
            message = await self.read()
            if message["type"] in {"result", "error"}:
                assert message.get("id") == number, message
                return message
            self.seen.append(message)

    async def events(self, until):
        """Read until everything up to a seq is known to be sent; return the events."""
        found = [one for one in self.seen if one["type"] in EVENTS]
        self.seen.clear()
        position = max([one["seq"] for one in found], default=0)
        while position < until:
            message = await self.read()
            if message["type"] == "batch":
                found += message["events"]
            elif message["type"] in EVENTS:
                found.append(message)
            elif message["type"] != "sync":
                self.seen.append(message)
            position = max([position, message.get("seq", 0), *(one["seq"] for one in found)])
        return found


@asynccontextmanager
async def session(station, **fields):
    url = f"ws://127.0.0.1:{station.port}/ws/spc/"
    async with connect(url, subprotocols=["spc.v1"], compression=None, proxy=None) as socket:
        client = V1(socket)
        client.greeting = await client.read()
        client.connected = await client.call("connect", **fields)
        yield client


EVERYTHING = {"sub": "all", "products": "*", "types": "*"}
