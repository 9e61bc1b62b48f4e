"""Run length and limit of the multivariate EWMA chart by integral equations.

Sources: Rigdon (1995) J. Statist. Comput. Simul. 52 and Stat. Probab. Lett. 24; Runger & Prabhu (1996) Biometrika 83. In
control the norm of the EWMA is a Markov process in one dimension; out of control its component along the shift and the norm
of the rest are one in two. Solved by the Nyström method with Gauss-Legendre nodes; limits are asymptotic, the start is zero.
"""

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.arl_weighted import check_positive, density, find_limit, nodes
from spc_desktop.spc.errors import SpcValueError

FloatArray = NDArray[np.float64]


@checked
def mewma_arl(p: int, weight: float, h: float, noncentrality: float = 0.0) -> float:
    """Return the zero-state ARL of a MEWMA chart with asymptotic covariance.

    Args:
        p: number of variables, 1 to 50.
        weight: lambda, 0.01 to 1; from 0.03 with a shift (below, the two-dimensional equation needs too many nodes).
        h: limit of the plotted T².
        noncentrality: sqrt(d' S^-1 d) of a shift d of the mean, from the first point on.

    Raises:
        SpcValueError: an argument outside what is allowed.
    """
    if isinstance(p, bool) or not isinstance(p, int) or not 1 <= p <= 50:
        raise SpcValueError("p", "1 to 50 variables", p)
    if not 0.01 <= weight <= 1:
        raise SpcValueError("lambda", "0.01 to 1", weight)
    if noncentrality > 0 and weight < 0.03 and p > 1:
        raise SpcValueError("lambda", "0.03 to 1 with a shift", weight)
    if check_positive("h", h) > 1e4:
        raise SpcValueError("h", "at most 1e4", h)
    if not (math.isfinite(noncentrality) and noncentrality >= 0):
        raise SpcValueError("noncentrality", "a finite number that is not negative", noncentrality)
    radius = math.sqrt(h * weight / (2 - weight))
    if weight == 1:
        return _hotelling(p, h, noncentrality)
    if noncentrality == 0:
        return _in_control(p, weight, radius)
    if p == 1:
        return _along(weight, radius, noncentrality)
    return _shifted(p, weight, radius, noncentrality)


def _hotelling(p: int, h: float, noncentrality: float) -> float:
    from scipy.stats import ncx2  # noqa: PLC0415 - scipy is slow to import

    return 1.0 / float(ncx2.sf(h, p, noncentrality**2))


def norm_density(r: FloatArray, mean: FloatArray, dimension: int, scale: float) -> FloatArray:
    """Return the density of the norm of a normal vector at ``r``, whose mean has the norm ``mean``.

    Args:
        dimension: of the vector; its components have standard deviation ``scale``.
    """
    from scipy.special import ive  # noqa: PLC0415 - scipy is slow to import

    order = dimension / 2 - 1
    x, m = r / scale, np.maximum(mean / scale, 1e-12)
    with np.errstate(under="ignore"):
        # exp(-(x^2 + m^2) / 2) I(x m) x (x / m)^order, with the growth of the Bessel function taken out
        result: FloatArray = np.exp(-0.5 * (x - m) ** 2) * ive(order, x * m) * x * (x / m) ** order / scale
    return result


def _central(r: FloatArray, dimension: int, scale: float) -> FloatArray:
    x = r / scale
    constant = math.exp((1 - dimension / 2) * math.log(2) - math.lgamma(dimension / 2)) / scale
    with np.errstate(under="ignore"):
        result: FloatArray = constant * x ** (dimension - 1) * np.exp(-0.5 * x * x)
    return result


def _solve(kernel: FloatArray, start: FloatArray) -> float:
    try:
        arl = np.linalg.solve(np.eye(len(kernel)) - kernel, np.ones(len(kernel)))
    except np.linalg.LinAlgError:  # singular in double precision: no chart of this world signals
        return math.inf
    value = float(1.0 + start @ arl)
    return value if 0 < value < 1e14 else math.inf


def _in_control(p: int, weight: float, radius: float) -> float:
    count = int(min(max(40, math.ceil(8 * radius / weight)), 600))
    r, w = nodes(0.0, radius, count)
    kernel = norm_density(r[None, :], (1 - weight) * r[:, None], p, weight) * w
    return _solve(kernel, _central(r, p, weight) * w)


def _along(weight: float, radius: float, shift: float) -> float:
    u, w = nodes(-radius, radius, int(min(max(60, math.ceil(16 * radius / weight)), 1000)))
    kernel = density((u[None, :] - (1 - weight) * u[:, None]) / weight - shift) * (w / weight)
    return _solve(kernel, density(u / weight - shift) * (w / weight))


def _shifted(p: int, weight: float, radius: float, shift: float) -> float:
    """Nodes fill the half disc of (component along the shift, norm of the rest); a = R sin t keeps the edge smooth."""
    widths = radius / weight
    across = min(max(24, math.ceil(5 * widths)), 72)
    t, dt = nodes(-math.pi / 2, math.pi / 2, across)
    along, half = radius * np.sin(t), radius * np.cos(t)
    x, dx = nodes(0.0, 1.0, min(max(14, math.ceil(2.5 * widths)), 36))
    a = np.repeat(along, x.size)
    rest = (half[:, None] * x[None, :]).ravel()
    area = ((dt * half)[:, None] * (half[:, None] * dx[None, :])).ravel()
    keep = 1 - weight
    first = density((along[None, :] - keep * along[:, None]) / weight - shift) / weight
    kernel = norm_density(rest[None, :], keep * rest[:, None], p - 1, weight) * area
    kernel *= np.repeat(np.repeat(first, x.size, axis=0), x.size, axis=1)
    start = density(a / weight - shift) / weight * _central(rest, p - 1, weight) * area
    return _solve(kernel, start)


@checked
@lru_cache(maxsize=256)
def mewma_limit(p: int, weight: float, arl0: float) -> float:
    """Return the limit h of T² with the in-control zero-state ARL ``arl0``.

    Raises:
        SpcValueError: an argument outside what is allowed.
    """
    return find_limit(lambda h: mewma_arl(p, weight, h), arl0, p + 6.0)
