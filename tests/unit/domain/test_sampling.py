"""When samples are due."""

from datetime import date, datetime, timedelta

import pytest

from spc_desktop.domain.calendar import Break, Shift
from spc_desktop.domain.register import SamplingPlan, ShiftCalendar
from spc_desktop.domain.sampling import is_silent, look
from tests.fakes import KST

DAY = Shift(name="주간", start=8 * 60, minutes=9 * 60, days=(0, 1, 2, 3, 4), breaks=(Break(start=12 * 60, minutes=60),))
NIGHT = Shift(name="야간", start=22 * 60, minutes=8 * 60, days=(4,))
WORK = ShiftCalendar(time_zone="Asia/Seoul", shifts=(DAY, NIGHT), closed=(date(2026, 1, 14),))


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=KST)


def plan(**fields):
    return SamplingPlan(**{"id": "1", "characteristic_id": 1, "interval_minutes": 30, **fields})


@pytest.mark.parametrize(
    ("now", "last", "due", "following"),
    [
        ("2026-01-12 09:40", "2026-01-12 09:02", "2026-01-12 09:30", "2026-01-12 10:00"),
        ("2026-01-12 09:40", "2026-01-12 09:31", None, "2026-01-12 10:00"),
        ("2026-01-12 09:40", "2026-01-12 09:23", None, "2026-01-12 10:00"),  # a little early serves the time
        ("2026-01-12 09:40", "2026-01-12 09:22", "2026-01-12 09:30", "2026-01-12 10:00"),
        ("2026-01-12 12:30", "2026-01-12 11:31", None, "2026-01-12 13:00"),  # nothing is due in the break
        ("2026-01-12 17:10", "2026-01-12 16:31", None, "2026-01-13 08:00"),  # nor after work
        ("2026-01-13 17:10", "2026-01-13 16:31", None, "2026-01-15 08:00"),  # the 14th is closed
        ("2026-01-17 02:10", "2026-01-17 01:31", "2026-01-17 02:00", "2026-01-17 02:30"),  # Friday's night shift
    ],
)
def test_that_times_follow_from_plan_calendar_and_last_sample(now, last, due, following):
    found = look(plan(), WORK, at(last), at(now))
    assert found.due == (at(due) if due else None)
    assert found.following == at(following)


def test_that_grace_comes_before_overdue():
    found = look(plan(grace_minutes=5), None, at("2026-01-12 09:00"), at("2026-01-12 09:31"))
    assert found.minutes_overdue(at("2026-01-12 09:34")) == 0
    assert found.minutes_overdue(at("2026-01-12 09:42")) == 12


def test_that_nothing_is_due_from_before_the_plan_or_after_a_day():
    assert look(plan(since=at("2026-01-12 09:35")), None, None, at("2026-01-12 09:40")).due is None
    once = plan(interval_minutes=24 * 60, first=9 * 60)
    assert look(once, None, None, at("2026-01-12 09:40")).due == at("2026-01-12 09:00")
    assert look(plan(interval_minutes=None), None, None, at("2026-01-12 09:40")) == (None, None, None)


def test_that_a_clock_that_is_set_back_asks_for_no_second_sample():
    served = at("2026-01-12 10:01")
    assert look(plan(), None, served, at("2026-01-12 09:40")).due is None


def test_that_silence_counts_only_in_working_time():
    quiet, wanted = timedelta(minutes=20), plan(silent_minutes=10)
    assert is_silent(wanted, WORK, quiet, at("2026-01-12 09:40"))
    assert not is_silent(wanted, WORK, quiet, at("2026-01-12 12:10"))
    assert not is_silent(wanted, WORK, timedelta(minutes=9), at("2026-01-12 09:40"))
    assert is_silent(plan(silent_minutes=10, shifts_only=False), WORK, quiet, at("2026-01-12 03:00"))
