"""Charts of measurements: limits by their definitions, sizes that vary, phases, exclusions, and how limits follow the data."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from spc_desktop.spc import constants as k
from spc_desktop.spc.charts import CHARTS, Observation
from spc_desktop.spc.charts.engine import estimate_stages
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.phase1 import phase_one
from spc_desktop.spc.run_rules import RULE_SETS

NAN = math.nan
# Printed example: NIST/SEMATECH e-Handbook 6.3.2.2, flow rate.
FLOW = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]


def lines(name, data, options=None, params=None, panel=0):
    chart = CHARTS[name]
    limits = chart.estimate(data, options) if params is None else chart.given(params, options)
    run = chart.monitor(limits).run(data).panels[panel]
    return limits, run


def test_that_individuals_follow_the_printed_example():
    limits, run = lines("i_mr", FLOW, {"constants": "aiag"})
    assert limits.params["center"] == pytest.approx(50.81)
    assert run.ucl[0] == pytest.approx(55.8041, abs=2e-3)
    assert run.lcl[0] == pytest.approx(45.8159, abs=2e-3)


def test_that_aiag_limits_are_the_ones_calculated_by_hand():
    data = np.array([[10.0, 12.0, 11.0, 13.0, 12.0], [11.0, 11.0, 14.0, 12.0, 10.0], [9.0, 12.0, 12.0, 11.0, 13.0]])
    center, average = data.mean(), np.ptp(data, axis=1).mean()
    _, xbar = lines("xbar_r", data, {"constants": "aiag"})
    _, ranges = lines("xbar_r", data, {"constants": "aiag"}, panel=1)
    assert xbar.ucl[0] == pytest.approx(center + 0.577 * average, rel=1e-12)
    assert (ranges.lcl[0], ranges.ucl[0]) == pytest.approx((0.0, 2.114 * average), rel=1e-12)
    sds = np.std(data, axis=1, ddof=1).mean()
    _, xbar = lines("xbar_s", data, {"constants": "aiag"})
    _, deviations = lines("xbar_s", data, {"constants": "aiag"}, panel=1)
    assert xbar.lcl[0] == pytest.approx(center - 1.427 * sds, rel=1e-12)
    assert deviations.ucl[0] == pytest.approx(2.089 * sds, rel=1e-12)
    moved = np.abs(np.diff(FLOW)).mean()
    _, single = lines("i_mr", FLOW, {"constants": "aiag"})
    _, moving = lines("i_mr", FLOW, {"constants": "aiag"}, panel=1)
    assert single.ucl[0] == pytest.approx(np.mean(FLOW) + 2.659 * moved, rel=1e-3)
    assert moving.ucl[0] == pytest.approx(3.267 * moved, rel=1e-12)


def test_that_lines_follow_the_size_of_each_subgroup():
    params = {"center": 10.0, "sigma": 2.0}
    data = [[9.0, 10.0, 12.0], [11.0, 10.0, NAN], [9.0, NAN, NAN], [NAN, NAN, NAN]]
    _, xbar = lines("xbar_r", data, params=params)
    _, ranges = lines("xbar_r", data, params=params, panel=1)
    assert xbar.ucl.tolist() == pytest.approx([10 + 6 / math.sqrt(3), 10 + 6 / math.sqrt(2), 16.0, NAN], nan_ok=True)
    assert xbar.sigma.tolist() == pytest.approx([2 / math.sqrt(3), 2 / math.sqrt(2), 2.0, NAN], nan_ok=True)
    assert ranges.value.tolist() == pytest.approx([3.0, 1.0, NAN, NAN], nan_ok=True)
    assert ranges.center.tolist() == pytest.approx([2 * k.d2(3), 2 * k.d2(2), NAN, NAN], nan_ok=True)
    _, deviations = lines("s", data, params={"sigma": 2.0})
    assert deviations.center.tolist() == pytest.approx([2 * k.c4(3), 2 * k.c4(2), NAN, NAN], nan_ok=True)


@pytest.mark.parametrize("alpha", [0.0027, 0.05])
def test_that_probability_limits_leave_alpha_outside(alpha):
    options = {"limits": "probability", "alpha": alpha}
    data = [[1.0, 2.0, 4.0, 3.0]]
    params = {"center": 0.0, "sigma": 2.0}
    _, xbar = lines("xbar_r", data, options, params)
    assert stats.norm.sf(xbar.ucl[0], 0, 1.0) == pytest.approx(alpha / 2, rel=1e-9)
    _, ranges = lines("r", data, options, {"sigma": 2.0})
    assert stats.studentized_range.sf(ranges.ucl[0] / 2, 4, np.inf) == pytest.approx(alpha / 2, rel=1e-6)
    assert stats.studentized_range.cdf(ranges.lcl[0] / 2, 4, np.inf) == pytest.approx(alpha / 2, rel=1e-6)
    _, deviations = lines("s", data, options, {"sigma": 2.0})
    assert stats.chi2.sf(3 * (deviations.ucl[0] / 2) ** 2, 3) == pytest.approx(alpha / 2, rel=1e-9)
    assert stats.chi2.cdf(3 * (deviations.lcl[0] / 2) ** 2, 3) == pytest.approx(alpha / 2, rel=1e-9)


def test_that_wider_limits_leave_the_zones_where_they_are():
    _, three = lines("i_mr", FLOW)
    _, four = lines("i_mr", FLOW, {"nsigma": 4.0})
    assert four.sigma[0] == three.sigma[0]
    assert four.ucl[0] - four.center[0] == pytest.approx(4 * four.sigma[0], rel=1e-14)


def test_that_a_point_on_the_limit_is_inside_and_one_above_is_not():
    chart = CHARTS["i_mr"]
    monitor = chart.monitor(chart.given({"center": 0.0, "sigma": 1.0}))
    run = monitor.run([3.0, math.nextafter(3.0, 4.0), -3.0, -3.0000001])
    assert run.panels[0].signals["nelson_1"].tolist() == [1, 3]


def test_that_median_charts_take_the_middle_and_its_own_width():
    data = np.array([[1.0, 9.0, 4.0], [2.0, 3.0, 8.0], [5.0, 5.0, 1.0]])
    limits, run = lines("median", data)
    assert run.value.tolist() == [4.0, 3.0, 5.0]
    assert run.ucl[0] - run.center[0] == pytest.approx(
        k.constants(3).A2_median * np.ptp(data, axis=1).mean(), rel=1e-12
    )
    assert limits.params["center"] == 4.0
    even = lines("median", np.array([[4.0, 1.0, 2.0, 8.0], [1.0, 2.0, 3.0, 9.0]]))[1]
    assert even.value.tolist() == [3.0, 2.5]


def test_that_exclusions_and_missing_values_are_the_same_to_an_estimator():
    data = [1.0, 4.0, 2.0, 9.0, 3.0, 5.0]
    chart = CHARTS["i_mr"]
    excluded = chart.estimate(data, exclusions={3: "spilled"})
    missing = chart.estimate([1.0, 4.0, 2.0, NAN, 3.0, 5.0])
    flagged = chart.estimate([Observation((v,), excluded=v == 9.0) for v in data])
    assert excluded.params == missing.params == flagged.params
    assert excluded.params["sigma"] == pytest.approx(np.mean([3.0, 2.0, 2.0]) / k.d2(2))


def test_that_a_frozen_baseline_judges_later_points_without_learning_from_them():
    data = [*FLOW, 90.0, 10.0]
    chart = CHARTS["i_mr"]
    frozen = chart.estimate(data, baseline=range(10))
    assert frozen.params == chart.estimate(FLOW).params
    assert chart.monitor(frozen).run(data).panels[0].signals["nelson_1"].tolist() == [10, 11]


def test_that_stages_have_limits_of_their_own_and_no_moving_range_between_them():
    rows = [Observation((v,), stage=s) for v, s in zip([1.0, 2.0, 4.0, 50.0, 51.0, 53.0], "AAABBB", strict=True)]
    limits = estimate_stages(CHARTS["i_mr"], rows, exclusions={0: "start"})
    assert limits["A"].params == {"center": 3.0, "sigma": 2.0 / k.d2(2)}
    assert limits["B"].params["center"] == pytest.approx(51.0 + 1 / 3)
    assert limits["A"].provenance.exclusions == ((0, "start"),)
    pooled = CHARTS["i_mr"].estimate(rows)
    assert pooled.params["sigma"] == pytest.approx(1.5 / k.d2(2))


def test_that_between_and_within_variation_come_apart():
    rng = np.random.default_rng(5)
    data = 100 + rng.normal(0, 3, (4000, 1)) + rng.normal(0, 1, (4000, 4))
    params = CHARTS["i_mr_r"].estimate(data).params
    assert params["sigma_within"] == pytest.approx(1.0, rel=0.03)
    assert params["sigma_between"] == pytest.approx(3.0, rel=0.05)
    assert params["sigma_between_within"] == pytest.approx(math.sqrt(10), rel=0.05)
    calm = 100 + rng.normal(0, 1, (40, 4))
    assert (
        CHARTS["i_mr_s"].estimate(calm - calm.mean(axis=1, keepdims=True) + 1e-9 * calm).params["sigma_between"] == 0.0
    )


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["xbar_r", "xbar_s", "median", "i_mr_r", "i_mr_s"]),
    st.lists(st.lists(st.integers(-400, 400), min_size=2, max_size=5), min_size=3, max_size=12),
    st.sampled_from([0.25, 1.0, 8.0]),
    st.randoms(use_true_random=False),
)
def test_that_limits_ignore_order_within_subgroups_and_follow_shift_and_scale(name, groups, scale, random):
    width = max(map(len, groups))
    data = np.array([[v / 8 for v in row] + [NAN] * (width - len(row)) for row in groups])
    chart = CHARTS[name]
    try:
        limits = chart.estimate(data)
    except SpcValueError:
        return  # values that do not vary
    shuffled = np.array([random.sample(list(row), width) for row in data])
    assert chart.estimate(shuffled).params == pytest.approx(limits.params, rel=1e-9, abs=1e-9)
    moved = chart.estimate(data * scale + 64.0).params
    expected = {key: value * scale for key, value in limits.params.items()}
    expected["center"] += 64.0
    assert moved == pytest.approx(expected, rel=1e-7, abs=1e-5)
    exact = chart.estimate(data * scale).params
    assert exact == {key: value * scale for key, value in limits.params.items()}


def test_that_phase_one_leaves_out_what_is_beyond_and_nothing_bridges_it():
    data = [10.0, 11.0, 9.5, 40.0, 10.5, 9.0, 11.5, 10.0, 10.2, 9.9, 25.0, 10.4]
    found = phase_one(CHARTS["i_mr"], data)
    assert set(found.exclusions) == {3, 10}
    assert found.settled
    assert found.limits.params == CHARTS["i_mr"].estimate([NAN if v in {40.0, 25.0} else v for v in data]).params
    assert found.exclusions[3] == "phase I, round 1"
    assert found.rounds[-1].excluded == ()


def test_that_phase_one_uses_the_rules_and_panels_it_is_given():
    data = [*[0.0, 1.0] * 12, *[0.9, 0.8] * 6]
    assert phase_one(CHARTS["i_mr"], data).exclusions == {}
    by_runs = phase_one(CHARTS["i_mr"], data, rules=RULE_SETS["nelson"].pick("nelson_2"))
    assert 32 in by_runs.exclusions
    hopeless = phase_one(CHARTS["i_mr"], [0.0, 1.0, 0.0, 1.0, *[3.0, 3.1] * 5, 0.0, 1.0], rules=RULE_SETS["nelson"])
    assert not hopeless.settled
    jump = [*[10.0, 10.1] * 8, *[11.0, 11.1] * 8]
    assert 16 in phase_one(CHARTS["i_mr"], jump, panels=["mr"]).exclusions


def test_that_phase_one_keeps_earlier_exclusions_and_counts_its_rounds():
    found = phase_one(CHARTS["i_mr"], [1.0, 2.0, 1.5, 99.0, 1.2, 1.9], exclusions={3: "typing error"})
    assert found.exclusions == {3: "typing error"}
    assert len(found.rounds) == 1
    cut = phase_one(CHARTS["i_mr"], [10.0, 11.0, 9.5, 40.0, 10.5, 9.0, 11.5, 10.0], most_rounds=1)
    assert not cut.settled
    with pytest.raises(SpcValueError, match="panels of this chart: i, mr"):
        phase_one(CHARTS["i_mr"], FLOW, panels=["xbar"])
    with pytest.raises(SpcValueError, match="most_rounds: at least 1"):
        phase_one(CHARTS["i_mr"], FLOW, most_rounds=0)
    with pytest.raises(SpcValueError, match="one stage"):
        phase_one(CHARTS["i_mr"], [Observation((1.0,), stage=s) for s in "AB"])


def test_that_a_million_points_take_less_than_ten_times_their_memory():
    import tracemalloc

    values = np.random.default_rng(1).normal(size=1_000_000)
    chart = CHARTS["i_mr"]
    monitor = chart.monitor(chart.given({"center": 0.0, "sigma": 1.0}), RULE_SETS["nelson"])
    tracemalloc.start()
    run = monitor.run(values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert run.panels[0].signals["nelson_1"].size > 2000
    assert peak < 10 * values.nbytes


@pytest.mark.parametrize("name", ["xbar_r", "xbar_s", "ewma"])
def test_that_equal_measurements_lie_exactly_on_a_centre_of_that_value(name):
    """0.1 three times has a plain sum of 0.30000000000000004: a run of such means would be a run above the centre."""
    chart = CHARTS[name]
    rules = {} if name == "ewma" else RULE_SETS["nelson"].pick("nelson_2")
    panels = chart.monitor(chart.given({"center": 0.1, "sigma": 1.0}), rules).run(np.full((20, 3), 0.1)).panels
    assert (panels[0].value == 0.1).all()
    assert not any(found.size for found in panels[0].signals.values())


def test_that_digits_far_from_zero_are_kept():
    data = 1e9 + np.array([[1.0, 2.0, 4.0], [2.0, 3.0, 3.0]]) / 1024
    params = CHARTS["xbar_s"].estimate(data).params
    near = CHARTS["xbar_s"].estimate(data - 1e9).params
    assert params["sigma"] == pytest.approx(near["sigma"], rel=1e-12)
