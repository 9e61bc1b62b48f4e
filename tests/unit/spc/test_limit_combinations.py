"""Limits in any combination: known standards, stages, baselines, exclusions and probability limits, on every chart."""

import json
import math

import numpy as np
import pytest
from scipy import stats

from spc_desktop.spc import (
    CHARTS,
    Observation,
    SpcValueError,
    estimate_stages,
    phase_one,
    phase_one_stages,
)
from spc_desktop.spc.charts.multivariate import _log_product_quantile, variance_quantile

ONE_OF = {
    "acceptance": {"lsl": 0.0, "usl": 20.0},
    "pre_control": {"lsl": 0.0, "usl": 20.0},
    "dnom_xbar_r": {"nominals": {"a": 10.0}},
    "dnom_i_mr": {"nominals": {"a": 10.0}},
    "dnom_xbar_s": {"nominals": {"a": 10.0}},
}
"""Options without which a chart has no limits."""
STAGES = ("first", "second")
OUT = {3: "spilt", 33: "wrong gauge"}


def data_of(name):
    """60 observations in two stages that a chart can use, two of them gaps."""
    chart, rng = CHARTS[name], np.random.default_rng(5)
    rows = []
    for at in range(60):
        size, part = None, "a" if chart.by_part else ""
        if chart.data == "multivariate":
            n = 1 if name in {"t2_i", "mewma"} else 4
            values = tuple(rng.normal(10, 1, 2 * n))
        elif chart.data == "variables":
            values = tuple(rng.normal(10, 1, 4))
        elif chart.data == "times":
            values = (float(rng.exponential(8.0)),)
        elif chart.data.startswith("counts"):
            size = 50.0 if chart.data == "counts+size" else None
            values = (float(rng.poisson(6)),)
        else:
            values = (float(rng.normal(10, 1)),)
        rows.append(Observation(() if at in {10, 40} else values, size, STAGES[at >= 30], part))
    return rows


def known_of(name):
    """Each parameter that the chart lets be given, as it was estimated and moved a little."""
    chart = CHARTS[name]
    found = estimate_stages(chart, data_of(name), ONE_OF.get(name))["first"].params
    for key, value in found.items():
        if key not in chart.unknowable:
            if isinstance(value, dict):
                yield {key: {part: one * 1.03 for part, one in value.items()}}
            elif isinstance(value, list):
                yield {key: (np.array(value) * 1.03).tolist()}
            elif isinstance(value, float):
                yield {key: value * 1.03}


def combinations():
    for name, chart in CHARTS.items():
        ways = [ONE_OF.get(name, {})]
        if "alpha" in chart.defaults and "limits" in chart.defaults:
            ways.append({**ways[0], "limits": "probability", "alpha": 0.02})
        for standards in (None, *known_of(name)):
            for options in ways:
                given = "".join(standards or {})
                yield pytest.param(name, options, standards, id=f"{name}-{options.get('limits', '')}-{given}")


def same(left, right):
    return left == right or (left is None and math.isnan(right))


