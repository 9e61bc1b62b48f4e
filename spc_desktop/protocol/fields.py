"""Reading named fields of an object from outside, with an error that says what is wrong and what is allowed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from spc_desktop.domain.errors import UserError
from spc_desktop.protocol.codec import MAX_TEXT, MAX_WHOLE, shown

_E = TypeVar("_E", bound=Enum)


def wrong(field: str, kind: str, got: object, **allowed: object) -> UserError:
    """Return the error of a field whose value is not allowed (``protocol.wording`` words it by ``kind``)."""
    return UserError("bad_message", field=field, kind=kind, got=shown(got), **allowed)


class Fields:
    """One object from outside. A field that is absent or null gives ``default``; without a default that is an error."""

    __slots__ = ("_values", "_where")

    def __init__(self, values: object, where: str = "") -> None:
        if not isinstance(values, dict):
            raise wrong(where, "object", values)
        self._values: Mapping[str, Any] = values
        self._where = where

    def first(self, names: Iterable[str]) -> str | None:
        """Return the first of the names that is given, or None."""
        for name in names:
            if self._values.get(name) is not None:
                return name
        return None

    def raw(self, name: str) -> Any:
        return self._values.get(name)

    def names(self) -> Iterable[str]:
        return self._values

    def at(self, name: str) -> str:
        """Return the name as the error should show it."""
        return f"{self._where}.{name}" if self._where else name

    def whole(self, name: str, low: int = 1, high: int = MAX_WHOLE, default: int | None = None) -> int:
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        if type(value) is not int or not low <= value <= high:
            raise wrong(self.at(name), "whole", value, low=low, high=high)
        return value

    def optional_whole(self, name: str, low: int = 1, high: int = MAX_WHOLE) -> int | None:
        return None if self._values.get(name) is None else self.whole(name, low, high)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise wrong(self.at(name), "bool", value)
        return value

    def number(self, name: str) -> float:
        return number(self._values.get(name), self.at(name))

    def text(self, name: str, default: str | None = None, high: int = MAX_TEXT) -> str:
        value = self._values.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or len(value) > high:
            raise wrong(self.at(name), "text", value, high=high)
        return value

    def choice(self, name: str, kind: type[_E], aliases: Mapping[Any, _E] | None = None) -> _E:
        value = self._values.get(name)
        if aliases and isinstance(value, str) and value in aliases:
            return aliases[value]
        try:
            # A bool equals 1 in Python; it is no priority.
            return kind(None if isinstance(value, bool) else value)
        except ValueError:
            choices = ", ".join(str(member.value) for member in kind)
            raise wrong(self.at(name), "choice", value, choices=choices) from None

    def optional_choice(self, name: str, kind: type[_E], aliases: Mapping[Any, _E] | None = None) -> _E | None:
        return None if self._values.get(name) is None else self.choice(name, kind, aliases)

    def time(self, name: str, default: datetime) -> datetime:
        """Read an ISO 8601 time; without an offset it is taken in the zone of ``default``."""
        value = self._values.get(name)
        if value is None:
            return default
        try:
            found = datetime.fromisoformat(value if isinstance(value, str) else "")
        except ValueError:
            raise wrong(self.at(name), "time", value) from None
        return found if found.tzinfo else found.replace(tzinfo=default.tzinfo)


_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})


def number(value: object, field: str, *, any_number: bool = False) -> float:
    """Return a JSON number as float. ``codec.load`` has refused NaN and Infinity as numbers.

    Args:
        value: the decoded value.
        field: its name, for the error.
        any_number: take "NaN", "Infinity" and "-Infinity" as text too, so that a broken reading reaches the quarantine.

    Raises:
        UserError: ``bad_message``.
    """
    if type(value) is float or type(value) is int or (any_number and value in _NOT_FINITE):
        return float(value)
    raise wrong(field, "number", value)
