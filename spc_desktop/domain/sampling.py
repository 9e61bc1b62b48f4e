"""When samples are due: from plan, calendar and last sample alone, so that a restart or a clock that was set changes nothing.

The times of a day are ``first`` and every ``interval`` after it, until ``first`` of the next day. What falls outside of shifts,
on closed days or into breaks is never due. A sample serves the newest time before it, or the next one if it comes early by
no more than a quarter of the interval.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from spc_desktop.domain.calendar import DAY_MINUTES, on_duty, zone_of
from spc_desktop.domain.register import SamplingPlan, ShiftCalendar

FORWARD_DAYS = 15
"""So far ahead the next time is looked for: longer closings have none."""
_BACK = timedelta(days=1)
"""A time that nobody served for a day is not due any more: it was missed."""


class Sampling(NamedTuple):
    """Where the sampling of a characteristic stands."""

    due: datetime | None
    """The newest time that waits for its sample; None: nothing is due."""
    following: datetime | None
    """The next time to come; None: none within ``FORWARD_DAYS``."""
    overdue_at: datetime | None
    """From then on what is due is overdue."""

    def minutes_overdue(self, now: datetime) -> int:
        """Return for how long it has been overdue, in whole minutes since it was due; 0: it is not."""
        if self.due is None or self.overdue_at is None or now < self.overdue_at:
            return 0
        return max(1, int((now - self.due).total_seconds() // 60))


NOTHING = Sampling(None, None, None)


def look(plan: SamplingPlan, calendar: ShiftCalendar | None, last: datetime | None, now: datetime) -> Sampling:
    """Return where the sampling stands.

    Args:
        plan: when samples are to be taken.
        calendar: the plant's shifts; None: always at work.
        last: time of the last sample or skip.
        now: wall clock with an offset.
    """
    if plan.interval_minutes is None:
        return NOTHING
    zone = zone_of(calendar.time_zone) if calendar is not None else None
    local_zone: tzinfo | None = zone or now.tzinfo
    naive = now.astimezone(local_zone).replace(tzinfo=None)
    newest = following = None
    for slot in _slots(plan, calendar, naive):
        if slot > naive:
            following = slot
            break
        newest = slot
    due = None
    if newest is not None and naive - newest < _BACK:
        at = newest.replace(tzinfo=local_zone)
        early = timedelta(minutes=plan.interval_minutes / 4)
        served = last is not None and last >= at - early
        old = plan.since is not None and plan.since >= at
        due = None if served or old else at
    return Sampling(
        due,
        None if following is None else following.replace(tzinfo=local_zone),
        None if due is None else due + timedelta(minutes=plan.grace_minutes),
    )


def _slots(plan: SamplingPlan, calendar: ShiftCalendar | None, now: datetime) -> Iterator[datetime]:
    """Yield the times from a day before ``now`` on."""
    interval = plan.interval_minutes or DAY_MINUTES
    shifts = calendar.shifts if calendar is not None and plan.shifts_only else ()
    closed = calendar.closed if calendar is not None else ()
    for ahead in range(-2, FORWARD_DAYS):
        day = now.date() + timedelta(days=ahead)
        if shifts and not any(_works(calendar, day + timedelta(days=off)) for off in (-1, 0, 1)):
            continue
        midnight = datetime.combine(day, datetime.min.time())
        for minute in range(plan.first, plan.first + DAY_MINUTES, interval):
            slot = midnight + timedelta(minutes=minute)
            if not shifts:
                yield slot
                continue
            duty = on_duty(shifts, closed, slot)
            if duty is not None and not duty.on_break:
                yield slot


def _works(calendar: ShiftCalendar | None, day: date) -> bool:
    if calendar is None or day in calendar.closed:
        return False
    return any(day.weekday() in shift.days for shift in calendar.shifts)


def is_silent(plan: SamplingPlan, calendar: ShiftCalendar | None, quiet: timedelta, now: datetime) -> bool:
    """Tell whether a source has said nothing for too long; outside of shifts silence is no alarm.

    Args:
        plan: how long is too long.
        calendar: the plant's shifts.
        quiet: time since the last value, on a clock that never jumps.
        now: wall clock with an offset.
    """
    if plan.silent_minutes is None or quiet < timedelta(minutes=plan.silent_minutes):
        return False
    if not plan.shifts_only or calendar is None or not calendar.shifts:
        return True
    local = now.astimezone(zone_of(calendar.time_zone) or now.tzinfo).replace(tzinfo=None)
    duty = on_duty(calendar.shifts, calendar.closed, local)
    return duty is not None and not duty.on_break
