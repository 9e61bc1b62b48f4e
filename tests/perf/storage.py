"""The store's benchmark: ``python -m tests.perf.storage [--points 1000000]``. Prints rates and ratios, judges nothing."""

import argparse
import asyncio
import sqlite3
import statistics
import tempfile
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import numpy as np

from spc_desktop.domain.alert import Alert, Status
from spc_desktop.hub.ports import Batch
from spc_desktop.protocol import messages as m
from spc_desktop.storage import rows
from spc_desktop.storage.store import open_store
from tests.storage_rows import START, alert, alert_batch, plant, point, points_batch, stream

CHARACTERISTICS = 12


def row(what: str, value: float, unit: str, note: str = "") -> None:
    print(f"{what:<58}{value:>12,.2f} {unit:<14}{note}")


async def writing(folder: Path, size: int, count: int, waiting: int, n: int, best: float) -> None:
    batches = [stream(i, size, CHARACTERISTICS, n) for i in range(count)]
    async with open_store(folder) as store:
        await store.append(plant(CHARACTERISTICS))
        turn = asyncio.Semaphore(waiting)
        times: list[float] = []

        async def one(batch: Batch) -> None:
            async with turn:
                begun = time.perf_counter()
                await store.append(batch)
                times.append(time.perf_counter() - begun)

        begun, used = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one(batch) for batch in batches))
        took, cpu = time.perf_counter() - begun, time.process_time() - used
    p99 = statistics.quantiles(times, n=100)[98] * 1e3 if len(times) > 1 else times[0] * 1e3
    what = f"durable, batches of {size}, {waiting} waiting, n={n}"
    row(
        what,
        size * count / took,
        "meas./s",
        f"{size * count / took / best:.2f} of bare; CPU {cpu / size / count * 1e6:.1f} us each, append p99 {p99:.1f} ms",
    )


