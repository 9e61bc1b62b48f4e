"""The multivariate EWMA chart (Lowry, Woodall, Champ & Rigdon 1992, Technometrics 34).

z_i = lambda (x_i - mu) + (1 - lambda) z_(i-1); plotted is z' S_z^-1 z with S_z = f S, where f is lambda / (2 - lambda) times
1 - (1 - lambda)^(2 i) for exact limits. The limit h is given, or found for a wanted in-control ARL.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arl_mewma import mewma_limit
from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns
from spc_desktop.spc.charts.engine import Chart, Fit, Options, Params
from spc_desktop.spc.charts.factors import choice, known, number, only, positive
from spc_desktop.spc.charts.fold import PanelColumns, Row, fold
from spc_desktop.spc.charts.multivariate import (
    Covariance,
    blocks,
    covariance,
    one_block,
    present_blocks,
    successive_covariance,
    variables,
)
from spc_desktop.spc.errors import SpcValueError

FloatArray = NDArray[np.float64]
# Number of points so far (the exact variance needs it) and the p components of z.
Memory = tuple[int, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class MewmaTrack:
    """The recursion over observations of p values. An interruption starts it anew."""

    cov: Covariance
    weight: float
    exact: bool
    limit: float

    def start(self) -> Memory:
        """Return the memory before the first observation."""
        return 0, (0.0,) * self.cov.p

    def interrupt(self, memory: Memory) -> Memory:
        """Forget what came before."""
        return self.start()

    def step(self, memory: Memory, observation: Observation) -> tuple[Memory, tuple[Row, ...]]:
        """Return the new memory and the row of T²."""
        block = one_block(observation.values, self.cov.p, 1)
        memory, found = self._advance(memory, *([None] * self.cov.p if block is None else [row[0] for row in block]))
        return memory, ((None if found is None else found[0], None, None, self.limit, None),)

    def run(self, columns: Columns, memory: Memory) -> tuple[tuple[PanelColumns, ...], Memory]:
        """Return the columns of T²."""
        table = blocks(columns.values, self.cov.p, 1)
        inputs = [np.ascontiguousarray(table[:, i, 0]) for i in range(self.cov.p)]
        found, memory = fold(self._advance, self.interrupt, memory, inputs, columns.breaks(), 1)
        return (PanelColumns(found[0], math.nan, math.nan, self.limit, math.nan),), memory

    def vectors(self, data: FloatArray) -> FloatArray:
        """Return z after each row of ``data`` (shape (m, p), none missing), shape (m, p)."""
        memory, rows = self.start(), []
        for row in data.tolist():
            memory, _ = self._advance(memory, *row)
            rows.append(memory[1])
        return np.array(rows)

    def _advance(self, memory: Memory, *values: float | None) -> tuple[Memory, tuple[float] | None]:
        if any(x is None or math.isnan(x) for x in values):
            return self.start(), None
        count, last = memory
        # Beyond this the exact variance has converged to the last bit, and the memory need not count on.
        count = min(count + 1, _CONVERGED)
        keep = 1 - self.weight
        parts: Any = zip(values, self.cov.center, last, strict=True)
        z = tuple([self.weight * (x - mu) + keep * old for x, mu, old in parts])
        factor = self.weight / (2 - self.weight)
        if self.exact:
            factor *= 1 - keep ** (2 * count)
        return (count, z), (float(self.cov.quadratic(z)) / factor,)


_CONVERGED = 1_000_000


def _track(params: Params, options: Options) -> MewmaTrack:
    only(params, "center", "cov")
    cov = covariance(params)
    weight = number(options, "lambda")
    if not 0 < weight <= 1:
        raise SpcValueError("lambda", "above 0 and at most 1", weight)
    exact = choice(options, "limits", ("exact", "asymptotic")) == "exact"
    if options["h"] is not None:
        return MewmaTrack(cov, weight, exact, positive(options, "h"))
    return MewmaTrack(cov, weight, exact, mewma_limit(cov.p, weight, number(options, "arl0")))


def _fit(columns: Columns, options: Options) -> Fit:
    p = variables(options)
    table = present_blocks(columns, p)
    if table.shape[2] != 1:
        raise SpcValueError("observations", f"one value of each of {p} variables per observation")
    estimator = choice(options, "covariance", ("sample", "successive"))
    center, cov = known(options, "center"), known(options, "cov")
    if center is None:
        center = table[:, :, 0].mean(axis=0).tolist()
    if cov is None and estimator == "sample":
        cov = np.atleast_2d(np.cov(table[:, :, 0], rowvar=False)).tolist()
    elif cov is None:
        cov = successive_covariance(blocks(columns.values, p)[:, :, 0], columns).tolist()
    return Fit({"center": center, "cov": cov}, f"{estimator} covariance")


MEWMA_CHART = Chart(
    "mewma",
    (PanelSpec("mewma", "T²", symmetric=False, independent=False, zones=False),),
    "multivariate",
    {"variables": 2, "lambda": 0.1, "limits": "exact", "h": None, "arl0": 200.0, "covariance": "successive"},
    _fit,
    _track,
)
