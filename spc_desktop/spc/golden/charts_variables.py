"""Adapters of the self-test for charts of variables: constants, limits, time-weighted, short-run, stages and phase I."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc import constants as k
from spc_desktop.spc.charts import CHARTS, Limits, Observation, PanelRun
from spc_desktop.spc.charts.engine import Chart, estimate_stages
from spc_desktop.spc.phase1 import phase_one
from spc_desktop.spc.run_rules import Rule, RuleSet, compile_rules
from spc_desktop.spc.sigma import estimate_sigma

FloatArray = NDArray[np.float64]
Case = Mapping[str, Any]
_RUN_7 = RuleSet("run of 7", (Rule("beyond", "beyond"), Rule("run", "run", k=7)))


def _chart(name: str) -> Chart:
    chart = CHARTS[name]
    assert isinstance(chart, Chart)  # noqa: S101 - every entry of the registry is one
    return chart


def _floats(values: Any) -> FloatArray:
    return np.array(values, dtype=np.float64)


def _rows(subgroups: Iterable[Iterable[float | None]]) -> FloatArray:
    """Subgroups of any sizes as an array, missing values at the end."""
    found = [[value for value in row if value is not None] for row in subgroups]
    width = max(map(len, found))
    return _floats([row + [None] * (width - len(row)) for row in found])


def _shared(values: FloatArray) -> list[float]:
    """The reference gives one number where all are equal."""
    return [float(values[0])] if (values == values[0]).all() else values.tolist()


def _beyond(panel: PanelRun, rule: str = "nelson_1") -> list[int]:
    found: list[int] = panel.signals[rule].tolist()
    return found


def constants(case: Case) -> Any:
    """Each size in ``n`` (or in ``rows``) with every constant."""
    sizes = case["n"] if "n" in case else [row["n"] for row in case["rows"]]
    names = [name for name in k.Constants.__slots__ if name != "n"]
    return {"rows": [{"n": n, **{name: getattr(k.constants(n), name) for name in names}} for n in sizes]}


_SIGMAS = {
    "UWAVE-R": ("rbar", "uwave"),
    "UWAVE-SD": ("sbar", "uwave"),
    "MVLUE-R": ("rbar", "mvlue"),
    "MVLUE-SD": ("sbar", "mvlue"),
    "RMSDF": ("pooled_c4", "mvlue"),
}
_DEFINED = {
    "rbar_mvlue": ("rbar", "mvlue"),
    "rbar_unweighted": ("rbar", "uwave"),
    "sbar_mvlue": ("sbar", "mvlue"),
    "sbar_unweighted": ("sbar", "uwave"),
    "pooled_c4": ("pooled_c4", "mvlue"),
    "pooled": ("pooled", "mvlue"),
}


def xbar_r_s(case: Case) -> Any:
    """All estimators on one data set, qcc's form and the form by definition."""
    values = _rows(case["subgroups"])
    sizes = np.count_nonzero(~np.isnan(values), axis=1)
    result: dict[str, Any] = {}
    for name, (estimator, weights) in _SIGMAS.items():
        options = {"estimator": estimator, "weights": weights}
        result[f"xbar|{name}"] = _one_chart("xbar_r", values, options)
        for key, chart in (("R", "r"), ("S", "s")):
            result[f"{key}|{name}"] = _one_chart(chart, values, options)
    defined: dict[str, Any] = {"sigma_estimates": {}}
    for name, (estimator, weights) in _DEFINED.items():
        options = {"estimator": estimator, "weights": weights}
        defined["sigma_estimates"][name] = estimate_sigma(values, estimator, weights=weights).sigma
        for key, chart in (("R_chart", "xbar_r"), ("S_chart", "xbar_s")):
            limits = _chart(chart).estimate(values, options)
            location, dispersion = _chart(chart).monitor(limits).run(values).panels
            lines = {"center": dispersion.center, "lcl": dispersion.lcl, "ucl": dispersion.ucl}
            defined[f"{key}_{name}"] = lines
            defined[f"xbar_chart_{name}"] = {
                "center": limits.params["center"],
                "lcl": location.lcl,
                "ucl": location.ucl,
            }
            defined["R" if chart == "xbar_r" else "S"] = dispersion.value
            defined["grand_mean"] = limits.params["center"]
    return {**result, "by_definition": {**defined, "sizes": sizes}}


