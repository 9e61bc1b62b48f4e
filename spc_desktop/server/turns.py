"""Turns for what a crowd wants all at once: a thousand clients that come back after a restart are let in and told what they
missed a few in each pass of the event loop, so that those who are live wait for a few of them and not for all.
"""

import asyncio
from collections import deque
from collections.abc import Callable

PER_PASS = 4
"""Handshakes, greetings or pages of a replay in one pass: each takes about a millisecond."""


class Turns:
    """Who came first is first; while there is no crowd nobody waits."""

    def __init__(self, per_pass: int = PER_PASS) -> None:
        self._per_pass = self._left = per_pass
        self._waiting: deque[Callable[[], None]] = deque()
        self._counted = False

    def call(self, work: Callable[[], None]) -> None:
        """Do it now, or in the pass in which its turn comes."""
        if self._left and not self._waiting:
            self._left -= 1
            self._count()
            work()
        else:
            self._waiting.append(work)
            self._count()

    async def take(self) -> None:
        """Wait for a turn."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.call(lambda: None if turn.done() else turn.set_result(None))
        await turn

    def _count(self) -> None:
        if not self._counted:
            self._counted = True
            asyncio.get_running_loop().call_soon(self._next_pass)

    def _next_pass(self) -> None:
        self._counted = False
        self._left = self._per_pass
        while self._waiting and self._left:
            self._left -= 1
            self._count()
            self._waiting.popleft()()
        if self._waiting:
            self._count()
