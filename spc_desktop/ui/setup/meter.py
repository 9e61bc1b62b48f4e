"""The noise meter: how many false alarms a plan will raise in a shift, alone and on its line, while its rules are ticked."""

import asyncio
from array import array
from collections.abc import Sequence

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel, QWidget

from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.noise import noise, samples_per_shift
from spc_desktop.domain.product import Characteristic
from spc_desktop.domain.register import SamplingPlan
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.station import Station

_POINTS = 50
"""The pace of a source is that of its newest points."""
Watched = tuple[ControlPlan, Characteristic]


class NoiseMeter(QLabel):
    """A sentence that follows the form."""

    def __init__(self, station: Station, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._station = station
        self._asked: tuple[object, ...] = ()
        self._plan: Watched | None = None
        self._paces: dict[int, float | None] = {}
        self.setWordWrap(True)
        self.setObjectName("subtitle")

    def show_plan(self, plan: ControlPlan, characteristic: Characteristic) -> None:
        """Work out what a plan costs; the newest question is answered."""
        asked = (plan, characteristic, self._station.register)
        if asked != self._asked:
            self._asked, self._plan = asked, (plan, characteristic)
            spawn(self, self._answer(plan, characteristic, asked))

    async def _answer(self, plan: ControlPlan, characteristic: Characteristic, asked: tuple[object, ...]) -> None:
        own = await self._one((plan, characteristic))
        each, samples, why = own
        if asked is not self._asked:
            return
        if each is None:
            self._say(_("How many false alarms this chart raises is not defined ({why}).", why=why))
            return
        rare = _("one in {n} samples", n=_amount(1 / each)) if each else "0"
        if samples is None:
            text = _("False alarms expected: {rare}. Give a sampling interval to see how many in a shift.", rare=rare)
            self._say(text)
            return
        lines = [_("False alarms expected: {n} per shift ({rare})", n=_amount(each * samples), rare=rare)]
        self._say(lines[0])
        lines += await self._line(plan, characteristic, each * samples)
        if asked is self._asked:
            self._say("\n".join(lines))

    async def _line(self, plan: ControlPlan, characteristic: Characteristic, own: float) -> Sequence[str]:
        """Return the sum of the line; charts whose samples nobody knows are named by their number."""
        station = self._station
        product = station.products.get(characteristic.product_id)
        line = product.line if product is not None else ""
        total, charts, unknown = own, 1, 0
        for other in list(station.characteristics.values()):
            owner = station.products.get(other.product_id)
            its = station.plans.get(other.id)
            if other.id == plan.characteristic_id or its is None or owner is None or owner.line != line:
                continue
            if not (other.active and owner.active):
                continue
            each, samples, _why = await self._one((its, other))
            charts += 1
            if each is None or samples is None:
                unknown += 1
            else:
                total += each * samples
        name = _("All charts of line {line}", line=line) if line else _("All charts without a line")
        text = _("{name} ({charts}): {n} per shift", name=name, charts=charts, n=_amount(total))
        more = [_("{n} of them have no known sampling interval and are not in it.", n=unknown)] if unknown else []
        return [text, *more]

    async def _one(self, watched: Watched) -> tuple[float | None, float | None, str]:
        plan, characteristic = watched
        found = await asyncio.to_thread(noise, plan, characteristic)
        register = self._station.register
        sampling = register.of(SamplingPlan, characteristic.id)
        pace = None
        if sampling is None or sampling.interval_minutes is None:
            pace = await self._pace(characteristic.id)
        return found.per_sample, samples_per_shift(sampling, register.calendar, pace), found.why

    async def _pace(self, characteristic_id: int) -> float | None:
        """Return the minutes between the newest points, as they came; asked once."""
        if not characteristic_id:
            return None
        if characteristic_id not in self._paces:
            points = await self._station.hub.query(m.GetPoints(characteristic_id=characteristic_id, limit=_POINTS))
            times = array("d", points.measured_at)
            span = times[-1] - times[0] if len(times) > 1 else 0.0
            self._paces[characteristic_id] = span / 60 / (len(times) - 1) if span > 0 else None
        return self._paces[characteristic_id]

    def _say(self, text: str) -> None:
        self.setText(text)
        self.setAccessibleName(text)

    def changeEvent(self, event: QEvent) -> None:
        """Say it anew in the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange and self._plan is not None:
            self._asked = ()
            self.show_plan(*self._plan)


def _amount(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"
