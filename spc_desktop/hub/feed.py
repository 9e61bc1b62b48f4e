"""From committed events to mailboxes, and the replay of what a reader missed: no gap and no double at the seam."""

from collections.abc import AsyncIterator, Callable, Sequence

from spc_desktop.hub.api import Delivery, Resync, WatchFilter
from spc_desktop.hub.mailbox import EventMailbox
from spc_desktop.hub.ports import Store
from spc_desktop.protocol import messages as m

_PAGE = 500


class Feed:
    """All open mailboxes. ``head`` is the newest event that was given out."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._mailboxes: list[EventMailbox] = []
        self._closed = False
        self.epoch = ""
        self.head = 0
        self.pass_on: Callable[[Sequence[m.AnyEvent]], None] | None = None
        """Hears what is published, to tell it elsewhere too."""

    def __len__(self) -> int:
        return len(self._mailboxes)

    def begin(self, epoch: str, head: int) -> None:
        """Start after the newest stored event."""
        self.epoch, self.head = epoch, head

    def publish(self, events: Sequence[m.AnyEvent]) -> None:
        """Give committed events to every mailbox: one shared object each, however many readers there are."""
        for event in events:
            if event.seq <= self.head:  # told already, by another hub's news
                continue
            self.head = event.seq
            for mailbox in self._mailboxes:
                mailbox.put(event)
        if self.pass_on is not None:
            self.pass_on(events)

    def skip(self, head: int) -> None:
        """Go on after events that nobody has any more: every reader reads its state anew."""
        self.head = head
        for mailbox in self._mailboxes:
            mailbox.tell(Resync(seq=head, epoch=self.epoch, reason="retention"))

    def open(self, wanted: WatchFilter, resume: tuple[str, int] | None) -> EventMailbox:
        """Open a mailbox. Live events after the present head queue behind the replay of those up to it."""
        replay = None if resume is None else self._replay(resume[0], resume[1], self.head)
        mailbox = EventMailbox(wanted, replay)
        if self._closed:
            mailbox.close()
        self._mailboxes.append(mailbox)
        return mailbox

    def discard(self, mailbox: EventMailbox) -> None:
        """Forget a mailbox whose reader has left."""
        self._mailboxes.remove(mailbox)
        mailbox.close()

    def close(self) -> None:
        """Let every reader run to its end."""
        self._closed = True
        for mailbox in self._mailboxes:
            mailbox.close()

    async def _replay(self, epoch: str, since: int, head: int) -> AsyncIterator[Sequence[Delivery]]:
        if epoch != self.epoch or since > head:
            yield [Resync(seq=head, epoch=self.epoch, reason="epoch")]
            return
        while since < head:
            page = await self._store.query(m.GetEvents(since=since, epoch=epoch, limit=_PAGE))
            if page.first > since + 1 or not page.events:
                yield [Resync(seq=head, epoch=self.epoch, reason="retention")]
                return
            yield [event for event in page.events if event.seq <= head]
            since = page.events[-1].seq
