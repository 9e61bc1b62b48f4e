"""The registers of the shop floor: what a plant keeps beside its products, as small typed documents.

Reaction plans, causes, kinds of defects, sampling plans, the shift calendar, plausible values, what must follow a signal,
who the operators are, and what scanned codes mean. Each document has a kind and an id within it; ``revision`` counts its
versions, so that nobody overwrites what he has not seen.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, TypeVar

from msgspec import Struct, field

from spc_desktop.domain.calendar import Shift, check_shift, zone_of
from spc_desktop.domain.errors import UserError

LONGEST_TEXT = 400
LONGEST_ID = 100
MOST_STEPS = 12
MOST_MINUTES = 7 * 24 * 60
PLANT = "plant"
"""Id of documents of which there is one."""
TRACE_FIELDS = ("lot", "machine", "operator", "cavity", "gauge", "serial")


class Entry(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One document. ``revision`` 0 asks for a new one."""

    id: str
    revision: int = 0

    @property
    def kind(self) -> str:
        return str(self.__struct_config__.tag)

    @property
    def place(self) -> tuple[str, str]:
        """Kind and id: no two documents have the same."""
        return self.kind, self.id


class Scoped(Entry, frozen=True, kw_only=True):
    """A document for one characteristic, else for one product, else for all."""

    characteristic_id: int | None = None
    product_id: int | None = None


class OfCharacteristic(Entry, frozen=True, kw_only=True):
    """A document of exactly one characteristic; its id is the characteristic's as text."""

    characteristic_id: int


class PlanStep(Struct, frozen=True, kw_only=True):
    text: str
    text_en: str = ""


class ReactionPlan(Scoped, frozen=True, kw_only=True, tag="reaction_plan"):
    """What to do at a signal (OCAP)."""

    rule: str = ""
    """Rule id as ``nelson_1``, or ``out_of_spec``; empty: every signal."""
    steps: tuple[PlanStep, ...] = ()


class Cause(Scoped, frozen=True, kw_only=True, tag="cause"):
    """An assignable cause; its id is its code."""

    name: str
    name_en: str = ""


class CauseUse(OfCharacteristic, frozen=True, kw_only=True, tag="cause_use"):
    """How often each cause was found for a characteristic. The hub counts; nobody saves it."""

    counts: dict[str, int] = field(default_factory=dict)


class Defect(Scoped, frozen=True, kw_only=True, tag="defect"):
    """A kind of nonconformity that is counted at an attribute chart; its id is its code."""

    name: str
    name_en: str = ""


class SamplingPlan(OfCharacteristic, frozen=True, kw_only=True, tag="sampling"):
    """When a characteristic is to be measured, and when its silence is an alarm."""

    interval_minutes: int | None = None
    """Every so many minutes a sample is due; None: never by the clock."""
    first: int = 0
    """Minutes after local midnight from which the interval counts."""
    grace_minutes: int = 5
    """So long after it was due a sample is late, but not overdue."""
    shifts_only: bool = True
    """Not due outside of shifts, on closed days and in breaks; without a calendar it is always due."""
    silent_minutes: int | None = None
    """No value for so long is an alarm: for sources that send by themselves."""
    since: datetime | None = None
    """The plan holds from then on; filled in by the hub when it is saved."""


class ShiftCalendar(Entry, frozen=True, kw_only=True, tag="calendar"):
    """The shifts of the plant; its id is ``plant``."""

    id: str = PLANT
    time_zone: str = ""
    """IANA name as ``Asia/Seoul``; empty: the hub's own."""
    shifts: tuple[Shift, ...] = ()
    closed: tuple[date, ...] = ()


class Plausibility(OfCharacteristic, frozen=True, kw_only=True, tag="plausibility"):
    """What can be true at all: a value outside was typed wrong or measured wrong."""

    low: float | None = None
    high: float | None = None
    max_step: float | None = None
    """Largest believable difference from the value before."""

    def doubts(self, value: float, previous: float | None) -> bool:
        """Return whether a value needs a second measurement."""
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            return True
        return self.max_step is not None and previous is not None and abs(value - previous) > self.max_step


class OnSignal(StrEnum):
    """What the operator must write down at a signal."""

    NONE = "none"
    AT_ONCE = "at_once"
    LATER = "later"
    BEFORE_NEXT = "before_next"


class EntryRule(OfCharacteristic, frozen=True, kw_only=True, tag="entry_rule"):
    """What must happen on a signal."""

    on_signal: OnSignal = OnSignal.LATER


