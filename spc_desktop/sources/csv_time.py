"""When the rows of a file were measured: dates in the usual notations, parts of a date, or minutes since the beginning."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from spc_desktop.domain.errors import UserError
from spc_desktop.sources.csv_columns import Layout
from spc_desktop.sources.csv_text import Row, Table

_SEPARATED = re.compile(r"^(?P<a>\d{1,4})[./-](?P<b>\d{1,2})[./-](?P<c>\d{1,4})\.?(?:[ T]+(?P<clock>\d.*))?$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2}):?(\d{2}):?(\d{2})?)?$")
_SPACED_DATE = re.compile(r"(?<=\d[.]) +(?=\d{1,2}[. ])")


class RowTimes:
    """Gives each row its time. Rows without one follow each other by a second and end when the file was written."""

    def __init__(self, table: Table, layout: Layout, written: datetime) -> None:
        """``written`` (with offset) ends the time of a file that has no dates; its offset holds where a text has none."""
        self._table = table
        self._columns = dict(layout.time)
        self._texts = [at for role, at in layout.time if role == "time"]
        self._written = written
        self._order = ""
        self._last = len(table.rows) - 1
        if "time" in self._columns:
            texts = [self._text(row) for row in table.rows]
            self._elapsed = all(_is_number(table, text) and not _COMPACT.match(text) for text in texts if text)
            self._order = "" if self._elapsed else _date_order(texts)
        else:
            self._elapsed = not {"month", "day"} <= set(self._columns)
        unit = {"minute": 60.0, "second": 1.0, "hour": 3600.0, "time": 1.0}
        self._unit = (
            next(((at, unit[role]) for role, at in layout.time if role in unit), None) if self._elapsed else None
        )
        self._end = self._offset(table.rows[-1]) if self._unit else 0.0

    @property
    def dated(self) -> bool:
        """Whether the file itself says when it was measured."""
        return not self._elapsed

    def time_of(self, number: int, row: Row) -> datetime:
        """Return the time of the row with this number (0-based).

        Raises:
            ValueError: its date cannot be read; the text says which.
        """
        if self._unit:
            return self._written + timedelta(seconds=self._offset(row) - self._end)
        if "time" in self._columns:
            return _parse(self._text(row), self._order)
        if not self._elapsed:
            return self._from_parts(row)
        return self._written - timedelta(seconds=self._last - number)

    def _text(self, row: Row) -> str:
        """The date as written; a column for the date and one for the time of day are read as one."""
        return " ".join(_cell(row, at) for at in self._texts)

    def _offset(self, row: Row) -> float:
        if self._unit is None:
            return 0.0
        at, seconds = self._unit
        return (self._table.number(_cell(row, at)) or 0.0) * seconds

    def _from_parts(self, row: Row) -> datetime:
        parts = {role: int(self._table.number(_cell(row, at)) or 0) for role, at in self._columns.items()}
        when = self._written.replace(minute=0, second=0, microsecond=0, hour=0)
        return when.replace(
            month=parts["month"],
            day=parts["day"],
            hour=parts.get("hour", 0),
            minute=parts.get("minute", 0),
            second=parts.get("second", 0),
        )


def _cell(row: Row, at: int) -> str:
    return row.cells[at] if at < len(row.cells) else ""


def _is_number(table: Table, text: str) -> bool:
    try:
        return table.number(text) is not None
    except ValueError:
        return False


def _date_order(texts: Sequence[str]) -> str:
    """Return ``ymd``, ``dmy`` or ``mdy``: what the column as a whole allows.

    Raises:
        UserError: ``date_order`` (example) where day and month cannot be told apart.
    """
    order, example = "ymd", ""
    for text in texts:
        match = _SEPARATED.match(_SPACED_DATE.sub("", text))
        if not match or len(match["a"]) == 4:
            continue
        if "." in text:
            return "dmy"
        if int(match["a"]) > 12:
            return "dmy"
        if int(match["b"]) > 12:
            return "mdy"
        order, example = "", text
    if not order:
        raise UserError("date_order", example=example)
    return order


def _parse(text: str, order: str) -> datetime:
    plain = _SPACED_DATE.sub("", text.strip())
    compact, separated = _COMPACT.match(plain), _SEPARATED.match(plain)
    if compact:
        year, month, day, hour, minute, second = (int(part or 0) for part in compact.groups())
        return _with_offset(datetime(year, month, day, hour, minute, second))  # noqa: DTZ001 - the offset follows
    if not separated:
        return _with_offset(datetime.fromisoformat(plain))
    first, second, third = int(separated["a"]), int(separated["b"]), int(separated["c"])
    year, month, day = {"ymd": (first, second, third), "dmy": (third, second, first), "mdy": (third, first, second)}[
        order
    ]
    year += 2000 if year < 100 else 0
    clock_text = separated["clock"] or "00:00"
    whole = f"{year:04d}-{month:02d}-{day:02d}T{clock_text.zfill(5) if clock_text[1:2] == ':' else clock_text}"
    return _with_offset(datetime.fromisoformat(whole))


def _with_offset(when: datetime) -> datetime:
    try:
        return when if when.tzinfo is not None else when.astimezone()
    except (OverflowError, OSError) as error:  # years that the system's calendar does not know
        raise ValueError(str(when)) from error
