"""Commands about alerts: each a function that changes the draft of a batch, or refuses with ``UserError``."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from spc_desktop.domain import handling
from spc_desktop.domain.alert import Alert, AlertType, Change, Life, Status, changed
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.registers import cause_change, count_cause
from spc_desktop.protocol import messages as m

AlertCommand = (
    m.CreateAlert
    | m.Acknowledge
    | m.Unacknowledge
    | m.Assign
    | m.Comment
    | m.Resolve
    | m.Close
    | m.Verify
    | m.UpdateAlert
    | m.GiveCause
)
_LONGEST = 4_000
_LONGEST_KEY = 200
MOST_AT_ONCE = 1_000
_NOT_FROM_POINTS = {AlertType.CAPABILITY, AlertType.SAMPLE_OVERDUE, AlertType.STREAM_SILENT}
_MOST_VERIFIED = 10_000


def alert_ids(command: AlertCommand) -> tuple[int, ...]:
    """Return the ids of the alerts that a command changes."""
    if isinstance(command, m.CreateAlert):
        return ()
    return command.alert_ids if isinstance(command, m.Acknowledge) else (command.alert_id,)


def alert_order(command: AlertCommand, actor: Actor) -> Callable[[Draft], m.AlertResult]:
    """Return the function that carries out a command about alerts."""
    return partial(_apply, command, actor)


def _apply(command: AlertCommand, actor: Actor, draft: Draft) -> m.AlertResult:
    check_texts(command)
    if isinstance(command, m.CreateAlert):
        return m.AlertResult(alerts=(_create(draft, command, actor),))
    if isinstance(command, m.Acknowledge) and (len(command.alert_ids) != 1 or command.key or command.filter):
        return _acknowledge_many(draft, command, actor)
    # All are judged before one is changed: a refused command leaves no trace.
    found = [draft.alert(alert_id) for alert_id in dict.fromkeys(alert_ids(command))]
    for alert in found:
        handling.check_rev(alert, command.rev)
    changes = [_change(draft, command, actor, alert) for alert in found]
    for change in changes:
        if change is not None:
            draft.add_change(change)
    rows = [alert if change is None else change.alert for alert, change in zip(found, changes, strict=True)]
    return m.AlertResult(alerts=tuple(rows))


def _acknowledge_many(draft: Draft, command: m.Acknowledge, actor: Actor) -> m.AlertResult:
    """Acknowledge several: each for itself, so that one that has ended meanwhile does not hold up the others."""
    wanted = dict.fromkeys(command.alert_ids)
    if command.key or command.filter is not None:
        wanted |= dict.fromkeys(alert.id for alert in draft.open_alerts() if _is_meant(command, alert))
    if len(wanted) > MOST_AT_ONCE:
        raise UserError("limit_exceeded", what="alerts", high=MOST_AT_ONCE)
    rows, results = [], []
    for alert_id in wanted:
        try:
            alert = draft.alert(alert_id)
            handling.check_rev(alert, command.rev)
            change = handling.acknowledge(alert, actor.name, draft.now, command.comment)
        except UserError as bad:
            results.append(m.Outcome(id=alert_id, ok=False, code=bad.code))
            continue
        if change is not None:
            draft.add_change(change)
        rows.append(alert if change is None else change.alert)
        results.append(m.Outcome(id=alert_id))
    return m.AlertResult(alerts=tuple(rows), results=tuple(results))


def _is_meant(command: m.Acknowledge, alert: Alert) -> bool:
    if alert.status is not Status.NEW:
        return False
    if command.key and alert.key != command.key and not alert.key.startswith(f"{command.key}/"):
        return False
    told = command.filter
    return told is None or all(
        getattr(told, name) in {None, getattr(alert, name)} for name in m.AlertFilter.__struct_fields__
    )


def _change(draft: Draft, command: AlertCommand, actor: Actor, alert: Alert) -> Change | None:
    own = _OWN.get(type(command))
    if own is not None:
        return own(draft, command, actor, alert)
    if isinstance(command, m.Acknowledge):
        return handling.acknowledge(alert, actor.name, draft.now, command.comment)
    if isinstance(command, m.Comment):
        return handling.comment(alert, actor.name, command.text)
    if isinstance(command, m.Close):
        return handling.close(alert, actor.name, draft.now, command.comment)
    if isinstance(command, m.Assign):
        return handling.assign(alert, command.to, actor.name)
    if isinstance(command, m.Resolve):
        names = ("resolution_notes", "root_cause", "corrective_action", "preventive_action")
        notes = {name: str(getattr(command, name)) for name in names}
        done = handling.resolve(alert, actor.name, draft.now, notes)
        count_cause(draft, alert, command.root_cause, actor)
        return _watched(draft, done, command.verify_points) if command.verify_points else done
    if isinstance(command, m.UpdateAlert):
        fields: dict[str, Any] = {
            "priority": command.priority,
            "title": command.title,
            "message": command.message,
            "assigned_to": command.assigned_to,
        }
        return handling.update(alert, command.status, fields, actor.name, draft.now)
    raise TypeError(command)


def _unacknowledge(draft: Draft, command: m.Unacknowledge, actor: Actor, alert: Alert) -> Change | None:
    newer = draft.newest(alert)
    if newer is not None and newer.id != alert.id:
        # A later occurrence is what people look at: an older one must not come back behind it.
        raise UserError("newer_alert", alert_id=alert.id, newer=newer.id)
    return handling.unacknowledge(alert, actor.name, draft.steady, command.comment)


def _verify(draft: Draft, command: m.Verify, actor: Actor, alert: Alert) -> Change:
    change = handling.verify(alert, command.effective, actor.name, command.comment)
    draft.stop_verifying(alert)
    return change


_OWN: dict[type, Callable[[Draft, Any, Actor, Alert], Change | None]] = {
    m.Unacknowledge: _unacknowledge,
    m.Verify: _verify,
    m.GiveCause: cause_change,
}
"""Commands that need more of the draft than the alert."""


def _watched(draft: Draft, done: Change, points: int) -> Change:
    """Let the fold watch the next points of the characteristic after its alert was resolved."""
    alert = done.alert
    if not 1 <= points <= _MOST_VERIFIED:
        raise UserError("verify_points_range", value=points, low=1, high=_MOST_VERIFIED)
    if not alert.key or alert.characteristic_id is None or alert.alert_type in _NOT_FROM_POINTS:
        raise UserError("verify_not_possible", alert_id=alert.id)
    draft.start_verifying(alert, points)
    return done._replace(alert=handling.watching(alert))


def _create(draft: Draft, command: m.CreateAlert, actor: Actor) -> Alert:
    product = draft.product(command.product_id)
    if not command.title.strip():
        raise UserError("title_empty")
    key = f"{product.code}/-/published/{command.dedup_key}" if command.dedup_key else ""
    if len(command.dedup_key) > _LONGEST_KEY:
        raise UserError("text_too_long", field="dedup_key", length=len(command.dedup_key), allowed=_LONGEST_KEY)
    known = draft.newest_of(key)
    if known is not None:
        again = changed(known, count=known.count + 1, last_at=draft.now, title=command.title, message=command.message)
        draft.add_change(Change(again, "repeated", actor.name))
        return again
    alert = Alert(
        id=draft.new_id("alert"),
        key=key,
        product_id=product.id,
        product_code=product.code,
        product_name=product.name,
        alert_type=command.alert_type,
        priority=command.priority,
        title=command.title,
        message=command.message,
        created_at=draft.now,
        last_at=draft.now,
        mask=draft.mask_of(product.id, key),
        life=Life(since=draft.steady, raises=(draft.steady,)),
    )
    draft.add_change(Change(alert, "raised", actor.name))
    return alert


def check_texts(command: m.Command) -> None:
    """Refuse texts that no row has room for."""
    names: Sequence[str] = command.__struct_fields__
    for name in names:
        value = getattr(command, name)
        if isinstance(value, str) and len(value) > _LONGEST:
            raise UserError("text_too_long", field=name, length=len(value), allowed=_LONGEST)
