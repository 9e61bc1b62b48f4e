"""Queries and their answers, from committed data."""

from datetime import datetime

from msgspec import Struct, field

from spc_desktop.domain.alert import Alert, AlertType, Priority, Status
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.point import Point
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.protocol.announcing import GetDeliveries, GetPreferences
from spc_desktop.protocol.bases import Query
from spc_desktop.protocol.bench import GetLimits, GetPointGroups, TryLimits
from spc_desktop.protocol.events import AnyEvent
from spc_desktop.protocol.floor import FindOperator, GetDue, GetNotes, GetRegister
from spc_desktop.protocol.setting_up import GetChanges


class CharacteristicState(Struct, frozen=True, kw_only=True):
    """What the window needs to know of a characteristic before it has its points."""

    characteristic_id: int
    points: int = 0
    learning_left: int = 0
    limits: FrozenLimits | None = None
    learning_problem: str = ""
    """Why no limits could be learnt although the points are there (a code of ``domain.wording``); empty: all is well."""


class Catalogue(Struct, frozen=True, kw_only=True):
    products: tuple[Product, ...] = ()
    characteristics: tuple[Characteristic, ...] = ()
    plans: tuple[ControlPlan, ...] = ()
    states: tuple[CharacteristicState, ...] = ()
    seq: int = 0
    """The catalogue is exact as of this event."""


class GetCatalogue(Query, frozen=True, kw_only=True, tag="get_catalogue"):
    """Answer: ``Catalogue``."""


class GetAlerts(Query, frozen=True, kw_only=True, tag="get_alerts"):
    """Newest first. Answer: ``AlertPage``."""

    limit: int = 50
    before_id: int | None = None
    after_seq: int | None = None
    product_id: int | None = None
    characteristic_id: int | None = None
    alert_type: AlertType | None = None
    priority: Priority | None = None
    status: Status | None = None
    open_only: bool = False


class AlertPage(Struct, frozen=True, kw_only=True):
    alerts: tuple[Alert, ...]
    total: int
    """Number of alerts that match, not only those of this page."""


class GetAlert(Query, frozen=True, kw_only=True, tag="get_alert"):
    """Answer: ``Alert``. Raises ``UserError("not_found")``."""

    alert_id: int


class GetAlertHistory(Query, frozen=True, kw_only=True, tag="get_alert_history"):
    """Everything that happened to an alert, oldest first. Answer: ``tuple[AlertStep, ...]``. Raises ``not_found``."""

    alert_id: int


class AlertStep(Struct, frozen=True, kw_only=True):
    at: datetime
    change: str
    by: str = ""
    comment: str = ""
    rev: int = 1


class GetMasks(Query, frozen=True, kw_only=True, tag="get_masks"):
    """Every mask that has not ended, oldest first. Answer: ``tuple[Mask, ...]``."""


class GetDashboard(Query, frozen=True, kw_only=True, tag="get_dashboard"):
    """Answer: ``Dashboard`` of the last ``days``."""

    days: int = 7


class Dashboard(Struct, frozen=True, kw_only=True):
    total: int
    by_priority: dict[str, int]
    by_status: dict[str, int]
    by_type: dict[str, int]


class GetMeasurements(Query, frozen=True, kw_only=True, tag="get_latest_data"):
    """Newest first. Answer: ``tuple[Measurement, ...]``. One of the two ids is set."""

    product_id: int | None = None
    characteristic_id: int | None = None
    limit: int = 20


class GetPoints(Query, frozen=True, kw_only=True, tag="get_points"):
    """The last ``limit`` points before chart position ``before`` (None: the end). Answer: ``PointColumns``."""

    characteristic_id: int
    before: int | None = None
    limit: int = 1000


MOST_WHOLE_POINTS = 5_000


class GetWholePoints(Query, frozen=True, kw_only=True, tag="get_whole_points"):
    """The last ``limit`` points (``MOST_WHOLE_POINTS`` or fewer) before chart position ``before``, with their values.

    Answer: ``tuple[Point, ...]``, in order.
    """

    characteristic_id: int
    before: int | None = None
    limit: int = 100


