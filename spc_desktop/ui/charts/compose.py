"""From a series and a visible stretch to a picture: which points, lines and texts a panel shows. No pixels here.

Nothing that was signalled is left out by decimation; symbols of ordinary points, and texts, need room and are for close views.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.charts import decimate
from spc_desktop.ui.charts.picture import (
    Dots,
    Group,
    Label,
    Levels,
    Mark,
    Picture,
    SpecLimits,
    Stage,
    Strokes,
    Zone,
)
from spc_desktop.ui.charts.series import PanelSeries, Series
from spc_desktop.ui.charts.words import first_digit

FloatArray = NDArray[np.float64]
Positions = NDArray[np.int64]

MAX_SYMBOLS = 2000
"""In-control points get a symbol up to so many visible points; signals get theirs always."""
MAX_LABELS = 200
"""More texts than that cannot be read."""
MAX_ZONES = 400
LIMITS = ("center", "lcl", "ucl")


@dataclass(slots=True)
class Wishes:
    """What a panel was asked to show beside its points."""

    provisional: Levels | None = None
    ghost: Levels | None = None
    zones: bool = False
    spec: SpecLimits = field(default_factory=SpecLimits)
    stages: Sequence[Stage] = ()
    marks: Mapping[int, Mark] = field(default_factory=dict)
    groups: Sequence[Group] = ()


@dataclass(slots=True)
class Composed:
    """A picture, and what the axes need to know of it."""

    picture: Picture
    levels: list[float]
    """Heights of limits that have to be in view."""
    newest: dict[str, float]
    """The limits at the right edge."""


def compose(spec: PanelSpec, wishes: Wishes, series: Series, first: int, last: int) -> Composed:
    """Return the picture of positions ``[first, last)`` of a panel."""
    panel, base = series.panels[spec.key], series.base
    x, y = decimate.line(panel, base, first, last)
    finite = np.isfinite(y)
    picture = Picture(line=Dots(x, y), whole=bool(finite.all()), spec=wishes.spec.lines())
    picture.revision = (series.revision, series.end - 2)
    close = last - first <= MAX_SYMBOLS
    special = _symbols(picture, series, panel, first, last, with_spec=spec.role == "location")
    if close:
        shown = finite.copy()
        shown[special - first] = False
        picture.dots["ok"] = Dots(x[shown], y[shown])
        _texts(picture, spec, series, panel, first, last)
        if spec.role == "location":
            _marks(picture, wishes, panel, base, first, last)
        if not picture.whole:
            _gaps(picture, series, panel, first, last)
    for group in wishes.groups:
        picture.groups.append((group.name, _group(group, panel, base, first, last)))
    composed = Composed(picture, [], {})
    _limits(composed, spec, wishes, series, panel, first, last)
    named = spec.role == "location"  # once is enough
    inside = [stage for stage in wishes.stages if first < stage.first < last]
    picture.stages = [(stage.first - 0.5, stage.name if named else "") for stage in inside]
    if wishes.ghost:
        picture.ghost = wishes.ghost.named()
        composed.levels += [value for _, value in picture.ghost]
    return composed


def _at(panel: PanelSeries, base: int, positions: Positions, visible: int) -> Dots:
    return Dots(*decimate.marked(positions, panel.value[positions - base], visible))


def _symbols(
    picture: Picture, series: Series, panel: PanelSeries, first: int, last: int, *, with_spec: bool
) -> Positions:
    """Put in what is special and return its positions."""
    violating = panel.violations.between(first, last)
    excluded = series.excluded.between(first, last)
    out = series.out_of_spec.between(first, last) if with_spec else excluded[:0]
    if len(excluded):
        out = np.setdiff1d(out, excluded, assume_unique=True)
    judged = violating
    if len(violating) and (len(excluded) or len(out)):
        judged = np.setdiff1d(violating, np.union1d(excluded, out), assume_unique=True)
    for kind, positions in (("excluded", excluded), ("violation", judged), ("out_of_spec", out)):
        if len(positions):
            picture.dots[kind] = _at(panel, series.base, positions, last - first)
    return np.concatenate((violating, out, excluded))


def _texts(picture: Picture, spec: PanelSpec, series: Series, panel: PanelSeries, first: int, last: int) -> None:
    out = series.out_of_spec.between(first, last) if spec.role == "location" else series.out_of_spec.all[:0]
    violating = panel.violations.between(first, last)
    if len(out) + len(violating) > MAX_LABELS:
        return
    excluded = set(series.excluded.between(first, last).tolist())
    heights = panel.value[violating - series.base].tolist()
    for position, height in zip(violating.tolist(), heights, strict=True):
        text = first_digit(series.marks.get(position), spec.key)
        if text and isfinite(height):
            picture.labels.append(Label(position, height, text, "rule"))
    for position, height in zip(out.tolist(), panel.value[out - series.base].tolist(), strict=True):
        if position not in excluded and isfinite(height):
            picture.labels.append(Label(position, height, "OOS", "oos"))


def _marks(picture: Picture, wishes: Wishes, panel: PanelSeries, base: int, first: int, last: int) -> None:
    for position, mark in wishes.marks.items():
        if first <= position < last:
            height = float(panel.value[position - base])
            if np.isfinite(height):
                picture.marks.append((float(position), height, mark))


def _gaps(picture: Picture, series: Series, panel: PanelSeries, first: int, last: int) -> None:
    """Mark runs of missing values between the values around them; the first moving range has none and is no gap."""
    y = panel.value[first - series.base : last - series.base]
    missing = np.isnan(y)
    missing[: max(0, series.loaded_from - first)] = False
    edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(np.int8)))
    for start, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if start + first == 0:
            continue  # nothing before it is broken
        around = [float(y[at]) for at in (start - 1, stop) if 0 <= at < len(y) and np.isfinite(y[at])]
        if around:
            picture.gaps.append((first + (start + stop - 1) / 2, sum(around) / len(around)))


def _group(group: Group, panel: PanelSeries, base: int, first: int, last: int) -> Dots:
    positions = np.asarray(group.positions, np.int64)
    inside = positions[(positions >= first) & (positions < last)]
    return Dots(inside.astype(np.float64), panel.value[inside - base])


def staircase(starts: Positions, ends: Positions, levels: FloatArray) -> Strokes:
    """Return limits that are constant over stretches of positions as one line.

    Where limits change with every point (sizes vary) the stretches are joined to a staircase; where they change once
    (a new stage) they are not.
    """
    x = np.column_stack((starts - 0.5, ends - 0.5)).ravel()
    joints = np.zeros(len(x), np.int32)
    joints[::2] = 1
    if len(starts) > 1:
        short = ends - starts == 1
        joints[1:-1:2] = (short[:-1] | short[1:]) & (ends[:-1] == starts[1:])
    return Strokes(x, np.repeat(levels, 2), joints)


def _limits(
    composed: Composed, spec: PanelSpec, wishes: Wishes, series: Series, panel: PanelSeries, first: int, last: int
) -> None:
    picture, base = composed.picture, series.base
    starts, ends = decimate.steps(panel, base, first, last)
    learning = series.learning.between(first, last)
    dotted = np.isin(starts, learning, assume_unique=True) if len(learning) else np.zeros(len(starts), bool)
    for name in LIMITS:
        y = panel.columns[name][starts - base]
        known = np.isfinite(y)
        if not known.any():
            continue
        composed.levels += [float(np.nanmin(y)), float(np.nanmax(y))]
        if known[-1]:
            composed.newest[name] = float(y[-1])
        keep = known & ~dotted
        if keep.any():
            picture.limits[name] = staircase(starts[keep], ends[keep], y[keep])
    if wishes.zones and spec.symmetric and spec.zones:
        picture.zones = _zones(panel, base, starts[~dotted], ends[~dotted])
    if dotted.any():
        _dotted(composed, wishes, panel, base, starts[dotted], ends[dotted])


def _dotted(
    composed: Composed, wishes: Wishes, panel: PanelSeries, base: int, starts: Positions, ends: Positions
) -> None:
    """Limits that judge nothing: the columns of learning points, else the estimate handed in."""
    lines: list[tuple[float, float, float]] = []
    for name in LIMITS:
        y = panel.columns[name][starts - base]
        known = np.isfinite(y)
        stretches = zip(starts[known].tolist(), ends[known].tolist(), y[known].tolist(), strict=True)
        lines += [(start - 0.5, stop - 0.5, level) for start, stop, level in stretches]
    if wishes.provisional and not lines:
        for name in LIMITS:
            level = getattr(wishes.provisional, name)
            if level is not None:
                lines.append((float(starts[0]) - 0.5, float(ends[-1]) - 0.5, level))
                composed.newest.setdefault(name, level)
    composed.picture.dotted = lines
    composed.levels += [level for _, _, level in lines]


def _zones(panel: PanelSeries, base: int, starts: Positions, ends: Positions) -> list[Zone]:
    if len(starts) > MAX_ZONES:
        return []
    columns = [panel.columns[name][starts - base].tolist() for name in ("center", "sigma", "lcl", "ucl")]
    return [
        Zone(start - 0.5, stop - 0.5, center, sigma, low, high)
        for start, stop, center, sigma, low, high in zip(starts.tolist(), ends.tolist(), *columns, strict=True)
        if np.isfinite((center, sigma, low, high)).all()
    ]
