"""Charts of a special kind: zone chart, acceptance chart and pre-control.

Sources: Jaehn (1987), "Zone control charts", and Davis, Homer and Woodall (1990); Freund (1957) and Montgomery section 10.2
for acceptance and modified limits; Satterthwaite (1954) and Ledolter and Swersey (1997) for pre-control.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns, one_value
from spc_desktop.spc.charts.engine import Chart, Fit, Options, PanelColumns, Params, Row, fold
from spc_desktop.spc.charts.factors import Line, choice, normal_quantile, number, only, positive
from spc_desktop.spc.charts.time_weighted import fit_mean, mean_and_size, means_and_sizes
from spc_desktop.spc.charts.variables import MEANS, SubgroupTrack, within_sigma
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import Rule, RuleSet

NAN = math.nan


@dataclass(frozen=True, slots=True)
class ZoneTrack:
    """Mean and cumulative score. Memory: the score and the side of the centre the points are on.

    A point adds the score of its zone (the zones end at 1, 2 and 3 standard deviations of the mean, a point on a line
    belongs to the inner zone). Crossing the centre starts the score anew; a point on the centre adds to neither side.
    """

    center: float
    sigma: float
    scores: tuple[float, float, float, float]
    threshold: float
    reset: bool

    def start(self) -> tuple[float, int]:
        """Return the memory before the first observation."""
        return 0.0, 0

    def interrupt(self, memory: Any) -> tuple[float, int]:
        """Start anew."""
        return 0.0, 0

    def advance(self, memory: Sequence[Any], mean: float, n: int) -> Any:
        """Return the new memory; mean, standard deviation of the mean, and score."""
        if not n:
            return (0.0, 0), None
        score, side = memory
        spread = self.sigma / math.sqrt(n)
        here = (mean > self.center) - (mean < self.center)
        distance = abs(mean - self.center)
        zone = (distance > spread) + (distance > 2 * spread) + (distance > 3 * spread)
        if here and here != side:
            score, side = 0.0, here
        if self.reset and score >= self.threshold:
            score = 0.0
        score += self.scores[zone] if here else 0.0
        return (score, side), (mean, spread, score)

    def step(self, memory: Any, observation: Observation) -> tuple[Any, tuple[Row, ...]]:
        """Return the rows of mean and score."""
        memory, found = self.advance(memory, *mean_and_size(observation))
        limit = self._limit()
        if found is None:
            return memory, ((None, self.center, None, None, None), (None, 0.0, None, limit, None))
        mean, spread, score = found
        line = (self.center, self.center - 3 * spread, self.center + 3 * spread, spread)
        return memory, ((mean, *line), (score, 0.0, None, limit, None))

    def run(self, columns: Columns, memory: Any) -> tuple[tuple[PanelColumns, ...], Any]:
        """Return the columns of the same."""
        inputs = means_and_sizes(columns)
        (mean, spread, score), memory = fold(self.advance, self.interrupt, memory, inputs, columns.breaks(), 3)
        low, high = self.center - 3 * spread, self.center + 3 * spread
        panels = (
            PanelColumns(mean, self.center, low, high, spread),
            PanelColumns(score, 0.0, NAN, self._limit(), NAN),
        )
        return panels, memory

    def _limit(self) -> float:
        """A score AT the threshold signals while rules ask "beyond": the limit is the number just below."""
        return math.nextafter(self.threshold, 0.0)


def _zone(params: Params, options: Options) -> ZoneTrack:
    only(params, "center", "sigma")
    scores, threshold = options["scores"], positive(options, "threshold")
    if not isinstance(scores, list | tuple) or len(scores) != 4:
        raise SpcValueError("scores", "4 numbers: within 1, 1 to 2, 2 to 3 and beyond 3 standard deviations", scores)
    weights = [number({"scores": score}, "scores") for score in scores]
    if weights[0] < 0 or sorted(weights) != weights:
        raise SpcValueError("scores", "4 numbers, none negative, none below the one before", scores)
    if not isinstance(options["reset"], bool):
        raise SpcValueError("reset", "true or false", options["reset"])
    standards = (number(params, "center"), positive(params, "sigma"))
    return ZoneTrack(*standards, (weights[0], weights[1], weights[2], weights[3]), threshold, options["reset"])


def _specification(params: Params) -> tuple[float | None, float | None]:
    lsl = None if params.get("lsl") is None else number(params, "lsl")
    usl = None if params.get("usl") is None else number(params, "usl")
    if lsl is None and usl is None:
        raise SpcValueError("lsl", "a lower or an upper specification limit (lsl, usl) at least")
    if lsl is not None and usl is not None and not lsl < usl:
        raise SpcValueError("lsl", f"below usl = {usl:g}", lsl)
    return lsl, usl


def _acceptance(params: Params, options: Options) -> SubgroupTrack:
    """Limits of the mean from the specification (Montgomery section 10.2).

    ``acceptable``: a process with at most ``fraction`` nonconforming is accepted but for ``risk``:
    USL - (z(fraction) - z(risk) / sqrt n) sigma. ``rejectable``: one with ``fraction`` is rejected but for ``risk``:
    USL - (z(fraction) + z(risk) / sqrt n) sigma. Limits that would cross are not defined.
    """
    only(params, "sigma", "lsl", "usl")
    sigma, (lsl, usl) = positive(params, "sigma"), _specification(params)
    method = choice(options, "method", ("acceptable", "rejectable"))
    fraction, risk = number(options, "fraction"), number(options, "risk")
    for name, value in (("fraction", fraction), ("risk", risk)):
        if not 0 < value < 0.5:
            raise SpcValueError(name, "above 0 and below 0.5", value)
    depth, margin = -normal_quantile(fraction), -normal_quantile(risk)
    center = (lsl + usl) / 2 if lsl is not None and usl is not None else NAN

    def line(n: int) -> Line:
        inside = (depth - margin / math.sqrt(n) if method == "acceptable" else depth + margin / math.sqrt(n)) * sigma
        low, high = NAN if lsl is None else lsl + inside, NAN if usl is None else usl - inside
        crossed = low >= high  # "rejectable" with few values: no limits can keep the promise
        return center, NAN if crossed else low, NAN if crossed else high, NAN

    if lsl is not None and usl is not None and usl - lsl <= 2 * depth * sigma:
        widest = (usl - lsl) / 2 / depth
        raise SpcValueError("sigma", f"below {widest:g}, so that the specification is wide enough for it", sigma)
    return SubgroupTrack((MEANS,), (line,))


def _fit_acceptance(columns: Columns, options: Options) -> Fit:
    params = {"sigma": within_sigma(columns, options)}
    params.update({name: options[name] for name in ("lsl", "usl") if options[name] is not None})
    return Fit(params, options["estimator"])


PRE_CONTROL = RuleSet(
    "pre-control",
    (
        Rule("precontrol_red", "beyond", sigma=3.0, number=1),
        Rule("precontrol_shift", "zone", k=2, n=2, sigma=1.5, number=2),
        Rule("precontrol_spread", "range", sigma=3.0, number=3),
    ),
)
"""Red: one value outside the specification. Shift: two yellows in a row on one side. Spread: one yellow on each side.

