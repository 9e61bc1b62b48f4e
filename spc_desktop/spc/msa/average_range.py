"""Gauge R&R by average and range (AIAG MSA-4, III.B), with exact constants or the rounded ones of the form."""

import math
from dataclasses import dataclass

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.constants import constants
from spc_desktop.spc.msa.components import Scale, distinct_categories, truncated_categories
from spc_desktop.spc.msa.crossed import measurements


@dataclass(frozen=True, slots=True)
class AverageRangeStudy:
    """The AIAG form. ``ev, av, grr, pv, tv`` are standard deviations in units; ``pct_*`` per cent of ``tv``.

    ``k1 = 1/d2`` of the repeats, ``k2`` and ``k3`` are 1/d2* of the operators and parts for a single range. ``r_ucl`` is
    the limit of a range; ``pct_tolerance`` per cent of the tolerance by name, None without a tolerance.
    """

    r_bar: float
    mean_difference: float
    part_range: float
    k1: float
    k2: float
    k3: float
    ev: float
    av: float
    grr: float
    pv: float
    tv: float
    pct_ev: float | None
    pct_av: float | None
    pct_grr: float | None
    pct_pv: float | None
    pct_tolerance: dict[str, float] | None
    ndc: int | None
    ndc_raw: float | None
    r_ucl: float
    operator_means: tuple[float, ...]
    part_means: tuple[float, ...]


@checked
def gage_rr_average_range(values: object, scale: Scale | None = None) -> AverageRangeStudy:
    """Analyse a crossed study by average and range.

    A negative difference under the root of the appraiser variation counts as 0.

    Args:
        values: shape (parts, operators, repeats), each at least 2.
        scale: tolerance and study multiple.

    Raises:
        SpcValueError: see ``measurements``.
    """
    y = measurements(values)
    p, o, r = y.shape
    r_bar = float((y.max(axis=2) - y.min(axis=2)).mean())
    operator_means, part_means = y.mean(axis=(0, 2)), y.mean(axis=(1, 2))
    difference, part_range = (
        float(operator_means.max() - operator_means.min()),
        float(part_means.max() - part_means.min()),
    )
    k1, k2, k3 = 1.0 / constants(int(r)).d2, _single_range(int(o)), _single_range(int(p))
    ev = r_bar * k1
    av = math.sqrt(max(0.0, (difference * k2) ** 2 - ev**2 / (p * r)))
    grr, pv = math.hypot(ev, av), part_range * k3
    tv = math.hypot(grr, pv)
    parts = {"ev": ev, "av": av, "grr": grr, "pv": pv}
    shares = {name: 100.0 * value / tv if tv > 0 else None for name, value in parts.items()}
    scale = scale or Scale()
    tolerance = scale.tolerance
    raw = distinct_categories(pv, grr)
    return AverageRangeStudy(
        r_bar, difference, part_range, k1, k2, k3, ev, av, grr, pv, tv,
        shares["ev"], shares["av"], shares["grr"], shares["pv"],
        None if tolerance is None else {k: 100.0 * scale.multiple * v / tolerance for k, v in parts.items()},
        truncated_categories(raw), raw, constants(int(r)).D4 * r_bar,
        tuple(map(float, operator_means)), tuple(map(float, part_means)),
    )  # fmt: skip


def _single_range(n: int) -> float:
    """1/d2* for one range of n values: d2*^2 = d2^2 + d3^2 (AIAG MSA-4, appendix C)."""
    table = constants(n)
    return 1.0 / math.hypot(table.d2, table.d3)
