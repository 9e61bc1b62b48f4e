"""What the hub needs from outside: a store and a clock."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits
from spc_desktop.domain.delivery import Delivery
from spc_desktop.domain.masks import Mask
from spc_desktop.domain.measurement import Measurement, MeasurementIn, Quarantined
from spc_desktop.domain.note import Note
from spc_desktop.domain.point import Point
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.protocol import messages as m


class Clock(Protocol):
    """Time for everything below ``app``: tests give a clock that they turn themselves."""

    def now(self) -> datetime:
        """Return the wall clock with the local offset."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        ...


@dataclass(slots=True)
class AlertChange:
    """One row of an alert's history."""

    alert_id: int
    at: datetime
    change: str
    by: str = ""
    comment: str = ""
    rev: int = 1


@dataclass(slots=True)
class AuditRecord:
    """Who changed what, from what to what, and why. Written in the transaction of the change, never altered."""

    at: datetime
    actor: str
    action: str
    """Tag of the command."""
    object: str
    """Kind and id, as ``alert 12``."""
    client: str = ""
    before: Any = None
    """What differs from ``after``, as msgspec can write it; None: it was not there."""
    after: Any = None
    reason: str = ""


@dataclass(slots=True)
class Document:
    """A small thing that is read whole by the part that owns its kind: a user, a token, somebody's preferences."""

    kind: str
    key: str
    body: bytes | None
    """None: it is deleted."""


@dataclass(slots=True)
class Batch:
    """Everything of one transaction. The store writes all of it or nothing."""

    measurements: list[Measurement] = field(default_factory=list)
    keys: list[tuple[str, int]] = field(default_factory=list)
    """Idempotency key and id of the first measurement it made."""
    settled: dict[int, list[int]] = field(default_factory=dict)
    """characteristic -> measurement ids written earlier (or in this batch) whose open subgroup has now closed; their
    ``point_index`` and ``is_within_control`` follow in ``settled_as``."""
    settled_as: dict[int, tuple[int, bool]] = field(default_factory=dict)
    """measurement id -> (point index, within control)."""
    points: list[Point] = field(default_factory=list)
    """New points, or replacements where (characteristic, index) is known."""
    violations: list[m.ViolationOut] = field(default_factory=list)
    alerts: list[Alert] = field(default_factory=list)
    """New rows, or whole new versions of known ids."""
    alert_changes: list[AlertChange] = field(default_factory=list)
    masks: dict[str, Mask | None] = field(default_factory=dict)
    """``Mask.id`` -> the mask that holds from now on, or None: it has ended."""
    monitor_states: dict[int, bytes] = field(default_factory=dict)
    """characteristic -> serialised ``MonitorState``."""
    limits: list[FrozenLimits] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    characteristics: list[Characteristic] = field(default_factory=list)
    plans: list[ControlPlan] = field(default_factory=list)
    capabilities: list[m.CapabilityOut] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    """New rows of the delivery log, or whole new versions of known ids."""
    documents: list[Document] = field(default_factory=list)
    """New ones, or replacements where (kind, key) is known; the last one of a key counts."""
    audit: list[AuditRecord] = field(default_factory=list)
    events: list[m.AnyEvent] = field(default_factory=list)
    """In order, with seq 0; the store numbers them."""


@dataclass(slots=True)
class Stored:
    """What the hub reads once, when it starts."""

    epoch: str
    head: int
    catalogue: m.Catalogue
    monitor_states: dict[int, bytes]
    open_alerts: list[Alert]
    """Every alert whose status is not RESOLVED or CLOSED."""
    next_ids: dict[str, int]
    """Kind (``station.ID_KINDS``) -> next free id."""
    masks: list[Mask] = field(default_factory=list)
    """Every mask that has not ended."""


class Parcel(Struct, frozen=True, kw_only=True):
    """One message: an alert, or what was gathered of a burst or for a digest."""

    message: str
    """Its id: the same at every attempt, so that a receiver can tell a repetition."""
    recipient: str
    address: str = ""
    language: str
    sent_at: datetime
    deliveries: tuple[Delivery, ...]
    states: dict[int, str] = {}
    """Alert -> its status now, as far as it differs from when it was announced."""


class NotSentError(Exception):
    """A channel could not send. ``lasting``: it makes no sense to try again; ``wait``: seconds it wants to be left alone."""

    def __init__(self, why: str, *, lasting: bool = False, wait: float = 0.0) -> None:
        super().__init__(why)
        self.lasting = lasting
        self.wait = wait