class Operator(Entry, frozen=True, kw_only=True, tag="operator"):
    """Who measures; its id is the person's number or short name. Badge and PIN say who it is, they sign nothing.

    The secrets travel to the hub only: None leaves what is known, an empty text takes it away. Whoever reads the register
    sees whether there is one.
    """

    name: str
    active: bool = True
    badge: str | None = None
    pin: str | None = None
    has_badge: bool = False
    has_pin: bool = False


class ScanRules(Entry, frozen=True, kw_only=True, tag="scan"):
    """What a scanned code fills: the first prefix that fits says which field; its id is ``plant``."""

    id: str = PLANT
    prefixes: dict[str, str] = field(default_factory=dict)
    """Prefix -> ``lot machine operator cavity gauge serial``."""


AnyEntry = (
    ReactionPlan
    | Cause
    | CauseUse
    | Defect
    | SamplingPlan
    | ShiftCalendar
    | Plausibility
    | EntryRule
    | Operator
    | ScanRules
)
KINDS: Mapping[str, type[AnyEntry]] = {str(kind.__struct_config__.tag): kind for kind in AnyEntry.__args__}
DEFAULT_PREFIXES = {"L:": "lot", "M:": "machine", "O:": "operator", "C:": "cavity", "G:": "gauge", "S:": "serial"}


_E = TypeVar("_E", bound=Entry)
_S = TypeVar("_S", bound=Scoped)
_C = TypeVar("_C", bound=OfCharacteristic)


class Register(Struct, frozen=True):
    """All documents at one moment; a change makes a new object."""

    entries: dict[tuple[str, str], AnyEntry] = field(default_factory=dict)

    def with_changes(self, saved: Iterable[AnyEntry], removed: Iterable[tuple[str, str]] = ()) -> "Register":
        """Return the register with these documents added, replaced or taken away."""
        entries = {**self.entries, **{entry.place: entry for entry in saved}}
        for place in removed:
            entries.pop(place, None)
        return Register(entries)

    def of_kind(self, kind: type[_E]) -> list[_E]:
        """Return the documents of one kind, by id."""
        found = [entry for entry in self.entries.values() if isinstance(entry, kind)]
        return sorted(found, key=lambda entry: entry.id)

    def of(self, kind: type[_C], characteristic_id: int) -> _C | None:
        """Return a characteristic's document of one kind."""
        found = self.entries.get((str(kind.__struct_config__.tag), str(characteristic_id)))
        return found if isinstance(found, kind) else None

    @property
    def calendar(self) -> ShiftCalendar | None:
        found = self.entries.get(("calendar", PLANT))
        return found if isinstance(found, ShiftCalendar) else None

    @property
    def prefixes(self) -> Mapping[str, str]:
        """Prefix of a scanned code -> the field it fills."""
        found = self.entries.get(("scan", PLANT))
        return found.prefixes if isinstance(found, ScanRules) else DEFAULT_PREFIXES

    def for_characteristic(self, kind: type[_S], characteristic_id: int, product_id: int) -> list[_S]:
        """Return what applies to a characteristic: its own documents first, then its product's, then everybody's."""
        found = [
            (0 if entry.characteristic_id is not None else 1 if entry.product_id is not None else 2, entry.id, entry)
            for entry in self.entries.values()
            if isinstance(entry, kind)
            and entry.characteristic_id in {None, characteristic_id}
            and entry.product_id in {None, product_id}
        ]
        return [entry for _, _, entry in sorted(found, key=lambda one: one[:2])]

    def reaction_plan(self, characteristic_id: int, product_id: int, rule: str) -> ReactionPlan | None:
        """Return the plan for a signal: the narrowest scope wins, and in it the one that names the rule."""
        plans = self.for_characteristic(ReactionPlan, characteristic_id, product_id)
        fitting = [plan for plan in plans if plan.steps and plan.rule in {"", rule}]

        def width(plan: ReactionPlan) -> tuple[bool, bool, bool]:
            return plan.characteristic_id is None, plan.product_id is None, not plan.rule

        return min(fitting, key=width, default=None)

    def causes(self, characteristic_id: int, product_id: int) -> list[Cause]:
        """Return the causes of a characteristic, most used first; unused ones as their scopes are wide."""
        used = self.of(CauseUse, characteristic_id)
        counts = used.counts if used is not None else {}
        known = self.for_characteristic(Cause, characteristic_id, product_id)
        return sorted(known, key=lambda cause: -counts.get(cause.id, 0))

    def cause_of(self, text: str) -> Cause | None:
        """Return the cause that a root cause names: it begins with the code."""
        found = self.entries.get(("cause", text.split(" ", 1)[0]))
        return found if isinstance(found, Cause) else None


