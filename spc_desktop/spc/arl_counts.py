"""Run length and decision interval of CUSUM charts of counts.

Sources: Lucas (1985) Technometrics 27 for Poisson, Reynolds & Stoumbos (1999) JQT 31 for binomial counts; Brook & Evans (1972)
Biometrika 59 for the chain, here on a grid of 1/40 of a standard deviation of the count.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.arl_weighted import check_positive, find_limit
from spc_desktop.spc.errors import SpcValueError

FloatArray = NDArray[np.float64]
_STEPS = 40


def reference_value(binomial: bool, mean: float, ratio: float) -> float:
    """Return k per inspected unit: the log likelihood ratio of ``ratio * mean`` against ``mean`` is 0 there.

    Raises:
        SpcValueError: ratio not above 0 or equal to 1, or a proportion that it raises to 1 or more.
    """
    if not (math.isfinite(ratio) and ratio > 0 and ratio != 1):
        raise SpcValueError("ratio", "above 0 and not 1", ratio)
    other = ratio * mean
    if not binomial:
        return (other - mean) / math.log(ratio)
    if other >= 1:
        raise SpcValueError("ratio", f"a ratio that keeps {mean:g} times it below 1", ratio)
    return math.log((1 - mean) / (1 - other)) / math.log(other * (1 - mean) / (mean * (1 - other)))


@checked
def count_cusum_arl(binomial: bool, mean: float, size: float, k: float, h: float, *, upper: bool = True) -> float:
    """Return the zero-state ARL of a CUSUM of counts with samples of one size.

    Args:
        binomial: binomial(size, mean), or Poisson(mean * size).
        mean: true proportion or rate per unit.
        k: reference value per sample, in counts.
        h: decision interval in counts; the chart signals above it.
        upper: the arm for more counts, or the one for fewer.

    Raises:
        SpcValueError: a mean, size or h that is not above 0, or counts out of the range of the chain.
    """
    from scipy.stats import binom, poisson  # noqa: PLC0415 - scipy is slow to import

    check_positive("mean", mean), check_positive("size", size), check_positive("h", h)
    if not 1e-9 <= mean * size <= 1e6:
        raise SpcValueError("size", "a size with 1e-9 to 1e6 expected counts in a sample", size)
    if binomial and (mean >= 1 or size != int(size)):
        raise SpcValueError("mean", "a proportion below 1, of a whole number of units", (mean, size))
    if h < 1e-6 or abs(k) > 1e9:
        raise SpcValueError("h", "an h from 1e-6 up, with k up to 1e9", (k, h))
    law = binom(size, mean) if binomial else poisson(mean * size)
    counts = np.arange(math.ceil(law.isf(1e-15)) + 1)
    mass = law.pmf(counts)
    step = float(law.std()) / _STEPS
    states = int(min(max(round(h / step), 1), 3000))
    step = h / states
    moves = np.rint((counts - k if upper else k - counts) / step).astype(np.int64)
    chain = np.zeros((states + 1, states + 1))
    at = np.arange(states + 1)
    for move, probability in zip(moves.tolist(), mass.tolist(), strict=True):
        to = np.maximum(at + move, 0)
        inside = to <= states
        chain[at[inside], to[inside]] += probability
    arl = float(np.linalg.solve(np.eye(states + 1) - chain, np.ones(states + 1))[0])
    return arl if 0 < arl < 1e13 else math.inf


@checked
@lru_cache(maxsize=256)
def count_cusum_limit(binomial: bool, mean: float, size: float, ratio: float, arl0: float) -> float:
    """Return h, in counts, of one arm with the in-control ARL ``arl0``; the arm looks for ``ratio`` times the mean.

    Counts are whole, so the ARL moves in steps: h is within 1/40 standard deviation of where it reaches ``arl0``.

    Raises:
        SpcValueError: as ``reference_value`` and ``find_limit``.
    """
    check_positive("mean", mean), check_positive("size", size)
    if binomial and mean >= 1:
        raise SpcValueError("mean", "a proportion below 1", mean)
    k = reference_value(binomial, mean, ratio) * size
    deviation = math.sqrt(mean * size * ((1 - mean) if binomial else 1))
    return find_limit(
        lambda h: count_cusum_arl(binomial, mean, size, k, h, upper=ratio > 1),
        arl0,
        4.0 * deviation,
        tolerance=deviation / _STEPS,
    )
