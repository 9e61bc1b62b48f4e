"""The lag-1 autocorrelation of a series, and from which size it makes control limits mislead."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.subgroups import LARGEST

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Autocorrelation:
    """Lag-1 autocorrelation ``r1`` of ``n`` values (None when they do not vary), and the size from which it warns."""

    r1: float | None
    n: int
    threshold: float

    @property
    def warns(self) -> bool:
        """Whether neighbouring values are related, so that limits from neighbours mislead."""
        return self.r1 is not None and abs(self.r1) > self.threshold


@checked
def lag1_autocorrelation(values: FloatArray, breaks: NDArray[np.bool_] | None = None) -> Autocorrelation:
    """Return the lag-1 autocorrelation (Box & Jenkins 1970) and Bartlett's (1946) limit of 2 / sqrt(n).

    Args:
        values: shape (m,); NaN is a gap, across which nothing is compared.
        breaks: shape (m,); True where a new stage starts, which has a mean of its own.

    Raises:
        SpcValueError: fewer than 3 values, an infinite one, or shapes that differ.
    """
    x = np.array(values, dtype=np.float64)
    if x.ndim != 1 or (np.abs(x) >= LARGEST).any():
        raise SpcValueError("values", "an array of one dimension of finite numbers", x.shape)
    if breaks is not None and np.shape(breaks) != x.shape:
        raise SpcValueError("breaks", f"an array of shape {x.shape}", np.shape(breaks))
    n = int(np.count_nonzero(~np.isnan(x)))
    if n < 3:
        raise SpcValueError("values", "at least 3 values", n)
    starts = np.zeros(x.size, dtype=np.bool_) if breaks is None else np.asarray(breaks, dtype=np.bool_)
    stage = np.cumsum(starts)
    for one in np.unique(stage):
        inside = (stage == one) & ~np.isnan(x)
        if inside.any():
            x[inside] -= np.mean(x[inside])
    total = float(np.nansum(x * x))
    products = x[1:] * x[:-1]
    r1 = float(np.nansum(products[~starts[1:]])) / total if total > 0 else None
    return Autocorrelation(r1, n, 2 / math.sqrt(n))
