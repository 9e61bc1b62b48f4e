"""Agreement of raters: Cohen's, weighted and Fleiss' kappa, Kendall's W and tau, and percentages with exact intervals.

Ratings are any hashable categories; None is a missing rating. Kappa is None where it is not defined (every rating in one
category, so that chance alone agrees).
"""

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spc_desktop.spc.arguments import checked, hashable
from spc_desktop.spc.capability.attribute import clopper_pearson
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.samples import FloatArray

WEIGHTS = ("none", "linear", "quadratic")


@dataclass(frozen=True, slots=True)
class Kappa:
    """Kappa with z and the two-sided p-value of kappa = 0; ``n`` parts were used, ``agreed`` of them alike."""

    kappa: float | None
    z: float | None
    p: float | None
    n: int
    agreed: int


@dataclass(frozen=True, slots=True)
class FleissKappa:
    """Fleiss' kappa over all raters, overall and for each category in sorted order."""

    overall: Kappa
    categories: tuple[tuple[Hashable, Kappa], ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """How many of ``n`` parts match: percentage and Clopper-Pearson interval in per cent."""

    matched: int
    n: int
    percent: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class RankAgreement:
    """Kendall's coefficient (W of concordance, or tau-b) with its test statistic and p-value; None where not defined."""

    coefficient: float | None
    statistic: float | None
    p: float | None
    n: int


@checked
def cohen_kappa(
    first: Sequence[Hashable],
    second: Sequence[Hashable],
    weights: str = "none",
    order: Sequence[Hashable] | None = None,
) -> Kappa:
    """Kappa of two raters (Cohen 1960, 1968), z with the variance under kappa = 0 (Fleiss, Cohen, Everitt 1969).

    Args:
        first: ratings of the parts.
        second: ratings of the same parts by the other rater, or the reference.
        weights: ``"none"``, or ``"linear"``/``"quadratic"`` for ordered categories.
        order: the categories in their order, for weights; sorted when None.

    Raises:
        SpcValueError: lengths differ, no part with both ratings, unknown weights, or a rating outside ``order``.
    """
    if weights not in WEIGHTS:
        raise SpcValueError("weights", "one of " + ", ".join(WEIGHTS), weights)
    if len(first) != len(second):
        raise SpcValueError("second", "as many ratings as the first rater", (len(first), len(second)))
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if not _missing(a) and not _missing(b)]
    if not pairs:
        raise SpcValueError("first", "at least one part with both ratings")
    categories = _categories([value for pair in pairs for value in pair], order)
    table = np.zeros((len(categories), len(categories)))
    for a, b in pairs:
        table[categories[a], categories[b]] += 1
    agreed = int(np.trace(table))
    return _kappa_of(table / len(pairs), _weight_matrix(len(categories), weights), len(pairs), agreed)


@checked
def fleiss_kappa(ratings: Sequence[Sequence[Hashable]]) -> FleissKappa:
    """Fleiss' kappa (1971) with the variances of Fleiss, Nee and Landis (1979); parts with a missing rating are left out.

    Args:
        ratings: one sequence a part, with as many ratings as raters (at least 2).

    Raises:
        SpcValueError: rows of unequal length, fewer than 2 raters, or no complete part.
    """
    rows = _complete(ratings)
    n, m = len(rows), len(rows[0])
    names = _sorted({value for row in rows for value in row})
    counts = np.array([[row.count(name) for name in names] for row in rows], dtype=np.float64)
    share = counts.sum(axis=0) / (n * m)
    spread = share * (1.0 - share)
    disagreement = np.sum(counts * (m - counts), axis=0) / (n * m * (m - 1))
    agreed = sum(len(set(row)) == 1 for row in rows)
    total = float(spread.sum())
    if len(names) < 2:
        undefined = Kappa(None, None, None, n, agreed)
        return FleissKappa(undefined, tuple((name, undefined) for name in names))
    kappa = 1.0 - float(disagreement.sum()) / total
    variance = 2.0 / (n * m * (m - 1)) * (total**2 - float(np.sum(spread * (1.0 - 2.0 * share)))) / total**2
    each = 2.0 / (n * m * (m - 1))
    categories = tuple(
        (name, _tested(1.0 - float(d) / float(v), each, n, agreed))
        for name, d, v in zip(names, disagreement, spread, strict=True)
    )
    return FleissKappa(_tested(kappa, variance, n, agreed), categories)


