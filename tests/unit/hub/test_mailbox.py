"""The bounded mailbox of one reader."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.domain.alert import Alert, AlertType, Priority
from spc_desktop.domain.point import PanelValue, Point
from spc_desktop.hub.api import Resync, WatchFilter
from spc_desktop.hub.mailbox import POINTS, EventMailbox
from spc_desktop.protocol import messages as m
from tests.fakes import NOON


def alert_event(seq, product_id=1):
    alert = Alert(
        id=seq,
        product_id=product_id,
        product_code="P",
        product_name="P",
        alert_type=AlertType.TREND,
        priority=Priority.LOW,
        title="t",
        message="m",
        created_at=NOON,
    )
    return m.AlertEvent(seq=seq, epoch="e", ts=NOON, product_id=product_id, alert=alert)


BACKLOG = WatchFilter().backlog


def points_event(seq, of=1, count=1, product_id=1):
    point = Point(
        characteristic_id=of,
        index=seq,
        subgroup_number=seq,
        measured_at=NOON,
        values=(1.0,),
        panels=(PanelValue(1.0),),
    )
    return m.PointsEvent(
        seq=seq, epoch="e", ts=NOON, product_id=product_id, characteristic_id=of, points=(point,) * count
    )


async def test_that_a_reader_gets_the_same_object_that_was_put():
    box, event = EventMailbox(WatchFilter()), alert_event(1)
    box.put(event)
    assert (await box.get())[0] is event


async def test_that_points_of_one_chart_are_joined_behind_what_came_before():
    box = EventMailbox(WatchFilter())
    for event in (points_event(1), alert_event(2), points_event(3, of=2), points_event(4)):
        box.put(event)
    news = await box.get()
    assert [event.seq for event in news] == [2, 3, 4]
    assert [point.index for point in news[2].points] == [1, 4]


async def test_that_a_reader_who_sleeps_too_long_is_told_that_he_missed_something():
    box = EventMailbox(WatchFilter())
    for seq in range(1, BACKLOG + 3):
        box.put(alert_event(seq))
    news = await box.get()
    assert news[0] == Resync(seq=BACKLOG + 1, epoch="e", reason="slow_consumer")
    assert [event.seq for event in news] == [BACKLOG + 1, BACKLOG + 2]


async def test_that_a_reader_may_ask_for_a_longer_backlog():
    box = EventMailbox(WatchFilter(backlog=2 * BACKLOG))
    for seq in range(1, 2 * BACKLOG + 1):
        box.put(alert_event(seq))
    assert [event.seq for event in await box.get()] == list(range(1, 2 * BACKLOG + 1))


async def test_that_points_alone_can_fill_a_mailbox_too():
    box = EventMailbox(WatchFilter())
    for seq in range(1, 4):
        box.put(points_event(seq, count=BACKLOG * POINTS // 2))
    (news,) = await box.get()
    assert isinstance(news, Resync)


async def test_that_a_waiting_reader_is_woken_once_and_hears_all_of_it():
    box = EventMailbox(WatchFilter())
    reading = asyncio.ensure_future(box.get())
    await asyncio.sleep(0)
    box.put(alert_event(1))
    box.put(alert_event(2))
    assert [event.seq for event in await reading] == [1, 2]


async def test_that_a_reader_who_was_interrupted_loses_nothing():
    box = EventMailbox(WatchFilter())
    reading = asyncio.ensure_future(box.get())
    await asyncio.sleep(0)
    box.put(alert_event(1))
    reading.cancel()
    await asyncio.wait([reading])
    assert [event.seq for event in await box.get()] == [1]


async def test_that_the_end_comes_after_everything_was_handed_over():
    box = EventMailbox(WatchFilter())
    box.put(alert_event(1))
    box.close()
    assert len(await box.get()) == 1
    with pytest.raises(EOFError):
        await box.get()


async def test_that_a_new_filter_holds_from_the_next_event_on():
    box = EventMailbox(WatchFilter(products=frozenset({1})))
    box.put(alert_event(1, product_id=2))
    box.set_filter(WatchFilter(products=frozenset({2})))
    box.put(alert_event(2, product_id=2))
    assert [event.seq for event in await box.get()] == [2]


async def test_that_the_catalogue_reaches_readers_of_any_product():
    box = EventMailbox(WatchFilter(products=frozenset({7}), characteristics=frozenset()))
    box.put(m.CatalogueEvent(seq=1, epoch="e", ts=NOON))
    box.put(points_event(2, product_id=7))
    assert [event.seq for event in await box.get()] == [1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["alert", "points"]), st.integers(1, 400)), max_size=120), st.booleans())
def test_that_no_mailbox_grows_past_its_bound_and_none_hides_a_gap(puts, reads):
    async def run():
        box, seq, heard, told = EventMailbox(WatchFilter()), 0, 0, False
        for kind, count in puts:
            for _ in range(count if kind == "alert" else 1):
                seq += 1
                box.put(alert_event(seq) if kind == "alert" else points_event(seq, of=seq % 3, count=count))
                assert len(box._pending) <= BACKLOG
                assert box._points <= BACKLOG * POINTS
            if reads:
                news = await box.get()
                heard += sum(len(getattr(event, "points", "1")) for event in news)
                told = told or any(isinstance(event, Resync) for event in news)
                assert [event.seq for event in news] == sorted({event.seq for event in news})
        if box._pending:
            news = await box.get()
            heard += sum(len(getattr(event, "points", "1")) for event in news)
            told = told or any(isinstance(event, Resync) for event in news)
        assert told or heard == sum(count for _, count in puts)

    asyncio.run(run())
