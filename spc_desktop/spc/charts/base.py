"""What every control chart is: limits from a baseline, then a pure fold over observations.

A chart type is one ``ControlChart`` in the ``CHARTS`` registry. Its panels are data, so that the drawing code and the
storage know no chart by name. ``ControlChart.monitor(limits, rules)`` compiles a ``ChartMonitor``, whose ``step`` is a pure
function of a plain serialisable state; ``run`` is the same algorithm over arrays and gives identical bits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.rules import RuleSet, Violation

__all__ = [
    "ChartMonitor",
    "ChartPoint",
    "ChartRun",
    "ControlChart",
    "Limits",
    "Observation",
    "PanelPoint",
    "PanelRun",
    "PanelSpec",
    "Provenance",
    "State",
    "Violation",
]

FloatArray = NDArray[np.float64]

# A state is nested lists/tuples of float, int, str, bool and None: it survives json.dumps and json.loads unchanged in
# meaning, and a monitor accepts lists where it produced tuples. NaN never stands in a state (None does).
State = Any


class Observation(NamedTuple):
    """What a chart consumes for one plotted position."""

    values: tuple[float, ...]
    """The measurements of the subgroup; ``(count,)`` for attribute charts; variable after variable (p times n) for
    multivariate charts. Empty means a gap: nothing was measured and no pattern crosses it."""
    size: float | None = None
    """Inspected units (p, np, Laney p') or area of opportunity (u, Laney u'); None for variables charts."""
    stage: str = ""
    """Name of the phase. A change restarts moving ranges and rules, and selects that stage's limits."""
    part: str = ""
    """Part type for short-run charts."""
    excluded: bool = False
    """Plotted, but never used for limits, and no pattern crosses it."""


class PanelPoint(NamedTuple):
    """One plotted statistic with the limits in force at that position. None: not defined here."""

    value: float | None
    center: float | None
    lcl: float | None
    ucl: float | None
    sigma: float | None
    """Standard deviation of the plotted statistic (the zones are center + k * sigma); None where zones have no meaning."""
    violations: tuple[Violation, ...] = ()


class ChartPoint(NamedTuple):
    """All panels of one position, in the order of ``ControlChart.panels``."""

    position: int
    panels: tuple[PanelPoint, ...]


@dataclass(frozen=True, slots=True)
class PanelSpec:
    """A panel as data for whoever draws it."""

    key: str
    """``"xbar"``, ``"r"``, ``"i"``, ``"mr"``, ``"s"``, ``"p"``, ``"ewma"``, ...; unique in its chart."""
    label: str
    """Axis label, a Latin symbol that is never translated, for example ``"X̄"``."""
    role: str = "location"
    """``"location"``, ``"dispersion"``, or ``"score"`` for a panel that is a verdict itself (zone chart). Rules given for a
    chart as a whole go to the location panels."""
    symmetric: bool = True
    """False where zone rules make no sense (R, S, MR, T²): only rule 1 is applied unless asked for."""
    individuals: bool = False
    """True where the plotted values are single measurements, so that specification lines may be drawn."""
    independent: bool = True
    """False where neighbouring plotted values are made of the same measurements (EWMA, CUSUM, moving average): only rules
    on single points make sense there."""
    zones: bool = True
    """False where the statistic has no standard deviation to measure zones in (T², t chart, CUSUM, acceptance chart)."""
    whole_series: bool = False
    """True for a run chart: rules on the number of runs make sense."""
    series: tuple[str, ...] = ("value",)
    """More than one plotted line in a panel (the two arms of a CUSUM): their keys; the first is ``PanelPoint.value``."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a set of limits comes from: what an auditor asks first. Everything but the estimator is the caller's word."""

    estimator: str = ""
    constants: str = "exact"
    baseline: tuple[int, ...] = ()
    """0-based positions of the observations that were used."""
    exclusions: tuple[tuple[int, str], ...] = ()
    """0-based position and reason of each excluded observation."""
    by: str = ""
    at: str = ""
    why: str = ""
    version: int = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """Estimated or given parameters of one chart in one stage; limits themselves are derived per point (sizes may vary).

    ``params`` holds what the chart needs ("center", "sigma", "p", "cov" as nested lists, ...), ``options`` the chart's
    named options ("estimator", "nsigma", "lambda", "k", "h", ...). Both are plain JSON values.
    """

    chart: str
    params: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)