class GetPoint(Query, frozen=True, kw_only=True, tag="get_point"):
    """Answer: ``PointDetail``."""

    characteristic_id: int
    index: int


class PointDetail(Struct, frozen=True, kw_only=True):
    point: Point
    measurements: tuple[Measurement, ...]


class FindTrace(Query, frozen=True, kw_only=True, tag="find_trace"):
    """Lots and serial numbers with a text in them, among the newest 100 000 values. Answer: ``tuple[TraceHit, ...]``."""

    text: str
    limit: int = 20


class TraceHit(Struct, frozen=True, kw_only=True):
    """Where a lot or a serial number was measured last."""

    field: str
    """``lot`` or ``serial``."""
    text: str
    characteristic_id: int
    point_index: int
    measured_at: datetime


class GetEvents(Query, frozen=True, kw_only=True, tag="get_events"):
    """Events after ``since``. Answer: ``EventPage``."""

    since: int
    epoch: str = ""
    limit: int = 500


class EventPage(Struct, frozen=True, kw_only=True):
    events: tuple[AnyEvent, ...]
    epoch: str
    head: int
    first: int
    """Oldest seq still in the log."""


class GetCapabilities(Query, frozen=True, kw_only=True, tag="get_capabilities"):
    """Newest first. Answer: ``tuple[CapabilityOut, ...]``."""

    characteristic_id: int | None = None
    product_id: int | None = None
    limit: int = 20


class AlertQuery(Query, frozen=True, kw_only=True):
    """A question about stored alerts; what is None does not narrow it.

    Shifts begin at ``shift_starts`` (minutes after local midnight, rising); ``shift`` counts them from 0, the last one goes
    on until the first begins. ``utc_offset`` (minutes) makes local time of UTC.
    """

    product_id: int | None = None
    characteristic_id: int | None = None
    alert_type: AlertType | None = None
    priority: Priority | None = None
    status: Status | None = None
    rule: str | None = None
    """Rule id as ``nelson_1``, or ``out_of_spec``."""
    since: datetime | None = None
    until: datetime | None = None
    """Raised from ``since`` on, before ``until``."""
    shift: int | None = None
    shift_starts: tuple[int, ...] = (360, 840, 1320)
    utc_offset: int = 0


class GetHistory(AlertQuery, frozen=True, kw_only=True, tag="get_history"):
    """Alerts, newest first. ``text``: all its words occur, or parts of words do, in the alert, its comments or causes.

    Answer: ``HistoryPage``; the next page is asked for with ``before_id`` = its last id.
    """

    text: str = ""
    before_id: int | None = None
    limit: int = 50


class HistoryPage(Struct, frozen=True, kw_only=True):
    alerts: tuple[Alert, ...]
    more: bool


class GetStatistics(AlertQuery, frozen=True, kw_only=True, tag="get_statistics"):
    """Answer: ``Statistics`` of the alerts that were raised in that time."""


class ParetoBar(Struct, frozen=True, kw_only=True):
    characteristic_id: int | None
    rule: str
    count: int
    share: float
    """Of all alerts, this bar and those before it together; 0 to 1."""


class Delay(Struct, frozen=True, kw_only=True):
    """Seconds; None where nothing was counted."""

    count: int = 0
    p50: float | None = None
    p95: float | None = None


class AlarmLoad(Struct, frozen=True, kw_only=True):
    """How much was asked of the people (EEMUA 191), from alerts raised."""

    most_in_10_min: int = 0
    flood_periods: int = 0
    """Ten-minute periods with more than 10 alerts."""
    longest_flood: int = 0
    """Most of those in a row."""
    periods: int = 0
    """Ten-minute periods from the first to the last alert."""
    top_10_share: float = 0.0
    """Of the ten most frequent pairs of characteristic and rule; 0 to 1."""
    stale: int = 0
    """Not ended 24 h after they were raised."""


