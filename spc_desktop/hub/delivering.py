"""The delivery log as the hub writes it: in the commit of the alert what is not announced and why, later what stations say."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from msgspec import structs

from spc_desktop.domain.alarm_policy import EscalationStep
from spc_desktop.domain.alert import ANNOUNCING, Alert, Priority, is_acknowledged
from spc_desktop.domain.announcement import EMAIL, MASKED, NOT_SUBSCRIBED, QUIET, TOAST, Preferences, quiet_end, why_not
from spc_desktop.domain.deadlines import step_taken
from spc_desktop.domain.delivery import (
    MOST_WAITING,
    NO_ADDRESS,
    NOT_CONFIGURED,
    RATE_LIMIT,
    WEBHOOK,
    Delivery,
    DeliveryOutcome,
    Hook,
    due_at,
)
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.audit import records_of
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.outbox import Target
from spc_desktop.protocol import messages as m


def announce(draft: Draft) -> None:
    """Write down what becomes of the announcements of this batch: for each person why there is no toast, and each e-mail
    and webhook that is to be sent, in the commit of the alert itself.

    Whether a toast was shown where it is wanted, the station says (``ReportTold``).
    """
    outlets = draft.station.outbox.outlets
    if not draft.preferences and not outlets.hooks:
        return
    plan = _Plan(draft)
    for event in draft.batch.events:
        if isinstance(event, m.AlertEvent) and event.change in ANNOUNCING and not is_acknowledged(event.alert):
            called = step_taken(event.alert, draft.station.policy(event.alert)) if event.change == "escalated" else None
            for user, wishes in draft.preferences.items():
                scope = scope_of(draft, user)
                if scope is None or event.alert.product_id in scope:
                    plan.tell(user, wishes, event, called)
            for hook in outlets.hooks:
                plan.tell_hook(hook, event)


class _Plan:
    """The rows of one batch."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._outbox = draft.station.outbox
        self._new: dict[Target, int] = {}
        self._gathered: dict[Target, datetime] = {}

    def tell(self, user: str, wishes: Preferences, event: m.AlertEvent, called: EscalationStep | None) -> None:
        """Plan for one person; whom an alert was escalated to is told whatever that one has subscribed to."""
        alert, now = event.alert, self._draft.now
        why = why_not(wishes, alert, event.change, now)
        reason = why.reason if why else ""
        if not called or not self._is_called(user, called):
            channels = wishes.channels
        else:
            channels = called.channels or wishes.channels
            quiet = quiet_end(wishes.quiet, alert.priority, now) is not None
            reason = MASKED if alert.mask is not None else QUIET if quiet else ""
        if TOAST not in wishes.channels or reason:
            shown = reason if TOAST in wishes.channels else NOT_SUBSCRIBED
            self._add(event, user, TOAST, shown)
        if EMAIL in channels:
            configured = self._outbox.outlets.email
            reason = reason or ("" if wishes.email else NO_ADDRESS) or ("" if configured else NOT_CONFIGURED)
            target = EMAIL, user
            gathered = self._gathered.get(target) or self._outbox.gathered(target)
            due = due_at(wishes, alert, self._draft.steady, gathered)
            if self._add(event, user, EMAIL, reason, due) and alert.priority < Priority.URGENT:
                self._gathered[target] = due

    def _is_called(self, user: str, step: EscalationStep) -> bool:
        account = self._draft.accounts.users.get(user)
        return step.to == user or (account is not None and step.to in account.roles)

    def tell_hook(self, hook: Hook, event: m.AlertEvent) -> None:
        reason = MASKED if event.alert.mask is not None else hook.why_not(event.alert)
        self._add(event, hook.name, WEBHOOK, reason, self._draft.steady)

    def _add(self, event: m.AlertEvent, recipient: str, channel: str, reason: str, due: datetime | None = None) -> bool:
        """Add a row; return whether it waits to be sent."""
        target = channel, recipient
        waiting = self._outbox.count(target) + self._new.get(target, 0)
        if not reason and waiting >= MOST_WAITING:
            reason = RATE_LIMIT
        outcome = DeliveryOutcome.SUPPRESSED if reason else DeliveryOutcome.WAITING
        row = row_of(self._draft, event.alert, event.change, recipient, channel, outcome)
        if reason:
            row = structs.replace(row, reason=reason)
        else:
            self._new[target] = self._new.get(target, 0) + 1
            row = structs.replace(row, due=due, alert=event.alert)
        self._draft.batch.deliveries.append(row)
        return not reason


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


def settle_order(rows: Sequence[Delivery]) -> Callable[[Draft], None]:
    """Return the function that keeps new versions of known rows."""

    def apply(draft: Draft) -> None:
        draft.batch.deliveries.extend(rows)

    return apply


def retry_order(command: m.RetryDeliveries, actor: Actor, dead: Sequence[Delivery]) -> Callable[[Draft], int]:
    """Return the function that puts dead letters back into the outbox; each keeps the id of its message."""

    def apply(draft: Draft) -> int:
        # Whoever asked a moment earlier has put them back already.
        known = draft.station.outbox
        back = {row.id for row in draft.batch.deliveries}
        back |= {row.id for target in known.targets() for row in known.of(target)}
        chosen = [row for row in dead if row.id not in back]
        for row in chosen:
            waiting = DeliveryOutcome.WAITING
            again = structs.replace(row, outcome=waiting, attempts=0, due=draft.steady, done_at=None)
            draft.batch.deliveries.append(again)
            name = f"delivery {row.id}"
            draft.batch.audit.extend(
                records_of("retry_deliveries", actor, draft.now, {name: _fate(row)}, {name: _fate(again)})
            )
        return len(chosen)

    return apply


def _fate(row: Delivery) -> dict[str, str]:
    return {"channel": row.channel, "recipient": row.recipient, "outcome": row.outcome.value}
