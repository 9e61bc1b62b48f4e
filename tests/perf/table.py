"""The hub's table: ``python -m tests.perf.table [ROW ...] [--quick]``; ``--list`` names the rows.

Each row is one line of what the hub has to reach, most of them beside the bare ``websockets`` server of ``tests.perf.fanout``
in the same run. A row that cannot run here says why. Nothing is asserted about time: the verdict is printed.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.perf import resume, server
from tests.perf.fanout import both, loadgen, ratios
from tests.perf.kills import kills
from tests.perf.stalled import half_open, silent, stalled
from tests.perf.verdict import Line

ROOT = Path(__file__).parents[2]


async def fan_out(quick):
    """N1, N2: closed loop, at most 32 alerts that not all have."""
    lines = []
    for subs in (50, 200) if quick else (50, 200, 1000):
        options = ["--subs", subs, "--window", 32, "--seconds", 3 if quick else 6]
        theirs, ours = await both("closed", options)
        rate, cpu = ratios(theirs, ours)
        said = f"{ours['alerts_per_s']:,.0f} /s, bare {theirs['alerts_per_s']:,.0f}, lost {ours['lost']}"
        lines.append(
            Line(f"N1 alerts/s at {subs}", said, f"{rate:.2f} x", "2 x, aim 4", rate >= 2 and not ours["lost"])
        )
        said = f"{ours['server_us_per_delivery']:.2f} us, bare {theirs['server_us_per_delivery']:.2f}"
        lines.append(Line(f"N2 CPU per delivery at {subs}", said, f"{cpu:.2f} x", "0.6 x, aim 0.25", cpu <= 0.6))
    return lines


async def paced(quick):
    """N4: open loop 10/s to 200 clients."""
    theirs, ours = await both("open", ["--subs", 200, "--rate", 10, "--seconds", 5 if quick else 15])
    lines = []
    for name, factor, extra in (("p50_ms", 1.5, 0.5), ("p99_ms", 2.0, 2.0)):
        limit = factor * theirs[name] + extra
        said = f"{ours[name]:.2f} ms, bare {theirs[name]:.2f} ms"
        ratio = f"{ours[name] / limit:.2f} of it"
        lines.append(
            Line(f"N4 POST to client {name[:3]}", said, ratio, f"{factor:g} x bare + {extra:g} ms", ours[name] <= limit)
        )
    return lines


async def last_client(quick):
    """N5: open loop 2/s to 1,000 clients, the last of them."""
    theirs, ours = await both("open", ["--subs", 1000, "--rate", 2, "--seconds", 6 if quick else 15])
    ratio = ours["full_p99_ms"] / theirs["full_p99_ms"]
    said = f"{ours['full_p99_ms']:.1f} ms, bare {theirs['full_p99_ms']:.1f} ms"
    return [Line("N5 last of 1,000 clients p99", said, f"{ratio:.2f} x", "1 x, aim 0.8", ratio <= 1)]


async def window(quick):
    """N6: the hub inside the window program, 20 alerts/s to 200 clients."""
    from tests.perf.six_charts import Lags, Window, percentile

    with tempfile.TemporaryDirectory() as folder:
        program = Window(folder, speed=1)
        try:
            await program.ready()
            address = program.url.replace("http", "ws") + "/ws/spc/notifications/", f"{program.url}/api/spc/alerts/"
            found = await loadgen(
                "open", (*address, program.process.pid), ["--subs", 200, "--rate", 20, "--seconds", 5 if quick else 20]
            )
        finally:
            program.stop()
        lag = percentile(Lags.values(json.loads((Path(folder) / "lag.json").read_text("ascii"))), 0.99)
    said = f"lag p99 {lag:.2f} ms, POST to client p99 {found['p99_ms']:.1f} ms, lost {found['lost']}"
    return [Line("N6 lag of the window's loop, 20/s to 200", said, f"{lag / 5:.2f} x", "5 ms, aim 2", lag <= 5)]


async def readers(quick):
    """N7, N8: readers that never read."""
    return await stalled(10 if quick else 20)


async def killed(quick):
    """N9: kill -9 while alerts are published."""
    return await kills(5 if quick else 50)


async def storm(quick):
    """N10: everybody connects at once."""
    count = 2000 if quick else 10_000
    theirs, ours = await both("storm", ["--conns", count, "--burst", 500, "--hold", 2])
    wait, memory = ours["p99_ms"] / theirs["p99_ms"], ours["server_rss_mib"] / theirs["server_rss_mib"]
    failed = sum(ours["fail"].values())
    said = f"{count - failed} of {count} open, p99 {ours['p99_ms']:.0f} ms, bare {theirs['p99_ms']:.0f} ms"
    good = not failed and wait <= 1.5
    lines = [Line(f"N10 {count:,} connects", said, f"{wait:.2f} x", "all, 1.5 x", good)]
    said = f"{ours['server_rss_mib']:.0f} MiB, bare {theirs['server_rss_mib']:.0f} MiB"
    return [*lines, Line("N10 memory with all of them", said, f"{memory:.2f} x", "1.3 x", memory <= 1.3)]


async def resumed(quick):
    """N11: a crowd resumes what it missed."""
    clients = 200 if quick else 1000
    found, before, (took, _) = await resume.measure(clients, 1000)
    p99, quiet = server.percentiles(took)[1], server.percentiles(before[0])[1]
    said = f"{found['seconds']:.1f} s, incomplete or doubled {found['wrong']}"
    good = found["seconds"] <= 10 and not found["wrong"]
    lines = [
        Line(
            f"N11 {clients:,} clients resume 1,000 alerts", said, f"{found['seconds'] / 10:.2f} x", "10 s, aim 5", good
        )
    ]
    said = f"p99 {p99:.0f} ms, quiet {quiet:.0f} ms"
    return [*lines, Line("N11 live alerts meanwhile", said, f"{p99 / 250:.2f} x", "250 ms", p99 <= 250)]


async def links(quick):
    """N12: the other side is frozen."""
    return await half_open()


async def strangers(quick):
    """N13: connections that say nothing, or half."""
    return await silent(100 if quick else 500, 50 if quick else 200)


async def ingest(quick):
    """N18: measurements over one socket, batches of 100."""
    with tempfile.TemporaryDirectory() as folder:
        async with server.process("--serve", folder) as (port, _):
            rate = await server.ingest_socket(port, 3 if quick else 8)
    return [
        Line(
            "N18 durable values over one socket",
            f"{rate:,.0f} /s",
            f"{rate / 20_000:.2f} x",
            "20,000 /s",
            rate >= 20_000,
        )
    ]


def tests_row(name, what, *targets):
    """Return a row that is proved by tests: it runs them."""

    async def run(_quick):
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "pytest", "-q", "--no-header", *targets, cwd=ROOT, stdout=subprocess.PIPE
        )
        output, _ = await child.communicate()
        last = output.decode().strip().splitlines()[-1]
        passed = re.search(r"(\d+) passed", last)
        ok = child.returncode == 0 and passed is not None
        return [Line(f"{name} {what}", re.sub(r" in .*", "", last), "", "all pass", ok)]

    run.__doc__ = f"{name}: {what} (tests)."
    return run


ROWS = {
    "N1": fan_out,
    "N4": paced,
    "N5": last_client,
    "N6": window,
    "N7": readers,
    "N9": killed,
    "N10": storm,
    "N11": resumed,
    "N12": links,
    "N13": strangers,
    "N15": tests_row(
        "N15", "hostile clients", "tests/integration/server/test_hostile.py", "tests/integration/server/test_limits.py"
    ),
    "N16": tests_row(
        "N16", "wall clock jumps", "tests/integration/server/test_clock.py", "tests/unit/hub/test_alarm_life.py"
    ),
    "N17": tests_row("N17", "disk full", "tests/e2e/test_disk_full.py"),
    "N18": ingest,
}
"""N3 compares with the original system, which is not here; N14 needs Python 2.7; N19 is ``tests.perf.soak``."""


async def run(names, quick):
    """Print the table; return whether every row could run."""
    fine = True
    for name in names:
        began = time.monotonic()
        try:
            lines = await ROWS[name](quick)
        except (OSError, RuntimeError) as trouble:
            print(f"{name}: could not run: {trouble}", flush=True)
            fine = False
            continue
        for line in lines:
            print(line.text(), flush=True)
        if time.monotonic() - began > 60:
            print(f"    ({name} took {time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f})", flush=True)
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="ROW")
    parser.add_argument("--quick", action="store_true", help="smaller numbers, shorter runs")
    parser.add_argument("--list", action="store_true", help="name the rows")
    options = parser.parse_args()
    if options.list:
        print("\n".join(f"{name:<5} {(row.__doc__ or '').splitlines()[0]}" for name, row in ROWS.items()))
        return 0
    print(f"{os.cpu_count()} cores, load {', '.join(f'{value:.1f}' for value in os.getloadavg())}", flush=True)
    return 0 if asyncio.run(run(options.rows or list(ROWS), options.quick)) else 1


if __name__ == "__main__":
    sys.exit(main())
