"""What a control plan costs in false alarms per shift."""

import pytest

from spc_desktop.domain.calendar import Break, Shift
from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.noise import noise, samples_per_shift, shift_minutes
from spc_desktop.domain.register import SamplingPlan, ShiftCalendar
from tests.fakes import diameter

DAY = Shift(name="주간", start=480, minutes=480, breaks=(Break(start=720, minutes=60),))
NIGHT = Shift(name="야간", start=1320, minutes=480, days=(0, 1, 2, 3))
CALENDAR = ShiftCalendar(shifts=(DAY, NIGHT))


def every(minutes, **fields):
    return SamplingPlan(id="1", characteristic_id=1, interval_minutes=minutes, **fields)


def plan(chart="i_mr", **fields):
    return ControlPlan(characteristic_id=1, chart=chart, **fields)


def test_that_samples_are_counted_within_shifts_and_outside_of_breaks():
    only_day = ShiftCalendar(shifts=(DAY,))
    assert samples_per_shift(every(30), only_day) == 14  # 8:00 ... 15:30 but for 12:00 and 12:30
    assert samples_per_shift(every(30, shifts_only=False), only_day) == 14
    assert samples_per_shift(every(240, first=60), only_day) == 2  # 9:00, 13:00
    night = ShiftCalendar(shifts=(NIGHT,))
    assert samples_per_shift(every(60), night) == 8  # over midnight


def test_that_shifts_of_some_days_weigh_less():
    assert shift_minutes(CALENDAR) == pytest.approx((7 * 420 + 4 * 480) / 11)
    assert samples_per_shift(every(60), CALENDAR) == pytest.approx((7 * 7 + 4 * 8) / 11)


def test_that_without_a_calendar_a_shift_has_eight_hours():
    assert samples_per_shift(every(30), None) == 16
    assert samples_per_shift(None, None, pace=0.25) == 1920
    assert samples_per_shift(None, None) is None
    assert samples_per_shift(every(30), ShiftCalendar(shifts=(DAY,)), pace=1.0) == 14


def test_that_the_noise_is_that_of_the_ticked_rules_and_of_every_panel():
    one = noise(plan(rules=("nelson_1",)), diameter()).per_sample
    assert one == pytest.approx(1 / 370.398 + 1 / 109.263, rel=1e-4)
    two = noise(plan(rules=("nelson_1", "nelson_2")), diameter()).per_sample
    every_rule = noise(plan(rules=tuple(f"nelson_{at}" for at in range(1, 9))), diameter()).per_sample
    assert one < two < every_rule
    assert noise(plan(rules=()), diameter()).per_sample == pytest.approx(one)
    wide = plan("xbar_s", rules=("nelson_1",), chart_options={"nsigma": 4.0})
    assert noise(wide, diameter(subgroup_size=5)).per_sample < 0.001


def test_that_charts_without_a_run_length_say_why():
    assert noise(plan("pre_control"), diameter()).per_sample is None
    assert "capability" in noise(plan("pre_control"), diameter()).why
    assert noise(plan(rule_set="anhoj", chart="run"), diameter()).per_sample is None
