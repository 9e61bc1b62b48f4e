"""From the bytes of a CSV file to a table of texts: encoding, delimiter, header and decimal mark are found, and told."""

import codecs
import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from spc_desktop.domain.errors import KnownError, UserError

MISSING = frozenset({"", "*", "na", "n/a", "nan", "null", "none", "-", ".", "#n/a"})
"""Texts that mean "not measured", in small letters."""

LARGEST = 512 * 1024 * 1024
"""Bytes of the largest file that is read."""

_DELIMITERS = ",;\t|"
_COMMA_NUMBER = re.compile(r"^[+-]?\d+,\d+([eE][+-]?\d+)?$", re.ASCII)
_POINT_NUMBER = re.compile(r"^[+-]?\d*\.\d+([eE][+-]?\d+)?$", re.ASCII)
_WHOLE_NUMBER = re.compile(r"^[+-]?\d+\.?([eE][+-]?\d+)?$", re.ASCII)
_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One record: the line it begins at (1-based) and its cells."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A file as text: names of the columns, records, and how it was read."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str
    decimal: str
    has_header: bool

    def number(self, text: str) -> float | None:
        """Return a cell as a number; None where it is missing.

        Raises:
            ValueError: it is neither a number nor a sign for "missing".
        """
        text = text.strip()
        if text.lower() in MISSING:
            return None
        if self.decimal == ",":
            text = text.replace(",", ".") if text.count(",") == 1 and "." not in text else text
        if not _POINT_NUMBER.match(text) and not _WHOLE_NUMBER.match(text):
            raise ValueError(text)
        return float(text)


def read_table(path: Path) -> Table:
    """Read a file.

    Raises:
        KnownError: ``file_unreadable`` (file, reason).
        UserError: ``file_too_large``, ``file_empty``, ``file_encoding``, ``file_not_csv`` with file and what is wrong.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UserError("file_too_large", file=str(path), limit=LARGEST)
        data = path.read_bytes()
    except OSError as error:
        raise KnownError("file_unreadable", file=str(path), reason=error.strerror or str(error)) from error
    text, encoding = decode(data, path)
    delimiter, text = _find_delimiter(text)
    rows = _split(text, delimiter, path)
    if not rows:
        raise UserError("file_empty", file=str(path))
    has_header = _is_header(rows)
    columns = _names(rows[0].cells) if has_header else tuple(f"column {at + 1}" for at in range(len(rows[0].cells)))
    records = tuple(rows[1:] if has_header else rows)
    if not records:
        raise UserError("file_empty", file=str(path))
    return Table(columns, records, encoding, delimiter, _find_decimal(records), has_header)


def decode(data: bytes, path: Path) -> tuple[str, str]:
    """Return the text and the name of the encoding: UTF-8, UTF-16, cp949 (Korean Windows) or cp1252 (western Windows)."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return _decode_strictly(data, name, path), name
    if b"\0" in data[:200]:
        name = "utf-16-be" if data[:200:2].count(0) > data[1:200:2].count(0) else "utf-16-le"
        return _decode_strictly(data, name, path), name
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    try:
        text = data.decode("cp949")
    except UnicodeDecodeError:
        return _decode_strictly(data, "cp1252", path), "cp1252"
    # Western letters often form Korean byte pairs by accident; these are Chinese signs or syllables outside KS X 1001.
    foreign = [sign for sign in text if ord(sign) > 127]
    korean = [sign for sign in foreign if "\uac00" <= sign <= "\ud7a3" and _is_common(sign)]
    if 2 * len(korean) >= len(foreign):
        return text, "cp949"
    return data.decode("cp1252", errors="replace"), "cp1252"


def _is_common(sign: str) -> bool:
    try:
        return len(sign.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False


def _decode_strictly(data: bytes, name: str, path: Path) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UserError("file_encoding", file=str(path), line=line, encoding=name) from error


def _find_delimiter(text: str) -> tuple[str, str]:
    """The sign that cuts the first lines into the most even number of cells; Excel's ``sep=;`` line is obeyed."""
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        return first.strip()[-1], "\n" + rest
    lines = [line for line in text.splitlines()[:60] if line.strip() and not line.startswith("#")]
    best, best_score = "\t", 0.0  # a single column: any sign that does not occur
    for delimiter in _DELIMITERS:
        counts = [len(record) - 1 for record in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(counts), key=lambda count: (counts.count(count), count), default=0)
        score = usual and counts[0] == usual and counts.count(usual) / len(counts) + (0.01 if delimiter != "," else 0.0)
        if score > best_score:
            best, best_score = delimiter, score
    return best, text


def _split(text: str, delimiter: str, path: Path) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    before = 0
    try:
        for record in reader:
            line, before = before + 1, reader.line_num
            cells = tuple(cell.strip() for cell in record)
            if any(cells) and not cells[0].startswith("#"):
                rows.append(Row(line, cells))
    except csv.Error as error:
        raise UserError("file_not_csv", file=str(path), line=before + 1, reason=str(error)) from error
    return rows


def _is_header(rows: list[Row]) -> bool:
    """A first row without a number names the columns, as does one whose texts stand above numbers."""
    first = [cell for cell in rows[0].cells if cell.lower() not in MISSING]
    return bool(first) and not any(_NUMBER.match(cell) for cell in first)


def _names(cells: tuple[str, ...]) -> tuple[str, ...]:
    names: list[str] = []
    for at, cell in enumerate(cells):
        name = cell or f"column {at + 1}"
        names.append(name if name not in names else f"{name} ({at + 1})")
    return tuple(names)


def _find_decimal(rows: tuple[Row, ...]) -> str:
    commas = points = 0
    for row in rows[:2000]:
        commas += sum(bool(_COMMA_NUMBER.match(cell)) for cell in row.cells)
        points += sum(bool(_POINT_NUMBER.match(cell)) for cell in row.cells)
    return "," if commas > points else "."
