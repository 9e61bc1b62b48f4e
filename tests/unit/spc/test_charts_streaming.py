"""One algorithm, two front ends: ``run`` over arrays and ``step`` over points give the same bits for any split."""

import itertools
import json
import math
import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.spc.charts import CHARTS, Observation
from spc_desktop.spc.run_rules import RULE_SETS

STANDARDS = {"center": 10.0, "sigma": 1.5}
LATER = {"center": 11.0, "sigma": 0.5}
PARTS = {"means": {"a": 10.0, "b": 11.0}, "sigmas": {"a": 1.5, "b": 0.7}}
RUNS = {**PARTS, "runs": [["a", 10.0, 1.0], ["b", 11.5, 0.5], ["a", 9.0, 2.0]]}
SPEC = {"lsl": 7.0, "usl": 13.0}

# chart, parameters, parameters of stage "B", options
CASES = [
    ("xbar_r", STANDARDS, LATER, {}),
    ("xbar_r", STANDARDS, LATER, {"constants": "aiag"}),
    ("xbar_s", STANDARDS, LATER, {"limits": "probability", "alpha": 0.05}),
    ("r", {"sigma": 1.5}, {"sigma": 0.5}, {}),
    ("s", {"sigma": 1.5}, {"sigma": 0.5}, {"nsigma": 2.0}),
    ("median", STANDARDS, LATER, {}),
    ("i_mr", STANDARDS, LATER, {}),
    ("i_mr", STANDARDS, LATER, {"span": 4, "nsigma": 2.5}),
    ("i_mr_r", {**STANDARDS, "sigma_within": 1.0}, {**LATER, "sigma_within": 2.0}, {}),
    ("i_mr_s", {**STANDARDS, "sigma_within": 1.0}, {**LATER, "sigma_within": 2.0}, {"span": 3}),
    ("moving_average", STANDARDS, LATER, {"span": 3}),
    ("ewma", STANDARDS, LATER, {}),
    ("ewma", STANDARDS, LATER, {"variance": "asymptotic", "lambda": 0.4, "nsigma": 2.7}),
    ("cusum", STANDARDS, LATER, {"head_start": 2.0, "h": 4.0}),
    ("z_mr", PARTS, PARTS, {}),
    ("z_mr", RUNS, RUNS, {"sigma_method": "by_run"}),
    ("z_mr", {"means": {"a": 2.3, "b": 2.4}, "sigmas": {"a": 0.1, "b": 0.2}}, PARTS, {"sigma_method": "relative"}),
    ("dnom_xbar_r", {"center": 0.0, "sigma": 1.0, "nominals": {"a": 10.0, "b": 10.3}}, None, {}),
    ("dnom_i_mr", {"center": 0.0, "sigma": 1.0, "nominals": {"a": 10.0, "b": 10.3}}, None, {}),
    ("zone", STANDARDS, LATER, {"scores": [1.0, 2.0, 4.0, 8.0], "reset": True}),
    ("acceptance", {"sigma": 0.5, **SPEC}, {"sigma": 0.5, "usl": 13.0}, {}),
    ("pre_control", SPEC, {"lsl": 9.0, "usl": 10.0}, {}),
]
IDS = [f"{name}-{index}" for index, (name, *_) in enumerate(CASES)]
MEASUREMENTS = [*(round(6 + 0.25 * i, 2) for i in range(36)), 10.1, 9.7, 10.3, math.nan, None]


def series(individuals):
    """Up to 45 observations with ties, gaps, missing values, stages, parts and exclusions.

    Made of one seed by ``random``: drawn value by value they would take ten times as long to draw as to judge.
    """
    return st.builds(_series, st.integers(0, 2**32), st.integers(0, 45), st.just(individuals))


def _series(seed, length, individuals):
    chance = random.Random(seed)
    rows = []
    stage, part = "A", "a"
    for _ in range(length):
        stage = chance.choice([stage] * 12 + ["A", "B"])
        part = chance.choice([part] * 5 + ["a", "b"])
        values = chance.choices(MEASUREMENTS, k=chance.randint(0, 1 if individuals else 5))
        rows.append(Observation(tuple(values), None, stage, part, chance.random() < 0.1))
    return rows


def bits(value):
    return None if value is None or math.isnan(value) else struct.pack("d", value)


def monitor_of(name, params, later, options):
    chart = CHARTS[name]
    limits = chart.given(params, options)
    staged = limits if later is None else {"A": limits, "B": chart.given(later, options)}
    if name == "pre_control":
        return chart.monitor(staged)
    return chart.monitor(staged, {p.key: RULE_SETS["nelson"] for p in chart.panels if p.independent and p.zones})


def by_steps(monitor, rows, state=None):
    state = monitor.start() if state is None else state
    points = []
    for row in rows:
        state, point = monitor.step(json.loads(json.dumps(state)), row)
        points.append(point)
    return state, points


def table_of_points(points, panels):
    return [[[bits(value) for value in point.panels[at][:5]] for point in points] for at in range(panels)]


def table_of_runs(runs, panels):
    columns = [
        [
            np.concatenate([getattr(run.panels[at], name) for run in runs])
            for name in ("value", "center", "lcl", "ucl", "sigma")
        ]
        for at in range(panels)
    ]
    return [[[bits(value) for value in row] for row in zip(*panel, strict=True)] for panel in columns]


def signals_of_points(points, panels):
    return [
        sorted((v.rule, point.position) for point in points for v in point.panels[at].violations)
        for at in range(panels)
    ]


def signals_of_runs(runs, panels):
    return [
        sorted(
            (rule, int(position))
            for run in runs
            for rule, found in run.panels[at].signals.items()
            for position in found
        )
        for at in range(panels)
    ]


