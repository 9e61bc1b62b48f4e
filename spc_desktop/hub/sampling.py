"""Samples that are due: looked at each second, raised as alerts when they are overdue, written down when they were missed.

What is due follows from plans, calendar and the last sample alone (``domain.sampling``), so a restart asks nobody anything.
"""

from datetime import datetime
from typing import NamedTuple

from spc_desktop.domain.alert import AlertType, Observed, Priority, Signal
from spc_desktop.domain.register import Register, SamplingPlan, ShiftCalendar
from spc_desktop.domain.sampling import NOTHING, Sampling, is_silent, look
from spc_desktop.domain.watch import Watch
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.entering import add_missed
from spc_desktop.hub.ports import Store
from spc_desktop.hub.samples import SAMPLING
from spc_desktop.hub.station import Station
from spc_desktop.protocol import messages as m


class _Looked(NamedTuple):
    """What was found at the last look, and what it was found from."""

    plan: SamplingPlan
    calendar: ShiftCalendar | None
    last: datetime | None
    at: datetime
    found: Sampling

    def holds(self, plan: SamplingPlan, calendar: ShiftCalendar | None, last: datetime | None, now: datetime) -> bool:
        """Tell whether another look would find the same; a clock that was set back asks for another look."""
        if self.plan is not plan or self.calendar is not calendar or self.last != last:
            return False
        return self.at <= now and (self.found.following is None or now < self.found.following)


