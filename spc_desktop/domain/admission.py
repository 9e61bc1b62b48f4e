"""What may enter the fold: the checks on one measurement before it is judged."""

import math

from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.domain.watch import Watch
from spc_desktop.spc.subgroups import LARGEST


def check_item(watch: Watch, item: MeasurementIn) -> None:
    """Refuse a measurement that cannot be judged.

    Raises:
        UserError: ``no_values``, ``time_without_offset``, ``value_not_finite``, ``value_too_large``, ``one_count``,
            ``count_invalid``, ``size_missing``, ``size_invalid``, ``count_above_size``, ``value_refused``.
    """
    if not item.values:
        raise UserError("no_values")
    if item.measured_at.tzinfo is None:
        raise UserError("time_without_offset", value=item.measured_at.isoformat())
    for value in item.values:
        if not math.isfinite(value):
            raise UserError("value_not_finite", value=str(value))
        if abs(value) >= LARGEST:  # the engine's own bound: refused later, it would spoil a subgroup that is open
            raise UserError("value_too_large", value=repr(value))
    if watch.counts:
        _check_count(watch, item)
    elif watch.chart.data == "multivariate":
        _check_variables(watch, item)


def _check_count(watch: Watch, item: MeasurementIn) -> None:
    count, size = item.values[0], item.size
    if len(item.values) != 1:
        raise UserError("one_count", got=len(item.values))
    if count < 0 or count != int(count):
        raise UserError("count_invalid", value=f"{count:g}")
    if watch.chart.data == "counts+size" and size is None:
        raise UserError("size_missing")
    if size is not None and not (math.isfinite(size) and size > 0):
        raise UserError("size_invalid", value=f"{size:g}")
    if size is not None and count > size and any(panel.key in {"p", "np"} for panel in watch.chart.panels):
        raise UserError("count_above_size", count=f"{count:g}", size=f"{size:g}")


def _check_variables(watch: Watch, item: MeasurementIn) -> None:
    """Refuse an incomplete observation: the engine takes it for a gap, and its values would vanish from the chart."""
    p, got = watch.variables, len(item.values)
    n = None if watch.limits is None else int(watch.limits.limits.params.get("n", 1))
    if got % p if n is None else got != p * n:
        allowed = f"the same number of values for each of {p} variables" if n is None else f"{p} x {n} values"
        raise UserError("value_refused", argument="values", allowed=allowed, got=str(got))
