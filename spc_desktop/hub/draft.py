"""What one batch would change: folded over the station, written by the store, then adopted or thrown away."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from spc_desktop.domain import alert as alerts
from spc_desktop.domain.admission import check_item
from spc_desktop.domain.alert import Alert, Change, Moment, Observed
from spc_desktop.domain.conditioning import AlarmState, delay, effect, inhibit
from spc_desktop.domain.control_plan import FrozenLimits
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.handling import masked, verify
from spc_desktop.domain.masks import ENDED, SET, Mask, strongest
from spc_desktop.domain.measurement import Measurement, MeasurementIn, Quarantined
from spc_desktop.domain.monitor import Judged, MonitorState, Step, close_open, encode_state, step
from spc_desktop.domain.note import Note
from spc_desktop.domain.point import Point
from spc_desktop.domain.product import Product
from spc_desktop.domain.signals import observe, owner_of, rule_type, spec_key
from spc_desktop.domain.watch import Watch
from spc_desktop.hub.ports import AlertChange, Batch
from spc_desktop.hub.station import NO_CHARACTERISTIC, Station
from spc_desktop.protocol import messages as m

_NOTHING: Mapping[str, Alert] = {}


class Draft:
    """Working copy for one batch. Reads fall through to the station; writes stay here."""

    def __init__(self, station: Station, now: datetime, words: alerts.Words, steady: datetime | None = None) -> None:
        self.station = station
        self.now = now
        self.steady = steady or now
        self.words = words
        self.batch = Batch()
        self.products: dict[int, Product] = {}
        self.watches: dict[int, Watch] = {}
        self.states: dict[int, MonitorState] = {}
        self.next_ids = dict(station.next_ids)
        self.accounts = station.accounts
        self.register = station.register
        self.badges = station.badges
        self.preferences = station.preferences
        self.known: dict[str, int] = {}
        """Key -> first row, of what was stored before and of this batch."""
        self.known_rows: dict[str, Measurement] = {}
        self.known_notes: dict[str, Note] = {}
        self.samples = station.samples.draft()
        self._current: dict[int, dict[str, Alert]] = {}
        self._alerts: dict[int, Alert] = {}
        self._ended: dict[int, Alert] = {}
        self._first_row = station.next_ids["measurement"]
        self._points: dict[int, dict[int, Point]] = {}
        self._limits: list[m.LimitsEvent] = []
        self._repeats: dict[int, int] = {}
        self.masks = dict(station.masks)

    # -- looking up ----------------------------------------------------------------------------------------------------

    def watch(self, characteristic_id: int) -> Watch:
        """Return the watch on a characteristic.

        Raises:
            UserError: ``unknown_characteristic``.
        """
        return self.watches.get(characteristic_id) or self.station.watch(characteristic_id)

    def state(self, characteristic_id: int) -> MonitorState:
        state = self.states.get(characteristic_id)
        return self.station.states[characteristic_id] if state is None else state

    def product(self, product_id: int) -> Product:
        """Return a product.

        Raises:
            UserError: ``unknown_product``.
        """
        product = self.products.get(product_id) or self.station.products.get(product_id)
        if product is None:
            raise UserError("unknown_product", product_id=product_id)
        return product

    def alert(self, alert_id: int) -> Alert:
        """Return an alert as it is at this point of the batch.

        Raises:
            UserError: ``not_found``.
        """
        found = self._alerts.get(alert_id) or self.station.open_alerts.get(alert_id)
        found = found or self.station.verifying.get(alert_id) or self._ended.get(alert_id)
        if found is None:
            raise UserError("not_found", what="alert", id=alert_id)
        return found

    def lend(self, ended: Iterable[Alert]) -> None:
        """Give the rows of ended alerts that a command of this batch asks for."""
        self._ended.update((alert.id, alert) for alert in ended)

    def new_id(self, kind: str) -> int:
        new = self.next_ids[kind]
        self.next_ids[kind] = new + 1
        return new

    # -- measurements --------------------------------------------------------------------------------------------------

    def measure(self, item: MeasurementIn) -> tuple[int, int]:
        """Judge one measurement; returns the id of its first row and the number of its rows.

        Raises:
            UserError: it cannot be judged; the draft is as it was before.
        """
        characteristic_id = item.characteristic_id
        watch = self.watch(characteristic_id)
        check_item(watch, item)
        first_id = self.next_ids["measurement"]
        done = step(watch, self.state(characteristic_id), item, first_id)
        count = len(done.measurements)
        self.next_ids["measurement"] = first_id + count
        if item.key:
            self.batch.keys.append((item.key, first_id))
        self._take(watch, done)
        return first_id, count

    def close_open(self, characteristic_id: int) -> None:
        """Judge the open subgroup as it is."""
        watch = self.watch(characteristic_id)
        self._take(watch, close_open(watch, self.state(characteristic_id)))

    def _take(self, watch: Watch, done: Step) -> None:
        """Record all that one step of the fold changes."""
        characteristic_id = watch.characteristic.id
        alarms = self.state(characteristic_id).alarms
        # The fold of points knows nothing of alarms; what they wait for is carried on beside it.
        state = done.state if alarms is None else msgspec.structs.replace(done.state, alarms=alarms)
        self.states[characteristic_id] = state
        if done.measurements:
            self.samples.measured(characteristic_id, min(done.measurements[-1].measured_at, self.now), self.steady)
        self._add_rows(watch, done)
        for judged in done.points:
            self._add_point(watch, judged)
        if alarms is not None or _is_noteworthy(done) or self._has_active(characteristic_id):
            for observed in observe(done.watch, done):
                self.judge(done.watch, observed)
        if done.limits is not None:
            self.watches[characteristic_id] = done.watch
            self.add_limits(watch, done.limits)

    def rows(self, first_id: int, count: int) -> list[Measurement]:
        """Return rows of this batch as they are now: their ids count on from the batch's first."""
        at = first_id - self._first_row
        return self.batch.measurements[at : at + count]

    def quarantine(self, item: MeasurementIn, error: UserError, at: int) -> m.Rejected:
        """Keep a measurement that cannot be judged, with its reason; ``at`` is its place in its submission."""
        params = {name: str(value) for name, value in error.params.items()}
        self.batch.quarantined.append(Quarantined(received_at=self.now, reason=error.code, params=params, item=item))
        return m.Rejected(i=at, code=error.code, params=params)

    def _add_rows(self, watch: Watch, done: Step) -> None:
        batch = self.batch
        batch.measurements.extend(done.measurements)
        for row in done.measurements:
            if not (row.is_within_spec and row.is_within_control):
                self._announce(watch, row)
        for row in done.settled:
            self._settle(row.characteristic_id, row.id, row.point_index, row.is_within_control)
            if row.is_within_spec and not row.is_within_control:
                self._announce(watch, row)

    def _announce(self, watch: Watch, row: Measurement) -> None:
        product = watch.product
        self.batch.events.append(
            m.MeasurementEvent(ts=self.now, product_id=product.id, measurement=row, product_code=product.code)
        )

    def _settle(self, characteristic_id: int, row_id: int, index: int, within: bool) -> None:
        """Say which point an earlier row belongs to, in this batch's list or in the table."""
        at = row_id - self._first_row
        if at >= 0:
            row = self.batch.measurements[at]
            self.batch.measurements[at] = msgspec.structs.replace(row, point_index=index, is_within_control=within)
            return
        self.batch.settled.setdefault(characteristic_id, []).append(row_id)
        self.batch.settled_as[row_id] = (index, within)

    def _add_point(self, watch: Watch, judged: Judged) -> None:
        point = judged.point
        self.put_point(point)
        if not judged.violated:
            return
        if judged.retrospective:
            for row_id in judged.ids:
                self._settle(point.characteristic_id, row_id, point.index, False)
        for spec, panel in zip(watch.chart.panels, point.panels, strict=True):
            for violation in panel.violations:
                row = m.ViolationOut(
                    id=self.new_id("violation"),
                    rule_type=rule_type(watch.rules.get(violation.rule), violation.rule),
                    detected_at=self.now,
                    characteristic_id=point.characteristic_id,
                    point_index=point.index,
                    panel=spec.key,
                    rule=violation.rule,
                    members=violation.members,
                )
                self.batch.violations.append(row)
                event = m.RunRuleViolationEvent(ts=self.now, product_id=watch.product.id, violation=row)
                self.batch.events.append(event)

    def put_point(self, point: Point) -> None:
        """Store and send a point, in place of an earlier version with its index."""
        self._points.setdefault(point.characteristic_id, {})[point.index] = point

    def point(self, characteristic_id: int, index: int) -> Point | None:
        """Return a point that this batch has made or changed."""
        return self._points.get(characteristic_id, {}).get(index)

    # -- limits and alerts ---------------------------------------------------------------------------------------------

    def add_limits(self, watch: Watch, limits: FrozenLimits) -> None:
        self.batch.limits.append(limits)
        self._limits.append(m.LimitsEvent(ts=self.now, product_id=watch.product.id, limits=limits))

    def _has_active(self, characteristic_id: int) -> bool:
        for alert in self._current_of(characteristic_id).values():  # noqa: SIM110 - as in _is_noteworthy
            if alert.active:
                return True
        return False

    def _current_of(self, characteristic_id: int) -> Mapping[str, Alert]:
        current = self._current.get(characteristic_id)
        return self.station.current.get(characteristic_id, _NOTHING) if current is None else current

    def judge(self, watch: Watch, observed: Observed) -> None:
        """Fold one judgement into the alerts of its characteristic: verification, delays, inhibition, alerts."""
        characteristic_id, policy = watch.characteristic.id, watch.plan.alarm
        alarms = self.state(characteristic_id).alarms or AlarmState()
        current = self._current_of(characteristic_id)
        verifying, verdicts = effect(alarms.verifying, observed) if alarms.verifying else ({}, [])
        shown, waiting = delay(policy, alarms.waiting, current, observed, self.steady)
        masked = {mask_key for mask_key in (spec_key(watch),) if self.mask_of(watch.product.id, mask_key) is not None}
        shown = inhibit(policy, current, shown, masked)
        self.put_alarms(characteristic_id, AlarmState(waiting=waiting, verifying=verifying))
        for verdict in verdicts:
            self.add_change(verify(self.alert(verdict.alert_id), verdict.effective, ""))
        self.apply_observed(watch, shown)

    def apply_observed(self, watch: Watch, observed: Observed) -> None:
        """Fold what is to be shown into the alerts of a characteristic."""
        current = self._current_of(watch.characteristic.id)
        moment = Moment(self.now, self.steady, self.words, self.masks.values(), watch.plan.alarm)
        for change in alerts.step(current, observed, owner_of(watch), moment, self.next_ids["alert"]):
            if change.change == "raised":
                self.next_ids["alert"] += 1
            self.add_change(change)

    def put_alarms(self, characteristic_id: int, alarms: AlarmState) -> None:
        """Remember what the alarms of a characteristic wait for."""
        kept = alarms if alarms.waiting or alarms.verifying else None
        state = self.state(characteristic_id)
        if state.alarms != kept:
            self.states[characteristic_id] = msgspec.structs.replace(state, alarms=kept)

    def newest(self, alert: Alert) -> Alert | None:
        """Return the newest open alert of the same alarm."""
        return self._current_of(alert.characteristic_id or NO_CHARACTERISTIC).get(alert.key) if alert.key else None

    def newest_of(self, key: str) -> Alert | None:
        """Return the newest open alert of a key that belongs to no characteristic."""
        return self._current_of(NO_CHARACTERISTIC).get(key) if key else None

    def start_verifying(self, alert: Alert, points: int) -> None:
        """Watch so many points of the alert's characteristic."""
        self._verifying(alert, (alert.id, points))

    def stop_verifying(self, alert: Alert) -> None:
        """A person has stated the result."""
        if alert.life.verification == "watching":
            self._verifying(alert, None)

    def _verifying(self, alert: Alert, entry: tuple[int, int] | None) -> None:
        characteristic_id = alert.characteristic_id or NO_CHARACTERISTIC
        alarms = self.state(characteristic_id).alarms or AlarmState()
        verifying = {key: known for key, known in alarms.verifying.items() if key != alert.key}
        if entry is not None:
            verifying[alert.key] = entry
        self.put_alarms(characteristic_id, msgspec.structs.replace(alarms, verifying=verifying))

    def mask_of(self, product_id: int, key: str) -> Mask | None:
        """Return the mask an alarm is under."""
        return strongest(self.masks.values(), product_id, key) if self.masks else None

    def set_masks(self, changes: Mapping[str, Mask | None], by: str) -> list[Alert]:
        """Set (mask) or end (None) masks, and tell of each open alert that is shown otherwise; returns these."""
        shown: dict[int, Alert] = {}
        for name, mask in changes.items():
            old = self.masks.pop(name, None)
            if mask is not None:
                self.masks[name] = mask
            self.batch.masks[name] = mask
            covering = mask or old
            if covering is None:
                continue
            what = SET[covering.kind] if mask is not None else ENDED[covering.kind]
            for alert in self.open_alerts():
                if covering.covers(alert.product_id, alerts.mask_key(alert)):
                    new = self.mask_of(alert.product_id, alerts.mask_key(alert))
                    if new != alert.mask:
                        self.add_change(masked(alert, new, what, by, self.steady))
                    shown[alert.id] = self.alert(alert.id)
        return list(shown.values())

    def open_alerts(self) -> list[Alert]:
        """Return every open alert as it is at this point of the batch."""
        return [alert for alert in {**self.station.open_alerts, **self._alerts}.values() if alert.status in alerts.OPEN]

    def _end_one_shots(self, alert: Alert) -> None:
        """End the shelves that were to last until this alarm returned."""
        key = alerts.mask_key(alert)
        ended = [name for name, mask in self.masks.items() if mask.one_shot and mask.key == key]
        self.set_masks(dict.fromkeys(ended), "")

    def add_change(self, change: Change) -> None:
        """Record one transition of an alert: row, history and event.

        Repetitions of one alert within a batch are one event with the final count: nobody could read them one by one.
        """
        alert = change.alert
        characteristic_id = alert.characteristic_id or NO_CHARACTERISTIC
        if characteristic_id not in self._current:
            self._current[characteristic_id] = dict(self.station.current.get(characteristic_id, _NOTHING))
        self._alerts[alert.id] = alert
        keys = self._current[characteristic_id]
        if alert.key:
            newest = keys.get(alert.key)
            if alert.status in alerts.ENDED:
                if newest is not None and newest.id == alert.id:
                    del keys[alert.key]
            elif newest is None or newest.id <= alert.id:
                keys[alert.key] = alert
        event = m.AlertEvent(ts=self.now, product_id=alert.product_id, alert=alert, change=change.change, by=change.by)
        row = AlertChange(alert.id, self.now, change.change, change.by, change.comment, alert.rev)
        at = self._repeats.get(alert.id)
        if change.change == "repeated" and at is not None:
            self.batch.events[at] = event
            return
        self._repeats.pop(alert.id, None)
        if change.change == "repeated":
            self._repeats[alert.id] = len(self.batch.events)
        self.batch.events.append(event)
        self.batch.alert_changes.append(row)
        if self.masks and (change.change == "returned" or alert.status in alerts.ENDED):
            self._end_one_shots(alert)

    # -- the end of the batch ------------------------------------------------------------------------------------------

    def finish(self) -> Batch:
        """Return the transaction: what was folded, and the events that tell of it."""
        batch = self.batch
        batch.alerts.extend(self._alerts.values())
        batch.documents.extend(self.samples.documents())
        batch.monitor_states.update((key, encode_state(state)) for key, state in self.states.items())
        batch.events.extend(self._limits)
        for characteristic_id, points in self._points.items():
            batch.points.extend(points.values())
            product_id = self.watch(characteristic_id).product.id
            batch.events.append(
                m.PointsEvent(
                    ts=self.now,
                    product_id=product_id,
                    characteristic_id=characteristic_id,
                    points=tuple(points.values()),
                )
            )
        return batch

    def adopt(self) -> None:
        """Make it the station's state: the batch is committed."""
        station = self.station
        for product in self.products.values():
            station.put_product(product)
        for watch in self.watches.values():
            station.put_watch(watch)
        station.states.update(self.states)
        for alert in self._alerts.values():
            station.put_alert(alert)
        station.next_ids = self.next_ids
        station.masks = self.masks
        station.accounts = self.accounts
        station.register = self.register
        station.badges = self.badges
        station.preferences = self.preferences
        station.samples.adopt(self.samples)
        station.outbox.adopt(self.batch.deliveries)


def _is_noteworthy(done: Step) -> bool:
    """Tell whether the step can fire an alarm at all: most cannot, and are not looked at again."""
    if done.limits is not None:
        return True
    for judged in done.points:
        if judged.violated or judged.point.out_of_spec:
            return True
    for row in done.measurements:  # noqa: SIM110 - loops: this runs for every measurement, a generator costs a microsecond
        if not row.is_within_spec:
            return True
    return False
