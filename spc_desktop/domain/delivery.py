"""The delivery log: who was told of an alert, when, by which way, and why not. What still has to be sent is in it as well."""

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from spc_desktop.domain.alert import Alert, Priority
from spc_desktop.domain.announcement import EMAIL, NOT_SUBSCRIBED, PRIORITY, Preferences

SOCKET, WEBHOOK = "socket", "webhook"
SLOW_READER, RATE_LIMIT, NOT_CONFIGURED, NO_ADDRESS = "slow_reader", "rate_limit", "not_configured", "no_address"
SENT_BY_HUB = frozenset({EMAIL, WEBHOOK})
GROUP_WAIT = timedelta(seconds=2)
"""What is not urgent waits so long for more of its burst."""
MOST_WAITING = 1_000
"""Announcements that wait for one recipient and channel; more are not kept, and the log says so."""
RETRIES_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds between the attempts, as "Standard Webhooks" advises; after the last one it is a dead letter."""


class DeliveryOutcome(StrEnum):
    WAITING = "waiting"
    """In the outbox: it is sent at ``due``."""
    SENT = "sent"
    SUPPRESSED = "suppressed"
    """Not announced to this one, for the ``reason`` given."""
    FAILED = "failed"
    """Given up after ``attempts``: a dead letter, which can be sent again."""


class Delivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of telling one recipient of one change of an alert by one channel."""

    id: int
    at: datetime
    alert_id: int | None = None
    """None: a message that was sent to try the channel."""
    product_id: int | None = None
    change: str = ""
    priority: Priority = Priority.LOW
    recipient: str = ""
    """User, or name of a webhook; empty: who works at the hub's computer without an account."""
    channel: str
    """``toast socket email webhook``."""
    outcome: DeliveryOutcome
    reason: str = ""
    """Why not: ``priority type not_subscribed snoozed quiet_hours masked rate_limit paused flood handled slow_reader
    not_configured no_address``."""
    client: str = ""
    """The station that showed it."""
    connections: int = 0
    """To how many open sockets of the recipient it was sent."""
    message: str = ""
    """Id of the message it is part of; the same at every attempt."""
    attempts: int = 0
    due: datetime | None = None
    """When it is tried next, on the hub's steady clock."""
    done_at: datetime | None = None
    error: str = ""
    """What the last attempt ended with."""
    alert: Alert | None = None
    """As it was when it happened; kept until it is sent."""


class Hook(Struct, frozen=True, kw_only=True):
    """A webhook as the hub knows it: which alerts it is told of."""

    name: str
    min_priority: Priority = Priority.LOW
    products: tuple[int, ...] | None = None

    def why_not(self, alert: Alert) -> str:
        """Return why it is not told of an alert; empty where it is."""
        if self.products is not None and alert.product_id not in self.products:
            return NOT_SUBSCRIBED
        return "" if alert.priority >= self.min_priority else PRIORITY


class Outlets(Struct, frozen=True, kw_only=True):
    """The channels of the hub itself, as they are configured."""

    email: bool = False
    hooks: tuple[Hook, ...] = ()


def due_at(wishes: Preferences, alert: Alert, steady: datetime, gathered: datetime | None) -> datetime:
    """Return when an e-mail is to be sent: urgent at once, else with what is gathered already or as its beginning.

    Args:
        wishes: of the recipient.
        alert: what it is about.
        steady: now.
        gathered: when what is gathered for the recipient is to be sent; None: nothing is.
    """
    if alert.priority >= Priority.URGENT:
        return steady
    if gathered is not None and gathered > steady:
        return gathered
    return steady + (timedelta(seconds=wishes.digest_s) if wishes.digest_s else GROUP_WAIT)


def retry_after(attempts: int, spread: float, asked: float = 0.0) -> timedelta | None:
    """Return how long to wait after so many attempts; None: give up.

    Args:
        attempts: made so far.
        spread: 0 ... 1, so that not all receivers are tried at the same moment.
        asked: seconds that the receiver wants to be left alone.
    """
    if attempts > len(RETRIES_S):
        return None
    seconds = max(RETRIES_S[attempts - 1] * (0.8 + 0.4 * spread), min(asked, RETRIES_S[-1]))
    return timedelta(seconds=seconds)
