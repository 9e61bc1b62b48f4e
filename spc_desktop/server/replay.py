"""Reading the log for clients that missed something: pages shared among those who ask at once, joined into few frames."""

import asyncio
from collections.abc import Callable, Hashable

from spc_desktop.hub.api import HubApi
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import v1
from spc_desktop.server.front_door import framed

REPLAY_EVENTS = 250
"""Events of one page of a replay: half of what a reader's mailbox holds, so that an awake reader never overflows."""
KEPT_PAGES = 8
"""Pages kept for the next client that catches up."""
KEPT_FORMS = 16
"""Forms of one page that are kept: most clients that catch up want the same of it."""


class Page:
    """One page of the log, and the frames that were made of it."""

    def __init__(self, events: m.EventPage) -> None:
        self.events = events
        self._forms: dict[Hashable, tuple[bytes, int]] = {}

    def form(self, kind: Hashable, make: Callable[[], tuple[bytes, int]]) -> tuple[bytes, int]:
        """Return ready frames and the number of events in them; they are made once for all who want the same."""
        known = self._forms.get(kind)
        if known is None:
            known = make()
            if len(self._forms) < KEPT_FORMS:
                self._forms[kind] = known
        return known


class Pages:
    """Pages of the log for clients that catch up: many of them ask for the same one at the same moment."""

    def __init__(self, hub: HubApi) -> None:
        self._hub = hub
        self._full: dict[tuple[str, int], Page] = {}
        self._asked: dict[tuple[str, int], asyncio.Future[Page | None]] = {}

    async def after(self, since: int, epoch: str) -> Page:
        """Return the events after a position; one question to the hub serves everybody who waits for it."""
        key = epoch, since
        while True:
            if key in self._full:
                return self._full[key]
            if key not in self._asked:
                return await self._ask(key)
            page = await asyncio.shield(self._asked[key])
            # None: who asked is gone; ask oneself.
            if page is not None:
                return page

    async def _ask(self, key: tuple[str, int]) -> Page:
        answer: asyncio.Future[Page | None] = asyncio.get_running_loop().create_future()
        self._asked[key] = answer
        page: Page | None = None
        try:
            events = await self._hub.query(m.GetEvents(since=key[1], epoch=key[0], limit=REPLAY_EVENTS))
            page = Page(events)
        finally:
            del self._asked[key]
            answer.set_result(page)
        # Only a full page says the same tomorrow; a purge may take it away, but what it says stays true.
        if len(events.events) == REPLAY_EVENTS and events.first <= key[1] + 1:
            while len(self._full) >= KEPT_PAGES:
                del self._full[next(iter(self._full))]
            self._full[key] = page
        return page


def joined(found: list[tuple[int, bytes]], *, batch: bool) -> bytes:
    """Return frames: one per event, or as few ``batch`` messages as their size limit allows."""
    if not batch:
        return b"".join(framed(message) for _, message in found)
    frames: list[bytes] = []
    part: list[bytes] = []
    size = first = last = 0
    for seq, message in found:
        if part and size + len(message) > v1.BATCH_BYTES:
            frames.append(framed(v1.batch(part, first, last)))
            part, size = [], 0
        first = first if part else seq
        part.append(message)
        size, last = size + len(message), seq
    if part:
        frames.append(framed(v1.batch(part, first, last)))
    return b"".join(frames)
