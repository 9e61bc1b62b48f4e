"""The statistics of one subgroup, each twice: over the rows of an array and over one tuple, with the same bits.

Owns mean, range, standard deviation and median of a subgroup. The streaming and the batch side of every chart meet here:
both add in the order of the values, so a chart gives identical results however the data arrive. NaN is a missing value.
Called by ``sigma`` and ``charts``.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.errors import SpcValueError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Measurements stay below this, so that no square or sum can overflow.
LARGEST = 1e100


def check_values(values: FloatArray, argument: str = "values") -> FloatArray:
    """Return ``values``, or raise SpcValueError when one of them is infinite or absurdly large; NaN may stay."""
    # One pass without a temporary of the same size: comparisons with NaN are false, so max and min ignore nothing harmful.
    if values.size and not (
        np.fmax.reduce(values, axis=None) < LARGEST and np.fmin.reduce(values, axis=None) > -LARGEST
    ):
        bad = values[np.abs(values) >= LARGEST]
        if bad.size:
            raise SpcValueError(argument, f"finite numbers below {LARGEST:g} in size", float(bad[0]))
    return values


def measured(values: Sequence[float]) -> list[float]:
    """Return the values that are there (neither NaN nor None) as floats.

    Raises:
        SpcValueError: a value that is infinite, absurdly large or no number.
    """
    try:
        numbers = list(map(float, values))
    except (TypeError, ValueError):
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            raise SpcValueError("values", "a tuple of numbers", values) from None
        numbers = [_number(value) for value in values]
    # The root of the sum of squares is at least as large as each, and NaN when one is: one call looks at all of them.
    return numbers if math.hypot(*numbers) < LARGEST else _present(numbers)


def _number(value: Any) -> float:
    try:
        return math.nan if value is None else float(value)
    except (TypeError, ValueError):
        raise SpcValueError("values", "numbers", value) from None


def _present(numbers: list[float]) -> list[float]:
    for number in numbers:
        if abs(number) >= LARGEST:
            raise SpcValueError("values", f"finite numbers below {LARGEST:g} in size", number)
    return [number for number in numbers if not math.isnan(number)]


def row_counts(values: FloatArray) -> IntArray:
    """Return the number of values of each row; ``values`` has shape (k, n)."""
    counts: IntArray = np.count_nonzero(values == values, axis=1).astype(np.int64)  # noqa: PLR0124 - NaN differs from itself
    return counts


def row_means(values: FloatArray, counts: IntArray) -> FloatArray:
    """Return the mean of each row, NaN for an empty one.

    Distances from the first value are summed, so that the mean of equal values is that value to the last bit, and digits are
    not lost far from zero.
    """
    first = _first_of_rows(values)
    return first + _mean_distances(values, counts, first)


def _mean_distances(values: FloatArray, counts: IntArray, first: FloatArray) -> FloatArray:
    total = np.zeros(len(values))
    for column in values.T:
        distance = column - first
        total += np.where(distance == distance, distance, 0.0)  # noqa: PLR0124 - NaN differs from itself
    return _divide(total, counts)


def _first_of_rows(values: FloatArray) -> FloatArray:
    first = values[:, 0]
    missing = np.flatnonzero(first != first)  # noqa: PLR0124
    if missing.size:
        rest = values[missing]
        first = first.copy()
        first[missing] = rest[np.arange(len(rest)), np.argmax(rest == rest, axis=1)]  # noqa: PLR0124
    return first


def row_ranges(values: FloatArray, counts: IntArray) -> FloatArray:
    """Return largest minus smallest value of each row, NaN below two values."""
    high, low = values[:, 0].copy(), values[:, 0].copy()
    for column in values.T[1:]:
        np.fmax(high, column, out=high)
        np.fmin(low, column, out=low)
    high -= low
    high += 0.0  # a negative zero becomes zero
    high[counts < 2] = np.nan
    return high


def row_sds(values: FloatArray, counts: IntArray) -> FloatArray:
    """Return the standard deviation of each row (divisor n - 1), NaN below two values."""
    return np.sqrt(_divide(row_squares(values, counts), counts - 1))


def row_squares(values: FloatArray, counts: IntArray) -> FloatArray:
    """Return the sum of squared distances from the mean of each row, 0 for an empty one."""
    first = _first_of_rows(values)
    middle = _mean_distances(values, counts, first)
    total = np.zeros(len(values))
    for column in values.T:
        distance = (column - first) - middle
        total += np.where(distance == distance, distance * distance, 0.0)  # noqa: PLR0124
    return total


def row_medians(values: FloatArray, counts: IntArray) -> FloatArray:
    """Return the median of each row (mean of the middle two for an even count), NaN for an empty one."""
    ordered = np.sort(values, axis=1) + 0.0  # NaN sorts last
    rows = np.arange(len(values))
    last = values.shape[1] - 1
    lower = ordered[rows, np.clip((counts - 1) // 2, 0, last)]
    upper = ordered[rows, np.clip(counts // 2, 0, last)]
    middle: FloatArray = (lower + upper) / 2
    middle[counts == 0] = np.nan
    return middle


def _divide(total: FloatArray, by: IntArray) -> FloatArray:
    quotient = np.full(len(total), np.nan)
    np.divide(total, by, out=quotient, where=by > 0)
    return quotient


def mean(values: Sequence[float]) -> float:
    """Return the mean of at least one value, summed as in ``row_means``."""
    first = values[0]
    total = 0.0
    for value in values:
        total += value - first
    return first + total / len(values)


def value_range(values: Sequence[float]) -> float:
    """Return largest minus smallest of at least one value."""
    ordered = sorted(values)  # of a few values faster than asking for both ends
    return ordered[-1] - ordered[0] + 0.0


def standard_deviation(values: Sequence[float]) -> float:
    """Return the standard deviation (divisor n - 1) of at least two values, summed as in ``row_squares``."""
    first = values[0]
    total = 0.0
    for value in values:
        total += value - first
    middle = total / len(values)
    total = 0.0
    for value in values:
        distance = (value - first) - middle
        total += distance * distance
    return math.sqrt(total / (len(values) - 1))


def median(values: Sequence[float]) -> float:
    """Return the median of at least one value."""
    ordered = sorted(values)
    n = len(ordered)
    return ((ordered[(n - 1) // 2] + 0.0) + (ordered[n // 2] + 0.0)) / 2
