"""What time alone does to an alert: escalation and staleness. Everything follows from the stored row and the steady clock."""

from datetime import datetime, timedelta

import msgspec

from spc_desktop.domain.alarm_policy import AlarmPolicy, EscalationStep
from spc_desktop.domain.alert import OPEN, Alert, Change, changed, is_acknowledged


def pending_steps(alert: Alert, policy: AlarmPolicy) -> tuple[EscalationStep, ...]:
    """Return the steps still to come; none while it is masked or once somebody has acknowledged it."""
    if alert.status not in OPEN or is_acknowledged(alert) or alert.mask is not None or alert.life.since is None:
        return ()
    steps = [step for step in policy.escalation if alert.priority >= step.min_priority]
    return tuple(steps[alert.life.escalated :])


def due(alert: Alert, policy: AlarmPolicy, steady: datetime) -> list[Change]:
    """Return the changes that time brings now: each step of escalation once, and once that the alert is stale."""
    changes: list[Change] = []
    for step in pending_steps(alert, policy):
        since = alert.life.since or steady
        if steady - since < timedelta(seconds=step.after_s):
            break
        alert = changed(alert, life=msgspec.structs.replace(alert.life, escalated=alert.life.escalated + 1))
        changes.append(Change(alert, "escalated", "", step.to))
    if _may_become_stale(alert) and steady - alert.life.raises[-1] >= policy.stale_after:
        alert = changed(alert, life=msgspec.structs.replace(alert.life, flags=(*alert.life.flags, "stale")))
        changes.append(Change(alert, "stale"))
    return changes


def step_taken(alert: Alert, policy: AlarmPolicy) -> EscalationStep | None:
    """Return the newest step of escalation that was taken."""
    steps = [step for step in policy.escalation if alert.priority >= step.min_priority]
    taken = steps[: alert.life.escalated]
    return taken[-1] if taken else None


def next_due(alert: Alert, policy: AlarmPolicy) -> datetime | None:
    """Return the steady time before which ``due`` says nothing; None: never, unless something else happens first."""
    times = []
    steps = pending_steps(alert, policy)
    if steps and alert.life.since is not None:
        times.append(alert.life.since + timedelta(seconds=steps[0].after_s))
    if _may_become_stale(alert):
        times.append(alert.life.raises[-1] + policy.stale_after)
    return min(times, default=None)


def _may_become_stale(alert: Alert) -> bool:
    life = alert.life
    return alert.status in OPEN and alert.active and bool(life.raises) and "stale" not in life.flags
