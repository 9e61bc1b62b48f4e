"""Events, commands, queries and results: the single definition of what crosses ``HubApi`` and the v1 wire."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from spc_desktop.domain.account import Role
from spc_desktop.domain.alert import Alert, AlertType, Priority, Status
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits
from spc_desktop.domain.masks import Mask
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.point import Point
from spc_desktop.domain.product import Characteristic, Product

# -- events: one rising seq for the whole log; seq 0 and an empty epoch before the store has written it ----------------


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened and is stored. ``ts`` is the hub's time of the commit, with an offset."""

    seq: int = 0
    epoch: str = ""
    ts: datetime
    product_id: int | None = None


class AlertEvent(Event, frozen=True, kw_only=True, tag="alert"):
    """An alert was raised or changed. The alert is the whole new row."""

    alert: Alert
    change: str = "raised"
    """``raised repeated returned acked unacked assigned commented resolved closed updated``, ``shelved suppressed
    out_of_service`` and ``unshelved unsuppressed returned_to_service``, ``escalated stale verified not_effective``."""
    by: str = ""


class MeasurementEvent(Event, frozen=True, kw_only=True, tag="measurement"):
    """A measurement out of specification or out of control."""

    measurement: Measurement
    product_code: str


class ViolationOut(Struct, frozen=True, kw_only=True):
    id: int
    rule_type: str
    """``RULE_1`` to ``RULE_8`` for Nelson's, else the rule id in capitals."""
    detected_at: datetime
    is_resolved: bool = False
    characteristic_id: int
    point_index: int
    panel: str
    rule: str
    members: tuple[int, ...] = ()


class RunRuleViolationEvent(Event, frozen=True, kw_only=True, tag="run_rule_violation"):
    """A rule fired at a point."""

    violation: ViolationOut


class CapabilityOut(Struct, frozen=True, kw_only=True):
    """A finished capability analysis; an index that is not defined is None."""

    id: int
    product_id: int
    product_code: str
    cp: float | None
    cpk: float | None
    pp: float | None
    ppk: float | None
    analyzed_at: datetime
    characteristic_id: int
    details: dict[str, Any] = field(default_factory=dict)


class CapabilityEvent(Event, frozen=True, kw_only=True, tag="capability"):
    capability: CapabilityOut


class PointsEvent(Event, frozen=True, kw_only=True, tag="points"):
    """Points of one characteristic added, or replaced where the index is known."""

    characteristic_id: int
    points: tuple[Point, ...]


class LimitsEvent(Event, frozen=True, kw_only=True, tag="limits"):
    """Limits were set; points from ``limits.first_index`` on follow in ``points`` events or are to be read again."""

    limits: FrozenLimits


class CatalogueEvent(Event, frozen=True, kw_only=True, tag="catalogue"):
    """Products, characteristics or control plans changed: each entry replaces or adds the one with its id."""

    products: tuple[Product, ...] = ()
    characteristics: tuple[Characteristic, ...] = ()
    plans: tuple[ControlPlan, ...] = ()


AnyEvent = (
    AlertEvent | MeasurementEvent | RunRuleViolationEvent | CapabilityEvent | PointsEvent | LimitsEvent | CatalogueEvent
)


# -- commands: answered with a result after the commit -----------------------------------------------------------------


