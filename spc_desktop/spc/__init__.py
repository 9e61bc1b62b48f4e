"""The statistics: arrays and plain values in, numbers out.

Owns every formula of the program: constants, sigma estimators, control charts, run rules, capability, measurement
systems, run lengths. Called by ``domain`` and by the screens that show a study. Must not import anything of this program
but ``i18n``; no clock, no I/O, no names of products. scipy is imported inside the functions that need it.

This is the public surface: ``from spc_desktop.spc import CHARTS``. A name is loaded on first use, so that importing one part
of the engine does not pay for all. To add a name: its import under ``TYPE_CHECKING``, its line in ``_HOME``, ``__all__``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spc_desktop.spc.charts import CHARTS
    from spc_desktop.spc.charts.base import (
        ChartMonitor,
        ChartPoint,
        ChartRun,
        ControlChart,
        Limits,
        Observation,
        PanelPoint,
        PanelRun,
        PanelSpec,
        Provenance,
    )
    from spc_desktop.spc.charts.engine import Chart, estimate_stages
    from spc_desktop.spc.constants import Constants, c4, c5, d2, d3, d4, range_cdf, range_quantile, sd_median
    from spc_desktop.spc.constants import constants as chart_constants
    from spc_desktop.spc.errors import SpcValueError
    from spc_desktop.spc.phase1 import PhaseOne, phase_one
    from spc_desktop.spc.rules import Violation
    from spc_desktop.spc.sigma import SIGMA_ESTIMATORS, SigmaEstimate, estimate_sigma, moving_ranges

_HOME = {
    "CHARTS": "charts",
    "ChartMonitor": "charts.base",
    "ChartPoint": "charts.base",
    "ChartRun": "charts.base",
    "ControlChart": "charts.base",
    "Limits": "charts.base",
    "Observation": "charts.base",
    "PanelPoint": "charts.base",
    "PanelRun": "charts.base",
    "PanelSpec": "charts.base",
    "Provenance": "charts.base",
    "Chart": "charts.engine",
    "estimate_stages": "charts.engine",
    "Constants": "constants",
    "c4": "constants",
    "c5": "constants",
    "d2": "constants",
    "d3": "constants",
    "d4": "constants",
    "range_cdf": "constants",
    "range_quantile": "constants",
    "sd_median": "constants",
    "chart_constants": "constants:constants",
    "SpcValueError": "errors",
    "PhaseOne": "phase1",
    "phase_one": "phase1",
    "Violation": "rules",
    "SIGMA_ESTIMATORS": "sigma",
    "SigmaEstimate": "sigma",
    "estimate_sigma": "sigma",
    "moving_ranges": "sigma",
}
"""Public name -> module inside this package (``module:name`` where it is called differently there)."""

__all__ = [
    "CHARTS",
    "SIGMA_ESTIMATORS",
    "Chart",
    "ChartMonitor",
    "ChartPoint",
    "ChartRun",
    "Constants",
    "ControlChart",
    "Limits",
    "Observation",
    "PanelPoint",
    "PanelRun",
    "PanelSpec",
    "PhaseOne",
    "Provenance",
    "SigmaEstimate",
    "SpcValueError",
    "Violation",
    "c4",
    "c5",
    "chart_constants",
    "d2",
    "d3",
    "d4",
    "estimate_sigma",
    "estimate_stages",
    "moving_ranges",
    "phase_one",
    "range_cdf",
    "range_quantile",
    "sd_median",
]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, original = _HOME[name].partition(":")
    value: object = getattr(import_module(f"{__name__}.{module}"), original or name)
    globals()[name] = value
    return value
