"""What the entry page asks for in a row of its own: fields, sizes, reasons, comments. One question at a time."""

import uuid

from msgspec import structs
from PySide6.QtCore import QObject

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.entry.ask_row import AskRow
from spc_desktop.ui.entry.due_model import Target
from spc_desktop.ui.entry.trace_strip import NAMES, TraceStrip
from spc_desktop.ui.entry.work import Last, Work
from spc_desktop.ui.station import Station


class Questions(QObject):
    """Belongs to the page; answers go into ``Work`` or straight to the outbox."""

    def __init__(self, work: Work, ask: AskRow, trace: TraceStrip, parent: QObject) -> None:
        super().__init__(parent)
        self._work, self._ask, self._trace = work, ask, trace
        work.scanned.connect(self.fill)
        work.sample_begun.connect(lambda: spawn(self, self._read_size(work.target)))

    # -- traceability --------------------------------------------------------------------------------------------------

    def fill(self, field: str, code: str) -> None:
        """Take a code for a field; a badge says who measures."""
        work = self._work
        if field == "operator" and work.target is not None:
            spawn(self, self._sign_on(work.target.station, code))
            return
        self._trace.fill(field, code)
        work.say("", "")

    async def _sign_on(self, station: Station, code: str) -> None:
        """Ask the hub who has this badge or PIN: it alone knows, so nobody signs on while it is away."""
        work = self._work
        try:
            found = await station.hub.query(m.FindOperator(code=code))
        except KnownError:
            work.say("wait", _("Nobody can sign on while the hub is away. The operator stays as shown."))
            return
        except UserError as error:
            work.say("wait", sentence(error.code, error.params, current_language()))
            return
        self._trace.fill("operator", found.id, found.name)
        work.say("ok", _("Signed on: {name}", name=found.name))

    def ask_trace(self, field: str) -> None:
        """Ask for a field of the traceability strip."""
        secret = field == "operator"
        self._ask.ask(
            _("Badge or PIN") if secret else _(NAMES[field]), lambda text: self.fill(field, text), secret=secret
        )

    def ask_operator(self) -> None:
        """Ask who measures."""
        self.ask_trace("operator")

    # -- inspected units, parts ----------------------------------------------------------------------------------------

    @property
    def size_text(self) -> str:
        """Return what the button about the sample's size says; empty: there is nothing to say."""
        work = self._work
        known = (work.sizes.get(work.target) if work.target is not None else "") or "–"
        if work.data == "part":
            return _("Part (F2): {part}", part=known)
        return _("Inspected units (F2): {n}", n=known) if work.data == "counts+size" else ""

    def ask_size(self) -> None:
        """Ask for the inspected units of the samples to come, or for the part."""
        work, target = self._work, self._work.target
        if target is None or not self.size_text:
            return
        parts = work.data == "part"

        def answered(text: str) -> None:
            size = work.number_in(text)
            if not parts and (size is None or size <= 0):
                work.say("wait", sentence("size_invalid", {"value": text}, current_language()))
                return
            work.sizes[target] = text if parts else f"{size:g}"
            work.say("", "")

        self._ask.ask(_("Part") if parts else _("Inspected units"), answered)

    async def _read_size(self, target: Target | None) -> None:
        """Take the inspected units of the last sample: they seldom change."""
        work = self._work
        if target is None or target in work.sizes:
            return
        try:
            query = m.GetMeasurements(characteristic_id=target.characteristic_id, limit=1)
            rows = await target.station.hub.query(query)
        except KnownError:
            return
        if rows and rows[0].size is not None:
            work.sizes.setdefault(target, f"{rows[0].size:g}")
            work.changed.emit()

    # -- skips and comments --------------------------------------------------------------------------------------------

    def ask_skip(self) -> None:
        """Ask why a sample that is due is left out."""
        work, target = self._work, self._work.target
        due = work.due.of(target) if target is not None else None
        if target is None or due is None or due.due_at is None:
            work.say("wait", _("Nothing is due here, so there is nothing to skip."))
            return
        skip = m.RecordSkip(
            characteristic_id=target.characteristic_id, due_at=due.due_at, reason="", key=f"skip-{uuid.uuid4()}"
        )

        def answered(text: str) -> None:
            spawn(self, self._skip(target, structs.replace(skip, reason=text)))

        self._ask.ask(_("Why is this sample skipped?"), answered)

    async def _skip(self, target: Target, skip: m.RecordSkip) -> None:
        work = self._work
        await work.sender_of(target.station).submit(skip, work.actor.name, work.name(target))
        work.due.served(target)
        work.say("ok", _("Skipped, with the reason."))
        work.go_on(target)

    def ask_comment(self) -> None:
        """Ask for a comment on the subgroup that is being entered, or on the last one where nothing is begun."""
        work = self._work
        target, last, sheet = work.target, work.last, work.sheet
        if target is None:
            return

        def answered(text: str) -> None:
            if sheet.empty and last is not None and last.target == target:
                spawn(self, self._comment(last, text))
            else:
                sheet.comment = text
                work.say("", "")

        self._ask.ask(_("Comment on this subgroup"), answered)

    async def _comment(self, last: Last, text: str) -> None:
        work, target = self._work, last.target
        key = f"comment-{uuid.uuid4()}"
        command = m.AddComment(characteristic_id=target.characteristic_id, entry=last.key, text=text, key=key)
        await work.sender_of(target.station).submit(command, work.actor.name, work.name(target))
        work.say("ok", _("The comment is kept."))
