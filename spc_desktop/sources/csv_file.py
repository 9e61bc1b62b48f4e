"""Import of a CSV file: rows become subgroups, subgroups become measurements, each exactly once.

Good rows are kept when others are not; every problem is told with its line and column. Reading the same file again adds
nothing: a row is known by its measured time, or where the file has none by the file's name and the row's number and content.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import MeasurementIn, Trace
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.sources.csv_columns import Layout, find_layout
from spc_desktop.sources.csv_target import ImportOptions, Series, prepare_characteristic
from spc_desktop.sources.csv_text import Row, Table, read_table
from spc_desktop.sources.csv_time import RowTimes

BATCH = 500
ACTOR = Actor(name="import", client="csv")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the file that was left out."""

    line: int
    column: str
    text: str
    code: str
    params: dict[str, str] = field(default_factory=dict)
    """Of the hub's refusal, where it is one."""


@dataclass(slots=True)
class ImportReport:
    """What became of a file."""

    file: str
    encoding: str
    delimiter: str
    decimal: str
    rows: int
    series: list[Series] = field(default_factory=list)
    accepted: int = 0
    """Subgroups (or single values, or counts) stored by this import."""
    duplicates: int = 0
    missing: int = 0
    """Cells that say "not measured"."""
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Subgroup:
    """Rows that belong together; ``number`` is None where the file numbers nothing."""

    rows: list[tuple[int, Row]]
    number: int | None


async def import_csv(hub: HubApi, path: Path, options: ImportOptions, written: datetime) -> ImportReport:
    """Import a file.

    Args:
        hub: where the measurements go.
        path: the file.
        options: what the person said about it.
        written: when the file was written, with offset: the end of the time of a file that has no dates.

    Raises:
        UserError: the file as a whole cannot be used, or does not fit the characteristic that is there.
        KnownError: the file cannot be read, or the hub cannot store.
    """
    table = read_table(path)
    layout = find_layout(table, options.columns)
    times = RowTimes(table, layout, written)
    report = ImportReport(str(path), table.encoding, table.delimiter, table.decimal, len(table.rows))
    subgroups = list(_subgroups(table, layout))
    columns = [layout.values] if layout.kind == "across" else [(at,) for at in _wanted(table, layout, options)]
    for values in columns:
        reader = _Reader(table, layout, times, values, path.name, report)
        items = list(reader.items(subgroups))
        series = Series(
            name=table.columns[values[0]],
            wide=layout.kind == "wide",
            subgroup_size=max((len(item.values) for item in items), default=1),
            counts=layout.kind == "counts",
            defects=layout.defects,
            sizes=frozenset(item.size for item in items),
            subgroups=len(items),
            learn=_leading_phase(table, layout, subgroups),
            decimals=reader.decimals,
        )
        ready, characteristic = await prepare_characteristic(hub, options, series, path)
        report.series.append(ready)
        await _submit(hub, report, [_addressed(item, characteristic, ready) for item in items], reader.lines)
    return report


def _wanted(table: Table, layout: Layout, options: ImportOptions) -> Sequence[int]:
    """Of a file with one characteristic a column, the one that was asked for, or all."""
    named = [at for at in layout.values if table.columns[at].lower() == (options.characteristic or "").lower()]
    if layout.kind == "wide" and options.characteristic and not named:
        allowed = ", ".join(table.columns[at] for at in layout.values)
        raise UserError("column_unknown", column=options.characteristic, allowed=allowed)
    return named or layout.values


def _subgroups(table: Table, layout: Layout) -> Iterator[_Subgroup]:
    """Rows with the same entries in the subgroup columns, as far as they follow each other (or not at all, item by item)."""
    if not layout.subgroup or layout.kind in {"counts", "across", "wide"}:
        for number, row in enumerate(table.rows):
            yield _Subgroup([(number, row)], _number_of(table, layout, row))
        return
    runs: list[tuple[tuple[str, ...], _Subgroup]] = []
    for number, row in enumerate(table.rows):
        identity = tuple(_cell(row, at) for at in layout.subgroup)
        if not runs or runs[-1][0] != identity:
            runs.append((identity, _Subgroup([], _number_of(table, layout, row))))
        runs[-1][1].rows.append((number, row))
    if all(len(run.rows) == 1 for _, run in runs) and len({identity for identity, _ in runs}) < len(runs):
        merged: dict[tuple[str, ...], _Subgroup] = {}
        for identity, run in runs:
            merged.setdefault(identity, _Subgroup([], run.number)).rows.extend(run.rows)
        yield from merged.values()
        return
    yield from (run for _, run in runs)


def _number_of(table: Table, layout: Layout, row: Row) -> int | None:
    """The subgroup's number where the file has one column for it and a whole number in it."""
    if len(layout.subgroup) != 1:
        return None
    try:
        number = table.number(_cell(row, layout.subgroup[0]))
    except ValueError:
        return None
    return int(number) if number is not None and number == int(number) and 0 <= number < 2**53 else None


