"""Products and their characteristics."""

from msgspec import Struct


class Product(Struct, frozen=True, kw_only=True):
    """A product (part number) whose characteristics are watched."""

    id: int
    code: str
    name: str
    name_en: str = ""
    """English name where the plant keeps one; empty means ``name`` in every language."""
    line: str = ""
    active: bool = True


class Characteristic(Struct, frozen=True, kw_only=True):
    """A measured or counted property of a product, with its specification in ``unit``."""

    id: int
    product_id: int
    code: str
    name: str
    name_en: str = ""
    unit: str = ""
    decimals: int = 3
    lsl: float | None = None
    usl: float | None = None
    target: float | None = None
    subgroup_size: int = 1
    """Measurements per subgroup; 1 for individuals and for attribute charts."""
    active: bool = True
