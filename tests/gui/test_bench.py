"""The chart bench as a quality engineer uses it, by keys alone; how many keys each piece of work takes is counted."""

import gc
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication

from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.measurement import Trace
from spc_desktop.domain.point import PanelColumns, PointColumns
from spc_desktop.hub.api import Actor
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import CHARTS
from spc_desktop.ui.bench.table import PointTable, PointTableView
from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.frame_clock import FrameClock
from tests.fakes import NOON, diameter, known_limits, measured, save
from tests.gui.conftest import until
from tests.gui.test_control_chart import I_MR, point
from tests.gui.test_series import page_of

CATALOGUE = save(diameter(subgroup_size=3), plans=[known_limits("xbar_r", sigma=0.1, rules=("nelson_1", "nelson_2"))])
STATISTICS = ("value", "center", "lcl", "ucl", "sigma")
KIM = Actor(name="kim")


def history(count=60, shifted_from=40):
    """Subgroups of three: calm at 10.0, then at 10.12, which the wide limits take long to see."""
    return [
        measured(
            *(10.0 + 0.01 * ((at + k) % 3 - 1) + (0.12 if at >= shifted_from else 0.0) for k in range(3)),
            at=NOON + timedelta(hours=at),
            trace=Trace(lot=f"L{at // 20}", machine="M1" if at % 2 else "M2", operator="lee"),
        )
        for at in range(count)
    ]


@pytest.fixture(autouse=True)
def _collected_here():
    """The hub computes limits in a thread of its own, which may not collect the window of the test before."""
    yield
    gc.collect()


@dataclass
class Engineer:
    """Somebody at the bench, whose keys are counted."""

    bench: object
    page: object
    keys: int = 0
    clicks: int = 0

    @property
    def chart(self):
        return self.page.chart

    @property
    def inspector(self):
        return self.bench.charts.inspector

    def press(self, key, modifiers=Qt.KeyboardModifier.NoModifier):
        self.keys += 1
        QTest.keyClick(self.bench.window.focusWidget(), key, modifiers)

    def hangul(self, sign, modifiers=Qt.KeyboardModifier.NoModifier):
        """Press a letter key while the Korean input method is on."""
        self.keys += 1
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, ord(sign), modifiers, sign)
            QApplication.sendEvent(self.bench.window.focusWidget(), event)

    def write(self, text):
        """Type a text; its letters are not counted."""
        QTest.keyClicks(self.bench.window.focusWidget(), text)

    async def limits(self):
        return await self.bench.hub.query(m.GetLimits(characteristic_id=1))

    async def excluded(self):
        columns = await self.bench.hub.query(m.GetPoints(characteristic_id=1))
        return [mark.index for mark in columns.marks if mark.excluded]


@pytest.fixture
def at_the_bench(open_bench):
    @asynccontextmanager
    async def opened(*more, before=None, catalogue=CATALOGUE, **known):
        before = history() if before is None else before
        async with open_bench(catalogue, *more, before=before, **known) as bench:
            bench.window.resize(1280, 800)
            bench.window.activateWindow()
            bench.desk.open_chart(bench.station, 1)
            page = bench.charts.chart_page
            await until(lambda: page.feed.loaded and page.feed.series.count == len(before))
            page.chart.setFocus()
            await until(page.chart.hasFocus)
            yield Engineer(bench, page)

    return opened


def ghost(page):
    return [view.wishes.ghost for view in page.chart.views]


# -- new limits --------------------------------------------------------------------------------------------------------


async def test_that_limits_are_frozen_from_a_baseline_with_four_keys_and_a_reason_and_taken_back_with_one(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        panel = page.limits.panel
        engineer.press(Qt.Key.Key_B)
        await until(panel.changes.count)
        assert engineer.bench.charts.side.currentWidget() is panel
        assert all(ghost(page))
        assert page.chart.brush.shown == (35, 59)
        assert "25 subgroups" in panel.text.text()
        assert "Signals gained" in panel.text.text()
        assert not panel.freeze_button.isEnabled()  # no reason yet
        engineer.press(Qt.Key.Key_Return)
        await until(panel.reason.hasFocus)
        assert [one.revision for one in await engineer.limits()] == [1]
        engineer.write("after overhaul")
        assert panel.freeze_button.isEnabled()
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: engineer.bench.station.states[1].limits.revision == 2)
        await until(page.chart.hasFocus)
        assert engineer.keys == 3
        assert engineer.clicks == 0
        frozen = (await engineer.limits())[-1].limits
        assert frozen.provenance.baseline == tuple(range(35, 60))
        assert frozen.provenance.why == "after overhaul"
        assert frozen.provenance.by == "kim"
        assert not any(ghost(page))
        await until(lambda: "after overhaul" in page._about.text())
        await until(lambda: [stage.name for stage in page._stages] == ["limits 1", "limits 2"])
        engineer.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: engineer.bench.station.states[1].limits.revision == 3)
        assert (await engineer.limits())[-1].limits.params == {"center": 10.0, "sigma": 0.1}
        assert engineer.keys == 4
        assert not page.undo


