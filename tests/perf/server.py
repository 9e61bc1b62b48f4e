"""Benchmark of the network edge with durable storage: ``python -m tests.perf.server [--seconds 5]``.

Prints how many measurements per second are stored over HTTP and over WebSocket in batches of 100, and how long a posted
value takes to a frame at 50 WebSocket clients, beside a bare ``websockets`` server that stores nothing. The servers run in
their own processes. Nothing is asserted about time.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from websockets.asyncio.client import connect
from websockets.asyncio.server import broadcast, serve

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.limits import Limits
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.store import SqlStore

PRODUCTS = 20
BATCH = 100
CLIENTS = 50
VALUES_PER_S = 50
UNPACED = Limits(items=1e9, items_burst=1e9, commands=1e9, commands_burst=1e9)
"""All values come from one address here, which the hub would slow down: this asks what it can store."""
TARGET_PER_S = 10_000
TARGET_P99_MS = 20.0


# -- servers, each in its own process ----------------------------------------------------------------------------------


def catalogue():
    codes = [f"P{number}" for number in range(1, PRODUCTS + 1)]
    owned = Characteristic(id=0, product_id=0, code="OD", name="OD", lsl=9.0, usl=11.0, target=10.0)
    return m.SaveCatalogue(
        products=tuple(Product(id=0, code=code, name=code) for code in codes),
        characteristics=(owned,) * len(codes),
        owners=tuple(codes),
    )


async def serve_hub(folder):
    clock = SystemClock()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Hub(SqlStore(Path(folder) / "bench.sqlite"), clock) as hub:
        if not (await hub.query(m.GetCatalogue())).products:  # else it was started on this folder before
            await hub.command(catalogue())
        async with HubServer(hub, clock, port=0, limits=UNPACED) as server:
            print(server.port, flush=True)
            await stop.wait()


async def serve_bare():
    """The peer: what the same library does with no storage and no judgement, every message goes to every client."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    clients = set()

    async def talk(socket):
        clients.add(socket)
        async for message in socket:
            broadcast(clients, message)
        clients.discard(socket)

    async with serve(talk, "127.0.0.1", 0, compression=None) as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await stop.wait()


