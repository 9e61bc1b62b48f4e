"""What an operator does at the line, step by step: the state behind the entry page."""

import math
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.domain.point import Point
from spc_desktop.domain.register import Cause, Defect
from spc_desktop.hub.api import AWAY, Actor
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.charts.words import number as worded
from spc_desktop.ui.entry.ask_row import AskRow
from spc_desktop.ui.entry.counters import Counters, Kind
from spc_desktop.ui.entry.due_model import Target
from spc_desktop.ui.entry.due_watch import DueWatch
from spc_desktop.ui.entry.outbox import Waiting
from spc_desktop.ui.entry.reaction import Reaction
from spc_desktop.ui.entry.scan import scan_of
from spc_desktop.ui.entry.sender import Sender
from spc_desktop.ui.entry.sheet import Sheet, Taken, number
from spc_desktop.ui.entry.sheets import Sheets, data_of
from spc_desktop.ui.entry.signal_panel import SignalPanel
from spc_desktop.ui.entry.signals import is_signal, result_text
from spc_desktop.ui.entry.trace_strip import TraceStrip
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.station import Station

UNDO_SECONDS = 10


class Last(NamedTuple):
    """The subgroup that was entered last."""

    target: Target
    key: str
    values: tuple[float, ...]
    at: float


class Work(QObject):
    """One characteristic at a time; what was typed for another is kept until it is its turn again."""

    changed = Signal()
    target_changed = Signal()
    scanned = Signal(str, str)
    """A field of the traceability strip and its code."""
    sample_begun = Signal()
    """Defects are counted from now on."""

    def __init__(
        self,
        context: PageContext,
        ask: AskRow,
        trace: TraceStrip,
        counters: Counters,
        panel: SignalPanel,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.target: Target | None = None
        self.result = ("", "")
        """Kind (``ok``, ``signal``, ``wait``, ``away``) and sentence about the last subgroup."""
        self.shown = False
        self.now = context.now
        self.due = DueWatch(context.stations, context.scope, context.now, self)
        self.reaction = Reaction(panel, ask, context.say, self)
        self._context, self._ask, self._trace, self._counters = context, ask, trace, counters
        self._sheets = Sheets(context.senders, self)
        self.sizes: dict[Target, str] = {}
        """Inspected units, or the part, of the samples to come."""
        self.last: Last | None = None
        self._saving = False
        self._ahead: list[str] = []
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self.due.changed.connect(self._due_changed)
        self.due.became_due.connect(self._became_due)
        self.reaction.changed.connect(self.changed)
        counters.changed.connect(self.changed)
        for station in context.stations:
            sender = self.sender_of(station)
            sender.changed.connect(self._sender_changed)
            sender.answered.connect(self._answered)
            sender.refused.connect(self._refused)
            station.link_changed.connect(self.changed)
            station.alert_changed.connect(self._alerts_changed)
            station.alerts_reset.connect(self._alerts_changed)
            station.register_changed.connect(self._alerts_changed)

    def sender_of(self, station: Station) -> Sender:
        """Return who sends entries to a station."""
        return self._context.senders[station]

    # -- page ----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The page is shown."""
        self.shown = True
        self.due.start()

    def stop(self) -> None:
        """The page is left."""
        self.shown = False
        self.due.stop()

    def retranslate(self) -> None:
        """Write in the new language what this keeps as text."""
        self.result = ("", "")
        self.due.arrange()
        self.reaction.look(self.target)

    def _sender_changed(self) -> None:
        self._go_on_with_begun(self.target)  # it may have read its folder just now
        self.changed.emit()

    def _alerts_changed(self, *_what: object) -> None:
        self.reaction.look(self.target)
        self.changed.emit()

    @property
    def connected(self) -> bool:
        """Tell whether every hub has said what there is to measure."""
        return all(station.loaded for station in self._context.stations)

    @property
    def actor(self) -> Actor:
        """Return who measures: the operator who has signed on, else who has opened the window."""
        station = self.target.station if self.target is not None else self._context.stations[0]
        return Actor(name=self._trace.operator_name or station.actor.name, roles=station.actor.roles, client="entry")

    def name(self, target: Target) -> str:
        """Return what a characteristic is called."""
        return (
            display_name(target.characteristic) if target.characteristic is not None else str(target.characteristic_id)
        )

    def say(self, kind: str, text: str) -> None:
        """Show a sentence below the value; its kind is ``ok``, ``signal``, ``wait`` or ``away``."""
        self.result = kind, text
        self.changed.emit()

    def _due_changed(self) -> None:
        known = {row.target for row in self.due.rows}
        if self.target not in known and known:
            first = self.due.next_due() or self.due.rows[0].target
            self.choose(first)
        elif not known and self.target is not None:
            self.choose(None)

    def _became_due(self, target: Target) -> None:
        QApplication.beep()  # once, and the list shows it
        idle = self.sheet.empty and not self._saving and not self.reaction.must
        here = self.due.of(self.target) if self.target is not None else None
        if idle and (here is None or here.due_at is None) and not self._ask.isVisible():
            self.choose(target)

    def choose(self, target: Target | None) -> None:
        """Measure this from now on; what was typed elsewhere stays there."""
        if target == self.target:
            return
        self.target = target
        self._go_on_with_begun(target)
        if self.counting:
            self._counters.show_kinds(self._kinds())
            self.sample_begun.emit()
        self.reaction.look(target)
        self.target_changed.emit()

    def _go_on_with_begun(self, target: Target | None) -> None:
        """Show what was typed before a restart."""
        at = self._sheets.begun_at(target) if target is not None else None
        if at is not None:
            text = _(
                "{n} of {size} values of {time} are still here.",
                n=len(self.values),
                size=self.sheet.size,
                time=_day(at),
            )
            self.result = ("wait", text)

    def _keep_begun(self) -> None:
        if self.target is not None:
            self._sheets.keep(self.target.station, self.now())

    # -- what is being measured ----------------------------------------------------------------------------------------

    @property
    def sheet(self) -> Sheet:
        """Return the subgroup that is being entered."""
        return self._sheets.of(self.target)

    @property
    def data(self) -> str:
        """Return what the chart is made of."""
        return data_of(self.target)

    @property
    def counting(self) -> bool:
        """Tell whether defects are counted here."""
        return self.data in {"counts", "counts+size"}

    def _kinds(self) -> list[Kind]:
        target = self.target
        if target is None or target.characteristic is None:
            return []
        english = current_language() == "en"
        found = target.station.register.for_characteristic(
            Defect, target.characteristic_id, target.characteristic.product_id
        )
        return [Kind(one.id, (english and one.name_en) or one.name) for one in found]

    @property
    def decimals(self) -> int:
        characteristic = self.target.characteristic if self.target is not None else None
        return characteristic.decimals if characteristic is not None else 3

    @property
    def values(self) -> list[float]:
        return self.sheet.values

    @property
    def texts(self) -> list[str]:
        return [worded(value, self.decimals) for value in self.values]

    @property
    def doubted_text(self) -> str:
        doubted = self.sheet.doubted
        return "" if doubted is None else worded(doubted, self.decimals)

    def number_in(self, text: str) -> float | None:
        """Return the number that is being typed, if it is one already."""
        try:
            return number(text)
        except UserError:
            return None

    # -- entering ------------------------------------------------------------------------------------------------------

    def enter_text(self, text: str) -> None:
        """Take what Enter was pressed on: a scan, a value, or an empty field, which ends an attribute sample."""
        if self._saving:
            self._ahead.append(text)
            return
        target = self.target
        if target is None:
            return
        scan = scan_of(text, target.station.register.prefixes)
        if scan is not None:
            self.scanned.emit(scan.field, scan.code)
            return
        if self.reaction.must:
            self.say("signal", _("Give the cause of the signal first: a button above, or Alt and its number."))
            return
        try:
            self._take(target, text)
        except UserError as error:
            self.say("wait", sentence(error.code, error.params, current_language()))

    def _take(self, target: Target, text: str) -> None:
        if self.counting:
            self._take_count(target, text)
            return
        if not text.strip():
            return
        if self.data == "part" and not self.sizes.get(target):
            raise UserError("part_missing")
        taken = self.sheet.take(number(text), self._sheets.before.get(target))
        if taken is Taken.COMPLETE:
            self._submit(target)
            return
        self._keep_begun()
        if taken is Taken.DOUBTED:
            QApplication.beep()
        self.result = ("", "")
        self.changed.emit()

    def _take_count(self, target: Target, text: str) -> None:
        if text.strip():
            count = number(text)
            if count < 0 or count != math.floor(count):
                raise UserError("count_invalid", value=f"{count:g}")
            self._counters.set_total(int(count))
            return
        if self.data == "counts+size" and not self.sizes.get(target):
            raise UserError("size_missing")
        self._submit(target)

    def _submit(self, target: Target) -> None:
        sheet, counting = self.sheet, self.counting
        values = (float(self._counters.total),) if counting else tuple(sheet.values)
        size = self.sizes.get(target, "")
        item = MeasurementIn(
            characteristic_id=target.characteristic_id,
            values=values,
            measured_at=self.now(),
            key=f"entry-{uuid.uuid4()}",
            source_id="entry",
            size=float(size) if counting and size else None,
            trace=self._trace.trace,
            part=size if self.data == "part" else "",
        )
        defects = dict(self._counters.counts) if counting else {}
        enter = m.EnterSubgroup(item=item, comment=sheet.comment, defects=defects, remeasured=sheet.remeasured())
        self._saving = True
        spawn(self, self._keep(target, enter))

    async def _keep(self, target: Target, enter: m.EnterSubgroup) -> None:
        """Keep the subgroup on this PC; only then is it off the screen."""
        try:
            await self.sender_of(target.station).submit(enter, self.actor.name, self.name(target))
        except KnownError:
            self._sheets.again(target)
            raise
        finally:
            self._saving = False
        values = enter.item.values
        self.last = Last(target, enter.item.key, values, monotonic())
        self._sheets.complete(target)
        self._sheets.keep(target.station, self.now())
        if self.counting and target == self.target:
            self._counters.show_kinds(self._kinds())
        else:
            self._sheets.before[target] = values[-1]
        away = target.station.state.link in AWAY
        text = _("✓ Kept on this PC — judged when the hub is back") if away else _("Stored on this PC…")
        self.result = ("away", text)
        self.due.served(target)
        self._clock.start()
        self.changed.emit()
        if away:
            self.go_on(target)
        ahead, self._ahead = self._ahead, []
        for text in ahead:
            self.enter_text(text)

    def _answered(self, waiting: Waiting, answer: object) -> None:
        command = waiting.command
        if isinstance(command, m.EnterSubgroup) and isinstance(answer, m.Entered):
            last = self.last
            if answer.point is not None and last is not None and last.key == command.item.key:
                self._judged(last.target, answer.point)
            self.due.refresh_soon()
        elif isinstance(command, m.TakeBack):
            self.say("ok", _("Taken back. It stays visible on the chart as left out."))

    def _judged(self, target: Target, point: Point) -> None:
        characteristic = target.characteristic
        decimals = characteristic.decimals if characteristic is not None else 3
        left = target.station.learning_left(point.characteristic_id, point.index + 1)
        signal = is_signal(point)
        text = f"{self.name(target)}  {result_text(point, decimals, left)}"
        self.reaction.expect(target, point.index)
        self.say("signal" if signal else "ok", text)
        self.reaction.look(self.target)
        if signal:
            self.choose(target)
        else:
            self.go_on(target)

    def give_cause(self, cause: Cause, steps: Sequence[str]) -> None:
        """The operator has found the cause."""
        self.reaction.give_cause(cause, steps, self.actor)

    def call_engineer(self) -> None:
        """The operator wants help."""
        self.reaction.call_engineer(self.actor, self._trace.trace.machine)

    def go_on(self, served: Target) -> None:
        """Go to what is due next, unless something was begun already."""
        following = self.due.next_due(served)
        if following is not None and self.target == served and self.sheet.empty:
            self.choose(following)

    def _refused(self, waiting: Waiting, error: UserError, kept: str) -> None:
        reason = sentence(error.code, error.params, current_language())
        text = _("{title}: the hub did not take an entry. {reason}", title=waiting.title, reason=reason)
        if kept:
            text += " " + _("It is kept in {file}.", file=kept)
        self._context.say(text, "error")

    # -- taking back ---------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Escape: forget a doubt, or what was said about the field."""
        if self.sheet.doubted is not None:
            self.sheet.back()
            self._keep_begun()
        self.result = ("", "")
        self.changed.emit()

    def back(self) -> str:
        """Take the newest value back into the field."""
        value = None if self.counting or self._saving else self.sheet.back()
        self._keep_begun()
        self.changed.emit()
        return "" if value is None else f"{value:.{self.decimals}f}"

    def measure_again(self) -> None:
        """Doubt the newest value by hand."""
        if self.sheet.measure_again():
            self._keep_begun()
            self.changed.emit()

    @property
    def undo_seconds(self) -> int:
        """Return for how long the last subgroup can be taken back."""
        if self.last is None:
            return 0
        return max(0, math.ceil(UNDO_SECONDS - (monotonic() - self.last.at)))

    def _tick(self) -> None:
        if not self.undo_seconds:
            self._clock.stop()
        self.changed.emit()

    def undo(self, refill: Callable[[str], None]) -> None:
        """Take the last subgroup back; its last value goes into the field, to be mended."""
        last = self.last
        if last is not None and self.undo_seconds and not self._saving:
            self.last = None
            spawn(self, self._take_back(last, refill))

    async def _take_back(self, last: Last, refill: Callable[[str], None]) -> None:
        target = last.target
        command = m.TakeBack(characteristic_id=target.characteristic_id, entry=last.key)
        await self.sender_of(target.station).submit(command, self.actor.name, self.name(target))
        self.choose(target)
        self.reaction.look(target)
        if not self.counting and self.sheet.empty and len(last.values) == self.sheet.size:
            self.sheet.values[:] = last.values[:-1]
            refill(f"{last.values[-1]:.{self.decimals}f}")
            self._keep_begun()
        self.say("away", _("Taking back…"))


def _day(at: datetime) -> str:
    return at.astimezone().strftime("%m-%d %H:%M")