async def test_that_the_list_tells_signals_gained_and_lost_and_leads_to_them(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        panel = page.limits.panel
        engineer.press(Qt.Key.Key_B)
        page.chart.start_brush(0, 24)
        await until(lambda: panel._proposal is not None and panel._proposal.count == 25)
        tried = panel._proposal.tried
        assert {one.index for one in tried.gained if one.rule == "nelson_1"} == set(range(40, 60))
        texts = [panel.changes.item(row).text() for row in range(panel.changes.count())]
        assert len(texts) == len(tried.gained) + len(tried.lost)
        assert texts[0].startswith("+ 60: ")
        assert "beyond control limit" in " ".join(texts)
        panel.changes.setCurrentRow(1)
        assert page.chart.cursor_position == panel.changes.item(1).data(Qt.ItemDataRole.UserRole)
        assert page.chart.brush.shown == (0, 24)


async def test_that_the_baseline_grows_by_shift_and_arrows_and_the_ghost_follows(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        engineer.press(Qt.Key.Key_B)
        await until(lambda: page.limits.panel._proposal is not None)
        engineer.press(Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier)
        engineer.press(Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
        assert page.chart.brush.shown == (35, 48)
        await until(lambda: page.limits.panel._proposal.count == 14)


async def test_that_escape_gives_new_limits_up_wherever_the_keyboard_is(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        engineer.press(Qt.Key.Key_B)
        await until(lambda: page.limits.panel._proposal is not None)
        engineer.press(Qt.Key.Key_Escape)
        assert not page.limits.active
        assert not any(ghost(page))
        engineer.hangul("ㅠ")  # the key B in Hangul mode
        engineer.press(Qt.Key.Key_Return)
        await until(page.limits.panel.reason.hasFocus)
        engineer.press(Qt.Key.Key_Escape)
        assert not page.limits.active
        assert page.chart.brush.shown is None
        assert engineer.bench.charts.side.currentWidget() is engineer.inspector
        await until(page.chart.hasFocus)
        assert [one.revision for one in await engineer.limits()] == [1]


async def test_that_what_was_chosen_stays_when_points_come_and_are_read_anew(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        engineer.press(Qt.Key.Key_B)
        await until(lambda: page.limits.panel._proposal is not None)
        await engineer.bench.hub.submit([measured(10.0, 10.0, 10.1, at=NOON + timedelta(days=9))])
        await until(lambda: page.feed.series.count == 61)
        before = page.feed.series
        page.feed.reload()
        await until(lambda: page.feed.series is not before)
        await until(lambda: all(ghost(page)))
        assert page.chart.brush.shown == (35, 59)
        engineer.press(Qt.Key.Key_Return)
        await until(page.limits.panel.reason.hasFocus)


async def test_that_limits_that_cannot_be_computed_are_refused_in_words(at_the_bench):
    async with at_the_bench(
        before=[measured(10.0, 10.0, 10.0, at=NOON + timedelta(hours=at)) for at in range(9)]
    ) as one:
        one.press(Qt.Key.Key_B)
        panel = one.page.limits.panel
        await until(lambda: "not enough" in panel.text.text() or "usable" in panel.text.text())
        one.press(Qt.Key.Key_Return)
        one.write("r")
        assert not panel.freeze_button.isEnabled()


async def test_that_a_hub_that_fails_leaves_the_proposal_and_the_reason(at_the_bench):
    async with at_the_bench() as engineer:
        panel = engineer.page.limits.panel
        engineer.press(Qt.Key.Key_B)
        await until(lambda: panel._proposal is not None)
        engineer.press(Qt.Key.Key_Return)
        engineer.write("after overhaul")
        store = engineer.bench.hub._store
        store.failing = KnownError("disk_full", path="x")
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: "disk" in panel.text.text().lower())
        assert panel.reason.text() == "after overhaul"
        store.failing = None
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: engineer.bench.station.states[1].limits.revision == 2)


# -- points ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["latin", "hangul"])
async def test_that_a_point_is_left_out_with_a_reason_and_comes_back_with_one_key(at_the_bench, mode):
    async with at_the_bench() as engineer:
        page = engineer.page
        engineer.press(Qt.Key.Key_Left)
        if mode == "latin":
            engineer.press(Qt.Key.Key_X)
        else:
            engineer.hangul("ㅌ")
        await until(page.ask.line.hasFocus)
        engineer.press(Qt.Key.Key_Return)
        assert not page.ask.isHidden()  # without a reason nothing happens
        engineer.write("wrong part")
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: 59 in page.feed.series.excluded)
        await until(page.chart.hasFocus)
        assert await engineer.excluded() == [59]
        assert "Ctrl+Z" in page.messages.text
        engineer.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: 59 not in page.feed.series.excluded)
        notes = await engineer.bench.hub.query(m.GetNotes(characteristic_id=1))
        assert [(note.kind.value, note.text) for note in notes] == [
            ("restored", "taken back: wrong part"),
            ("excluded", "wrong part"),
        ]
        engineer.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: "nothing to take back" in page.messages.text)


