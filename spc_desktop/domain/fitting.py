"""Which charts of the registry can show the data of a characteristic."""

from collections.abc import Mapping

from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.product import Characteristic
from spc_desktop.spc.charts import CHARTS, ControlChart

_OF_SINGLE_VALUES = frozenset({"moving_average", "ewma", "cusum", "zone"})
"""Charts of subgroups that take single values too."""
_SPECIFICATION = frozenset({"lsl", "usl"})
_SHARED = ("variables", "nominals", "nsigma")
"""Options that mean the same on every chart that has them."""
_SAME_COUNTS = {"np": "p"}


def fitting_charts(characteristic: Characteristic, plan: ControlPlan) -> tuple[str, ...]:
    """Return the names of all charts that can show these data, in the order of the registry, the plan's own included."""
    own = CHARTS.get(plan.chart)
    if own is None:
        return ()
    return tuple(name for name, chart in CHARTS.items() if name == plan.chart or _fits(own, chart, characteristic))


def shared_options(plan: ControlPlan, chart: ControlChart) -> dict[str, object]:
    """Return those options of a plan that another chart understands in the same way."""
    known: Mapping[str, object] = chart.options()
    return {name: plan.chart_options[name] for name in _SHARED if name in plan.chart_options and name in known}


def _fits(own: ControlChart, other: ControlChart, characteristic: Characteristic) -> bool:
    if own.by_part != other.by_part:
        return False
    if not _measures(own):
        return own.data == other.data and (own.data == "multivariate" or _counted(own.name) == _counted(other.name))
    if other.options().keys() >= _SPECIFICATION and None in {characteristic.lsl, characteristic.usl}:
        return False
    if characteristic.subgroup_size > 1:
        return other.data == "variables"
    return other.data == "individuals" or other.name in _OF_SINGLE_VALUES


def _measures(chart: ControlChart) -> bool:
    return chart.data in {"variables", "individuals"}


def _counted(name: str) -> str:
    """Return what a chart of counts counts: nonconforming items (p), nonconformities (c), per unit (u), units between (g)."""
    kind = name.rpartition("_")[2]
    return _SAME_COUNTS.get(kind, kind)
