"""Benchmark of the engine: ``python -m tests.perf.engine [--points 1000000] [--peers 100000]``.

Prints limits with all eight Nelson rules for individuals, Xbar-R, one point appended to a long history, the run length of
the Western Electric rules, memory and import time, each beside its target. Peers that are installed (the extra ``peers``)
run on the same data up to ``--peers`` points; appending a point to them means judging the history anew.
"""

import argparse
import importlib
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


def peers():
    """Return name -> functions for individuals with eight rules and for Xbar-R, of the packages that are here."""
    found = {}
    for name, make in (("pccpy", _pccpy), ("shewhart", _shewhart), ("capstat_core", _capstat)):
        try:
            found[name] = make(importlib.import_module(name))
        except ImportError:
            continue
    return found


def _pccpy(package):
    return (
        lambda x: package.imr_chart(x, tests="all").violations,
        lambda x: package.xbar_r_chart(x, tests="all").violations,
    )


def _shewhart(package):
    pandas = importlib.import_module("pandas")  # its own dependency; it takes subgroups as a table only

    def xbar(x):
        table = pandas.DataFrame({"value": x.ravel(), "batch": np.repeat(np.arange(len(x)), x.shape[1])})
        return package.xbar_r(table, value="value", subgroup="batch", rules="nelson").signals

    return lambda x: package.imr(x, rules="nelson").signals, xbar


def _capstat(package):
    def individuals(x):
        return package.nelson_rules(package.i_mr_chart(x).location)

    return individuals, lambda x: package.nelson_rules(package.xbar_r_chart(x).location)


def ours(name, data):
    """Estimate limits from the data and judge all of it by eight rules."""
    chart = CHARTS[name]
    return chart.monitor(chart.estimate(data), NELSON).run(data)


def seconds(call, repeat=7):
    """Return the best and the median wall time of a call: the best is what the code needs, the rest is the machine's."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times), statistics.median(times)


def append_microseconds(name, data):
    """Return the best and the median time of one ``step`` after all of ``data``, over blocks of 1000 steps."""
    chart = CHARTS[name]
    monitor = chart.monitor(chart.estimate(data), NELSON)
    state = monitor.run(data).state
    rows = [Observation(tuple(np.atleast_1d(row).tolist())) for row in data[:20_000]]
    blocks = []
    for first in range(0, len(rows), 1000):
        block = rows[first : first + 1000]
        start = time.perf_counter()
        for row in block:
            state, _ = monitor.step(state, row)
        blocks.append((time.perf_counter() - start) / len(block))
    return min(blocks) * 1e6, statistics.median(blocks) * 1e6


def memory_ratio(data):
    """Return the peak memory of a batch run over the size of its input."""
    chart = CHARTS["i_mr"]
    monitor = chart.monitor(chart.estimate(data), NELSON)
    tracemalloc.start()
    run = monitor.run(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(run.panels) == 2
    return peak / data.nbytes, peak / data.nbytes


def import_seconds():
    """Return how long a new process takes to import the engine and all charts, beyond starting Python."""
    code = "import time; t = time.perf_counter(); from spc_desktop.spc import CHARTS; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    return min(times), statistics.median(times)


def line(what, found, unit, target):
    """Print the best and the median of one result beside its target."""
    best, median = found
    print(f"{what:<46}{best:>11.4g}{median:>11.4g} {unit:<3} {target}", flush=True)


def main():
    """Run everything; the exit status is always 0, because times depend on the machine."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--peers", type=int, default=100_000, help="most points for the peers; 0 leaves them out")
    asked = parser.parse_args()
    values = np.random.default_rng(1).normal(10.0, 1.0, max(asked.points, asked.peers, 1000))
    whole = values[: asked.points]
    few = values[:100_000]
    print(f"{'':<46}{'best':>11}{'median':>11}")
    line(f"I-MR, 8 rules, {len(whole)} points", seconds(lambda: ours("i_mr", whole)), "s", "<= 0.4 for 1e6")
    line(f"I-MR, 8 rules, {len(few)} points", seconds(lambda: ours("i_mr", few)), "s", "<= 0.02 for 1e5")
    groups = whole[: len(whole) // 5 * 5].reshape(-1, 5)
    line(f"Xbar-R, 8 rules, {groups.size} values", seconds(lambda: ours("xbar_r", groups)), "s", "<= 0.15 for 1e6")
    line("append to I-MR", append_microseconds("i_mr", few), "us", "<= 5")
    line("append to Xbar-R, n = 5", append_microseconds("xbar_r", few.reshape(-1, 5)), "us", "<= 5")
    western = RULE_SETS["western_electric"]
    line("run length of Western Electric", seconds(lambda: rule_run_length(western)), "s", "<= 0.2")
    line("memory of I-MR over its input", memory_ratio(whole), "x", "<= 10")
    line("import of the engine with all charts", import_seconds(), "s", "")
    sizes = [size for size in (10_000, 100_000, 1_000_000) if size <= asked.peers]
    for name, (individuals, xbar) in peers().items():
        for size in sizes:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                one = seconds(lambda f=individuals, n=size: f(values[:n]), 1)
                other = seconds(lambda f=xbar, n=size: f(values[:n].reshape(-1, 5)), 1)
            line(f"{name}: I-MR, 8 rules, {size} points", one, "s", "and to append one point")
            line(f"{name}: Xbar-R, 8 rules, {size} values", other, "s", "")


if __name__ == "__main__":
    main()
