"""Charts that remember, short-run charts, zone, acceptance and pre-control, each against its definition."""

import math

import numpy as np
import pytest
from scipy import stats

from spc_desktop.spc import constants as k
from spc_desktop.spc.charts import CHARTS, Observation
from spc_desktop.spc.errors import SpcValueError

NAN = math.nan
X = [10.4, 9.1, 11.2, 10.0, 8.7, 12.3, 9.9, 10.1]


def run(name, data, params, options=None, rules=None):
    chart = CHARTS[name]
    return chart.monitor(chart.given(params, options), rules).run(data).panels


def test_that_a_moving_average_averages_what_there_is():
    (panel,) = run("moving_average", X, {"center": 10.0, "sigma": 2.0}, {"span": 3})
    expected = [np.mean(X[max(0, i - 2) : i + 1]) for i in range(len(X))]
    assert panel.value == pytest.approx(expected, rel=1e-14)
    widths = [6 / math.sqrt(min(i + 1, 3)) for i in range(len(X))]
    assert panel.ucl - 10 == pytest.approx(widths, rel=1e-12)


def test_that_a_moving_average_weights_its_width_by_the_sizes_of_its_subgroups():
    data = [[10.0, 12.0, NAN], [9.0, 10.0, 11.0], [13.0, NAN, NAN]]
    (panel,) = run("moving_average", data, {"center": 10.0, "sigma": 2.0}, {"span": 2})
    assert panel.value == pytest.approx([11.0, 10.5, 11.5])
    assert panel.sigma == pytest.approx([2 * math.sqrt(v) for v in (1 / 2, (1 / 2 + 1 / 3) / 4, (1 / 3 + 1) / 4)])


def test_that_an_ewma_is_the_weighted_sum_with_its_exact_variance():
    weight, center = 0.3, 10.0
    (panel,) = run("ewma", X, {"center": center, "sigma": 2.0}, {"lambda": weight, "nsigma": 2.7})
    for i, (value, sigma) in enumerate(zip(panel.value, panel.sigma, strict=True)):
        parts = [weight * (1 - weight) ** j * X[i - j] for j in range(i + 1)]
        assert value == pytest.approx(sum(parts) + (1 - weight) ** (i + 1) * center, rel=1e-13)
        variance = weight / (2 - weight) * (1 - (1 - weight) ** (2 * i + 2))
        assert sigma == pytest.approx(2.0 * math.sqrt(variance), rel=1e-13)
    assert panel.ucl == pytest.approx(center + 2.7 * panel.sigma, rel=1e-14)
    (whole,) = run("ewma", X, {"center": center, "sigma": 2.0}, {"lambda": 1.0})
    assert whole.value == pytest.approx(X)


def test_that_an_ewma_of_subgroups_of_any_size_has_the_variance_of_its_sum():
    data = [[10.0, 12.0, NAN], [9.0, 10.0, 11.0], [13.0, NAN, NAN]]
    (panel,) = run("ewma", data, {"center": 10.0, "sigma": 2.0}, {"lambda": 0.5})
    variance = [0.25 / 2, 0.25 / 3 + 0.0625 / 2, 0.25 + 0.0625 / 3 + 0.015625 / 2]
    assert panel.sigma == pytest.approx([2 * math.sqrt(v) for v in variance], rel=1e-14)


def test_that_a_cusum_adds_what_exceeds_k_and_never_goes_below_zero():
    upper, lower = run("cusum", X, {"center": 10.0, "sigma": 2.0}, {"k": 0.25, "h": 1.0, "head_start": 0.5})
    up = down = 0.5
    for i, value in enumerate(X):
        z = (value - 10) / 2
        up, down = max(0.0, up + z - 0.25), max(0.0, down - z - 0.25)
        assert (upper.value[i], lower.value[i]) == pytest.approx((up, down), abs=1e-12)
    assert upper.signals["nelson_1"].tolist() == [i for i, v in enumerate(upper.value) if v > 1.0]
    assert np.isnan(upper.lcl).all()


def test_that_a_cusum_of_subgroups_counts_in_deviations_of_the_mean():
    upper, _ = run("cusum", [[11.0, 11.0, 11.0, 11.0], [11.0, NAN, NAN, NAN]], {"center": 10.0, "sigma": 1.0})
    assert upper.value.tolist() == [1.5, 2.0]


