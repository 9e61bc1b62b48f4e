"""Turns of a crowd: a few in each pass of the loop, first come first served, and nobody waits while there is no crowd."""

import asyncio

from spc_desktop.server.turns import Turns


async def test_that_nobody_waits_while_there_is_no_crowd():
    turns, done = Turns(2), []
    turns.call(lambda: done.append(1))
    turns.call(lambda: done.append(2))
    assert done == [1, 2]
    await asyncio.sleep(0)
    turns.call(lambda: done.append(3))
    assert done == [1, 2, 3]


async def test_that_a_crowd_gets_its_turns_in_order_and_a_few_in_each_pass():
    turns, done = Turns(2), []
    for number in range(7):
        turns.call(lambda number=number: done.append(number))
    passes = []
    while len(done) < 7:
        passes.append(len(done))
        await asyncio.sleep(0)
    assert done == list(range(7))
    assert all(after - before <= 2 for before, after in zip(passes, [*passes[1:], 7], strict=True))


async def test_that_who_waits_and_goes_away_costs_nobody_a_turn():
    turns, done = Turns(1), []

    async def come(number):
        await turns.take()
        done.append(number)

    waiting = [asyncio.ensure_future(come(number)) for number in range(5)]
    await asyncio.sleep(0)
    waiting[2].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert done == [0, 1, 3, 4]


async def test_that_a_failure_in_one_turn_does_not_end_the_turns_of_the_others():
    turns, done = Turns(1), []
    seen = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: seen.append(context["exception"]))
    turns.call(lambda: None)
    turns.call(lambda: 1 / 0)
    turns.call(lambda: done.append("after"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == ["after"]
    assert [type(error) for error in seen] == [ZeroDivisionError]
