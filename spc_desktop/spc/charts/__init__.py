"""The registry of control charts: name -> ``ControlChart``. To add a chart, write a module and add its line here."""

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
    Violation,
)

CHARTS: dict[str, ControlChart] = {}

__all__ = [
    "CHARTS",
    "ChartMonitor",
    "ChartPoint",
    "ChartRun",
    "ControlChart",
    "Limits",
    "Observation",
    "PanelPoint",
    "PanelRun",
    "PanelSpec",
    "Provenance",
    "Violation",
]