@dataclass(frozen=True, slots=True)
class PanelRun:
    """Columns of one panel over a batch; NaN where a value is not defined. To be read only: a column may be the caller's own
    array, or one number seen m times."""

    value: FloatArray
    center: FloatArray
    lcl: FloatArray
    ucl: FloatArray
    sigma: FloatArray
    signals: Mapping[str, NDArray[np.int64]]
    """Rule id -> ascending positions, counted from the start of the monitor, that complete the rule."""


@dataclass(frozen=True, slots=True)
class ChartRun:
    """Result of a batch: panels in the order of ``ControlChart.panels``, and the state to stream on from."""

    panels: tuple[PanelRun, ...]
    state: State


class ChartMonitor(Protocol):
    """A chart with its limits and rules compiled; immutable, so one may be shared and kept."""

    @property
    def panels(self) -> tuple[PanelSpec, ...]: ...

    def start(self) -> State:
        """Return the state before the first observation."""
        ...

    def step(self, state: State, observation: Observation) -> tuple[State, ChartPoint]:
        """Judge one observation; pure: the state given is not changed."""
        ...

    def run(self, observations: Sequence[Observation] | FloatArray, state: State = None) -> ChartRun:
        """Judge many at once, with the same results as ``step`` one by one, bit for bit.

        Args:
            observations: a sequence, or an array of shape (k,) for individuals or (k, n) for subgroups of n (NaN: missing).
            state: continue after this state; None starts anew.
        """
        ...


class ControlChart(Protocol):
    """One entry of the ``CHARTS`` registry."""

    @property
    def name(self) -> str: ...

    @property
    def panels(self) -> tuple[PanelSpec, ...]: ...

    @property
    def data(self) -> str:
        """``"variables"``, ``"individuals"``, ``"counts"`` (no size), ``"counts+size"``, ``"times"``, ``"multivariate"``."""
        ...

    @property
    def rules(self) -> RuleSet:
        """What judges a location panel when nothing else is asked for."""
        ...

    @property
    def by_part(self) -> bool:
        """Whether it asks each observation for its part type (short-run charts)."""
        ...

    def options(self) -> Mapping[str, Any]:
        """Return the chart's named options with their defaults."""
        ...

    def estimate(
        self,
        observations: Sequence[Observation] | FloatArray,
        options: Mapping[str, Any] | None = None,
        baseline: Sequence[int] | None = None,
        exclusions: Mapping[int, str] | None = None,
        standards: Mapping[str, Any] | None = None,
    ) -> Limits:
        """Estimate parameters from a baseline (all observations when None), leaving out excluded positions.

        ``standards`` are parameters that are known: they stand as they are, and the others are estimated beside them.

        Raises:
            SpcValueError: too few usable observations, impossible counts, wrong subgroup sizes.
        """
        ...

    def given(self, params: Mapping[str, Any], options: Mapping[str, Any] | None = None) -> Limits:
        """Limits from known standards, for example ``{"center": 74.0, "sigma": 0.01}``."""
        ...

    def monitor(
        self, limits: Limits | Mapping[str, Limits], rules: Mapping[str, RuleSet] | RuleSet | None = None
    ) -> ChartMonitor:
        """Compile. ``limits`` may map stage -> Limits. ``rules`` may map panel key -> RuleSet; a bare RuleSet goes to the
        location panel and rule 1 to the dispersion panel; None means rule 1 everywhere.

        Raises:
            SpcValueError: a rule that makes no sense on a panel, with the reason.
        """
        ...
