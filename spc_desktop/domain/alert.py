"""Alerts: what is raised, repeated and returned (states of ISA-18.2 with the original's statuses).

What people do with an alert is in ``handling``, what time does to it in ``deadlines``.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct, field

from spc_desktop.domain.alarm_policy import DEFAULT, AlarmPolicy
from spc_desktop.domain.masks import Mask, strongest


class AlertType(StrEnum):
    OUT_OF_SPEC = "OUT_OF_SPEC"
    OUT_OF_CONTROL = "OUT_OF_CONTROL"
    RUN_RULE = "RUN_RULE"
    TREND = "TREND"
    PREDICTION = "PREDICTION"
    CAPABILITY = "CAPABILITY"
    SAMPLE_OVERDUE = "SAMPLE_OVERDUE"
    STREAM_SILENT = "STREAM_SILENT"


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


class Life(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the machine remembers of an alert; its times are of the hub's steady clock, which never jumps."""

    since: datetime | None = None
    """From here escalation counts: raised, announced again after a mask, acknowledgement taken back."""
    raises: tuple[datetime, ...] = ()
    """The newest times at which the alarm became active, of earlier occurrences too."""
    raised_index: int = 0
    """Chart position at which it became active."""
    escalated: int = 0
    """Steps of the escalation policy that were taken."""
    flags: tuple[str, ...] = ()
    """``chattering``, ``chatters_on`` (as the occurrence before did: it was told then), ``fleeting``, ``stale``."""
    verification: str = ""
    """``watching``, ``effective``, ``not_effective``; empty: nobody asked."""


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
    mask: Mask | None = None
    """Why it is not announced; its state goes on underneath."""
    life: Life = Life()


# -- the machine -------------------------------------------------------------------------------------------------------

OPEN = frozenset({Status.NEW, Status.ACKNOWLEDGED, Status.INVESTIGATING})
ENDED = frozenset({Status.RESOLVED, Status.CLOSED})
ANNOUNCING = frozenset({"raised", "unacked", "escalated", "unshelved", "unsuppressed", "returned_to_service"})
"""Changes after which somebody must be told, where the alert is neither masked nor acknowledged."""


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
    retrospective: bool = False
    """True where limits learnt later judge a point of the past."""


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


def is_announced(alert: Alert, change: str) -> bool:
    """Tell whether a change is one that people are to be told of."""
    return change in ANNOUNCING and alert.mask is None and not is_acknowledged(alert)


def mask_key(alert: Alert) -> str:
    """Return what a mask over this alert alone names: its alarm, or the alert itself where a person wrote it."""
    return alert.key or f"#{alert.id}"


class Moment(NamedTuple):
    """What the machine must know beside the judgement."""

    now: datetime
    """Wall clock: what people read."""
    steady: datetime
    """Clock that never jumps: what decides."""
    words: Words
    masks: Collection[Mask] = ()
    policy: AlarmPolicy = DEFAULT


def step(current: Mapping[str, Alert], observed: Observed, owner: Owner, moment: Moment, first_id: int) -> list[Change]:
    """Fold one judgement into the alerts of one characteristic.

    Args:
        current: the newest open alert of each key.
        observed: what fired, what goes on and what may return.
        owner: product and characteristic of new alerts.
        moment: times, words, masks and policy.
        first_id: id of the first new alert; others count on.
    """
    changes: list[Change] = []
    fired = set()
    for signal in observed.fired:
        fired.add(signal.key)
        known = current.get(signal.key)
        if known is not None and (known.active or not is_acknowledged(known)):
            changes.append(Change(_repeat(known, signal, observed.point_index, moment), "repeated"))
        else:
            changes.append(Change(_raise(signal, observed.point_index, owner, moment, first_id, known), "raised"))
            first_id += 1
    for key, alert in current.items():
        may = key not in observed.kept if observed.settles is None else key in observed.settles
        if may and alert.active and key not in fired and key not in observed.held:
            life = _settled(alert, observed.point_index, moment)
            changes.append(Change(changed(alert, active=False, life=life), "returned"))
    return changes


def _raise(
    signal: Signal, point_index: int, owner: Owner, moment: Moment, new_id: int, previous: Alert | None
) -> Alert:
    title, message = moment.words(signal.code, signal.params)
    earlier = Life() if previous is None else Life(raises=previous.life.raises)
    life = _activated(earlier, point_index, moment, since=moment.steady)
    if previous is not None and "chattering" in previous.life.flags and "chattering" in life.flags:
        life = msgspec.structs.replace(life, flags=(*life.flags, "chatters_on"))
    return Alert(
        id=new_id,
        product_id=owner.product_id,
        product_code=owner.product_code,
        product_name=owner.product_name,
        alert_type=signal.alert_type,
        priority=signal.priority,
        title=title,
        message=message,
        created_at=moment.now,
        characteristic_id=owner.characteristic_id,
        point_index=point_index,
        key=signal.key,
        last_at=moment.now,
        code=signal.code,
        params=signal.params,
        mask=strongest(moment.masks, owner.product_id, signal.key) if moment.masks else None,
        life=life,
    )


def _repeat(alert: Alert, signal: Signal, point_index: int, moment: Moment) -> Alert:
    params = alert.params
    if "value" in signal.params:
        params = {**params, "last_value": signal.params["value"]}
    life = alert.life if alert.active else _activated(alert.life, point_index, moment, since=alert.life.since)
    return changed(
        alert, active=True, count=alert.count + 1, last_at=moment.now, point_index=point_index, params=params, life=life
    )


def _activated(life: Life, point_index: int, moment: Moment, since: datetime | None) -> Life:
    """Remember that the alarm became active; too often within too short a time is chattering."""
    policy = moment.policy
    raises = (*life.raises, moment.steady)[-policy.chatter_raises :]
    chatters = len(raises) == policy.chatter_raises and (raises[-1] - raises[0]).total_seconds() <= policy.chatter_s
    flags = tuple(flag for flag in life.flags if flag != "stale")
    if chatters and "chattering" not in flags:
        flags = (*flags, "chattering")
    return msgspec.structs.replace(life, raises=raises, raised_index=point_index, since=since, flags=flags)


def _settled(alert: Alert, point_index: int, moment: Moment) -> Life:
    """An alarm that returns before twice its on-delay has come and gone: fleeting."""
    life, delay = alert.life, moment.policy.delay(alert.code)
    flags = tuple(flag for flag in life.flags if flag != "stale")
    if delay is not None and life.raises:
        by_points = delay.on_points > 1 and point_index - life.raised_index < 2 * delay.on_points
        by_time = moment.steady - life.raises[-1] < timedelta(seconds=2 * delay.on_seconds)
        if (by_points or by_time) and "fleeting" not in flags:
            flags = (*flags, "fleeting")
    return msgspec.structs.replace(life, flags=flags)


def changed(alert: Alert, **fields: Any) -> Alert:
    """Return the next version of an alert: its state follows from its flags, its revision rises."""
    new = msgspec.structs.replace(alert, **fields)
    state = state_of(new.active, is_acknowledged(new))
    return msgspec.structs.replace(new, state=state, rev=alert.rev + 1)