def test_that_time_weighted_charts_estimate_by_the_kind_of_data_and_take_a_target():
    chart = CHARTS["cusum"]
    single = chart.estimate(X, {"target": 10.0})
    assert single.provenance.estimator == "mrbar"
    assert single.params == {"center": 10.0, "sigma": np.abs(np.diff(X)).mean() / k.d2(2)}
    groups = np.reshape(X, (4, 2))
    assert chart.estimate(groups).provenance.estimator == "pooled_c4"
    assert chart.estimate(groups).params["center"] == pytest.approx(np.mean(X))
    assert chart.estimate(groups, {"estimator": "rbar"}).provenance.estimator == "rbar"
    with pytest.raises(SpcValueError, match="target: a finite number"):
        chart.estimate(X, {"target": "ten"})


PARTS = [(5.0, "a"), (5.2, "a"), (50.0, "b"), (51.0, "b"), (49.0, "b"), (5.1, "a"), (4.8, "a")]
ROWS = [Observation((value,), part=part) for value, part in PARTS]


def test_that_z_mr_standardises_by_part_and_joins_its_runs():
    limits = CHARTS["z_mr"].estimate(ROWS)
    assert limits.params["means"] == pytest.approx({"a": 5.025, "b": 50.0})
    assert limits.params["sigmas"] == pytest.approx({"a": np.mean([0.2, 0.1, 0.3]) / k.d2(2), "b": 1.5 / k.d2(2)})
    z, moved = CHARTS["z_mr"].monitor(limits).run(ROWS).panels
    assert z.value[2:5] == pytest.approx([0.0, k.d2(2) / 1.5, -k.d2(2) / 1.5])
    assert moved.value[1:] == pytest.approx(np.abs(np.diff(z.value)))
    assert moved.ucl[0] == pytest.approx(k.constants(2).D2)


def test_that_z_mr_by_run_uses_each_run_and_then_the_last_of_its_part():
    limits = CHARTS["z_mr"].estimate(ROWS, {"sigma_method": "by_run", "center": "run"})
    assert [(part, round(mean, 6)) for part, mean, _ in limits.params["runs"]] == [("a", 5.1), ("b", 50.0), ("a", 4.95)]
    assert [sigma for *_, sigma in limits.params["runs"]] == pytest.approx([s / k.d2(2) for s in (0.2, 1.5, 0.3)])
    monitor = CHARTS["z_mr"].monitor(limits)
    state = monitor.run(ROWS).state
    state, _ = monitor.step(state, Observation((50.0,), part="b"))
    _, point = monitor.step(state, Observation((4.95,), part="a"))
    assert point.panels[0].value == pytest.approx(0.0, abs=1e-12)


def test_that_a_run_without_a_spread_of_its_own_takes_that_of_its_part():
    rows = [*ROWS, Observation((50.5,), part="b")]
    runs = CHARTS["z_mr"].estimate(rows, {"sigma_method": "by_run"}).params["runs"]
    assert runs[3][2] == CHARTS["z_mr"].estimate(rows).params["sigmas"]["b"]


def test_that_z_mr_relative_to_size_uses_logarithms():
    limits = CHARTS["z_mr"].estimate(ROWS, {"sigma_method": "relative"})
    logs = np.log([value for value, _ in PARTS])
    moved = [abs(np.diff(logs[[0, 1, 5, 6]])), abs(np.diff(logs[2:5]))]
    assert limits.params["sigmas"]["a"] == pytest.approx(np.mean(np.concatenate(moved)) / k.d2(2))
    monitor = CHARTS["z_mr"].monitor(limits)
    with pytest.raises(SpcValueError, match="above 0 where sigma is relative to size"):
        monitor.step(monitor.start(), Observation((-1.0,), part="a"))
    with pytest.raises(SpcValueError, match="above 0 where sigma is relative to size"):
        CHARTS["z_mr"].estimate([Observation((v,), part="a") for v in (1.0, 0.0)], {"sigma_method": "relative"})


def test_that_an_unknown_part_is_refused_by_name():
    for name, params in (
        ("z_mr", {"means": {"a": 1.0}, "sigmas": {"a": 1.0}}),
        ("dnom_i_mr", {"center": 0.0, "sigma": 1.0, "nominals": {"a": 1.0}}),
    ):
        monitor = CHARTS[name].monitor(CHARTS[name].given(params))
        with pytest.raises(SpcValueError, match="part: one of 'a', got 'c'"):
            monitor.step(monitor.start(), Observation((1.0,), part="c"))
        with pytest.raises(SpcValueError, match="part: one of 'a', got 'c'"):
            monitor.run([Observation((1.0,), part="c")])


