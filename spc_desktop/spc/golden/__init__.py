"""The engine's self-test: golden cases, an adapter for each feature, and the comparison.

A case is a mapping in the golden format (``feature``, ``name``, ``tolerance``, ``input``, ``expected``, ...). Called by
``app.selftest`` and by the tests. Reads no files; must not import anything outside ``spc``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.golden import charts_variables, measurement_systems, rules_and_attributes, studies
from spc_desktop.spc.golden.comparison import Comparison, Leaf, compare

__all__ = ["FEATURES", "Comparison", "Leaf", "Outcome", "compare", "run_case"]

FEATURES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    **charts_variables.ADAPTERS,
    **rules_and_attributes.ADAPTERS,
    **studies.ADAPTERS,
    **measurement_systems.ADAPTERS,
}
"""Feature name -> function from a case's ``input`` to our result in the shape of its ``expected``."""

_ROW_ARGUMENTS = {"constants": ("n",), "tolerance_factors": ("n", "coverage", "confidence")}
"""Features whose files put the arguments of each row inside ``expected``: which of the columns are arguments."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case: ``pass``, ``fail`` or ``unsupported``; ``reason`` says why it is not a pass."""

    verdict: str
    feature: str
    name: str
    reason: str = ""
    comparison: Comparison | None = None


def run_case(case: object, features: Mapping[str, Callable[[Mapping[str, Any]], Any]] = FEATURES) -> Outcome:
    """Compute one case with our engine and compare. A malformed case is a fail, an unknown feature is unsupported.

    Args:
        case: the content of a case file.
        features: the adapters, replaced only in tests.
    """
    if not isinstance(case, Mapping) or not isinstance(case.get("feature"), str):
        return Outcome("fail", "?", "?", "not a golden case: no feature")
    feature, name = case["feature"], str(case.get("name", "?"))
    missing = [key for key in ("name", "tolerance", "input", "expected") if key not in case]
    if missing:
        return Outcome("fail", feature, name, f"not a golden case: no {', '.join(missing)}")
    if feature not in features:
        return Outcome("unsupported", feature, name, "no such feature in this engine")
    try:
        got = features[feature](_question(feature, case["input"], case["expected"]))
        comparison = compare(case["expected"], got, case["tolerance"], feature)
    except SpcValueError as error:
        return Outcome("fail", feature, name, f"refused: {error}")
    except (KeyError, TypeError, IndexError, AttributeError, ValueError, ArithmeticError, RuntimeError) as error:
        return Outcome("fail", feature, name, f"input not in the feature's format: {type(error).__name__}: {error}")
    return Outcome("pass" if comparison.passed else "fail", feature, name, _why(comparison), comparison)


def _why(comparison: Comparison) -> str:
    if comparison.passed:
        return ""
    if not comparison.failures:
        return "nothing to compare in expected"
    first = comparison.failures[0]
    more = len(comparison.failures) - 1
    text = f"{first.path}: reference {first.expected!r}, ours {first.got!r}"
    return text[:300] + (f" ({first.reason})" if first.reason else "") + (f", and {more} more" if more else "")


def _question(feature: str, given: Any, expected: Any) -> Mapping[str, Any]:
    """The input, completed by the arguments that some files keep beside the results."""
    if isinstance(given, Mapping) and given:
        return given
    if given not in ([], {}, None):
        raise SpcValueError("input", "an object", given)
    if feature in _ROW_ARGUMENTS:
        columns = _ROW_ARGUMENTS[feature]
        return {"rows": [{column: row[column] for column in columns} for row in expected["rows"]]}
    return {"asked": list(expected)} if isinstance(expected, Mapping) else {}
