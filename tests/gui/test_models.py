"""The models keep Qt's rules while events pour in, and say the same as the hub."""

from datetime import timedelta

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QAbstractItemModelTester

from spc_desktop.domain.alert import AlertType, Priority
from spc_desktop.protocol import messages as m
from spc_desktop.ui.keys import letter
from spc_desktop.ui.models.alerts import HEADERS, ROW_ROLE
from tests.fakes import NOON, diameter, known_limits, measured, save
from tests.gui.conftest import until

WATCHED = save(diameter(), plans=[known_limits()])


def created(number):
    return m.CreateAlert(
        product_id=1, alert_type=AlertType.TREND, priority=Priority.HIGH, title=f"t{number}", message="drifts"
    )


async def test_that_the_models_keep_qts_rules_while_alerts_come_change_and_go(open_bench):
    async with open_bench(WATCHED) as bench:
        panel, tree = bench.alert_panel, bench.charts.products
        fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
        testers = [QAbstractItemModelTester(model, fatal, bench.window) for model in (panel.model, panel.filter, tree)]
        for number in range(20):
            await bench.hub.command(created(number))
        await bench.hub.command(m.Acknowledge(alert_ids=(3, 4)))
        await bench.hub.command(m.Resolve(alert_id=5))
        await bench.hub.command(save(diameter(code="L", name="길이")))
        await until(lambda: tree.item(0, 0).rowCount() == 2)
        await until(lambda: panel.filter.rowCount() == 19)
        panel.all_box.setChecked(True)
        assert panel.filter.rowCount() == 20
        for column in range(len(HEADERS)):
            panel.view.sortByColumn(column, Qt.SortOrder.AscendingOrder)
        bench.alert_panel.model.rebuild()
        assert panel.filter.rowCount() == 20
        assert len(testers) == 3


async def test_that_the_table_shows_the_newest_alert_first(open_bench):
    async with open_bench(WATCHED) as bench:
        for number in range(3):
            await bench.hub.command(created(number))
        table = bench.alert_panel.model
        await until(lambda: table.rowCount() == 3)
        shown = [table.index(row, 0).data(ROW_ROLE).alert.title for row in range(3)]
        assert shown == ["t2", "t1", "t0"]


async def test_that_a_late_event_does_not_undo_a_newer_state(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        await until(lambda: bench.station.alerts)
        before = bench.station.alerts[1]
        await bench.hub.command(m.Acknowledge(alert_ids=(1,)))
        await until(lambda: bench.station.alerts[1].rev > before.rev)
        bench.station._take_alert(before, "raised")
        assert bench.station.alerts[1].rev > before.rev


async def test_that_points_that_come_while_a_chart_is_read_are_neither_lost_nor_doubled(open_bench):
    first = [measured(10 + 0.01 * at, at=NOON + timedelta(minutes=at)) for at in range(50)]
    async with open_bench(WATCHED, before=first) as bench:
        feed = bench.station.feed(1)
        for at in range(50, 60):
            await bench.hub.submit([measured(10 + 0.01 * at, at=NOON + timedelta(minutes=at))])
            feed.reload() if at == 55 else None
        await until(lambda: feed.series.end == 60)
        values = feed.series.panels["i"].value[:60]
        assert values.tolist() == pytest.approx([10 + 0.01 * at for at in range(60)])


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [(Qt.Key.Key_A, "a", "A"), (0, "ㅁ", "A"), (0x3139, "ㄹ", "F"), (Qt.Key.Key_Left, "", ""), (Qt.Key.Key_1, "1", "")],
)
def test_that_a_letter_is_known_by_its_key(key, text, expected):
    event = QKeyEvent(QEvent.Type.KeyPress, int(key), Qt.KeyboardModifier.NoModifier, text)
    assert letter(event) == expected


def test_that_a_letter_with_control_is_no_command():
    event = QKeyEvent(QEvent.Type.KeyPress, int(Qt.Key.Key_A), Qt.KeyboardModifier.ControlModifier, "")
    assert letter(event) == ""


async def test_that_a_history_of_many_pages_arrives_whole_while_new_points_come(open_bench, monkeypatch):
    monkeypatch.setattr("spc_desktop.ui.feed.FIRST_PAGE", 50)
    monkeypatch.setattr("spc_desktop.ui.feed.PAGE", 70)
    first = [measured(10 + 0.001 * at, at=NOON + timedelta(minutes=at)) for at in range(400)]
    async with open_bench(WATCHED, before=first) as bench:
        feed = bench.station.feed(1)
        await until(lambda: feed.loaded)
        await bench.hub.submit([measured(10.4, at=NOON + timedelta(minutes=400))])
        await until(lambda: feed.series.complete and feed.series.end == 401)
        values = feed.series.panels["i"].value[:401].tolist()
        assert values == pytest.approx([10 + 0.001 * at for at in range(401)])
        bench.charts.overview.leave()  # it shows the same points
        bench.station.release(feed)
        assert bench.station._feeds == {}
