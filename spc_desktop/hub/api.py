"""``HubApi``: all that the window, the server and the sources may call. ``hub.Hub`` and ``viewer.RemoteHub`` implement it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, overload

from msgspec import Struct

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.announcement import Preferences
from spc_desktop.domain.control_plan import FrozenLimits
from spc_desktop.domain.masks import Mask
from spc_desktop.domain.measurement import Measurement, MeasurementIn
from spc_desktop.domain.note import Note
from spc_desktop.domain.point import Point, PointColumns
from spc_desktop.protocol import messages as m


class Actor(Struct, frozen=True, kw_only=True):
    """Who asks: written into history beside every change."""

    name: str = ""
    roles: tuple[str, ...] = ()
    client: str = ""


class Link(StrEnum):
    LIVE = "live"
    CONNECTING = "connecting"
    RECONNECTING = "reconnecting"
    SILENT = "silent"
    OFFLINE = "offline"
    CLOSED = "closed"


AWAY = frozenset({Link.SILENT, Link.OFFLINE, Link.RECONNECTING, Link.CLOSED})
"""The hub tells nothing new: what is shown may be old."""


class HubState(Struct, frozen=True, kw_only=True):
    """What the connection pill shows."""

    link: Link
    name: str = ""
    """Address or "this PC"."""
    since: datetime | None = None
    retry_in: float | None = None
    delay_ms: float | None = None
    queued: int = 0
    head: int = 0
    detail: str = ""
    """What is wrong: a short text, or an error code as ``disk_full``; empty while all is well."""


class WatchFilter(Struct, frozen=True, kw_only=True):
    """What a reader wants to hear. None: everything of that kind."""

    products: frozenset[int] | None = None
    types: frozenset[str] | None = None
    """Event tags: ``alert measurement run_rule_violation capability points limits catalogue register note
    preferences``."""
    characteristics: frozenset[int] | None = None
    """Concerns ``points`` and ``limits`` only."""
    backlog: int = 500
    """Most deliveries (ten points count as one) that wait for this reader before one ``Resync`` stands for them."""


class Resync(Struct, frozen=True, kw_only=True):
    """Stands in the stream where events are missing: the reader must read its state anew; the stream goes on after ``seq``."""

    seq: int
    epoch: str
    reason: str
    """``slow_consumer``, ``retention``, ``epoch``."""


class LinkChanged(Struct, frozen=True, kw_only=True):
    """The link to the hub changed; never sent by the hub in process after start."""

    state: HubState


Delivery = m.AnyEvent | Resync | LinkChanged


class Mailbox(Protocol):
    """One reader's bounded place in the event stream. Reads from one task only."""

    async def get(self) -> Sequence[Delivery]:
        """Wait for news and return all of it, in seq order (``points`` of one chart may have been joined).

        Raises:
            EOFError: the hub has stopped and everything was handed over.
        """
        ...

    def set_filter(self, wanted: WatchFilter) -> None: ...


