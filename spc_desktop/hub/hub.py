"""The running station in this process: ``HubApi`` over a store and a clock."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

import msgspec

from spc_desktop.domain.account import Accounts
from spc_desktop.domain.delivery import Delivery, Outlets
from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.domain.wording import alert_message, alert_title
from spc_desktop.hub import accounts
from spc_desktop.hub.announcing import preferences_of, preferences_order, read_preferences
from spc_desktop.hub.api import Actor, HubState, Link, Mailbox, WatchFilter
from spc_desktop.hub.audit import audited
from spc_desktop.hub.catalogue import catalogue_order, state_of
from spc_desktop.hub.commands import alert_ids, alert_order, check_texts
from spc_desktop.hub.delivering import log_order, report_order, retry_order, settle_order, told_ids
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.entering import floor_order, keys_of
from spc_desktop.hub.feed import Feed
from spc_desktop.hub.intake import Intake, Order, Submission
from spc_desktop.hub.invitations import InvitationOffice
from spc_desktop.hub.kpi import kpi
from spc_desktop.hub.masking import mask_order
from spc_desktop.hub.outbox import dead_letters, read_outbox
from spc_desktop.hub.pairing import PairingOffice
from spc_desktop.hub.pipeline import Pipeline
from spc_desktop.hub.ports import Clock, Document, Store
from spc_desktop.hub.registers import RegisterOffice, read_registers
from spc_desktop.hub.sampling import SamplingClock, read_sampling
from spc_desktop.hub.station import Station, restore
from spc_desktop.hub.studies import capability_order, limits_order, restore_order
from spc_desktop.hub.tasks import Supervisor, TaskState
from spc_desktop.hub.ticking import is_due, read_verified, tick
from spc_desktop.hub.trying import point_groups, tried
from spc_desktop.protocol import messages as m

log = logging.getLogger(__name__)

# A larger submission would keep the loop busy for too long at its commit.
MOST_TOGETHER = 1_000
# Of the ten seconds in which a program ends, the hub has these for what is still in its queue.
DRAIN_DEADLINE = 5.0
# Time is looked at so often, and less often while it cannot be stored what time brings.
TICK = 1.0
SLOWEST_TICK = 8.0
CANCEL_DEADLINE = 2.0
_FROM_MEMORY = (m.GetPairings, m.GetDue, m.GetRegister, m.GetMasks)
_AT_ONCE: dict[type, Callable[[Any, Actor], Callable[[Draft], Any]]] = {
    m.SaveCatalogue: lambda command, actor: audited(command, actor, catalogue_order(command)),
    m.SavePreferences: preferences_order,
    m.ReportTold: report_order,
}
"""Commands that need nothing but the draft."""


class Hub:
    """The station. ``async with hub:`` opens the store, restores the state and works until the block ends.

    Args:
        store: opened when the hub starts and closed after its last batch.
        clock: time of commits.
        language: of the titles and messages of alerts.
        name: what the connection pill calls this hub.
        outlets: channels that send beside sockets and toasts (``courier``).
        on_task: hears of the restartable tasks that ``tasks.keep`` runs (sources).
        feed: one that goes on when this hub ends; one of its own when None.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        language: str = "ko",
        name: str = "",
        outlets: Outlets | None = None,
        on_task: Callable[[TaskState], None] | None = None,
        feed: Feed | None = None,
    ) -> None:
        self._store = store
        self._outlets = outlets or Outlets()
        self._clock = clock
        self._language = language
        self._name = name
        self._intake = Intake()
        self._feed = Feed(store) if feed is None else feed  # an empty feed counts as false
        self._own_feed = feed is None
        self._station = Station()
        self._office = accounts.AccountOffice()
        self._pairings = PairingOffice()
        self._invitations = InvitationOffice(store)
        self._registers = RegisterOffice(clock)
        self._pipeline: Pipeline | None = None
        self._samples: SamplingClock | None = None
        self._worker: asyncio.Task[Any] | None = None
        self._link = Link.CLOSED
        self._since = clock.now()
        self.tasks = Supervisor(clock, on_task)

    async def __aenter__(self) -> "Hub":
        await self._store.__aenter__()
        try:
            stored = await self._store.load()
            self._station = restore(stored)
            await read_verified(self._store, self._station)
            self._station.accounts = await accounts.read_accounts(self._store)
            await read_registers(self._store, self._station)
            await read_preferences(self._store, self._station)
            self._station.outbox.outlets = self._outlets
            await read_outbox(self._store, self._station.outbox)
            await read_sampling(self._store, self._station, self._clock.now())
        except BaseException as error:
            await self._store.__aexit__(type(error), error, error.__traceback__)
            raise
        self._feed.begin(stored.epoch, stored.head)
        self._pipeline = pipeline = Pipeline(
            self._store, self._station, self._intake, self._feed, self._clock, self._words
        )
        self._samples = SamplingClock(self._station)
        self._worker = self.tasks.spawn("pipeline", pipeline.run(), essential=True)
        self.tasks.spawn("alarm clock", self._tick_for_ever(), essential=True)
        self._link, self._since = Link.LIVE, self._clock.now()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close in order: sources, intake, drain, mailboxes, store; each with a deadline, ten seconds in all."""
        self._link, self._since = Link.CLOSED, self._clock.now()
        await self.tasks.stop(CANCEL_DEADLINE, spare=self._worker)
        self._intake.close()
        if self._worker is not None:
            _, late = await asyncio.wait([self._worker], timeout=DRAIN_DEADLINE)
            if late:
                log.error(
                    "the intake was not drained in %s s; %d entries are refused", DRAIN_DEADLINE, self._intake.waiting
                )
        if self._own_feed:
            self._feed.close()
        await self.tasks.stop(CANCEL_DEADLINE)
        await self._store.__aexit__(*exc)

    async def failed(self) -> BaseException:
        """Wait until the hub cannot go on, and return why."""
        return await self.tasks.failed()

    @property
    def state(self) -> HubState:
        return HubState(
            link=self._link,
            name=self._name,
            since=self._since,
            queued=self._intake.waiting,
            head=self._feed.head,
            detail=self._pipeline.trouble if self._pipeline is not None else "",
        )

    @property
    def epoch(self) -> str:
        """The log's name; with ``state.head`` it is the position a reader may resume from."""
        return self._feed.epoch

    @property
    def accounts(self) -> Accounts:
        """The committed users and tokens: another object after every change."""
        return self._station.accounts

    def set_up_code(self) -> str:
        """Return a one-time code that makes the first administrator, empty where there is one."""
        return "" if self.accounts.has_admin() else self._office.new_code()

    def on_commit(self, hear: Callable[[float], None]) -> None:
        """Tell how many seconds each commit takes."""
        if self._pipeline is not None:
            self._pipeline.on_commit = hear

    async def documents(self, kind: str) -> dict[str, bytes]:
        """Return key -> body of the small things of a kind that ``keep`` was given."""
        return await self._store.documents(kind)

    async def keep(self, kind: str, bodies: Mapping[str, bytes | None]) -> None:
        """Keep small things over a restart; None: forget it. Returns after the commit.

        Raises:
            KnownError: it could not be stored.
        """
        await self._order(
            lambda draft: draft.batch.documents.extend(Document(kind, *entry) for entry in bodies.items())
        )

    async def log_deliveries(self, rows: Sequence[Delivery]) -> None:
        """Keep what became of announcements; each row gets its id. Returns after the commit.

        Raises:
            KnownError: it could not be stored.
        """
        await self._order(log_order(rows))

    async def settle_deliveries(self, rows: Sequence[Delivery]) -> None:
        """Keep what has become of rows of the outbox. Returns after the commit.

        Raises:
            KnownError: it could not be stored.
        """
        await self._order(settle_order(rows))

    @property
    def station(self) -> Station:
        """What is committed; for reading."""
        return self._station

    def steady(self) -> datetime:
        """Return the time that decides: it goes on whatever happens to the wall clock."""
        return self._pipeline.steady() if self._pipeline is not None else self._clock.now()

    async def submit(self, items: Sequence[MeasurementIn], actor: Actor = Actor()) -> m.SubmitResult:
        """Store and judge measurements; returns after the commit. Up to ``MOST_TOGETHER`` are one transaction."""
        parts = [
            await self._submit(items[first : first + MOST_TOGETHER], actor)
            for first in range(0, len(items), MOST_TOGETHER)
        ]
        if len(parts) == 1:
            return parts[0]
        return m.SubmitResult(
            accepted=sum(part.accepted for part in parts),
            duplicates=sum(part.duplicates for part in parts),
            rejected=tuple(
                msgspec.structs.replace(bad, i=at * MOST_TOGETHER + bad.i)
                for at, part in enumerate(parts)
                for bad in part.rejected
            ),
            measurements=tuple(row for part in parts for row in part.measurements),
        )

    async def _submit(self, items: Sequence[MeasurementIn], actor: Actor) -> m.SubmitResult:
        done: asyncio.Future[m.SubmitResult] = asyncio.get_running_loop().create_future()
        await self._intake.put(Submission(items, actor, done))
        return await done

    async def command(self, command: m.AnyCommand, actor: Actor = Actor()) -> Any:
        """Carry out a command; returns after the commit."""
        if isinstance(command, m.SaveCatalogue | m.SavePreferences | m.DeliveryCommand):
            return await self._order(await self._prepare(command, actor), told_ids(command))
        if isinstance(command, m.PairingCommand):
            return await self._pair(command, actor)
        if isinstance(command, m.AccountCommand):
            return await self._order(await self._office.order(command, self.accounts, actor))
        if isinstance(command, m.SaveRegister):
            return await self._order(await self._registers.order(command, self._station.badges, actor))
        if isinstance(command, m.FloorCommand):
            floor = await floor_order(self._store, self._station, command, actor)
            return await self._order(floor, keys=keys_of(command))
        if isinstance(command, m.SetLimits | m.RestoreLimits | m.AnalyseCapability):
            return await self._order(audited(command, actor, await self._study(command, actor)))
        if isinstance(command, m.MaskCommand):
            masked = () if command.alert_id is None else (command.alert_id,)
            return await self._order(mask_order(command, actor), masked)
        return await self._order(audited(command, actor, alert_order(command, actor)), alert_ids(command))

    async def _prepare(self, command: m.AnyCommand, actor: Actor) -> Callable[[Draft], Any]:
        if isinstance(command, m.RetryDeliveries):
            return retry_order(command, actor, await dead_letters(self._store, command.ids))
        return _AT_ONCE[type(command)](command, actor)

    async def _pair(self, command: m.PairingCommand, actor: Actor) -> Any:
        if isinstance(command, m.InviteStation):
            return await self._order(await self._invitations.invite(command, actor))
        if isinstance(command, m.RedeemInvitation):
            return await self._invitations.redeem(command, actor, self._order)
        now = self._pipeline.steady() if self._pipeline is not None else self._clock.now()
        if isinstance(command, m.RequestPairing):
            return self._pairings.request(command, actor, now)
        if isinstance(command, m.ClaimPairing):
            return self._pairings.claim(command, now)
        order = accounts.recorded(actor, "approve_pairing", self._pairings.approve(command, now))
        made: m.TokenMade = await self._order(order)
        self._pairings.approved(command, made)
        return made.details

    async def tick(self) -> None:
        """Carry out what time has brought: shelves that end, delays, escalation. The hub does so by itself each second."""
        if self._pipeline is None or self._samples is None:
            return
        steady = self._pipeline.steady()
        if is_due(self._station, steady):
            await self._order(tick)
        if self._samples.is_due(self._clock.now(), steady):
            await self._order(self._samples.tick)

    async def _tick_for_ever(self) -> None:
        wait = TICK
        while True:
            await asyncio.sleep(wait)
            try:
                await self.tick()
                await self._probe()
            except KnownError as error:  # the pipeline has said so already, and it is tried again
                wait = min(wait * 2, SLOWEST_TICK)
                log.info("what time has brought was not stored: %s", error)
            else:
                wait = TICK

    async def _probe(self) -> None:
        """While nothing can be stored, try with a trifle: so it is noticed that there is space again."""
        if self._pipeline is not None and self._pipeline.trouble:
            await self.keep("probe", {"space": str(self._clock.monotonic()).encode()})

    async def _study(
        self, command: m.SetLimits | m.RestoreLimits | m.AnalyseCapability, actor: Actor
    ) -> Callable[[Draft], Any]:
        watch = self._station.watch(command.characteristic_id)
        total = self._station.states[command.characteristic_id].next_index
        if isinstance(command, m.SetLimits):
            check_texts(command)
            return await limits_order(self._store, watch, total, command, actor, self._clock.now())
        if isinstance(command, m.RestoreLimits):
            check_texts(command)
            return await restore_order(self._store, watch, command, actor, self._clock.now())
        return await capability_order(self._store, watch, total, command)

    async def query(self, query: m.AnyQuery) -> Any:
        """Answer from committed data."""
        if isinstance(query, _FROM_MEMORY):
            return self._recall(query)
        if isinstance(query, m.BenchQuery):
            return await self._try(query)
        if isinstance(query, m.GetPreferences):
            return preferences_of(self._station, query.user)
        if isinstance(query, m.GetUsers | m.GetTokens):
            return accounts.answer(query, self.accounts)
        if isinstance(query, m.FindOperator):
            return await self._registers.find(query.code, self._station)
        if isinstance(query, m.GetKpi):
            station = self._station
            held, waiting = station.masks.values(), station.open_alerts.values()
            return await kpi(query, self._store, self._clock.now(), self.accounts, held, waiting)
        answer = await self._store.query(query)
        if isinstance(answer, m.Catalogue):
            # The store keeps every set of limits; which of them judges now, the station knows.
            states = tuple(self._characteristic_state(state) for state in answer.states)
            return msgspec.structs.replace(answer, states=states)
        return answer

    async def _try(self, query: m.BenchQuery) -> Any:
        watch = self._station.watch(query.characteristic_id)
        if isinstance(query, m.TryLimits):
            total = self._station.states[query.characteristic_id].next_index
            return await tried(self._store, watch, total, query)
        return await point_groups(self._store, query, self._station.register.calendar, self._clock.now())

    def _recall(self, query: m.GetPairings | m.GetDue | m.GetRegister | m.GetMasks) -> Any:
        now = self._clock.now()
        steady = self._pipeline.steady() if self._pipeline else now
        if isinstance(query, m.GetPairings):
            return self._pairings.waiting(steady)
        if isinstance(query, m.GetDue):
            return self._samples.answer(now, steady) if self._samples is not None else ()
        if isinstance(query, m.GetRegister):
            return m.RegisterOut(entries=tuple(self._station.register.entries.values()))
        return tuple(self._station.masks.values())

    def _characteristic_state(self, stored: m.CharacteristicState) -> m.CharacteristicState:
        watch = self._station.watches.get(stored.characteristic_id)
        return stored if watch is None else state_of(watch, self._station.states[stored.characteristic_id])

    def watch(
        self, wanted: WatchFilter = WatchFilter(), resume: tuple[str, int] | None = None
    ) -> AbstractAsyncContextManager[Mailbox]:
        """Open a mailbox for as long as the block runs."""
        return self._watch(wanted, resume)

    @asynccontextmanager
    async def _watch(self, wanted: WatchFilter, resume: tuple[str, int] | None) -> AsyncIterator[Mailbox]:
        mailbox = self._feed.open(wanted, resume)
        try:
            yield mailbox
        finally:
            self._feed.discard(mailbox)

    async def _order(self, apply: Callable[[Draft], Any], ids: tuple[int, ...] = (), keys: tuple[str, ...] = ()) -> Any:
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        await self._intake.put(Order(apply, done, ids, keys))
        return await done

    def _words(self, code: str, params: Any) -> tuple[str, str]:
        return alert_title(code, params, self._language), alert_message(code, params, self._language)
