"""The chart bench as a quality engineer uses it, by keys alone; how many keys each piece of work takes is counted."""

import gc
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.measurement import Trace
from spc_desktop.hub.api import Actor
from spc_desktop.protocol import messages as m
from tests.fakes import NOON, diameter, known_limits, measured, save
from tests.gui.conftest import until

CATALOGUE = save(diameter(subgroup_size=3), plans=[known_limits("xbar_r", sigma=0.1, rules=("nelson_1", "nelson_2"))])
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
