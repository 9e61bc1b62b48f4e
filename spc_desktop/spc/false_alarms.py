"""What a control plan costs in false alarms: charts, rules and sampling in, expected false alarms per shift out.

Owns nothing of the charts themselves. Autocorrelated values raise more alarms than these figures: see ``autocorrelation``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from spc_desktop.spc.arl_rules import RunLength, rule_run_length
from spc_desktop.spc.arl_shewhart import moving_range_alarm, range_oc, sd_oc
from spc_desktop.spc.arl_weighted import cusum_arl, ewma_arl
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RULE_SETS, RuleSet

_RULE_1 = RULE_SETS["nelson"].pick("nelson_1")


@dataclass(frozen=True, slots=True)
class WatchedChart:
    """One chart of a plan.

    ``chart`` is a name of ``CHARTS``. ``n`` is the subgroup size where a dispersion panel needs it. ``options`` are those of
    EWMA (``lambda``, ``nsigma``) and CUSUM (``k``, ``h``, ``head_start``).
    """

    chart: str
    samples_per_shift: float
    rules: RuleSet = _RULE_1
    n: int = 5
    nsigma: float = 3.0
    weight: float = 0.2
    """lambda of an EWMA chart."""
    k: float = 0.5
    h: float = 5.0
    """Reference value and decision interval of a CUSUM."""


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Expected false alarms of one chart: ``per_shift`` in all, from a location and a dispersion panel with these ARL0."""

    per_shift: float
    location_arl0: float
    dispersion_arl0: float
    se: float
    """Standard error of ``per_shift``; 0 when nothing was simulated."""


_DISPERSION = {"xbar_r": "r", "median": "r", "xbar_s": "s", "i_mr": "mr", "r": "r", "s": "s"}
_ONLY_DISPERSION = frozenset({"r", "s"})
_WITHOUT = frozenset({"zone", "acceptance", "precontrol", "mewma", "run", "t", "g"})


def expected_false_alarms(plan: Sequence[WatchedChart]) -> tuple[FalseAlarms, ...]:
    """Return the expected false alarms per shift of each chart while its process is in control.

    Plotted statistics count as independent and normal (charts of counts included). Each panel raises its own alarms.

    Raises:
        SpcValueError: samples per shift negative, or a chart whose alarms the run rules do not describe.
    """
    return tuple(_of_chart(watched) for watched in plan)


def _of_chart(watched: WatchedChart) -> FalseAlarms:
    samples = watched.samples_per_shift
    if not (math.isfinite(samples) and samples >= 0):
        raise SpcValueError("samples_per_shift", "a finite number that is not negative", samples)
    if watched.chart in _WITHOUT:
        raise SpcValueError("chart", "a chart judged by run rules, an EWMA or a CUSUM", watched.chart)
    location = RunLength(math.inf, math.inf, "exact") if watched.chart in _ONLY_DISPERSION else _location(watched)
    dispersion = _dispersion(watched)
    per_shift = samples * (1 / location.arl + 1 / dispersion)
    return FalseAlarms(per_shift, location.arl, dispersion, samples * location.se / location.arl**2)


def _location(watched: WatchedChart) -> RunLength:
    if watched.chart == "ewma":
        arl = ewma_arl(watched.weight, watched.nsigma, limits="exact")
        return RunLength(arl, arl, "exact")
    if watched.chart == "cusum":
        arl = cusum_arl(watched.k, watched.h)
        return RunLength(arl, arl, "exact")
    return rule_run_length(watched.rules, nsigma=watched.nsigma)


def _dispersion(watched: WatchedChart) -> float:
    kind = _DISPERSION.get(watched.chart)
    if kind == "r":
        return range_oc(watched.n, nsigma=watched.nsigma).arl
    if kind == "s":
        return sd_oc(watched.n, nsigma=watched.nsigma).arl
    return 1 / moving_range_alarm(watched.nsigma) if kind == "mr" else math.inf
