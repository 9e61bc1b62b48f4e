"""Adapters of the self-test for charts of several variables."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts.engine import Chart
from spc_desktop.spc.charts.mewma import MEWMA_CHART, MewmaTrack
from spc_desktop.spc.charts.multivariate import MULTIVARIATE_CHARTS, variance_factors

FloatArray = NDArray[np.float64]
_CHARTS: dict[str, Chart] = {chart.name: chart for chart in MULTIVARIATE_CHARTS}
_ALPHA = 0.0027


def _limit(chart: Chart, data: FloatArray, **options: Any) -> float:
    limits = chart.estimate(data, options)
    return float(chart.monitor(limits).run(data).panels[0].ucl[0])


def t2_individuals(given: Mapping[str, Any]) -> dict[str, Any]:
    """T² of individuals with both covariances and the limits of each phase."""
    data = np.array(given["data"], dtype=np.float64)
    p, chart = data.shape[1], _CHARTS["t2_i"]
    joint = 1 - (1 - _ALPHA) ** p
    phase_1 = {"variables": p, "phase": "1"}
    limits = chart.estimate(data, phase_1)
    panel = chart.monitor(limits).run(data).panels[0]
    successive = chart.estimate(data, {**phase_1, "covariance": "successive"})
    result: dict[str, Any] = {
        "qcc": {
            "t2": panel.value.tolist(),
            "center": limits.params["center"],
            "cov": limits.params["cov"],
            "confidence": 1 - joint,
            "ucl_phase1": _limit(chart, data, variables=p, phase="1", alpha=joint),
            "ucl_phase2": _limit(chart, data, variables=p, phase="2", alpha=joint),
        },
        "alpha_0.0027": {
            "ucl_phase1_beta": float(panel.ucl[0]),
            "ucl_phase2_F": _limit(chart, data, variables=p, phase="2"),
            "ucl_chi2": _limit(chart, data, variables=p, phase="known"),
        },
        "successive_differences": {
            "cov": successive.params["cov"],
            "t2": chart.monitor(successive).run(data).panels[0].value.tolist(),
        },
        "phase1_signals_0.0027": panel.signals["nelson_1"].tolist(),
    }
    if "new_data" in given:
        phase_2 = chart.given(limits.params, {"variables": p, "phase": "2"})
        new = np.array(given["new_data"], dtype=np.float64)
        result["phase2_t2"] = chart.monitor(phase_2).run(new).panels[0].value.tolist()
    return result


def t2_subgroups(given: Mapping[str, Any]) -> dict[str, Any]:
    """T² of subgroups with the limits of both phases, and the generalised variance."""
    table = np.array(given["variables"], dtype=np.float64)  # (p, m, n)
    p, m, n = table.shape
    data = table.transpose(1, 0, 2).reshape(m, p * n)
    chart, joint = _CHARTS["t2"], 1 - (1 - _ALPHA) ** p
    limits = chart.estimate(data, {"variables": p, "phase": "1"})
    return {
        "t2": chart.monitor(limits).run(data).panels[0].value.tolist(),
        "center": limits.params["center"],
        "pooled_cov": limits.params["cov"],
        "confidence": 1 - joint,
        "ucl_phase1": _limit(chart, data, variables=p, phase="1", alpha=joint),
        "ucl_phase2": _limit(chart, data, variables=p, phase="2", alpha=joint),
        "alpha_0.0027": {
            "ucl_phase1": _limit(chart, data, variables=p, phase="1"),
            "ucl_phase2": _limit(chart, data, variables=p, phase="2"),
        },
        "generalized_variance": _generalized_variance(data, p, n),
    }


def _generalized_variance(data: FloatArray, p: int, n: int) -> dict[str, Any]:
    chart = _CHARTS["generalized_variance"]
    limits = chart.estimate(data, {"variables": p})
    panel = chart.monitor(limits).run(data).panels[0]
    b1, b2 = variance_factors(p, n)
    upper = float(panel.ucl[0])
    return {
        "values": panel.value.tolist(),
        "b1": b1,
        "b2": b2,
        "center": float(panel.center[0]),
        "sigma_hat_det": limits.params["det"] / b1,
        "ucl": upper,
        "lcl": float(panel.lcl[0]),
        "ucl_montgomery_unbiased": upper,
    }


def mewma(given: Mapping[str, Any]) -> dict[str, Any]:
    """The EWMA vectors, and T² with the asymptotic and the exact covariance."""
    data = np.array(given["data"], dtype=np.float64)
    params = {"center": list(given["mu"]), "cov": given["sigma"]}
    result: dict[str, Any] = {}
    for key, kind in (("t2_asymptotic_cov", "asymptotic"), ("t2_exact_cov", "exact")):
        options = {"variables": data.shape[1], "lambda": given["lambda"], "limits": kind, "h": 1.0}
        limits = MEWMA_CHART.given(params, options)
        result[key] = MEWMA_CHART.monitor(limits).run(data).panels[0].value.tolist()
        track = MEWMA_CHART.track(limits.params, limits.options)
        if isinstance(track, MewmaTrack):
            result["z"] = track.vectors(data).tolist()
    return result


ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "t2_individuals": t2_individuals,
    "t2_subgroups": t2_subgroups,
    "mewma": mewma,
}
