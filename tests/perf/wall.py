"""A wall of 100 tiles, each with a new point every second: how much of a core the window takes, and a frame.

``python -m tests.perf.wall [--tiles 100] [--seconds 20]``: the window and its hub run in this process, the store is in memory;
what the hub itself takes is measured first, without the wall, and told apart.
"""

import argparse
import asyncio
import os
import sys
import time
from datetime import datetime, timedelta


def parse():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tiles", type=int, default=100)
    options.add_argument("--seconds", type=float, default=20)
    return options.parse_args()


async def make_plant(hub, tiles):
    """Products of ten characteristics each, with half a minute of points."""
    from tests.fakes import diameter, known_limits, measured, save, shaft

    for at in range(0, tiles, 10):
        own = [diameter(code=f"C{number:03}", name=f"특성 {number}") for number in range(at, min(tiles, at + 10))]
        product = shaft(code=f"P{at:03}", name=f"제품 {at}", line=f"L{at // 50}")
        await hub.command(save(*own, plans=[known_limits() for _ in own], product=product))
    began = datetime.now().astimezone() - timedelta(seconds=30)
    for second in range(30):
        at = began + timedelta(seconds=second)
        await hub.submit([measured(10 + (second * 7 + n) % 5 / 20, of=n + 1, at=at) for n in range(tiles)])


async def feed(hub, tiles, seconds):
    """One value of each characteristic a second, spread over the second; return the share of a core that it took."""
    from tests.fakes import measured

    began, cpu = time.perf_counter(), time.process_time()
    for tick in range(int(seconds * 10)):
        await asyncio.sleep(max(0.0, began + tick / 10 - time.perf_counter()))
        at, own = datetime.now().astimezone(), range(tick % 10, tiles, 10)
        await hub.submit([measured(10 + (tick * 7 + n) % 5 / 20, of=n + 1, at=at) for n in own])
    return (time.process_time() - cpu) / (time.perf_counter() - began)


def timed(kind):
    """Note how long each paint of a kind of widget takes, in ms; to be called before one is made."""
    paints = []
    painted = kind.paintEvent

    def paint(self, event):
        began = time.perf_counter()
        painted(self, event)
        paints.append((time.perf_counter() - began) * 1000)

    kind.paintEvent = paint
    return paints


async def show_wall(application, hub):
    """Open the program's window on the wall, as large as a television."""
    from spc_desktop.settings.schema import Settings
    from spc_desktop.ui.desk import Desk
    from spc_desktop.ui.main_window import MainWindow
    from spc_desktop.ui.preferences import Preferences
    from spc_desktop.ui.presenters import Chain
    from spc_desktop.ui.theme import Theme
    from spc_desktop.ui.translate import Translator

    settings = Settings()
    preferences, window = Preferences(settings, settings, lambda _saved: None), MainWindow()
    theme, translator = Theme(application), Translator(application)
    theme.apply("light")
    translator.apply("ko")
    desk = Desk(window, [hub], preferences, asyncio.Event(), theme, translator, chain=Chain([]))
    window.resize(1920, 1080)
    window.show()
    desk.start()
    while not desk.stations[0].loaded:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    desk.show_page("wall")
    return desk


async def measure(application, given):
    """Feed the hub without the wall, then with it, and print the difference."""
    from spc_desktop.hub.hub import Hub
    from spc_desktop.storage.memory import MemoryStore
    from spc_desktop.ui.wall.board import Board
    from tests.fakes import FakeClock

    tiles, seconds = given.tiles, given.seconds
    async with Hub(MemoryStore(), FakeClock(datetime.now().astimezone())) as hub:
        await make_plant(hub, tiles)
        alone = await feed(hub, tiles, seconds)
        paints = timed(Board)
        desk = await show_wall(application, hub)
        wall = desk.pages.page("wall")
        wall.show_tv(True)
        await feed(hub, tiles, 3)
        paints.clear()
        both = await feed(hub, tiles, seconds)
        print(f"{tiles} tiles ({len(wall.model.tiles)} shown), a point each second, {seconds:g} s")
        print(f"hub alone (in memory)  {alone:7.1%} of a core")
        print(f"hub and wall           {both:7.1%} of a core")
        print(f"the wall               {both - alone:7.1%} of a core (at most 25 %)")
        ordered = sorted(paints) or [0.0]
        middle, longest = ordered[len(ordered) // 2], ordered[-1]
        print(f"paints {len(paints) / seconds:.1f}/s, median {middle:.2f} ms, longest {longest:.2f} ms")
        await desk.close()
        desk.window.may_close = True
        desk.window.close()
    return 0 if both - alone <= 0.25 else 1


def main():
    """Run it on Qt's loop, offscreen unless QT_QPA_PLATFORM says otherwise."""
    given = parse()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import qasync
    from PySide6.QtWidgets import QApplication

    application = QApplication(["wall"])
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(application)) as runner:
        return runner.run(measure(application, given))


if __name__ == "__main__":
    sys.exit(main())
