"""Compares a computed result with a reference of the golden format, number by number.

Owns what "equal" means. Tolerances of a case: ``{"rel": r}``, ``{"abs": a}`` (either may stand alone; both: the wider one),
``{"se_multiple": k}`` (or ``se``) for Monte Carlo references that carry their standard error.
"""

import fnmatch
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.golden.allowances import ALLOWANCES, Allowance

NOISE = 1e-12
"""A reference value this small beside its neighbours is rounding noise of a difference: compared absolutely."""

_PROBABILITY = ("p", "p_*", "*_p", "p.*", "ppm*", "beta", "p_value")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One compared value.

    ``error`` is relative to the reference (in standard errors for Monte Carlo references), None where the leaf is no
    number or was judged absolutely. ``reason`` says why a leaf failed, or which allowance it was judged by. ``compared`` is
    False where an allowance leaves the value out.
    """

    path: str
    expected: Any
    got: Any
    passed: bool
    error: float | None = None
    reason: str = ""
    compared: bool = True


@dataclass(frozen=True, slots=True)
class Comparison:
    """All leaves of one case, the verdict and the worst error of those held to the case's own tolerance."""

    leaves: tuple[Leaf, ...]
    tolerance: str

    @property
    def passed(self) -> bool:
        """Whether at least one value was compared and none failed."""
        return any(leaf.compared for leaf in self.leaves) and all(leaf.passed for leaf in self.leaves)

    @property
    def worst(self) -> float:
        """The largest relative error (in standard errors for Monte Carlo); infinite when a value is missing or no number."""
        errors = [leaf.error for leaf in self.leaves if leaf.error is not None and not leaf.reason]
        failures = [math.inf if leaf.error is None else leaf.error for leaf in self.leaves if not leaf.passed]
        return max([*errors, *failures], default=0.0)

    @property
    def failures(self) -> tuple[Leaf, ...]:
        """The leaves that are not equal."""
        return tuple(leaf for leaf in self.leaves if not leaf.passed)


@dataclass(frozen=True, slots=True)
class _Rule:
    feature: str
    rel: float
    abs: float
    se_multiple: float | None


def compare(expected: Any, got: Any, tolerance: Mapping[str, float], feature: str = "") -> Comparison:
    """Compare ``got`` with ``expected``, whose structure decides what is compared; more in ``got`` is welcome.

    Args:
        expected: reference: mappings, sequences, numbers, strings, booleans, None (not defined).
        got: our result in the same shape; arrays, tuples and NaN (not defined) are accepted.
        tolerance: ``rel``, ``abs`` and/or ``se_multiple``.
        feature: selects the allowances of ``allowances.ALLOWANCES``.

    Raises:
        SpcValueError: an unknown or unusable tolerance.
    """
    rule = _rule(feature, tolerance)
    text = ", ".join(f"{key} {value:g}" for key, value in tolerance.items())
    return Comparison(tuple(_walk("", expected, got, rule, 0.0)), text)


def _rule(feature: str, tolerance: Mapping[str, float]) -> _Rule:
    known = {"rel", "abs", "se_multiple", "se"}
    usable = isinstance(tolerance, Mapping) and bool(tolerance) and set(tolerance) <= known
    if not usable or any(not _is_number(value) or value < 0 for value in tolerance.values()):
        raise SpcValueError(
            "tolerance", "an object with rel, abs or se_multiple, each a number of at least 0", tolerance
        )
    return _Rule(
        feature, tolerance.get("rel", 0.0), tolerance.get("abs", 0.0), tolerance.get("se_multiple", tolerance.get("se"))
    )


def _walk(path: str, expected: Any, got: Any, rule: _Rule, scale: float) -> Iterator[Leaf]:
    allowance = _allowance(rule.feature, path)
    if allowance is not None and allowance.kind == "skip":
        yield Leaf(path, expected, None, True, None, allowance.reason, compared=False)
    elif isinstance(expected, Mapping):
        yield from _mapping(path, expected, got, rule)
    elif isinstance(expected, Sequence) and not isinstance(expected, str):
        yield from _sequence(path, expected, got, rule)
    else:
        yield _leaf(path, expected, _plain(got), rule, scale, allowance)


def _mapping(path: str, expected: Mapping[str, Any], got: Any, rule: _Rule) -> Iterator[Leaf]:
    if not isinstance(got, Mapping):
        yield Leaf(path, "an object", got, False, None, "we give no such group of values")
        return
    if rule.se_multiple is not None and "se" in expected:
        yield from _monte_carlo(path, expected, got, rule.se_multiple)
        return
    scale = _scale(expected.values())
    for key, value in expected.items():
        inner = f"{path}/{key}" if path else str(key)
        if key in got:
            yield from _walk(inner, value, got[key], rule, scale)
        elif (allowance := _allowance(rule.feature, inner)) is not None and allowance.kind == "skip":
            yield Leaf(inner, value, None, True, None, allowance.reason, compared=False)
        else:
            yield Leaf(inner, value, None, False, None, "missing in our result")


