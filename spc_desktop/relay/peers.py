"""``Peers``: questions to the hub that leads and their answers, over one connection between two hubs.

Frames of ``length (4 bytes) number (8 bytes) body``; many questions are under way at once. Who opens a connection shows the
key that the lease holds, and finds the certificate by the fingerprint beside it: both come from the database, which hubs trust.
"""

import asyncio
import contextlib
import hashlib
import hmac
import logging
import secrets
import ssl
import struct
from collections.abc import Awaitable, Callable
from typing import Any, cast

from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.ports import Holder, Spawn

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 60.0
"""An analysis of a long history may take its time; a hub that is gone is noticed by its connection."""
CLOSE_SECONDS = 1.0
"""How long the other side is given to close a connection in order."""
LARGEST = 64 * 1024 * 1024
_HEAD = struct.Struct("!IQ")
_KEY_BYTES = 64

Answer = Callable[[bytes], Awaitable[bytes]]


class Peers:
    """``hub.ports.Peers`` over TCP.

    Args:
        host: address to listen on; others connect to it, unless it is a wildcard.
        tls: encrypts; None where only this computer can connect, or the site wants it so.
        mark: SHA-256 fingerprint of the certificate of ``tls``.
    """

    def __init__(self, host: str, tls: ssl.SSLContext | None = None, mark: str = "") -> None:
        self._host = host
        self._tls = tls
        self._mark = mark
        self._key = secrets.token_hex(_KEY_BYTES // 2)
        self._server: asyncio.Server | None = None
        self._served: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}
        self._spawn: Spawn
        self._link: _Link | None = None
        self._connecting = asyncio.Lock()

    async def open(self, answer: Answer, spawn: Spawn) -> Holder:
        """Listen, and return how the others reach this hub (``host`` is empty where that follows from the network)."""
        self._spawn = spawn

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            me = cast("asyncio.Task[Any]", asyncio.current_task())
            self._served[me] = writer
            try:
                await self._serve(reader, writer, answer)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as gone:
                log.info("a hub has left: %r", gone)
            finally:
                await _closed(writer)
                del self._served[me]

        try:
            self._server = await asyncio.start_server(serve, self._host, 0, ssl=self._tls)
        except OSError as error:
            raise KnownError("address_unusable", host=self._host, port=0, reason=str(error)) from error
        port = self._server.sockets[0].getsockname()[1]
        host = "" if self._host in {"0.0.0.0", "::"} else self._host  # noqa: S104 - compared, not bound
        return Holder(id=secrets.token_hex(8), host=host, port=port, key=self._key, mark=self._mark)

    async def ask(self, holder: Holder, question: bytes) -> bytes:
        """Return the answer of another hub.

        Raises:
            KnownError: ``hub_unreachable`` (it was certainly not asked), ``answer_lost`` (it may have been).
        """
        link = await self._linked(holder)
        return await link.ask(question)

    def part(self) -> None:
        """Ask no more: what another hub has not answered is lost."""
        if self._link is not None:
            self._link.end()

    async def close(self) -> None:
        self.part()
        if self._server is not None:
            self._server.close()
        for writer in self._served.values():
            writer.close()
        if self._served:
            await asyncio.wait(self._served)

    # -- the hub that asks ---------------------------------------------------------------------------------------------

    async def _linked(self, holder: Holder) -> "_Link":
        async with self._connecting:
            link = self._link
            if link is not None and link.alive and link.holder.id == holder.id:
                return link
            if link is not None:
                link.end()
            self._link = await self._connect(holder)
            return self._link

    async def _connect(self, holder: Holder) -> "_Link":
        tls = None
        if holder.mark:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE  # known by its fingerprint, below
        address = f"{holder.host}:{holder.port}"
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(holder.host, holder.port, ssl=tls)
        except (OSError, TimeoutError) as error:
            raise KnownError("hub_unreachable", address=address, detail=str(error)) from error
        if tls is not None:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            if hashlib.sha256(shown or b"").digest().hex(":").upper() != holder.mark:
                await _closed(writer)
                raise KnownError("hub_unreachable", address=address, detail="another certificate than the lease names")
        writer.write(holder.key.encode())
        link = _Link(holder, reader, writer)
        self._spawn("answers of the hub that leads", link.read())
        return link

    # -- the hub that answers ------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            shown = await reader.readexactly(_KEY_BYTES)
        if not hmac.compare_digest(shown, self._key.encode()):
            log.warning("somebody without the key of this hub was turned away: %s", writer.get_extra_info("peername"))
            return
        while True:
            number, question = await _frame(reader)
            self._spawn("answer to a hub", _reply(writer, number, question, answer))


class _Link:
    """One open connection to the hub that leads."""

    def __init__(self, holder: Holder, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.holder = holder
        self.alive = True
        self._reader = reader
        self._writer = writer
        self._waiting: dict[int, asyncio.Future[bytes]] = {}
        self._number = 0

    async def ask(self, question: bytes) -> bytes:
        self._number += 1
        number = self._number
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(_HEAD.pack(len(question), number) + question)
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except TimeoutError:
            raise self._lost() from None
        finally:
            self._waiting.pop(number, None)

    async def read(self) -> None:
        """Hand out answers until the connection ends."""
        try:
            while True:
                number, body = await _frame(self._reader)
                waiting = self._waiting.get(number)
                if waiting is not None and not waiting.done():
                    waiting.set_result(body)
        except (OSError, asyncio.IncompleteReadError) as gone:
            log.info("the connection to the hub that leads is gone: %r", gone)
        finally:
            self.end()
            await _closed(self._writer)

    def end(self) -> None:
        self.alive = False
        self._writer.close()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(self._lost())

    def _lost(self) -> KnownError:
        return KnownError("answer_lost", address=f"{self.holder.host}:{self.holder.port}")


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and return when it is."""
    writer.close()
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()


async def _frame(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    length, number = _HEAD.unpack(await reader.readexactly(_HEAD.size))
    if length > LARGEST:
        raise OSError(f"a frame of {length} bytes")
    return number, await reader.readexactly(length)


async def _reply(writer: asyncio.StreamWriter, number: int, question: bytes, answer: Answer) -> None:
    body = await answer(question)
    with contextlib.suppress(OSError):
        writer.write(_HEAD.pack(len(body), number) + body)
        await writer.drain()
