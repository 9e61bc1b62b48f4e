"""The monitor fold: subgroups, learning, judging, and the same result in any split."""

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.domain.admission import check_item
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits, LimitPolicy
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.monitor import MonitorState, decode_state, encode_state, step
from spc_desktop.domain.watch import check_watch, default_plan, given_limits, make_watch
from spc_desktop.spc.charts import CHARTS, Observation
from tests.fakes import diameter, known_limits, learning, measured, shaft

RULES = ("nelson_1", "nelson_2", "nelson_3", "nelson_5")


def watch_of(characteristic=None, plan=None):
    characteristic = characteristic or diameter(id=1, product_id=1)
    plan = plan or known_limits()
    watch = make_watch(shaft(id=1), characteristic, plan, None)
    limits = given_limits(watch, 0, 1)
    return watch if limits is None else watch.with_limits(limits)


class Line:
    """Folds items one after the other and keeps what came of them."""

    def __init__(self, watch):
        self.watch, self.state, self.next_id = watch, MonitorState(), 1
        self.rows, self.points, self.judged, self.limits = {}, {}, [], []

    def add(self, item):
        done = step(self.watch, self.state, item, self.next_id)
        self.next_id += len(done.measurements)
        self.watch, self.state = done.watch, done.state
        for row in (*done.measurements, *done.settled):
            self.rows[row.id] = row
        for judged in done.points:
            self.points[judged.point.index] = judged.point
        self.judged += done.points
        if done.limits is not None:
            self.limits.append(done.limits)
        return done

    def add_values(self, *values, **fields):
        for value in values:
            self.add(measured(value, **fields))
        return self


def rules_at(point):
    return sorted(violation.rule for panel in point.panels for violation in panel.violations)


def test_that_single_values_make_a_point_when_the_subgroup_is_full():
    line = Line(watch_of(diameter(id=1, product_id=1, subgroup_size=3), known_limits("xbar_r")))
    line.add_values(10.0, 10.3)
    assert line.points == {}
    assert [row.point_index for row in line.rows.values()] == [-1, -1]
    line.add_values(9.7)
    assert line.points[0].values == (10.0, 10.3, 9.7)
    assert line.points[0].panels[0].value == pytest.approx(10.0)
    assert [row.point_index for row in line.rows.values()] == [0, 0, 0]


def test_that_a_new_subgroup_number_closes_a_short_subgroup_judged_with_its_own_size():
    line = Line(watch_of(diameter(id=1, product_id=1, subgroup_size=5), known_limits("xbar_r")))
    line.add_values(10.0, 10.2, 10.1, subgroup_number=7)
    line.add_values(10.0, subgroup_number=8)
    point = line.points[0]
    assert (point.subgroup_number, point.values) == (7, (10.0, 10.2, 10.1))
    assert point.panels[0].ucl == pytest.approx(10 + 3 * 0.2 / math.sqrt(3))
    assert len(line.state.open) == 1


def test_that_a_full_set_closes_the_open_subgroup_first_and_itself_at_once():
    line = Line(watch_of(diameter(id=1, product_id=1, subgroup_size=3), known_limits("xbar_r")))
    line.add_values(10.0, 10.1)
    line.add(measured(9.9, 10.0, 10.1))
    assert [point.values for point in line.points.values()] == [(10.0, 10.1), (9.9, 10.0, 10.1)]
    assert [point.subgroup_number for point in line.points.values()] == [1, 2]


def test_that_values_without_a_number_join_the_subgroup_that_was_begun_with_one():
    line = Line(watch_of(diameter(id=1, product_id=1, subgroup_size=2), known_limits("xbar_r")))
    line.add_values(10.0, subgroup_number=40).add_values(10.1, 10.2, 10.3)
    assert [point.subgroup_number for point in line.points.values()] == [40, 41]


def test_that_the_sample_number_counts_on_from_the_one_given():
    line = Line(watch_of())
    line.add(measured(10, 10, sample_number=50))
    line.add(measured(10))
    assert [row.sample_number for row in line.rows.values()] == [50, 51, 52]


