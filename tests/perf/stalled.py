"""Rows N7, N8, N12 and N13 of the table: readers that never read, a frozen other side, connections that say nothing."""

import asyncio
import base64
import json
import os
import re
import signal
import socket
import struct
import sys
import tempfile
import time

import aiohttp
from websockets.asyncio.client import connect

from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.api import AWAY, Link
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.perf import server
from tests.perf.verdict import Line, until

STALLED, KIBIBYTES, PER_S = 20, 8, 50


def masked(text):
    data = text.encode()
    head = (
        bytes([0x81, 0x80 | 126]) + struct.pack("!H", len(data)) if len(data) > 125 else bytes([0x81, 0x80 | len(data)])
    )
    return head + b"\0\0\0\0" + data


class Staller:
    """A client that says what it wants and then reads nothing until it is told to."""

    def __init__(self, port):
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.socket.connect(("127.0.0.1", port))
        key = base64.b64encode(os.urandom(16)).decode()
        lines = ["GET /ws/spc/notifications/ HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Protocol: spc.v1"]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        wanted = [{"products": "*", "types": ["alert"]}]
        self.socket.sendall(
            masked(json.dumps({"type": "connect", "id": 1, "features": ["batch"], "subscriptions": wanted}))
        )

    def read(self, last):
        """Read until the alert with this title came, or the line is cut; return titles and whether a gap was told."""
        self.socket.settimeout(20)
        got = bytearray()
        try:
            while f'"title":"{last}"'.encode() not in got[-200_000:]:
                part = self.socket.recv(1 << 20)
                if not part:
                    break
                got += part
        except OSError:
            pass
        self.socket.close()
        return set(re.findall(rb'"title":"(x\d+)"', bytes(got))), b'"type":"gap"' in got or b"slow_consumer" in got


async def publish(http, port, healthy, numbers, seconds):
    """Post alerts of 8 KiB at a steady pace; return the ms until the healthy client had each, and the last title."""
    took, title = [], ""
    began = time.perf_counter()
    for count in range(int(seconds * PER_S)):
        await asyncio.sleep(max(0.0, began + count / PER_S - time.perf_counter()))
        title = f"x{next(numbers)}"
        sent = time.perf_counter()
        body = server.alert(title, "가" * (KIBIBYTES * 341))
        async with http.post(f"http://127.0.0.1:{port}/api/spc/alerts/", json=body) as answer:
            await answer.read()
        while json.loads(await healthy.recv()).get("alert", {}).get("title") != title:
            pass
        took.append((time.perf_counter() - sent) * 1000)
    return took, title


async def stalled(seconds):
    """N7: what 20 readers that never read cost. N8: what they get when they read again."""
    numbers = iter(range(1, 1_000_000))
    with tempfile.TemporaryDirectory() as folder:
        async with server.process("--serve", folder) as (port, pid), aiohttp.ClientSession() as http:
            healthy = await connect(f"ws://127.0.0.1:{port}/ws/spc/notifications/", compression=None, proxy=None)
            alone, _ = await publish(http, port, healthy, numbers, seconds / 2)
            first = next(numbers)
            before = server.resident_mib(pid)
            crowd = [Staller(port) for _ in range(STALLED)]
            await asyncio.sleep(0.5)
            with_them, last = await publish(http, port, healthy, numbers, seconds)
            cost = server.resident_mib(pid) - before
            got = await asyncio.gather(*(asyncio.to_thread(one.read, last) for one in crowd))
            await healthy.close()
    wanted = int(seconds * PER_S)
    quiet, meanwhile = server.percentiles(alone)[1], server.percentiles(with_them)[1]
    untold = sum(len([one for one in titles if int(one[1:]) > first]) < wanted and not gap for titles, gap in got)
    whole = sum(len(titles) >= wanted for titles, _ in got)
    ratio = meanwhile / quiet
    return [
        Line("N7 20 readers that never read", f"+{cost:.0f} MiB", f"{cost / 40:.2f} x", "40 MiB, aim 25", cost <= 40),
        Line(
            "N7 healthy client meanwhile p99",
            f"{meanwhile:.1f} ms, alone {quiet:.1f} ms",
            f"{ratio:.2f} x",
            "2 x",
            ratio <= 2,
        ),
        Line("N8 they read again", f"{whole} of {STALLED} have all, lost untold {untold}", "", "0 untold", not untold),
    ]


