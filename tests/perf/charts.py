"""What drawing costs: ``python -m tests.perf.charts`` prints a table. No test: times depend on the machine.

``--cpu`` counts processor time instead of the wall clock, for a machine that others use at the same time (loop lag stays on
the wall clock). Runs on the real screen, on Xvfb, or offscreen (the default where there is no display).
"""

import asyncio
import gc
import os
import sys
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter, process_time

if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY") and sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import qasync
from PySide6.QtWidgets import QApplication, QGridLayout, QWidget

from spc_desktop.domain.point import PanelColumns, PanelValue, Point, PointColumns, PointMark
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.spc.run_rules import Violation
from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.theme import Theme

now = process_time if "--cpu" in sys.argv else perf_counter

START = datetime(2026, 1, 11, tzinfo=UTC)
PANELS = (PanelSpec("xbar", "X̄"), PanelSpec("r", "R", role="dispersion", symmetric=False))
MILLION = 1_000_000


def columns(count: int, flagged: float = 0.0066) -> PointColumns:
    """Return a page of ``count`` points, a share of them flagged (rules 1 and 2 of a process in control)."""
    random = np.random.default_rng(1)
    mean, spread = 74 + 0.0045 * random.standard_normal(count), 0.023 + 0.006 * random.standard_normal(count)
    flags = np.flatnonzero(random.random(count) < flagged)
    mean[flags] += 0.015
    marks = [PointMark(index=int(at), violations=(("xbar", Violation("nelson_1", (int(at),))),)) for at in flags]

    return PointColumns(
        characteristic_id=1,
        first_index=0,
        count=count,
        total=count,
        measured_at=(START.timestamp() + 60.0 * np.arange(count)).astype("<f8").tobytes(),
        subgroup_number=np.arange(1, count + 1).astype("<i8").tobytes(),
        panels=(
            _panel("xbar", mean, 74.0, 73.9866, 74.0134, 0.00447),
            _panel("r", spread, 0.023, 0.0, 0.0486, np.nan),
        ),
        marks=tuple(marks),
    )


def _panel(key: str, value: np.ndarray, *levels: float) -> PanelColumns:
    center, low, high, sigma = (np.full(len(value), level, "<f8").tobytes() for level in levels)
    return PanelColumns(key=key, value=value.astype("<f8").tobytes(), center=center, lcl=low, ucl=high, sigma=sigma)


def point(index: int) -> Point:
    """Return the next point of such a chart."""
    value = 74 + 0.004 * np.sin(index)
    xbar = PanelValue(value, 74.0, 73.9866, 74.0134, 0.00447)
    spread = PanelValue(0.023 + 0.005 * np.cos(index), 0.023, 0.0, 0.0486)
    return Point(
        characteristic_id=1,
        index=index,
        subgroup_number=index + 1,
        measured_at=START + timedelta(minutes=index),
        values=(value,),
        panels=(xbar, spread),
    )


def frame(chart: ControlChart) -> float:
    """Draw and paint one frame; return the seconds."""
    started = now()
    chart.draw()
    chart.viewport().repaint()
    return now() - started


def made(count: int, width: int = 1200, height: int = 600) -> ControlChart:
    """Return a chart on screen with ``count`` points."""
    chart, series = ControlChart(FrameClock()), Series(1, ["xbar", "r"])
    chart.resize(width, height)
    series.load(columns(count))
    chart.show()
    chart.show_series(series, PANELS, name="Bore")
    QApplication.processEvents()  # exposes the window: without it nothing is painted
    frame(chart)
    return chart


def opening() -> tuple[float, float]:
    """Return the seconds to open a million points: the newest in view, and all of them in view."""
    page, chart, series = columns(MILLION), ControlChart(FrameClock()), Series(1, ["xbar", "r"])
    chart.resize(1200, 600)
    chart.show()
    QApplication.processEvents()
    started = now()
    series.load(page)
    chart.show_series(series, PANELS, name="Bore")
    frame(chart)
    newest = now() - started
    chart.show_all()
    frame(chart)
    return newest, now() - started


def panning(count: int, span: int) -> tuple[float, float]:
    """Return median and 99th percentile in seconds of a frame while panning over ``span`` of ``count`` points."""
    chart, times = made(count), []
    for step in range(120):
        low = (count - span) * step / 120
        chart.set_view(low, low + span)
        times.append(frame(chart))
    return median(times), float(np.quantile(times, 0.99))


