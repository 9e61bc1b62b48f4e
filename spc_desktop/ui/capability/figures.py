"""The numbers beside the six panels: interval bars of the indices, spread, parts per million."""

from PySide6.QtCore import QEvent, QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from spc_desktop.domain.review import Review
from spc_desktop.i18n import _
from spc_desktop.spc.capability.normal import CapabilityIndices
from spc_desktop.ui.capability.plot import PAD, Plot, Span
from spc_desktop.ui.capability.words import estimator_text, index_text, interval_text, ppm_text
from spc_desktop.ui.charts.style import Style, style
from spc_desktop.ui.charts.words import number
from spc_desktop.ui.theme import colours_of

Bar = tuple[str, float | None, tuple[float, float] | None]


def index_bars(review: Review) -> list[Bar]:
    """Return name, value and 95 % interval of Cp, Cpk, Pp and Ppk; empty without a study."""
    study = review.study
    if study is None:
        return []
    bars: list[Bar] = []
    for names, found in ((("Cp", "Cpk"), study.within), (("Pp", "Ppk"), study.overall)):
        if found is not None:
            bars += [(names[0], found.cp, found.cp_interval), (names[1], found.cpk, found.cpk_interval)]
    return bars


def paint_bars(painter: QPainter, box: QRectF, review: Review, look: Style, ratio: float) -> None:
    """Paint the intervals of the indices, and a line at what is required."""
    bars = index_bars(review)
    title = _("95 % intervals (required: {required})", required=index_text(review.required))
    plot = Plot(painter, box.adjusted(0, 0, -PAD, 0), look, title, ratio)
    ends = [end for _name, value, interval in bars for end in (interval or (value or 0.0,) * 2)]
    plot.axes(
        Span(min(0.0, *ends, 0.0), max(review.required, *ends, 0.5) * 1.05), Span(-0.3, max(1, len(bars))), left=()
    )
    plot.upright(review.required, "limit")
    for at, (name, value, interval) in enumerate(bars):
        level = len(bars) - at - 0.8
        text = f"{name} {index_text(value)}" + (f"  ({interval_text(interval)})" if interval else "")
        if value is not None:
            plot.beam(*(interval or (value, value)), level, "data", text, left=True)


class Figures(QWidget):
    """Interval bars over a table of numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._review: Review | None = None
        self.bars = _Bars()
        self.table = QLabel()
        self.table.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bars)
        layout.addWidget(self.table)

    def show_review(self, review: Review | None) -> None:
        """Show the numbers of a review."""
        self._review = review
        bars = index_bars(review) if review is not None else []
        self.bars.setVisible(bool(bars))
        self.bars.show_review(review)
        rows = figures(review) if review is not None else []
        cells = "".join(
            f"<tr><td>{name}&nbsp;&nbsp;</td><td align='right'><b>{value}</b></td></tr>" for name, value in rows
        )
        self.table.setText(f"<table>{cells}</table>" if cells else "")
        self.table.setVisible(bool(cells))

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.show_review(self._review)


class _Bars(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._review: Review | None = None

    def show_review(self, review: Review | None) -> None:
        self._review = review
        lines = 2.1 * max(1, len(index_bars(review))) + 3.2 if review is not None else 1
        self.setFixedHeight(round(self.fontMetrics().height() * lines))
        bars = index_bars(review) if review is not None else []
        words = (f"{name} {index_text(value)} {interval_text(interval)}" for name, value, interval in bars)
        self.setAccessibleName(", ".join(words))
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.show_review(self._review)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._review is None or self._review.study is None:
            return
        painter = QPainter(self)
        look = style(colours_of(self.palette()), self.font())
        painter.fillRect(self.rect(), look.colours.background)
        paint_bars(painter, QRectF(self.rect()), self._review, look, self.devicePixelRatioF())
        painter.end()


def figures(review: Review) -> list[tuple[str, str]]:
    """Return names and numbers of a review, in the window's language."""
    characteristic, study = review.watch.characteristic, review.study
    decimals = characteristic.decimals
    rows = [(_("Subgroups"), f"{len(review.used):,}"), (_("Values"), f"{review.values.size:,}")]
    limits = (("LSL", characteristic.lsl), (_("Target"), characteristic.target), ("USL", characteristic.usl))
    rows += [(name, number(value, decimals)) for name, value in limits if value is not None]
    if study is None:
        return rows
    rows.append((_("Mean"), number(study.mean, decimals + 2)))
    if study.within is not None:
        rows.append((_("Within standard deviation"), number(study.within.sigma, decimals + 3)))
        rows.append((_("estimated by"), estimator_text(study.within.estimator)))
    rows.append((_("Overall standard deviation"), number(study.overall.sigma, decimals + 3)))
    rows += [(f"PPM, {name}", text) for name, text in _ppm(review, study.within, study.overall)]
    if study.cpm is not None:
        rows.append(("Cpm", index_text(study.cpm.cpm if study.cpm.cpm is not None else study.cpm.cpm_nearest)))
    if review.law is not None and review.law.name != "normal":
        rows.append(
            (_("Pp / Ppk of the chosen distribution"), f"{index_text(review.law.pp)} / {index_text(review.law.ppk)}")
        )
    return rows


def _ppm(review: Review, within: CapabilityIndices | None, overall: CapabilityIndices) -> list[tuple[str, str]]:
    study, law = review.study, review.law
    rows = [(_("expected within"), ppm_text(within.ppm_total))] if within is not None else []
    normal = law is None or law.name == "normal"
    rows.append((_("expected overall"), ppm_text(overall.ppm_total if normal or law is None else law.ppm)))
    if study is not None:
        rows.append((_("observed"), ppm_text(study.observed.total)))
    return rows
