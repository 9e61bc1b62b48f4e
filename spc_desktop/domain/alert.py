"""Alerts: what is raised, and the pure machine of its life (states of ISA-18.2 with the original's statuses)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from spc_desktop.domain.errors import UserError


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


# -- the machine -------------------------------------------------------------------------------------------------------

OPEN = frozenset({Status.NEW, Status.ACKNOWLEDGED, Status.INVESTIGATING})
ENDED = frozenset({Status.RESOLVED, Status.CLOSED})
_LEGAL: dict[Status, frozenset[Status]] = {
    Status.NEW: frozenset(Status),
    Status.ACKNOWLEDGED: frozenset(Status) - {Status.NEW},
    Status.INVESTIGATING: frozenset({Status.INVESTIGATING, Status.RESOLVED, Status.CLOSED}),
    Status.RESOLVED: frozenset({Status.RESOLVED, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.CLOSED}),
}
_CHANGE_OF = {
    Status.ACKNOWLEDGED: "acked",
    Status.INVESTIGATING: "assigned",
    Status.RESOLVED: "resolved",
    Status.CLOSED: "closed",
}


class Signal(NamedTuple):
    """An alarm condition seen at one point."""

    key: str
    alert_type: AlertType
    priority: Priority
    code: str
    params: dict[str, float | int | str]


class Observed(NamedTuple):
    """All that one judgement says about the alarms of one characteristic."""

    point_index: int
    fired: tuple[Signal, ...] = ()
    held: frozenset[str] = frozenset()
    """Keys whose condition goes on, without a new occurrence."""
    settles: frozenset[str] | None = frozenset()
    """Keys that return to normal unless fired or held; None: every key of the characteristic but ``kept``."""
    kept: frozenset[str] = frozenset()


class Owner(NamedTuple):
    """Whom an alert is about."""

    product_id: int
    product_code: str
    product_name: str
    characteristic_id: int | None


class Change(NamedTuple):
    """One transition: the alert as it is now, and what happened to it."""

    alert: Alert
    change: str
    by: str = ""
    comment: str = ""


Words = Callable[[str, Mapping[str, float | int | str]], tuple[str, str]]
"""(code, params) -> title and message in the hub's language."""


def state_of(active: bool, acknowledged: bool) -> str:
    """Return the state's name in ISA-18.2: two flags, so that every combination exists and no other."""
    if active:
        return "ACKED" if acknowledged else "UNACK"
    return "NORM" if acknowledged else "RTNUN"


def is_acknowledged(alert: Alert) -> bool:
    return alert.status is not Status.NEW


def step(
    current: Mapping[str, Alert], observed: Observed, owner: Owner, now: datetime, first_id: int, words: Words
) -> list[Change]:
    """Fold one judgement into the alerts of one characteristic.

    Args:
        current: the newest open alert of each key.
        observed: what fired, what goes on and what may return.
        owner: product and characteristic of new alerts.
        now: time of new alerts and of the change.
        first_id: id of the first new alert; others count on.
        words: title and message of a new alert.
    """
    changes: list[Change] = []
    fired = set()
    for signal in observed.fired:
        fired.add(signal.key)
        known = current.get(signal.key)
        if known is not None and (known.active or not is_acknowledged(known)):
            changes.append(Change(_repeat(known, signal, observed.point_index, now), "repeated"))
        else:
            changes.append(Change(_raise(signal, observed.point_index, owner, now, first_id, words), "raised"))
            first_id += 1
    for key, alert in current.items():
        may = key not in observed.kept if observed.settles is None else key in observed.settles
        if may and alert.active and key not in fired and key not in observed.held:
            changes.append(Change(_changed(alert, active=False), "returned"))
    return changes


def _raise(signal: Signal, point_index: int, owner: Owner, now: datetime, new_id: int, words: Words) -> Alert:
    title, message = words(signal.code, signal.params)
    return Alert(
        id=new_id,
        product_id=owner.product_id,
        product_code=owner.product_code,
        product_name=owner.product_name,
        alert_type=signal.alert_type,
        priority=signal.priority,
        title=title,
        message=message,
        created_at=now,
        characteristic_id=owner.characteristic_id,
        point_index=point_index,
        key=signal.key,
        last_at=now,
        code=signal.code,
        params=signal.params,
    )


