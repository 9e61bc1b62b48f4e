"""Benchmark of resuming: ``python -m tests.perf.resume [--clients 1000] [--alerts 1000]``.

The hub is started again on a log of so many alerts; all clients connect at once and resume what they missed, while 20 live
readers are told of ten new alerts a second. Hub, resuming clients and live readers have a process each. Says how long it
took until every client had every alert once, and how long the live alerts took meanwhile, beside quiet seconds before it.
Nothing is asserted about time.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time

import aiohttp
from websockets.asyncio.client import connect

from tests.perf.server import alert, percentiles, process

READERS = 20
LIVE_PER_S = 10
MUST_S, AIM_S, MUST_MS = 10.0, 5.0, 250.0


def address(port):
    return f"ws://127.0.0.1:{port}/ws/spc/notifications/"


async def open_v1(port, **more):
    socket = await connect(address(port), subprotocols=["spc.v1"], compression=None, proxy=None, max_size=None)
    hello = json.loads(await socket.recv())
    wanted = [{"products": "*", "types": ["alert"]}]
    await socket.send(json.dumps({"type": "connect", "id": 1, "features": ["batch"], "subscriptions": wanted, **more}))
    return socket, hello


async def post(http, port, title):
    async with http.post(f"http://127.0.0.1:{port}/api/spc/alerts/", json=alert(title)) as answer:
        assert answer.status == 201, await answer.text()


async def fill(port, count):
    """Raise alerts; return the position before and after them, and the epoch."""
    socket, hello = await open_v1(port)
    async with aiohttp.ClientSession() as http:
        for at in range(0, count, 50):
            await asyncio.gather(*(post(http, port, f"a{at + one}") for one in range(min(50, count - at))))
        async with http.get(f"http://127.0.0.1:{port}/api/spc/events?since={hello['seq']}&limit=1") as answer:
            page = await answer.json()
    await socket.close()
    return hello["seq"], page["head"], hello["epoch"]


# -- the clients that resume, in a process of their own ----------------------------------------------------------------


async def resume_all(port, clients, since, head, epoch, alerts):
    """Connect all and read until each has all; print how long it took and what was wrong."""
    began = time.perf_counter()
    done = await asyncio.gather(*(resume(port, since, head, epoch) for _ in range(clients)))
    seconds = time.perf_counter() - began
    wrong = sum(len(seqs) != alerts or len(set(seqs)) != alerts for seqs, _ in done)
    print(json.dumps({"seconds": seconds, "wrong": wrong}), flush=True)
    await asyncio.gather(*(socket.close() for _, socket in done))


ALERT = re.compile(rb'"type":"alert","seq":(\d+)')
SYNC = re.compile(rb'^\{"type":"sync","seq":(\d+)')


async def resume(port, since, head, epoch):
    """Read by regular expressions: with a whole reading of a million alerts the clients would be what is measured."""
    socket, _ = await open_v1(port, resume={"epoch": epoch, "seq": since})
    seqs = []
    position = since
    while position < head:
        raw = await socket.recv(decode=False)
        fresh = [int(seq) for seq in ALERT.findall(raw)]
        seqs += [seq for seq in fresh if seq <= head]
        position = max([position, *fresh, *map(int, SYNC.findall(raw))])
    return seqs, socket


# -- live readers ------------------------------------------------------------------------------------------------------


class Live:
    """Readers that are there all the time, and how long each new alert took to each of them."""

    def __init__(self, port):
        self.port, self.sent, self.took, self._number = port, {}, [], 0

    async def read(self, socket):
        async for raw in socket:
            now = time.perf_counter()
            message = json.loads(raw)
            for one in message["events"] if message["type"] == "batch" else [message]:
                if one["type"] == "alert" and one["alert"]["title"] in self.sent:
                    self.took.append((now - self.sent[one["alert"]["title"]]) * 1000)

    async def send(self, http, until):
        waiting = set()
        began, count = time.perf_counter(), 0
        while not until.is_set():
            self._number += 1
            title = f"live{self._number}"
            self.sent[title] = time.perf_counter()
            waiting.add(asyncio.ensure_future(post(http, self.port, title)))
            count += 1
            await asyncio.sleep(max(0.0, began + count / LIVE_PER_S - time.perf_counter()))
        await asyncio.gather(*waiting)
        for _ in range(100):  # what is on its way
            if len(self.took) >= count * READERS:
                break
            await asyncio.sleep(0.05)
        took, self.took = self.took, []
        return took, count * READERS


async def resumers(stop, port, clients, since, head, epoch, alerts):
    words = map(str, (port, clients, since, head, epoch, alerts))
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.perf.resume", "--child", *words, stdout=asyncio.subprocess.PIPE
    )
    output = await child.stdout.readline()
    stop.set()
    await child.wait()
    return json.loads(output)


async def measure(clients, alerts):
    """Return seconds, wrong clients, and live milliseconds in quiet and meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        async with process("--serve", folder) as (port, _):
            since, head, epoch = await fill(port, alerts)
        async with process("--serve", folder) as (port, _):
            live = Live(port)
            sockets = [(await open_v1(port))[0] for _ in range(READERS)]
            readers = [asyncio.ensure_future(live.read(socket)) for socket in sockets]
            async with aiohttp.ClientSession() as http:
                quiet, stop = asyncio.Event(), asyncio.Event()
                asyncio.get_running_loop().call_later(3.0, quiet.set)
                before = await live.send(http, quiet)
                sending = asyncio.ensure_future(live.send(http, stop))
                found = await resumers(stop, port, clients, since, head, epoch, alerts)
                meanwhile = await sending
            for socket in sockets:
                await socket.close()
            await asyncio.gather(*readers)
    return found, before, meanwhile


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--alerts", type=int, default=1000, help="missed by each client")
    parser.add_argument("--child", nargs=6, help="the resuming clients (used by the benchmark itself)")
    options = parser.parse_args()
    if options.child:
        port, clients, since, head, epoch, alerts = options.child
        asyncio.run(resume_all(int(port), int(clients), int(since), int(head), epoch, int(alerts)))
        return
    print(f"{os.cpu_count()} cores, load {', '.join(f'{value:.1f}' for value in os.getloadavg())}")
    found, before, meanwhile = asyncio.run(measure(options.clients, options.alerts))
    print(
        f"{options.clients} clients resume {options.alerts} alerts each: {found['seconds']:.2f} s"
        f"   {found['seconds'] / MUST_S:.2f} x must ({MUST_S:g} s), aim {AIM_S:g} s   incomplete or doubled: {found['wrong']}"
    )
    for name, (took, wanted) in (("quiet", before), ("meanwhile", meanwhile)):
        p50, p99 = percentiles(took)
        text = f"   p99 {p99 / MUST_MS:.2f} x must ({MUST_MS:g} ms)" if name == "meanwhile" else ""
        print(
            f"live alert to client, {name:<9} p50 {p50:7.1f} ms  p99 {p99:7.1f} ms  {len(took)}/{wanted} frames{text}"
        )


if __name__ == "__main__":
    main()
