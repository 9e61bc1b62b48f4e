"""Checks the arrays that a study is given: one place for "too few", "infinite" and "all equal".

Used by capability, distributions, normality, transforms, tolerance and measurement systems.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.subgroups import LARGEST, check_values

FloatArray = NDArray[np.float64]


def sample(values: object, argument: str = "values", least: int = 2) -> FloatArray:
    """Return the values as a flat float array without the missing ones (None or NaN).

    Args:
        values: any array-like of numbers.
        argument: name used in the error.
        least: how many values must remain.

    Raises:
        SpcValueError: something is no number or infinite, or fewer than ``least`` values remain.
    """
    array = _floats(values, argument).ravel()
    array = array[~np.isnan(array)]
    if array.size < least:
        raise SpcValueError(argument, f"at least {least} values", int(array.size))
    return array


def varying_sample(values: object, argument: str = "values", least: int = 2) -> FloatArray:
    """As ``sample``, and the values must not all be equal (or differ by less than their rounding)."""
    array = sample(values, argument, least)
    spread = float(np.ptp(array))
    if spread <= 1e-14 * float(np.abs(array).max()) or spread < 1.0 / LARGEST:
        raise SpcValueError(argument, "values that are not all equal", float(array[0]))
    return array


def positive_sample(values: object, argument: str = "values", least: int = 2) -> FloatArray:
    """As ``varying_sample``, and every value must be above zero."""
    array = varying_sample(values, argument, least)
    if array.min() <= 0:
        raise SpcValueError(argument, "values above zero", float(array.min()))
    return array


def groups(values: object, argument: str = "subgroups") -> list[FloatArray]:
    """Return subgroups as a list of arrays without missing values; empty subgroups are left out.

    Args:
        values: a sequence of sequences, or an array of shape (k, n); None or NaN is missing.
        argument: name used in the error.

    Raises:
        SpcValueError: not a sequence of sequences, something is no number or infinite, or nothing remains.
    """
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise SpcValueError(argument, "a sequence of subgroups", values)
    found = []
    for row in values:
        array = _floats(row, argument)
        if array.ndim != 1:
            raise SpcValueError(argument, "a sequence of subgroups, each a sequence of numbers")
        array = array[~np.isnan(array)]
        if array.size:
            found.append(array)
    if not found:
        raise SpcValueError(argument, "at least 1 value", 0)
    return found


def probability(value: float, argument: str) -> float:
    """Return ``value`` when it lies strictly between 0 and 1.

    Raises:
        SpcValueError: it does not.
    """
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1:
        raise SpcValueError(argument, "a number between 0 and 1, both excluded", value)
    return float(value)


def counts(values: Sequence[float], argument: str) -> FloatArray:
    """Return whole, non-negative counts as floats.

    Raises:
        SpcValueError: missing, negative, fractional or infinite counts, or none at all.
    """
    array = _floats(values, argument).ravel()
    if array.size == 0 or np.isnan(array).any() or (array < 0).any() or (array != np.floor(array)).any():
        raise SpcValueError(argument, "at least one count, each a whole number of at least 0")
    return array


def _floats(values: object, argument: str) -> FloatArray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SpcValueError(argument, "numbers only, in rows of equal length") from error
    return check_values(array, argument)
