"""What a control chart is made of: a way to estimate parameters and a ``Track`` of its statistics, together a ``Chart``.

Owns options, provenance, the rules each panel gets, and limits per stage. Called by every chart module; folding
observations is in ``fold``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.charts.base import Limits, Observation, PanelSpec, Provenance
from spc_desktop.spc.charts.columns import Columns, positions_of, to_columns, used_rows
from spc_desktop.spc.charts.fold import Monitor, PanelColumns, Row, Track, fold
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.rules import check_rules
from spc_desktop.spc.run_rules import RULE_SETS, RuleMonitor, RuleSet, compile_rules

__all__ = [
    "RULE_1",
    "Chart",
    "Fit",
    "Options",
    "PanelColumns",
    "Params",
    "Row",
    "Track",
    "estimate_stages",
    "fold",
    "panel_rules",
]

FloatArray = NDArray[np.float64]
Params = Mapping[str, Any]
Options = Mapping[str, Any]

RULE_1 = RULE_SETS["nelson"].pick("nelson_1")


@dataclass(frozen=True, slots=True)
class Fit:
    """What an estimator found: parameters of the chart and the name of what estimated the variation."""

    params: Params
    estimator: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A control chart: one entry of ``CHARTS`` (the protocol ``ControlChart``).

    ``defaults`` are the named options; ``fit`` estimates parameters from a baseline; ``track`` compiles parameters and
    options, and refuses those that have no meaning.
    """

    name: str
    panels: tuple[PanelSpec, ...]
    data: str
    defaults: Options
    fit: Callable[[Columns, Options], Fit]
    track: Callable[[Params, Options], Track]
    rules: RuleSet = RULE_1
    """Judges a location panel when nothing else is asked for."""
    by_part: bool = False
    """Whether it asks each observation for its part type."""
    unknowable: tuple[str, ...] = ()
    """Parameters that describe the baseline or follow from others, and so are never given beside an estimation."""

    def options(self) -> Options:
        """Return the chart's named options with their defaults."""
        return MappingProxyType(dict(self.defaults))

    def estimate(
        self,
        observations: Sequence[Observation] | FloatArray | Columns,
        options: Options | None = None,
        baseline: Sequence[int] | None = None,
        exclusions: Mapping[int, str] | None = None,
        standards: Params | None = None,
    ) -> Limits:
        """Estimate parameters from a baseline (all observations when None), leaving out excluded positions.

        Args:
            observations: see ``to_columns``; several stages may be pooled, no moving range crosses them.
            options: named options, the rest at their defaults.
            baseline: 0-based positions to use.
            exclusions: 0-based position -> reason.
            standards: parameters that are known, for example ``{"center": 74.0}``; the others are estimated. An estimator
                of the variation does not use a known mean, but what follows from it does (Laney's sigma_z), and so does the
                covariance of T² for individuals.

        Raises:
            SpcValueError: too few usable observations, no variation, values, options or standards outside what the chart
                allows.
        """
        chosen = self._options(options)
        if standards is not None and not isinstance(standards, Mapping):
            raise SpcValueError("standards", "a mapping from the name of a parameter to its value", standards)
        columns = to_columns(observations)
        used, reasons = used_rows(columns, baseline, exclusions)
        if not used.any():
            raise SpcValueError("observations", "at least one measured observation in the baseline")
        whole = bool(used.all())
        given = dict(standards or {})
        fit = self.fit(columns if whole else columns.only(used), {**chosen, "standards": given} if given else chosen)
        for name in given:
            if name not in fit.params or name in self.unknowable:
                names = ", ".join(name for name in fit.params if name not in self.unknowable)
                raise SpcValueError(
                    "standards", f"parameters that can be given for {self.name!r}: {names or 'none'}", name
                )
        self.track(fit.params, chosen)
        positions = tuple(range(len(columns)) if whole else np.flatnonzero(used).tolist())
        estimator = fit.estimator + "".join(f"; given {name}" for name in given)
        provenance = Provenance(estimator, str(chosen.get("constants", "exact")), positions, reasons)
        return Limits(self.name, dict(fit.params), chosen, provenance)

    def given(self, params: Params, options: Options | None = None) -> Limits:
        """Return limits from known standards.

        Raises:
            SpcValueError: a parameter is missing, unknown or outside what the chart allows.
        """
        chosen = self._options(options)
        if not isinstance(params, Mapping):
            raise SpcValueError("params", "a mapping from the name of a parameter to its value", params)
        self.track(params, chosen)
        return Limits(self.name, dict(params), chosen, Provenance("given", str(chosen.get("constants", "exact"))))

    def monitor(
        self, limits: Limits | Mapping[str, Limits], rules: Mapping[str, RuleSet] | RuleSet | None = None
    ) -> "Monitor":
        """Compile limits and rules; see ``ControlChart.monitor``.

        Raises:
            SpcValueError: limits of another chart, an unknown panel, a rule that makes no sense on a panel.
        """
        if not isinstance(limits, Limits | Mapping):
            raise SpcValueError("limits", "Limits, or a mapping from stage to Limits", limits)
        stages = {None: limits} if isinstance(limits, Limits) else dict(limits)
        if not stages or not all(isinstance(one, Limits) for one in stages.values()):
            raise SpcValueError("limits", "limits for at least one stage", limits)
        tracks: dict[str | None, Track] = {}
        for stage, one in stages.items():
            if one.chart != self.name:
                raise SpcValueError("limits", f"limits of the chart {self.name!r}", one.chart)
            tracks[stage] = self.track(one.params, self._options(one.options))
        return Monitor(self.panels, tracks, panel_rules(self.panels, rules, self.rules))

    def _options(self, options: Options | None) -> dict[str, Any]:
        if options is not None and not isinstance(options, Mapping):
            raise SpcValueError("options", "a mapping from the name of an option to its value", options)
        for name in options or {}:
            if name not in self.defaults:
                raise SpcValueError("options", f"one of {', '.join(self.defaults)} for {self.name!r}", name)
        return {**self.defaults, **(options or {})}


