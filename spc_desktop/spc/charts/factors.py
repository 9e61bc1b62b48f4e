"""Limits of the common statistics for one subgroup size: the arithmetic that all variables charts share.

Owns the options ``nsigma``, ``limits``, ``alpha`` and ``constants``, and the half widths and factors made of them. With
``limits="probability"`` they are quantiles under normality that leave ``alpha / 2`` on each side (Montgomery section 5.3.2).
With ``constants="aiag"`` and 3 sigma the printed factors A2, D3, D4 ... are used themselves, as in a calculation by hand.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Real
from typing import Any

from spc_desktop.spc import constants as k
from spc_desktop.spc.errors import SpcValueError

LIMIT_OPTIONS: Mapping[str, Any] = {"nsigma": 3.0, "limits": "sigma", "alpha": 0.0027, "constants": "exact"}
# Below this a sigma is rounding, and what is divided by it overflows.
SMALLEST = 1e-150
# center, lcl, ucl, sigma of the statistic
Line = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class LimitRule:
    """How wide limits are; made of a chart's options by ``limit_rule``."""

    nsigma: float
    probability: bool
    alpha: float
    table: str


def limit_rule(options: Mapping[str, Any]) -> LimitRule:
    """Check and return the options of ``LIMIT_OPTIONS``.

    Raises:
        SpcValueError: nsigma not above 0, alpha not between 0 and 1, an unknown choice.
    """
    nsigma, alpha = number(options, "nsigma"), check_alpha(options)
    if not nsigma > 0:
        raise SpcValueError("nsigma", "above 0", nsigma)
    choice(options, "limits", ("sigma", "probability"))
    choice(options, "constants", ("exact", "aiag"))
    return LimitRule(nsigma, options["limits"] == "probability", alpha, options["constants"])


def check_alpha(options: Mapping[str, Any]) -> float:
    """Return the option ``alpha``.

    Raises:
        SpcValueError: not between 0 and 1.
    """
    alpha = number(options, "alpha")
    if not 0 < alpha < 1:
        raise SpcValueError("alpha", "above 0 and below 1", alpha)
    return alpha


def number(values: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """Return a finite number of options or parameters.

    Raises:
        SpcValueError: it is missing or no finite number.
    """
    value = values.get(name, default)
    huge = isinstance(value, int) and value.bit_length() > 1023
    if isinstance(value, bool) or huge or not isinstance(value, Real) or not abs(float(value)) < math.inf:
        raise SpcValueError(name, "a finite number", value)
    return float(value)


def choice(options: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return a named choice.

    Raises:
        SpcValueError: it is none of the allowed names.
    """
    value = options.get(name)
    if value not in allowed:
        raise SpcValueError(name, f"one of {', '.join(allowed)}", value)
    return str(value)


def positive(params: Mapping[str, Any], name: str) -> float:
    """Return a finite parameter above 0, for example a sigma.

    Raises:
        SpcValueError: it is missing, no finite number, or not above 0.
    """
    value = number(params, name)
    if not value > SMALLEST:
        raise SpcValueError(name, "above 0 (values that do not vary have no limits)", value)
    return value


def known(options: Mapping[str, Any], name: str) -> Any:
    """Return a parameter that was given as a standard beside the estimation, None where it is to be estimated."""
    return options.get("standards", {}).get(name)


def known_number(options: Mapping[str, Any], name: str) -> float | None:
    """Return a given standard that is a number, None where it is to be estimated.

    Raises:
        SpcValueError: it is no finite number.
    """
    return None if known(options, name) is None else number(options["standards"], name)


def only(params: Mapping[str, Any], *names: str) -> None:
    """Raise SpcValueError for a parameter the chart does not know, so that a misspelt one is not passed over."""
    for name in params:
        if name not in names:
            raise SpcValueError("params", f"one of {', '.join(names)}", name)


@cache
def normal_quantile(p: float) -> float:
    """Return z with P(Z <= z) = p."""
    from statistics import NormalDist  # noqa: PLC0415 - 10 ms that only probability limits need

    return NormalDist().inv_cdf(p)


def width(rule: LimitRule) -> float:
    """Return how many standard deviations of a normal statistic lie between centre and limit."""
    return normal_quantile(1 - rule.alpha / 2) if rule.probability else rule.nsigma


def location_line(center: float, deviation: float, rule: LimitRule, printed: float | None = None) -> Line:
    """Return the line of a normal statistic with this standard deviation.

    ``printed``: half width at 3 sigma by a printed factor, used with the AIAG table.
    """
    hand = printed is not None and rule.table == "aiag" and not rule.probability
    half = rule.nsigma / 3 * printed if hand and printed is not None else width(rule) * deviation
    return center, center - half, center + half, deviation


def range_line(n: int, sigma: float, rule: LimitRule) -> Line:
    """Return the line of the range of n values (Montgomery section 6.2; quantiles: Harter 1960)."""
    table = k.constants(n, rule.table)
    center, deviation = table.d2 * sigma, table.d3 * sigma
    if rule.probability:
        low, high = k.range_quantile(rule.alpha / 2, n), k.range_quantile(1 - rule.alpha / 2, n)
        return center, low * sigma, high * sigma, deviation
    if rule.table == "aiag" and rule.nsigma == 3:
        return center, table.D3 * center, table.D4 * center, deviation
    half = rule.nsigma * deviation
    return center, max(0.0, center - half), center + half, deviation


def sd_line(n: int, sigma: float, rule: LimitRule) -> Line:
    """Return the line of the standard deviation of n values (Montgomery section 6.3; quantiles: chi-square)."""
    table = k.constants(n, rule.table)
    center, deviation = table.c4 * sigma, table.c5 * sigma
    if rule.probability:
        return center, _chi(rule.alpha / 2, n) * sigma, _chi(1 - rule.alpha / 2, n) * sigma, deviation
    if rule.table == "aiag" and rule.nsigma == 3:
        return center, table.B3 * center, table.B4 * center, deviation
    half = rule.nsigma * deviation
    return center, max(0.0, center - half), center + half, deviation


@cache
def _chi(p: float, n: int) -> float:
    """Return the p quantile of the standard deviation of n standard normal values."""
    from scipy.special import gammaincinv  # noqa: PLC0415 - scipy costs half a second to import

    return math.sqrt(2 * float(gammaincinv((n - 1) / 2, p)) / (n - 1))
