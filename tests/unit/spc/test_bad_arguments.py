"""Every argument of every public function of the engine but the charts, replaced in turn by what it is not meant for.

Each answer is a refusal that names an argument, a finite result, or None for "not defined"; never another exception, a
warning, or a silent NaN or infinity. Charts are swept in ``test_bad_input``, samples in ``test_odd_samples``.
"""

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from spc_desktop import spc

NAN, INF = math.nan, math.inf
RNG = np.random.default_rng(7)
X = RNG.normal(10.0, 1.0, 24).tolist()
ROWS = RNG.normal(10.0, 1.0, (8, 3)).tolist()
BLOCK = RNG.normal(10.0, 1.0, (4, 3, 2)).tolist()
SPEC = spc.Specification(6.0, 14.0, 10.0)
FIT = spc.fit_distribution(X, "normal")
RULE = spc.Rule("one", "beyond")
RULES = spc.RuleSet("mine", (RULE,))
PARTS = [1, 1, 2, 2, 3, 3, 4, 4]
RATERS = ["a", "b"] * 4
RATINGS = ["ok", "ok", "bad", "ok", "bad", "bad", "ok", "ok"]
GRADES = [1, 2, 3, 4, 2, 3]

BAD: dict[str, Any] = {
    "none": None,
    "text": "x",
    "nan": NAN,
    "inf": INF,
    "-inf": -INF,
    "negative": -1,
    "negative fraction": -0.5,
    "zero": 0,
    "one": 1,
    "two": 2,
    "fraction": 2.5,
    "huge": 1e300,
    "huge whole": 10**9,
    "beyond float": 10**400,
    "tiny": 1e-300,
    "true": True,
    "empty": [],
    "one value": [5.0],
    "all equal": [5.0] * 8,
    "with nan": [1.0, NAN, 2.0, 4.0],
    "with inf": [1.0, INF, 2.0, 4.0],
    "negatives": [-1.0, -2.0, -3.0, -5.0],
    "zeros": [0.0] * 4,
    "huge values": [1e300, -1e300, 1.0, 2.0],
    "tiny values": [1e-300, 2e-300, 3e-300, 5e-300],
    "words": ["a", "b", "c"],
    "ragged": [[1.0, 2.0], [1.0]],
    "rows of one": [[1.0], [2.0], [3.0]],
    "rows of none": [[], []],
    "object": object(),
    "complex": 1j,
    "complex values": [1.0, 1j, 2.0, 3.0],
    "not hashable": ([1.0],),
    "mapping": {"a": 1.0},
    "bytes": b"x",
    "array of none": np.array([]),
    "array": np.array([1.0, 2.0, 4.0, 3.0]),
}


def _of(
    function: Callable[..., object], *given: object, **named: object
) -> tuple[Callable[..., object], dict[str, Any]]:
    """The call with every argument by its name, defaults included."""
    bound = inspect.signature(function).bind(*given, **named)
    bound.apply_defaults()
    return function, dict(bound.arguments)