def _one_chart(name: str, values: FloatArray, options: Mapping[str, Any]) -> dict[str, Any]:
    """A chart as qcc gives it; R and S have one centre there, the mean weighted by size, whatever the sizes."""
    chart = _chart(name)
    limits = chart.estimate(values, options)
    panel = chart.monitor(limits).run(values).panels[0]
    center, lower, upper = panel.center, panel.lcl, panel.ucl
    sizes = np.count_nonzero(~np.isnan(values), axis=1)
    if chart.panels[0].role == "dispersion":
        center = np.full(len(sizes), float(np.sum(sizes * panel.value) / np.sum(sizes)))
        lower, upper = np.maximum(0.0, center - 3 * panel.sigma), center + 3 * panel.sigma
    signals = compile_rules(_RUN_7).run(panel.value, center, panel.sigma, lower, upper)
    equal = bool((sizes == sizes[0]).all())
    return {
        "center": _shared(center),
        "std_dev": [limits.params["sigma"]],
        "lcl": lower[:1] if equal else lower,
        "ucl": upper[:1] if equal else upper,
        "statistics": panel.value,
        "beyond_limits": signals["beyond"],
        "violating_runs_len7": signals["run"],
    }


_INDIVIDUALS = {
    "MR_d2": ("mrbar", "exact"),
    "median_MR_d4": ("median_mr", "exact"),
    "median_MR_0.954": ("median_mr", "aiag"),
    "sd": ("overall", "exact"),
    "sd_c4": ("overall_c4", "exact"),
    "MSSD": ("mssd", "exact"),
    "MR_screened_once": ("mrbar_screened", "exact"),
}


def imr(case: Case) -> Any:
    """Individuals with every estimator; ``baseline`` are the points that limits come from."""
    values = _floats(case["values"])
    baseline = case.get("baseline")
    used = np.full(len(values), np.nan)
    rows = np.arange(len(values)) if baseline is None else np.array(baseline, dtype=np.int64)
    used[rows] = values[rows]
    chart = _chart("i_mr")
    result: dict[str, Any] = {}
    for name, (estimator, table) in _INDIVIDUALS.items():
        sigma = estimate_sigma(used, estimator, table=table).sigma
        limits = chart.given({"center": float(np.nanmean(used)), "sigma": sigma})
        result[name] = _individuals(limits, values)
    for span in range(3, 6):
        if _longest_stretch(used) >= span:
            result[f"MR_span{span}"] = {"sigma": estimate_sigma(used, "mrbar", span=span).sigma}
    limits = chart.estimate(values, baseline=baseline)
    panel = chart.monitor(limits, _RUN_7).run(values).panels[0]
    result["qcc"] = {
        "center": [limits.params["center"]],
        "std_dev": [limits.params["sigma"]],
        "lcl": _shared(panel.lcl),
        "ucl": _shared(panel.ucl),
        "statistics": values,
        "beyond_limits": _beyond(panel, "beyond"),
        "violating_runs_len7": _beyond(panel, "run"),
    }
    return result


def _longest_stretch(values: FloatArray) -> int:
    stretches = np.split(values, np.flatnonzero(np.isnan(values)))
    return max(int(np.count_nonzero(~np.isnan(stretch))) for stretch in stretches)


def _individuals(limits: Limits, values: FloatArray) -> dict[str, Any]:
    single, moving = _chart("i_mr").monitor(limits).run(values).panels
    return {
        **limits.params,
        "lcl": float(single.lcl[0]),
        "ucl": float(single.ucl[0]),
        "beyond_limits": _beyond(single),
        "mr_center": float(moving.center[0]),
        "mr_ucl": float(moving.ucl[0]),
        "mr_beyond": _beyond(moving),
    }