@pytest.mark.parametrize(("value", "within"), [(9.0, True), (11.0, True), (8.999, False), (11.001, False)])
def test_that_only_values_beyond_a_limit_are_out_of_specification(value, within):
    line = Line(watch_of())
    line.add(measured(value))
    assert line.rows[1].is_within_spec is within
    assert line.points[0].out_of_spec is not within


def test_that_a_rule_marks_the_measurements_of_its_point():
    line = Line(watch_of())
    line.add_values(10.0, 10.7)
    assert [row.is_within_control for row in line.rows.values()] == [True, False]
    assert "nelson_1" in rules_at(line.points[1])


def test_that_the_dispersion_panel_hears_rule_1_only():
    line = Line(watch_of())
    line.add_values(*[10.05] * 9)
    location, dispersion = line.points[8].panels
    assert [violation.rule for violation in location.violations] == ["nelson_2"]
    assert location.violations[0].members == tuple(range(9))
    assert dispersion.violations == ()


def test_that_learning_freezes_limits_and_judges_the_baseline_anew():
    line = Line(watch_of(plan=learning(10)))
    values = [10.0, 10.1, 9.9, 10.05, 13.0, 9.95, 10.0, 10.1, 9.9, 10.0]
    line.add_values(*values[:9])
    assert all(point.learning and point.panels[0].ucl is None for point in line.points.values())
    assert line.points[3].panels[0].value == pytest.approx(10.05)
    line.add_values(values[9])
    (limits,) = line.limits
    estimated = CHARTS["i_mr"].estimate([Observation((value,)) for value in values])
    assert limits.limits.params == estimated.params
    assert limits.limits.provenance.baseline == tuple(range(10))
    assert not any(point.learning for point in line.points.values())
    assert "nelson_1" in rules_at(line.points[4])
    assert [judged.point.index for judged in line.judged if judged.retrospective] == list(range(10))
    line.add_values(14.0)
    assert "nelson_1" in rules_at(line.points[10])
    assert line.points[10].limits_revision == 1


def test_that_learning_goes_on_while_nothing_varies():
    line = Line(watch_of(plan=learning(5)))
    line.add_values(*[10.0] * 12)
    assert line.limits == []
    line.add_values(10.1, 9.9, 10.0)
    assert len(line.limits) == 1
    assert line.limits[0].first_index == 0


def test_that_a_stuck_gauge_does_not_let_the_state_grow():
    line = Line(watch_of(plan=learning(5)))
    line.add_values(*[10.0] * 500)
    assert len(line.state.learned) <= 20
    line.add_values(*[10.1, 9.9] * 5)
    assert len(line.limits) == 1


def test_that_the_state_stays_small_after_any_length_of_history():
    line = Line(watch_of(plan=learning(5)))
    line.add_values(*[10 + 0.1 * math.sin(i) for i in range(100)])
    short = len(encode_state(line.state))
    line.add_values(*[10 + 0.1 * math.sin(i) for i in range(3000)])
    assert len(encode_state(line.state)) <= short + 16


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (measured(), "no_values"),
        (measured(math.nan), "value_not_finite"),
        (measured(1, -math.inf), "value_not_finite"),
        (measured(1e200), "value_too_large"),
        (measured(-1e100), "value_too_large"),
        (measured(1, at=measured(1).measured_at.replace(tzinfo=None)), "time_without_offset"),
    ],
)
def test_that_what_cannot_be_judged_is_refused_with_its_reason(item, code):
    with pytest.raises(UserError) as refused:
        check_item(watch_of(), item)
    assert refused.value.code == code


def test_that_default_plans_follow_the_subgroup_size():
    charts = [default_plan(diameter(subgroup_size=n)).chart for n in (1, 2, 8, 9)]
    assert charts == ["i_mr", "xbar_r", "xbar_r", "xbar_s"]


