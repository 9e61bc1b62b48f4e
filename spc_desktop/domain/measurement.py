"""Measurements on their way in, and as stored."""

from datetime import datetime

from msgspec import Struct

# gc=False: plain values without cycles, and they come by the hundred thousand.


class Trace(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Traceability fields of a measurement; empty means unknown."""

    lot: str = ""
    machine: str = ""
    operator: str = ""
    cavity: str = ""
    gauge: str = ""
    serial: str = ""


class MeasurementIn(Struct, frozen=True, kw_only=True, gc=False):
    """What every source hands to ``HubApi.submit``: one or more values of one subgroup of one characteristic.

    A full set of ``subgroup_size`` values is one subgroup. Fewer values are collected until the subgroup is full or
    ``subgroup_number`` (on a chart of parts ``part``) changes. ``values`` of an attribute chart is ``(count,)`` with
    ``size`` inspected units; of a multivariate chart all values of the first variable, then those of the second, and so on.
    """

    characteristic_id: int
    values: tuple[float, ...]
    measured_at: datetime
    key: str = ""
    """Idempotency key, unique for ever; the same key again is answered as a duplicate and changes nothing. Empty: none."""
    source_id: str = ""
    size: float | None = None
    subgroup_number: int | None = None
    sample_number: int | None = None
    """Number of the first value within the series; later values count on from it."""
    trace: Trace = Trace()
    part: str = ""
    """Part type, for short-run charts."""


class Measurement(Struct, frozen=True, kw_only=True, gc=False):
    """One stored value, in the words of the original's REST interface."""

    id: int
    product_id: int
    characteristic_id: int
    measurement_value: float
    sample_number: int
    subgroup_number: int
    is_within_spec: bool
    is_within_control: bool
    measured_at: datetime
    point_index: int = -1
    """0-based chart position of its subgroup; -1 while the subgroup is still open."""
    size: float | None = None
    source_id: str = ""
    trace: Trace = Trace()


class Quarantined(Struct, frozen=True, kw_only=True):
    """A measurement that could not be judged, kept with its reason: nothing that arrived is lost."""

    received_at: datetime
    reason: str
    params: dict[str, str]
    item: MeasurementIn
