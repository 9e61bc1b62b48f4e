"""Ticks of the axes: round, within the range, few enough, and written so that each is told from the next."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spc_desktop.ui.charts.axes import PositionAxis, ValueAxis, steps

pytestmark = pytest.mark.usefixtures("qapp")
LOW = st.floats(-1e6, 1e6, allow_nan=False)
SPAN = st.floats(1e-6, 1e7)


def axis(kind, low, high, *arguments):
    made = kind(*arguments)
    made.setRange(low, high)
    made.resize(400, 300)
    return made


@given(LOW, SPAN, st.integers(2, 12))
def test_that_ticks_are_round_within_the_range_and_no_more_than_asked(low, span, most):
    step, places = steps(low, low + span, most)
    assert len(places) <= most + 1
    assert round(step / 10 ** math.floor(math.log10(step) + 1e-9)) in (1, 2, 5)
    assert all(low - step * 1e-6 <= place <= low + span + step * 1e-6 for place in places)


@given(LOW, SPAN)
def test_that_every_tick_is_told_from_the_next_and_means_its_value(low, span):
    ticks = axis(ValueAxis, low, low + span).ticks()
    texts = [text for _, text in ticks]
    assert len(texts) >= 2
    assert len(set(texts)) == len(texts)
    gap = ticks[1][0] - ticks[0][0]
    assert all(abs(float(text) - value) < gap / 2 for value, text in ticks)


def test_that_subgroup_numbers_are_round():
    ticks = axis(PositionAxis, 20.5, 119.5, lambda position: str(position + 1)).ticks()
    assert next(text for _, text in ticks) in {"30", "40"}
    assert all(int(text) % 10 == 0 for _, text in ticks)


def test_that_an_axis_without_a_range_has_no_ticks():
    assert steps(1.0, 1.0, 5) == (1.0, [])
    assert steps(math.nan, 1.0, 5) == (1.0, [])