class Statistics(Struct, frozen=True, kw_only=True):
    """Counts by name or id (as text)."""

    total: int
    by_priority: dict[str, int]
    by_status: dict[str, int]
    by_type: dict[str, int]
    by_product: dict[str, int]
    by_characteristic: dict[str, int]
    by_rule: dict[str, int]
    by_shift: dict[str, int]
    pareto: tuple[ParetoBar, ...]
    """Pairs of characteristic and rule, most frequent first."""
    time_to_acknowledge: Delay
    time_to_resolve: Delay
    load: AlarmLoad


class GetRuleRecord(AlertQuery, frozen=True, kw_only=True, tag="get_rule_record"):
    """Answer: ``tuple[RuleRecord, ...]``, most frequent first."""


class RuleRecord(Struct, frozen=True, kw_only=True):
    """What became of a rule's alerts: does it find real causes?"""

    rule: str
    raised: int
    with_cause: int
    """A root cause was written down."""
    without_cause: int
    """Ended without one."""


class GetKpi(Query, frozen=True, kw_only=True, tag="kpi", rename={"since": "from", "until": "to"}):
    """Key figures of alarms in a time (default: the last seven days). Answer: ``Kpi``.

    ``operator``: only what concerns this user. ``targets``: name of a row -> what is good, and what is still bearable.
    """

    since: datetime | None = None
    until: datetime | None = None
    operator: str | None = None
    targets: dict[str, tuple[float, float]] = field(default_factory=dict)


class KpiRow(Struct, frozen=True, kw_only=True):
    name: str
    value: float | None
    """None: nothing happened that it could be computed from."""
    good: float
    limit: float
    state: str
    """``good``, ``bearable`` (up to the limit), ``beyond``, ``unknown``."""


class Kpi(Struct, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    since: datetime
    until: datetime
    operators: int
    alerts: int
    rows: tuple[KpiRow, ...]


class GetAudit(Query, frozen=True, kw_only=True, tag="get_audit"):
    """The audit trail, newest first. Answer: ``tuple[AuditEntry, ...]``."""

    before_seq: int | None = None
    actor: str | None = None
    action: str | None = None
    object: str | None = None
    limit: int = 50


class AuditEntry(Struct, frozen=True, kw_only=True):
    """One record of the audit trail. ``hash`` is hexadecimal; a note of it outside proves all records up to here."""

    seq: int
    at: datetime
    actor: str
    client: str
    action: str
    object: str
    """Kind and id, as ``alert 12``."""
    before: str
    """JSON of what was changed, as it was; ``null``: it was not there."""
    after: str
    reason: str
    hash: str


class GetUsers(Query, frozen=True, kw_only=True, tag="get_users"):
    """By name. Answer: ``tuple[UserOut, ...]``."""


class GetPairings(Query, frozen=True, kw_only=True, tag="get_pairings"):
    """Stations that wait to be let in, oldest first. Answer: ``tuple[PairingOut, ...]``."""


class GetTokens(Query, frozen=True, kw_only=True, tag="get_tokens"):
    """Oldest first, ended ones too. Answer: ``tuple[TokenOut, ...]``."""

    user: str | None = None


AnyQuery = (
    GetCatalogue
    | GetAlerts
    | GetAlert
    | GetAlertHistory
    | GetMasks
    | GetDashboard
    | GetMeasurements
    | GetPoints
    | GetPoint
    | GetWholePoints
    | FindTrace
    | GetEvents
    | GetCapabilities
    | GetAudit
    | GetChanges
    | GetHistory
    | GetKpi
    | GetStatistics
    | GetRuleRecord
    | GetUsers
    | GetTokens
    | GetPairings
    | GetRegister
    | FindOperator
    | GetNotes
    | GetDue
    | GetPreferences
    | GetDeliveries
    | GetLimits
    | TryLimits
    | GetPointGroups
)
