"""Transformations: the estimate is the optimum, inverses undo them, and tolerance intervals hold what they promise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spc_desktop.spc import tolerance, transforms
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.johnson import fit_johnson, fit_johnson_quantiles
from spc_desktop.spc.normality import anderson_darling

SKEWED = np.random.default_rng(17).gamma(2.0, 3.0, 90)
ROWS = SKEWED.reshape(18, 5)


def test_that_lambda_agrees_with_another_optimiser() -> None:
    assert transforms.fit_box_cox(SKEWED).lmbda == pytest.approx(
        float(stats.boxcox_normmax(SKEWED, method="mle")), abs=1e-6
    )
    assert transforms.fit_yeo_johnson(SKEWED - 5).lmbda == pytest.approx(
        float(stats.yeojohnson_normmax(SKEWED - 5)), abs=1e-6
    )
    assert transforms.fit_box_cox(SKEWED).loglik == pytest.approx(
        float(stats.boxcox_llf(transforms.fit_box_cox(SKEWED).lmbda, SKEWED)) - 45 * (math.log(2 * math.pi) + 1),
        rel=1e-9,
    )


def test_that_the_ends_of_the_interval_lie_at_the_chi_square_drop() -> None:
    fit = transforms.fit_box_cox(SKEWED)
    for end in fit.interval:
        assert end is not None
        drop = fit.loglik - transforms.box_cox_loglik(SKEWED, end)
        assert drop == pytest.approx(float(stats.chi2.ppf(0.95, 1)) / 2, rel=1e-8)


def test_that_within_lambda_makes_the_deviation_within_smallest() -> None:
    for values, subgroups in ((ROWS, True), (SKEWED, False)):
        fit = transforms.fit_box_cox_within(values, subgroups=subgroups)
        mean = math.exp(float(np.mean(np.log(SKEWED))))

        def deviation(lmbda: float, subgroups: bool = subgroups, mean: float = mean) -> float:
            scaled = transforms.box_cox(SKEWED, lmbda) / mean ** (lmbda - 1)
            if subgroups:
                return math.sqrt(float(np.mean(scaled.reshape(18, 5).var(axis=1, ddof=1))))
            return float(np.mean(np.abs(np.diff(scaled)))) / 1.1283791670955126

        assert fit.sigma == pytest.approx(deviation(fit.lmbda), rel=1e-10)
        assert deviation(fit.lmbda - 1e-3) > fit.sigma < deviation(fit.lmbda + 1e-3)


@given(st.floats(-2.5, 2.5), st.floats(0.01, 100))
def test_that_the_inverse_undoes_box_cox(lmbda: float, x: float) -> None:
    moved = float(transforms.box_cox([x], lmbda)[0])
    back = transforms.box_cox_inverse(moved, lmbda)
    assert back == pytest.approx(x, rel=1e-4)


def test_that_the_transform_is_continuous_at_zero() -> None:
    at_zero = transforms.box_cox(SKEWED, 0.0)
    assert transforms.box_cox(SKEWED, 1e-9) == pytest.approx(at_zero, rel=1e-7)
    assert transforms.box_cox(SKEWED, 0.0) == pytest.approx(np.log(SKEWED))
    assert transforms.yeo_johnson([-3.0, 0.0, 3.0], 1.0) == pytest.approx([-3.0, 0.0, 3.0])


def test_that_an_optimum_at_the_end_is_said_to_be_undetermined() -> None:
    assert transforms.fit_box_cox([1000.0, 1000.1, 1000.3]).at_bound


@pytest.mark.parametrize(
    "call",
    [
        lambda: transforms.fit_box_cox([1.0, -2.0, 3.0]),
        lambda: transforms.fit_box_cox([1.0, 2.0]),
        lambda: transforms.fit_box_cox([4.0] * 5),
        lambda: transforms.box_cox([0.0], 1.0),
        lambda: transforms.box_cox([1e90], 5.0),
        lambda: transforms.fit_box_cox_within([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]),
        lambda: transforms.yeo_johnson([1.0], math.nan),
        lambda: fit_johnson([1.0, 2.0, 3.0]),
        lambda: fit_johnson(SKEWED, test="luck"),
        lambda: fit_johnson(SKEWED, quantiles="own"),
        lambda: fit_johnson_quantiles([1.0] * 5 + [2.0] * 15),
        lambda: tolerance.normal_tolerance([1.0], 0.9, 0.9),
        lambda: tolerance.normal_tolerance(SKEWED, 1.0, 0.9),
        lambda: tolerance.normal_tolerance(SKEWED, 0.9, 0.9, "left"),
        lambda: tolerance.two_sided_factor(1, 0.9, 0.9),
        lambda: tolerance.nonparametric_tolerance(SKEWED, 0.999, 0.99),
    ],
)
def test_that_input_without_meaning_is_refused(call: object) -> None:
    with pytest.raises(SpcValueError):
        call()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("sample", "family"),
    [
        (np.sinh(np.random.default_rng(1).normal(0, 1, 400)) * 3 + 7, {"SU", "SL"}),
        (1 / (1 + np.exp(-np.random.default_rng(2).normal(0.5, 1.2, 400))) * 4 - 1, {"SB"}),
    ],
)
def test_that_johnson_makes_the_sample_normal(sample: np.ndarray, family: set[str]) -> None:
    fit = fit_johnson(sample)
    assert fit.family in family
    scores = fit.transform(sample)
    assert anderson_darling(scores).p == fit.p
    assert (fit.p or 0) > 0.2
    assert [fit.inverse(score) for score in scores[:5]] == pytest.approx(sample[:5], rel=1e-8)
    assert (np.diff(scores[np.argsort(sample)]) >= 0).all()


@pytest.mark.parametrize("side", ["both", "lower", "upper"])
def test_that_a_tolerance_interval_holds_its_share_as_often_as_promised(side: str) -> None:
    samples = np.random.default_rng(6).normal(0, 1, (4000, 15))
    found = tolerance.normal_tolerance(samples[0], 0.9, 0.8, side)
    assert (found.lower is None, found.upper is None) == (side == "upper", side == "lower")
    reach = (found.k or 0.0) * samples.std(axis=1, ddof=1)
    low = samples.mean(axis=1) - (math.inf if found.lower is None else reach)
    high = samples.mean(axis=1) + (math.inf if found.upper is None else reach)
    share = stats.norm.cdf(high) - stats.norm.cdf(low)
    assert float((share >= 0.9).mean()) == pytest.approx(0.8, abs=0.025)


@pytest.mark.parametrize("side", ["both", "lower", "upper"])
def test_that_order_statistics_hold_their_share_for_any_distribution(side: str) -> None:
    rng = np.random.default_rng(6)
    hits, achieved = 0, 0.0
    for _ in range(500):
        found = tolerance.nonparametric_tolerance(rng.exponential(1, 80), 0.9, 0.9, side)
        low = 0.0 if found.lower is None else found.lower
        high = math.inf if found.upper is None else found.upper
        hits += math.exp(-low) - math.exp(-high) >= 0.9
        achieved = found.achieved
    assert achieved >= 0.9
    assert abs(hits / 500 - achieved) < 0.04


@pytest.mark.parametrize(
    ("coverage", "confidence", "side", "n"),
    [(0.95, 0.95, "both", 93), (0.99, 0.95, "lower", 299), (0.9, 0.95, "upper", 29), (0.99, 0.99, "both", 662)],
)
def test_that_the_required_size_is_the_published_one(coverage: float, confidence: float, side: str, n: int) -> None:
    assert tolerance.required_size(coverage, confidence, side) == n
    values = np.arange(float(n))
    assert tolerance.nonparametric_tolerance(values, coverage, confidence, side).achieved >= confidence
    with pytest.raises(SpcValueError, match=str(n)):
        tolerance.nonparametric_tolerance(values[:-1], coverage, confidence, side)


@given(st.integers(2, 400), st.floats(0.1, 0.999), st.floats(0.05, 0.99))
@settings(max_examples=40, deadline=None)
def test_that_the_exact_factor_lies_near_howe(n: int, coverage: float, confidence: float) -> None:
    exact = tolerance.two_sided_factor(n, coverage, confidence)
    assert exact == pytest.approx(tolerance.howe_factor(n, coverage, confidence), rel=0.5 / n)
