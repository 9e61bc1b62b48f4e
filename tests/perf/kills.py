"""Row N9 of the table: the hub is killed again and again while alerts are published; nothing may be missing."""

import asyncio
import contextlib
import json
import sys
import tempfile

import aiohttp
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.perf.server import alert
from tests.perf.verdict import Line, until

SENDERS = 4
BEFORE_A_KILL = 40


class Run:
    """A hub that is started and killed, its senders, and one client that comes back with its position."""

    def __init__(self, folder):
        self.folder, self.port, self.child = folder, 0, None
        self.answered, self.seen, self.number = set(), [], 0
        self.up = asyncio.Event()
        self.epoch, self.position = "", 0

    async def start(self):
        self.child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.perf.server", "--serve", self.folder, stdout=asyncio.subprocess.PIPE
        )
        self.port = int(await self.child.stdout.readline())
        self.up.set()

    async def kill(self):
        self.up.clear()
        self.child.kill()
        await self.child.wait()

    async def send(self, http):
        while True:
            await self.up.wait()
            self.number += 1
            title = f"k{self.number}"
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with http.post(f"http://127.0.0.1:{self.port}/api/spc/alerts/", json=alert(title)) as answer:
                    if answer.status == 201:
                        await answer.read()
                        self.answered.add(title)
                        continue
            await asyncio.sleep(0.01)

    async def listen(self):
        while True:
            await self.up.wait()
            with contextlib.suppress(OSError, WebSocketException):
                await self._talk()
            await asyncio.sleep(0.02)

    async def _talk(self):
        address = f"ws://127.0.0.1:{self.port}/ws/spc/notifications/"
        async with connect(address, subprotocols=["spc.v1"], compression=None, proxy=None) as socket:
            hello = json.loads(await socket.recv())
            if not self.epoch:  # from what the greeting says on, so that nothing falls between it and the subscription
                self.epoch, self.position = hello["epoch"], hello["seq"]
            body = {
                "type": "connect",
                "id": 1,
                "features": ["batch"],
                "subscriptions": [{"products": "*", "types": ["alert"]}],
            }
            await socket.send(json.dumps({**body, "resume": {"epoch": self.epoch, "seq": self.position}}))
            async for raw in socket:
                message = json.loads(raw)
                if message["type"] == "gap":
                    raise RuntimeError(f"a gap: {message}")
                for one in message["events"] if message["type"] == "batch" else [message]:
                    if one["type"] == "alert":
                        self.seen.append((one["seq"], one["alert"]["title"]))
                    if one["type"] in {"alert", "sync"}:
                        self.position = max(self.position, one["seq"])

    async def log(self, http):
        """Return the titles in the log."""
        titles, since = [], 0
        while True:
            async with http.get(f"http://127.0.0.1:{self.port}/api/spc/events?since={since}&limit=500") as answer:
                page = await answer.json()
            titles += [one["alert"]["title"] for one in page["events"] if one["type"] == "alert"]
            if not page["events"]:
                return titles, page["head"]
            since = page["events"][-1]["seq"]


async def kills(count):
    """Kill the hub so many times; return the lines of the table."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(folder)
        await run.start()
        async with aiohttp.ClientSession() as http:
            tasks = [asyncio.ensure_future(run.send(http)) for _ in range(SENDERS)]
            tasks.append(asyncio.ensure_future(run.listen()))
            for _ in range(count):
                wanted = len(run.answered) + BEFORE_A_KILL
                await until(lambda wanted=wanted: len(run.answered) >= wanted, pause=0.01)
                await run.kill()
                await run.start()
            for task in tasks[:-1]:
                task.cancel()
            await asyncio.gather(*tasks[:-1], return_exceptions=True)
            titles, head = await run.log(http)
            await until(lambda: run.position >= head)
            tasks[-1].cancel()
            await asyncio.gather(tasks[-1], return_exceptions=True)
        await run.kill()
    return [verdict(count, run, titles)]


def verdict(count, run, titles):
    told = {title for _, title in run.seen}
    lost, phantom, unseen = run.answered - set(titles), told - set(titles), run.answered - told
    doubled = len(titles) - len(set(titles)) + len(run.seen) - len(set(run.seen))
    counts = f"lost {len(lost)}, seen and lost {len(phantom)}, never seen {len(unseen)}, doubled {doubled}"
    said = f"{len(run.answered)} answered: {counts}"
    good = not (lost or phantom or unseen or doubled)
    return Line(f"N9 kill -9 x {count}", said, "", "0 / 0 / 0 / 0", good)