def appending(count: int) -> tuple[float, float]:
    """Return median seconds to append one point, and to append and paint it, to a chart with ``count`` points."""
    chart = made(count)
    series, adding, whole = chart.series, [], []
    for _ in range(200):
        started = now()
        series.apply([point(series.end)])
        adding.append(now() - started)
        frame(chart)
        whole.append(now() - started)
    return median(adding), median(whole)


def many(charts: int, live: int) -> tuple[float, float]:
    """Return median and 99th percentile of a frame of the clock with ``charts`` on one page, ``live`` of them changing."""
    page, clock = QWidget(), FrameClock()
    grid, all_charts = QGridLayout(page), []
    for at in range(charts):
        chart, series = ControlChart(clock), Series(1, ["xbar", "r"])
        series.load(columns(1000))
        chart.show_series(series, PANELS[:1])
        grid.addWidget(chart, at // 6, at % 6)
        all_charts.append(chart)
    page.resize(1800, 1000)
    page.show()
    QApplication.processEvents()
    for chart in all_charts:
        frame(chart)
    times = []
    for _ in range(40):
        for chart in all_charts[:live]:
            chart.series.apply([point(chart.series.end)])
        started = now()
        for chart in all_charts[:live]:
            chart.draw()
            chart.viewport().repaint()
        times.append(now() - started)
    page.close()
    return median(times), float(np.quantile(times, 0.99))


async def loop_lag(charts: int, seconds: float = 5.0) -> tuple[float, float]:
    """Return median and 99th percentile of how late a 5 ms sleep wakes while ``charts`` animate at the frame clock's pace."""
    clock, page = FrameClock(), QWidget()
    grid, shown = QGridLayout(page), []
    for at in range(charts):
        chart, series = ControlChart(clock), Series(1, ["xbar", "r"])
        series.load(columns(10_000))
        chart.show_series(series, PANELS)
        grid.addWidget(chart, at // 3, at % 3)
        shown.append(chart)
    page.resize(1500, 900)
    page.show()
    await asyncio.sleep(0.5)
    late, ends = [], perf_counter() + seconds
    turn = 0
    while perf_counter() < ends:
        turn += 1
        if turn % 4 == 0:  # every chart gets a new point 50 times a second
            for chart in shown:
                chart.series.apply([point(chart.series.end)])
                chart.changed()
        started = perf_counter()
        await asyncio.sleep(0.005)
        late.append(max(0.0, perf_counter() - started - 0.005))
    page.close()
    return median(late), float(np.quantile(late, 0.99))


def row(name: str, value: str, wanted: str = "") -> None:
    """Print one line of the table."""
    print(f"{name:<58} {value:>22}  {wanted}", flush=True)


def main() -> None:
    """Measure and print."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    Theme(application).apply("light")
    loop = qasync.QEventLoop(application)
    asyncio.set_event_loop(loop)
    print(f"platform {application.platformName()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    newest, everything = opening()
    row("open 1e6 points: newest in view", f"{newest * 1000:.0f} ms", "<= 1000 ms")
    row("open 1e6 points: all in view", f"{everything * 1000:.0f} ms", "<= 1000 ms")
    for span in (500, 10_000, MILLION // 2):
        middle, worst = panning(MILLION, span)
        rate = f"{middle * 1000:.1f} / {worst * 1000:.1f} ms = {1 / middle:.0f} fps"
        row(f"pan 1e6 points, {span:,} in view: frame p50 / p99", rate, ">= 30 fps")
    for count in (1000, MILLION):
        adding, whole = appending(count)
        row(
            f"append one point to {count:,}", f"{adding * 1e6:.1f} us, drawn {whole * 1000:.2f} ms", "the same for both"
        )
    gc.collect()
    middle, worst = many(24, 1)
    row("24 charts, 1 changed: frame p50 / p99", f"{middle * 1000:.1f} / {worst * 1000:.1f} ms", "<= 8 ms")
    middle, worst = many(24, 24)
    row("24 charts, all changed at once: p50 / p99 (in turns)", f"{middle * 1000:.1f} / {worst * 1000:.1f} ms")
    middle, worst = loop.run_until_complete(loop_lag(6))
    row(
        "loop lag, 6 charts (12 panels) animating: p50 / p99",
        f"{middle * 1000:.1f} / {worst * 1000:.1f} ms",
        "<= 20 ms",
    )
    loop.close()


if __name__ == "__main__":
    main()
