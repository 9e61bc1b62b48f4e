"""The set-up page: everything by keyboard, nothing saved without a reason, every change seen before and taken back after."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest

from spc_desktop.domain.register import SamplingPlan
from spc_desktop.protocol import messages as m
from tests.fakes import diameter, known_limits, learning, measured, save, shaft
from tests.gui.conftest import until

OD = save(diameter(), plans=[known_limits()], product=shaft(line="L1"))


def opened(bench, name):
    bench.desk.show_page("setup")
    page = bench.desk.pages.page("setup")
    page.show_section(name)
    return page.section(name)


def put(editor, name, text):
    line = editor.form.lines[name].field.line
    line.setFocus()
    line.selectAll()
    line.insert(text)  # as an input method does; QTest knows no Hangul


async def saved(editor, reason):
    editor.bar.reason.setFocus()
    QTest.keyClicks(editor.bar.reason, reason)
    QTest.keyClick(editor.bar.reason, Qt.Key.Key_Return)
    await until(lambda: not editor._saving and (editor._key not in editor._work.drafts or editor.bar.error.text()))


async def trail(bench, *objects):
    return await bench.hub.query(m.GetChanges(objects=objects))


async def test_that_a_product_is_made_with_the_keyboard_alone(open_bench):
    async with open_bench() as bench:
        editor = opened(bench, "products")
        assert not editor.list.empty.isHidden()
        assert "Ctrl+N" in editor.list.empty.text()
        QTest.keyClick(editor.list.button, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        assert editor.form.lines["code"].field.line.hasFocus()
        put(editor, "code", "P-7")
        put(editor, "name", "축")
        assert "Code: – → P-7" in editor.bar.changes.text()
        await saved(editor, "new order")
        assert [each.code for each in bench.station.products.values()] == ["P-7"]
        assert editor.list.key == "P-7"
        assert not editor.form.lines["code"].field.isEnabled()
        (entry,) = await trail(bench, "product P-7")
        assert (entry.reason, entry.actor, entry.before) == ("new order", "kim", "null")


async def test_that_before_and_after_are_shown_and_a_change_needs_its_reason(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "products")
        QAbstractItemModelTester(editor.list.model, QAbstractItemModelTester.FailureReportingMode.Fatal, editor)
        assert not editor.bar.save_button.isEnabled()
        put(editor, "line", "L2")
        assert editor.bar.changes.text() == "• Line: L1 → L2"
        assert editor.list.view.currentIndex().data().startswith("✎ ")
        QTest.keyClick(editor.form.lines["line"].field.line, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        await until(editor.bar.error.text)
        assert bench.station.products[1].line == "L1"
        assert editor.bar.reason.hasFocus()
        await saved(editor, "moved")
        assert bench.station.products[1].line == "L2"
        assert not editor.list.view.currentIndex().data().startswith("✎ ")


async def test_that_the_last_change_is_taken_back_by_another_change_with_its_own_reason(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "products")
        put(editor, "name_en", "Shaft 2")
        await saved(editor, "typing error")
        editor.list.view.setFocus()
        QTest.keyClick(editor.list.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: bench.station.products[1].name_en == "")
        await until(lambda: not editor.bar.undo_button.isEnabled())
        assert editor.form.lines["name_en"].field.value() == ""
        back, change, _made = await trail(bench, "product SHAFT")
        assert (change.reason, back.reason) == ("typing error", "Taken back: typing error")
        assert (back.before, back.after) == (change.after, change.before)


async def test_that_an_addition_is_taken_back_by_retiring_it(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "characteristics")
        editor.begin_new()
        put(editor, "code", "LEN")
        put(editor, "name", "길이")
        await saved(editor, "drawing 8")
        assert bench.station.plans[2].chart == "i_mr"
        editor.bar.undo_button.click()
        await until(lambda: not bench.station.characteristics[2].active)
        assert editor.list.key == "2"


async def test_that_wrong_input_is_marked_at_its_field_and_nothing_typed_is_lost(open_bench, look):
    async with open_bench(OD) as bench:
        editor = opened(bench, "characteristics")
        put(editor, "lsl", "9,5")
        put(editor, "usl", "１２.5")
        assert "comma" in editor.form.wrong("lsl")
        look[1].apply("ko")
        await until(lambda: "쉼표" in editor.form.wrong("lsl"))
        look[1].apply("en")
        await until(lambda: "comma" in editor.form.wrong("lsl"))
        assert "comma" in editor.form.lines["lsl"].field.line.accessibleDescription()
        await saved_refused(editor, "new drawing")
        assert bench.station.characteristics[1].usl == 11.0
        put(editor, "lsl", "13")
        editor.save_soon()
        await until(lambda: "below the upper" in editor.form.wrong("lsl"))
        assert editor.form.lines["lsl"].field.line.hasFocus()
        put(editor, "lsl", "9.25")
        editor.save_soon()
        await until(lambda: bench.station.characteristics[1].lsl == 9.25)
        assert bench.station.characteristics[1].usl == 12.5


async def saved_refused(editor, reason):
    editor.bar.reason.setText(reason)
    editor.save_soon()
    assert not editor._saving


async def test_that_a_change_by_somebody_else_is_told_and_what_was_typed_stays(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "products")
        put(editor, "line", "L9")
        await bench.hub.command(m.SaveCatalogue(products=(shaft(line="L3", name="샤프트"),)))
        await until(editor.bar.notice.text)
        assert editor.form.lines["line"].field.value() == "L9"
        editor.bar.reason.setText("mine")
        editor.save_soon()
        await until(lambda: "someone else" in editor.bar.error.text())
        assert bench.station.products[1].line == "L3"
        editor.bar.compare_button.click()
        assert "• Line: L3 → L9" in editor.bar.changes.text()
        editor.save_soon()
        await until(lambda: bench.station.products[1].line == "L9")


async def test_that_drafts_stay_while_something_else_is_looked_at(open_bench):
    other = m.SaveCatalogue(products=(shaft(code="Z", name="z"),))
    async with open_bench(OD, other) as bench:
        editor = opened(bench, "products")
        editor.list.show_whole("SHAFT")
        put(editor, "line", "L7")
        editor.list.show_whole("Z")
        assert editor.form.lines["line"].field.value() == ""
        editor.list.show_whole("SHAFT")
        assert editor.form.lines["line"].field.value() == "L7"
        editor.bar.discard_button.click()
        assert editor.form.lines["line"].field.value() == "L1"
        editor.begin_new()
        put(editor, "code", "NEW")
        editor.list.show_whole("Z")
        editor.begin_new()
        assert editor.form.lines["code"].field.value() == "NEW"


async def test_that_a_code_that_is_taken_is_told_at_the_code(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "products")
        editor.begin_new()
        put(editor, "code", "SHAFT")
        put(editor, "name", "again")
        editor.bar.reason.setText("new")
        editor.save_soon()
        await until(lambda: "already" in editor.form.wrong("code"))
        assert bench.station.products[1].name == "축"


async def test_that_earlier_changes_are_told_and_an_earlier_state_is_proposed_again(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "characteristics")
        put(editor, "usl", "10.5")
        await saved(editor, "tighter")
        editor.tabs.setCurrentIndex(1)
        await until(lambda: editor.history.view.count() == 2)
        text = editor.history.view.item(0).text()
        assert "tighter" in text
        assert "Upper specification limit (USL): 11 → 10.5" in text
        editor.history.view.setCurrentRow(0)
        editor.history.button.click()
        assert editor.tabs.currentIndex() == 0
        assert "(USL): 10.5 → 11" in editor.bar.changes.text()
        await saved(editor, "as before")
        assert bench.station.characteristics[1].usl == 11.0


async def test_that_retiring_by_key_asks_why_and_ends_what_is_due(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "products")
        editor.list.view.setFocus()
        QTest.keyClick(editor.list.view, Qt.Key.Key_Delete)
        assert editor.bar.reason.hasFocus()
        assert "In use: yes → no" in editor.bar.changes.text()
        assert "hidden everywhere" in editor.bar.effect.text()
        await saved(editor, "end of series")
        assert not bench.station.products[1].active
        assert editor.list.retired.isChecked()


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_that_every_field_has_its_name_for_a_screen_reader(open_bench, look, language):
    async with open_bench(OD) as bench:
        look[1].apply(language)
        for name in ("products", "characteristics"):
            editor = opened(bench, name)
            for line in editor.form.lines.values():
                assert line.field.focusProxy().accessibleName() == editor.form.label(line.name)
            assert editor.list.view.accessibleName()
            assert not editor.list.view.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)


def tick(editor, rule, on=True):
    rules = editor.form.lines["rules"].field.list
    (item,) = [rules.item(at) for at in range(rules.count()) if rules.item(at).data(Qt.ItemDataRole.UserRole) == rule]
    item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)


async def test_that_the_meter_tells_the_false_alarms_while_rules_are_ticked(open_bench, look):
    async with open_bench(OD, every(30)) as bench:
        editor = opened(bench, "plans")
        meter = editor.kind.meter
        await until(lambda: "All charts of line L1 (1)" in meter.text())
        assert meter.text().startswith("False alarms expected: 0.22 per shift (one in 72.6 samples)")
        tick(editor, "nelson_5")
        await until(lambda: not meter.text().startswith("False alarms expected: 0.22"))
        assert float(meter.text().split()[3]) > 0.22
        assert "• Run rules: 1, 2 → 1, 2, 5" in editor.bar.changes.text()
        await saved(editor, "customer wants it")
        assert bench.station.plans[1].rules == ("nelson_1", "nelson_2", "nelson_5")
        look[1].apply("ko")
        await until(lambda: "L1" in meter.text() and "오경보" in meter.text())
        look[1].apply("en")
        await until(lambda: "All charts of line L1" in meter.text())
        assert meter.accessibleName() == meter.text()


async def test_that_another_chart_ticks_what_suits_it_and_taking_it_back_restores_the_limits(open_bench):
    learnt = save(diameter(), plans=[learning(5)], product=shaft(line="L1"))
    async with open_bench(learnt, before=[measured(10 + at % 3 / 10) for at in range(8)]) as bench:
        editor = opened(bench, "plans")
        limits = bench.station.states[1].limits
        assert limits is not None
        chart = editor.form.lines["chart"].field.box
        chart.setCurrentIndex(chart.findData("ewma"))
        assert editor.form.lines["rules"].field.value() == ("nelson_1",)
        assert "begin anew" in editor.bar.effect.text()
        await saved(editor, "small shifts")
        assert bench.station.plans[1].chart == "ewma"
        editor.undo_soon()
        await until(lambda: bench.station.plans[1].chart == "i_mr")
        await until(lambda: (found := bench.station.states[1].limits) is not None and found.limits == limits.limits)


async def test_that_standards_are_typed_as_pairs_and_what_the_hub_refuses_is_told(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "plans")
        put(editor, "params", "center = 10; sigma")
        editor.bar.reason.setText("new")
        editor.save_soon()
        assert "sigma" in editor.form.wrong("params")
        put(editor, "params", "center = 10; sigma = -1")
        editor.save_soon()
        await until(editor.bar.error.text)
        put(editor, "params", "center = 10; sigma = 0.25")
        editor.save_soon()
        await until(lambda: bench.station.plans[1].policy.params == {"center": 10, "sigma": 0.25})


def every(minutes):
    plan = SamplingPlan(id="1", characteristic_id=1, interval_minutes=minutes)
    return m.SaveRegister(entries=(plan,), reason="r")


async def test_that_a_sampling_plan_is_set_up_and_taken_back(open_bench):
    async with open_bench(OD) as bench:
        editor = opened(bench, "sampling")
        put(editor, "interval_minutes", "30")
        put(editor, "first", "25:00")
        editor.bar.reason.setText("plan 12")
        editor.save_soon()
        assert "time of the day" in editor.form.wrong("first")
        put(editor, "first", "0730")
        editor.save_soon()
        await until(lambda: bench.station.register.of(SamplingPlan, 1) is not None)
        plan = bench.station.register.of(SamplingPlan, 1)
        assert (plan.interval_minutes, plan.first) == (30, 450)
        await until(editor.bar.undo_button.isEnabled)
        editor.undo_soon()
        await until(lambda: bench.station.register.of(SamplingPlan, 1) is None)
        assert editor.form.lines["interval_minutes"].field.value() is None