@pytest.mark.parametrize("case", CASES, ids=IDS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_that_arrays_and_points_give_the_same_bits_for_any_split(case, data):
    name = case[0]
    monitor = monitor_of(*case)
    panels = len(monitor.panels)
    rows = data.draw(series(individuals=CHARTS[name].data == "individuals"))
    cut = data.draw(st.integers(0, len(rows)))
    again = data.draw(st.integers(cut, len(rows)))

    state, points = by_steps(monitor, rows)
    first = monitor.run(rows[:cut])
    second = monitor.run(rows[cut:again], json.loads(json.dumps(first.state)))
    third = monitor.run(rows[again:], second.state)
    runs = [first, second, third]

    assert table_of_runs(runs, panels) == table_of_points(points, panels)
    assert signals_of_runs(runs, panels) == signals_of_points(points, panels)
    tail = rows[:20]
    assert by_steps(monitor, tail, third.state)[1] == by_steps(monitor, tail, state)[1]


@pytest.mark.parametrize("span", [2, 4])
def test_that_moving_ranges_go_on_after_any_short_history(span):
    """Every series of five out of a value, a gap and an excluded value, cut at every place."""
    chart = CHARTS["i_mr"]
    monitor = chart.monitor(chart.given(STANDARDS, {"span": span}))
    kinds = [Observation((1.0,)), Observation(()), Observation((1.0,), excluded=True)]
    for choice in itertools.product(kinds, repeat=5):
        rows = [row._replace(values=(float(i * i),)) if row.values else row for i, row in enumerate(choice)]
        state, points = monitor.start(), []
        for row in rows:
            state, point = monitor.step(state, row)
            points.append(point)
        expected = table_of_points(points, 2)
        for cut in range(6):
            first = monitor.run(rows[:cut])
            assert table_of_runs([first, monitor.run(rows[cut:], first.state)], 2) == expected


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_that_a_step_leaves_the_state_it_was_given_as_it_was(case):
    monitor = monitor_of(*case)
    state = monitor.start()
    for value in (9.0, 12.0, 11.0, 10.5):
        state, _ = monitor.step(state, Observation((value,), stage="A", part="a"))
    kept = json.dumps(state)
    one = monitor.step(state, Observation((13.0,), stage="A", part="a"))
    assert json.dumps(state) == kept
    assert monitor.step(state, Observation((13.0,), stage="A", part="a")) == one


@pytest.mark.parametrize("case", CASES, ids=IDS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_that_nothing_reaches_across_a_gap_a_stage_or_an_excluded_point(case, data):
    """What follows an interruption is the same whatever came before it."""
    name, params, later, options = case
    if options.get("sigma_method") == "by_run":
        return  # runs of a part are counted over interruptions; the moving ranges are covered by the other methods
    monitor = monitor_of(name, params, later, options)
    individuals = CHARTS[name].data == "individuals"
    before, other, after = (data.draw(series(individuals)) for _ in range(3))
    after = [row._replace(stage="A") for row in after]
    stop = data.draw(
        st.sampled_from(
            [
                Observation((), stage="A", part="a"),
                Observation((12.0,), stage="A", part="a", excluded=True),
                Observation((12.0,), stage="B", part="a"),
            ]
        )
    )

    def what_follows(head):
        _, points = by_steps(monitor, [*head, stop, *after])
        return [
            [(p[:5], [(v.rule, tuple(m - len(head) for m in v.members)) for v in p.violations]) for p in point.panels]
            for point in points[len(head) + 1 :]
        ]

    assert what_follows(before) == what_follows(other)


def test_that_limits_of_each_stage_judge_that_stage():
    chart = CHARTS["i_mr"]
    monitor = chart.monitor({"A": chart.given(STANDARDS), "B": chart.given(LATER)})
    run = monitor.run([Observation((10.0,), stage=stage) for stage in "AABBA"])
    assert run.panels[0].center.tolist() == [10.0, 10.0, 11.0, 11.0, 10.0]
    assert np.isnan(run.panels[1].value).tolist() == [True, False, True, False, True]


def test_that_a_stage_without_limits_is_refused_by_name():
    chart = CHARTS["i_mr"]
    monitor = chart.monitor({"A": chart.given(STANDARDS)})
    with pytest.raises(ValueError, match="stage: one of 'A', got 'C'"):
        monitor.step(monitor.start(), Observation((1.0,), stage="C"))
    with pytest.raises(ValueError, match="stage: one of 'A', got 'C'"):
        monitor.run([Observation((1.0,), stage="C")])


def test_that_an_empty_batch_gives_empty_columns_and_keeps_the_state():
    chart = CHARTS["xbar_r"]
    monitor = chart.monitor(chart.given(STANDARDS))
    state, _ = monitor.step(monitor.start(), Observation((1.0, 2.0)))
    run = monitor.run([], state)
    assert all(len(panel.value) == len(panel.ucl) == 0 for panel in run.panels)
    assert json.dumps(run.state) == json.dumps(state)


def test_that_an_excluded_point_is_shown_but_never_judged():
    chart = CHARTS["i_mr"]
    monitor = chart.monitor(chart.given(STANDARDS))
    rows = [Observation((10.0,)), Observation((99.0,), excluded=True), Observation((10.0,))]
    state = monitor.start()
    shown = []
    for row in rows:
        state, point = monitor.step(state, row)
        shown.append(point)
    assert shown[1].panels[0].value == 99.0
    assert shown[1].panels[0].violations == ()
    assert [point.panels[1].value for point in shown] == [None, None, None]
