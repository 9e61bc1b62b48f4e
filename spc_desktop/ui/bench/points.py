"""What is done at single points: leave out, let count again, write down. The page itself asks for the reason, no dialog."""

from functools import partial
from typing import TYPE_CHECKING

from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn

if TYPE_CHECKING:
    from spc_desktop.ui.pages.chart_page import ChartPage
    from spc_desktop.ui.station import Station


class PointWork:
    """Asks why, sends the command, and remembers how to take it back."""

    def __init__(self, page: "ChartPage") -> None:
        self._page = page
        page.chart.exclude_requested.connect(self.ask_exclude)
        page.chart.restore_requested.connect(self.ask_restore)

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