def chart_items(chart, count, *, shifted=False):
    """Deterministic items that suit the data of a chart; ``shifted`` ones are far from the others in mean and spread."""
    far = 6.0 if shifted else 0.0
    for i in range(count):
        swing = math.sin(1.7 * i) + math.sin(0.9 * i)
        if chart.data in {"counts", "counts+size"}:
            sized = chart.data == "counts+size"
            yield measured(round(5 + 1.4 * swing) + 5 * far, size=50 if sized else None)
        elif chart.data == "times":
            yield measured(3 + swing + 40 * far)
        elif chart.data == "multivariate":
            n = 1 if chart.name in {"t2_i", "mewma"} else 4
            spread = 1 + 3 * far
            first = [10 + far + spread * math.sin(1.7 * i + 2 * k) for k in range(n)]
            yield measured(*first, *[5 + far / 2 + spread * math.cos(2.9 * i + 3 * k) for k in range(n)])
        else:
            part = "short" if i // 4 % 2 else "long"
            middle = 10 if part == "long" or not chart.by_part else 6
            n = 4 if chart.data == "variables" else 1
            values = [middle + far / 3 + (1 + far) * math.sin(1.7 * i + 2 * k) / 5 for k in range(n)]
            yield measured(*values, part=part)


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_that_every_chart_of_the_registry_watches_by_a_plan_with_its_own_rules(name):
    chart = CHARTS[name]
    size = 4 if chart.data == "variables" else 1
    watch = watch_of(diameter(id=1, product_id=1, subgroup_size=size), learning(16, name))
    check_watch(watch)
    whole, split = Line(watch), Line(watch)
    shown = {}
    for item in [*chart_items(chart, 24), *chart_items(chart, 12, shifted=True)]:
        check_item(whole.watch, item)
        for judged in whole.add(item).points:
            shown.setdefault(judged.point.index, judged.point)
        split.state = decode_state(encode_state(split.state))
        split.watch = make_watch(watch.product, watch.characteristic, watch.plan, split.watch.limits)
        split.add(item)
    assert len(whole.limits) == 1
    assert split.points == whole.points
    assert sorted(whole.points) == list(range(36))
    for index in range(15):
        for early, late in zip(shown[index].panels, whole.points[index].panels, strict=True):
            assert early.value in {None, late.value}
    for index in range(16, 36):
        panels = whole.points[index].panels
        assert all(panel.value is not None for panel in panels)
        assert any(panel.ucl is not None for panel in panels) or name == "run"
    assert not any(rules_at(whole.points[index]) for index in range(16, 24))
    assert any(rules_at(whole.points[index]) for index in range(24, 36))


def test_that_a_part_of_its_own_closes_the_subgroup_and_is_kept_with_the_point():
    plan = learning(4, "dnom_xbar_r", chart_options={"nominals": {"long": 10.0, "short": 6.0}})
    line = Line(watch_of(diameter(id=1, product_id=1, subgroup_size=3), plan))
    line.add(measured(10.0, 10.1, part="long"))
    line.state = decode_state(encode_state(line.state))
    line.add(measured(6.0, 6.1, 6.2, part="short"))
    assert [(point.part, point.values) for point in line.points.values()] == [
        ("long", (10.0, 10.1)),
        ("short", (6.0, 6.1, 6.2)),
    ]
    line.add(measured(10.0, 10.1, 10.3, part="long"))
    line.add(measured(6.0, 5.9, 6.2, part="short"))
    assert line.points[1].panels[0].value == pytest.approx(0.1)
    with pytest.raises(UserError) as refused:
        line.add(measured(1.0, 2.0, 3.0, part="medium"))
    assert refused.value.params["allowed"] == "one of 'long', 'short'"


def test_that_an_incomplete_observation_of_several_variables_is_refused():
    watch = watch_of(plan=learning(16, "t2"))
    with pytest.raises(UserError) as refused:
        check_item(watch, measured(1, 2, 3))
    assert refused.value.params["allowed"] == "the same number of values for each of 2 variables"
    line = Line(watch)
    for item in chart_items(CHARTS["t2"], 16):
        line.add(item)
    check_item(line.watch, measured(*range(8)))
    with pytest.raises(UserError) as refused:
        check_item(line.watch, measured(*range(6)))
    assert refused.value.params["allowed"] == "2 x 4 values"


