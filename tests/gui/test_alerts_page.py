"""The alerts page: an alert with its evidence, what is done about it by keys, and journey B with its keys counted."""

from datetime import timedelta

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication

from spc_desktop.domain.alert import AlertType, Priority, Status
from spc_desktop.domain.announcement import Preferences
from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.measurement import Trace
from spc_desktop.domain.register import Cause, PlanStep, ReactionPlan
from spc_desktop.protocol import messages as m
from spc_desktop.ui.models.alerts import ROW_ROLE
from tests.fakes import NOON, diameter, known_limits, measured, save
from tests.gui.conftest import until

REGISTER = m.SaveRegister(
    entries=(
        ReactionPlan(id="all", steps=(PlanStep(text="재확인", text_en="Measure again"), PlanStep(text="봉쇄"))),
        Cause(id="TOOL", name="공구 마모", name_en="Tool wear"),
    ),
    reason="r",
)
WATCHED = save(diameter(), plans=[known_limits()])
DRIFTS = [
    measured(
        10.0 + 0.01 * (at % 5) + (0.9 if at == 60 else 0.0),
        at=NOON + timedelta(minutes=at),
        trace=Trace(lot="L2" if at >= 55 else "L1", machine="M1"),
    )
    for at in range(300)
]


class Person:
    """Types and clicks, and counts both."""

    def __init__(self, bench):
        self.bench, self.keys, self.clicks = bench, 0, 0

    def press(self, key, modifiers=Qt.KeyboardModifier.NoModifier, text=""):
        """Press a key on whatever has the keyboard."""
        self.keys += 1
        widget = self.bench.window.focusWidget()
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(widget, QKeyEvent(kind, int(key), modifiers, text))

    def type(self, text):
        """Type a text; its letters are not counted as commands. The list of the completer needs a real window system."""
        self.bench.window.focusWidget().setText(text)
        self.press(Qt.Key.Key_Return)

    def click(self, button):
        self.clicks += 1
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)


async def first_alert(bench):
    """Show the alerts page with its newest alert selected, and wait until its evidence is there."""
    await until(lambda: bench.station.alerts)
    bench.desk.show_page("alerts")
    bench.window.activateWindow()
    panel = bench.alert_panel
    panel.view.setFocus()
    await until(lambda: panel.detail.evidence is not None)
    await until(lambda: bench.window.focusWidget() is panel.view)
    return panel


async def test_that_an_alert_shows_its_chart_what_changed_before_and_what_was_found_last_time(open_bench):
    async with open_bench(WATCHED, REGISTER) as bench:
        await bench.hub.submit([measured(10.9, at=NOON - timedelta(minutes=2))])
        await bench.hub.submit([measured(10.0, at=NOON - timedelta(minutes=1))])
        await until(lambda: 1 in bench.station.alerts)
        await bench.hub.command(m.Resolve(alert_id=1, root_cause="TOOL 공구 마모", corrective_action="changed"))
        await bench.hub.submit(DRIFTS)
        panel = await first_alert(bench)
        beyond = [one for one in bench.station.alerts.values() if one.key.endswith(".i/nelson_1")]
        newest = max(beyond, key=lambda alert: alert.id)
        panel.select(bench.station, newest.id)
        detail = panel.detail
        await until(lambda: detail.evidence is not None and detail.evidence.position == newest.point_index == 62)
        assert detail.chart.cursor_position == 62
        assert detail.evidence.series.count < 130  # a stretch, not the history
        text = detail.text.text()
        assert "Lot: L1 → L2 — subgroups before the signal: 5" in text
        assert "Not recorded: Operator" in text
        assert "TOOL 공구 마모 → changed" in text
        assert "Outer diameter" in text


