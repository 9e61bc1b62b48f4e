"""What part of the plant the window is about: everything, one hub, or one line of it. Every page shows only that."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Signal

from spc_desktop.i18n import _

if TYPE_CHECKING:  # imported for the first paint, which has to be cheap
    from spc_desktop.domain.product import Characteristic, Product
    from spc_desktop.ui.station import Station


class Choice(NamedTuple):
    """A part of the plant; empty texts mean all of them."""

    hub: str = ""
    """Name of a hub (a site)."""
    line: str = ""
    """Name of a production line, as ``Product.line`` has it."""


EVERYTHING = Choice()


class Scope(QObject):
    """The chosen part; pages ask it what belongs there and listen to ``changed``."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choice = EVERYTHING

    @property
    def choice(self) -> Choice:
        """Return what is chosen."""
        return self._choice

    def choose(self, choice: Choice) -> None:
        """Show only this part from now on."""
        if choice != self._choice:
            self._choice = choice
            self.changed.emit()

    def has_station(self, station: "Station") -> bool:
        """Tell whether anything of a hub is to be shown."""
        return self._choice.hub in {"", station.name}

    def has_product(self, station: "Station", product: "Product | None") -> bool:
        """Tell whether a product of a hub is to be shown; one that is not known yet is shown on its hub."""
        if not self.has_station(station):
            return False
        return not self._choice.line or product is None or product.line == self._choice.line

    def has_characteristic(self, station: "Station", characteristic_id: int | None) -> bool:
        """Tell whether a characteristic of a hub is to be shown."""
        characteristic = station.characteristics.get(characteristic_id or 0)
        return self.has_product(station, station.products.get(characteristic.product_id) if characteristic else None)

    def products(self, station: "Station") -> "list[Product]":
        """Return the active products of a hub that are to be shown, by code."""
        found = [each for each in station.products.values() if each.active and self.has_product(station, each)]
        return sorted(found, key=lambda each: each.code)

    def characteristics(self, station: "Station") -> "list[Characteristic]":
        """Return the active characteristics of those products, product by product."""
        order = {product.id: at for at, product in enumerate(self.products(station))}
        found = [each for each in station.characteristics.values() if each.active and each.product_id in order]
        return sorted(found, key=lambda each: (order[each.product_id], each.id))


def choices(stations: "Iterable[Station]") -> list[Choice]:
    """Return everything that can be chosen: hubs where there are several, and their lines."""
    known = list(stations)
    found = [EVERYTHING]
    for station in known:
        if len(known) > 1:
            found.append(Choice(station.name))
        lines = sorted({product.line for product in station.products.values() if product.active and product.line})
        found += [Choice(station.name, line) for line in lines]
    return found


def scope_text(choice: Choice, names: Mapping[str, str], several: bool) -> str:
    """Return what a choice is called; ``names`` are the hubs' titles, which are told where there are several."""
    hub = names.get(choice.hub, choice.hub) if several else ""
    parts = [part for part in (hub, choice.line) if part]
    return " / ".join(parts) or (_("All sites") if several else _("All lines"))