def stages_imr(case: Case) -> Any:
    """Limits and signals of each stage by itself; ``beyond`` counts positions in the whole series."""
    observations = [
        Observation(() if value is None else (value,), stage=str(stage))
        for value, stage in zip(case["values"], case["stage"], strict=True)
    ]
    limits = estimate_stages(_chart("i_mr"), observations)
    single, moving = _chart("i_mr").monitor(limits).run(observations).panels
    result = {}
    for stage, own in limits.items():
        inside = [at for at, observation in enumerate(observations) if observation.stage == stage]
        result[stage] = {
            **own.params,
            "lcl": float(single.lcl[inside[0]]),
            "ucl": float(single.ucl[inside[0]]),
            "mr_center": float(moving.center[inside[0]]),
            "mr_ucl": float(moving.ucl[inside[0]]),
            "beyond": [at for at in _beyond(single) if at in inside],
            "mr_beyond": [at for at in _beyond(moving) if at in inside],
        }
    return result


def frozen_limits(case: Case) -> Any:
    """Xbar, R and S with standards given."""
    values = _rows(case["subgroups"])
    result = {}
    for name, chart_name, panel_key in (("xbar", "xbar_r", "xbar"), ("R", "xbar_r", "r"), ("S", "xbar_s", "s")):
        chart = _chart(chart_name)
        limits = chart.given({"center": case["mu"], "sigma": case["sigma"]})
        run = chart.monitor(limits, {panel_key: _RUN_7}).run(values)
        panel = run.panels[[one.key for one in chart.panels].index(panel_key)]
        lines = {key: _shared(getattr(panel, key)) for key in ("center", "lcl", "ucl")}
        result[name] = {
            **{key: line if name == "xbar" or len(line) > 1 else line[0] for key, line in lines.items()},
            "std_dev": [case["sigma"]],
            "statistics": panel.value,
            "beyond_limits": _beyond(panel, "beyond"),
            "violating_runs_len7": _beyond(panel, "run"),
        }
    return result


def median_chart(case: Case) -> Any:
    """Medians with sigma from Rbar / d2; the limits stand around the mean of the medians."""
    values = _rows(case["subgroups"])
    chart = _chart("median")
    limits = chart.estimate(values)
    panel = chart.monitor(limits).run(values).panels[0]
    return {
        "medians": panel.value,
        "center_mean_of_medians": limits.params["center"],
        "center_median_of_medians": chart.estimate(values, {"center": "median"}).params["center"],
        "sigma": limits.params["sigma"],
        "lcl": _one(panel.lcl),
        "ucl": _one(panel.ucl),
        "A2_median": k.constants(values.shape[1]).A2_median,
    }


def _one(values: FloatArray) -> Any:
    shared = _shared(values)
    return shared[0] if len(shared) == 1 else shared


def moving_average(case: Case) -> Any:
    """Moving average with standards given."""
    chart = _chart("moving_average")
    limits = chart.given({"center": case["center"], "sigma": case["sigma"]}, {"span": case["span"]})
    panel = chart.monitor(limits).run(_floats(case["values"])).panels[0]
    return {"ma": panel.value, "lcl": panel.lcl, "ucl": panel.ucl, "beyond": _beyond(panel)}


def ewma(case: Case) -> Any:
    """EWMA with standards given, exact and asymptotic limits."""
    chart = _chart("ewma")
    options = {"lambda": case["lambda"], "nsigma": case["L"]}
    standards = {"center": case["center"], "sigma": case["sigma"]}
    values = _floats(case["values"])
    panel = chart.monitor(chart.given(standards, options)).run(values).panels[0]
    far = chart.monitor(chart.given(standards, {**options, "variance": "asymptotic"})).run(values).panels[0]
    return {
        "z": panel.value,
        "lcl": panel.lcl,
        "ucl": panel.ucl,
        "beyond": _beyond(panel),
        "asymptotic": {"lcl": float(far.lcl[0]), "ucl": float(far.ucl[0]), "beyond": _beyond(far)},
    }


