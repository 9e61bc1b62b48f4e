"""The messages of ``spc.v1`` that are not events, commands or queries of ``messages`` (``protocol.md`` section 3)."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct, field

from spc_desktop.domain.alert import Alert
from spc_desktop.protocol import messages as m

SUBPROTOCOL = "spc.v1"
WIRE_CODES = {"disk_full": "storage_full"}
"""Codes of our own whose name is another one for clients."""
HEARTBEAT_S = 5.0
BATCH_BYTES = 256 * 1024

EVENT_TYPES = frozenset(str(kind.__struct_config__.tag) for kind in m.AnyEvent.__args__)
"""The tags of all events."""


class Wanted(Struct, frozen=True, kw_only=True):
    """One subscription; a client gets the union of its subscriptions, each event once. None: everything of that kind."""

    products: frozenset[int] | None = None
    types: frozenset[str] | None = None
    characteristics: frozenset[int] | None = None
    """Concerns ``points`` and ``limits`` only."""
    codes: frozenset[str] | None = None
    """Codes of characteristics, as the client gave them; ``of`` are their ids."""
    of: frozenset[int] | None = None
    """Characteristics; concerns every event that belongs to one."""
    min_priority: int = 1
    """Concerns ``alert`` only."""
    states: frozenset[str] | None = None
    """``UNACK ACKED RTNUN NORM``; concerns ``alert`` only."""


class Hello(Struct, frozen=True, kw_only=True, tag_field="type", tag="hello"):
    v: int = 1
    server: str
    epoch: str
    seq: int
    auth: str = "none"
    """``required``: ``connect`` must bring a token; ``none``: this connection is let in already."""
    time: datetime
    features: tuple[str, ...] = ("resume", "batch", "priority", "presence", "ingest")
    heartbeat_s: float = HEARTBEAT_S
    limits: dict[str, int] = field(default_factory=dict)


class Connected(Struct, frozen=True, kw_only=True):
    """Result of ``connect``."""

    session: str
    recovered: bool
    replayed: int
    """Number of log entries that are looked through for this client (its subscriptions may leave some out)."""
    head: int
    epoch: str
    heartbeat_s: float = HEARTBEAT_S
    user: str = ""
    """Empty: nobody is signed in."""
    roles: tuple[str, ...] = ()


class Subscribed(Struct, frozen=True, kw_only=True):
    """Result of ``subscribe``: from ``head`` on every matching event is sent."""

    sub: str
    head: int
    epoch: str


class Flag(Struct, frozen=True, kw_only=True):
    """An item that was accepted although something about it is odd (``clock_skew``)."""

    i: int
    code: str


class Ingested(Struct, frozen=True, kw_only=True):
    """Result of ``ingest``; ``measurements`` only where the client asked for ``rows``."""

    accepted: int
    duplicates: int
    rejected: tuple[m.Rejected, ...] = ()
    flags: tuple[Flag, ...] = ()
    last_n: int | None = None
    durable: bool = True
    measurements: tuple[Any, ...] = ()


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who is connected."""

    session: str
    user: str
    client_id: str
    roles: tuple[str, ...]
    since: datetime


class Present(Struct, frozen=True, kw_only=True):
    """Result of ``presence``: who is connected now, the asker included."""

    present: tuple[Person, ...]


class Presence(Struct, frozen=True, kw_only=True, tag_field="type", tag="presence"):
    """Somebody came or went; sent to those who watch. No event of the log: it has no seq."""

    change: str
    """``joined`` or ``left``."""
    person: Person


class System(Struct, frozen=True, kw_only=True, tag_field="type", tag="system"):
    """The state of the hub itself, which cannot be stored: ``storage_full`` begins (active) and ends."""

    code: str
    active: bool
    priority: int = 4
    message: str
    ts: datetime


class Silenced(Struct, frozen=True, kw_only=True):
    """Result of ``silence``: this client shows no toasts until then; None: it shows them."""

    until: datetime | None


class Result(Struct, frozen=True, kw_only=True, tag_field="type", tag="result"):
    id: int
    ok: bool = True
    result: Any = None


class ResultIn(Struct, frozen=True, kw_only=True, tag_field="type", tag="result"):
    """``Result`` as a client reads it: the payload waits for its type."""

    id: int
    result: msgspec.Raw = msgspec.Raw(b"null")


class Error(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="error"):
    id: int | None = None
    code: str
    message: str = ""
    retry_after_ms: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    known: bool = False
    """True where the surroundings failed (``KnownError``), not the asker."""


class Sync(Struct, frozen=True, kw_only=True, tag_field="type", tag="sync"):
    """Everything you may see up to ``seq`` was sent."""

    seq: int
    ts: datetime


class Gap(Struct, frozen=True, kw_only=True, tag_field="type", tag="gap", rename={"first": "from", "last": "to"}):
    """Events ``first`` to ``last`` cannot be sent any more; the client reads its state anew."""

    first: int
    last: int
    reason: str
    epoch: str


class StateSnapshot(Struct, frozen=True, kw_only=True, tag_field="type", tag="state_snapshot"):
    """Follows a ``gap``: all alerts that are open as of ``seq``, in as many messages as it takes (``more``)."""

    seq: int
    epoch: str
    alerts: tuple[Alert, ...]
    more: bool = False


class Batch(Struct, frozen=True, kw_only=True, tag_field="type", tag="batch", rename={"first": "from", "last": "to"}):
    """Several events in one frame, for clients that offered it."""

    first: int
    last: int
    events: tuple[m.AnyEvent, ...]


class BatchIn(Struct, frozen=True, kw_only=True, tag_field="type", tag="batch"):
    """Several events in one frame, as a client reads them."""

    events: tuple[msgspec.Raw, ...]


class Shutdown(Struct, frozen=True, kw_only=True, tag_field="type", tag="shutdown"):
    reconnect_after_ms: tuple[int, int] = (500, 3000)


def batch(events: list[bytes], first: int, last: int) -> bytes:
    """Join encoded events to one ``batch`` message."""
    return b'{"type":"batch","from":%d,"to":%d,"events":[%b]}' % (first, last, b",".join(events))
