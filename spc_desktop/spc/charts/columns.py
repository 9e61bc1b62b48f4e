"""Observations as columns: the one place where data of a caller become arrays.

Called by ``engine`` and by the charts' estimators. Refuses what no chart can use (infinite values, ragged rows).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.base import Observation
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.subgroups import LARGEST, check_values

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Columns:
    """m observations. Every field but ``values`` is None when no observation has anything there."""

    values: FloatArray
    """Shape (m,) when no observation has more than one value, else (m, n); NaN is missing, a row of NaN a gap."""
    sizes: FloatArray | None = None
    """Shape (m,): inspected units or area of opportunity, NaN for none."""
    stages: tuple[str, ...] | None = None
    parts: tuple[str, ...] | None = None
    excluded: BoolArray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, first: int, last: int) -> "Columns":
        """Return the observations from ``first`` up to but not including ``last``; arrays are views."""
        if first == 0 and last == len(self):
            return self
        part = slice(first, last)
        return Columns(
            self.values[part],
            None if self.sizes is None else self.sizes[part],
            None if self.stages is None else self.stages[part],
            None if self.parts is None else self.parts[part],
            None if self.excluded is None else self.excluded[part],
        )

    def segments(self) -> list[tuple[int, int, str]]:
        """Return first position, end and name of each uninterrupted stretch of one stage."""
        if self.stages is None:
            return [(0, len(self), "")] if len(self) else []
        starts = [i for i, name in enumerate(self.stages) if i == 0 or name != self.stages[i - 1]]
        return [(i, j, self.stages[i]) for i, j in zip(starts, [*starts[1:], len(self)], strict=True)]

    def stage_starts(self) -> BoolArray | None:
        """Return where a new stage begins (shape (m,)), None for a single stage."""
        if self.stages is None:
            return None
        starts = np.zeros(len(self), dtype=np.bool_)
        starts[[first for first, _, _ in self.segments()]] = True
        return starts

    def breaks(self) -> BoolArray | None:
        """Return where nothing may reach back across: at and after excluded points; None for nowhere."""
        if self.excluded is None:
            return None
        breaks = self.excluded.copy()
        breaks[1:] |= self.excluded[:-1]
        return breaks

    def only(self, used: BoolArray) -> "Columns":
        """Return a copy in which the values of all other observations are missing."""
        values = self.values.copy()
        values[~used] = np.nan
        return Columns(values, self.sizes, self.stages, self.parts, self.excluded)


def to_columns(observations: Sequence[Observation] | FloatArray | Columns) -> Columns:
    """Return observations as columns; columns are returned as they are.

    Args:
        observations: a sequence of ``Observation``, or anything numpy makes an array of shape (m,) or (m, n) of (None and
            NaN are missing values).

    Raises:
        SpcValueError: another shape, something that is no number, an infinite value.
    """
    if isinstance(observations, Columns):
        return observations
    if isinstance(observations, np.ndarray):
        return Columns(_matrix(observations))
    if not isinstance(observations, Iterable):
        raise SpcValueError("observations", "a sequence of observations or an array", observations)
    rows = list(observations)
    if not rows or not isinstance(rows[0], Observation):
        return Columns(_matrix(rows))
    for row in rows:
        check_observation(row)
    sizes = _sizes(rows)
    stages, parts = tuple([row.stage for row in rows]), tuple([row.part for row in rows])
    excluded = np.array([row.excluded for row in rows], dtype=np.bool_)
    return Columns(
        _padded([row.values for row in rows]),
        sizes,
        stages if any(stages) else None,
        parts if any(parts) else None,
        excluded if excluded.any() else None,
    )


def check_observation(observation: object) -> None:
    """Refuse an observation that is not of the kinds its fields say.

    Raises:
        SpcValueError: naming the field.
    """
    if not isinstance(observation, Observation):
        raise SpcValueError("observation", "an Observation", observation)
    if isinstance(observation.values, str | bytes) or not isinstance(observation.values, Iterable):
        raise SpcValueError("values", "a tuple of numbers", observation.values)
    for name in ("stage", "part"):
        if not isinstance(getattr(observation, name), str):
            raise SpcValueError(name, "a text", getattr(observation, name))
    if not isinstance(observation.excluded, bool | np.bool_):
        raise SpcValueError("excluded", "true or false", observation.excluded)


def _sizes(rows: list[Observation]) -> FloatArray | None:
    if all(row.size is None for row in rows):
        return None
    try:
        sizes = np.array([np.nan if row.size is None else row.size for row in rows], dtype=np.float64)
    except (TypeError, ValueError):
        raise SpcValueError("size", "numbers") from None
    if sizes.ndim != 1:
        raise SpcValueError("size", "one number for each observation")
    return check_values(sizes, "size")


def _matrix(data: object) -> FloatArray:
    if isinstance(data, np.ndarray) and data.dtype.kind not in "biufO":
        raise SpcValueError("observations", "an array of numbers", str(data.dtype))
    try:
        values = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise SpcValueError("observations", "numbers in rows of one length (None or NaN for missing)") from None
    if values.ndim not in {1, 2} or (values.ndim == 2 and values.shape[1] == 0):
        raise SpcValueError("observations", "an array of shape (m,) or (m, n)", values.shape)
    check_values(values, "observations")
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def _padded(rows: list[tuple[float, ...]]) -> FloatArray:
    """Rows of any lengths side by side, missing values at the end."""
    longest = max(map(len, rows))
    filled = [tuple(row) + (np.nan,) * (longest - len(row)) for row in rows]
    if longest == 0:
        return np.full(len(rows), np.nan)
    return _matrix(filled)


def used_rows(
    columns: Columns, baseline: Sequence[int] | None, exclusions: Mapping[int, str] | None
) -> tuple[BoolArray, tuple[tuple[int, str], ...]]:
    """Return which observations a baseline uses, and every exclusion inside it with its reason.

    Raises:
        SpcValueError: a position that no observation has.
    """
    m = len(columns)
    used = np.zeros(m, dtype=np.bool_)
    if baseline is None:
        used[:] = True
    else:
        used[positions_of("baseline", baseline, m)] = True
    if exclusions is not None and not isinstance(exclusions, Mapping):
        raise SpcValueError("exclusions", "a mapping from position to reason", exclusions)
    reasons = dict(exclusions or {})
    if columns.excluded is not None:
        for position in np.flatnonzero(columns.excluded & used).tolist():
            reasons.setdefault(position, "")
    used[positions_of("exclusions", list(reasons), m)] = False
    values = columns.values if columns.values.ndim == 1 else np.fmax.reduce(columns.values, axis=1)
    used &= ~np.isnan(values)
    return used, tuple(sorted((int(position), str(reason)) for position, reason in reasons.items()))


def positions_of(argument: str, positions: Sequence[int], m: int) -> NDArray[np.int64]:
    """Return positions of m observations as an array; ``argument`` is named where they are none.

    Raises:
        SpcValueError: no whole numbers, or one that no observation has.
    """
    if isinstance(positions, str | bytes) or not isinstance(positions, Iterable):
        raise SpcValueError(argument, f"0-based positions below {m}", positions)
    try:
        found = np.asarray(positions if isinstance(positions, np.ndarray) else list(positions))
    except ValueError:
        raise SpcValueError(argument, f"0-based positions below {m}", positions) from None
    whole = found.size == 0 or (found.ndim == 1 and found.dtype.kind in "iu")
    if not whole or (found.size and not (found.min() >= 0 and found.max() < m)):
        raise SpcValueError(argument, f"0-based positions below {m}", list(positions)[:10])
    return found.astype(np.int64).ravel()


def one_value(values: Sequence[float]) -> float | None:
    """Return the single measurement of an observation, None for a gap (no value, NaN or None).

    Raises:
        SpcValueError: more than one value, an infinite one, or no number.
    """
    if not values:
        return None
    if len(values) != 1:
        raise SpcValueError("values", "one value per observation for a chart of individuals", tuple(values))
    if values[0] is None:
        return None
    try:
        value = float(values[0])
    except (TypeError, ValueError):
        raise SpcValueError("values", "numbers", values[0]) from None
    if -LARGEST < value < LARGEST:
        return value
    if value != value:  # noqa: PLR0124 - NaN is a missing value
        return None
    raise SpcValueError("values", f"finite numbers below {LARGEST:g} in size", value)