class Command(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A wish to change something; goes through the same queue as measurements, so order is total."""


class CreateAlert(Command, frozen=True, kw_only=True, tag="publish_alert"):
    product_id: int
    alert_type: AlertType
    priority: Priority
    title: str
    message: str


class Acknowledge(Command, frozen=True, kw_only=True, tag="ack"):
    alert_ids: tuple[int, ...]
    comment: str = ""
    rev: int | None = None


class Assign(Command, frozen=True, kw_only=True, tag="assign"):
    alert_id: int
    to: str
    rev: int | None = None


class Resolve(Command, frozen=True, kw_only=True, tag="resolve"):
    alert_id: int
    resolution_notes: str = ""
    root_cause: str = ""
    corrective_action: str = ""
    preventive_action: str = ""
    verify_points: int = 0
    """Watch so many points in control: then the corrective action is effective; the same condition again: it is not."""
    rev: int | None = None


class Unacknowledge(Command, frozen=True, kw_only=True, tag="unack"):
    """Take an acknowledgement back."""

    alert_id: int
    comment: str = ""
    rev: int | None = None


class Comment(Command, frozen=True, kw_only=True, tag="comment"):
    """Write something down beside an alert, also beside one that has ended."""

    alert_id: int
    text: str
    rev: int | None = None


class Close(Command, frozen=True, kw_only=True, tag="close"):
    """Put an alert away for good."""

    alert_id: int
    comment: str = ""
    rev: int | None = None


class Verify(Command, frozen=True, kw_only=True, tag="verify"):
    """State whether the corrective action of an ended alert has helped."""

    alert_id: int
    effective: bool
    comment: str = ""
    rev: int | None = None


class Shelve(Command, frozen=True, kw_only=True, tag="shelve"):
    """Do not announce an alarm for a time. It is named by an alert, or by its key or the beginning of keys."""

    alert_id: int | None = None
    key: str = ""
    minutes: int
    """1 to 720."""
    reason: str
    one_shot: bool = False
    """End also when the alarm returns to normal."""


class Unshelve(Command, frozen=True, kw_only=True, tag="unshelve"):
    """End a shelf."""

    alert_id: int | None = None
    key: str = ""


class Suppress(Command, frozen=True, kw_only=True, tag="suppress"):
    """Do not announce alarms that mean nothing at present: line stopped, gauge out of calibration."""

    alert_id: int | None = None
    key: str = ""
    product_id: int | None = None
    cause: str


class OutOfService(Command, frozen=True, kw_only=True, tag="out_of_service"):
    """Take alarms out of service for maintenance, until they are returned."""

    alert_id: int | None = None
    key: str = ""
    product_id: int | None = None
    reason: str


class ReturnToService(Command, frozen=True, kw_only=True, tag="return_to_service"):
    """End a suppression and a taking out of service of exactly this alarm, beginning of keys or product."""

    alert_id: int | None = None
    key: str = ""
    product_id: int | None = None


class UpdateAlert(Command, frozen=True, kw_only=True, tag="update_alert"):
    """PATCH of the original: only the fields given change."""

    alert_id: int
    status: Status | None = None
    priority: Priority | None = None
    title: str | None = None
    message: str | None = None
    assigned_to: str | None = None
    rev: int | None = None


class SaveCatalogue(Command, frozen=True, kw_only=True, tag="save_catalogue"):
    """Add or replace entries by code (product) and product + code (characteristic); id 0 asks for a new id.

    A characteristic of a product that is saved in the same command refers to it by ``product_id`` 0 and the position of
    the product in ``owners``. Result: ``Catalogue`` of what was saved.
    """

    products: tuple[Product, ...] = ()
    characteristics: tuple[Characteristic, ...] = ()
    owners: tuple[str, ...] = ()
    """Product code of each characteristic."""
    plans: tuple[ControlPlan, ...] = ()
    """Plan of each characteristic of this command, in the same order (its ``characteristic_id`` is filled in)."""
    reason: str = ""


class SetLimits(Command, frozen=True, kw_only=True, tag="set_limits"):
    """Freeze limits from the points ``baseline`` (the last 10 000 when empty), leaving out ``exclusions``.

    They judge from the next point on. ``exclusions`` maps chart position -> reason; the points are marked.
    """

    characteristic_id: int
    baseline: tuple[int, ...] = ()
    exclusions: dict[int, str] = field(default_factory=dict)
    reason: str = ""


class AnalyseCapability(Command, frozen=True, kw_only=True, tag="analyse_capability"):
    """Compute Cp, Cpk, Pp, Ppk of the last ``points`` chart points (all when 0) and store the analysis."""

    characteristic_id: int
    points: int = 0


# -- accounts: passwords and tokens never go into an event, an answer or a log -----------------------------------------


class AddUser(Command, frozen=True, kw_only=True, tag="add_user"):
    """Add a person or a device. Without a password it has tokens only. Answer: ``UserOut``."""

    name: str
    password: str = ""
    roles: tuple[Role, ...]
    products: tuple[int, ...] | None = None
    language: str = ""


class ChangeUser(Command, frozen=True, kw_only=True, tag="change_user"):
    """Change what is given; ``active`` false ends its sessions. Answer: ``UserOut``."""

    name: str
    active: bool | None = None
    roles: tuple[Role, ...] | None = None
    products: tuple[int, ...] | str | None = None
    """``"*"``: all."""
    language: str | None = None


class SetPassword(Command, frozen=True, kw_only=True, tag="set_password"):
    """Give a new password; ends what was signed in with the old one. Answer: ``UserOut``."""

    name: str
    password: str


class AddToken(Command, frozen=True, kw_only=True, tag="add_token"):
    """Make a token for a user, with the user's rights or fewer. Answer: ``TokenMade``, the only time its text is told."""

    user: str
    label: str = ""
    roles: tuple[Role, ...] = ()
    products: tuple[int, ...] | None = None
    days: int | None = None
    """It expires after so many days; None: never."""


class RevokeToken(Command, frozen=True, kw_only=True, tag="revoke_token"):
    """End a token and its sessions. Answer: ``TokenOut``."""

    token_id: str


class SignIn(Command, frozen=True, kw_only=True, tag="sign_in"):
    """Get a token for a name and a password. Answer: ``TokenMade``. Raises ``UserError("unauthorized")``."""

    name: str
    password: str


class SetUp(Command, frozen=True, kw_only=True, tag="set_up"):
    """Make the first administrator with the code that the hub printed. Answer: ``TokenMade``."""

    code: str
    name: str
    password: str


class UserOut(Struct, frozen=True, kw_only=True):
    name: str
    roles: tuple[Role, ...]
    products: tuple[int, ...] | None
    active: bool
    language: str
    has_password: bool
    created_at: datetime


class TokenOut(Struct, frozen=True, kw_only=True):
    id: str
    user: str
    label: str
    roles: tuple[Role, ...]
    """Empty: the user's."""
    products: tuple[int, ...] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class TokenMade(Struct, frozen=True, kw_only=True):
    token: str
    details: TokenOut


AccountCommand = AddUser | ChangeUser | SetPassword | AddToken | RevokeToken | SignIn | SetUp

MaskCommand = Shelve | Unshelve | Suppress | OutOfService | ReturnToService

AnyCommand = (
    CreateAlert
    | Acknowledge
    | Unacknowledge
    | Assign
    | Comment
    | Resolve
    | Close
    | Verify
    | UpdateAlert
    | Shelve
    | Unshelve
    | Suppress
    | OutOfService
    | ReturnToService
    | SaveCatalogue
    | SetLimits
    | AnalyseCapability
    | AddUser
    | ChangeUser
    | SetPassword
    | AddToken
    | RevokeToken
    | SignIn
    | SetUp
)


# -- queries -----------------------------------------------------------------------------------------------------------


class Query(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A question; answered from committed data."""


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


class GetPoint(Query, frozen=True, kw_only=True, tag="get_point"):
    """Answer: ``PointDetail``."""

    characteristic_id: int
    index: int


class PointDetail(Struct, frozen=True, kw_only=True):
    point: Point
    measurements: tuple[Measurement, ...]


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


class GetTokens(Query, frozen=True, kw_only=True, tag="get_tokens"):
    """Oldest first, ended ones too. Answer: ``tuple[TokenOut, ...]``."""

    user: str | None = None


AnyQuery = (
    GetCatalogue
    | GetAlerts
    | GetAlert
    | GetMasks
    | GetDashboard
    | GetMeasurements
    | GetPoints
    | GetPoint
    | GetEvents
    | GetCapabilities
    | GetAudit
    | GetHistory
    | GetStatistics
    | GetRuleRecord
    | GetUsers
    | GetTokens
)


# -- results -----------------------------------------------------------------------------------------------------------


class Rejected(Struct, frozen=True, kw_only=True):
    i: int
    code: str
    params: dict[str, str] = field(default_factory=dict)


class SubmitResult(Struct, frozen=True, kw_only=True):
    """Answer to ``submit``; everything accepted is stored when it arrives."""

    accepted: int
    duplicates: int
    rejected: tuple[Rejected, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    """The stored rows of the accepted items, in order."""


class AlertResult(Struct, frozen=True, kw_only=True):
    """Answer to every alert command: the rows as they are now."""

    alerts: tuple[Alert, ...]
    masks: tuple[Mask, ...] = ()
    """Answer to a command about masks: those of this scope that hold now."""
