"""Capability of a characteristic from its chart points: Cp, Cpk, Pp, Ppk and what must be said beside them."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from spc_desktop.domain.errors import UserError
from spc_desktop.domain.point import Point
from spc_desktop.domain.watch import Watch
from spc_desktop.spc.capability.normal import CapabilityIndices, CapabilityStudy, capability_study
from spc_desktop.spc.capability.specification import Specification
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.sigma import SIGMA_ESTIMATORS


class CapabilitySummary(Struct, frozen=True, kw_only=True):
    """Indices, None where they are not defined; ``details["reason"]`` then says why."""

    cp: float | None = None
    cpk: float | None = None
    pp: float | None = None
    ppk: float | None = None
    details: dict[str, Any]


def check_capability(watch: Watch) -> None:
    """Refuse an analysis that can have no result.

    Raises:
        UserError: ``not_for_counts``, ``no_spec``.
    """
    if watch.counts:
        raise UserError("not_for_counts")
    if watch.characteristic.lsl is None and watch.characteristic.usl is None:
        raise UserError("no_spec")


def analyse(watch: Watch, points: Sequence[Point]) -> CapabilitySummary:
    """Analyse the points that are not excluded.

    Within-variation is estimated as the chart does it; overall is the standard deviation of all values (n - 1).
    """
    used = [point for point in points if not point.excluded]
    details: dict[str, Any] = {
        "points": len(used),
        "excluded": len(points) - len(used),
        "first_index": used[0].index if used else None,
        "last_index": used[-1].index if used else None,
        "violations": sum(1 for point in used if any(panel.violations for panel in point.panels)),
        "learning": sum(1 for point in used if point.learning),
        "lsl": watch.characteristic.lsl,
        "usl": watch.characteristic.usl,
        "target": watch.characteristic.target,
        "min_cpk": watch.plan.min_cpk,
    }
    try:
        study = study_of(watch, used)
    except SpcValueError as error:
        return CapabilitySummary(details={**details, "reason": str(error)})
    within, overall = study.within, study.overall
    details |= {"n": study.n, "mean": study.mean, "overall": _indices(overall)}
    if within is None:
        details["reason"] = "nothing varies within the subgroups"
    else:
        details["within"] = _indices(within)
    return CapabilitySummary(
        cp=None if within is None else within.cp,
        cpk=None if within is None else within.cpk,
        pp=overall.cp,
        ppk=overall.cpk,
        details=details,
    )


def study_of(watch: Watch, points: Sequence[Point]) -> CapabilityStudy:
    """Study these points, all of them, with the chart's estimator of the variation within subgroups.

    Raises:
        SpcValueError: too few values, all equal, or a specification that makes no sense.
    """
    return capability_study(table_of(watch, points), specification_of(watch), estimator_of(watch))


def specification_of(watch: Watch) -> Specification:
    """Return the limits and the target of the characteristic.

    Raises:
        SpcValueError: no limit, or limits that cross.
    """
    characteristic = watch.characteristic
    return Specification(characteristic.lsl, characteristic.usl, characteristic.target)


def estimator_of(watch: Watch) -> str | None:
    """Return how the chart estimates the variation within subgroups; None: as is usual for the data."""
    estimator = {**watch.chart.options(), **watch.options}.get("estimator")
    return estimator if estimator in SIGMA_ESTIMATORS else None


def table_of(watch: Watch, points: Sequence[Point]) -> list[Any]:
    """Return individuals, or one list of values per subgroup."""
    individuals = watch.characteristic.subgroup_size == 1
    return [point.values[0] if individuals else list(point.values) for point in points]


def _indices(found: CapabilityIndices) -> dict[str, Any]:
    return {
        "estimator": found.estimator,
        "sigma": found.sigma,
        "cpl": found.cpl,
        "cpu": found.cpu,
        "cpk_interval": found.cpk_interval,
        "ppm": found.ppm_total,
    }
