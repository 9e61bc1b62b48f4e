"""The bounded door: it waits, keeps the order, and drops nothing."""

import asyncio

import pytest

from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.intake import BOUND, Intake, Submission
from tests.fakes import measured


def submission(count):
    return Submission([measured(1.0)] * count, Actor(), asyncio.get_running_loop().create_future())


async def turns(n=5):
    for _ in range(n):
        await asyncio.sleep(0)


async def test_that_a_sender_waits_while_the_queue_is_full_and_goes_in_turn():
    intake = Intake()
    first, second, third = submission(BOUND), submission(10), submission(5)
    await intake.put(first)
    later = [asyncio.ensure_future(intake.put(second)), asyncio.ensure_future(intake.put(third))]
    await turns()
    assert not any(task.done() for task in later)
    assert intake.waiting == BOUND
    assert await intake.take(500) == [first]
    await turns()
    assert all(task.done() for task in later)
    assert await intake.take(500) == [second, third]
    assert intake.waiting == 0


async def test_that_a_submission_larger_than_the_bound_goes_in_alone():
    intake = Intake()
    await intake.put(submission(1))
    large = submission(BOUND + 1)
    waiting = asyncio.ensure_future(intake.put(large))
    await turns()
    assert not waiting.done()
    await intake.take(500)
    await waiting
    assert await intake.take(500) == [large]


async def test_that_a_sender_who_gave_up_does_not_block_the_others():
    intake = Intake()
    await intake.put(submission(BOUND))
    gone, patient = submission(BOUND), submission(1)
    giving_up = asyncio.ensure_future(intake.put(gone))
    waiting = asyncio.ensure_future(intake.put(patient))
    await turns()
    giving_up.cancel()
    await turns()
    await intake.take(500)
    await waiting
    assert await intake.take(500) == [patient]


async def test_that_closing_refuses_who_waits_and_still_hands_out_what_was_accepted():
    intake = Intake()
    accepted = submission(BOUND)
    await intake.put(accepted)
    waiting = asyncio.ensure_future(intake.put(submission(1)))
    await turns()
    intake.close()
    with pytest.raises(KnownError, match="shutting_down"):
        await waiting
    with pytest.raises(KnownError, match="shutting_down"):
        await intake.put(submission(1))
    assert await intake.take(500) == [accepted]
    assert await intake.take(500) == []


async def test_that_about_as_many_as_asked_are_taken_and_never_half_a_submission():
    intake = Intake()
    sent = [submission(300) for _ in range(3)]
    for one in sent:
        await intake.put(one)
    assert await intake.take(700) == sent[:2]
    assert await intake.take(100) == sent[2:]


async def test_that_senders_who_were_answered_together_share_the_next_commit_and_a_lone_one_waits_for_nobody():
    intake = Intake()
    intake.pace = 4.0  # of a slow disk: worth waiting for
    for one in (crowd := [submission(1) for _ in range(8)]):
        await intake.put(one)
    assert await intake.take(500) == crowd

    async def late(one, after):
        await turns(after)
        await intake.put(one)

    again = [asyncio.ensure_future(late(submission(1), number)) for number in range(8)]
    assert len(await intake.take(500)) == 8
    await asyncio.gather(*again)
    await intake.put(submission(1))
    await intake.take(500)
    await intake.put(submission(1))
    await intake.take(500)  # by now nobody else is expected
    await intake.put(alone := submission(1))
    taking = asyncio.ensure_future(intake.take(500))
    await turns(3)
    assert taking.done()
    assert taking.result() == [alone]
