"""Phase I: estimate, leave out the points beyond the limits, estimate again, until none is left.

Called by the study screens. It proposes: nothing here changes the limits that are in force. Source: Montgomery section 6.2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.charts.base import Limits, Observation
from spc_desktop.spc.charts.columns import Columns, positions_of, to_columns
from spc_desktop.spc.charts.engine import Chart, stage_rows
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.rules import RuleSet

MOST_ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Round:
    """Limits of one round, and the positions that they newly exclude."""

    limits: Limits
    excluded: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PhaseOne:
    """All rounds and every exclusion with its reason.

    ``settled``: the last round excludes nothing. Otherwise the rounds ran out, or too few points were left to go on.
    """

    rounds: tuple[Round, ...]
    exclusions: Mapping[int, str]
    settled: bool

    @property
    def limits(self) -> Limits:
        """The limits of the last round."""
        return self.rounds[-1].limits


@checked
def phase_one(
    chart: Chart,
    observations: Sequence[Observation] | NDArray[np.float64],
    options: Mapping[str, Any] | None = None,
    *,
    baseline: Sequence[int] | None = None,
    exclusions: Mapping[int, str] | None = None,
    standards: Mapping[str, Any] | None = None,
    rules: RuleSet | Mapping[str, RuleSet] | None = None,
    panels: Sequence[str] | None = None,
    most_rounds: int = MOST_ROUNDS,
) -> PhaseOne:
    """Iterate limits over one baseline.

    Each round excludes every point that breaks a rule on one of ``panels``; no moving range crosses an excluded point.

    Args:
        chart: an entry of ``CHARTS``.
        observations: as for ``estimate``; a baseline within one stage.
        options: the chart's options.
        baseline: 0-based positions to use, all when None; no pattern reaches into it from outside.
        exclusions: 0-based position -> reason, excluded from the first round on.
        standards: parameters that are known, see ``Chart.estimate``.
        rules: as for ``monitor``; rule 1 when None.
        panels: panel keys whose violations exclude; the location panels when None.
        most_rounds: at least 1.

    Raises:
        SpcValueError: the first round has too few points, or an argument has no meaning.
    """
    if most_rounds < 1:
        raise SpcValueError("most_rounds", "at least 1", most_rounds)
    wanted = tuple(panels) if panels is not None else tuple(p.key for p in chart.panels if p.role == "location")
    for key in wanted:
        if key not in [panel.key for panel in chart.panels]:
            raise SpcValueError("panels", f"panels of this chart: {', '.join(p.key for p in chart.panels)}", key)
    columns = to_columns(observations)
    inside = range(len(columns)) if baseline is None else positions_of("baseline", baseline, len(columns)).tolist()
    if columns.stages is not None and len({columns.stages[at] for at in inside}) > 1:
        raise SpcValueError("observations", "a baseline in one stage: see phase_one_stages for several")
    reasons = dict(exclusions or {})
    rounds: list[Round] = []
    for _ in range(most_rounds):
        try:
            limits = chart.estimate(columns, options, baseline, reasons, standards)
        except SpcValueError:
            if not rounds:
                raise
            break
        new = _beyond(chart, limits, rules, columns, wanted)
        rounds.append(Round(limits, new))
        if not new:
            return PhaseOne(tuple(rounds), reasons, settled=True)
        reasons.update(dict.fromkeys(new, f"phase I, round {len(rounds)}"))
    return PhaseOne(tuple(rounds), reasons, settled=False)


@checked
def phase_one_stages(
    chart: Chart,
    observations: Sequence[Observation],
    options: Mapping[str, Any] | None = None,
    *,
    baseline: Sequence[int] | None = None,
    exclusions: Mapping[int, str] | None = None,
    standards: Mapping[str, Any] | None = None,
    rules: RuleSet | Mapping[str, RuleSet] | None = None,
    panels: Sequence[str] | None = None,
    most_rounds: int = MOST_ROUNDS,
) -> dict[str, PhaseOne]:
    """Run ``phase_one`` for each stage on the baseline in it.

    Returns:
        Stage name -> its phase I, in order of appearance; positions count from the first observation of all.

    Raises:
        SpcValueError: as ``phase_one``, for the stage that has too few observations.
    """
    reasons = exclusions or {}
    return {
        stage: phase_one(
            chart,
            observations,
            options,
            baseline=rows,
            exclusions={at: reasons[at] for at in rows if at in reasons},
            standards=standards,
            rules=rules,
            panels=panels,
            most_rounds=most_rounds,
        )
        for stage, rows in stage_rows(observations, baseline).items()
    }


def _beyond(
    chart: Chart,
    limits: Limits,
    rules: RuleSet | Mapping[str, RuleSet] | None,
    columns: Columns,
    panels: tuple[str, ...],
) -> tuple[int, ...]:
    """Return the positions of the baseline that complete a rule on one of the panels, judged by what made these limits."""
    left_out = np.ones(len(columns), dtype=np.bool_)
    left_out[list(limits.provenance.baseline)] = False
    run = chart.monitor(limits, rules).run(replace(columns, excluded=left_out))
    found: set[int] = set()
    for panel, points in zip(chart.panels, run.panels, strict=True):
        if panel.key in panels:
            found.update(*(positions.tolist() for positions in points.signals.values()))
    return tuple(sorted(found.intersection(limits.provenance.baseline)))
