"""What the hub knows and has committed: catalogue, monitor states, open alerts, next ids. Only the pipeline changes it."""

from dataclasses import dataclass, field
from datetime import datetime

from spc_desktop.domain.account import Accounts
from spc_desktop.domain.alarm_policy import DEFAULT, AlarmPolicy
from spc_desktop.domain.alert import OPEN, Alert
from spc_desktop.domain.announcement import Preferences
from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.deadlines import next_due
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.masks import Mask
from spc_desktop.domain.monitor import MonitorState, decode_state
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.domain.register import Register
from spc_desktop.domain.watch import Watch, default_plan, make_watch
from spc_desktop.hub.badges import Badges
from spc_desktop.hub.outbox import Outbox
from spc_desktop.hub.ports import Stored
from spc_desktop.hub.samples import Samples

ID_KINDS = ("measurement", "alert", "violation", "capability", "product", "characteristic", "note", "delivery")
# Alerts that a person wrote belong to no characteristic.
NO_CHARACTERISTIC = 0


@dataclass(slots=True)
class Station:
    """Committed state in memory."""

    products: dict[int, Product] = field(default_factory=dict)
    product_codes: dict[str, int] = field(default_factory=dict)
    characteristics: dict[int, Characteristic] = field(default_factory=dict)
    characteristic_codes: dict[tuple[int, str], int] = field(default_factory=dict)
    plans: dict[int, ControlPlan] = field(default_factory=dict)
    watches: dict[int, Watch] = field(default_factory=dict)
    states: dict[int, MonitorState] = field(default_factory=dict)
    open_alerts: dict[int, Alert] = field(default_factory=dict)
    """By id: every alert that is not RESOLVED or CLOSED."""
    current: dict[int, dict[str, Alert]] = field(default_factory=dict)
    """characteristic -> key -> its newest open alert."""
    next_ids: dict[str, int] = field(default_factory=dict)
    masks: dict[str, Mask] = field(default_factory=dict)
    """By ``Mask.id``: every mask that has not ended."""
    verifying: dict[int, Alert] = field(default_factory=dict)
    """By id: ended alerts whose corrective action is watched."""
    due: dict[int, datetime] = field(default_factory=dict)
    """Open alert -> steady time at which time alone may change it; follows from the rows, kept to find them quickly."""
    accounts: Accounts = field(default_factory=Accounts)
    register: Register = field(default_factory=Register)
    badges: Badges = field(default_factory=Badges)
    preferences: dict[str, Preferences] = field(default_factory=dict)
    """User -> what that one wants to be told of; another object after every change."""
    samples: Samples = field(default_factory=Samples)
    outbox: Outbox = field(default_factory=Outbox)

    def watch(self, characteristic_id: int) -> Watch:
        """Return the watch on a characteristic.

        Raises:
            UserError: ``unknown_characteristic``.
        """
        watch = self.watches.get(characteristic_id)
        if watch is None:
            raise UserError("unknown_characteristic", characteristic_id=characteristic_id)
        return watch

    def put_product(self, product: Product) -> None:
        self.products[product.id] = product
        self.product_codes[product.code] = product.id

    def policy(self, alert: Alert) -> AlarmPolicy:
        """Return the alarm policy of an alert's characteristic; of an alert that a person wrote, the default."""
        watch = self.watches.get(alert.characteristic_id or NO_CHARACTERISTIC)
        return DEFAULT if watch is None else watch.plan.alarm

    def put_watch(self, watch: Watch) -> None:
        characteristic = watch.characteristic
        old = self.watches.get(characteristic.id)
        self.characteristics[characteristic.id] = characteristic
        self.characteristic_codes[characteristic.product_id, characteristic.code] = characteristic.id
        self.plans[characteristic.id] = watch.plan
        self.watches[characteristic.id] = watch
        if old is not None and old.plan.alarm != watch.plan.alarm:
            for alert in self.open_alerts.values():
                if alert.characteristic_id == characteristic.id:
                    self._put_due(alert)

    def _put_due(self, alert: Alert) -> None:
        at = next_due(alert, self.policy(alert))
        if at is None:
            self.due.pop(alert.id, None)
        else:
            self.due[alert.id] = at

    def put_alert(self, alert: Alert) -> None:
        keys = self.current.setdefault(alert.characteristic_id or NO_CHARACTERISTIC, {})
        newest = keys.get(alert.key)
        self._put_due(alert)
        if alert.life.verification == "watching":
            self.verifying[alert.id] = alert
        else:
            self.verifying.pop(alert.id, None)
        if alert.status in OPEN:
            self.open_alerts[alert.id] = alert
            if alert.key and (newest is None or newest.id <= alert.id):
                keys[alert.key] = alert
            return
        self.open_alerts.pop(alert.id, None)
        if newest is not None and newest.id == alert.id:
            del keys[alert.key]


def restore(stored: Stored) -> Station:
    """Return the station exactly as it was when the store's last batch was committed."""
    station = Station()
    catalogue = stored.catalogue
    for product in catalogue.products:
        station.put_product(product)
    plans = {plan.characteristic_id: plan for plan in catalogue.plans}
    limits = {state.characteristic_id: state.limits for state in catalogue.states}
    for characteristic in catalogue.characteristics:
        product = station.products[characteristic.product_id]
        plan = plans.get(characteristic.id) or default_plan(characteristic)
        data = stored.monitor_states.get(characteristic.id)
        state = MonitorState() if data is None else decode_state(data)
        in_force = None if state.learning else limits.get(characteristic.id)
        station.put_watch(make_watch(product, characteristic, plan, in_force))
        station.states[characteristic.id] = state
    for alert in sorted(stored.open_alerts, key=lambda alert: alert.id):
        station.put_alert(alert)
    station.masks = {mask.id: mask for mask in stored.masks}
    station.next_ids = {kind: stored.next_ids.get(kind, 1) for kind in ID_KINDS}
    return station
