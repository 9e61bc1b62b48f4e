"""What the station knows of samples: when each characteristic was last measured, what was skipped, what is waited for."""

from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from spc_desktop.hub.ports import Document

SAMPLING = "sampling"
"""Kind of the documents that keep what cannot be read from the points."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a characteristic."""

    skipped: datetime | None = None
    waiting: datetime | None = None


@dataclass(slots=True)
class Samples:
    """By characteristic. Only what a committed batch has brought is in the station's own."""

    last: dict[int, datetime] = field(default_factory=dict)
    """When it was last measured."""
    heard: dict[int, datetime] = field(default_factory=dict)
    """Steady time at which its last value came."""
    skipped: dict[int, datetime] = field(default_factory=dict)
    """The newest due time that was skipped."""
    waiting: dict[int, datetime | None] = field(default_factory=dict)
    """The overdue time that waits for its sample."""

    def served(self, characteristic_id: int) -> datetime | None:
        """Return the time of the last sample or skip."""
        times = (self.last.get(characteristic_id), self.skipped.get(characteristic_id))
        return max((at for at in times if at is not None), default=None)

    def restore(self, stored: dict[str, bytes]) -> None:
        """Take over what was stored."""
        for key, body in stored.items():
            kept = msgspec.json.decode(body, type=Kept)
            if kept.skipped is not None:
                self.skipped[int(key)] = kept.skipped
            if kept.waiting is not None:
                self.waiting[int(key)] = kept.waiting

    def draft(self) -> "SamplesDraft":
        """Return the changes of a batch, to be adopted when it is committed."""
        return SamplesDraft(self)

    def adopt(self, draft: "SamplesDraft") -> None:
        """Make the changes of a committed batch the station's."""
        for characteristic_id, at in draft.last.items():
            before = self.last.get(characteristic_id)
            self.last[characteristic_id] = at if before is None else max(before, at)
        self.heard.update(draft.heard)
        self.skipped.update(draft.skipped)
        self.waiting.update(draft.waiting)


class SamplesDraft:
    """Changes of one batch."""

    def __init__(self, base: Samples) -> None:
        self._base = base
        self.last: dict[int, datetime] = {}
        self.heard: dict[int, datetime] = {}
        self.skipped: dict[int, datetime] = {}
        self.waiting: dict[int, datetime | None] = {}

    def measured(self, characteristic_id: int, at: datetime, steady: datetime) -> None:
        """Values have come, in the batch's order: late ones do not move the time back."""
        known = self.last.get(characteristic_id)
        self.last[characteristic_id] = at if known is None else max(known, at)
        self.heard[characteristic_id] = steady

    def skip(self, characteristic_id: int, due_at: datetime) -> None:
        """A sample that was due needs not be taken any more."""
        self.skipped[characteristic_id] = due_at

    def wait_for(self, characteristic_id: int, due_at: datetime | None) -> None:
        """Remember the overdue sample that is waited for, so that it can be called missed, also after a restart."""
        self.waiting[characteristic_id] = due_at

    def documents(self) -> list[Document]:
        """Return what is to be stored of it."""
        found = []
        for one in sorted({*self.skipped, *self.waiting}):
            skipped = self.skipped.get(one, self._base.skipped.get(one))
            waiting = self.waiting[one] if one in self.waiting else self._base.waiting.get(one)
            found.append(Document(SAMPLING, str(one), msgspec.json.encode(Kept(skipped=skipped, waiting=waiting))))
        return found
