"""How far each client has received, by its own word: who comes back without a position goes on from there.

Kept as documents of the station, so that a restart of the hub loses at most the last seconds (and then sends something
again, which the client knows by its seq).
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from spc_desktop.server.told import Logbook

KIND = "cursor"
MOST = 10_000
"""Clients that are remembered."""


class Memory(Logbook, Protocol):
    """Where small things are kept: the hub."""

    async def documents(self, kind: str) -> dict[str, bytes]: ...

    async def keep(self, kind: str, bodies: Mapping[str, bytes | None]) -> None: ...


class Cursors:
    """(user, client id) -> (epoch, seq)."""

    def __init__(self, memory: Memory | None) -> None:
        self._memory = memory
        self._known: dict[str, tuple[str, int]] = {}
        self._changed: dict[str, None] = {}

    async def read(self) -> None:
        """Take what was kept."""
        if self._memory is not None:
            for key, body in (await self._memory.documents(KIND)).items():
                self._known[key] = msgspec.json.decode(body, type=tuple[str, int])

    def note(self, user: str, client_id: str, epoch: str, seq: int) -> None:
        """A client has received everything up to ``seq``; it never goes back within one log."""
        key = _key(user, client_id)
        before = self._known.pop(key, None)
        if before is not None and before[0] == epoch:
            seq = max(seq, before[1])
        self._known[key] = epoch, seq
        if before != (epoch, seq):
            self._changed[key] = None

    def of(self, user: str, client_id: str) -> tuple[str, int] | None:
        """Return the position of a client that has told one."""
        return self._known.get(_key(user, client_id))

    async def find(self, user: str, client_id: str) -> tuple[str, int] | None:
        """Return the position of a client, also where it told another hub of the same database."""
        if self._memory is not None and self.of(user, client_id) is None:
            body = (await self._memory.documents(KIND)).get(_key(user, client_id))
            if body is not None:
                self._known[_key(user, client_id)] = msgspec.json.decode(body, type=tuple[str, int])
        return self.of(user, client_id)

    async def write(self) -> None:
        """Keep what has changed.

        Raises:
            KnownError: it could not be stored; it is tried again with the next call.
        """
        while len(self._known) > MOST:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self._changed[oldest] = None
        if self._memory is None or not self._changed:
            return
        changed, self._changed = self._changed, {}
        known = self._known
        bodies = {key: msgspec.json.encode(known[key]) if key in known else None for key in changed}
        try:
            await self._memory.keep(KIND, bodies)
        except BaseException:
            self._changed = {**changed, **self._changed}
            raise


def _key(user: str, client_id: str) -> str:
    return f"{user}\n{client_id}"
