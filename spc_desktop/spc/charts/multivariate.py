"""Charts of several variables: Hotelling T² of subgroups and of individuals, and the generalised variance |S|.

Sources: Alt (1985) and Montgomery, Introduction to Statistical Quality Control, chapter 11; Tracy, Young & Mason (1992) JQT
24(2) for the beta limit of individuals in phase I; Holmes & Mergen (1993) for the covariance of successive differences;
Anderson (2003) sections 5.2 and 7.5 for T² with a known centre or covariance and for the distribution of |S|.
An observation holds variable after variable: p times n values. T² is summed in a fixed order, so that one observation and an
array of them give the same bits.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.base import Observation, PanelSpec
from spc_desktop.spc.charts.columns import Columns
from spc_desktop.spc.charts.engine import Chart, Fit, Options, Params
from spc_desktop.spc.charts.factors import check_alpha, choice, known, known_number, number, only, positive
from spc_desktop.spc.charts.fold import PanelColumns, Row
from spc_desktop.spc.charts.points import PointTrack
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.subgroups import LARGEST

FloatArray = NDArray[np.float64]
_LARGEST_DIMENSION = 50


@dataclass(frozen=True, slots=True)
class Covariance:
    """Centre, inverse covariance and |S| of p variables, as plain lists for arithmetic in a fixed order."""

    center: list[float]
    inverse: list[list[float]]
    determinant: float

    @property
    def p(self) -> int:
        """Number of variables."""
        return len(self.center)

    def distance(self, point: Sequence[Any]) -> Any:
        """Return (x - center)' S^-1 (x - center), for p numbers or p arrays."""
        return self.quadratic([x - c for x, c in zip(point, self.center, strict=True)])

    def quadratic(self, d: Sequence[Any]) -> Any:
        """Return d' S^-1 d, for p numbers or p arrays."""
        total: Any = 0.0
        for i, row in enumerate(self.inverse):
            for j, weight in enumerate(row):
                total = total + d[i] * weight * d[j]
        return total


