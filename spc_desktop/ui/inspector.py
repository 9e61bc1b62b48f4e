"""One point in full: its values, where they come from, and every rule in words."""

from html import escape

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from spc_desktop.domain.product import Characteristic
from spc_desktop.i18n import _
from spc_desktop.protocol.messages import PointDetail
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.charts.words import number, rule_sentence
from spc_desktop.ui.models.products import display_name


class Inspector(QScrollArea):
    """Shows one ``PointDetail``, or how to get one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Characteristic, tuple[PanelSpec, ...], PointDetail] | None = None
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.addWidget(self._label)
        layout.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setMinimumWidth(210)
        self.retranslate()

    @property
    def text(self) -> str:
        """Return what is shown, as rich text."""
        return self._label.text()

    def show_point(self, characteristic: Characteristic, panels: tuple[PanelSpec, ...], detail: PointDetail) -> None:
        """Show a point."""
        self._shown = characteristic, panels, detail
        self.retranslate()

    def clear(self) -> None:
        """Show how to get a point."""
        self._shown = None
        self.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write the text anew."""
        self.setAccessibleName(_("Point"))
        if self._shown is None:
            self._label.setText(escape(_("Select a point with the arrow keys or the mouse and press Enter.")))
        else:
            self._label.setText(_as_html(*self._shown))


def _as_html(characteristic: Characteristic, panels: tuple[PanelSpec, ...], detail: PointDetail) -> str:
    point, decimals = detail.point, characteristic.decimals
    unit = f" {escape(characteristic.unit)}" if characteristic.unit else ""
    lines = [
        f"<h3>{escape(display_name(characteristic))}</h3>",
        f"<p>{escape(_('Subgroup {n}', n=point.subgroup_number))}<br>"
        f"{point.measured_at.astimezone():%Y-%m-%d %H:%M:%S}</p><p>",
    ]
    for spec, panel in zip(panels, point.panels, strict=False):
        lines.append(f"<b>{escape(spec.label)}</b> {number(panel.value, decimals + 1)}{unit}")
        if panel.center is not None:
            limits = f"LCL {number(panel.lcl, decimals + 1)} · CL {number(panel.center, decimals + 1)}"
            lines.append(f"<br><small>{limits} · UCL {number(panel.ucl, decimals + 1)}</small>")
        lines.append("<br>")
    lines.append("</p>")
    lines += [f"<p>■ <b>{escape(sentence)}</b></p>" for sentence in _signals(panels, detail)]
    lines.append(f"<h4>{escape(_('Values'))}</h4><p>")
    for at, row in enumerate(detail.measurements, 1):
        flag = "" if row.is_within_spec else f" ◆ {escape(_('out of spec'))}"
        size = f" / {row.size:g}" if row.size is not None else ""
        lines.append(f"{at}. {number(row.measurement_value, decimals)}{size}{unit}{flag}<br>")
    lines.append("</p>" + _trace(detail))
    return "".join(lines)


def _signals(panels: tuple[PanelSpec, ...], detail: PointDetail) -> list[str]:
    point = detail.point
    found = [
        f"{spec.label} — {rule_sentence(violation.rule)}"
        for spec, panel in zip(panels, point.panels, strict=False)
        for violation in panel.violations
    ]
    if point.out_of_spec:
        found.append(_("Out of specification"))
    if point.excluded:
        reason = f": {point.exclusion_reason}" if point.exclusion_reason else ""
        found.append(_("Excluded from the limits") + reason)
    if point.learning:
        found.append(_("Learning: no limits judge this point yet"))
    return found


def _trace(detail: PointDetail) -> str:
    rows = []
    for label, name in (
        (_("Lot"), "lot"),
        (_("Machine"), "machine"),
        (_("Operator"), "operator"),
        (_("Cavity"), "cavity"),
        (_("Gauge"), "gauge"),
        (_("Serial"), "serial"),
    ):
        values = sorted({getattr(row.trace, name) for row in detail.measurements} - {""})
        if values:
            rows.append(f"<tr><td>{escape(label)}&nbsp;</td><td><b>{escape(', '.join(values))}</b></td></tr>")
    sources = sorted({row.source_id for row in detail.measurements} - {""})
    if sources:
        rows.append(f"<tr><td>{escape(_('Source'))}&nbsp;</td><td>{escape(', '.join(sources))}</td></tr>")
    return f"<table>{''.join(rows)}</table>" if rows else ""
