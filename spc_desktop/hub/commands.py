"""Commands about alerts: each a function that changes the draft of a batch, or refuses with ``UserError``."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from spc_desktop.domain import alert as alerts
from spc_desktop.domain.alert import Alert, Change
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.draft import Draft
from spc_desktop.protocol import messages as m

AlertCommand = m.CreateAlert | m.Acknowledge | m.Assign | m.Resolve | m.UpdateAlert
_LONGEST = 4_000


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
    # All are judged before one is changed: a refused command leaves no trace.
    found = [draft.alert(alert_id) for alert_id in dict.fromkeys(alert_ids(command))]
    for alert in found:
        alerts.check_rev(alert, command.rev)
    changes = [_change(draft, command, actor, alert) for alert in found]
    for change in changes:
        if change is not None:
            draft.add_change(change)
    rows = [alert if change is None else change.alert for alert, change in zip(found, changes, strict=True)]
    return m.AlertResult(alerts=tuple(rows))


def _change(draft: Draft, command: AlertCommand, actor: Actor, alert: Alert) -> Change | None:
    if isinstance(command, m.Acknowledge):
        return alerts.acknowledge(alert, actor.name, draft.now, command.comment)
    if isinstance(command, m.Assign):
        return alerts.assign(alert, command.to, actor.name)
    if isinstance(command, m.Resolve):
        names = ("resolution_notes", "root_cause", "corrective_action", "preventive_action")
        notes = {name: str(getattr(command, name)) for name in names}
        return alerts.resolve(alert, actor.name, draft.now, notes)
    if isinstance(command, m.UpdateAlert):
        fields: dict[str, Any] = {
            "priority": command.priority,
            "title": command.title,
            "message": command.message,
            "assigned_to": command.assigned_to,
        }
        return alerts.update(alert, command.status, fields, actor.name, draft.now)
    raise TypeError(command)


def _create(draft: Draft, command: m.CreateAlert, actor: Actor) -> Alert:
    product = draft.product(command.product_id)
    if not command.title.strip():
        raise UserError("title_empty")
    alert = Alert(
        id=draft.new_id("alert"),
        product_id=product.id,
        product_code=product.code,
        product_name=product.name,
        alert_type=command.alert_type,
        priority=command.priority,
        title=command.title,
        message=command.message,
        created_at=draft.now,
        last_at=draft.now,
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
