"""Refuses, by name, an argument that is not of the kind its annotation says: the first check of the public functions.

Numbers must be finite (and below 1e100 in size), whole numbers whole, flags true or false, texts texts, arrays numbers,
mappings mappings, categories hashable, and what is annotated with a type of the engine an instance of it. What a number
means is for the function itself to check. Used as the decorator ``checked``; annotations are read once, at import.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import wraps
from inspect import signature
from types import UnionType
from typing import ParamSpec, TypeVar, get_args, get_origin

import numpy as np

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.subgroups import LARGEST

P = ParamSpec("P")
R = TypeVar("R")
Check = Callable[[object, str], object]


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """Check plain arguments before the call; raises SpcValueError naming the first that does not fit its annotation."""
    checks = [(name, _check_of(parameter.annotation)) for name, parameter in signature(function).parameters.items()]
    by_name = {name: check for name, check in checks if check is not None}

    @wraps(function)
    def call(*given: P.args, **named: P.kwargs) -> R:
        for (name, check), value in zip(checks, given, strict=False):
            if check is not None:
                check(value, name)
        for name, value in named.items():
            if name in by_name:
                by_name[name](value, name)
        return function(*given, **named)

    return call


def _check_of(annotation: object) -> Check | None:
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    some = sorted((kind for kind in kinds if kind is not type(None)), key=lambda kind: _plain(kind) is np.ndarray)
    check, optional = _check_of_kinds(some), type(None) in kinds

    if check is None or not optional:
        return check
    return lambda value, name: None if value is None else check(value, name)


def _check_of_kinds(some: list[object]) -> Check | None:
    plain = [_plain(kind) for kind in some]
    records = len(some) > 1 and any(_plain(kind) is Sequence and get_args(kind) != (float,) for kind in some)
    if records or object in plain:  # rows or anything at all: for the function to check
        return None
    if all(kind in _CHECKS for kind in plain):
        return _CHECKS[plain[-1]]  # arrays last: one may be a number
    types = tuple(kind for kind in plain if isinstance(kind, type))
    return _instance(types) if len(types) == len(plain) else None


def _instance(types: tuple[type, ...]) -> Check:
    allowed = " or ".join("a mapping" if kind is Mapping else f"a {kind.__name__}" for kind in types)

    def instance(value: object, name: str) -> object:
        if not isinstance(value, types):
            raise SpcValueError(name, allowed, _shown(value))
        return value

    return instance


def _plain(kind: object) -> object:
    return get_origin(kind) or kind


def number(value: object, name: str) -> float:
    """Return a finite number below 1e100 in size.

    Raises:
        SpcValueError: it is none.
    """
    if (
        not isinstance(value, int | float | np.integer | np.floating)
        or isinstance(value, bool)
        or not -LARGEST < value < LARGEST
    ):
        raise SpcValueError(name, f"a finite number below {LARGEST:g} in size", _shown(value))
    return float(value)


def _whole(value: object, name: str) -> object:
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or not -LARGEST < value < LARGEST:
        raise SpcValueError(name, "a whole number", _shown(value))
    return value


def _flag(value: object, name: str) -> object:
    if not isinstance(value, bool | np.bool_):
        raise SpcValueError(name, "true or false", _shown(value))
    return value


def _category(value: object, name: str) -> object:
    if not hashable(value):
        raise SpcValueError(name, "a category (a number or a text)", _shown(value))
    return value


def hashable(value: object) -> bool:
    """Whether a value can be a category: a tuple that holds a list, for example, cannot."""
    try:
        hash(value)
    except TypeError:
        return False
    return True


def _text(value: object, name: str) -> object:
    if not isinstance(value, str):
        raise SpcValueError(name, "a text", _shown(value))
    return value


def _array(value: object, name: str) -> object:
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return value
    try:
        np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SpcValueError(name, "numbers only, in rows of equal length") from error
    return value


def _sequence(value: object, name: str) -> object:
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        raise SpcValueError(name, "a sequence", _shown(value))
    return value


def _mapping(value: object, name: str) -> object:
    if not isinstance(value, Mapping):
        raise SpcValueError(name, "a mapping", _shown(value))
    return value


def _shown(value: object) -> object:
    """The value for the message: numbers and texts as they are, of all else the kind."""
    plain = isinstance(value, float | str) or value is None or (isinstance(value, int) and abs(value) < 10**20)
    return value if plain else type(value).__name__


_CHECKS: dict[object, Check] = {
    float: number,
    int: _whole,
    bool: _flag,
    Hashable: _category,
    str: _text,
    Sequence: _sequence,
    np.ndarray: _array,
    Mapping: _mapping,
    dict: _mapping,
}
