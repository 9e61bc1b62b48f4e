"""Benchmark of the fan-out: ``python -m tests.perf.fanout [--seconds 6] [--subs 50 200 1000]``.

Alerts are posted in a closed loop (at most 32 that not all clients have) to the hub, which stores each before it sends it,
and to a bare ``websockets`` server with ``broadcast()``, which stores nothing. Both run in their own processes; the load
comes from ``loadgen.py``, which lies with the bare server in a folder of tools beside this project. Without that folder
there is nothing to compare with, and the benchmark says so. Nothing is asserted about time.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

from tests.perf.server import process

TOOLS = Path(__file__).parents[2].parent / "shared" / "tools"
MUST_RATE, AIM_RATE, MUST_CPU, AIM_CPU = 2.0, 4.0, 0.6, 0.25


def free_pair():
    """Two neighbouring free ports: the bare server takes posts on the one after."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise RuntimeError("no two neighbouring ports are free")


def need_tools():
    """Raise RuntimeError where there is nothing to compare with."""
    if not (TOOLS / "loadgen.py").is_file():
        raise RuntimeError(f"{TOOLS} holds no loadgen.py and ws_bare.py")


@asynccontextmanager
async def bare():
    need_tools()
    port = free_pair()
    child = await asyncio.create_subprocess_exec(sys.executable, TOOLS / "ws_bare.py", str(port), "asyncio", "plain")
    try:
        for _ in range(100):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                break
        yield f"ws://127.0.0.1:{port}/", f"http://127.0.0.1:{port + 1}/", child.pid
    finally:
        child.terminate()
        await child.wait()


@asynccontextmanager
async def hub():
    with tempfile.TemporaryDirectory() as folder:
        async with process("--serve", folder) as (port, pid):
            yield f"ws://127.0.0.1:{port}/ws/spc/notifications/", f"http://127.0.0.1:{port}/api/spc/alerts/", pid


async def loadgen(mode, addresses, options):
    """Return what loadgen measured against one server."""
    need_tools()
    ws, post, pid = addresses
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.jsonl"
        where = ["--ws", ws] if mode == "storm" else ["--ws", ws, "--post", post]
        child = await asyncio.create_subprocess_exec(
            sys.executable, TOOLS / "loadgen.py", mode, *where, *map(str, options), "--server-pid", str(pid), "--out", out,
            stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if await child.wait():
            raise RuntimeError(f"loadgen ended with {child.returncode}")
        return json.loads(out.read_text().splitlines()[-1])


async def both(mode, options):
    """Return what loadgen found at the bare server and at the hub, one after the other."""
    found = []
    for server in (bare, hub):
        async with server() as addresses:
            found.append(await loadgen(mode, addresses, options))
    return found


def ratios(bare_found, hub_found):
    """Return the hub's alerts per second and CPU per delivery as multiples of the bare server's."""
    names = ("alerts_per_s", "server_us_per_delivery")
    return [hub_found[name] / bare_found[name] for name in names]


async def measure(counts, seconds):
    print(f"{'clients':>8} {'server':<6} {'alerts/s':>9} {'us CPU/delivery':>16} {'lost':>5}   against bare")
    for subs in counts:
        found = await both("closed", ["--subs", subs, "--window", 32, "--seconds", seconds])
        rate, cpu = ratios(*found)
        against = (
            f"{rate:5.2f} x alerts/s (must {MUST_RATE:g}, aim {AIM_RATE:g})"
            f"   {cpu:5.2f} x CPU (must {MUST_CPU:g}, aim {AIM_CPU:g})"
        )
        for name, one, text in zip(("bare", "hub"), found, ("", against), strict=True):
            cost = one["server_us_per_delivery"]
            print(f"{subs:>8} {name:<6} {one['alerts_per_s']:>9,.0f} {cost:>16.2f} {one['lost']:>5}   {text}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each run")
    parser.add_argument("--subs", type=int, nargs="+", default=[50, 200, 1000], help="numbers of clients")
    options = parser.parse_args()
    if not (TOOLS / "loadgen.py").is_file():
        print(f"nothing to compare with: {TOOLS} holds no loadgen.py and ws_bare.py")
        return
    print(f"{os.cpu_count()} cores, load {', '.join(f'{value:.1f}' for value in os.getloadavg())}")
    asyncio.run(measure(options.subs, options.seconds))


if __name__ == "__main__":
    main()
