"""CSV files into a real hub on a real database: the known points come out, and nothing is stored twice or lost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.sources.csv_file import import_csv
from spc_desktop.sources.csv_target import ImportOptions
from spc_desktop.storage.store import open_store
from tests.integration import textbook

CSV = Path(__file__).parents[1] / "data" / "csv"
TIDY = Path(__file__).parents[3] / "shared" / "datasets" / "tidy"
WRITTEN = datetime(2026, 1, 11, 12, 0, tzinfo=UTC)


@pytest.fixture
async def hub(tmp_path):
    async with Hub(open_store(tmp_path / "data"), SystemClock()) as hub:
        yield hub


async def load(hub, path, **options):
    return await import_csv(hub, path, ImportOptions(product="P", **options), WRITTEN)


async def signals(hub, code=None):
    """Return 1-based positions by ``rule`` of the location panel, and of the dispersion panel as ``rule/panel``."""
    catalogue = await hub.query(m.GetCatalogue())
    found = next(one for one in catalogue.characteristics if code in {None, one.code})
    columns = await hub.query(m.GetPoints(characteristic_id=found.id, limit=100_000))
    first = columns.panels[0].key
    told = {}
    for mark in columns.marks:
        for panel, violation in mark.violations:
            name = violation.rule if panel == first else f"{violation.rule}/{panel}"
            told.setdefault(name, []).append(mark.index + 1)
    return told


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# -- files as they are -------------------------------------------------------------------------------------------------


async def test_that_wafer_thickness_tells_day_20_on_both_charts(hub):
    report = await load(hub, CSV / "nist_wafer_thickness_n5.csv")
    assert (report.accepted, report.problems) == (20, [])
    assert await signals(hub) == {"nelson_1": [20], "nelson_1/r": [20]}


async def test_that_defective_items_with_varying_size_become_a_p_chart(hub):
    report = await load(hub, CSV / "nist_ccp_attribute.csv")
    assert report.series[0].chart == "p"
    assert (await signals(hub))["nelson_1"] == [14]


async def test_that_defective_items_with_one_size_become_an_np_chart(hub):
    report = await load(hub, CSV / "nist_ccpn_attribute.csv")
    assert report.series[0].chart == "np"
    assert report.accepted == 25


async def test_that_defects_over_a_varying_length_become_a_u_chart_in_control(hub):
    report = await load(hub, CSV / "nist_ccu_attribute.csv")
    assert report.series[0].chart == "u"
    assert "nelson_1" not in await signals(hub)


async def test_that_one_named_column_of_a_wide_file_is_imported(hub):
    report = await load(
        hub, CSV / "nist_check_standard_resistivity.csv", columns={"value": "resistivity_ohm_cm"}, learn=25
    )
    assert report.accepted == 25
    assert await signals(hub) == {}
    (point,) = (await hub.query(m.GetMeasurements(characteristic_id=1, limit=1)))[:1]
    assert point.trace.operator == "2"
    assert point.measured_at.month in {3, 4}


async def test_that_nested_subgroups_are_told_apart(hub):
    report = await load(hub, CSV / "nist_lithography_linewidth.csv", learn=90)
    assert report.series[0].subgroups == 90
    told = await signals(hub)
    assert len(told["nelson_1"]) == 25
    assert "nelson_1/r" not in told


async def test_that_wide_file_becomes_one_characteristic_a_column(hub):
    report = await load(hub, CSV / "tep_d04_te.csv", learn=160)
    assert (len(report.series), report.accepted) == (9, 9 * 960)
    told = await signals(hub, "XMV_10")
    assert min(at for at in told["nelson_1"] if at > 160) == 161, "the fault begins with sample 161"


def rings(path, *, phase=True):
    lines = ["subgroup,item,value" + ",phase1" * phase]
    for number, values in enumerate(textbook.PISTON_RINGS, 1):
        for item, value in enumerate(values, 1):
            lines.append(f"{number},{item},{value}" + (f",{number <= 25}" if phase else ""))
    return write(path, *lines)


async def test_that_piston_rings_tell_37_to_39(hub, tmp_path):
    await load(hub, rings(tmp_path / "rings.csv"))
    assert (await signals(hub))["nelson_1"] == [37, 38, 39]
    catalogue = await hub.query(m.GetCatalogue())
    params = catalogue.states[0].limits.limits.params
    assert params["center"] == pytest.approx(74.0012, abs=5e-5)
    assert catalogue.states[0].limits.limits.provenance.baseline == tuple(range(25))


async def test_that_circuit_boards_tell_6_and_20(hub, tmp_path):
    lines = [f"{number},{count},{number <= 26}" for number, count in enumerate(textbook.CIRCUIT_BOARDS, 1)]
    report = await load(hub, write(tmp_path / "boards.csv", "subgroup,defects,phase1", *lines))
    assert report.series[0].chart == "c"
    assert [at for at in (await signals(hub))["nelson_1"] if at <= 26] == [6, 20]


async def test_that_orange_juice_tells_15_and_23(hub, tmp_path):
    lines = [f"{number},{count},50,{number <= 30}" for number, count in enumerate(textbook.ORANGE_JUICE, 1)]
    await load(hub, write(tmp_path / "juice.csv", "subgroup,count,size,phase1", *lines), chart="p")
    assert [at for at in (await signals(hub))["nelson_1"] if at <= 30] == [15, 23]


async def test_that_viscosity_tells_4_and_the_run_to_35(hub, tmp_path):
    lines = [f"{number},{value},{number <= 20}" for number, value in enumerate(textbook.VISCOSITY, 1)]
    await load(hub, write(tmp_path / "viscosity.csv", "subgroup,value,phase1", *lines))
    told = await signals(hub)
    assert told["nelson_1"] == [4]
    assert told["nelson_2"] == [33, 34, 35]


@pytest.mark.skipif(not TIDY.is_dir(), reason="the folder of reference data sets is not beside this checkout")
@pytest.mark.parametrize("name", sorted(path.name for path in TIDY.glob("*.csv")) or ["none"])
async def test_that_every_reference_file_is_imported_as_it_is(hub, name):
    report = await load(hub, TIDY / name)
    assert report.problems == []
    assert report.accepted == sum(series.subgroups for series in report.series) > 0
    again = await load(hub, TIDY / name)
    assert (again.accepted, again.duplicates) == (0, report.accepted)


# -- again, longer, mended ---------------------------------------------------------------------------------------------


async def test_that_longer_file_adds_only_its_new_rows(hub, tmp_path):
    path = rings(tmp_path / "rings.csv")
    whole = path.read_text(encoding="utf-8").splitlines()
    write(path, *whole[:101])
    assert (await load(hub, path)).accepted == 20
    write(path, *whole)
    again = await load(hub, path)
    assert (again.accepted, again.duplicates) == (20, 20)


async def test_that_equal_values_of_two_days_are_both_kept(hub, tmp_path):
    day_one = write(tmp_path / "monday.csv", "value", "5.1", "5.2", "5.1")
    day_two = write(tmp_path / "tuesday.csv", "value", "5.1", "5.2", "5.1")
    for path in (day_one, day_two):
        assert (await load(hub, path, characteristic="LEN")).accepted == 3


async def test_that_dated_rows_are_known_under_any_file_name(hub, tmp_path):
    lines = ("time,value", "2026-01-11 08:00:00,5.1", "2026-01-11 08:01:00,5.1", "2026-01-11 08:01:00,5.1")
    assert (await load(hub, write(tmp_path / "a.csv", *lines), characteristic="LEN")).accepted == 3
    assert (await load(hub, write(tmp_path / "b.csv", *lines), characteristic="LEN")).duplicates == 3


async def test_that_bad_rows_are_told_by_line_and_column_and_good_ones_kept(hub, tmp_path):
    lines = ["subgroup,item,value", "1,1,5.1", "1,2,5.2", "2,1,five", "2,2,5.3", "3,1,5.4", "3,2", "4,1,5.5", "4,2,5.6"]
    path = write(tmp_path / "bad.csv", *lines)
    report = await load(hub, path)
    assert report.accepted == 2
    assert [(one.line, one.column, one.code) for one in report.problems] == [
        (4, "value", "not_a_number"),
        (7, "value", "cell_absent"),
    ]
    lines[3], lines[6] = "2,1,5.0", "3,2,5.5"
    mended = await load(hub, write(path, *lines))
    assert (mended.accepted, mended.duplicates, mended.problems) == (2, 2, [])


async def test_that_missing_values_make_smaller_subgroups_and_are_counted(hub, tmp_path):
    lines = ["subgroup,item,value"]
    for number in range(1, 11):
        lines += [
            f"{number},{item},{'*' if (number, item) == (4, 2) else 10 + number % 3 + item}" for item in (1, 2, 3)
        ]
    report = await load(hub, write(tmp_path / "gaps.csv", *lines))
    assert (report.missing, report.problems) == (1, [])
    detail = await hub.query(m.GetPoint(characteristic_id=1, index=3))
    assert len(detail.point.values) == 2


async def test_that_subgroups_across_columns_are_read(hub, tmp_path):
    lines = [f"{number};{number % 4},1;{number % 3},2;{number % 5},3" for number in range(1, 13)]
    report = await load(hub, write(tmp_path / "across.csv", "부분군;x1;x2;x3", *lines), characteristic="두께")
    assert (report.decimal, report.accepted, report.series[0].subgroup_size) == (",", 12, 3)
    assert (report.series[0].code, report.series[0].decimals) == ("두께", 1)


# -- what does not fit -------------------------------------------------------------------------------------------------


async def test_that_chart_of_a_known_characteristic_is_not_changed_by_an_import(hub, tmp_path):
    path = write(tmp_path / "len.csv", "value", "5.1", "5.2", "5.3")
    await load(hub, path)
    with pytest.raises(UserError) as caught:
        await load(hub, path, chart="ewma")
    assert caught.value.code == "chart_differs"
    assert caught.value.params["chart"] == "i_mr"


async def test_that_unknown_chart_is_refused_with_what_there_is(hub, tmp_path):
    with pytest.raises(UserError) as caught:
        await load(hub, write(tmp_path / "len.csv", "value", "5.1"), chart="pie")
    assert "i_mr" in caught.value.params["allowed"]
    assert (await hub.query(m.GetCatalogue())).characteristics == ()


async def test_that_larger_subgroups_than_known_are_refused(hub, tmp_path):
    await load(hub, write(tmp_path / "a.csv", "x1,x2", "1.1,2.5", "1.2,2.5"), characteristic="LEN")
    with pytest.raises(UserError, match="subgroup_size_differs"):
        await load(hub, write(tmp_path / "b.csv", "x1,x2,x3", "1.1,2.5,1.5"), characteristic="LEN")


async def test_that_counts_with_varying_size_are_no_c_chart(hub, tmp_path):
    with pytest.raises(UserError, match="sizes_vary"):
        await load(hub, write(tmp_path / "a.csv", "defects,size", "3,100", "4,120"), chart="c")
