"""The delivery log as the hub writes it: in the commit of the alert what is not announced and why, later what stations say."""

from collections.abc import Callable, Sequence
from functools import partial

from msgspec import structs

from spc_desktop.domain.alert import ANNOUNCING, Alert, is_acknowledged
from spc_desktop.domain.announcement import TOAST, why_not
from spc_desktop.domain.delivery import Delivery, DeliveryOutcome
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.draft import Draft
from spc_desktop.protocol import messages as m


def record_quiet(draft: Draft) -> None:
    """Write down for each person why an announcement of this batch gives that one no toast.

    Whether it was shown where it is wanted, the station says (``ReportTold``).
    """
    if not draft.preferences:
        return
    for event in draft.batch.events:
        if not isinstance(event, m.AlertEvent) or event.change not in ANNOUNCING or is_acknowledged(event.alert):
            continue
        for user, wishes in draft.preferences.items():
            scope = scope_of(draft, user)
            if scope is not None and event.alert.product_id not in scope:
                continue
            why = why_not(wishes, event.alert, event.change, draft.now)
            reason = "not_subscribed" if TOAST not in wishes.channels else why.reason if why else ""
            if reason:
                row = row_of(draft, event.alert, event.change, user, TOAST, DeliveryOutcome.SUPPRESSED)
                draft.batch.deliveries.append(structs.replace(row, reason=reason))


def scope_of(draft: Draft, user: str) -> Sequence[int] | None:
    """Return the products a user may hear of; none for one who is switched off, None: all."""
    account = draft.accounts.users.get(user)
    if account is None:
        return None
    return account.products if account.active else ()


def row_of(draft: Draft, alert: Alert, change: str, recipient: str, channel: str, outcome: DeliveryOutcome) -> Delivery:
    """Return a new row of the log."""
    return Delivery(
        id=draft.new_id("delivery"),
        at=draft.now,
        alert_id=alert.id,
        product_id=alert.product_id,
        change=change,
        priority=alert.priority,
        recipient=recipient,
        channel=channel,
        outcome=outcome,
    )


def log_order(rows: Sequence[Delivery]) -> Callable[[Draft], None]:
    """Return the function that keeps rows that are known to be right; each gets its id."""

    def apply(draft: Draft) -> None:
        draft.batch.deliveries.extend(structs.replace(row, id=draft.new_id("delivery")) for row in rows)

    return apply


def report_order(command: m.ReportTold, actor: Actor) -> Callable[[Draft], int]:
    """Return the function that carries out the command."""
    return partial(_report, command.told, actor)


def told_ids(command: m.AnyCommand) -> tuple[int, ...]:
    """Return the alerts that must be at hand for it."""
    return tuple({one.alert_id for one in command.told}) if isinstance(command, m.ReportTold) else ()


def _report(told: Sequence[m.Told], actor: Actor, draft: Draft) -> int:
    kept = 0
    scope = scope_of(draft, actor.name)
    for one in told:
        try:
            alert = draft.alert(one.alert_id)
        except UserError:  # an alert of a log that was replaced since
            continue
        if one.outcome not in {DeliveryOutcome.SENT, DeliveryOutcome.SUPPRESSED} or (
            scope is not None and alert.product_id not in scope
        ):
            continue
        row = row_of(draft, alert, one.change[:20], actor.name, TOAST, one.outcome)
        done = min(one.at, draft.now) if one.outcome is DeliveryOutcome.SENT else None
        draft.batch.deliveries.append(structs.replace(row, reason=one.reason, client=actor.client, done_at=done))
        kept += 1
    return kept
