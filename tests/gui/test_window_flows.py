"""What a quality engineer does with the window: watch a line, meet an alert, acknowledge it, switch language and theme."""

import asyncio
from datetime import timedelta

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from spc_desktop.domain.alert import AlertType, Priority, Status
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.settings.schema import Settings, WindowSettings
from spc_desktop.ui.models.alerts import ROW_ROLE
from tests.fakes import NOON, diameter, known_limits, learning, measured, save, shaft
from tests.gui.conftest import until

WATCHED = save(diameter(), plans=[known_limits()])
ENGLISH = shaft(name_en="Shaft")


def open_first_chart(bench):
    bench.desk.open_chart(bench.station, 1)
    return bench.charts.chart_page


def press(widget, key, text="", modifiers=Qt.KeyboardModifier.NoModifier):
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
        QApplication.sendEvent(widget, QKeyEvent(kind, int(key), modifiers, text))


def tree_names(bench):
    model, names = bench.charts.products, []
    for row in range(model.rowCount()):
        top = model.item(row, 0)
        names.append((top.text(), [top.child(at, 0).text() for at in range(top.rowCount())]))
    return names


async def test_that_a_measured_value_becomes_a_point_an_alert_and_a_toast(open_bench):
    async with open_bench(WATCHED) as bench:
        page = open_first_chart(bench)
        await bench.hub.submit([measured(10.0), measured(10.8, at=NOON + timedelta(minutes=1))])
        await until(lambda: page.feed.series.end == 2)
        await until(lambda: bench.recorder.toasts)
        toast = bench.recorder.toasts[0]
        assert "Beyond control limit" in toast.title
        assert toast.body.startswith("Outer diameter")
        assert "UCL" in toast.body
        panel = bench.alert_panel
        assert panel.filter.rowCount() >= 1
        await until(lambda: bench.window.bell.text() == str(bench.alert_panel.model.unread_count()))


async def test_that_open_on_a_toast_shows_the_chart_at_the_point_that_raised_it(open_bench):
    quiet = [measured(10.0 + 0.01 * (at % 7), at=NOON + timedelta(minutes=at)) for at in range(300)]
    quiet[40] = measured(10.9, at=NOON + timedelta(minutes=40))
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit(quiet)
        await until(lambda: bench.recorder.toasts)
        bench.window.hide()
        bench.recorder.toasts[0].open()
        chart = bench.alert_panel.detail.chart
        await until(lambda: chart.cursor_position == 40)
        assert bench.window.isVisible()
        assert bench.desk.pages.current == "alerts"
        low, high = chart.view_range
        assert low < 40 < high
        assert chart.series.count < 300  # the stretch around the point, however long the history


async def test_that_acknowledge_in_a_toast_acknowledges_the_alert_at_the_hub(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        await until(lambda: bench.recorder.toasts)
        bench.recorder.toasts[0].acknowledge()
        await until(lambda: bench.station.alerts[1].status is Status.ACKNOWLEDGED)
        assert (await bench.hub.query(m.GetAlert(alert_id=1))).acknowledged_by == "kim"


@pytest.mark.parametrize("key", [(Qt.Key.Key_A, "a"), (0x3141, "ㅁ")], ids=["latin", "hangul"])
async def test_that_the_key_a_acknowledges_whatever_the_input_method_says(open_bench, key):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        panel = bench.alert_panel
        await until(lambda: panel.filter.rowCount() == 1)
        panel.view.selectRow(0)
        assert panel.acknowledge_button.isEnabled()
        press(panel.view, *key)
        await until(lambda: bench.station.alerts[1].status is Status.ACKNOWLEDGED)
        assert not panel.acknowledge_button.isEnabled()
        assert "kim" in panel.acknowledge_button.toolTip()
        press(panel.view, *key)
        assert "kim" in panel.messages.text


async def test_that_enter_on_an_alert_opens_its_chart(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.0), measured(10.8, at=NOON + timedelta(minutes=1))])
        panel = bench.alert_panel
        await until(panel.filter.rowCount)
        panel.view.selectRow(0)
        press(panel.view, Qt.Key.Key_Return)
        await until(lambda: bench.charts.chart_page.chart.cursor_position == 1)


