"""The opening handshake: which path means what, which language is spoken, which pages may connect, which protocol."""

import re
from collections.abc import Collection
from http import HTTPStatus
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct
from websockets.asyncio.server import ServerConnection
from websockets.http11 import Request, Response

from spc_desktop.domain.errors import UserError
from spc_desktop.protocol import seed, v1
from spc_desktop.protocol.codec import encode
from spc_desktop.protocol.wording import sentence
from spc_desktop.server.access import NOBODY, Access, offered_token
from spc_desktop.server.front_door import FrontDoor
from spc_desktop.server.http import STATUS

_PATH = re.compile(r"/ws/spc/(?:(?:notifications/?)?|product/(?P<product>\d{1,16})/?)")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Target(Struct, frozen=True):
    """What a path means."""

    endpoint: seed.Endpoint
    product_id: int = 0


def target(path: str) -> Target | None:
    """Return the endpoint of a request path, or None."""
    found = _PATH.fullmatch(path.partition("?")[0])
    if found is None:
        return None
    product = found["product"]
    return Target(seed.Endpoint.PRODUCT, int(product)) if product else Target(seed.Endpoint.NOTIFICATIONS)


def language_of(header: str | None) -> str:
    """Return ``"en"`` where an Accept-Language header prefers English, else ``"ko"``, the original's language."""
    for part in (header or "").split(","):
        name = part.partition(";")[0].strip().lower()[:2]
        if name in {"ko", "en"}:
            return name
    return "ko"


def same_origin(origin: str | None, host: str | None, listed: Collection[str]) -> bool:
    """Return whether a web page may connect: no page at all, a page of this host (any port), or a listed origin."""
    if origin is None or origin in listed:
        return True
    try:
        page = urlsplit(origin).hostname
        here = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return page is not None and (page == here or (page in _LOOPBACK and here in _LOOPBACK))


def check(
    connection: ServerConnection, request: Request, origins: Collection[str], access: Access, wait: float = 0.0
) -> Response | None:
    """Return the refusal of a handshake that cannot be served, or None (``process_request`` of ``websockets``).

    ``wait``: seconds that the address has to wait because it connects too often.
    """
    headers = request.headers
    language = language_of(headers.get("Accept-Language"))
    offered = [name.strip() for line in headers.get_all("Sec-WebSocket-Protocol") for name in line.split(",")]
    origin = headers.get("Origin")
    if wait:
        return _refuse(connection, HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", {"seconds": ceil(wait)}, language)
    if not same_origin(origin, headers.get("Host"), origins):
        return _refuse(connection, HTTPStatus.FORBIDDEN, "origin", {"got": origin}, language)
    if target(request.path) is None:
        return _refuse(connection, HTTPStatus.NOT_FOUND, "no_route", {"path": request.path[:200]}, language)
    if offered and v1.SUBPROTOCOL not in offered:
        choices = {"choices": v1.SUBPROTOCOL}
        return _refuse(connection, HTTPStatus.BAD_REQUEST, "unsupported_version", choices, language)
    return _let_in(connection, request, access, offered, language)


def _let_in(
    connection: ServerConnection, request: Request, access: Access, offered: list[str], language: str
) -> Response | None:
    """Find out who it is. A v1 client may still say it in its ``connect``; the seed dialect has no such message."""
    if not isinstance(connection, FrontDoor):
        return None
    token = offered_token(offered)
    try:
        who = access.holder(connection.peer, token) if token else access.visitor(connection.peer, request.headers)
        if not offered and not who.may("subscribe"):
            raise UserError("unauthorized") if who == NOBODY else UserError("forbidden", role="viewer")
    except UserError as bad:
        status = HTTPStatus(STATUS.get(bad.code, 400))
        return _refuse(connection, status, bad.code, bad.params, language)
    connection.principal = who
    return None


def _refuse(
    connection: ServerConnection, status: HTTPStatus, code: str, params: dict[str, Any], language: str
) -> Response:
    body: dict[str, Any] = {"code": code, "message": sentence(code, params, language)}
    if code == "unsupported_version":
        body["supported"] = [v1.SUBPROTOCOL]
    response = connection.respond(status, encode(body).decode())
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if "seconds" in params:
        response.headers["Retry-After"] = str(params["seconds"])
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = "application/json; charset=utf-8"
    return response
