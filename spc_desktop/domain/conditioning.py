"""Between a condition and its alarm: delays, inhibition, and whether a corrective action has helped.

What must be remembered from point to point is an ``AlarmState``, kept with the monitor's state, so that it survives a restart.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, field

from spc_desktop.domain.alarm_policy import AlarmPolicy, Delay
from spc_desktop.domain.alert import Alert, AlertType, Observed, Signal


class Waiting(Struct, frozen=True, array_like=True):
    """A condition that is not an alarm yet (``signal``), or an alarm whose condition has gone but that has not returned."""

    fired: tuple[int, ...] = ()
    """Chart positions at which it fired, as far as they count."""
    since: datetime | None = None
    """Steady time of the first of them, or of the first point without the condition."""
    clear: int = 0
    """Points in a row without the condition."""
    signal: Signal | None = None


class AlarmState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is remembered of the alarms of one characteristic beside its alerts."""

    waiting: dict[str, Waiting] = field(default_factory=dict)
    verifying: dict[str, tuple[int, int]] = field(default_factory=dict)
    """key -> id of the ended alert, points in control that are still to come."""


class Verdict(NamedTuple):
    alert_id: int
    effective: bool


_INHIBITED = frozenset({AlertType.OUT_OF_CONTROL, AlertType.RUN_RULE})


def may_settle(observed: Observed, key: str) -> bool:
    """Tell whether this judgement can say of an alarm that its condition has gone."""
    return key not in observed.kept if observed.settles is None else key in observed.settles


def inhibit(policy: AlarmPolicy, current: Mapping[str, Alert], observed: Observed, masked: Collection[str]) -> Observed:
    """Let an alarm out of specification stand for the control limits and run rules of the same point.

    A masked alarm stands for nothing: else a shelf would also hide what nobody has shelved.
    """
    if not policy.inhibit or not observed.fired:
        return observed
    standing = {signal.key for signal in observed.fired if signal.alert_type is AlertType.OUT_OF_SPEC}
    standing |= {key for key in observed.held if _is_standing(current.get(key))}
    if not standing - set(masked):
        return observed
    kept = tuple(signal for signal in observed.fired if signal.alert_type not in _INHIBITED)
    silent = {signal.key for signal in observed.fired} - {signal.key for signal in kept}
    return observed._replace(fired=kept, held=observed.held | silent)


def _is_standing(alert: Alert | None) -> bool:
    return alert is not None and alert.active and alert.alert_type is AlertType.OUT_OF_SPEC


def delay(
    policy: AlarmPolicy,
    waiting: Mapping[str, Waiting],
    current: Mapping[str, Alert],
    observed: Observed,
    steady: datetime,
) -> tuple[Observed, dict[str, Waiting]]:
    """Hold back what has not gone on for long enough, and keep alarms active that have not been clear for long enough."""
    if not (policy.delays or waiting):
        return observed, {}
    after = dict(waiting)
    firing = {signal.key for signal in observed.fired}
    fired = tuple(s for s in observed.fired if _has_lasted(policy, after, current, s, observed.point_index, steady))
    held = set(observed.held) | (firing - {signal.key for signal in fired})
    _forget(policy, after, observed, firing)
    for key, alert in current.items():
        if not alert.active or key in firing:
            continue
        if key in held:
            after.pop(key, None)
        elif may_settle(observed, key) and not _has_cleared(policy.delay(alert.code), after, key, steady):
            held.add(key)
    return observed._replace(fired=fired, held=frozenset(held)), after


def _has_lasted(
    policy: AlarmPolicy,
    after: dict[str, Waiting],
    current: Mapping[str, Alert],
    signal: Signal,
    index: int,
    steady: datetime,
) -> bool:
    rule, alert = policy.delay(signal.code), current.get(signal.key)
    before = after.pop(signal.key, None)
    if rule is None or (alert is not None and alert.active):
        return True
    if before is None or before.signal is None:
        before = Waiting(since=steady)
    window = max(rule.on_within, rule.on_points)
    fired = (*(at for at in before.fired if at != index and index - at < window), index)
    new = Waiting(fired, before.since or steady, signal=signal)
    if _is_due_on(rule, new, steady):
        return True
    after[signal.key] = new
    return False


def _is_due_on(rule: Delay, waiting: Waiting, steady: datetime) -> bool:
    return len(waiting.fired) >= rule.on_points and _elapsed(waiting, steady) >= rule.on_seconds


def _is_due_off(rule: Delay, waiting: Waiting, steady: datetime) -> bool:
    return waiting.clear >= rule.off_points and _elapsed(waiting, steady) >= rule.off_seconds


def _elapsed(waiting: Waiting, steady: datetime) -> float:
    return 0.0 if waiting.since is None else (steady - waiting.since).total_seconds()


def _forget(policy: AlarmPolicy, after: dict[str, Waiting], observed: Observed, firing: set[str]) -> None:
    """Drop conditions that have gone before they became an alarm."""
    for key, waits in list(after.items()):
        if waits.signal is None or key in firing or key in observed.held or not may_settle(observed, key):
            continue
        rule = policy.delay(waits.signal.code)
        if rule is None or all(observed.point_index - at >= rule.on_within for at in waits.fired):
            del after[key]


def _has_cleared(rule: Delay | None, after: dict[str, Waiting], key: str, steady: datetime) -> bool:
    before = after.pop(key, None) or Waiting()
    if rule is None:
        return True
    new = Waiting(since=before.since or steady, clear=before.clear + 1)
    if _is_due_off(rule, new, steady):
        return True
    after[key] = new
    return False


def timed(
    policy: AlarmPolicy, waiting: Mapping[str, Waiting], index: int, steady: datetime
) -> tuple[Observed, dict[str, Waiting]]:
    """Return what the passing of time alone makes of the conditions that wait: alarms and returns."""
    after, fired, settled = dict(waiting), [], set()
    for key, waits in waiting.items():
        if waits.signal is not None:
            rule = policy.delay(waits.signal.code)
            if rule is None or _is_due_on(rule, waits, steady):
                fired.append(waits.signal)
                del after[key]
            continue
        # The rule of an alarm that waits to return is known by the last part of its key.
        rule = policy.delay(key.rsplit("/", 1)[-1])
        if rule is None or _is_due_off(rule, waits, steady):
            settled.add(key)
            del after[key]
    return Observed(index, tuple(fired), settles=frozenset(settled)), after


def is_timed(policy: AlarmPolicy, waiting: Mapping[str, Waiting]) -> bool:
    """Tell whether time alone can change anything of these."""
    return bool(waiting) and any(rule.on_seconds or rule.off_seconds for rule in policy.delays.values())


def effect(
    verifying: Mapping[str, tuple[int, int]], observed: Observed
) -> tuple[dict[str, tuple[int, int]], list[Verdict]]:
    """Count points in control after a corrective action; the same condition again says that it did not help."""
    after, verdicts = dict(verifying), []
    firing = {signal.key for signal in observed.fired}
    in_control = observed.settles is None and not firing and not observed.held
    for key, (alert_id, left) in verifying.items():
        if observed.retrospective:
            continue
        if key in firing:
            verdicts.append(Verdict(alert_id, effective=False))
            del after[key]
        elif in_control and left <= 1:
            verdicts.append(Verdict(alert_id, effective=True))
            del after[key]
        elif in_control:
            after[key] = (alert_id, left - 1)
    return after, verdicts
