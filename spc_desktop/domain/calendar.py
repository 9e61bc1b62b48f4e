"""The shift calendar: which shift works at a moment, and whether anybody does."""

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from spc_desktop.domain.errors import UserError

DAY_MINUTES = 24 * 60


class Break(Struct, frozen=True, kw_only=True):
    """A pause within a shift."""

    start: int
    """Minutes after local midnight."""
    minutes: int


class Shift(Struct, frozen=True, kw_only=True):
    """One shift: it begins on ``days`` and may end on the day after."""

    name: str
    name_en: str = ""
    start: int
    """Minutes after local midnight."""
    minutes: int
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """Days on which it begins; 0 is Monday."""
    breaks: tuple[Break, ...] = ()


class OnDuty(Struct, frozen=True, kw_only=True):
    """The shift that works at a moment."""

    shift: Shift
    day: date
    """Day on which it began."""
    on_break: bool


def clock_text(minutes: int) -> str:
    """Return minutes after midnight as a time of the day, ``07:30``."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def check_shift(shift: Shift) -> None:
    """Refuse a shift that no day has room for.

    Raises:
        UserError: ``register_value``.
    """
    if not shift.name.strip():
        raise UserError("name_empty", entry=clock_text(shift.start))
    _check("start", shift.start, 0, DAY_MINUTES - 1)
    _check("minutes", shift.minutes, 1, DAY_MINUTES)
    for day in shift.days:
        _check("days", day, 0, 6)
    for pause in shift.breaks:
        _check("breaks", pause.start, 0, DAY_MINUTES - 1)
        _check("breaks", pause.minutes, 1, shift.minutes)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UserError("register_value", field=name, low=low, high=high, got=value)


@lru_cache(maxsize=16)
def zone_of(name: str) -> ZoneInfo | None:
    """Return a time zone by its IANA name; None for an empty name: the hub's own offset.

    Raises:
        UserError: ``unknown_zone``.
    """
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError("unknown_zone", got=name) from None


def on_duty(shifts: tuple[Shift, ...], closed: tuple[date, ...], local: datetime) -> OnDuty | None:
    """Return the shift that works at a local time, or None: nobody does.

    A shift belongs to the day on which it begins; a closed day has no shifts of its own.
    """
    for back in (0, 1):
        day = local.date() - timedelta(days=back)
        if day in closed:
            continue
        at = local.hour * 60 + local.minute + back * DAY_MINUTES
        for shift in shifts:
            if day.weekday() in shift.days and shift.start <= at < shift.start + shift.minutes:
                return OnDuty(shift=shift, day=day, on_break=_on_break(shift, at % DAY_MINUTES))
    return None


def _on_break(shift: Shift, at: int) -> bool:
    return any((at - pause.start) % DAY_MINUTES < pause.minutes for pause in shift.breaks)
