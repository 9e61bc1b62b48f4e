"""What people wrote down and did at the points of the chart that is shown: marks over points, lines for the inspector."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from spc_desktop.domain.alert import OPEN, Alert
from spc_desktop.domain.note import Note, NoteKind
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.charts.picture import Mark

if TYPE_CHECKING:
    from spc_desktop.ui.station import Station

MOST = 2_000
"""Newest comments that are shown."""
_SHOWN = (NoteKind.COMMENT, NoteKind.TAKEN_BACK, NoteKind.REMEASURED)


class ChartNotes(QObject):
    """Comments and alerts of one characteristic, kept true by the hub's events."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.station: Station | None = None
        self._owner = 0
        self._notes: dict[int, Note] = {}
        self.marks: dict[int, Mark] = {}
        """Position -> what is drawn over the point."""

    def follow(self, station: "Station", characteristic_id: int) -> None:
        """Show what belongs to this characteristic from now on."""
        self.leave()
        self.station, self._owner = station, characteristic_id
        station.noted.connect(self._noted)
        station.alert_changed.connect(self._make_marks)
        station.alerts_reset.connect(self._make_marks)
        self._make_marks()
        spawn(self, self._read(station, characteristic_id))

    def leave(self) -> None:
        """Follow nothing."""
        if self.station is not None:
            self.station.noted.disconnect(self._noted)
            self.station.alert_changed.disconnect(self._make_marks)
            self.station.alerts_reset.disconnect(self._make_marks)
        self.station, self._notes, self.marks = None, {}, {}

    async def _read(self, station: "Station", owner: int) -> None:
        found = await station.hub.query(m.GetNotes(characteristic_id=owner, kinds=_SHOWN, limit=MOST))
        if (self.station, self._owner) == (station, owner):
            self._notes |= {note.id: note for note in found}
            self._make_marks()

    def _noted(self, note: Note) -> None:
        if note.characteristic_id != self._owner:
            return
        if note.kind in _SHOWN:
            self._notes[note.id] = note
        self._make_marks()

    def alerts_at(self, position: int) -> list[Alert]:
        """Return the alerts that this point has raised or repeated, newest first."""
        alerts = self.station.alerts.values() if self.station is not None else ()
        found = [one for one in alerts if one.characteristic_id == self._owner and _covers(one, position)]
        return sorted(found, key=lambda alert: -alert.id)

    def _make_marks(self, *_args: object) -> None:
        comments: dict[int, list[str]] = {}
        for note in self._notes.values():
            if note.point_index is not None:
                comments.setdefault(note.point_index, []).append(note_line(note))
        opened: set[int] = set()
        done: set[int] = set()
        for alert in self.station.alerts.values() if self.station is not None else ():
            if alert.characteristic_id == self._owner and alert.point_index is not None:
                (opened if alert.status in OPEN else done).update(_ends(alert))
        self.marks = {
            position: Mark(
                comment=position in comments,
                alert=position in opened,
                done=position in done and position not in opened,
                text="\n".join(comments.get(position, ())),
            )
            for position in {*comments, *opened, *done}
        }
        self.changed.emit()


def _ends(alert: Alert) -> tuple[int, ...]:
    """Return where an alert was raised, and where it was repeated last."""
    last = alert.point_index
    if last is None:
        return ()
    raised = alert.life.raised_index
    return (last,) if raised is None or raised == last else (raised, last)


def _covers(alert: Alert, position: int) -> bool:
    ends = _ends(alert)
    return bool(ends) and ends[0] <= position <= ends[-1]


def note_line(note: Note) -> str:
    """Return a note in one line: who, when, what."""
    who = f"{note.by}, " if note.by else ""
    return f"{who}{note.at.astimezone():%m-%d %H:%M}: {_text(note)}"


def _text(note: Note) -> str:
    match note.kind:
        case NoteKind.EXCLUDED:
            return _("excluded: {reason}", reason=note.text)
        case NoteKind.RESTORED:
            return _("counts again: {reason}", reason=note.text)
        case NoteKind.TAKEN_BACK:
            return _("taken back: {reason}", reason=note.text)
        case NoteKind.REMEASURED:
            first, second = note.data.get("first"), note.data.get("second")
            return _("measured again: {first}, then {second}", first=first, second=second)
        case NoteKind.DEFECTS:
            return ", ".join(f"{code} {count}" for code, count in note.data.items())
        case _:
            return note.text
