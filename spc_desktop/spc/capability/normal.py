"""Capability of a normally distributed measurement: within, overall, between/within, Cpm and parts per million.

Definitions: Montgomery, Introduction to Statistical Quality Control, chapter 8; ISO 22514-2; AIAG SPC. "Within" uses any
named sigma estimator; "overall" the n - 1 deviation of all values. Nothing here judges whether the process is stable.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.capability.intervals import (
    Interval,
    bissell_interval,
    boyles_df,
    chi_square_interval,
    noncentral_t_interval,
)
from spc_desktop.spc.capability.specification import Specification
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.samples import FloatArray, probability
from spc_desktop.spc.sigma import SIGMA_ESTIMATORS, estimate_sigma
from spc_desktop.spc.subgroups import check_values


@dataclass(frozen=True, slots=True)
class CapabilityIndices:
    """Indices of one sigma (read cp as Pp, cpk as Ppk and so on for overall). None where a limit or a df is missing.

    ``cp_interval`` is exact (chi-square); ``*_interval`` of the others are Bissell's; ``*_exact`` noncentral t.
    ``cpk_bound`` is the one-sided lower bound at the same confidence. ``ppm_*`` are expected parts per million outside,
    on the judged sides only; ``z_*`` in standard deviations.
    """

    estimator: str
    sigma: float
    df: float | None
    cp: float | None
    cpl: float | None
    cpu: float | None
    cpk: float
    cp_interval: Interval | None
    cpl_interval: Interval | None
    cpu_interval: Interval | None
    cpk_interval: Interval | None
    cpl_exact: Interval | None
    cpu_exact: Interval | None
    cpk_bound: float | None
    z_lower: float | None
    z_upper: float | None
    z_bench: float | None
    ppm_below: float | None
    ppm_above: float | None
    ppm_total: float


@dataclass(frozen=True, slots=True)
class CpmIndices:
    """Cpm in the three definitions in use, Cpmk, with Boyles' intervals (1991) of the first and of ``cpm_nearest``.

    ``cpm``: (U - L)/(6 tau), tau^2 = s^2 + (mean - T)^2 with the n - 1 deviation (Chan, Cheng, Spiring 1988; Montgomery).
    ``cpm_symmetric``: the same with tau^2 = sum (x - T)^2 / n. ``cpm_nearest``: min(T - L, U - T)/(3 tau) with tau of n
    (for a target off the middle). ``cpmk``: min(U - mean, mean - L)/(3 tau) with the first tau (Pearn et al. 1992).
    """

    cpm: float | None
    cpm_symmetric: float | None
    cpm_nearest: float
    cpmk: float
    interval: Interval | None
    nearest_interval: Interval
    df: float


@dataclass(frozen=True, slots=True)
class ObservedPpm:
    """Parts per million of the sample outside the limits (boundaries too); None where there is no limit."""

    below: float | None
    above: float | None

    @property
    def total(self) -> float:
        """Both sides together."""
        return (self.below or 0.0) + (self.above or 0.0)


@dataclass(frozen=True, slots=True)
class CapabilityStudy:
    """A whole study. ``within`` is None where nothing varies within subgroups; ``between_within`` needs subgroups."""

    n: int
    mean: float
    specification: Specification
    overall: CapabilityIndices
    within: CapabilityIndices | None
    between_within: CapabilityIndices | None
    sigma_between: float | None
    cpm: CpmIndices | None
    observed: ObservedPpm


@checked
def capability_study(
    values: object,
    specification: Specification,
    within: str | None = None,
    confidence: float = 0.95,
    weights: str = "mvlue",
    interval_df: str = "effective",
    table: str = "exact",
) -> CapabilityStudy:
    """Capability from individuals, shape (m,), or subgroups, shape (k, n) or rows of unequal length (NaN, None: missing).

    Args:
        values: the measurements.
        specification: limits, target, boundaries, in the same unit.
        within: a name of ``SIGMA_ESTIMATORS``; None: ``"mrbar"`` for individuals, ``"pooled_c4"`` for subgroups.
        confidence: of all intervals, 0 < confidence < 1.
        weights: for subgroups of unequal size, see ``estimate_sigma``.
        interval_df: ``"effective"`` (those of the estimator) or ``"pooled"`` (sum of n_i - 1 whatever the estimator, as
            several packages do for Rbar and Sbar).
        table: ``"exact"`` or ``"aiag"`` (rounded) constants.

    Raises:
        SpcValueError: fewer than 2 values, all equal, an unknown estimator, or one that does not fit the data.
    """
    if interval_df not in {"effective", "pooled"}:
        raise SpcValueError("interval_df", 'one of "effective", "pooled"', interval_df)
    probability(confidence, "confidence")
    data = as_table(values)
    x = data[~np.isnan(data)]
    if x.size < 2:
        raise SpcValueError("values", "at least 2 values", int(x.size))
    sd = float(x.std(ddof=1))
    if np.ptp(x) <= 1e-14 * np.abs(x).max() or sd < 1e-99:
        raise SpcValueError("values", "values that are not all equal", float(x[0]))
    mean = float(x.mean())
    judge = _Judge(int(x.size), mean, specification, confidence)
    inner, between, both = _within_part(data, judge, _Within(within, weights, interval_df, table))
    return CapabilityStudy(
        int(x.size),
        mean,
        specification,
        judge.indices("overall", sd, x.size - 1.0),
        inner,
        both,
        between,
        cpm_indices(x, specification, confidence) if specification.target is not None else None,
        observed_ppm(x, specification),
    )


def cpm_indices(values: FloatArray, specification: Specification, confidence: float = 0.95) -> CpmIndices:
    """Cpm and Cpmk about the target.

    Raises:
        SpcValueError: no target, a target on a limit gives no error but an index of 0.
    """
    target = specification.target
    if target is None:
        raise SpcValueError("target", "a target for Cpm")
    lower, upper = specification.judged_lower, specification.judged_upper
    n, mean, sd = values.size, float(values.mean()), float(values.std(ddof=1))
    tau = math.hypot(sd, mean - target)
    tau_n = math.sqrt(float(np.mean((values - target) ** 2)))
    width = None if lower is None or upper is None else upper - lower
    near = [side for side in (_gap(target, lower), _gap(upper, target)) if side is not None]
    sides = [side for side in (_gap(mean, lower), _gap(upper, mean)) if side is not None]
    cpm = None if width is None else width / (6.0 * tau)
    nearest = min(near) / (3.0 * tau_n)
    df = boyles_df(int(n), mean, sd, target)
    return CpmIndices(
        cpm,
        None if width is None else width / (6.0 * tau_n),
        nearest,
        min(sides) / (3.0 * tau),
        None if cpm is None else chi_square_interval(cpm, df, confidence),
        chi_square_interval(nearest, df, confidence),
        df,
    )


def observed_ppm(values: FloatArray, specification: Specification) -> ObservedPpm:
    """Count values strictly outside the limits, in parts per million."""
    lower, upper = specification.lower, specification.upper
    return ObservedPpm(
        None if lower is None else 1e6 * float((values < lower).mean()),
        None if upper is None else 1e6 * float((values > upper).mean()),
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """What all sigmas of a study share."""

    n: int
    mean: float
    specification: Specification
    confidence: float

    def indices(self, estimator: str, sigma: float, df: float | None) -> CapabilityIndices:
        lower, upper = self.specification.judged_lower, self.specification.judged_upper
        z_lower = None if lower is None else (self.mean - lower) / sigma
        z_upper = None if upper is None else (upper - self.mean) / sigma
        cp = None if lower is None or upper is None else (upper - lower) / (6.0 * sigma)
        cpl, cpu = _third(z_lower), _third(z_upper)
        cpk = min(side for side in (cpl, cpu) if side is not None)
        below, above = _tail_ppm(z_lower), _tail_ppm(z_upper)
        return CapabilityIndices(
            estimator,
            sigma,
            df,
            cp,
            cpl,
            cpu,
            cpk,
            None if cp is None or df is None else chi_square_interval(cp, df, self.confidence),
            self._bissell(cpl, df),
            self._bissell(cpu, df),
            self._bissell(cpk, df),
            None if cpl is None or df is None else noncentral_t_interval(cpl, self.n, df, self.confidence),
            None if cpu is None or df is None else noncentral_t_interval(cpu, self.n, df, self.confidence),
            self._bound(cpk, df),
            z_lower,
            z_upper,
            z_bench(z_lower, z_upper),
            below,
            above,
            (below or 0.0) + (above or 0.0),
        )

    def _bissell(self, index: float | None, df: float | None) -> Interval | None:
        return None if index is None or df is None else bissell_interval(index, self.n, df, self.confidence)

    def _bound(self, cpk: float, df: float | None) -> float | None:
        if df is None or self.confidence <= 0.5:
            return None
        return bissell_interval(cpk, self.n, df, 2.0 * self.confidence - 1.0)[0]


def z_bench(z_lower: float | None, z_upper: float | None) -> float | None:
    """The z beyond which a normal has the total expected fraction outside; None when that fraction rounds to 1.

    Computed from logarithms of the tails, so that it is right far beyond 38 standard deviations too.
    """
    from scipy.special import log_ndtr, ndtr, ndtri, ndtri_exp  # noqa: PLC0415

    sides = [float(z) for z in (z_lower, z_upper) if z is not None]
    if len(sides) == 1:
        return sides[0]
    near, far = min(sides), max(sides)
    if near > 0:
        return -float(ndtri_exp(np.logaddexp(log_ndtr(-near), log_ndtr(-far))))
    inside = float(ndtr(near)) - float(ndtr(-far))
    return float(ndtri(inside)) if inside > 0 else None


class _Within(NamedTuple):
    estimator: str | None
    weights: str
    interval_df: str
    table: str


def _within_part(
    table: FloatArray, judge: _Judge, how: _Within
) -> tuple[CapabilityIndices | None, float | None, CapabilityIndices | None]:
    individuals = table.ndim == 1
    name = how.estimator or ("mrbar" if individuals else "pooled_c4")
    if name not in SIGMA_ESTIMATORS:
        raise SpcValueError("within", f"one of {', '.join(SIGMA_ESTIMATORS)}", name)
    estimate = estimate_sigma(table, name, weights=how.weights, table=how.table)
    if estimate.sigma <= 0:
        return None, None, None
    df = estimate.df
    counts = np.zeros(0) if individuals else np.count_nonzero(~np.isnan(table), axis=1)
    if how.interval_df == "pooled" and not individuals:
        df = float(np.sum(np.maximum(counts - 1, 0)))
    inner = judge.indices(name, estimate.sigma, df)
    if individuals or np.count_nonzero(counts) < 2 or SIGMA_ESTIMATORS[name].data != "subgroups":
        return inner, None, None
    try:
        between = between_sigma(table, estimate.sigma)
    except SpcValueError:  # no two neighbouring subgroups: no moving range of the means
        return inner, None, None
    both = judge.indices("between_within", math.hypot(between, estimate.sigma), None)
    return inner, between, both


def between_sigma(table: FloatArray, within: float) -> float:
    """Deviation between subgroups: that of the means (MRbar/d2) less what the sampling within explains, at least 0.

    Between/within capability and I-MR-R/S charts; for unequal sizes the mean of 1/n_i stands for 1/n.

    Args:
        table: shape (k, n), NaN is missing.
        within: sigma within subgroups.
    """
    counts = np.count_nonzero(~np.isnan(table), axis=1)
    used = counts > 0
    means = np.full(len(table), np.nan)
    means[used] = np.nansum(table[used], axis=1) / counts[used]
    variance = estimate_sigma(means, "mrbar").sigma ** 2 - within**2 * float(np.mean(1.0 / counts[used]))
    return math.sqrt(max(0.0, variance))


def as_table(values: object) -> FloatArray:
    """Individuals as shape (m,), subgroups as (k, n) padded with NaN; one value in every row means individuals.

    Raises:
        SpcValueError: neither numbers nor rows of numbers, or none at all.
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in "iuf" and values.ndim in {1, 2} and values.size:
        table = check_values(values.astype(np.float64))
        return table[:, 0] if table.ndim == 2 and table.shape[1] == 1 else table
    rows = values.tolist() if isinstance(values, np.ndarray) else values
    if isinstance(rows, str) or not isinstance(rows, Sequence) or not rows:
        raise SpcValueError("values", "a sequence of numbers or of subgroups", values)
    nested = [isinstance(row, Sequence | np.ndarray) and not isinstance(row, str) for row in rows]
    if any(nested) and not all(nested):
        raise SpcValueError("values", "either numbers or subgroups, not both")
    try:
        if not nested[0]:
            return check_values(np.asarray(rows, dtype=np.float64))
        width = max(len(row) for row in rows)
        table = np.full((len(rows), max(width, 1)), np.nan)
        for position, row in enumerate(rows):
            table[position, : len(row)] = np.asarray(row, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, SpcValueError):
            raise
        raise SpcValueError("values", "numbers only") from error
    check_values(table)
    return table[:, 0] if width == 1 else table


def _gap(high: float | None, low: float | None) -> float | None:
    return None if high is None or low is None else high - low


def _third(z: float | None) -> float | None:
    return None if z is None else z / 3.0


def _tail_ppm(z: float | None) -> float | None:
    from scipy.special import ndtr  # noqa: PLC0415

    return None if z is None else 1e6 * float(ndtr(-z))
