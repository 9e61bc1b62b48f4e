"""``Member``: one of several hubs on one database, with the face of a single one. It leads, or asks the one that leads."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any, cast

import msgspec

from spc_desktop.domain.account import Accounts
from spc_desktop.domain.delivery import Delivery
from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub import forwarding as f
from spc_desktop.hub.api import Actor, HubState, Link, Mailbox, WatchFilter
from spc_desktop.hub.election import Election, Opened
from spc_desktop.hub.feed import Feed
from spc_desktop.hub.hub import CANCEL_DEADLINE, MOST_TOGETHER, Hub
from spc_desktop.hub.ports import Clock, Peers, Relay, SharedStore, Store
from spc_desktop.hub.tasks import Supervisor, TaskState
from spc_desktop.protocol import messages as m

log = logging.getLogger(__name__)

PATIENCE = 8.0
"""How long a call waits for a hub that leads: longer than a takeover lasts."""
RETRY = 0.1
PING = 1.0
RELAY_SECONDS = 0.05
"""How long the relay is given to bring what was just committed, before it is read from the database."""
NEWS = 500
"""Most events of one message of the relay."""
FROM_LEADER = (
    m.GetCatalogue, m.GetPairings, m.GetDue, m.GetRegister, m.GetMasks, m.BenchQuery, m.GetPreferences, m.GetUsers,
    m.GetTokens, m.FindOperator, m.GetKpi,
)  # fmt: skip
"""Queries that need what only the hub that leads has in memory; all others are answered from the database."""
_AGAIN = {"not_leader", "hub_unreachable", "shutting_down"}
"""What was certainly not carried out, because the leader changes."""


class Member:
    """``HubApi`` and all else that a program asks of a ``Hub``, for one of several on one database.

    Args:
        store: opened and closed by this.
        clock: the time.
        peers: reaches the other hubs.
        relay: makes what brings the news of a log (its epoch is given) at once; None: they are read each second.
        make: makes a hub on a store and a feed.
        on_task: hears of the restartable tasks (sources).
        on_lead: gets the hub each time that this one begins to lead.
    """

    def __init__(
        self,
        store: SharedStore,
        clock: Clock,
        peers: Peers,
        relay: Callable[[str], Relay] | None,
        make: Callable[[Store, Feed], Hub],
        on_task: Callable[[TaskState], None] | None = None,
        on_lead: Callable[[Hub], None] | None = None,
    ) -> None:
        self.store = store
        self._on_lead = on_lead
        self._clock = clock
        self._peers = peers
        self._make_relay = relay
        self._relay: Relay | None = None
        self._feed = Feed(store)
        opened = cast("Store", Opened(store))
        self.tasks = Supervisor(clock, on_task)
        self._election = Election(store, self._feed, lambda: make(opened, self._feed), self.tasks)
        self._election.on_lead = self._begin_to_lead
        self._news: list[m.AnyEvent] = []
        self._told: Accounts | None = None
        self._accounts_changed = False
        self._has_news = asyncio.Event()
        self._hear_commit: Callable[[float], None] = lambda _seconds: None
        self._closing = False
        self._since = clock.now()
        self._unreachable: KnownError | None = None
        self.relay_trouble = ""
        """Code of what is wrong with the relay; empty: all is well, or there is none."""

    async def __aenter__(self) -> "Member":
        await self.store.__aenter__()
        try:
            me = await self._peers.open(self._answer, self.tasks.spawn)
            if not me.host:
                me = msgspec.structs.replace(me, host=await self.store.seen_as())
            await self._election.begin(me)
        except BaseException as error:
            await self._peers.close()
            await self.store.__aexit__(type(error), error, error.__traceback__)
            raise
        self.tasks.spawn("election", self._election.run(), essential=True)
        self.tasks.spawn("the leader's pulse", self._feel_pulse(), essential=True)
        if self._make_relay is not None:
            self._relay = self._make_relay(self._feed.epoch)
            self.tasks.spawn("relay in", self._hear(self._relay), essential=True)
            self.tasks.spawn("relay out", self._tell(self._relay), essential=True)
        self._since = self._clock.now()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closing = True
        await self._election.end()
        await self.tasks.stop(CANCEL_DEADLINE)
        self._feed.close()
        await self._peers.close()
        if self._relay is not None:
            await self._relay.close()
        await self.store.__aexit__(*exc)

    async def failed(self) -> BaseException:
        """Wait until this hub cannot go on, and return why."""
        return await self.tasks.failed()

    @property
    def leads(self) -> bool:
        return self._election.hub is not None

    @property
    def state(self) -> HubState:
        hub = self._election.hub
        here = HubState(link=Link.LIVE) if hub is None else hub.state
        trouble = self._election.away or (self._unreachable if hub is None else None)
        return HubState(
            link=Link.CLOSED if self._closing else Link.LIVE,
            since=self._since,
            queued=here.queued,
            head=self._feed.head,
            detail=trouble.code if trouble is not None else here.detail,
        )

    @property
    def epoch(self) -> str:
        return self._feed.epoch

    @property
    def accounts(self) -> Accounts:
        return self._election.accounts

    def set_up_code(self) -> str:
        """Return a one-time code that makes the first administrator; the hub that leads gives one, if there is none yet."""
        return "" if self._election.hub is None else self._election.hub.set_up_code()

    def on_commit(self, hear: Callable[[float], None]) -> None:
        """Tell how many seconds each commit takes, while this hub leads."""
        self._hear_commit = hear
        if self._election.hub is not None:
            self._election.hub.on_commit(hear)

    async def relay_check(self) -> str:
        """What ``/readyz`` says of the relay."""
        return self.relay_trouble

    # -- HubApi --------------------------------------------------------------------------------------------------------

    async def submit(self, items: Sequence[MeasurementIn], actor: Actor = Actor()) -> m.SubmitResult:
        """Store and judge measurements, here or at the hub that leads; returns after the commit."""
        question = f.Submit(tuple(items), actor)
        # More than one transaction: what of them is stored when the leader changes must not be stored again.
        result: m.SubmitResult = await self._carry(f.passed_on(question) if len(items) > MOST_TOGETHER else question)
        return result

    async def command(self, command: m.AnyCommand, actor: Actor = Actor()) -> Any:
        """Carry out a command, here or at the hub that leads; returns after the commit."""
        result = await self._carry(f.Carry(command, actor))
        if self._election.hub is None and isinstance(command, m.AccountCommand | m.PairingCommand):
            await self._read_anew(0, accounts=True)
        return result

    async def query(self, query: m.AnyQuery) -> Any:
        """Answer from committed data."""
        hub = self._election.hub
        if hub is not None:
            return await hub.query(query)
        if isinstance(query, FROM_LEADER):
            return await self._carry(f.Ask(query))
        answer = await self.store.query(query)
        if isinstance(answer, m.EventPage) and answer.head > self._feed.head:
            await self._election.catch_up()  # nobody shall know more of the log from here than readers are told
        return answer

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

    async def documents(self, kind: str) -> dict[str, bytes]:
        """Return key -> body of the small things of a kind."""
        return await self.store.documents(kind)

    async def keep(self, kind: str, bodies: Mapping[str, bytes | None]) -> None:
        """Keep small things over a restart, for all hubs."""
        await self._carry(f.Keep(kind, dict(bodies)))

    async def log_deliveries(self, rows: Sequence[Delivery]) -> None:
        """Keep what became of announcements of this hub."""
        await self._carry(f.Log(tuple(rows)))

    # -- to the hub that leads -----------------------------------------------------------------------------------------

    async def _carry(self, question: f.Question) -> Any:
        """Have a question carried out by the hub that leads; while that changes, wait for the next one.

        Raises:
            UserError, KnownError: refused; ``no_leader``; ``answer_lost`` where asking twice could do harm.
        """
        end = self._clock.monotonic() + PATIENCE
        body = b""
        while True:
            hub = self._election.hub
            try:
                if hub is not None:
                    answer = await f.carry_out(hub, question)
                else:
                    question = question if body else f.passed_on(question)
                    body = body or f.encode(question)
                    answer, head = f.read_answer(question, await self._peers.ask(self._election.holder, body))
                    await self._read_anew(head)
                return await self._found_again(question, answer) if isinstance(question, f.Submit) else answer
            except KnownError as error:
                self._bear(error, question, end)
            await asyncio.sleep(RETRY)

    def _bear(self, error: KnownError, question: f.Question, end: float) -> None:
        """Return where it may be asked again, raise where not."""
        again = error.code in _AGAIN or (error.code == "answer_lost" and f.is_repeatable(question))
        if not again or self._closing:
            raise error
        if self._election.away is not None:
            raise self._election.away
        if self._clock.monotonic() > end:
            raise KnownError("no_leader") from error

    async def _found_again(self, question: f.Submit, result: m.SubmitResult) -> m.SubmitResult:
        """Count what an earlier try had stored, of which the answer was lost, as accepted."""
        own = [item for item in question.items if item.key.startswith(f.PASSED_ON)]
        if not result.duplicates or not own:
            return result
        known = await self.store.known_keys([item.key for item in own])
        told = {row.id for row in result.measurements}
        first = [(known[item.key], len(item.values)) for item in own if item.key in known]
        again = [(at, count) for at, count in first if at not in told]
        rows = [await self.store.measurement(at + i) for at, count in again for i in range(count)]
        found = [*result.measurements, *(row for row in rows if row is not None)]
        return msgspec.structs.replace(
            result,
            accepted=result.accepted + len(again),
            duplicates=result.duplicates - len(again),
            measurements=tuple(sorted(found, key=lambda row: row.id)),
        )

    async def _read_anew(self, head: int, *, accounts: bool = False) -> None:
        """See here what was done from here, before it is answered."""
        try:
            await self._election.reach(
                head, RELAY_SECONDS if self._relay is not None and not self.relay_trouble else 0.0
            )
            if accounts:
                await self._election.read_accounts()
        except KnownError as error:  # the command is carried out; it is read with the next beat
            log.info("what was changed is read later: %s", error)

    async def _answer(self, question: bytes) -> bytes:
        return await f.answer(self._election.hub, question)

    async def _feel_pulse(self) -> None:
        """Notice while nobody asks that the hub that leads cannot be reached from here."""
        ping = f.encode(f.Ping())
        while True:
            await asyncio.sleep(PING)
            try:
                if self._election.hub is None:
                    f.read_answer(f.Ping(), await self._peers.ask(self._election.holder, ping))
            except KnownError as error:
                log.info("the hub that leads does not answer: %s", error)
                self._unreachable = KnownError("no_leader")
            else:
                self._unreachable = None

    # -- the relay -----------------------------------------------------------------------------------------------------

    def _begin_to_lead(self, hub: Hub) -> None:
        self._peers.part()
        self._unreachable = None
        hub.on_commit(self._hear_commit)
        self._told = hub.accounts
        if self._make_relay is not None:
            self._feed.pass_on = self._note
        if self._on_lead is not None:
            self._on_lead(hub)

    def _note(self, events: Sequence[m.AnyEvent]) -> None:
        """Remember what has been committed for the others; runs right after each commit."""
        self._news.extend(events)
        if self._election.hub is not None and self._election.accounts is not self._told:
            self._told = self._election.accounts
            self._accounts_changed = True
        if self._news or self._accounts_changed:
            self._has_news.set()

    async def _tell(self, relay: Relay) -> None:
        while True:
            await self._has_news.wait()
            self._has_news.clear()
            news, self._news = self._news, []
            changed, self._accounts_changed = self._accounts_changed, False
            messages = [f.encode(f.News(tuple(news[at : at + NEWS]))) for at in range(0, len(news), NEWS)]
            if changed:
                messages.append(f.encode(f.News(accounts=True)))
            try:
                await relay.send(messages)
            except KnownError as error:  # the others find it in the database
                self._relay_failed(error)

    async def _hear(self, relay: Relay) -> None:
        while True:
            try:
                async with aclosing(_messages(relay)) as heard:
                    async for message in heard:
                        self.relay_trouble = ""
                        await self._take(message)
            except KnownError as error:
                self._relay_failed(error)
            await asyncio.sleep(PING)

    async def _take(self, message: Sequence[bytes]) -> None:
        """Publish what another hub tells; nothing at all is the beginning: what came before it is in the log."""
        if self._election.hub is not None:
            return
        try:
            if not message:
                await self._election.catch_up()
            for body in message:
                news = f.read_news(body)
                await self._election.take(news.events)
                if news.accounts:
                    await self._election.read_accounts()
        except KnownError as error:
            log.info("news are read from the database later: %s", error)

    def _relay_failed(self, error: KnownError) -> None:
        if self.relay_trouble != error.code:
            log.warning("the relay between hubs fails, news are read from the database each second: %s", error)
        self.relay_trouble = error.code


async def _messages(relay: Relay) -> AsyncGenerator[Sequence[bytes], None]:
    async for message in relay.listen():
        yield message
