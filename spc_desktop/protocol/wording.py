"""The sentence of every error that a client can meet, in its language."""

from collections.abc import Callable, Mapping
from typing import Any

from spc_desktop.domain.wording import error_text
from spc_desktop.i18n import translate

# What a field may hold; the key is the ``kind`` of a ``bad_message``.
_KINDS = {
    "whole": "a whole number from {low} to {high}",
    "number": "a finite number",
    "text": "text of at most {high} characters",
    "choice": "one of {choices}",
    "bool": "true or false",
    "object": 'an object like {{"name": value}}',
    "list": "a list of at most {high} entries",
    "filled_list": "a list of 1 to {high} entries",
    "product": "a product number or code",
    "values": "a list of 1 to {high} finite numbers",
    "time": "a time like 2026-01-11T12:00:00+09:00",
    "depth": "nested at most {high} levels deep",
    "once": "given only once",
    "unicode": "whole Unicode characters",
    "products": '"*" or a list of product numbers',
    "rising": "greater than the id of the command before",
}

_JSON_PROBLEMS = {
    "utf8": "The text is not UTF-8 (byte {position}).",
    "syntax": "This is not JSON (character {position}). Send one JSON object.",
    "constant": "{got} is not JSON. Send a finite number or null.",
}

_SENTENCES = {
    "unknown_type": "Unknown type {got}. Allowed here: {choices}.",
    "binary": "Binary frames are not understood. Send JSON as text.",
    "not_connected": 'Send "connect" first.',
    "id_reuse": "Command ids must rise: {got} is not greater than {last}.",
    "no_route": "There is nothing at {path}.",
    "method_not_allowed": "{method} is not possible here. Allowed: {allowed}.",
    "unsupported_media_type": "Send the body as application/json, got {got}.",
    "too_large": "The body is larger than {high} bytes. Send less at once.",
    "body_timeout": "The body did not arrive within {seconds} s.",
    "busy": "The station takes no more measurements at the moment. Repeat in {seconds} s.",
    "internal": "A fault inside the station. It was written to its log.",
    "gap": "Events {first} to {last} are no longer stored. Read the alerts anew.",
    "rate_limited": "Too much at once. Repeat in {seconds} s.",
    "no_characteristic": "Product {id} has no characteristic {got}.",
    "origin": "Web pages of {got} may not connect here.",
    "unsupported_version": "None of the offered protocols is known here. Known: {choices}.",
    "bad_address": "{got} is no address of a hub. Write it like http://10.0.0.5:8000.",
    "certificate_changed": "{address} shows another certificate than before: {got}. Ask its administrator before trusting it.",
    "hub_unreachable": "No connection to {address}. It is tried again by itself.",
    "outbox_unwritable": "The entry was not taken: it could not be kept on this PC ({reason}). Make room and repeat.",
    "outbox_unreadable": "{count} kept entries could not be read and were set aside beside the others (.bad).",
    "not_a_pair": "{got} is no name with a value. Write it like sigma = 0.2, several with ; between them.",
    "not_a_time": "{got} is no time of the day. Write it like 07:30.",
    "whole_number": "A whole number from {low} to {high} is needed, not {got}.",
    "not_a_number": "{got} is no number. Write it with digits and a decimal point.",
    "decimal_comma": "{got} has a comma. Write decimals with a point.",
    "part_missing": "Say first which part is measured (F2).",
    "answer_lost": "The connection to {address} broke before the answer came. Check whether it was done.",
}


class _Missing(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def _filled(template: str, language: str, params: Mapping[str, Any]) -> str:
    return translate(template, language).format_map(_Missing(params))


def _bad_message(params: Mapping[str, Any], language: str) -> str:
    if params.get("kind") == "struct":
        return f"{params.get('field')}: {params.get('problem')}."
    allowed = _filled(_KINDS.get(str(params.get("kind")), "something else"), language, params)
    field = params.get("field") or translate("the message", language)
    got = params.get("got")
    if got in (None, "null"):
        return _filled("{field} must be {allowed}.", language, {"field": field, "allowed": allowed})
    return _filled("{field} must be {allowed}, got {got}.", language, {"field": field, "allowed": allowed, "got": got})


def _bad_json(params: Mapping[str, Any], language: str) -> str:
    return _filled(_JSON_PROBLEMS.get(str(params.get("problem")), "This is not JSON."), language, params)


_SPECIAL: dict[str, Callable[[Mapping[str, Any], str], str]] = {"bad_message": _bad_message, "bad_json": _bad_json}


def sentence(code: str, params: Mapping[str, Any], language: str = "ko") -> str:
    """Return what is wrong and what is allowed, as one sentence."""
    if code in _SPECIAL:
        return _SPECIAL[code](params, language)
    if code in _SENTENCES:
        return _filled(_SENTENCES[code], language, params)
    return error_text(code, params, language)


def details(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an error as plain JSON values."""
    return {name: value if isinstance(value, int | float | str) else str(value) for name, value in params.items()}
