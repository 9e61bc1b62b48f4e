"""Plain JSON posts, answered without aiohttp, which needs five times as long for them; all else moves there unread.

A gauge or a line controller posts the same few lines with another body thousands of times. What is taken here is exactly
that: HTTP/1.1, ``POST``, a plain path, ``Content-Type: application/json``, one ``Content-Length``, a whole body within
``PATIENCE``. A connection that sends anything else (another method, chunks, ``Expect``, a body that is too large or too
late, a head that is not quite right) is handed to aiohttp with all its bytes, and stays there. The routes and their errors
are the same for both.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, cast

from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from spc_desktop.server.access import peer_of
from spc_desktop.server.http import MAX_BODY, Request, Whole

HEAD_BYTES = 16 * 1024
PATIENCE = 1.0
"""Seconds for a request to become whole; then aiohttp waits for the rest, by its own rules."""
IDLE_SECONDS = 30.0
"""A connection without a request for this long is closed."""

Answer = Callable[[Request], Awaitable[web.Response]]
Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]

_LINE = re.compile(rb"POST (/[A-Za-z0-9/_.-]{0,500}) HTTP/1\.1\r\n")
_FIELD = re.compile(rb"([A-Za-z0-9-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?)[ \t]*\r\n")
_LENGTH = re.compile(r"[0-9]{1,9}")
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_NOT_HERE = ("Transfer-Encoding", "Content-Encoding", "Expect", "Upgrade")


class Plain(Whole):
    """One request; has what the routes look at."""

    __slots__ = ("content_length", "headers", "path", "remote", "transport")

    method = "POST"
    content_type = "application/json"
    query: Mapping[str, str] = {}

    def __init__(
        self,
        path: str,
        headers: CIMultiDict[str],
        length: int,
        remote: str,
        transport: asyncio.Transport,
        body: bytes = b"",
    ) -> None:
        super().__init__(body)
        self.path = path
        self.headers = headers
        self.content_length = length
        self.remote = remote
        self.transport = transport

    def with_body(self, body: bytes) -> "Plain":
        """Return a request with this head and another body."""
        return Plain(self.path, self.headers, self.content_length, self.remote, self.transport, body)

    @property
    def body_exists(self) -> bool:
        return self.content_length > 0

    @property
    def rel_url(self) -> URL:
        return URL(self.path)

    async def read(self) -> bytes:
        return self.whole


class LeanServer:
    """All plain connections of one listener."""

    def __init__(self, answer: Answer, http: Callable[[], asyncio.Protocol], spawn: Spawn) -> None:
        self.answer = answer
        self.http = http
        self.spawn = spawn
        self.open: set[_Connection] = set()
        self.stopping = False
        self.gone: Callable[[object], None] = lambda _handler: None
        self.moved: Callable[[object, object], None] = lambda _handler, _to: None
        self._dated = 0, ""

    @property
    def date(self) -> str:
        """Time of an answer, written once a second."""
        now = int(time.time())
        if now != self._dated[0]:
            self._dated = now, formatdate(now, usegmt=True)
        return self._dated[1]

    def __call__(self) -> asyncio.Protocol:
        """Make the protocol of a connection."""
        return _Connection(self)

    async def stop(self, seconds: float) -> None:
        """Let running requests end, for so long; close the connections."""
        self.stopping = True
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self.open:
            for connection in list(self.open):
                if not connection.busy or loop.time() >= end:
                    connection.close()
            await asyncio.sleep(0.01)


class _Connection(asyncio.Protocol):
    """Reads plain requests one after the other; a task of its own answers them in this order."""

    def __init__(self, server: LeanServer) -> None:
        self._server = server
        self._transport: asyncio.Transport
        self._remote = ""
        self._data = bytearray()
        self._head = b""
        self._known: Plain | None = None
        """What the last head said: the next one is mostly the same."""
        self._asked: deque[Plain] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._full = False
        self._gone = False
        self._answering = False

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Return whether a request was read whose answer is not written yet."""
        return self._answering or bool(self._asked)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._remote = peer_of(transport.get_extra_info("peername"))
        self._server.open.add(self)
        self._server.spawn(self._serve())
        self._heard = asyncio.get_running_loop().time()
        self._watch(PATIENCE)

    def data_received(self, data: bytes) -> None:
        self._heard = asyncio.get_running_loop().time()
        self._data += data
        if self.busy:  # one after the other: what is pipelined waits
            if len(self._data) > HEAD_BYTES + MAX_BODY:
                self._transport.pause_reading()
        else:
            self._read()

    def _read(self) -> None:
        """Take the next request out of what has come, or hand the connection over."""
        data = self._data
        if not data or self._gone:
            return
        if self._known is not None and data.startswith(self._head):
            end, request = len(self._head), self._known
        else:
            end = data.find(b"\r\n\r\n") + 4
            if end < 4 and len(data) <= HEAD_BYTES and data.startswith(b"POST "[: len(data)]):
                return
            found = _read_head(bytes(data[:end]), self._remote, self._transport) if 4 <= end <= HEAD_BYTES else None
            if found is None or found.content_length > MAX_BODY:
                self._hand_over()
                return
            self._head, self._known, request = bytes(data[:end]), found, found
        whole = end + request.content_length
        if len(data) < whole:
            return
        self._asked.append(request.with_body(bytes(data[end:whole])))
        del data[:whole]
        self._wake()

    def _hand_over(self) -> None:
        transport, data = self._transport, bytes(self._data)
        self._leave()
        http = self._server.http()
        self._server.moved(self, http)
        transport.set_protocol(http)
        http.connection_made(transport)
        http.data_received(data)

    def _watch(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """Once a while: hand over what does not become whole, close what nobody uses."""
        silent = asyncio.get_running_loop().time() - self._heard
        if self.busy:
            self._watch(PATIENCE)
        elif self._data and silent >= PATIENCE:
            self._hand_over()
        elif silent >= IDLE_SECONDS:
            self.close()
        else:
            self._watch(PATIENCE)

    # -- answering -----------------------------------------------------------------------------------------------------

    async def _serve(self) -> None:
        while not self._gone:
            if not self._asked or self._full:
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
                continue
            self._answering = True
            request = self._asked.popleft()
            response = await self._server.answer(request)
            self._answering = False
            if self._gone:
                return
            self._transport.write(_written(response, self._server.date, last=self._server.stopping))
            if self._server.stopping:
                self.close()
                return
            self._transport.resume_reading()
            if self._data:
                self._read()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._wake()

    # -- the end -------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the connection after what was written."""
        self._leave()
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._server.gone(self)

    def _leave(self) -> None:
        self._gone = True
        self._server.open.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake()


def _read_head(head: bytes, remote: str, transport: asyncio.Transport) -> Plain | None:
    """Return what a head asks for; None: it is not of the plain kind."""
    line = _LINE.match(head)
    if line is None:
        return None
    headers: CIMultiDict[str] = CIMultiDict()
    at, end = line.end(), len(head) - 2
    while at < end:
        field = _FIELD.match(head, at)
        if field is None:
            return None
        name = field[1].decode()
        if name in headers:
            return None
        headers[name] = field[2].decode()
        at = field.end()
    length = headers.get("Content-Length", "")
    plain = (
        _LENGTH.fullmatch(length)
        and "Host" in headers
        and not any(name in headers for name in _NOT_HERE)
        and headers.get("Content-Type", "").partition(";")[0].strip().lower() == "application/json"
        and headers.get("Connection", "keep-alive").lower() == "keep-alive"
    )
    return Plain(line[1].decode(), headers, int(length), remote, transport) if plain else None


def _written(response: web.Response, date: str, *, last: bool) -> bytes:
    body = cast("bytes", response.body or b"")
    lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines.append(f"Content-Length: {len(body)}\r\nDate: {date}")
    if last:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