def covariance(params: Params) -> Covariance:
    """Check ``center`` (p numbers) and ``cov`` (p lists of p numbers) and invert.

    Raises:
        SpcValueError: shapes that do not fit, or a covariance that is not symmetric and positive definite.
    """
    try:
        center = np.array(params.get("center"), dtype=np.float64)
        cov = np.array(params.get("cov"), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise SpcValueError("cov", "p lists of p numbers") from None
    p = center.size
    if center.ndim != 1 or not 1 <= p <= _LARGEST_DIMENSION or not np.isfinite(center).all():
        raise SpcValueError("center", f"1 to {_LARGEST_DIMENSION} finite numbers", params.get("center"))
    if cov.shape != (p, p) or not np.isfinite(cov).all():
        raise SpcValueError("cov", f"{p} lists of {p} finite numbers", cov.shape)
    scale = np.sqrt(np.abs(np.diag(cov)))
    if not (scale > 0).all() or bool(np.any(np.abs(cov - cov.T) > 1e-9 * np.outer(scale, scale))):
        raise SpcValueError("cov", "a symmetric matrix with variances above 0", params.get("cov"))
    # Judged on the scale of correlations: a unit of measurement must not make a covariance look singular.
    correlation = cov / np.outer(scale, scale)
    if np.linalg.eigvalsh(correlation)[0] < 1e-12:
        raise SpcValueError("cov", "variables none of which is a combination of the others (singular covariance)")
    inverse = np.linalg.inv(correlation) / np.outer(scale, scale)
    return Covariance(center.tolist(), inverse.tolist(), float(np.linalg.det(correlation) * np.prod(scale**2)))


def variables(options: Options) -> int:
    """Return the option ``variables``, the number p of variables.

    Raises:
        SpcValueError: not a whole number from 1 up.
    """
    p = options["variables"]
    if isinstance(p, bool) or not isinstance(p, int) or not 1 <= p <= _LARGEST_DIMENSION:
        raise SpcValueError("variables", f"the number of variables, 1 to {_LARGEST_DIMENSION}", p)
    return p


def blocks(values: FloatArray, p: int, n: int | None = None) -> FloatArray:
    """Return observations of p times n values as shape (m, p, n); an incomplete one is a gap, all NaN.

    Args:
        values: shape (m,) or (m, width), NaN for missing and behind shorter rows.
        n: values per variable; None takes as many as the longest row has.

    Raises:
        SpcValueError: rows that do not divide into p variables, or longer than p times n.
    """
    table = values if values.ndim == 2 else values[:, None]
    m, width = table.shape
    empty = np.isnan(table).all()
    if n is None:
        if width % p and not empty:
            raise SpcValueError("values", f"the same number of values for each of {p} variables", width)
        n = max(width // p, 1)
    if width > p * n:
        if not np.isnan(table[:, p * n :]).all():
            raise SpcValueError("values", f"{n} values for each of {p} variables", width)
        table = table[:, : p * n]
    if width < p * n or empty:
        return np.full((m, p, n), np.nan)
    return np.where(np.isnan(table).any(axis=1, keepdims=True), np.nan, table).reshape(m, p, n)


def one_block(values: Sequence[float], p: int, n: int) -> list[list[float]] | None:
    """Return one observation as p lists of n values; None for a gap: nothing, or not every value.

    Raises:
        SpcValueError: more values than p times n, or no finite numbers.
    """
    try:
        numbers = [float(x) for x in values]
    except (TypeError, ValueError):
        raise SpcValueError("values", "numbers", values) from None
    if any(abs(x) >= LARGEST for x in numbers):
        raise SpcValueError("values", f"finite numbers below {LARGEST:g} in size", tuple(numbers))
    if len(numbers) > p * n and not all(math.isnan(x) for x in numbers[p * n :]):
        raise SpcValueError("values", f"{n} values for each of {p} variables", len(numbers))
    numbers = numbers[: p * n]
    if len(numbers) < p * n or any(math.isnan(x) for x in numbers):
        return None
    return [numbers[i * n : (i + 1) * n] for i in range(p)]


def _mean(values: Sequence[Any]) -> Any:
    """Mean in the order of the values, for numbers and for arrays alike."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total / len(values)


def _t2_limit(p: int, m: int, n: int, alpha: float, phase: str) -> float:
    """Return the upper limit of T² from m subgroups of n (n = 1: individuals), or chi-square for known parameters."""
    from scipy.special import betaincinv, chdtri, fdtri  # noqa: PLC0415 - scipy is slow to import

    if phase == "known":
        return float(chdtri(p, alpha))
    if n > 1:
        df = m * n - m - p + 1
        factor = p * ((m - 1) if phase == "1" else (m + 1)) * (n - 1) / df
        return float(factor * fdtri(p, df, 1 - alpha))
    if phase == "1":
        return float((m - 1) ** 2 / m * betaincinv(p / 2, (m - p - 1) / 2, 1 - alpha))
    return float(p * (m + 1) * (m - 1) / (m * m - m * p) * fdtri(p, m - p, 1 - alpha))


def _t2_limit_half_known(p: int, m: int, n: int, alpha: float, phase: str, given: str) -> float:
    """Return the upper limit of T² where the centre or the covariance is known and the other estimated.

    Known covariance: the distance to the estimated mean is (m - 1) / m (in the baseline) or (m + 1) / m times chi-square.
    Known centre: Hotelling's distribution with the degrees of freedom of the covariance, m (n - 1) or m; individuals of the
    baseline are in their own covariance, which makes it m times a beta.
    """
    from scipy.special import betaincinv, chdtri, fdtri  # noqa: PLC0415 - scipy is slow to import

    if given == "cov":
        return float((m - 1 if phase == "1" else m + 1) / m * chdtri(p, alpha))
    if n == 1 and phase == "1":
        return float(m * betaincinv(p / 2, (m - p) / 2, 1 - alpha))
    df = m * (n - 1) if n > 1 else m
    return float(p * df / (df - p + 1) * fdtri(p, df - p + 1, 1 - alpha))


def _whole(params: Params, name: str, least: int, most: int = 10_000) -> int:
    value = number(params, name)
    if value != int(value) or not least <= value <= most:
        raise SpcValueError(name, f"a whole number from {least} to {most}", value)
    return int(value)


def _track_t2(params: Params, options: Options) -> PointTrack:
    """``m`` and ``n`` of the baseline make the limits of phase 1 and 2; without ``m`` the parameters count as known.

    ``given`` names the one of ``center`` and ``cov`` that was known before, where the other comes from the baseline.
    """
    only(params, "center", "cov", "m", "n", "given")
    choice(options, "phase", ("1", "2", "known"))
    half = choice({"given": "", **params}, "given", ("", "center", "cov"))
    cov = covariance(params)
    p, n = cov.p, _whole({"n": 1, **params}, "n", 1)
    phase = options["phase"] if "m" in params else "known"
    m = 0
    if phase != "known":
        m = _whole(params, "m", 2, 10**9)
        if half != "cov" and (m <= p + 1 if n == 1 else m * n - m - p + 1 < 1):
            raise SpcValueError("m", f"more observations for {p} variables", m)
    alpha = check_alpha(options)
    estimated = phase == "known" or not half
    ucl = _t2_limit(p, m, n, alpha, phase) if estimated else _t2_limit_half_known(p, m, n, alpha, phase, half)

    def t2(block: Sequence[Sequence[Any]]) -> Any:
        return cov.distance([_mean(values) for values in block]) * float(n)

    def point(observation: Observation) -> Row:
        block = one_block(observation.values, p, n)
        return (None if block is None else t2(block)), None, None, ucl, None

    def batch(columns: Columns) -> PanelColumns:
        table = blocks(columns.values, p, n)
        parts = [[table[:, i, j] for j in range(n)] for i in range(p)]
        return PanelColumns(t2(parts), math.nan, math.nan, ucl, math.nan)

    return PointTrack(point, batch)


def pooled_covariance(table: FloatArray) -> FloatArray:
    """Return the mean of the subgroups' covariance matrices, shape (p, p), from shape (m, p, n)."""
    centred = table - table.mean(axis=2, keepdims=True)
    matrices = np.einsum("min,mjn->mij", centred, centred) / (table.shape[2] - 1)
    return np.asarray(matrices.mean(axis=0), dtype=np.float64)


def present_blocks(columns: Columns, p: int) -> FloatArray:
    """Return the observations without gaps, shape (m, p, n).

    Raises:
        SpcValueError: fewer than 2 of them.
    """
    table = blocks(columns.values, p)
    missing: NDArray[np.bool_] = np.isnan(table[:, 0, 0])
    present = table[~missing]
    if len(present) < 2:
        raise SpcValueError("observations", "at least 2 observations", len(present))
    return present


def _params(table: FloatArray, cov: FloatArray | None, options: Options) -> dict[str, Any]:
    """Return what T² needs; what is given as a standard stands, and where both are given the baseline does not matter.

    ``cov`` None: it is given.
    """
    m, p, n = table.shape
    center = known(options, "center")
    found = table.mean(axis=2).mean(axis=0).tolist() if center is None else center
    if cov is None:
        params = {"center": found, "cov": known(options, "cov"), "n": n}
        return params if center is not None else {**params, "m": m, "given": "cov"}
    params = {"center": found, "cov": cov.reshape(p, p).tolist(), "m": m, "n": n}
    return params if center is None else {**params, "given": "center"}


def _known_center(options: Options, p: int) -> FloatArray | None:
    center = known(options, "center")
    if center is None:
        return None
    covariance({"center": center, "cov": np.eye(p).tolist()})
    return np.array(center, dtype=np.float64)


def _fit_subgroups(columns: Columns, options: Options) -> Fit:
    table = present_blocks(columns, variables(options))
    if table.shape[2] < 2:
        raise SpcValueError("observations", "at least 2 values of each variable per subgroup")
    cov = pooled_covariance(table) if known(options, "cov") is None else None
    return Fit(_params(table, cov, options), "pooled covariance")


def _fit_individuals(columns: Columns, options: Options) -> Fit:
    """Estimate the covariance about the mean, or about the centre where it is known."""
    p = variables(options)
    table = present_blocks(columns, p)
    if table.shape[2] != 1:
        raise SpcValueError("observations", f"one value of each of {p} variables per observation")
    estimator = choice(options, "covariance", ("sample", "successive"))
    center = _known_center(options, p)
    cov: FloatArray | None = None
    if known(options, "cov") is None:
        if estimator == "successive":
            cov = successive_covariance(blocks(columns.values, p)[:, :, 0], columns)
        elif center is None:
            cov = np.atleast_2d(np.cov(table[:, :, 0], rowvar=False))
        else:
            centred = table[:, :, 0] - center
            cov = np.asarray(centred.T @ centred / len(centred), dtype=np.float64)
    return Fit(_params(table, cov, options), f"{estimator} covariance")


def successive_covariance(values: FloatArray, columns: Columns) -> FloatArray:
    """Return half the mean outer product of successive differences (Holmes & Mergen); none bridges a gap or stage.

    Raises:
        SpcValueError: no two neighbouring observations.
    """
    differences = np.diff(values, axis=0)
    starts = columns.stage_starts()
    if starts is not None:
        differences[starts[1:]] = np.nan
    differences = differences[~np.isnan(differences).any(axis=1)]
    if not len(differences):
        raise SpcValueError("observations", "at least two neighbouring observations")
    return np.asarray(differences.T @ differences / (2 * len(differences)), dtype=np.float64)


def variance_factors(p: int, n: int) -> tuple[float, float]:
    """Return b1 and b2: mean and variance of |S| / |Sigma| for n values of p variables (Montgomery eq. 11.36, 11.37)."""
    if n <= p:
        raise SpcValueError("n", f"more than {p} values per subgroup for {p} variables", n)
    low = math.prod(n - i for i in range(1, p + 1))
    high = math.prod(n - j + 2 for j in range(1, p + 1))
    return low / (n - 1) ** p, low * (high - low) / (n - 1) ** (2 * p)


@cache
def variance_quantile(p: int, n: int, q: float) -> float:
    """Return the q quantile of |S| / |Sigma| for n values of p variables.

    (n - 1)^p |S| / |Sigma| is a product of independent chi-squares with n - 1 ... n - p degrees of freedom (Anderson 2003,
    theorem 7.5.3). One and two variables have a closed form; for more the logarithm's characteristic function is inverted
    (Gil-Pelaez 1951), to some 1e-13 in probability.

    Raises:
        SpcValueError: q is not between 0 and 1, or for more than two variables too near to them.
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - scipy is slow to import

    if p == 1:
        return float(2 * gammaincinv((n - 1) / 2, q)) / (n - 1)
    if p == 2:  # the product of the two is a quarter of the square of one with 2 n - 4 (Anderson 2003, theorem 7.5.4)
        return (float(gammaincinv(n - 2, q)) / (n - 1)) ** 2
    if not 1e-9 <= q <= 1 - 1e-9:
        raise SpcValueError("alpha", "at least 2e-9 for more than two variables")
    return math.exp(_log_product_quantile(tuple(range(n - p, n)), q) - p * math.log(n - 1))


def _log_product_quantile(freedom: tuple[int, ...], q: float) -> float:
    """Return the q quantile of the logarithm of a product of independent chi-squares."""
    from scipy.optimize import brentq  # noqa: PLC0415 - scipy is slow to import
    from scipy.special import digamma, loggamma, polygamma  # noqa: PLC0415

    shapes = np.array(freedom) / 2
    mean = float(np.sum(digamma(shapes)) + len(shapes) * math.log(2))
    deviation = math.sqrt(float(np.sum(polygamma(1, shapes))))
    # In standard deviations: a window of 80 of them, and frequencies up to where nothing is left of the function.
    t = (np.arange(1000) + 0.5) * (2 * math.pi / 80)
    powers = 1j * t / deviation
    log_of = np.sum(loggamma(shapes + powers[:, None]) - loggamma(shapes), axis=1) + powers * len(shapes) * math.log(2)
    characteristic = np.exp(log_of - powers * mean)

    def excess(y: float) -> float:
        return (
            0.5 - q - float(np.sum(np.imag(characteristic * np.exp(-1j * t * y)) / (np.arange(1000) + 0.5))) / math.pi
        )

    return mean + deviation * float(brentq(excess, -38.0, 38.0, xtol=1e-13))


def _track_variance(params: Params, options: Options) -> PointTrack:
    """``det``: the average |S| that serves as centre; |Sigma| is estimated by det / b1.

    With ``limits="probability"`` they are quantiles of |S| itself.
    """
    only(params, "det", "n", "variables")
    p, n = _whole(params, "variables", 1, _LARGEST_DIMENSION), _whole(params, "n", 2)
    b1, b2 = variance_factors(p, n)
    center = positive(params, "det")
    sigma = center / b1 * math.sqrt(b2)
    half, alpha = positive(options, "nsigma") * sigma, check_alpha(options)
    row = (center, max(center - half, 0.0), center + half, sigma)
    if choice(options, "limits", ("sigma", "probability")) == "probability":
        low, high = (variance_quantile(p, n, q) * center / b1 for q in (alpha / 2, 1 - alpha / 2))
        row = (center, low, high, sigma)

    def point(observation: Observation) -> Row:
        block = one_block(observation.values, p, n)
        if block is None:
            return (None, *row)
        return (float(_determinants(np.array(block)[None])[0]), *row)

    def batch(columns: Columns) -> PanelColumns:
        return PanelColumns(_determinants(blocks(columns.values, p, n)), *row)

    return PointTrack(point, batch)


def _determinants(table: FloatArray) -> FloatArray:
    """Return |S| of each subgroup of shape (m, p, n), by elimination in a fixed order (same bits for one and for many)."""
    m, p, n = table.shape
    centred = [[table[:, i, j] for j in range(n)] for i in range(p)]
    means = [_mean(row) for row in centred]
    centred = [[x - mean for x in row] for row, mean in zip(centred, means, strict=True)]
    rows = [[_mean([a * b for a, b in zip(u, v, strict=True)]) * (n / (n - 1)) for v in centred] for u in centred]
    result = np.ones(m)
    for i in range(p):
        pivot = rows[i][i]
        result = result * pivot
        safe = np.where(pivot == 0, 1.0, pivot)
        for r in range(i + 1, p):
            factor = rows[r][i] / safe
            rows[r] = [rows[r][c] - factor * rows[i][c] if c > i else rows[r][c] for c in range(p)]
    return np.where(result < 0, 0.0, result)


def _fit_variance(columns: Columns, options: Options) -> Fit:
    p = variables(options)
    table = present_blocks(columns, p)
    variance_factors(p, table.shape[2])
    choice(options, "center", ("pooled", "mean"))
    given = known_number(options, "det")
    if given is not None:
        det = given
    elif options["center"] == "pooled":
        det = covariance({"center": [0.0] * p, "cov": pooled_covariance(table).tolist()}).determinant
    else:
        det = float(np.mean(_determinants(table)))
    return Fit({"det": det, "n": table.shape[2], "variables": p}, f"{options['center']} |S|")


_OF_BASELINE = ("m", "n", "given")
_T2 = PanelSpec("t2", "T²", symmetric=False, zones=False)
_T2_OPTIONS: dict[str, Any] = {"variables": 2, "phase": "2", "alpha": 0.0027}

MULTIVARIATE_CHARTS: tuple[Chart, ...] = (
    Chart("t2", (_T2,), "multivariate", _T2_OPTIONS, _fit_subgroups, _track_t2, unknowable=_OF_BASELINE),
    Chart(
        "t2_i",
        (_T2,),
        "multivariate",
        {**_T2_OPTIONS, "covariance": "sample"},
        _fit_individuals,
        _track_t2,
        unknowable=_OF_BASELINE,
    ),
    Chart(
        "generalized_variance",
        (PanelSpec("det", "|S|", role="dispersion", symmetric=False),),
        "multivariate",
        {"variables": 2, "nsigma": 3.0, "limits": "sigma", "alpha": 0.0027, "center": "pooled"},
        _fit_variance,
        _track_variance,
        unknowable=("n", "variables"),
    ),
)
