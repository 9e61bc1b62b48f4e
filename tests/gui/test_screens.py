"""Every page of the rail, in a window of the usual size: nothing clipped, nothing on top of another, nothing in English."""

import pytest

from spc_desktop.ui.pages.registry import PAGES
from tests.screens.checks import is_english, problems
from tests.screens.session import Session


@pytest.mark.parametrize("page", [entry.name for entry in PAGES])
async def test_that_a_page_shows_its_texts_whole_and_in_korean(look, qapp, page):
    session = Session(qapp, None, [page])
    await session.run({100: (1280, 800)}, languages=("ko",), themes=("light",))
    assert session.report == []


def test_that_the_check_of_screens_sees_what_is_wrong(qtbot):
    from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

    window = QWidget()
    qtbot.addWidget(window)
    layout = QHBoxLayout(window)
    good, cut, english = QPushButton("확인"), QLabel("규격이탈이 많습니다"), QPushButton("Search")
    for widget in (good, cut, english):
        layout.addWidget(widget)
    cut.setFixedWidth(20)
    window.show()
    qtbot.waitExposed(window)
    good.resize(english.geometry().right(), good.height())
    found = " | ".join(problems(window, "ko"))
    assert "clipped: '규격이탈" in found
    assert "overlap: QPushButton" in found
    assert "not translated: 'Search'" in found
    assert not is_english("Xbar-R")
    assert is_english("7 unread alerts")
