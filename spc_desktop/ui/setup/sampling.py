"""Sampling plans: when each characteristic is to be measured, and when its silence is an alarm."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from spc_desktop.domain.register import MOST_MINUTES, SamplingPlan
from spc_desktop.i18n import marked
from spc_desktop.protocol import messages as m
from spc_desktop.ui.setup.characteristics import characteristic_items
from spc_desktop.ui.setup.fields import TickField, WholeField
from spc_desktop.ui.setup.form import Form, Line
from spc_desktop.ui.setup.kind import Item, Words
from spc_desktop.ui.setup.time_field import TimeField
from spc_desktop.ui.station import Station

_FIELDS = ("interval_minutes", "first", "grace_minutes", "shifts_only", "silent_minutes")


class Sampling:
    """The sampling plan of each characteristic; one that was never set up has no times."""

    words = Words(
        title=marked("Sampling plans"),
        new="",
        empty=marked("No characteristic yet. Make a product first, then a characteristic with Ctrl+N."),
        find=marked("Find by characteristic or product"),
    )
    blame: Mapping[str, str] = {}

    def __init__(self, station: Station) -> None:
        self.station = station

    def make_form(self) -> Form:
        """Return the form of a sampling plan."""
        return Form(
            (
                Line(
                    name="interval_minutes",
                    label=marked("Sample every (minutes)"),
                    field=WholeField(1, MOST_MINUTES, optional=True),
                    hint=marked("Empty: never due by the clock."),
                ),
                Line(name="first", label=marked("Counted from"), field=TimeField()),
                Line(
                    name="grace_minutes",
                    label=marked("Overdue after (minutes)"),
                    field=WholeField(0, MOST_MINUTES),
                ),
                Line(
                    name="shifts_only",
                    label=marked("Only within shifts"),
                    field=TickField(),
                    hint=marked("Nothing is due outside of shifts, in breaks and on closed days."),
                ),
                Line(
                    name="silent_minutes",
                    label=marked("Alarm when silent for (minutes)"),
                    field=WholeField(1, MOST_MINUTES, optional=True),
                    hint=marked("For sources that send by themselves. Empty: silence is no alarm."),
                ),
            )
        )

    def items(self) -> Iterable[Item]:
        """Return the plans as their characteristics are listed."""
        return [
            item._replace(thing=self.station.register.of(SamplingPlan, item.thing.id) or _none(item.thing.id))
            for item in characteristic_items(self.station)
        ]

    def blank(self) -> None:
        """Every characteristic has its place already."""

    def values(self, thing: SamplingPlan) -> Mapping[str, Any]:
        """Return what the form shows."""
        return {name: getattr(thing, name) for name in _FIELDS}

    def made(self, thing: SamplingPlan, values: Mapping[str, Any]) -> SamplingPlan:
        """Return the plan with these values."""
        return replace(thing, **values)

    def effect(self, before: SamplingPlan, after: SamplingPlan) -> str:
        """The list of changes says it all."""
        del before, after
        return ""

    def command(self, before: SamplingPlan, after: SamplingPlan, reason: str) -> m.SaveRegister:
        """Return the wish; a plan without anything in it is none."""
        if before.revision and self.values(after) == self.values(_none(after.characteristic_id)):
            key = m.EntryKey(kind=before.kind, id=before.id, revision=before.revision)
            return m.SaveRegister(removed=(key,), reason=reason)
        return m.SaveRegister(entries=(replace(after, revision=before.revision),), reason=reason)

    def stored(self, answer: m.RegisterOut, after: SamplingPlan) -> Any:
        """Return the plan as it is now."""
        return answer.entries[0] if answer.entries else _none(after.characteristic_id)

    def key_of(self, thing: SamplingPlan) -> str:
        """Return the number of its characteristic."""
        return thing.id

    def before_new(self, after: SamplingPlan) -> SamplingPlan:
        """Nothing is added by itself."""
        return after

    def objects(self, thing: SamplingPlan) -> tuple[str, ...]:
        """Return its name in the audit trail."""
        return (f"sampling {thing.id}",)


def _none(characteristic_id: int) -> SamplingPlan:
    return SamplingPlan(id=str(characteristic_id), characteristic_id=characteristic_id)
