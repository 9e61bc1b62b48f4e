"""When announcements are made one by one, joined, or as the digest of a flood, for one person at one window.

What is announced at all is in ``announcement``; nothing is dropped here: whatever is offered is in one announcement, or is
taken out again because somebody has handled it. Times are of a clock that never jumps.

The first alerts of a product are told at once, because people must know within a second; what follows is joined. More
than ten in ten minutes are more than a person can answer (EEMUA 191, 2013; ISA-18.2, 2016, clause 16.5: alarm flood).
"""

from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from spc_desktop.domain.alert import Priority


class Grouping(Struct, frozen=True, kw_only=True):
    """How announcements are joined; seconds."""

    at_once: int = 3
    """So many of one product within ``interval_s`` are told one by one."""
    wait_s: float = 2.0
    """So long is waited for more of a burst, before what is beyond ``at_once`` is told."""
    interval_s: float = 60.0
    """Joined announcements of one product are at least so far apart."""
    repeat_s: float = 1_800.0
    """What nobody has acknowledged is told again after so long."""
    flood_s: float = 600.0
    flood_over: int = 10
    """More within ``flood_s`` are a flood: one digest for each product and ``flood_s``."""
    flood_under: int = 5
    """Fewer within ``flood_s`` end it."""


DEFAULT = Grouping()


class Kind(StrEnum):
    SINGLE = "single"
    GROUP = "group"
    """A burst of one product, or what the person wants gathered."""
    DIGEST = "digest"
    """What a flood brought of one product."""
    REMINDER = "reminder"
    """Told before, and still nobody has acknowledged it."""


class Item(NamedTuple):
    """One alert that is to be told, and what happened to it."""

    alert_id: int
    product_id: int
    change: str
    priority: Priority


class Announcement(NamedTuple):
    kind: Kind
    items: tuple[Item, ...]
    """Oldest first; never empty."""


class _Group:
    """What is known of one product."""

    def __init__(self) -> None:
        self.times: deque[float] = deque()
        """When something of it was told, within ``interval_s``."""
        self.waiting: dict[int, Item] = {}
        self.due = 0.0
        """When that is told."""
        self.digest_at = float("-inf")
        """When the last digest was told."""
        self.standing: dict[int, Item] = {}
        """Told, and not acknowledged yet."""
        self.remind_at = float("inf")


class Announcer:
    """Decides when and how what is offered is told."""

    def __init__(self, grouping: Grouping = DEFAULT) -> None:
        self._rules = grouping
        self._groups: dict[int, _Group] = {}
        self._offered: deque[float] = deque()
        self.flood = False

    def offer(self, item: Item, now: float, digest_s: float = 0.0) -> list[Announcement]:
        """Take what is to be told; return what is to be told now.

        Args:
            item: the alert.
            now: seconds.
            digest_s: the person wants what is not urgent to be gathered for so long.
        """
        self._count(now)
        group = self._group(item.product_id)
        if item.priority >= Priority.URGENT:
            group.waiting.pop(item.alert_id, None)
            return [self._tell(group, Kind.SINGLE, (item,), now)]
        if group.waiting:
            group.waiting.pop(item.alert_id, None)  # the newest change of an alert stands for it
            group.waiting[item.alert_id] = item
            return []
        due = self._due(group, now, digest_s)
        if due <= now:
            return [self._tell(group, Kind.SINGLE, (item,), now)]
        group.waiting[item.alert_id] = item
        group.due = due
        return []

    def _count(self, now: float) -> None:
        """Count an alarm for the flood, which begins and ends with what is offered, not with what is told."""
        self._offered.append(now)
        self._forget(now)
        if len(self._offered) > self._rules.flood_over:
            self.flood = True

    def _forget(self, now: float) -> None:
        while self._offered and now - self._offered[0] >= self._rules.flood_s:
            self._offered.popleft()
        if len(self._offered) < self._rules.flood_under:
            self.flood = False

    def _due(self, group: _Group, now: float, digest_s: float) -> float:
        rules = self._rules
        if self.flood:
            return max(now + rules.wait_s, group.digest_at + rules.flood_s)
        if digest_s:
            return now + digest_s
        while group.times and now - group.times[0] >= rules.interval_s:
            group.times.popleft()
        if len(group.times) < rules.at_once:
            return now
        joined = len(group.times) > rules.at_once
        return group.times[-1] + rules.interval_s if joined else now + rules.wait_s

    def tick(self, now: float) -> list[Announcement]:
        """Return what time alone brings now; to be asked again at ``next_due``."""
        self._forget(now)
        told = []
        for group in self._groups.values():
            if group.waiting and group.due <= now:
                items = tuple(group.waiting.values())
                group.waiting = {}
                kind = Kind.DIGEST if self.flood else Kind.GROUP if len(items) > 1 else Kind.SINGLE
                told.append(self._tell(group, kind, items, now))
            elif group.remind_at <= now and not group.waiting:
                told.append(Announcement(Kind.REMINDER, tuple(group.standing.values())))
                group.remind_at = now + self._rules.repeat_s
        return told

    def _tell(self, group: _Group, kind: Kind, items: tuple[Item, ...], now: float) -> Announcement:
        group.times.append(now)
        if kind is Kind.DIGEST:
            group.digest_at = now
        group.standing.update((item.alert_id, item) for item in items)
        group.remind_at = now + self._rules.repeat_s
        return Announcement(kind, items)

    def handled(self, alert_id: int, product_id: int) -> Item | None:
        """Take out what is acknowledged, ended or masked; return it where it had not been told yet."""
        group = self._groups.get(product_id)
        if group is None:
            return None
        group.standing.pop(alert_id, None)
        if not group.standing:
            group.remind_at = float("inf")
        return group.waiting.pop(alert_id, None)

    def stood(self, items: Iterable[Item], now: float) -> None:
        """Take over what was told in an earlier run and nobody has acknowledged: it is told again when its time has come."""
        for item in items:
            group = self._group(item.product_id)
            group.standing.setdefault(item.alert_id, item)
            group.remind_at = min(group.remind_at, now + self._rules.repeat_s)

    def next_due(self) -> float | None:
        """Return when ``tick`` is to be asked again; None: not before something else is offered."""
        times = [group.due if group.waiting else group.remind_at for group in self._groups.values()]
        soonest = min(times, default=float("inf"))
        return None if soonest == float("inf") else soonest

    def _group(self, product_id: int) -> _Group:
        return self._groups.setdefault(product_id, _Group())
