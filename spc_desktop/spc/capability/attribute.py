"""Capability of attribute data: fraction defective (binomial) and defects per unit (Poisson), with exact intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.samples import FloatArray, counts, probability

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class BinomialCapability:
    """Fraction defective with the Clopper-Pearson interval; ppm = 1e6 p; process Z = upper normal quantile of p.

    ``process_z`` (and an end of its interval) is None where p is 0 or 1: no finite Z belongs to it.
    """

    defectives: int
    inspected: int
    p: float
    interval: Interval
    least: float
    most: float
    process_z: float | None
    process_z_interval: tuple[float | None, float | None]

    @property
    def ppm(self) -> float:
        """Parts per million defective."""
        return 1e6 * self.p

    @property
    def ppm_interval(self) -> Interval:
        """Interval of ``ppm``."""
        return 1e6 * self.interval[0], 1e6 * self.interval[1]


@dataclass(frozen=True, slots=True)
class PoissonCapability:
    """Defects per unit with Garwood's exact interval; least and most defects per unit of a sample."""

    defects: int
    units: float
    dpu: float
    interval: Interval
    mean_defects: float
    least: float
    most: float


@checked
def binomial_capability(
    defectives: Sequence[float], sizes: Sequence[float], confidence: float = 0.95
) -> BinomialCapability:
    """Capability from samples of ``sizes`` pieces with ``defectives`` bad ones.

    Raises:
        SpcValueError: lengths differ, counts negative or fractional, a size of 0, more defectives than pieces.
    """
    bad, size = counts(defectives, "defectives"), counts(sizes, "sizes")
    if bad.size != size.size:
        raise SpcValueError("sizes", "one size for each count of defectives", (int(bad.size), int(size.size)))
    if (size < 1).any():
        raise SpcValueError("sizes", "at least 1 piece in every sample", 0)
    if (bad > size).any():
        raise SpcValueError("defectives", "at most the size of the sample", float(bad[bad > size][0]))
    d, n = int(bad.sum()), int(size.sum())
    interval = clopper_pearson(d, n, confidence)
    fractions = bad / size
    z_low, z = _z(interval[1]), _z(d / n)
    return BinomialCapability(
        d, n, d / n, interval, float(fractions.min()), float(fractions.max()), z, (z_low, _z(interval[0]))
    )


@checked
def poisson_capability(defects: Sequence[float], units: Sequence[float], confidence: float = 0.95) -> PoissonCapability:
    """Capability from samples of ``units`` (area of opportunity, may be fractional) with ``defects``.

    Raises:
        SpcValueError: lengths differ, counts negative or fractional, units not above 0.
    """
    found, size = counts(defects, "defects"), _units(units)
    if found.size != size.size:
        raise SpcValueError("units", "one number of units for each count of defects", (int(found.size), int(size.size)))
    d, n = int(found.sum()), float(size.sum())
    low, high = garwood(d, confidence)
    rates = found / size
    return PoissonCapability(
        d, n, d / n, (low / n, high / n), float(found.mean()), float(rates.min()), float(rates.max())
    )


@checked
def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Exact interval of a binomial probability (Clopper and Pearson 1934).

    Raises:
        SpcValueError: not 0 <= successes <= trials with at least one trial, or a confidence outside (0, 1).
    """
    from scipy.special import betaincinv  # noqa: PLC0415

    if trials < 1 or not 0 <= successes <= trials:
        raise SpcValueError("successes", "between 0 and the number of trials, which is at least 1", (successes, trials))
    tail = (1.0 - probability(confidence, "confidence")) / 2.0
    low = 0.0 if successes == 0 else float(betaincinv(successes, trials - successes + 1, tail))
    high = 1.0 if successes == trials else float(betaincinv(successes + 1, trials - successes, 1.0 - tail))
    return low, high


@checked
def garwood(count: int, confidence: float = 0.95) -> Interval:
    """Exact interval of a Poisson mean from one count (Garwood 1936).

    Raises:
        SpcValueError: a negative count, or a confidence outside (0, 1).
    """
    from scipy.special import gammaincinv  # noqa: PLC0415

    if count < 0:
        raise SpcValueError("count", "at least 0", count)
    tail = (1.0 - probability(confidence, "confidence")) / 2.0
    return 0.0 if count == 0 else float(gammaincinv(count, tail)), float(gammaincinv(count + 1, 1.0 - tail))


def _units(units: Sequence[float]) -> FloatArray:
    try:
        size = np.asarray(units, dtype=np.float64).ravel()
    except (TypeError, ValueError) as error:
        raise SpcValueError("units", "numbers only") from error
    if size.size == 0 or not np.isfinite(size).all() or (size <= 0).any():
        raise SpcValueError("units", "finite numbers above 0")
    return size


def _z(p: float) -> float | None:
    from scipy.special import ndtri  # noqa: PLC0415

    return -float(ndtri(p)) if 0 < p < 1 else None
