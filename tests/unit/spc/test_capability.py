"""Capability against printed examples, other computations of the same thing, and input that has no meaning."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spc_desktop.spc.capability import intervals
from spc_desktop.spc.capability.attribute import binomial_capability, clopper_pearson, garwood, poisson_capability
from spc_desktop.spc.capability.nonnormal import best_fit_capability, empirical_capability, percentile_capability
from spc_desktop.spc.capability.normal import capability_study, z_bench
from spc_desktop.spc.capability.specification import Specification
from spc_desktop.spc.capability.transformed import METHODS, transformed_capability
from spc_desktop.spc.distributions import fit_distribution
from spc_desktop.spc.errors import SpcValueError

RNG = np.random.default_rng(20260801)
NORMAL = RNG.normal(50.0, 2.0, (30, 5))
LIMITS = Specification(42.0, 58.0, 50.0)


def test_that_a_centred_process_of_six_sigma_width_has_indices_of_one() -> None:
    study = capability_study(
        NORMAL, Specification(NORMAL.mean() - 3 * NORMAL.std(ddof=1), NORMAL.mean() + 3 * NORMAL.std(ddof=1))
    )
    assert study.overall.cp == pytest.approx(1.0, rel=1e-12)
    assert study.overall.cpk == pytest.approx(1.0, rel=1e-12)
    assert study.overall.ppm_total == pytest.approx(2699.796, abs=1e-3)


@pytest.mark.parametrize("within", ["rbar", "sbar", "pooled", "pooled_c4"])
def test_that_every_estimator_gives_its_own_degrees_of_freedom(within: str) -> None:
    found = capability_study(NORMAL, LIMITS, within).within
    assert found is not None
    assert found.df is not None
    if within.startswith("pooled"):
        assert found.df == 120
    else:
        assert 100 < found.df < 120  # ranges and mean deviations carry less information than the pooled variance
    low, high = intervals.chi_square_interval(found.cp or 0.0, found.df, 0.95)
    assert found.cp_interval == (low, high)


def test_that_a_wider_interval_follows_from_pooled_degrees_only_when_asked() -> None:
    effective = capability_study(NORMAL, LIMITS, "rbar").within
    pooled = capability_study(NORMAL, LIMITS, "rbar", interval_df="pooled").within
    assert effective is not None
    assert pooled is not None
    assert pooled.df == 120
    assert effective.sigma == pooled.sigma


def test_that_between_variation_separates_within_from_overall() -> None:
    drifting = NORMAL + np.repeat(RNG.normal(0, 4.0, 30), 5).reshape(30, 5)
    study = capability_study(drifting, LIMITS)
    assert study.within is not None
    assert study.between_within is not None
    assert study.sigma_between == pytest.approx(4.0, rel=0.35)
    assert study.between_within.sigma == pytest.approx(math.hypot(study.within.sigma, study.sigma_between or 0.0))
    assert study.within.cpk > 1.5 * study.overall.cpk


def test_that_a_single_limit_gives_one_sided_results_only() -> None:
    study = capability_study(NORMAL.ravel(), Specification(upper=58.0))
    found = study.overall
    assert (found.cp, found.cpl, found.ppm_below, study.observed.below) == (None, None, None, None)
    assert found.cpk == found.cpu
    assert found.z_bench == found.z_upper
    assert found.cpu_exact is not None
    assert found.cpu_interval is not None
    assert found.cpu_exact == pytest.approx(found.cpu_interval, abs=0.02)


def test_that_a_boundary_is_not_judged_but_its_violations_are_counted() -> None:
    runout = np.abs(RNG.normal(0, 1, 200))
    study = capability_study(runout, Specification(0.5, 4.0, lower_is_boundary=True))
    assert study.overall.cp is None
    assert study.overall.cpl is None
    assert study.overall.ppm_below is None
    assert study.observed.below is not None
    assert study.observed.below > 0


def test_that_cpm_equals_cp_on_target_and_falls_off_target() -> None:
    x = NORMAL.ravel() - NORMAL.mean() + 50.0
    on = capability_study(x, LIMITS)
    off = capability_study(x + 2.0, LIMITS)
    assert on.cpm is not None
    assert off.cpm is not None
    assert on.cpm.cpm == pytest.approx(on.overall.cp, rel=1e-9)
    assert on.cpm.cpmk == pytest.approx(on.overall.cpk, rel=1e-9)
    assert (off.cpm.cpm or 0) < 0.8 * (on.cpm.cpm or 0)


def test_that_missing_values_are_left_out() -> None:
    holes = NORMAL.copy()
    holes[3, 4] = holes[7, 0] = np.nan
    rows = [[None if math.isnan(v) else v for v in row] for row in holes]
    assert capability_study(rows, LIMITS) == capability_study(holes, LIMITS)
    assert capability_study(holes, LIMITS).n == 148


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3))
@settings(deadline=None, max_examples=30)
def test_that_indices_do_not_change_with_the_unit(shift: float, scale: float) -> None:
    one = capability_study(NORMAL, LIMITS)
    other = capability_study(
        NORMAL * scale + shift, Specification(42 * scale + shift, 58 * scale + shift, 50 * scale + shift)
    )
    tolerance = 1e-9 * (1 + abs(shift) / scale)
    assert other.overall.cpk == pytest.approx(one.overall.cpk, rel=tolerance)
    assert one.within is not None
    assert other.within is not None
    assert other.within.cpk == pytest.approx(one.within.cpk, rel=tolerance)


@pytest.mark.parametrize("cpk", [0.4, 1.0, 1.33, 2.0])
def test_that_the_bissell_interval_covers_the_true_index_as_often_as_it_says(cpk: float) -> None:
    rng = np.random.default_rng(5)
    hits, n = 0, 40
    for _ in range(600):
        x = rng.normal(0, 1, n)
        estimate = (3 * cpk - x.mean()) / (3 * x.std(ddof=1))
        low, high = intervals.bissell_interval(estimate, n, n - 1, 0.9)
        hits += low <= cpk <= high
    assert 0.86 < hits / 600 < 0.94


@pytest.mark.parametrize(
    ("t", "df", "delta"), [(5.0, 10.0, 3.0), (-2.0, 7.0, 1.0), (60.0, 99.0, 55.0), (0.0, 4.0, 2.0), (9.0, 3.0, 1.5)]
)
def test_that_the_noncentral_t_probability_agrees_with_another_algorithm(t: float, df: float, delta: float) -> None:
    assert intervals.noncentral_t_cdf(t, df, delta) == pytest.approx(
        float(stats.nct.cdf(t, df, delta)), rel=1e-7, abs=1e-12
    )


def test_that_the_exact_interval_inverts_the_noncentral_t() -> None:
    low, high = intervals.noncentral_t_interval(1.2, 30, 29.0, 0.95)
    scale = 3 * math.sqrt(30)
    assert intervals.noncentral_t_cdf(1.2 * scale, 29.0, low * scale) == pytest.approx(0.975, rel=1e-10)
    assert intervals.noncentral_t_cdf(1.2 * scale, 29.0, high * scale) == pytest.approx(0.025, rel=1e-9)


def test_that_z_bench_is_right_beyond_the_range_of_double_precision_probabilities() -> None:
    assert z_bench(45.0, None) == 45.0
    assert z_bench(50.0, 50.0) == pytest.approx(49.9861, abs=1e-3)
    assert z_bench(3.0, 3.0) == pytest.approx(-stats.norm.ppf(2 * stats.norm.sf(3.0)), rel=1e-12)
    assert z_bench(-2.0, 6.0) == pytest.approx(-2.0, abs=1e-6)
    assert z_bench(-60.0, 70.0) is None


@pytest.mark.parametrize("name", ["weibull", "lognormal", "gamma", "normal"])
def test_that_the_percentile_method_equals_the_normal_one_for_normal_quantiles(name: str) -> None:
    x = RNG.normal(100.0, 1.0, 300)
    fit = fit_distribution(x, name)
    found = percentile_capability(fit, Specification(96.0, 104.0))
    assert found.p00135 < found.p50 < found.p99865
    assert fit.cdf(found.p50) == pytest.approx(0.5, rel=1e-9)
    if name == "normal":
        study = capability_study(x, Specification(96.0, 104.0))
        assert found.ppk == pytest.approx(study.overall.cpk, rel=1e-4)


def test_that_the_best_fit_is_the_one_with_the_smallest_anderson_darling() -> None:
    ranking, found = best_fit_capability(RNG.weibull(0.9, 400) * 3 + 0.01, Specification(upper=30.0))
    statistics = [fit.anderson_darling for fit in ranking.fits]
    assert statistics == sorted(statistics)
    assert ranking.best.name in {"weibull", "gamma", "exponential"}
    assert found.ppm_below is None
    assert found.ppk == found.ppu


def test_that_empirical_quantiles_need_no_model() -> None:
    found = empirical_capability(np.arange(1.0, 2001.0), Specification(0.0, 2001.0))
    assert found.p50 == pytest.approx(1000.5)
    assert found.ppm_below == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_that_a_transformation_judges_skewed_data_with_its_limits(method: str) -> None:
    x = RNG.lognormal(1.0, 0.4, 250)
    raw = capability_study(x, Specification(0.5, 12.0))
    found = transformed_capability(x, Specification(0.5, 12.0), method)
    assert found.normality_p is not None
    assert found.normality_p > 0.05
    # Skewed to the right: the normal theory sees too little room below and too much above.
    assert found.study.overall.cpl is not None
    assert found.study.overall.cpu is not None
    assert found.study.overall.cpl > (raw.overall.cpl or 0)
    assert found.study.overall.cpu < (raw.overall.cpu or 0)
    assert found.study.observed == raw.observed


def test_that_a_limit_outside_the_transformation_is_reported_not_judged() -> None:
    found = transformed_capability(RNG.lognormal(1.0, 0.4, 100), Specification(0.0, 12.0), "box_cox")
    assert found.lower_unreachable
    assert found.study.overall.cpl is None
    with pytest.raises(SpcValueError, match="specification"):
        transformed_capability(RNG.lognormal(1.0, 0.4, 100), Specification(lower=-1.0), "box_cox")


def test_that_exact_intervals_of_counts_match_their_definition() -> None:
    low, high = clopper_pearson(7, 120, 0.95)
    assert stats.binom.sf(6, 120, low) == pytest.approx(0.025, rel=1e-9)
    assert stats.binom.cdf(7, 120, high) == pytest.approx(0.025, rel=1e-9)
    low, high = garwood(12, 0.9)
    assert stats.poisson.sf(11, low) == pytest.approx(0.05, rel=1e-9)
    assert stats.poisson.cdf(12, high) == pytest.approx(0.05, rel=1e-9)


def test_that_no_defective_at_all_still_has_an_upper_limit() -> None:
    found = binomial_capability([0, 0], [50, 50])
    assert found.p == 0.0
    assert found.interval[0] == 0.0
    assert found.interval[1] == pytest.approx(1 - 0.025 ** (1 / 100))
    assert found.process_z is None
    assert poisson_capability([0], [2.5]).interval == pytest.approx((0.0, -math.log(0.025) / 2.5))


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (Specification, "lower"),
        (lambda: Specification(5, 5), "lower"),
        (lambda: Specification(5, 4), "lower"),
        (lambda: Specification(0, 1, 2), "target"),
        (lambda: Specification(float("nan"), 1), "lower"),
        (lambda: Specification(0, None, lower_is_boundary=True), "boundary"),
        (lambda: Specification(None, 1, lower_is_boundary=True), "boundary"),
        (lambda: capability_study([], LIMITS), "values"),
        (lambda: capability_study([1.0], LIMITS), "values"),
        (lambda: capability_study([1.0, math.inf], LIMITS), "values"),
        (lambda: capability_study([3.0, 3.0, 3.0], LIMITS), "values"),
        (lambda: capability_study([[1.0, 2.0], 3.0], LIMITS), "values"),
        (lambda: capability_study("text", LIMITS), "values"),
        (lambda: capability_study([["a", "b"]], LIMITS), "values"),
        (lambda: capability_study([[1.0], [2.0]], LIMITS, "rbar"), "values"),
        (lambda: capability_study(NORMAL, LIMITS, "magic"), "within"),
        (lambda: capability_study(NORMAL, LIMITS, confidence=1.0), "confidence"),
        (lambda: capability_study(NORMAL, LIMITS, interval_df="some"), "interval_df"),
        (lambda: binomial_capability([3], [2]), "defectives"),
        (lambda: binomial_capability([-1], [2]), "defectives"),
        (lambda: binomial_capability([1], [0]), "sizes"),
        (lambda: binomial_capability([1, 2], [5]), "sizes"),
        (lambda: binomial_capability([], []), "defectives"),
        (lambda: binomial_capability([0.5], [2]), "defectives"),
        (lambda: poisson_capability([1], [0.0]), "units"),
        (lambda: poisson_capability([1], [math.nan]), "units"),
        (lambda: clopper_pearson(1, 0), "successes"),
        (lambda: transformed_capability(NORMAL - 60, LIMITS), "values"),
        (lambda: transformed_capability(NORMAL, LIMITS, "cube"), "method"),
        (lambda: transformed_capability(NORMAL, LIMITS, "johnson", 1.0), "lmbda"),
    ],
)
def test_that_meaningless_input_names_the_argument(call: object, argument: str) -> None:
    with pytest.raises(SpcValueError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.argument == argument


def test_that_identical_subgroups_leave_within_undefined_but_not_overall() -> None:
    study = capability_study([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], Specification(0, 5))
    assert study.within is None
    assert study.overall.sigma > 0
