"""Ctrl+K: everything that has a name is found by a part of it, in both languages and both states of the keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from spc_desktop.domain.measurement import Trace
from spc_desktop.ui.search.matching import Needle, initials
from tests.fakes import diameter, known_limits, measured, save, shaft
from tests.gui.conftest import until

WATCHED = save(diameter(), plans=[known_limits()])
PIN = save(diameter(code="PIN"), plans=[known_limits()], product=shaft(code="PIN", name="핀", name_en="Pin", line="L2"))


def lines(search):
    return [search.list.item(row).text() for row in range(search.list.count())]


async def opened(bench):
    await until(lambda: bench.desk.pages.current)
    bench.window.activateWindow()
    await until(bench.window.isActiveWindow)
    QTest.keyClick(bench.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    await until(lambda: bench.desk.search.made and bench.desk.search.made.isVisible())
    return bench.desk.search.made


@pytest.mark.parametrize(
    ("typed", "names", "fits"),
    [
        ("외경", ("외경",), 0),
        ("관리한계", ("관리 한계",), 0),
        ("ㅇㄱ", ("외경",), 3),
        ("ㅐㅇ", ("OD",), 4),  # OD typed in Hangul mode
        ("shaft outer", ("Outer diameter", "SHAFT"), 2),
        ("out", ("Outer diameter",), 1),
        ("xyz", ("외경", "Outer diameter"), None),
    ],
)
def test_that_a_text_fits_by_words_initials_and_keys(typed, names, fits):
    assert Needle(typed).rank(*names) == fits


def test_that_initials_leave_what_is_not_hangul():
    assert initials("외경 OD") == "ㅇㄱ OD"


async def test_that_products_characteristics_alerts_lots_and_commands_are_found_and_opened(open_bench):
    before = [measured(10.0, trace=Trace(lot="LOT-7781")), measured(10.9, trace=Trace(serial="S-9"))]
    async with open_bench(WATCHED, PIN, before=before) as bench:
        search = await opened(bench)
        everything = lines(search)
        assert any("Wall" in line and "Ctrl+2" in line for line in everything)
        assert any("Full screen" in line for line in everything)
        QTest.keyClicks(search.field, "pin")
        assert any(line.startswith("Product:  Pin") for line in lines(search))
        QTest.keyClicks(search.field, "  outer")
        assert lines(search)[0].startswith("Characteristic:  Outer diameter")
        QTest.keyClick(search.field, Qt.Key.Key_Return)
        await until(lambda: bench.charts.chart_page.feed and bench.charts.chart_page.feed.characteristic.id == 2)
        assert not search.isVisible()

        search = await opened(bench)
        assert search.field.text() == ""
        QTest.keyClicks(search.field, "7781")
        await until(lambda: any(line.startswith("Lot:  LOT-7781") for line in lines(search)))
        QTest.keyClick(search.field, Qt.Key.Key_Return)
        await until(lambda: bench.charts.chart_page.feed.characteristic.id == 1)

        search = await opened(bench)
        QTest.keyClicks(search.field, "beyond control")
        row = next(at for at, line in enumerate(lines(search)) if line.startswith("Alert:"))
        for _ in range(row):
            QTest.keyClick(search.field, Qt.Key.Key_Down)
        QTest.keyClick(search.field, Qt.Key.Key_Return)
        await until(lambda: not search.isVisible())

        search = await opened(bench)
        search.field.setText("상황판")
        assert lines(search)[0].startswith("Command:  Wall")
        QTest.keyClick(search.field, Qt.Key.Key_Return)
        await until(lambda: bench.desk.pages.current == "wall")


async def test_that_nothing_found_says_what_to_try_and_a_syllable_counts_before_it_is_whole(open_bench):
    async with open_bench(WATCHED) as bench:
        search = await opened(bench)
        QTest.keyClicks(search.field, "qqq")
        assert "Nothing fits" in lines(search)[0]
        QTest.keyClick(search.field, Qt.Key.Key_Return)
        assert search.isVisible()
        search.field.clear()
        QApplication.sendEvent(search.field, QInputMethodEvent("축", []))
        assert any(line.startswith("Product:") for line in lines(search))
        QTest.keyClick(search.field, Qt.Key.Key_Escape)
        await until(lambda: not search.isVisible())
