"""The shell: pages by rail and number, what each hears of it, and the keys that are listed."""

import subprocess
import sys

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QWidget

from spc_desktop.paths import resource
from spc_desktop.settings.schema import Settings
from spc_desktop.ui.help_window import HelpWindow, topic_of
from spc_desktop.ui.keys_dialog import KeysDialog
from spc_desktop.ui.page_stack import PageStack
from spc_desktop.ui.pages.page import PageEntry
from spc_desktop.ui.pages.registry import NUMBERS, PAGES, TITLES
from spc_desktop.ui.scope import EVERYTHING, Choice, Scope, choices
from tests.fakes import NOON, diameter, known_limits, measured, save, shaft
from tests.gui.conftest import until

WATCHED = save(diameter(), plans=[known_limits()])


def ctrl(bench, number):
    QTest.keyClick(bench.window, Qt.Key(int(Qt.Key.Key_0) + number), Qt.KeyboardModifier.ControlModifier)


@pytest.mark.parametrize("entry", PAGES, ids=[entry.name for entry in PAGES])
async def test_that_ctrl_and_its_number_shows_every_page_and_the_rail_says_so(open_bench, entry):
    async with open_bench(WATCHED, before=[measured(10.0)]) as bench:
        await until(lambda: bench.desk.pages.current)
        ctrl(bench, NUMBERS[entry.name])
        await until(lambda: bench.desk.pages.current == entry.name)
        assert bench.window.rail.actions_by_name[entry.name].isChecked()
        page = bench.desk.pages.page(entry.name)
        assert bench.window.centre.currentWidget() is page
        assert page.property("help_topic") == entry.help_topic
        keys = bench.desk.pages.keys()
        assert all(key and text for key, text in keys)
        bench.window.language_requested.emit()
        await until(lambda: bench.window.rail.actions_by_name["charts"].text() == "관리도")
        for other in PAGES:  # away and back: a page that is left can be shown again
            bench.desk.show_page(other.name)
        bench.desk.show_page(entry.name)
        assert bench.desk.pages.page(entry.name) is page


def test_that_numbers_belong_to_names_and_every_entry_has_one():
    assert [NUMBERS[name] for name in TITLES] == list(range(1, 9))
    order = [NUMBERS[entry.name] for entry in PAGES]
    assert order == sorted(order)
    assert all(entry.title == TITLES[entry.name] for entry in PAGES)


class Probe(QWidget):
    def __init__(self, name, log):
        super().__init__()
        self.name, self.log = name, log
        log.append(f"{name} made")

    def enter(self):
        self.log.append(f"{self.name} enter")

    def leave(self):
        self.log.append(f"{self.name} leave")

    def keys(self):
        return ((self.name, "key"),)


def test_that_pages_are_made_once_when_first_shown_and_hear_when_they_come_and_go(qtbot):
    from PySide6.QtWidgets import QStackedWidget

    log, centre = [], QStackedWidget()
    qtbot.addWidget(centre)
    entries = [
        PageEntry(
            name=name, title=name, icon="home", help_topic=name, make=lambda _context, name=name: Probe(name, log)
        )
        for name in ("a", "b")
    ]
    stack = PageStack(centre, entries, None)
    assert log == []
    assert stack.keys() == ()
    for name in ("a", "a", "b", "nowhere", "a"):
        stack.show(name)
    assert log == ["a made", "a enter", "b made", "a leave", "b enter", "b leave", "a enter"]
    assert stack.keys() == (("a", "key"),)
    stack.leave()
    assert log[-1] == "a leave"


async def test_that_the_question_mark_lists_the_keys_of_the_page_and_of_the_window(open_bench):
    async with open_bench(WATCHED, before=[measured(10.0)]) as bench:
        bench.desk.show_page("alerts")
        bench.window.keys_requested.emit()
        await until(lambda: bench.window.findChildren(KeysDialog))
        dialog = bench.window.findChildren(KeysDialog)[0]
        await until(dialog.isVisible)
        text = " ".join(label.text() for label in dialog.findChildren(QLabel))
        assert "acknowledge the selected alerts" in text
        assert "Ctrl+1" in text
        assert "zoom in" not in text
        dialog.reject()
        await until(lambda: not bench.window.findChildren(KeysDialog))


async def test_that_the_charts_come_back_as_they_were_left(open_bench):
    async with open_bench(WATCHED, before=[measured(10.0, at=NOON)]) as bench:
        bench.desk.open_chart(bench.station, 1)
        page = bench.charts.chart_page
        await until(lambda: page.feed.loaded)
        bench.desk.show_page("alerts")
        assert page.feed is None
        assert bench.station._feeds == {}
        bench.desk.show_page("charts")
        assert bench.charts.centre.currentWidget() is page
        await until(lambda: page.feed.loaded and page.feed.series.end == 1)


