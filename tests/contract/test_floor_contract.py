"""Entries, notes and points that are left out behind both kinds of ``HubApi``: whole, once, told, recorded."""

import asyncio

import pytest

from spc_desktop.domain.alert import Status
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.note import NoteKind
from spc_desktop.hub.api import Actor, WatchFilter
from spc_desktop.protocol import messages as m
from tests.fakes import NOON, diameter, known_limits, learning, measured, save

KIM = Actor(name="kim", roles=("engineer",))


@pytest.fixture
async def api(contract):
    plan = known_limits("xbar_r")
    await contract.api.command(save(diameter(subgroup_size=3), plans=[plan]))
    return contract.api


async def refused(awaitable):
    with pytest.raises(UserError) as caught:
        await awaitable
    return caught.value.code


def entry(*values, key="e-1", **fields):
    return m.EnterSubgroup(item=measured(*values, key=key), **fields)


async def notes(api, *kinds):
    return await api.query(m.GetNotes(characteristic_id=1, kinds=kinds))


async def excluded(api):
    columns = await api.query(m.GetPoints(characteristic_id=1))
    return [mark.index for mark in columns.marks if mark.excluded]


async def test_that_a_whole_subgroup_is_entered_once_with_what_belongs_to_it(api):
    again = m.Remeasured(position=1, first=101.0, second=10.1)
    wanted = entry(10, 10.1, 10, comment="공구 교체 후", remeasured=(again,))
    async with api.watch(WatchFilter(types=frozenset({"note"}))) as mailbox:
        first = await api.command(wanted, KIM)
        async with asyncio.timeout(10):
            told = [event.note for event in await mailbox.get()]
            while len(told) < 2:  # from afar each comes by itself
                told += [event.note for event in await mailbox.get()]
    assert (len(first.measurements), first.point.index, first.duplicate) == (3, 0, False)
    second = await api.command(wanted, KIM)
    assert second.duplicate
    assert second.measurements[0] == first.measurements[0]
    kept = await notes(api)
    assert [(note.kind, note.point_index, note.text) for note in kept] == [
        (NoteKind.COMMENT, 0, "공구 교체 후"),
        (NoteKind.REMEASURED, 0, ""),
    ]
    assert kept[1].data == {"position": 1, "first": 101.0, "second": 10.1}
    assert kept[0].by == "kim"
    assert tuple(reversed(told)) == kept
    assert (await api.query(m.GetPoints(characteristic_id=1))).count == 1


async def test_that_an_incomplete_subgroup_or_one_without_a_key_is_refused(api):
    assert await refused(api.command(entry(10, 10.1))) == "subgroup_incomplete"
    assert await refused(api.command(entry(10, 10, 10, key=""))) == "key_missing"
    assert (await api.query(m.GetPoints(characteristic_id=1))).count == 0


async def test_that_what_is_taken_back_stays_visible_and_closes_its_own_alert(api, contract):
    await api.command(entry(10, 10, 10))
    signal = await api.command(entry(10.9, 10.9, 10.9, key="e-2"))
    assert any(panel.violations for panel in signal.point.panels)
    (raised,) = (await api.query(m.GetAlerts(open_only=True))).alerts
    taken = await api.command(m.TakeBack(characteristic_id=1, entry="e-2"), KIM)
    assert [point.index for point in taken.points] == [1]
    assert await excluded(api) == [1]
    assert (await api.query(m.GetAlert(alert_id=raised.id))).status is Status.CLOSED
    (note,) = await notes(api, NoteKind.TAKEN_BACK)
    assert (note.point_index, note.by) == (1, "kim")
    assert (await api.command(m.TakeBack(characteristic_id=1, entry="e-2"), KIM)).points == taken.points
    assert len(await notes(api, NoteKind.TAKEN_BACK)) == 1
    (row,) = await contract.hub.query(m.GetAudit(limit=1))
    assert (row.action, row.object) == ("take_back", "point 1/1")
    assert await refused(api.command(m.TakeBack(characteristic_id=1, entry="never"))) == "unknown_entry"


