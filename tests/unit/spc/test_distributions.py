"""Maximum likelihood fits are maxima, quantiles invert the distribution function, and odd samples are refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spc_desktop.spc.distributions import (
    DISTRIBUTIONS,
    TWO_PARAMETER,
    DistributionFit,
    cdf,
    evaluate_fit,
    fit_distribution,
    fit_p_value,
    quantile,
    rank_distributions,
    sf,
)
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.normality import anderson_darling

SAMPLE = np.random.default_rng(7).gamma(3.0, 2.0, 120) + 0.5
SKEWED = np.random.default_rng(11).weibull(1.8, 200) * 3.0 + 10.0
EXACT = [name for name in DISTRIBUTIONS if name not in {"normal", "exponential_2"}]


def nudged(fit: DistributionFit, name: str, factor: float, x: np.ndarray) -> float:
    parameters = dict(fit.parameters)
    parameters[name] *= factor
    return evaluate_fit(fit.name, parameters, np.sort(x)).loglik


@pytest.mark.parametrize("name", EXACT)
def test_that_no_neighbouring_parameter_is_likelier(name: str) -> None:
    x = SKEWED if name.endswith("_3") else SAMPLE
    fit = fit_distribution(x, name)
    for parameter in fit.parameters:
        for factor in (1 - 1e-4, 1 + 1e-4):
            assert nudged(fit, parameter, factor, x) < fit.loglik


@pytest.mark.parametrize("name", list(DISTRIBUTIONS))
def test_that_quantiles_invert_the_distribution_function(name: str) -> None:
    fit = fit_distribution(SKEWED, name)
    for p in (1e-6, 0.00135, 0.2, 0.5, 0.99865, 1 - 1e-9):
        x = fit.quantile(p)
        assert fit.cdf(x) == pytest.approx(p, rel=1e-8)
        assert fit.cdf(x) + fit.sf(x) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("weibull", lambda p: stats.weibull_min(p["shape"], 0, p["scale"])),
        ("weibull_3", lambda p: stats.weibull_min(p["shape"], p["threshold"], p["scale"])),
        ("lognormal", lambda p: stats.lognorm(p["sdlog"], 0, math.exp(p["meanlog"]))),
        ("gamma", lambda p: stats.gamma(p["shape"], 0, p["scale"])),
        ("gamma_3", lambda p: stats.gamma(p["shape"], p["threshold"], p["scale"])),
        ("exponential", lambda p: stats.expon(0, p["mean"])),
        ("exponential_2", lambda p: stats.expon(p["threshold"], p["mean"])),
        ("logistic", lambda p: stats.logistic(p["loc"], p["scale"])),
        ("loglogistic", lambda p: stats.fisk(1 / p["scale"], 0, math.exp(p["loc"]))),
        ("smallest_extreme", lambda p: stats.gumbel_l(p["loc"], p["scale"])),
        ("largest_extreme", lambda p: stats.gumbel_r(p["loc"], p["scale"])),
        ("normal", lambda p: stats.norm(p["mean"], p["sd"])),
    ],
)
def test_that_the_families_are_those_of_another_library(name: str, law: object) -> None:
    fit = fit_distribution(SKEWED, name)
    other = law(fit.parameters)  # type: ignore[operator]
    points = np.array([10.5, 12.0, 14.0, 19.0])
    assert cdf(name, fit.parameters, points) == pytest.approx(other.cdf(points), rel=1e-10)
    assert sf(name, fit.parameters, points) == pytest.approx(other.sf(points), rel=1e-10)
    assert fit.loglik == pytest.approx(float(np.sum(other.logpdf(SKEWED))), rel=1e-10)


@pytest.mark.parametrize("name", TWO_PARAMETER)
@given(scale=st.floats(1e-6, 1e6))
@settings(max_examples=10)
def test_that_a_change_of_unit_changes_no_probability(name: str, scale: float) -> None:
    one, other = fit_distribution(SAMPLE, name), fit_distribution(SAMPLE * scale, name)
    assert other.anderson_darling == pytest.approx(one.anderson_darling, rel=1e-6)
    assert other.quantile(0.9) == pytest.approx(scale * one.quantile(0.9), rel=1e-9)


@pytest.mark.parametrize("name", ["logistic", "smallest_extreme", "largest_extreme", "normal"])
def test_that_a_large_offset_costs_no_digits(name: str) -> None:
    one, other = fit_distribution(SAMPLE, name), fit_distribution(SAMPLE + 2.0**30, name)
    key = "sd" if name == "normal" else "scale"
    assert other.parameters[key] == pytest.approx(one.parameters[key], rel=1e-6)


def test_that_the_true_family_is_ranked_first_for_much_data() -> None:
    rng = np.random.default_rng(3)
    assert rank_distributions(rng.lognormal(0, 0.9, 3000)).best.name == "lognormal"
    assert rank_distributions(rng.gumbel(50, 1, 3000)).best.name == "largest_extreme"
    assert rank_distributions(rng.logistic(50, 1, 3000)).best.name == "logistic"


def test_that_families_without_negative_values_are_left_out_with_the_reason() -> None:
    ranking = rank_distributions(np.random.default_rng(1).normal(0, 1, 50))
    assert set(ranking.refused) == {"lognormal", "weibull", "gamma", "exponential", "loglogistic"}
    assert all("zero" in reason for reason in ranking.refused.values())


def test_that_a_threshold_the_data_do_not_determine_is_refused() -> None:
    with pytest.raises(SpcValueError, match="threshold"):
        fit_distribution(-np.random.default_rng(2).lognormal(0, 0.5, 40), "lognormal_3")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([], "normal"),
        ([1.0, 2.0], "normal"),
        ([2.0] * 9, "weibull"),
        ([1, 2, math.inf], "gamma"),
        ([0, 1, 2], "lognormal"),
        ([1, 2, 3], "cauchy"),
    ],
)
def test_that_samples_without_meaning_are_refused(values: list[float], name: str) -> None:
    with pytest.raises(SpcValueError):
        fit_distribution(values, name)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, math.nan])
def test_that_a_quantile_needs_a_probability(p: float) -> None:
    with pytest.raises(SpcValueError):
        quantile("normal", {"mean": 0, "sd": 1}, p)


@given(st.lists(st.floats(0.001, 1000), min_size=3, max_size=40, unique=True), st.sampled_from(list(DISTRIBUTIONS)))
@settings(max_examples=150, deadline=None)
def test_that_a_fit_is_finite_or_refused(values: list[float], name: str) -> None:
    try:
        fit = fit_distribution(values, name)
    except SpcValueError:
        return
    assert all(math.isfinite(value) for value in fit.parameters.values())
    assert math.isfinite(fit.loglik)
    assert fit.anderson_darling > 0


def test_that_the_p_value_of_a_fit_tells_the_right_family_from_a_wrong_one() -> None:
    x = np.random.default_rng(21).weibull(1.2, 80)
    assert fit_p_value(fit_distribution(x, "weibull"), 199) > 0.1
    assert fit_p_value(fit_distribution(x, "normal"), 199) < 0.02
    assert fit_p_value(fit_distribution(x, "weibull"), 199) == fit_p_value(fit_distribution(x, "weibull"), 199)


def test_that_the_bootstrap_agrees_with_the_table_for_the_normal() -> None:
    x = np.random.default_rng(22).normal(0, 1, 60) ** 3 / 6 + np.random.default_rng(23).normal(0, 1, 60)
    table = anderson_darling(x).p
    assert table is not None
    assert fit_p_value(fit_distribution(x, "normal"), 999) == pytest.approx(table, abs=0.04)


@pytest.mark.parametrize("name", ["lognormal_3", "weibull_3", "gamma_3"])
def test_that_a_threshold_of_a_long_sample_is_a_maximum_over_all_of_it(name: str) -> None:
    x = np.random.default_rng(0).normal(10, 1, 20_000) ** 2
    fit = fit_distribution(x, name)
    for factor in (1 - 1e-3, 1 + 1e-3):
        assert nudged(fit, "threshold", factor, x) < fit.loglik
