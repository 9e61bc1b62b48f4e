"""Nested gauge R&R: each operator has parts of its own (destructive measurement)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.msa.components import (
    Component,
    Interval,
    Scale,
    balanced_table,
    component_table,
    distinct_categories,
    f_p_value,
    mls_interval,
    truncated_categories,
)
from spc_desktop.spc.msa.crossed import AnovaRow
from spc_desktop.spc.samples import FloatArray, probability


@dataclass(frozen=True, slots=True)
class NestedStudy:
    """ANOVA rows ``operator``, ``part``, ``repeatability``; components with the same names plus ``reproducibility``,
    ``gage`` and ``total``; the number of distinct categories truncated and raw.
    """

    shape: tuple[int, int, int]
    anova: Mapping[str, AnovaRow]
    components: Mapping[str, Component]
    ndc: int | None
    ndc_raw: float | None


@checked
def nested_layout(operators: Sequence[object], parts: Sequence[object], values: Sequence[float]) -> FloatArray:
    """Arrange rows as an array of shape (operators, parts per operator, repeats); part names may recur between operators.

    Raises:
        SpcValueError: lengths differ, or operators have different numbers of parts or repeats.
    """
    if not len(parts) == len(operators) == len(values) or not len(parts):
        raise SpcValueError("values", "as many operators and parts as values, at least one", len(values))
    cells: dict[object, dict[object, list[float]]] = {}
    for operator, part, value in zip(operators, parts, values, strict=True):
        cells.setdefault(operator, {}).setdefault(part, []).append(value)
    table = [list(inner.values()) for inner in cells.values()]
    if len({len(row) for row in table}) > 1 or len({len(cell) for row in table for cell in row}) > 1:
        raise SpcValueError("values", "as many parts for every operator and as many repeats of every part")
    return np.asarray(table, dtype=np.float64)


@checked
def gage_rr_nested(values: object, scale: Scale | None = None, confidence: float = 0.95) -> NestedStudy:
    """Analyse a nested study, both factors random (Montgomery, Design and Analysis of Experiments, section 14.1).

    Args:
        values: shape (operators, parts per operator, repeats).
        scale: tolerance, process deviation and study multiple (6).
        confidence: of the modified large sample intervals.

    Raises:
        SpcValueError: fewer than 2 of anything, missing or infinite values, or all values equal.
    """
    y = _table(values)
    probability(confidence, "confidence")
    a, b, r = y.shape
    rows = _anova(y)
    operator, part, error = rows["operator"], rows["part"], rows["repeatability"]
    v = {
        "repeatability": error.ms,
        "reproducibility": max(0.0, (operator.ms - part.ms) / (b * r)),
        "part": max(0.0, (part.ms - error.ms) / r),
    }
    v["gage"] = v["repeatability"] + v["reproducibility"]
    v["total"] = v["gage"] + v["part"]
    o, p, e = ((row.ms, row.df) for row in (operator, part, error))
    br = b * r
    terms = {
        "repeatability": [(1.0, *e)],
        "reproducibility": [(1 / br, *o), (-1 / br, *p)],
        "part": [(1 / r, *p), (-1 / r, *e)],
        "gage": [(1 / br, *o), (-1 / br, *p), (1.0, *e)],
        "total": [(1 / br, *o), ((b - 1) / br, *p), ((r - 1) / r, *e)],
    }
    intervals: dict[str, Interval] = {name: mls_interval(term, confidence) for name, term in terms.items()}
    components = component_table(v, intervals, scale or Scale())
    raw = distinct_categories(components["part"].sd, components["gage"].sd)
    return NestedStudy((int(a), int(b), int(r)), rows, components, truncated_categories(raw), raw)


def _table(values: object) -> FloatArray:
    shape = "as many parts for every operator and as many repeats"
    return balanced_table(values, shape, "at least 2 operators, 2 parts each and 2 repeats")


def _anova(y: FloatArray) -> dict[str, AnovaRow]:
    a, b, r = y.shape
    y = y - y.mean()
    operator, cell = y.mean(axis=(1, 2)), y.mean(axis=2)
    ss = (
        b * r * float(np.sum(operator**2)),
        r * float(np.sum((cell - operator[:, None]) ** 2)),
        float(np.sum((y - cell[:, :, None]) ** 2)),
    )
    df = (a - 1.0, a * (b - 1.0), a * b * (r - 1.0))
    ms = [s / d for s, d in zip(ss, df, strict=True)]
    f_operator = ms[0] / ms[1] if ms[1] > 0 else None
    f_part = ms[1] / ms[2] if ms[2] > 0 else None
    return {
        "operator": AnovaRow(df[0], ss[0], ms[0], f_operator, f_p_value(f_operator, df[0], df[1])),
        "part": AnovaRow(df[1], ss[1], ms[1], f_part, f_p_value(f_part, df[1], df[2])),
        "repeatability": AnovaRow(df[2], ss[2], ms[2]),
    }
