"""Sentences about points and charts, in the language of the window: for hovering, for the inspector, for screen readers."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from spc_desktop.domain.point import PointMark
from spc_desktop.i18n import _, marked
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.spc.run_rules import RULE_SETS, Rule, Violation
from spc_desktop.ui.charts.picture import Mark
from spc_desktop.ui.charts.series import Series

_RULES: dict[str, Rule] = {rule.id: rule for rule_set in RULE_SETS.values() for rule in rule_set.rules}


def rule_of(rule_id: str) -> Rule | None:
    """Return the rule with this id, None for one that this version does not know."""
    return _RULES.get(rule_id)


def rule_digit(rule_id: str) -> str:
    """Return what is printed at a point: the rule's number, or the end of its id."""
    rule = rule_of(rule_id)
    return str(rule.number) if rule and rule.number else rule_id.rsplit("_", 1)[-1]


_SENTENCES = {
    ("beyond", "same"): marked("beyond {sigma}σ"),
    ("zone", "same"): marked("{k} of {n} points beyond {sigma}σ, same side"),
    ("zone", "either"): marked("{k} of {n} points beyond {sigma}σ, either side"),
    ("run", "same"): marked("{k} points in a row on one side of centre line"),
    ("trend", "same"): marked("{k} points in a row rising or falling"),
    ("alternation", "same"): marked("{k} points alternating up and down"),
    ("within", "same"): marked("{k} points within {sigma}σ of centre line"),
    ("outside", "both"): marked("{k} points beyond {sigma}σ, both sides"),
    ("outside", "either"): marked("{k} points beyond {sigma}σ, either side"),
    ("range", "same"): marked("two neighbouring points differ by more than {sigma}σ"),
}
"""Kind and side of a rule -> its sentence."""


def rule_sentence(rule_id: str) -> str:
    """Say what a rule found, without naming the characteristic."""
    rule = rule_of(rule_id)
    if rule is None:
        return _("Rule {rule}", rule=rule_id)
    if rule.kind == "beyond" and rule.sigma == 3.0:
        text = _("beyond control limit")
    else:
        sentence = _SENTENCES.get((rule.kind, rule.side))
        text = _(sentence, sigma=f"{rule.sigma:g}", k=rule.k, n=rule.n) if sentence else rule.id
    return _("Rule {rule}: {text}", rule=rule_digit(rule_id), text=text)


def number(value: float | None, decimals: int) -> str:
    """Write a value with a fixed number of decimals; an en dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:,.{decimals}f}"


def decimals_for(span: float, decimals: int) -> int:
    """Return how many decimals limits of this distance need to be told apart, at least those of the characteristic."""
    if not math.isfinite(span) or span <= 0:
        return decimals
    return min(9, max(decimals, math.ceil(1 - math.log10(span))))


def local_time(seconds: float, pattern: str = "%Y-%m-%d %H:%M:%S") -> str:
    """Write a moment (seconds since 1970 UTC) in this computer's time zone."""
    return datetime.fromtimestamp(seconds).astimezone().strftime(pattern)


def violations_by_panel(mark: PointMark | None) -> dict[str, list[Violation]]:
    """Sort what fired at a point by panel, the lowest rule number first."""
    found: dict[str, list[Violation]] = {}
    for key, violation in mark.violations if mark else ():
        found.setdefault(key, []).append(violation)
    for violations in found.values():
        violations.sort(key=lambda violation: _order(violation.rule))
    return found


def _order(rule_id: str) -> int:
    rule = rule_of(rule_id)
    return rule.number if rule else 99


def first_digit(mark: PointMark | None, key: str) -> str:
    """Return what is printed at a point of a panel: the lowest of the rules that fired there; empty where none did."""
    rules = [violation.rule for where, violation in mark.violations if where == key] if mark else []
    return rule_digit(rules[0] if len(rules) == 1 else min(rules, key=_order)) if rules else ""


def rule_sentences(mark: PointMark | None, labels: dict[str, str]) -> list[str]:
    """Return one sentence for each rule that fired at a point, with the label of its panel, and what else is special."""
    lines = []
    for key, violations in violations_by_panel(mark).items():
        lines += [f"{labels.get(key, key)} — {rule_sentence(violation.rule)}" for violation in violations]
    if mark and mark.out_of_spec:
        lines.append(_("Out of specification"))
    if mark and mark.excluded:
        lines.append(_("Excluded from the limits"))
    if mark and mark.learning:
        lines.append(_("Learning: no limits judge this point yet"))
    return lines


def chart_summary(name: str, count: int, signals: int, last: str) -> str:
    """One sentence about a chart for a screen reader."""
    if not count:
        return _("{name}: no points yet", name=name)
    if not signals:
        return _("{name}, {n} subgroups, in control, last {value}", name=name, n=f"{count:,}", value=last)
    return _(
        "{name}, {n} subgroups, {k} of them signalled, last {value}",
        name=name,
        n=f"{count:,}",
        k=f"{signals:,}",
        value=last,
    )


def point_text(
    series: Series, panels: Sequence[tuple[PanelSpec, int]], position: int, mark: Mark | None = None, group: str = ""
) -> str:
    """Return what pointing tells: number, time, every statistic (each panel with its decimals), every rule in words."""
    if not max(series.base, series.loaded_from) <= position < series.end:
        return ""
    slot = position - series.base
    lines = [_("Subgroup {n}", n=int(series.number[slot])), local_time(float(series.time[slot]))]
    for spec, decimals in panels:
        value = float(series.panels[spec.key].value[slot])
        lines.append(f"{spec.label}: {number(value, decimals + (spec.role == 'location'))}")
    lines += rule_sentences(series.marks.get(position), {spec.key: spec.label for spec, _decimals in panels})
    if group:
        lines.append(group)
    if mark is not None:
        lines += _mark_lines(mark)
    return "\n".join(lines)


def _mark_lines(mark: Mark) -> list[str]:
    said = [
        (mark.comment, _("Has a comment")),
        (mark.alert, _("Has an open alert")),
        (mark.done, _("Action done")),
    ]
    return [text for there, text in said if there] + ([mark.text] if mark.text else [])


def members(violations: Iterable[Violation]) -> list[int]:
    """Return the positions of all points of the patterns, ascending."""
    return sorted({position for violation in violations for position in violation.members})
