"""The delivery log: who was told of an alert, when, by which way, and why not. What still has to be sent is in it as well."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from spc_desktop.domain.alert import Alert, Priority

SOCKET, WEBHOOK = "socket", "webhook"
SLOW_READER, RATE_LIMIT = "slow_reader", "rate_limit"


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
    """Why not: ``priority type not_subscribed snoozed quiet_hours masked rate_limit paused slow_reader``."""
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