async def test_that_shift_x_lets_an_excluded_point_count_again(at_the_bench):
    exclude = m.ExcludePoints(characteristic_id=1, indexes=(58,), reason="r")
    async with at_the_bench() as engineer:
        page = engineer.page
        await engineer.bench.hub.command(exclude, KIM)
        await until(lambda: 58 in page.feed.series.excluded)
        page.chart.go_to(58)
        engineer.press(Qt.Key.Key_X)
        assert page.ask.isHidden()
        assert "excluded already" in page.messages.text
        engineer.press(Qt.Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
        engineer.write("it was right")
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: 58 not in page.feed.series.excluded)


async def test_that_the_inspector_tells_rules_members_origin_comments_and_what_was_done(at_the_bench):
    async with at_the_bench() as engineer:
        page, inspector = engineer.page, engineer.inspector
        signal = int(page.feed.series.signals()[0])
        page.chart.go_to(signal)
        engineer.press(Qt.Key.Key_C)
        await until(page.ask.line.hasFocus)
        engineer.write("new tool")
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: page.chart.views[0].wishes.marks.get(signal) is not None)
        await until(lambda: page.notes.marks[signal].comment)
        await until(page.chart.hasFocus)
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: "new tool" in inspector.text)
        for expected in ("Rule 2: 9 points in a row", "L2", "M2", "lee", "point:40'>41<", "Comments"):
            assert expected in inspector.text
        assert not inspector.alert.isHidden()  # rule 2 has raised one
        inspector._follow("point:41")
        await until(lambda: inspector.position == 41)
        assert page.chart.cursor_position == 41
        assert inspector.alert.isHidden()


async def test_that_the_inspector_follows_what_happens_to_its_point(at_the_bench):
    async with at_the_bench() as engineer:
        page, inspector = engineer.page, engineer.inspector
        engineer.press(Qt.Key.Key_Left)
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: inspector.position == 59)
        inspector.exclude.click()
        await until(page.ask.line.hasFocus)
        engineer.write("wrong part")
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: "wrong part" in inspector.text)
        assert inspector.exclude.isHidden()
        assert not inspector.restore.isHidden()


async def test_that_every_key_of_the_bench_is_listed_behind_the_question_mark(at_the_bench):
    async with at_the_bench() as engineer:
        keys = engineer.bench.charts.keys()
        listed = " ".join(key for key, _text in keys)
        for key in ("B", "X / Shift+X", "C", "Ctrl+Z", "Enter", "V", "L", "Z"):
            assert key in listed


# -- the same points on another chart ----------------------------------------------------------------------------------


