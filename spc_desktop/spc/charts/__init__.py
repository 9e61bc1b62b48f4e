"""The registry of control charts: name -> ``ControlChart``. To add a chart, write a module and add its line here."""

from spc_desktop.spc.charts.attribute_weighted import ATTRIBUTE_WEIGHTED_CHARTS
from spc_desktop.spc.charts.attributes import ATTRIBUTE_CHARTS
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
from spc_desktop.spc.charts.between_within import BETWEEN_WITHIN_CHARTS
from spc_desktop.spc.charts.mewma import MEWMA_CHART
from spc_desktop.spc.charts.multivariate import MULTIVARIATE_CHARTS
from spc_desktop.spc.charts.rare_events import RARE_EVENT_CHARTS
from spc_desktop.spc.charts.run_chart import RUN_CHART
from spc_desktop.spc.charts.short_run import SHORT_RUN_CHARTS
from spc_desktop.spc.charts.special import SPECIAL_CHARTS
from spc_desktop.spc.charts.time_weighted import TIME_WEIGHTED_CHARTS
from spc_desktop.spc.charts.variables import VARIABLES_CHARTS

CHARTS: dict[str, ControlChart] = {
    **{chart.name: chart for chart in ATTRIBUTE_CHARTS},
    **{chart.name: chart for chart in RARE_EVENT_CHARTS},
    RUN_CHART.name: RUN_CHART,
    **{chart.name: chart for chart in ATTRIBUTE_WEIGHTED_CHARTS},
    **{chart.name: chart for chart in MULTIVARIATE_CHARTS},
    MEWMA_CHART.name: MEWMA_CHART,
    **{chart.name: chart for chart in VARIABLES_CHARTS},
    **{chart.name: chart for chart in BETWEEN_WITHIN_CHARTS},
    **{chart.name: chart for chart in TIME_WEIGHTED_CHARTS},
    **{chart.name: chart for chart in SHORT_RUN_CHARTS},
    **{chart.name: chart for chart in SPECIAL_CHARTS},
}

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
