"""Distributions of measurements: density, quantiles, maximum likelihood and the choice by Anderson-Darling.

Owns the fourteen families offered for capability. Each is either a standard law of ``(x - loc)/scale`` or of
``(log(x - threshold) - loc)/scale``, or a gamma law of ``x - threshold``. Estimation of the families is in
``distribution_fits``.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.normality import anderson_darling_statistic
from spc_desktop.spc.samples import FloatArray, varying_sample

_BIG = 700.0
"""Exponents are cut here: exp stays finite, and the tails beyond are 0 or 1 in double precision anyway."""


@dataclass(frozen=True, slots=True)
class Standard:
    """A law without parameters: functions of a standardised z, and the quantile function of a probability."""

    cdf: Callable[[FloatArray], FloatArray]
    sf: Callable[[FloatArray], FloatArray]
    logpdf: Callable[[FloatArray], FloatArray]
    ppf: Callable[[float], float]


@dataclass(frozen=True, slots=True)
class DistributionFit:
    """A distribution with its parameters, and how well it fits the sample it came from.

    ``parameters`` are in the units of the data or of its logarithm (see ``DISTRIBUTIONS``); ``loglik`` is the natural
    logarithm of the likelihood; ``anderson_darling`` is A squared (smaller is better).
    """

    name: str
    parameters: Mapping[str, float]
    n: int
    loglik: float
    anderson_darling: float

    def cdf(self, x: float) -> float:
        """Probability of a value up to ``x``."""
        return float(cdf(self.name, self.parameters, np.array([float(x)]))[0])

    def sf(self, x: float) -> float:
        """Probability of a value above ``x``, without cancellation in the tail."""
        return float(sf(self.name, self.parameters, np.array([float(x)]))[0])

    def quantile(self, p: float) -> float:
        """Value below which a share ``p`` lies, 0 < p < 1."""
        return quantile(self.name, self.parameters, p)


DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "normal": ("mean", "sd"),
    "lognormal": ("meanlog", "sdlog"),
    "weibull": ("shape", "scale"),
    "gamma": ("shape", "scale"),
    "exponential": ("mean",),
    "logistic": ("loc", "scale"),
    "loglogistic": ("loc", "scale"),
    "smallest_extreme": ("loc", "scale"),
    "largest_extreme": ("loc", "scale"),
    "lognormal_3": ("meanlog", "sdlog", "threshold"),
    "weibull_3": ("shape", "scale", "threshold"),
    "gamma_3": ("shape", "scale", "threshold"),
    "loglogistic_3": ("loc", "scale", "threshold"),
    "exponential_2": ("mean", "threshold"),
}
"""Family -> parameter names. ``loc`` and ``scale`` of loglogistic and ``meanlog``, ``sdlog`` are of log(x - threshold);
``mean`` of the exponential is the mean above the threshold."""

TWO_PARAMETER = tuple(name for name in DISTRIBUTIONS if not name.endswith(("_2", "_3")))
"""The families without a threshold: always determined by the data. The others often are not."""

_LOG_FAMILIES = {"lognormal": "normal", "loglogistic": "logistic", "weibull": "smallest", "exponential": "smallest"}
_PLAIN_FAMILIES = {
    "normal": "normal",
    "logistic": "logistic",
    "smallest_extreme": "smallest",
    "largest_extreme": "largest",
}


def standard(law: str) -> Standard:
    """Return the standard ``normal``, ``logistic``, ``smallest`` or ``largest`` (extreme value) law."""
    from scipy.special import expit, log_expit, logit, ndtr, ndtri  # noqa: PLC0415

    half_log = 0.5 * math.log(2 * math.pi)
    laws = {
        "normal": Standard(ndtr, lambda z: ndtr(-z), lambda z: -0.5 * z * z - half_log, ndtri),
        "logistic": Standard(expit, lambda z: expit(-z), lambda z: log_expit(z) + log_expit(-z), logit),
        "smallest": Standard(
            lambda z: -np.expm1(-_exp(z)),
            lambda z: np.exp(-np.minimum(_exp(z), _BIG + 45.0)),
            lambda z: z - _exp(z),
            lambda p: math.log(-math.log1p(-p)),
        ),
        "largest": Standard(
            lambda z: np.exp(-np.minimum(_exp(-z), _BIG + 45.0)),
            lambda z: -np.expm1(-_exp(-z)),
            lambda z: -z - _exp(-z),
            lambda p: -math.log(-math.log(p)),
        ),
    }
    return laws[law]


def cdf(name: str, parameters: Mapping[str, float], x: FloatArray) -> FloatArray:
    """Distribution function at ``x`` (any shape)."""
    return _tail(name, parameters, x, upper=False)


def sf(name: str, parameters: Mapping[str, float], x: FloatArray) -> FloatArray:
    """1 - distribution function at ``x``, accurate in the upper tail."""
    return _tail(name, parameters, x, upper=True)


def _tail(name: str, parameters: Mapping[str, float], x: FloatArray, upper: bool) -> FloatArray:
    base, shift = _base(name), parameters.get("threshold", 0.0)
    result: FloatArray
    if base in _PLAIN_FAMILIES:
        law = standard(_PLAIN_FAMILIES[base])
        loc, scale = _loc_scale(base, parameters)
        z = (x - loc) / scale
        result = law.sf(z) if upper else law.cdf(z)
        return result
    from scipy.special import gammainc, gammaincc  # noqa: PLC0415

    above = x - shift
    inside = np.maximum(above, np.finfo(float).tiny)
    if base == "gamma":
        u = inside / parameters["scale"]
        result = np.asarray((gammaincc if upper else gammainc)(parameters["shape"], u), dtype=np.float64)
    else:
        law = standard(_LOG_FAMILIES[base])
        loc, scale = _loc_scale(base, parameters)
        z = (np.log(inside) - loc) / scale
        result = law.sf(z) if upper else law.cdf(z)
    return np.where(above > 0, result, 1.0 if upper else 0.0)


def log_density(name: str, parameters: Mapping[str, float], x: FloatArray) -> FloatArray:
    """Natural logarithm of the density at ``x``, every value inside the support."""
    base, shift = _base(name), parameters.get("threshold", 0.0)
    if base in _PLAIN_FAMILIES:
        loc, scale = _loc_scale(base, parameters)
        return standard(_PLAIN_FAMILIES[base]).logpdf((x - loc) / scale) - math.log(scale)
    above = x - shift
    if base == "gamma":
        shape, scale = parameters["shape"], parameters["scale"]
        density: FloatArray = (shape - 1) * np.log(above / scale) - above / scale - math.lgamma(shape) - math.log(scale)
        return density
    if base == "exponential":
        return -above / parameters["mean"] - math.log(parameters["mean"])
    loc, scale = _loc_scale(base, parameters)
    logs = np.log(above)
    return standard(_LOG_FAMILIES[base]).logpdf((logs - loc) / scale) - math.log(scale) - logs


def quantile(name: str, parameters: Mapping[str, float], p: float) -> float:
    """Quantile of a distribution.

    Args:
        name: one of ``DISTRIBUTIONS``.
        parameters: its parameters.
        p: probability, 0 < p < 1.

    Raises:
        SpcValueError: unknown name, or p outside.
    """
    if name not in DISTRIBUTIONS:
        raise SpcValueError("name", "one of " + ", ".join(DISTRIBUTIONS), name)
    if not 0 < p < 1:
        raise SpcValueError("p", "a number between 0 and 1, both excluded", p)
    base, shift = _base(name), parameters.get("threshold", 0.0)
    if base == "gamma":
        from scipy.special import gammaincinv  # noqa: PLC0415

        return shift + parameters["scale"] * float(gammaincinv(parameters["shape"], p))
    loc, scale = _loc_scale(base, parameters)
    if base in _PLAIN_FAMILIES:
        return loc + scale * float(standard(_PLAIN_FAMILIES[base]).ppf(p))
    return shift + math.exp(loc + scale * float(standard(_LOG_FAMILIES[base]).ppf(p)))


@checked
def fit_distribution(values: object, name: str, lognormal_sd: str = "ml") -> DistributionFit:
    """Fit one family by maximum likelihood (the normal with the n - 1 deviation, as every capability report does).

    Args:
        values: the sample; missing values are left out.
        name: one of ``DISTRIBUTIONS``.
        lognormal_sd: ``"ml"`` (divisor n) or ``"n-1"`` for the deviation of the logarithms of the 2-parameter lognormal.

    Raises:
        SpcValueError: unknown name, fewer than 3 values, all equal, values at or below zero for a family that has none, or
            a threshold that the data do not determine (the likelihood has no maximum).
    """
    from spc_desktop.spc.distribution_fits import ESTIMATORS  # noqa: PLC0415

    if name not in DISTRIBUTIONS:
        raise SpcValueError("name", "one of " + ", ".join(DISTRIBUTIONS), name)
    if lognormal_sd not in {"ml", "n-1"}:
        raise SpcValueError("lognormal_sd", 'one of "ml", "n-1"', lognormal_sd)
    x = np.sort(varying_sample(values, least=3))
    parameters = ESTIMATORS[name](x)
    if name == "lognormal" and lognormal_sd == "n-1":
        parameters = {**parameters, "sdlog": parameters["sdlog"] * math.sqrt(x.size / (x.size - 1))}
    return evaluate_fit(name, parameters, x)


@checked
def fit_p_value(fit: DistributionFit, replicates: int = 499, seed: int = 20260801) -> float:
    """p-value of the fit's Anderson-Darling statistic by parametric bootstrap (Stute, Gonzalez Manteiga, Quindimil 1993).

    Samples of the same size are drawn from the fit, fitted anew and compared. For a family without shape parameter (or the
    logarithm of one) the result does not depend on the parameters. The standard error is sqrt(p (1 - p)/replicates).

    Args:
        fit: from ``fit_distribution``.
        replicates: number of samples, at least 99.
        seed: of the random numbers; the same seed gives the same p.

    Raises:
        SpcValueError: fewer than 99 replicates.
    """
    if not 99 <= replicates <= 1_000_000:
        raise SpcValueError("replicates", "99 to 1000000", replicates)
    if seed < 0:
        raise SpcValueError("seed", "a whole number of at least 0", seed)
    random = np.random.default_rng(seed)
    as_large = 0
    for _ in range(replicates):
        draw = np.array([fit.quantile(p) for p in random.uniform(1e-15, 1.0 - 1e-15, fit.n)])
        try:
            as_large += fit_distribution(draw, fit.name).anderson_darling >= fit.anderson_darling
        except SpcValueError:  # a threshold that this draw does not determine: counted as no better a fit
            as_large += 1
    return (1 + as_large) / (1 + replicates)


def evaluate_fit(name: str, parameters: Mapping[str, float], ordered: FloatArray) -> DistributionFit:
    """Attach likelihood and Anderson-Darling to given parameters (``ordered``: ascending sample)."""
    loglik = float(np.sum(log_density(name, parameters, ordered)))
    statistic = anderson_darling_statistic(cdf(name, parameters, ordered), sf(name, parameters, ordered))
    return DistributionFit(name, dict(parameters), int(ordered.size), loglik, statistic)


@dataclass(frozen=True, slots=True)
class FitRanking:
    """Fits in ascending order of Anderson-Darling, and why the other families were left out."""

    fits: tuple[DistributionFit, ...]
    refused: Mapping[str, str]

    @property
    def best(self) -> DistributionFit:
        """The fit with the smallest Anderson-Darling statistic."""
        return self.fits[0]


@checked
def rank_distributions(values: object, names: Sequence[str] = TWO_PARAMETER) -> FitRanking:
    """Fit several families and order them by Anderson-Darling.

    Raises:
        SpcValueError: an unknown name, or a sample that no family accepts.
    """
    x = varying_sample(values, least=3)
    unknown = [name for name in names if not isinstance(name, str) or name not in DISTRIBUTIONS]
    if unknown or len(names) == 0:
        raise SpcValueError("names", "a choice of " + ", ".join(DISTRIBUTIONS), unknown)
    fits, refused = [], {}
    for name in names:
        try:
            fits.append(fit_distribution(x, name))
        except SpcValueError as error:
            refused[name] = error.allowed
    if not fits:
        raise SpcValueError("values", "values that at least one of the families accepts", dict(refused))
    return FitRanking(tuple(sorted(fits, key=lambda fit: fit.anderson_darling)), refused)


def _base(name: str) -> str:
    return name[:-2] if name.endswith(("_2", "_3")) else name


def _loc_scale(base: str, parameters: Mapping[str, Any]) -> tuple[float, float]:
    if base == "normal":
        return parameters["mean"], parameters["sd"]
    if base == "lognormal":
        return parameters["meanlog"], parameters["sdlog"]
    if base == "weibull":
        return math.log(parameters["scale"]), 1.0 / parameters["shape"]
    if base == "exponential":
        return math.log(parameters["mean"]), 1.0
    return parameters["loc"], parameters["scale"]


def _exp(z: FloatArray) -> FloatArray:
    result: FloatArray = np.exp(np.minimum(z, _BIG))
    return result
