"""One point in full: its values, where they come from, every rule in words, what people did there, and what can be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.note import Note
from spc_desktop.domain.product import Characteristic
from spc_desktop.i18n import _
from spc_desktop.protocol.messages import PointDetail
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.bench.notes import note_line
from spc_desktop.ui.charts.words import number, rule_sentence
from spc_desktop.ui.models.products import display_name


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """A point with all that belongs to it."""

    characteristic: Characteristic
    panels: tuple[PanelSpec, ...]
    detail: PointDetail
    notes: Sequence[Note] = ()
    alerts: Sequence[Alert] = ()
    numbers: Mapping[int, int] = field(default_factory=dict)
    """Position of each point of a pattern -> its subgroup number."""

    @property
    def position(self) -> int:
        """Return its chart position."""
        return self.detail.point.index


class Inspector(QScrollArea):
    """Shows one point, or how to get one."""

    point_wanted = Signal(int)
    """A member of a pattern was clicked."""
    exclude_wanted = Signal(int)
    restore_wanted = Signal(int)
    comment_wanted = Signal(int)
    alert_wanted = Signal(object)

    _ready = False  # the base class changes its palette before this class is set up

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Inspected | None = None
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.RichText)
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextBrowserInteraction | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._label.linkActivated.connect(self._follow)
        self.exclude, self.restore = QPushButton(), QPushButton()
        self.comment, self.alert = QPushButton(), QPushButton()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.addWidget(self._label)
        for button, signal in (
            (self.exclude, self.exclude_wanted),
            (self.restore, self.restore_wanted),
            (self.comment, self.comment_wanted),
        ):
            layout.addWidget(button)
            button.clicked.connect(lambda _checked=False, signal=signal: self._ask(signal))
        layout.addWidget(self.alert)
        self.alert.clicked.connect(self._open_alert)
        layout.addStretch(1)
        self.setWidget(body)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setMinimumWidth(210)
        self._ready = True
        self.retranslate()

    @property
    def text(self) -> str:
        """Return what is shown, as rich text."""
        return self._label.text()

    @property
    def position(self) -> int | None:
        """Return the position of the point that is shown."""
        return None if self._shown is None else self._shown.position

    def show_point(self, inspected: Inspected) -> None:
        """Show a point."""
        self._shown = inspected
        self.retranslate()

    def clear(self) -> None:
        """Show how to get a point."""
        self._shown = None
        self.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language; links take the colour of a new theme."""
        super().changeEvent(event)
        if event.type() in {QEvent.Type.LanguageChange, QEvent.Type.PaletteChange} and self._ready:
            self.retranslate()

    def retranslate(self) -> None:
        """Write the text anew."""
        self.setAccessibleName(_("Point"))
        self.exclude.setText(_("Exclude… (X)"))
        self.restore.setText(_("Let it count again… (Shift+X)"))
        self.comment.setText(_("Comment… (C)"))
        self.alert.setText(_("Open the alert"))
        shown = self._shown
        excluded = shown is not None and shown.detail.point.excluded
        self.exclude.setVisible(shown is not None and not excluded)
        self.restore.setVisible(excluded)
        self.comment.setVisible(shown is not None)
        self.alert.setVisible(shown is not None and bool(shown.alerts))
        if shown is None:
            self._label.setText(escape(_("Select a point with the arrow keys or the mouse and press Enter.")))
        else:
            self._label.setText(_as_html(shown, self.palette().link().color().name()))

    def _ask(self, signal: object) -> None:
        if self._shown is not None:
            signal.emit(self._shown.position)  # type: ignore[attr-defined]  # a bound signal

    def _open_alert(self) -> None:
        if self._shown is not None and self._shown.alerts:
            self.alert_wanted.emit(self._shown.alerts[0])

    def _follow(self, link: str) -> None:
        kind, _colon, place = link.partition(":")
        if kind == "point":
            self.point_wanted.emit(int(place))


def _as_html(shown: Inspected, link: str) -> str:
    characteristic, panels, detail = shown.characteristic, shown.panels, shown.detail
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
    lines += [f"<p>■ {text}</p>" for text in _rules(shown, link)]
    lines += [f"<p>■ <b>{escape(sentence)}</b></p>" for sentence in _state(detail)]
    lines.append(f"<h4>{escape(_('Values'))}</h4><p>")
    for at, row in enumerate(detail.measurements, 1):
        flag = "" if row.is_within_spec else f" ◆ {escape(_('out of spec'))}"
        size = f" / {row.size:g}" if row.size is not None else ""
        lines.append(f"{at}. {number(row.measurement_value, decimals)}{size}{unit}{flag}<br>")
    lines.append("</p>" + _trace(detail))
    if shown.notes:
        lines.append(f"<h4>{escape(_('Comments'))}</h4>")
        lines += [f"<p>{escape(note_line(note))}</p>" for note in shown.notes]
    return "".join(lines)


def _rules(shown: Inspected, link: str) -> list[str]:
    """Return each rule that fired, in words, with the other points of its pattern."""
    found = []
    for spec, panel in zip(shown.panels, shown.detail.point.panels, strict=False):
        for violation in panel.violations:
            text = f"<b>{escape(spec.label)} — {escape(rule_sentence(violation.rule))}</b>"
            others = [position for position in violation.members if position != shown.position]
            if others:
                numbers = shown.numbers
                style = f"style='color:{link}'"
                links = " ".join(f"<a {style} href='point:{at}'>{numbers.get(at, at + 1)}</a>" for at in others)
                text += f"<br><small>{escape(_('with'))} {links}</small>"
            found.append(text)
    return found


def _state(detail: PointDetail) -> list[str]:
    point, found = detail.point, []
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