async def test_that_the_scope_knows_what_belongs_to_a_line(open_bench):
    first = save(diameter(), plans=[known_limits()], product=shaft(line="L1"))
    second = save(diameter(code="LEN"), product=shaft(code="BOLT", name="볼트", line="L2"))
    async with open_bench(first, second) as bench:
        scope, station = Scope(), bench.station
        changes = []
        scope.changed.connect(lambda: changes.append(scope.choice))
        assert choices([station]) == [EVERYTHING, Choice("plant", "L1"), Choice("plant", "L2")]
        assert len(scope.characteristics(station)) == 2
        scope.choose(Choice("plant", "L2"))
        scope.choose(Choice("plant", "L2"))
        assert changes == [Choice("plant", "L2")]
        assert [product.code for product in scope.products(station)] == ["BOLT"]
        assert [entry.code for entry in scope.characteristics(station)] == ["LEN"]
        assert not scope.has_characteristic(station, 1)
        assert scope.has_characteristic(station, 2)
        scope.choose(Choice("elsewhere"))
        assert not scope.has_station(station)
        assert scope.products(station) == []


def test_that_the_window_is_made_without_anything_heavy():
    code = (
        "import sys; import spc_desktop.ui.main_window;"
        "print([name for name in ('numpy', 'pyqtgraph', 'sqlalchemy', 'scipy', 'msgspec') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


async def test_that_text_grows_to_twice_its_size_everywhere_and_is_remembered(open_bench, qapp):
    usual = qapp.font().pointSizeF()
    async with open_bench(WATCHED) as bench:
        try:
            for _ in range(9):
                QTest.keyClick(bench.window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
            assert qapp.font().pointSizeF() == pytest.approx(2 * usual)
            assert bench.window.rail.font().pointSizeF() == pytest.approx(2 * usual)
            assert bench.preferences.window.font_scale == 200
            assert "30pt" in qapp.styleSheet()
            QTest.keyClick(bench.window, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
            assert bench.preferences.window.font_scale == 175
            bench.window.touch_requested.emit(True)
            assert bench.window.bell.minimumSizeHint().height() >= 48
        finally:
            bench.window.touch_requested.emit(False)
            QTest.keyClick(bench.window, Qt.Key.Key_0, Qt.KeyboardModifier.ControlModifier)
        assert qapp.font().pointSizeF() == pytest.approx(usual)


async def test_that_the_scope_narrows_the_tree_and_is_remembered(open_bench):
    first = save(diameter(), plans=[known_limits()], product=shaft(line="L1"))
    second = save(diameter(code="LEN"), product=shaft(code="BOLT", name="볼트", line="L2"))
    async with open_bench(first, second) as bench:
        box = bench.window.bar.scope_box
        await until(lambda: box.count() == 3)
        assert [box.itemText(row) for row in range(3)] == ["All lines", "L1", "L2"]
        box.activated.emit(2)
        assert bench.charts.products.rowCount() == 1
        assert bench.preferences.window.scope == ("plant", "L2")
        settings = Settings(window=bench.preferences.window)
    async with open_bench(first, second, settings=settings) as again:
        await until(lambda: again.window.bar.scope_box.currentText() == "L2")


async def test_that_f1_opens_the_help_on_the_page_in_the_windows_language(open_bench):
    async with open_bench(WATCHED) as bench:
        bench.desk.show_page("alerts")
        bench.window.activateWindow()
        await until(lambda: topic_of(bench.alert_panel.view) == "alerts")
        bench.alert_panel.view.setFocus()
        bench.window.help_requested.emit()
        helper = bench.window.findChild(HelpWindow)
        assert helper.text.toPlainText().startswith("Alerts")
        bench.window.language_requested.emit()
        await until(lambda: helper.text.toPlainText().startswith("경보"))
        helper.show_topic("getting-started")
        helper._follow(QUrl("import.md"))
        assert helper._topic == "import"
        helper._follow(QUrl("https://example.org/import.md"))
        assert helper._topic == "import"
        helper.close()


def test_that_help_has_the_same_topics_in_both_languages_and_every_page_has_one():
    topics = [{path.stem for path in resource(f"help/{language}").glob("*.md")} for language in ("ko", "en")]
    assert topics[0] == topics[1]
    assert {entry.help_topic for entry in PAGES} <= topics[0]
