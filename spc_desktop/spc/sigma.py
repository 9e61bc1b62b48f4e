"""The estimators of the process standard deviation, as named choices, each with its degrees of freedom.

Owns ``SIGMA_ESTIMATORS`` and moving ranges. Called by the charts (which store the name with their limits) and by capability.
A moving range is never formed across a missing value or a break. "Effective degrees of freedom" of an estimator are those
of the chi distribution with the same coefficient of variation (Patnaik 1950; AIAG MSA-4, table of d2*).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc import constants as k
from spc_desktop.spc import moving_range_theory as theory
from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.subgroups import check_values, row_counts, row_ranges, row_sds, row_squares

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
WEIGHTS = ("mvlue", "uwave")
LARGEST_SPAN = 100


@dataclass(frozen=True, slots=True)
class SigmaEstimate:
    """``sigma`` in the unit of the values; ``df`` effective degrees of freedom; ``used`` how many values took part."""

    sigma: float
    df: float
    estimator: str
    used: int


@dataclass(frozen=True, slots=True)
class SigmaChoices:
    """What some estimators need beside the data.

    ``weights`` for subgroups of unequal size: ``"mvlue"`` weights each R/d2 or S/c4 by the inverse of its variance (Burr
    1969; Minitab's "Rbar"), ``"uwave"`` takes the plain mean. ``span`` is the length of the moving range.
    """

    weights: str = "mvlue"
    span: int = 2
    table: str = "exact"


Compute = Callable[[FloatArray, BoolArray | None, SigmaChoices], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class SigmaEstimator:
    """One named choice. ``data`` says what it is for: ``"subgroups"``, ``"individuals"`` or ``"any"``."""

    name: str
    data: str
    compute: Compute


@checked
def estimate_sigma(
    values: FloatArray,
    estimator: str,
    *,
    breaks: BoolArray | None = None,
    weights: str = "mvlue",
    span: int = 2,
    table: str = "exact",
) -> SigmaEstimate:
    """Estimate the standard deviation of single measurements.

    Args:
        values: shape (m,) for individuals or (m, n) for subgroups; NaN is missing (also an excluded row).
        estimator: a name of ``SIGMA_ESTIMATORS``.
        breaks: shape (m,); True where no moving range reaches back across (a new stage).
        weights: ``"mvlue"`` or ``"uwave"``, for subgroups of unequal size.
        span: points per moving range, 2 to 100.
        table: ``"exact"`` or ``"aiag"`` constants.

    Raises:
        SpcValueError: an unknown choice, data that do not fit the estimator, or too few of them.
    """
    if estimator not in SIGMA_ESTIMATORS:
        raise SpcValueError("estimator", f"one of {', '.join(SIGMA_ESTIMATORS)}", estimator)
    if weights not in WEIGHTS:
        raise SpcValueError("weights", f"one of {', '.join(WEIGHTS)}", weights)
    k.check_size(span, "span", LARGEST_SPAN)
    entry = SIGMA_ESTIMATORS[estimator]
    data = np.asarray(values, dtype=np.float64)
    if data.ndim not in {1, 2} or data.shape[-1:] == (0,) != data.shape:
        raise SpcValueError("values", "shape (m,) or (m, n)", data.shape)
    if data.ndim == 2 and data.shape[1] == 1:
        data = data[:, 0]
    if entry.data != "any" and (entry.data == "individuals") != (data.ndim == 1):
        needs = "one value per row" if entry.data == "individuals" else "at least 2 values per subgroup"
        raise SpcValueError("values", f"{needs} for the estimator {estimator!r}", data.shape)
    check_values(data)
    sigma, df = entry.compute(data, breaks, SigmaChoices(weights, span, table))
    return SigmaEstimate(sigma, df, estimator, int(np.count_nonzero(~np.isnan(data))))


@checked
def moving_ranges(values: FloatArray, span: int = 2, breaks: BoolArray | None = None) -> FloatArray:
    """Return the range of each value and the ``span - 1`` before it; NaN where one is missing or a break lies between.

    Args:
        values: shape (m,).
        span: at least 2.
        breaks: shape (m,); True where a series starts anew.
    """
    k.check_size(span, "span")
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1:
        raise SpcValueError("values", "shape (m,)", values.shape)
    result = np.full(len(values), np.nan)
    if len(values) < span:
        return result
    if span == 2:
        np.subtract(values[1:], values[:-1], out=result[1:])
        np.abs(result, out=result)
    else:
        windows = np.lib.stride_tricks.sliding_window_view(values, span)
        np.subtract(windows.max(axis=1), windows.min(axis=1), out=result[span - 1 :])
        result += 0.0
    if breaks is not None:
        for start in np.flatnonzero(breaks).tolist():
            result[start : start + span - 1] = np.nan
    return result


def _unequal(
    statistic: FloatArray, counts: NDArray[np.int64], choices: SigmaChoices, center: str, deviation: str
) -> tuple[float, float]:
    """Combine R_i / d2(n_i) or S_i / c4(n_i); equal sizes give the same with either weights."""
    usable = counts >= 2
    if not usable.any():
        raise SpcValueError("values", "at least 2 values in some subgroup")
    sizes, at = np.unique(counts[usable], return_inverse=True)
    tables = [k.constants(int(n), choices.table) for n in sizes]
    unbias = np.array([getattr(table, center) for table in tables])[at]
    variance = np.array([(getattr(table, deviation) / getattr(table, center)) ** 2 for table in tables])[at]
    scaled = statistic[usable] / unbias
    if choices.weights == "mvlue" and len(sizes) > 1:
        weight = 1 / variance
        sigma = float(np.sum(weight * scaled) / np.sum(weight))
        relative_variance = float(1 / np.sum(weight))
    else:
        # Divided last, so that equal sizes give exactly mean(R) / d2.
        sigma = float(np.mean(statistic[usable]) / unbias[0]) if len(sizes) == 1 else float(np.mean(scaled))
        relative_variance = float(np.sum(variance)) / len(scaled) ** 2
    return sigma, degrees_of_freedom(math.sqrt(relative_variance))


def _rbar(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """Rbar / d2 (Montgomery section 6.2; unequal sizes Burr 1969)."""
    counts = row_counts(values)
    return _unequal(row_ranges(values, counts), counts, choices, "d2", "d3")


def _sbar(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """Sbar / c4 (Montgomery section 6.3)."""
    counts = row_counts(values)
    return _unequal(row_sds(values, counts), counts, choices, "c4", "c5")


def _pooled(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """Square root of the mean variance within subgroups, weighted by n - 1 (Montgomery section 6.3.2)."""
    counts = row_counts(values)
    df = int(np.sum(np.maximum(counts - 1, 0)))
    if df < 1:
        raise SpcValueError("values", "at least 2 values in some subgroup")
    squares = row_squares(values, counts)
    return math.sqrt(float(np.sum(squares)) / df), float(df)


def _mrbar(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """Mean moving range / d2(span) (Montgomery section 6.4)."""
    ranges, runs = _ranges(values, breaks, choices.span)
    table = k.constants(choices.span, choices.table)
    spread = math.sqrt(theory.mean_range_variance(choices.span, runs)) / k.d2(choices.span)
    return float(np.mean(ranges)) / table.d2, degrees_of_freedom(spread)


def _mrbar_screened(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """Mean moving range once more without those above their own upper limit D4 * MRbar (Nelson 1982)."""
    ranges, runs = _ranges(values, breaks, choices.span)
    table = k.constants(choices.span, choices.table)
    kept = ranges[ranges <= table.D4 * float(np.mean(ranges))]
    spread = math.sqrt(theory.mean_range_variance(choices.span, runs)) / k.d2(choices.span)
    return float(np.mean(kept)) / table.d2, degrees_of_freedom(spread * math.sqrt(len(ranges) / len(kept)))


def _median_mr(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """Median moving range / d4(span); the AIAG table gives the usual rounded 0.954."""
    ranges, runs = _ranges(values, breaks, choices.span)
    table = k.constants(choices.span, choices.table)
    spread = math.sqrt(theory.median_range_variance(choices.span, runs)) / k.d4(choices.span)
    return float(np.median(ranges)) / table.d4, degrees_of_freedom(spread)


def _mssd(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """Root of half the mean square successive difference (von Neumann 1941); df of its square."""
    ranges, runs = _ranges(values, breaks, 2)
    m = len(ranges)
    neighbours = m - len(runs)
    return math.sqrt(float(np.mean(ranges * ranges)) / 2), 2 * m * m / (2 * m + neighbours)


def _mssd_unbiased(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """MSSD divided by its exact expectation under normality (Minitab calls the constant c4')."""
    _, runs = _ranges(values, breaks, 2)
    sigma, df = _mssd(values, breaks, choices)
    return sigma / theory.mssd_mean(runs), df


def _overall(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
    """Standard deviation of all values, divisor N - 1."""
    present = values[~np.isnan(values)]
    if present.size < 2:
        raise SpcValueError("values", "at least 2 values", int(present.size))
    # Distances from one of them, so that equal values have no deviation at all.
    return float(np.std(present - present[0], ddof=1)), float(present.size - 1)


def _unbiased(compute: Compute) -> Compute:
    """Divide by c4(df + 1), so that the estimate is unbiased under normality."""

    def unbiased(values: FloatArray, breaks: BoolArray | None, choices: SigmaChoices) -> tuple[float, float]:
        sigma, df = compute(values, breaks, choices)
        return sigma / k.c4(df + 1), df

    return unbiased


def _ranges(values: FloatArray, breaks: BoolArray | None, span: int) -> tuple[FloatArray, tuple[int, ...]]:
    """Return the moving ranges that exist, and the lengths of their uninterrupted runs."""
    ranges = moving_ranges(values, span, breaks)
    there = ~np.isnan(ranges)
    if not there.any():
        raise SpcValueError("values", f"at least {span} neighbouring values without a gap, stage or exclusion between")
    edges = np.flatnonzero(np.diff(there, prepend=False, append=False))
    return ranges[there], tuple((edges[1::2] - edges[::2]).tolist())


def degrees_of_freedom(relative_spread: float) -> float:
    """Return the df of the chi distribution with this coefficient of variation, sqrt(1 - c4^2) / c4 (Patnaik 1950)."""
    if relative_spread < 1e-3:
        return 0.5 / relative_spread**2 + 0.25  # the series of the same equation
    low, high = 1e-3, 1.0
    while _chi_spread(high) > relative_spread:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        if _chi_spread(middle) > relative_spread:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _chi_spread(df: float) -> float:
    mean = k.c4(df + 1)
    return math.sqrt(max(0.0, 1 - mean * mean)) / mean


_ENTRIES = (
    SigmaEstimator("rbar", "subgroups", _rbar),
    SigmaEstimator("sbar", "subgroups", _sbar),
    SigmaEstimator("pooled", "subgroups", _pooled),
    SigmaEstimator("pooled_c4", "subgroups", _unbiased(_pooled)),
    SigmaEstimator("mrbar", "individuals", _mrbar),
    SigmaEstimator("mrbar_screened", "individuals", _mrbar_screened),
    SigmaEstimator("median_mr", "individuals", _median_mr),
    SigmaEstimator("mssd", "individuals", _mssd),
    SigmaEstimator("mssd_c4", "individuals", _mssd_unbiased),
    SigmaEstimator("overall", "any", _overall),
    SigmaEstimator("overall_c4", "any", _unbiased(_overall)),
)
SIGMA_ESTIMATORS: Mapping[str, SigmaEstimator] = MappingProxyType({entry.name: entry for entry in _ENTRIES})
