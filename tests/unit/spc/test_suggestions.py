"""Suggestions: each is made where its cause is present, and hardly ever in stable data."""

import math

import numpy as np
import pytest

from spc_desktop.spc import suggestions
from spc_desktop.spc.errors import SpcValueError


def stable(seed: int, n: int = 200) -> np.ndarray:
    return np.round(np.random.default_rng(seed).normal(10, 1, n), 2)


@pytest.mark.parametrize(
    "detect",
    [
        lambda x: suggestions.sustained_shift(x).found,
        lambda x: suggestions.irrational_subgrouping(x.reshape(40, 5)).kind != "",
        lambda x: suggestions.coarse_resolution(x).found,
        lambda x: suggestions.truncation(x, 12.0, "upper").found,
        lambda x: suggestions.repeated_values(x).found,
    ],
)
def test_that_stable_data_raise_no_suggestion(detect: object) -> None:
    assert sum(detect(stable(seed)) for seed in range(300)) <= 2  # type: ignore[operator]


def test_that_a_lasting_shift_is_located_with_its_size() -> None:
    x = stable(1)
    x[140:] += 1.5
    found = suggestions.sustained_shift(x)
    assert found.found
    assert found.position is not None
    assert abs(found.position - 140) <= 4
    assert found.shift == pytest.approx(1.5, abs=0.5)
    assert found.before + found.after == 200


def test_that_a_shift_that_came_back_is_not_called_sustained() -> None:
    x = stable(1)
    x[140:155] += 4.0
    assert not suggestions.sustained_shift(x).found


def test_that_positions_count_gaps() -> None:
    x = stable(1)
    x[140:] += 3
    x[10:30] = math.nan
    found = suggestions.sustained_shift(x)
    assert found.position is not None
    assert abs(found.position - 140) <= 3
    assert found.before + found.after == 180


@pytest.mark.parametrize("x", [[], [1.0] * 50, [1.0, 2.0], [math.nan] * 40])
def test_that_too_little_data_suggest_nothing(x: list[float]) -> None:
    assert not suggestions.sustained_shift(x).found


def test_that_streams_in_a_subgroup_are_told_from_drift_between_subgroups() -> None:
    rng = np.random.default_rng(2)
    streams = rng.normal(10, 1, (40, 5))
    streams[:, 3] += 2.5
    found = suggestions.irrational_subgrouping(streams)
    assert found.kind == "places"
    assert int(np.argmax(found.place_means)) == 3
    drifting = rng.normal(10, 1, (40, 5)) + rng.normal(0, 1, (40, 1))
    assert suggestions.irrational_subgrouping(drifting).kind == "between"
    mixed = rng.permuted(np.tile([0.0, 4.0, 8.0, 12.0], (40, 1)), axis=1) + rng.normal(0, 1, (40, 4))
    assert suggestions.irrational_subgrouping(mixed).kind == "mixed"


def test_that_unequal_subgroups_are_judged_without_places() -> None:
    rng = np.random.default_rng(2)
    rows = [rng.normal(0, 1, 3 + i % 3).tolist() for i in range(30)]
    found = suggestions.irrational_subgrouping(rows)
    assert found.kind == ""
    assert found.f_places is None
    assert suggestions.irrational_subgrouping([[1.0], [2.0]]).f is None


@pytest.mark.parametrize(("step", "coarse"), [(1.0, True), (2.0, True), (0.1, False), (0.25, False)])
def test_that_the_step_of_a_gauge_is_found_and_judged(step: float, coarse: bool) -> None:
    x = np.round(np.random.default_rng(3).normal(1000, 1, 300) / step) * step
    found = suggestions.coarse_resolution(x)
    assert found.increment == pytest.approx(step, rel=1e-9)
    assert found.found is coarse


def test_that_values_without_a_common_step_have_no_increment() -> None:
    assert suggestions.coarse_resolution(np.random.default_rng(3).normal(0, 1, 200)).increment is None
    assert suggestions.coarse_resolution([5.0, 5.0]).increment is None
    assert suggestions.coarse_resolution([[0.0, 0.3], [0.6, 0.3], [0.9, 0.3]]).increment == pytest.approx(0.3)


@pytest.mark.parametrize("side", ["upper", "lower"])
def test_that_sorted_out_values_are_missed(side: str) -> None:
    x = np.random.default_rng(4).normal(0, 1, 400)
    sign = 1 if side == "upper" else -1
    kept = x[sign * x < 1.2]
    found = suggestions.truncation(kept, sign * 1.2, side)
    assert found.found
    assert found.outside == 0
    assert found.expected_outside > 3
    far = suggestions.truncation(x, sign * 9.0, side)
    assert (far.found, far.p) == (False, None)


def test_that_a_stuck_reading_is_found_where_it_is() -> None:
    x = stable(5)
    x[60:66] = x[60]
    found = suggestions.repeated_values(x)
    assert (found.found, found.start, found.length) == (True, 60, 6)
    assert suggestions.repeated_values([3.0] * 20).found
    broken = [3.0, 3.0, math.nan, 3.0, 3.0]
    assert suggestions.repeated_values(broken).length == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda: suggestions.sustained_shift([1.0, math.inf]),
        lambda: suggestions.sustained_shift([1.0], alpha=0.0),
        lambda: suggestions.truncation([1.0], 1.0, "upper"),
        lambda: suggestions.truncation([1.0, 2.0], 1.0, "both"),
        lambda: suggestions.truncation([1.0, 2.0], math.nan, "upper"),
        lambda: suggestions.repeated_values([]),
        lambda: suggestions.coarse_resolution([]),
        lambda: suggestions.coarse_resolution([[1.0, 2.0], [3.0]]),
        lambda: suggestions.irrational_subgrouping([]),
    ],
)
def test_that_input_without_meaning_is_refused(call: object) -> None:
    with pytest.raises(SpcValueError):
        call()  # type: ignore[operator]
