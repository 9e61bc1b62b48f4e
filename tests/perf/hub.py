"""Benchmark of the hub: ``python -m tests.perf.hub [--values 50000]``.

Prints how many measurements per second go through ``submit`` in batches of 100 with the database behind, what one
costs on the event loop's thread, the longest slice between two turns of the loop, and whether any of it grows with history.
"""

import argparse
import asyncio
import gc
import math
import tempfile
import time
from pathlib import Path

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.monitor import MonitorState, step
from spc_desktop.domain.watch import given_limits, make_watch
from spc_desktop.hub.hub import Hub
from spc_desktop.storage.store import SqlStore
from tests.fakes import diameter, known_limits, measured, save, shaft

CHARTS = {"i_mr": 1, "xbar_r": 5, "xbar_s": 10}
CHARACTERISTICS = 12
SENDERS = 8


def values(count, faults):
    """Deterministic values; every ``faults``-th is out of specification and of control."""
    return [13.0 if faults and i % faults == faults - 1 else 10 + 0.15 * math.sin(1.3 * i) for i in range(count)]


class SliceProbe:
    """Longest time that one callback of the loop took, in CPU time of the loop's thread."""

    def __init__(self):
        self.longest = 0.0
        self._run = asyncio.events.Handle._run

    def __enter__(self):
        run, probe = self._run, self

        def timed(handle):
            began = time.thread_time()
            run(handle)
            probe.longest = max(probe.longest, time.thread_time() - began)

        asyncio.events.Handle._run = timed
        return self

    def __exit__(self, *exc):
        asyncio.events.Handle._run = self._run


async def ingest(chart, count, faults):
    size = CHARTS[chart]
    with tempfile.TemporaryDirectory() as folder:
        clock = SystemClock()
        async with Hub(SqlStore(Path(folder) / "perf.sqlite3"), clock) as hub:
            entries = [diameter(code=f"C{i}", subgroup_size=size) for i in range(CHARACTERISTICS)]
            await hub.command(save(*entries, plans=[known_limits(chart)] * CHARACTERISTICS))
            now = clock.now()
            items = [
                measured(value, of=1 + (i // size) % CHARACTERISTICS, at=now, key=f"k{i}")
                for i, value in enumerate(values(count, faults))
            ]
            batches = [items[first : first + 100] for first in range(0, count, 100)]

            async def sender(own):
                for batch in own:
                    await hub.submit(batch)

            gc.collect()
            gc.freeze()  # the prepared items are no part of the hub: the collector shall not walk them
            with SliceProbe() as probe:
                wall, cpu = time.perf_counter(), time.thread_time()
                await asyncio.gather(*(sender(batches[k::SENDERS]) for k in range(SENDERS)))
                wall, cpu = time.perf_counter() - wall, time.thread_time() - cpu
    gc.unfreeze()
    return count / wall, 1e6 * cpu / count, 1e3 * probe.longest


def fold_cost(chart, history, count=5000):
    """Microseconds per measurement of the fold alone, after so many points of history."""
    size = CHARTS[chart]
    watch = make_watch(shaft(id=1), diameter(id=1, product_id=1, subgroup_size=size), known_limits(chart), None)
    watch = watch.with_limits(given_limits(watch, 0, 1))
    state = MonitorState()
    item = measured(*[10.0 + 0.01 * k for k in range(size)])
    other = measured(*[9.9 + 0.02 * k for k in range(size)])
    for at in range(history):
        state = step(watch, state, item if at % 3 else other, 1).state
    began = time.thread_time()
    for at in range(count):
        state = step(watch, state, item if at % 3 else other, 1).state
    return 1e6 * (time.thread_time() - began) / count / size


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=50_000)
    parser.add_argument("--history", type=int, default=100_000)
    options = parser.parse_args()
    print(f"{'chart':8} {'faults':>10} {'values/s':>10} {'us/value on the loop':>22} {'longest slice ms':>18}")
    for chart in CHARTS:
        for faults, told in ((100, "1 %"), (1, "every one")):
            rate, cost, longest = asyncio.run(
                ingest(chart, options.values if faults > 1 else options.values // 5, faults)
            )
            print(f"{chart:8} {told:>10} {rate:>10,.0f} {cost:>22.1f} {longest:>18.1f}")
    print(f"\n{'chart':8} {'points of history':>18} {'us/value of the fold':>22}")
    for chart in CHARTS:
        for history in (1000, options.history):
            print(f"{chart:8} {history:>18,} {fold_cost(chart, history):>22.2f}")


if __name__ == "__main__":
    main()