async def test_that_journey_b_needs_one_click_to_the_evidence_and_two_keys_to_acknowledge(open_bench):
    async with open_bench(WATCHED, REGISTER) as bench:
        await bench.hub.submit(DRIFTS)
        await until(lambda: bench.recorder.toasts)
        person, panel = Person(bench), bench.alert_panel
        person.clicks += 1
        bench.recorder.toasts[0].open()
        await until(lambda: panel.detail.chart.cursor_position == 60)
        await until(lambda: "What changed before" in panel.detail.text.text())
        assert (person.keys, person.clicks) == (0, 1)
        await until(lambda: bench.window.focusWidget() is panel.view)
        alert_id = panel.selected()[0].alert.id

        def alert():
            return bench.station.alerts[alert_id]

        person.press(Qt.Key.Key_A, text="a")
        await until(lambda: alert().status is Status.ACKNOWLEDGED)
        assert person.keys <= 2
        person.press(Qt.Key.Key_G, text="g")
        person.type("lee")
        await until(lambda: alert().assigned_to == "lee")
        person.press(Qt.Key.Key_C, text="c")
        person.type("Tool wear (TOOL)")
        await until(lambda: alert().root_cause == "TOOL 공구 마모")
        person.press(Qt.Key.Key_K, Qt.KeyboardModifier.ShiftModifier, text="K")
        person.type("tool changed")
        await until(lambda: alert().status is Status.RESOLVED)
        assert alert().life.verification == "watching"
        assert (person.keys, person.clicks) == (7, 1)  # a documented first response
        for at in range(300, 309):
            await bench.hub.submit([measured(10.0 + 0.01 * (at % 5), at=NOON + timedelta(minutes=at))])
        await until(lambda: alert().life.verification == "effective")
        panel.select(bench.station, alert_id)
        await until(lambda: "Corrective action effective" in panel.detail.text.text())
        person.press(Qt.Key.Key_X, text="x")
        await until(lambda: alert().status is Status.CLOSED)
        assert (person.keys, person.clicks) == (8, 1)


async def test_that_one_key_holds_for_every_alert_of_an_event(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.0), measured(10.9, at=NOON + timedelta(minutes=1))])
        await until(lambda: len(bench.station.alerts) == 2)  # beyond a limit, and the moving range
        panel = await first_alert(bench)
        assert panel.acts.together.isVisible()
        assert str(len(bench.station.alerts)) in panel.acts.together.text()
        panel.acknowledge()
        await until(lambda: all(one.status is Status.ACKNOWLEDGED for one in bench.station.alerts.values()))
        panel.acts.buttons["U"].click()
        await until(lambda: all(one.status is Status.NEW for one in bench.station.alerts.values()))
        panel.acts.together.setChecked(False)
        panel.acknowledge()
        await until(lambda: sum(one.status is Status.NEW for one in bench.station.alerts.values()) == 1)


async def test_that_a_step_of_the_reaction_plan_is_written_into_the_alert_and_keeps_its_tick(open_bench):
    async with open_bench(WATCHED, REGISTER) as bench:
        await bench.hub.submit([measured(10.8)])
        panel = await first_alert(bench)
        assert [panel.acts.plan.item(at).text() for at in range(2)] == ["Measure again", "봉쇄"]
        panel.acts.plan.item(0).setCheckState(Qt.CheckState.Checked)
        await until(lambda: bench.station.alerts[1].corrective_action == "재확인")
        item = panel.acts.plan.item(0)
        assert item.checkState() is Qt.CheckState.Checked
        assert not item.flags() & Qt.ItemFlag.ItemIsUserCheckable


async def test_that_shelving_asks_how_long_and_why_and_can_be_taken_back(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        panel, person = await first_alert(bench), Person(bench)
        person.press(Qt.Key.Key_S, text="s")
        person.type("9999")
        assert "1 to 720" in panel.messages.text
        person.type("30")
        person.type("gauge is being changed")
        await until(lambda: bench.station.alerts[1].mask is not None)
        await until(lambda: "Shelved until" in panel.detail.text.text())
        assert panel.filter.index(0, 0).data() == "⏸ Shelved"
        person.press(Qt.Key.Key_U, text="u")
        await until(lambda: bench.station.alerts[1].mask is None)


async def test_that_an_alert_without_a_cause_is_closed_with_a_reason(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        panel, person = await first_alert(bench), Person(bench)
        person.press(Qt.Key.Key_X, text="x")
        assert panel.ask.isVisible()
        assert bench.station.alerts[1].status is Status.NEW
        person.type("False alarm")
        await until(lambda: bench.station.alerts[1].status is Status.CLOSED)
        steps = await bench.hub.query(m.GetAlertHistory(alert_id=1))
        assert steps[-1].comment == "False alarm"


@pytest.mark.parametrize("key", ["G", "S", "C", "N", "X", "Shift+K", "V"])
def test_that_every_act_has_a_button_with_its_key(qtbot, key):
    from spc_desktop.ui.alerts.actions import ActionPanel

    panel = ActionPanel()
    qtbot.addWidget(panel)
    assert key in panel.buttons[key].text()


async def test_that_evidence_that_cannot_be_read_is_told_where_the_chart_would_be(open_bench, monkeypatch):
    async def away(_station, _alert):
        raise KnownError("hub_unreachable", address="wss://plant")

    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        panel = await first_alert(bench)
        monkeypatch.setattr("spc_desktop.ui.alerts.detail.read_evidence", away)
        await bench.hub.command(m.Comment(alert_id=1, text="look"))
        detail = panel.detail
        await until(lambda: detail.left.currentWidget() is detail.no_chart)
        assert "No connection to wss://plant" in detail.no_chart.text()
        assert "Outer diameter" in detail.text.text()  # the alert itself is known all the same


async def test_that_what_cannot_be_done_says_why(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.8)])
        panel, person = await first_alert(bench), Person(bench)
        person.press(Qt.Key.Key_V, text="v")
        assert "First write down a corrective action" in panel.messages.text
        assert not panel.acts.buttons["V"].isEnabled()
        await bench.hub.command(m.Close(alert_id=1))
        panel.select(bench.station, 1)
        await until(lambda: not panel.acts.buttons["G"].isEnabled())
        assert panel.acts.buttons["G"].toolTip() == "This alert has ended"


