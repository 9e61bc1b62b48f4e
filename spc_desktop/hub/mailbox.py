"""One reader's bounded place in the event stream: it never grows past its bound and never hides that something is missing."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from spc_desktop.hub.api import Delivery, LinkChanged, Resync, WatchFilter
from spc_desktop.protocol import messages as m

# Points that weigh as much as one delivery.
POINTS = 10
# Key of the link's state among the pending deliveries; no event has it, and no characteristic (their keys are below 0).
_LINK = 0

_TAGS: dict[type, str] = {kind: str(kind.__struct_config__.tag) for kind in m.AnyEvent.__args__}


def wants(wanted: WatchFilter, event: m.AnyEvent) -> bool:
    """Tell whether a reader with this filter hears of the event; the catalogue concerns everybody who wants its type."""
    if wanted.types is not None and _TAGS[type(event)] not in wanted.types:
        return False
    if wanted.products is not None and event.product_id is not None and event.product_id not in wanted.products:
        return False
    if wanted.characteristics is None:
        return True
    if isinstance(event, m.PointsEvent):
        return event.characteristic_id in wanted.characteristics
    return not isinstance(event, m.LimitsEvent) or event.limits.characteristic_id in wanted.characteristics


class EventMailbox:
    """Events for one reader. ``put`` never waits; ``get`` is called from one task only.

    While the reader is away, ``points`` events of one characteristic are joined. Beyond the backlog that its filter allows
    all that waits is dropped and one ``Resync`` stands for it.
    """

    def __init__(self, wanted: WatchFilter, replay: AsyncIterator[Sequence[Delivery]] | None = None) -> None:
        self._wanted = wanted
        self._replay = replay
        # Key: seq of an event, or -characteristic for the joined points of a chart (both in order of the last seq).
        self._pending: dict[int, Delivery] = {}
        self._points = 0
        self._closed = False
        self._waiter: asyncio.Future[None] | None = None

    def set_filter(self, wanted: WatchFilter) -> None:
        """Hear something else from the next event on."""
        self._wanted = wanted

    def put(self, event: m.AnyEvent) -> None:
        """Offer an event of the log; what the filter does not want is passed over."""
        if self._closed or not wants(self._wanted, event):
            return
        if isinstance(event, m.PointsEvent):
            self._put_points(event)
        else:
            self._pending[event.seq] = event
        most = self._wanted.backlog
        if len(self._pending) > most or self._points > most * POINTS:
            self._pending = {event.seq: Resync(seq=event.seq, epoch=event.epoch, reason="slow_consumer")}
            self._points = 0
        self._wake()

    def tell(self, news: Resync | LinkChanged) -> None:
        """Put in what is no event of the log: a ``Resync`` replaces the backlog, of the link only its newest state counts."""
        if isinstance(news, Resync):
            self._pending = {news.seq: news}
            self._points = 0
        else:
            self._pending.pop(_LINK, None)
            self._pending[_LINK] = news
        self._wake()

    def _put_points(self, event: m.PointsEvent) -> None:
        key = -event.characteristic_id
        earlier = self._pending.pop(key, None)
        self._points += len(event.points)
        if isinstance(earlier, m.PointsEvent):
            event = m.PointsEvent(
                seq=event.seq,
                epoch=event.epoch,
                ts=event.ts,
                product_id=event.product_id,
                characteristic_id=event.characteristic_id,
                points=earlier.points + event.points,
            )
        self._pending[key] = event

    async def get(self) -> Sequence[Delivery]:
        """Wait for news and return all of it, in seq order.

        Raises:
            EOFError: the hub has stopped and everything was handed over.
        """
        while self._replay is not None:
            page = await anext(self._replay, None)
            if page is None:
                self._replay = None
            elif wanted := [entry for entry in page if isinstance(entry, Resync) or self._wants(entry)]:
                return wanted
        while not self._pending:
            if self._closed:
                raise EOFError
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        news = list(self._pending.values())
        self._pending.clear()
        self._points = 0
        return news

    def _wants(self, entry: Delivery) -> bool:
        return isinstance(entry, m.Event) and wants(self._wanted, entry)

    def close(self) -> None:
        """Say that nothing more will come. A replay that is not finished ends here: what would follow has a gap before it."""
        self._closed = True
        if self._replay is not None:
            self._replay = None
            self._pending.clear()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
