"""HTTP plumbing shared by all routes: bodies in, JSON out, errors with the field, what is wrong and what is allowed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any, Protocol

from aiohttp import web
from msgspec import Struct
from yarl import URL

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.protocol import v1
from spc_desktop.protocol.codec import encode, load
from spc_desktop.protocol.fields import Fields, wrong
from spc_desktop.protocol.wording import details, sentence
from spc_desktop.server.guard import Guard

MAX_BODY = 1024 * 1024
BODY_SECONDS = 10.0

Handler = Callable[["Call"], Awaitable[web.Response]]

STATUS = {
    "not_found": 404,
    "no_route": 404,
    "no_characteristic": 404,
    "unknown_product": 404,
    "unknown_characteristic": 404,
    "unknown_point": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "illegal_status": 409,
    "plan_changed": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "body_timeout": 408,
    "busy": 429,
    "rate_limited": 429,
    "limit_exceeded": 400,
    "origin": 403,
    "unauthorized": 401,
    "forbidden": 403,
    "forbidden_scope": 403,
    "set_up_refused": 403,
    "too_many_attempts": 429,
    "user_exists": 409,
    "pairing_full": 429,
    "pairing_unknown": 404,
    "invitation_unknown": 404,
    "invitations_full": 429,
    "last_admin": 409,
}


class Request(Protocol):
    """What the routes look at, whoever has read the request."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def query(self) -> Mapping[str, str]: ...
    @property
    def rel_url(self) -> URL: ...
    @property
    def remote(self) -> str | None: ...
    @property
    def content_type(self) -> str: ...
    @property
    def content_length(self) -> int | None: ...
    @property
    def body_exists(self) -> bool: ...
    @property
    def transport(self) -> asyncio.Transport | None: ...
    async def read(self) -> bytes: ...


class Whole:
    """A request whose body has been read already."""

    __slots__ = ("whole",)

    def __init__(self, whole: bytes) -> None:
        self.whole = whole


class Call(Struct, frozen=True):
    """One request: what was asked, the numbers in its path, and the language of the answer."""

    request: Request
    numbers: tuple[int, ...]
    language: str
    hub: Guard
    """The hub as far as the asker may use it."""

    async def body(self) -> Any:
        """Return the decoded JSON body.

        Raises:
            UserError: ``unsupported_media_type``, ``too_large``, ``body_timeout``, ``bad_json``, ``bad_message``.
        """
        request = self.request
        if (
            request.content_type != "application/json"
            or request.headers.get("Content-Encoding", "identity") != "identity"
        ):
            got = request.headers.get("Content-Encoding") or request.headers.get("Content-Type") or "(nothing)"
            raise UserError("unsupported_media_type", got=got[:100])
        if (request.content_length or 0) > MAX_BODY:
            raise UserError("too_large", high=MAX_BODY)
        if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            raw = request.whole if isinstance(request, Whole) else None
            if raw is None:
                async with asyncio.timeout(BODY_SECONDS):
                    raw = await request.read()
        except TimeoutError:
            raise UserError("body_timeout", seconds=BODY_SECONDS) from None
        except web.HTTPRequestEntityTooLarge:
            raise UserError("too_large", high=MAX_BODY) from None
        return load(raw)

    async def fields(self, *, empty: bool = False) -> Fields:
        """Return the body as an object; with ``empty`` a request without a body counts as an empty object."""
        if empty and not self.request.body_exists:
            return Fields({})
        return Fields(await self.body())

    def query_whole(self, name: str, low: int = 1, high: int = 2**53 - 1) -> int | None:
        """Return a whole number of the query string, or None where it is not given."""
        text = self.request.query.get(name)
        if text is None or not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 16 or not low <= int(text) <= high:
            raise wrong(name, "whole", text, low=low, high=high)
        return int(text)


def reply(body: object, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None) -> web.Response:
    """Return an answer in JSON."""
    return web.Response(body=encode(body), status=status, headers=headers, content_type="application/json")


def refusal(bad: UserError | KnownError, language: str, current: object = None) -> web.Response:
    """Return the answer to a request that was not carried out; ``current``: the row that the asker had an old version of."""
    headers: dict[str, str] = {}
    if isinstance(bad, KnownError):
        status = 507 if bad.code in {"disk_full", "storage_full"} else 503
        headers["Retry-After"] = "1"
    else:
        status = STATUS.get(bad.code, 400)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if bad.code in {"busy", "too_many_attempts", "rate_limited"}:
        headers["Retry-After"] = str(ceil(float(str(bad.params.get("seconds", 1)))))
    if bad.code == "method_not_allowed":
        headers["Allow"] = str(bad.params.get("allowed", ""))
    body = {"code": v1.WIRE_CODES.get(bad.code, bad.code), "message": sentence(bad.code, bad.params, language)}
    more = {} if current is None else {"current": current}
    return reply({**body, "details": details(bad.params), **_field(bad), **more}, status, headers)


def _field(bad: UserError | KnownError) -> dict[str, str]:
    return {"field": str(bad.params["field"])} if "field" in bad.params else {}
