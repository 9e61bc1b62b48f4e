"""Measurement systems: printed examples, hand calculations, coverage of intervals, and designs that are refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.msa import agreement
from spc_desktop.spc.msa.attribute_study import attribute_study
from spc_desktop.spc.msa.average_range import gage_rr_average_range
from spc_desktop.spc.msa.components import Scale, mls_interval
from spc_desktop.spc.msa.crossed import crossed_layout, gage_rr_crossed, reml_components
from spc_desktop.spc.msa.nested import gage_rr_nested, nested_layout
from spc_desktop.spc.msa.single_gauge import bias_study, linearity_study, stability_study, type1_study

RNG = np.random.default_rng(31)


def simulated(rng: np.random.Generator, parts: int = 10, operators: int = 3, repeats: int = 3) -> np.ndarray:
    part, operator = rng.normal(0, 3, (parts, 1, 1)), rng.normal(0, 0.5, (1, operators, 1))
    return (
        100
        + part
        + operator
        + rng.normal(0, 0.4, (parts, operators, 1))
        + rng.normal(0, 0.3, (parts, operators, repeats))
    )


STUDY = simulated(RNG)


def test_that_the_sums_of_squares_add_up() -> None:
    study = gage_rr_crossed(STUDY)
    assert sum(row.ss for row in study.anova.values()) == pytest.approx(study.total_ss, rel=1e-12)
    assert sum(row.df for row in study.anova.values()) == STUDY.size - 1


def test_that_components_add_up_in_variances_not_in_deviations() -> None:
    c = gage_rr_crossed(STUDY, Scale(tolerance=20.0, process_sd=4.0)).full.components
    assert c["gage"].variance == pytest.approx(c["repeatability"].variance + c["reproducibility"].variance)
    assert c["total"].contribution == 100.0
    assert c["gage"].contribution + c["part"].contribution == pytest.approx(100.0)
    assert c["gage"].pct_study ** 2 + c["part"].pct_study ** 2 == pytest.approx(1e4)
    assert c["gage"].pct_tolerance == pytest.approx(100 * 6 * c["gage"].sd / 20.0)
    assert c["gage"].pct_process == pytest.approx(100 * c["gage"].sd / 4.0)


def test_that_alpha_decides_whether_the_interaction_stays() -> None:
    study = gage_rr_crossed(STUDY)
    p = study.anova["interaction"].p
    assert p is not None
    assert gage_rr_crossed(STUDY, alpha=min(0.999, p * 1.01)).chosen.components["interaction"].variance > 0
    assert gage_rr_crossed(STUDY, alpha=p * 0.99).chosen.components["interaction"].variance == 0


def test_that_the_number_of_categories_is_given_raw_and_truncated() -> None:
    model = gage_rr_crossed(STUDY).full
    assert model.ndc_raw == pytest.approx(1.41 * model.components["part"].sd / model.components["gage"].sd)
    assert model.ndc == math.floor(model.ndc_raw or 0)
    bad = RNG.normal(0, 1, (5, 3, 2))
    assert gage_rr_crossed(bad).full.ndc == 1


def test_that_negative_estimates_become_zero_and_reml_pools() -> None:
    noise = np.random.default_rng(3).normal(0, 1, (6, 3, 2))
    study = gage_rr_crossed(noise)
    reml = reml_components(study)
    assert all(component.variance >= 0 for component in study.full.components.values())
    assert all(value >= -1e-12 for value in reml.values())


def test_that_reml_equals_anova_where_nothing_is_negative() -> None:
    study = gage_rr_crossed(STUDY)
    c = study.full.components
    reml = reml_components(study)
    for name in ("repeatability", "operator", "interaction", "part"):
        assert c[name].variance > 0
        assert reml[name] == pytest.approx(c[name].variance, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("part", 9.0),
        ("gage", 0.5),
        ("repeatability", 0.09),
        ("operator", 0.25),
        ("total", 9.5),
        ("reproducibility", 0.41),
    ],
)
def test_that_intervals_of_components_cover_the_truth_as_often_as_they_say(name: str, truth: float) -> None:
    rng = np.random.default_rng(12)
    hits = 0
    for _ in range(400):
        interval = gage_rr_crossed(simulated(rng), confidence=0.9).full.components[name].interval
        assert interval is not None
        hits += interval[0] <= truth <= interval[1]
    assert 0.85 < hits / 400 < 0.96


def test_that_the_interval_of_one_mean_square_is_the_exact_chi_square_one() -> None:
    low, high = mls_interval([(2.0, 3.0, 12.0)], 0.95)
    assert low == pytest.approx(2 * 3 * 12 / stats.chi2.ppf(0.975, 12), rel=1e-12)
    assert high == pytest.approx(2 * 3 * 12 / stats.chi2.ppf(0.025, 12), rel=1e-12)


def test_that_rows_in_any_order_give_the_same_study() -> None:
    rows = [(p, o, STUDY[p, o, r]) for p in range(10) for o in range(3) for r in range(3)]
    shuffled = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    table = crossed_layout(*map(list, zip(*shuffled, strict=True)))
    assert gage_rr_crossed(table).full.components["gage"].variance == pytest.approx(
        gage_rr_crossed(STUDY).full.components["gage"].variance
    )


@given(st.floats(-1e3, 1e3), st.floats(0.01, 100))
@settings(max_examples=25, deadline=None)
def test_that_percentages_do_not_change_with_the_unit(shift: float, scale: float) -> None:
    one, other = gage_rr_crossed(STUDY).full, gage_rr_crossed(STUDY * scale + shift).full
    for name in ("gage", "part", "operator"):
        assert other.components[name].pct_study == pytest.approx(one.components[name].pct_study, rel=1e-6)


def test_that_average_and_range_agrees_roughly_with_anova() -> None:
    found, anova = gage_rr_average_range(STUDY, Scale(20.0)), gage_rr_crossed(STUDY).reduced.components
    assert found.ev == pytest.approx(anova["repeatability"].sd, rel=0.6)
    assert found.pv == pytest.approx(anova["part"].sd, rel=0.3)
    assert found.pct_tolerance is not None
    assert found.pct_tolerance["grr"] == pytest.approx(100 * 6 * found.grr / 20)
    assert found.k1 == pytest.approx(0.5908, abs=1e-4)
    assert found.k2 == pytest.approx(0.5231, abs=1e-4)
    assert found.k3 == pytest.approx(0.3146, abs=1e-4)


def test_that_a_nested_study_knows_parts_by_their_operator() -> None:
    operators = [o for o in range(3) for _ in range(8)]
    parts = [p for _ in range(3) for p in range(4) for _ in range(2)]
    values = RNG.normal(0, 1, 24)
    study = gage_rr_nested(nested_layout(operators, parts, list(values)))
    unique = gage_rr_nested(
        nested_layout(operators, [f"{o}/{p}" for o, p in zip(operators, parts, strict=True)], list(values))
    )
    assert study.shape == (3, 4, 2)
    assert study.components == unique.components
    assert [row.df for row in study.anova.values()] == [2.0, 9.0, 12.0]


@pytest.mark.parametrize("name", ["part", "gage", "repeatability", "total"])
def test_that_nested_intervals_cover_the_truth(name: str) -> None:
    rng = np.random.default_rng(14)
    truth = {"part": 4.0, "gage": 1.25, "repeatability": 0.25, "total": 5.25}[name]
    hits = 0
    for _ in range(300):
        y = rng.normal(0, 1, (6, 1, 1)) + rng.normal(0, 2, (6, 5, 1)) + rng.normal(0, 0.5, (6, 5, 3))
        interval = gage_rr_nested(y, confidence=0.9).components[name].interval
        assert interval is not None
        hits += interval[0] <= truth <= interval[1]
    assert 0.84 < hits / 300 < 0.97


def test_that_a_gauge_without_variation_has_no_index() -> None:
    found = type1_study([5.0] * 20, 5.1, 1.0)
    assert (found.cg, found.cgk, found.bias.t, found.bias.p) == (None, None, None, None)
    assert found.bias.bias == pytest.approx(-0.1)
    assert bias_study([5.0], 4.0).sd is None


def test_that_bias_lowers_cgk_only() -> None:
    values = RNG.normal(10.0, 0.01, 50)
    good, shifted = (
        type1_study(values, float(values.mean()), 1.0),
        type1_study(values, float(values.mean()) - 0.05, 1.0),
    )
    assert good.cg == shifted.cg
    assert good.cgk == pytest.approx(good.cg, rel=1e-9)
    assert shifted.cgk is not None
    assert shifted.cgk == pytest.approx((0.1 - 0.05) / (3 * (values.std(ddof=1))), rel=1e-9)
    assert type1_study(values, 9.5, 1.0).pct_with_bias is None


def test_that_a_line_without_residuals_is_reported_without_a_test() -> None:
    found = linearity_study([1, 1, 2, 2, 3, 3], [1.5, 1.5, 2.5, 2.5, 3.5, 3.5], 6.0)
    assert (found.slope, found.intercept) == pytest.approx((0.0, 0.5))
    assert (found.r2, found.t_slope, found.p_slope) == (None, None, None)
    slope = linearity_study([1.0, 2.0, 3.0, 4.0], [1.1, 2.2, 3.3, 4.4])
    assert slope.pct_linearity == pytest.approx(10.0)
    assert slope.linearity is None


def test_that_a_drifting_master_is_seen() -> None:
    still = RNG.normal(5, 0.1, (25, 4))
    drifting = still + np.linspace(0, 1, 25)[:, None]
    assert (stability_study(still, 5.0).drift_p or 0) > 0.001
    found = stability_study(drifting, 5.0)
    assert found.drift == pytest.approx(1 / 24, rel=0.3)
    assert (found.drift_p or 1) < 1e-6
    assert found.signals
    assert stability_study(drifting[:, :1]).signals


def test_that_perfect_agreement_is_one_and_chance_is_zero() -> None:
    same = ["a", "b", "c", "a"] * 5
    assert agreement.cohen_kappa(same, same).kappa == 1.0
    assert agreement.fleiss_kappa([[x, x, x] for x in same]).overall.kappa == pytest.approx(1.0)
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 3, 6000).tolist(), rng.integers(0, 3, 6000).tolist()
    assert agreement.cohen_kappa(a, b).kappa == pytest.approx(0.0, abs=0.03)


def test_that_weights_forgive_near_misses() -> None:
    a = [1, 2, 3, 4, 5] * 6
    b = [min(x + 1, 5) if i % 3 == 0 else x for i, x in enumerate(a)]
    plain, linear, quadratic = (agreement.cohen_kappa(a, b, weights) for weights in agreement.WEIGHTS)
    assert (plain.kappa or 0) < (linear.kappa or 0) < (quadratic.kappa or 0) < 1


def test_that_the_order_of_words_can_be_given_for_weights() -> None:
    a, b = ["low", "high", "mid", "low"], ["mid", "high", "mid", "low"]
    near = agreement.cohen_kappa(a, b, "linear", ["low", "mid", "high"]).kappa
    far = agreement.cohen_kappa(a, b, "linear", ["mid", "high", "low"]).kappa
    assert near is not None
    assert far is not None
    assert near > far


def test_that_one_category_only_leaves_kappa_undefined() -> None:
    assert agreement.cohen_kappa([1, 1, 1], [1, 1, 1]).kappa is None
    assert agreement.fleiss_kappa([[0, 0], [0, 0]]).overall.kappa is None
    assert agreement.kendall_w([[1, 1], [1, 1]]).coefficient is None
    assert agreement.kendall_tau([1, 1, 1], [1, 2, 3]).coefficient is None


def test_that_parts_with_a_missing_rating_are_left_out() -> None:
    found = agreement.fleiss_kappa([[0, 0], [1, None], [1, 1], [0, 1]])
    assert found.overall.n == 3
    assert agreement.cohen_kappa([0, None, 1], [0, 1, 1]).n == 2
    assert agreement.all_agree([[0, 0], [1, None], [0, 1]], [0, 1, 0]).n == 2


def test_that_rank_agreement_equals_another_library() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.integers(1, 6, 40), rng.integers(1, 6, 40)
    other = stats.kendalltau(a, b, method="asymptotic")
    found = agreement.kendall_tau(a.tolist(), b.tolist())
    assert found.coefficient == pytest.approx(float(other.statistic), rel=1e-12)
    assert found.p == pytest.approx(float(other.pvalue), rel=1e-9)
    signs = [np.sign(np.subtract.outer(x, x)) for x in (a, b)]
    assert found.coefficient == pytest.approx(
        np.sum(signs[0] * signs[1]) / math.sqrt(np.sum(signs[0] ** 2) * np.sum(signs[1] ** 2)), rel=1e-12
    )
    ranks = [rng.permutation(12).tolist() for _ in range(4)]
    table = [list(row) for row in zip(*ranks, strict=True)]
    friedman = stats.friedmanchisquare(*[list(column) for column in zip(*ranks, strict=True)])
    w = agreement.kendall_w(table)
    assert w.statistic == pytest.approx(float(friedman.statistic), rel=1e-10)
    assert w.p == pytest.approx(float(friedman.pvalue), rel=1e-9)


def test_that_an_attribute_study_counts_misses_and_false_alarms_by_rater() -> None:
    parts = [p for p in range(10) for _ in range(4)]
    raters = ["ann", "ann", "bob", "bob"] * 10
    reference = {p: "bad" if p < 4 else "good" for p in range(10)}
    ratings = [reference[p] for p in parts]
    ratings[2] = ratings[3] = "good"  # bob lets part 0 pass twice
    ratings[38] = "bad"  # and rejects the good part 9 once
    study = attribute_study(parts, raters, ratings, reference, "bad")
    ann, bob = study.raters
    assert (ann.kappa, ann.miss_rate, ann.false_alarm_rate) == (1.0, 0.0, 0.0)
    assert bob.miss_rate == pytest.approx(100 * 2 / 8)
    assert bob.false_alarm_rate == pytest.approx(100 * 1 / 12)
    assert bob.repeatable is not None
    assert bob.effective is not None
    assert (bob.repeatable.matched, bob.effective.matched, bob.effective.n) == (9, 8, 10)
    assert study.all_right is not None
    assert study.all_right.matched == 8
    assert study.trials == 2


def test_that_a_study_without_reference_or_repeats_says_less() -> None:
    study = attribute_study([1, 1, 2, 2], ["a", "b", "a", "b"], [0, 0, 1, 0])
    assert study.all_right is None
    assert (study.raters[0].within, study.raters[0].effective, study.raters[0].miss_rate) == (None, None, None)


@pytest.mark.parametrize(
    "call",
    [
        lambda: attribute_study([], [], []),
        lambda: attribute_study([1], ["a"], [0]),
        lambda: attribute_study([1, 1, 2], ["a", "b", "a"], [0, 0, 0]),
        lambda: attribute_study([1, 1], ["a", "a"], [0, 0], {2: 0}),
        lambda: gage_rr_crossed([[1.0, 2.0], [3.0, 4.0]]),
        lambda: gage_rr_crossed(np.ones((3, 2, 2))),
        lambda: gage_rr_crossed(np.full((3, 2, 2), np.nan)),
        lambda: gage_rr_crossed([[[1.0, 2.0], [1.0]], [[1.0, 2.0], [3.0, 4.0]]]),
        lambda: gage_rr_crossed(STUDY[:, :, :1]),
        lambda: gage_rr_crossed(STUDY, alpha=0.0),
        lambda: gage_rr_crossed(STUDY, Scale(tolerance=-1.0)),
        lambda: crossed_layout(["a", "a"], ["x", "y"], [1.0]),
        lambda: crossed_layout(["a", "a", "b"], ["x", "y", "x"], [1.0, 2.0, 3.0]),
        lambda: nested_layout([1, 1, 2], [1, 1, 1], [1.0, 2.0, 3.0]),
        lambda: gage_rr_nested(np.ones((2, 2, 2))),
        lambda: type1_study([1.0], 1.0, 1.0),
        lambda: type1_study([1.0, 2.0], 1.0, 0.0),
        lambda: type1_study([1.0, 2.0], math.nan, 1.0),
        lambda: linearity_study([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        lambda: linearity_study([1.0, 2.0], [1.0, 2.0]),
        lambda: linearity_study([1.0, 2.0, 3.0], [1.0, math.nan, 3.0]),
        lambda: stability_study([[1.0, 2.0], [1.0], [2.0, 3.0]]),
        lambda: stability_study([[1.0], [2.0]]),
        lambda: agreement.cohen_kappa([1], [1, 2]),
        lambda: agreement.cohen_kappa([None], [1]),
        lambda: agreement.cohen_kappa([1], [2], "cubic"),
        lambda: agreement.cohen_kappa([1], [2], "linear", [1]),
        lambda: agreement.fleiss_kappa([]),
        lambda: agreement.fleiss_kappa([[1], [2]]),
        lambda: agreement.fleiss_kappa([[1, 2], [1]]),
        lambda: agreement.kendall_w([["a", "b"], ["b", "a"]]),
        lambda: agreement.all_agree([[1, 2]], [1, 2]),
    ],
)
def test_that_a_design_without_meaning_is_refused(call: object) -> None:
    with pytest.raises(SpcValueError):
        call()  # type: ignore[operator]
