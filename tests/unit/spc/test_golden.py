"""Every golden case against the engine, at the tolerance of its file, and what the comparison refuses."""

import json
from pathlib import Path

import pytest

from spc_desktop.spc.golden import FEATURES, compare, run_case

GOLDEN = Path(__file__).parents[2] / "data" / "golden"
CASES = sorted(path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*.json") if path.name != "INDEX.json")


def test_that_all_cases_of_the_index_are_present() -> None:
    index = json.loads((GOLDEN / "INDEX.json").read_text(encoding="utf-8"))
    assert sorted(entry["path"] for entry in index) == CASES


@pytest.mark.parametrize("case", CASES)
def test_that_the_engine_reproduces_the_golden_case(case: str) -> None:
    outcome = run_case(json.loads((GOLDEN / case).read_text(encoding="utf-8")))
    assert outcome.verdict == "pass", outcome.reason


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (1.0, 1.0 + 1e-8),
        (1.0, None),
        (None, 1.0),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0}),
        ([1, 2, 3], [1, 2]),
        ([3, 7], [3, 8]),
        ({"p": 1e-20}, {"p": 0.0}),
        ({"ppm_total": 5e4, "sigma": 1e-9}, {"ppm_total": 5e4, "sigma": 1.1e-9}),
        ([1.0, 1e-20], [1.0, 1e-9]),
        ("SB", "SU"),
        (True, 1),
        (1.0, float("inf")),
        ({}, {}),
        ({"note": "words only"}, {"note": "words only"}),
    ],
)
def test_that_a_difference_fails(expected: object, got: object) -> None:
    assert not compare(expected, got, {"rel": 1e-9}).passed


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"a": 1.0, "b": None}, {"a": 1.0, "b": float("nan"), "more": 3}),
        ([0, 2.5], (1e-15, 2.5)),
        ([], []),
        ({"beyond": [3]}, {"beyond": [3]}),
    ],
)
def test_that_equality_within_the_tolerance_passes(expected: object, got: object) -> None:
    assert compare(expected, got, {"rel": 1e-9}).passed


def test_that_monte_carlo_references_are_compared_in_standard_errors() -> None:
    expected = {"a": {"arl": 100.0, "se": 1.0}}
    assert compare(expected, {"a": {"arl": 103.9}}, {"se_multiple": 4}).passed
    assert not compare(expected, {"a": {"arl": 104.1}}, {"se_multiple": 4}).passed


@pytest.mark.parametrize("tolerance", [{}, {"relative": 1e-9}, {"rel": "small"}, {"rel": -1.0}, [1e-9]])
def test_that_an_unusable_tolerance_fails_the_case(tolerance: object) -> None:
    case = {"feature": "f", "name": "n", "tolerance": tolerance, "input": {"x": 1}, "expected": {"y": 1}}
    assert run_case(case, {"f": lambda _: {"y": 1}}).verdict == "fail"


def test_that_an_unknown_feature_is_never_a_pass() -> None:
    case = {"feature": "astrology", "name": "n", "tolerance": {"rel": 1}, "input": {}, "expected": {}}
    assert run_case(case).verdict == "unsupported"
    assert "astrology" not in FEATURES


@pytest.mark.parametrize("case", [None, [], {}, {"feature": "capability"}, {"feature": 3}])
def test_that_a_malformed_case_fails_with_a_reason(case: object) -> None:
    outcome = run_case(case)
    assert outcome.verdict == "fail"
    assert outcome.reason