def test_that_dnom_plots_deviations_from_the_nominal():
    rows = [
        Observation((10.1, 10.3), part="a"),
        Observation((20.0, 19.8), part="b"),
        Observation((9.9, 10.0), part="a"),
    ]
    limits = CHARTS["dnom_xbar_r"].estimate(rows, {"nominals": {"a": 10.0, "b": 20.0}})
    xbar, ranges = CHARTS["dnom_xbar_r"].monitor(limits).run(rows).panels
    assert xbar.value == pytest.approx([0.2, -0.1, -0.05])
    assert ranges.value == pytest.approx([0.2, 0.2, 0.1])
    assert xbar.ucl[0] == pytest.approx(np.mean(xbar.value) + k.constants(2).A2 * np.mean(ranges.value))
    without = CHARTS["dnom_xbar_r"].estimate(rows, {"nominals": {"b": 20.0}})
    assert without.params["nominals"] == pytest.approx({"a": 10.075, "b": 20.0})


def test_that_a_zone_score_adds_up_on_one_side_and_starts_anew_across_the_centre():
    data = [0.5, 1.5, 2.5, -0.5, -1.0, -1.5, 0.0, -2.5, 3.5]
    mean, score = run("zone", data, {"center": 0.0, "sigma": 1.0})
    assert score.value.tolist() == [0.0, 2.0, 6.0, 0.0, 0.0, 2.0, 2.0, 6.0, 8.0]
    assert score.signals["nelson_1"].tolist() == [8]
    assert mean.value.tolist() == data


def test_that_a_zone_score_reaching_the_threshold_signals_and_may_start_anew():
    data = [2.5, 2.5, 2.5]
    kept = run("zone", data, {"center": 0.0, "sigma": 1.0})[1]
    anew = run("zone", data, {"center": 0.0, "sigma": 1.0}, {"reset": True})[1]
    assert kept.value.tolist() == [4.0, 8.0, 12.0]
    assert kept.signals["nelson_1"].tolist() == [1, 2]
    assert anew.value.tolist() == [4.0, 8.0, 4.0]


def test_that_acceptance_limits_keep_both_risks():
    params = {"sigma": 1.0, "lsl": 0.0, "usl": 20.0}
    n = 4
    (accept,) = run("acceptance", [[10.0] * n], params, {"fraction": 0.01, "risk": 0.05})
    center = 20.0 - stats.norm.isf(0.01)
    assert stats.norm.sf(accept.ucl[0], center, 1 / math.sqrt(n)) == pytest.approx(0.05, rel=1e-9)
    assert accept.lcl[0] == pytest.approx(20.0 - accept.ucl[0])
    (reject,) = run("acceptance", [[10.0] * n], params, {"method": "rejectable", "fraction": 0.1, "risk": 0.1})
    center = 20.0 - stats.norm.isf(0.1)
    assert stats.norm.cdf(reject.ucl[0], center, 1 / math.sqrt(n)) == pytest.approx(0.1, rel=1e-9)
    (one_sided,) = run("acceptance", [[10.0] * n], {"sigma": 1.0, "usl": 20.0})
    assert np.isnan(one_sided.lcl[0])
    assert one_sided.ucl[0] == pytest.approx(20 - 3 + 3 / 2, rel=1e-4)
    narrow = {"sigma": 1.0, "lsl": 0.0, "usl": 3.0}
    (crossed,) = run("acceptance", [[1.0, 2.0]], narrow, {"method": "rejectable", "fraction": 0.1, "risk": 0.1})
    assert np.isnan([crossed.lcl[0], crossed.ucl[0]]).all()


def test_that_acceptance_takes_its_sigma_from_the_data_and_its_specification_from_the_options():
    data = [[9.0, 11.0], [10.0, 12.0], [9.5, 10.0]]
    limits = CHARTS["acceptance"].estimate(data, {"usl": 30.0})
    assert limits.params == {"sigma": np.mean([2.0, 2.0, 0.5]) / k.d2(2), "usl": 30.0}


def test_that_pre_control_tells_red_shift_and_spread():
    # Specification 0 to 8: green 2 to 6, yellow outside of it, red outside 0 to 8.
    data = [4.0, 2.0, 6.5, 4.0, 6.5, 7.0, 1.0, 4.0, 8.0, 8.1]
    (panel,) = run("pre_control", data, {"lsl": 0.0, "usl": 8.0})
    assert panel.signals["precontrol_red"].tolist() == [9]
    assert panel.signals["precontrol_shift"].tolist() == [5, 9]
    assert panel.signals["precontrol_spread"].tolist() == [6]
    limits = CHARTS["pre_control"].estimate(data, {"lsl": 0.0, "usl": 8.0})
    assert limits.params == {"lsl": 0.0, "usl": 8.0}