# -- a frozen other side -----------------------------------------------------------------------------------------------

CLIENT = """
import asyncio, sys
from websockets.asyncio.client import connect
async def main():
    async with connect(f"ws://127.0.0.1:{sys.argv[1]}/ws/spc/notifications/", proxy=None) as socket:
        await socket.recv()
        print("up", flush=True)
        await socket.wait_closed()
asyncio.run(main())
"""


async def half_open():
    """N12: a client is frozen, then a hub; how long until the other one knows."""
    with tempfile.TemporaryDirectory() as folder:
        async with server.process("--serve", folder) as (port, pid), aiohttp.ClientSession() as http:
            child = await asyncio.create_subprocess_exec(
                sys.executable, "-c", CLIENT, str(port), stdout=asyncio.subprocess.PIPE
            )
            await child.stdout.readline()
            child.send_signal(signal.SIGSTOP)
            began, count = time.monotonic(), 1
            while count and time.monotonic() - began < 60:
                async with http.get(f"http://127.0.0.1:{port}/api/spc/hub/connections") as answer:
                    count = (await answer.json())["count"]
                await asyncio.sleep(0.1)
            noticed = time.monotonic() - began
            child.kill()
            await child.wait()
            async with RemoteHub(f"http://127.0.0.1:{port}", SystemClock()) as far:
                await until(lambda: far.state.link is Link.LIVE)
                os.kill(pid, signal.SIGSTOP)
                began = time.monotonic()
                await until(lambda: far.state.link in AWAY)
                told = time.monotonic() - began
                os.kill(pid, signal.SIGCONT)
    return [
        Line("N12 server notices a dead client", f"{noticed:.1f} s", f"{noticed / 20:.2f} x", "20 s", noticed <= 20),
        Line("N12 client notices a dead server", f"{told:.1f} s", f"{told / 15:.2f} x", "15 s", told <= 15),
    ]


# -- connections that say nothing --------------------------------------------------------------------------------------


async def silent(half, quiet):
    """N13: half handshakes and silent connections; how long they last, and a canary's answers meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        async with server.process("--serve", folder) as (port, _):
            canary = await connect(f"ws://127.0.0.1:{port}/ws/spc/notifications/", compression=None, proxy=None)
            await canary.recv()
            began = time.monotonic()
            opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(half + quiet)]
            for _, writer in opened[:half]:
                writer.write(b"GET /ws/spc/notifications/ HTTP/1.1\r\nHost: x\r\n")
            answers = []
            ended = asyncio.gather(*(end_of(reader) for reader, _ in opened))
            while not ended.done():
                sent = time.perf_counter()
                await canary.send('{"type":"get_alerts","limit":1}')
                await canary.recv()
                answers.append((time.perf_counter() - sent) * 1000)
                await asyncio.sleep(0.02)
            lasted = time.monotonic() - began
            for _, writer in opened:
                writer.close()
            await canary.close()
    said, slowest = f"all {half + quiet} ended in {lasted:.1f} s", max(answers)
    return [
        Line(f"N13 {half} half handshakes, {quiet} silent", said, f"{lasted / 6:.2f} x", "6 s", lasted <= 6),
        Line(
            "N13 canary meanwhile",
            f"slowest {slowest:.0f} ms of {len(answers)}",
            f"{slowest / 100:.2f} x",
            "100 ms",
            slowest <= 100,
        ),
    ]


async def end_of(reader):
    try:
        while await reader.read(4096):
            pass
    except ConnectionError:
        pass
