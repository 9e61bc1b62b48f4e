"""What the data hint at, with the evidence: nothing here changes limits or data, it only counts and tests.

Owns the detectors of a sustained shift (which may deserve a phase of its own), of subgroups that mix sources, of a gauge
that is too coarse, of values cut off at a limit and of values repeated. Each returns its evidence and whether it is strong
enough; what to say about it, and whether to act, is for the screen and the user.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.constants import constants
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.msa.components import f_p_value
from spc_desktop.spc.samples import FloatArray, groups, probability, sample
from spc_desktop.spc.subgroups import check_values

LEAST_AFTER = 8
"""Points that a new level must have lasted before it counts as sustained (a run of eight, as in the run rules)."""


@dataclass(frozen=True, slots=True)
class SustainedShift:
    """A change of level. ``position`` is the 0-based index of the first point of the new level; means and ``sigma`` in units.

    ``shift`` is in sigma; ``p`` bounds the chance of so clear a change anywhere in stable independent data (None without a
    candidate). ``autocorrelation`` (lag 1, within the two levels) above about 0.3 makes such changes look clearer than
    they are.
    """

    found: bool
    position: int | None
    before: int
    after: int
    mean_before: float | None
    mean_after: float | None
    sigma: float | None
    shift: float | None
    p: float | None
    autocorrelation: float | None


@dataclass(frozen=True, slots=True)
class Subgrouping:
    """Variation between against within subgroups, and between places within subgroups.

    ``kind``: ``""`` (nothing found), ``"between"`` (the means vary more than the ranges explain: limits from within are
    too tight), ``"mixed"`` (the means vary less than they must: each subgroup mixes sources, limits are too wide),
    ``"places"`` (the same place of every subgroup is off: several streams). ``f`` = mean square between / within with
    ``p_above`` and ``p_below``; ``f_places`` and ``p_places`` test the places (None for unequal sizes or one value each).
    """

    kind: str
    f: float | None
    p_above: float | None
    p_below: float | None
    f_places: float | None
    p_places: float | None
    place_means: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """How finely the gauge reads. ``increment`` in units, None when no common step was found.

    ``steps`` is the number of different ranges possible up to the upper limit of the range chart; below 5 the increment is
    too coarse (Wheeler and Lyday 1989; AIAG MSA-4, chapter I.E). ``ratio`` = increment / sigma; ``zero_ranges`` the share
    of ranges that are 0.
    """

    found: bool
    increment: float | None
    steps: int | None
    ratio: float | None
    zero_ranges: float
    distinct: int


@dataclass(frozen=True, slots=True)
class Truncation:
    """Counts beside a limit: ``inside`` and ``outside`` within ``width`` (units) of it, and exactly ``at_limit``.

    ``expected_outside`` is what a normal of the same mean and deviation gives for as many values; ``p`` is the chance of so
    few outside, None when no value lies near the limit.
    """

    found: bool
    limit: float
    width: float
    inside: int
    outside: int
    at_limit: int
    expected_outside: float
    p: float | None


@dataclass(frozen=True, slots=True)
class Repetition:
    """The longest run of equal neighbours: ``length`` from ``start`` (0-based) of ``value``, and how likely one so long is
    in any order of the same values (``p``, an upper bound). ``share`` is how much of all values the commonest makes up.
    """

    found: bool
    length: int
    start: int
    value: float
    p: float
    commonest: float
    share: float


@checked
def sustained_shift(values: Sequence[float] | FloatArray, alpha: float = 0.001) -> SustainedShift:
    """Look for the one change of level that splits the series best (maximum likelihood of a step, known sigma).

    The deviation comes from moving ranges, which a shift hardly moves. The new level must have lasted ``LEAST_AFTER`` points
    and be seen in both of its halves. ``p`` is Bonferroni's bound over all positions.

    Args:
        values: plotted points in time order; NaN or None is a gap.
        alpha: largest p that counts as found.

    Raises:
        SpcValueError: infinite values, or alpha outside (0, 1).
    """
    probability(alpha, "alpha")
    series = check_values(np.asarray(values, dtype=np.float64).ravel())
    at = np.flatnonzero(~np.isnan(series))
    x = series[at]
    steps = np.abs(np.diff(series))
    steps = steps[~np.isnan(steps)]
    sigma = float(steps.mean()) / constants(2).d2 if steps.size else 0.0
    if x.size < 2 * LEAST_AFTER or sigma <= 0:
        return SustainedShift(False, None, int(x.size), 0, None, None, sigma or None, None, None, None)
    n = x.size
    k = np.arange(LEAST_AFTER, n - LEAST_AFTER + 1)
    total = np.cumsum(x - x.mean())[k - 1]
    z = np.abs(total) / sigma * np.sqrt(n / (k * (n - k)))
    split = int(k[int(np.argmax(z))])
    before, after = x[:split], x[split:]
    shift = (float(after.mean()) - float(before.mean())) / sigma
    p = min(1.0, k.size * math.erfc(float(z.max()) / math.sqrt(2.0)))
    middle = after.size // 2
    halves = [(float(half.mean()) - float(before.mean())) / sigma for half in (after[:middle], after[middle:])]
    lasting = all(half * shift > 0 and abs(half) >= abs(shift) / 2.0 for half in halves)
    rest = np.concatenate([before - before.mean(), after - after.mean()])
    return SustainedShift(
        p <= alpha and lasting, int(at[split]), split, int(n - split), float(before.mean()), float(after.mean()), sigma,
        shift, p, _lag_one(rest),
    )  # fmt: skip


@checked
def irrational_subgrouping(subgroups: object, alpha: float = 0.001) -> Subgrouping:
    """Compare the variation of the means with that within (analysis of variance), and the places with each other.

    Args:
        subgroups: rows of measurements, each in the order of its places (spindle, cavity, head), NaN or None missing.
        alpha: largest p that counts as found.

    Raises:
        SpcValueError: not rows of numbers.
    """
    probability(alpha, "alpha")
    rows = groups(subgroups)
    nothing = Subgrouping("", None, None, None, None, None, ())
    df_within = sum(row.size - 1 for row in rows)
    within = sum(float(np.sum((row - row.mean()) ** 2)) for row in rows)
    if len(rows) < 5 or df_within < 5 or within <= 0:
        return nothing
    grand = float(np.concatenate(rows).mean())
    between = sum(row.size * (float(row.mean()) - grand) ** 2 for row in rows) / (len(rows) - 1)
    f = between / (within / df_within)
    above = f_p_value(f, len(rows) - 1, df_within)
    below = f_p_value(1.0 / f, df_within, len(rows) - 1) if f > 0 else 0.0
    f_places, p_places, means = _places(rows)
    kind = ""
    if p_places is not None and p_places <= alpha:
        kind = "places"
    elif above is not None and above <= alpha:
        kind = "between"
    elif below is not None and below <= alpha:
        kind = "mixed"
    return Subgrouping(kind, f, above, below, f_places, p_places, means)


def coarse_resolution(values: object) -> Resolution:
    """Judge the step of the readings against the variation, for individuals or subgroups of one size.

    Args:
        values: individuals, shape (m,), or rows of subgroups.

    Raises:
        SpcValueError: no value, or not numbers.
    """
    try:
        table = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise SpcValueError("values", "numbers, or subgroups of one size") from error
    check_values(table)
    x = sample(table, least=1)
    if table.ndim not in {1, 2}:
        raise SpcValueError("values", "numbers, or subgroups of one size", table.shape)
    single = table.ndim == 1 or table.shape[1] == 1
    ranges = np.abs(np.diff(table.ravel())) if single else table.max(axis=1) - table.min(axis=1)
    ranges = ranges[~np.isnan(ranges)]
    distinct = np.unique(x)
    zero = float((ranges == 0).mean()) if ranges.size else 0.0
    increment = common_step(distinct)
    if increment is None or not ranges.size:
        return Resolution(False, increment, None, None, zero, int(distinct.size))
    table_of = constants(2 if single else int(table.shape[1]))
    mean_range = float(ranges.mean())
    steps = math.floor(table_of.D4 * mean_range / increment * (1.0 + 1e-9)) + 1
    sigma = mean_range / table_of.d2
    ratio = increment / sigma if sigma > 0 else None
    return Resolution(steps < 5, increment, steps, ratio, zero, int(distinct.size))


def common_step(distinct: FloatArray) -> float | None:
    """The largest step of which all differences of ascending distinct values are multiples (to 1e-6 of the step).

    None for fewer than 3 values, or when the step would be below a ten-millionth of their range: no step at all.
    """
    if distinct.size < 3:
        return None
    span = float(distinct[-1] - distinct[0])
    noise = max(1e-9 * span, 8.0 * float(np.spacing(np.abs(distinct).max())))
    step = 0.0
    for difference in np.diff(distinct):
        a, b = float(difference), step
        while b > noise:
            a, b = b, abs(a - round(a / b) * b)
        step = a
        if step <= max(1e-7 * span, 2.0 * noise):
            return None
    # The Euclidean remainders carry rounding: the best step of that size is the least squares one.
    multiples = np.round((distinct - distinct[0]) / step)
    return float((distinct - distinct[0]) @ multiples / (multiples @ multiples))


@checked
def truncation(values: object, limit: float, side: str, alpha: float = 0.001) -> Truncation:
    """Test whether values are missing just beyond a limit (sorted out, or read as just inside).

    Counts within half a standard deviation on both sides of the limit; given their sum, the number outside is binomial
    with the share a normal of the same mean and deviation has there. A truncated sample has too small a deviation, which
    makes this share smaller and the test careful.

    Args:
        values: the measurements.
        limit: specification limit in the same unit.
        side: ``"lower"`` or ``"upper"``.
        alpha: largest p that counts as found.

    Raises:
        SpcValueError: fewer than 2 values, an unknown side, or a limit that is not finite.
    """
    from scipy.special import bdtr, ndtr  # noqa: PLC0415

    if side not in {"lower", "upper"}:
        raise SpcValueError("side", 'one of "lower", "upper"', side)
    if not math.isfinite(limit):
        raise SpcValueError("limit", "a finite number", limit)
    probability(alpha, "alpha")
    x = sample(values)
    mean, sd = float(x.mean()), float(x.std(ddof=1))
    at_limit = int(np.count_nonzero(x == limit))
    if np.ptp(x) <= 0 or sd <= 0:
        return Truncation(False, limit, 0.0, 0, 0, at_limit, 0.0, None)
    sign = 1.0 if side == "upper" else -1.0
    gap, width = sign * (x - limit), 0.5 * sd
    inside = int(np.count_nonzero((gap <= 0) & (gap >= -width)))
    outside = int(np.count_nonzero((gap > 0) & (gap <= width)))
    z = sign * (limit - mean) / sd
    mass_in, mass_out = float(ndtr(-(z - 0.5)) - ndtr(-z)), float(ndtr(-z) - ndtr(-(z + 0.5)))
    n = inside + outside
    if n == 0 or mass_in + mass_out <= 0:
        return Truncation(False, limit, width, inside, outside, at_limit, 0.0, None)
    share = mass_out / (mass_in + mass_out)
    p = float(bdtr(outside, n, share))
    return Truncation(p <= alpha, limit, width, inside, outside, at_limit, n * share, p)


@checked
def repeated_values(values: Sequence[float] | FloatArray, alpha: float = 0.001) -> Repetition:
    """Find the longest run of equal neighbours and how surprising it is for values taken in random order.

    Bound: a run of L of a value with share s starts at each of n - L + 1 places with chance at most s^L (of all values
    together their sum).

    Args:
        values: readings in time order; NaN or None breaks a run.
        alpha: largest p that counts as found.

    Raises:
        SpcValueError: no value, infinite values, or alpha outside (0, 1).
    """
    probability(alpha, "alpha")
    series = check_values(np.asarray(values, dtype=np.float64).ravel())
    present = sample(series, least=1)
    names, count = np.unique(present, return_counts=True)
    share = count / present.size
    new = np.concatenate([[True], series[1:] != series[:-1]])
    starts = np.flatnonzero(new)
    lengths = np.diff(np.append(starts, series.size))
    lengths[np.isnan(series[starts])] = 0
    longest = int(np.argmax(lengths))
    length, start = int(lengths[longest]), int(starts[longest])
    p = min(1.0, (present.size - length + 1) * float(np.sum(share**length))) if length > 1 else 1.0
    # All values equal is one long run of the only value there is: nothing random to compare it with.
    found = (p <= alpha and length > 2) or (names.size == 1 and length > LEAST_AFTER)
    top = int(np.argmax(count))
    return Repetition(found, length, start, float(series[start]), p, float(names[top]), float(share[top]))


def _places(rows: Sequence[FloatArray]) -> tuple[float | None, float | None, tuple[float, ...]]:
    """Two-way analysis without repeats: place within subgroup against the residual."""
    size = rows[0].size
    if size < 2 or any(row.size != size for row in rows):
        return None, None, ()
    table = np.stack(rows)
    k = table.shape[0]
    means = table.mean(axis=0)
    rest = table - table.mean(axis=1, keepdims=True) - means + table.mean()
    error = float(np.sum(rest**2)) / ((k - 1) * (size - 1))
    if error <= 0:
        return None, None, tuple(map(float, means))
    f = k * float(np.sum((means - table.mean()) ** 2)) / (size - 1) / error
    return f, f_p_value(f, size - 1, (k - 1) * (size - 1)), tuple(map(float, means))


def _lag_one(residuals: FloatArray) -> float | None:
    squares = float(residuals @ residuals)
    return float(residuals[1:] @ residuals[:-1]) / squares if squares > 0 else None
