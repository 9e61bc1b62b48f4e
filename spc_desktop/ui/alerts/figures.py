"""The statistics of alerts as figures: what fires most, where, when, how fast people answer, and which rule is noise."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from spc_desktop.domain.calendar import clock_text, zone_of
from spc_desktop.domain.register import Cause, CauseUse
from spc_desktop.domain.wording import alert_title
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.ui.alerts.bars import Bar, Figure
from spc_desktop.ui.charts.words import rule_of, rule_sentence
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

MOST = 10
"""Bars of a figure; what is rarer is one bar together."""


class Shifts(NamedTuple):
    """How the day is divided: beginnings (minutes, rising) and the name of each."""

    starts: tuple[int, ...]
    names: tuple[str, ...]
    utc_offset: int
    known: bool
    """False: nobody has entered a calendar; these are the usual three."""


def shifts_of(station: Station, now: datetime) -> Shifts:
    """Return the shifts of the plant's calendar, or the usual three."""
    calendar = station.register.calendar
    zone = zone_of(calendar.time_zone) if calendar is not None else None
    here = now.astimezone(zone) if zone is not None else now.astimezone()
    span = here.utcoffset()
    offset = 0 if span is None else round(span.total_seconds() / 60)
    english = current_language() == "en"
    named = {
        one.start: (english and one.name_en) or one.name for one in (calendar.shifts if calendar is not None else ())
    }
    if not named:
        usual = m.GetStatistics().shift_starts
        return Shifts(usual, tuple(clock_text(start) for start in usual), offset, known=False)
    starts = tuple(sorted(named))
    return Shifts(starts, tuple(f"{named[start]} ({clock_text(start)})" for start in starts), offset, known=True)


def figures(station: Station, found: m.Statistics, record: Sequence[m.RuleRecord], shifts: Shifts) -> list[Figure]:
    """Return every figure, in the order of the page."""
    return [
        _pareto(station, found),
        _causes(station),
        _rules(record),
        _answers(found),
        _products(station, found),
        _shifts(found, shifts),
    ]


def summary(found: m.Statistics) -> str:
    """Return the load on the people in one sentence."""
    load = found.load
    return _(
        "Alerts: {n}. Most in ten minutes: {most}. Floods (more than 10 in ten minutes): {floods}. Open over a day: {stale}.",
        n=f"{found.total:,}",
        most=load.most_in_10_min,
        floods=load.flood_periods,
        stale=load.stale,
    )


def rule_name(rule: str) -> str:
    """Return what a rule is called where alerts are counted."""
    if not rule:
        return _("raised by hand")
    return rule_sentence(rule) if rule_of(rule) is not None else alert_title(rule, {}, current_language())


def _pareto(station: Station, found: m.Statistics) -> Figure:
    bars = []
    for one in found.pareto[:MOST]:
        owner = station.characteristics.get(one.characteristic_id or 0)
        name = f"{display_name(owner)} · {rule_name(one.rule)}" if owner is not None else rule_name(one.rule)
        bars.append(
            Bar(name, (one.count,), _("{n} ({percent} %)", n=one.count, percent=_percent(one.share)), one.share)
        )
    rest = found.pareto[MOST:]
    if rest:
        count = sum(one.count for one in rest)
        name = _("others ({n})", n=len(rest))
        bars.append(Bar(name, (count,), _("{n} ({percent} %)", n=count, percent=100), 1.0))
    note = _("The line: share of all alerts, added up.") if bars else ""
    return Figure(_("What fires most"), bars, nothing=_nothing(), note=note)


def _causes(station: Station) -> Figure:
    counts: Counter[str] = Counter()
    for use in station.register.of_kind(CauseUse):
        counts.update(use.counts)
    known = {cause.id: cause for cause in station.register.of_kind(Cause)}
    total, together, bars = sum(counts.values()), 0, []
    for code, count in counts.most_common(MOST):
        together += count
        cause = known.get(code)
        name = code if cause is None else (current_language() == "en" and cause.name_en) or cause.name
        text = _("{n} ({percent} %)", n=count, percent=_percent(together / total))
        bars.append(Bar(name, (count,), text, together / total))
    nothing = _("No cause of the register was given yet. Give causes with C, or at the line.")
    return Figure(_("Causes found, all the time"), bars, nothing=nothing)


def _rules(record: Sequence[m.RuleRecord]) -> Figure:
    bars = []
    for one in record[:MOST]:
        rest = max(0, one.raised - one.with_cause - one.without_cause)
        text = _("{part} of {n} with a cause", part=one.with_cause, n=one.raised)
        bars.append(Bar(rule_name(one.rule), (one.with_cause, one.without_cause, rest), text))
    parts = (_("with a cause"), _("ended without one"), _("still open")) if bars else ()
    return Figure(_("Which rule finds causes, which is noise"), bars, parts, nothing=_nothing())


def _answers(found: m.Statistics) -> Figure:
    bars = []
    named = (
        (found.time_to_acknowledge, _("acknowledged: half within"), _("acknowledged: 95 % within")),
        (found.time_to_resolve, _("resolved: half within"), _("resolved: 95 % within")),
    )
    for delay, half, most in named:
        for name, seconds in ((half, delay.p50), (most, delay.p95)):
            if seconds is not None:
                bars.append(Bar(name, (seconds,), duration(seconds)))
    count = found.time_to_acknowledge.count
    note = _("Acknowledged: {n} of {total}", n=count, total=found.total) if bars else ""
    return Figure(_("How fast alerts are answered"), bars, nothing=_("No alert was acknowledged yet."), note=note)


def _products(station: Station, found: m.Statistics) -> Figure:
    bars = []
    for key, count in list(found.by_product.items())[:MOST]:
        product = station.products.get(int(key)) if key.isdecimal() else None
        bars.append(Bar(display_name(product) if product is not None else f"#{key}", (count,), f"{count:,}"))
    return Figure(_("By product"), bars, nothing=_nothing())


def _shifts(found: m.Statistics, shifts: Shifts) -> Figure:
    if not found.total:
        return Figure(_("By shift"), nothing=_nothing())
    counts = [found.by_shift.get(str(at), 0) for at in range(len(shifts.starts))]
    bars = [Bar(name, (count,), f"{count:,}") for name, count in zip(shifts.names, counts, strict=True)]
    note = "" if shifts.known else _("No shift calendar yet: the day is divided into the usual three.")
    return Figure(_("By shift"), bars, note=note)


def duration(seconds: float) -> str:
    """Write a time as people say it."""
    if seconds < 60:
        return _("{n} s", n=f"{seconds:.0f}")
    if seconds < 3600:
        return _("{n} min", n=f"{seconds / 60:.0f}")
    return _("{n} h", n=f"{seconds / 3600:.1f}") if seconds < 172_800 else _("{n} d", n=f"{seconds / 86_400:.1f}")


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _nothing() -> str:
    return _("No alert in this time.")
