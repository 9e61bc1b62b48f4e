"""The wall: how every characteristic stands, what has come to rest looks so, and everything by keyboard."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from spc_desktop.hub.api import Actor
from spc_desktop.protocol import messages as m
from spc_desktop.ui.wall.arrange import arrange, rows_of
from spc_desktop.ui.wall.tile import Kind
from tests.fakes import NOON, diameter, known_limits, measured, save, shaft
from tests.gui.conftest import until

NAMES = {"A": "Bore", "B": "Length", "C": "Width"}
WATCHED = save(
    *(diameter(code=code, name=name, name_en=name) for code, name in NAMES.items()),
    plans=[known_limits() for _ in NAMES],
    product=shaft(line="L1"),
)
PIN = save(diameter(code="PIN"), plans=[known_limits()], product=shaft(code="PIN", name="핀", name_en="Pin", line="L2"))


@pytest.fixture
def time():
    return SimpleNamespace(now=NOON)


@pytest.fixture
def open_wall(open_bench, time):
    """Return a function like ``open_bench`` whose window has the time of ``time.now``."""
    return lambda *commands, **options: open_bench(*commands, now=lambda: time.now, **options)


def wall_of(bench):
    bench.desk.show_page("wall")
    return bench.desk.pages.page("wall")


def tile(wall, name):
    return next(each for each in wall.model.tiles if each.name == name)


def series(count, of=1, step=60, until_time=NOON, value=10.0):
    return [
        measured(value + at % 2 / 100, of=of, at=until_time - (count - 1 - at) * timedelta(seconds=step))
        for at in range(count)
    ]


async def test_that_each_tile_says_how_its_characteristic_stands_and_the_worst_come_first(open_wall):
    before = [*series(5), *series(5, of=2), *series(5, of=3)]
    async with open_wall(WATCHED, PIN, before=before) as bench:
        wall = wall_of(bench)
        await until(lambda: all(each.tail.loaded for each in wall.model.tiles))
        assert {each.name: each.standing.kind for each in wall.model.tiles} == {
            **dict.fromkeys(NAMES.values(), Kind.CONTROL),
            "Outer diameter": Kind.EMPTY,
        }
        await bench.hub.submit([measured(10.9, of=2)])  # beyond the control limit
        await bench.hub.submit([measured(12.0, of=3)])  # beyond the specification too
        await until(lambda: tile(wall, "Width").standing.kind is Kind.SPEC)
        await until(lambda: tile(wall, "Length").standing.kind is Kind.RULE)
        wall.model.tick()
        assert [each.name for each in wall.model.tiles] == ["Width", "Length", "Outer diameter", "Bore"]
        assert tile(wall, "Width").value == "12.00 mm"
        assert "◆ 1" in wall.summary.text()
        assert "Out of specification: 1" in wall.summary.toolTip()
        alerts = [alert.id for alert in bench.station.alerts.values() if alert.characteristic_id == 2]
        await bench.hub.command(m.Acknowledge(alert_ids=tuple(alerts)), Actor(name="lee"))
        await until(lambda: tile(wall, "Length").standing.kind is Kind.HANDLED)
        assert "lee" in tile(wall, "Length").standing.text
        wall.order_button.click()
        assert [group.title for group in wall.model.groups] == ["L1 / 축", "L2 / Pin"]


async def test_that_a_tile_whose_data_have_stopped_looks_frozen_and_says_since_when(open_wall, time):
    async with open_wall(WATCHED, before=series(6)) as bench:
        wall = wall_of(bench)
        await until(lambda: tile(wall, "Bore").tail.loaded)
        wall.model.tick()
        assert tile(wall, "Bore").standing.frozen == ""
        time.now = NOON + timedelta(seconds=119)
        wall.model.tick()
        assert tile(wall, "Bore").standing.frozen == ""
        time.now = NOON + timedelta(seconds=121)
        wall.model.tick()
        assert "no data since" in tile(wall, "Bore").standing.frozen
        hatched = wall.board.grab().toImage()
        await bench.hub.submit([measured(10.0, at=time.now)])
        await until(lambda: tile(wall, "Bore").standing.frozen == "")
        assert wall.board.grab().toImage() != hatched


async def test_that_an_overdue_sample_and_a_muted_alert_are_seen(open_wall, time):
    async with open_wall(WATCHED, before=series(3)) as bench:
        wall = wall_of(bench)
        wall.model._due._due.clear()
        due = m.SampleDue(characteristic_id=1, due_at=NOON, overdue_minutes=7)
        wall.model._due._take(bench.station, [due])
        wall.model._due.arrange()
        wall.model.tick()
        assert tile(wall, "Bore").standing.kind is Kind.OVERDUE
        assert "7 min overdue" in tile(wall, "Bore").sentence()
        await bench.hub.submit([measured(12.0, of=2)])
        await until(lambda: tile(wall, "Length").alerts)
        wall.board.choose(tile(wall, "Length"))
        wall.mute_button.click()
        await until(lambda: tile(wall, "Length").alerts[0].mask is not None)
        wall.mute_button.click()
        await until(lambda: tile(wall, "Length").alerts[0].mask is None)


async def test_that_the_keyboard_alone_moves_opens_filters_and_shows_television_in_hangul_too(open_wall):
    async with open_wall(WATCHED, before=[*series(3), *series(3, of=2)]) as bench:
        wall = wall_of(bench)
        board = wall.board
        await until(lambda: len(wall.model.tiles) == 3)
        bench.window.activateWindow()
        await until(board.hasFocus)
        first = board.chosen
        QTest.keyClick(board, Qt.Key.Key_Right)
        assert board.chosen is wall.model.tiles[wall.model.tiles.index(first) + 1]
        assert board.chosen.name in board.accessibleDescription()
        press = QKeyEvent(QEvent.Type.KeyPress, 0x3145, Qt.KeyboardModifier.NoModifier, "ㅅ")  # the key T
        QApplication.sendEvent(board, press)
        assert wall.tv
        assert not bench.window.rail.isVisible()
        QTest.keyClick(board, Qt.Key.Key_Escape)
        assert not wall.tv
        assert bench.window.rail.isVisible()
        QTest.keyClick(board, Qt.Key.Key_F)
        assert wall.filter.hasFocus()
        QTest.keyClicks(wall.filter, "length")
        assert [each.name for each in wall.model.tiles] == ["Length"]
        QTest.keyClicks(wall.filter, "zzz")
        assert "No tile has this text" in wall.empty.text()
        QTest.keyClick(wall.filter, Qt.Key.Key_Escape)
        assert len(wall.model.tiles) == 3
        board.choose(tile(wall, "Length"))
        QTest.keyClick(board, Qt.Key.Key_Return)
        await until(lambda: bench.desk.pages.current == "charts")
        assert bench.station._watched == frozenset()


@pytest.mark.parametrize("count", [1, 4, 24, 100, 400])
@pytest.mark.parametrize("size", [(300, 200), (1180, 640), (1920, 1080)])
def test_that_tiles_never_overlap_are_readable_and_use_the_room(count, size):
    grid = arrange([count], *size, smallest=(160, 90), heading=0)
    assert grid.width >= 150
    assert grid.height >= 90
    assert grid.columns * grid.width <= size[0]
    assert grid.total == rows_of([count], grid.columns) * grid.height
    if count == 100 and size == (1920, 1080):
        assert grid.total <= size[1]


def test_that_groups_begin_on_rows_of_their_own():
    grid = arrange([3, 1, 5], 900, 600, (160, 90), heading=30)
    for top, after, count in zip(grid.tops, grid.tops[1:], (3, 1), strict=False):
        assert after - top == 30 + rows_of([count], grid.columns) * grid.height