@pytest.mark.parametrize(("name", "options", "standards"), list(combinations()))
def test_that_limits_combine_and_are_judged_alike_by_array_and_by_point(name, options, standards):
    chart, rows = CHARTS[name], data_of(name)
    baseline = [at for at in range(60) if at not in {5, 55}]
    found = estimate_stages(chart, rows, options, OUT, baseline=baseline, standards=standards)
    assert tuple(found) == STAGES
    for at, limits in enumerate(found.values()):
        source = limits.provenance
        assert source.exclusions == ((3, "spilt"),) if at == 0 else ((33, "wrong gauge"),)
        assert set(source.baseline) == {one for one in baseline if one // 30 == at} - {3, 10, 33, 40}
        for key, value in (standards or {}).items():
            assert limits.params[key] == value
            assert f"given {key}" in source.estimator
        assert json.loads(json.dumps(limits.params)) == dict(limits.params), "a plain value"
    monitor = chart.monitor(found)
    judged = [row._replace(excluded=at in OUT) for at, row in enumerate(rows)]
    cut = 17
    first = monitor.run(judged[:cut])
    runs, state = (first, monitor.run(judged[cut:], first.state)), monitor.start()
    for at, row in enumerate(judged):
        state, point = monitor.step(state, row)
        for panel, one in enumerate(point.panels):
            columns, place = runs[at >= cut].panels[panel], at - cut * (at >= cut)
            for field in ("value", "center", "lcl", "ucl", "sigma"):
                assert same(getattr(one, field), float(getattr(columns, field)[place])), (at, field)
            assert one.value is None or math.isfinite(one.value)
            assert one.lcl is None or one.ucl is None or one.lcl <= one.ucl


@pytest.mark.parametrize("name", [name for name in CHARTS if name not in {"run_chart", "pre_control"}])
def test_that_what_is_left_out_has_no_part_in_limits(name):
    chart, rows = CHARTS[name], data_of(name)
    baseline = [at for at in range(60) if at not in {5, 55}]

    def limits(of):
        found = estimate_stages(chart, of, ONE_OF.get(name), OUT, baseline=baseline)
        return [one.params for one in found.values()]

    other = list(rows)
    for at in (*OUT, 5, 55):
        other[at] = rows[at]._replace(values=tuple(2.0 + value for value in rows[at].values))
    assert limits(other) == limits(rows)


@pytest.mark.parametrize("name", CHARTS)
def test_that_what_cannot_be_given_is_refused_by_name(name):
    chart = CHARTS[name]
    for wrong in ("nonsense", *chart.unknowable):
        with pytest.raises(SpcValueError, match="standards"):
            chart.estimate(data_of(name)[:30], ONE_OF.get(name), standards={wrong: 1.0})


def test_that_phase_one_runs_in_each_stage_with_a_baseline_and_a_known_mean():
    rng = np.random.default_rng(2)
    values = [*rng.normal(10, 1, 40), *rng.normal(20, 3, 40)]
    values[7], values[50], values[70] = 30.0, 90.0, 90.0
    rows = [Observation((float(x),), stage=STAGES[at >= 40]) for at, x in enumerate(values)]
    baseline = [*range(40), *range(40, 60)]
    found = phase_one_stages(
        CHARTS["i_mr"], rows, baseline=baseline, exclusions={1: "start"}, standards={"center": 10.0}
    )
    assert found["first"].exclusions == {1: "start", 7: "phase I, round 1"}
    assert 50 in found["second"].exclusions
    assert 70 not in found["second"].exclusions, "it is outside the baseline"
    for at, one in enumerate(found.values()):
        assert one.limits.params["center"] == 10.0
        alone = [row for place, row in enumerate(rows) if place in baseline and row.stage == STAGES[at]]
        skipped = {1: "start"} if at == 0 else {}
        by_itself = phase_one(CHARTS["i_mr"], alone, exclusions=skipped, standards={"center": 10.0})
        assert by_itself.limits.params == one.limits.params
    with pytest.raises(SpcValueError, match="one stage"):
        phase_one(CHARTS["i_mr"], rows)


@pytest.mark.parametrize("p", [1, 2, 3, 5])
@pytest.mark.parametrize("q", [0.00135, 0.5, 0.99865])
def test_that_quantiles_of_the_generalised_variance_are_those_of_products_of_chi_squares(p, q):
    n, draws = 9, 400_000
    rng = np.random.default_rng(p)
    products = np.prod([rng.chisquare(n - i, draws) for i in range(1, p + 1)], axis=0) / (n - 1) ** p
    below = np.mean(products < variance_quantile(p, n, q))
    assert abs(below - q) < 5 * math.sqrt(q * (1 - q) / draws)


def test_that_inversion_agrees_with_the_closed_form():
    for n in (3, 5, 40, 5000):
        for q in (1e-6, 0.00135, 0.5, 0.99865):
            inverted = math.exp(_log_product_quantile((n - 2, n - 1), q) - 2 * math.log(n - 1))
            assert inverted == pytest.approx(variance_quantile(2, n, q), rel=1e-8)
            assert variance_quantile(1, n, q) == pytest.approx(stats.chi2.ppf(q, n - 1) / (n - 1), rel=1e-12)


@pytest.mark.parametrize("name", ["t2", "t2_i"])
@pytest.mark.parametrize("phase", ["1", "2"])
@pytest.mark.parametrize("given", ["center", "cov"])
def test_that_limits_of_t2_with_one_known_parameter_keep_their_promise(name, phase, given):
    """Simulated: of many baselines, the share of points beyond is alpha."""
    rng = np.random.default_rng(11)
    m, n, alpha, rounds = 12, 1 if name == "t2_i" else 3, 0.1, 1500
    known = {"center": [0.0, 0.0]} if given == "center" else {"cov": [[1.0, 0.0], [0.0, 1.0]]}
    beyond = 0
    for _ in range(rounds):
        base = rng.normal(size=(m, 2 * n))
        limits = CHARTS[name].estimate(base, {"phase": phase, "alpha": alpha}, standards=known)
        run = CHARTS[name].monitor(limits).run(base if phase == "1" else rng.normal(size=(m, 2 * n)))
        beyond += int(np.sum(run.panels[0].value > run.panels[0].ucl))
    share = beyond / (rounds * m)
    assert abs(share - alpha) < 0.012
