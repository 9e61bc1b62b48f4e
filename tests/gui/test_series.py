"""A series holds what was sent, however it came: pages backwards, points one by one, replaced, beyond what is kept."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from spc_desktop.domain.point import PanelColumns, PanelValue, Point, PointColumns, PointMark
from spc_desktop.spc.run_rules import Violation
from spc_desktop.ui.charts import decimate
from spc_desktop.ui.charts.positions import Positions
from spc_desktop.ui.charts.series import BLOCK, Series

START = datetime(2026, 1, 11, tzinfo=UTC)


def made_point(index, value=None, center=10.0, *, flagged=False, learning=False):
    violations = (Violation("nelson_1", (index,)),) if flagged else ()
    return Point(
        characteristic_id=1,
        index=index,
        subgroup_number=index + 1,
        measured_at=START + timedelta(seconds=index),
        values=(),
        panels=(PanelValue(float(index) if value is None else value, center, center - 3, center + 3, 1.0, violations),),
        out_of_spec=flagged,
        learning=learning,
    )


def page_of(points, total):
    def column(numbers):
        return np.array([np.nan if number is None else number for number in numbers], "<f8").tobytes()

    panels = [point.panels[0] for point in points]
    panel = PanelColumns(
        key="i", **{name: column([getattr(each, name) for each in panels]) for name in PanelValue.__struct_fields__[:5]}
    )
    marks = tuple(
        PointMark(index=p.index, out_of_spec=p.out_of_spec, violations=tuple(("i", v) for v in p.panels[0].violations))
        for p in points
        if p.out_of_spec
    )
    return PointColumns(
        characteristic_id=1,
        first_index=points[0].index if points else 0,
        count=len(points),
        total=total,
        measured_at=column([p.measured_at.timestamp() for p in points]),
        subgroup_number=np.array([p.subgroup_number for p in points], "<i8").tobytes(),
        panels=(panel,),
        marks=marks,
    )


def contents(series):
    panel, count = series.panels["i"], series.count
    return (
        series.base,
        panel.value[:count].tolist(),
        panel.columns["center"][:count].tolist(),
        panel.steps.all.tolist(),
        panel.violations.all.tolist(),
        series.out_of_spec.all.tolist(),
        series.number[:count].tolist(),
    )


steps = st.lists(
    st.tuples(st.floats(-100, 100), st.sampled_from([10.0, 10.0, 10.0, 12.0]), st.booleans()), min_size=1, max_size=300
)


@given(steps, st.integers(1, 90), st.integers(0, 300))
def test_that_pages_backwards_and_points_one_by_one_make_the_same_series(rows, page_size, live):
    points = [made_point(at, value, center, flagged=flag) for at, (value, center, flag) in enumerate(rows)]
    stored = max(0, len(points) - live)
    streamed = Series(1, ["i"])
    streamed.load(page_of([], 0))
    assert streamed.apply(points)
    paged = Series(1, ["i"])
    newest = max(0, stored - page_size)
    paged.load(page_of(points[newest:stored], stored))
    assert paged.apply(points[stored:])
    while not paged.complete:
        before = paged.loaded_from
        paged.load(page_of(points[max(0, before - page_size) : before], stored))
    assert contents(paged) == contents(streamed)
    panel = paged.panels["i"]
    for block in range(-(-len(points) // BLOCK)):
        inside = [row[0] for row in rows[block * BLOCK : (block + 1) * BLOCK]]
        assert (panel.low[block], panel.high[block]) == (min(inside), max(inside))


def test_that_a_missing_position_is_noticed():
    series = Series(1, ["i"])
    series.load(page_of([made_point(0)], 1))
    assert series.apply([made_point(1)])
    assert not series.apply([made_point(3)])


def test_that_a_replaced_point_shows_its_new_judgement():
    series = Series(1, ["i"])
    series.load(page_of([], 0))
    series.apply([made_point(at, learning=True) for at in range(5)])
    series.apply([made_point(2, value=99.0, center=50.0, flagged=True)])
    panel = series.panels["i"]
    assert panel.value[:5].tolist() == [0, 1, 99, 3, 4]
    assert panel.steps.all.tolist() == [2, 3]
    assert series.signals().tolist() == [2]
    assert series.learning.all.tolist() == [0, 1, 3, 4]
    assert panel.high[0] == 99.0


def test_that_the_oldest_points_make_room_when_a_series_is_full():
    series = Series(1, ["i"], max_points=256)
    series.load(page_of([], 0))
    series.apply([made_point(at, flagged=at % 50 == 0) for at in range(2000)])
    assert series.end == 2000
    assert 256 <= series.count <= 256 + 64
    assert series.base % BLOCK == 0
    assert series.panels["i"].value[series.count - 1] == 1999
    assert series.signals().tolist() == [at for at in range(series.base, 2000) if at % 50 == 0]
    assert all(at >= series.base for at in series.marks)


def test_that_a_long_history_keeps_its_newest_points_only():
    series = Series(1, ["i"], max_points=256)
    points = [made_point(at) for at in range(1000)]
    series.load(page_of(points[900:], 1000))
    while not series.complete:
        before = series.loaded_from
        series.load(page_of(points[before - 100 : before], 1000))
    assert series.base == (1000 - 256) // BLOCK * BLOCK
    assert series.panels["i"].value[: series.count].tolist() == [float(at) for at in range(series.base, 1000)]


def test_that_decimation_keeps_every_extreme_and_a_marked_point_of_every_bin():
    count = 100_000
    series, random = Series(1, ["i"]), np.random.default_rng(3)
    value = random.standard_normal(count)
    value[12_345], value[77_777] = 50.0, -60.0
    points = page_of([], 0)
    columns = {name: value.astype("<f8").tobytes() for name in ("value", "center", "lcl", "ucl", "sigma")}
    flagged = np.flatnonzero(np.abs(value) > 2)
    series.load(
        PointColumns(
            characteristic_id=1,
            first_index=0,
            count=count,
            total=count,
            measured_at=columns["value"],
            subgroup_number=np.arange(count, dtype="<i8").tobytes(),
            panels=(PanelColumns(key="i", **columns),),
            marks=tuple(PointMark(index=int(at), violations=(("i", Violation("r", (int(at),))),)) for at in flagged),
        )
    )
    assert points.count == 0
    panel = series.panels["i"]
    for first, last in ((0, count), (1000, 99_000), (50_000, 58_000), (77_000, 78_000)):
        _x, y = decimate.line(panel, 0, first, last)
        assert np.nanmin(y) <= value[first:last].min()
        assert np.nanmax(y) >= value[first:last].max()
        assert len(y) <= max(decimate.MAX_PLAIN, 2 * decimate.MAX_BINS + 2)
        positions = panel.violations.between(first, last)
        x, _ = decimate.marked(positions, value[positions], last - first)
        size = decimate.bin_size(last - first)
        assert {int(at) // size for at in x} == {int(at) // size for at in positions}


@given(st.lists(st.tuples(st.sampled_from(["add", "discard"]), st.integers(0, 60))))
def test_that_positions_behave_as_a_sorted_set(actions):
    positions, model = Positions(), set()
    for action, number in actions:
        getattr(positions, action)(number)
        getattr(model, action)(number)
    assert positions.all.tolist() == sorted(model)
    assert positions.between(10, 40).tolist() == sorted(number for number in model if 10 <= number < 40)