class Channel(Protocol):
    """A way to tell people or programs outside of the hub."""

    pace: tuple[float, float]
    """Seconds between two messages to one recipient in the long run, and how many may be sent at once."""

    async def send(self, parcel: Parcel) -> None:
        """Send one message; returns when the other side has taken it.

        Raises:
            NotSentError: it has not, or it is not known whether it has.
        """
        ...

    async def close(self) -> None: ...


class Store(Protocol):
    """Keeps everything; one writer. Opened and closed by ``async with``."""

    async def __aenter__(self) -> "Store": ...
    async def __aexit__(self, *exc: object) -> None: ...

    async def load(self) -> Stored: ...

    async def known_keys(self, keys: Collection[str]) -> dict[str, int]:
        """Return key -> first measurement id for the keys that were stored before."""
        ...

    async def noted(self, key: str) -> Note | None:
        """Return the note that was stored with a key."""
        ...

    async def measurement(self, row_id: int) -> Measurement | None:
        """Return one row by its id."""
        ...

    async def documents(self, kind: str) -> dict[str, bytes]:
        """Return key -> body of all documents of a kind."""
        ...

    async def append(self, batch: Batch) -> list[m.AnyEvent]:
        """Write one transaction and return its events with seq and epoch; nothing of it is visible before.

        Raises:
            KnownError: ``disk_full``, ``database_locked``, ...; nothing was written.
        """
        ...

    async def query(self, query: m.AnyQuery) -> Any:
        """Answer a query (see the struct's docstring for the answer's type) from committed data."""
        ...

    async def measurements_between(
        self, characteristic_id: int, first_index: int, last_index: int
    ) -> Sequence[Measurement]:
        """Return the measurements of chart positions first..last, in order."""
        ...

    async def points_between(self, characteristic_id: int, first_index: int, last_index: int) -> Sequence[Point]:
        """Return whole points first..last, in order."""
        ...


class Holder(Struct, frozen=True, kw_only=True):
    """A hub of several on one database, as the others reach it."""

    id: str
    host: str = ""
    port: int = 0
    key: str = ""
    """Secret that lets the others in; who can read the database may know it."""
    mark: str = ""
    """SHA-256 of its certificate; empty: nothing is encrypted."""
    token: int = 0
    """Fencing token: rises with every change of the holder."""


class SharedStore(Store, Protocol):
    """A store that several hubs have opened: only the one that holds the lease may write."""

    async def hold(self, me: Holder, seconds: float) -> Holder:
        """Take the lease where it is free, or extend one's own, for so long; return who holds it now.

        From the moment that somebody else holds it, ``append`` raises ``KnownError("not_leader")``.
        """
        ...

    async def let_go(self) -> None:
        """Give one's lease back, so that nobody has to wait for its end."""
        ...

    @property
    def doubtful(self) -> bool:
        """Whether a commit may have been made of which nobody was told: the connection broke in it. Nothing is written then."""
        ...

    def settle(self) -> None:
        """Say that what is stored is about to be read anew, so that there is no doubt any more."""
        ...

    async def newest(self) -> int:
        """Return the seq of the newest committed event."""
        ...

    async def seen_as(self) -> str:
        """Return the address under which the database sees this computer."""
        ...


Spawn = Callable[[str, Coroutine[Any, Any, None]], object]
"""Starts a task with a name; who gave it ends it."""


class Peers(Protocol):
    """Asks the hub that leads what only that one can answer, and answers others."""

    async def open(self, answer: Callable[[bytes], Awaitable[bytes]], spawn: Spawn) -> Holder:
        """Begin to answer, in tasks that ``spawn`` starts; return how others reach this hub."""
        ...

    async def ask(self, holder: Holder, question: bytes) -> bytes:
        """Return the answer of another hub.

        Raises:
            KnownError: ``hub_unreachable`` (it was certainly not asked), ``answer_lost`` (it may have been).
        """
        ...

    def part(self) -> None:
        """Ask no more: what another hub has not answered is lost."""
        ...

    async def close(self) -> None: ...


class Relay(Protocol):
    """Carries messages from the hub that writes to the others, quickly; it may lose some but changes none."""

    async def send(self, messages: Sequence[bytes]) -> None:
        """Hand messages on, in order.

        Raises:
            KnownError: ``relay_unavailable``, ``relay_refused``.
        """
        ...

    def listen(self) -> AsyncIterator[Sequence[bytes]]:
        """Yield what is sent from now on; first of all nothing (an empty sequence), as soon as nothing is missed any more.

        Raises:
            KnownError: as ``send``.
        """
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class IntakeItem:
    """A measurement that waits in the intake, with its place in its submission."""

    position: int
    item: MeasurementIn
