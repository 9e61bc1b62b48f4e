"""Home: the doors of the first run, and the summary that leads to what matters, by keyboard alone."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from spc_desktop.domain.alert import Status
from spc_desktop.domain.errors import KnownError
from tests.fakes import NOON, diameter, known_limits, measured, save, shaft
from tests.gui.conftest import until

WATCHED = save(diameter(), plans=[known_limits()])
PIN = save(diameter(code="PIN"), plans=[known_limits()], product=shaft(code="PIN", name="핀", name_en="Pin", line="L2"))


class FakeDoors:
    """Doors that note what was asked; the plant is one product."""

    def __init__(self):
        self.plant_runs, self.filling, self.servers, self.calls = False, False, (), []
        self.hub = None

    async def start_plant(self):
        self.filling = True
        await self.hub.command(WATCHED)
        await self.hub.submit([measured(10.9)])
        self.plant_runs, self.filling = True, False

    async def stop_plant(self):
        self.plant_runs = False

    async def connect(self, address, token):
        self.calls.append((address, token))
        raise KnownError("hub_unreachable", address=address, detail="refused")

    async def work_here(self):
        self.servers = ()


@pytest.fixture
def doors():
    return FakeDoors()


async def test_that_the_first_door_is_one_key_away_and_leads_to_a_live_chart(open_bench, doors):
    async with open_bench(doors=doors) as bench:
        doors.hub = bench.hub
        home = bench.desk.pages.page("home")
        assert home.stack.currentWidget() is home.doors
        bench.window.activateWindow()
        await until(home.doors.plant.button.hasFocus)
        QTest.keyClick(home.doors.plant.button, Qt.Key.Key_Space)
        await until(lambda: bench.desk.pages.current == "charts")
        await until(lambda: bench.charts.chart_page.feed.series.end == 1)
        bench.desk.show_page("home")
        assert home.plant_button.text() == "Stop the sample plant"
        home.plant_button.click()
        await until(lambda: home.plant_button.text() == "Start the sample plant")


async def test_that_a_server_that_is_not_there_is_said_with_what_to_do_and_the_address_stays(open_bench, doors):
    async with open_bench(doors=doors) as bench:
        first = bench.desk.pages.page("home").doors
        first.server.button.click()
        assert "Type the address" in first.messages.text
        first.address.setText("10.0.0.9:8000")
        QTest.keyClick(first.address, Qt.Key.Key_Return)
        await until(lambda: "No connection to 10.0.0.9:8000" in first.messages.text)
        assert "work on this PC" in first.messages.text
        assert first.address.text() == "10.0.0.9:8000"
        assert first.server.isEnabled()
        assert not first.busy.isVisible()
        assert doors.calls == [("10.0.0.9:8000", "")]


async def test_that_the_summary_leads_to_alerts_and_charts_by_keyboard_and_keeps_to_the_scope(open_bench, doors):
    async with open_bench(WATCHED, PIN, before=[measured(10.0, of=2)], doors=doors) as bench:
        home = bench.desk.pages.page("home")
        assert home.stack.currentWidget() is home.summary
        await bench.hub.submit([measured(10.9, at=NOON)])
        await until(lambda: home.title.text() == "Open alerts: 1")
        assert "Outer diameter" in home.alerts.item(0).text()
        assert "■ Open alerts: 1" in home.charts.item(0).text()
        assert "Pin" in home.charts.item(1).text()
        home.alerts.setFocus()
        home.alerts.setCurrentRow(0)
        QTest.keyClick(home.alerts, Qt.Key.Key_Return)
        await until(lambda: bench.desk.pages.current != "home")
        bench.desk.show_page("home")
        home.charts.setCurrentRow(1)
        QTest.keyClick(home.charts, Qt.Key.Key_Return)
        await until(
            lambda: bench.desk.pages.current == "charts" and bench.charts.chart_page.feed.characteristic.id == 2
        )
        bench.desk.show_page("home")
        bench.window.bar.scope_box.activated.emit(1)
        await until(lambda: home.charts.count() == 1)
        assert "No open alerts" in home.title.text()
        assert bench.station.alerts[1].status is Status.NEW
