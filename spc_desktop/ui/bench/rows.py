"""The points of a series as lines of text, some thousand at a time: for CSV files and the clipboard."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from spc_desktop.domain.point import PointMark
from spc_desktop.ui.charts.series import Series

CHUNK = 4_000
COLUMNS = ("value", "lcl", "center", "ucl")


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A copy of a stretch of a series, which may change while it is written in another thread."""

    first: int
    time: NDArray[np.float64]
    number: NDArray[np.int64]
    columns: Sequence[NDArray[np.float64]]
    """Value and limits, panel by panel."""
    marks: dict[int, PointMark] = field(default_factory=dict)


def heading(panel_keys: Sequence[str]) -> list[str]:
    """Return the names of the columns: fixed words, whatever the language, so that programs can read them."""
    names = ["position", "subgroup", "measured_at"]
    for key in panel_keys:
        names += [key, f"{key}_lcl", f"{key}_cl", f"{key}_ucl"]
    return [*names, "rules", "out_of_spec", "excluded"]


def copy_chunk(series: Series, first: int, last: int) -> Chunk:
    """Copy positions first to last (not included)."""
    part = slice(first - series.base, last - series.base)
    return Chunk(
        first=first,
        time=series.time[part].copy(),
        number=series.number[part].copy(),
        columns=[panel.columns[name][part].copy() for panel in series.panels.values() for name in COLUMNS],
        marks={at: series.marks[at] for at in range(first, last) if at in series.marks},
    )


def lines(chunk: Chunk, separator: str = ",") -> str:
    """Write a chunk; numbers as they are, to the last digit."""
    columns = [[_number(value) for value in column.tolist()] for column in chunk.columns]
    numbers, times = chunk.number.tolist(), chunk.time.tolist()
    written = []
    for row in range(len(numbers)):
        at = chunk.first + row
        moment = datetime.fromtimestamp(times[row], UTC).astimezone().isoformat(timespec="milliseconds")
        cells = [
            str(at),
            str(numbers[row]),
            moment,
            *(column[row] for column in columns),
            *_special(chunk.marks.get(at)),
        ]
        written.append(separator.join(cells))
    return "\n".join(written) + "\n" if written else ""


def _number(value: float) -> str:
    return repr(value) if value == value else ""  # noqa: PLR0124 - NaN is a value that is not there


def _special(mark: PointMark | None) -> tuple[str, str, str]:
    if mark is None:
        return "", "", ""
    rules = " ".join(f"{key}:{violation.rule}" for key, violation in mark.violations)
    return rules, "1" if mark.out_of_spec else "", "1" if mark.excluded else ""
