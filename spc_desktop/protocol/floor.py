"""Messages of the shop floor: the registers."""

from msgspec import Struct

from spc_desktop.domain.register import AnyEntry
from spc_desktop.protocol.bases import Command, Event, Query


class EntryKey(Struct, frozen=True, kw_only=True):
    """A document of the register, in the version that was seen."""

    kind: str
    id: str
    revision: int


class SaveRegister(Command, frozen=True, kw_only=True, tag="save_register"):
    """Save documents and take others away, all or nothing. Answer: ``RegisterOut`` of what changed.

    Each brings the revision that was seen, 0 for a new one; ``UserError("register_conflict")`` where somebody was faster.
    """

    entries: tuple[AnyEntry, ...] = ()
    removed: tuple[EntryKey, ...] = ()
    reason: str


class GetRegister(Query, frozen=True, kw_only=True, tag="get_register"):
    """Every document. Answer: ``RegisterOut``."""


class RegisterOut(Struct, frozen=True, kw_only=True):
    entries: tuple[AnyEntry, ...] = ()
    removed: tuple[EntryKey, ...] = ()


class RegisterEvent(Event, frozen=True, kw_only=True, tag="register"):
    """Documents were saved (each replaces or adds the one with its kind and id) or taken away."""

    entries: tuple[AnyEntry, ...] = ()
    removed: tuple[EntryKey, ...] = ()
    by: str = ""


class FindOperator(Query, frozen=True, kw_only=True, tag="find_operator"):
    """Who has this badge or PIN? Answer: ``OperatorFound``. Raises ``UserError("unknown_badge")``."""

    code: str


class OperatorFound(Struct, frozen=True, kw_only=True):
    id: str
    name: str


class GiveCause(Command, frozen=True, kw_only=True, tag="give_cause"):
    """Write down what an operator found and did at an alert, which stays open. Answer: ``AlertResult``."""

    alert_id: int
    cause: str = ""
    """Code of the register; it is counted as used. Empty: ``text`` says it."""
    text: str = ""
    steps: tuple[str, ...] = ()
    """Steps of the reaction plan that were done."""
    rev: int | None = None
