"""Measurements as they arrive over HTTP and WebSocket, in the original's words or in ours, read into ``MeasurementIn``."""

from datetime import datetime, timedelta
from typing import Any

from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import MeasurementIn, Trace
from spc_desktop.domain.product import Characteristic
from spc_desktop.protocol.codec import MAX_LIST, shown
from spc_desktop.protocol.fields import Fields, number, wrong
from spc_desktop.server.directory import Directory

# Name in the request -> field of ``Trace``; the original's names first.
_TRACE = {
    "lot_number": "lot",
    "lot": "lot",
    "machine_id": "machine",
    "machine": "machine",
    "operator": "operator",
    "measured_by": "operator",
    "cavity": "cavity",
    "gauge": "gauge",
    "serial": "serial",
}
_NO_TRACE = Trace()


EARLIEST, LATEST = timedelta(days=7), timedelta(minutes=5)
"""How far a measured time may lie before and after the hub's clock without being flagged."""


def is_skewed(item: MeasurementIn, now: datetime) -> bool:
    """Return whether the clock of a source seems to be wrong."""
    return not now - EARLIEST <= item.measured_at <= now + LATEST


async def read_item(
    values: Any,
    directory: Directory,
    now: datetime,
    where: str = "",
    source_id: str = "",
    key: str = "",
    *,
    any_number: bool = False,
) -> MeasurementIn:
    """Read one measurement.

    Args:
        values: the decoded object. ``product`` (or ``product_id``, ``product_code``) and ``characteristic`` (code or id,
            default: the product's first) or ``characteristic_id``; ``value`` (or ``measurement_value``) or ``values``.
        directory: the catalogue.
        now: taken where no ``measured_at`` is given; its zone completes a time without an offset.
        where: place of the object in the request, for error messages.
        source_id: who measured; with ``n`` in the object it makes the idempotency key.
        key: idempotency key where the object has none.
        any_number: take "NaN" and "Infinity" as text, and no value at all: the hub puts these in quarantine.

    Raises:
        UserError: ``bad_message``, ``not_found`` or ``no_characteristic``.
    """
    fields = Fields(values, where)
    source = fields.text("source_id", source_id, 100)
    count = fields.optional_whole("n", 0)
    own_key = fields.text("key", "", 200)
    if not own_key:
        own_key = f"{source}#{count}" if source and count is not None else key
    size_name = fields.first(("size", "sample_size"))
    return MeasurementIn(
        characteristic_id=await _characteristic(fields, directory),
        values=_values(fields, any_number=any_number),
        measured_at=fields.time("measured_at", now),
        key=own_key,
        source_id=source,
        size=fields.number(size_name) if size_name else None,
        subgroup_number=fields.optional_whole("subgroup_number", 0),
        sample_number=fields.optional_whole("sample_number", 0),
        trace=_trace(fields),
        part=fields.text("part", "", 200),
    )


async def _characteristic(fields: Fields, directory: Directory) -> int:
    named = fields.raw("characteristic_id")
    code = fields.raw("characteristic")
    if named is None and type(code) is int:
        named = code
    if named is not None:
        if type(named) is not int:
            raise wrong(fields.at("characteristic_id"), "whole", named, low=1, high=2**53 - 1)
        # Whether it exists is the hub's to judge: it keeps what it cannot place.
        return named
    name = fields.first(("product", "product_id", "product_code"))
    asked = fields.raw(name) if name else None
    if not isinstance(asked, int | str) or isinstance(asked, bool):
        raise wrong(fields.at("product"), "product", asked)
    product = directory.known(asked) or await directory.product(asked)
    if product is None:
        raise UserError("not_found", what="product", id=shown(asked))
    return _of_product(product.id, fields.text("characteristic", "", 200), directory).id


def _of_product(product_id: int, code: str, directory: Directory) -> Characteristic:
    if not code:
        first = directory.first_of(product_id)
        if first is None:
            raise UserError("no_characteristic", id=product_id, got="(any)")
        return first
    for entry in directory.of_product(product_id):
        if entry.code == code:
            return entry
    raise UserError("no_characteristic", id=product_id, got=shown(code))


def _values(fields: Fields, *, any_number: bool) -> tuple[float, ...]:
    listed = fields.raw("values")
    if listed is None:
        name = "value" if fields.raw("value") is not None else fields.first(("measurement_value",)) or "value"
        return (fields.number(name),)
    if not isinstance(listed, list) or not (listed or any_number):
        raise wrong(fields.at("values"), "values", listed, high=MAX_LIST)
    where = fields.at("values")
    return tuple([number(value, f"{where}[{place}]", any_number=any_number) for place, value in enumerate(listed)])


def _trace(fields: Fields) -> Trace:
    inner = fields.raw("trace")
    source = Fields(inner, fields.at("trace")) if inner is not None else fields
    told: dict[str, str] = {}
    for name in source.names():
        part = _TRACE.get(name)
        if part is not None and part not in told and source.raw(name) is not None:
            told[part] = source.text(name, high=200)
    return Trace(**told) if told else _NO_TRACE
