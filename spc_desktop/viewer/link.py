"""The connection to a far hub: opens it, keeps it, opens it again; tells how it is."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from ssl import SSLCertVerificationError
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import HubState, Link
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import v1
from spc_desktop.viewer.trust import Trust

SILENT_S = 14.0
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 30.0
PING_S = 5.0
MAX_FRAME = 64 * 1024 * 1024
"""A page of points is a few megabytes; a hub is trusted that far, not further."""

_FINAL_CODES = frozenset({4401, 4403, 4404, 4409})
"""Close codes after which trying again cannot help (``protocol.md`` section 7)."""

_log = logging.getLogger(__name__)


def socket_url(address: str) -> str:
    """Return the WebSocket URL of a hub given as ``host``, ``host:port`` or any http, https, ws or wss URL.

    Raises:
        UserError: ``bad_address``.
    """
    text = address.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    scheme = {"http": "ws", "ws": "ws", "https": "wss", "wss": "wss"}.get(parts.scheme)
    try:
        port = parts.port or (8000 if parts.scheme in {"http", "ws"} else 443)
    except ValueError:
        port = 0
    if scheme is None or not parts.hostname or not port:
        raise UserError("bad_address", got=address[:100])
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{host}:{port}/ws/spc/"


class LinkKeeper:
    """Runs one connection after the other until ``stop``.

    Args:
        url: of the hub's socket.
        name: what the connection pill calls it.
        clock: time of states.
        greet: talks the opening of a session; afterwards the link is live.
        take: gets every frame.
        on_state: hears of every change of ``state``.
        on_broken: hears when a connection has ended.
        trust: which certificates are believed.
    """

    def __init__(
        self,
        url: str,
        name: str,
        clock: Clock,
        *,
        greet: Callable[[ClientConnection], Awaitable[None]],
        take: Callable[[bytes], None],
        on_state: Callable[[HubState], None],
        on_broken: Callable[[], None],
        trust: Trust,
    ) -> None:
        self._trust = trust
        self._url = url
        self._name = name
        self._clock = clock
        self._greet = greet
        self._take = take
        self._on_state = on_state
        self._on_broken = on_broken
        self._attempt = 0
        self._ask_again_ms: tuple[int, int] | None = None
        self.connection: ClientConnection | None = None
        self.state = HubState(link=Link.CONNECTING, name=name, since=clock.now())

    async def run(self) -> None:
        """Connect, and connect again, until cancelled or refused for good."""
        while True:
            detail = await self._once()
            self._on_broken()
            if detail is None:
                return
            delay = self._delay()
            self._set(Link.RECONNECTING, retry_in=delay, detail=detail)
            await asyncio.sleep(delay)
            self._set(Link.RECONNECTING, retry_in=0.0, detail=detail)

    def announced(self, shutdown: v1.Shutdown) -> None:
        """The hub said goodbye and when it wants to be asked again."""
        self._ask_again_ms = shutdown.reconnect_after_ms

    def head(self, head: int) -> None:
        """Note where the log stands; the delay is shown with it."""
        delay = (self.connection.latency * 1000 or None) if self.connection is not None else None
        self.state = msgspec.structs.replace(self.state, head=head, delay_ms=delay)

    def close(self) -> None:
        self._set(Link.CLOSED)

    async def _once(self) -> str | None:
        """Hold one connection for as long as it lasts; returns why it ended, None: it must not be tried again."""
        try:
            async with connect(
                self._url,
                subprotocols=[v1.SUBPROTOCOL],  # type: ignore[list-item]
                compression=None,
                open_timeout=10,
                ping_interval=PING_S,
                ping_timeout=20,
                close_timeout=2,
                max_size=MAX_FRAME,
                max_queue=64,
                proxy=None,
                ssl=self._trust.context(self._url) if self._url.startswith("wss:") else None,
            ) as connection:
                self._check(connection)
                if connection.subprotocol != v1.SUBPROTOCOL:
                    return "no_hub"
                self.connection = connection
                try:
                    await self._greet(connection)
                    self._attempt = 0
                    self._set(Link.LIVE)
                    return await self._listen(connection)
                finally:
                    self.connection = None
        except ConnectionClosed as closed:
            return self._judge(closed)
        except UserError as refused:  # no valid token, or a certificate that is not the hub's
            self._set(Link.OFFLINE, detail=refused.code)
            return None
        except SSLCertVerificationError as doubted:
            if not self._trust.meet(self._url):
                self._set(Link.OFFLINE, detail="certificate_changed")
                return None
            self._attempt = 0
            return doubted.verify_message
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as failed:
            return str(failed) or type(failed).__name__
        except msgspec.MsgspecError as garbled:
            _log.warning("%s is no hub of this protocol: %s", self._url, garbled)
            return str(garbled)

    def _check(self, connection: ClientConnection) -> None:
        """Look at the certificate before the token is sent."""
        secured = connection.transport.get_extra_info("ssl_object")
        if secured is not None:
            self._trust.check(self._url, secured.getpeercert(binary_form=True) or b"")

    async def _listen(self, connection: ClientConnection) -> str:
        while True:
            try:
                async with asyncio.timeout(SILENT_S):
                    raw = await connection.recv(decode=False)
            except TimeoutError:
                if self.state.link is Link.SILENT:
                    return "silent"
                self._set(Link.SILENT)
                continue
            if self.state.link is Link.SILENT:
                self._set(Link.LIVE)
            self._take(raw)
            # The readers of the mailboxes get their turn between two frames of a long replay.
            await asyncio.sleep(0)

    def _judge(self, closed: ConnectionClosed) -> str | None:
        code = closed.rcvd.code if closed.rcvd else 1006
        reason = closed.rcvd.reason if closed.rcvd else ""
        if code in _FINAL_CODES:
            self._set(Link.OFFLINE, detail=reason or str(code))
            return None
        return reason or str(code)

    def _delay(self) -> float:
        if self._ask_again_ms is not None:
            low, high = self._ask_again_ms
            self._ask_again_ms = None
            return random.uniform(low, high) / 1000  # noqa: S311 - jitter, not a secret
        longest = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2**self._attempt)
        self._attempt = min(self._attempt + 1, 10)
        return random.uniform(0.05, longest)  # noqa: S311 - jitter, not a secret

    def _set(self, link: Link, *, retry_in: float | None = None, detail: str = "") -> None:
        since = self.state.since if link is self.state.link else self._clock.now()
        self.state = HubState(
            link=link, name=self._name, since=since, retry_in=retry_in, head=self.state.head, detail=detail
        )
        self._on_state(self.state)
