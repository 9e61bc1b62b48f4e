"""Variance components as every gauge study reports them, and their modified large sample intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import number
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.samples import FloatArray, probability
from spc_desktop.spc.subgroups import check_values

Interval = tuple[float, float]
Term = tuple[float, float, float]
"""Coefficient, mean square, degrees of freedom."""


@dataclass(frozen=True, slots=True)
class Component:
    """One source of variation.

    ``variance`` in squared units (negative estimates are set to 0), ``interval`` its confidence interval (None where the
    model gives none), ``sd`` and ``study`` (multiple times sd) in units, the others in per cent: of the total variance,
    of the total study variation, of the tolerance, of the process variation (None where not given).
    """

    variance: float
    interval: Interval | None
    sd: float
    study: float
    contribution: float | None
    pct_study: float | None
    pct_tolerance: float | None
    pct_process: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """What a study is judged against: ``tolerance`` (upper - lower limit), ``process_sd``, and the study multiple."""

    tolerance: float | None = None
    process_sd: float | None = None
    multiple: float = 6.0

    def __post_init__(self) -> None:
        for name in ("tolerance", "process_sd", "multiple"):
            value = getattr(self, name)
            if value is not None and not (number(value, name) > 0):
                raise SpcValueError(name, "a finite number above 0" + (" or None" if name != "multiple" else ""), value)


def component_table(
    variances: Mapping[str, float], intervals: Mapping[str, Interval], scale: Scale
) -> dict[str, Component]:
    """Return the full table; ``variances`` holds a key ``"total"``. Shares are None when the total is 0."""
    total = variances["total"]
    table = {}
    for name, variance in variances.items():
        sd = math.sqrt(variance)
        study = scale.multiple * sd
        table[name] = Component(
            variance,
            intervals.get(name),
            sd,
            study,
            100.0 * variance / total if total > 0 else None,
            100.0 * sd / math.sqrt(total) if total > 0 else None,
            None if scale.tolerance is None else 100.0 * study / scale.tolerance,
            None if scale.process_sd is None else 100.0 * sd / scale.process_sd,
        )
    return table


def distinct_categories(part_sd: float, gage_sd: float, factor: float = 1.41) -> float | None:
    """ndc before truncation: 1.41 sd(part)/sd(gauge) (AIAG MSA-4, p. 80); None for a gauge without variation."""
    return factor * part_sd / gage_sd if gage_sd > 0 else None


def truncated_categories(raw: float | None) -> int | None:
    """ndc as AIAG reports it: truncated, at least 1."""
    return None if raw is None else max(1, math.floor(raw))


def mls_interval(terms: Sequence[Term], confidence: float) -> Interval:
    """Modified large sample interval of sum(coefficient * mean square), cut at 0.

    Positive coefficients only: Graybill and Wang (1980). With negative ones: Ting, Burdick, Graybill, Jeyaratnam and Lu
    (1990).

    Args:
        terms: coefficient, mean square and degrees of freedom of each term.
        confidence: two-sided.
    """
    alpha = (1.0 - probability(confidence, "confidence")) / 2.0
    unit = max((ms for _, ms, _ in terms), default=0.0) or 1.0  # squares of mean squares must stay in range
    plus = [(c, ms / unit, df) for c, ms, df in terms if c > 0]
    minus = [(-c, ms / unit, df) for c, ms, df in terms if c < 0]
    estimate = sum(c * ms for c, ms, _ in plus) - sum(c * ms for c, ms, _ in minus)
    lower = estimate - math.sqrt(max(0.0, _lower_variance(plus, minus, alpha)))
    upper = estimate + math.sqrt(max(0.0, _upper_variance(plus, minus, alpha)))
    return unit * max(0.0, lower), unit * max(0.0, upper)


def _lower_variance(plus: Sequence[Term], minus: Sequence[Term], alpha: float) -> float:
    total = sum((_g(df, alpha) * c * ms) ** 2 for c, ms, df in plus)
    total += sum((_h(df, alpha) * c * ms) ** 2 for c, ms, df in minus)
    for c, ms, df in plus:
        for k, other, m in minus:
            f = _f_point(df, m, alpha)
            g = ((f - 1) ** 2 - (_g(df, alpha) * f) ** 2 - _h(m, alpha) ** 2) / f
            total += g * c * k * ms * other
    return total + (_like_signs(plus, alpha) if minus else 0.0)


def _upper_variance(plus: Sequence[Term], minus: Sequence[Term], alpha: float) -> float:
    total = sum((_h(df, alpha) * c * ms) ** 2 for c, ms, df in plus)
    total += sum((_g(df, alpha) * c * ms) ** 2 for c, ms, df in minus)
    for c, ms, df in plus:
        for k, other, m in minus:
            f = _f_point(df, m, 1.0 - alpha)
            h = ((1 - f) ** 2 - (_h(df, alpha) * f) ** 2 - _g(m, alpha) ** 2) / f
            total += h * c * k * ms * other
    return total + _like_signs(minus, alpha)


def _like_signs(terms: Sequence[Term], alpha: float) -> float:
    """The terms of pairs with the same sign, G* of Ting et al."""
    from scipy.special import gammainccinv  # noqa: PLC0415

    total = 0.0
    for position, (c, ms, n) in enumerate(terms):
        for k, other, m in terms[position + 1 :]:
            both = n + m
            point = 2.0 * float(gammainccinv(both / 2.0, alpha))
            star = (1 - both / point) ** 2 * both**2 / (n * m) - _g(n, alpha) ** 2 * n / m - _g(m, alpha) ** 2 * m / n
            total += star / (len(terms) - 1) * c * k * ms * other
    return total


def _g(df: float, alpha: float) -> float:
    from scipy.special import gammainccinv  # noqa: PLC0415

    return 1.0 - df / (2.0 * float(gammainccinv(df / 2.0, alpha)))


def _h(df: float, alpha: float) -> float:
    from scipy.special import gammaincinv  # noqa: PLC0415

    return df / (2.0 * float(gammaincinv(df / 2.0, alpha))) - 1.0


def _f_point(n: float, m: float, upper_tail: float) -> float:
    from scipy.special import fdtri  # noqa: PLC0415

    return float(fdtri(n, m, 1.0 - upper_tail))


def f_p_value(f: float | None, df1: float, df2: float) -> float | None:
    """Upper tail of the F distribution; None where F is not defined."""
    from scipy.special import fdtrc  # noqa: PLC0415

    return None if f is None else float(fdtrc(df1, df2, f))


def t_p_value(t: float | None, df: float) -> float | None:
    """Two-sided p-value of Student's t; None where t is not defined."""
    from scipy.special import betainc  # noqa: PLC0415

    return None if t is None else float(betainc(df / 2.0, 0.5, df / (df + t * t)))


def balanced_table(values: object, shape: str, least: str) -> FloatArray:
    """Return the measurements of a balanced study as an array of three dimensions, each of at least 2.

    Args:
        values: nested sequences or an array.
        shape: what is allowed, in words, where the rows are of unequal length.
        least: what is allowed, in words, where a dimension is missing or too short.

    Raises:
        SpcValueError: another shape, missing or infinite values, or all values equal.
    """
    try:
        y = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SpcValueError("measurements", shape) from error
    if y.ndim != 3 or min(y.shape) < 2:
        raise SpcValueError("measurements", least, y.shape)
    check_values(y, "measurements")
    if np.isnan(y).any():
        raise SpcValueError("measurements", "no missing value (the design must be balanced)")
    if y.min() == y.max():
        raise SpcValueError("measurements", "values that are not all equal", float(y.min()))
    return y
