"""What is done at single points: look into, leave out, let count again, comment. The page itself asks for the reason."""

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from spc_desktop.domain.note import NoteKind
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.inspector import Inspected

if TYPE_CHECKING:
    from spc_desktop.ui.feed import ChartFeed
    from spc_desktop.ui.pages.chart_page import ChartPage
    from spc_desktop.ui.station import Station

_INSPECTED = tuple(kind for kind in NoteKind if kind not in {NoteKind.SKIPPED, NoteKind.MISSED})


class PointWork:
    """Asks why, sends the command, and remembers how to take it back."""

    def __init__(self, page: "ChartPage") -> None:
        self._page = page
        self._opened: int | None = None
        page.chart.point_activated.connect(self.open)
        page.chart.exclude_requested.connect(self.ask_exclude)
        page.chart.restore_requested.connect(self.ask_restore)

    def open(self, position: int) -> None:
        """Read all about a point and show it at the side."""
        if self._page.feed is not None and self._page.station is not None:
            self._opened = position
            spawn(self._page, self._read(self._page.station, self._page.feed, position))

    def reopen(self) -> None:
        """Something happened at the points: show the opened one as it is now."""
        if self._opened is not None:
            self.open(self._opened)

    def forget(self) -> None:
        """Another characteristic is shown."""
        self._opened = None

    async def _read(self, station: "Station", feed: "ChartFeed", position: int) -> None:
        owner = feed.characteristic.id
        beside = m.GetNotes(characteristic_id=owner, first_index=position, last_index=position, kinds=_INSPECTED)
        detail, notes = await asyncio.gather(
            station.hub.query(m.GetPoint(characteristic_id=owner, index=position)), station.hub.query(beside)
        )
        if self._page.feed is not feed or self._opened != position:
            return
        members = {at for panel in detail.point.panels for violation in panel.violations for at in violation.members}
        self._page.point_opened.emit(
            Inspected(
                characteristic=feed.characteristic,
                panels=feed.panels,
                detail=detail,
                notes=notes[::-1],
                alerts=self._page.notes.alerts_at(position),
                numbers={at: feed.series.number_at(at) for at in members},
            )
        )

    def ask_exclude(self, position: int) -> None:
        """Ask why a point is to be left out."""
        if self._is_excluded(position):
            self._page.messages.say(_("This point is excluded already. Shift+X lets it count again."))
            return
        prompt = _("Subgroup {n}: why leave it out?", n=self._number(position))
        self._page.ask.ask(prompt, partial(self._send, position, True))

    def ask_restore(self, position: int) -> None:
        """Ask why an excluded point is to count again."""
        if not self._is_excluded(position):
            self._page.messages.say(_("This point is not excluded."))
            return
        prompt = _("Subgroup {n}: why let it count again?", n=self._number(position))
        self._page.ask.ask(prompt, partial(self._send, position, False))

    def ask_comment(self, position: int) -> None:
        """Ask for a comment on a point."""
        self._page.ask.ask(_("Subgroup {n}: comment", n=self._number(position)), partial(self._write, position))

    def _number(self, position: int) -> int:
        series = self._page.chart.series
        return position + 1 if series is None else series.number_at(position)

    def _is_excluded(self, position: int) -> bool:
        series = self._page.chart.series
        return series is not None and position in series.excluded

    def _send(self, position: int, out: bool, reason: str) -> None:
        if self._page.station is not None and self._page.feed is not None:
            station, owner = self._page.station, self._page.feed.characteristic.id
            spawn(self._page, self._mark(station, owner, position, out, reason))

    async def _mark(self, station: "Station", owner: int, position: int, out: bool, reason: str) -> None:
        await _command(station, owner, position, out, reason)
        taken_back = _("taken back: {reason}", reason=reason)
        self._page.undo.remember(partial(_command, station, owner, position, not out, taken_back))
        number = self._number(position)
        said = _("Subgroup {n} is excluded.", n=number) if out else _("Subgroup {n} counts again.", n=number)
        self._page.say_done(said)

    def _write(self, position: int, text: str) -> None:
        if self._page.station is not None and self._page.feed is not None:
            command = m.AddComment(characteristic_id=self._page.feed.characteristic.id, index=position, text=text)
            spawn(self._page, self._comment(self._page.station, command))

    async def _comment(self, station: "Station", command: m.AddComment) -> None:
        await station.hub.command(command, station.actor)
        self._page.messages.say(_("The comment is written down."))


async def _command(station: "Station", owner: int, position: int, out: bool, reason: str) -> None:
    kind = m.ExcludePoints if out else m.RestorePoints
    await station.hub.command(kind(characteristic_id=owner, indexes=(position,), reason=reason), station.actor)
