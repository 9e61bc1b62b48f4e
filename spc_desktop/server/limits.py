"""How much one connection, one source and one address may ask for (``protocol.md`` section 6); nothing here waits."""

from collections import OrderedDict, deque

from msgspec import Struct

from spc_desktop.domain.errors import UserError
from spc_desktop.protocol.pace import Bucket
from spc_desktop.server.access import is_loopback

_MOST_KNOWN = 10_000
"""Addresses and sources that are remembered; the one that asked longest ago is forgotten first."""


class Limits(Struct, frozen=True, kw_only=True):
    """What is allowed. Rates are per second, a burst is what may come at once after a pause."""

    frame: int = 64 * 1024
    device_frame: int = 1024 * 1024
    """Largest frame of a token whose role is ``device``."""
    commands: float = 50.0
    commands_burst: float = 100.0
    refusals: int = 10
    refusals_in: float = 10.0
    """So many refused commands in so many seconds end the connection."""
    items: float = 5_000.0
    items_burst: float = 20_000.0
    """Measurements per source."""
    handshakes: float = 20.0
    handshakes_burst: float = 100.0
    """WebSocket handshakes per address; this computer's own are only counted as open ones."""
    open: int = 200
    open_here: int = 12_000
    half_open: int = 256


class Pace:
    """Commands of one connection."""

    __slots__ = ("_bucket", "_limits", "_refused")

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._bucket = Bucket(limits.commands, limits.commands_burst, now)
        self._refused: deque[float] = deque(maxlen=limits.refusals)

    def wait_for(self, now: float) -> float:
        """Count one command; return 0, or the seconds after which it may be repeated."""
        wait = self._bucket.take(1, now)
        if wait:
            self._refused.append(now)
        return wait

    def is_exhausted(self, now: float) -> bool:
        """Return whether so many commands were refused that the connection is to be closed."""
        refused = self._refused
        return len(refused) == self._limits.refusals and now - refused[0] <= self._limits.refusals_in


class Gate:
    """Handshakes and open connections per address, and measurements per source, of one server."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.refused = 0
        """How often anything was refused, for the metrics."""
        self._handshakes: OrderedDict[str, Bucket] = OrderedDict()
        self._sources: OrderedDict[str, Bucket] = OrderedDict()
        self._open: dict[str, int] = {}

    def enter(self, address: str) -> bool:
        """Count a connection that was made; False: the address has too many open ones (it is counted all the same)."""
        count = self._open[address] = self._open.get(address, 0) + 1
        good = count <= (self.limits.open_here if is_loopback(address) else self.limits.open)
        self.refused += not good
        return good

    def leave(self, address: str) -> None:
        """Count a connection that has ended."""
        count = self._open.get(address, 0) - 1
        if count > 0:
            self._open[address] = count
        else:
            self._open.pop(address, None)

    def handshake(self, address: str, now: float) -> float:
        """Count a WebSocket handshake; return 0, or the seconds after which the address may try again."""
        if is_loopback(address):
            return 0.0
        bucket = _known(self._handshakes, address)
        if bucket is None:
            bucket = self._handshakes[address] = Bucket(self.limits.handshakes, self.limits.handshakes_burst, now)
        wait = bucket.take(1, now)
        self.refused += wait > 0
        return wait

    def items(self, source: str, count: int, now: float) -> None:
        """Count measurements of a source.

        Raises:
            UserError: ``rate_limited`` (seconds, what); nothing may be stored.
        """
        bucket = _known(self._sources, source)
        if bucket is None:
            bucket = self._sources[source] = Bucket(self.limits.items, self.limits.items_burst, now)
        wait = bucket.take(count, now)
        if wait:
            self.refused += 1
            raise rate_limited(wait)


def rate_limited(seconds: float) -> UserError:
    """Return the refusal of somebody who asks too much."""
    return UserError("rate_limited", seconds=round(seconds, 3))


def _known(table: OrderedDict[str, Bucket], name: str) -> Bucket | None:
    found = table.get(name)
    if found is not None:
        table.move_to_end(name)
    elif len(table) >= _MOST_KNOWN:
        table.popitem(last=False)
    return found
