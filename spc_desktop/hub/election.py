"""Which of several hubs on one database leads: it alone folds and writes; those that follow are ready to take over.

One hub leads for all characteristics, not each for some: the event log has one order, so commits follow each other anyway, and
the fold is a small part of them. What grows with the number of clients, telling them, is shared by all hubs.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from spc_desktop.domain.account import Accounts
from spc_desktop.domain.errors import KnownError
from spc_desktop.hub import accounts
from spc_desktop.hub.feed import Feed
from spc_desktop.hub.hub import Hub
from spc_desktop.hub.ports import Holder, SharedStore, Store
from spc_desktop.hub.tasks import Supervisor
from spc_desktop.protocol import messages as m

log = logging.getLogger(__name__)

LEASE_SECONDS = 3.0
"""How long a hub that says nothing still leads: what a takeover waits for after ``kill -9``."""
BEAT = 0.5
"""How often the lease is extended, or looked at."""
POLL = 1.0
"""How often a hub that follows looks into the database: what the relay has lost is found there."""
PAGE = 500


class Election:
    """Keeps or watches the lease, makes this process's hub when it leads, and follows the log when it does not.

    Args:
        store: opened before ``begin``.
        feed: every reader of this process; goes on through all changes.
        make: makes a hub on the (open) store that publishes to the feed.
        tasks: run the changes of sides.
    """

    def __init__(self, store: SharedStore, feed: Feed, make: Callable[[], Hub], tasks: Supervisor) -> None:
        self._store = store
        self._feed = feed
        self._make = make
        self._tasks = tasks
        self._ending = False
        self._changing: asyncio.Task[None] | None = None
        self._catching = asyncio.Lock()
        self._awaited: list[tuple[int, asyncio.Future[None]]] = []
        self._accounts = Accounts()
        self.me = Holder(id="")
        self.holder = Holder(id="")
        self.hub: Hub | None = None
        """The hub of this process, while it leads."""
        self.away: KnownError | None = None
        """Why the database cannot be reached just now."""
        self.on_lead: Callable[[Hub], None] = lambda _hub: None
        """Hears of the hub that begins to lead."""

    @property
    def accounts(self) -> Accounts:
        return self._accounts if self.hub is None else self.hub.accounts

    async def begin(self, me: Holder) -> None:
        """Take the feed to the end of the log, and lead where nobody does.

        Raises:
            KnownError: the database cannot be read.
        """
        self.me = me
        page = await self._store.query(m.GetEvents(since=0, limit=0))
        self._feed.begin(page.epoch, page.head)
        await self.read_accounts()
        self.holder = await self._store.hold(me, LEASE_SECONDS)
        if self.holder.id == me.id:
            await self._lead()

    async def run(self) -> None:
        """Keep or watch the lease for ever.

        Raises:
            BaseException: what has ended an essential task of the hub that leads here.
        """
        rounds = 0
        while not self._ending:
            await asyncio.sleep(BEAT)
            rounds += 1
            if self.hub is not None and self.hub.tasks.failure is not None:
                raise self.hub.tasks.failure
            try:
                await self._turn(look=rounds % int(POLL / BEAT) == 0)
            except KnownError as error:
                if self.away is None or self.away.code != error.code:
                    log.warning("the database that hubs share cannot be reached: %s", error)
                self.away = error
            else:
                self.away = None

    async def end(self) -> None:
        """Stop leading, in order, and let the next hub take over at once."""
        self._ending = True
        if self._changing is not None:
            await asyncio.wait([self._changing])
        await self._follow()
        try:
            await self._store.let_go()
        except KnownError as error:
            log.info("the lease was not given back: %s", error)

    async def _turn(self, *, look: bool) -> None:
        self.holder = await self._store.hold(self.me, LEASE_SECONDS)
        if self._ending or (self._changing is not None and not self._changing.done()):
            return  # while this process changes sides, the lease is kept alive and nothing else
        mine = self.holder.id == self.me.id
        if mine and self.hub is not None and not self._store.doubtful:
            return
        if mine:
            self._changing = self._tasks.spawn("leading", self._begin_anew(), essential=True)
        elif self.hub is not None:
            self._changing = self._tasks.spawn("following", self._follow(), essential=True)
        elif look:
            await self.catch_up()
            await self.read_accounts()

    async def _begin_anew(self) -> None:
        try:
            await self._follow()
            await self._lead()
        except KnownError as error:  # tried again with the next beat
            log.warning("this hub cannot lead yet: %s", error)

    async def _lead(self) -> None:
        """Read everything as it is stored now and go on from there: nobody else can write any more."""
        self._store.settle()
        await self.catch_up()
        hub = self._make()
        await hub.__aenter__()
        self.on_lead(hub)
        self.hub = hub
        log.info("this hub leads (token %d, head %d)", self.holder.token, self._feed.head)

    async def _follow(self) -> None:
        hub, self.hub = self.hub, None
        if hub is None:
            return
        self._accounts = hub.accounts
        await hub.__aexit__(None, None, None)
        self._feed.pass_on = None
        log.warning("this hub leads no more")

    # -- what others write ---------------------------------------------------------------------------------------------

    async def catch_up(self) -> None:
        """Publish what the log has beyond the feed."""
        async with self._catching:
            while self.hub is None:
                feed = self._feed
                page = await self._store.query(m.GetEvents(since=feed.head, epoch=feed.epoch, limit=PAGE))
                if page.first > feed.head + 1:
                    feed.skip(page.head)
                    return
                if self.hub is None:
                    self._publish(page.events)
                if len(page.events) < PAGE:
                    return

    async def reach(self, head: int, wait: float) -> None:
        """Let every reader here hear up to ``head``: by the relay within ``wait`` seconds, else from the log."""
        if self._feed.head >= head or self.hub is not None:
            return
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append((head, reached))
        try:
            async with asyncio.timeout(wait):
                await reached
        except TimeoutError:
            await self.catch_up()

    def _publish(self, events: Sequence[m.AnyEvent]) -> None:
        self._feed.publish(events)
        waiting, self._awaited = self._awaited, []
        for head, reached in waiting:
            if head > self._feed.head:
                self._awaited.append((head, reached))
            elif not reached.done():
                reached.set_result(None)

    async def take(self, events: tuple[m.AnyEvent, ...]) -> None:
        """Publish another hub's news; where something is missing before them, from the log."""
        if not events or self.hub is not None or events[-1].seq <= self._feed.head:
            return
        new = [event for event in events if event.seq > self._feed.head]
        if new[0].seq == self._feed.head + 1 and not self._catching.locked():
            self._publish(new)
        else:
            await self.catch_up()

    async def read_accounts(self) -> None:
        """Read users and tokens; the object changes only where they have changed."""
        found = await accounts.read_accounts(self._store)
        if found != self._accounts:
            self._accounts = found


class Opened:
    """A store that is open already and stays open: a hub that stops leading must not close it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __aenter__(self) -> "Opened":
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stay open."""

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)
