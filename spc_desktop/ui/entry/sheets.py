"""Subgroups that were begun: what was typed for one characteristic stays until it is its turn again, also over a restart."""

from collections.abc import Mapping
from datetime import datetime

from PySide6.QtCore import QObject

from spc_desktop.domain.register import Plausibility
from spc_desktop.spc.charts import CHARTS
from spc_desktop.spc.charts.multivariate import variables
from spc_desktop.ui.entry.due_model import Target
from spc_desktop.ui.entry.outbox import Begun
from spc_desktop.ui.entry.sender import Sender
from spc_desktop.ui.entry.sheet import Sheet, plausible
from spc_desktop.ui.station import Station


class Sheets(QObject):
    """One sheet for each characteristic at which something was typed."""

    def __init__(self, senders: Mapping[Station, Sender], parent: QObject) -> None:
        super().__init__(parent)
        self._senders = senders
        self._sheets: dict[Target, Sheet] = {}
        self._none = Sheet(1, Plausibility(id="0", characteristic_id=0))
        self.before: dict[Target, float] = {}
        """Last value of the subgroup before."""

    def of(self, target: Target | None) -> Sheet:
        """Return the subgroup that is being entered at a characteristic."""
        characteristic = target.characteristic if target is not None else None
        if target is None or characteristic is None:
            return self._none
        found = self._sheets.get(target)
        size = _size(target)
        rule = plausible(target.station.register.of(Plausibility, target.characteristic_id), characteristic)
        if found is None or (found.empty and (found.size, found.rule) != (size, rule)):
            found = self._sheets[target] = Sheet(size, rule)
        return found

    def begun_at(self, target: Target) -> datetime | None:
        """Fill a sheet with what was typed before a restart and never completed; return when that was, once."""
        begun = self._senders[target.station].begun.pop(target.characteristic_id, None)
        sheet = self.of(target)
        fits = begun is not None and begun.size == sheet.size and len(begun.values) < sheet.size
        if begun is None or not fits or not sheet.empty or sheet is self._none:
            return None
        sheet.values[:] = begun.values
        sheet.doubted, sheet.comment, sheet.again = begun.doubted, begun.comment, dict(begun.again)
        return begun.at

    def keep(self, station: Station, now: datetime) -> None:
        """Put on disk what is begun at a station."""
        sheets = {
            target.characteristic_id: sheet for target, sheet in self._sheets.items() if target.station is station
        }
        begun = {
            characteristic_id: Begun(
                size=sheet.size,
                values=tuple(sheet.values),
                doubted=sheet.doubted,
                comment=sheet.comment,
                again=dict(sheet.again),
                at=now,
            )
            for characteristic_id, sheet in sheets.items()
            if not sheet.empty
        }
        sender = self._senders[station]
        sender.keep_begun({**sender.begun, **begun})

    def complete(self, target: Target) -> None:
        """Forget a sheet that is kept as an entry."""
        self._sheets.pop(target, None)

    def again(self, target: Target) -> None:
        """Take the last value of a sheet back that could not be kept."""
        if target in self._sheets:
            self._sheets[target].back()


def data_of(target: Target | None) -> str:
    """Return what a characteristic's chart is made of; ``part`` where it goes by part."""
    plan = target.station.plans.get(target.characteristic_id) if target is not None else None
    chart = CHARTS.get(plan.chart) if plan is not None else None
    if chart is None:
        return ""
    return "part" if chart.by_part else chart.data


def _size(target: Target) -> int:
    plan, characteristic = target.station.plans.get(target.characteristic_id), target.characteristic
    size = max(1, characteristic.subgroup_size) if characteristic is not None else 1
    chart = CHARTS.get(plan.chart) if plan is not None else None
    if plan is not None and chart is not None and chart.data == "multivariate":
        return size * variables({**chart.options(), **plan.chart_options})
    return size
