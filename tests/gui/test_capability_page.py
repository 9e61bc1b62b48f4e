"""The capability page: ranked by risk, worked by keyboard, written as PDF and workbook."""

import gc
import re
import zipfile

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QStandardPaths, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication

from spc_desktop.domain.note import NoteKind
from spc_desktop.protocol import messages as m
from spc_desktop.ui.capability.finishing import FinishDialog
from tests.fakes import diameter, known_limits, measured, save
from tests.gui.conftest import until

GOOD = save(diameter(code="GOOD", name="좋음", name_en="Good", lsl=9.0, usl=11.0), plans=[known_limits()])
POOR = save(diameter(code="POOR", name="나쁨", name_en="Poor", lsl=9.7, usl=10.3), plans=[known_limits()])
OPEN = save(diameter(code="OPEN", name="미정", name_en="Open", lsl=None, usl=None, target=None), plans=[known_limits()])


@pytest.fixture(autouse=True)
def _gone():
    """The window of one test is collected in this thread, not in the one that writes the next test's pack."""
    yield
    gc.collect()


def process(of, sigma=0.1, count=60, seed=1):
    draws = np.random.default_rng(seed).normal(10.0, sigma, count)
    return [measured(float(value), of=of) for value in draws]


BEFORE = [*process(1), *process(2, seed=2), *process(3, seed=3)]


async def reviewed(bench):
    bench.desk.show_page("capability")
    page = bench.desk.pages.page("capability")
    await until(lambda: page.ranking.rows and all(row.review for row in page.ranking.rows))
    await until(page.progress.isHidden)
    return page


async def test_that_the_riskiest_comes_first_and_says_how_it_stands(open_bench):
    async with open_bench(GOOD, POOR, OPEN, before=BEFORE) as bench:
        page = await reviewed(bench)
        QAbstractItemModelTester(page.ranking, QAbstractItemModelTester.FailureReportingMode.Fatal, page)
        assert [row.characteristic.code for row in page.ranking.rows] == ["POOR", "GOOD", "OPEN"]
        assert page.current.characteristic.code == "POOR"
        assert page.detail.verdict.text().startswith("Not capable: Cpk 0.9")
        assert "(not stable" in page.detail.verdict.text() or "too few data" in page.detail.verdict.text()
        assert page.ranking.index(1, 0).data().startswith("●")


async def test_that_keys_lead_through_the_review_in_a_korean_keyboard_state_too(open_bench):
    async with open_bench(GOOD, POOR, before=BEFORE[:120]) as bench:
        page = await reviewed(bench)
        page.list.setFocus()
        QTest.keyClick(page.list, Qt.Key.Key_Space)
        assert page.current.characteristic.code == "GOOD"
        QTest.keyClick(page.list, Qt.Key.Key_4)
        assert page.detail.sixpack.enlarged == 3
        QTest.keyClick(page.list, Qt.Key.Key_Escape)
        assert page.detail.sixpack.enlarged is None
        hangul = QKeyEvent(QEvent.Type.KeyPress, 0x3139, Qt.KeyboardModifier.NoModifier, "ㄹ")  # where F is printed
        QApplication.sendEvent(page.list, hangul)
        assert bench.preferences.window.flagged == ("plant/SHAFT/GOOD",)
        assert page.ranking.index(1, 1).data().startswith("⚑ ")
        QTest.keyClick(page.list, Qt.Key.Key_N)
        await until(page.detail.note.hasFocus)
        QTest.keyClicks(page.detail.note, "tool changed 5 times")
        assert page.detail.sixpack.enlarged is None
        QTest.keyClick(page.detail.note, Qt.Key.Key_Return)
        await until(lambda: "tool changed" in page.detail.notes.text())
        (note,) = await bench.hub.query(m.GetNotes(characteristic_id=1, kinds=(NoteKind.COMMENT,)))
        assert (note.text, note.point_index) == ("tool changed 5 times", 59)
        assert page.detail.note.text() == ""
        page.list.setFocus()
        QTest.keyClick(page.list, Qt.Key.Key_Return)
        await until(lambda: bench.desk.pages.current == "charts")


async def test_that_another_distribution_and_a_what_if_answer_at_once(open_bench):
    async with open_bench(GOOD, before=BEFORE[:60]) as bench:
        page = await reviewed(bench)
        normal = page.current.review.index
        page.detail.law.activated.emit(page.detail.law.findText("Lognormal"))
        await until(lambda: page.current.review.law.name == "lognormal")
        assert page.detail.law.currentText() == "Lognormal"
        assert page.current.review.index != normal
        page.detail.less.setValue(50)
        assert page.detail.outcome.text().startswith("Then: Cp ")


