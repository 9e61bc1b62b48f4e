"""What belongs to an alert: the points around it, what changed before it, alerts like it, and what was done. No widgets.

Only the stretch around the point is read, however long the history is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from msgspec import structs

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.control_plan import FrozenLimits
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.note import Note
from spc_desktop.i18n import _, marked
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import CHARTS
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.bench.notes import note_line
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.station import Station

AROUND = 25
"""Subgroups before and after the point."""
SIMILAR = 3
_LOOKED_AT = 50
"""Newest alerts of the same rule among which those with a cause are looked for."""
_MOST_CHANGES = 5
"""What changes more often than this within the stretch is no news at the point."""
TRACED = {
    "lot": marked("Lot"),
    "machine": marked("Machine"),
    "operator": marked("Operator"),
    "cavity": marked("Cavity"),
    "gauge": marked("Gauge"),
    "shift": marked("Shift"),
}


@dataclass(frozen=True, kw_only=True)
class Traced:
    """One field of the traceability before the point."""

    field: str
    old: str
    new: str
    before: int
    """So many subgroups before the point it changed; 0: at the point itself."""


@dataclass(kw_only=True)
class Evidence:
    """Everything about one alert that the window shows beside the alert itself."""

    series: Series | None = None
    panels: tuple[PanelSpec, ...] = ()
    changes: list[Traced] = field(default_factory=list)
    restless: list[str] = field(default_factory=list)
    """Fields that changed with nearly every subgroup."""
    unknown: list[str] = field(default_factory=list)
    """Fields that nobody recorded."""
    limits: list[FrozenLimits] = field(default_factory=list)
    """Limits that took effect in the stretch."""
    notes: list[Note] = field(default_factory=list)
    similar: list[Alert] = field(default_factory=list)
    steps: tuple[m.AlertStep, ...] = ()
    position: int | None = None


async def read_evidence(station: Station, alert: Alert) -> Evidence:
    """Ask the hub for everything that belongs to an alert.

    Raises:
        UserError, KnownError: the hub refused or could not be reached.
    """
    found = Evidence(position=alert.point_index)
    found.steps = await station.hub.query(m.GetAlertHistory(alert_id=alert.id))
    owner = alert.characteristic_id
    if owner is None or owner not in station.characteristics:
        return found
    await _read_points(station, owner, alert, found)
    if alert.point_index is not None:
        await _read_changes(station, owner, alert.point_index, found)
    found.similar = await _read_similar(station, owner, alert)
    return found


async def _read_points(station: Station, owner: int, alert: Alert, found: Evidence) -> None:
    plan = station.plans.get(owner)
    chart = CHARTS.get(plan.chart) if plan is not None else None
    if chart is None:
        return
    end = None if alert.point_index is None else alert.point_index + AROUND + 1
    page = await station.hub.query(m.GetPoints(characteristic_id=owner, before=end, limit=2 * AROUND + 1))
    series = Series(owner, [panel.key for panel in chart.panels], max_points=2 * AROUND + 1)
    series.load(structs.replace(page, total=page.first_index + page.count))
    found.series, found.panels = series, _panel_of(chart.panels, alert.key)


def _panel_of(panels: Sequence[PanelSpec], key: str) -> tuple[PanelSpec, ...]:
    """Return the panel on which the alert was raised: its key is ``product/characteristic/chart.panel/rule``."""
    parts = key.split("/")
    name = parts[-2].rpartition(".")[2] if len(parts) > 1 else ""
    meant = tuple(panel for panel in panels if panel.key == name)
    return meant or tuple(panel for panel in panels if panel.role == "location")[:1] or tuple(panels[:1])


async def _read_changes(station: Station, owner: int, position: int, found: Evidence) -> None:
    first = max(0, position - AROUND)
    for name in TRACED:
        try:
            query = m.GetPointGroups(characteristic_id=owner, field=name, first=first, last=position)
            groups = await station.hub.query(query)
        except UserError:  # no shift calendar, or the points are gone
            found.unknown.append(name)
            continue
        _sort_in(found, name, groups, position)
    limits = await station.hub.query(m.GetLimits(characteristic_id=owner))
    found.limits = [one for one in limits if first < one.first_index <= position]
    notes = await station.hub.query(m.GetNotes(characteristic_id=owner, first_index=first, last_index=position))
    found.notes = sorted(notes, key=lambda note: note.id)


def _sort_in(found: Evidence, name: str, groups: m.PointGroups, position: int) -> None:
    told = sorted((index, group.name) for group in groups.groups if group.name for index in group.indexes)
    if not told:
        found.unknown.append(name)
        return
    turns = [
        Traced(field=name, old=before, new=after, before=position - index)
        for (_index, before), (index, after) in pairwise(told)
        if before != after
    ]
    if len(turns) > _MOST_CHANGES:
        found.restless.append(name)
    elif turns:
        found.changes.append(turns[-1])


async def _read_similar(station: Station, owner: int, alert: Alert) -> list[Alert]:
    """Return the newest earlier alerts of the same rule and characteristic; those with a cause come first."""
    if not alert.code:
        return []
    query = m.GetHistory(characteristic_id=owner, rule=alert.code, before_id=alert.id, limit=_LOOKED_AT)
    page = await station.hub.query(query)
    return sorted(page.alerts, key=lambda one: (not one.root_cause.strip(), -one.id))[:SIMILAR]


def change_lines(found: Evidence) -> list[str]:
    """Return what changed before the point, the latest first, in words."""
    told = [(one.before, _traced_line(one)) for one in found.changes]
    position = found.position or 0
    told += [(position - one.first_index, _("New limits, revision {n}", n=one.revision)) for one in found.limits]
    lines = [f"{text} — {_when(before)}" for before, text in sorted(told, key=lambda one: one[0])]
    lines += [note_line(note) for note in reversed(found.notes)]
    if not lines:
        lines.append(_("Nothing that was recorded changed in the {n} subgroups before.", n=AROUND))
    if found.restless:
        lines.append(_("Changes nearly every time: {names}", names=_named(found.restless)))
    if found.unknown:
        lines.append(_("Not recorded: {names}", names=_named(found.unknown)))
    return lines


def _traced_line(one: Traced) -> str:
    return f"{_(TRACED[one.field])}: {one.old} → {one.new}"


def _when(before: int) -> str:
    return _("subgroups before the signal: {n}", n=before) if before > 0 else _("at the signal itself")


def _named(fields: Iterable[str]) -> str:
    return ", ".join(_(TRACED[name]) for name in fields)
