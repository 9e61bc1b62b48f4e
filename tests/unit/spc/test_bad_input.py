"""Bad input at every public function: a refusal that names the argument, or a result that is finite or says "not defined".

numpy's warnings are errors in tests, so one that escapes fails here as well.
"""

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import pytest

from spc_desktop.spc import CHARTS, Observation, SpcValueError

NAN, INF = math.nan, math.inf
DATA = {
    "empty": [],
    "none": None,
    "text": "abc",
    "number": 7.0,
    "one point": [5.0],
    "one count": [Observation((3.0,), 10.0)],
    "one subgroup": [[1.0, 2.0, 3.0, 4.0]],
    "all equal": [5.0] * 8,
    "equal subgroups": [[5.0] * 4] * 8,
    "equal counts": [Observation((3.0,), 10.0)] * 8,
    "zero counts": [Observation((0.0,), 10.0)] * 8,
    "full counts": [Observation((10.0,), 10.0)] * 8,
    "missing": [1.0, NAN, 2.0, 4.0, NAN, 3.0],
    "all missing": [NAN, NAN, NAN],
    "infinite": [1.0, INF, 2.0],
    "infinite in a subgroup": [[1.0, 2.0], [-INF, 2.0]],
    "negative": [-1.0, 2.0, 3.0, 1.0],
    "negative counts": [Observation((-1.0,), 10.0), Observation((2.0,), 10.0)],
    "no units": [Observation((1.0,), 0.0), Observation((2.0,), 0.0)],
    "no size": [Observation((1.0,)), Observation((2.0,))],
    "infinite size": [Observation((1.0,), INF), Observation((2.0,), 5.0)],
    "more than units": [Observation((11.0,), 10.0), Observation((2.0,), 10.0)],
    "half counts": [Observation((1.5,), 10.0), Observation((2.0,), 10.0)],
    "one a subgroup": [[1.0], [2.0], [4.0]],
    "ragged": [[1.0, 2.0], [1.0]],
    "words": ["a", "b"],
    "words in observations": [Observation(("a",)), Observation((1.0,))],
    "too large": [1e300, -1e300, 2.0, 1.0],
    "nearly too large": [1e99, -1e99, 3e98, 1.0],
    "tiny": [1e-300, 2e-300, 4e-300, 1e-300],
    "tiny subgroups": [[1e-300, 2e-300], [4e-300, 1e-300], [2e-300, 3e-300]],
    "large counts": [Observation((1e15,), 1e16), Observation((2e15,), 1e16), Observation((1e14,), 1e16)],
    "three dimensions": np.zeros((2, 2, 2)),
    "gaps": [Observation(()), Observation(())],
    "values and gaps": [Observation((1.0,)), Observation(()), Observation((2.0,), excluded=True), Observation((4.0,))],
}


def numbers(result):
    """Every float in a result."""
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


def refused(call, *arguments, **named):
    """Return the result, or None where it was refused with the name of the argument and what is allowed."""
    try:
        return call(*arguments, **named)
    except SpcValueError as error:
        if not (error.argument and error.allowed):
            raise AssertionError("a refusal without the argument or what is allowed") from error
        return None


def judge_both_ways(monitor, data):
    """Judge by array and one by one: both refuse, or both give the same; NaN or None, never infinite."""
    run = refused(monitor.run, data)
    if run is None:
        return
    for panel in run.panels:
        columns = (panel.value, panel.center, panel.lcl, panel.ucl, panel.sigma)
        assert not any(np.isinf(column).any() for column in columns)
    rows = [one if isinstance(one, Observation) else Observation(tuple(np.atleast_1d(one).tolist())) for one in data]
    state = monitor.start()
    for at, row in enumerate(rows):
        state, point = monitor.step(state, row)
        for panel, column in zip(point.panels, run.panels, strict=True):
            value = NAN if panel.value is None else panel.value
            assert value == column.value[at] or (math.isnan(value) and math.isnan(column.value[at]))


