"""Products: made, renamed, moved to another line, retired."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from spc_desktop.domain.product import Product
from spc_desktop.i18n import _, marked
from spc_desktop.protocol import messages as m
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.setup.fields import TextField, TickField
from spc_desktop.ui.setup.form import Form, Line, naming_lines
from spc_desktop.ui.setup.kind import Item, Words
from spc_desktop.ui.station import Station

_FIELDS = ("code", "name", "name_en", "line", "active")


class Products:
    """The products of a hub."""

    words = Words(
        title=marked("Products"),
        new=marked("New product"),
        empty=marked("No product yet. Make the first one with Ctrl+N."),
        find=marked("Find by code, name or line"),
    )
    blame: Mapping[str, str] = {"code_empty": "code", "code_taken": "code", "name_empty": "name"}

    def __init__(self, station: Station) -> None:
        self.station = station

    def make_form(self) -> Form:
        """Return the form of a product."""
        return Form(
            (
                *naming_lines(),
                Line(name="line", label=marked("Line"), field=TextField(self._lines)),
                Line(
                    name="active",
                    label=marked("In use"),
                    field=TickField(),
                    hint=marked("Retired products are hidden; their data stay."),
                ),
            )
        )

    def _lines(self) -> list[str]:
        return sorted({product.line for product in self.station.products.values() if product.line})

    def items(self) -> Iterable[Item]:
        """Return the products by line and name, retired ones last."""
        found = sorted(
            self.station.products.values(), key=lambda one: (not one.active, one.line, display_name(one), one.code)
        )
        return [
            Item(
                one.code,
                one,
                f"{display_name(one)} ({one.code})",
                f"{one.name} {one.name_en} {one.line}",
                retired=not one.active,
            )
            for one in found
        ]

    def blank(self) -> Product:
        """Return a product without a name."""
        return Product(id=0, code="", name="")

    def values(self, thing: Product) -> Mapping[str, Any]:
        """Return what the form shows."""
        return {name: getattr(thing, name) for name in _FIELDS}

    def made(self, thing: Product, values: Mapping[str, Any]) -> Product:
        """Return the product with these values."""
        return replace(thing, **values)

    def effect(self, before: Product | None, after: Product) -> str:
        """Say what retiring means."""
        if before is None or before.active == after.active:
            return ""
        if not after.active:
            return _("It is hidden everywhere and no sample of it is due any more. Values that still arrive are kept.")
        return _("It is shown again, with all its data.")

    def command(self, before: Product | None, after: Product, reason: str) -> m.SaveCatalogue:
        """Return the wish."""
        return m.SaveCatalogue(products=(after,), seen_products=(before,), reason=reason)

    def stored(self, answer: m.Catalogue, after: Product) -> Product:
        """Return the product with its number."""
        del after
        (product,) = answer.products
        return product

    def key_of(self, thing: Product) -> str:
        """Return its code."""
        return thing.code

    def before_new(self, after: Product) -> Product:
        """An addition is taken back by retiring it."""
        return replace(after, active=False)

    def objects(self, thing: Product) -> tuple[str, ...]:
        """Return its name in the audit trail."""
        return (f"product {thing.code}",)
