"""Crossed gauge R&R by ANOVA: every operator measures every part several times.

Both models side by side: with the interaction and with it pooled into the repeatability; which one is meant is a matter of
``alpha`` (0.05 is usual, AIAG used 0.25).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.msa.components import (
    Component,
    Interval,
    Scale,
    Term,
    balanced_table,
    component_table,
    distinct_categories,
    f_p_value,
    mls_interval,
    truncated_categories,
)
from spc_desktop.spc.samples import FloatArray, probability


@dataclass(frozen=True, slots=True)
class AnovaRow:
    """One source of an analysis of variance; ``f`` and ``p`` are None where nothing is tested."""

    df: float
    ss: float
    ms: float
    f: float | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class GageModel:
    """Variance components of one model, and the number of distinct categories truncated and raw.

    ``components`` has ``repeatability``, ``operator``, ``interaction``, ``reproducibility``, ``gage``, ``part``, ``total``.
    """

    components: Mapping[str, Component]
    ndc: int | None
    ndc_raw: float | None


@dataclass(frozen=True, slots=True)
class CrossedStudy:
    """ANOVA table (``part``, ``operator``, ``interaction``, ``repeatability``), both models, and the one alpha chooses.

    ``repeatability_sd_interval`` is exact, from the full model.
    """

    shape: tuple[int, int, int]
    anova: Mapping[str, AnovaRow]
    total_ss: float
    full: GageModel
    reduced: GageModel
    alpha: float
    keeps_interaction: bool
    repeatability_sd_interval: Interval

    @property
    def chosen(self) -> GageModel:
        """The model with the interaction when it is significant at ``alpha``, else the reduced one."""
        return self.full if self.keeps_interaction else self.reduced


@checked
def crossed_layout(parts: Sequence[object], operators: Sequence[object], values: Sequence[float]) -> FloatArray:
    """Arrange rows (part, operator, value) as an array of shape (parts, operators, repeats), in order of appearance.

    Raises:
        SpcValueError: lengths differ, or a part and operator have more or fewer repeats than the others.
    """
    if not len(parts) == len(operators) == len(values) or not len(parts):
        raise SpcValueError("values", "as many parts and operators as values, at least one", len(values))
    cells: dict[tuple[object, object], list[float]] = {}
    for part, operator, value in zip(parts, operators, values, strict=True):
        cells.setdefault((part, operator), []).append(value)
    part_names, operator_names = list(dict.fromkeys(parts)), list(dict.fromkeys(operators))
    repeats = len(next(iter(cells.values())))
    uneven = [(p, o) for p in part_names for o in operator_names if len(cells.get((p, o), ())) != repeats]
    if uneven:
        raise SpcValueError("values", f"{repeats} repeats of every part by every operator", uneven[0])
    return measurements([[cells[p, o] for o in operator_names] for p in part_names])


def measurements(values: object) -> FloatArray:
    """Check a crossed table of shape (parts, operators, repeats), each at least 2, without gaps.

    Raises:
        SpcValueError: another shape, missing or infinite values, or all values equal.
    """
    shape = "the same number of repeats for every part and operator"
    return balanced_table(values, shape, "at least 2 parts, 2 operators and 2 repeats")


@checked
def gage_rr_crossed(
    values: object, scale: Scale | None = None, alpha: float = 0.05, confidence: float = 0.95
) -> CrossedStudy:
    """Analyse a crossed study, parts and operators random (Montgomery 8.7; AIAG MSA-4, III.B).

    The F ratios of part and operator have the interaction as denominator.

    Args:
        values: shape (parts, operators, repeats).
        scale: tolerance, process deviation and study multiple (6).
        alpha: the interaction is kept when its p-value is below.
        confidence: of the intervals of the variance components (modified large sample).

    Raises:
        SpcValueError: see ``measurements``; alpha or confidence outside (0, 1).
    """
    y = measurements(values)
    probability(alpha, "alpha")
    probability(confidence, "confidence")
    scale = scale or Scale()
    rows, total_ss = _anova(y)
    interaction, error = rows["interaction"], rows["repeatability"]
    pooled = _row(interaction.df + error.df, interaction.ss + error.ss)
    shape = (int(y.shape[0]), int(y.shape[1]), int(y.shape[2]))
    p = interaction.p
    return CrossedStudy(
        shape,
        rows,
        total_ss,
        _model(shape, rows, interaction, error, scale, confidence),
        _model(shape, rows, pooled, pooled, scale, confidence),
        alpha,
        (p is not None and p < alpha) or (p is None and interaction.ss > 0),
        _sd_interval(error, confidence),
    )


def reml_components(study: CrossedStudy) -> dict[str, float]:
    """Restricted maximum likelihood of the full model: ``interaction``, ``operator``, ``part``, ``repeatability``.

    In a balanced design it equals the ANOVA estimates where none is negative; otherwise the mean squares that are in the
    wrong order are pooled (Herbach 1959; Searle, Casella, McCulloch 1992, section 4.3).
    """
    p, o, r = study.shape
    a = study.anova
    error, inner, operator, part = ((a[k].ss, a[k].df) for k in ("repeatability", "interaction", "operator", "part"))
    pools = [[error], [inner], [operator], [part]]
    while (pair := _wrong_order(pools)) is not None:
        low, high = pair
        pools[low] = pools[high] = [*pools[low], *[term for term in pools[high] if term not in pools[low]]]
        for position, pool in enumerate(pools):
            if any(term in pools[low] for term in pool):
                pools[position] = pools[low]
    ms_e, ms_i, ms_o, ms_p = (sum(ss for ss, _ in pool) / sum(df for _, df in pool) for pool in pools)
    return {
        "interaction": (ms_i - ms_e) / r,
        "operator": (ms_o - ms_i) / (p * r),
        "part": (ms_p - ms_i) / (o * r),
        "repeatability": ms_e,
    }


def _wrong_order(pools: Sequence[Sequence[tuple[float, float]]]) -> tuple[int, int] | None:
    """Mean squares must rise from error to interaction, and from interaction to operator and to part: the worst breach."""
    means = [sum(ss for ss, _ in pool) / sum(df for _, df in pool) for pool in pools]
    breaches = [(means[low] - means[high], low, high) for low, high in ((0, 1), (1, 2), (1, 3))]
    worst = max(breaches)
    return (worst[1], worst[2]) if worst[0] > 1e-15 * max(means) else None


def _anova(y: FloatArray) -> tuple[dict[str, AnovaRow], float]:
    p, o, r = y.shape
    y = y - y.mean()
    part, operator, cell = y.mean(axis=(1, 2)), y.mean(axis=(0, 2)), y.mean(axis=2)
    inner = _row((p - 1) * (o - 1), r * float(np.sum((cell - part[:, None] - operator[None, :]) ** 2)))
    error = _row(p * o * (r - 1), float(np.sum((y - cell[:, :, None]) ** 2)))
    rows = {
        "part": _tested(_row(p - 1, o * r * float(np.sum(part**2))), inner),
        "operator": _tested(_row(o - 1, p * r * float(np.sum(operator**2))), inner),
        "interaction": _tested(inner, error),
        "repeatability": error,
    }
    return rows, float(np.sum(y**2))


def _row(df: float, ss: float) -> AnovaRow:
    return AnovaRow(float(df), ss, ss / df)


def _tested(row: AnovaRow, against: AnovaRow) -> AnovaRow:
    f = row.ms / against.ms if against.ms > 0 else None
    return AnovaRow(row.df, row.ss, row.ms, f, f_p_value(f, row.df, against.df))


def _model(
    shape: tuple[int, int, int],
    rows: Mapping[str, AnovaRow],
    inner: AnovaRow,
    error: AnovaRow,
    scale: Scale,
    confidence: float,
) -> GageModel:
    """``inner`` and ``error`` are the same row in the reduced model."""
    p, o, r = shape
    part, operator = rows["part"], rows["operator"]
    full = inner is not error
    v = {
        "repeatability": error.ms,
        "operator": max(0.0, (operator.ms - inner.ms) / (p * r)),
        "interaction": max(0.0, (inner.ms - error.ms) / r),
    }
    v["reproducibility"] = v["operator"] + v["interaction"]
    v["gage"] = v["repeatability"] + v["reproducibility"]
    v["part"] = max(0.0, (part.ms - inner.ms) / (o * r))
    v["total"] = v["gage"] + v["part"]
    mls = {name: mls_interval(terms, confidence) for name, terms in _terms(shape, part, operator, inner, error).items()}
    if not full:
        mls.pop("interaction", None)
    components = component_table(v, mls, scale)
    raw = distinct_categories(components["part"].sd, components["gage"].sd)
    return GageModel(components, truncated_categories(raw), raw)


def _terms(
    shape: tuple[int, int, int], part: AnovaRow, operator: AnovaRow, inner: AnovaRow, error: AnovaRow
) -> dict[str, list[Term]]:
    """Each component as a linear combination of mean squares."""
    p, o, r = shape
    combinations: dict[str, tuple[float, float, float, float]] = {
        "repeatability": (0, 0, 0, 1),
        "operator": (0, 1 / (p * r), -1 / (p * r), 0),
        "interaction": (0, 0, 1 / r, -1 / r),
        "reproducibility": (0, 1 / (p * r), (p - 1) / (p * r), -1 / r),
        "gage": (0, 1 / (p * r), (p - 1) / (p * r), (r - 1) / r),
        "part": (1 / (o * r), 0, -1 / (o * r), 0),
        "total": (1 / (o * r), 1 / (p * r), (p * o - p - o) / (p * o * r), (r - 1) / r),
    }
    if inner is error:  # one mean square stands for both: its coefficients add up
        combinations = {name: (a, b, c + d, 0) for name, (a, b, c, d) in combinations.items()}
    rows = (part, operator, inner, error)
    return {
        name: [(c, row.ms, row.df) for c, row in zip(coefficients, rows, strict=True) if c]
        for name, coefficients in combinations.items()
        if any(coefficients)
    }


def _sd_interval(row: AnovaRow, confidence: float) -> Interval:
    low, high = mls_interval([(1.0, row.ms, row.df)], confidence)
    return math.sqrt(low), math.sqrt(high)
