"""Entry: what is due at the left, the value in the middle, its chart at the right, traceability below. No mouse, no Save."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.entry.ask_row import AskRow
from spc_desktop.ui.entry.chips import Chips
from spc_desktop.ui.entry.counters import Counters
from spc_desktop.ui.entry.due_list import DueList
from spc_desktop.ui.entry.due_model import DueModel, Target
from spc_desktop.ui.entry.hints import due_sentence, hint, kept_text
from spc_desktop.ui.entry.limits_bar import LimitsBar
from spc_desktop.ui.entry.live_chart import LiveChart
from spc_desktop.ui.entry.questions import Questions
from spc_desktop.ui.entry.signal_panel import CAUSES, SignalPanel
from spc_desktop.ui.entry.trace_strip import TraceStrip
from spc_desktop.ui.entry.value_field import ValueField
from spc_desktop.ui.entry.work import Work
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.pages.page import PageContext


class EntryPage(QWidget):
    """Lays out the parts and shows the state of ``Work``, which decides what an entered text means."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = DueModel(self)
        self.due_list = DueList(self.model)
        self.due_text, self.title, self.hint, self.result, self.kept = (QLabel() for _at in range(5))
        self.field, self.bar, self.chips = ValueField(), LimitsBar(), Chips()
        self.counters, self.chart = Counters(), LiveChart(context.clock)
        self.trace, self.ask, self.panel = TraceStrip(), AskRow(), SignalPanel()
        self.messages, self.undo_button, self.size_button = MessageBar(), QPushButton(), QPushButton()
        self.work = Work(context, self.ask, self.trace, self.counters, self.panel, self)
        self.questions = Questions(self.work, self.ask, self.trace, self)
        self._senders = list(context.senders.values())
        self._lay_out()
        self._connect()
        self._bind_keys()
        self.setFocusProxy(self.field)
        self.retranslate()

    # -- layout --------------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        for label, name in ((self.title, "title"), (self.hint, "dim"), (self.due_text, "dim")):
            label.setObjectName(name)
        for label in (self.title, self.hint, self.result, self.due_text, self.kept):
            label.setWordWrap(True)
        self.result.setObjectName("result")
        self.result.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.kept.setObjectName("kept")
        for button in (self.undo_button, self.size_button):
            button.setMinimumHeight(48)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        policy = self.undo_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing jumps when it comes and goes
        self.undo_button.setSizePolicy(policy)
        left = QVBoxLayout()
        left.addWidget(self.due_list, 1)
        left.addWidget(self.due_text)
        centre = QVBoxLayout()
        for widget in (self.title, self.field, self.size_button, self.bar, self.chips, self.counters, self.hint):
            centre.addWidget(widget)
        centre.addWidget(self.result)
        centre.addWidget(self.undo_button, 0, Qt.AlignmentFlag.AlignCenter)
        centre.addStretch(1)
        body = QHBoxLayout()
        body.addLayout(left, 3)
        body.addLayout(centre, 5)
        body.addWidget(self.chart, 4)
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addWidget(self.messages)
        layout.addWidget(self.kept)
        layout.addWidget(self.panel)
        layout.addWidget(self.ask)
        layout.addLayout(body, 1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 6)
        outer.addWidget(scroll, 1)
        outer.addWidget(self.trace)

    def _connect(self) -> None:
        work, field, asks = self.work, self.field, self.questions
        field.entered.connect(work.enter_text)
        field.back.connect(self._back)
        field.cleared.connect(work.clear)
        field.stepped.connect(self.counters.step)
        field.counted.connect(self.counters.count)
        field.paged.connect(self._page)
        field.textChanged.connect(self._typed)
        self.due_list.chosen.connect(work.choose)
        self.undo_button.clicked.connect(self._undo)
        self.size_button.clicked.connect(asks.ask_size)
        self.trace.wanted.connect(asks.ask_trace)
        self.ask.closed.connect(field.setFocus)
        self.panel.cause_chosen.connect(work.give_cause)
        self.panel.other_wanted.connect(lambda: work.reaction.ask_cause(lambda: work.actor))
        self.panel.engineer_wanted.connect(work.call_engineer)
        self.panel.dismissed.connect(work.reaction.dismiss)
        work.changed.connect(self.refresh)
        work.target_changed.connect(self._target_changed)
        work.due.changed.connect(self._due_changed)

    def _bind_keys(self) -> None:
        work, asks = self.work, self.questions
        bound: list[tuple[str, Callable[[], None]]] = [
            ("F2", asks.ask_size),
            ("F3", asks.ask_skip),
            ("F6", asks.ask_comment),
            ("F7", asks.ask_operator),
            ("F9", work.measure_again),
            ("F12", work.call_engineer),
            ("Ctrl+Z", self._undo),
            ("Ctrl+T", self.panel.tick_next),
        ]
        bound += [(f"Alt+{at + 1}", partial(self.panel.choose, at)) for at in range(CAUSES)]
        for key, action in bound:
            shortcut = QShortcut(QKeySequence(key), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(action)

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return the keys of this page."""
        return (
            ("Enter", _("take the value; the last one of a subgroup stores it")),
            ("Backspace", _("in the empty field: back to the value before")),
            ("Esc", _("clear the field")),
            ("Page Up / Page Down", _("previous / next characteristic")),
            ("+ / −, ↑ / ↓", _("count a defect more or less, choose its kind")),
            ("F2", _("inspected units or part")),
            ("F3", _("skip the sample, with a reason")),
            ("F6", _("comment on this subgroup")),
            ("F7", _("sign on with badge or PIN")),
            ("F9", _("measure the last value again")),
            ("F12", _("call the engineer")),
            ("Ctrl+T", _("tick the next step of the reaction plan")),
            ("Alt+1 … 6", _("choose the cause of the signal")),
            ("Ctrl+Z", _("take back the subgroup, for ten seconds")),
        )

    # -- page ----------------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow what is due, and the chart of what is being measured."""
        self.work.start()
        self._follow()

    def leave(self) -> None:
        """Let go of the points; what was typed stays."""
        self.work.stop()
        self.chart.leave()

    def show_error(self, error: UserError | KnownError) -> None:
        """Say here what went wrong."""
        self.messages.say(sentence(error.code, error.params, current_language()), "error")

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.field.setAccessibleName(_("Value"))
        self.due_list.setAccessibleName(_("What is due"))
        self.trace.retranslate()
        self.chart.refresh()
        self.work.retranslate()
        self._due_changed()
        self.refresh()

    # -- showing -------------------------------------------------------------------------------------------------------

    def _target_changed(self) -> None:
        self.field.clear()
        self._follow()

    def _follow(self) -> None:
        target = self.work.target
        self.due_list.mark(target)
        if target is not None and self.work.shown:
            self.chart.show_target(target)
        else:
            self.chart.leave()
        self.refresh()

    def _due_changed(self) -> None:
        self.model.show_rows(self.work.due.rows)
        self.due_list.mark(self.work.target)
        self.due_text.setText(due_sentence(self.work))

    def _typed(self) -> None:
        self.bar.show_values(self.work.values, self.work.number_in(self.field.text()))

    def refresh(self) -> None:
        """Show the state of the work."""
        work, target = self.work, self.work.target
        characteristic = target.characteristic if target is not None else None
        there = target is not None and characteristic is not None
        counting = there and work.counting
        self.field.counting = counting
        self.field.setEnabled(there)
        self.counters.setVisible(counting)
        appears = there and self.field.isHidden() and self.isVisible()
        for part in (self.due_list, self.due_text, self.field, self.chart, self.trace):
            part.setVisible(there)  # nothing empty without its sentence
        if appears:
            self.field.setFocus()
        for widget in (self.bar, self.chips):
            widget.setVisible(there and not counting)
        if target is not None and characteristic is not None:
            product = target.station.products.get(characteristic.product_id)
            names = [display_name(product)] if product else []
            unit = f" [{characteristic.unit}]" if characteristic.unit else ""
            self.title.setText(" — ".join([*names, display_name(characteristic)]) + unit)
            self.chips.show_values(work.texts, work.sheet.size, work.doubted_text)
            self.bar.show_lines(self.chart.lines(target))
            self._typed()
        else:
            self.title.setText(_("Nothing to measure here"))
        self.size_button.setVisible(bool(self.questions.size_text))
        self.size_button.setText(self.questions.size_text)
        self.hint.setText(hint(work))
        self._show_result()
        text = kept_text(self._senders)
        self.kept.setText(text)
        self.kept.setVisible(bool(text))
        self.undo_button.setText(_("Take back (Ctrl+Z) — {n} s", n=work.undo_seconds))
        self.undo_button.setVisible(work.undo_seconds > 0)

    def _show_result(self) -> None:
        kind, text = self.work.result
        if self.result.property("kind") != kind:
            self.result.setProperty("kind", kind)
            self.result.style().unpolish(self.result)
            self.result.style().polish(self.result)
        self.result.setText(text)
        self.result.setAccessibleName(text)
        self.result.setVisible(bool(text) and not self.panel.isVisible())  # the panel says it already

    # -- keys ----------------------------------------------------------------------------------------------------------

    def _back(self) -> None:
        text = self.work.back()
        if text:
            self.field.setText(text)
            self.field.selectAll()

    def _undo(self) -> None:
        self.work.undo(self._undone)

    def _undone(self, text: str) -> None:
        self.field.setText(text)
        self.field.selectAll()
        self.field.setFocus()

    def _page(self, way: int) -> None:
        rows = self.model.rows
        if rows:
            at = self.model.row_of(self.work.target)
            target: Target = rows[(at + way) % len(rows)].target
            self.work.choose(target)
