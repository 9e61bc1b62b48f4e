"""Benchmark of the engine: ``python -m tests.perf.engine [--points 1000000] [--limit 60] [--no-peers]``.

Prints limits with all eight Nelson rules for individuals and Xbar-R, one point appended to a long history, the run length
of the Western Electric rules, memory and import time: median of several runs, the best, the target, and how many times
longer the fastest installed peer takes (the extra ``peers``). Each call to a peer has a process of its own and a time limit;
appending a point to a peer means judging its history anew. Times depend on the machine, so nothing is asserted.
"""

import argparse
import importlib
import importlib.util
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
import warnings

import numpy as np

from spc_desktop.spc.arl_rules import rule_run_length
from spc_desktop.spc.charts import CHARTS, Observation
from spc_desktop.spc.run_rules import RULE_SETS

NELSON = RULE_SETS["nelson"]
PEERS = ("pccpy", "shewhart", "capstat_core")
REPEAT = 5


def series(size):
    """Return the same values for every program."""
    return np.random.default_rng(1).normal(10.0, 1.0, size)


def pccpy(kind):
    """Return the call of a peer that takes values, shape (m,) or (m, 5)."""
    package = importlib.import_module("pccpy")
    chart = package.imr_chart if kind == "i_mr" else package.xbar_r_chart
    return lambda x: chart(x, tests="all").violations()


def shewhart(kind):
    """Return the call of a peer that takes subgroups as a table only."""
    package = importlib.import_module("shewhart")
    pandas = importlib.import_module("pandas")

    def xbar(x):
        table = pandas.DataFrame({"value": x.ravel(), "batch": np.repeat(np.arange(len(x)), x.shape[1])})
        return package.xbar_r(table, value="value", subgroup="batch", rules="nelson").signals

    return xbar if kind == "xbar_r" else lambda x: package.imr(x, rules="nelson").signals


def capstat_core(kind):
    """Return the call of a peer whose rules are a function of their own."""
    package = importlib.import_module("capstat_core")
    chart = package.i_mr_chart if kind == "i_mr" else package.xbar_r_chart
    return lambda x: package.nelson_rules(chart(x).location)


def run_peer(name, kind, size):
    """Time one call in this very process and print it: what ``peer_seconds`` starts."""
    warnings.simplefilter("ignore")
    call = {"pccpy": pccpy, "shewhart": shewhart, "capstat_core": capstat_core}[name](kind)
    data = shaped(kind, size)
    call(data[:20])
    start = time.perf_counter()
    call(data)
    print(time.perf_counter() - start)


def shaped(kind, size):
    """Return individuals, or subgroups of 5 with ``size`` values in all."""
    return series(size) if kind == "i_mr" else series(size // 5 * 5).reshape(-1, 5)


def peer_seconds(name, kind, size, limit):
    """Return the time of one call in a process of its own; a word where there is none."""
    if importlib.util.find_spec(name) is None:
        return "not installed"
    command = [sys.executable, "-m", "tests.perf.engine", "--run-peer", name, kind, str(size)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return f"> {limit} s"
    return float(done.stdout) if done.returncode == 0 else "fails"


def ours(name, data):
    """Estimate limits from the data and judge all of it by eight rules."""
    chart = CHARTS[name]
    return chart.monitor(chart.estimate(data), NELSON).run(data)


def seconds(call, repeat=REPEAT):
    """Return the median and the best wall time of a call: the best is what the code needs, the rest is the machine's."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times), min(times)


def append_seconds(name, history):
    """Return the median and the best time of one ``step`` after ``history``, over blocks of 1000 steps."""
    chart = CHARTS[name]
    monitor = chart.monitor(chart.estimate(history), NELSON)
    state = monitor.run(history).state
    rows = [Observation(tuple(np.atleast_1d(row).tolist())) for row in shaped(name, 100_000)[:20_000]]
    blocks = []
    for first in range(0, len(rows), 1000):
        block = rows[first : first + 1000]
        start = time.perf_counter()
        for row in block:
            state, _ = monitor.step(state, row)
        blocks.append((time.perf_counter() - start) / len(block))
    return statistics.median(blocks), min(blocks)


def memory_ratio(data):
    """Return the peak memory of limits and a batch run over the size of its input."""
    tracemalloc.start()
    run = ours("i_mr", data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(run.panels) == 2
    return peak / data.nbytes


def import_seconds():
    """Return how long a new process takes to import the engine and all charts, beyond starting Python."""
    code = "import time; t = time.perf_counter(); from spc_desktop.spc import CHARTS; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(REPEAT)
    ]
    return statistics.median(times), min(times)


def shown(number):
    """Return a time with three digits that count, in s, ms or us."""
    if isinstance(number, str):
        return number
    for factor, unit in ((1, "s"), (1e3, "ms")):
        if number * factor >= 1:
            return f"{number * factor:.3g} {unit}"
    return f"{number * 1e6:.3g} us"


def line(what, found, target, others=()):
    """Print one result beside its target, the peers, and the ratio to the fastest of them."""
    median, best = found
    rivals = [time for time in others if not isinstance(time, str)]
    ratio = f"{min(rivals) / median:,.0f} x" if rivals else ""
    cells = [f"{shown(time):>14}" for time in others] + [" " * 14] * (len(PEERS) - len(others))
    print(f"{what:<34}{shown(median):>9}{shown(best):>9}{target:>9}{''.join(cells)}{ratio:>11}", flush=True)


def main():
    """Run everything; the exit status is 0 whatever the times."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1_000_000, help="the longest series")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that one call to a peer may take")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--run-peer", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run_peer:
        name, kind, size = asked.run_peer
        run_peer(name, kind, int(size))
        return
    names = () if asked.no_peers else PEERS
    sizes = sorted({min(size, asked.points) for size in (1_000, 100_000, asked.points)})

    def rivals(kind, size):
        return [peer_seconds(name, kind, size, asked.limit) for name in names]

    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print(f"{'':<34}{'median':>9}{'best':>9}{'target':>9}{''.join(f'{name:>14}' for name in names)}{'ratio':>11}")
    histories = {size: rivals("i_mr", size) for size in sizes}
    for size in sizes[1:]:
        data, target = series(size), {100_000: "20 ms", 1_000_000: "400 ms"}.get(size, "")
        line(f"I-MR, 8 rules, {size} points", seconds(lambda d=data: ours("i_mr", d)), target, histories[size])
    groups = shaped("xbar_r", asked.points)
    target = "150 ms" if groups.size == 1_000_000 else ""
    theirs = rivals("xbar_r", asked.points)
    line(f"Xbar-R, 8 rules, {groups.size} values", seconds(lambda: ours("xbar_r", groups)), target, theirs)
    for size in sizes:
        line(f"append a point after {size}", append_seconds("i_mr", series(size)), "5 us", histories[size])
    line("append a subgroup after 100000", append_seconds("xbar_r", shaped("xbar_r", 500_000)), "5 us")
    western = RULE_SETS["western_electric"]
    line("run length of Western Electric", seconds(lambda: rule_run_length(western)), "200 ms")
    line("import of engine and charts", import_seconds(), "")
    print(
        f"memory of I-MR, {asked.points} points: {memory_ratio(series(asked.points)):.1f} times its input (target 10)"
    )
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