def _leading_phase(table: Table, layout: Layout, subgroups: Sequence[_Subgroup]) -> int:
    """Number of subgroups at the beginning that the phase column marks as the baseline; 0 without such a column."""
    if layout.phase is None:
        return 0
    for count, subgroup in enumerate(subgroups):
        if _cell(subgroup.rows[0][1], layout.phase).lower() not in {"true", "1", "1.0", "yes", "y", "예"}:
            return count
    return len(subgroups)


def _cell(row: Row, at: int) -> str:
    return row.cells[at] if at < len(row.cells) else ""


class _Reader:
    """Turns subgroups of one series into measurements without an address, noting problems."""

    def __init__(
        self,
        table: Table,
        layout: Layout,
        times: RowTimes,
        columns: tuple[int, ...],
        name: str,
        report: ImportReport,
    ) -> None:
        self._table, self._layout, self._times = table, layout, times
        self._columns, self._name, self._report = columns, name, report
        self._seen: dict[str, int] = {}
        self.decimals = 0
        self.lines: list[int] = []
        """Line of each item."""

    def items(self, subgroups: Sequence[_Subgroup]) -> Iterator[MeasurementIn]:
        for position, subgroup in enumerate(subgroups):
            values, bad = self._values(subgroup)
            number, first = subgroup.rows[0]
            size = self._number(first, self._layout.size) if self._layout.size is not None else None
            try:
                at = self._times.time_of(*subgroup.rows[-1])
            except ValueError:
                self._note(first, self._layout.time[0][1], "time_unreadable")
                continue
            if bad or not values or isinstance(size, str):
                continue
            self.lines.append(first.line)
            yield MeasurementIn(
                characteristic_id=0,
                values=tuple(values),
                size=size,
                measured_at=at,
                key=self._key(number, subgroup, values, size, at),
                source_id="csv",
                subgroup_number=position + 1 if subgroup.number is None else subgroup.number,
                trace=Trace(**{role: _cell(first, at) for role, at in self._layout.traces}),
                part="" if self._layout.part is None else _cell(first, self._layout.part),
            )

    def _values(self, subgroup: _Subgroup) -> tuple[list[float], bool]:
        """Values of a subgroup; with a cell that is no number the whole subgroup waits until that is mended."""
        values, bad = [], False
        for _, row in subgroup.rows:
            for at in self._columns:
                number = self._number(row, at)
                if isinstance(number, str):
                    bad = True
                elif number is None:
                    self._report.missing += 1
                else:
                    values.append(number)
                    self._count_decimals(_cell(row, at))
        return values, bad

    def _number(self, row: Row, at: int) -> float | str | None:
        """A cell as a number, None where missing; the text itself where it is neither (noted as a problem)."""
        text = _cell(row, at)
        if at >= len(row.cells):
            self._note(row, at, "cell_absent")
            return text
        try:
            return self._table.number(text)
        except ValueError:
            self._note(row, at, "not_a_number")
            return text

    def _count_decimals(self, text: str) -> None:
        _, _, behind = text.partition(self._table.decimal)
        self.decimals = max(self.decimals, min(6, len(behind)) if behind.isdigit() else 0)

    def _note(self, row: Row, at: int, code: str) -> None:
        self._report.problems.append(Problem(row.line, self._table.columns[at], _cell(row, at), code))

    def _key(self, number: int, subgroup: _Subgroup, values: Sequence[float], size: float | None, at: datetime) -> str:
        """Known by the measured time and content, the same content at the same time being counted; else by file and row."""
        content = f"{self._table.columns[self._columns[0]]}|{subgroup.number}|{[*values]}|{size}"
        identity = f"{at.isoformat()}|{content}" if self._times.dated else f"{self._name}|{number}|{content}"
        turn = self._seen[identity] = self._seen.get(identity, 0) + 1
        return "csv/" + hashlib.blake2b(f"{identity}|{turn}".encode(), digest_size=16).hexdigest()


def _addressed(item: MeasurementIn, characteristic: int, series: Series) -> MeasurementIn:
    return MeasurementIn(
        characteristic_id=characteristic,
        values=item.values,
        size=item.size if series.keep_size else None,
        measured_at=item.measured_at,
        key=f"{item.key}/{characteristic}",
        source_id=item.source_id,
        subgroup_number=item.subgroup_number,
        trace=item.trace,
        part=item.part,
    )


async def _submit(hub: HubApi, report: ImportReport, items: Sequence[MeasurementIn], lines: Sequence[int]) -> None:
    for first in range(0, len(items), BATCH):
        result = await hub.submit(items[first : first + BATCH], ACTOR)
        report.accepted += result.accepted
        report.duplicates += result.duplicates
        for rejected in result.rejected:
            line = lines[first + rejected.i]
            report.problems.append(Problem(line, report.series[-1].code, "", rejected.code, rejected.params))
