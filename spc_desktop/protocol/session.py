"""The conversation of one ``spc.v1`` client as the hub sees it: frames in, requests out; no socket, no clock, no loop."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from spc_desktop.domain.errors import UserError
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import v1
from spc_desktop.protocol.codec import MAX_LIST, encode, load_object, shown
from spc_desktop.protocol.fields import Fields, wrong
from spc_desktop.protocol.seed import EVENT_TYPES as SEED_TYPES
from spc_desktop.protocol.wording import details, sentence

MAX_SUBSCRIPTIONS = 128
MAX_POINTS = 50_000
"""Points in one answer."""
MAX_ROWS = 5_000
"""Alerts, measurements or events in one answer."""


class Connect(Struct, frozen=True, kw_only=True):
    id: int
    client_id: str
    resume: tuple[str, int] | None
    """Epoch and last seq the client has seen."""
    batch: bool
    token: str
    """Empty: the handshake has said who it is, or nobody has."""


class Subscribe(Struct, frozen=True, kw_only=True):
    """``session.subscriptions`` has changed."""

    id: int
    sub: str


class Unsubscribe(Struct, frozen=True, kw_only=True):
    id: int
    sub: str


class ListSubscriptions(Struct, frozen=True, kw_only=True):
    id: int


class Ping(Struct, frozen=True, kw_only=True):
    id: int


class Presence(Struct, frozen=True, kw_only=True):
    id: int
    watch: bool


class Silence(Struct, frozen=True, kw_only=True):
    id: int
    minutes: int
    """0: end it."""


class Received(Struct, frozen=True, kw_only=True):
    seq: int


class Ingest(Struct, frozen=True, kw_only=True):
    id: int
    source_id: str
    items: list[Any]
    rows: bool
    """True: the stored rows are wanted in the result."""


class Perform(Struct, frozen=True, kw_only=True):
    id: int
    command: m.AnyCommand
    by: str
    """Who acts at that client; empty: nobody is named."""


class Ask(Struct, frozen=True, kw_only=True):
    id: int
    query: m.AnyQuery


class Refused(Struct, frozen=True, kw_only=True):
    """The frame was no good; ``id`` where it had one."""

    id: int | None
    code: str
    params: dict[str, Any]


Request = (
    Connect
    | Subscribe
    | Unsubscribe
    | ListSubscriptions
    | Ping
    | Presence
    | Silence
    | Received
    | Ingest
    | Perform
    | Ask
    | Refused
)

_COMMANDS: dict[str, Any] = {str(kind.__struct_config__.tag): kind for kind in m.AnyCommand.__args__}
_QUERIES: dict[str, Any] = {str(kind.__struct_config__.tag): kind for kind in m.AnyQuery.__args__}
_OWN = ("connect", "subscribe", "unsubscribe", "subscriptions", "ping", "received", "ingest", "presence", "silence")
_STATES = frozenset({"UNACK", "ACKED", "RTNUN", "NORM"})


_OF_PRODUCT = frozenset({"publish_alert", "suppress", "out_of_service", "return_to_service", "get_alerts"})


class V1Session:
    """Remembers what the client said: its last command id, its language and its subscriptions."""

    def __init__(self, language: str = "ko") -> None:
        self.connected = False
        self.language = language
        self.client_id = ""
        self.subscriptions: dict[str, v1.Wanted] = {}
        self._last_id = 0

    def receive(self, raw: str | bytes) -> Request:
        """Read one frame. A bad one gives ``Refused`` and changes nothing."""
        command_id: int | None = None
        try:
            if not isinstance(raw, str):
                raise UserError("binary")
            message = load_object(raw)
            fields = Fields(message)
            command_id = fields.optional_whole("id")
            return self._request(message, fields, command_id)
        except UserError as bad:
            return Refused(id=command_id, code=bad.code, params=bad.params)

    def result(self, command_id: int, value: object) -> bytes:
        return encode(v1.Result(id=command_id, result=value))

    def error(
        self,
        command_id: int | None,
        code: str,
        params: Mapping[str, Any],
        *,
        known: bool = False,
        retry_ms: int | None = None,
        current: object = None,
    ) -> bytes:
        """Return an error; ``current``: what the asker had an old version of, as it is now."""
        told = details(params)
        return encode(
            v1.Error(
                id=command_id,
                code=v1.WIRE_CODES.get(code, code),
                message=sentence(code, params, self.language),
                details=told if current is None else {**told, "current": current},
                retry_after_ms=retry_ms,
                known=known,
            )
        )

    def _request(self, message: dict[str, Any], fields: Fields, command_id: int | None) -> Request:
        message = _as_structs(message)
        kind = message.get("type")
        if kind == "received":
            return Received(seq=fields.whole("seq", 0))
        if not isinstance(kind, str) or not (kind in _OWN or kind in _COMMANDS or kind in _QUERIES):
            known = ", ".join([*_OWN, *_COMMANDS, *_QUERIES])
            raise UserError("unknown_type", got=shown(kind), choices=known)
        if command_id is None:
            raise wrong("id", "whole", message.get("id"), low=1, high=2**53 - 1)
        if command_id <= self._last_id:
            raise UserError("id_reuse", got=command_id, last=self._last_id)
        self._last_id = command_id
        if kind == "connect":
            return self._connect(fields, command_id)
        if not self.connected:
            raise UserError("not_connected")
        if kind in _COMMANDS:
            by = fields.text("by", "", 100)
            return Perform(id=command_id, command=_convert(message, _COMMANDS[kind]), by=by)
        if kind in _QUERIES:
            query = _convert(message, _QUERIES[kind])
            _check_limit(query)
            return Ask(id=command_id, query=query)
        return self._own(kind, fields, command_id)

    def _own(self, kind: str, fields: Fields, command_id: int) -> Request:
        if kind == "subscribe":
            return self._subscribe(fields, command_id)
        if kind == "unsubscribe":
            sub = fields.text("sub")
            if sub not in self.subscriptions:
                raise UserError("not_found", what="subscription", id=shown(sub))
            del self.subscriptions[sub]
            return Unsubscribe(id=command_id, sub=sub)
        if kind == "subscriptions":
            return ListSubscriptions(id=command_id)
        if kind == "ingest":
            items = fields.raw("items")
            if not isinstance(items, list) or not items:
                raise wrong("items", "filled_list", items, high=MAX_LIST)
            source = fields.text("source_id", "", 100)
            return Ingest(id=command_id, source_id=source, items=items, rows=fields.raw("rows") is True)
        if kind == "presence":
            return Presence(id=command_id, watch=fields.flag("watch", default=True))
        if kind == "silence":
            return Silence(id=command_id, minutes=fields.whole("minutes", 0, 720))
        return Ping(id=command_id)

    def _connect(self, fields: Fields, command_id: int) -> Connect:
        if self.connected:
            raise UserError("bad_message", field="type", kind="once")
        self.language = "en" if fields.text("lang", self.language, 20).lower().startswith("en") else "ko"
        self.client_id = fields.text("client_id", "", 100)
        resume = fields.raw("resume")
        position: tuple[str, int] | None = None
        if resume is not None:
            inner = Fields(resume, "resume")
            position = inner.text("epoch", high=100), inner.whole("seq", 0)
        listed = fields.raw("subscriptions") or []
        if not isinstance(listed, list):
            raise wrong("subscriptions", "list", listed, high=MAX_SUBSCRIPTIONS)
        wanted: dict[str, v1.Wanted] = {}
        for number, entry in enumerate(listed):
            inner = Fields(entry, f"subscriptions[{number}]")
            wanted[inner.text("sub", str(number), 100)] = _wanted(inner)
        _check_count(len(wanted))
        self.subscriptions = wanted
        self.connected = True
        features = fields.raw("features")
        offered = isinstance(features, list) and "batch" in features
        token = fields.text("token", "", 200)
        return Connect(id=command_id, client_id=self.client_id, resume=position, batch=offered, token=token)

    def _subscribe(self, fields: Fields, command_id: int) -> Subscribe:
        sub = fields.text("sub", "", 100)
        wanted = _wanted(fields)
        _check_count(len(self.subscriptions) + (sub not in self.subscriptions))
        self.subscriptions[sub] = wanted
        return Subscribe(id=command_id, sub=sub)


def _check_limit(query: m.AnyQuery) -> None:
    limit = getattr(query, "limit", 0)
    most = MAX_POINTS if isinstance(query, m.GetPoints) else MAX_ROWS
    if not 0 <= limit <= most:
        raise wrong("limit", "whole", limit, low=0, high=most)


def _check_count(count: int) -> None:
    if count > MAX_SUBSCRIPTIONS:
        raise UserError("limit_exceeded", what="subscriptions", high=MAX_SUBSCRIPTIONS)


def _wanted(fields: Fields) -> v1.Wanted:
    types = fields.raw("types")
    if types is None:
        kinds: frozenset[str] | None = SEED_TYPES
    elif types == "*":
        kinds = None
    elif isinstance(types, list) and all(isinstance(kind, str) for kind in types):
        # A type of a later version is no mistake: this hub just never sends it.
        kinds = frozenset(types) & v1.EVENT_TYPES
    else:
        raise wrong(fields.at("types"), "choice", types, choices=", ".join(sorted(v1.EVENT_TYPES)))
    return v1.Wanted(
        products=_numbers(fields, "products"),
        types=kinds,
        characteristics=None if (codes := _codes(fields)) else _numbers(fields, "characteristics"),
        codes=codes,
        min_priority=fields.whole("min_priority", 1, 4, default=1),
        states=_states(fields),
    )


def _codes(fields: Fields) -> frozenset[str] | None:
    """Return the codes of characteristics, where they are named by code and not by id."""
    value = fields.raw("characteristics")
    named = isinstance(value, list) and bool(value) and all(isinstance(entry, str) for entry in value)
    return frozenset(value) if named else None


def _states(fields: Fields) -> frozenset[str] | None:
    value = fields.raw("states")
    if value is None or value == "*":
        return None
    if isinstance(value, list) and all(isinstance(entry, str) and entry in _STATES for entry in value):
        return frozenset(value)
    raise wrong(fields.at("states"), "choice", value, choices=", ".join(sorted(_STATES)))


def _numbers(fields: Fields, name: str) -> frozenset[int] | None:
    """Return the ids of a list, or None for ``"*"`` and for nothing."""
    value = fields.raw(name)
    if value is None or value == "*":
        return None
    if isinstance(value, list) and all(type(entry) is int for entry in value):
        return frozenset(value)
    raise wrong(fields.at(name), "products", value)


def _as_structs(message: dict[str, Any]) -> dict[str, Any]:
    """Return a command with the shorter forms of the protocol written as the structs have them."""
    kind = message.get("type")
    given = message
    if kind == "publish_alert" and isinstance(message.get("alert"), dict):
        message = {**message["alert"], **message}
    elif kind == "get_alerts" and isinstance(message.get("filter"), dict):
        message = {**message["filter"], **message}
    elif kind == "get_history" and "alert_id" in message:
        message = {**message, "type": "get_alert_history"}
    if isinstance(kind, str) and kind in _OF_PRODUCT and "product" in message and "product_id" not in message:
        message = {**message, "product_id": message["product"]}
    return message if message is given else {**message, "id": given.get("id")}


def _convert(message: dict[str, Any], kind: Any) -> Any:
    try:
        return msgspec.convert(message, kind, str_keys=True)
    except msgspec.ValidationError as bad:
        # "Expected `int`, got `str` - at `$.alert_id`": the struct's own description is what is allowed.
        problem, _, path = str(bad).partition(" - at `$")
        named = path.strip(".`") or str(message.get("type"))
        raise UserError("bad_message", field=named, kind="struct", problem=problem) from None
