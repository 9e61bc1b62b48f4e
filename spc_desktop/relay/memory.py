"""``MemoryRelay``: the contract of the relay between hubs of one process."""

import asyncio
from collections.abc import AsyncIterator, Sequence


class MemoryRelay:
    """``hub.ports.Relay`` without a server: every listener hears what is sent while it listens."""

    def __init__(self) -> None:
        self._listeners: list[asyncio.Queue[Sequence[bytes]]] = []

    async def send(self, messages: Sequence[bytes]) -> None:
        for listener in self._listeners:
            listener.put_nowait(messages)

    async def listen(self) -> AsyncIterator[Sequence[bytes]]:
        heard: asyncio.Queue[Sequence[bytes]] = asyncio.Queue()
        self._listeners.append(heard)
        try:
            yield ()
            while True:
                yield await heard.get()
        finally:
            self._listeners.remove(heard)

    async def close(self) -> None:
        """Nothing is open."""
