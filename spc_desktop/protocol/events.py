"""Events: what happened and is stored, with one rising seq for the whole log (0 before the store has written it)."""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.control_plan import ControlPlan, FrozenLimits
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.point import Point
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.protocol.announcing import PreferencesEvent
from spc_desktop.protocol.bases import Event
from spc_desktop.protocol.floor import NoteEvent, RegisterEvent


class AlertEvent(Event, frozen=True, kw_only=True, tag="alert"):
    """An alert was raised or changed. The alert is the whole new row."""

    alert: Alert
    change: str = "raised"
    """``raised repeated returned acked unacked assigned commented resolved closed updated``, ``shelved suppressed
    out_of_service`` and ``unshelved unsuppressed returned_to_service``, ``escalated stale verified not_effective``."""
    by: str = ""


class MeasurementEvent(Event, frozen=True, kw_only=True, tag="measurement"):
    """A measurement out of specification or out of control."""

    measurement: Measurement
    product_code: str


class ViolationOut(Struct, frozen=True, kw_only=True):
    id: int
    rule_type: str
    """``RULE_1`` to ``RULE_8`` for Nelson's, else the rule id in capitals."""
    detected_at: datetime
    is_resolved: bool = False
    characteristic_id: int
    point_index: int
    panel: str
    rule: str
    members: tuple[int, ...] = ()


class RunRuleViolationEvent(Event, frozen=True, kw_only=True, tag="run_rule_violation"):
    """A rule fired at a point."""

    violation: ViolationOut


class CapabilityOut(Struct, frozen=True, kw_only=True):
    """A finished capability analysis; an index that is not defined is None."""

    id: int
    product_id: int
    product_code: str
    cp: float | None
    cpk: float | None
    pp: float | None
    ppk: float | None
    analyzed_at: datetime
    characteristic_id: int
    details: dict[str, Any] = field(default_factory=dict)


class CapabilityEvent(Event, frozen=True, kw_only=True, tag="capability"):
    capability: CapabilityOut


class PointsEvent(Event, frozen=True, kw_only=True, tag="points"):
    """Points of one characteristic added, or replaced where the index is known."""

    characteristic_id: int
    points: tuple[Point, ...]


class LimitsEvent(Event, frozen=True, kw_only=True, tag="limits"):
    """Limits were set; points from ``limits.first_index`` on follow in ``points`` events or are to be read again."""

    limits: FrozenLimits


class CatalogueEvent(Event, frozen=True, kw_only=True, tag="catalogue"):
    """Products, characteristics or control plans changed: each entry replaces or adds the one with its id."""

    products: tuple[Product, ...] = ()
    characteristics: tuple[Characteristic, ...] = ()
    plans: tuple[ControlPlan, ...] = ()


AnyEvent = (
    AlertEvent
    | MeasurementEvent
    | RunRuleViolationEvent
    | CapabilityEvent
    | PointsEvent
    | LimitsEvent
    | CatalogueEvent
    | RegisterEvent
    | NoteEvent
    | PreferencesEvent
)
