"""Every study on samples that break naive arithmetic: a finite answer or a refusal, never a warning, NaN or crash."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pytest

from spc_desktop import spc

RNG = np.random.default_rng(99)
N = 24
SAMPLES: dict[str, np.ndarray] = {
    "normal": RNG.normal(0, 1, N),
    "coarse": np.round(RNG.normal(5, 1, N)),
    "large offset": RNG.normal(1e9, 1e-3, N),
    "huge spread": RNG.lognormal(0, 6, N),
    "all equal": np.full(N, 3.0),
    "half missing": np.where(RNG.random(N) < 0.5, np.nan, RNG.normal(0, 1, N)),
    "all missing": np.full(N, np.nan),
    "one differs": np.array([0.0] * (N - 1) + [1.0]),
    "near underflow": RNG.normal(0, 1, N) * 1e-200,
    "near overflow": RNG.normal(0, 1, N) * 1e90,
    "beyond": RNG.normal(0, 1, N) * 1e200,
    "two values": np.array([0.0, 1.0] * (N // 2)),
    "rounding only": RNG.uniform(1, 1 + 1e-13, N),
    "far outlier": np.append(RNG.normal(0, 1, N - 1), 1e12),
    "empty": np.zeros(0),
    "one": np.array([1.0]),
    "two": np.array([1.0, 2.0]),
    "three": np.array([1.0, 2.0, 4.0]),
}
LIMITS = [spc.Specification(-2, 3, 0), spc.Specification(upper=3), spc.Specification(0, 5, 1, lower_is_boundary=True)]


def rows(x: np.ndarray, n: int = 3) -> np.ndarray:
    return x[: len(x) // n * n].reshape(-1, n)


def pairs(x: np.ndarray) -> list[list[float]]:
    return [[float(a), float(b)] for a, b in zip(x, x[::-1], strict=True)]


def block(x: np.ndarray) -> np.ndarray:
    return x[:12].reshape(3, 2, 2) if len(x) >= 12 else x.reshape(1, -1, 1)


STUDIES: dict[str, Callable[[np.ndarray], object]] = {
    "normality": lambda x: (spc.anderson_darling(x), spc.cramer_von_mises(x), spc.shapiro_francia(x), spc.moments(x)),
    "more normality": lambda x: (spc.lilliefors(x), spc.shapiro_wilk(x), spc.ryan_joiner(x), spc.jarque_bera(x)),
    "capability": lambda x: [spc.capability_study(x, limits) for limits in LIMITS],
    "capability of subgroups": lambda x: [spc.capability_study(rows(x), LIMITS[0], e) for e in (None, "rbar", "sbar")],
    "empirical": lambda x: spc.empirical_capability(x, LIMITS[0]),
    **{
        name: lambda x, name=name: spc.percentile_capability(spc.fit_distribution(x, name), LIMITS[0])
        for name in spc.DISTRIBUTIONS
    },
    **{
        name: lambda x, name=name: spc.transformed_capability(x, LIMITS[0], name)
        for name in ("box_cox", "yeo_johnson", "johnson")
    },
    "wheeler": spc.fit_johnson_quantiles,
    "box_cox within": lambda x: spc.fit_box_cox_within(rows(x)),
    "box_cox of ranges": lambda x: spc.fit_box_cox_within(x, subgroups=False),
    "tolerance": spc.normal_tolerance,
    "order statistics": lambda x: spc.nonparametric_tolerance(x, 0.5, 0.5),
    "type 1": lambda x: spc.type1_study(x, 1.0, 2.0),
    "linearity": lambda x: spc.linearity_study(list(range(len(x))), x.tolist(), 6.0),
    "stability": lambda x: (spc.stability_study(rows(x), 1.0), spc.stability_study(x[:, None])),
    "crossed": lambda x: spc.gage_rr_crossed(block(x), spc.Scale(2.0)),
    "nested": lambda x: spc.gage_rr_nested(block(x)),
    "average and range": lambda x: spc.gage_rr_average_range(block(x)),
    "kappa": lambda x: (spc.fleiss_kappa(pairs(x)), spc.cohen_kappa(x.tolist(), x[::-1].tolist(), "linear")),
    "ranks": lambda x: (spc.kendall_w(pairs(x)), spc.kendall_tau(x.tolist(), x[::-1].tolist())),
    "shift": spc.sustained_shift,
    "subgrouping": lambda x: spc.irrational_subgrouping(rows(x)),
    "resolution": lambda x: (spc.coarse_resolution(x), spc.coarse_resolution(rows(x))),
    "truncation": lambda x: spc.truncation(x, 1.0, "upper"),
    "repetition": spc.repeated_values,
}


def numbers(result: object) -> Iterator[float]:
    if dataclasses.is_dataclass(result):
        for field in dataclasses.fields(result):
            yield from numbers(getattr(result, field.name))
    elif isinstance(result, Mapping):
        for value in result.values():
            yield from numbers(value)
    elif isinstance(result, list | tuple):
        for value in result:
            yield from numbers(value)
    elif isinstance(result, float):
        yield result


@pytest.mark.parametrize("study", STUDIES)
def test_that_an_odd_sample_gives_finite_numbers_or_a_refusal(study: str) -> None:
    for name, sample in SAMPLES.items():
        try:
            result = STUDIES[study](sample.copy())
        except spc.SpcValueError:
            continue
        assert all(math.isfinite(number) for number in numbers(result)), name