def root_cause(cause: Cause) -> str:
    """Return a cause as it is written into an alert: code and name, so that it can be read and found without the register."""
    return f"{cause.id} {cause.name}"


def check_entry(entry: AnyEntry) -> None:
    """Refuse a document that makes no sense.

    Raises:
        UserError: ``register_id``, ``register_value``, ``register_text``, ``name_empty``, ``text_too_long``,
            ``limits_order``, ``unknown_zone``, ``unknown_field``, ``pin_digits``.
    """
    if not entry.id.strip() or len(entry.id) > LONGEST_ID:
        raise UserError("register_id", high=LONGEST_ID, got=entry.id[:LONGEST_ID])
    if isinstance(entry, OfCharacteristic) and entry.id != str(entry.characteristic_id):
        raise UserError("register_id", high=LONGEST_ID, got=entry.id)
    check = _CHECKS.get(type(entry))
    if check is not None:
        check(entry)


def _check_text(name: str, text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise UserError("text_too_long", field=name, length=len(text), allowed=LONGEST_TEXT)


def _check_plan(plan: ReactionPlan) -> None:
    if not 1 <= len(plan.steps) <= MOST_STEPS:
        raise UserError("register_value", field="steps", low=1, high=MOST_STEPS, got=len(plan.steps))
    for step in plan.steps:
        if not step.text.strip():
            raise UserError("name_empty", entry=plan.id)
        _check_text("text", step.text)
        _check_text("text_en", step.text_en)


def _check_named(entry: Cause | Defect | Operator) -> None:
    if " " in entry.id:
        raise UserError("register_id", high=LONGEST_ID, got=entry.id)
    if not entry.name.strip():
        raise UserError("name_empty", entry=entry.id)
    _check_text("name", entry.name)
    if isinstance(entry, Operator):
        if entry.pin and not (entry.pin.isascii() and entry.pin.isdigit() and 4 <= len(entry.pin) <= 8):
            raise UserError("pin_digits", low=4, high=8)
        _check_text("badge", entry.badge or "")
    else:
        _check_text("name_en", entry.name_en)


def _check_sampling(plan: SamplingPlan) -> None:
    ranges = (
        ("interval_minutes", plan.interval_minutes, 1),
        ("silent_minutes", plan.silent_minutes, 1),
        ("grace_minutes", plan.grace_minutes, 0),
        ("first", plan.first, 0),
    )
    for name, value, low in ranges:
        high = 24 * 60 - 1 if name == "first" else MOST_MINUTES
        if value is not None and not low <= value <= high:
            raise UserError("register_value", field=name, low=low, high=high, got=value)


def _check_calendar(calendar: ShiftCalendar) -> None:
    zone_of(calendar.time_zone)
    for shift in calendar.shifts:
        check_shift(shift)


def _check_plausibility(entry: Plausibility) -> None:
    for value in (entry.low, entry.high, entry.max_step):
        if value is not None and not math.isfinite(value):
            raise UserError("limit_not_finite", value=str(value))
    if entry.low is not None and entry.high is not None and entry.low >= entry.high:
        raise UserError("plausible_order", low=entry.low, high=entry.high)
    if entry.max_step is not None and entry.max_step <= 0:
        raise UserError("register_value", field="max_step", low=0, high="∞", got=entry.max_step)


def _check_scan(rules: ScanRules) -> None:
    for prefix, name in rules.prefixes.items():
        if not prefix or name not in TRACE_FIELDS:
            raise UserError("unknown_field", got=name, prefix=prefix, allowed=", ".join(TRACE_FIELDS))


def _check_counted(_entry: CauseUse) -> None:
    raise UserError("register_counted")


_CHECKS: dict[type, Callable[[Any], None]] = {
    ReactionPlan: _check_plan,
    Cause: _check_named,
    Defect: _check_named,
    Operator: _check_named,
    SamplingPlan: _check_sampling,
    ShiftCalendar: _check_calendar,
    Plausibility: _check_plausibility,
    ScanRules: _check_scan,
    CauseUse: _check_counted,
}
