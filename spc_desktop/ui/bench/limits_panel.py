"""What new limits would be and what they would change, with the reason that freezing them asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.charts.picture import Levels
from spc_desktop.ui.charts.words import decimals_for, number, rule_sentence

MOST_LISTED = 500


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Limits that were tried, beside those in force."""

    panels: Sequence[PanelSpec]
    decimals: int
    numbers: Mapping[int, int]
    """Position -> subgroup number, of the points that were judged."""
    count: int
    used: int
    old: Mapping[str, Levels]
    new: Mapping[str, Levels]
    tried: m.LimitsTried


class LimitsPanel(QWidget):
    """Shown at the side while a baseline is chosen."""

    freeze = Signal(str)
    cancelled = Signal()
    point_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._proposal: Proposal | None = None
        self._trouble = ""
        self._taken = self._sending = False
        self.text, self.changes = QLabel(), QListWidget()
        self._why, self.reason = QLabel(), QLineEdit()
        self.freeze_button, self.cancel_button = QPushButton(), QPushButton()
        for label in (self.text, self._why):
            label.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.changes.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.changes.setUniformItemSizes(True)
        self.changes.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # the tool tip has it whole
        self._why.setBuddy(self.reason)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # the chart needs the width
        buttons = QVBoxLayout()
        buttons.addWidget(self.freeze_button)
        buttons.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(self.changes, 1)
        layout.addWidget(self._why)
        layout.addWidget(self.reason)
        layout.addLayout(buttons)
        self.reason.textChanged.connect(self._enable)
        self.reason.installEventFilter(self)
        self.changes.currentItemChanged.connect(self._picked)
        self.freeze_button.clicked.connect(self._accept)
        self.cancel_button.clicked.connect(self.cancelled.emit)
        self.setProperty("help_topic", "charts")
        self.retranslate()

    # -- what it shows -------------------------------------------------------------------------------------------------

    def show_waiting(self) -> None:
        """Begin: nothing is known yet."""
        self.clear()
        self._show()

    def show_proposal(self, proposal: Proposal) -> None:
        """Show limits that were tried."""
        self._proposal, self._trouble = proposal, ""
        self._show()

    def show_trouble(self, text: str, *, again: bool = False) -> None:
        """Say why there are no limits; ``again``: they are there, but could not be frozen."""
        self._trouble, self._sending = text, False
        if not again:
            self._proposal = None
        self._show()

    def take(self) -> None:
        """The baseline is chosen: ask for the reason."""
        self._taken = True
        self._enable()
        self.reason.setFocus()

    def show_sending(self) -> None:
        """The limits are on their way to the hub."""
        self._sending = True
        self._enable()

    def clear(self) -> None:
        """Forget everything."""
        self._proposal, self._trouble = None, ""
        self._taken = self._sending = False
        self.reason.clear()
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        self._why.setText(_("Reason for change"))
        self.reason.setAccessibleName(_("Reason for change"))
        self.reason.setPlaceholderText(_("Say why: others must understand it later."))
        self.freeze_button.setText(_("Freeze limits (Enter)"))
        self.cancel_button.setText(_("Cancel (Esc)"))
        self.changes.setAccessibleName(_("Signals gained and lost"))
        self._show()

    def _show(self) -> None:
        self.changes.clear()
        shown = self._proposal
        hint = _("Drag over the chart, or use Shift+← and Shift+→. Enter takes the baseline.")
        parts = [f"<p>{escape(self._trouble)}</p>"] if self._trouble else []
        if shown is not None:
            parts.append(_as_html(shown))
            self._list(shown)
        elif not self._trouble:
            parts.append(f"<p>{escape(_('Computing limits…'))}</p>")
        if not self._taken:
            parts.append(f"<p>{escape(hint)}</p>")
        self.text.setText("".join(parts))
        self._enable()

    def _list(self, shown: Proposal) -> None:
        labels = {spec.key: spec.label for spec in shown.panels}
        signals = [("+", one) for one in shown.tried.gained] + [("−", one) for one in shown.tried.lost]
        signals.sort(key=lambda pair: -pair[1].index)
        for sign, signal in signals[:MOST_LISTED]:
            subgroup = shown.numbers.get(signal.index, signal.index + 1)
            text = f"{sign} {subgroup}: {labels.get(signal.panel, signal.panel)} — {rule_sentence(signal.rule)}"
            item = QListWidgetItem(text)
            item.setToolTip(text)
            item.setData(Qt.ItemDataRole.UserRole, signal.index)
            said = _("gained") if sign == "+" else _("lost")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{said}: {text[2:]}")
            self.changes.addItem(item)
        if len(signals) > MOST_LISTED:
            self.changes.addItem(_("… and {n} more", n=f"{len(signals) - MOST_LISTED:,}"))

    def _enable(self, *_args: object) -> None:
        ready = self._proposal is not None and self._taken and not self._sending
        self.freeze_button.setEnabled(ready and bool(self.reason.text().strip()))
        self.reason.setReadOnly(self._sending)  # disabled, it would lose the keyboard

    # -- what it is told -----------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Freeze by Enter."""
        pressed = watched is self.reason and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent)
        if pressed and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:  # type: ignore[attr-defined]
            self._accept()
            return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give up by Escape, wherever the keyboard is in here."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def _accept(self) -> None:
        if self.freeze_button.isEnabled():
            self.freeze.emit(self.reason.text().strip())

    def _picked(self, item: QListWidgetItem | None) -> None:
        position = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        if position is not None:
            self.point_wanted.emit(position)


def _as_html(shown: Proposal) -> str:
    baseline = _("Baseline: {n} subgroups", n=f"{shown.count:,}")
    if shown.used < shown.count:
        baseline += " · " + _("{n} of them are used", n=f"{shown.used:,}")
    lines = [f"<p>{escape(baseline)}</p><table cellspacing='4'>"]
    head = (f"<td align='right'>{text}</td>" for text in (escape(_("now")), f"<b>{escape(_('new'))}</b>"))
    lines.append(f"<tr><td></td>{''.join(head)}</tr>")
    for spec in shown.panels:
        old, new = shown.old[spec.key], shown.new[spec.key]
        span = (new.ucl or 0) - (new.lcl or new.center or 0)
        digits = decimals_for(span, shown.decimals)
        for name, before, after in (
            ("UCL", old.ucl, new.ucl),
            ("CL", old.center, new.center),
            ("LCL", old.lcl, new.lcl),
        ):
            if before is None and after is None:
                continue
            lines.append(
                f"<tr><td>{escape(spec.label)} {name}&nbsp;</td><td align='right'>{number(before, digits)}</td>"
                f"<td align='right'><b>{number(after, digits)}</b></td></tr>"
            )
    lines.append("</table>")
    gained, lost = len(shown.tried.gained), len(shown.tried.lost)
    judged = _("Of the newest {n} subgroups:", n=f"{shown.tried.points.count:,}")
    kept = f"{shown.tried.kept:,}"
    counts = _("Signals gained: {gained} · lost: {lost} · unchanged: {kept}", gained=gained, lost=lost, kept=kept)
    lines.append(f"<p>{escape(judged)}<br><b>{escape(counts)}</b></p>")
    return "".join(lines)