def cusum(case: Case) -> Any:
    """Tabular CUSUM with standards given, in units of sigma and of the data."""
    chart = _chart("cusum")
    options = {"k": case["k"], "h": case["h"], "head_start": case.get("head_start", 0.0)}
    limits = chart.given({"center": case["center"], "sigma": case["sigma"]}, options)
    upper, lower = chart.monitor(limits).run(_floats(case["values"])).panels
    return {
        "c_plus_sigma_units": upper.value,
        "c_minus_sigma_units": lower.value,
        "signal_upper": _beyond(upper),
        "signal_lower": _beyond(lower),
        "c_plus_data_units": upper.value * case["sigma"],
        "c_minus_data_units": lower.value * case["sigma"],
    }


_METHODS = {
    "by_part": {"sigma_method": "by_part"},
    "by_run_sigma_part_mean": {"sigma_method": "by_run", "center": "part"},
    "by_run_sigma_run_mean": {"sigma_method": "by_run", "center": "run"},
    "constant": {"sigma_method": "constant"},
    "relative_to_size_log": {"sigma_method": "relative"},
}


def short_run_zmr(case: Case) -> Any:
    """Z-MR with each way to estimate sigma."""
    observations = [
        Observation(() if value is None else (value,), part=str(part))
        for value, part in zip(case["values"], case["part"], strict=True)
    ]
    chart = _chart("z_mr")
    result: dict[str, Any] = {}
    for name, options in _METHODS.items():
        limits = chart.estimate(observations, options)
        z, moving = chart.monitor(limits).run(observations).panels
        result[name] = {"z": z.value, "mr": moving.value, "beyond": _beyond(z), "mr_beyond": _beyond(moving)}
        sigmas = limits.params["sigmas"]
        if name == "by_part":
            result[name]["sigma"] = sigmas
        elif name in {"constant", "relative_to_size_log"}:
            result[name]["sigma" if name == "constant" else "sigma_log"] = next(iter(sigmas.values()))
    return result


def imr_rs_between_within(case: Case) -> Any:
    """Between/within by R and by S."""
    values = _rows(case["subgroups"])
    by_range = _chart("i_mr_r").estimate(values)
    by_sd = _chart("i_mr_s").estimate(values)
    single, moving, ranges = _chart("i_mr_r").monitor(by_range).run(values).panels
    deviations = _chart("i_mr_s").monitor(by_sd).run(values).panels[2]
    return {
        "center": by_range.params["center"],
        "sigma_of_means": by_range.params["sigma"],
        "i_lcl": float(single.lcl[0]),
        "i_ucl": float(single.ucl[0]),
        "mr_center": float(moving.center[0]),
        "mr_ucl": float(moving.ucl[0]),
        "sigma_within_R": by_range.params["sigma_within"],
        "sigma_within_S": by_sd.params["sigma_within"],
        "sigma_between_R": by_range.params["sigma_between"],
        "sigma_between_S": by_sd.params["sigma_between"],
        "sigma_bw_R": by_range.params["sigma_between_within"],
        "sigma_bw_S": by_sd.params["sigma_between_within"],
        "R": {"center": _one(ranges.center), "lcl": _one(ranges.lcl), "ucl": _one(ranges.ucl)},
        "S": {"center": _one(deviations.center), "lcl": _one(deviations.lcl), "ucl": _one(deviations.ucl)},
        "beyond": _beyond(single),
    }


def phase1_iteration(case: Case) -> Any:
    """Phase I of individuals: exclude, estimate again, until nothing is beyond."""
    found = phase_one(_chart("i_mr"), _floats(case["values"]))
    iterations = []
    for one in found.rounds:
        center, sigma = one.limits.params["center"], one.limits.params["sigma"]
        lines = {"lcl": center - 3 * sigma, "ucl": center + 3 * sigma}
        iterations.append({**one.limits.params, **lines, "newly_excluded": list(one.excluded)})
    return {"iterations": iterations, "excluded": sorted(found.exclusions)}


ADAPTERS: dict[str, Callable[[Case], Any]] = {
    "constants": constants,
    "xbar_r_s": xbar_r_s,
    "imr": imr,
    "stages_imr": stages_imr,
    "frozen_limits": frozen_limits,
    "median_chart": median_chart,
    "moving_average": moving_average,
    "ewma": ewma,
    "cusum": cusum,
    "short_run_zmr": short_run_zmr,
    "imr_rs_between_within": imr_rs_between_within,
    "phase1_iteration": phase1_iteration,
}
