"""``RedisRelay``: committed events from the hub that writes to the others, over a Redis Stream.

A stream and not Pub/Sub: a reader that was away for a moment still finds what came meanwhile. It is kept short all the same,
because whoever misses something reads it from the database.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from spc_desktop.domain.errors import KnownError, UserError

LENGTH = 1000
"""Entries that a stream keeps, about."""
BLOCK_MS = 2000
"""How long one question for news waits; a server that is silent for longer is taken to be gone."""
TIMEOUT = 5.0
SCHEMES = ("redis", "rediss", "unix")
_FIELD = b"m"


class RedisRelay:
    """``hub.ports.Relay`` on a Redis server.

    Args:
        url: ``redis://[user:password@]host:6379/0``, ``rediss://`` with TLS, or ``unix://``.
        stream: name of the stream: hubs of one database use the same.

    Raises:
        UserError: ``relay_url_invalid``, ``driver_missing``.
    """

    def __init__(self, url: str, stream: str) -> None:
        try:
            from redis import asyncio as redis  # noqa: PLC0415 - an optional extra
            from redis import exceptions  # noqa: PLC0415
        except ImportError:
            raise UserError("driver_missing", what="Redis", package="redis", extra="cluster") from None
        self._refusals = (exceptions.AuthenticationError, exceptions.NoPermissionError)
        self._failures = (exceptions.RedisError, OSError, asyncio.TimeoutError)
        self._stream = stream
        self.address = shown(url)
        try:
            self._redis: Any = redis.Redis.from_url(
                url, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT, protocol=2
            )
        except ValueError as wrong:
            raise UserError("relay_url_invalid", url=self.address, reason=str(wrong)) from None

    async def send(self, messages: Sequence[bytes]) -> None:
        """Add messages to the stream in one trip."""
        with self._explained():
            pipe = self._redis.pipeline(transaction=False)
            for message in messages:
                pipe.xadd(self._stream, {_FIELD: message}, maxlen=LENGTH, approximate=True)
            await pipe.execute()

    async def listen(self) -> AsyncIterator[Sequence[bytes]]:
        """Yield what is added from now on; see ``hub.ports.Relay``."""
        with self._explained():
            newest = await self._redis.xrevrange(self._stream, count=1)
        place = newest[0][0] if newest else b"0-0"
        yield ()
        while True:
            with self._explained():
                found = await self._redis.xread({self._stream: place}, count=LENGTH, block=BLOCK_MS)
            for _, entries in found:
                place = entries[-1][0]
                yield [fields[_FIELD] for _, fields in entries]

    async def check(self) -> None:
        """Ask the server for a sign of life.

        Raises:
            KnownError: ``relay_unavailable``, ``relay_refused``.
        """
        with self._explained():
            await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._refusals as error:
            raise KnownError("relay_refused", url=self.address, detail=str(error)) from error
        except self._failures as error:
            detail = str(error) or type(error).__name__
            raise KnownError("relay_unavailable", url=self.address, detail=detail) from error


def shown(url: str) -> str:
    """Return an address without its password.

    Raises:
        UserError: ``relay_url_invalid``.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as wrong:
        raise UserError("relay_url_invalid", url="?", reason=str(wrong)) from None
    if parts.scheme not in SCHEMES or not (parts.hostname or parts.scheme == "unix"):
        raise UserError("relay_url_invalid", url=url.rpartition("@")[2], reason="redis://HOST:PORT/NUMBER")
    where = parts.hostname or ""
    if ":" in where:
        where = f"[{where}]"
    return f"{parts.scheme}://{where}{f':{port}' if port else ''}{parts.path}"