STANDARDS = (
    {"center": 1.0, "sigma": 2.0},
    {"center": 1.0, "sigma": 2.0, "sigma_within": 1.0},
    {"sigma": 2.0},
    {"center": 1.0},
    {"p": 0.2},
    {"p": 0.2, "size": 4.0},
    {"u": 2.0, "size": 4.0},
    {"c": 2.0},
    {"u": 2.0},
    {"p": 0.2, "sigma_z": 1.0},
    {"u": 2.0, "sigma_z": 1.0},
    {"center": [1.0, 2.0], "cov": [[1.0, 0.3], [0.3, 1.0]]},
    {"det": 2.0, "n": 3, "variables": 2},
    {"means": {"": 1.0}, "sigmas": {"": 2.0}},
    {"center": 0.0, "sigma": 1.0, "nominals": {"": 1.0}},
    {"lsl": -10.0, "usl": 10.0, "sigma": 0.5},
    {"lsl": -10.0, "usl": 10.0},
)


def with_standards(chart):
    """Return limits of a chart from the first standards that it knows, and these."""
    for standards in STANDARDS:
        limits = refused(chart.given, standards)
        if limits is not None:
            return limits, standards
    raise AssertionError(f"no standards for {chart.name}")


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_that_odd_data_give_finite_limits_or_a_refusal_on_every_chart(name):
    chart = CHARTS[name]
    options = {"lsl": -9.0, "usl": 9.0} if "lsl" in chart.options() else {}
    given = chart.monitor(with_standards(chart)[0])
    for kind, data in DATA.items():
        limits = refused(chart.estimate, data, options)
        if limits is not None:
            assert all(math.isfinite(number) for number in numbers(limits.params)), kind
            judge_both_ways(chart.monitor(limits), data)
        judge_both_ways(given, data)


ODD = [NAN, INF, -INF, -1.0, 0.0, "x", None, [], [[1.0]], {}, True, 1j, object(), 1e300, 1e-300, 10**400]


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_that_odd_standards_and_options_are_refused_or_give_finite_limits(name):
    chart = CHARTS[name]
    _, standards = with_standards(chart)
    for bad in ODD:
        judge_with(chart, standards, bad)


def judge_with(chart, standards, bad):
    data = [Observation((1.0,) * 2 if chart.data == "multivariate" else (1.0,), 4.0)]
    for key in standards:
        limits = refused(chart.given, {**standards, key: bad})
        if limits is not None:
            monitor = chart.monitor(limits)
            if refused(monitor.step, monitor.start(), data[0]) is not None:
                judge_both_ways(monitor, data)
    for key in chart.options():
        limits = refused(chart.given, standards, {key: bad})
        if limits is not None:
            judge_both_ways(chart.monitor(limits), data)


KINDS = [None, "x", b"x", 1.0, True, 1j, object(), [None], [[1.0]], {"a": None}, {1: 1.0}, {1}, Observation((1.0,))]
FIELDS = [
    *({"values": bad} for bad in (None, 5.0, "abc", (object(),), (1j,), ([1.0],), ("a",))),
    *({"stage": bad} for bad in (None, [1], 1)),
    *({"part": bad} for bad in (None, [1])),
    *({"excluded": bad} for bad in (None, "x", 1)),
    *({"size": bad} for bad in ("x", 1j, [1.0])),
]


@pytest.mark.parametrize("name", sorted(CHARTS))
def test_that_every_argument_of_a_chart_is_refused_when_it_is_of_a_wrong_kind(name):
    chart = CHARTS[name]
    limits, standards = with_standards(chart)
    monitor, data = chart.monitor(limits), [1.0, 2.0, 3.0, 5.0]
    good = Observation((1.0,), 4.0)
    for bad in KINDS:
        refused(chart.estimate, bad)
        refused(chart.estimate, data, bad)
        refused(chart.estimate, data, None, bad)
        refused(chart.estimate, data, None, None, bad)
        refused(chart.given, bad)
        refused(chart.given, standards, bad)
        refused(chart.monitor, limits, bad)
        refused(chart.monitor, limits, {chart.panels[0].key: bad})
        refused(monitor.run, bad)
        for call, arguments in (
            (chart.monitor, (bad,)),
            (chart.monitor, ({"": bad},)),
            (monitor.step, (bad, good)),
            (monitor.step, (monitor.start(), None if isinstance(bad, Observation) else bad)),
        ):
            assert refused(call, *arguments) is None
    for fields in FIELDS:
        odd = good._replace(**fields)
        refused(monitor.step, monitor.start(), odd)
        assert refused(monitor.run, [odd]) is None or "size" in fields or fields == {"part": None}
