"""Sentences of the entry page about what comes next."""

from collections.abc import Iterable

from spc_desktop.hub.api import Link
from spc_desktop.i18n import _
from spc_desktop.ui.entry.sender import Sender
from spc_desktop.ui.entry.work import Work


def hint(work: Work) -> str:
    """Say what is wanted of the operator now."""
    sheet = work.sheet
    if work.target is None:
        if not work.connected:
            return _("Connecting…")
        return _("No characteristic in this scope. Choose another one at the top, or add products in the set-up.")
    if work.reaction.must:
        return _("The cause of the signal comes first.")
    if work.counting:
        return _("Count with + and −, choose the kind with ↑ and ↓. Enter stores the sample.")
    if sheet.doubted is not None:
        return _(
            "{value} is hard to believe. Measure again: the second value counts, both are kept.",
            value=work.doubted_text,
        )
    text = _("Value {at} of {size}, then Enter", at=len(sheet.values) + 1, size=sheet.size)
    return f"{text} · {_('with a comment')}" if sheet.comment else text


def due_sentence(work: Work) -> str:
    """Say how many samples wait, or when the next one will."""
    rows = work.due.rows
    waiting = [row for row in rows if row.is_due]
    if waiting:
        return _("{n} samples are due", n=len(waiting))
    coming = next((row for row in rows if row.due is not None and row.due.next_at is not None), None)
    if coming is None or coming.due is None or coming.due.next_at is None:
        return _("No sampling plan: choose a characteristic and measure.") if rows else ""
    at = coming.due.next_at
    return _(
        "Nothing is due. Next: {name}, {time} ({n} min)",
        name=coming.name,
        time=at.astimezone().strftime("%H:%M"),
        n=work.due.minutes_to(at),
    )


def kept_text(senders: Iterable[Sender]) -> str:
    """Say what waits on this PC; nothing while it only passes through."""
    lines = []
    for sender in senders:
        away = sender.station.loaded and sender.station.state.link is not Link.LIVE
        if away:
            lines.append(_("Reconnecting… values you enter are kept on this PC"))
        if sender.waiting and (away or sender.stuck):
            lines.append(_("{n} not sent yet — will send when connected", n=sender.waiting))
    return " · ".join(dict.fromkeys(lines))
