"""What leaves the chart bench: pictures, drawings, PDF, every point as CSV, the clipboard, paper."""

import csv
import gc
from datetime import datetime, timedelta

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtPrintSupport import QPrinter
from PySide6.QtSvg import QSvgRenderer

from spc_desktop.domain.point import PanelColumns, PointColumns
from spc_desktop.ui.bench import export as exporting
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.theme import LIGHT
from tests.fakes import NOON, measured
from tests.gui.conftest import until
from tests.gui.test_bench import STATISTICS, at_the_bench  # noqa: F401 - a fixture


@pytest.fixture(autouse=True)
def _collected_here():
    yield
    gc.collect()


@pytest.fixture
def to(tmp_path):
    """Let the page write to a file of the test, or to any path."""

    def chosen(page, name):
        async def choose(suffix, _called):
            assert str(name).endswith(suffix)
            return tmp_path / name

        page.export.choose_file = choose
        return tmp_path / name

    return chosen


def near(image, wanted):
    """Count the dots of about this colour."""
    buffer = image.convertToFormat(QImage.Format.Format_RGB32)
    dots = np.frombuffer(buffer.constBits(), np.uint8).reshape(-1, 4)[:, 2::-1].astype(int)
    colour = [int(wanted[at : at + 2], 16) for at in (1, 3, 5)]
    return int((np.abs(dots - colour).sum(axis=1) < 30).sum())


async def test_that_a_picture_has_the_chart_in_light_colours_with_its_heading(at_the_bench, to):  # noqa: F811
    async with at_the_bench() as engineer:
        page = engineer.page
        engineer.bench.window.theme_requested.emit("dark")
        path = to(page, "chart.png")
        page.export.save("png")
        await until(lambda: "Written" in page.messages.text)
        image = QImage(str(path))
        assert image.width() >= 2 * page.chart.viewport().width()
        assert near(image, "#FFFFFF") > 0.8 * image.width() * image.height()
        assert near(image, LIGHT.data) > 500
        assert near(image, LIGHT.violation) > 50
        assert image.text("Title") == "축 — Outer diameter"
        await until(lambda: page.chart.backgroundBrush().color().name().upper() == "#1B1F24")  # the screen stays dark
        assert not page.chart.views[0].item.vector


async def test_that_drawings_and_pdf_keep_shapes_and_text(at_the_bench, to):  # noqa: F811
    async with at_the_bench() as engineer:
        page = engineer.page
        path = to(page, "chart.svg")
        page.export.save("svg")
        await until(path.exists)
        drawing = path.read_text(encoding="utf-8")
        renderer = QSvgRenderer(str(path))
        assert renderer.isValid()
        image = QImage(800, 800, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        assert near(image, LIGHT.data) > 500
        assert near(image, LIGHT.limit) > 200
        assert "limits given" in drawing
        assert "<image" not in drawing
        path = to(page, "chart.pdf")
        page.export.save("pdf")
        await until(lambda: path.exists() and path.stat().st_size)
        assert path.read_bytes().startswith(b"%PDF-")
        assert b"/Subtype /Image" not in path.read_bytes()


async def test_that_a_csv_file_has_every_point_to_the_last_digit(at_the_bench, to):  # noqa: F811
    async with at_the_bench() as engineer:
        page = engineer.page
        path = to(page, "points.csv")
        page.export.save("csv")
        await until(path.exists)
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        series = page.feed.series
        assert [int(row["subgroup"]) for row in rows] == list(range(1, 61))
        assert [float(row["xbar"]) for row in rows] == series.panels["xbar"].value[:60].tolist()
        assert [float(row["r_ucl"]) for row in rows] == series.panels["r"].columns["ucl"][:60].tolist()
        assert datetime.fromisoformat(rows[3]["measured_at"]) == NOON + timedelta(hours=3)
        signal = int(series.signals()[0])
        assert rows[signal]["rules"] == "xbar:nelson_2"
        assert not path.with_name("points.csv.part").exists()


def many_points(count):
    zeros = np.zeros(count).tobytes()
    series = Series(1, ["xbar", "r"])
    panels = tuple(PanelColumns(key=key, **dict.fromkeys(STATISTICS, zeros)) for key in ("xbar", "r"))
    numbers = {"measured_at": zeros, "subgroup_number": np.arange(count).tobytes()}
    series.load(
        PointColumns(characteristic_id=1, first_index=0, count=count, total=count, panels=panels, marks=(), **numbers)
    )
    return series


async def test_that_a_long_export_shows_how_far_it_is_and_leaves_nothing_when_cancelled(at_the_bench, to):  # noqa: F811
    async with at_the_bench() as engineer:
        page = engineer.page
        page.chart.show_series(many_points(200_000), page.feed.panels)
        path = to(page, "points.csv")
        page.export.save("csv")
        await until(lambda: not page.progress.isHidden() and page.progress.bar.value() > 0)
        page.export.save("csv")
        assert "already" in page.messages.text
        page.progress.cancel.click()
        await until(page.progress.isHidden)
        assert "nothing was written" in page.messages.text
        assert list(path.parent.iterdir()) == []


async def test_that_a_place_that_cannot_be_written_to_is_named_with_the_reason(at_the_bench, to):  # noqa: F811
    async with at_the_bench() as engineer:
        page = engineer.page
        for kind in ("csv", "svg", "png"):
            page.messages.say("")
            to(page, f"nowhere/chart.{kind}")
            page.export.save(kind)
            await until(lambda: "could not be written" in page.messages.text)
            assert "nowhere" in page.messages.text
            await until(lambda: not page.progress.busy)


async def test_that_no_file_is_written_when_nobody_names_one(at_the_bench):  # noqa: F811
    async with at_the_bench() as engineer:

        async def nothing(_suffix, _called):
            return None

        engineer.page.export.choose_file = nothing
        engineer.page.export.save("png")
        await until(lambda: True)
        assert engineer.page.messages.text == ""


async def test_that_picture_and_points_go_to_the_clipboard(at_the_bench):  # noqa: F811
    async with at_the_bench() as engineer:
        page = engineer.page
        page.export.copy_picture()
        assert near(QGuiApplication.clipboard().image(), LIGHT.data) > 500
        page.chart.set_view(9.5, 19.5)
        page.export.copy_points()
        await until(lambda: "10 points are on the clipboard" in page.messages.text)
        lines = QGuiApplication.clipboard().text().splitlines()
        assert len(lines) == 11
        assert lines[0].split("\t")[:3] == ["position", "subgroup", "measured_at"]
        assert lines[1].split("\t")[1] == "11"


async def test_that_a_printed_page_is_filled_and_a_pc_without_printer_says_so(at_the_bench, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr("PySide6.QtPrintSupport.QPrinterInfo.availablePrinterNames", lambda: [])
    async with at_the_bench() as engineer:
        page = engineer.page
        engineer.press(Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: "no printer" in page.messages.text)
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(tmp_path / "page.pdf"))
        page.export.sheet().paint_page(printer)
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.qt_log_ignore("This plugin does not support")
async def test_that_ctrl_e_opens_the_menu_with_everything_that_can_be_taken_along(at_the_bench):  # noqa: F811
    async with at_the_bench(before=[measured(10.0, 10.0, 10.1)]) as engineer:
        engineer.press(Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        menu = engineer.page.tools.export.menu_
        await until(menu.isVisible)
        texts = " ".join(action.text() for action in menu.actions())
        for expected in ("PNG", "SVG", "PDF", "CSV", "Copy the picture", "Copy the points", "Print"):
            assert expected in texts
        menu.close()
    assert exporting.MOST_COPIED == 20_000