async def test_that_a_subgroup_is_not_taken_back_when_others_came_after_it_and_repeating_it_is_harmless(api):
    for number in range(4):
        await api.command(entry(10, 10, 10, key=f"k{number}"))
    assert await refused(api.command(m.TakeBack(characteristic_id=1, entry="k0"), KIM)) == "take_back_late"
    assert await excluded(api) == []
    taken = await api.command(m.TakeBack(characteristic_id=1, entry="k1"), KIM)
    await api.command(entry(10, 10, 10, key="k4"))
    assert (await api.command(m.TakeBack(characteristic_id=1, entry="k1"), KIM)).points == taken.points
    assert await excluded(api) == [1]


async def test_that_patterns_do_not_reach_over_a_point_that_is_left_out(api):
    for number in range(8):
        await api.command(entry(10.1, 10.1, 10.15, key=f"k{number}"))
    await api.command(m.ExcludePoints(characteristic_id=1, indexes=(4,), reason="칩"), KIM)
    nine_in_a_row_without_it = await api.command(entry(10.1, 10.1, 10.15, key="k8"))
    assert not any(panel.violations for panel in nine_in_a_row_without_it.point.panels)
    assert await excluded(api) == [4]
    await api.command(m.RestorePoints(characteristic_id=1, indexes=(4,), reason="r"), KIM)
    assert await excluded(api) == []
    assert [note.kind for note in await notes(api)] == [NoteKind.RESTORED, NoteKind.EXCLUDED]


@pytest.mark.parametrize(
    ("indexes", "reason", "code"),
    [((), "r", "no_points"), ((7,), "r", "unknown_point"), ((-1,), "r", "unknown_point"), ((0,), " ", "reason_empty")],
)
async def test_that_points_which_are_not_there_are_refused(api, indexes, reason, code):
    await api.command(entry(10, 10, 10))
    wanted = m.ExcludePoints(characteristic_id=1, indexes=indexes, reason=reason)
    assert await refused(api.command(wanted)) == code


async def test_that_limits_are_learnt_without_the_points_that_are_left_out(contract):
    api = contract.api
    await api.command(save(diameter(), plans=[learning(4)]))
    await api.submit([measured(value) for value in (10.0, 10.9, 10.1)])
    await api.command(m.ExcludePoints(characteristic_id=1, indexes=(1,), reason="r"))
    await api.submit([measured(10.0)])
    assert (await api.query(m.GetCatalogue())).states[0].limits is None
    await api.submit([measured(10.1)])
    limits = (await api.query(m.GetCatalogue())).states[0].limits
    assert limits.limits.params["center"] == pytest.approx(10.05)


async def test_that_a_comment_finds_its_point_by_the_key_of_the_entry_and_is_kept_once(api):
    await api.command(entry(10, 10, 10))
    wanted = m.AddComment(characteristic_id=1, entry="e-1", text=" 공구 3 ", key="c-1")
    note = await api.command(wanted, KIM)
    assert (note.text, note.point_index, note.by) == ("공구 3", 0, "kim")
    assert await api.command(wanted, KIM) == note
    assert await notes(api) == (note,)
    assert await refused(api.command(m.AddComment(characteristic_id=1, index=5, text="x"))) == "unknown_point"
    assert await refused(api.command(m.AddComment(characteristic_id=1, text=" "))) == "comment_empty"


async def test_that_a_skip_keeps_its_reason_once(api):
    wanted = m.RecordSkip(characteristic_id=1, due_at=NOON, reason="설비 정지", key="s-1")
    note = await api.command(wanted, KIM)
    assert (note.kind, note.text, note.due_at) == (NoteKind.SKIPPED, "설비 정지", NOON)
    assert await api.command(wanted, KIM) == note
    naive = m.RecordSkip(characteristic_id=1, due_at=NOON.replace(tzinfo=None), reason="r")
    assert await refused(api.command(naive)) in {"time_without_offset", "bad_message", "bad_request"}


async def test_that_notes_are_read_in_pages_and_by_stretch(api):
    for number in range(3):
        await api.command(entry(10, 10, 10, key=f"k{number}", comment=f"{number}"))
    page = await api.query(m.GetNotes(characteristic_id=1, limit=2))
    assert [note.text for note in page] == ["2", "1"]
    rest = await api.query(m.GetNotes(characteristic_id=1, before_id=page[-1].id))
    assert [note.text for note in rest] == ["0"]
    middle = await api.query(m.GetNotes(characteristic_id=1, first_index=1, last_index=1))
    assert [note.text for note in middle] == ["1"]