def panel_rules(
    panels: tuple[PanelSpec, ...], rules: Mapping[str, RuleSet] | RuleSet | None, default: RuleSet = RULE_1
) -> tuple[RuleMonitor, ...]:
    """Return one compiled rule set per panel.

    A bare set goes to the location panels, as ``default`` does when nothing is asked; rule 1 goes to all others.

    Raises:
        SpcValueError: an unknown panel, or a rule that makes no sense on its panel, with the reason.
    """
    if rules is not None and not isinstance(rules, RuleSet | Mapping):
        raise SpcValueError("rules", "a RuleSet, or a mapping from panel to RuleSet", rules)
    asked = rules if isinstance(rules, Mapping) else {}
    keys = [panel.key for panel in panels]
    for key in asked:
        if key not in keys:
            raise SpcValueError("rules", f"panels of this chart: {', '.join(keys)}", key)
    monitors = []
    for panel in panels:
        bare = rules if isinstance(rules, RuleSet) else default
        chosen = asked.get(panel.key, bare if panel.role == "location" else RULE_1)
        check_rules(
            chosen,
            panel.symmetric,
            panel.key in asked,
            zones=panel.zones,
            independent=panel.independent,
            series=panel.whole_series,
        )
        monitors.append(compile_rules(chosen))
    return tuple(monitors)


@checked
def estimate_stages(
    chart: Chart,
    observations: Sequence[Observation],
    options: Options | None = None,
    exclusions: Mapping[int, str] | None = None,
    *,
    baseline: Sequence[int] | None = None,
    standards: Params | None = None,
) -> dict[str, Limits]:
    """Estimate limits for each stage from the observations of that stage alone.

    Args:
        chart: an entry of ``CHARTS``.
        observations: of all stages.
        options: the chart's options.
        exclusions: 0-based position -> reason, in any stage.
        baseline: 0-based positions to use; a stage without any of them gets no limits.
        standards: see ``Chart.estimate``; the same for every stage.

    Returns:
        Stage name -> limits, in order of appearance.

    Raises:
        SpcValueError: as ``Chart.estimate``, for the stage that has too few observations.
    """
    reasons = exclusions or {}
    return {
        stage: chart.estimate(observations, options, rows, {at: reasons[at] for at in rows if at in reasons}, standards)
        for stage, rows in stage_rows(observations, baseline).items()
    }


def stage_rows(observations: Sequence[Observation], baseline: Sequence[int] | None = None) -> dict[str, list[int]]:
    """Return stage name -> the 0-based positions of the baseline in it, in order of appearance.

    Raises:
        SpcValueError: no observation, something else among them, or a position that none has.
    """
    if any(not isinstance(observation, Observation) for observation in observations):
        raise SpcValueError("observations", "a sequence of Observation")
    wanted = range(len(observations)) if baseline is None else positions_of("baseline", baseline, len(observations))
    rows: dict[str, list[int]] = {}
    for at in sorted({int(one) for one in wanted}):
        rows.setdefault(observations[at].stage, []).append(at)
    if not rows:
        raise SpcValueError("observations", "at least one observation")
    return rows
