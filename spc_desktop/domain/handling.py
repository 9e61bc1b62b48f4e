"""What people do with an alert: acknowledge, assign, comment, resolve, close, verify. Each returns the change or refuses."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from spc_desktop.domain.alert import ENDED, OPEN, Alert, Change, Status, changed, is_acknowledged
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.masks import Mask

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


def check_rev(alert: Alert, rev: int | None) -> None:
    """Refuse a command that was given for an older version of the alert."""
    if rev is not None and rev != alert.rev:
        raise UserError("conflict", alert_id=alert.id, rev=alert.rev, status=alert.status.value)


def _require_legal(alert: Alert, status: Status) -> None:
    if status not in _LEGAL[alert.status]:
        raise _illegal(alert, status.value)


def acknowledge(alert: Alert, by: str, now: datetime, comment: str = "") -> Change | None:
    """Somebody has seen it. Again on an acknowledged alert: nothing to change (None).

    Raises:
        UserError: ``illegal_status``: the alert has ended.
    """
    if is_acknowledged(alert) and alert.status in OPEN:
        return None
    _require_legal(alert, Status.ACKNOWLEDGED)
    return Change(_enter(alert, Status.ACKNOWLEDGED, by, now), "acked", by, comment)


def unacknowledge(alert: Alert, by: str, steady: datetime, comment: str = "") -> Change | None:
    """Take an acknowledgement back: the alarm is unseen again, and escalation counts from here.

    Raises:
        UserError: ``illegal_status``: the alert has ended.
    """
    if alert.status in ENDED:
        raise _illegal(alert, "NEW")
    if not is_acknowledged(alert):
        return None
    life = msgspec.structs.replace(alert.life, since=steady, escalated=0)
    new = changed(alert, status=Status.NEW, acknowledged_by="", acknowledged_at=None, life=life)
    return Change(new, "unacked", by, comment)


def comment(alert: Alert, by: str, text: str) -> Change:
    """Write something down beside an alert, also beside one that has ended.

    Raises:
        UserError: ``comment_empty``.
    """
    if not text.strip():
        raise UserError("comment_empty")
    return Change(changed(alert), "commented", by, text)


def give_cause(alert: Alert, cause: str, steps: Sequence[str], by: str) -> Change:
    """Write down what was found and done; the alert stays as it is, also one that has ended.

    Raises:
        UserError: ``comment_empty``: neither a cause nor a step.
    """
    notes = "; ".join(step.strip() for step in steps if step.strip())
    if not cause.strip() and not notes:
        raise UserError("comment_empty")
    done = "; ".join(part for part in (alert.corrective_action, notes) if part)
    new = changed(alert, root_cause=cause or alert.root_cause, corrective_action=done)
    return Change(new, "updated", by, "\n".join(part for part in (cause, notes) if part))


def close(alert: Alert, by: str, now: datetime, why: str = "") -> Change:
    """Put an alert away for good."""
    if alert.status is Status.CLOSED:
        raise _illegal(alert, "CLOSED")
    return Change(_enter(alert, Status.CLOSED, by, now), "closed", by, why)


def watching(alert: Alert) -> Alert:
    """Return an alert that is being ended, with its corrective action under watch."""
    return msgspec.structs.replace(alert, life=msgspec.structs.replace(alert.life, verification="watching"))


def verify(alert: Alert, effective: bool, by: str, why: str = "") -> Change:
    """State whether the corrective action of an ended alert has helped.

    Raises:
        UserError: ``illegal_status``: the alert has not ended yet.
    """
    if alert.status in OPEN:
        raise _illegal(alert, "VERIFIED")
    verdict = "effective" if effective else "not_effective"
    new = changed(alert, life=msgspec.structs.replace(alert.life, verification=verdict))
    return Change(new, "verified" if effective else "not_effective", by, why)


def check_open(alert: Alert, wanted: str) -> None:
    """Refuse what makes no sense for an alert that has ended."""
    if alert.status in ENDED:
        raise _illegal(alert, wanted)


def masked(alert: Alert, mask: Mask | None, change: str, by: str, steady: datetime) -> Change:
    """Put another mask over an alert, or none: then it is announced again where nobody has acknowledged it."""
    life = alert.life
    if mask is None and not is_acknowledged(alert):
        life = msgspec.structs.replace(life, since=steady, escalated=0)
    return Change(changed(alert, mask=mask, life=life), change, by, "" if mask is None else mask.reason)


def _illegal(alert: Alert, wanted: str) -> UserError:
    return UserError("illegal_status", alert_id=alert.id, status=alert.status.value, wanted=wanted)


def assign(alert: Alert, to: str, by: str) -> Change | None:
    """Give an alert to somebody: an acknowledged one is now investigated, an unseen one stays unseen."""
    if alert.status in ENDED:
        raise _illegal(alert, "INVESTIGATING")
    status = Status.INVESTIGATING if is_acknowledged(alert) and to else alert.status
    if (alert.assigned_to, alert.status) == (to, status):
        return None
    return Change(changed(alert, assigned_to=to, status=status), "assigned", by, to)


def resolve(alert: Alert, by: str, now: datetime, notes: Mapping[str, str]) -> Change:
    """End an occurrence with its causes and actions (field name -> text; an empty text leaves the field as it is)."""
    if alert.status in ENDED:
        raise _illegal(alert, "RESOLVED")
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
        fields |= {"active": False, "mask": None}
        if alert.resolved_at is None:
            fields |= {"resolved_by": by, "resolved_at": now}
    return changed(alert, **fields)