async def test_that_alerts_of_a_product_that_is_not_subscribed_give_no_toast(open_bench):
    async with open_bench(WATCHED) as bench:
        item = bench.charts.products.item(0, 0)
        assert item.checkState() == Qt.CheckState.Checked
        item.setCheckState(Qt.CheckState.Unchecked)
        await until(lambda: bench.station.wishes.without == (1,))
        await bench.hub.submit([measured(10.8)])
        await until(lambda: bench.station.alerts)
        assert bench.recorder.toasts == []
        assert bench.window.bell.text() == ""
        assert (await bench.hub.query(m.GetPreferences(user="kim"))).without == (1,)
        assert bench.alert_panel.filter.rowCount() == 1


async def test_that_products_that_an_older_version_kept_switched_off_are_told_to_the_hub(open_bench):
    settings = Settings(window=WindowSettings(unsubscribed={"plant": ("SHAFT",), "other": ("X",)}))
    async with open_bench(WATCHED, settings=settings) as bench:
        await until(lambda: bench.station.wishes.without == (1,))
        assert bench.preferences.window.unsubscribed == {"other": ("X",)}


async def test_that_alerts_from_before_the_start_give_no_toast_but_count_as_unread(open_bench):
    async with open_bench(WATCHED, before=[measured(10.8)]) as bench:
        await until(lambda: bench.window.bell.text() == "1")
        assert bench.recorder.toasts == []
        bench.window.bell.click()
        await until(lambda: bench.window.bell.text() == "")
        assert bench.preferences.window.read_up_to == {"plant": 1}
        assert bench.station.alerts[1].status is Status.NEW


async def test_that_a_burst_of_one_product_is_joined_into_one_toast(open_bench):
    async with open_bench(WATCHED) as bench:
        for number in range(8):
            command = m.CreateAlert(
                product_id=1, alert_type=AlertType.TREND, priority=Priority.HIGH, title=f"t{number}", message="drifts"
            )
            await bench.hub.command(command)
        await until(lambda: len(bench.recorder.toasts) == 4)
        joined = bench.recorder.toasts[-1]
        assert "5" in joined.title
        joined.acknowledge()
        await until(lambda: sum(alert.status is Status.ACKNOWLEDGED for alert in bench.station.alerts.values()) == 5)


async def test_that_a_flood_becomes_one_digest_and_the_log_says_what_had_no_toast_of_its_own(open_bench):
    async with open_bench(WATCHED) as bench:
        seconds = [0.0]
        bench.desk.toasts._clock = lambda: seconds[0]
        for number in range(14):
            seconds[0] += 59 if number < 10 else 1
            command = m.CreateAlert(
                product_id=1, alert_type=AlertType.TREND, priority=Priority.HIGH, title=f"t{number}", message="drifts"
            )
            await bench.hub.command(command)
            await until(lambda count=number + 1: len(bench.station.alerts) == count)
        await until(lambda: len(bench.recorder.toasts) == 10)
        seconds[0] += 5
        await until(lambda: len(bench.recorder.toasts) == 11)
        digest = bench.recorder.toasts[-1]
        assert "flood: 4 alerts" in digest.title
        await until(lambda: not bench.desk.toasts._announced[id(bench.station)].reporter._told)
        page = await bench.hub.query(m.GetDeliveries(recipient="kim", channel="toast", limit=50))
        outcomes = [(row.outcome.value, row.reason) for row in page.deliveries]
        assert sorted(outcomes) == [("sent", "")] * 11 + [("suppressed", "flood")] * 3


