"""The capability review of one characteristic: indices, whether they may be trusted, how they stand against what is required.

Called by the capability page and by the report. Pure: points in, a ``Review`` out; it takes some milliseconds, so call it in
a thread. The gates follow AIAG SPC (2nd ed. 2005, chapter IV): indices mean something only for a stable process, with
enough subgroups, under the distribution they assume.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spc_desktop.domain.capability_summary import (
    check_capability,
    estimator_of,
    specification_of,
    study_of,
    table_of,
)
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.point import Point
from spc_desktop.domain.watch import Watch
from spc_desktop.spc.capability.attribute import (
    BinomialCapability,
    PoissonCapability,
    binomial_capability,
    poisson_capability,
)
from spc_desktop.spc.capability.nonnormal import percentile_capability
from spc_desktop.spc.capability.normal import CapabilityStudy
from spc_desktop.spc.capability.transformed import METHODS, TransformedCapability, transformed_capability
from spc_desktop.spc.distributions import (
    DISTRIBUTIONS,
    TWO_PARAMETER,
    DistributionFit,
    cdf,
    fit_distribution,
    fit_p_value,
    rank_distributions,
)
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.normality import NormalityTest, anderson_darling
from spc_desktop.spc.transforms import box_cox, yeo_johnson

FloatArray = NDArray[np.float64]

LEAST_SUBGROUPS = 25
LEAST_VALUES = 100
"""Both are asked for (AIAG SPC: 25 subgroups or more, and 100 or more values)."""
ALPHA = 0.05
"""A normal distribution is doubted where the Anderson-Darling test gives a smaller p."""
REPLICATES = 199
"""Samples drawn for the p-value of a fit: its standard error at 0.05 is 0.015."""
LEAST_HALF = 10
"""Subgroups that each half needs before a trend is told."""
BEST = "best"
"""Choose the family by Anderson-Darling."""
CHOICES = ("normal", BEST, *METHODS, *(name for name in DISTRIBUTIONS if name != "normal"))
"""What the indices can be computed under."""


_DEFECTIVES = frozenset({"p", "np", "laney_p", "ewma_p", "cusum_p"})
_DEFECTS = frozenset({"c", "u", "laney_u", "ewma_u", "cusum_u", "ewma_c", "cusum_c"})


class Standing(Enum):
    """How the process stands against what is required, the worst first."""

    INCAPABLE = "incapable"
    """The index itself is below."""
    UNPROVEN = "unproven"
    """The index is not below, but its 95 % lower bound is."""
    CAPABLE = "capable"
    NONE = "none"
    """Nothing is required, or there is no index."""


class Gate(NamedTuple):
    """A condition without which an index says little."""

    kind: str
    """``stable``, ``size`` or ``normal``."""
    passed: bool
    found: Mapping[str, float]
    """``stable``: signals, points. ``size``: subgroups, values, missing (subgroups). ``normal``: p (where it has one)."""


@dataclass(frozen=True)
class Law:
    """The distribution that the overall index is computed under."""

    name: str
    """One of ``CHOICES``, never ``best``."""
    score: Callable[[FloatArray], FloatArray]
    """Value -> the standard normal score with the same cumulative probability; NaN where the law has no values."""
    pp: float | None
    ppk: float
    bound: float | None
    """95 % lower bound of ``ppk``, where one is known."""
    ppm: float
    p: float | None
    """p-value of its fit, where one is known."""


@dataclass(frozen=True)
class Review:
    """Everything that is shown of a characteristic; ``problem`` says why there is no study."""

    watch: Watch
    points: tuple[Point, ...]
    """As read, in order, those left out too."""
    values: FloatArray
    """All values that count, in order."""
    gates: tuple[Gate, ...] = ()
    study: CapabilityStudy | None = None
    law: Law | None = None
    normality: NormalityTest | None = None
    counts: BinomialCapability | PoissonCapability | None = None
    trend: int = 0
    """+1: the newer half is better than the older one, -1: worse, 0: neither is certain."""
    problem: UserError | None = None

    @property
    def used(self) -> tuple[Point, ...]:
        """Return the points that count."""
        return tuple(point for point in self.points if not point.excluded)

    @property
    def required(self) -> float:
        """Return the least Cpk that the control plan asks for."""
        return self.watch.plan.min_cpk

    @property
    def index(self) -> float | None:
        """Return what is judged: Cpk under the normal distribution, else Ppk of the law that was chosen."""
        if self.study is None or self.law is None:
            return None
        if self.law.name == "normal" and self.study.within is not None:
            return self.study.within.cpk
        return self.law.ppk

    @property
    def bound(self) -> float | None:
        """Return the 95 % lower bound of the index, where one is known."""
        if self.study is None or self.law is None:
            return None
        if self.law.name == "normal" and self.study.within is not None:
            return self.study.within.cpk_bound
        return self.law.bound

    @property
    def trusted(self) -> bool:
        """Tell whether every gate is passed."""
        return all(gate.passed for gate in self.gates)

    @property
    def standing(self) -> Standing:
        """Return how the index stands, whether or not it may be trusted."""
        index, bound = self.index, self.bound
        if index is None:
            return Standing.NONE
        if index < self.required:
            return Standing.INCAPABLE
        return Standing.CAPABLE if bound is None or bound >= self.required else Standing.UNPROVEN

    @property
    def risk(self) -> float:
        """Return the key of the ranking, the smallest first: the lower bound (else the index) over what is required."""
        shown = self.bound if self.bound is not None else self.index
        return float("inf") if shown is None else shown / max(self.required, 1e-9)


def review(watch: Watch, points: Sequence[Point], choice: str = "normal") -> Review:
    """Review the points of one characteristic.

    Args:
        watch: plan, specification and chart.
        points: in order; excluded ones are kept for the picture and count nowhere.
        choice: one of ``CHOICES``.
    """
    kept = tuple(points)
    used = [point for point in kept if not point.excluded]
    values = np.array([value for point in used for value in point.values], dtype=np.float64)
    made = Review(watch, kept, values)
    try:
        if watch.counts:
            return _counted(made, used)
        check_capability(watch)
        if watch.variables > 1:
            raise UserError("not_for_vectors")
        if len({point.part for point in used}) > 1:
            raise UserError("not_for_parts")
        if not used:
            raise UserError("no_points")
        return _measured(made, used, choice)
    except UserError as error:
        return Review(watch, kept, values, problem=error)
    except SpcValueError as error:
        problem = UserError("no_capability", argument=error.argument, allowed=error.allowed)
        return Review(watch, kept, values, _first_gates(used, values.size), problem=problem)


def _first_gates(used: Sequence[Point], values: int) -> tuple[Gate, ...]:
    signals = sum(1 for point in used if any(panel.violations for panel in point.panels))
    stable = Gate("stable", signals == 0, {"signals": signals, "points": len(used)})
    per = max(1.0, values / max(1, len(used)))
    missing = max(LEAST_SUBGROUPS - len(used), int(np.ceil((LEAST_VALUES - values) / per)), 0)
    return stable, Gate("size", missing == 0, {"subgroups": len(used), "values": values, "missing": missing})


def _measured(made: Review, used: list[Point], choice: str) -> Review:
    study = study_of(made.watch, used)
    normality = _normality(made.values)
    law = _law(made, used, study, normality, choice)
    fits = law.p is None or law.p >= ALPHA
    normal = Gate("normal", fits, {} if law.p is None else {"p": law.p})
    gates = (*_first_gates(used, made.values.size), normal)
    trend = _trend(made.watch, used)
    return Review(made.watch, made.points, made.values, gates, study, law, normality, trend=trend)


def _normality(values: FloatArray) -> NormalityTest | None:
    try:
        return anderson_darling(values)
    except SpcValueError:  # fewer values than the test needs
        return None


def _law(made: Review, used: list[Point], study: CapabilityStudy, normality: NormalityTest | None, choice: str) -> Law:
    if choice == "normal":
        overall = study.overall
        p = normality.p if normality else None
        score = _normal_score(study.mean, overall.sigma)
        return Law("normal", score, overall.cp, overall.cpk, overall.cpk_bound, overall.ppm_total, p)
    if choice in METHODS:
        return _transformed(made.watch, used, choice)
    ranking = rank_distributions(made.values, TWO_PARAMETER) if choice == BEST else None
    fit = ranking.best if ranking else fit_distribution(made.values, choice)
    found = percentile_capability(fit, specification_of(made.watch))
    if found.ppk is None:
        raise SpcValueError("specification", "a limit that is judged")

    p = fit_p_value(fit, REPLICATES)
    return Law(fit.name, _fitted_score(fit), found.pp, found.ppk, None, found.ppm_total, p)


def _fitted_score(fit: DistributionFit) -> Callable[[FloatArray], FloatArray]:
    def score(x: FloatArray) -> FloatArray:
        from scipy.special import ndtri  # noqa: PLC0415

        scores: FloatArray = ndtri(cdf(fit.name, fit.parameters, x))
        return np.where(np.isfinite(scores), scores, np.nan)

    return score


def _normal_score(mean: float, sigma: float) -> Callable[[FloatArray], FloatArray]:
    return lambda x: (x - mean) / sigma


def _transformed(watch: Watch, used: list[Point], method: str) -> Law:
    found = transformed_capability(table_of(watch, used), specification_of(watch), method, within=estimator_of(watch))
    overall, centre = found.study.overall, found.study.mean

    def score(x: FloatArray) -> FloatArray:
        scores = np.full(x.shape, np.nan)
        inside = _inside(found, x)
        if inside.any():
            scores[inside] = (_moved(found, x[inside]) - centre) / overall.sigma
        return scores

    return Law(method, score, overall.cp, overall.cpk, overall.cpk_bound, overall.ppm_total, found.normality_p)


def _inside(found: TransformedCapability, x: FloatArray) -> NDArray[np.bool_]:
    curve = found.curve
    if curve is not None:
        return np.array([curve.covers(one) for one in x.reshape(-1, 1)], dtype=bool)
    return x > 0 if found.method == "box_cox" else np.ones(x.shape, dtype=bool)


def _moved(found: TransformedCapability, x: FloatArray) -> FloatArray:
    if found.curve is not None:
        return found.curve.transform(x)
    return (box_cox if found.method == "box_cox" else yeo_johnson)(x, found.lmbda or 0.0)


def _trend(watch: Watch, used: list[Point]) -> int:
    """Compare the halves: certain where each index lies outside the other's interval."""
    half = len(used) // 2
    if half < LEAST_HALF:
        return 0
    try:
        older, newer = (study_of(watch, part).within for part in (used[:half], used[half:]))
    except SpcValueError:
        return 0
    if older is None or newer is None or older.cpk_interval is None or newer.cpk_interval is None:
        return 0
    if newer.cpk > older.cpk_interval[1] and older.cpk < newer.cpk_interval[0]:
        return 1
    return -1 if newer.cpk < older.cpk_interval[0] and older.cpk > newer.cpk_interval[1] else 0