def test_that_rules_left_out_are_those_that_suit_the_chart():
    taken = {name: learning(5, name).rules for name in CHARTS}
    assert taken["i_mr"] == taken["xbar_s"] == taken["u"] == ("nelson_1", "nelson_2")
    assert taken["ewma"] == taken["g"] == taken["t2"] == taken["acceptance"] == taken["zone"] == ("nelson_1",)
    assert taken["run"] == taken["pre_control"] == taken["s"] == ()
    assert learning(5, "xbar_r", rule_set="western_electric").rules == ("we_1", "we_2", "we_3", "we_4")
    assert learning(5, "ewma", rule_set="western_electric").rules == ("we_1",)
    assert learning(5, "i_mr", rules=()).rules == ()
    stored = msgspec.json.encode(learning(5, "ewma"))
    assert msgspec.json.decode(stored, type=ControlPlan) == learning(5, "ewma")
    assert msgspec.json.decode(b'{"characteristic_id": 1, "chart": "cusum"}', type=ControlPlan).rules == ("nelson_1",)


@st.composite
def streams(draw):
    """A characteristic, and items of one or more values with and without subgroup numbers."""
    n = draw(st.integers(1, 4))
    count = draw(st.integers(1, 60))
    items = []
    for _ in range(count):
        values = draw(st.lists(st.integers(90, 110).map(lambda v: v / 10), min_size=1, max_size=max(1, n)))
        number = draw(st.none() | st.integers(1, 5))
        items.append(measured(*values, subgroup_number=number))
    cuts = draw(st.sets(st.integers(0, count)))
    return n, items, cuts


@settings(max_examples=60, deadline=None)
@given(streams())
def test_that_a_fold_with_restarts_anywhere_equals_the_fold_in_one_go(stream):
    n, items, cuts = stream
    chart = "i_mr" if n == 1 else "xbar_s"
    watch = watch_of(
        diameter(id=1, product_id=1, subgroup_size=n),
        learning(4, chart, rules=RULES),
    )
    whole, split = Line(watch), Line(watch)
    for at, item in enumerate(items):
        whole.add(item)
        if at in cuts:
            split.state = decode_state(encode_state(split.state))
            split.watch = make_watch(watch.product, watch.characteristic, watch.plan, split.watch.limits)
        split.add(item)
    assert split.points == whole.points
    assert split.rows == whole.rows
    assert decode_state(encode_state(split.state)) == decode_state(encode_state(whole.state))
    assert sorted(whole.points) == list(range(len(whole.points)))
    settled = sum(len(point.values) for point in whole.points.values())
    assert settled + len(whole.state.open) == len(whole.rows) == sum(len(item.values) for item in items)


def test_that_counts_are_checked_against_the_inspected_units():
    watch = watch_of(
        diameter(id=1, product_id=1, lsl=None, usl=None),
        known_limits("p", policy=LimitPolicy(mode="given", params={"p": 0.1})),
    )
    for item, code in [
        (measured(3), "size_missing"),
        (measured(3, size=0.0), "size_invalid"),
        (measured(2.5, size=50.0), "count_invalid"),
        (measured(-1, size=50.0), "count_invalid"),
        (measured(51, size=50.0), "count_above_size"),
        (measured(1, 2, size=50.0), "one_count"),
    ]:
        with pytest.raises(UserError) as refused:
            check_item(watch, item)
        assert refused.value.code == code
    line = Line(watch)
    line.add(measured(20, size=50.0))
    assert (line.points[0].panels[0].value, line.points[0].size, line.points[0].out_of_spec) == (0.4, 50.0, False)
    assert rules_at(line.points[0]) == ["nelson_1"]


def test_that_limits_set_later_judge_with_their_own_number():
    plan = known_limits()
    watch = watch_of(plan=plan)
    second = FrozenLimits(
        characteristic_id=1, revision=2, first_index=5, limits=CHARTS["i_mr"].given({"center": 20.0, "sigma": 1.0})
    )
    line = Line(watch.with_limits(second))
    line.add_values(20.0)
    assert (line.points[0].limits_revision, line.points[0].panels[0].center) == (2, 20.0)
