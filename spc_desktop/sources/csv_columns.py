"""What the columns of a measurement table mean, found from their names and contents; every choice can be overruled."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from spc_desktop.domain.errors import UserError
from spc_desktop.sources.csv_text import MISSING, Table

_WORDS = """
subgroup: subgroup subgroup_number subgroup_no sample_id day batch cassette wafer 부분군 부분군번호 군번호 일차 배치
item: item site position replicate no seq sequence runseq run_order index row 항목 순번 번호 위치 시료번호
value: value measurement measurement_value measured result x 값 측정값 측정치 결과
count: count defective defectives nonconforming rejects np 불량수 부적합품수 불량 개수
defects: defects nonconformities flaws c 결점수 결점 부적합수
size: size n sample_size inspected units area size_m length_m opportunity 검사수 시료수 시료크기 크기
phase: phase1 phase_1 baseline 기준 학습
time: time timestamp datetime date date_time measured_at 시각 시간 일시 날짜 측정일시 측정시각
month: month 월
hour: hour 시
minute: minute minutes min elapsed_min 분
second: second seconds sec elapsed_s 초
lot: lot lot_number lot_no 로트 로트번호
machine: machine machine_id equipment 설비 설비번호 기계
operator: operator inspector 작업자 검사자
cavity: cavity 캐비티
gauge: gauge gage gauge_id probe 게이지 측정기
serial: serial serial_number 일련번호 시리얼
part: part part_type part_no part_number part_id 품번 품종 부품 부품번호
"""
_NAMES = {line.partition(":")[0]: frozenset(line.partition(":")[2].split()) for line in _WORDS.strip().splitlines()}
TRACES = ("lot", "machine", "operator", "cavity", "gauge", "serial")

_NUMBERED = re.compile(r"^(?P<stem>.*?)[ _.-]?(?P<number>\d+)$")


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns by position in the table."""

    kind: str
    """``stacked`` (one value a row), ``across`` (one subgroup a row), ``wide`` (one characteristic a column), ``counts``."""
    values: tuple[int, ...]
    subgroup: tuple[int, ...] = ()
    size: int | None = None
    phase: int | None = None
    time: tuple[tuple[str, int], ...] = ()
    """Role (``time``, ``month``, ``day``, ``hour``, ``minute``, ``second``) and column."""
    part: int | None = None
    """Part type, for short-run charts."""
    traces: tuple[tuple[str, int], ...] = ()
    defects: bool = False
    """Counts are of defects, not of defective units."""


def find_layout(table: Table, named: dict[str, str]) -> Layout:
    """Recognise the columns.

    Args:
        table: the file.
        named: role (``value``, ``subgroup``, ``size``, ``time``) -> column name, as the person said it.

    Raises:
        UserError: ``column_unknown`` (column, allowed), ``no_value_column`` (columns).
    """
    roles = {at: _role(name) for at, name in enumerate(table.columns)}
    if any(role in {"month", "hour"} for role in roles.values()):  # the parts of a date, not a subgroup
        roles |= {at: "day" for at, name in enumerate(table.columns) if name.lower() in {"day", "일"}}
    for role, name in named.items():
        roles = {at: "" if kind == role else kind for at, kind in roles.items()}
        roles[_position(table, name)] = role

    def all_of(*wanted: str) -> tuple[int, ...]:
        return tuple(at for at, role in roles.items() if role in wanted)

    common = Layout(
        "",
        (),
        subgroup=all_of("subgroup"),
        phase=next(iter(all_of("phase")), None),
        part=next(iter(all_of("part")), None),
        time=tuple((roles[at], at) for at in all_of("time", "month", "day", "hour", "minute", "second")),
        traces=tuple((roles[at], at) for at in all_of(*TRACES)),
    )
    size = next(iter(all_of("size")), None)
    counts = all_of("count", "defects")
    if "value" in named and size is not None:
        counts = all_of("value")
    if len(counts) == 1 and (size is not None or ("value" not in named and _whole(table, counts[0]))):
        defects = _are_defects(table, roles, counts[0], size)
        return replace(common, kind="counts", values=counts, size=size, defects=defects)
    values = all_of("value") or _numeric(table, [at for at, role in roles.items() if not role])
    if not values:
        raise UserError("no_value_column", columns=", ".join(table.columns))
    kind = "stacked" if len(values) == 1 else "across" if _is_numbered(table, values) else "wide"
    return replace(common, kind=kind, values=values)


def _role(name: str) -> str:
    plain = re.sub(r"[\s.-]+", "_", name.strip().lower())
    return next((role for role, names in _NAMES.items() if plain in names), "")


def _position(table: Table, name: str) -> int:
    wanted = name.strip().lower()
    for at, column in enumerate(table.columns):
        if column.lower() == wanted:
            return at
    raise UserError("column_unknown", column=name, allowed=", ".join(table.columns))


def _share(table: Table, at: int, test: Callable[[float], bool]) -> float:
    """Share of the cells that are numbers and pass the test, among those that are not missing."""
    good = seen = 0
    for row in table.rows[:2000]:
        text = row.cells[at] if at < len(row.cells) else ""
        if text.lower() in MISSING:
            continue
        seen += 1
        try:
            number = table.number(text)
        except ValueError:
            continue
        good += number is not None and test(number)
    return good / seen if seen else 0.0


def _numeric(table: Table, columns: Collection[int]) -> tuple[int, ...]:
    return tuple(at for at in columns if _share(table, at, lambda number: True) > 0.5)


def _whole(table: Table, at: int) -> bool:
    return _share(table, at, lambda number: number >= 0 and number == int(number)) == 1.0


def _are_defects(table: Table, roles: dict[int, str], at: int, size: int | None) -> bool:
    """Named so, without a size, with a measured size, or more counted than inspected: there can be several on one unit."""
    if roles[at] == "defects" or size is None or not _whole(table, size):
        return True
    for row in table.rows[:2000]:
        try:
            count, inspected = table.number(row.cells[at]), table.number(row.cells[size])
        except (ValueError, IndexError):
            continue
        if count is not None and inspected is not None and count > inspected:
            return True
    return False


def _is_numbered(table: Table, columns: Sequence[int]) -> bool:
    """x1, x2, x3: the same name with 1 to n, so the columns are the values of one subgroup."""
    matches = [_NUMBERED.match(table.columns[at]) for at in columns]
    if not table.has_header:
        return False
    stems = {match["stem"] for match in matches if match}
    return (
        all(matches)
        and len(stems) == 1
        and [int(m["number"]) for m in matches if m] == list(range(1, len(columns) + 1))
    )
