"""Messages about announcing: what each person wants to be told of, and who was told."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from spc_desktop.domain.announcement import Preferences
from spc_desktop.domain.delivery import Delivery, DeliveryOutcome
from spc_desktop.protocol.bases import Command, Event, Query


class SavePreferences(Command, frozen=True, kw_only=True, tag="set_prefs"):
    """Say what the one who asks wants to be told of. Answer: ``Preferences`` as kept.

    ``prefs.revision`` is the one that was seen, 0 at first; ``UserError("preferences_changed")`` where another window of the
    same person was faster.
    """

    prefs: Preferences


class GetPreferences(Query, frozen=True, kw_only=True, tag="get_prefs"):
    """Answer: ``Preferences`` of the one who asks; those that hold at first where nothing was saved."""

    user: str = ""
    """Counts only for who needs no account: an account gets its own."""


class PreferencesEvent(Event, frozen=True, kw_only=True, tag="preferences"):
    """Somebody's preferences were saved; what they are is that one's own business."""

    user: str
    revision: int


class Told(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a station did with an announcement."""

    alert_id: int
    change: str
    outcome: DeliveryOutcome
    """``sent`` (shown) or ``suppressed``."""
    reason: Annotated[str, Meta(max_length=40)] = ""
    at: datetime


class ReportTold(Command, frozen=True, kw_only=True, tag="report_told"):
    """A window says which alerts it has shown to the one who asks, and which it has not. Answer: number of rows kept."""

    told: Annotated[tuple[Told, ...], Meta(max_length=200)]


class RetryDeliveries(Command, frozen=True, kw_only=True, tag="retry_deliveries"):
    """Send dead letters again, with the ids they had. Answer: how many."""

    ids: Annotated[tuple[int, ...], Meta(max_length=1000)] = ()
    """Rows of the delivery log; none: all dead letters."""


DeliveryCommand = ReportTold | RetryDeliveries


class GetDeliveries(Query, frozen=True, kw_only=True, tag="get_deliveries"):
    """Who was told, when, by which channel, and why not; newest first. Answer: ``DeliveryPage``."""

    before_id: int | None = None
    alert_id: int | None = None
    product_id: int | None = None
    recipient: str | None = None
    channel: str | None = None
    outcome: DeliveryOutcome | None = None
    limit: int = 50


class DeliveryPage(Struct, frozen=True, kw_only=True):
    deliveries: tuple[Delivery, ...]
    more: bool = False
