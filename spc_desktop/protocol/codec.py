"""Strict JSON in, fast JSON out: the only place where outside text becomes Python values."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import msgspec

from spc_desktop.domain.errors import UserError

MAX_WHOLE = 2**53 - 1
"""Largest whole number that every JSON reader keeps exact."""
MAX_DEPTH = 16
MAX_TEXT = 4000
MAX_LIST = 1000

_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
_BLANK_COLON = re.compile(r"[ \t\r\n]:")
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_MARKS = bytes(set(range(256)) - set(b'[]{}"\\'))
_encoder = msgspec.json.Encoder()
_plain: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def encode(message: object) -> bytes:
    """Return UTF-8 JSON of a struct or plain values."""
    return _encoder.encode(message)


def load(raw: str | bytes) -> Any:
    """Parse JSON from outside.

    Raises:
        UserError: ``bad_json`` (not JSON, not UTF-8, NaN, Infinity) or ``bad_message`` (too deep, too long, a key twice,
            a whole number beyond 2^53, half of a surrogate pair); ``params`` say where.
    """
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8")
    except UnicodeDecodeError as broken:
        raise UserError("bad_json", problem="utf8", position=broken.start) from None
    _check_depth(text)
    quick = _load_plain(text)
    if quick is not None:  # a body of "null" goes the long way
        return quick
    try:
        value = _decoder.decode(text)
    except json.JSONDecodeError as broken:
        raise UserError("bad_json", problem="syntax", position=broken.pos) from None
    if isinstance(value, list | str):
        _check_value("", value)
    return value


def _load_plain(text: str) -> Any:
    """Return the value of objects and lists that are beyond doubt; None: the strict decoder shall look.

    A body of a hundred measurements costs a fifth of the strict decoder's time. Every key ends in ``":`` where no blank
    stands before a colon, and that mark cannot stand within a string; so as many marks as keys means no key twice.
    """
    try:
        value = _plain.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    keys = 0
    nodes = [value]
    while nodes:
        node = nodes.pop()
        if type(node) is dict:
            keys += len(node)
            inner = _inner(node.values())
        elif type(node) is list and len(node) <= MAX_LIST:
            inner = _inner(node)
        else:
            return None
        if inner is None:
            return None
        nodes += inner
    return value if keys == text.count('":') and not _BLANK_COLON.search(text) else None


def _inner(values: Iterable[Any]) -> Iterable[Any] | None:
    """Return the objects and lists among values; None where a text, number or constant needs a closer look."""
    inner: list[Any] = []
    for value in values:
        kind = type(value)
        if kind is float:
            if not math.isfinite(value):
                return None
        elif kind is int:
            if not -MAX_WHOLE <= value <= MAX_WHOLE:
                return None
        elif kind is str:
            if len(value) > MAX_TEXT:
                return None
        elif kind is dict or kind is list:
            inner.append(value)
    return inner


def load_object(raw: str | bytes) -> dict[str, Any]:
    """Parse JSON that must be one object (see ``load``)."""
    value = load(raw)
    if not isinstance(value, dict):
        raise UserError("bad_message", field="", kind="object", got=shown(value))
    return value


def shown(value: object) -> str:
    """Return a value as JSON of at most 60 characters, to quote it in a sentence."""
    try:
        text = _encoder.encode(value).decode()
    except (TypeError, ValueError, UnicodeEncodeError):
        text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= MAX_DEPTH or _is_flat(text):
        return
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket.group() in "[{" else -1
        if depth > MAX_DEPTH:
            raise UserError("bad_message", field="", kind="depth", high=MAX_DEPTH)


def _is_flat(text: str) -> bool:
    """Tell whether brackets certainly lie no deeper than allowed; False where strings hold brackets or backslashes."""
    marks = text.encode("utf-8", "replace").translate(_ONE_KIND, _NO_MARKS).replace(b'""', b"")
    for _ in range(MAX_DEPTH):
        marks = marks.replace(b"[]", b"")
        if not marks:
            return True
    return False


def _check_value(name: str, value: object) -> None:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise UserError("bad_message", field=name, kind="text", high=MAX_TEXT, got=shown(value[:50]))
        if not value.isascii():
            _check_surrogates(name, value)
    elif isinstance(value, list):
        if len(value) > MAX_LIST:
            raise UserError("bad_message", field=name, kind="list", high=MAX_LIST, got=str(len(value)))
        for entry in value:
            if isinstance(entry, str | list):
                _check_value(name, entry)


def _check_surrogates(name: str, value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UserError("bad_message", field=ascii(name), kind="unicode", got=ascii(value)[:60]) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError("bad_message", field=twice[:60], kind="once")
    for name, value in pairs:
        if not name.isascii():
            _check_surrogates(name, name)
        if isinstance(value, str | list):
            _check_value(name, value)
    return found


def _whole(digits: str) -> int:
    # Sixteen digits are checked before int() sees them: int() of a megabyte of digits takes seconds.
    if len(digits) <= 17 and -MAX_WHOLE <= (value := int(digits)) <= MAX_WHOLE:
        return value
    raise UserError("bad_message", field="", kind="whole", low=-MAX_WHOLE, high=MAX_WHOLE, got=digits[:60])


def _number(digits: str) -> float:
    value = float(digits)
    if math.isfinite(value):
        return value
    raise UserError("bad_message", field="", kind="number", got=digits[:60])


def _constant(name: str) -> NoReturn:
    raise UserError("bad_json", problem="constant", got=name)


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_float=_number, parse_constant=_constant, strict=True
)
