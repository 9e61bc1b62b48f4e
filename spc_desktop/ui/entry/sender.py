"""Brings entries from the outbox to their hub, in order, for as long as it takes."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import Actor, Link
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.entry.outbox import Begun, Outbox, Waiting
from spc_desktop.ui.station import Station

RETRY_SECONDS = 2.0
_T = TypeVar("_T")
_PASSING = frozenset(
    {"rate_limited", "shutting_down", "internal", "unauthorized", "forbidden", "forbidden_scope", "bad_token"}
)
"""Refusals that say nothing about the entry, but about the moment or the account: it is sent again."""


class Sender(QObject):
    """One for each hub; it works whether or not the entry page is open."""

    changed = Signal()
    """Another number of entries waits."""
    answered = Signal(object, object)
    """The ``Waiting`` and the hub's answer."""
    refused = Signal(object, object, str)
    """The ``Waiting``, the ``UserError``, and the file it is kept in."""
    trouble = Signal(object)
    """An error that keeps entries waiting: the folder cannot be read or written, or the account may not enter."""

    def __init__(self, station: Station, outbox: Outbox, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.station = station
        self._outbox = outbox
        self._waiting: list[Waiting] = []
        self._news = asyncio.Event()
        self._disk = asyncio.Lock()
        self._stuck = False
        self.begun: dict[int, Begun] = {}
        """What was begun before a restart, by characteristic; whoever goes on with it takes it out."""
        self._to_keep: dict[int, Begun] | None = None
        self._on_disk: dict[int, Begun] | None = None
        """What the folder holds of begun ones; None: it was not read yet."""
        station.link_changed.connect(self._wake)

    @property
    def waiting(self) -> int:
        """Return how many entries the hub has not got yet."""
        return len(self._waiting)

    @property
    def stuck(self) -> bool:
        """Tell whether the hub did not take the oldest entry at the first try."""
        return self._stuck

    def _wake(self) -> None:
        self._news.set()

    async def submit(
        self, command: m.EnterSubgroup | m.TakeBack | m.AddComment | m.RecordSkip, by: str, title: str = ""
    ) -> Waiting:
        """Keep a command for the hub; it is on this PC's disk when this returns, and is sent as soon as it can be.

        Raises:
            KnownError: ``outbox_unwritable``; it was not taken.
        """
        async with self._disk:  # two at the same moment keep their order
            kept = await _off_loop(partial(self._outbox.put, command, by, title))
            self._waiting.append(kept)
        self.changed.emit()
        self._news.set()
        return kept

    def keep_begun(self, begun: dict[int, Begun]) -> None:
        """Keep subgroups that are not complete yet on this PC's disk; of several in a row the newest counts."""
        if self._to_keep is not None:
            self._to_keep = begun
        elif begun != self._on_disk:  # most entries are complete at once: nothing was begun before and after
            self._to_keep = begun
            spawn(self, self._keep_begun())

    async def _keep_begun(self) -> None:
        kept: dict[int, Begun] | None = None
        try:
            while self._to_keep is not kept:
                kept = self._to_keep or {}
                self._to_keep = kept
                async with self._disk:
                    await _off_loop(partial(self._outbox.keep_begun, kept))
                self._on_disk = kept
        except KnownError as error:
            self.trouble.emit(error)
        finally:
            self._to_keep = None

    def start(self) -> None:
        """Begin to send."""
        spawn(self, self._run())

    async def _run(self) -> None:
        try:
            async with self._disk:
                found = await _off_loop(self._outbox.load)
                known = {one.name for one in self._waiting}  # kept before the folder was read
                self._waiting[:0] = [one for one in found.waiting if one.name not in known]
        except KnownError as error:
            self.trouble.emit(error)
        else:
            self.begun, self._on_disk = found.begun, dict(found.begun)
            if found.unreadable:
                self.trouble.emit(KnownError("outbox_unreadable", count=found.unreadable))
            self.changed.emit()
        while True:
            self._news.clear()
            if not self._waiting:
                self._stuck = False
                await self._news.wait()
                continue
            self._stuck = not await self._send(self._waiting[0])
            if self._stuck:
                self.changed.emit()
                await self._pause()

    async def _pause(self) -> None:
        """Wait a moment, or until the link says something new."""
        try:
            async with asyncio.timeout(RETRY_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return

    async def _send(self, first: Waiting) -> bool:
        """Send one; returns whether the next may follow."""
        station = self.station
        if station.hub.state.link in {Link.OFFLINE, Link.RECONNECTING, Link.CLOSED}:
            return False
        try:
            answer = await station.hub.command(first.command, Actor(name=first.by, client="entry"))
        except KnownError:
            return False
        except UserError as error:
            if error.code in _PASSING:
                if not self._stuck:  # once is enough
                    self.trouble.emit(error)
                return False
            await self._settle(first, error)
            return True
        await self._settle(first, None)
        self.answered.emit(first, answer)
        return True

    async def _settle(self, first: Waiting, error: UserError | None) -> None:
        kept = ""
        try:
            if error is None:
                await _off_loop(partial(self._outbox.drop, first))
            else:
                kept = str(await _off_loop(partial(self._outbox.set_aside, first, error)) or "")
        except KnownError as failure:
            self.trouble.emit(failure)
        self._waiting.remove(first)
        self.changed.emit()
        if error is not None:
            self.refused.emit(first, error, kept)


async def _off_loop(work: Callable[[], _T]) -> _T:
    return await asyncio.get_running_loop().run_in_executor(None, work)