CALLS = [
    *(_of(f, 5) for f in (spc.c4, spc.c5, spc.d2, spc.d3, spc.d4, spc.sd_median, spc.chart_constants)),
    _of(spc.range_cdf, 2.0, 5),
    _of(spc.range_quantile, 0.5, 5),
    _of(spc.estimate_sigma, ROWS, "rbar"),
    _of(spc.estimate_sigma, X, "mrbar"),
    _of(spc.moving_ranges, np.array(X)),
    _of(spc.cusum_arl, 0.5, 4.0),
    _of(spc.cusum_limit, 0.5, 370.0),
    _of(spc.ewma_arl, 0.2, 2.8),
    _of(spc.ewma_limit, 0.2, 370.0),
    _of(spc.mewma_arl, 2, 0.2, 10.0, 1.0),
    _of(spc.mewma_limit, 2, 0.2, 200.0),
    _of(spc.count_cusum_arl, False, 2.0, 1.0, 2.5, 5.0),
    _of(spc.count_cusum_limit, False, 2.0, 1.0, 1.5, 200.0),
    _of(spc.count_cusum_arl, True, 0.1, 20.0, 2.5, 4.0),
    _of(spc.xbar_oc, 5, 1.0),
    _of(spc.range_oc, 5, 1.5),
    _of(spc.sd_oc, 5, 1.5),
    _of(spc.p_oc, 50, 0.1, 0.2),
    _of(spc.rule_run_length, RULES, points=20_000, replications=100),
    _of(spc.rule_run_length, spc.RuleSet("t", (spc.Rule("t", "trend", 3),)), points=20_000, replications=100),
    _of(spc.expected_false_alarms, [spc.WatchedChart("i_mr", 8.0)]),
    _of(spc.lag1_autocorrelation, np.array(X)),
    _of(spc.one_sided_factor, 10, 0.9, 0.95),
    _of(spc.two_sided_factor, 10, 0.9, 0.95),
    _of(spc.normal_tolerance, X),
    _of(spc.nonparametric_tolerance, X, 0.8, 0.9),
    _of(spc.required_size, 0.9, 0.95),
    _of(spc.capability_study, X, SPEC),
    _of(spc.capability_study, ROWS, SPEC),
    _of(spc.transformed_capability, X, SPEC),
    _of(spc.transformed_capability, X, SPEC, "yeo_johnson", 0.5),
    _of(spc.best_fit_capability, X, SPEC),
    _of(spc.empirical_capability, X, SPEC),
    _of(spc.percentile_capability, FIT, SPEC),
    _of(spc.Specification, 1.0, 3.0, 2.0),
    _of(spc.binomial_capability, [1, 2, 0, 3], [50, 50, 50, 50]),
    _of(spc.poisson_capability, [1, 2, 0, 3], [5.0, 5.0, 5.0, 5.0]),
    _of(spc.clopper_pearson, 2, 50),
    _of(spc.garwood, 4),
    _of(spc.type1_study, X, 10.0, 8.0),
    _of(spc.bias_study, X, 10.0),
    _of(spc.linearity_study, [1.0, 2.0, 3.0, 4.0], [1.1, 2.0, 3.2, 4.1], 6.0),
    _of(spc.stability_study, ROWS, 10.0),
    _of(spc.gage_rr_crossed, BLOCK),
    _of(spc.gage_rr_nested, BLOCK),
    _of(spc.gage_rr_average_range, BLOCK),
    _of(spc.crossed_layout, PARTS, RATERS, X[:8]),
    _of(spc.nested_layout, RATERS, PARTS, X[:8]),
    _of(spc.Scale, 8.0, 1.0),
    _of(spc.attribute_study, PARTS, RATERS, RATINGS, {1: "ok", 2: "bad", 3: "bad", 4: "ok"}, "bad"),
    _of(spc.all_agree, [["a", "a"], ["a", "b"]], ["a", "b"]),
    _of(spc.matches, GRADES, GRADES[::-1]),
    _of(spc.cohen_kappa, GRADES, GRADES[::-1]),
    _of(spc.cohen_kappa, GRADES, GRADES[::-1], "linear", [1, 2, 3, 4]),
    _of(spc.fleiss_kappa, [["a", "a"], ["a", "b"], ["b", "b"]]),
    _of(spc.kendall_w, [[1, 2], [2, 3], [3, 1]]),
    _of(spc.kendall_tau, GRADES, GRADES[::-1]),
    *(_of(f, X) for f in (spc.anderson_darling, spc.cramer_von_mises, spc.lilliefors, spc.shapiro_wilk, spc.moments)),
    *(_of(f, X) for f in (spc.shapiro_francia, spc.ryan_joiner, spc.jarque_bera, spc.fit_johnson_quantiles)),
    *(_of(f, X) for f in (spc.fit_johnson, spc.fit_box_cox, spc.fit_yeo_johnson)),
    _of(spc.fit_box_cox_within, ROWS),
    _of(spc.fit_box_cox_within, X, False),
    _of(spc.box_cox, X, 0.5),
    _of(spc.box_cox_inverse, 2.0, 0.5),
    _of(spc.yeo_johnson, X, 0.5),
    _of(spc.fit_distribution, X, "weibull"),
    _of(spc.fit_distribution, X, "lognormal"),
    _of(spc.fit_p_value, FIT, 99),
    _of(spc.rank_distributions, X),
    _of(spc.sustained_shift, X),
    _of(spc.irrational_subgrouping, ROWS),
    _of(spc.coarse_resolution, X),
    _of(spc.truncation, X, 11.0, "upper"),
    _of(spc.repeated_values, X),
    _of(spc.run_analysis, np.array(X)),
    _of(spc.phase_one, spc.CHARTS["i_mr"], [spc.Observation((x,)) for x in X]),
    _of(spc.phase_one_stages, spc.CHARTS["i_mr"], [spc.Observation((x,)) for x in X]),
    _of(spc.estimate_stages, spc.CHARTS["i_mr"], [spc.Observation((x,)) for x in X]),
    _of(spc.compile_rules, RULES),
    _of(spc.check_rules, RULES, True, False),
    _of(spc.rule_members, RULE, 0, np.array([9.0, 0.0]), 0.0, 1.0, -3.0, 3.0),
]
LONG = {"replicates", "replications", "points"}
"""Amounts of work that the caller asks for: large ones take long because they are meant to."""


def sweep() -> Iterator[Any]:
    for at, (function, arguments) in enumerate(CALLS):
        for name in arguments:
            if name not in LONG:
                yield pytest.param(function, arguments, name, id=f"{at}-{function.__name__}-{name}")


def numbers(result: object) -> Iterator[float]:
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        for field in dataclasses.fields(result):
            yield from numbers(getattr(result, field.name))
    elif isinstance(result, Mapping):
        for value in result.values():
            yield from numbers(value)
    elif isinstance(result, list | tuple):
        for value in result:
            yield from numbers(value)
    elif isinstance(result, float):
        yield float(result)


@pytest.mark.parametrize(("function", "arguments", "name"), list(sweep()))
def test_that_a_bad_argument_is_refused_by_name_or_gives_finite_numbers(
    function: Callable[..., object], arguments: dict[str, Any], name: str
) -> None:
    for kind, bad in BAD.items():
        answer = answered(function, {**arguments, name: bad})
        assert not wrong(function, answer), kind


def answered(function: Callable[..., object], arguments: dict[str, Any]) -> object:
    try:
        return function(**arguments)
    except spc.SpcValueError as error:
        if not (error.argument and error.allowed):
            raise AssertionError("a refusal without the argument or what is allowed") from error
        return None


def wrong(function: Callable[..., object], answer: object) -> list[float]:
    """NaN anywhere, and an infinity where it is not the documented "never signals"."""
    never = function.__module__.rpartition(".")[2].startswith(("arl_", "false_alarms"))
    return [x for x in numbers(answer) if math.isnan(x) or (math.isinf(x) and not (never and x > 0))]