def _repeat(alert: Alert, signal: Signal, point_index: int, now: datetime) -> Alert:
    params = alert.params
    if "value" in signal.params:
        params = {**params, "last_value": signal.params["value"]}
    return _changed(alert, active=True, count=alert.count + 1, last_at=now, point_index=point_index, params=params)


def _changed(alert: Alert, **fields: Any) -> Alert:
    """Return the next version of an alert: its state follows from its flags, its revision rises."""
    new = msgspec.structs.replace(alert, **fields)
    state = state_of(new.active, is_acknowledged(new))
    return msgspec.structs.replace(new, state=state, rev=alert.rev + 1)


def check_rev(alert: Alert, rev: int | None) -> None:
    """Refuse a command that was given for an older version of the alert."""
    if rev is not None and rev != alert.rev:
        raise UserError("conflict", alert_id=alert.id, rev=alert.rev, status=alert.status.value)


def _require_legal(alert: Alert, status: Status) -> None:
    if status not in _LEGAL[alert.status]:
        raise UserError("illegal_status", alert_id=alert.id, status=alert.status.value, wanted=status.value)


def acknowledge(alert: Alert, by: str, now: datetime, comment: str = "") -> Change | None:
    """Somebody has seen it. Again on an acknowledged alert: nothing to change (None).

    Raises:
        UserError: ``illegal_status``: the alert has ended.
    """
    if is_acknowledged(alert) and alert.status in OPEN:
        return None
    _require_legal(alert, Status.ACKNOWLEDGED)
    return Change(_enter(alert, Status.ACKNOWLEDGED, by, now), "acked", by, comment)


def assign(alert: Alert, to: str, by: str) -> Change | None:
    """Give an alert to somebody: an acknowledged one is now investigated, an unseen one stays unseen."""
    if alert.status in ENDED:
        raise UserError("illegal_status", alert_id=alert.id, status=alert.status.value, wanted="INVESTIGATING")
    status = Status.INVESTIGATING if is_acknowledged(alert) and to else alert.status
    if (alert.assigned_to, alert.status) == (to, status):
        return None
    return Change(_changed(alert, assigned_to=to, status=status), "assigned", by, to)


def resolve(alert: Alert, by: str, now: datetime, notes: Mapping[str, str]) -> Change:
    """End an occurrence with its causes and actions (field name -> text; an empty text leaves the field as it is)."""
    if alert.status in ENDED:
        raise UserError("illegal_status", alert_id=alert.id, status=alert.status.value, wanted="RESOLVED")
    ended = _enter(alert, Status.RESOLVED, by, now)
    texts = {name: text for name, text in notes.items() if text}
    return Change(msgspec.structs.replace(ended, **texts), "resolved", by, notes.get("resolution_notes", ""))


def update(alert: Alert, status: Status | None, fields: Mapping[str, Any], by: str, now: datetime) -> Change | None:
    """Change fields and, where given, the status, as one transition; None where nothing differs.

    Raises:
        UserError: ``illegal_status``.
    """
    new, change = alert, "updated"
    if status is not None and status is not alert.status:
        _require_legal(alert, status)
        new, change = _enter(alert, status, by, now), _CHANGE_OF[status]
    wanted = {name: value for name, value in fields.items() if value is not None and getattr(new, name) != value}
    if new is alert and not wanted:
        return None
    return Change(msgspec.structs.replace(new, **wanted, rev=alert.rev + 1), change, by)


def _enter(alert: Alert, status: Status, by: str, now: datetime) -> Alert:
    fields: dict[str, Any] = {"status": status}
    if not is_acknowledged(alert):
        fields |= {"acknowledged_by": by, "acknowledged_at": now}
    if status in ENDED:
        fields["active"] = False
        if alert.resolved_at is None:
            fields |= {"resolved_by": by, "resolved_at": now}
    return _changed(alert, **fields)
