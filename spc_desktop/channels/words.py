"""The sentences of messages that leave the hub, in the language of who reads them."""

from spc_desktop.domain.alert import Alert, Priority, Status
from spc_desktop.domain.delivery import Delivery
from spc_desktop.domain.wording import alert_message, alert_title
from spc_desktop.hub.ports import Parcel
from spc_desktop.i18n import marked as _
from spc_desktop.i18n import translate

_PRIORITIES = {
    Priority.URGENT: _("Urgent"),
    Priority.HIGH: _("High"),
    Priority.MEDIUM: _("Medium"),
    Priority.LOW: _("Low"),
}
_STATUSES = {
    Status.ACKNOWLEDGED: _("acknowledged in the meantime"),
    Status.INVESTIGATING: _("under investigation in the meantime"),
    Status.RESOLVED: _("resolved in the meantime"),
    Status.CLOSED: _("resolved in the meantime"),
}
_MOST_LINES = 50


def title(alert: Alert, language: str) -> str:
    """Return an alert's title; what a person wrote stays as it was written."""
    return alert_title(alert.code, alert.params, language) if alert.code else alert.title


def sentence(alert: Alert, language: str) -> str:
    """Return an alert's sentence."""
    return alert_message(alert.code, alert.params, language) if alert.code else alert.message


def subject(parcel: Parcel) -> str:
    """Return the subject of a message: of the alert, or of how many and how urgent they are."""
    alerts = _alerts(parcel)
    language = parcel.language
    if not alerts:
        return translate("SPC Desktop: test message", language)
    worst = max(alert.priority for alert in alerts)
    level = translate(_PRIORITIES[Priority(worst)], language)
    if len(alerts) == 1:
        alert = alerts[0]
        text = translate(
            "[{level}] {product}: {title}", language, level=level, product=alert.product_name, title="{title}"
        )
        return _line(text.replace("{title}", title(alert, language)))
    products = ", ".join(list(dict.fromkeys(alert.product_name for alert in alerts))[:3])
    return _line(translate("[{level}] {n} alerts: {products}", language, level=level, n=len(alerts), products=products))


def body(parcel: Parcel) -> str:
    """Return the text of a message: each alert with its sentence, the newest of many first."""
    language = parcel.language
    rows = [row for row in reversed(parcel.deliveries) if row.alert is not None]
    if not rows:
        return translate("This message shows that the channel works. Nothing is to be done.", language) + "\n"
    parts = [_part(row, parcel) for row in rows[:_MOST_LINES]]
    if len(rows) > _MOST_LINES:
        parts.append(translate("{n} more in the alert list", language, n=len(rows) - _MOST_LINES))
    last = translate("You get this because of your alert preferences in SPC Desktop.", language)
    return "\n\n".join([*parts, last]) + "\n"


def _part(row: Delivery, parcel: Parcel) -> str:
    alert, language = row.alert, parcel.language
    if alert is None:
        return ""
    level = translate(_PRIORITIES[Priority(alert.priority)], language)
    at = f"{row.at.astimezone():%Y-%m-%d %H:%M:%S}"
    lines = [
        f"[{level}] {alert.product_name} ({alert.product_code})",
        sentence(alert, language) or title(alert, language),
    ]
    if row.change == "escalated":
        lines.append(translate("Escalated: nobody has acknowledged it yet.", language))
    state = parcel.states.get(alert.id)
    status = f" · {translate(_STATUSES[Status(state)], language)}" if state in set(_STATUSES) else ""
    lines.append(f"{at} · #{alert.id}{status}")
    return "\n".join(lines)


def _alerts(parcel: Parcel) -> list[Alert]:
    return [row.alert for row in parcel.deliveries if row.alert is not None]


def _line(text: str) -> str:
    """Return a text as one line: names come from people."""
    return " ".join(text.split())[:200]
