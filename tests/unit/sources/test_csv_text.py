"""Reading CSV files as people have them: encodings, delimiters, decimal marks, dates, and mistakes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.sources.csv_columns import find_layout
from spc_desktop.sources.csv_text import decode, read_table
from spc_desktop.sources.csv_time import RowTimes

NOW = datetime(2026, 1, 11, 12, 0, tzinfo=UTC)


def table_of(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "file.csv"
    path.write_bytes(text.encode(encoding))
    return read_table(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949"])
def test_that_korean_file_is_read_in_every_usual_encoding(tmp_path, encoding):
    table = table_of(tmp_path, "부분군,측정값,작업자\n1,10.5,김철수\n2,10.7,이영희\n", encoding)
    assert table.columns == ("부분군", "측정값", "작업자")
    assert table.rows[1].cells == ("2", "10.7", "이영희")


@pytest.mark.parametrize("text", ["Größe (µm)", "Température °C", "Ångström ±", "café naïve"])
def test_that_western_letters_are_not_taken_for_korean(tmp_path, text):
    decoded, encoding = decode(f"{text};value\n1;2\n".encode("cp1252"), tmp_path)
    assert (encoding, decoded.split(";")[0]) == ("cp1252", text)


@pytest.mark.parametrize(
    ("text", "delimiter", "decimal", "number"),
    [
        ("a,b\n1.5,2\n", ",", ".", 1.5),
        ("a;b\n1,5;2\n", ";", ",", 1.5),
        ("a\tb\n1,5\t2\n", "\t", ",", 1.5),
        ("a|b\n-1.5e-3|2\n", "|", ".", -0.0015),
        ('a,b\n"1,5",2\n"2,5",3\n', ",", ",", 1.5),
        ("sep=;\na;b\n1,5;2\n", ";", ",", 1.5),
        ("value\n1.5\n2.5\n", ",", ".", 1.5),
        ("value\r\n1,5\r\n2,5\r\n", ";", ",", 1.5),
    ],
)
def test_that_delimiter_and_decimal_mark_are_found(tmp_path, text, delimiter, decimal, number):
    table = table_of(tmp_path, text)
    assert table.decimal == decimal
    assert table.number(table.rows[0].cells[0]) == number
    if len(table.columns) > 1:
        assert table.delimiter == delimiter


@pytest.mark.parametrize("text", ["", "*", "NA", "n/a", "NaN", "null", " "])
def test_that_signs_for_missing_are_no_numbers(tmp_path, text):
    assert table_of(tmp_path, "value\n1\n").number(text) is None


@pytest.mark.parametrize("text", ["1.2.3", "12x", "inf", "0x10", "1,5", "１２"])
def test_that_other_texts_are_refused_as_numbers(tmp_path, text):
    with pytest.raises(ValueError, match=r".*"):
        table_of(tmp_path, "value\n1.0\n").number(text)


def test_that_lines_are_counted_over_empty_lines_comments_and_line_breaks_in_cells(tmp_path):
    table = table_of(tmp_path, 'name,value\n\n# made by hand\n"two\nlines",1\nlast,2\n')
    assert [row.line for row in table.rows] == [4, 6]


def test_that_file_without_header_keeps_its_first_row(tmp_path):
    table = table_of(tmp_path, "1.5\n2.5\n3.5\n")
    assert not table.has_header
    assert len(table.rows) == 3


@pytest.mark.parametrize(("data", "code"), [(b"", "file_empty"), (b"value\n", "file_empty"), (b"\n\n", "file_empty")])
def test_that_empty_file_is_told(tmp_path, data, code):
    path = tmp_path / "file.csv"
    path.write_bytes(data)
    with pytest.raises(UserError, match=code):
        read_table(path)


def test_that_absent_file_is_told(tmp_path):
    with pytest.raises(KnownError, match="file_unreadable"):
        read_table(tmp_path / "absent.csv")


@given(st.binary(max_size=300))
def test_that_no_bytes_break_the_reader(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        table = read_table(path)
        find_layout(table, {})
    except UserError:
        return
    assert table.rows


# -- what the columns mean ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "row", "kind", "defects"),
    [
        ("subgroup,item,value", "1,1,7.5", "stacked", False),
        ("day,item,thickness", "1,1,7.5", "stacked", False),
        ("x1,x2,x3", "1.5,2.5,3.5", "across", False),
        ("minute,XMEAS_1,XMEAS_7,XMV_10", "3,1.5,2.5,3.5", "wide", False),
        ("defective,n,subgroup", "4,100,1", "counts", False),
        ("defects,size_m,subgroup", "4,2.5,1", "counts", True),
        ("불량수,검사수", "4,100", "counts", False),
        ("count,size", "140,100", "counts", True),
        ("결점수", "4", "counts", True),
    ],
)
def test_that_layout_is_recognised(tmp_path, header, row, kind, defects):
    layout = find_layout(table_of(tmp_path, f"{header}\n{row}\n{row}\n"), {})
    assert (layout.kind, layout.defects) == (kind, defects)


def test_that_named_column_overrules_and_unknown_one_is_told_with_what_there_is(tmp_path):
    table = table_of(tmp_path, "batch,length,width\n1,2.5,3.5\n1,2.6,3.6\n")
    assert find_layout(table, {"value": "Width"}).values == (2,)
    with pytest.raises(UserError) as caught:
        find_layout(table, {"value": "height"})
    assert caught.value.params == {"column": "height", "allowed": "batch, length, width"}


def test_that_table_without_numbers_is_refused(tmp_path):
    with pytest.raises(UserError, match="no_value_column"):
        find_layout(table_of(tmp_path, "name,colour\nkim,red\nlee,blue\n"), {})


# -- when rows were measured -------------------------------------------------------------------------------------------


def times_of(tmp_path, text):
    table = table_of(tmp_path, text)
    times = RowTimes(table, find_layout(table, {}), NOW)
    return [times.time_of(number, row) for number, row in enumerate(table.rows)], times


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31 08:05:00",
        "2026-01-31T08:05:00",
        "2026/01/31 08:05",
        "31.01.2026 08:05",
        "31/01/2026 8:05",
        "01/31/2026 08:05",
        "20260131 0805",
        "2026. 1. 31 08:05",
        "2026.1.31. 08:05",
    ],
)
def test_that_usual_notations_of_a_date_are_read(tmp_path, written):
    (at,), times = times_of(tmp_path, f"time;value\n{written};1,5\n")
    assert at.replace(tzinfo=None) == datetime(2026, 1, 31, 8, 5)  # noqa: DTZ001
    assert at.tzinfo is not None
    assert times.dated


def test_that_date_and_time_of_day_in_two_columns_are_one_time(tmp_path):
    (at,), _ = times_of(tmp_path, "date,time,value\n2026-01-31,08:05,1.5\n")
    assert at.replace(tzinfo=None) == datetime(2026, 1, 31, 8, 5)  # noqa: DTZ001


def test_that_date_whose_day_and_month_cannot_be_told_apart_is_asked_about(tmp_path):
    with pytest.raises(UserError, match="date_order"):
        times_of(tmp_path, "date,value\n01/02/2026,1.5\n03/04/2026,1.5\n")


def test_that_minutes_since_the_start_end_when_the_file_was_written(tmp_path):
    times, which = times_of(tmp_path, "minute,value\n3,1.5\n6,1.5\n9,1.5\n")
    assert [(NOW - at).total_seconds() for at in times] == [360, 180, 0]
    assert not which.dated


def test_that_rows_without_time_follow_each_other(tmp_path):
    times, _ = times_of(tmp_path, "value\n1.5\n2.5\n3.5\n")
    assert times == sorted(set(times))
    assert times[-1] == NOW


def test_that_parts_of_a_date_make_a_time(tmp_path):
    (at,), times = times_of(tmp_path, "month,day,hour,minute,value\n3,24,18,1,97.07\n")
    assert (at.month, at.day, at.hour, at.minute) == (3, 24, 18, 1)
    assert times.dated
