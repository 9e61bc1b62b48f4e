"""Coroutines of widgets: what fails is told where the user is looking, what is gone is cancelled."""

import asyncio

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.ui.aio import await_dialog, cancel_spawned, spawn
from spc_desktop.ui.frame_clock import BUDGET, FrameClock
from tests.gui.conftest import until


class Page(QWidget):
    def __init__(self):
        super().__init__()
        self.told = []

    def show_error(self, error):
        self.told.append(error.code)


@pytest.fixture
def page(qtbot):
    widget = Page()
    qtbot.addWidget(widget)
    return widget


async def fail(error):
    raise error


async def test_that_expected_failures_are_told_by_the_nearest_place(page):
    child = QObject(page)
    spawn(child, fail(UserError("not_found")))
    spawn(page, fail(KnownError("disk_full")))
    await until(lambda: sorted(page.told) == ["disk_full", "not_found"])


async def test_that_a_bug_goes_to_the_one_reporter(page):
    reported = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context["exception"]))
    spawn(page, fail(ZeroDivisionError()))
    await until(lambda: reported)
    assert isinstance(reported[0], ZeroDivisionError)
    assert page.told == []


async def test_that_work_ends_with_its_widget(qtbot):
    owner = QObject()
    task = spawn(owner, asyncio.sleep(1000))
    never_begun = spawn(owner, asyncio.sleep(1000))
    await asyncio.sleep(0)
    owner.deleteLater()
    await until(lambda: task.cancelled() and never_begun.cancelled())


async def test_that_work_can_be_cancelled_before_its_first_step(page):
    spawn(page, asyncio.sleep(1000))
    tasks = cancel_spawned(page)
    await asyncio.gather(*tasks, return_exceptions=True)
    assert all(task.cancelled() for task in tasks)


async def test_that_a_dialog_is_awaited_without_stopping_the_loop(page):
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep(0)

    ticking = spawn(page, tick())
    dialog = QDialog(page)
    waiting = asyncio.ensure_future(await_dialog(dialog))
    await until(dialog.isVisible)
    before = len(ticks)
    await until(lambda: len(ticks) > before + 5)
    dialog.accept()
    assert await waiting == QDialog.DialogCode.Accepted
    ticking.cancel()


class Slow:
    """A drawable that says its paint takes most of a frame."""

    def __init__(self, paint_cost, visible=True):
        self.paint_cost, self.visible, self.drawn = paint_cost, visible, 0

    def isVisible(self):  # noqa: N802 - Qt's name
        return self.visible

    def draw(self):
        self.drawn += 1


def test_that_a_frame_ends_when_its_time_is_used_and_nobody_starves(qtbot):
    clock, items = FrameClock(), [Slow(BUDGET * 0.6) for _ in range(5)]
    for _ in range(6):
        for item in items:
            clock.request(item)
        clock.flush()
    assert sum(item.drawn for item in items) == 6  # two of them would not fit into one frame
    assert {item.drawn for item in items} == {1, 2}


def test_that_hidden_things_are_not_drawn_and_asking_twice_draws_once(qtbot):
    clock, shown, hidden = FrameClock(), Slow(0), Slow(0, visible=False)
    for item in (shown, hidden, shown):
        clock.request(item)
    clock.flush()
    assert (shown.drawn, hidden.drawn) == (1, 0)
