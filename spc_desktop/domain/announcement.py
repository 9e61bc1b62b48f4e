"""What one person wants to be told of, and when: it changes what is announced, never what is delivered or kept.

The hub keeps one ``Preferences`` per user. The window asks ``why_not`` before it shows a toast, the channels before they
send; what is not announced is in the lists all the same.
"""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec import Struct, field, structs

from spc_desktop.domain.alert import Alert, AlertType, Priority, is_announced, mask_key
from spc_desktop.domain.calendar import DAY_MINUTES, zone_of
from spc_desktop.domain.errors import UserError

TOAST, EMAIL = "toast", "email"
CHANNELS = (TOAST, EMAIL)
SNOOZE = timedelta(minutes=15)
LONGEST_SNOOZE = timedelta(hours=12)
LONGEST_DIGEST = 86_400
_MOST = 1_000
_MOST_QUIET = 20
_MOST_SNOOZED = 500
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,190}")

NOT_SUBSCRIBED, SNOOZED, QUIET = "not_subscribed", "snoozed", "quiet_hours"
TYPE, PRIORITY = "type", "priority"
MASKED, NO_NEWS, CHATTERING = "masked", "no_news", "chattering"


class QuietHours(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A time of the day in which nothing is announced; it may end on the day after."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """Days on which it begins; 0 is Monday."""
    start: int = field(name="from")
    """Minutes after midnight."""
    end: int = field(name="to")
    """Minutes after midnight; before ``start``: on the next day."""
    zone: str = field(name="tz", default="")
    """IANA name; empty: where the announcement is made."""
    except_priority: Priority = Priority.URGENT
    """Alerts of this priority and above are announced all the same."""


class Preferences(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one user is told of. None: all of that kind."""

    products: tuple[int, ...] | None = None
    without: tuple[int, ...] = ()
    """Products that are left out: products that come later are in."""
    characteristics: tuple[int, ...] | None = None
    """Alerts that concern no characteristic are told to everybody who wants their product."""
    types: tuple[AlertType, ...] | None = None
    min_priority: Priority = Priority.LOW
    language: str = ""
    """``ko`` or ``en``; empty: that of the place where it is announced."""
    sound: bool = True
    digest_s: int = 0
    """What is not urgent is joined into one announcement for so many seconds; 0: each by itself."""
    quiet: tuple[QuietHours, ...] = ()
    snoozed: dict[str, datetime] = field(default_factory=dict)
    """Alarm (``mask_key``) -> not before."""
    channels: tuple[str, ...] = (TOAST,)
    email: str = ""
    revision: int = 0


class Why(NamedTuple):
    """Why an alert is not announced, and until when at most (None: it is not known)."""

    reason: str
    until: datetime | None = None


def wants(wishes: Preferences, alert: Alert) -> bool:
    """Tell whether a person has subscribed to this alert, at whatever hour."""
    return unwanted(wishes, alert) == ""


def unwanted(wishes: Preferences, alert: Alert) -> str:
    """Return why a person has not subscribed to this alert; empty where that one has."""
    product, about = alert.product_id, alert.characteristic_id
    chosen = (
        (wishes.products is None or product in wishes.products)
        and product not in wishes.without
        and (wishes.characteristics is None or about is None or about in wishes.characteristics)
    )
    if not chosen:
        return NOT_SUBSCRIBED
    if wishes.types is not None and alert.alert_type not in wishes.types:
        return TYPE
    return "" if alert.priority >= wishes.min_priority else PRIORITY


def why_not(wishes: Preferences, alert: Alert, change: str, now: datetime) -> Why | None:
    """Return why a change is not announced to a person, or None: it is.

    Args:
        wishes: what the person wants.
        alert: as it is now.
        change: what happened to it.
        now: with the offset of the place where it is announced.
    """
    if not is_announced(alert, change):
        return Why(MASKED if alert.mask is not None else NO_NEWS)
    if reason := unwanted(wishes, alert):
        return Why(reason)
    until = wishes.snoozed.get(mask_key(alert))
    if until is not None and now < until:
        return Why(SNOOZED, until)
    if change == "raised" and "chatters_on" in alert.life.flags and alert.priority < Priority.URGENT:
        return Why(CHATTERING)  # the occurrence before was told, and that it chatters
    quiet_until = quiet_end(wishes.quiet, alert.priority, now)
    return None if quiet_until is None else Why(QUIET, quiet_until)


def quiet_end(quiet: Collection[QuietHours], priority: Priority, now: datetime) -> datetime | None:
    """Return when the quiet hours end that hold now for a priority; None: none do."""
    ends = [end for one in quiet if priority < one.except_priority and (end := _end_of(one, now)) is not None]
    return max(ends, default=None)


def _end_of(quiet: QuietHours, now: datetime) -> datetime | None:
    local = now.astimezone(zone_of(quiet.zone)) if quiet.zone else now
    length = (quiet.end - quiet.start) % DAY_MINUTES
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    for back in (0, 1):
        day = midnight - timedelta(days=back)
        begins = day + timedelta(minutes=quiet.start)
        ends = begins + timedelta(minutes=length)
        if day.weekday() in quiet.days and begins <= local < ends:
            return ends
    return None


def with_product(wishes: Preferences, product_id: int, wanted: bool) -> Preferences:
    """Return the wishes with all alerts of a product switched on or off."""
    without = set(wishes.without)
    (without.discard if wanted else without.add)(product_id)
    products = wishes.products
    if wanted and products is not None and product_id not in products:
        products = (*products, product_id)
    return structs.replace(wishes, without=tuple(sorted(without)), products=products)


def hears_product(wishes: Preferences, product_id: int) -> bool:
    """Tell whether anything of a product is announced."""
    return product_id not in wishes.without and (wishes.products is None or product_id in wishes.products)


def snooze(wishes: Preferences, keys: Collection[str], until: datetime, now: datetime) -> Preferences:
    """Return the wishes with these alarms put off; what has ended is forgotten."""
    kept = {key: at for key, at in wishes.snoozed.items() if at > now}
    return structs.replace(wishes, snoozed=kept | dict.fromkeys(keys, until))


def check_preferences(wishes: Preferences, now: datetime) -> None:
    """Refuse what cannot be carried out.

    Raises:
        UserError: ``preferences_value``: names the field and what is allowed; ``unknown_zone``.
    """
    for name in ("products", "without", "characteristics", "types"):
        count = len(getattr(wishes, name) or ())
        _require(count <= _MOST, name, f"0 ... {_MOST}", count)
    _require(wishes.language in {"", "ko", "en"}, "language", "ko, en", wishes.language[:20])
    _require(0 <= wishes.digest_s <= LONGEST_DIGEST, "digest_s", f"0 ... {LONGEST_DIGEST}", wishes.digest_s)
    _require(len(wishes.quiet) <= _MOST_QUIET, "quiet", f"0 ... {_MOST_QUIET}", len(wishes.quiet))
    for quiet in wishes.quiet:
        _check_quiet(quiet)
    _require(len(wishes.snoozed) <= _MOST_SNOOZED, "snoozed", f"0 ... {_MOST_SNOOZED}", len(wishes.snoozed))
    for until in wishes.snoozed.values():
        allowed = f"<= {LONGEST_SNOOZE.total_seconds() / 3600:g} h"
        _require(until.tzinfo is not None and until <= now + LONGEST_SNOOZE, "snoozed", allowed, until.isoformat())
    _require(set(wishes.channels) <= set(CHANNELS), "channels", ", ".join(CHANNELS), ", ".join(wishes.channels)[:60])
    by_mail = EMAIL in wishes.channels
    if wishes.email or by_mail:
        good = _ADDRESS.fullmatch(wishes.email) is not None and wishes.email.isprintable()
        _require(good, "email", "name@example.com", wishes.email[:60])


def _check_quiet(quiet: QuietHours) -> None:
    _require(all(0 <= day <= 6 for day in quiet.days), "quiet.days", "0 ... 6", quiet.days)
    for name, value in (("from", quiet.start), ("to", quiet.end)):
        _require(0 <= value < DAY_MINUTES, f"quiet.{name}", f"0 ... {DAY_MINUTES - 1}", value)
    _require(quiet.start != quiet.end, "quiet.to", f"!= {quiet.start}", quiet.end)
    zone_of(quiet.zone)


def _require(holds: bool, name: str, allowed: str, got: object) -> None:
    if not holds:
        raise UserError("preferences_value", field=name, allowed=allowed, got=str(got))