class SamplingClock:
    """Tells what is due. It remembers its last look, since most seconds bring nothing."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._register: Register | None = None
        self._plans: list[SamplingPlan] = []
        self._looked: dict[int, _Looked] = {}

    def plans(self) -> list[SamplingPlan]:
        """Return the sampling plans; those of retired characteristics too, since what they raised has to end."""
        register = self._station.register
        if register is not self._register:
            self._register = register
            known = self._station.watches
            self._plans = [plan for plan in register.of_kind(SamplingPlan) if plan.characteristic_id in known]
        return self._plans

    def _is_active(self, plan: SamplingPlan) -> bool:
        watch = self._station.watches[plan.characteristic_id]
        return watch.characteristic.active and watch.product.active

    def look(self, plan: SamplingPlan, now: datetime) -> Sampling:
        """Return where the sampling of a characteristic stands; of a retired one nothing is due."""
        if not self._is_active(plan):
            return NOTHING
        calendar, last = self._station.register.calendar, self._station.samples.served(plan.characteristic_id)
        known = self._looked.get(plan.characteristic_id)
        if known is None or not known.holds(plan, calendar, last, now):
            known = _Looked(plan, calendar, last, now, look(plan, calendar, last, now))
            self._looked[plan.characteristic_id] = known
        return known.found

    def is_due(self, now: datetime, steady: datetime) -> bool:
        """Tell whether anything has become overdue, silent, missed, or is so no longer."""
        return any(self._differs(plan, now, steady) for plan in self.plans())

    def _differs(self, plan: SamplingPlan, now: datetime, steady: datetime) -> bool:
        station, characteristic_id = self._station, plan.characteristic_id
        watch, found = station.watches[characteristic_id], self.look(plan, now)
        station.samples.heard.setdefault(characteristic_id, steady)
        waiting = station.samples.waiting.get(characteristic_id)
        if waiting != found.due and (waiting is not None or found.minutes_overdue(now)):
            return True
        if self._holds(watch, found, now) != self._is_active_alert(overdue_key(watch), characteristic_id):
            return True
        silent = self._is_silent(plan, now, steady)
        return silent != self._is_active_alert(silent_key(watch), characteristic_id)

    def _is_active_alert(self, key: str, characteristic_id: int) -> bool:
        known = self._station.current.get(characteristic_id, {}).get(key)
        return known is not None and known.active

    def _holds(self, watch: Watch, found: Sampling, now: datetime) -> bool:
        """Once overdue, it stays so until there is a sample: the grace of the next time is none for the one before."""
        if found.due is None:
            return False
        return found.minutes_overdue(now) > 0 or self._is_active_alert(overdue_key(watch), watch.characteristic.id)

    def _is_silent(self, plan: SamplingPlan, now: datetime, steady: datetime) -> bool:
        heard = self._station.samples.heard.get(plan.characteristic_id)
        if plan.silent_minutes is None or heard is None or not self._is_active(plan):
            return False
        return is_silent(plan, self._station.register.calendar, steady - heard, now)

    def tick(self, draft: Draft) -> None:
        """Carry out what time has brought."""
        for plan in self.plans():
            if self._differs(plan, draft.now, draft.steady):
                self._carry_out(draft, plan)

    def _carry_out(self, draft: Draft, plan: SamplingPlan) -> None:
        characteristic_id = plan.characteristic_id
        watch = draft.watch(characteristic_id)
        found = self.look(plan, draft.now)
        minutes = found.minutes_overdue(draft.now)
        waiting = self._station.samples.waiting.get(characteristic_id)
        if waiting is not None and found.due is not None and found.due > waiting:
            add_missed(draft, watch, waiting)
        draft.samples.wait_for(characteristic_id, found.due if minutes else None)
        params = _about(watch)
        if minutes and found.due is not None:
            params |= {"minutes": minutes, "due": found.due.isoformat()}
        self._raise_or_settle(
            draft,
            watch,
            overdue_key(watch),
            AlertType.SAMPLE_OVERDUE,
            params,
            holds=self._holds(watch, found, draft.now),
        )
        heard = self._station.samples.heard.get(characteristic_id)
        silent = self._is_silent(plan, draft.now, draft.steady)
        params = _about(watch)
        if heard is not None:
            since = draft.now - (draft.steady - heard)
            params |= {"since": f"{since:%Y-%m-%d %H:%M}"}
        self._raise_or_settle(draft, watch, silent_key(watch), AlertType.STREAM_SILENT, params, holds=silent)

    def _raise_or_settle(
        self,
        draft: Draft,
        watch: Watch,
        key: str,
        alert_type: AlertType,
        params: dict[str, float | int | str],
        *,
        holds: bool,
    ) -> None:
        if holds == self._is_active_alert(key, watch.characteristic.id):
            return
        index = draft.state(watch.characteristic.id).next_index - 1
        if holds:
            signal = Signal(key, alert_type, Priority.MEDIUM, alert_type.value.lower(), params)
            draft.apply_observed(watch, Observed(index, (signal,)))
        else:
            draft.apply_observed(watch, Observed(index, settles=frozenset({key})))

    def answer(self, now: datetime, steady: datetime) -> tuple[m.SampleDue, ...]:
        """Answer ``GetDue``: what waits longest first, then what comes next."""
        found = []
        for plan in filter(self._is_active, self.plans()):
            state = self.look(plan, now)
            heard = self._station.samples.heard.get(plan.characteristic_id)
            silent = heard is not None and self._is_silent(plan, now, steady)
            found.append(
                m.SampleDue(
                    characteristic_id=plan.characteristic_id,
                    due_at=state.due,
                    next_at=state.following,
                    overdue_minutes=state.minutes_overdue(now),
                    last_at=self._station.samples.served(plan.characteristic_id),
                    silent_since=now - (steady - heard) if silent and heard is not None else None,
                )
            )
        far = datetime.max.replace(tzinfo=now.tzinfo)
        return tuple(sorted(found, key=lambda one: (one.due_at is None, one.due_at or one.next_at or far)))


def overdue_key(watch: Watch) -> str:
    """Return the key of the alert about an overdue sample."""
    return f"{watch.key}/sampling/overdue"


def silent_key(watch: Watch) -> str:
    """Return the key of the alert about a silent source."""
    return f"{watch.key}/sampling/silent"


def _about(watch: Watch) -> dict[str, float | int | str]:
    characteristic = watch.characteristic
    params: dict[str, float | int | str] = {"char": characteristic.name}
    if characteristic.name_en:
        params["char_en"] = characteristic.name_en
    return params


async def read_sampling(store: Store, station: Station, steady: datetime) -> None:
    """Give the station what it knew of samples before it was stopped."""
    samples = station.samples
    samples.restore(await store.documents(SAMPLING))
    for plan in station.register.of_kind(SamplingPlan):
        samples.heard[plan.characteristic_id] = steady
        rows = await store.query(m.GetMeasurements(characteristic_id=plan.characteristic_id, limit=1))
        if rows:
            samples.last[plan.characteristic_id] = rows[0].measured_at
