"""Messages of the chart bench: limits and charts that are only tried, limits that held before, points by their origin."""

from msgspec import Struct

from spc_desktop.domain.point import PointColumns
from spc_desktop.protocol.bases import Command, Query
from spc_desktop.spc.charts.base import Limits


class TryLimits(Query, frozen=True, kw_only=True, tag="try_limits"):
    """How the newest points look with other limits or on another chart. Nothing changes. Answer: ``LimitsTried``.

    Limits are estimated from the points ``first`` to ``last``, as ``SetLimits`` would. Without them the baseline of the
    limits in force is taken, and all the judged points where there is none.
    """

    characteristic_id: int
    chart: str = ""
    """Empty: the plan's own."""
    first: int | None = None
    last: int | None = None
    limit: int = 5_000
    """So many points are judged, not more than 5 000; a baseline is not longer either."""


class SignalAt(Struct, frozen=True, kw_only=True, array_like=True):
    """A rule that a point completes."""

    index: int
    panel: str
    rule: str


class LimitsTried(Struct, frozen=True, kw_only=True):
    """What was tried: the limits, the points as they judge them, and how that differs from what was judged then."""

    limits: Limits
    points: PointColumns
    gained: tuple[SignalAt, ...] = ()
    """Signals that the limits in force did not give; empty for another chart."""
    lost: tuple[SignalAt, ...] = ()
    """Signals that the tried limits do not give."""
    kept: int = 0


class GetLimits(Query, frozen=True, kw_only=True, tag="get_limits"):
    """Every set of limits that was ever in force, oldest first. Answer: ``tuple[FrozenLimits, ...]``."""

    characteristic_id: int


class RestoreLimits(Command, frozen=True, kw_only=True, tag="restore_limits"):
    """Put limits in force again that held before: a new revision with the old numbers. Answer: ``FrozenLimits``."""

    characteristic_id: int
    revision: int
    reason: str


class GetPointGroups(Query, frozen=True, kw_only=True, tag="get_point_groups"):
    """The points ``first`` to ``last`` (the newest 20 000 of them) by one of their traceability fields, or by ``shift``.

    Answer: ``PointGroups``.
    """

    characteristic_id: int
    field: str
    """``lot machine operator cavity gauge serial shift``."""
    first: int
    last: int


class PointGroup(Struct, frozen=True, kw_only=True):
    name: str
    """Empty: unknown. A subgroup of several is named after its first and last."""
    indexes: tuple[int, ...]


class PointGroups(Struct, frozen=True, kw_only=True):
    groups: tuple[PointGroup, ...] = ()
    """Largest first."""
    first: int = 0
    """First position that was looked at."""


BenchQuery = TryLimits | GetPointGroups
"""Those that the hub works out from what the store has."""
