"""Capability without normality: the percentile method of ISO 22514-4 over any fitted distribution.

The process spread is the distance of the 0.135 % and 99.865 % quantiles, the sides are measured from the median.
"""

from dataclasses import dataclass

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.capability.specification import Specification
from spc_desktop.spc.distributions import DistributionFit, FitRanking, rank_distributions
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.samples import sample

LOWER_TAIL, UPPER_TAIL = 0.00135, 0.99865
"""The quantiles of ISO 22514: those of the normal at 3 standard deviations, rounded as in the standard."""


@dataclass(frozen=True, slots=True)
class PercentileCapability:
    """Indices from quantiles; None on a side without a (judged) limit. ``ppm_*`` are expected parts per million."""

    p00135: float
    p50: float
    p99865: float
    pp: float | None
    ppl: float | None
    ppu: float | None
    ppk: float | None
    ppm_below: float | None
    ppm_above: float | None

    @property
    def ppm_total(self) -> float:
        """Expected parts per million outside on the judged sides."""
        return (self.ppm_below or 0.0) + (self.ppm_above or 0.0)


@checked
def percentile_capability(fit: DistributionFit, specification: Specification) -> PercentileCapability:
    """Capability of a fitted distribution (ISO 22514-4:2016, percentile method).

    Raises:
        SpcValueError: the distribution has no spread in double precision.
    """
    low, mid, high = (fit.quantile(p) for p in (LOWER_TAIL, 0.5, UPPER_TAIL))
    lsl, usl = specification.judged_lower, specification.judged_upper
    return _indices((low, mid, high), lsl, usl, fit)


@checked
def empirical_capability(values: object, specification: Specification) -> PercentileCapability:
    """The same from the sample's own quantiles (type 6 of Hyndman and Fan 1996), with observed parts per million.

    Honest only from about a thousand values on: below, the outer quantiles are the extremes of the sample.

    Raises:
        SpcValueError: fewer than 2 values, or no spread.
    """
    x = sample(values)
    quantiles = empirical_quantiles(x)
    lsl, usl = specification.judged_lower, specification.judged_upper
    found = _indices(quantiles, lsl, usl, None)
    below = None if lsl is None else 1e6 * float((x < lsl).mean())
    above = None if usl is None else 1e6 * float((x > usl).mean())
    return PercentileCapability(*quantiles, found.pp, found.ppl, found.ppu, found.ppk, below, above)


def empirical_quantiles(values: object) -> tuple[float, float, float]:
    """The 0.135 %, 50 % and 99.865 % quantiles of the sample, type 6 of Hyndman and Fan (1996).

    Raises:
        SpcValueError: fewer than 2 values.
    """
    import numpy as np  # noqa: PLC0415

    low, mid, high = np.quantile(sample(values), [LOWER_TAIL, 0.5, UPPER_TAIL], method="weibull")
    return float(low), float(mid), float(high)


@checked
def best_fit_capability(
    values: object, specification: Specification, names: tuple[str, ...] | None = None
) -> tuple[FitRanking, PercentileCapability]:
    """Rank the families by Anderson-Darling and return the ranking with the capability of the best.

    Raises:
        SpcValueError: a sample that no family accepts.
    """
    ranking = rank_distributions(values) if names is None else rank_distributions(values, names)
    return ranking, percentile_capability(ranking.best, specification)


def _indices(
    quantiles: tuple[float, float, float], lsl: float | None, usl: float | None, fit: DistributionFit | None
) -> PercentileCapability:
    low, mid, high = quantiles
    if not low < mid < high:
        raise SpcValueError("values", "values with a spread on both sides of the median", quantiles)
    ppl = None if lsl is None else (mid - lsl) / (mid - low)
    ppu = None if usl is None else (usl - mid) / (high - mid)
    sides = [side for side in (ppl, ppu) if side is not None]
    return PercentileCapability(
        low,
        mid,
        high,
        None if lsl is None or usl is None else (usl - lsl) / (high - low),
        ppl,
        ppu,
        min(sides) if sides else None,
        None if lsl is None or fit is None else 1e6 * fit.cdf(lsl),
        None if usl is None or fit is None else 1e6 * fit.sf(usl),
    )
