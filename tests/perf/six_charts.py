"""Window with six live charts and its server in one process: latency to 50 clients at 50 values/s, and the lag of its loop.

``python -m tests.perf.six_charts [--seconds 20] [--charts 0 6]``. Without charts (the window hidden) and with them, one
after the other on the same machine, so that the ratio says what drawing costs. The window is the real program's, offscreen
unless QT_QPA_PLATFORM says otherwise; the clients are another process. ``--window`` is that inner program (``tests.perf.soak``
uses it as well).
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from array import array
from functools import partial
from pathlib import Path

CLIENTS = 50
VALUES_PER_S = 50


# -- the inner program -------------------------------------------------------------------------------------------------


def window_main(data_dir, speed, charts):
    """The program's window and hub, and chart pages beside it; writes ``lag.json`` when it ends."""
    from spc_desktop.app.cli import _parser
    from spc_desktop.app.run_gui import run_window
    from spc_desktop.app.start import read_start

    start = read_start(_parser().parse_args(["--port", "0", "--data-dir", data_dir, f"--sample-plant={speed}"]))
    return run_window(start, partial(_body, start, charts))


async def _body(start, charts, stage):
    from PySide6.QtWidgets import QGridLayout, QWidget

    from spc_desktop.app.build import running_station
    from spc_desktop.app.instance import sole_user
    from spc_desktop.hub.api import Actor
    from spc_desktop.ui.desk import Desk
    from spc_desktop.ui.pages.chart_page import ChartPage

    with sole_user(start.data_dir):
        async with running_station(start, stage.clock) as running:
            desk = Desk(
                stage.window,
                [running.hub],
                stage.preferences,
                stage.stop,
                stage.theme,
                stage.translator,
                actor=Actor(name="perf", client="window"),
            )
            desk.start()
            lags = Lags()
            running.hub.tasks.spawn("lag", lags.probe())
            await asyncio.sleep(3)
            if not charts:
                stage.window.hide()
            wall = QWidget()
            grid = QGridLayout(wall)
            pages = [ChartPage(desk.clock) for _ in range(charts)]
            for place, page in enumerate(pages):
                grid.addWidget(page, place // 3, place % 3)
                page.show_characteristic(desk.stations[0], place + 1)
            wall.resize(1800, 1000)
            wall.setVisible(charts > 0)
            await asyncio.sleep(2)
            lags.forget()
            (start.data_dir / "ready").write_text("", encoding="ascii")
            await stage.stop.wait()
            (start.data_dir / "lag.json").write_text(json.dumps(lags.counts.tolist()), encoding="ascii")
            wall.hide()
            await desk.close()


class Lags:
    """How late a turn of the loop is that was wanted 5 ms later: counts, because a list would grow while memory is watched."""

    STEP = 0.05
    """Milliseconds of one count."""

    def __init__(self):
        self.counts = array("L", bytes(8 * 20_000))

    def forget(self):
        self.counts = array("L", bytes(8 * 20_000))

    async def probe(self):
        while True:
            wanted = time.perf_counter() + 0.005
            await asyncio.sleep(0.005)
            late = (time.perf_counter() - wanted) * 1000
            self.counts[min(max(0, int(late / self.STEP)), len(self.counts) - 1)] += 1

    @classmethod
    def values(cls, counts):
        """Return what was counted, as values in ms."""
        return [at * cls.STEP for at, count in enumerate(counts) for _ in range(count)]


# -- the outer program -------------------------------------------------------------------------------------------------


class Window:
    """The inner program as a process; ``url`` is its address."""

    def __init__(self, folder, speed, charts=6):
        self.folder = Path(folder)
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
        command = [sys.executable, "-m", "tests.perf.six_charts", "--window", folder, "--speed", str(speed)]
        command += ["--charts", str(charts)]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        self.url = ""

    async def ready(self):
        for _ in range(1200):
            if (self.folder / "ready").exists():
                self.url = json.loads((self.folder / "hub.json").read_text(encoding="utf-8"))["url"]
                return
            if self.process.poll() is not None:
                raise RuntimeError(f"the window ended with status {self.process.returncode}")
            await asyncio.sleep(0.1)
        raise RuntimeError("the window did not come up")

    def resident_mb(self):
        from tests.perf.server import resident_mib

        return resident_mib(self.process.pid)

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)


def percentile(values, share):
    """Return the smallest value that ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def row(what, values):
    """Print one line of the table: count and percentiles in ms."""
    told = "  ".join(
        f"{name} {percentile(values, share):8.2f}" for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))
    )
    print(f"{what:<52} n {len(values):>7}  {told}  max {max(values, default=0):8.2f} ms", flush=True)


async def measure(seconds, charts):
    """Start the window, feed it and print the table; return the 99th percentiles of latency and lag."""
    import aiohttp

    from tests.perf.server import Latencies, connect

    with tempfile.TemporaryDirectory() as folder:
        window = Window(folder, speed=10, charts=charts)
        try:
            await window.ready()
            times = Latencies()

            async def listen(socket):
                async for raw in socket:
                    message = json.loads(raw)
                    if message["type"] == "measurement":
                        times.seen(message["measurement"]["measurement_value"])

            address = window.url.replace("http", "ws") + "/ws/spc/product/1/"
            sockets = [await connect(address, compression=None, proxy=None) for _ in range(CLIENTS)]
            async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as http:
                listeners = [group.create_task(listen(socket)) for socket in sockets]
                began = time.perf_counter()
                for number in range(int(seconds * VALUES_PER_S)):
                    await asyncio.sleep(max(0.0, began + number / VALUES_PER_S - time.perf_counter()))
                    value = 200.0 + number / 1000
                    times.sent[value] = time.perf_counter()
                    body = {"product": 1, "characteristic": "GAP", "value": value}
                    async with http.post(f"{window.url}/api/spc/measurements/", json=body) as answer:
                        await answer.read()
                await asyncio.sleep(1)
                for task in listeners:
                    task.cancel()
            await asyncio.gather(*(socket.close() for socket in sockets))
            load = os.getloadavg()[0]
            print(
                f"{charts} charts live, load {load:.1f}, {CLIENTS} clients, {VALUES_PER_S} values/s for {seconds:g} s, durable"
            )
            row("value posted -> frame at each client", times.found)
            print(f"{'resident memory of the process':<52} {window.resident_mb():.0f} MB")
        finally:
            status = window.stop()
        lags = Lags.values(json.loads((Path(folder) / "lag.json").read_text("ascii")))
        row("lag of the loop (a turn wanted 5 ms later)", lags)
        if status:
            print(f"the window ended with status {status}")
        return percentile(times.found, 0.99), percentile(lags, 0.99)


async def compare(seconds, runs):
    """Measure each number of charts in turn and print how they compare."""
    found = [await measure(seconds, charts) for charts in runs]
    if len(found) > 1:
        latency, lag = (last / first for first, last in zip(found[0], found[-1], strict=True))
        print(f"p99 with {runs[-1]} charts against {runs[0]}: latency x {latency:.2f}, lag x {lag:.2f}")


def main():
    """Outer program, or the inner one with ``--window``."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--charts", type=int, nargs="+", default=[0, 6])
    options.add_argument("--window", metavar="FOLDER", help="be the inner program")
    options.add_argument("--speed", type=float, default=10)
    given = options.parse_args()
    if given.window:
        return window_main(given.window, given.speed, given.charts[0])
    return asyncio.run(compare(given.seconds, given.charts))


if __name__ == "__main__":
    sys.exit(main())
