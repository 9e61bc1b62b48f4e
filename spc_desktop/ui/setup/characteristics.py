"""Characteristics: what is measured or counted at a product, its unit, digits, specification and subgroup size."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from spc_desktop.domain.product import Characteristic
from spc_desktop.i18n import _, marked
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import CHARTS
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.setup.fields import ChoiceField, NumberField, TextField, TickField, WholeField
from spc_desktop.ui.setup.form import Form, Line, naming_lines
from spc_desktop.ui.setup.kind import Item, Words
from spc_desktop.ui.station import Station

_FIELDS = (
    "product_id",
    "code",
    "name",
    "name_en",
    "unit",
    "decimals",
    "lsl",
    "target",
    "usl",
    "subgroup_size",
    "active",
)


class Characteristics:
    """The characteristics of a hub."""

    words = Words(
        title=marked("Characteristics"),
        new=marked("New characteristic"),
        empty=marked("No characteristic yet. Make a product first, then a characteristic with Ctrl+N."),
        find=marked("Find by characteristic or product"),
    )
    blame: Mapping[str, str] = {
        "code_empty": "code",
        "code_taken": "code",
        "name_empty": "name",
        "limits_order": "lsl",
        "target_outside": "target",
        "decimals_range": "decimals",
        "subgroup_size_range": "subgroup_size",
    }

    def __init__(self, station: Station) -> None:
        self.station = station

    def make_form(self) -> Form:
        """Return the form of a characteristic."""
        self._products = ChoiceField(self._product_choices)
        return Form(
            (
                Line(name="product_id", label=marked("Product"), field=self._products, identity=True),
                *naming_lines(),
                Line(name="unit", label=marked("Unit"), field=TextField(self._units)),
                Line(name="decimals", label=marked("Decimals"), field=WholeField(0, 12)),
                Line(name="lsl", label=marked("Lower specification limit (LSL)"), field=NumberField()),
                Line(name="target", label=marked("Target"), field=NumberField()),
                Line(name="usl", label=marked("Upper specification limit (USL)"), field=NumberField()),
                Line(name="subgroup_size", label=marked("Subgroup size (n)"), field=WholeField(1, 1000)),
                Line(
                    name="active",
                    label=marked("In use"),
                    field=TickField(),
                    hint=marked("Retired characteristics are hidden; their data stay."),
                ),
            )
        )

    def _product_choices(self) -> list[tuple[int, str]]:
        known = sorted(self.station.products.values(), key=lambda one: (not one.active, display_name(one)))
        return [(one.id, f"{display_name(one)} ({one.code})") for one in known]

    def _units(self) -> list[str]:
        return sorted({one.unit for one in self.station.characteristics.values() if one.unit})

    def items(self) -> Iterable[Item]:
        """Return the characteristics by product and name, retired ones last."""
        return characteristic_items(self.station)

    def blank(self) -> Characteristic | None:
        """Return a characteristic of the first product; None while there is none."""
        active = [one for one in self.station.products.values() if one.active]
        if not active:
            return None
        self._products.refill()
        first = min(active, key=display_name)
        return Characteristic(id=0, product_id=first.id, code="", name="", unit="mm")

    def values(self, thing: Characteristic) -> Mapping[str, Any]:
        """Return what the form shows."""
        return {name: getattr(thing, name) for name in _FIELDS}

    def made(self, thing: Characteristic, values: Mapping[str, Any]) -> Characteristic:
        """Return the characteristic with these values."""
        return replace(thing, **values)

    def effect(self, before: Characteristic | None, after: Characteristic) -> str:
        """Say what happens to the limits, and what retiring means."""
        if before is None:
            return _("A control plan is made with it: change it in its own section.")
        if before.subgroup_size != after.subgroup_size or self._limits_depend(before, after):
            return _("Control limits begin anew: the points from now on are judged by new ones.")
        if before.active and not after.active:
            return _("It is hidden everywhere and no sample of it is due any more. Values that still arrive are kept.")
        if (before.lsl, before.usl, before.target) != (after.lsl, after.usl, after.target):
            return _("It holds for values from now on; what was judged before stays as it was.")
        return ""

    def _limits_depend(self, before: Characteristic, after: Characteristic) -> bool:
        """Tell whether the chart's own limits follow from the specification that changes."""
        plan = self.station.plans.get(before.id)
        options = CHARTS[plan.chart].options() if plan is not None and plan.chart in CHARTS else {}
        return any(name in options and getattr(before, name) != getattr(after, name) for name in ("lsl", "usl"))

    def command(self, before: Characteristic | None, after: Characteristic, reason: str) -> m.SaveCatalogue:
        """Return the wish."""
        owner = self.station.products[after.product_id].code
        return m.SaveCatalogue(characteristics=(after,), owners=(owner,), seen_characteristics=(before,), reason=reason)

    def stored(self, answer: m.Catalogue, after: Characteristic) -> Characteristic:
        """Return the characteristic with its number."""
        del after
        (characteristic,) = answer.characteristics
        return characteristic

    def key_of(self, thing: Characteristic) -> str:
        """Return its number."""
        return str(thing.id)

    def before_new(self, after: Characteristic) -> Characteristic:
        """An addition is taken back by retiring it."""
        return replace(after, active=False)

    def objects(self, thing: Characteristic) -> tuple[str, ...]:
        """Return its name in the audit trail."""
        return (f"characteristic {thing.id}",)


def characteristic_items(station: Station) -> list[Item]:
    """Return the characteristics of a hub by product and name, retired ones last."""
    return [
        Item(
            str(one.id),
            one,
            f"{display_name(one)} · {product_name}",
            f"{one.code} {one.name} {one.name_en} {product_code}",
            retired=retired,
        )
        for retired, product_name, _name, one, product_code in sorted(_rows(station), key=lambda row: row[:3])
    ]


def _rows(station: Station) -> Iterable[tuple[bool, str, str, Characteristic, str]]:
    for one in station.characteristics.values():
        product = station.products.get(one.product_id)
        retired = not one.active or product is None or not product.active
        name = "" if product is None else display_name(product)
        yield retired, name, display_name(one), one, "" if product is None else product.code
