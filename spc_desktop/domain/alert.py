"""Alerts: what is raised, and the pure machine of its life (states of ISA-18.2 with the original's statuses)."""

from datetime import datetime
from enum import IntEnum, StrEnum

from msgspec import Struct, field


class AlertType(StrEnum):
    OUT_OF_SPEC = "OUT_OF_SPEC"
    OUT_OF_CONTROL = "OUT_OF_CONTROL"
    RUN_RULE = "RUN_RULE"
    TREND = "TREND"
    PREDICTION = "PREDICTION"
    CAPABILITY = "CAPABILITY"


class Status(StrEnum):
    NEW = "NEW"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    INVESTIGATING = "INVESTIGATING"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class Priority(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    URGENT = 4


class Alert(Struct, frozen=True, kw_only=True):
    """One occurrence of an alarm, in the words of the original's REST interface and of ``protocol.md`` section 8."""

    id: int
    product_id: int
    product_code: str
    product_name: str
    alert_type: AlertType
    priority: Priority
    title: str
    message: str
    status: Status = Status.NEW
    created_at: datetime
    characteristic_id: int | None = None
    point_index: int | None = None
    """Chart position that raised it (the latest one when it repeats)."""
    key: str = ""
    """``product/characteristic/chart/rule``: one open alert per key."""
    active: bool = True
    state: str = "UNACK"
    count: int = 1
    last_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    assigned_to: str = ""
    resolved_by: str = ""
    resolved_at: datetime | None = None
    resolution_notes: str = ""
    root_cause: str = ""
    corrective_action: str = ""
    preventive_action: str = ""
    rev: int = 1
    code: str = ""
    """What fired, for clients that write their own sentence; empty for an alert written by a person."""
    params: dict[str, float | int | str] = field(default_factory=dict)
