"""The entry page as an operator uses it; journeys A and A2 of the design count their keys and clicks."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from spc_desktop.domain.control_plan import ControlPlan, LimitPolicy
from spc_desktop.domain.note import NoteKind
from spc_desktop.domain.register import (
    Cause,
    Defect,
    EntryRule,
    OnSignal,
    Operator,
    PlanStep,
    ReactionPlan,
    SamplingPlan,
)
from spc_desktop.hub.api import Link
from spc_desktop.protocol import messages as m
from spc_desktop.ui.entry.due_model import Target
from tests.fakes import diameter, known_limits, save
from tests.gui.conftest import until
from tests.gui.test_entry_parts import Away

COUNTED = ControlPlan(
    characteristic_id=0, chart="p", rules=("nelson_1",), policy=LimitPolicy(mode="given", params={"p": 0.05})
)
PLANT = save(
    diameter(subgroup_size=5),
    diameter(code="SCR", name="흠집", name_en="Scratches", lsl=None, usl=None),
    plans=[known_limits("xbar_r", rules=("nelson_1",)), COUNTED],
)
STEPS = tuple(PlanStep(text=text) for text in ("재확인", "봉쇄", "공구 확인"))


def due_every_half_hour(characteristic_id):
    return SamplingPlan(
        id=str(characteristic_id), characteristic_id=characteristic_id, interval_minutes=30, shifts_only=False
    )


REGISTER = m.SaveRegister(
    entries=(
        due_every_half_hour(1),
        ReactionPlan(id="all", steps=STEPS),
        *(Cause(id=code, name=code) for code in ("AA", "BB", "CC", "DD", "EE", "FF", "GG")),
        Defect(id="S", name="스크래치"),
        Defect(id="D", name="찍힘"),
        Operator(id="17", name="김철수", badge="B17", pin="4711"),
    ),
    reason="r",
)


@dataclass
class Line:
    """An operator at the line, whose keys and clicks are counted."""

    bench: object
    page: object
    keys: int = 0
    """Without the values themselves, which a gauge types with their Enter."""
    clicks: int = 0
    said: list = field(default_factory=list)

    @property
    def work(self):
        return self.page.work

    @property
    def kind(self):
        return self.work.result[0]

    def gauge(self, *values):
        """A gauge (or a scanner) types and presses Enter by itself."""
        for value in values:
            QTest.keyClicks(self.page.field, str(value))
            QTest.keyClick(self.page.field, Qt.Key.Key_Return)

    def press(self, key, modifier=Qt.KeyboardModifier.NoModifier):
        self.keys += 1
        QTest.keyClick(self.bench.window.focusWidget() or self.page.field, key, modifier)

    def click(self, button):
        self.clicks += 1
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def choose(self, characteristic_id):
        self.work.choose(Target(self.bench.station, characteristic_id))

    async def query(self, query):
        return await self.bench.hub.query(query)

    async def points(self):
        return await self.query(m.GetPoints(characteristic_id=1))


@pytest.fixture
def at_the_line(open_bench):
    @asynccontextmanager
    async def opened(*more, hubs=None, minutes=0, outbox=None):
        async with open_bench(PLANT, REGISTER, *more, hubs=hubs, outbox=outbox) as bench:
            bench.hub._clock.turn(minutes * 60)
            bench.desk.show_page("entry")
            page = bench.desk.pages.page("entry")
            page.work.now = bench.hub._clock.now
            await until(lambda: page.work.target is not None and page.work.due.of(page.work.target))
            bench.window.activateWindow()
            yield Line(bench, page)

    return opened


# -- journey A ---------------------------------------------------------------------------------------------------------


async def test_that_journey_a_needs_no_click_and_no_key_besides_the_values(at_the_line):
    async with at_the_line(minutes=31) as line:
        await until(lambda: line.page.model.rows[0].is_due)
        assert line.work.target.characteristic_id == 1  # what is due is there already
        assert line.bench.window.focusWidget() is line.page.field
        line.gauge(10.0, 10.1, 9.9, 10.0, 10.1)
        await until(lambda: line.kind == "ok")
        assert "OK: 10.02" in line.page.result.text()
        await until(lambda: line.page.chart.chart.series.end == 1)
        assert (line.keys, line.clicks) == (0, 0)
        rows = await line.query(m.GetMeasurements(characteristic_id=1))
        assert [row.measurement_value for row in reversed(rows)] == [10.0, 10.1, 9.9, 10.0, 10.1]
        await until(lambda: not any(row.is_due for row in line.page.model.rows))


async def test_that_an_operator_or_a_lot_changes_by_one_scan(at_the_line):
    async with at_the_line() as line:
        line.gauge("O:B17", "L:LOT-7", "M:M3")
        await until(lambda: line.page.trace.operator_name == "김철수")
        line.gauge(*[10.0] * 5)
        await until(lambda: line.kind == "ok")
        (row,) = await line.query(m.GetMeasurements(characteristic_id=1, limit=1))
        assert (row.trace.operator, row.trace.lot, row.trace.machine) == ("17", "LOT-7", "M3")
        line.gauge("O:nobody")
        await until(lambda: line.kind == "wait")
        assert line.page.trace.operator_name == "김철수"
        assert (line.keys, line.clicks) == (0, 0)


# -- journey A2 --------------------------------------------------------------------------------------------------------


async def signal(line):
    line.gauge(*[10.9] * 5)
    await until(line.page.panel.isVisible)
    assert "beyond control limit" in line.page.panel.accessibleName()


async def caused(line):
    alerts = (await line.query(m.GetAlerts())).alerts
    return [(alert.root_cause, alert.corrective_action) for alert in alerts if alert.code == "nelson_1"]


async def test_that_journey_a2_needs_three_taps(at_the_line):
    async with at_the_line() as line:
        await signal(line)
        assert [button.text()[2:] for button in line.page.panel.step_buttons] == ["재확인", "봉쇄", "공구 확인"]
        assert len([one for one in line.page.panel.cause_buttons if one.isVisible()]) == 6
        line.click(line.page.panel.step_buttons[0])
        line.click(line.page.panel.step_buttons[1])
        line.click(line.page.panel.cause_buttons[1])
        await until(lambda: not line.page.panel.isVisible())
        assert await caused(line) == [("BB BB", "재확인; 봉쇄")]
        assert (line.keys, line.clicks) == (0, 3)
        assert line.bench.station.register.causes(1, 1)[0].id == "BB"  # most used first, the next time


async def test_that_journey_a2_needs_three_keys_and_the_keyboard_stays_in_the_field(at_the_line):
    async with at_the_line() as line:
        await signal(line)
        line.press(Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
        line.press(Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
        line.press(Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
        await until(lambda: not line.page.panel.isVisible())
        assert await caused(line) == [("AA AA", "재확인; 봉쇄")]
        assert (line.keys, line.clicks) == (3, 0)
        assert line.bench.window.focusWidget() is line.page.field


async def test_that_the_engineer_is_called_by_one_tap(at_the_line):
    async with at_the_line() as line:
        await signal(line)
        line.click(line.page.panel.engineer)
        titles = []
        await until(lambda: "Engineer called" in str(titles.append(line.bench.recorder.toasts) or titles))
        assert line.clicks == 1


async def test_that_another_cause_is_found_by_typing(at_the_line):
    async with at_the_line() as line:
        await signal(line)
        line.click(line.page.panel.other)
        assert line.bench.window.focusWidget() is line.page.ask.line
        line.page.ask.line.setText("냉각수 부족")  # QTest types Latin letters only
        line.press(Qt.Key.Key_Return)
        await until(lambda: not line.page.panel.isVisible())
        assert await caused(line) == [("냉각수 부족", "")]
        assert line.bench.window.focusWidget() is line.page.field


async def test_that_a_cause_that_is_wanted_first_stops_the_next_measurement(at_the_line):
    rule = EntryRule(id="1", characteristic_id=1, on_signal=OnSignal.BEFORE_NEXT)
    async with at_the_line(m.SaveRegister(entries=(rule,), reason="r")) as line:
        await signal(line)
        assert not line.page.panel.later.isVisible()
        line.gauge(10.0)
        assert line.kind == "signal"
        assert line.work.values == []
        line.gauge("L:LOT-8")  # a scan is no measurement
        assert line.page.trace.trace.lot == "LOT-8"
        line.press(Qt.Key.Key_2, Qt.KeyboardModifier.AltModifier)
        await until(lambda: not line.work.reaction.must)
        line.gauge(10.0)
        assert line.work.values == [10.0]


async def test_that_later_puts_the_panel_away_until_the_next_signal(at_the_line):
    async with at_the_line() as line:
        await signal(line)
        line.click(line.page.panel.later)
        assert not line.page.panel.isVisible()
        line.gauge(10.0)
        assert line.work.values == [10.0]


# -- doubts, mistakes, undo --------------------------------------------------------------------------------------------


async def test_that_a_slip_of_the_finger_is_asked_for_again(at_the_line):
    async with at_the_line() as line:
        line.gauge(10.0, 1005)
        assert line.work.values == [10.0]
        assert "hard to believe" in line.page.hint.text()
        line.gauge("abc")
        assert line.kind == "wait"
        line.gauge(10.05, 10, 10, 10)
        await until(lambda: line.kind == "ok")
        (note,) = await line.query(m.GetNotes(characteristic_id=1, kinds=(NoteKind.REMEASURED,)))
        assert note.data == {"position": 1, "first": 1005.0, "second": 10.05}


async def test_that_backspace_goes_back_and_escape_clears(at_the_line):
    async with at_the_line() as line:
        line.gauge(10.0, 10.1)
        line.press(Qt.Key.Key_Backspace)
        assert (line.page.field.text(), line.work.values) == ("10.10", [10.0])
        line.press(Qt.Key.Key_Escape)
        assert line.page.field.text() == ""
        line.press(Qt.Key.Key_Backspace)
        assert (line.page.field.text(), line.work.values) == ("10.00", [])


async def test_that_ctrl_z_takes_the_subgroup_back_and_gives_its_values_to_be_mended(at_the_line):
    async with at_the_line() as line:
        line.gauge(10.0, 10.1, 10.0, 10.0, 10.2)
        await until(lambda: line.kind == "ok")
        assert line.page.undo_button.isVisible()
        line.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: "Taken back" in line.work.result[1])
        assert line.work.values == [10.0, 10.1, 10.0, 10.0]
        assert line.page.field.text() == "10.20"
        assert [mark.excluded for mark in (await line.points()).marks] == [True]
        line.page.field.clear()
        line.gauge(10.1)
        await until(lambda: line.kind == "ok" and "OK" in line.work.result[1])
        points = await line.points()
        assert (points.count, [mark.index for mark in points.marks if mark.excluded]) == (2, [0])
        line.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: line.work.last is None)


async def test_that_ten_seconds_later_nothing_is_taken_back(at_the_line, monkeypatch):
    async with at_the_line() as line:
        line.gauge(*[10.0] * 5)
        await until(lambda: line.kind == "ok")
        line.work.last = line.work.last._replace(at=line.work.last.at - 11)
        line.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await asyncio.sleep(0.05)
        assert (await line.points()).marks == ()


# -- attributes, skips, comments ---------------------------------------------------------------------------------------


async def test_that_defects_are_counted_with_plus_and_minus(at_the_line):
    async with at_the_line() as line:
        line.choose(2)
        line.gauge("")
        assert line.page.ask.isHidden()
        assert line.kind == "wait"  # nobody has said how many were inspected
        line.press(Qt.Key.Key_F2)
        QTest.keyClicks(line.page.ask.line, "50")
        line.press(Qt.Key.Key_Return)
        for key in (Qt.Key.Key_Plus, Qt.Key.Key_Plus, Qt.Key.Key_Minus, Qt.Key.Key_Down, Qt.Key.Key_Plus):
            line.press(key)
        assert dict(line.page.counters.counts) == {"D": 1, "S": 1}
        line.press(Qt.Key.Key_Return)
        await until(lambda: line.kind == "ok")
        (row,) = await line.query(m.GetMeasurements(characteristic_id=2, limit=1))
        assert (row.measurement_value, row.size) == (2.0, 50.0)
        (note,) = await line.query(m.GetNotes(characteristic_id=2))
        assert note.data == {"D": 1, "S": 1}
        assert line.page.counters.total == 0


async def test_that_a_skip_and_comments_are_kept_with_their_words(at_the_line):
    async with at_the_line(minutes=31) as line:
        line.press(Qt.Key.Key_F3)
        line.page.ask.line.setText("설비 정지")
        line.press(Qt.Key.Key_Return)
        await until(lambda: line.kind == "ok" and not any(row.is_due for row in line.page.model.rows))
        line.gauge(10.0)
        line.press(Qt.Key.Key_F6)
        QTest.keyClicks(line.page.ask.line, "before")
        line.press(Qt.Key.Key_Return)
        line.gauge(*[10.0] * 4)
        await until(lambda: "OK" in line.work.result[1])
        line.press(Qt.Key.Key_F6)
        QTest.keyClicks(line.page.ask.line, "after")
        line.press(Qt.Key.Key_Return)
        await until(lambda: "comment" in line.work.result[1])
        await until(lambda: not line.work.sender_of(line.bench.station).waiting)
        notes = await line.query(m.GetNotes(characteristic_id=1))
        assert [(note.kind, note.text, note.point_index) for note in notes] == [
            (NoteKind.COMMENT, "after", 0),
            (NoteKind.COMMENT, "before", 0),
            (NoteKind.SKIPPED, "설비 정지", None),
        ]


# -- away --------------------------------------------------------------------------------------------------------------


async def test_that_entries_wait_while_the_hub_is_away_and_are_judged_when_it_is_back(open_bench, monkeypatch):
    monkeypatch.setattr("spc_desktop.ui.entry.sender.RETRY_SECONDS", 0.02)
    async with open_bench(PLANT, REGISTER) as inner:
        away = Away(inner.hub)
        async with open_bench(hubs=[away]) as bench:
            bench.desk.show_page("entry")
            page = bench.desk.pages.page("entry")
            await until(lambda: page.work.target is not None)
            page.work.now = inner.hub._clock.now
            line = Line(bench, page)
            away.link = Link.OFFLINE
            bench.station.link_changed.emit()
            line.gauge(*[10.0] * 5)
            await until(lambda: line.kind == "away" and "1 not sent yet" in page.kept.text())
            line.gauge(*[10.1] * 5)
            await until(lambda: "2 not sent yet" in page.kept.text())
            assert (await inner.hub.query(m.GetPoints(characteristic_id=1))).count == 0
            away.link = Link.LIVE
            bench.station.link_changed.emit()
            await until(lambda: line.kind == "ok" and not page.kept.isVisible())
            assert (await inner.hub.query(m.GetPoints(characteristic_id=1))).count == 2


async def test_that_what_was_begun_stays_when_the_page_or_the_characteristic_changes(at_the_line):
    async with at_the_line() as line:
        line.gauge(10.0, 10.1)
        line.choose(2)
        assert line.page.counters.isVisible()
        line.choose(1)
        QTest.keyClicks(line.page.field, "10.")
        line.bench.desk.show_page("charts")
        line.bench.desk.show_page("entry")
        assert (line.work.values, line.page.field.text()) == ([10.0, 10.1], "10.")
        line.bench.window.language_requested.emit()
        await until(lambda: "값 3 / 5" in line.page.hint.text())
        assert {row.name for row in line.page.model.rows} == {"외경", "흠집"}
        assert line.work.values == [10.0, 10.1]


async def test_that_values_of_a_quick_gauge_are_not_lost_while_a_subgroup_is_kept(at_the_line):
    async with at_the_line() as line:
        line.gauge(*[10.0] * 5, 10.1, 10.2)
        await until(lambda: line.work.values == [10.1, 10.2] and "OK" in line.work.result[1])
        assert (await line.points()).count == 1


async def test_that_an_empty_scope_says_what_to_do(open_bench):
    async with open_bench() as bench:
        bench.desk.show_page("entry")
        page = bench.desk.pages.page("entry")
        await until(lambda: "No characteristic in this scope" in page.hint.text())
        assert not page.field.isVisible()


async def test_that_a_subgroup_that_was_begun_is_still_there_after_a_restart(at_the_line, tmp_path):
    async with at_the_line(outbox=tmp_path) as line:
        line.gauge(10.0, 10.1, 1005)
        assert line.work.doubted_text
        sender = line.work.sender_of(line.bench.station)
        await until(lambda: list(tmp_path.glob("*/begun.sheets")) and sender._to_keep is None)
    async with at_the_line(outbox=tmp_path) as line:
        await until(lambda: line.work.texts == ["10.00", "10.10"])
        assert line.work.doubted_text == "1,005.00"
        assert "2 of 5 values" in line.page.result.text()
        line.gauge(10.05, 9.9, 10.0)
        await until(lambda: line.kind == "ok")
        assert "10.01" in line.page.result.text()
        assert (await line.points()).count == 1
        await until(lambda: not list(tmp_path.glob("*/begun.sheets")))
    async with at_the_line(outbox=tmp_path) as line:
        assert line.work.sheet.empty


async def test_that_a_page_of_begun_subgroups_that_cannot_be_read_is_set_aside(at_the_line, tmp_path):
    (tmp_path / "plant").mkdir()
    (tmp_path / "plant" / "begun.sheets").write_bytes(b"{")
    async with at_the_line(outbox=tmp_path) as line:
        await until((tmp_path / "plant" / "begun.bad").exists)
        line.gauge(10.0, 10.0, 10.0, 10.0, 10.0)
        await until(lambda: line.kind == "ok")