async def test_that_a_person_raises_an_alert_by_hand(open_bench):
    async with open_bench(WATCHED) as bench:
        bench.desk.show_page("alerts")
        panel, person = bench.alert_panel, Person(bench)
        bench.window.activateWindow()
        person.click(panel.raise_button)
        await until(lambda: bench.window.focusWidget() is panel.form.title)
        person.press(Qt.Key.Key_Return)
        assert panel.form.isVisible()  # it has no title yet
        panel.form.priority.setCurrentIndex(panel.form.priority.findData(int(Priority.HIGH)))
        person.type("Oil under the press")
        await until(lambda: bench.station.alerts)
        (alert,) = bench.station.alerts.values()
        assert (alert.title, alert.priority, alert.product_id) == ("Oil under the press", Priority.HIGH, 1)
        assert not panel.form.isVisible()
        await until(lambda: [row.alert.id for row in panel.selected()] == [alert.id])
        await until(lambda: "belongs to no chart" in panel.detail.no_chart.text())


async def test_that_the_page_says_in_a_sentence_what_the_person_is_told_of(open_bench):
    async with open_bench(WATCHED) as bench:
        page = bench.desk.pages.page("alerts")
        assert page.told.text() == "Notifications here: All alerts"
        await bench.hub.command(m.SavePreferences(prefs=Preferences(min_priority=Priority.HIGH)), bench.station.actor)
        await until(lambda: page.told.text() == "Notifications here: All alerts of priority 3 and up")


# -- the past ----------------------------------------------------------------------------------------------------------


def by_hand(number, **fields):
    words = {"title": f"t{number}", "message": f"number {number}", "alert_type": AlertType.TREND, **fields}
    return m.CreateAlert(product_id=1, **words)


async def the_history(bench):
    """Show the history and wait until it was read."""
    bench.desk.show_page("alerts")
    page = bench.desk.pages.page("alerts")
    page.tabs.setCurrentIndex(1)
    await until(lambda: page.history._state == "read")
    return page.history


async def test_that_the_history_is_read_page_by_page_as_the_person_scrolls(open_bench, monkeypatch):
    monkeypatch.setattr("spc_desktop.ui.alerts.history.PAGE", 30)
    async with open_bench(WATCHED) as bench:
        for number in range(100):
            await bench.hub.command(by_hand(number))
        past = await the_history(bench)
        fatal = QAbstractItemModelTester.FailureReportingMode.Fatal
        tester = QAbstractItemModelTester(past.model, fatal, bench.window)
        assert past.model.rowCount() < 100
        assert "scroll for more" in past.count.text()
        while past.model.more:
            before = past.model.rowCount()
            past.view.scrollToBottom()
            past.model.fetchMore()
            await until(lambda before=before: past.model.rowCount() > before)
        await until(lambda: past.count.text() == "Alerts: 100")
        ids = [past.model.index(row, 0).data(ROW_ROLE).alert.id for row in range(100)]
        assert ids == list(range(100, 0, -1))
        await bench.hub.command(m.Close(alert_id=ids[5]))
        await until(lambda: past.model.index(5, 1).data() == "✓ Closed")
        assert tester is not None