def bare(folder: Path, size: int, count: int) -> float:
    """Rows of a measurement's width straight into SQLite, durable: what the machine gives at best. Return rows/s."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        names = ", ".join(f"c{i}" for i in range(1, 18))
        connection.execute(f"CREATE TABLE m (id INTEGER PRIMARY KEY, {names})")
        many = [rows.measurement_rows(stream(i, size, CHARACTERISTICS).measurements, {}, (0, 1)) for i in range(count)]
        marks = ", ".join("?" * 18)
        begun = time.perf_counter()
        for batch in many:
            connection.execute("BEGIN")
            connection.executemany(f"INSERT INTO m VALUES ({marks})", batch)
            connection.execute("COMMIT")
        rate = size * count / (time.perf_counter() - begun)
    row(f"bare sqlite3, rows alone, batches of {size}", rate, "rows/s")
    return rate


async def history(folder: Path, total: int) -> None:
    async with open_store(folder) as store:
        await store.append(plant(2))
        small = 0.0
        begun = time.perf_counter()
        for start in range(0, total, 4096):
            await store.append(points_batch([point(i) for i in range(start, min(start + 4096, total))]))
            if start == 0:
                small = await appending(store, 4096, 2, 1000)
        row(f"{total:,} points written and rolled up (with building them)", time.perf_counter() - begun, "s")
        big = await appending(store, total, 1, 1000)
        row("one point onto 1e3 points, median of 1000", small * 1e3, "ms")
        row(f"one point onto {total:,} points, median of 1000", big * 1e3, "ms", f"ratio {big / small:.2f}")
        await reading(store, total)
        await alerts(store)
    size = sum(file.stat().st_size for file in folder.iterdir())  # noqa: ASYNC240 - nothing else runs
    row("database file", size / 1e6, "MB", f"{size / total:.0f} bytes a point, its event included")
    begun = time.perf_counter()
    async with open_store(folder) as store:
        opened = time.perf_counter()
        await store.load()
        row("open the big database", (opened - begun) * 1e3, "ms")
        row("load() of it", (time.perf_counter() - opened) * 1e3, "ms")


async def appending(store: object, first: int, characteristic_id: int, count: int) -> float:
    times = []
    start = first if characteristic_id == 1 else 0
    for i in range(start, start + count):
        batch = points_batch([point(i, characteristic_id)])
        begun = time.perf_counter()
        await store.append(batch)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


async def reading(store: object, total: int) -> None:
    for limit in (1000, 100_000, total):
        times, lag = [], []
        for _ in range(5):
            stop = asyncio.Event()
            probe = asyncio.ensure_future(loop_lag(stop, lag))
            begun = time.perf_counter()
            answer = await store.query(m.GetPoints(characteristic_id=1, limit=limit))
            times.append(time.perf_counter() - begun)
            stop.set()
            await probe
        assert answer.count == limit
        assert len(np.frombuffer(answer.panels[0].value)) == limit
        note = f"best {min(times) * 1e3:.1f}, loop lag max {max(lag) * 1e3:.1f} ms, {len(answer.marks)} marks"
        row(f"GetPoints of {limit:,}, median of 5", statistics.median(times) * 1e3, "ms", note)


async def loop_lag(stop: asyncio.Event, lag: list[float]) -> None:
    while not stop.is_set():
        begun = time.perf_counter()
        await asyncio.sleep(0.001)
        lag.append(time.perf_counter() - begun - 0.001)


async def alerts(store: object) -> None:
    for start in range(1, 100_001, 5000):
        many = [alert(i, status=Status.NEW if i % 500 == 0 else Status.CLOSED) for i in range(start, start + 5000)]
        await store.append(alert_batch(many))
    for what, query in (
        ("GetAlerts of 50 among 100,000", m.GetAlerts()),
        ("GetAlerts of 50 of one product and status", m.GetAlerts(product_id=1, status=Status.CLOSED)),
        ("GetDashboard over 100,000", m.GetDashboard(days=36500)),
        ("GetEvents, 500 (single alerts)", m.GetEvents(since=(await store.load()).head - 500)),
        ("GetCatalogue", m.GetCatalogue()),
    ):
        begun = time.perf_counter()
        await store.query(query)
        row(what, (time.perf_counter() - begun) * 1e3, "ms")


async def searching(folder: Path, total: int) -> None:
    """History over many alerts of 40 rules, 12 characteristics and a year; every tenth has a cause in words of its own."""
    async with open_store(folder) as store:
        await store.append(plant(CHARACTERISTICS, products=4))
        begun = time.perf_counter()
        for start in range(1, total + 1, 2000):
            await store.append(Batch(alerts=[told(i, total) for i in range(start, min(start + 2000, total + 1))]))
        row(f"{total:,} alerts written and indexed", (time.perf_counter() - begun) / total * 1e6, "us each")
        asked = {
            "newest 50": m.GetHistory(),
            "text in every alert": m.GetHistory(text="한계"),
            "text in one alert of 10": m.GetHistory(text="공구"),
            "text in one alert": m.GetHistory(text=f"w{total // 30 * 10}x"),
            "text in none, common pairs": m.GetHistory(text="계한 리관"),
            "one letter": m.GetHistory(text="구"),
            "product, rule, status": m.GetHistory(product_id=2, rule="rule_7", status=Status.CLOSED),
            "rare rule and a text of one alert of 10": m.GetHistory(rule="rule_39", text="공구 마모"),
            "nothing matches, each part is common": m.GetHistory(product_id=1, characteristic_id=2, text="한계"),
            "a week half a year ago, night shift": m.GetHistory(
                since=START + timedelta(days=180), until=START + timedelta(days=187), shift=2, text="공구"
            ),
            "page in the middle": m.GetHistory(text="공구", before_id=total // 2),
        }
        for what, query in asked.items():
            times = []
            for _ in range(7):
                begun = time.perf_counter()
                answer = await store.query(query)
                times.append((time.perf_counter() - begun) * 1e3)
            row(
                f"GetHistory: {what}",
                statistics.median(times),
                "ms",
                f"max {max(times):.1f}, {len(answer.alerts)} found",
            )
        for query in (m.GetStatistics(), m.GetStatistics(since=START + timedelta(days=335)), m.GetRuleRecord()):
            begun = time.perf_counter()
            await store.query(query)
            row(f"{type(query).__name__}, since {query.since}", (time.perf_counter() - begun) * 1e3, "ms")
    size = sum(file.stat().st_size for file in folder.iterdir())  # noqa: ASYNC240 - nothing else runs
    row("database file", size / 1e6, "MB", f"{size / total:.0f} bytes an alert")


def told(number: int, total: int) -> Alert:
    which = number % CHARACTERISTICS + 1
    return alert(
        number,
        product_id=(which - 1) % 4 + 1,
        characteristic_id=which,
        code=f"rule_{number % 40 if number % 40 < 39 or number % 4000 == 39 else 0}",
        status=Status.NEW if number % 500 == 0 else Status.CLOSED,
        created_at=START + timedelta(days=365) * (number / total),
        message=f"외경 {number % 977 / 100:.2f} mm: 관리 한계를 벗어났습니다",
        root_cause=f"공구 마모 w{number}x" if number % 10 == 0 else "",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--alerts", type=int, default=0, help="search among so many alerts, and nothing else")
    parser.add_argument("--batches", type=int, default=400)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        if options.alerts:
            asyncio.run(searching(Path(root) / "alerts", options.alerts))
            return
        best = {size: bare(Path(root) / str(size), size, options.batches) for size in (100, 1)}
        kinds = [(100, 1, 1), (100, 1, 5), (100, 8, 1), (100, 8, 5), (1, 1, 1), (1, 50, 1)]
        for i, (size, waiting, n) in enumerate(kinds):
            count = options.batches if size > 1 else options.batches * 5
            asyncio.run(writing(Path(root) / f"w{i}", size, count, waiting, n, best[size]))
        asyncio.run(history(Path(root) / "history", options.points))


if __name__ == "__main__":
    main()
