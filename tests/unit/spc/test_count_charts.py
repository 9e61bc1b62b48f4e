"""Charts of counts, rare events, runs and several variables: batch against streaming, limits by hand, what is refused."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.spc.charts import CHARTS, Observation
from spc_desktop.spc.charts.run_chart import analyse
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RULE_SETS

COUNTED = ("p", "np", "laney_p", "ewma_p", "cusum_p", "u", "laney_u", "ewma_u", "cusum_u", "c", "ewma_c", "cusum_c")
SINGLE = ("g", "t", "run")
MULTIVARIATE = ("t2", "t2_i", "mewma", "generalized_variance")
QUICK = {"cusum_p": {"h": 8.0}, "cusum_u": {"h": 8.0}, "cusum_c": {"h": 8.0}, "mewma": {"h": 9.0}}
VARIANTS = [
    *((name, QUICK.get(name, {})) for name in (*COUNTED, *SINGLE, *MULTIVARIATE)),
    ("p", {"limits": "probability"}),
    ("c", {"limits": "probability"}),
    ("u", {"limits": "probability"}),
    ("laney_u", {"screened": True}),
    ("ewma_p", {"variance": "asymptotic", "lambda": 0.1, "nsigma": 2.7}),
    ("cusum_u", {"h": 6.0, "head_start": 0.5}),
    ("g", {"limits": "probability", "estimator": "mvu"}),
    ("t", {"method": "weibull"}),
    ("t", {"method": "exponential"}),
    ("t2", {"phase": "1"}),
    ("t2_i", {"phase": "known", "covariance": "successive"}),
    ("mewma", {"h": 9.0, "limits": "asymptotic"}),
    ("generalized_variance", {"center": "mean"}),
]
RULED = {"p", "np", "u", "c", "laney_p", "laney_u"}


def observe(name, rng, m, stages=1):
    """m observations of a chart, with gaps and excluded points, sizes that vary, and stages one after the other."""
    out = []
    for i in range(m):
        size = None
        if name in MULTIVARIATE:
            width = 2 if name in {"t2_i", "mewma"} else 8
            values = tuple(rng.normal(10, 2, width).round(2).tolist())
        elif name == "t":
            values = (float(rng.exponential(5)) + 0.01,)
        elif name == "run":
            values = (float(rng.integers(0, 9)),)
        elif name == "g":
            values = (float(rng.geometric(0.1) - 1),)
        else:
            size = float(rng.integers(20, 90))
            size = size / 7 if name.endswith("u") else size
            values = (float(rng.binomial(int(size), 0.2) if name.split("_")[-1] in {"p", "np"} else rng.poisson(4)),)
            size = None if name.endswith("c") else size
        if rng.random() < 0.06:
            values = ()
        stage = "" if stages == 1 else f"stage {i * stages // m}"
        out.append(Observation(values, size, stage, excluded=bool(rng.random() < 0.05)))
    return out


def rows_of_run(run):
    columns = [(p.value, p.center, p.lcl, p.ucl, p.sigma) for p in run.panels]
    return [[[None if math.isnan(x) else x for x in c.tolist()] for c in panel] for panel in columns]


def stream(monitor, observations, state=None):
    state = monitor.start() if state is None else state
    points = []
    for observation in observations:
        state, point = monitor.step(json.loads(json.dumps(state)), observation)
        points.append(point)
    return points, state


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=lambda x: x if isinstance(x, str) else "-".join(x))
def test_that_batch_and_streaming_give_the_same_bits(name, options):
    rng = np.random.default_rng(len(name) * 100 + len(options))
    observations = observe(name, rng, 120, stages=2)
    chart = CHARTS[name]
    limits = {
        stage: chart.estimate([o for o in observations if o.stage == stage], options)
        for stage in ("stage 0", "stage 1")
    }
    rules = RULE_SETS["nelson"] if name in RULED else None
    monitor = chart.monitor(limits, rules)
    points, end = stream(monitor, observations)
    whole = monitor.run(observations)
    for at in range(len(monitor.panels)):
        panels = [point.panels[at] for point in points]
        streamed = [list(column) for column in zip(*[panel[:5] for panel in panels], strict=True)]
        gaps = [value is None for value in streamed[0]]
        batch = rows_of_run(whole)[at]
        assert batch[0] == streamed[0]
        for column, other in zip(batch[1:], streamed[1:], strict=True):
            assert [c for c, gap in zip(column, gaps, strict=True) if not gap] == [
                c for c, gap in zip(other, gaps, strict=True) if not gap
            ]
        signals = {
            rule: [i for i, p in enumerate(panels) if rule in [v.rule for v in p.violations]]
            for rule in whole.panels[at].signals
        }
        assert signals == {rule: found.tolist() for rule, found in whole.panels[at].signals.items()}
    assert json.loads(json.dumps(end)) == json.loads(json.dumps(whole.state))


@pytest.mark.parametrize(("name", "options"), VARIANTS, ids=lambda x: x if isinstance(x, str) else "-".join(x))
def test_that_nothing_measured_gives_nothing_and_no_warning(name, options):
    chart = CHARTS[name]
    monitor = chart.monitor(chart.estimate(observe(name, np.random.default_rng(1), 60), options))
    for data in ([], np.empty(0), [Observation(())] * 3):
        run = monitor.run(data)
        for panel in run.panels:
            assert np.isnan(panel.value).all()
            assert all(found.size == 0 for found in panel.signals.values())
    assert json.loads(json.dumps(stream(monitor, [Observation(())] * 3)[1])) == json.loads(json.dumps(run.state))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(VARIANTS), st.integers(0, 40), st.integers(0, 999))
def test_that_a_chart_goes_on_from_its_state_as_if_never_stopped(variant, cut, seed):
    name, options = variant
    observations = observe(name, np.random.default_rng(seed), 40)
    chart = CHARTS[name]
    monitor = chart.monitor(chart.estimate(observe(name, np.random.default_rng(1), 60), options))
    whole = monitor.run(observations)
    first = monitor.run(observations[:cut]) if cut else None
    state = json.loads(json.dumps(first.state)) if first else None
    second = monitor.run(observations[cut:], state) if cut < 40 else None
    for at in range(len(monitor.panels)):
        parts = [run.panels[at] for run in (first, second) if run]
        assert np.array_equal(np.concatenate([p.value for p in parts]), whole.panels[at].value, equal_nan=True)
        for rule, found in whole.panels[at].signals.items():
            assert np.concatenate([p.signals[rule] for p in parts]).tolist() == found.tolist()
    assert json.dumps((second or first).state) == json.dumps(whole.state)


def test_that_arrays_of_counts_and_sizes_are_taken_side_by_side():
    data = np.array([[5, 50], [8, 60], [np.nan, 40], [4, 55]])
    chart = CHARTS["p"]
    limits = chart.estimate(data)
    assert limits.params["p"] == pytest.approx(17 / 165)
    rows = [Observation(()) if math.isnan(c) else Observation((c,), s) for c, s in data.tolist()]
    by_rows = chart.monitor(limits).run(rows).panels[0]
    by_array = chart.monitor(limits).run(data).panels[0]
    assert np.array_equal(by_rows.ucl, by_array.ucl, equal_nan=True)
    assert by_array.value[0] == 0.1


def test_that_limits_of_counts_stop_at_what_is_possible():
    panel = CHARTS["p"].monitor(CHARTS["p"].given({"p": 0.02})).run(np.array([[0, 10], [10, 10]])).panels[0]
    assert panel.lcl.tolist() == [0.0, 0.0]
    panel = CHARTS["np"].monitor(CHARTS["np"].given({"p": 0.95})).run(np.array([[9, 10]])).panels[0]
    assert panel.ucl[0] == 10.0


def test_that_sigma_z_below_one_is_kept():
    counts = np.column_stack((np.full(30, 20) + np.arange(30) % 2, np.full(30, 100)))
    assert CHARTS["laney_p"].estimate(counts).params["sigma_z"] < 0.5


def test_that_probability_limits_leave_at_most_half_alpha_on_each_side():
    from scipy.stats import poisson

    limits = CHARTS["c"].given({"c": 7.3}, {"limits": "probability", "alpha": 0.01})
    panel = CHARTS["c"].monitor(limits).run(np.arange(30.0)).panels[0]
    assert poisson.cdf(panel.lcl[0] - 1, 7.3) <= 0.005 < poisson.cdf(panel.lcl[0], 7.3)
    assert poisson.sf(panel.ucl[0], 7.3) <= 0.005 < poisson.sf(panel.ucl[0] - 1, 7.3)
    assert panel.signals["nelson_1"].tolist() == [x for x in range(30) if not panel.lcl[0] <= x <= panel.ucl[0]]


def test_that_a_g_chart_can_count_from_one():
    counts = np.array([3.0, 9.0, 1.0, 14.0, 6.0, 2.0])
    zero = CHARTS["g"].monitor(CHARTS["g"].estimate(counts - 1)).run(counts - 1).panels[0]
    one = CHARTS["g"].monitor(CHARTS["g"].estimate(counts, {"start": 1})).run(counts).panels[0]
    assert one.center[0] == pytest.approx(zero.center[0] + 1)
    assert one.ucl[0] == pytest.approx(zero.ucl[0] + 1)


def test_that_a_poisson_ewma_with_equal_sizes_has_the_textbook_variance():
    chart = CHARTS["ewma_c"]
    panel = chart.monitor(chart.given({"c": 4.0}, {"lambda": 0.1, "nsigma": 2.7})).run(np.full(30, 5.0)).panels[0]
    i = np.arange(1, 31)
    expected = np.sqrt(0.1 / 1.9 * (1 - 0.9 ** (2 * i)) * 4.0)
    assert panel.sigma == pytest.approx(expected, rel=1e-12)
    assert panel.value == pytest.approx(5 - 0.9**i, rel=1e-12)


def test_that_a_poisson_cusum_finds_its_interval_for_the_wanted_run_length():
    from spc_desktop.spc.arl_counts import count_cusum_arl

    chart = CHARTS["cusum_c"]
    limits = chart.given({"c": 4.0}, {"ratio": 1.5, "arl0": 200.0})
    panels = chart.monitor(limits).run(np.array([4.0])).panels
    k = 2 / math.log(1.5)
    rng = np.random.default_rng(5)
    signals = chart.monitor(limits).run(rng.poisson(4.0, 40_000).astype(float))
    assert count_cusum_arl(False, 4.0, 1.0, k, float(panels[0].ucl[0])) == pytest.approx(400, rel=0.25)
    # The sums are not reset by a signal, so alarms come in clusters: count the first of each.
    found = signals.panels[0].signals["nelson_1"]
    clusters = 1 + int(np.count_nonzero(np.diff(found) > 20))
    assert 40 < clusters < 140


def test_that_t2_knows_the_scale_of_its_variables_does_not_matter():
    rng = np.random.default_rng(3)
    data = rng.normal(size=(40, 3))
    scaled = data * np.array([1e-6, 1.0, 1e7]) + np.array([1.0, 0.0, -5e7])
    chart, options = CHARTS["t2_i"], {"variables": 3}
    first = chart.monitor(chart.estimate(data, options)).run(data).panels[0]
    second = chart.monitor(chart.estimate(scaled, options)).run(scaled).panels[0]
    assert second.value == pytest.approx(first.value, rel=1e-6)


def test_that_a_phase_1_beta_limit_is_below_the_chi_square_and_the_f_limit_above():
    data = np.random.default_rng(4).normal(size=(30, 2))
    chart = CHARTS["t2_i"]
    ucl = {
        phase: float(chart.monitor(chart.estimate(data, {"phase": phase})).run(data).panels[0].ucl[0])
        for phase in ("1", "2", "known")
    }
    assert ucl["1"] < ucl["known"] < ucl["2"]


@pytest.mark.parametrize("name", MULTIVARIATE)
def test_that_an_incomplete_observation_is_a_gap_and_one_too_long_is_refused(name):
    rng = np.random.default_rng(2)
    observations = [o for o in observe(name, rng, 60) if o.values]
    chart = CHARTS[name]
    monitor = chart.monitor(chart.estimate(observations, QUICK.get(name)))
    whole = observations[0].values
    for values in (whole[:-1], (math.nan, *whole[1:])):
        for data in ([Observation(values)], [Observation(values), Observation(whole)]):
            streamed = [point.panels[0].value for point in stream(monitor, data)[0]]
            assert streamed[0] is None
            assert [None if math.isnan(x) else x for x in monitor.run(data).panels[0].value.tolist()] == streamed
    longer = Observation((*whole, *whole))
    for judge in (lambda: monitor.step(monitor.start(), longer), lambda: monitor.run([longer, Observation(whole)])):
        with pytest.raises(SpcValueError) as caught:
            judge()
        assert caught.value.argument == "values"


def test_that_standards_given_make_a_chi_square_limit():
    limits = CHARTS["t2_i"].given({"center": [1, 2], "cov": [[4, 0], [0, 9]]}, {"alpha": 0.01})
    panel = CHARTS["t2_i"].monitor(limits).run(np.array([[3.0, 5.0]])).panels[0]
    assert panel.ucl[0] == pytest.approx(-2 * math.log(0.01))
    assert panel.value[0] == pytest.approx(2.0)


def test_that_mewma_finds_its_limit_for_the_wanted_run_length():
    chart = CHARTS["mewma"]
    limits = chart.given({"center": [0, 0], "cov": [[1, 0.5], [0.5, 1]]}, {"lambda": 0.1, "arl0": 200.0})
    assert chart.monitor(limits).run(np.zeros((1, 2))).panels[0].ucl[0] == pytest.approx(8.6336, abs=1e-3)


def test_that_a_run_chart_gets_the_anhoj_rules_unasked():
    values = np.r_[np.random.default_rng(0).normal(0, 1, 20), np.random.default_rng(1).normal(5, 1, 20)]
    chart = CHARTS["run"]
    found = chart.monitor(chart.estimate(values)).run(values).panels[0].signals
    assert set(found) == {"anhoj_run", "anhoj_crossings"}
    assert found["anhoj_run"].size


def test_that_rules_that_need_zones_are_refused_on_a_run_chart_and_on_t2():
    chart = CHARTS["run"]
    limits = chart.estimate(np.arange(20.0) % 3)
    chart.monitor(limits, RULE_SETS["nelson"].pick("nelson_2", "nelson_3", "nelson_4"))
    with pytest.raises(SpcValueError, match="nelson_5"):
        chart.monitor(limits, RULE_SETS["nelson"].pick("nelson_5"))
    chart = CHARTS["t2_i"]
    limits = chart.estimate(np.random.default_rng(1).normal(size=(30, 2)))
    with pytest.raises(SpcValueError, match="nelson_7"):
        chart.monitor(limits, {"t2": RULE_SETS["nelson"].pick("nelson_7")})


def test_that_the_run_tests_are_undefined_where_everything_is_equal():
    result = analyse(np.full(10, 3.0))
    assert (result.p_clustering, result.p_trends, result.useful, result.signal) == (None, None, 0, False)
    one = analyse(np.array([1.0]))
    assert (one.runs, one.p_clustering, one.expected_up_down) == (1, None, None)


def test_that_missing_values_do_not_take_part_in_the_run_tests():
    x = np.array([3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0])
    assert analyse(x) == analyse(np.insert(x, [2, 5], np.nan))


@pytest.mark.parametrize(
    ("name", "data", "argument"),
    [
        ("p", [[-1, 10]], "values"),
        ("p", [[11, 10]], "values"),
        ("p", [[2.5, 10]], "values"),
        ("p", [[0, 0]], "size"),
        ("p", [[1, -5]], "size"),
        ("p", [[1, np.nan]], "size"),
        ("p", [[1, 10.5]], "size"),
        ("p", [1.0, 2.0], "size"),
        ("p", [[0, 10], [0, 12]], "p"),
        ("p", [[10, 10], [12, 12]], "p"),
        ("np", [[1, np.inf]], "observations"),
        ("c", [-1.0], "values"),
        ("c", [0.0, 0.0], "c"),
        ("c", [[1.0, 2.0]], "values"),
        ("c", [np.inf], "observations"),
        ("c", [], "observations"),
        ("c", [np.nan], "observations"),
        ("u", [[3, 0.0]], "size"),
        ("laney_p", [[1, 10]], "observations"),
        ("laney_p", [[2, 10], [2, 10], [2, 10]], "sigma_z"),
        ("g", [-1.0, 3.0], "values"),
        ("g", [1.5, 3.0], "values"),
        ("g", [0.0, 0.0], "observations"),
        ("t", [-1.0, 3.0], "values"),
        ("t", [1.0], "observations"),
        ("t", [2.0, 2.0, 2.0], "sigma"),
        ("t2_i", [[1.0, 2.0]], "observations"),
        ("t2_i", [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0], [4.0, 8.0], [5.0, 10.0]], "cov"),
        ("t2_i", [[1.0, 2.0], [1.0, 4.0], [1.0, 6.0], [1.0, 8.0]], "cov"),
        ("t2_i", [[1.0, 2.0], [2.0, 1.0], [0.0, 0.0]], "m"),
        ("t2", [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], "values"),
        ("t2", [[1.0, 2.0], [2.0, 1.0], [0.0, 3.0]], "observations"),
        ("generalized_variance", [[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 0.0, 3.0]], "n"),
        ("mewma", [[1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 0.0, 3.0]], "observations"),
    ],
)
def test_that_impossible_data_are_refused_by_name(name, data, argument):
    with pytest.raises(SpcValueError) as caught:
        CHARTS[name].estimate(np.array(data, dtype=float))
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    ("name", "params", "options", "argument"),
    [
        ("p", {"p": 1.0}, {}, "p"),
        ("p", {}, {}, "p"),
        ("p", {"p": 0.1, "q": 2}, {}, "params"),
        ("p", {"p": 0.1}, {"nsigma": 0}, "nsigma"),
        ("p", {"p": 0.1}, {"limits": "wide"}, "limits"),
        ("p", {"p": 0.1}, {"limits": "probability", "alpha": 1.0}, "alpha"),
        ("p", {"p": 0.1}, {"colour": "red"}, "options"),
        ("g", {"p": 0.1}, {"start": 2}, "start"),
        ("t", {"shape": 1.0, "scale": -1.0}, {"method": "weibull"}, "scale"),
        ("t", {"mean": 1.0}, {"method": "gamma"}, "method"),
        ("t2", {"center": [0, 0], "cov": [[1, 2], [2, 1]], "m": 20, "n": 3}, {}, "cov"),
        ("t2", {"center": [0, 0], "cov": [[1, 0], [0, 1]], "n": 3, "m": 1}, {}, "m"),
        ("t2", {"center": [0, 0], "cov": [[1, 0], [0, 1]]}, {"phase": "3"}, "phase"),
        ("t2", {"center": [0, "x"], "cov": [[1, 0], [0, 1]]}, {}, "cov"),
        ("mewma", {"center": [0, 0], "cov": [[1, 0], [0, 1]]}, {"lambda": 0}, "lambda"),
        ("cusum_p", {"p": 0.6, "size": 50}, {"ratio": 2.0}, "ratio"),
        ("cusum_c", {"c": 3.0}, {"ratio": 1.0}, "ratio"),
        ("cusum_c", {"c": 3.0}, {"h": 4.0, "head_start": 1.0}, "head_start"),
        ("ewma_u", {"u": 3.0}, {"lambda": 1.5}, "lambda"),
        ("run", {"center": float("nan")}, {}, "center"),
    ],
)
def test_that_parameters_without_meaning_are_refused_by_name(name, params, options, argument):
    with pytest.raises(SpcValueError) as caught:
        CHARTS[name].given(params, options)
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    ("name", "observation", "argument"),
    [
        ("p", Observation((3.0,), 2.0), "values"),
        ("p", Observation((3.0,)), "size"),
        ("p", Observation((3.0, 4.0), 9.0), "values"),
        ("c", Observation((-3.0,)), "values"),
        ("c", Observation((math.inf,)), "values"),
        ("p", Observation((1.0,), "many"), "size"),
        ("u", Observation((1.0,), math.inf), "size"),
        ("u", Observation(("few",), 3.0), "values"),
    ],
)
def test_that_a_bad_observation_is_refused_and_the_state_lives_on(name, observation, argument):
    chart = CHARTS[name]
    monitor = chart.monitor(chart.given({name: 0.2}))
    state = monitor.start()
    with pytest.raises(SpcValueError) as caught:
        monitor.step(state, observation)
    assert caught.value.argument == argument
    _, point = monitor.step(state, Observation((1.0,), 20.0))
    assert point.panels[0].value == (1.0 if name == "c" else 0.05)