async def test_that_filters_and_words_narrow_the_history_and_can_be_cleared(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.9)])
        await bench.hub.command(by_hand(1, message="oil on the floor", priority=Priority.URGENT))
        await bench.hub.command(by_hand(2, message="belt slips"))
        past = await the_history(bench)
        assert past.model.rowCount() == 3

        async def shows(*titles):
            await until(lambda: past._state == "read")
            rows = [past.model.index(row, 0).data(ROW_ROLE).alert for row in range(past.model.rowCount())]
            assert [row.title for row in rows] == list(titles)

        past.filters.text.setText("oil")
        past.filters.text.returnPressed.emit()
        await shows("t1")
        past.all_button.click()
        await shows("t2", "t1", "Beyond control limit")
        past.filters.priority.setCurrentIndex(past.filters.priority.findData(int(Priority.URGENT)))
        await shows("t1")
        past.filters.type.setCurrentIndex(past.filters.type.findData(AlertType.RUN_RULE.value))
        await shows()
        assert "No alert matches" in past.empty.text()
        assert past.empty.isVisible()
        past.all_button.click()
        past.filters.characteristic.setCurrentIndex(past.filters.characteristic.findData(1))
        await shows("Beyond control limit")
        past.filters.characteristic.setCurrentIndex(0)
        past.filters.time.setCurrentIndex(past.filters.time.findData(-1))
        await until(lambda: past._state == "read")
        assert not past.all_button.toolTip()


async def test_that_a_history_without_alerts_says_so(open_bench):
    async with open_bench(WATCHED) as bench:
        past = await the_history(bench)
        assert "There was no alert yet" in past.empty.text()
        assert not past.all_button.isEnabled()


async def test_that_enter_in_the_history_opens_the_chart_at_the_point(open_bench):
    async with open_bench(WATCHED) as bench:
        await bench.hub.submit([measured(10.0), measured(10.9, at=NOON + timedelta(minutes=1))])
        past = await the_history(bench)
        await until(lambda: past.detail.evidence is not None)
        past.view.setFocus()
        Person(bench).press(Qt.Key.Key_Return)
        await until(lambda: bench.charts.chart_page.chart.cursor_position == 1)


# -- the figures -------------------------------------------------------------------------------------------------------


async def the_figures(bench):
    """Show the statistics and return each figure by its title once they were read."""
    bench.desk.show_page("alerts")
    page = bench.desk.pages.page("alerts")
    page.tabs.setCurrentIndex(2)
    await until(lambda: page.statistics.state == "read")
    return page.statistics, {panel.figure.title: panel.figure for panel in page.statistics.panels}


async def test_that_the_figures_say_what_fires_who_answered_and_which_rule_is_noise(open_bench):
    async with open_bench(WATCHED, REGISTER) as bench:
        await bench.hub.submit([measured(10.0), measured(10.9, at=NOON + timedelta(minutes=1))])
        await until(lambda: len(bench.station.alerts) == 2)
        await bench.hub.command(m.GiveCause(alert_id=1, cause="TOOL"))
        await bench.hub.command(m.Acknowledge(alert_ids=(1,)))
        await bench.hub.command(m.Close(alert_id=2))
        await bench.hub.command(by_hand(1))
        await until(lambda: bench.station.register.causes(1, 1) and len(bench.station.alerts) == 3)
        tab, found = await the_figures(bench)
        assert tab.sentence.text().startswith("Alerts: 3. ")
        fires = found["What fires most"].bars
        assert [(bar.length, bar.share) for bar in fires] == [(2, pytest.approx(2 / 3)), (1, 1.0)]
        assert fires[0].name == "Outer diameter · Rule 1: beyond control limit"
        assert fires[1].name == "raised by hand"
        (noise,) = found["Which rule finds causes, which is noise"].bars
        assert noise.parts == (1, 1, 0)
        assert [(bar.name, bar.length) for bar in found["Causes found, all the time"].bars] == [("Tool wear", 1)]
        assert sum(bar.length for bar in found["By shift"].bars) == 3
        assert "usual three" in found["By shift"].note
        assert [bar.length for bar in found["By product"].bars] == [3]
        assert found["How fast alerts are answered"].note == "Acknowledged: 2 of 3"
        assert "Tool wear: 1 (100 %)" in tab.panels[1].accessibleName()
        tab.filters.priority.setCurrentIndex(tab.filters.priority.findData(int(Priority.LOW)))
        await until(lambda: tab.sentence.text().startswith("Alerts: 0. "))
        assert tab.panels[0].figure.bars == []
        assert "No alert in this time" in tab.panels[0].accessibleName()


def test_that_a_time_is_written_in_the_unit_that_people_say():
    from spc_desktop.ui.alerts.figures import duration

    assert [duration(seconds) for seconds in (12, 300, 9000, 259_200)] == ["12 s", "5 min", "2.5 h", "3.0 d"]
