"""What still has to be sent, by recipient: the rows of the delivery log that wait, in memory. Only the pipeline changes it."""

from collections.abc import Collection, Iterable
from datetime import datetime

from spc_desktop.domain.alert import Priority
from spc_desktop.domain.delivery import SENT_BY_HUB, Delivery, DeliveryOutcome, Outlets
from spc_desktop.hub.ports import Store
from spc_desktop.protocol import messages as m

Target = tuple[str, str]
"""Channel and recipient."""
_PAGE = 500


class Outbox:
    """Waiting rows by target and id, and the channels there are."""

    def __init__(self) -> None:
        self.outlets = Outlets()
        self._waiting: dict[Target, dict[int, Delivery]] = {}

    def adopt(self, rows: Iterable[Delivery]) -> None:
        """Take rows that were committed."""
        for row in rows:
            if row.channel not in SENT_BY_HUB:
                continue
            target = row.channel, row.recipient
            waiting = self._waiting.setdefault(target, {})
            if row.outcome is DeliveryOutcome.WAITING:
                waiting[row.id] = row
            else:
                waiting.pop(row.id, None)
            if not waiting:
                del self._waiting[target]

    def targets(self) -> list[Target]:
        return list(self._waiting)

    def of(self, target: Target) -> list[Delivery]:
        """Return what waits for a target, oldest first."""
        return sorted(self._waiting.get(target, {}).values(), key=lambda row: row.id)

    def count(self, target: Target) -> int:
        return len(self._waiting.get(target, ()))

    def gathered(self, target: Target) -> datetime | None:
        """Return when what is gathered for a target, and in no message yet, is to be sent."""
        for row in reversed(self._waiting.get(target, {}).values()):
            if not row.message and row.priority < Priority.URGENT:
                return row.due
        return None


async def read_outbox(store: Store, outbox: Outbox) -> None:
    """Take what the last run has not sent."""
    outbox.adopt(reversed(await _all(store, DeliveryOutcome.WAITING)))


async def dead_letters(store: Store, ids: Collection[int] = ()) -> list[Delivery]:
    """Return what was given up, oldest first; only those with these ids where some are given."""
    wanted = set(ids)
    return [row for row in reversed(await _all(store, DeliveryOutcome.FAILED)) if not wanted or row.id in wanted]


async def _all(store: Store, outcome: DeliveryOutcome) -> list[Delivery]:
    rows: list[Delivery] = []
    while True:
        before = rows[-1].id if rows else None
        page: m.DeliveryPage = await store.query(m.GetDeliveries(outcome=outcome, before_id=before, limit=_PAGE))
        rows += page.deliveries
        if not page.more:
            return rows