Measured in sixths of the tolerance, so that green is the middle half of it: 1.5 of them on each side of the middle."""


@dataclass(frozen=True, slots=True)
class PreControlTrack:
    """Single values against the specification. There is nothing to remember: the rules do."""

    line: Line

    def start(self) -> None:
        """Return the memory of a chart that has none."""
        return

    def interrupt(self, memory: None) -> None:
        """Return the memory after an interruption: none as well."""
        return

    def step(self, memory: None, observation: Observation) -> tuple[None, tuple[Row, ...]]:
        """Return the row of the value."""
        return None, ((one_value(observation.values), *self.line),)

    def run(self, columns: Columns, memory: None) -> tuple[tuple[PanelColumns, ...], None]:
        """Return the columns of the values."""
        if columns.values.ndim != 1:
            raise SpcValueError("values", "one value per observation for a chart of individuals", columns.values.shape)
        return (PanelColumns(columns.values, *self.line),), None


def _pre_control(params: Params, options: Options) -> PreControlTrack:
    only(params, "lsl", "usl")
    lsl, usl = _specification(params)
    if lsl is None or usl is None:
        raise SpcValueError("lsl", "both specification limits for pre-control", (lsl, usl))
    return PreControlTrack(((lsl + usl) / 2, lsl, usl, (usl - lsl) / 6))


def _fit_pre_control(columns: Columns, options: Options) -> Fit:
    """Pre-control estimates nothing: its limits are the specification, given as options."""
    return Fit({"lsl": options["lsl"], "usl": options["usl"]}, "specification")


SPECIAL_CHARTS: tuple[Chart, ...] = (
    Chart(
        "zone",
        (
            PanelSpec("mean", "X̄"),
            PanelSpec("score", "Σ", role="score", symmetric=False, independent=False, zones=False),
        ),
        "variables",
        {
            "estimator": "auto",
            "weights": "mvlue",
            "target": None,
            "scores": [0.0, 2.0, 4.0, 8.0],
            "threshold": 8.0,
            "reset": False,
        },
        fit_mean,
        _zone,
    ),
    Chart(
        "acceptance",
        (PanelSpec("xbar", "X̄", zones=False),),
        "variables",
        {
            "estimator": "rbar",
            "weights": "mvlue",
            "constants": "exact",
            "lsl": None,
            "usl": None,
            "method": "acceptable",
            "fraction": 0.00135,
            "risk": 0.00135,
        },
        _fit_acceptance,
        _acceptance,
        unknowable=("lsl", "usl"),
    ),
    Chart(
        "pre_control",
        (PanelSpec("i", "X", individuals=True),),
        "individuals",
        {"lsl": None, "usl": None},
        _fit_pre_control,
        _pre_control,
        PRE_CONTROL,
        unknowable=("lsl", "usl"),
    ),
)
