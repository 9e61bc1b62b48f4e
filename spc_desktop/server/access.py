"""Who is there: tokens in headers, visitors from this computer, and how often an address may guess."""

from collections import deque
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

from spc_desktop.domain.account import ANONYMOUS, CONSOLE, Accounts, Principal, digest_of
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.ports import Clock

FAILURES = 10
"""Wrong tokens or passwords of one address in ``WINDOW`` seconds; then even right ones have to wait."""
WINDOW = 60.0
_ADDRESSES = 10_000
_SCHEME = "bearer"
SUBPROTOCOL_PREFIX = "bearer."

NOBODY = Principal()


class Headers(Protocol):
    def get(self, name: str, /) -> Any: ...


class Access:
    """Tells who a request comes from.

    Args:
        clock: for the end of tokens and of waiting times.
        accounts: returns the users and tokens as they are now.
        anonymous: whether a visitor from this computer needs no account.
        console_key: secret of the data folder; who has it is ``CONSOLE``. Empty: there is none.
    """

    def __init__(
        self, clock: Clock, accounts: Callable[[], Accounts], *, anonymous: bool = True, console_key: str = ""
    ) -> None:
        self._clock = clock
        self.accounts = accounts
        self._anonymous = anonymous
        self._console = digest_of(console_key) if console_key else ""
        self._failures: dict[str, deque[float]] = {}

    def visitor(self, peer: str, headers: Headers) -> Principal:
        """Return who sent a request with these headers: the holder of its token, else somebody at this computer or nobody.

        Raises:
            UserError: ``unauthorized`` (a token that is not valid), ``too_many_attempts``.
        """
        line = headers.get("Authorization")
        if line is None:
            return ANONYMOUS if self._anonymous and is_local(peer, headers) else NOBODY
        scheme, _, token = str(line).partition(" ")
        if scheme.lower() != _SCHEME:
            raise UserError("unauthorized")
        return self.holder(peer, token.strip())

    def holder(self, peer: str, token: str) -> Principal:
        """Return who holds a token (see ``visitor``)."""
        self.may_try(peer)
        # Both compare digests, of which nothing can be learnt by measuring time.
        if self._console and digest_of(token) == self._console:
            return CONSOLE
        found = self.accounts().bearer(token, self._clock.now())
        if found is None:
            self.failed(peer)
            raise UserError("unauthorized")
        return found

    def still(self, principal: Principal) -> bool:
        """Return whether what let a principal in is still in force, with the same rights."""
        if not principal.token_id:
            return True
        return self.accounts().holder(principal.token_id, self._clock.now()) == principal

    def failed(self, peer: str) -> None:
        """Note a wrong token or password."""
        while len(self._failures) >= _ADDRESSES and peer not in self._failures:
            del self._failures[next(iter(self._failures))]
        self._failures.setdefault(peer, deque(maxlen=FAILURES)).append(self._clock.monotonic())

    def may_try(self, peer: str) -> None:
        """Refuse an address that has guessed too often.

        Raises:
            UserError: ``too_many_attempts`` (seconds).
        """
        recent = self._failures.get(peer)
        if recent is None or len(recent) < FAILURES:
            return
        left = recent[0] + WINDOW - self._clock.monotonic()
        if left > 0:
            raise UserError("too_many_attempts", seconds=int(left) + 1)


def is_loopback(address: str) -> bool:
    """Return whether an address is this computer's own."""
    if address in {"127.0.0.1", "::1", "localhost"}:
        return True
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_loopback


def is_local(peer: str, headers: Headers) -> bool:
    """Return whether a request was made at this computer by a person or program of it.

    A proxy on this computer passes on requests of others and says so. A web page of elsewhere may have its name point to
    this computer: its Host is then not one of this computer's.
    """
    if not is_loopback(peer) or any(headers.get(name) is not None for name in ("Forwarded", "X-Forwarded-For", "Via")):
        return False
    if headers.get("Origin") is None:
        return True
    try:
        host = urlsplit(f"//{headers.get('Host')}").hostname or ""
    except ValueError:
        return False
    return is_loopback(host)


def offered_token(protocols: list[str]) -> str:
    """Return the token that a browser offers as a subprotocol, or nothing: a page cannot set headers."""
    return next((name[len(SUBPROTOCOL_PREFIX) :] for name in protocols if name.startswith(SUBPROTOCOL_PREFIX)), "")


def peer_of(address: Any) -> str:
    """Return the host of a transport's ``peername``."""
    return str(address[0]) if isinstance(address, tuple) and address else ""
