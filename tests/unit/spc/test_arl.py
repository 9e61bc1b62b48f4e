"""Run lengths against simulation and closed forms, limits found for a wanted run length, false alarms of a plan."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.spc.arl_counts import count_cusum_arl, reference_value
from spc_desktop.spc.arl_mewma import mewma_arl, mewma_limit
from spc_desktop.spc.arl_rules import rule_run_length, simulate
from spc_desktop.spc.arl_shewhart import moving_range_alarm, p_oc, range_oc, range_tail, sd_oc, xbar_oc
from spc_desktop.spc.arl_weighted import cusum_arl, cusum_limit, ewma_arl, ewma_limit
from spc_desktop.spc.autocorrelation import lag1_autocorrelation
from spc_desktop.spc.charts import CHARTS
from spc_desktop.spc.charts.multivariate import variance_factors
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.false_alarms import WatchedChart, expected_false_alarms
from spc_desktop.spc.run_rules import RULE_SETS, Rule, RuleSet

NELSON = RULE_SETS["nelson"]
ZONAL = [
    RULE_SETS["western_electric"],
    RULE_SETS["juran"].pick("juran_1", "juran_2", "juran_6"),
    RULE_SETS["hughes"].pick("hughes_1", "hughes_3", "hughes_4"),
    RULE_SETS["westgard"].pick("westgard_1_3s", "westgard_2_2s", "westgard_R_4s", "westgard_4_1s"),
    NELSON.pick("nelson_2", "nelson_7", "nelson_8"),
    RuleSet("full", (Rule("a", "zone", k=2, n=4, sigma=1.5, options={"window": "full"}), Rule("b", "beyond"))),
    RuleSet(
        "either",
        (Rule("a", "zone", k=3, n=4, sigma=1.5, side="either"), Rule("b", "outside", k=5, sigma=0.7, side="either")),
    ),
    RuleSet("upper", (Rule("a", "beyond", sigma=2.5, side="upper"), Rule("b", "run", k=6))),
]


@pytest.mark.parametrize("shift", [0.0, 0.7])
@pytest.mark.parametrize("rules", ZONAL, ids=lambda r: r.name)
def test_that_the_exact_run_length_agrees_with_simulation(rules, shift):
    exact = rule_run_length(rules, shift)
    simulated = simulate(rules, shift, 3.0, 1.0, 4000, 10**9, 11)
    assert exact.method == "exact"
    assert abs(exact.arl - simulated.arl) < 4 * simulated.se
    assert exact.sdrl == pytest.approx(simulated.sdrl, rel=0.12)
    assert exact.median == pytest.approx(simulated.median, rel=0.12, abs=1)


def test_that_a_trend_rule_is_simulated_with_its_error():
    found = rule_run_length(NELSON.pick("nelson_3"), replications=4000)
    assert found.method == "simulation"
    # A run of 6 rising or falling points; the reference is a simulation of 1e6 points written apart from the engine.
    assert abs(found.arl - _trend_arl()) < 4 * math.hypot(found.se, 3.0)


def _trend_arl():
    rng = np.random.default_rng(99)
    x = rng.random(1_000_000)
    lengths, begin, run = [], 0, 0
    up = np.sign(np.diff(x)).astype(int).tolist()
    i = 1
    while i < len(x):
        move = up[i - 1]
        run = 0 if i == begin else (run + move if run * move > 0 else move)
        if abs(run) == 5:
            lengths.append(i - begin + 1)
            begin, run = i + 1, 0
            i += 1
        i += 1
    return float(np.mean(lengths))


def test_that_the_same_seed_gives_the_same_simulation():
    assert rule_run_length(NELSON, replications=500) == rule_run_length(NELSON, replications=500)
    assert rule_run_length(NELSON, replications=500) != rule_run_length(NELSON, replications=500, seed=2)


def test_that_a_simulation_cut_short_says_so_by_a_wider_error():
    rules = RuleSet("rare", (Rule("x", "beyond", sigma=4.5, options={"limits": "sigma"}), Rule("t", "trend", k=12)))
    found = rule_run_length(rules, replications=200, points=2_000_000)
    assert found.median is None
    assert abs(found.arl - 147_160) < 4 * found.se < math.inf


def test_that_run_lengths_stay_accurate_where_a_solver_loses_its_digits():
    p = xbar_oc(1, 2.4, 1.0).beta
    expected = (1 - p**15) / ((1 - p) * p**15)
    assert rule_run_length(NELSON.pick("nelson_7"), 2.4).arl == pytest.approx(expected, rel=1e-9)
    assert expected > 1e16


@pytest.mark.parametrize("k", [25, 60])
def test_that_a_long_run_rule_shows_although_nothing_happens_at_first(k):
    # Mean time to k heads or tails in a row: 2^k - 1 tosses; with rule 1 as well no longer than by rule 1 alone.
    assert rule_run_length(RuleSet("run", (Rule("r", "run", k=k),))).arl == pytest.approx(2.0**k - 1, rel=1e-9)
    both = rule_run_length(RuleSet("both", (Rule("one", "beyond"), Rule("r", "run", k=k))), 1.5).arl
    p = xbar_oc(1, 1.5).beta
    inside = 1 - math.erfc(1.5 / math.sqrt(2)) / 2 - (1 - p)  # on the upper side and within the limits
    assert both < 1 / (1 - p)
    assert both == pytest.approx(_run_or_beyond(inside, p, k), rel=1e-3)


def _run_or_beyond(above, p, k):
    """ARL of rule 1 or k in a row above; runs below are too rare to matter at a shift of 1.5."""
    below = p - above
    system = np.zeros((k + 1, k + 1))
    for length in range(k):
        system[length, 0] += below
        if length + 1 < k:
            system[length, length + 1] += above
    return float(np.linalg.solve(np.eye(k + 1) - system, np.ones(k + 1))[0])


def test_that_wider_limits_and_scaled_zones_follow_nsigma():
    one = RuleSet("one", (Rule("r", "beyond"),))
    assert rule_run_length(one, nsigma=2.5).arl == pytest.approx(xbar_oc(1, 0.0, 2.5).arl, rel=1e-12)
    zone = Rule("z", "zone", k=1, n=1, sigma=3.0, options={"scale": "limits"})
    assert rule_run_length(RuleSet("z", (zone,)), nsigma=2.5).arl == pytest.approx(xbar_oc(1, 0.0, 2.5).arl, rel=1e-12)


def test_that_more_variation_than_assumed_shortens_the_run():
    rules = RULE_SETS["western_electric"]
    assert rule_run_length(rules, scale=1.2).arl < rule_run_length(rules).arl / 1.5


@settings(max_examples=15, deadline=None)
@given(st.floats(0.05, 0.9), st.floats(2.0, 3.2), st.floats(0.0, 2.0))
def test_that_an_ewma_arl_is_even_in_the_shift_and_falls_with_it(weight, limit, shift):
    arl = ewma_arl(weight, limit, shift)
    assert ewma_arl(weight, limit, -shift) == pytest.approx(arl, rel=1e-9)
    assert ewma_arl(weight, limit, shift + 0.3) < arl
    assert ewma_arl(weight, limit, shift, limits="exact") <= arl * (1 + 1e-9)


def test_that_an_ewma_with_lambda_1_is_a_shewhart_chart():
    for shift in (0.0, 1.0):
        expected = xbar_oc(1, shift).arl
        assert ewma_arl(1.0, 3.0, shift) == pytest.approx(expected, rel=1e-6)
        assert ewma_arl(1.0, 3.0, shift, limits="exact") == pytest.approx(expected, rel=1e-6)
        assert mewma_arl(1, 1.0, 9.0, shift) == pytest.approx(expected, rel=1e-6)


def test_that_a_cusum_with_k_3_and_no_memory_worth_speaking_of_is_one_sided():
    # With h near 0 the sum signals when a single point exceeds k + h.
    assert cusum_arl(2.0, 1e-4, sided="one") == pytest.approx(2 / math.erfc(2.0001 / math.sqrt(2)), rel=1e-3)


def test_that_found_limits_give_the_wanted_run_length():
    assert ewma_arl(0.15, ewma_limit(0.15, 300.0)) == pytest.approx(300.0, rel=1e-8)
    assert ewma_arl(0.15, ewma_limit(0.15, 300.0, limits="exact"), limits="exact") == pytest.approx(300.0, rel=1e-8)
    h = cusum_limit(0.4, 250.0, head_start_share=0.5)
    assert cusum_arl(0.4, h, head_start=h / 2) == pytest.approx(250.0, rel=1e-8)
    assert mewma_arl(3, 0.2, mewma_limit(3, 0.2, 150.0)) == pytest.approx(150.0, rel=1e-8)


@pytest.mark.parametrize("p", [2, 3, 6])
def test_that_the_two_dimensional_equation_meets_the_one_of_the_norm(p):
    h = mewma_limit(p, 0.15, 200.0)
    assert mewma_arl(p, 0.15, h, 1e-7) == pytest.approx(200.0, rel=1e-4)


def test_that_a_shifted_mewma_agrees_with_simulation():
    rng = np.random.default_rng(8)
    p, weight, d, runs = 3, 0.2, 0.8, 4000
    h = mewma_limit(p, weight, 200.0)
    z, lengths, alive = np.zeros((runs, p)), np.zeros(runs), np.ones(runs, dtype=bool)
    for t in range(1, 3000):
        x = rng.normal(size=(runs, p))
        x[:, 0] += d
        z = weight * x + (1 - weight) * z
        out = alive & (np.sum(z * z, axis=1) * (2 - weight) / weight > h)
        lengths[out] = t
        alive &= ~out
        if not alive.any():
            break
    assert abs(mewma_arl(p, weight, h, d) - lengths.mean()) < 4 * lengths.std() / math.sqrt(runs)


@pytest.mark.parametrize("binomial", [True, False])
def test_that_a_count_cusum_agrees_with_simulation(binomial):
    mean, size, h, runs = (0.05, 100.0, 9.0, 3000) if binomial else (4.0, 1.0, 8.0, 3000)
    k = reference_value(binomial, mean, 1.5) * size
    rng = np.random.default_rng(21)
    total, lengths, alive = np.zeros(runs), np.zeros(runs), np.ones(runs, dtype=bool)
    for t in range(1, 5000):
        x = rng.binomial(100, mean, runs) if binomial else rng.poisson(mean, runs)
        total = np.maximum(0, total + x - k)
        out = alive & (total > h)
        lengths[out] = t
        alive &= ~out
        if not alive.any():
            break
    assert count_cusum_arl(binomial, mean, size, k, h) == pytest.approx(lengths.mean(), rel=0.12)


def test_that_the_tail_of_the_range_of_two_is_that_of_a_difference():
    for w in (0.5, 3.686, 9.0):
        assert range_tail(w, 2) == pytest.approx(math.erfc(w / 2), rel=1e-10)
    assert range_tail(0.0, 5) == 1.0
    assert moving_range_alarm() == pytest.approx(0.0091, abs=2e-4)


def test_that_r_and_s_charts_of_two_alarm_alike_in_the_tail_of_the_normal():
    # For n = 2 the range is sqrt(2) S, so both charts signal at the same samples.
    assert range_oc(2, 1.3).arl == pytest.approx(sd_oc(2, 1.3).arl, rel=1e-9)


def test_that_a_p_chart_signals_by_its_limits_and_by_whole_counts_only_if_asked():
    strict, floor = p_oc(50, 0.2313, 0.02), p_oc(50, 0.2313, 0.02, rounding="floor")
    # The lower limit is 2.6 of 50: two defectives signal on the chart, but count as inside when it is rounded down.
    assert strict.beta < floor.beta
    assert p_oc(50, 0.2313, 1.0).arl == 1.0
    assert p_oc(50, 0.01, 0.0).arl == math.inf


def test_that_a_plan_adds_the_alarms_of_all_panels():
    plan = [
        WatchedChart("xbar_r", 16, RULE_SETS["western_electric"], n=5),
        WatchedChart("i_mr", 16),
        WatchedChart("ewma", 16, options={"lambda": 0.1, "nsigma": 2.7}),
        WatchedChart("cusum", 16, options={"h": 4.0, "head_start": 2.0}),
        WatchedChart("p", 0),
        WatchedChart("s", 8, n=4),
        WatchedChart("u", 10, options={"limits": "probability", "alpha": 0.01}),
        WatchedChart("t2_i", 10, options={"alpha": 0.005}),
        WatchedChart("mewma", 10),
        WatchedChart("cusum_c", 10),
    ]
    found = expected_false_alarms(plan)
    assert found[0].per_shift == pytest.approx(16 / 91.7508 + 16 / 217.247, rel=1e-4)
    assert found[1].per_shift == pytest.approx(16 * (0.0026998 + moving_range_alarm()), rel=1e-4)
    assert found[2].arl0["ewma"] == pytest.approx(356.095, rel=1e-5)
    assert found[3].arl0["cusum"] == pytest.approx(148.6956, rel=1e-5)
    assert found[4].per_shift == 0
    assert list(found[5].arl0) == ["s"]
    assert found[6].per_shift == pytest.approx(0.1)
    assert found[7].per_shift == pytest.approx(0.05)
    assert found[8].arl0["mewma"] == pytest.approx(200.0)
    assert found[9].arl0["cusum"] == 370.0
    simulated = expected_false_alarms([WatchedChart("xbar_s", 10, NELSON)])[0]
    assert 0 < simulated.se < 0.02 * simulated.per_shift


@pytest.mark.parametrize(
    ("chart", "reason"),
    [
        ("run", "limits follow the length of the series"),
        ("acceptance", "depends on where the process runs"),
        ("pre_control", "depends on the process capability"),
        ("astrology", "one of p, np"),
    ],
)
def test_that_a_plan_refuses_charts_whose_false_alarms_are_not_defined_with_the_reason(chart, reason):
    with pytest.raises(SpcValueError, match=reason) as caught:
        expected_false_alarms([WatchedChart(chart, 5)])
    assert caught.value.argument == "chart"


def signals_per_point(name, limits, data, panel=-1):
    """Share of the points of a long series that a chart signals: for memoryless charts one over its ARL."""
    chart = CHARTS[name]
    found = chart.monitor(limits).run(data).panels[panel].signals
    return len(found["nelson_1"]) / len(data)


def test_that_false_alarms_of_charts_without_run_rules_agree_with_the_charts_themselves():
    rng = np.random.default_rng(17)
    m = 200_000
    times, variables = rng.exponential(5.0, m), rng.normal(size=(m, 10))
    roots = math.gamma(1 + 1 / 3.6), math.gamma(1 + 2 / 3.6)
    nelson = {"center": 5 ** (1 / 3.6) * roots[0], "sigma": 5 ** (1 / 3.6) * math.sqrt(roots[1] - roots[0] ** 2)}
    cases = [
        ("t", CHARTS["t"].given(nelson), times, {}),
        (
            "t",
            CHARTS["t"].given({"mean": 5.0}, {"method": "exponential", "nsigma": 2.0}),
            times,
            {"method": "exponential", "nsigma": 2.0},
        ),
        ("g", CHARTS["g"].given({"p": 1e-4}), rng.geometric(1e-4, m) - 1.0, {}),
        (
            "generalized_variance",
            CHARTS["generalized_variance"].given({"det": variance_factors(2, 5)[0], "n": 5, "variables": 2}),
            variables,
            {},
        ),
    ]
    for name, limits, data, options in cases:
        share = signals_per_point(name, limits, data)
        expected = expected_false_alarms([WatchedChart(name, 1.0, options=options)])[0]
        assert share == pytest.approx(expected.per_shift, abs=4 * math.sqrt(expected.per_shift / m)), name
    exact, simulated = (
        expected_false_alarms([WatchedChart("generalized_variance", 1.0, n=9, options=o)])[0]
        for o in ({"variables": 2}, {"variables": 3})
    )
    assert exact.se == 0 < simulated.se < 0.05 * simulated.per_shift


def first_signals(name, options, runs, length, seed):
    """Run lengths of a chart on independent normal values, each run in a stage of its own."""
    chart = CHARTS[name]
    monitor = chart.monitor(chart.given({"center": 0.0, "sigma": 1.0}, options))
    data, found = np.random.default_rng(seed).normal(size=(runs, length)), []
    for row in data:
        hits = monitor.run(row).panels[-1].signals["nelson_1"]
        found.append(hits[0] + 1 if hits.size else length)
    return np.array(found, dtype=float)


@pytest.mark.parametrize(
    ("name", "options", "length", "key"),
    [
        ("zone", {}, 1200, "score"),
        ("zone", {"scores": [1.0, 2.0, 4.0, 8.0]}, 600, "score"),
        ("moving_average", {"span": 4, "nsigma": 2.0}, 400, "ma"),
    ],
)
def test_that_run_lengths_of_scores_and_moving_averages_agree_with_the_charts_themselves(name, options, length, key):
    seen = first_signals(name, options, 600, length, 5)
    arl = expected_false_alarms([WatchedChart(name, 1.0, options=options)])[0].arl0[key]
    assert seen.mean() == pytest.approx(arl, abs=4.5 * seen.std() / math.sqrt(len(seen)))


def test_that_a_plan_refuses_a_negative_sampling_rate():
    with pytest.raises(SpcValueError, match="samples_per_shift"):
        expected_false_alarms([WatchedChart("p", -1)])


def test_that_autocorrelation_warns_of_a_drift_and_not_of_noise():
    rng = np.random.default_rng(6)
    noise = rng.normal(size=200)
    drift = np.convolve(noise, [1, 0.9, 0.8], "valid")
    assert not lag1_autocorrelation(noise).warns
    assert lag1_autocorrelation(drift).warns
    x = noise - noise.mean()
    assert lag1_autocorrelation(noise).r1 == pytest.approx(float(x[1:] @ x[:-1] / (x @ x)), rel=1e-12)


def test_that_autocorrelation_bridges_no_gap_and_no_stage():
    x = np.array([1.0, 2.0, np.nan, 2.5, 1.5, 9.0, 8.0, 8.5])
    breaks = np.zeros(8, dtype=bool)
    breaks[5] = True
    found = lag1_autocorrelation(x, breaks)
    a, b = x[[0, 1, 3, 4]] - 1.75, x[5:] - 8.5
    expected = (a[0] * a[1] + a[2] * a[3] + b[0] * b[1] + b[1] * b[2]) / (a @ a + b @ b)
    assert found.r1 == pytest.approx(expected)
    assert found.n == 7
    assert lag1_autocorrelation(np.full(5, 2.0)).r1 is None


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: rule_run_length(RuleSet("none", ())), "rule_set"),
        (lambda: rule_run_length(RULE_SETS["anhoj"]), "rule_set"),
        (lambda: rule_run_length(NELSON, math.nan), "shift"),
        (lambda: rule_run_length(NELSON, nsigma=0), "nsigma"),
        (lambda: rule_run_length(NELSON, scale=-1), "scale"),
        (lambda: rule_run_length(NELSON, replications=3), "replications"),
        (lambda: rule_run_length(RuleSet("bad", (replace(NELSON.rules[1], k=0),))), "k"),
        (lambda: ewma_arl(0.0, 3.0), "lambda"),
        (lambda: ewma_arl(0.1, 3.0, limits="wide"), "limits"),
        (lambda: ewma_arl(0.001, 3.0, limits="exact"), "lambda"),
        (lambda: ewma_limit(0.1, 1.0), "arl0"),
        (lambda: cusum_arl(-1.0, 4.0), "k"),
        (lambda: cusum_arl(0.5, 4.0, head_start=4.0), "head_start"),
        (lambda: cusum_arl(0.5, 4.0, sided="three"), "sided"),
        (lambda: mewma_arl(0, 0.1, 9.0), "p"),
        (lambda: mewma_arl(2, 0.001, 9.0), "lambda"),
        (lambda: mewma_arl(2, 0.02, 9.0, 1.0), "lambda"),
        (lambda: mewma_arl(2, 0.1, 9.0, -1.0), "noncentrality"),
        (lambda: xbar_oc(0, 1.0), "n"),
        (lambda: range_oc(1), "n"),
        (lambda: sd_oc(5, 0.0), "ratio"),
        (lambda: p_oc(10, 0.0, 0.1), "center"),
        (lambda: p_oc(10, 0.1, 1.1), "p"),
        (lambda: lag1_autocorrelation(np.array([1.0, 2.0])), "values"),
        (lambda: lag1_autocorrelation(np.array([1.0, np.inf, 2.0])), "values"),
    ],
)
def test_that_arguments_without_meaning_are_refused_by_name(call, argument):
    with pytest.raises(SpcValueError) as caught:
        call()
    assert caught.value.argument == argument
