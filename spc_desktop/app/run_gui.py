"""The program with its window: the window paints first, then the hub, the server and the sources start inside its loop."""

import asyncio
import getpass
import importlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import qasync
from PySide6.QtCore import QMessageLogContext, QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from spc_desktop.app.clock import SystemClock, process_age
from spc_desktop.app.collector import settle
from spc_desktop.app.control import open_door
from spc_desktop.app.crash import CrashReporter, reporting_to
from spc_desktop.app.instance import sole_user
from spc_desktop.app.logs import logging_to
from spc_desktop.app.shutdown import DEADLINE, must_end_within, stop_on_signals
from spc_desktop.app.start import Start
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _
from spc_desktop.paths import APP_NAME, resource
from spc_desktop.settings.store import save_settings
from spc_desktop.ui.main_window import MainWindow
from spc_desktop.ui.preferences import Preferences
from spc_desktop.ui.theme import Theme
from spc_desktop.ui.translate import Translator

if TYPE_CHECKING:  # these import numpy, which has to wait for the first paint
    from spc_desktop.app.doors import OwnDoors
    from spc_desktop.hub.api import HubApi
    from spc_desktop.ui.desk import Desk
    from spc_desktop.ui.doors import Doors

log = logging.getLogger(__name__)

TRAY_PATIENCE_MS = 12_000
"""How long a program that starts in the background waits for a tray; the tray looks again after ten seconds."""
HEAVY = ("numpy", "sqlalchemy", "aiohttp.web", "websockets.asyncio.server")
"""Imported on a thread after the first paint; pyqtgraph makes Qt objects and must be imported on the window's own."""


@dataclass(slots=True)
class Stage:
    """What a program with a window has before anything heavy is imported."""

    start: Start
    clock: SystemClock
    window: MainWindow
    preferences: Preferences
    theme: Theme
    translator: Translator
    stop: asyncio.Event
    reporter: CrashReporter | None = None
    status: int = 0
    mode: tuple[str, ...] = ()
    """What the command line says of another kind of window than the one with its own hub."""
    painted: float = 0.0
    """Age of the process, in seconds, when the window was first seen; 0 for a start in the tray."""


Body = Callable[[Stage], Awaitable[None]]


def run_gui(start: Start) -> int:
    """Open the window with a hub in it; return the exit status."""
    return run_window(start, _with_hub)


async def _with_hub(stage: Stage) -> None:
    start = stage.start
    with ExitStack() as stack:
        stack.enter_context(sole_user(start.data_dir))
        await stage_logging(stage, stack, start.log_dir)
        async with open_door(start.data_dir, {"show": stage.window.come_forward, "quit": stage.stop.set}):
            await import_heavy()
            from spc_desktop.app.build import running_station
            from spc_desktop.app.doors import OwnDoors, set_after
            from spc_desktop.app.run_hub import stop_on_failure

            async with running_station(start, stage.clock) as station:
                if stage.reporter is not None:
                    watch = stop_on_failure(station, stage.reporter, stage.stop)
                    station.hub.tasks.spawn("failure watch", watch)
                log.info("window and hub are running at %s on %s", station.url, start.data_dir)
                doors = OwnDoors(start, stage.clock, station.hub, stage.preferences)
                await doors.open_servers()
                station.hub.tasks.spawn("window watch", set_after(stage.stop, doors.changed))
                try:
                    await _show(stage, doors, stack)
                finally:
                    await doors.close()


async def _show(stage: Stage, doors: "OwnDoors", stack: ExitStack) -> None:
    """Fill the window, anew whenever other hubs are to be shown, until the program ends."""
    while not stage.stop.is_set():
        doors.changed.clear()
        async with desk(stage, doors.hubs(), doors):
            await doors.changed.wait()
            if stage.stop.is_set():  # the deadline covers the stores and sockets that close after this block
                stack.enter_context(must_end_within(DEADLINE, stage.status or 6))
        await doors.close_unused()


# -- what a window with any kind of hub needs --------------------------------------------------------------------------


def run_window(start: Start, body: Body) -> int:
    """Show the window, run ``body`` on its loop until the stop event is set, and end in order.

    A failure that is to be expected (port in use, newer database) is said in the window, which stays until it is closed.
    """
    application = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(application, QApplication):
        raise TypeError("another kind of Qt application runs in this process")
    application.setApplicationName(APP_NAME)
    application.setApplicationDisplayName("SPC Desktop")
    application.setDesktopFileName(APP_NAME)
    application.setWindowIcon(QIcon(str(resource("icons/app.svg"))))
    application.setQuitOnLastWindowClosed(False)
    executor = ThreadPoolExecutor(2, thread_name_prefix="reader")
    with asyncio.Runner(loop_factory=lambda: _loop(application, executor)) as runner:
        status = runner.run(_main(application, start, body))
    executor.shutdown(cancel_futures=True)
    return status


def _loop(application: QApplication, executor: ThreadPoolExecutor) -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(application)
    loop.set_default_executor(executor)
    return loop


async def _main(application: QApplication, start: Start, body: Body) -> int:
    loop = asyncio.get_running_loop()
    preferences = Preferences(start.settings, start.saved, partial(save_settings, start.settings_file))
    theme, translator = Theme(application), Translator(application)
    theme.resize(preferences.window.font_scale, preferences.window.touch)
    theme.apply(preferences.window.theme)
    translator.apply(preferences.language)
    window = MainWindow()
    stage = Stage(start, SystemClock(), window, preferences, theme, translator, asyncio.Event())
    window.start_page.say(_("Starting…"))
    window.start_page.action.connect(stage.stop.set)
    application.commitDataRequest.connect(lambda _manager: stage.stop.set())  # the session ends
    with stop_on_signals(loop, stage.stop):
        if not start.hidden:
            await _first_paint(window)
            stage.painted = process_age()
        try:
            await _run_body(stage, body)
        finally:
            window.may_close = True
            window.close()
    return stage.status