def _sequence(path: str, expected: Sequence[Any], got: Any, rule: _Rule) -> Iterator[Leaf]:
    values = _plain(got)
    if not isinstance(values, Sequence) or isinstance(values, str):
        yield Leaf(path, list(expected), got, False, None, "we give no list")
        return
    if len(values) != len(expected):
        yield Leaf(path, list(expected), list(values), False, None, f"{len(expected)} values against our {len(values)}")
        return
    if not expected:
        yield Leaf(path, [], [], True)
    scale = _scale(expected)
    for position, (one, other) in enumerate(zip(expected, values, strict=True)):
        yield from _walk(f"{path}/{position}" if path else str(position), one, other, rule, scale)


def _monte_carlo(path: str, expected: Mapping[str, Any], got: Mapping[str, Any], multiple: float) -> Iterator[Leaf]:
    """The mean within k standard errors; deviation and median with the errors they have for a nearly exponential law."""
    own = float(got.get("se") or 0.0)
    se = math.hypot(float(expected["se"]), own)
    grid = {"arl": (se, 0.0), "sdrl": (se * math.sqrt(2.0), 0.0), "median": (se, 0.5)}
    for key, (error_of, slack) in grid.items():
        if key not in expected:
            continue
        inner, value = f"{path}/{key}", _plain(got.get(key))
        if not _is_number(value):
            yield Leaf(inner, expected[key], value, False, None, "missing in our result")
            continue
        distance = max(0.0, abs(value - expected[key]) - slack) / error_of if error_of > 0 else math.inf
        yield Leaf(inner, expected[key], value, distance <= multiple, distance)


def _leaf(path: str, expected: Any, got: Any, rule: _Rule, scale: float, allowance: Allowance | None) -> Leaf:
    if expected is None or isinstance(expected, bool | str):
        same = got is None if expected is None else type(got) is type(expected) and got == expected
        return Leaf(path, expected, got, same)
    if not _is_number(got):
        return Leaf(path, expected, got, False, None, "we give no number")
    if allowance is not None:
        return _allowed(path, expected, got, rule, scale, allowance)
    difference = abs(got - expected)
    relative = difference / abs(expected) if expected else None
    if difference <= max(rule.rel * abs(expected), rule.abs):
        return Leaf(path, expected, got, True, relative if relative is not None else 0.0)
    noise = _noise(path.rsplit("/", 1)[-1], expected, scale) if rule.rel > 0 else 0.0
    if abs(expected) <= noise and difference <= noise:
        return Leaf(path, expected, got, True, None)
    return Leaf(path, expected, got, False, relative)


def _noise(key: str, expected: float, scale: float) -> float:
    """What counts as zero here: the values of a list have one unit, those of an object may have many."""
    if expected == 0 or key.isdigit():
        return NOISE * (scale or 1.0)
    probability = any(fnmatch.fnmatchcase(key, pattern) for pattern in _PROBABILITY)
    return 0.0 if probability else 1e-3 * NOISE * scale


def _allowed(path: str, expected: float, got: float, rule: _Rule, scale: float, allowance: Allowance) -> Leaf:
    """Within the file's own tolerance, or within what the reference is worth."""
    difference = abs(got - expected)
    if difference <= max(rule.rel * abs(expected), rule.abs):
        return Leaf(path, expected, got, True, difference / abs(expected) if expected else 0.0)
    limits = {
        "decimals": 0.5 * 10.0**-allowance.amount * (1.0 + 1e-6),
        "abs": allowance.amount,
        "rel": max(allowance.amount * abs(expected), 1e-8 * scale),
    }
    relative = difference / abs(expected) if expected else None
    if allowance.kind == "inverse":
        passed = bool(expected) and bool(got) and abs(1 / got - 1 / expected) <= allowance.amount
    else:
        passed = difference <= limits[allowance.kind]
    return Leaf(path, expected, got, passed, relative, allowance.reason)


def _allowance(feature: str, path: str) -> Allowance | None:
    for allowance in ALLOWANCES:
        if allowance.feature in {feature, "*"} and fnmatch.fnmatchcase(path, allowance.path):
            return allowance
    return None


def _plain(value: Any) -> Any:
    """Arrays to lists, numpy scalars to Python's, NaN to None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _scale(values: Any) -> float:
    return max((abs(value) for value in values if _is_number(value)), default=0.0)