class HubApi(Protocol):
    """A station, here or far away. Every method may raise ``UserError`` and ``KnownError``."""

    @property
    def state(self) -> HubState: ...

    async def submit(self, items: Sequence[MeasurementIn], actor: Actor = Actor()) -> m.SubmitResult:
        """Store and judge measurements; returns after the commit. Waits while the intake is full.

        Up to 1 000 items are one transaction. Of a larger submission that fails, parts may be stored: give ``key``s, then
        sending it again is harmless.
        """
        ...

    @overload
    async def command(
        self, command: m.CreateAlert | m.Acknowledge | m.Assign | m.Resolve | m.UpdateAlert, actor: Actor = ...
    ) -> m.AlertResult: ...
    @overload
    async def command(
        self, command: m.Unacknowledge | m.Comment | m.Close | m.Verify | m.MaskCommand, actor: Actor = ...
    ) -> m.AlertResult: ...
    @overload
    async def command(self, command: m.SaveCatalogue, actor: Actor = ...) -> m.Catalogue: ...
    @overload
    async def command(self, command: m.SetLimits | m.RestoreLimits, actor: Actor = ...) -> FrozenLimits: ...
    @overload
    async def command(self, command: m.AnalyseCapability, actor: Actor = ...) -> m.CapabilityOut: ...
    @overload
    async def command(self, command: m.AddUser | m.ChangeUser | m.SetPassword, actor: Actor = ...) -> m.UserOut: ...
    @overload
    async def command(self, command: m.AddToken | m.SignIn | m.SetUp, actor: Actor = ...) -> m.TokenMade: ...
    @overload
    async def command(self, command: m.RequestPairing, actor: Actor = ...) -> m.PairingMade: ...
    @overload
    async def command(self, command: m.ClaimPairing | m.RedeemInvitation, actor: Actor = ...) -> m.PairingClaimed: ...
    @overload
    async def command(self, command: m.InviteStation, actor: Actor = ...) -> m.InvitationMade: ...
    @overload
    async def command(self, command: m.ApprovePairing, actor: Actor = ...) -> m.TokenOut: ...
    @overload
    async def command(self, command: m.RevokeToken, actor: Actor = ...) -> m.TokenOut: ...
    @overload
    async def command(self, command: m.SaveRegister, actor: Actor = ...) -> m.RegisterOut: ...
    @overload
    async def command(self, command: m.GiveCause, actor: Actor = ...) -> m.AlertResult: ...
    @overload
    async def command(self, command: m.EnterSubgroup, actor: Actor = ...) -> m.Entered: ...
    @overload
    async def command(
        self, command: m.TakeBack | m.ExcludePoints | m.RestorePoints, actor: Actor = ...
    ) -> m.PointsOut: ...
    @overload
    async def command(self, command: m.AddComment | m.RecordSkip, actor: Actor = ...) -> Note: ...
    @overload
    async def command(self, command: m.SavePreferences, actor: Actor = ...) -> Preferences: ...
    @overload
    async def command(self, command: m.ReportTold | m.RetryDeliveries, actor: Actor = ...) -> int: ...
    async def command(self, command: m.AnyCommand, actor: Actor = Actor()) -> Any:
        """Carry out a command; returns after the commit."""
        ...

    @overload
    async def query(self, query: m.GetCatalogue) -> m.Catalogue: ...
    @overload
    async def query(self, query: m.GetAlerts) -> m.AlertPage: ...
    @overload
    async def query(self, query: m.GetAlert) -> Alert: ...
    @overload
    async def query(self, query: m.GetKpi) -> m.Kpi: ...
    @overload
    async def query(self, query: m.GetAlertHistory) -> tuple[m.AlertStep, ...]: ...
    @overload
    async def query(self, query: m.GetMasks) -> tuple[Mask, ...]: ...
    @overload
    async def query(self, query: m.GetDashboard) -> m.Dashboard: ...
    @overload
    async def query(self, query: m.GetMeasurements) -> tuple[Measurement, ...]: ...
    @overload
    async def query(self, query: m.GetPoints) -> PointColumns: ...
    @overload
    async def query(self, query: m.GetPoint) -> m.PointDetail: ...
    @overload
    async def query(self, query: m.GetWholePoints) -> tuple[Point, ...]: ...
    @overload
    async def query(self, query: m.FindTrace) -> tuple[m.TraceHit, ...]: ...
    @overload
    async def query(self, query: m.GetEvents) -> m.EventPage: ...
    @overload
    async def query(self, query: m.GetCapabilities) -> tuple[m.CapabilityOut, ...]: ...
    @overload
    async def query(self, query: m.GetAudit | m.GetChanges) -> tuple[m.AuditEntry, ...]: ...
    @overload
    async def query(self, query: m.GetHistory) -> m.HistoryPage: ...
    @overload
    async def query(self, query: m.GetStatistics) -> m.Statistics: ...
    @overload
    async def query(self, query: m.GetRuleRecord) -> tuple[m.RuleRecord, ...]: ...
    @overload
    async def query(self, query: m.GetUsers) -> tuple[m.UserOut, ...]: ...
    @overload
    async def query(self, query: m.GetPairings) -> tuple[m.PairingOut, ...]: ...
    @overload
    async def query(self, query: m.GetTokens) -> tuple[m.TokenOut, ...]: ...
    @overload
    async def query(self, query: m.GetRegister) -> m.RegisterOut: ...
    @overload
    async def query(self, query: m.FindOperator) -> m.OperatorFound: ...
    @overload
    async def query(self, query: m.GetNotes) -> tuple[Note, ...]: ...
    @overload
    async def query(self, query: m.GetDue) -> tuple[m.SampleDue, ...]: ...
    @overload
    async def query(self, query: m.GetLimits) -> tuple[FrozenLimits, ...]: ...
    @overload
    async def query(self, query: m.TryLimits) -> m.LimitsTried: ...
    @overload
    async def query(self, query: m.GetPointGroups) -> m.PointGroups: ...
    @overload
    async def query(self, query: m.GetPreferences) -> Preferences: ...
    @overload
    async def query(self, query: m.GetDeliveries) -> m.DeliveryPage: ...
    async def query(self, query: m.AnyQuery) -> Any:
        """Answer from committed data."""
        ...

    def watch(
        self, wanted: WatchFilter = WatchFilter(), resume: tuple[str, int] | None = None
    ) -> AbstractAsyncContextManager[Mailbox]:
        """Open a mailbox. ``resume`` = (epoch, last seq seen) replays what was missed, or begins with a ``Resync``."""
        ...
