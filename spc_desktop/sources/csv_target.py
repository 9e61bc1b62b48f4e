"""The characteristic that a file is imported into: found, or made with the chart that fits the data."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from spc_desktop.domain.control_plan import ControlPlan, LimitPolicy
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import CHARTS

LEARN = 25
"""Subgroups of a baseline where nothing else is said."""

_GENERAL = frozenset({"value", "measurement", "measurement_value", "count", "x", "result", "값", "측정값"})
"""Column names that say nothing about what was measured: the file's name is used instead."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the person said; empty means "find out"."""

    product: str
    characteristic: str = ""
    chart: str = ""
    learn: int = 0
    columns: dict[str, str] = field(default_factory=dict)
    """Role (``value``, ``subgroup``, ``size``, ``time``) -> column name."""


@dataclass(frozen=True, slots=True)
class Series:
    """One characteristic's worth of a file."""

    name: str
    """Column."""
    wide: bool
    subgroup_size: int
    counts: bool
    defects: bool
    sizes: frozenset[float | None]
    subgroups: int
    learn: int
    """Baseline that the file itself marks, 0 for none."""
    decimals: int
    code: str = ""
    chart: str = ""
    keep_size: bool = True


async def prepare_characteristic(hub: HubApi, options: ImportOptions, series: Series, path: Path) -> tuple[Series, int]:
    """Find the characteristic, or make it with its product; return the series with code and chart, and its id.

    Raises:
        UserError: ``unknown_chart``, ``chart_differs``, ``subgroup_size_differs``, ``sizes_vary``, ``learn_differs``.
    """
    code = _code(options, series, path)
    catalogue = await hub.query(m.GetCatalogue())
    owner = next((product.id for product in catalogue.products if product.code == options.product), 0)
    found = next((one for one in catalogue.characteristics if one.product_id == owner and one.code == code), None)
    if found is not None:
        plan = next(plan for plan in catalogue.plans if plan.characteristic_id == found.id)
        _check_fit(options, series, found, plan)
        return _charted(series, code, plan.chart), found.id
    ready = _charted(series, code, _chart(options, series))
    saved = await hub.command(_save(options, ready, new_product=not owner), Actor(name="import", client="csv"))
    return ready, next(one.id for one in saved.characteristics if one.code == code)


def _code(options: ImportOptions, series: Series, path: Path) -> str:
    if options.characteristic and not series.wide:
        return options.characteristic
    return path.stem if series.name.lower() in _GENERAL else series.name


def _check_fit(options: ImportOptions, series: Series, found: Characteristic, plan: ControlPlan) -> None:
    if options.chart and options.chart != plan.chart:
        raise UserError("chart_differs", characteristic=found.code, chart=plan.chart, asked=options.chart)
    if options.learn and options.learn != plan.policy.learn_subgroups:
        raise UserError(
            "learn_differs", characteristic=found.code, learn=plan.policy.learn_subgroups, asked=options.learn
        )
    if not series.counts and series.subgroup_size > found.subgroup_size:
        raise UserError(
            "subgroup_size_differs", characteristic=found.code, size=found.subgroup_size, found=series.subgroup_size
        )


def _chart(options: ImportOptions, series: Series) -> str:
    """The chart asked for, or the usual one: by subgroup size, or by what is counted and whether the size varies."""
    if options.chart and options.chart not in CHARTS:
        raise UserError("unknown_chart", chart=options.chart, allowed=", ".join(sorted(CHARTS)))
    if options.chart:
        return options.chart
    if series.counts:
        constant = len(series.sizes) <= 1
        return ("c" if constant else "u") if series.defects else ("np" if constant else "p")
    return "i_mr" if series.subgroup_size == 1 else "xbar_r" if series.subgroup_size <= 8 else "xbar_s"


def _charted(series: Series, code: str, chart: str) -> Series:
    """A chart of plain counts takes no size: all units must have been alike."""
    keep = chart not in CHARTS or CHARTS[chart].data != "counts"
    if series.counts and not keep and len(series.sizes) > 1:
        raise UserError("sizes_vary", chart=chart)
    return replace(series, code=code, chart=chart, keep_size=keep)


def _save(options: ImportOptions, series: Series, new_product: bool) -> m.SaveCatalogue:
    learn = options.learn or series.learn or min(LEARN, max(2, series.subgroups))
    characteristic = Characteristic(
        id=0,
        product_id=0,
        code=series.code,
        name=series.code,
        decimals=series.decimals,
        subgroup_size=1 if series.counts else series.subgroup_size,
    )
    return m.SaveCatalogue(
        products=(Product(id=0, code=options.product, name=options.product),) if new_product else (),
        characteristics=(characteristic,),
        owners=(options.product,),
        plans=(ControlPlan(characteristic_id=0, chart=series.chart, policy=LimitPolicy(learn_subgroups=learn)),),
        reason="import",
    )
