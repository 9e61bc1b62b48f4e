"""Messages of the shop floor: the registers, entered subgroups, notes beside points, samples that are due."""

from datetime import datetime

from msgspec import Struct, field

from spc_desktop.domain.measurement import Measurement, MeasurementIn
from spc_desktop.domain.note import Note, NoteKind
from spc_desktop.domain.point import Point
from spc_desktop.domain.register import AnyEntry
from spc_desktop.protocol.bases import Command, Event, Query


class EntryKey(Struct, frozen=True, kw_only=True):
    """A document of the register, in the version that was seen."""

    kind: str
    id: str
    revision: int


class SaveRegister(Command, frozen=True, kw_only=True, tag="save_register"):
    """Save documents and take others away, all or nothing. Answer: ``RegisterOut`` of what changed.

    Each brings the revision that was seen, 0 for a new one; ``UserError("register_conflict")`` where somebody was faster.
    """

    entries: tuple[AnyEntry, ...] = ()
    removed: tuple[EntryKey, ...] = ()
    reason: str


class GetRegister(Query, frozen=True, kw_only=True, tag="get_register"):
    """Every document. Answer: ``RegisterOut``."""


class RegisterOut(Struct, frozen=True, kw_only=True):
    entries: tuple[AnyEntry, ...] = ()
    removed: tuple[EntryKey, ...] = ()


class RegisterEvent(Event, frozen=True, kw_only=True, tag="register"):
    """Documents were saved (each replaces or adds the one with its kind and id) or taken away."""

    entries: tuple[AnyEntry, ...] = ()
    removed: tuple[EntryKey, ...] = ()
    by: str = ""


class FindOperator(Query, frozen=True, kw_only=True, tag="find_operator"):
    """Who has this badge or PIN? Answer: ``OperatorFound``. Raises ``UserError("unknown_badge")``."""

    code: str


class OperatorFound(Struct, frozen=True, kw_only=True):
    id: str
    name: str


class GiveCause(Command, frozen=True, kw_only=True, tag="give_cause"):
    """Write down what an operator found and did at an alert, which stays open. Answer: ``AlertResult``."""

    alert_id: int
    cause: str = ""
    """Code of the register; it is counted as used. Empty: ``text`` says it."""
    text: str = ""
    steps: tuple[str, ...] = ()
    """Steps of the reaction plan that were done."""
    rev: int | None = None


# -- entering ----------------------------------------------------------------------------------------------------------


class Remeasured(Struct, frozen=True, kw_only=True):
    """A value that was doubted and measured again; both are kept, the second counts."""

    position: int
    """0-based place within the subgroup."""
    first: float
    second: float


class EnterSubgroup(Command, frozen=True, kw_only=True, tag="enter"):
    """One whole subgroup as a person entered it, with what belongs to it. Answer: ``Entered``.

    ``item.key`` is needed: the same key again is answered as a duplicate and changes nothing.
    """

    item: MeasurementIn
    comment: str = ""
    defects: dict[str, int] = field(default_factory=dict)
    remeasured: tuple[Remeasured, ...] = ()


class Entered(Struct, frozen=True, kw_only=True):
    duplicate: bool = False
    measurements: tuple[Measurement, ...] = ()
    """Of a duplicate only the first."""
    point: Point | None = None
    """As it was judged; None for a duplicate."""


class TakeBack(Command, frozen=True, kw_only=True, tag="take_back"):
    """Take an entered subgroup back: its point is excluded, alerts that it alone raised are closed. Answer: ``PointsOut``.

    Nothing is deleted: who looks later sees what was entered, and that it was taken back.
    """

    characteristic_id: int
    entry: str
    """Key of the entry."""
    reason: str = ""


class ExcludePoints(Command, frozen=True, kw_only=True, tag="exclude_points"):
    """Leave points out of computations and patterns to come. What was judged and frozen stays. Answer: ``PointsOut``."""

    characteristic_id: int
    indexes: tuple[int, ...]
    reason: str


class RestorePoints(Command, frozen=True, kw_only=True, tag="restore_points"):
    """Let excluded points count again. Answer: ``PointsOut``."""

    characteristic_id: int
    indexes: tuple[int, ...]
    reason: str


class PointsOut(Struct, frozen=True, kw_only=True):
    """The points that changed, as they are now."""

    points: tuple[Point, ...] = ()


# -- notes -------------------------------------------------------------------------------------------------------------


class AddComment(Command, frozen=True, kw_only=True, tag="add_comment"):
    """Write something down beside a point, named by its position or by the key of its entry. Answer: ``Note``."""

    characteristic_id: int
    index: int | None = None
    entry: str = ""
    text: str
    key: str = ""


class RecordSkip(Command, frozen=True, kw_only=True, tag="record_skip"):
    """A sample that was due is left out. Answer: ``Note``."""

    characteristic_id: int
    due_at: datetime
    reason: str
    key: str = ""


class NoteEvent(Event, frozen=True, kw_only=True, tag="note"):
    """Something was written down beside a point or about a sample."""

    note: Note


class GetNotes(Query, frozen=True, kw_only=True, tag="get_notes"):
    """Notes of a characteristic, newest first. Answer: ``tuple[Note, ...]``."""

    characteristic_id: int
    first_index: int | None = None
    last_index: int | None = None
    """Only beside points first..last."""
    kinds: tuple[NoteKind, ...] = ()
    """Empty: all."""
    before_id: int | None = None
    limit: int = 100


FloorCommand = EnterSubgroup | TakeBack | ExcludePoints | RestorePoints | AddComment | RecordSkip


# -- samples that are due ----------------------------------------------------------------------------------------------


class GetDue(Query, frozen=True, kw_only=True, tag="get_due"):
    """Every characteristic with a sampling plan. Answer: ``tuple[SampleDue, ...]``, what waits longest first."""


class SampleDue(Struct, frozen=True, kw_only=True):
    characteristic_id: int
    due_at: datetime | None = None
    """The time that waits for its sample; None: nothing is due."""
    next_at: datetime | None = None
    overdue_minutes: int = 0
    last_at: datetime | None = None
    """Time of the last sample or skip."""
    silent_since: datetime | None = None
    """Set while the source is silent for too long."""
