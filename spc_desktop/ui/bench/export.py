"""Taking a chart along: picture, drawing, PDF, CSV, clipboard, printer. Long work shows how far it is and can be stopped."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, QStandardPaths
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter
from PySide6.QtWidgets import QDialog, QFileDialog

from spc_desktop.i18n import _
from spc_desktop.ui.aio import await_dialog, spawn
from spc_desktop.ui.bench.rows import CHUNK, Chunk, copy_chunk, heading, lines
from spc_desktop.ui.charts.on_paper import Sheet

if TYPE_CHECKING:
    from spc_desktop.ui.charts.series import Series
    from spc_desktop.ui.pages.chart_page import ChartPage

log = logging.getLogger(__name__)

MOST_COPIED = 20_000
"""Rows that a spreadsheet takes from the clipboard without a pause."""
ChooseFile = Callable[[str, str], Awaitable[Path | None]]


class Export(QObject):
    """What the export menu does."""

    def __init__(self, page: "ChartPage") -> None:
        super().__init__(page)
        self._page = page
        self._folder = ""
        self.choose_file: ChooseFile = self._ask_file
        """Asks for a place: suffix and what such files are called -> path, None: no."""
        page.chart.export_requested.connect(page.tools.export.open)
        page.tools.export.menu_.aboutToShow.connect(self.offer)

    def offer(self) -> None:
        """Write the menu."""
        menu = self._page.tools.export.menu_
        menu.clear()
        there = self._page.chart.series is not None and bool(self._page.chart.series.count)
        for text, act in (
            (_("Picture (PNG)…"), partial(self.save, "png")),
            (_("Vector drawing (SVG)…"), partial(self.save, "svg")),
            (_("PDF…"), partial(self.save, "pdf")),
            (_("All points (CSV)…"), partial(self.save, "csv")),
            (_("Copy the picture"), self.copy_picture),
            (_("Copy the points in view"), self.copy_points),
            (_("Print… (Ctrl+P)"), self.print_chart),
        ):
            action = menu.addAction(text)
            action.setEnabled(there)
            action.triggered.connect(lambda _checked=False, act=act: act())

    # -- files ---------------------------------------------------------------------------------------------------------

    def save(self, kind: str) -> None:
        """Ask where, and write a file of this kind."""
        if self._page.progress.busy:
            self._page.messages.say(_("Something is being written already. Wait for it or cancel it."), "warning")
            return
        spawn(self._page, self._save(kind))

    async def _save(self, kind: str) -> None:
        names = {"png": _("PNG pictures"), "svg": _("SVG drawings"), "pdf": _("PDF files"), "csv": _("CSV files")}
        path = await self.choose_file(kind, names[kind])
        series = self._page.chart.series
        if path is None or series is None:
            return
        if kind == "csv":
            self._page.progress.begin(_("Writing the points…"), spawn(self._page, self._write_points(path, series)))
            return
        sheet = self.sheet()
        if kind == "png":
            image = sheet.as_image()
            writing = partial(_write_image, path, image)
        else:
            writing = partial(_write_bytes, path, sheet.as_svg() if kind == "svg" else sheet.as_pdf())
        try:
            await asyncio.to_thread(writing)
        except OSError as error:
            self._failed(path, error)
        else:
            self._page.messages.say(_("Written: {path}", path=str(path)))

    async def _write_points(self, path: Path, series: "Series") -> None:
        """Write every point; a file that is not finished does not stay."""
        part = path.with_name(path.name + ".part")
        try:
            await self._write_all(part, series)
            await asyncio.to_thread(os.replace, part, path)
        except OSError as error:
            self._failed(path, error)
        except asyncio.CancelledError:
            self._page.messages.say(_("Cancelled: nothing was written."))
            raise
        else:
            self._page.messages.say(_("Written: {path}", path=str(path)))
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    async def _write_all(self, part: Path, series: "Series") -> None:
        feed = self._page.feed
        while feed is not None and feed.series is series and not series.complete:  # noqa: ASYNC110 - read by another task
            await asyncio.sleep(0.1)
        start, end = max(series.base, series.loaded_from), series.end
        file = await asyncio.to_thread(_begin, part, list(series.panels))
        try:
            at = start
            while at < end:
                at = max(at, series.base)  # the oldest may be forgotten meanwhile
                chunk = copy_chunk(series, at, min(at + CHUNK, end))
                await asyncio.to_thread(_append, file, chunk)
                at += CHUNK
                self._page.progress.advance(min(at, end) - start, end - start)
        finally:
            file.close()

    def _failed(self, path: Path, error: OSError) -> None:
        log.warning("%s could not be written: %s", path, error)
        reason = error.strerror or str(error)
        text = _("{path} could not be written ({reason}). Choose another place.", path=str(path), reason=reason)
        self._page.messages.say(text, "error")

    async def _ask_file(self, suffix: str, called: str) -> Path | None:
        dialog = QFileDialog(self._page, _("Export"), self._folder or _documents(), f"{called} (*.{suffix})")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"{self._name()}.{suffix}")
        accepted = await await_dialog(dialog) == QDialog.DialogCode.Accepted
        chosen = dialog.selectedFiles() if accepted else []
        if not chosen:
            return None
        path = Path(chosen[0])
        self._folder = str(path.parent)
        return path

    def _name(self) -> str:
        station, feed = self._page.station, self._page.feed
        if station is None or feed is None:
            return "chart"
        product = station.products.get(feed.characteristic.product_id)
        parts = [product.code if product else "", feed.characteristic.code, f"{datetime.now():%Y-%m-%d}"]  # noqa: DTZ005
        return "_".join("".join(sign if sign.isalnum() or sign in "-." else "-" for sign in part) for part in parts)

    # -- clipboard -----------------------------------------------------------------------------------------------------

    def copy_picture(self) -> None:
        """Put the chart on the clipboard as a picture."""
        QGuiApplication.clipboard().setImage(self.sheet().as_image())
        self._page.messages.say(_("The picture is on the clipboard."))

    def copy_points(self) -> None:
        """Put the points in view on the clipboard, for a spreadsheet."""
        spawn(self._page, self._copy_points())

    async def _copy_points(self) -> None:
        series = self._page.chart.series
        if series is None or not series.count:
            return
        low, high = self._page.chart.view_range
        first, last = max(int(low) + (low > 0), series.base, series.loaded_from), min(int(high) + 1, series.end)
        if last - first > MOST_COPIED:
            seen, most = f"{last - first:,}", f"{MOST_COPIED:,}"
            said = _("{n} points are in view; zoom in to {most}, or write them to a file.", n=seen, most=most)
            self._page.messages.say(said, "warning")
            return
        chunk = copy_chunk(series, first, last)
        text = "\t".join(heading(list(series.panels))) + "\n" + await asyncio.to_thread(lines, chunk, "\t")
        # Not as QMimeData made here: the clipboard would let go of it when Python has ended already, and crash.
        QGuiApplication.clipboard().setText(text)
        self._page.messages.say(_("{n} points are on the clipboard.", n=f"{last - first:,}"))

    # -- paper ---------------------------------------------------------------------------------------------------------

    def sheet(self) -> Sheet:
        """Return the chart with its heading."""
        title, about = self._page.heading()
        footer = f"{self._page.chart.summary()} · {datetime.now().astimezone():%Y-%m-%d %H:%M} · SPC Desktop"
        return Sheet(chart=self._page.chart, title=title, about=about, footer=footer)

    def print_chart(self) -> None:
        """Ask which printer, and print."""
        spawn(self._page, self._print())

    async def _print(self) -> None:
        from PySide6.QtGui import QPageLayout  # noqa: PLC0415 - with the printer
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter, QPrinterInfo  # noqa: PLC0415 - loads the printing system

        if not QPrinterInfo.availablePrinterNames():
            text = _("This PC has no printer. Save the chart as PDF and print it elsewhere.")
            self._page.messages.say(text, "warning")
            return
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setPageOrientation(QPageLayout.Orientation.Landscape)
        if await await_dialog(QPrintDialog(printer, self._page)) == QDialog.DialogCode.Accepted:
            self.sheet().paint_page(printer)
            self._page.messages.say(_("Sent to the printer: {name}", name=printer.printerName()))


def _documents() -> str:
    return QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)


def _write_image(path: Path, image: QImage) -> None:
    writer = QImageWriter(str(path), QByteArray(b"png"))
    if not writer.write(image):
        raise OSError(writer.errorString())


def _write_bytes(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _begin(part: Path, keys: list[str]) -> IO[str]:
    file = part.open("w", encoding="utf-8-sig", newline="\r\n")  # spreadsheets know Korean text by the mark
    file.write(",".join(heading(keys)) + "\n")
    return file


def _append(file: IO[str], chunk: Chunk) -> None:
    file.write(lines(chunk))
