"""Soak: the window with six charts, the sample plant and 20 WebSocket viewers for half an hour; prints the memory over time.

``python -m tests.perf.soak [--minutes 30] [--speed 10]``. What is looked for is growth: the last line compares the mean of the
second quarter (all is warm, ring buffers are full) with that of the last.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time

from tests.perf.server import connect
from tests.perf.six_charts import Window

VIEWERS = 20
EVERY = 15.0
"""Seconds between two lines."""


async def view(url, number, counts):
    """One viewer: half of them hear all alerts, half everything of one product."""
    path = "/ws/spc/notifications/" if number % 2 else f"/ws/spc/product/{number // 2 % 3 + 1}/"
    async with connect(url.replace("http", "ws") + path, compression=None, proxy=None) as socket:
        async for raw in socket:
            kind = json.loads(raw)["type"]
            counts[kind] = counts.get(kind, 0) + 1


async def watch(window, minutes, counts):
    """Print the memory until the time is over; return the samples."""
    samples = []
    began = time.monotonic()
    while (passed := time.monotonic() - began) < minutes * 60:
        if window.process.poll() is not None:
            raise RuntimeError(f"the window ended with status {window.process.returncode} after {passed:.0f} s")
        samples.append(window.resident_mb())
        heard = " ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
        print(f"{passed:7.0f} s  {samples[-1]:8.1f} MB  {heard}", flush=True)
        await asyncio.sleep(min(EVERY, max(0.1, minutes * 60 / 20)))
    return samples


async def soak(minutes, speed):
    """Run it all; return the exit status of the window."""
    with tempfile.TemporaryDirectory() as folder:
        window = Window(folder, speed)
        try:
            await window.ready()
            counts = {}
            async with asyncio.TaskGroup() as group:
                viewers = [group.create_task(view(window.url, number, counts)) for number in range(VIEWERS)]
                samples = await watch(window, minutes, counts)
                for viewer in viewers:
                    viewer.cancel()
        finally:
            status = window.stop()
        quarter = max(1, len(samples) // 4)
        warm, end = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
        mean_warm, mean_end = sum(warm) / len(warm), sum(end) / len(end)
        print(
            f"second quarter {mean_warm:.1f} MB, last quarter {mean_end:.1f} MB: growth {mean_end - mean_warm:+.1f} MB"
        )
        print(f"the window ended with status {status}")
        return status


def main():
    """Command line."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=30)
    options.add_argument(
        "--speed", type=float, default=10, help="of the sample plant; 10 is about 7 subgroups a second"
    )
    given = options.parse_args()
    return asyncio.run(soak(given.minutes, given.speed))


if __name__ == "__main__":
    sys.exit(main())
