"""Alerts in words: what happened to one, how it stands, what was done."""

from datetime import datetime
from html import escape

from spc_desktop.domain.alert import Alert
from spc_desktop.i18n import _, marked
from spc_desktop.protocol import messages as m
from spc_desktop.ui.models.alerts import PRIORITY, STATUS, sentence_of
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

CHANGES = {
    "raised": marked("raised"),
    "repeated": marked("repeated"),
    "returned": marked("back to normal"),
    "acked": marked("acknowledged"),
    "unacked": marked("acknowledgement taken back"),
    "assigned": marked("owner"),
    "commented": marked("comment"),
    "updated": marked("written down"),
    "resolved": marked("resolved"),
    "closed": marked("closed"),
    "verified": marked("corrective action effective"),
    "not_effective": marked("corrective action not effective"),
    "escalated": marked("escalated"),
    "stale": marked("open for too long"),
    "shelved": marked("shelved"),
    "unshelved": marked("no longer shelved"),
    "suppressed": marked("suppressed"),
    "unsuppressed": marked("no longer suppressed"),
    "out_of_service": marked("taken out of service"),
    "returned_to_service": marked("returned to service"),
}
VERIFICATION = {
    "watching": marked("The next subgroups are watched"),
    "effective": marked("Corrective action effective"),
    "not_effective": marked("Corrective action not effective"),
}

FLAGS = {
    "chattering": marked("It chatters: it comes and goes again and again. Shelve it (S) until the cause is mended."),
    "fleeting": marked("It went by itself soon after it came. A longer delay in the control plan would keep it away."),
    "stale": marked("It has been active for over a day."),
}


def moment(at: datetime) -> str:
    """Return a time as people read it here."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def subject(station: Station, alert: Alert) -> str:
    """Return product and characteristic of an alert."""
    product = station.products.get(alert.product_id)
    name = display_name(product) if product is not None else alert.product_name
    owner = station.characteristics.get(alert.characteristic_id or 0)
    return f"{name} · {display_name(owner)}" if owner is not None else name


def standing(alert: Alert) -> list[str]:
    """Return how an alert stands: status, priority, who, why it is not announced."""
    told = [_("{status}, priority: {priority}", status=_(STATUS[alert.status]), priority=_(PRIORITY[alert.priority]))]
    if alert.count > 1:
        told.append(_("Happened {n} times since {time}", n=alert.count, time=moment(alert.created_at)))
    else:
        told.append(_("Raised: {time}", time=moment(alert.created_at)))
    if alert.acknowledged_at is not None:
        who, when = alert.acknowledged_by or "–", moment(alert.acknowledged_at)
        told.append(_("acknowledged by {name}, {time}", name=who, time=when))
    if alert.assigned_to:
        told.append(_("Owner: {name}", name=alert.assigned_to))
    mask = alert.mask
    if mask is not None and mask.until is not None:
        told.append(_("Shelved until {time}: {reason}", time=moment(mask.until), reason=mask.reason))
    elif mask is not None:
        told.append(_("Not announced: {reason}", reason=mask.reason))
    told += [_(FLAGS[flag]) for flag in alert.life.flags if flag in FLAGS]
    if alert.life.verification:
        told.append(_(VERIFICATION[alert.life.verification]))
    return told


def written(alert: Alert) -> list[tuple[str, str]]:
    """Return what people wrote into an alert: name of the field and its text."""
    fields = (
        (_("Cause"), alert.root_cause),
        (_("Corrective action"), alert.corrective_action),
        (_("Preventive action"), alert.preventive_action),
        (_("Notes"), alert.resolution_notes),
    )
    return [(name, text) for name, text in fields if text.strip()]


def step_line(step: m.AlertStep) -> str:
    """Return one thing that happened to an alert."""
    what = _(CHANGES[step.change]) if step.change in CHANGES else step.change
    who = f"{step.by}, " if step.by else ""
    text = ", ".join(step.comment.split("\n"))
    return f"{who}{step.at.astimezone():%m-%d %H:%M}: {what}" + (f" — {text}" if text else "")


def similar_line(alert: Alert) -> str:
    """Return an earlier alert with what was found then."""
    found = alert.root_cause or alert.resolution_notes or _("no cause written down")
    done = f" → {alert.corrective_action}" if alert.corrective_action else ""
    return f"{alert.created_at.astimezone():%Y-%m-%d %H:%M} · {found}{done}"


def html_of(station: Station, alert: Alert, sections: list[tuple[str, list[str]]]) -> str:
    """Return an alert as rich text: its sentence, how it stands, and further sections with their lines."""
    parts = [f"<p><b>{escape(sentence_of(alert))}</b><br>{escape(subject(station, alert))}</p>"]
    parts.append("<p>" + "<br>".join(map(escape, standing(alert))) + "</p>")
    for name, text in written(alert):
        parts.append(f"<p><b>{escape(name)}</b><br>{escape(text)}</p>")
    for title, lines in sections:
        if lines:
            parts.append(f"<p><b>{escape(title)}</b><br>" + "<br>".join(map(escape, lines)) + "</p>")
    return "".join(parts)
