"""Run lengths and limits of EWMA and CUSUM charts by integral equations.

Sources: Crowder (1987) Technometrics 29 for EWMA; Page (1954) Biometrika 41, Lucas & Crosier (1982) Technometrics 24 and
Hawkins & Olwell (1998) for CUSUM. Solved by the Nyström method with Gauss-Legendre nodes (Knoth 2006). Observations are
independent and normal; shifts are in their standard deviations (for subgroups: of the mean).
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.arguments import checked
from spc_desktop.spc.errors import SpcValueError

FloatArray = NDArray[np.float64]
_ROOT_2_PI = math.sqrt(2.0 * math.pi)


def check_positive(name: str, value: float) -> float:
    """Return ``value`` or raise SpcValueError unless it is a finite number above 0."""
    if not (math.isfinite(value) and value > 0):
        raise SpcValueError(name, "a finite number above 0", value)
    return float(value)


def check_shift(shift: float) -> float:
    """Return ``shift`` or raise SpcValueError unless it is finite."""
    if not math.isfinite(shift):
        raise SpcValueError("shift", "a finite number", shift)
    return float(shift)


def nodes(low: float, high: float, count: int) -> tuple[FloatArray, FloatArray]:
    """Return Gauss-Legendre nodes and weights on an interval."""
    x, w = np.polynomial.legendre.leggauss(count)
    half = (high - low) / 2
    return np.asarray(low + half * (x + 1), dtype=np.float64), np.asarray(half * w, dtype=np.float64)


def density(z: FloatArray) -> FloatArray:
    """Return the standard normal density."""
    with np.errstate(under="ignore"):
        result: FloatArray = np.exp(-0.5 * z * z) / _ROOT_2_PI
    return result


def _lambda(weight: float) -> float:
    if not 0.001 <= weight <= 1:
        raise SpcValueError("lambda", "0.001 to 1", weight)
    return float(weight)


def _count(widths: float) -> int:
    """Nodes for an interval of so many kernel widths: 10 digits from about 4 per width."""
    return int(min(max(60, math.ceil(5 * widths)), 1200))


@checked
def ewma_arl(weight: float, limit: float, shift: float = 0.0, *, limits: str = "asymptotic") -> float:
    """Return the zero-state ARL of a two-sided EWMA chart.

    Args:
        weight: lambda, 0.001 to 1 (below, the equation needs more nodes than it has).
        limit: L, distance of the limits in standard deviations of the EWMA.
        shift: of the mean, from the first point on.
        limits: ``"asymptotic"``, or ``"exact"`` limits that widen with the number of points (lambda from 0.01 up: below,
            they need thousands of points to settle).

    Raises:
        SpcValueError: an argument outside what is allowed.
    """
    weight, limit, shift = _lambda(weight), check_positive("limit", limit), check_shift(shift)
    if limits not in {"asymptotic", "exact"}:
        raise SpcValueError("limits", "'asymptotic' or 'exact'", limits)
    if limits == "exact" and weight < 0.01:
        raise SpcValueError("lambda", "0.01 to 1 with exact limits", weight)
    c = limit * math.sqrt(weight / (2 - weight))
    count = _count(2 * c / weight)
    u, w = nodes(-c, c, count)
    keep = 1 - weight
    kernel = density((u[None, :] - keep * u[:, None]) / weight - shift) * (w / weight)
    arl = np.asarray(np.linalg.solve(np.eye(count) - kernel, np.ones(count)), dtype=np.float64)
    if limits == "asymptotic":
        start = density(u / weight - shift) * (w / weight)
        value = float(1.0 + start @ arl)
        return value if 0 < value < 1e14 else math.inf
    return _widening(weight, c, shift, u, w, arl)


def _widening(weight: float, c: float, shift: float, u: FloatArray, w: FloatArray, arl: FloatArray) -> float:
    """Carry the density of the EWMA through the widening limits, then finish with the ARL at the final limits."""
    keep = 1 - weight
    x, dx = u / c, w / c  # nodes on (-1, 1)
    total = 1.0
    at, mass = np.zeros(1), np.ones(1)
    for i in range(1, 100_000):
        half = c * math.sqrt(1 - keep ** (2 * i))
        points = half * x
        f = density((points[:, None] - keep * at[None, :]) / weight - shift) / weight @ mass
        survival = float(np.sum(f * dx * half))
        at, mass = points, f * dx * half
        if half >= c * (1 - 1e-13) or survival < 1e-16:
            break
        total += survival
    return total + float(np.sum(mass * arl))


@checked
def ewma_limit(weight: float, arl0: float, *, limits: str = "asymptotic") -> float:
    """Return L of a two-sided EWMA chart with the in-control zero-state ARL ``arl0``.

    Raises:
        SpcValueError: lambda outside 0.001 to 1, or arl0 not above 2 (up to 1e7).
    """
    return find_limit(lambda limit: ewma_arl(_lambda(weight), limit, limits=limits), arl0, 3.0)


@checked
def cusum_arl(k: float, h: float, shift: float = 0.0, *, head_start: float = 0.0, sided: str = "two") -> float:
    """Return the zero-state ARL of a tabular CUSUM.

    Args:
        k: reference value.
        h: decision interval, above 0 up to 300.
        shift: of the mean, upwards, from the first point on.
        head_start: where both sums start (fast initial response), 0 to below h.
        sided: ``"one"`` (upper sum only) or ``"two"``.

    Raises:
        SpcValueError: an argument outside what is allowed.
    """
    if not (math.isfinite(k) and k >= 0):
        raise SpcValueError("k", "a finite number that is not negative", k)
    h, shift = check_positive("h", h), check_shift(shift)
    if h > 300:
        raise SpcValueError("h", "at most 300", h)
    if not 0 <= head_start < h:
        raise SpcValueError("head_start", "0 to below h", head_start)
    if sided not in {"one", "two"}:
        raise SpcValueError("sided", "'one' or 'two'", sided)
    up, up_head = _one_sided(k, h, shift, head_start)
    if sided == "one":
        return up_head
    down, down_head = _one_sided(k, h, -shift, head_start)
    # Lucas & Crosier (1982), eq. 3: the two sums cannot both be away from 0 for long. Divided to keep large ARLs finite.
    if math.isinf(up) or math.isinf(down):
        return up_head if math.isinf(down) else down_head
    return (up_head * (down / up) + down_head - down) / (1.0 + down / up)


def _one_sided(k: float, h: float, shift: float, head_start: float) -> tuple[float, float]:
    """ARL of the upper sum from 0 and from the head start."""
    from scipy.special import ndtr  # noqa: PLC0415 - scipy is slow to import

    count = _count(h)
    u, w = nodes(0.0, h, count)
    # Unknowns: L(0), then L at the nodes. From s the sum falls to 0 with probability Phi(k - s - shift).
    points = np.concatenate(([0.0], u))
    system = np.empty((count + 1, count + 1))
    system[:, 0] = ndtr(k - points - shift)
    system[:, 1:] = density(u[None, :] + (k - shift) - points[:, None]) * w
    try:
        arl = np.linalg.solve(np.eye(count + 1) - system, np.ones(count + 1))
    except np.linalg.LinAlgError:  # singular in double precision: the sum never leaves 0
        return math.inf, math.inf
    if not 0 < arl[0] < 1e14:  # beyond double precision: no chart of this world signals
        return math.inf, math.inf
    head = float(1.0 + ndtr(k - head_start - shift) * arl[0] + density(u + (k - shift) - head_start) * w @ arl[1:])
    return float(arl[0]), head


@checked
def cusum_limit(k: float, arl0: float, *, head_start_share: float = 0.0, sided: str = "two") -> float:
    """Return h of a CUSUM with the in-control zero-state ARL ``arl0``.

    Args:
        head_start_share: head start as a share of h, 0 to below 1.

    Raises:
        SpcValueError: an argument outside what is allowed.
    """
    if not 0 <= head_start_share < 1:
        raise SpcValueError("head_start_share", "0 to below 1", head_start_share)
    return find_limit(lambda h: cusum_arl(k, h, head_start=head_start_share * h, sided=sided), arl0, 4.0)


def find_limit(arl_of: Callable[[float], float], arl0: float, guess: float, *, tolerance: float = 1e-12) -> float:
    """Return the limit, to ``tolerance``, at which the increasing function ``arl_of`` reaches ``arl0``.

    Raises:
        SpcValueError: arl0 not above 2 or above 1e7.
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - scipy is slow to import

    if not 2 < arl0 <= 1e7:
        raise SpcValueError("arl0", "above 2, up to 1e7", arl0)
    wanted = math.log(arl0)

    def excess(limit: float) -> float:
        arl = arl_of(limit)
        return (math.log(arl) if 0 < arl < math.inf else 1e3) - wanted

    low = high = guess
    while excess(low) > 0:
        low *= 0.7
        if low < 1e-6:
            raise SpcValueError("arl0", "an ARL that some limit reaches", arl0)
    while excess(high) < 0:
        high *= 1.3
    return float(brentq(excess, low, high, xtol=tolerance, rtol=1e-12))
