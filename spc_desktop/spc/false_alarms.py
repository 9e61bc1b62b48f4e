"""What a control plan costs in false alarms: charts, rules and sampling in, expected false alarms per shift out.

Plotted statistics count as independent and normal (charts of counts included; times and counts between events: exponential)
with known parameters, and each panel raises its own alarms. Limits from a short baseline and autocorrelated values raise
more: see ``autocorrelation``.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any

from spc_desktop.spc.arl_mewma import mewma_arl, mewma_limit
from spc_desktop.spc.arl_rules import RunLength, rule_run_length
from spc_desktop.spc.arl_shewhart import moving_range_alarm, range_oc, sd_oc
from spc_desktop.spc.arl_special import (
    count_between_arl,
    moving_average_run_length,
    time_arl,
    variance_run_length,
    zone_arl,
)
from spc_desktop.spc.arl_weighted import check_positive, cusum_arl, ewma_arl
from spc_desktop.spc.charts import CHARTS
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RULE_SETS, RuleSet

_RULE_1 = RULE_SETS["nelson"].pick("nelson_1")


@dataclass(frozen=True, slots=True)
class WatchedChart:
    """One chart of a plan: a name of ``CHARTS`` with its options, and how often it is sampled."""

    chart: str
    samples_per_shift: float
    rules: RuleSet = _RULE_1
    """Judged together on the location panel of a Shewhart chart; every other panel has rule 1."""
    n: int = 5
    """Subgroup size, where a panel shows R, S or |S|."""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Expected false alarms of one chart while its process is in control."""

    per_shift: float
    arl0: Mapping[str, float]
    """In-control ARL of each panel, by its key (both arms of a CUSUM count as one, under ``"cusum"``)."""
    se: float
    """Standard error of ``per_shift``; 0 when nothing was simulated."""


_SHEWHART = ("xbar", "median", "i", "z", "mean", "p", "np", "c", "u")


def expected_false_alarms(plan: Sequence[WatchedChart]) -> tuple[FalseAlarms, ...]:
    """Return the expected false alarms per shift of each chart of a plan.

    Raises:
        SpcValueError: samples per shift negative, an unknown chart, or one whose false alarms are not defined, with the
            reason (acceptance, pre-control, run, a CUSUM of counts with a given h).
    """
    if not isinstance(plan, Iterable) or any(not isinstance(watched, WatchedChart) for watched in plan):
        raise SpcValueError("plan", "a sequence of WatchedChart")
    return tuple(_of_chart(watched) for watched in plan)


def _of_chart(watched: WatchedChart) -> FalseAlarms:
    samples = watched.samples_per_shift
    if not (math.isfinite(samples) and samples >= 0):
        raise SpcValueError("samples_per_shift", "a finite number that is not negative", samples)
    if watched.chart not in CHARTS:
        raise SpcValueError("chart", f"one of {', '.join(CHARTS)}", watched.chart)
    chart = CHARTS[watched.chart]
    options = {**chart.options(), **watched.options}
    special = _SPECIAL.get(watched.chart)
    if special is not None:
        key, arl = special(options)
        return FalseAlarms(samples / arl, {key: arl}, 0.0)
    if watched.chart in _UNDEFINED:
        raise SpcValueError("chart", _UNDEFINED[watched.chart], watched.chart)
    panels = {panel.key: _panel(panel.key, watched, options) for panel in chart.panels}
    per_shift = samples * sum(1 / found.arl for found in panels.values())
    se = samples * math.hypot(*(found.se / found.arl**2 for found in panels.values()))
    return FalseAlarms(per_shift, {key: found.arl for key, found in panels.items()}, se)


def _width(options: Mapping[str, Any]) -> float:
    if options.get("limits") == "probability":
        alpha = float(options["alpha"])
        if not 0 < alpha < 1:
            raise SpcValueError("alpha", "above 0 and below 1", alpha)
        return NormalDist().inv_cdf(1 - alpha / 2)
    return check_positive("nsigma", options.get("nsigma", 3.0))


def _panel(key: str, watched: WatchedChart, options: Mapping[str, Any]) -> RunLength:
    width = _width(options)
    if key in _SHEWHART:
        return rule_run_length(watched.rules, nsigma=width)
    if key == "ma":
        return moving_average_run_length(options["span"], width)
    if key == "det":
        return variance_run_length(options["variables"], watched.n, width)
    if key == "r":
        arl = range_oc(watched.n, nsigma=width).arl
    elif key == "s":
        arl = sd_oc(watched.n, nsigma=width).arl
    elif key == "mr":
        arl = 1 / moving_range_alarm(width)
    elif key == "score":
        arl = zone_arl(options["scores"], check_positive("threshold", options["threshold"]))
    else:
        raise SpcValueError("chart", "a chart whose run length is known", watched.chart)
    return RunLength(arl, arl, "exact")


_UNDEFINED = {
    "acceptance": "no chart whose limits follow the specification: how often it signals depends on where the process runs",
    "pre_control": "no chart whose limits are the specification: how often it signals depends on the process capability",
    "run": "no chart whose limits follow the length of the series: it has no run length",
}


def _ewma(options: Mapping[str, Any]) -> tuple[str, float]:
    return "ewma", ewma_arl(options["lambda"], _width(options), limits=options["variance"])


def _cusum(options: Mapping[str, Any]) -> tuple[str, float]:
    return "cusum", cusum_arl(options["k"], options["h"], head_start=options["head_start"])


def _count_cusum(options: Mapping[str, Any]) -> tuple[str, float]:
    if options["h"] is not None:
        raise SpcValueError("chart", "a CUSUM of counts whose h follows from its ARL", options["h"])
    return "cusum", check_positive("arl0", options["arl0"])


def _t2(options: Mapping[str, Any]) -> tuple[str, float]:
    return "t2", 1 / check_positive("alpha", options["alpha"])


def _time(options: Mapping[str, Any]) -> tuple[str, float]:
    return "t", time_arl(options["method"], options["nsigma"])


def _count_between(options: Mapping[str, Any]) -> tuple[str, float]:
    _width(options)
    nsigma = None if options["limits"] == "probability" else options["nsigma"]
    return "g", count_between_arl(nsigma, options["alpha"])


def _mewma(options: Mapping[str, Any]) -> tuple[str, float]:
    p, weight, h = options["variables"], options["lambda"], options["h"]
    return "mewma", mewma_arl(p, weight, mewma_limit(p, weight, options["arl0"]) if h is None else h)


_SPECIAL: dict[str, Callable[[Mapping[str, Any]], tuple[str, float]]] = {
    "ewma": _ewma,
    "ewma_p": _ewma,
    "ewma_u": _ewma,
    "ewma_c": _ewma,
    "cusum": _cusum,
    "cusum_p": _count_cusum,
    "cusum_u": _count_cusum,
    "cusum_c": _count_cusum,
    "g": _count_between,
    "t": _time,
    "t2": _t2,
    "t2_i": _t2,
    "mewma": _mewma,
}
