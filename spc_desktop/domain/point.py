"""Chart points as stored, sent and drawn."""

from datetime import datetime

from msgspec import Struct

from spc_desktop.spc.charts.base import Violation

# gc=False: plain values without cycles. They come by the hundred thousand, and each full collection they set off would
# stop the window and the server.


class PanelValue(Struct, frozen=True, array_like=True, gc=False):
    """One plotted statistic with the limits in force there; None: not defined."""

    value: float | None
    center: float | None = None
    lcl: float | None = None
    ucl: float | None = None
    sigma: float | None = None
    violations: tuple[Violation, ...] = ()


class Point(Struct, frozen=True, kw_only=True, gc=False):
    """One position of a characteristic's chart."""

    characteristic_id: int
    index: int
    """0-based position; a point event with a known index replaces that point (limits were set, it was excluded)."""
    subgroup_number: int
    measured_at: datetime
    values: tuple[float, ...]
    panels: tuple[PanelValue, ...]
    """In the order of the chart's panels."""
    size: float | None = None
    out_of_spec: bool = False
    excluded: bool = False
    exclusion_reason: str = ""
    learning: bool = False
    """True while no limits judge it."""
    limits_revision: int = 0
    part: str = ""
    """Part type, on short-run charts."""


class PanelColumns(Struct, frozen=True, kw_only=True):
    """Columns of one panel: little-endian float64, NaN where not defined."""

    key: str
    value: bytes
    center: bytes
    lcl: bytes
    ucl: bytes
    sigma: bytes


class PointMark(Struct, frozen=True, kw_only=True, gc=False):
    """What is special about a point; ordinary points have no mark."""

    index: int
    out_of_spec: bool = False
    excluded: bool = False
    learning: bool = False
    violations: tuple[tuple[str, Violation], ...] = ()
    """Panel key and violation."""


class PointColumns(Struct, frozen=True, kw_only=True):
    """A stretch of a chart as columns, for drawing a million points at once."""

    characteristic_id: int
    first_index: int
    count: int
    total: int
    """Number of points of the characteristic in all."""
    measured_at: bytes
    """Seconds since 1970-01-01 UTC, float64."""
    subgroup_number: bytes
    """int64."""
    panels: tuple[PanelColumns, ...]
    marks: tuple[PointMark, ...]
