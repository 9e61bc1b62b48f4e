"""``MemoryStore``: the store's contract in memory, for programs that keep nothing and for fast tests.

What was appended survives ``async with`` as a file would: the same object may be opened again. Structs are kept as they
are; they are frozen, so nobody can change history.
"""

import uuid
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Self

import msgspec
import numpy as np

from spc_desktop.domain.alert import OPEN, Alert, AlertType, Priority, Status
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits
from spc_desktop.domain.delivery import Delivery
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.masks import Mask
from spc_desktop.domain.measurement import Measurement, Quarantined
from spc_desktop.domain.note import Note
from spc_desktop.domain.point import PanelColumns, PanelValue, Point, PointColumns, PointMark
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.ports import AlertChange, Batch, Stored
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import setting_up
from spc_desktop.spc.charts import CHARTS
from spc_desktop.storage import audit, deliveries, history, search, traces

_FIELDS = ("value", "center", "lcl", "ucl", "sigma")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """``hub.ports.Store`` in memory.

    Args:
        now: the wall clock, for the dashboard's days.
        keep_events: length of the event log; older ones are purged.
    """

    def __init__(self, *, now: Callable[[], datetime] = _utc_now, keep_events: int = 1_000_000) -> None:
        self._now = now
        self._keep_events = keep_events
        self._epoch = uuid.uuid4().hex
        self._events: list[m.AnyEvent] = []
        self._first = 1
        self._products: dict[int, Product] = {}
        self._characteristics: dict[int, Characteristic] = {}
        self._plans: dict[int, ControlPlan] = {}
        self._limits: dict[int, FrozenLimits] = {}
        self._all_limits: dict[tuple[int, int], FrozenLimits] = {}
        self._measurements: dict[int, Measurement] = {}
        self._by_characteristic: dict[int, list[int]] = {}
        self._points: dict[int, list[Point]] = {}
        self._alerts: dict[int, Alert] = {}
        self._alert_seq: dict[int, int] = {}
        self._keys: dict[str, int] = {}
        self._states: dict[int, bytes] = {}
        self._capabilities: list[m.CapabilityOut] = []
        self._masks: dict[str, Mask] = {}
        self._violations = 0
        self._documents: dict[tuple[str, str], bytes] = {}
        self._notes: list[Note] = []
        self._deliveries: dict[int, Delivery] = {}
        self._audit: list[m.AuditEntry] = []
        self.alert_changes: list[AlertChange] = []
        self.quarantined: list[Quarantined] = []
        self.failing: KnownError | None = None
        """While set, every ``append`` raises it: a full disk, for who wants to see what happens then."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def load(self) -> Stored:
        return Stored(
            epoch=self._epoch,
            head=self._head,
            catalogue=self._catalogue(m.GetCatalogue()),
            monitor_states=dict(self._states),
            open_alerts=[alert for alert in self._alerts.values() if alert.status in OPEN],
            next_ids={
                "measurement": max(self._measurements, default=0) + 1,
                "alert": max(self._alerts, default=0) + 1,
                "violation": self._violations + 1,
                "capability": max((row.id for row in self._capabilities), default=0) + 1,
                "product": max(self._products, default=0) + 1,
                "characteristic": max(self._characteristics, default=0) + 1,
                "note": len(self._notes) + 1,
                "delivery": max(self._deliveries, default=0) + 1,
            },
            masks=list(self._masks.values()),
        )

    async def known_keys(self, keys: Collection[str]) -> dict[str, int]:
        return {key: self._keys[key] for key in keys if key in self._keys}

    async def noted(self, key: str) -> Note | None:
        return next((note for note in self._notes if key and note.key == key), None)

    async def measurement(self, row_id: int) -> Measurement | None:
        return self._measurements.get(row_id)

    async def documents(self, kind: str) -> dict[str, bytes]:
        found = sorted((key, body) for (of, key), body in self._documents.items() if of == kind)
        return dict(found)

    async def append(self, batch: Batch) -> list[m.AnyEvent]:
        if self.failing is not None:
            raise self.failing
        seq = self._head
        events: list[m.AnyEvent] = []
        for event in batch.events:
            seq += 1
            events.append(msgspec.structs.replace(event, seq=seq, epoch=self._epoch))
        self._events += events
        self._purge()
        self._append_rows(batch)
        for event in events:
            if isinstance(event, m.AlertEvent):
                self._alert_seq[event.alert.id] = event.seq
        return events

    async def query(self, query: m.AnyQuery) -> Any:
        answer = self._answers[type(query)]
        return answer(self, query)

    async def measurements_between(
        self, characteristic_id: int, first_index: int, last_index: int
    ) -> Sequence[Measurement]:
        rows = (self._measurements[row_id] for row_id in self._by_characteristic.get(characteristic_id, ()))
        found = [row for row in rows if first_index <= row.point_index <= last_index and row.point_index >= 0]
        return sorted(found, key=lambda row: (row.point_index, row.id))

    async def points_between(self, characteristic_id: int, first_index: int, last_index: int) -> Sequence[Point]:
        return self._points.get(characteristic_id, [])[max(first_index, 0) : last_index + 1]

    # -- writing -------------------------------------------------------------------------------------------------------

    @property
    def _head(self) -> int:
        return self._first + len(self._events) - 1

    def _purge(self) -> None:
        excess = len(self._events) - self._keep_events
        if excess > 0:
            del self._events[:excess]
            self._first += excess

    def _append_rows(self, batch: Batch) -> None:
        for row in batch.measurements:
            self._measurements[row.id] = row
            self._by_characteristic.setdefault(row.characteristic_id, []).append(row.id)
        for row_id, (index, within) in batch.settled_as.items():
            row = self._measurements[row_id]
            self._measurements[row_id] = msgspec.structs.replace(row, point_index=index, is_within_control=within)
        self._keys.update(batch.keys)
        for point in batch.points:
            points = self._points.setdefault(point.characteristic_id, [])
            points[point.index : point.index + 1] = [point]
        self._violations = max([self._violations, *(violation.id for violation in batch.violations)])
        self._alerts.update((alert.id, alert) for alert in batch.alerts)
        self._states.update(batch.monitor_states)
        self._products.update((product.id, product) for product in batch.products)
        self._characteristics.update((entry.id, entry) for entry in batch.characteristics)
        self._plans.update((plan.characteristic_id, plan) for plan in batch.plans)
        for limits in batch.limits:
            self._limits[limits.characteristic_id] = limits
            self._all_limits[limits.characteristic_id, limits.revision] = limits
        self._capabilities += batch.capabilities
        self.alert_changes += batch.alert_changes
        for name, mask in batch.masks.items():
            self._masks.pop(name, None)
            if mask is not None:
                self._masks[name] = mask
        self.quarantined += batch.quarantined
        self._notes += batch.notes
        self._deliveries.update((one.id, one) for one in batch.deliveries)
        for document in batch.documents:
            place = document.kind, document.key
            if document.body is None:
                self._documents.pop(place, None)
            else:
                self._documents[place] = document.body
        last = self._audit[-1] if self._audit else None
        seq, previous = (last.seq, bytes.fromhex(last.hash)) if last else (0, audit.BEGINNING)
        self._audit += [audit.entry_of(row) for row in audit.chained(batch.audit, seq, previous)]

    # -- answers -------------------------------------------------------------------------------------------------------

    def _catalogue(self, _query: m.GetCatalogue) -> m.Catalogue:
        return m.Catalogue(
            products=tuple(self._products.values()),
            characteristics=tuple(self._characteristics.values()),
            plans=tuple(self._plans.values()),
            states=tuple(self._state(characteristic_id) for characteristic_id in self._characteristics),
            seq=self._head,
        )

    def _state(self, characteristic_id: int) -> m.CharacteristicState:
        limits = self._limits.get(characteristic_id)
        plan = self._plans.get(characteristic_id)
        points = len(self._points.get(characteristic_id, ()))
        learning = limits is None and plan is not None and plan.policy.mode == "learn"
        left = max(0, plan.policy.learn_subgroups - points) if plan is not None and learning else 0
        return m.CharacteristicState(
            characteristic_id=characteristic_id, points=points, learning_left=left, limits=limits
        )

    def _alert_page(self, query: m.GetAlerts) -> m.AlertPage:
        found = [alert for alert in self._alerts.values() if self._matches(alert, query)]
        found.sort(key=lambda alert: -alert.id)
        page = [alert for alert in found if query.before_id is None or alert.id < query.before_id]
        return m.AlertPage(alerts=tuple(page[: max(0, query.limit)]), total=len(found))

    def _matches(self, alert: Alert, query: m.GetAlerts) -> bool:
        names = ("product_id", "characteristic_id", "alert_type", "priority", "status")
        if any(getattr(query, name) not in (None, getattr(alert, name)) for name in names):
            return False
        if query.after_seq is not None and self._alert_seq.get(alert.id, 0) <= query.after_seq:
            return False
        return not query.open_only or alert.status in OPEN

    def _alert(self, query: m.GetAlert) -> Alert:
        alert = self._alerts.get(query.alert_id)
        if alert is None:
            raise UserError("not_found", what="alert", id=query.alert_id)
        return alert

    def _alert_history(self, query: m.GetAlertHistory) -> tuple[m.AlertStep, ...]:
        found = [one for one in self.alert_changes if one.alert_id == query.alert_id]
        if not found:
            raise UserError("not_found", what="alert", id=query.alert_id)
        return tuple(
            m.AlertStep(at=one.at, change=one.change, by=one.by, comment=one.comment, rev=one.rev) for one in found
        )

    def _dashboard(self, query: m.GetDashboard) -> m.Dashboard:
        since = self._now() - timedelta(days=query.days)
        by_priority = {priority.name.lower(): 0 for priority in sorted(Priority, reverse=True)}
        by_status = {status.value.lower(): 0 for status in Status}
        by_type = {alert_type.value: 0 for alert_type in AlertType}
        recent = [alert for alert in self._alerts.values() if alert.created_at >= since]
        for alert in recent:
            by_priority[alert.priority.name.lower()] += 1
            by_status[alert.status.value.lower()] += 1
            by_type[alert.alert_type.value] += 1
        return m.Dashboard(total=len(recent), by_priority=by_priority, by_status=by_status, by_type=by_type)

    def _measurement_rows(self, query: m.GetMeasurements) -> tuple[Measurement, ...]:
        if query.characteristic_id is not None:
            of = [query.characteristic_id]
        else:
            of = [entry.id for entry in self._characteristics.values() if entry.product_id == query.product_id]
        limit = max(0, query.limit)
        ids = [row_id for key in of for row_id in self._by_characteristic.get(key, [])[-limit or None :]]
        return tuple(self._measurements[row_id] for row_id in sorted(ids, reverse=True)[:limit])

    def _columns(self, query: m.GetPoints) -> PointColumns:
        points = self._points.get(query.characteristic_id, [])
        stop = len(points) if query.before is None else max(0, min(query.before, len(points)))
        start = max(0, stop - max(0, query.limit))
        plan = self._plans.get(query.characteristic_id)
        keys = [panel.key for panel in CHARTS[plan.chart].panels] if plan is not None else []
        shown = points[start:stop]
        return PointColumns(
            characteristic_id=query.characteristic_id,
            first_index=start,
            count=len(shown),
            total=len(points),
            measured_at=np.array([point.measured_at.timestamp() for point in shown], "<f8").tobytes(),
            subgroup_number=np.array([point.subgroup_number for point in shown], "<i8").tobytes(),
            panels=tuple(_panel_columns(key, at, shown) for at, key in enumerate(keys)),
            marks=tuple(mark for point in shown if (mark := _mark(point, keys)) is not None),
        )

    def _whole_points(self, query: m.GetWholePoints) -> tuple[Point, ...]:
        known = self._points.get(query.characteristic_id, [])
        stop = len(known) if query.before is None else min(max(0, query.before), len(known))
        return tuple(known[max(0, stop - max(0, min(query.limit, m.MOST_WHOLE_POINTS))) : stop])

    def _point(self, query: m.GetPoint) -> m.PointDetail:
        points = self._points.get(query.characteristic_id, [])
        if not 0 <= query.index < len(points):
            raise UserError("not_found", what="point", id=query.index)
        ids = self._by_characteristic.get(query.characteristic_id, ())
        rows = [row for row in map(self._measurements.__getitem__, ids) if row.point_index == query.index]
        return m.PointDetail(point=points[query.index], measurements=tuple(rows))

    def _traces(self, query: m.FindTrace) -> tuple[m.TraceHit, ...]:
        return traces.among(self._measurements, query)

    def _limits_history(self, query: m.GetLimits) -> tuple[FrozenLimits, ...]:
        found = sorted(place for place in self._all_limits if place[0] == query.characteristic_id)
        return tuple(self._all_limits[place] for place in found)

    def _groups(self, query: m.GetPointGroups) -> m.PointGroups:
        ids = self._by_characteristic.get(query.characteristic_id, ())
        return traces.groups_among((self._measurements[row_id] for row_id in ids), query)

    def _event_page(self, query: m.GetEvents) -> m.EventPage:
        start = max(0, query.since + 1 - self._first)
        same_log = query.epoch in {"", self._epoch}
        events = self._events[start : start + max(0, query.limit)] if same_log else []
        return m.EventPage(events=tuple(events), epoch=self._epoch, head=self._head, first=self._first)

    def _capability_rows(self, query: m.GetCapabilities) -> tuple[m.CapabilityOut, ...]:
        found = [
            row
            for row in reversed(self._capabilities)
            if query.characteristic_id in {None, row.characteristic_id} and query.product_id in {None, row.product_id}
        ]
        return tuple(found[: max(0, query.limit)])

    def _audit_entries(self, query: m.GetAudit) -> tuple[m.AuditEntry, ...]:
        names = ("actor", "action", "object")
        return self._newest(
            query, lambda entry: all(getattr(query, one) in {None, getattr(entry, one)} for one in names)
        )

    def _changes(self, query: m.GetChanges) -> tuple[m.AuditEntry, ...]:
        names = setting_up.told(query)
        return self._newest(query, lambda entry: entry.object in names)

    def _newest(
        self, query: m.GetAudit | m.GetChanges, wanted: Callable[[m.AuditEntry], bool]
    ) -> tuple[m.AuditEntry, ...]:
        before = query.before_seq
        early = (entry for entry in reversed(self._audit) if before is None or entry.seq < before)
        return tuple(islice(filter(wanted, early), max(0, query.limit)))

    def _history(self, query: m.GetHistory) -> m.HistoryPage:
        history.check_shift(query)
        words = search.folded(query.text).split()
        said: dict[int, list[str]] = {}
        for change in self.alert_changes:
            said.setdefault(change.alert_id, []).append(search.folded(change.comment))
        found = []
        for alert in sorted(self._alerts.values(), key=lambda alert: -alert.id):
            text = "\n".join((search.text_of(alert), *said.get(alert.id, ())))
            early = query.before_id is None or alert.id < query.before_id
            if early and history.matches(alert, query) and all(word in text for word in words):
                found.append(alert)
        limit = max(0, query.limit)
        return m.HistoryPage(alerts=tuple(found[:limit]), more=len(found) > limit)

    def _statistics(self, query: m.GetStatistics) -> m.Statistics:
        return history.statistics_of(self._alerts.values(), query, self._now())

    def _rule_record(self, query: m.GetRuleRecord) -> tuple[m.RuleRecord, ...]:
        history.check_shift(query)
        found = (alert for alert in self._alerts.values() if alert.code and history.matches(alert, query))
        return history.records((one.code, one.status.value, bool(one.root_cause.strip()), 1) for one in found)

    def _note_rows(self, query: m.GetNotes) -> tuple[Note, ...]:
        def wanted(note: Note) -> bool:
            at = note.point_index
            return (
                note.characteristic_id == query.characteristic_id
                and (query.first_index is None or (at is not None and at >= query.first_index))
                and (query.last_index is None or (at is not None and at <= query.last_index))
                and (not query.kinds or note.kind in query.kinds)
                and (query.before_id is None or note.id < query.before_id)
            )

        return tuple([note for note in reversed(self._notes) if wanted(note)][: max(0, query.limit)])

    def _delivery_page(self, query: m.GetDeliveries) -> m.DeliveryPage:
        names = ("alert_id", "product_id", "recipient", "channel", "outcome")
        found = [
            one
            for _, one in sorted(self._deliveries.items(), reverse=True)
            if (query.before_id is None or one.id < query.before_id)
            and all(getattr(query, name) in {None, getattr(one, name)} for name in names)
        ]
        return deliveries.page_of(found, max(0, query.limit))

    _answers: dict[type, Callable[["MemoryStore", Any], Any]] = {  # noqa: RUF012 - fixed table
        m.GetCatalogue: _catalogue,
        m.GetAlerts: _alert_page,
        m.GetAlert: _alert,
        m.GetAlertHistory: _alert_history,
        m.GetDashboard: _dashboard,
        m.GetMeasurements: _measurement_rows,
        m.GetPoints: _columns,
        m.GetPoint: _point,
        m.GetWholePoints: _whole_points,
        m.FindTrace: _traces,
        m.GetEvents: _event_page,
        m.GetCapabilities: _capability_rows,
        m.GetAudit: _audit_entries,
        m.GetChanges: _changes,
        m.GetHistory: _history,
        m.GetStatistics: _statistics,
        m.GetRuleRecord: _rule_record,
        m.GetNotes: _note_rows,
        m.GetLimits: _limits_history,
        m.GetPointGroups: _groups,
        m.GetDeliveries: _delivery_page,
    }


def _panel_columns(key: str, at: int, points: Sequence[Point]) -> PanelColumns:
    panels = [point.panels[at] if at < len(point.panels) else PanelValue(None) for point in points]
    columns = {name: np.array([getattr(panel, name) for panel in panels], "<f8").tobytes() for name in _FIELDS}
    return PanelColumns(key=key, **columns)


def _mark(point: Point, keys: Sequence[str]) -> PointMark | None:
    violations = tuple(
        (key, violation) for key, panel in zip(keys, point.panels, strict=False) for violation in panel.violations
    )
    if not (violations or point.out_of_spec or point.excluded or point.learning):
        return None
    return PointMark(
        index=point.index,
        out_of_spec=point.out_of_spec,
        excluded=point.excluded,
        learning=point.learning,
        violations=violations,
    )
