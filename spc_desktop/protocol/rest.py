"""What the REST interface takes and gives. The server writes these shapes; a test holds each answer against its Struct."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from spc_desktop.domain.account import Role
from spc_desktop.domain.alert import AlertType, Priority, Status
from spc_desktop.domain.masks import Mask
from spc_desktop.protocol import messages as m


class Problem(Struct, kw_only=True, omit_defaults=True):
    """Why a request was not carried out."""

    code: str
    message: str
    details: dict[str, Any] = {}
    field: str = ""
    current: dict[str, Any] | None = None
    """With ``conflict``: the alert as it is now."""
    errors: list[dict[str, Any]] = []
    """Of a refused list: every mistake with its place."""


class AlertRow(Struct, kw_only=True):
    """An alert in the original's words."""

    id: int
    product: int
    product_code: str
    product_name: str
    alert_type: AlertType
    alert_type_display: str
    priority: Priority
    priority_display: str
    title: str
    message: str
    description: str
    status: Status
    status_display: str
    assigned_to: str
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_at: datetime | None
    resolved_by: str
    resolution_notes: str
    root_cause: str
    corrective_action: str
    preventive_action: str
    alert_data: dict[str, float | int | str]
    created_at: datetime
    updated_at: datetime
    characteristic: int | None
    point_index: int | None
    key: str
    active: bool
    state: str
    count: int
    mask: Mask | None
    flags: tuple[str, ...]
    verification: str
    rev: int


class AlertList(Struct, kw_only=True):
    count: int
    next: str | None
    previous: str | None
    results: tuple[AlertRow, ...]


class NewAlert(Struct, kw_only=True):
    product: int | str
    """Number or code."""
    alert_type: AlertType
    priority: Priority = Priority.MEDIUM
    title: str
    message: str = ""
    description: str = ""
    """Another name of ``message``."""
    status: str = "NEW"


class AlertPatch(Struct, kw_only=True):
    """Only what is given changes."""

    status: Status | None = None
    priority: Priority | None = None
    title: str | None = None
    message: str | None = None
    assigned_to: str | None = None
    resolution_notes: str | None = None
    root_cause: str | None = None
    corrective_action: str | None = None
    preventive_action: str | None = None
    rev: int | None = None


class AcknowledgeBody(Struct, kw_only=True):
    acknowledged_by: str = "admin"
    comment: str = ""
    rev: int | None = None


class ResolveBody(Struct, kw_only=True):
    resolved_by: str = "admin"
    resolution_notes: str = ""
    root_cause: str = ""
    corrective_action: str = ""
    preventive_action: str = ""
    verify_points: int = 0
    rev: int | None = None


class HandlingBody(Struct, kw_only=True):
    """Who, and why; what a route does not need is ignored."""

    by: str = "admin"
    comment: str = ""
    rev: int | None = None


class AssignBody(HandlingBody, kw_only=True):
    to: str


class CommentBody(HandlingBody, kw_only=True):
    text: str


class VerifyBody(HandlingBody, kw_only=True):
    effective: bool


class ShelveBody(HandlingBody, kw_only=True):
    minutes: int
    reason: str
    one_shot: bool = False


class SuppressBody(HandlingBody, kw_only=True):
    cause: str


class OutOfServiceBody(HandlingBody, kw_only=True):
    reason: str


class Done(Struct, kw_only=True):
    status: str


class NewMeasurement(Struct, kw_only=True):
    """One value or one subgroup. A list of these is a batch."""

    product: int | str | None = None
    characteristic: int | str | None = None
    """Code or number; default: the product's first."""
    value: float | None = None
    measurement_value: float | None = None
    values: tuple[float, ...] = ()
    measured_at: datetime | None = None
    subgroup_number: int | None = None
    sample_number: int | None = None
    size: float | None = None
    source_id: str = ""
    n: int | None = None
    """Rises per source: the same ``source_id`` and ``n`` again stores nothing."""
    lot_number: str = ""
    machine_id: str = ""
    measured_by: str = ""
    cavity: str = ""
    gauge: str = ""


class Bulk(Struct, kw_only=True):
    measurements: tuple[NewMeasurement, ...]


class MeasurementRow(Struct, kw_only=True):
    id: int
    product: int
    product_code: str
    product_name: str
    characteristic: int
    measurement_value: float
    sample_number: int
    subgroup_number: int
    measured_at: datetime
    measured_by: str
    machine_id: str
    lot_number: str
    cavity: str
    gauge: str
    is_within_spec: bool
    is_within_control: bool


class MeasurementList(Struct, kw_only=True):
    count: int
    next: str | None
    previous: str | None
    results: tuple[MeasurementRow, ...]


class Taken(Struct, kw_only=True):
    """What became of a batch."""

    created: int
    accepted: int
    duplicates: int
    rejected: tuple[dict[str, Any], ...]


class ProductRow(Struct, kw_only=True):
    id: int
    product_code: str
    product_name: str
    usl: float | None
    lsl: float | None
    target_value: float | None
    unit: str
    is_active: bool


class CharacteristicRow(Struct, kw_only=True):
    id: int
    code: str
    name: str
    unit: str
    decimals: int
    lsl: float | None
    usl: float | None
    target_value: float | None
    subgroup_size: int
    is_active: bool


class ProductDetail(ProductRow, kw_only=True):
    characteristics: tuple[CharacteristicRow, ...]


class ProductList(Struct, kw_only=True):
    count: int
    next: str | None
    previous: str | None
    results: tuple[ProductRow, ...]


class AnalyseBody(Struct, kw_only=True):
    product: int | None = None
    characteristic: int | None = None
    points: int = 0


class CapabilityList(Struct, kw_only=True):
    count: int
    next: str | None
    previous: str | None
    results: tuple[m.CapabilityOut, ...]


class Health(Struct, kw_only=True):
    status: str
    version: str


class Ready(Struct, kw_only=True):
    status: str
    link: str
    head: int
    checks: dict[str, str]
    queued: int


class ConnectionOut(Struct, frozen=True, kw_only=True):
    """One WebSocket connection."""

    session: str
    address: str
    dialect: str
    path: str
    user: str
    roles: tuple[str, ...]
    client_id: str
    since: datetime
    subscriptions: int
    unsent: int
    """Bytes that the client has not taken yet."""
    live: bool
    """False: it catches up from the log, or is subscribed to nothing yet."""
    received: int | None
    """Up to which event it said that it has received everything."""
    silent_until: datetime | None


class ConnectionList(Struct, kw_only=True):
    count: int
    results: tuple[ConnectionOut, ...]


class SignInBody(Struct, kw_only=True):
    user: str
    password: str


class SetUpBody(Struct, kw_only=True):
    code: str
    user: str
    password: str


class PairBody(Struct, kw_only=True):
    name: str = ""
    """What the station calls itself."""


class ClaimBody(Struct, kw_only=True):
    secret: str


class RedeemBody(Struct, kw_only=True):
    code: str
    """The first twelve letters of what ``station invite`` printed."""
    name: str = ""
    """What the station calls itself."""


class ApproveBody(Struct, kw_only=True):
    name: str
    roles: tuple[Role, ...] = ()
    products: tuple[int, ...] | None = None


class PairingList(Struct, kw_only=True):
    count: int
    results: tuple[m.PairingOut, ...]
