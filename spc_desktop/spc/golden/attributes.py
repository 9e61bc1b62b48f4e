"""Adapters of the self-test for charts of counts and of rare events."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.attributes import ATTRIBUTE_CHARTS, count_limits
from spc_desktop.spc.charts.base import ChartRun, Limits
from spc_desktop.spc.charts.engine import Chart
from spc_desktop.spc.charts.rare_events import POWER, RARE_EVENT_CHARTS
from spc_desktop.spc.run_rules import Rule, RuleSet

FloatArray = NDArray[np.float64]
_CHARTS: dict[str, Chart] = {chart.name: chart for chart in (*ATTRIBUTE_CHARTS, *RARE_EVENT_CHARTS)}
_RULES = RuleSet("golden", (Rule("beyond", "beyond"), Rule("run", "run", k=7)))
# The probability outside -3 sigma of a normal distribution, on which the references put their probability limits.
_TAIL = 0.5 * math.erfc(3 / math.sqrt(2))


def attributes(given: Mapping[str, Any]) -> dict[str, Any]:
    """Limits, statistics and signals of a chart of counts, with Laney's chart and probability limits beside it."""
    kind = given["type"]
    counts = np.array(given["counts"], dtype=np.float64)
    sizes = np.array(given["sizes"], dtype=np.float64) if kind != "c" else np.ones(counts.size)
    data = counts if kind == "c" else np.column_stack((counts, sizes))
    limits, run = _judge(_CHARTS[kind], data)
    panel = run.panels[0]
    mean = next(iter(limits.params.values()))
    spread = mean * (1 - mean) if kind in {"p", "np"} else mean
    result: dict[str, Any] = {
        "qcc": {
            "center": _distinct(panel.center),
            "std_dev": _distinct(np.sqrt(spread * sizes) if kind == "np" else np.full(1, math.sqrt(spread))),
            "lcl": panel.lcl.tolist() if kind == "p" else _distinct(panel.lcl),
            "ucl": panel.ucl.tolist() if kind == "p" else _distinct(panel.ucl),
            "statistics": panel.value.tolist(),
            "beyond_limits": panel.signals["beyond"].tolist(),
            "violating_runs_len7": panel.signals["run"].tolist(),
        }
    }
    if kind in {"p", "u"}:
        result["laney"] = _laney(f"laney_{kind}", data)
    if kind != "u":
        result["probability_limits"] = _probability(kind, mean, sizes)
    return result


def _judge(chart: Chart, data: FloatArray, options: Mapping[str, Any] | None = None) -> tuple[Limits, ChartRun]:
    limits = chart.estimate(data, options)
    return limits, chart.monitor(limits, _RULES).run(data)


def _laney(name: str, data: FloatArray) -> dict[str, Any]:
    limits, run = _judge(_CHARTS[name], data)
    panel = run.panels[0]
    sigma_z = limits.params["sigma_z"]
    return {
        "center": float(panel.center[0]),
        "sigma_z": sigma_z,
        "lcl": panel.lcl.tolist(),
        "ucl": panel.ucl.tolist(),
        "z": ((panel.value - panel.center) / (panel.sigma / sigma_z)).tolist(),
        "beyond_limits": panel.signals["beyond"].tolist(),
        "sigma_z_screened_once": _CHARTS[name].estimate(data, {"screened": True}).params["sigma_z"],
    }


def _probability(kind: str, mean: float, sizes: FloatArray) -> dict[str, Any]:
    pairs = [count_limits(kind != "c", mean, size, 2 * _TAIL) for size in sizes.tolist()]
    low, high = [int(low) for low, _ in pairs], [int(high) for _, high in pairs]
    if kind == "c":
        return {"p_lo": _TAIL, "lcl_count": low[0], "ucl_count": high[0]}
    return {"p_lo": _TAIL, "lcl_count": low, "ucl_count": high}


def _distinct(column: FloatArray) -> list[float]:
    """A column, or one number when it is the same everywhere."""
    same = bool((column == column[0]).all())
    return [float(column[0])] if same else column.tolist()


def g_chart(given: Mapping[str, Any]) -> dict[str, Any]:
    """Zero-based g chart: Shewhart and probability limits from both estimators of p."""
    counts = np.array(given["counts"], dtype=np.float64)
    chart = _CHARTS["g"]
    limits = chart.estimate(counts)
    panel = chart.monitor(limits).run(counts).panels[0]
    result: dict[str, Any] = {
        "mean": float(np.mean(counts)),
        "shewhart": {"center": float(panel.center[0]), "lcl": float(panel.lcl[0]), "ucl": float(panel.ucl[0])},
        "beyond_shewhart": panel.signals["nelson_1"].tolist(),
    }
    for estimator in ("mle", "mvu"):
        options = {"limits": "probability", "alpha": 2 * _TAIL, "estimator": estimator}
        found = chart.estimate(counts, options)
        panel = chart.monitor(found).run(counts).panels[0]
        result[f"p_{estimator}"] = found.params["p"]
        result[f"probability_{estimator}"] = {
            "center_median": float(panel.center[0]),
            "lcl": float(panel.lcl[0]),
            "ucl": float(panel.ucl[0]),
        }
    return {"zero_based": result}


def t_chart(given: Mapping[str, Any]) -> dict[str, Any]:
    """The t chart by its three methods."""
    times = np.array(given["times"], dtype=np.float64)
    chart = _CHARTS["t"]
    found = {method: chart.estimate(times, {"method": method}) for method in ("nelson", "weibull", "exponential")}
    lines = {}
    for method, limits in found.items():
        panel = chart.monitor(limits).run(times).panels[0]
        lines[method] = {"center": float(panel.center[0]), "lcl": float(panel.lcl[0]), "ucl": float(panel.ucl[0])}
    weibull = found["weibull"].params
    return {
        "nelson_1_3.6": {
            "transformed": (times ** (1 / POWER)).tolist(),
            **lines["nelson"],
            "sigma_transformed": found["nelson"].params["sigma"],
        },
        "weibull_mle": {"shape": weibull["shape"], "scale": weibull["scale"], **_median(lines["weibull"])},
        "exponential": {"rate": 1 / found["exponential"].params["mean"], **_median(lines["exponential"])},
    }


def _median(line: dict[str, float]) -> dict[str, float]:
    return {"center_median": line["center"], "lcl": line["lcl"], "ucl": line["ucl"]}


ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "attributes": attributes,
    "g_chart": g_chart,
    "t_chart": t_chart,
}