@checked
def matches(first: Sequence[Hashable], second: Sequence[Hashable], confidence: float = 0.95) -> Matches:
    """Percentage of parts rated alike, with the exact interval (Clopper and Pearson 1934).

    Raises:
        SpcValueError: lengths differ or no part with both ratings.
    """
    if len(first) != len(second):
        raise SpcValueError("second", "as many ratings as the first", (len(first), len(second)))
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if not _missing(a) and not _missing(b)]
    return _matches(sum(a == b for a, b in pairs), len(pairs), confidence)


@checked
def all_agree(
    ratings: Sequence[Sequence[Hashable]], reference: Sequence[Hashable] | None = None, confidence: float = 0.95
) -> Matches:
    """Percentage of parts on which all raters agree, and with the reference too when it is given.

    Raises:
        SpcValueError: rows of unequal length, no complete part, or a reference of another length.
    """
    if reference is None:
        rows = _complete(ratings)
    elif len(reference) != len(ratings):
        raise SpcValueError("reference", "one value for each part", (len(ratings), len(reference)))
    else:
        each = zip(_rows(ratings), reference, strict=True)
        rows = _complete([[*row, value] for row, value in each])
    return _matches(sum(len(set(row)) == 1 for row in rows), len(rows), confidence)


@checked
def kendall_w(ratings: Sequence[Sequence[float]]) -> RankAgreement:
    """Kendall's coefficient of concordance with the correction for ties (Kendall and Gibbons 1990, chapter 6).

    p from chi-square m (n - 1) W with n - 1 degrees. Not defined when every rater gave one rating only.

    Args:
        ratings: one sequence a part (at least 2), ordered numeric ratings of each rater (at least 2).

    Raises:
        SpcValueError: rows of unequal length, missing ratings only, or ratings that are no numbers.
    """
    from scipy.special import gammaincc  # noqa: PLC0415
    from scipy.stats import rankdata  # noqa: PLC0415

    table = _numbers(_complete(ratings))
    n, m = table.shape
    if n < 2:
        raise SpcValueError("ratings", "at least 2 parts", int(n))
    ranks = np.column_stack([rankdata(table[:, j]) for j in range(m)])
    ties = 0.0
    for j in range(m):
        _, repeated = np.unique(table[:, j], return_counts=True)
        ties += float(np.sum(repeated.astype(np.float64) ** 3 - repeated))
    s = float(np.sum((ranks.sum(axis=1) - m * (n + 1) / 2.0) ** 2))
    bottom = m**2 * (n**3 - n) - m * ties
    if bottom <= 0:
        return RankAgreement(None, None, None, int(n))
    w = 12.0 * s / bottom
    chi2 = m * (n - 1) * w
    return RankAgreement(w, chi2, float(gammaincc((n - 1) / 2.0, chi2 / 2.0)), int(n))


@checked
def kendall_tau(first: Sequence[float], second: Sequence[float]) -> RankAgreement:
    """Kendall's tau-b with z and two-sided p, variance corrected for ties (Kendall and Gibbons 1990, chapters 3 and 4).

    Raises:
        SpcValueError: lengths differ, fewer than 2 parts with both ratings, or ratings that are no numbers.
    """
    from scipy.stats import kendalltau  # noqa: PLC0415

    if len(first) != len(second):
        raise SpcValueError("second", "as many ratings as the first", (len(first), len(second)))
    pairs = [[a, b] for a, b in zip(first, second, strict=True) if not _missing(a) and not _missing(b)]
    if len(pairs) < 2:
        raise SpcValueError("first", "at least 2 parts with both ratings", len(pairs))
    table = _numbers(pairs)
    n = len(pairs)
    t, u = (np.unique(table[:, j], return_counts=True)[1].astype(np.float64) for j in (0, 1))
    pairs_x, pairs_y = ((n * (n - 1) - float(np.sum(c * (c - 1)))) / 2.0 for c in (t, u))
    if pairs_x <= 0 or pairs_y <= 0:
        return RankAgreement(None, None, None, n)
    untied = math.sqrt(pairs_x * pairs_y)
    s = round(float(kendalltau(table[:, 0], table[:, 1]).statistic) * untied)  # concordant minus discordant pairs
    z = s / math.sqrt(_tau_variance(n, t, u))
    return RankAgreement(s / untied, z, math.erfc(abs(z) / math.sqrt(2.0)), n)


