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
from spc_desktop.spc.charts.columns import Columns, to_columns
from spc_desktop.spc.charts.engine import Chart
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
    exclusions: Mapping[int, str] | None = None,
    rules: RuleSet | Mapping[str, RuleSet] | None = None,
    panels: Sequence[str] | None = None,
    most_rounds: int = MOST_ROUNDS,
) -> PhaseOne:
    """Iterate limits over one baseline.

    Each round excludes every point that breaks a rule on one of ``panels``; no moving range crosses an excluded point.

    Args:
        chart: an entry of ``CHARTS``.
        observations: as for ``estimate``; one stage.
        options: the chart's options.
        exclusions: 0-based position -> reason, excluded from the first round on.
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
    if len(columns.segments()) > 1:
        raise SpcValueError("observations", "observations of one stage: each stage has a phase I of its own")
    reasons = dict(exclusions or {})
    rounds: list[Round] = []
    for _ in range(most_rounds):
        try:
            limits = chart.estimate(columns, options, exclusions=reasons)
        except SpcValueError:
            if not rounds:
                raise
            break
        beyond = _beyond(chart, limits, rules, columns, wanted)
        new = tuple(sorted(beyond.intersection(limits.provenance.baseline)))
        rounds.append(Round(limits, new))
        if not new:
            return PhaseOne(tuple(rounds), reasons, settled=True)
        reasons.update(dict.fromkeys(new, f"phase I, round {len(rounds)}"))
    return PhaseOne(tuple(rounds), reasons, settled=False)


def _beyond(
    chart: Chart,
    limits: Limits,
    rules: RuleSet | Mapping[str, RuleSet] | None,
    columns: Columns,
    panels: tuple[str, ...],
) -> set[int]:
    """Return the positions that complete a rule on one of the panels, judged with what these limits left out."""
    left_out = np.zeros(len(columns), dtype=np.bool_)
    left_out[[position for position, _ in limits.provenance.exclusions]] = True
    run = chart.monitor(limits, rules).run(replace(columns, excluded=left_out))
    found: set[int] = set()
    for panel, points in zip(chart.panels, run.panels, strict=True):
        if panel.key in panels:
            found.update(*(positions.tolist() for positions in points.signals.values()))
    return found
