"""What the chart bench asks of both kinds of ``HubApi``: limits that are only tried, limits put back, points by origin."""

from datetime import timedelta

import numpy as np
import pytest

from spc_desktop.domain.calendar import Shift
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import Trace
from spc_desktop.domain.register import ShiftCalendar
from spc_desktop.hub.api import Actor
from spc_desktop.protocol import messages as m
from tests.fakes import NOON, diameter, known_limits, measured, save

KIM = Actor(name="kim", roles=("engineer",))
CALM = [10.0 + 0.02 * (at % 3 - 1) for at in range(20)]
SHIFTED = [10.5 + 0.02 * (at % 3 - 1) for at in range(10)]


@pytest.fixture
async def api(contract):
    """Thirty single values: twenty calm ones, then ten at another level; given limits are far too wide to see it."""
    await contract.api.command(save(diameter(), plans=[known_limits(rules=("nelson_1", "nelson_2"))]))
    items = [
        measured(value, at=NOON + timedelta(hours=at), trace=Trace(lot=f"L{at // 12}", machine="M1" if at % 2 else ""))
        for at, value in enumerate([*CALM, *SHIFTED])
    ]
    await contract.api.submit(items)
    return contract.api


async def refused(awaitable):
    with pytest.raises(UserError) as caught:
        await awaitable
    return caught.value.code


async def test_that_limits_are_tried_without_a_trace_and_tell_which_signals_they_would_give(api):
    tried = await api.query(m.TryLimits(characteristic_id=1, first=0, last=19))
    assert tried.limits.provenance.baseline == tuple(range(20))
    center = np.frombuffer(tried.points.panels[0].center, "<f8")
    assert center == pytest.approx(np.mean(CALM))
    gained = {signal.index for signal in tried.gained if signal.rule == "nelson_1" and signal.panel == "i"}
    assert gained == set(range(20, 30))
    by_rule_2 = {signal.index for signal in tried.lost if signal.rule == "nelson_2"}
    assert not by_rule_2
    assert tried.kept == sum(len(mark.violations) for mark in (await points(api)).marks) - len(tried.lost)
    assert [one.revision for one in await api.query(m.GetLimits(characteristic_id=1))] == [1]


async def points(api):
    return await api.query(m.GetPoints(characteristic_id=1))


async def test_that_what_is_tried_is_what_is_frozen_and_what_held_before_is_put_back(api):
    tried = await api.query(m.TryLimits(characteristic_id=1, first=0, last=19))
    frozen = await api.command(
        m.SetLimits(characteristic_id=1, baseline=tuple(range(20)), reason="after overhaul"), KIM
    )
    assert frozen.limits.params == tried.limits.params
    back = await api.command(m.RestoreLimits(characteristic_id=1, revision=1, reason="too tight"), KIM)
    assert (back.revision, back.first_index) == (3, 30)
    assert back.limits.params == {"center": 10.0, "sigma": 0.2}
    assert (back.limits.provenance.by, back.limits.provenance.why) == ("kim", "too tight")
    assert [one.revision for one in await api.query(m.GetLimits(characteristic_id=1))] == [1, 2, 3]
    state = (await api.query(m.GetCatalogue())).states[0]
    assert state.limits == back
    await api.submit([measured(10.5, at=NOON + timedelta(days=9))])
    assert (await points(api)).marks[-1].index < 30  # 2.5 sigma of the old limits, no run yet


async def test_that_limits_that_cannot_be_are_refused_with_the_reason(api):
    assert await refused(api.query(m.TryLimits(characteristic_id=1, first=0, last=30))) == "unknown_point"
    assert await refused(api.query(m.TryLimits(characteristic_id=1, first=4, last=4))) == "not_enough_points"
    assert await refused(api.query(m.TryLimits(characteristic_id=1, chart="p"))) == "chart_does_not_fit"
    assert await refused(api.query(m.TryLimits(characteristic_id=9))) == "unknown_characteristic"
    restore = m.RestoreLimits(characteristic_id=1, revision=7, reason="r")
    assert await refused(api.command(restore, KIM)) == "unknown_limits"
    restore = m.RestoreLimits(characteristic_id=1, revision=1, reason=" ")
    assert await refused(api.command(restore, KIM)) == "reason_empty"


async def test_that_the_points_are_shown_on_another_chart(api):
    tried = await api.query(m.TryLimits(characteristic_id=1, chart="ewma", limit=12))
    assert (tried.points.first_index, tried.points.count, tried.points.total) == (18, 12, 30)
    assert [panel.key for panel in tried.points.panels] == ["ewma"]
    assert tried.limits.chart == "ewma"
    assert (tried.gained, tried.lost, tried.kept) == ((), (), 0)


async def test_that_points_are_sorted_by_where_they_come_from(api):
    found = await api.query(m.GetPointGroups(characteristic_id=1, field="lot", first=0, last=29))
    assert [(group.name, len(group.indexes)) for group in found.groups] == [("L0", 12), ("L1", 12), ("L2", 6)]
    assert found.groups[2].indexes == (24, 25, 26, 27, 28, 29)
    found = await api.query(m.GetPointGroups(characteristic_id=1, field="machine", first=10, last=19))
    assert [(group.name, group.indexes) for group in found.groups] == [
        ("", (10, 12, 14, 16, 18)),
        ("M1", (11, 13, 15, 17, 19)),
    ]
    wrong = m.GetPointGroups(characteristic_id=1, field="colour", first=0, last=9)
    assert await refused(api.query(wrong)) == "unknown_trace_field"


async def test_that_points_are_sorted_by_shift_once_there_is_a_calendar(api):
    asked = m.GetPointGroups(characteristic_id=1, field="shift", first=0, last=23)
    assert await refused(api.query(asked)) == "no_shifts"
    shifts = (Shift(name="A", start=360, minutes=480), Shift(name="B", start=840, minutes=480))
    calendar = ShiftCalendar(time_zone="Asia/Seoul", shifts=shifts)
    await api.command(m.SaveRegister(entries=(calendar,), reason="r"), KIM)
    found = await api.query(asked)
    assert [(group.name, len(group.indexes)) for group in found.groups] == [("", 8), ("A", 8), ("B", 8)]
    assert {group.name: group.indexes for group in found.groups}["B"] == tuple(range(2, 10))