def _tau_variance(n: int, t: FloatArray, u: FloatArray) -> float:
    """Variance of S under independence with ties (Kendall and Gibbons 1990, eq. 4.3)."""

    def total(c: FloatArray, power: int) -> float:
        factors = {2: c * (c - 1), 3: c * (c - 1) * (c - 2), 5: c * (c - 1) * (2 * c + 5)}
        return float(np.sum(factors[power]))

    variance = (n * (n - 1) * (2 * n + 5) - total(t, 5) - total(u, 5)) / 18.0
    variance += total(t, 2) * total(u, 2) / (2.0 * n * (n - 1))
    if n > 2:
        variance += total(t, 3) * total(u, 3) / (9.0 * n * (n - 1) * (n - 2))
    return variance


def _kappa_of(p: FloatArray, w: FloatArray, n: int, agreed: int) -> Kappa:
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, chance = float(np.sum(w * p)), float(rows @ w @ columns)
    if chance >= 1.0 - 1e-15:
        return Kappa(None, None, None, n, agreed)
    kappa = (observed - chance) / (1.0 - chance)
    row_weight, column_weight = w @ columns, rows @ w
    inner = w - (row_weight[:, None] + column_weight[None, :])
    variance = (float(rows @ inner**2 @ columns) - chance**2) / (n * (1.0 - chance) ** 2)
    return _tested(kappa, variance, n, agreed)


def _tested(kappa: float, variance: float, n: int, agreed: int) -> Kappa:
    if variance <= 0:
        return Kappa(kappa, None, None, n, agreed)
    z = kappa / math.sqrt(variance)
    return Kappa(kappa, z, math.erfc(abs(z) / math.sqrt(2.0)), n, agreed)


def _weight_matrix(size: int, weights: str) -> FloatArray:
    if weights == "none" or size < 2:
        return np.eye(size)
    gap = np.abs(np.subtract.outer(np.arange(size), np.arange(size))) / (size - 1)
    return 1.0 - gap if weights == "linear" else 1.0 - gap**2


def _categories(values: Sequence[Hashable], order: Sequence[Hashable] | None) -> dict[Hashable, int]:
    if any(not hashable(value) for value in (*values, *(() if order is None else order))):
        raise SpcValueError("ratings", "categories that can be told apart (numbers or texts)")
    names = _sorted(set(values)) if order is None else list(order)
    categories = {name: position for position, name in enumerate(names)}
    outside = [value for value in values if value not in categories]
    if outside or len(categories) != len(names):
        raise SpcValueError("order", "every category once", outside[0] if outside else names)
    return categories


def _sorted(values: set[Hashable]) -> list[Hashable]:
    """Numbers by size, words by letters; mixed kinds by their text."""
    try:
        return sorted(values)  # type: ignore[type-var]
    except TypeError:
        return sorted(values, key=str)


def _rows(ratings: Sequence[Sequence[Hashable]]) -> list[list[Hashable]]:
    """Return the ratings of every part.

    Raises:
        SpcValueError: no sequence of sequences, or ratings that cannot be categories.
    """
    if isinstance(ratings, str) or any(
        isinstance(row, str | bytes) or not isinstance(row, Iterable) for row in ratings
    ):
        raise SpcValueError("ratings", "for every part a sequence of ratings")
    rows = [list(row) for row in ratings]
    if not all(hashable(value) for row in rows for value in row):
        raise SpcValueError("ratings", "categories that can be told apart (numbers or texts)")
    return rows


def _complete(ratings: Sequence[Sequence[Hashable]]) -> list[list[Hashable]]:
    rows = _rows(ratings)
    if not rows or len({len(row) for row in rows}) > 1 or len(rows[0]) < 2:
        raise SpcValueError("ratings", "as many ratings for every part, by at least 2 raters")
    rows = [row for row in rows if not any(_missing(value) for value in row)]
    if not rows:
        raise SpcValueError("ratings", "at least one part rated by every rater", 0)
    return rows


def _missing(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _matches(matched: int, n: int, confidence: float) -> Matches:
    if n < 1:
        raise SpcValueError("first", "at least one part with both ratings", n)
    low, high = clopper_pearson(matched, n, confidence)
    return Matches(matched, n, 100.0 * matched / n, (100.0 * low, 100.0 * high))


def _numbers(rows: Sequence[Sequence[object]]) -> FloatArray:
    try:
        return np.asarray(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SpcValueError("ratings", "numbers in their order (ordinal ratings)") from error
