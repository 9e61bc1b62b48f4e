"""Studies of one gauge against known references: type 1, bias, linearity, stability."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.constants import constants
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.msa.components import t_p_value
from spc_desktop.spc.samples import groups, probability, sample
from spc_desktop.spc.sigma import estimate_sigma


@dataclass(frozen=True, slots=True)
class BiasStudy:
    """Repeated measurements of one reference, in units; ``t``, ``p`` and ``interval`` (of the bias) test bias = 0.

    ``sd``, ``t``, ``p`` and ``interval`` are None for a single value, ``t`` and ``p`` also where the values are all equal.
    """

    reference: float
    n: int
    mean: float
    bias: float
    sd: float | None
    t: float | None
    df: int
    p: float | None
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Type1Study:
    """Capability of a gauge at one reference; indices are None where the gauge showed no variation.

    ``cg = K/100 T/(L s)``, ``cgk = (K/200 T - |bias|)/(L/2 s)``; ``pct_repeatability = K/Cg``, ``pct_with_bias = K/Cgk``
    (None where Cgk is not above 0: the bias alone uses up the share).
    """

    bias: BiasStudy
    study_variation: float
    cg: float | None
    cgk: float | None
    pct_repeatability: float | None
    pct_with_bias: float | None


@dataclass(frozen=True, slots=True)
class LinearityStudy:
    """Regression of bias on reference. ``linearity = |slope| * process variation`` (None when that is not given),
    ``pct_linearity = 100 |slope|``. Standard errors and tests are None where the residuals have no spread.
    """

    slope: float
    intercept: float
    r2: float | None
    s: float
    se_slope: float
    se_intercept: float
    t_slope: float | None
    t_intercept: float | None
    p_slope: float | None
    p_intercept: float | None
    df: int
    linearity: float | None
    pct_linearity: float
    by_reference: tuple[BiasStudy, ...]
    average_bias: float


@dataclass(frozen=True, slots=True)
class StabilityStudy:
    """A master measured over time: limits of its chart, points outside, and the drift per period with its p-value.

    ``signals`` and ``range_signals`` are 0-based positions; ``bias`` is None without a reference.
    """

    center: float
    lcl: float
    ucl: float
    sigma: float
    signals: tuple[int, ...]
    range_signals: tuple[int, ...]
    drift: float
    drift_p: float | None
    bias: float | None


@checked
def bias_study(values: object, reference: float, confidence: float = 0.95) -> BiasStudy:
    """Bias by the independent sample method: t test of mean = reference (AIAG MSA-4, III.B).

    Raises:
        SpcValueError: no value, or a reference that is not finite.
    """
    from scipy.special import stdtrit  # noqa: PLC0415

    x = sample(values, least=1)
    _finite(reference, "reference")
    n, mean = int(x.size), float(x.mean())
    bias = mean - reference
    if n < 2:
        return BiasStudy(reference, n, mean, bias, None, None, 0, None, None)
    sd = 0.0 if x.min() == x.max() else float(x.std(ddof=1))
    error = sd / math.sqrt(n)
    half = float(stdtrit(n - 1, 0.5 + probability(confidence, "confidence") / 2.0)) * error
    t = bias / error if error > 0 else None
    return BiasStudy(reference, n, mean, bias, sd, t, n - 1, t_p_value(t, n - 1), (bias - half, bias + half))


@checked
def type1_study(
    values: object,
    reference: float,
    tolerance: float,
    k_percent: float = 20.0,
    study_width: float = 6.0,
    confidence: float = 0.95,
) -> Type1Study:
    """Type 1 gauge study. Common choices: K 20 % with L = 6 (study variation 6 s), or L = 4 (VDA 5, first edition).

    Args:
        values: repeated measurements of one part.
        reference: its true value.
        tolerance: upper minus lower specification limit, above 0.
        k_percent: share of the tolerance, 0 to 100.
        study_width: number of standard deviations L.
        confidence: of the interval of the bias.

    Raises:
        SpcValueError: fewer than 2 values, or a number that is not above 0.
    """
    for name, value in (("tolerance", tolerance), ("k_percent", k_percent), ("study_width", study_width)):
        _finite(value, name, above=0.0)
    x = sample(values)
    found = bias_study(x, reference, confidence)
    sd = found.sd or 0.0
    share = k_percent / 100.0 * tolerance
    if sd <= 0:
        return Type1Study(found, 0.0, None, None, None, None)
    cg = share / (study_width * sd)
    cgk = (share / 2.0 - abs(found.bias)) / (study_width / 2.0 * sd)
    with_bias = k_percent / cgk if cgk > 0 else None
    return Type1Study(found, study_width * sd, cg, cgk, k_percent / cg, with_bias)


@checked
def linearity_study(
    reference: Sequence[float], measured: Sequence[float], process_variation: float | None = None
) -> LinearityStudy:
    """Bias over the range of the gauge: least squares of (measured - reference) on reference (AIAG MSA-4, III.B).

    Args:
        reference: true value of each measurement, shape (n,).
        measured: shape (n,).
        process_variation: 6 standard deviations of the process, for ``linearity``.

    Raises:
        SpcValueError: lengths differ, missing values, fewer than 3 pairs or fewer than 2 different references.
    """
    x, y = sample(reference, "reference", 3), sample(measured, "measured", 3)
    if x.size != y.size or len(reference) != len(measured) or x.size != len(reference):
        raise SpcValueError(
            "measured", "one measurement for each reference, none missing", (len(reference), len(measured))
        )
    if process_variation is not None:
        _finite(process_variation, "process_variation", above=0.0)
    bias = y - x
    deviation = x - x.mean()
    sxx = float(deviation @ deviation)
    if sxx <= 0:
        raise SpcValueError("reference", "at least 2 different references")
    slope = float(deviation @ bias) / sxx
    intercept = float(bias.mean()) - slope * float(x.mean())
    residual = bias - bias.mean() - slope * deviation
    n, rest = int(x.size), float(residual @ residual)
    total = float(np.sum((bias - bias.mean()) ** 2))
    s = math.sqrt(rest / (n - 2))
    se_slope, se_intercept = s / math.sqrt(sxx), s * math.sqrt(1.0 / n + float(x.mean()) ** 2 / sxx)
    t_slope, t_intercept = (b / se if se > 0 else None for b, se in ((slope, se_slope), (intercept, se_intercept)))
    return LinearityStudy(
        slope, intercept, 1.0 - rest / total if total > 0 else None, s, se_slope, se_intercept, t_slope, t_intercept,
        t_p_value(t_slope, n - 2), t_p_value(t_intercept, n - 2), n - 2,
        None if process_variation is None else abs(slope) * process_variation,
        100.0 * abs(slope),
        tuple(bias_study(y[x == value], float(value)) for value in np.unique(x)),
        float(bias.mean()),
    )  # fmt: skip


@checked
def stability_study(subgroups: object, reference: float | None = None) -> StabilityStudy:
    """Stability of a gauge from repeated measurements of a master over time (AIAG MSA-4, III.B).

    Subgroups of one value give an individuals chart, larger ones of one size an Xbar-R chart, both with 3-sigma limits; the
    drift is the slope of the means on the period number.

    Args:
        subgroups: one sequence of measurements a period, all of the same size, at least 3 periods.
        reference: true value of the master.

    Raises:
        SpcValueError: fewer than 3 periods or unequal sizes.
    """
    rows = groups(subgroups)
    sizes = {int(row.size) for row in rows}
    if len(rows) < 3 or len(sizes) > 1:
        raise SpcValueError("subgroups", "at least 3 periods with the same number of measurements", sorted(sizes))
    if reference is not None:
        _finite(reference, "reference")
    table, n = np.stack(rows), sizes.pop()
    means = table.mean(axis=1)
    if n == 1:
        sigma, width = estimate_sigma(means, "mrbar").sigma, 3.0
        ranges, upper = np.concatenate([[0.0], np.abs(np.diff(means))]), constants(2).D4 * constants(2).d2 * sigma
    else:
        sigma, width = estimate_sigma(table, "rbar").sigma, 3.0 / math.sqrt(n)
        ranges, upper = np.ptp(table, axis=1), constants(n).D4 * constants(n).d2 * sigma
    center = float(means.mean())
    lcl, ucl = center - width * sigma, center + width * sigma
    drift, p = _drift(means)
    return StabilityStudy(
        center, lcl, ucl, sigma,
        tuple(np.flatnonzero((means < lcl) | (means > ucl)).tolist()),
        tuple(np.flatnonzero(ranges > upper).tolist()),
        drift, p, None if reference is None else center - reference,
    )  # fmt: skip


def _drift(means: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float | None]:
    period = np.arange(means.size, dtype=np.float64)
    period -= period.mean()
    sxx = float(period @ period)
    slope = float(period @ (means - means.mean())) / sxx
    residual = means - means.mean() - slope * period
    rest = float(residual @ residual)
    df = means.size - 2
    error = math.sqrt(rest / df / sxx)
    return slope, t_p_value(slope / error if error > 0 else None, df)


def _finite(value: float, name: str, above: float = -math.inf) -> None:
    if (
        isinstance(value, bool | str)
        or not isinstance(value, int | float)
        or not math.isfinite(value)
        or value <= above
    ):
        raise SpcValueError(name, "a finite number" + (f" above {above:g}" if math.isfinite(above) else ""), value)
