"""The products and characteristics as the server knows them: look-ups for requests, kept exact by catalogue events."""

from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.hub.api import HubApi
from spc_desktop.protocol import messages as m


class Directory:
    """Products by id and code, characteristics by id, by product and by code."""

    def __init__(self, hub: HubApi) -> None:
        self._hub = hub
        self._read_at = -1
        self.products: dict[int, Product] = {}
        self.characteristics: dict[int, Characteristic] = {}
        self._codes: dict[str, int] = {}
        self._of_product: dict[int, dict[int, Characteristic]] = {}

    async def read(self) -> None:
        """Take the whole catalogue from the hub."""
        catalogue = await self._hub.query(m.GetCatalogue())
        self._read_at = max(catalogue.seq, self._hub.state.head)
        self._take(catalogue.products, catalogue.characteristics)

    def apply(self, event: m.CatalogueEvent) -> None:
        self._take(event.products, event.characteristics)

    async def product(self, asked: int | str) -> Product | None:
        """Return a product by id or code. A miss reads the catalogue again: an event may still be under way."""
        found = self.known(asked)
        if found is None and self._hub.state.head > self._read_at:
            await self.read()
            found = self.known(asked)
        return found

    async def characteristic(self, asked: int) -> Characteristic | None:
        """Return a characteristic by id."""
        found = self.characteristics.get(asked)
        if found is None and self._hub.state.head > self._read_at:
            await self.read()
            found = self.characteristics.get(asked)
        return found

    def known(self, asked: int | str) -> Product | None:
        """Return a product by id or code from what is known, without asking the hub."""
        number = asked if isinstance(asked, int) else self._codes.get(asked)
        return self.products.get(number) if number is not None else None

    def first_of(self, product_id: int) -> Characteristic | None:
        """Return the product's characteristic with the lowest id: the one meant where none is named."""
        owned = self._of_product.get(product_id)
        return owned[min(owned)] if owned else None

    def of_product(self, product_id: int) -> list[Characteristic]:
        """Return the product's characteristics by rising id."""
        return [entry for _, entry in sorted(self._of_product.get(product_id, {}).items())]

    def _take(self, products: tuple[Product, ...], characteristics: tuple[Characteristic, ...]) -> None:
        for product in products:
            before = self.products.get(product.id)
            if before is not None:
                self._codes.pop(before.code, None)
            self.products[product.id] = product
            self._codes[product.code] = product.id
        for characteristic in characteristics:
            moved = self.characteristics.get(characteristic.id)
            if moved is not None:
                self._of_product.get(moved.product_id, {}).pop(moved.id, None)
            self.characteristics[characteristic.id] = characteristic
            self._of_product.setdefault(characteristic.product_id, {})[characteristic.id] = characteristic
