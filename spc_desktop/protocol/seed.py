"""The seed dialect: the exact messages of the original's two WebSocket endpoints (``protocol.md`` section 2).

The Korean sentences and the field names are the original's; ``seq``, ``epoch`` and a few fields of an alert are added,
which its clients ignore. Times carry an offset.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import Measurement
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.codec import encode, load_object, shown
from spc_desktop.protocol.fields import Fields
from spc_desktop.protocol.wording import sentence

EVENT_TYPES = frozenset({"alert", "measurement", "capability", "run_rule_violation"})
"""Event tags this dialect knows; others are not sent."""


class Endpoint(StrEnum):
    NOTIFICATIONS = "notifications"
    PRODUCT = "product"


class SubscribeProduct(Struct, frozen=True):
    product_id: int


class UnsubscribeProduct(Struct, frozen=True):
    product_id: int


class GetAlerts(Struct, frozen=True):
    limit: int


class GetLatestData(Struct, frozen=True):
    limit: int


SeedCommand = SubscribeProduct | UnsubscribeProduct | GetAlerts | GetLatestData

_TYPES = {
    Endpoint.NOTIFICATIONS: ("subscribe_product", "unsubscribe_product", "get_alerts", "get_recent_alerts"),
    Endpoint.PRODUCT: ("get_latest_data",),
}


def read_command(message: Mapping[str, Any], endpoint: Endpoint) -> SeedCommand:
    """Return the command of a decoded message.

    Raises:
        UserError: ``unknown_type`` or ``bad_message``; the connection stays usable.
    """
    kind = message.get("type")
    if kind not in _TYPES[endpoint]:
        raise UserError("unknown_type", got=shown(kind), choices=", ".join(_TYPES[endpoint]))
    fields = Fields(message)
    if kind == "subscribe_product":
        return SubscribeProduct(fields.whole("product_id"))
    if kind == "unsubscribe_product":
        return UnsubscribeProduct(fields.whole("product_id"))
    if kind == "get_latest_data":
        return GetLatestData(fields.whole("limit", 1, 1000, default=20))
    return GetAlerts(fields.whole("limit", 1, 500, default=10))


def load_message(raw: str | bytes) -> dict[str, Any]:
    """Return the object in a frame.

    Raises:
        UserError: ``binary``, ``bad_json`` or ``bad_message``.
    """
    if not isinstance(raw, str):
        raise UserError("binary")
    return load_object(raw)


# -- answers -----------------------------------------------------------------------------------------------------------


def notifications_connected(now: datetime) -> bytes:
    return encode({"type": "connection", "message": "SPC 실시간 알림에 연결되었습니다", "timestamp": now})


def product_connected(product: Product, first: Characteristic | None) -> bytes:
    """Return the greeting of a product's socket; the specification is that of the product's first characteristic."""
    return encode(
        {
            "type": "connection",
            "message": f"제품 {product.code}의 실시간 데이터에 연결되었습니다",
            "product": {
                "id": product.id,
                "product_code": product.code,
                "product_name": product.name,
                "usl": first.usl if first else None,
                "lsl": first.lsl if first else None,
                "target_value": first.target if first else None,
                "unit": first.unit if first else "",
            },
        }
    )


def subscribed(product_id: int) -> bytes:
    text = f"제품 {product_id}의 알림을 구독합니다"
    return encode({"type": "subscription", "message": text, "product_id": product_id})


def unsubscribed(product_id: int) -> bytes:
    text = f"제품 {product_id}의 알림 구독을 해지합니다"
    return encode({"type": "unsubscription", "message": text, "product_id": product_id})


def alerts(rows: Sequence[Alert]) -> bytes:
    """Return the answer to ``get_alerts``, rows newest first."""
    listed = [
        {
            "id": row.id,
            "product_code": row.product_code,
            "alert_type": row.alert_type,
            "priority": row.priority,
            "message": row.message,
            "status": row.status,
            "created_at": row.created_at,
        }
        for row in rows
    ]
    return encode({"type": "alerts", "alerts": listed})


def measurements(product_id: int, rows: Sequence[Measurement]) -> bytes:
    """Return the answer to ``get_latest_data``, rows newest first."""
    listed = [
        {
            "id": row.id,
            "measurement_value": row.measurement_value,
            "sample_number": row.sample_number,
            "subgroup_number": row.subgroup_number,
            "is_within_spec": row.is_within_spec,
            "is_within_control": row.is_within_control,
            "measured_at": row.measured_at,
        }
        for row in rows
    ]
    return encode({"type": "measurements", "product_id": product_id, "measurements": listed})


def system_alert(code: str, text: str, now: datetime, *, active: bool) -> bytes:
    """Return the state of the hub itself in the shape of an alert: nothing else of this dialect is shown to a person."""
    body = {
        "id": 0,
        "product_code": "",
        "product_name": "",
        "alert_type": "SYSTEM",
        "priority": 4,
        "title": code,
        "message": text,
        "status": "NEW" if active else "RESOLVED",
        "created_at": now,
    }
    return encode({"type": "alert", "alert": body, "timestamp": now})


def error(code: str, params: Mapping[str, Any], language: str = "ko", command_id: object = None) -> bytes:
    answer: dict[str, Any] = {"type": "error", "code": code, "message": sentence(code, params, language)}
    if isinstance(command_id, int | str):
        answer["id"] = command_id
    return encode(answer)


# -- events ------------------------------------------------------------------------------------------------------------


def event(happened: m.AnyEvent) -> bytes | None:
    """Return the message of an event, or None where this dialect has none."""
    body: tuple[str, dict[str, Any]] | None = None
    if isinstance(happened, m.AlertEvent):
        body = "alert", _alert(happened.alert)
    elif isinstance(happened, m.MeasurementEvent):
        body = "measurement", _measurement(happened)
    elif isinstance(happened, m.CapabilityEvent):
        body = "capability", _capability(happened.capability)
    elif isinstance(happened, m.RunRuleViolationEvent):
        return _encode_event("run_rule_violation", "violation", _violation(happened.violation), happened)
    return _encode_event(body[0], body[0], body[1], happened) if body else None


def _encode_event(kind: str, name: str, body: dict[str, Any], happened: m.AnyEvent) -> bytes:
    return encode({"type": kind, name: body, "timestamp": happened.ts, "seq": happened.seq, "epoch": happened.epoch})


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "product_code": alert.product_code,
        "product_name": alert.product_name,
        "alert_type": alert.alert_type,
        "priority": alert.priority,
        "title": alert.title,
        "message": alert.message,
        "status": alert.status,
        "created_at": alert.created_at,
        "product_id": alert.product_id,
        "description": alert.message,
        "active": alert.active,
        "state": alert.state,
        "count": alert.count,
        "key": alert.key,
    }


def _measurement(happened: m.MeasurementEvent) -> dict[str, Any]:
    row = happened.measurement
    return {
        "id": row.id,
        "product_id": row.product_id,
        "product_code": happened.product_code,
        "measurement_value": row.measurement_value,
        "sample_number": row.sample_number,
        "subgroup_number": row.subgroup_number,
        "is_within_spec": row.is_within_spec,
        "is_within_control": row.is_within_control,
        "measured_at": row.measured_at,
    }


def _capability(found: m.CapabilityOut) -> dict[str, Any]:
    return {
        "id": found.id,
        "product_id": found.product_id,
        "product_code": found.product_code,
        "cp": found.cp,
        "cpk": found.cpk,
        "pp": found.pp,
        "ppk": found.ppk,
        "analyzed_at": found.analyzed_at,
    }


def _violation(found: m.ViolationOut) -> dict[str, Any]:
    return {
        "id": found.id,
        "rule_type": found.rule_type,
        "detected_at": found.detected_at,
        "is_resolved": found.is_resolved,
    }
