"""Asks the hubs what is due, every few seconds and whenever something has changed, for as long as the page is shown."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import structs
from PySide6.QtCore import QObject, QTimer, Signal

from spc_desktop.domain.errors import KnownError
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.entry.due_model import Row, Target, rows_of
from spc_desktop.ui.scope import Scope
from spc_desktop.ui.station import Station

INTERVAL_MS = 5_000


class DueWatch(QObject):
    """Keeps the rows of the due list."""

    changed = Signal()
    became_due = Signal(object)
    """A ``Target`` whose sample is wanted since a moment ago."""

    def __init__(
        self, stations: Sequence[Station], scope: Scope, now: Callable[[], datetime], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._stations, self._scope, self._now = stations, scope, now
        self._due: dict[Target, m.SampleDue] = {}
        self._asked = False
        self.rows: list[Row] = []
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self.refresh_soon)
        scope.changed.connect(self.arrange)
        for station in stations:
            station.catalogue_changed.connect(self.refresh_soon)
            station.register_changed.connect(self.refresh_soon)

    def start(self) -> None:
        """Ask now and from now on."""
        self._timer.start()
        self.refresh_soon()

    def stop(self) -> None:
        """Ask no more."""
        self._timer.stop()

    def refresh_soon(self) -> None:
        """Ask on behalf of whoever changed something."""
        if self._timer.isActive():
            spawn(self, self.refresh())

    async def refresh(self) -> None:
        """Ask every hub; one that is away keeps what it last said."""
        for station in self._stations:
            if not station.loaded:
                continue
            try:
                answer = await station.hub.query(m.GetDue())
            except KnownError:
                continue
            self._take(station, answer)
        self.arrange()

    def _take(self, station: Station, answer: Sequence[m.SampleDue]) -> None:
        before = {target for target, one in self._due.items() if one.due_at is not None}
        self._due = {target: one for target, one in self._due.items() if target.station is not station}
        for one in answer:
            target = Target(station, one.characteristic_id)
            self._due[target] = one
            if one.due_at is not None and target not in before and self._asked:
                self.became_due.emit(target)
        self._asked = True

    def served(self, target: Target) -> None:
        """A sample was taken; the hub may hear of it later."""
        known = self._due.get(target)
        if known is not None:
            self._due[target] = structs.replace(known, due_at=None, overdue_minutes=0, last_at=self._now())
            self.arrange()

    def of(self, target: Target) -> m.SampleDue | None:
        """Return what is known of a characteristic's samples."""
        return self._due.get(target)

    def arrange(self) -> None:
        """Put what is known into its order, with the names of the window's language."""
        targets = [
            Target(station, one.id)
            for station in self._stations
            if self._scope.has_station(station)
            for one in self._scope.characteristics(station)
        ]
        now = self._now()
        self.rows = rows_of(targets, self._due, dict.fromkeys(self._stations, now))
        self.changed.emit()

    def next_due(self, apart: Target | None = None) -> Target | None:
        """Return what waits longest, but not ``apart``."""
        return next((row.target for row in self.rows if row.is_due and row.target != apart), None)

    def minutes_to(self, at: datetime) -> int:
        """Return how many minutes are left until a time."""
        return max(0, round((at - self._now()) / timedelta(minutes=1)))
