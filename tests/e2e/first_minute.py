"""The program at its very first start, and a newcomer who does not read: what has the keyboard is pressed, nothing else.

``python -m tests.e2e.first_minute FOLDER LANGUAGE`` runs the real program on the given data folder and prints one JSON object:
how many keys it took until a chart with a signal was on the screen, and what stood there. It gives up after a minute.
"""

import asyncio
import json
import sys
from functools import partial

PATIENCE = 60.0
"""Seconds that a newcomer has."""


async def _newcomer(stage, seen):
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest
    from PySide6.QtWidgets import QApplication

    from spc_desktop.ui.desk import Desk

    async def until(condition):
        while not condition():  # noqa: ASYNC110 - whatever is seen next
            await asyncio.sleep(0.02)

    window = stage.window
    async with asyncio.timeout(PATIENCE):
        await until(lambda: window.findChildren(Desk))
        desk = window.findChildren(Desk)[0]
        await until(lambda: desk.pages.current == "home")
        home = desk.pages.page("home")
        seen["doors"] = home.stack.currentWidget() is home.doors
        window.activateWindow()
        await until(home.doors.plant.button.hasFocus)
        seen["texts"] = [door.button.text() for door in (home.doors.plant, home.doors.server, home.doors.own)]
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
        seen["keys"] = 1
        await until(lambda: desk.pages.current == "charts")
        feed = desk.pages.page("charts").chart_page
        await until(lambda: feed.feed is not None and feed.feed.loaded)
        seen["calm"] = feed.feed.series.end
        await until(lambda: any(position >= seen["calm"] for position in feed.feed.series.signals()))
        seen["signal"] = next(int(position) for position in feed.feed.series.signals() if position >= seen["calm"])
        await until(lambda: any(alert.point_index == seen["signal"] for alert in desk.stations[0].alerts.values()))
        seen["bell"] = int(window.bar.bell.text() or 0)
        seen["chart"] = feed.feed.characteristic.code


async def _body(seen, stage):
    from spc_desktop.app.run_gui import _with_hub

    async def act():
        try:
            await _newcomer(stage, seen)
        except TimeoutError:
            seen["gave up"] = True
        finally:
            stage.stop.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(act())
        await _with_hub(stage)


def main():
    """Run the program; print what was seen."""
    from spc_desktop.app.cli import _parser
    from spc_desktop.app.run_gui import run_window
    from spc_desktop.app.start import read_start

    folder, language = sys.argv[1:]
    start = read_start(_parser().parse_args(["--data-dir", folder, "--port", "0", "--language", language]))
    seen = {}
    seen["status"] = run_window(start, partial(_body, seen))
    print(json.dumps(seen, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