async def test_that_a_missing_specification_is_set_right_there_with_a_reason(open_bench):
    async with open_bench(OPEN, before=process(1)) as bench:
        page = await reviewed(bench)
        spec = page.detail.spec
        assert page.detail.stack.currentWidget() is spec
        assert "specification limit" in page.detail.verdict.text()
        spec.usl.setText("１０,5")
        spec.button.click()
        await until(spec.error.text)
        assert spec.usl.text() == "１０,5"
        spec.usl.setText("１０.5")
        spec.button.click()
        await until(lambda: "why" in spec.error.text())
        spec.reason.setText("drawing 7b")
        spec.button.click()
        await until(lambda: page.current.review.study is not None)
        assert bench.station.characteristics[1].usl == 10.5
        assert page.detail.stack.currentWidget() is page.detail.sixpack


async def test_that_the_pack_holds_every_characteristic_and_how_it_was_computed(open_bench, tmp_path):
    async with open_bench(GOOD, POOR, before=BEFORE[:120]) as bench:
        page = await reviewed(bench)
        page._flag()
        page.finish.click()
        await until(lambda: page.findChildren(FinishDialog))
        dialog = page.findChildren(FinishDialog)[0]
        dialog.folder.setText(str(tmp_path / "none"))
        dialog.write_button.click()
        await until(lambda: "There is no folder" in dialog.state.text())
        dialog.folder.setText(str(tmp_path))
        dialog.remark.setText("week 48")
        dialog.write_button.click()
        await until(lambda: "Written" in bench.window.messages.text, 20)
        pdf, book = sorted(tmp_path.iterdir())
        assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) == 4
        with zipfile.ZipFile(book) as parts:
            text = parts.read("xl/sharedStrings.xml").decode()
            sheets = parts.read("xl/workbook.xml").decode()
        assert [name for name in ("Summary", "Values", "Definitions") if name in sheets] == [
            "Summary",
            "Values",
            "Definitions",
        ]
        for word in ("Good · 축", "Poor · 축", "week 48", "⚑", "Rule 1", "moving range", "Not capable"):
            assert word in text, word
        assert not list(tmp_path.glob(".*"))


async def test_that_a_pack_that_is_called_off_leaves_nothing(open_bench, tmp_path):
    async with open_bench(GOOD, before=BEFORE[:60]) as bench:
        page = await reviewed(bench)
        page.finish.click()
        await until(lambda: page.findChildren(FinishDialog))
        dialog = page.findChildren(FinishDialog)[0]
        dialog.folder.setText(str(tmp_path))
        dialog.write_button.click()
        dialog.reject()
        await until(lambda: not page.findChildren(FinishDialog))
        assert list(tmp_path.iterdir()) == []


async def test_that_journey_c_a_weekly_review_takes_one_key_a_characteristic_and_two_for_the_pack(
    open_bench, tmp_path, monkeypatch
):
    many = [save(diameter(code=f"D{at}", name=f"D{at}", lsl=9.0, usl=11.0), plans=[known_limits()]) for at in range(12)]
    before = [value for of in range(1, 13) for value in process(of, sigma=0.05 + of / 100, count=30, seed=of)]
    documents = QStandardPaths.StandardLocation.DocumentsLocation
    where = QStandardPaths.writableLocation
    monkeypatch.setattr(
        QStandardPaths,
        "writableLocation",
        staticmethod(lambda place: str(tmp_path) if place == documents else where(place)),
    )
    async with open_bench(*many, before=before) as bench:
        keys = 0

        def press(widget, key, modifier=Qt.KeyboardModifier.NoModifier):
            nonlocal keys
            keys += 1
            QTest.keyClick(widget, key, modifier)

        bench.window.activateWindow()
        press(bench.window, Qt.Key.Key_6, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: bench.desk.pages.current == "capability")
        page = await reviewed(bench)
        risks = [row.review.risk for row in page.ranking.rows]
        assert risks == sorted(risks)
        seen = [page.current]
        for _ in range(11):
            press(page.list, Qt.Key.Key_Space)
            seen.append(page.current)
        assert seen == page.ranking.rows
        assert all(page.detail.verdict.text() for row in seen)
        press(page.list, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: page.findChildren(FinishDialog))
        press(page.findChildren(FinishDialog)[0], Qt.Key.Key_Return)
        await until(lambda: "Written" in bench.window.messages.text, 20)
        assert {file.suffix for file in tmp_path.iterdir()} == {".pdf", ".xlsx"}
        assert keys <= len(seen) + 2
