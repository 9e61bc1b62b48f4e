"""The chart on screen: what is drawn, where the keys go, what hovering tells."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QToolTip

from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.spc.run_rules import Violation
from spc_desktop.ui.charts.axes import _apart
from spc_desktop.ui.charts.compose import staircase
from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.picture import Levels, SpecLimits
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.theme import LIGHT
from tests.gui.test_series import START, page_of

I_MR = (PanelSpec("i", "X", individuals=True), PanelSpec("mr", "MR", role="dispersion", symmetric=False))
XBAR = (PanelSpec("xbar", "X̄"),)


def point(index, value, *, rules=(), members=(), **fields):
    violations = tuple(Violation(rule, tuple(members) or (index,)) for rule in rules)
    shown = PanelValue(value, 10.0, 9.4, 10.6, 0.2, violations)
    spread = PanelValue(None if index == 0 else 0.2, 0.225, 0.0, 0.737, None)
    return Point(
        characteristic_id=1,
        index=index,
        subgroup_number=index + 1,
        measured_at=START,
        values=() if value is None else (value,),
        panels=(shown, spread),
        **fields,
    )


@pytest.fixture
def chart(qtbot, look):
    widget = ControlChart(FrameClock())
    qtbot.addWidget(widget)
    widget.resize(900, 500)
    widget.show()
    return widget


def filled(chart, points, panels=I_MR, spec=SpecLimits(9.0, 10.0, 11.0)):  # noqa: B008 - a frozen value
    series = Series(1, [panel.key for panel in panels])
    series.load(page_of([], 0))
    series.apply(points)
    chart.show_series(series, panels, name="Bore", decimals=2, spec=spec)
    chart.draw()
    return series


def press(chart, key, modifiers=Qt.KeyboardModifier.NoModifier, text=""):
    QApplication.sendEvent(chart, QKeyEvent(QEvent.Type.KeyPress, int(key), modifiers, text))
    chart.draw()


def pixels(widget, name):
    image, wanted = widget.grab().toImage(), QColor(name).rgb()
    return sum(image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


def xs(chart, kind, panel=0):
    """Positions that are painted as this kind."""
    item = chart.views[panel].item
    dots = {"member": item.extras.members, "cursor": item.extras.cursor, **item.picture.dots}.get(kind)
    return [] if dots is None else np.sort(dots.x).tolist()


def texts(chart, panel=0):
    return [(label.text, label.x) for label in chart.views[panel].item.picture.labels]


def test_that_signals_out_of_spec_and_excluded_points_have_shapes_of_their_own(chart):
    points = [point(at, 10.0 + 0.05 * (at % 5)) for at in range(30)]
    points[10] = point(10, 10.8, rules=["nelson_1"])
    points[20] = point(20, 11.2, rules=["nelson_1", "nelson_2"], out_of_spec=True)
    points[25] = point(25, 12.0, excluded=True)
    filled(chart, points)
    assert xs(chart, "violation") == [10]
    assert xs(chart, "out_of_spec") == [20]
    assert xs(chart, "excluded") == [25]
    assert set(xs(chart, "ok")) == set(range(30)) - {10, 20, 25}
    assert texts(chart) == [("1", 10), ("1", 20), ("OOS", 20)]
    assert xs(chart, "out_of_spec", 1) == []
    assert pixels(chart, LIGHT.violation) > 50
    assert pixels(chart, LIGHT.out_of_spec) > 10


def test_that_data_line_and_limits_are_seen_and_stay_when_the_view_moves(chart):
    filled(chart, [point(at, 10.0 + 0.2 * (-1) ** at) for at in range(300)])
    for low in (200.5, 100.5, 20.5):
        chart.set_view(low, low + 60)
        chart.draw()
        assert pixels(chart, LIGHT.data) > 3000  # sixty points alone are fewer than 1500
        assert pixels(chart, LIGHT.limit) > 500
        assert pixels(chart, LIGHT.center) > 500


def test_that_limits_are_labelled_with_their_values_and_spec_only_where_single_values_are_plotted(chart):
    points = [point(at, 10.0) for at in range(30)]
    filled(chart, points)
    texts = [tag.text for tag in chart.views[0].limit_axis.tags]
    assert texts == ["UCL 10.60", "CL 10.00", "LCL 9.40", "LSL 9.00", "T 10.00", "USL 11.00"]
    filled(chart, points, XBAR)
    assert not any("SL" in tag.text for tag in chart.views[0].limit_axis.tags)


def test_that_a_missing_value_breaks_the_line_and_is_marked(chart):
    points = [point(at, 10.0) for at in range(30)]
    points[7] = point(7, None)
    filled(chart, points)
    picture = chart.views[0].item.picture
    assert picture.gaps == [(7, 10.0)]
    assert not picture.whole
    assert 7 not in xs(chart, "ok")


def test_that_limits_step_without_being_joined_where_they_change(chart):
    points = [point(at, 10.0) for at in range(30)]
    series = filled(chart, points)
    moved = [
        Point(
            characteristic_id=1,
            index=at,
            subgroup_number=at + 1,
            measured_at=START,
            values=(10.0,),
            panels=(PanelValue(10.0, 10.2, 9.8, 10.6, 0.1), PanelValue(0.2)),
        )
        for at in range(15, 30)
    ]
    series.apply(moved)
    chart.draw()
    center = chart.views[0].item.picture.limits["center"]
    assert center.x.tolist() == [-0.5, 14.5, 14.5, 29.5]
    assert center.y.tolist() == [10.0, 10.0, 10.2, 10.2]
    assert center.connect.tolist() == [1, 0, 1, 0]


def test_that_limits_that_change_with_every_point_make_a_staircase():
    made = staircase(np.array([0, 1, 2, 3]), np.array([1, 2, 3, 9]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert made.x.tolist() == [-0.5, 0.5, 0.5, 1.5, 1.5, 2.5, 2.5, 8.5]
    assert made.y.tolist() == [1, 1, 2, 2, 3, 3, 4, 4]
    assert made.connect.tolist() == [1, 1, 1, 1, 1, 1, 1, 0]


def test_that_provisional_limits_are_dotted_and_no_others(chart):
    points = [
        Point(
            characteristic_id=1,
            index=at,
            subgroup_number=at + 1,
            measured_at=START,
            values=(10.0,),
            panels=(PanelValue(10.0 + at / 50), PanelValue(0.1)),
            learning=True,
        )
        for at in range(8)
    ]
    filled(chart, points)
    chart.set_provisional({"i": Levels(10.0, 9.5, 10.5)})
    chart.draw()
    view = chart.views[0]
    assert view.item.picture.dotted == [(-0.5, 7.5, 10.0), (-0.5, 7.5, 9.5), (-0.5, 7.5, 10.5)]
    assert view.item.picture.limits == {}
    assert "UCL 10.50" in [tag.text for tag in view.limit_axis.tags]


def test_that_arrows_walk_points_and_control_arrows_walk_signals(chart):
    points = [point(at, 10.0) for at in range(200)]
    points[50] = point(50, 10.9, rules=["nelson_1"])
    points[150] = point(150, 10.9, rules=["nelson_1"])
    filled(chart, points)
    selected = []
    chart.point_selected.connect(selected.append)
    press(chart, Qt.Key.Key_Left)
    press(chart, Qt.Key.Key_Left)
    press(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    press(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    press(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    press(chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert selected == [199, 198, 150, 50, 150]
    low, high = chart.view_range
    assert low < 150 < high


@pytest.mark.parametrize(("key", "text"), [(Qt.Key.Key_L, "l"), (0x3163, "ㅣ")], ids=["latin", "hangul"])
def test_that_l_follows_the_newest_point_again(chart, key, text):
    series = filled(chart, [point(at, 10.0) for at in range(500)])
    press(chart, Qt.Key.Key_Home)
    assert not chart.locked
    low, _high = chart.view_range
    series.apply([point(500, 10.0)])
    chart.draw()
    assert chart.view_range[0] == low  # somebody looks at the past: it stays
    press(chart, key, text=text)
    assert chart.locked
    series.apply([point(at, 10.0) for at in range(501, 540)])
    chart.draw()
    assert chart.view_range[1] >= 539


def test_that_enter_opens_the_point_under_the_cursor(chart):
    filled(chart, [point(at, 10.0) for at in range(30)])
    opened = []
    chart.point_activated.connect(opened.append)
    press(chart, Qt.Key.Key_Left)
    press(chart, Qt.Key.Key_Return)
    assert opened == [29]


def test_that_hovering_tells_every_rule_in_words_and_outlines_the_pattern(chart):
    points = [point(at, 10.1) for at in range(30)]
    points[20] = point(20, 10.7, rules=["nelson_2", "nelson_1"], members=range(12, 21))
    filled(chart, points)
    text = chart.point_text(20)
    assert "Rule 1: beyond control limit" in text
    assert "Rule 2: 9 points in a row on one side of centre line" in text
    assert texts(chart) == [("1", 20)]
    chart.go_to(20)
    chart.draw()
    assert xs(chart, "member") == list(range(12, 21))
    assert xs(chart, "cursor") == [20]


def test_that_the_hover_text_stays_while_the_mouse_rests(chart, qtbot):
    filled(chart, [point(at, 10.0) for at in range(30)])
    view = chart.views[0]
    spot = view.plot.vb.mapViewToScene(QPointF(20, 10.0))
    chart.pointer.move(spot)
    place = chart.mapFromScene(spot)
    QApplication.sendEvent(chart.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, chart.mapToGlobal(place)))
    qtbot.wait(400)  # Qt hides a text a moment after it was told to
    assert QToolTip.isVisible()
    assert "Subgroup 21" in QToolTip.text()
    assert [(each.item.extras.crosshair, each.item.extras.reading) for each in chart.views] == [
        (20, "10.000"),
        (20, "0.20"),
    ]


def test_that_a_screen_reader_gets_one_sentence_about_the_chart(chart):
    points = [point(at, 10.0) for at in range(25)]
    filled(chart, points)
    chart.summary()
    assert chart.accessibleName() == "Bore, 25 subgroups, in control, last 10.00"


def test_that_the_y_range_stands_still_while_values_fit(chart):
    series = filled(chart, [point(at, 10.0 + 0.1 * (at % 3)) for at in range(30)])
    before = chart.views[0].plot.viewRange()[1]
    series.apply([point(30, 10.2), point(31, 9.9)])
    chart.draw()
    assert chart.views[0].plot.viewRange()[1] == before
    series.apply([point(32, 14.0)])
    chart.draw()
    assert chart.views[0].plot.viewRange()[1][1] > 14.0


def test_that_a_chart_without_points_is_empty_and_takes_every_key(chart):
    filled(chart, [])
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Return, Qt.Key.Key_L, Qt.Key.Key_Z, Qt.Key.Key_Plus, Qt.Key.Key_PageUp):
        press(chart, key)
    assert chart.point_text(0) == ""
    assert chart.summary() == "Bore: no points yet"


def test_that_a_hidden_chart_is_not_drawn_and_catches_up_when_shown(chart):
    series = filled(chart, [point(at, 10.0) for at in range(30)])
    clock = chart._clock
    clock.flush()
    chart.hide()
    series.apply([point(30, 10.9, rules=["nelson_1"])])
    chart.changed()
    clock.flush()
    assert xs(chart, "violation") == []
    chart.show()
    clock.flush()
    assert xs(chart, "violation") == [30]


def test_that_labels_that_would_cover_each_other_move_apart():
    assert _apart([10.0, 12.0, 50.0], 8.0, 100.0) == [10.0, 18.0, 50.0]
    assert _apart([95.0, 99.0], 8.0, 100.0) == [88.0, 96.0]


@pytest.mark.parametrize("points", [10, 24, 32])
def test_that_the_left_axis_writes_the_values_themselves_after_theme_and_text_size_change(chart, look, points):
    filled(chart, [point(index, 0.02 + index % 2 * 0.01) for index in range(30)], spec=SpecLimits())
    for theme in ("dark", "light"):
        look[0].apply(theme)
        font = chart.font()
        font.setPointSize(points)
        chart.setFont(font)
        chart.draw()
    for view in chart.views:
        axis = view.plot.getAxis("left")
        texts = [float(text) for _, text in axis.ticks()]
        low, high = axis.range
        assert texts, "no number fits beside the axis"
        assert all(low <= value <= high for value in texts)
