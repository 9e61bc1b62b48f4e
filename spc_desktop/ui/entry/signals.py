"""Which alerts of a characteristic the person at the line has to deal with."""

from spc_desktop.domain.alert import OPEN, Alert, AlertType
from spc_desktop.domain.point import Point
from spc_desktop.domain.register import EntryRule, OnSignal
from spc_desktop.i18n import _
from spc_desktop.ui.charts.words import number, rule_sentence
from spc_desktop.ui.entry.due_model import Target

_NOT_FROM_POINTS = frozenset({AlertType.CAPABILITY, AlertType.SAMPLE_OVERDUE, AlertType.STREAM_SILENT})


def on_signal(target: Target) -> OnSignal:
    """Return what must follow a signal here."""
    rule = target.station.register.of(EntryRule, target.characteristic_id)
    return rule.on_signal if rule is not None else OnSignal.LATER


def unexplained(target: Target) -> list[Alert]:
    """Return the open signals without a cause, the most urgent and newest first."""
    found = [
        alert
        for alert in target.station.alerts.values()
        if alert.characteristic_id == target.characteristic_id
        and alert.code
        and alert.status in OPEN
        and alert.alert_type not in _NOT_FROM_POINTS
        and not alert.root_cause.strip()
    ]
    return sorted(found, key=lambda alert: (-alert.priority, -(alert.point_index or 0), -alert.id))


def is_signal(point: Point) -> bool:
    """Tell whether a point asks for somebody."""
    return point.out_of_spec or any(panel.violations for panel in point.panels)


def result_text(point: Point, decimals: int, left: int) -> str:
    """Say how a subgroup was judged."""
    shown = number(point.panels[0].value if point.panels else None, decimals)
    if is_signal(point):
        rules = dict.fromkeys(one.rule for panel in point.panels for one in panel.violations)
        parts = [rule_sentence(rule) for rule in rules]
        if point.out_of_spec:
            parts.insert(0, _("out of specification"))
        return _("■ Signal: {value} — {what}", value=shown, what="; ".join(parts))
    if point.learning:
        return _("✓ Stored: {value} — {n} more subgroups needed to compute limits", value=shown, n=left)
    return _("✓ OK: {value}", value=shown)
