"""One port for WebSocket and HTTP: the first bytes of a connection decide who gets it.

``websockets`` refuses requests with a body, so its connection class looks at the head: a WebSocket upgrade stays, anything
else moves with its bytes to an HTTP protocol. Only public calls of asyncio, websockets and aiohttp are used.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, cast

from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from spc_desktop.server.access import NOBODY, peer_of

HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 5.0

_UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:[^\r\n]*websocket", re.IGNORECASE)


def framed(message: bytes) -> bytes:
    """Return a complete text frame, ready for any number of transports."""
    return Frame(Opcode.TEXT, message).serialize(mask=False)


class Doorway:
    """What all connections of one listener share: where HTTP goes, and who has not said yet what he wants."""

    def __init__(self, http: Callable[[], asyncio.Protocol]) -> None:
        self.http = http
        self.undecided: set[FrontDoor] = set()

    def turn_away(self) -> None:
        """End every connection that has not sent a whole head."""
        for connection in list(self.undecided):
            connection.abort()


class FrontDoor(ServerConnection):
    """A WebSocket connection that may turn out to be HTTP."""

    def __init__(self, doorway: Doorway, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._doorway = doorway
        self._head = bytearray()
        self._raw_transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._decided = False
        self.principal = NOBODY
        """Who the handshake said it is."""
        self._room_waiters: list[asyncio.Future[None]] = []

    # -- deciding ------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The superclass starts its handshake task in connection_made; it hears of the connection only when it is its own.
        self._raw_transport = cast("asyncio.Transport", transport)
        self._doorway.undecided.add(self)
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.abort)

    def data_received(self, data: bytes) -> None:
        if self._decided:
            super().data_received(data)
            return
        self._head += data
        if b"\r\n\r\n" in self._head:
            self._decide()
        elif len(self._head) > HEAD_BYTES:
            self.abort()

    def _decide(self) -> None:
        self._settle()
        transport = self._raw_transport
        if transport is None:
            return
        data = bytes(self._head)
        self._head.clear()
        head = data[: data.index(b"\r\n\r\n") + 2]
        if len(head) > HEAD_BYTES:
            transport.abort()
        elif data.startswith(b"GET ") and _UPGRADE.search(head):
            self._decided = True
            super().connection_made(transport)
            super().data_received(data)
        else:
            http = self._doorway.http()
            transport.set_protocol(http)
            http.connection_made(transport)
            http.data_received(data)

    def abort(self) -> None:
        """End the connection at once."""
        self._settle()
        if self._raw_transport is not None:
            self._raw_transport.abort()

    def _settle(self) -> None:
        self._doorway.undecided.discard(self)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def eof_received(self) -> None:
        if self._decided:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        if self._decided:
            super().connection_lost(exc)
            self._wake()

    # -- writing -------------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        return self._decided and self.protocol.state is State.OPEN

    @property
    def unsent(self) -> int:
        """Bytes that the peer has not taken yet (beyond the buffers of the operating system)."""
        return self.transport.get_write_buffer_size()

    @property
    def peer(self) -> str:
        """Address of the other end."""
        return peer_of(self.remote_address)

    def write_frames(self, frames: bytes) -> None:
        """Write complete frames as they are. Nothing negotiated changes them: there is no compression."""
        if self.protocol.state is State.OPEN and self.send_in_progress is None:
            self.transport.write(frames)

    def resume_writing(self) -> None:
        if self._decided:
            super().resume_writing()
            self._wake()

    def pause_writing(self) -> None:
        if self._decided:
            super().pause_writing()

    async def room(self) -> None:
        """Wait until the peer has taken most of what was written, or is gone."""
        while self.paused and self.is_open:
            waiter: asyncio.Future[None] = self.loop.create_future()
            self._room_waiters.append(waiter)
            await waiter

    def _wake(self) -> None:
        waiters, self._room_waiters = self._room_waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
