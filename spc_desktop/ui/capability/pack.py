"""The capability pack: a PDF with one page per characteristic, and a workbook with every number and value.

Written beside its name and renamed when it is whole. Runs in a thread: ``cancelled`` is asked between two pages.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMarginsF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPageLayout, QPageSize, QPainter, QPdfWriter

from spc_desktop.domain.errors import KnownError
from spc_desktop.domain.review import Review, fingerprint
from spc_desktop.i18n import _
from spc_desktop.ui.capability.figures import figures, index_bars, paint_bars
from spc_desktop.ui.capability.panels import PANELS, Place, paint_panel
from spc_desktop.ui.capability.words import (
    LAWS,
    STANDINGS,
    TRENDS,
    estimator_text,
    gate_text,
    interval_text,
    verdict,
)
from spc_desktop.ui.charts.style import Style, style
from spc_desktop.ui.charts.words import rule_sentence
from spc_desktop.ui.theme import LIGHT
from spc_desktop.version import __version__

DPI = 96
"""Painted as on a screen and scaled: fonts and lines keep their proportion."""
MARGIN = 12.0
"""Millimetres."""


class PackCancelledError(Exception):
    """The person wants no pack any more."""


@dataclass(frozen=True)
class Entry:
    """One characteristic of the pack."""

    name: str
    review: Review
    flagged: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pack:
    """Everything that the pack says."""

    entries: tuple[Entry, ...]
    at: datetime
    by: str
    remark: str = ""


Step = Callable[[], None]
"""Called after each page; raises ``PackCancelledError``."""


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Give a name to write to, and rename it at the end; nothing is left of an attempt that failed.

    Raises:
        KnownError: ``cannot_write``.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise KnownError("cannot_write", path=str(path), detail=error.strerror or str(error)) from error
    finally:
        part.unlink(missing_ok=True)


# -- PDF ---------------------------------------------------------------------------------------------------------------


def write_pdf(path: Path, pack: Pack, font: QFont, step: Step) -> None:
    """Write the PDF: a summary, a page for each characteristic, and how everything was computed.

    Raises:
        KnownError: ``cannot_write``.
        PackCancelledError: from ``step``.
    """
    with _whole(path) as part:
        writer = QPdfWriter(str(part))
        writer.setResolution(DPI)
        writer.setPageLayout(
            QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Landscape, QMarginsF())
        )
        writer.setTitle(_("Capability review"))
        writer.setCreator(f"SPC Desktop {__version__}")
        painter = QPainter()
        if not painter.begin(writer):
            raise KnownError("cannot_write", path=str(path), detail=_("the file cannot be opened for writing"))
        try:
            _Book(writer, painter, pack, font).write(step)
        finally:
            painter.end()


class _Book:
    """Pages of the PDF."""

    def __init__(self, writer: QPdfWriter, painter: QPainter, pack: Pack, font: QFont) -> None:
        self.writer, self.painter, self.pack = writer, painter, pack
        self.font, self.large = QFont(font), QFont(font)
        self.font.setPointSizeF(8.5)
        self.large.setPointSizeF(13)
        self.large.setBold(True)
        self.style: Style = style(LIGHT, self.font)
        self.line = QFontMetricsF(self.font).height()
        margin = MARGIN / 25.4 * DPI
        page = writer.pageLayout().fullRectPoints()
        wide, high = page.width() / 72 * DPI, page.height() / 72 * DPI
        self.area = QRectF(margin, margin, wide - 2 * margin, high - 2 * margin)
        self.number = 1

    def write(self, step: Step) -> None:
        """Write every page."""
        self._lines(_("Capability review"), self._summary())
        for entry in self.pack.entries:
            step()
            self._page()
            self._characteristic(entry)
        step()
        self._page()
        self._lines(_("How it was computed"), definitions(self.pack))

    def _page(self) -> None:
        self.writer.newPage()
        self.number += 1

    def _text(self, box: QRectF, text: str, flags: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft) -> float:
        """Write a text that wraps; return its height."""
        wrapped = int(flags | Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
        needed = self.painter.boundingRect(box, wrapped, text)
        self.painter.drawText(box, wrapped, text)
        return float(needed.height())

    def _head(self, title: str) -> float:
        area = self.area
        self.painter.setPen(LIGHT.text)
        self.painter.setFont(self.large)
        metrics = QFontMetricsF(self.large)
        shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, area.width())
        self.painter.drawText(QRectF(area.left(), area.top(), area.width(), metrics.height()), 0, shown)
        self.painter.setFont(self.font)
        self.painter.setPen(LIGHT.dim)
        foot = QRectF(area.left(), area.bottom() - self.line, area.width(), self.line)
        about = f"{self.pack.at:%Y-%m-%d %H:%M} · {self.pack.by} · SPC Desktop {__version__}"
        self.painter.drawText(foot, int(Qt.AlignmentFlag.AlignLeft), about)
        self.painter.drawText(foot, int(Qt.AlignmentFlag.AlignRight), str(self.number))
        self.painter.setPen(LIGHT.text)
        return float(area.top() + metrics.height() + self.line * 0.5)

    def _lines(self, title: str, lines: Sequence[str]) -> None:
        """Write paragraphs, on as many pages as they need."""
        area, top = self.area, self._head(title)
        for text in lines:
            box = QRectF(area.left(), top, area.width(), area.height())
            wrap = int(Qt.TextFlag.TextWordWrap)
            needed = self.painter.boundingRect(box, wrap, text or " ").height() + self.line * 0.25
            if top + needed > area.bottom() - self.line * 1.5:
                self._page()
                top = self._head(title)
                box.moveTop(top)
            self.painter.drawText(box, wrap, text)
            top += needed

    def _summary(self) -> list[str]:
        lines = [self.pack.remark, ""] if self.pack.remark else []
        for at, entry in enumerate(self.pack.entries, 1):
            flag = "⚑ " if entry.flagged else ""
            lines.append(f"{at}. {flag}{entry.name}: {verdict(entry.review)}")
        return [*lines, "", _("Reviewed by: {name}", name=self.pack.by), _("Signature: ______________________________")]

    def _characteristic(self, entry: Entry) -> None:
        area, review = self.area, entry.review
        top = self._head(("⚑ " if entry.flagged else "") + entry.name)
        top += self._text(QRectF(area.left(), top, area.width(), area.height()), verdict(review))
        gates = "   ".join(("✓ " if gate.passed else "✗ ") + gate_text(gate) for gate in review.gates)
        top += self._text(QRectF(area.left(), top, area.width(), area.height()), gates) + self.line * 0.4
        side = area.width() * 0.27
        left = QRectF(area.left(), top, area.width() - side - 10, area.bottom() - self.line * 1.5 - top)
        for at in range(PANELS):
            box = QRectF(
                left.left() + at // 3 * left.width() / 2,
                left.top() + at % 3 * left.height() / 3,
                left.width() / 2 - 6,
                left.height() / 3 - 4,
            )
            paint_panel(at, review, Place(self.painter, box, self.style, 0.0))
        self._side(QRectF(left.right() + 10, top, side, left.height()), entry)

    def _side(self, box: QRectF, entry: Entry) -> None:
        review, top = entry.review, box.top()
        if index_bars(review):
            high = self.line * (2.1 * len(index_bars(review)) + 3)
            paint_bars(self.painter, QRectF(box.left(), top, box.width(), high), review, self.style, 0.0)
            top += high + self.line * 0.5
        self.painter.setPen(LIGHT.text)
        self.painter.setFont(self.font)
        for name, value in figures(review):
            row = QRectF(box.left(), top, box.width(), self.line * 3)
            used = self._text(row.adjusted(0, 0, -box.width() * 0.45, 0), name)
            used = max(used, self._text(row.adjusted(box.width() * 0.5, 0, 0, 0), value, Qt.AlignmentFlag.AlignRight))
            top += used
        top += self.line * 0.5
        for note in entry.notes:
            if top > box.bottom() - self.line:
                break
            top += self._text(QRectF(box.left(), top, box.width(), box.bottom() - top), note)


# -- what the last page says -------------------------------------------------------------------------------------------


def definitions(pack: Pack) -> list[str]:
    """Return how sigma, indices, intervals and rules are defined, and the fingerprint of the data of each entry."""
    lines = [
        _("Cp = (USL - LSL) / 6 sigma within; Cpk = min(USL - mean, mean - LSL) / 3 sigma within (ISO 22514-2)."),
        _("Pp and Ppk are the same with the standard deviation of all values (n - 1)."),
        _(
            "Confidence intervals of 95 %: Cp and Pp by chi-square, Cpk and Ppk by Bissell (1990); the lower bounds are"
            " one-sided."
        ),
        _("Other distributions: quantiles of 0.135, 50 and 99.865 % (ISO 22514-4). Fit: Anderson-Darling."),
        _(
            "Stable: no signal of the rules below at the points reviewed. Points left out count nowhere and are drawn as ×."
        ),
        "",
        _("Sigma within the subgroups:"),
    ]
    for entry in pack.entries:
        study = entry.review.study
        if study is not None and study.within is not None:
            lines.append(f"• {entry.name}: {estimator_text(study.within.estimator)}")
    lines += ["", _("Rules:")]
    for entry in pack.entries:
        told = "; ".join(rule_sentence(rule) for rule in sorted(entry.review.watch.rules))
        lines.append(f"• {entry.name}: {told or '–'}")
    lines += ["", _("Fingerprints (SHA-256) of the data:")]
    lines += [f"• {entry.name}: {fingerprint(entry.review)}" for entry in pack.entries]
    return lines


# -- workbook ----------------------------------------------------------------------------------------------------------


def write_workbook(path: Path, pack: Pack, step: Step) -> None:
    """Write the workbook: summary, every value, and the definitions.

    Raises:
        KnownError: ``cannot_write``.
        PackCancelledError: from ``step``.
    """
    import xlsxwriter  # noqa: PLC0415
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415

    with _whole(path) as part:
        book = xlsxwriter.Workbook(str(part), {"constant_memory": False, "nan_inf_to_errors": True})
        bold = book.add_format({"bold": True})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        _summary_sheet(book.add_worksheet(_("Summary")), pack, bold, wrapped)
        values = book.add_worksheet(_("Values"))
        heads = (
            _("Characteristic"),
            _("Subgroup"),
            _("Time"),
            _("Value"),
            _("Sample size"),
            _("Left out"),
            _("Reason"),
        )
        values.write_row(0, 0, heads, bold)
        values.set_column(0, 0, 34)
        values.set_column(2, 2, 20)
        values.freeze_panes(1, 0)
        at = 1
        for entry in pack.entries:
            step()
            for point in entry.review.points:
                for value in point.values:
                    values.write_string(at, 0, entry.name)
                    values.write_number(at, 1, point.index + 1)
                    values.write_datetime(at, 2, point.measured_at.astimezone().replace(tzinfo=None), moment)
                    values.write_number(at, 3, value)
                    if point.size is not None:
                        values.write_number(at, 4, point.size)
                    if point.excluded:
                        values.write_string(at, 5, "×")
                        values.write_string(at, 6, point.exclusion_reason)
                    at += 1
        told = book.add_worksheet(_("Definitions"))
        told.set_column(0, 0, 120, wrapped)
        for at, line in enumerate(definitions(pack)):
            told.write_string(at, 0, line)
        try:
            book.close()
        except FileCreateError as error:
            raise KnownError("cannot_write", path=str(path), detail=str(error)) from error


def _summary_sheet(sheet: object, pack: Pack, bold: object, wrapped: object) -> None:
    heads = (
        "", _("Characteristic"), _("Standing"), _("Verdict"), "n", "LSL", _("Target"), "USL", _("Mean"),
        _("Within standard deviation"), _("Overall standard deviation"), "Cp", "Cpk", _("Cpk interval"), _("At least"),
        "Pp", "Ppk", "Cpm", _("PPM expected"), _("PPM observed"), _("Distribution"), _("Trend"), _("Notes"),
    )  # fmt: skip
    sheet.write_row(0, 0, [_("Capability review")], bold)  # type: ignore[attr-defined]
    sheet.write_row(1, 0, [f"{pack.at:%Y-%m-%d %H:%M}", pack.by, pack.remark])  # type: ignore[attr-defined]
    sheet.write_row(3, 0, heads, bold)  # type: ignore[attr-defined]
    sheet.set_column(1, 1, 34)  # type: ignore[attr-defined]
    sheet.set_column(3, 3, 60, wrapped)  # type: ignore[attr-defined]
    sheet.freeze_panes(4, 2)  # type: ignore[attr-defined]
    for at, entry in enumerate(pack.entries, 4):
        for column, value in enumerate(_summary_row(entry)):
            if isinstance(value, str):
                sheet.write_string(at, column, value)  # type: ignore[attr-defined]
            elif value is not None and np.isfinite(value):
                sheet.write_number(at, column, value)  # type: ignore[attr-defined]


def _summary_row(entry: Entry) -> list[str | float | None]:
    review, study = entry.review, entry.review.study
    characteristic = review.watch.characteristic
    start: list[str | float | None] = [
        "⚑" if entry.flagged else "",
        entry.name,
        _(STANDINGS[review.standing]),
        verdict(review),
        float(review.values.size),
        characteristic.lsl,
        characteristic.target,
        characteristic.usl,
    ]
    if study is None:
        return [*start, *([None] * 14), "\n".join(entry.notes)]
    within, overall, law = study.within, study.overall, review.law
    return [
        *start,
        study.mean,
        within.sigma if within else None,
        overall.sigma,
        within.cp if within else None,
        within.cpk if within else None,
        interval_text(within.cpk_interval) if within else "",
        review.bound,
        overall.cp,
        overall.cpk,
        study.cpm.cpm if study.cpm else None,
        law.ppm if law else overall.ppm_total,
        study.observed.total,
        _(LAWS[law.name]) if law else "",
        TRENDS[review.trend],
        "\n".join(entry.notes),
    ]