@asynccontextmanager
async def process(*arguments):
    """A server in its own process; gives its port and its pid."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.perf.server", *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield int(await child.stdout.readline()), child.pid
    finally:
        child.terminate()
        await child.wait()


def alert(title, message="m"):
    """Return the body of an urgent alert to be posted."""
    return {"product": 1, "alert_type": "OUT_OF_SPEC", "priority": 4, "title": title, "message": message}


# -- measuring ---------------------------------------------------------------------------------------------------------


def batches(count):
    """Made before the clock runs: encoded batches of 100 measurements of one product each."""
    source = random.Random(7)
    for number in range(count):
        product = number % PRODUCTS + 1
        yield json.dumps([{"product": product, "value": round(source.gauss(10, 0.2), 4)} for _ in range(BATCH)])


async def ingest_http(port, seconds, connections=4):
    """Return stored measurements per second over keep-alive connections."""
    bodies = list(batches(200))
    stored = 0
    end = time.perf_counter() + seconds
    began = time.perf_counter()
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as http:

        async def post(place):
            nonlocal stored
            while time.perf_counter() < end:
                place = (place + connections) % len(bodies)
                url = f"http://127.0.0.1:{port}/api/spc/measurements/"
                async with http.post(url, data=bodies[place]) as answer:
                    stored += (await answer.json())["accepted"]

        await asyncio.gather(*(post(place) for place in range(connections)))
    return stored / (time.perf_counter() - began)


async def ingest_socket(port, seconds, window=8):
    """Return stored measurements per second over one socket with at most ``window`` unanswered batches."""
    bodies = list(batches(200))
    url = f"ws://127.0.0.1:{port}/ws/spc/"
    async with connect(url, subprotocols=["spc.v1"], compression=None, proxy=None) as socket:
        await socket.recv()
        await socket.send('{"type":"connect","id":1,"subscriptions":[]}')
        await socket.recv()
        stored = sent = answered = 0
        began = time.perf_counter()
        while answered < sent or time.perf_counter() < began + seconds:
            while sent - answered < window and time.perf_counter() < began + seconds:
                sent += 1
                await socket.send(f'{{"type":"ingest","id":{sent + 1},"items":{bodies[sent % len(bodies)]}}}')
            message = json.loads(await socket.recv())
            if message["type"] == "result":
                answered += 1
                stored += message["result"]["accepted"]
        return stored / (time.perf_counter() - began)


class Latencies:
    """When each value was sent, and how long it took to each client."""

    def __init__(self):
        self.sent = {}
        self.found = []

    def seen(self, mark):
        if mark in self.sent:
            self.found.append((time.perf_counter() - self.sent[mark]) * 1000)


async def paced(send, seconds):
    """Call ``send(number)`` ``VALUES_PER_S`` times a second."""
    began = time.perf_counter()
    for number in range(int(seconds * VALUES_PER_S)):
        await asyncio.sleep(max(0.0, began + number / VALUES_PER_S - time.perf_counter()))
        await send(number)
    await asyncio.sleep(0.5)


async def subscriber(port):
    url = f"ws://127.0.0.1:{port}/ws/spc/"
    socket = await connect(url, subprotocols=["spc.v1"], compression=None, proxy=None)
    await socket.recv()
    await socket.send('{"type":"connect","id":1,"subscriptions":[{"products":[1],"types":["measurement"]}]}')
    await socket.recv()
    return socket


async def latency_hub(port, seconds):
    """Post out-of-spec values of product 1 to 50 clients that subscribe to measurements: one frame per value and client.

    The clients share this process, so what they need to read is part of what is measured; for the peer as well.
    """
    times = Latencies()

    async def listen(socket):
        async for raw in socket:
            message = json.loads(raw)
            if message["type"] == "measurement":
                times.seen(message["measurement"]["measurement_value"])

    sockets = [await subscriber(port) for _ in range(CLIENTS)]
    listeners = [asyncio.ensure_future(listen(socket)) for socket in sockets]
    async with aiohttp.ClientSession() as http:

        async def send(number):
            value = 12.0 + number / 1000
            times.sent[value] = time.perf_counter()
            async with http.post(
                f"http://127.0.0.1:{port}/api/spc/measurements/", json={"product": 1, "value": value}
            ) as answer:
                await answer.read()

        await paced(send, seconds)
    await close(sockets, listeners)
    return times


async def latency_bare(port, seconds):
    times = Latencies()

    async def listen(socket):
        async for raw in socket:
            times.seen(json.loads(raw)["measurement"]["measurement_value"])

    url = f"ws://127.0.0.1:{port}/"
    sockets = [await connect(url, compression=None, proxy=None) for _ in range(CLIENTS)]
    listeners = [asyncio.ensure_future(listen(socket)) for socket in sockets]

    async def send(number):
        value = 12.0 + number / 1000
        times.sent[value] = time.perf_counter()
        body = {"id": number, "product_id": 1, "product_code": "P1", "measurement_value": value, "pad": "x" * 180}
        await sockets[0].send(json.dumps({"type": "measurement", "measurement": body}))

    await paced(send, seconds)
    await close(sockets, listeners)
    return times


async def close(sockets, listeners):
    await asyncio.gather(*(socket.close() for socket in sockets))
    await asyncio.gather(*listeners)


def resident_mib(pid):
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# -- the table ---------------------------------------------------------------------------------------------------------


async def measure(seconds):
    with tempfile.TemporaryDirectory() as folder:
        async with process("--serve", folder) as (port, pid):
            for name, run in (("HTTP, 4 connections", ingest_http), ("WebSocket, 1 socket", ingest_socket)):
                before = cpu_seconds(pid)
                rate = await run(port, seconds)
                cpu = (cpu_seconds(pid) - before) / (rate * seconds) * 1e6
                print(
                    f"ingest {name:<24} {rate:>9,.0f} /s   {rate / TARGET_PER_S:5.2f} x target ({TARGET_PER_S:,})"
                    f"   {cpu:5.1f} us server CPU each"
                )
    with tempfile.TemporaryDirectory() as folder:
        async with process("--serve", folder) as (port, _):
            hub = await latency_hub(port, seconds)
    async with process("--bare") as (port, _):
        bare = await latency_bare(port, seconds)
    for name, times in (("hub, durable", hub), ("bare websockets", bare)):
        wanted = len(times.sent) * CLIENTS
        p50, p99 = percentiles(times.found)
        print(
            f"value to frame, {name:<16} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  {len(times.found)}/{wanted} frames"
            f"   p99 {p99 / TARGET_P99_MS:5.2f} x target ({TARGET_P99_MS:g} ms)"
        )
    ours, theirs = percentiles(hub.found), percentiles(bare.found)
    print(f"hub against bare               p50 {ours[0] / theirs[0]:.2f} x   p99 {ours[1] / theirs[1]:.2f} x")


def percentiles(found):
    cuts = statistics.quantiles(found, n=100)
    return cuts[49], cuts[98]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement")
    parser.add_argument("--serve", metavar="FOLDER", help="run the hub (used by the benchmark itself)")
    parser.add_argument("--bare", action="store_true", help="run the bare peer (used by the benchmark itself)")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve_hub(options.serve))
    elif options.bare:
        asyncio.run(serve_bare())
    else:
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"{os.cpu_count()} cores, load {load}, {CLIENTS} clients, {VALUES_PER_S} values/s, batches of {BATCH}")
        asyncio.run(measure(options.seconds))


if __name__ == "__main__":
    main()
