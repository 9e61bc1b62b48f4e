"""How the alarms of a characteristic behave: delays, inhibition, chattering, escalation. By default nothing is delayed."""

import math
from collections.abc import Mapping
from datetime import timedelta

from msgspec import Struct, field

from spc_desktop.domain.errors import UserError

_MOST_POINTS = 1_000
_LONGEST_DELAY = 86_400.0
_LONGEST_STEP = 7 * 86_400.0
_MOST_STEPS = 20


class Delay(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a rule's condition becomes an alarm, and when the alarm returns (IEC 62682, clause 10.5: delays and deadband)."""

    on_points: int = 1
    """It must fire at so many points ..."""
    on_within: int = 0
    """... of the last so many; 0: at so many in a row."""
    on_seconds: float = 0.0
    """And it must go on for so long."""
    off_points: int = 1
    """The alarm returns after so many points in a row without the condition ..."""
    off_seconds: float = 0.0
    """... for so long."""
    deadband: float = 0.0
    """A statistic closer to its control limit than so many sigma does not count as returned (rules of one point only)."""


class EscalationStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tell somebody else where nobody has acknowledged."""

    after_s: float
    """Since the alarm was raised (or was announced again), in seconds."""
    to: str
    """User, role or group."""
    channels: tuple[str, ...] = ()
    """Empty: those of whom it is told to."""
    min_priority: int = 1


class AlarmPolicy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Part of the control plan."""

    delays: dict[str, Delay] = field(default_factory=dict)
    """Rule id, or ``out_of_spec``, or ``*`` for all that are not named."""
    inhibit: bool = True
    """Out of specification keeps the same point's control limit and run rule alarms from being raised."""
    chatter_raises: int = 3
    chatter_s: float = 60.0
    """So many raises within so many seconds are chattering."""
    stale_s: float = 86_400.0
    """An alarm that stays active for longer is stale."""
    escalation: tuple[EscalationStep, ...] = ()
    """In the order of ``after_s``."""

    def delay(self, code: str) -> Delay | None:
        """Return the delay of a rule; None where it has none."""
        return (self.delays.get(code) or self.delays.get("*")) if self.delays else None

    @property
    def stale_after(self) -> timedelta:
        return timedelta(seconds=self.stale_s)


DEFAULT = AlarmPolicy()


def check_alarm_policy(policy: AlarmPolicy) -> None:
    """Refuse a policy that cannot be carried out.

    Raises:
        UserError: ``alarm_policy``: names the field and what is allowed.
    """
    for code, delay in policy.delays.items():
        _check_delay(f"delays.{code}", delay)
    _require(2 <= policy.chatter_raises <= 20, "chatter_raises", "2 ... 20", policy.chatter_raises)
    _require_span("chatter_s", policy.chatter_s, _LONGEST_DELAY)
    _require(60 <= policy.stale_s <= 366 * 86_400, "stale_s", "60 ... 31622400", policy.stale_s)
    _require(len(policy.escalation) <= _MOST_STEPS, "escalation", f"<= {_MOST_STEPS}", len(policy.escalation))
    times = [step.after_s for step in policy.escalation]
    _require(times == sorted(times), "escalation.after_s", "0 <= ... <= ...", times)
    for step in policy.escalation:
        _require_span("escalation.after_s", step.after_s, _LONGEST_STEP)
        _require(0 < len(step.to.strip()) <= 100, "escalation.to", "1 ... 100", step.to[:20])


def _check_delay(name: str, delay: Delay) -> None:
    points: Mapping[str, int] = {"on_points": delay.on_points, "off_points": delay.off_points}
    for field_name, value in points.items():
        _require(1 <= value <= _MOST_POINTS, f"{name}.{field_name}", f"1 ... {_MOST_POINTS}", value)
    within = delay.on_within == 0 or delay.on_points <= delay.on_within <= _MOST_POINTS
    _require(within, f"{name}.on_within", f"0, {delay.on_points} ... {_MOST_POINTS}", delay.on_within)
    _require_span(f"{name}.on_seconds", delay.on_seconds, _LONGEST_DELAY)
    _require_span(f"{name}.off_seconds", delay.off_seconds, _LONGEST_DELAY)
    _require_span(f"{name}.deadband", delay.deadband, 10.0)


def _require_span(name: str, value: float, high: float) -> None:
    _require(math.isfinite(value) and 0 <= value <= high, name, f"0 ... {high:g}", value)


def _require(holds: bool, name: str, allowed: str, got: object) -> None:
    if not holds:
        raise UserError("alarm_policy", field=name, allowed=allowed, got=str(got))