async def test_that_an_alert_nobody_acknowledges_is_announced_again(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        await until(lambda: len(bench.recorder.toasts) == 1)
        later = bench.desk.toasts._clock() + 1_801
        bench.desk.toasts._clock = lambda: later
        bench.desk.toasts._tick(bench.station)
        await until(lambda: len(bench.recorder.toasts) == 2)
        assert "not acknowledged" in bench.recorder.toasts[1].title
        bench.recorder.toasts[1].acknowledge()
        await until(lambda: bench.station.alerts[1].status is Status.ACKNOWLEDGED)
        assert bench.desk.toasts._announced[id(bench.station)].announcer.next_due() is None


async def test_that_a_pause_holds_toasts_back_and_the_list_goes_on(open_bench):
    async with open_bench(WATCHED) as bench:
        bench.desk.tray.pause_requested.emit()
        await bench.hub.submit([measured(10.8)])
        await until(lambda: bench.station.alerts)
        assert bench.recorder.toasts == []
        bench.desk.tray.resume_requested.emit()
        await bench.hub.submit([measured(12.0, at=NOON + timedelta(minutes=1))])
        await until(lambda: bench.recorder.toasts)

        for _ in range(200):
            page = await bench.hub.query(m.GetDeliveries(recipient="kim", channel="toast"))
            rows = [(row.change, row.outcome.value, row.reason) for row in page.deliveries]
            if len(rows) == 2:
                break
            await asyncio.sleep(0.05)
        assert rows == [("raised", "sent", ""), ("raised", "suppressed", "paused")]


async def test_that_the_language_switches_while_running_and_is_kept(open_bench):
    async with open_bench(save(diameter(), plans=[known_limits()], product=ENGLISH)) as bench:
        await bench.hub.submit([measured(10.8)])
        panel = bench.alert_panel
        await until(lambda: panel.filter.rowCount() == 1)
        assert tree_names(bench) == [("Shaft", ["Outer diameter"])]
        assert panel.filter.index(0, 4).data() == "Beyond control limit"
        bench.window.language_requested.emit()
        await until(lambda: tree_names(bench) == [("축", ["외경"])])
        assert panel.filter.index(0, 4).data() == "관리한계 이탈"
        await until(lambda: panel.acknowledge_button.text() == "확인 (A)")
        assert bench.desk.pill.text() == "● 실시간"
        assert bench.preferences.window.language == "ko"
        bench.window.language_requested.emit()
        await until(lambda: panel.acknowledge_button.text() == "Acknowledge (A)")


async def test_that_the_theme_switches_while_running_charts_included(open_bench):
    async with open_bench(WATCHED, before=[measured(10.0)]) as bench:
        page = open_first_chart(bench)
        await until(lambda: page.feed.loaded)
        bench.window.theme_requested.emit("dark")
        await until(lambda: page.chart.backgroundBrush().color().name().upper() == "#1B1F24")
        bench.window.theme_requested.emit("light")
        await until(lambda: page.chart.backgroundBrush().color().name().upper() == "#FFFFFF")
        assert bench.preferences.window.theme == "light"


async def test_that_every_empty_state_says_what_to_do(open_bench):
    async with open_bench() as bench:
        await until(lambda: bench.desk.pages.current == "home")
        home = bench.desk.pages.page("home")
        assert home.doors.title.text() == _("No products yet")
        assert "as soon as" in home.doors.text.text()
        assert "No alerts" in bench.alert_panel.empty.text()
        await bench.hub.command(WATCHED)
        await until(lambda: home.stack.currentWidget() is home.summary)
        assert "Nothing is open" in home.alerts.item(0).text()
        bench.desk.show_page("charts")
        assert bench.charts.centre.currentWidget() is bench.charts.overview
        page = open_first_chart(bench)
        await until(lambda: "No points yet" in page._status.text())


async def test_that_a_learning_chart_says_how_many_subgroups_are_missing(open_bench):
    plan = learning(count=10)
    first = [measured(10.0 + 0.1 * (at % 3), at=NOON + timedelta(minutes=at)) for at in range(6)]
    async with open_bench(save(diameter(), plans=[plan]), before=first) as bench:
        page = open_first_chart(bench)
        await until(lambda: "4 more subgroups needed" in page._status.text())
        await until(lambda: page.feed.provisional)
        assert page.feed.provisional["i"].ucl > page.feed.provisional["i"].center
        more = [measured(10.0 + 0.1 * (at % 3), at=NOON + timedelta(minutes=at)) for at in range(6, 12)]
        await bench.hub.submit(more)
        await until(lambda: "more subgroups" not in page._status.text() and page.feed.series.end == 12)
        assert not page.feed.provisional
        assert "limits frozen from 10 subgroups" in page._about.text()


async def test_that_enter_shows_values_lot_and_rules_of_a_point(open_bench):
    from spc_desktop.domain.measurement import Trace

    trace = Trace(lot="L7", machine="M2", operator="kim")
    async with open_bench(WATCHED, before=[measured(10.0), measured(11.3, trace=trace)]) as bench:
        page = open_first_chart(bench)
        await until(lambda: page.feed.loaded)
        press(page.chart, Qt.Key.Key_Right)
        press(page.chart, Qt.Key.Key_Return)
        await until(lambda: "L7" in bench.charts.inspector.text)
        for expected in ("11.30", "M2", "kim", "Rule 1: beyond control limit", "Out of specification"):
            assert expected in bench.charts.inspector.text


async def test_that_closing_without_a_tray_asks_and_quits_only_when_told(open_bench):
    async with open_bench(WATCHED) as bench:
        assert not bench.desk.tray.available
        bench.window.close()
        await until(lambda: bench.window.findChildren(QMessageBox))
        box = bench.window.findChildren(QMessageBox)[0]
        assert "no tray" in box.text()
        box.button(QMessageBox.StandardButton.NoButton)
        cancel = next(button for button in box.buttons() if button.text() == "Cancel")
        cancel.click()
        await until(lambda: not bench.window.findChildren(QMessageBox))
        assert not bench.stop.is_set()
        assert bench.window.isVisible()
        bench.window.close()
        await until(lambda: bench.window.findChildren(QMessageBox))
        box = bench.window.findChildren(QMessageBox)[0]
        next(button for button in box.buttons() if button.text() == "Quit").click()
        await until(bench.stop.is_set)


async def test_that_layout_and_geometry_are_saved_and_taken_up_again(open_bench):
    async with open_bench(WATCHED) as bench:
        bench.desk.show_page("charts")
        bench.charts.point_dock.hide()
        bench.window.resize(790, 655)
    window = bench.saved[-1].window
    settings = Settings(window=WindowSettings(geometry=window.geometry, layouts=window.layouts))
    async with open_bench(WATCHED, settings=settings) as again:
        again.desk.show_page("charts")
        assert not again.charts.point_dock.isVisible()
        assert again.charts.tree_dock.isVisible()
        assert again.window.height() == 655


async def test_that_a_refused_command_is_told_beside_the_list(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        panel = bench.alert_panel
        await until(lambda: panel.filter.rowCount() == 1)
        panel.view.selectRow(0)
        bench.hub._intake.close()  # the hub is closing
        panel.acknowledge()
        await until(lambda: "closing" in panel.messages.text)
        assert bench.station.alerts[1].status is Status.NEW


async def test_that_a_new_product_appears_without_a_restart(open_bench):
    async with open_bench(WATCHED) as bench:
        other = save(diameter(name_en="Length"), product=shaft(code="BOLT", name="볼트", name_en="Bolt"))
        await bench.hub.command(other)
        await until(lambda: ("Bolt", ["Length"]) in tree_names(bench))


async def test_that_the_tree_counts_open_alerts(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        await until(lambda: bench.charts.products.item(0, 1).text() == "■ 1")
        await bench.hub.command(m.Resolve(alert_id=1))
        await until(lambda: bench.charts.products.item(0, 1).text() == "")
        assert bench.alert_panel.filter.rowCount() == 0
        assert "No open alerts" in bench.alert_panel.empty.text()
        bench.alert_panel.all_box.setChecked(True)
        row = bench.alert_panel.filter.index(0, 0).data(ROW_ROLE)
        assert row.alert.status is Status.RESOLVED