async def _first_paint(window: MainWindow) -> None:
    painted = asyncio.Event()
    window.painted.connect(painted.set)
    window.show()
    await painted.wait()


async def _run_body(stage: Stage, body: Body) -> None:
    """Run it, and again when the person chose the way out that was offered for a failure."""
    while True:
        try:
            await body(stage)
        except (UserError, KnownError) as error:
            if await _say_failure(stage, error):
                continue
        return


async def _say_failure(stage: Stage, error: UserError | KnownError) -> bool:
    """Say in the window why it cannot start; True when the person took the other port that was offered."""
    from spc_desktop.app.failures import explain

    text, stage.status = explain(error)
    print(f"spc-desktop: {text}", file=sys.stderr)
    if stage.stop.is_set():
        return False
    window, page = stage.window, stage.window.start_page
    free = int(str(error.params.get("free", 0))) if error.code == "port_in_use" else 0
    offer = _("Use port {port} this time", port=free) if free else ""
    page.say(_("The program cannot start"), text[:1].upper() + text[1:], _("Quit"), offer)
    window.centre.setCurrentWidget(page)
    decided, taken = asyncio.Event(), asyncio.Event()
    ends = [signal.connect(stage.stop.set) for signal in (window.close_requested, window.quit_requested)]
    ends += [signal.connect(decided.set) for signal in (window.close_requested, window.quit_requested, page.action)]
    ends += [page.other.connect(taken.set), page.other.connect(decided.set)]
    window.come_forward()
    async with asyncio.TaskGroup() as group:
        stopped = group.create_task(stage.stop.wait())
        stopped.add_done_callback(lambda _done: decided.set())
        await decided.wait()
        stopped.cancel()
    for end in ends:
        QObject.disconnect(end)
    if taken.is_set() and not stage.stop.is_set():
        settings = stage.start.settings
        hub = msgspec.structs.replace(settings.hub, port=free)
        stage.start = replace(stage.start, settings=msgspec.structs.replace(settings, hub=hub))
        stage.status = 0
        page.say(_("Starting…"))
        return True
    return False


async def stage_logging(stage: Stage, stack: ExitStack, folder: Path) -> None:
    """Open the log and the five doors of unexpected errors; the window shows each once."""
    from spc_desktop.app.upkeep import OwnUpkeep
    from spc_desktop.ui.upkeep import UpkeepMenu

    loop, window = asyncio.get_running_loop(), stage.window
    stack.enter_context(logging_to(folder, stage.start.json_log))
    reporter = stack.enter_context(reporting_to(folder, stage.clock.now))
    stage.reporter = reporter

    def show(summary: str, path: Path | None) -> None:
        text = _("Something unexpected happened: {error}. The program goes on.", error=summary)
        where = _("A report was saved as {path}.", path=path) if path else ""
        loop.call_soon_threadsafe(window.messages.say, f"{text} {where}".strip(), "error")

    reporter.add_listener(show)
    menu = UpkeepMenu(window, OwnUpkeep(stage.start, folder, stage.mode))
    stack.callback(menu.deleteLater)
    loop.set_exception_handler(reporter.loop_handler)
    stack.callback(qInstallMessageHandler, None)
    qInstallMessageHandler(partial(_qt_message, reporter))


def _qt_message(reporter: CrashReporter, kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    if kind in {QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg}:
        reporter.report_text(text, f"Qt ({context.category})")
    elif kind == QtMsgType.QtWarningMsg:
        log.warning("Qt (%s): %s", context.category, text)


async def import_heavy() -> None:
    """Import what takes long while the window already answers."""

    def load() -> None:
        for name in HEAVY:
            importlib.import_module(name)

    await asyncio.get_running_loop().run_in_executor(None, load)
    await asyncio.sleep(0)
    importlib.import_module("pyqtgraph")
    await asyncio.sleep(0)


@asynccontextmanager
async def desk(stage: Stage, hubs: list["HubApi"], doors: "Doors | None" = None) -> AsyncIterator[None]:
    """Fill the window with hubs while the block lasts; the layout is saved at its end."""
    from spc_desktop.hub.api import Actor
    from spc_desktop.ui.desk import Desk

    actor = Actor(name=_user(), client="window")
    look, outbox = (stage.theme, stage.translator), stage.start.data_dir / "outbox"
    made = Desk(stage.window, hubs, stage.preferences, stage.stop, *look, actor=actor, outbox=outbox, doors=doors)
    made.start()
    if stage.start.hidden:
        QTimer.singleShot(TRAY_PATIENCE_MS, made, partial(_show_without_tray, stage, made))
    log.info("first paint %.2f s, ready %.2f s after the start of the process", stage.painted, process_age())
    settle()
    try:
        yield
    finally:
        if stage.stop.is_set():
            stage.window.hide()
        await made.close()


def _show_without_tray(stage: Stage, made: "Desk") -> None:
    """Show the window after all where it could not be found again; panels often start after the session's programs."""
    if not made.tray.available and not stage.stop.is_set():
        stage.window.come_forward()


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
