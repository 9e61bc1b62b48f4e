"""The six panels of a capability study in the usual order: location, dispersion, last subgroups, histogram, probability
plot, capability plot; and their counterparts for counts."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from spc_desktop.domain.point import PanelValue
from spc_desktop.domain.review import Law, Review
from spc_desktop.i18n import _, marked
from spc_desktop.spc.capability.attribute import BinomialCapability
from spc_desktop.ui.capability.plot import Plot, Span, span_of
from spc_desktop.ui.capability.words import LAWS, index_text, p_text
from spc_desktop.ui.charts.style import Style
from spc_desktop.ui.charts.words import decimals_for, number

FloatArray = NDArray[np.float64]

TITLES = (
    marked("Location"),
    marked("Dispersion"),
    marked("Last {n} subgroups"),
    marked("Histogram"),
    marked("Probability plot"),
    marked("Capability plot"),
)
COUNT_TITLES = (
    marked("Chart"),
    marked("Rate so far"),
    marked("Last {n} subgroups"),
    marked("Histogram of the rates"),
    marked("Rate by size"),
    marked("Confidence interval of the rate"),
)
PANELS = len(TITLES)
_PERCENTS = (0.1, 1, 5, 20, 50, 80, 95, 99, 99.9)
_LAST = 25


class Place(NamedTuple):
    """Where a panel is painted."""

    painter: QPainter
    box: QRectF
    style: Style
    ratio: float
    """Dots per pixel of a screen, 0 for files."""


def paint_panel(at: int, review: Review, place: Place) -> None:
    """Paint panel 0 to 5 of a review."""
    titles = COUNT_TITLES if review.watch.counts else TITLES
    painters = _COUNTS if review.watch.counts else _MEASURED
    title = _(titles[at], n=min(_LAST, len(review.used))) if "{n}" in titles[at] else _(titles[at])
    place.painter.save()
    plot = Plot(place.painter, place.box, place.style, f"{at + 1}  {title}", place.ratio)
    if not review.used:
        plot.say(_("No points yet."))
    else:
        painters[at](plot, review)
    place.painter.restore()


# -- measured values ---------------------------------------------------------------------------------------------------


def _panel_of(review: Review, *, dispersion: bool) -> int | None:
    panels = enumerate(review.watch.chart.panels)
    return next((at for at, spec in panels if (spec.role == "dispersion") == dispersion), None)


def _location(plot: Plot, review: Review) -> None:
    _chart(plot, review, dispersion=False)


def _dispersion(plot: Plot, review: Review) -> None:
    _chart(plot, review, dispersion=True)


def _chart(plot: Plot, review: Review, *, dispersion: bool) -> None:
    at = _panel_of(review, dispersion=dispersion)
    if at is None:
        plot.say(_("This chart has no such panel."))
        return
    points = review.points
    rows = [point.panels[at] if at < len(point.panels) else PanelValue(None) for point in points]
    x = np.array([point.index + 1.0 for point in points])
    values, centre, low, high = (_column(rows, name) for name in ("value", "center", "lcl", "ucl"))
    excluded = np.array([point.excluded for point in points])
    signalled = np.array([bool(row.violations) for row in rows]) & ~excluded
    shown = np.where(excluded, np.nan, values)
    names = _names(review, float(low[-1]), float(centre[-1]), float(high[-1]))
    right = max((plot.style.metrics.horizontalAdvance(name) for _value, _pen, name in names), default=0.0) + 8
    plot.axes(Span(x[0] - 0.5, x[-1] + 0.5), span_of(values, centre, low, high), right=right)
    for line, pen in ((high, "limit"), (low, "limit"), (centre, "center")):
        plot.curve(x, line, pen)
    for value, pen, name in names:
        plot.name(value, pen, name)
    plot.curve(x, shown, "data")
    plot.points(x, np.where(signalled, np.nan, shown), "ok")
    plot.points(x, np.where(signalled, shown, np.nan), "violation")
    plot.points(x, np.where(excluded, values, np.nan), "excluded")


def _names(review: Review, low: float, centre: float, high: float) -> list[tuple[float, str, str]]:
    """Return the lines that are named at the right: those in force at the last point."""
    decimals = decimals_for(high - low, review.watch.characteristic.decimals)
    lines = ((high, "limit", "UCL"), (centre, "center", "CL"), (low, "limit", "LCL"))
    return [(value, pen, f"{name} {number(value, decimals)}") for value, pen, name in lines if np.isfinite(value)]


def _column(rows: Sequence[PanelValue], name: str) -> FloatArray:
    return np.array([np.nan if (value := getattr(row, name)) is None else value for row in rows], dtype=np.float64)


def _last(plot: Plot, review: Review) -> None:
    points = review.used[-_LAST:]
    x = np.concatenate([np.full(len(point.values), point.index + 1.0) for point in points])
    y = np.concatenate([np.asarray(point.values, dtype=np.float64) for point in points])
    characteristic = review.watch.characteristic
    plot.axes(Span(x[0] - 0.5, x[-1] + 0.5), span_of(y, review.values.mean()))
    plot.across(float(review.values.mean()), "center")
    for limit in (characteristic.lsl, characteristic.usl):
        if limit is not None:
            plot.across(limit, "spec")
    plot.points(x, y, "ok")


def _histogram(plot: Plot, review: Review) -> None:
    values, characteristic = review.values, review.watch.characteristic
    edges, counts = _bins(values)
    x = span_of(values, characteristic.lsl, characteristic.usl, characteristic.target)
    grid = np.linspace(x.low, x.high, 240)
    wide = (edges[1] - edges[0]) * values.size
    curves = [(pen, density * wide) for pen, density in _densities(review, grid)]
    top = max([float(counts.max()), *(float(np.nanmax(curve)) for _pen, curve in curves if np.isfinite(curve).any())])
    plot.axes(x, Span(0.0, top * 1.18))
    plot.bars(edges, counts)
    for pen, curve in curves:
        plot.curve(grid, curve, pen)
    for limit, name in ((characteristic.lsl, "LSL"), (characteristic.target, "T"), (characteristic.usl, "USL")):
        if limit is not None:
            plot.upright(limit, "spec", name)


def _bins(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Freedman and Diaconis (1981), between 6 and 40 bars."""
    spread = float(np.ptp(values))
    if spread <= 0:
        return np.array([values[0] - 0.5, values[0] + 0.5]), np.array([float(values.size)])
    quartiles = np.quantile(values, [0.25, 0.75])
    wide = 2 * float(quartiles[1] - quartiles[0]) / values.size ** (1 / 3)
    bars = int(np.clip(np.ceil(spread / wide) if wide > 0 else 12, 6, 40))
    counts, edges = np.histogram(values, bins=bars)
    return edges, counts.astype(np.float64)


