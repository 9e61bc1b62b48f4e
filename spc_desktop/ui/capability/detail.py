"""What is shown of the chosen characteristic: verdict, gates, six panels, numbers, distribution, what-if, notes."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.domain.note import Note
from spc_desktop.domain.review import CHOICES, Review, what_if
from spc_desktop.i18n import _
from spc_desktop.ui.capability.figures import Figures
from spc_desktop.ui.capability.ranking import Row
from spc_desktop.ui.capability.sixpack import Sixpack
from spc_desktop.ui.capability.spec_editor import SpecEditor
from spc_desktop.ui.capability.words import LAWS, gate_text, index_text, verdict

SIDE = 17
"""Width of the column at the right, in heights of a line."""


class Detail(QWidget):
    """Everything about one row of the ranking."""

    law_chosen = Signal(str)
    note_given = Signal(str)
    flag_turned = Signal()
    limits_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.row: Row | None = None
        self.title, self.verdict, self.gates = QLabel(), QLabel(), QLabel()
        self.sixpack, self.figures, self.spec = Sixpack(), Figures(), SpecEditor()
        self.law, self.law_label = QComboBox(), QLabel()
        self.centred, self.less, self.less_label, self.outcome = QCheckBox(), QSpinBox(), QLabel(), QLabel()
        self.note, self.notes, self.note_label = QLineEdit(), QLabel(), QLabel()
        self.flag, self.limits = QPushButton(), QPushButton()
        self.side, self.scroller, self.stack = QWidget(), QScrollArea(), QStackedWidget()
        self._lay_out()
        self._connect()
        self.retranslate()
        self.show_row(None)

    def _lay_out(self) -> None:
        self.title.setObjectName("title")
        for label in (self.title, self.verdict, self.gates, self.outcome, self.notes):
            label.setWordWrap(True)
        self.gates.setObjectName("dim")
        self.flag.setCheckable(True)
        self.less.setRange(0, 90)
        self.less.setSingleStep(10)
        self.less.setSuffix(" %")
        self.law.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        column = QVBoxLayout(self.side)
        column.setContentsMargins(6, 0, 6, 6)
        column.addWidget(self.figures)
        for label, field in ((self.law_label, self.law), (self.note_label, self.note)):
            label.setBuddy(field)
        column.addWidget(self.law_label)
        column.addWidget(self.law)
        column.addWidget(self.centred)
        less = QHBoxLayout()
        self.less_label.setWordWrap(True)
        less.addWidget(self.less_label, 1)
        less.addWidget(self.less)
        column.addLayout(less)
        column.addWidget(self.outcome)
        column.addWidget(self.note_label)
        column.addWidget(self.note)
        column.addWidget(self.notes)
        column.addWidget(self.flag)
        column.addWidget(self.limits)
        column.addStretch(1)
        self.scroller.setWidget(self.side)
        self.scroller.setWidgetResizable(True)
        self.scroller.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.stack.addWidget(self.sixpack)
        self.stack.addWidget(self.spec)
        body = QHBoxLayout()
        body.addWidget(self.stack, 1)
        body.addWidget(self.scroller)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 4)
        layout.setSpacing(3)
        for label in (self.title, self.verdict, self.gates):
            layout.addWidget(label)
        layout.addLayout(body, 1)

    def _connect(self) -> None:
        self.law.activated.connect(lambda at: self.law_chosen.emit(CHOICES[at]))
        self.centred.toggled.connect(self._tell_outcome)
        self.less.valueChanged.connect(self._tell_outcome)
        self.note.returnPressed.connect(self._give_note)
        self.flag.clicked.connect(self.flag_turned.emit)
        self.limits.clicked.connect(self.limits_wanted.emit)

    def _give_note(self) -> None:
        if self.note.text().strip():
            self.note_given.emit(self.note.text())

    def retranslate(self) -> None:
        """Write every text anew."""
        chosen = max(0, self.law.currentIndex())
        self.law.clear()
        self.law.addItems([_(LAWS[name]) for name in CHOICES])
        self.law.setCurrentIndex(chosen)
        self.law_label.setText(_("&Distribution"))
        self.centred.setText(_("What if it were centred?"))
        self.less_label.setText(_("What if sigma were smaller by"))
        self.less.setAccessibleName(self.less_label.text())
        self.note_label.setText(_("Note (N)"))
        self.note.setPlaceholderText(_("Note, stored with Enter"))
        self.flag.setText(_("Flag (F)"))
        self.flag.setToolTip(_("Marks the characteristic for the meeting; the mark is in the report."))
        self.limits.setText(_("Propose new limits (L)"))
        self._fit()
        self.show_row(self.row)

    def _fit(self) -> None:
        self.scroller.setFixedWidth(round(self.fontMetrics().height() * SIDE))

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language, fit the new font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.FontChange:
            self._fit()

    # -- what is shown -------------------------------------------------------------------------------------------------

    def show_row(self, row: Row | None) -> None:
        """Show a row of the ranking as far as it was reviewed; None: nothing is chosen."""
        if row is not self.row:
            self.note.clear()
            self.notes.clear()
            self.law.setCurrentIndex(0)
        self.row = row
        review = row.review if row is not None else None
        self.title.setText(row.name if row is not None else "")
        self.verdict.setText(verdict(review) if review is not None else _("Reading the points…") if row else "")
        self.gates.setText("   ".join(_signed(review)) if review is not None else "")
        self.gates.setVisible(bool(self.gates.text()))
        self.flag.setChecked(row is not None and row.flagged)
        missing = review is not None and review.problem is not None and review.problem.code == "no_spec"
        if missing and row is not None:
            self.spec.show_row(row)
        self.stack.setCurrentWidget(self.spec if missing else self.sixpack)
        self.sixpack.show_review(review)
        self.figures.show_review(review)
        self._show_choices(review)
        self.side.setEnabled(row is not None)

    def _show_choices(self, review: Review | None) -> None:
        studied = review is not None and review.study is not None
        for widget in (self.law, self.law_label, self.centred, self.less, self.less_label, self.outcome):
            widget.setVisible(studied or (widget in {self.law, self.law_label} and self.law.currentIndex() > 0))
        self._tell_outcome()

    def show_law(self, name: str) -> None:
        """Show which distribution was asked for."""
        self.law.setCurrentIndex(CHOICES.index(name))

    def show_notes(self, notes: Sequence[Note]) -> None:
        """Show what was written before, the newest first."""
        lines = [f"{note.at.astimezone():%Y-%m-%d %H:%M} {note.by}: {note.text}" for note in notes]
        self.notes.setText("\n".join(lines))
        self.notes.setTextFormat(Qt.TextFormat.PlainText)

    def _tell_outcome(self) -> None:
        review = self.row.review if self.row is not None else None
        asked = self.centred.isChecked() or self.less.value() > 0
        found = (
            what_if(review, centred=self.centred.isChecked(), less=self.less.value() / 100)
            if review and asked
            else None
        )
        self.outcome.setText(
            _("Then: Cp {cp}, Cpk {cpk}", cp=index_text(found.cp), cpk=index_text(found.cpk)) if found else ""
        )


def _signed(review: Review) -> list[str]:
    return [("✓ " if gate.passed else "✗ ") + gate_text(gate) for gate in review.gates]