@pytest.mark.qt_log_ignore("This plugin does not support")
async def test_that_the_points_are_looked_at_on_every_chart_that_fits_and_the_plan_stays(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        engineer.press(Qt.Key.Key_T)
        menu = page.tools.chart.menu_
        await until(menu.isVisible)
        offered = [action.text() for action in menu.actions()]
        assert "Xbar-R chart — control plan" in offered
        assert {"Xbar-S chart", "EWMA chart", "CUSUM chart", "Zone chart"} <= set(offered)
        assert not {"I-MR chart", "p chart (proportion nonconforming)"} & set(offered)
        QTest.keyClick(menu, Qt.Key.Key_Escape)
        for name in page.other.offered():
            page.other.choose(name)
            wanted = tuple(panel.key for panel in CHARTS[name].panels)
            await until(lambda wanted=wanted: tuple(panel.key for panel in page.chart.panels) == wanted)
            page.chart.draw()
            assert page.chart.series.end == 60
            assert page._about.text().startswith("view only" if name != "xbar_r" else "Xbar-R chart")
        catalogue = await engineer.bench.hub.query(m.GetCatalogue())
        assert catalogue.plans[0].chart == "xbar_r"
        assert catalogue.plans[0].revision == 1


async def test_that_the_other_chart_follows_new_points_and_new_limits_lead_back(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        page.other.choose("ewma")
        await until(lambda: page.chart.panels[0].key == "ewma")
        await engineer.bench.hub.submit([measured(10.0, 10.0, 10.1, at=NOON + timedelta(days=9))])
        await until(lambda: page.chart.series.end == 61)
        assert page.chart.panels[0].key == "ewma"
        page.chart.setFocus()
        engineer.press(Qt.Key.Key_B)
        await until(lambda: page.limits.panel._proposal is not None)
        assert page.chart.panels[0].key == "xbar"
        assert not page.other.name


# -- the table ---------------------------------------------------------------------------------------------------------


async def test_that_row_and_point_are_one_choice_and_keys_mean_the_same_in_both(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        page.chart.go_to(30)
        engineer.press(Qt.Key.Key_F2)
        await until(page.table.hasFocus)
        assert page.table.currentIndex().row() == 30
        engineer.press(Qt.Key.Key_Down)
        assert page.chart.cursor_position == 31
        page.chart.go_to(12)
        assert page.table.currentIndex().row() == 12
        engineer.press(Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)  # Qt's own: to the last column
        assert page.chart.cursor_position == 12
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: engineer.inspector.position == 12)
        engineer.hangul("ㅌ")
        await until(page.ask.line.hasFocus)
        engineer.press(Qt.Key.Key_Escape)
        page.table.setFocus()
        engineer.press(Qt.Key.Key_F2)
        await until(page.chart.hasFocus)
        assert page.table.isHidden()


async def test_that_the_table_tells_what_the_chart_shows_and_grows_with_it(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        engineer.press(Qt.Key.Key_F2)
        model = page.table.points
        heads = [model.headerData(column, Qt.Orientation.Horizontal) for column in range(model.columnCount())]
        assert heads == ["Subgroup", "Time", "X̄", "R", "Signals", "LCL", "CL", "UCL"]
        signal = int(page.feed.series.signals()[0])
        row = [model.index(signal, column).data() for column in range(model.columnCount())]
        assert row[0] == str(signal + 1)
        assert row[2] == "10.120"
        assert row[4] == "■ X̄ 2"
        tip = model.index(signal, 4).data(Qt.ItemDataRole.ToolTipRole)
        assert tip == "X̄ — Rule 2: 9 points in a row on one side of centre line"
        await engineer.bench.hub.submit([measured(10.0, 10.0, 10.1, at=NOON + timedelta(days=9))])
        await until(lambda: model.rowCount() == 61)


def test_that_a_million_rows_are_only_read_where_they_are_seen(qtbot, look):
    chart = ControlChart(FrameClock())
    qtbot.addWidget(chart)
    series = Series(1, ["i", "mr"])
    many = 1_000_000
    zeros = np.zeros(many).tobytes()
    panels = tuple(PanelColumns(key=key, **dict.fromkeys(STATISTICS, zeros)) for key in ("i", "mr"))
    numbers = {"measured_at": zeros, "subgroup_number": np.arange(many).tobytes()}
    series.load(
        PointColumns(characteristic_id=1, first_index=0, count=many, total=many, panels=panels, marks=(), **numbers)
    )
    view = PointTableView(chart)
    qtbot.addWidget(view)
    asked = []
    plain = view.points.data
    view.points.data = lambda index, role=Qt.ItemDataRole.DisplayRole: asked.append(index.row()) or plain(index, role)
    view.resize(800, 300)
    view.show()
    view.show_series(series, I_MR, 2)
    assert view.points.rowCount() == many
    view.grab()
    view.show_position(500_000)
    view.grab()
    assert view.rowAt(view.viewport().height() // 2) > 499_000
    assert len(set(asked)) < 100


def test_that_the_table_model_keeps_the_rules_of_models(qtbot, look):
    model = PointTable()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert model.rowCount() == 0
    series = Series(1, ["i", "mr"], max_points=128)
    series.load(page_of([], 0))
    model.show_series(series, I_MR, 2)
    for at in range(400):  # the oldest are forgotten on the way
        series.apply([point(at, 10.0, rules=["nelson_1"] if at % 50 == 0 else [])])
        if at % 7 == 0:
            model.update_points()
    model.update_points()
    assert model.rowCount() == series.count
    assert model.index(0, 0).data() == str(series.base + 1)
    model.show_series(None, (), 3)
    assert tester.model() is model


# -- comparing ---------------------------------------------------------------------------------------------------------


def drawn(page):
    return {group.name: len(group.positions) for group in page.chart.views[0].wishes.groups}


async def test_that_points_are_compared_by_where_they_come_from_with_keys_alone(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        page.chart.show_all()
        engineer.press(Qt.Key.Key_G)
        panel = page.compare.panel
        await until(panel.field.hasFocus)
        engineer.press(Qt.Key.Key_Down)
        await until(lambda: drawn(page) == {"L0": 20, "L1": 20, "L2": 20})
        lines = [panel.groups.item(row).text() for row in range(panel.groups.count())]
        assert lines[0] == "L0\n20 subgroups, mean 10.000"
        assert lines[2] == "L2\n20 subgroups, mean 10.120"
        assert "L2" in page.chart.point_text(59)
        engineer.press(Qt.Key.Key_Tab)
        await until(panel.groups.hasFocus)
        panel.groups.setCurrentRow(1)
        engineer.press(Qt.Key.Key_Space)
        assert drawn(page) == {"L0": 20, "L2": 20}
        page.chart.set_view(30.5, 58.5)
        await until(lambda: drawn(page) == {"L2": 19})  # of the stretch in view, and L1 stays switched off
        engineer.press(Qt.Key.Key_Escape)
        await until(page.chart.hasFocus)
        page.compare.choose("")
        assert drawn(page) == {}


async def test_that_what_cannot_be_compared_is_said_with_what_to_do(at_the_bench):
    async with at_the_bench() as engineer:
        page = engineer.page
        page.compare.choose("cavity")
        await until(lambda: "do not tell: Cavity" in page.compare.panel.text.text())
        assert drawn(page) == {}
        page.compare.choose("shift")
        await until(lambda: "no shift calendar" in page.compare.panel.text.text())
        assert drawn(page) == {}


async def test_that_six_of_many_groups_are_drawn_and_a_seventh_asks_for_room(at_the_bench):
    many = [
        measured(10.0, 10.0, 10.0 + at % 2 / 100, at=NOON + timedelta(hours=at), trace=Trace(lot=f"L{at % 9}"))
        for at in range(45)
    ]
    async with at_the_bench(before=many) as engineer:
        page = engineer.page
        page.compare.choose("lot")
        await until(lambda: len(drawn(page)) == 6)
        seventh = page.compare.panel.groups.item(7)
        seventh.setCheckState(Qt.CheckState.Checked)
        await until(lambda: "Switch another one off" in page.compare.panel.text.text())
        assert len(drawn(page)) == 6
        page.compare.panel.groups.item(0).setCheckState(Qt.CheckState.Unchecked)
        page.compare.panel.groups.item(7).setCheckState(Qt.CheckState.Checked)
        assert set(drawn(page)) == {"L1", "L2", "L3", "L4", "L5", "L7"}


# -- journey C: from the weekly review to new limits and back ----------------------------------------------------------


async def test_that_new_limits_in_the_middle_of_a_weekly_review_take_four_keys_and_a_reason(at_the_bench):
    async with at_the_bench() as engineer:
        bench, page = engineer.bench, engineer.page
        engineer.press(Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
        review = bench.desk.pages.page("capability")
        await until(lambda: review.current is not None and review.current.review is not None)
        await until(lambda: review.progress.isHidden() and review.list.hasFocus())
        engineer.keys = 0
        engineer.press(Qt.Key.Key_L)
        await until(lambda: page.limits.panel._proposal is not None)
        await until(page.chart.hasFocus)
        assert bench.desk.pages.current == "charts"
        engineer.press(Qt.Key.Key_Return)
        await until(page.limits.panel.reason.hasFocus)
        engineer.write("new level since overhaul")
        engineer.press(Qt.Key.Key_Return)
        await until(lambda: bench.station.states[1].limits.revision == 2)
        engineer.press(Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: bench.desk.pages.current == "capability")
        assert review.current.characteristic.id == 1  # the review goes on where it was
        assert (engineer.keys, engineer.clicks) == (4, 0)
