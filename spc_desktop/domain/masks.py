"""Masks: why an alarm is not announced for a while, whom a mask covers, and when it ends (ISA-18.2, clause 3.1 and 11).

A mask is kept apart from the alerts it covers, so that it also holds for occurrences that are still to come. The alert
keeps its state underneath.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec
from msgspec import Struct

from spc_desktop.domain.errors import UserError

LONGEST_SHELF = timedelta(minutes=720)


class MaskKind(StrEnum):
    SHELVED = "SHLVD"
    """By an operator, for a time that always ends."""
    SUPPRESSED = "DSUPR"
    """By design: line stopped, gauge out of calibration."""
    OUT_OF_SERVICE = "OOSRV"
    """By maintenance, until somebody returns it to service."""


class Mask(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One mask over a product, or over an alarm key, or over all keys that begin with it."""

    kind: MaskKind
    key: str = ""
    """``product/characteristic`` or longer, or ``#id`` of an alert that has no key; empty where a product is meant."""
    product_id: int | None = None
    by: str = ""
    reason: str = ""
    since: datetime
    until: datetime | None = None
    """End of a shelf, on the hub's steady clock; None: until somebody ends it."""
    one_shot: bool = False
    """A shelf that also ends when its alarm returns to normal."""

    @property
    def id(self) -> str:
        """One mask of a kind and a scope exists at a time."""
        scope = self.key if self.product_id is None else f"product {self.product_id}"
        return f"{self.kind.value} {scope}"

    def covers(self, product_id: int, key: str) -> bool:
        """Tell whether an alarm is under this mask."""
        if self.product_id is not None:
            return self.product_id == product_id
        return key == self.key or key.startswith(f"{self.key}/")


SET = {
    MaskKind.SHELVED: "shelved",
    MaskKind.SUPPRESSED: "suppressed",
    MaskKind.OUT_OF_SERVICE: "out_of_service",
}
"""What is said of an alert that came under a mask."""
ENDED = {
    MaskKind.SHELVED: "unshelved",
    MaskKind.SUPPRESSED: "unsuppressed",
    MaskKind.OUT_OF_SERVICE: "returned_to_service",
}
"""What is said of an alert whose mask has ended."""
_STRENGTH = (MaskKind.OUT_OF_SERVICE, MaskKind.SUPPRESSED, MaskKind.SHELVED)


def strongest(masks: Iterable[Mask], product_id: int, key: str) -> Mask | None:
    """Return the mask that an alarm shows: out of service before suppressed before shelved."""
    found = [mask for mask in masks if mask.covers(product_id, key)]
    return min(found, key=lambda mask: _STRENGTH.index(mask.kind), default=None)


def shelf(
    key: str,
    minutes: int,
    reason: str,
    by: str,
    steady: datetime,
    *,
    one_shot: bool = False,
    product_id: int | None = None,
) -> Mask:
    """Return a shelf.

    Raises:
        UserError: ``shelve_minutes``, ``reason_empty``.
    """
    longest = int(LONGEST_SHELF.total_seconds()) // 60
    if not 1 <= minutes <= longest:
        raise UserError("shelve_minutes", value=minutes, low=1, high=longest)
    check_reason(reason)
    return Mask(
        kind=MaskKind.SHELVED,
        key=key,
        product_id=product_id,
        by=by,
        reason=reason,
        since=steady,
        until=steady + timedelta(minutes=minutes),
        one_shot=one_shot,
    )


def check_reason(reason: str) -> None:
    """Refuse a mask that nobody could explain later."""
    if not reason.strip():
        raise UserError("reason_empty")


def tick(masks: Mapping[str, Mask], steady: datetime) -> dict[str, Mask | None]:
    """Return what time changes: masks that end (None), and shelves cut to the longest one after a clock was set back."""
    changed: dict[str, Mask | None] = {}
    for name, mask in masks.items():
        if mask.until is None:
            continue
        if mask.until <= steady:
            changed[name] = None
        elif mask.until - steady > LONGEST_SHELF:
            changed[name] = msgspec.structs.replace(mask, until=steady + LONGEST_SHELF)
    return changed
