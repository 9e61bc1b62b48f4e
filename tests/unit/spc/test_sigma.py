"""Sigma estimators: definitions, honest degrees of freedom, and nothing formed across a gap."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.spc import constants as k
from spc_desktop.spc import moving_range_theory as theory
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.sigma import SIGMA_ESTIMATORS, degrees_of_freedom, estimate_sigma, moving_ranges

NAN = math.nan
INDIVIDUALS = [name for name, entry in SIGMA_ESTIMATORS.items() if entry.data != "subgroups"]
SUBGROUPS = [name for name, entry in SIGMA_ESTIMATORS.items() if entry.data != "individuals"]


def test_that_moving_ranges_stop_at_missing_values_and_breaks():
    values = np.array([1.0, 3.0, NAN, 4.0, 9.0, 8.0])
    breaks = np.array([False, False, False, False, False, True])
    assert moving_ranges(values, 2, breaks).tolist() == pytest.approx([NAN, 2.0, NAN, NAN, 5.0, NAN], nan_ok=True)
    assert moving_ranges(values[3:], 3).tolist() == pytest.approx([NAN, NAN, 5.0], nan_ok=True)
    assert np.isnan(moving_ranges(values[3:], 3, breaks[3:])).all()


@settings(deadline=None)
@given(st.lists(st.sampled_from([1.0, 2.5, 4.0, 7.0, NAN]), min_size=1, max_size=30), st.integers(2, 5), st.data())
def test_that_moving_ranges_are_those_of_their_definition(values, span, data):
    breaks = np.array([data.draw(st.sampled_from([False, False, False, True])) for _ in values])
    found = moving_ranges(np.array(values), span, breaks)
    for i, value in enumerate(found):
        window = values[i - span + 1 : i + 1] if i >= span - 1 else []
        whole = window and not any(map(math.isnan, window)) and not breaks[i - span + 2 : i + 1].any()
        assert (value == max(window) - min(window)) if whole else math.isnan(value)


def test_that_each_estimator_is_its_formula():
    x = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    moved = np.array([3.0, 2.0, 6.0, 3.0])
    expected = {
        "mrbar": 3.5 / k.d2(2),
        "mrbar_screened": 3.5 / k.d2(2),
        "median_mr": 3.0 / k.d4(2),
        "mssd": math.sqrt(np.mean(moved**2) / 2),
        "overall": np.std(x, ddof=1),
        "overall_c4": np.std(x, ddof=1) / k.c4(5),
    }
    for name, value in expected.items():
        assert estimate_sigma(x, name).sigma == pytest.approx(value, rel=1e-14)
    groups = np.array([[1.0, 4.0, 2.0], [8.0, 5.0, NAN], [3.0, 3.0, 4.0]])
    ranges, sds, sizes = np.array([3.0, 3.0, 1.0]), np.nanstd(groups, axis=1, ddof=1), np.array([3, 2, 3])
    d2 = np.array([k.d2(n) for n in sizes])
    f = d2**2 / np.array([k.d3(n) for n in sizes]) ** 2
    c4 = np.array([k.c4(n) for n in sizes])
    h = c4**2 / (1 - c4**2)
    pooled = math.sqrt(np.sum((sizes - 1) * sds**2) / 5)
    assert estimate_sigma(groups, "rbar").sigma == pytest.approx(np.sum(f * ranges / d2) / np.sum(f), rel=1e-14)
    assert estimate_sigma(groups, "rbar", weights="uwave").sigma == pytest.approx(np.mean(ranges / d2), rel=1e-14)
    assert estimate_sigma(groups, "sbar").sigma == pytest.approx(np.sum(h * sds / c4) / np.sum(h), rel=1e-14)
    assert estimate_sigma(groups, "pooled").sigma == pytest.approx(pooled, rel=1e-14)
    assert estimate_sigma(groups, "pooled_c4").sigma == pytest.approx(pooled / k.c4(6), rel=1e-14)
    assert estimate_sigma(groups, "pooled").df == 5
    assert estimate_sigma(x, "median_mr", table="aiag").sigma == 3.0 / 0.954


@pytest.mark.parametrize("name", INDIVIDUALS)
def test_that_degrees_of_freedom_of_individuals_match_the_spread_of_the_estimate(name):
    rng = np.random.default_rng(20)
    data = rng.standard_normal((1500, 24))
    data[:, [7, 15]] = NAN
    found = [estimate_sigma(row, name) for row in data]
    sigmas = np.array([one.sigma for one in found])
    spread = sigmas.std() / sigmas.mean()
    df = np.mean([one.df for one in found])
    tolerance = 0.2 if "median" in name or "screened" in name else 0.1
    assert degrees_of_freedom(float(spread)) == pytest.approx(df, rel=tolerance)


@pytest.mark.parametrize("name", SUBGROUPS)
@pytest.mark.parametrize("weights", ["mvlue", "uwave"])
def test_that_degrees_of_freedom_of_subgroups_match_the_spread_of_the_estimate(name, weights):
    rng = np.random.default_rng(21)
    data = rng.standard_normal((1500, 8, 5))
    data[:, :4, 3:] = NAN
    found = [estimate_sigma(one, name, weights=weights) for one in data]
    sigmas = np.array([one.sigma for one in found])
    assert degrees_of_freedom(float(sigmas.std() / sigmas.mean())) == pytest.approx(found[0].df, rel=0.1)
    if name not in {"pooled", "overall"}:
        assert sigmas.mean() == pytest.approx(1.0, abs=0.015)


@pytest.mark.parametrize(("span", "lag"), [(2, 1), (3, 1), (3, 2), (5, 2)])
def test_that_overlapping_ranges_have_the_covariance_of_theory(span, lag):
    x = np.random.default_rng(3).standard_normal((400_000, span + lag))
    first, second = np.ptp(x[:, :span], axis=1), np.ptp(x[:, lag:], axis=1)
    assert theory.range_covariance(span, lag) == pytest.approx(np.cov(first, second)[0, 1], abs=0.004)


def test_that_the_constant_of_mssd_is_its_expectation():
    assert theory.mssd_mean((1,)) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-10)
    moved = np.diff(np.random.default_rng(4).standard_normal((200_000, 6)))
    one_run = np.sqrt(np.mean(moved**2, axis=1) / 2).mean()
    assert theory.mssd_mean((5,)) == pytest.approx(one_run, abs=0.002)
    two_runs = np.sqrt(np.mean(moved[:, [0, 1, 3, 4]] ** 2, axis=1) / 2).mean()
    assert theory.mssd_mean((2, 2)) == pytest.approx(two_runs, abs=0.002)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=5), min_size=2, max_size=8),
    st.sampled_from(SUBGROUPS),
    st.sampled_from([-4, 0, 6]),
    st.randoms(use_true_random=False),
)
def test_that_sigma_ignores_order_within_subgroups_and_shift_and_follows_scale(groups, name, power, random):
    width = max(map(len, groups))
    values = np.array([row + [NAN] * (width - len(row)) for row in groups])
    sigma = estimate_sigma(values, name).sigma
    shuffled = np.array([random.sample(list(row), width) for row in values])
    assert estimate_sigma(shuffled, name).sigma == pytest.approx(sigma, rel=1e-9, abs=1e-9)
    assert estimate_sigma(values * 2.0**power, name).sigma == sigma * 2.0**power
    assert estimate_sigma(values + 1024.0, name).sigma == pytest.approx(sigma, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("values", "name", "message"),
    [
        ([1.0, 2.0], "rbar", "at least 2 values per subgroup"),
        ([[1.0, 2.0]], "mrbar", "one value per row"),
        ([1.0, NAN, 2.0], "mrbar", "at least 2 neighbouring values"),
        ([1.0], "overall", "at least 2 values"),
        ([], "mssd", "at least 2 neighbouring values"),
        ([[1.0, NAN], [NAN, 3.0]], "pooled", "at least 2 values in some subgroup"),
        ([1.0, math.inf], "overall", "finite numbers"),
        ([1.0, 2.0], "range", "estimator: one of rbar"),
    ],
)
def test_that_data_that_do_not_fit_an_estimator_are_refused(values, name, message):
    with pytest.raises(SpcValueError, match=message):
        estimate_sigma(np.array(values), name)


def test_that_unknown_choices_are_refused():
    with pytest.raises(SpcValueError, match="weights: one of mvlue, uwave"):
        estimate_sigma(np.array([[1.0, 2.0]]), "rbar", weights="equal")
    with pytest.raises(SpcValueError, match="span: a whole number from 2 to 100"):
        estimate_sigma(np.array([1.0, 2.0]), "mrbar", span=1)
