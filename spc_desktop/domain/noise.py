"""What a control plan costs: expected false alarms per shift, from chart, rules, sampling times and shifts."""

from functools import lru_cache
from typing import NamedTuple

import msgspec

from spc_desktop.domain.calendar import DAY_MINUTES, Break, Shift
from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.product import Characteristic
from spc_desktop.domain.register import SamplingPlan, ShiftCalendar
from spc_desktop.domain.watch import rule_set
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RuleSet

USUAL_SHIFT = 480.0
"""Minutes of a shift where no calendar tells."""


class Noise(NamedTuple):
    """False alarms of one chart while its process is in control."""

    per_sample: float | None
    """Expected number at each sample; None: it is not defined for this chart, see ``why``."""
    why: str = ""


def noise(plan: ControlPlan, characteristic: Characteristic) -> Noise:
    """Return the expected false alarms of a plan at each sample. It takes up to some tenths of a second."""
    options = msgspec.json.encode(plan.chart_options, order="sorted")
    return _noise(plan.chart, plan.rule_set, plan.rules, characteristic.subgroup_size, options)


@lru_cache(maxsize=512)
def _noise(chart: str, set_name: str, rules: tuple[str, ...], n: int, options: bytes) -> Noise:
    from spc_desktop.spc.false_alarms import WatchedChart, expected_false_alarms  # noqa: PLC0415 - scipy, when asked

    ticked: RuleSet | None = rule_set(ControlPlan(characteristic_id=0, chart=chart, rule_set=set_name, rules=rules))
    known = {} if ticked is None else {"rules": ticked}
    try:
        (found,) = expected_false_alarms([WatchedChart(chart, 1.0, n=n, options=msgspec.json.decode(options), **known)])
    except SpcValueError as error:
        return Noise(None, f"{error.argument}: {error.allowed}")
    except (KeyError, TypeError, ValueError):  # options are what somebody is typing
        return Noise(None, "options")
    return Noise(found.per_shift)


def samples_per_shift(
    sampling: SamplingPlan | None, calendar: ShiftCalendar | None, pace: float | None = None
) -> float | None:
    """Return how many samples a shift has on average; None where nobody knows.

    Args:
        sampling: the times of the samples.
        calendar: the plant's shifts; without them a shift is 8 hours.
        pace: minutes between samples as they really come, for sources that send by themselves.
    """
    shifts = calendar.shifts if calendar is not None else ()
    if sampling is None or sampling.interval_minutes is None:
        return None if pace is None or pace <= 0 else shift_minutes(calendar) / pace
    if not shifts or not sampling.shifts_only:
        return shift_minutes(calendar) / sampling.interval_minutes
    times = {
        minute % DAY_MINUTES
        for minute in range(sampling.first, sampling.first + DAY_MINUTES, sampling.interval_minutes)
    }
    begun = sum(len(shift.days) for shift in shifts)
    return sum(len(shift.days) * _within(shift, times) for shift in shifts) / begun if begun else 0.0


def shift_minutes(calendar: ShiftCalendar | None) -> float:
    """Return how long a shift is on average, breaks taken off."""
    shifts = calendar.shifts if calendar is not None else ()
    begun = sum(len(shift.days) for shift in shifts)
    if not begun:
        return USUAL_SHIFT
    return sum(len(one.days) * (one.minutes - sum(pause.minutes for pause in one.breaks)) for one in shifts) / begun


def _within(shift: Shift, times: set[int]) -> int:
    """Return how many times of the day lie in a shift and in none of its breaks."""
    return sum(
        (time - shift.start) % DAY_MINUTES < shift.minutes and not any(_in_break(pause, time) for pause in shift.breaks)
        for time in times
    )


def _in_break(pause: Break, time: int) -> bool:
    return (time - pause.start) % DAY_MINUTES < pause.minutes