def _densities(review: Review, grid: FloatArray) -> list[tuple[str, FloatArray]]:
    found: list[tuple[str, FloatArray]] = []
    study = review.study
    if study is None or review.law is None:
        return found
    if review.law.name == "normal" and study.within is not None:
        found.append(("ghost", _density(grid, (grid - study.mean) / study.within.sigma)))
    found.append(("center", _density(grid, review.law.score(grid))))
    return found


def _density(grid: FloatArray, score: FloatArray) -> FloatArray:
    """Return phi(z) dz/dx: the density of the law whose normal score is z(x)."""
    with np.errstate(invalid="ignore"):
        density: FloatArray = np.exp(-0.5 * score**2) / np.sqrt(2 * np.pi) * np.gradient(score, grid)
    return density


def _probability(plot: Plot, review: Review) -> None:
    from scipy.special import ndtri  # noqa: PLC0415

    ordered = np.sort(review.values)
    size = ordered.size
    heights = ndtri((np.arange(1, size + 1) - 0.3) / (size + 0.4))  # median ranks (Benard 1953)
    ticks = [(float(ndtri(percent / 100)), f"{percent:g}") for percent in _PERCENTS]
    x = span_of(ordered)
    plot.axes(x, Span(min(-3.2, float(heights[0]) - 0.2), max(3.2, float(heights[-1]) + 0.2)), left=ticks)
    law = review.law
    if law is not None:
        grid = np.linspace(x.low, x.high, 200)
        line = law.score(grid)
        plot.curve(grid, np.where((line > plot.y.low) & (line < plot.y.high), line, np.nan), "center")
    shown = slice(None) if size <= 2000 else np.unique(np.linspace(0, size - 1, 2000).astype(int))
    plot.points(ordered[shown], heights[shown], "ok")
    plot.note(_fit_lines(review, law))