def _counted(made: Review, used: list[Point]) -> Review:
    """Defectives of p and np charts, defects of c and u charts; the others count what has no capability."""
    chart = made.watch.plan.chart
    if chart not in _DEFECTIVES | _DEFECTS:
        raise UserError("not_for_counts")
    if not used:
        raise UserError("no_points")
    found = [point.values[0] for point in used]
    sizes = [1.0 if point.size is None else float(point.size) for point in used]
    count = binomial_capability if chart in _DEFECTIVES else poisson_capability
    gates = (_first_gates(used, len(used))[0], _enough_counts(used))
    return Review(made.watch, made.points, made.values, gates, counts=count(found, sizes))


def _enough_counts(used: Sequence[Point]) -> Gate:
    missing = max(0, LEAST_SUBGROUPS - len(used))
    return Gate("size", missing == 0, {"subgroups": len(used), "values": len(used), "missing": missing})


class WhatIf(NamedTuple):
    """Indices that the process would have."""

    cp: float | None
    cpk: float


def what_if(made: Review, *, centred: bool, less: float) -> WhatIf | None:
    """Tell the indices after a change, under the normal distribution.

    Args:
        made: a review with a study.
        centred: the mean moved to the middle of the limits (to the target where there is only one limit and a target).
        less: share taken off sigma, 0 to below 1.
    """
    study = made.study
    if study is None:
        return None
    sigma = (study.within or study.overall).sigma * (1.0 - less)
    spec = study.specification
    lower, upper = spec.judged_lower, spec.judged_upper
    mean = study.mean
    if centred and lower is not None and upper is not None:
        mean = (lower + upper) / 2
    elif centred and spec.target is not None:
        mean = spec.target
    sides = [(mean - lower) if lower is not None else None, (upper - mean) if upper is not None else None]
    cp = (upper - lower) / (6 * sigma) if lower is not None and upper is not None else None
    return WhatIf(cp, min(side for side in sides if side is not None) / (3 * sigma))


def fingerprint(made: Review) -> str:
    """Return SHA-256 of code, specification, positions and values: the same data always has the same one."""
    characteristic = made.watch.characteristic
    digest = hashlib.sha256()
    about = (
        made.watch.product.code,
        characteristic.code,
        characteristic.lsl,
        characteristic.target,
        characteristic.usl,
    )
    digest.update(repr(about).encode())
    for point in made.points:
        line = (point.index, point.excluded, point.size, tuple(value.hex() for value in map(float, point.values)))
        digest.update(repr(line).encode())
    return digest.hexdigest()
