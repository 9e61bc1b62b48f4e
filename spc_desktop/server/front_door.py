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
from websockets.protocol import Event, State

from spc_desktop.protocol.pace import Bucket
from spc_desktop.server.access import NOBODY, peer_of
from spc_desktop.server.limits import Gate, Limits
from spc_desktop.server.turns import Turns

HEAD_BYTES = 16 * 1024
HEAD_SECONDS = 5.0
HALF_OPEN_GRACE = 1.0
"""Seconds that each connection has to say what it wants, however many there are."""
UNREAD_BYTES = 4 * 1024 * 1024
"""Answers that a peer has not taken at which nothing more is read from it: pongs to pings too are answers."""
FRAGMENTS = 1_024
"""Parts that a message may come in; empty ones cost memory without adding to its size."""
PINGS, PINGS_BURST = 50.0, 500.0
"""Pings of one connection per second, and at once."""
_CROWDED = (
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: application/json\r\n"
    b'Content-Length: 23\r\n\r\n{"code":"rate_limited"}'
)

_UPGRADE = re.compile(rb"\r\nupgrade[ \t]*:[^\r\n]*websocket", re.IGNORECASE)


def framed(message: bytes) -> bytes:
    """Return a complete text frame, ready for any number of transports."""
    return Frame(Opcode.TEXT, message).serialize(mask=False)


class Doorway:
    """What all connections of one listener share: where HTTP goes, and who has not said yet what he wants."""

    def __init__(self, http: Callable[[], asyncio.Protocol], gate: Gate | None = None) -> None:
        self.http = http
        self.gate = gate or Gate(Limits())
        self.undecided: dict[FrontDoor, None] = {}
        self.turns = Turns()
        self._visitors: dict[object, str] = {}

    def arrive(self, connection: "FrontDoor") -> None:
        """A connection has not said yet what it wants; of too many such the oldest is ended."""
        self.undecided[connection] = None
        while len(self.undecided) > self.gate.limits.half_open:
            oldest = next(iter(self.undecided))
            # A burst of five hundred arrives in one pass of the loop, before the first head could be read.
            if connection.arrived - oldest.arrived < HALF_OPEN_GRACE:
                return
            oldest.abort()

    def turn_away(self) -> None:
        """End every connection that has not sent a whole head."""
        for connection in list(self.undecided):
            connection.abort()

    def hand_over(self, handler: object, address: str) -> None:
        """A connection is HTTP's from now on; ``gone`` tells its end."""
        self._visitors[handler] = address

    def moved(self, handler: object, to: object) -> None:
        """Another protocol reads an HTTP connection from now on."""
        address = self._visitors.pop(handler, None)
        if address is not None:
            self._visitors[to] = address

    def gone(self, handler: object) -> None:
        """An HTTP connection has ended."""
        address = self._visitors.pop(handler, None)
        if address is not None:
            self.gate.leave(address)


class FrontDoor(ServerConnection):
    """A WebSocket connection that may turn out to be HTTP."""

    def __init__(self, doorway: Doorway, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._doorway = doorway
        self._head = bytearray()
        self._raw_transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._decided = False
        self._waits = False
        """It has asked for a WebSocket and waits for its turn."""
        self._address = ""
        self.arrived = 0.0
        self._crowded = False
        self._fragments = 0
        self._pings = Bucket(PINGS, PINGS_BURST, self.loop.time())
        self.principal = NOBODY
        """Who the handshake said it is."""
        self._room_waiters: list[asyncio.Future[None]] = []

    # -- deciding ------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The superclass starts its handshake task in connection_made; it hears of the connection only when it is its own.
        self._raw_transport = cast("asyncio.Transport", transport)
        self._address = peer_of(transport.get_extra_info("peername"))
        self.arrived = self.loop.time()
        self._crowded = not self._doorway.gate.enter(self._address)
        self._doorway.arrive(self)
        self._deadline = self.loop.call_later(HEAD_SECONDS, self.abort)

    def data_received(self, data: bytes) -> None:
        if self._decided:
            super().data_received(data)
            if self.unsent > UNREAD_BYTES and self.is_open:
                self.transport.pause_reading()
            return
        self._head += data
        if b"\r\n\r\n" in self._head and not self._waits:
            self._decide()
        elif len(self._head) > HEAD_BYTES:
            self.abort()

    def _decide(self) -> None:
        self._settle()
        transport = self._raw_transport
        if transport is None:
            return
        data = bytes(self._head)
        head = data[: data.index(b"\r\n\r\n") + 2]
        if len(head) > HEAD_BYTES:
            transport.abort()
        elif self._crowded:
            transport.write(_CROWDED)
            transport.close()
        elif data.startswith(b"GET ") and _UPGRADE.search(head):
            self._waits = True
            self._doorway.turns.call(self._open)
        else:
            http = self._doorway.http()
            self._doorway.hand_over(http, self._address)
            transport.set_protocol(http)
            http.connection_made(transport)
            http.data_received(data)

    def _open(self) -> None:
        """Begin the handshake with what has arrived, unless the peer is gone."""
        transport = self._raw_transport
        if transport is not None and not transport.is_closing():
            self._decided = True
            super().connection_made(transport)
            super().data_received(bytes(self._head))
        self._head.clear()

    def abort(self) -> None:
        """End the connection at once."""
        self._settle()
        if self._raw_transport is not None:
            self._raw_transport.abort()

    def _settle(self) -> None:
        self._doorway.undecided.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def eof_received(self) -> None:
        if self._decided:
            super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        self._doorway.gate.leave(self._address)
        if self._decided:
            super().connection_lost(exc)
            self._wake()

    def process_event(self, event: Event) -> None:
        """Count what costs without being a message: pings, and messages in endless parts."""
        if isinstance(event, Frame):
            if event.opcode is Opcode.PING:
                if self._pings.take(1, self.loop.time()):
                    self._fail(4429, "rate_limited")
                    return
            elif event.opcode in {Opcode.CONT, Opcode.TEXT, Opcode.BINARY}:
                self._fragments = 0 if event.fin else self._fragments + 1
                if self._fragments > FRAGMENTS:
                    self._fail(1009, "too_large")
                    return
        super().process_event(event)

    def _fail(self, code: int, reason: str) -> None:
        """Close the connection at once, whatever it is in the middle of."""
        if self.protocol.state is State.OPEN:
            self.protocol.fail(code, reason)
            self.send_data()
            self.loop.call_later(1.0, self.transport.abort)

    def allow_frames(self, size: int) -> None:
        """Let the peer send frames up to a size from now on."""
        self.protocol.max_message_size = size

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
            if self.is_open and not self.recv_messages.paused:
                self.transport.resume_reading()
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
