"""What happens at a signal: the panel with plan and causes, the cause on its way to the hub, the engineer who is called."""

from collections.abc import Callable, Sequence

from msgspec import structs
from PySide6.QtCore import QObject, Signal

from spc_desktop.domain.alert import Alert, AlertType, Priority
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.register import Cause, OnSignal
from spc_desktop.hub.api import Actor
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.entry.ask_row import AskRow
from spc_desktop.ui.entry.due_model import Target
from spc_desktop.ui.entry.signal_panel import CAUSES, SignalPanel
from spc_desktop.ui.entry.signals import on_signal, unexplained
from spc_desktop.ui.models.products import display_name


class Reaction(QObject):
    """Belongs to the page; the panel shows what it finds."""

    changed = Signal()

    def __init__(self, panel: SignalPanel, ask: AskRow, say: Callable[[str, str], None], parent: QObject) -> None:
        super().__init__(parent)
        self._panel, self._ask, self._say = panel, ask, say
        self._target: Target | None = None
        self._dismissed: set[int] = set()
        self._fresh: dict[Target, int] = {}
        """Chart position from which on signals are news here."""

    def look(self, target: Target | None) -> None:
        """Show what there is to deal with at a characteristic, or nothing."""
        self._target = target
        alert = self._pressing()
        if alert is None or target is None or target.characteristic is None:
            self._panel.put_away()
            return
        register, product_id = target.station.register, target.characteristic.product_id
        plan = register.reaction_plan(target.characteristic_id, product_id, alert.code)
        causes = register.causes(target.characteristic_id, product_id)
        steps = plan.steps if plan is not None else ()
        others = max(0, len(causes) - CAUSES)
        self._panel.show_signal(alert, steps, causes, must=self.must, others=others)

    def expect(self, target: Target, index: int) -> None:
        """A subgroup was entered here: signals from its position on are shown."""
        self._fresh[target] = index

    @property
    def must(self) -> bool:
        """Tell whether the cause is wanted before anything else is measured here."""
        target = self._target
        if target is None or on_signal(target) not in {OnSignal.BEFORE_NEXT, OnSignal.AT_ONCE}:
            return False
        return bool(unexplained(target))

    def _pressing(self) -> Alert | None:
        target = self._target
        if target is None or on_signal(target) is OnSignal.NONE:
            return None
        found = unexplained(target)
        if on_signal(target) is OnSignal.LATER:
            first = self._fresh.get(target)
            found = [
                alert
                for alert in found
                if alert.id not in self._dismissed and first is not None and (alert.point_index or 0) >= first
            ]
        return found[0] if found else None

    def dismiss(self) -> None:
        """Later."""
        if self._panel.alert is not None:
            self._dismissed.add(self._panel.alert.id)
        self.look(self._target)
        self.changed.emit()

    # -- what is sent --------------------------------------------------------------------------------------------------

    def give_cause(self, cause: Cause, steps: Sequence[str], actor: Actor) -> None:
        """Send a cause; the panel goes when the hub has it."""
        if self._panel.alert is not None and self._target is not None:
            give = m.GiveCause(alert_id=self._panel.alert.id, cause=cause.id, steps=tuple(steps))
            spawn(self, self._send(self._target, give, self._same_event(), actor))

    def _same_event(self) -> tuple[int, ...]:
        """Return the alerts that the same subgroup has raised: one event has one cause."""
        shown, target = self._panel.alert, self._target
        if shown is None or target is None:
            return ()
        return tuple([alert.id for alert in unexplained(target) if alert.point_index == shown.point_index])

    def ask_cause(self, actor: Callable[[], Actor]) -> None:
        """Ask for another cause: a known one by a part of its name, or a text."""
        alert, target = self._panel.alert, self._target
        if alert is None or target is None or target.characteristic is None:
            return
        causes = target.station.register.causes(target.characteristic_id, target.characteristic.product_id)
        english = current_language() == "en"
        together = self._same_event()
        names = {f"{(english and one.name_en) or one.name} ({one.id})": one for one in causes}

        def answered(text: str) -> None:
            cause, steps = names.get(text), self._panel.steps
            give = m.GiveCause(
                alert_id=alert.id, cause=cause.id if cause else "", text="" if cause else text, steps=steps
            )
            spawn(self, self._send(target, give, together, actor()))

        self._ask.ask(_("Cause"), answered, offered=names)

    async def _send(self, target: Target, give: m.GiveCause, together: Sequence[int], actor: Actor) -> None:
        for alert_id in together:
            await target.station.hub.command(structs.replace(give, alert_id=alert_id), actor)
        self._say(_("The cause is stored with the alert."), "info")

    def call_engineer(self, actor: Actor, machine: str) -> None:
        """Raise an alert for somebody elsewhere."""
        target = self._target
        if target is None or target.characteristic is None:
            return
        name = display_name(target.characteristic)
        where = _("{name} — machine {machine}", name=name, machine=machine) if machine else name
        call = m.CreateAlert(
            product_id=target.characteristic.product_id,
            alert_type=AlertType.OUT_OF_CONTROL,
            priority=Priority.HIGH,
            title=_("Engineer called: {where}", where=where),
            message=self._panel.alert.message if self._panel.alert is not None else _("An operator asks for help."),
            dedup_key=f"engineer/{target.characteristic_id}/{machine}",
        )
        spawn(self, self._call(target, call, actor))

    async def _call(self, target: Target, call: m.CreateAlert, actor: Actor) -> None:
        try:
            await target.station.hub.command(call, actor)
        except KnownError:
            self._say(_("The engineer could not be called: the hub is away. Call by telephone."), "error")
        except UserError as error:
            if error.code not in {"forbidden"}:
                raise
            self._say(_("This account may not call an engineer."), "error")
        else:
            self._say(_("The engineer was called."), "info")
