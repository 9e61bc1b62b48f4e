"""A window over a real hub with a store in memory, on the Qt loop: coroutine tests of this folder run under qasync."""

import asyncio
import gc
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import qasync
from PySide6.QtWidgets import QApplication

from spc_desktop.hub.api import Actor
from spc_desktop.hub.hub import Hub
from spc_desktop.settings.schema import Settings
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.ui.desk import Desk
from spc_desktop.ui.main_window import MainWindow
from spc_desktop.ui.preferences import Preferences
from spc_desktop.ui.presenters import Chain
from spc_desktop.ui.theme import Theme
from spc_desktop.ui.translate import Translator
from tests.fakes import FakeClock


def _qt_loop():
    application = QApplication.instance() or QApplication(["spc-desktop"])
    _qt_loop.application = application  # pytest-qt takes it over; without a reference it would be gone before that
    application.setQuitOnLastWindowClosed(False)
    return qasync.QEventLoop(application)


def pytest_asyncio_loop_factories(config, item):
    """Coroutine tests of this folder run on the Qt loop."""
    return {"qt": _qt_loop}


async def until(condition, seconds=10.0):
    """Wait until something is seen; the message of the failure is the condition's own value."""
    for _ in range(int(seconds * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"not seen within {seconds} s: {condition()!r}")


@pytest.fixture(autouse=True)
def _collected():
    """Windows go in this thread, after their test: collected by a thread of a later test, their timers end the process."""
    gc.disable()
    yield
    gc.enable()
    gc.collect()


@dataclass
class Recorder:
    """A presenter that keeps what it was asked to show."""

    name: str = "recorder"
    toasts: list = field(default_factory=list)

    async def present(self, toast):
        self.toasts.append(toast)

    async def close(self):
        pass


@dataclass
class Bench:
    """Everything a test of the window looks at."""

    hub: Hub
    window: MainWindow
    desk: Desk
    recorder: Recorder
    preferences: Preferences
    saved: list
    stop: asyncio.Event

    @property
    def station(self):
        return self.desk.stations[0]

    @property
    def charts(self):
        return self.desk.pages.page("charts")

    @property
    def alert_panel(self):
        return self.desk.pages.page("alerts").panel


@pytest.fixture
def look(qapp):
    """Theme and translator of the application, back to English and light afterwards."""
    theme, translator = Theme(qapp), Translator(qapp)
    theme.apply("light")
    translator.apply("en")
    yield theme, translator
    theme.apply("light")
    translator.apply("en")


@pytest.fixture
def open_bench(qtbot, look):
    """Return a context manager: ``async with open_bench(command, ...) as bench``; the commands are carried out before."""

    @asynccontextmanager
    async def opened(
        *commands, settings=None, store=None, before=(), hubs=None, wait=True, doors=None, now=None, outbox=None
    ):
        theme, translator = look
        settings = settings or Settings()
        saved = []
        recorder, stop = Recorder(), asyncio.Event()
        async with Hub(store or MemoryStore(), FakeClock(), language="en", name="plant") as hub:
            for command in commands:
                await hub.command(command)
            if before:
                await hub.submit(list(before))
            preferences = Preferences(settings, settings, saved.append)
            window = MainWindow()
            qtbot.addWidget(window)
            actor = Actor(name="kim")
            known = {"chain": Chain([recorder]), "actor": actor, "doors": doors, "outbox": outbox}
            if now is not None:
                known["now"] = now
            desk = Desk(window, hubs or [hub], preferences, stop, theme, translator, **known)
            window.show()
            desk.start()
            await until(lambda: desk.stations[0].loaded or not wait)
            try:
                yield Bench(hub, window, desk, recorder, preferences, saved, stop)
            finally:
                await desk.close()
                window.may_close = True
                window.close()

    return opened