def _fit_lines(review: Review, law: Law | None) -> list[str]:
    if law is None:
        return []
    lines = [_(LAWS[law.name])]
    if law.name == "normal" and review.normality is not None:
        lines.append(f"AD {review.normality.statistic:.3f}")
    if law.p is not None:
        lines.append(_("p-value: {p}", p=p_text(law.p)))
    return lines


def _capability(plot: Plot, review: Review) -> None:
    study = review.study
    characteristic = review.watch.characteristic
    if study is None:
        plot.say(_("No index."))
        return
    bars = []
    if study.within is not None:
        within = study.within
        text = _("Within: Cp {cp}, Cpk {cpk}", cp=index_text(within.cp), cpk=index_text(within.cpk))
        bars.append((study.mean - 3 * within.sigma, study.mean + 3 * within.sigma, "data", text))
    overall = study.overall
    text = _("Overall: Pp {pp}, Ppk {ppk}", pp=index_text(overall.cp), ppk=index_text(overall.cpk))
    bars.append((study.mean - 3 * overall.sigma, study.mean + 3 * overall.sigma, "center", text))
    low = -np.inf if characteristic.lsl is None else characteristic.lsl
    high = np.inf if characteristic.usl is None else characteristic.usl
    bars.append((low, high, "spec", _("Specification")))
    plot.axes(
        span_of([bar[0] for bar in bars], [bar[1] for bar in bars], characteristic.target),
        Span(0.0, len(bars)),
        left=(),
    )
    for at, (start, end, pen, words) in enumerate(bars):
        plot.beam(start, end, len(bars) - at - 0.75, pen, words)


# -- counts ------------------------------------------------------------------------------------------------------------


def _rates(review: Review) -> tuple[FloatArray, FloatArray, FloatArray]:
    used = review.used
    counts = np.array([point.values[0] for point in used], dtype=np.float64)
    sizes = np.array([1.0 if point.size is None else point.size for point in used], dtype=np.float64)
    return np.array([point.index + 1.0 for point in used]), counts, sizes


def _mean_rate(review: Review) -> tuple[float, tuple[float, float]]:
    counts = review.counts
    if counts is None:
        return float("nan"), (float("nan"), float("nan"))
    return (counts.p if isinstance(counts, BinomialCapability) else counts.dpu), counts.interval


def _so_far(plot: Plot, review: Review) -> None:
    x, counts, sizes = _rates(review)
    rate = np.cumsum(counts) / np.cumsum(sizes)
    mean, (low, high) = _mean_rate(review)
    plot.axes(Span(x[0] - 0.5, x[-1] + 0.5), span_of(rate, low, high))
    plot.across(mean, "center")
    for end in (low, high):
        plot.across(end, "ghost")
    plot.curve(x, rate, "data")
    plot.points(x, rate, "ok")


def _last_rates(plot: Plot, review: Review) -> None:
    x, counts, sizes = (part[-_LAST:] for part in _rates(review))
    rates = counts / sizes
    mean, _interval = _mean_rate(review)
    plot.axes(Span(x[0] - 0.5, x[-1] + 0.5), span_of(rates, mean, 0.0))
    plot.across(mean, "center")
    plot.points(x, rates, "ok")


def _rate_histogram(plot: Plot, review: Review) -> None:
    _x, counts, sizes = _rates(review)
    edges, heights = _bins(counts / sizes)
    mean, _interval = _mean_rate(review)
    plot.axes(span_of(edges, mean), Span(0.0, float(heights.max()) * 1.18))
    plot.bars(edges, heights)
    plot.upright(mean, "center")


def _by_size(plot: Plot, review: Review) -> None:
    _x, counts, sizes = _rates(review)
    mean, _interval = _mean_rate(review)
    plot.axes(span_of(sizes), span_of(counts / sizes, mean))
    plot.across(mean, "center")
    plot.points(sizes, counts / sizes, "ok")


def _interval(plot: Plot, review: Review) -> None:
    mean, interval = _mean_rate(review)
    plot.axes(span_of(0.0, *interval), Span(0.0, 1.0), left=())
    plot.beam(*interval, 0.5, "data", f"{mean:.4g} ({interval[0]:.4g} – {interval[1]:.4g})")
    plot.upright(mean, "center")


_Painter = Callable[[Plot, Review], None]
_MEASURED: tuple[_Painter, ...] = (_location, _dispersion, _last, _histogram, _probability, _capability)
_COUNTS: tuple[_Painter, ...] = (_location, _so_far, _last_rates, _rate_histogram, _by_size, _interval)
