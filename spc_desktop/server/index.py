"""Which clients want an event: an index by type and product, so that the cost is per matching client, not per client."""

from collections.abc import Collection, Hashable
from typing import Generic, TypeVar

from spc_desktop.protocol import messages as m
from spc_desktop.protocol import v1

C = TypeVar("C", bound=Hashable)


def tag(event: m.AnyEvent) -> str:
    return str(event.__struct_config__.tag)


def wants(wanted: v1.Wanted, event: m.AnyEvent) -> bool:
    """Return whether a subscription covers an event. An event of no product (the catalogue) concerns every product."""
    if wanted.types is not None and tag(event) not in wanted.types:
        return False
    if wanted.products is not None and event.product_id is not None and event.product_id not in wanted.products:
        return False
    return _passes(wanted, event)


def characteristic_of(event: m.AnyEvent) -> int | None:
    """Return the characteristic that an event belongs to."""
    for part in ("alert", "measurement", "violation", "capability", "limits"):
        inner = getattr(event, part, None)
        if inner is not None:
            return inner.characteristic_id  # type: ignore[no-any-return]
    return getattr(event, "characteristic_id", None)


def _passes(wanted: v1.Wanted, event: m.AnyEvent) -> bool:
    if wanted.of is not None and characteristic_of(event) not in wanted.of:
        return False
    if isinstance(event, m.AlertEvent):
        alert = event.alert
        return alert.priority >= wanted.min_priority and (wanted.states is None or alert.state in wanted.states)
    if wanted.characteristics is not None:
        if isinstance(event, m.PointsEvent):
            return event.characteristic_id in wanted.characteristics
        if isinstance(event, m.LimitsEvent):
            return event.limits.characteristic_id in wanted.characteristics
    return True


class Index(Generic[C]):
    """(event tag, product or None for all) -> clients with the conditions that remain to be looked at (None: none)."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, int | None], dict[C, list[v1.Wanted] | None]] = {}
        self._wanted: dict[C, tuple[v1.Wanted, ...]] = {}

    def wanted(self, client: C) -> tuple[v1.Wanted, ...]:
        """Return what a client wants."""
        return self._wanted.get(client, ())

    def put(self, client: C, wanted: Collection[v1.Wanted]) -> None:
        """Replace what a client wants."""
        for key in _keys(self.wanted(client)):
            entry = self._entries.get(key)
            if entry is not None:
                entry.pop(client, None)
                if not entry:
                    del self._entries[key]
        if wanted:
            self._wanted[client] = tuple(wanted)
        else:
            self._wanted.pop(client, None)
        for one in wanted:
            for key in _keys((one,)):
                self._add(key, client, one)

    def _add(self, key: tuple[str, int | None], client: C, wanted: v1.Wanted) -> None:
        entry = self._entries.setdefault(key, {})
        conditions = (wanted.characteristics, wanted.of, wanted.states)
        unconditional = wanted.min_priority <= 1 and all(one is None for one in conditions)
        known = entry.get(client, [])
        entry[client] = None if unconditional or known is None else [*known, wanted]

    def matching(self, event: m.AnyEvent) -> list[C]:
        """Return every client that wants the event, each once."""
        name = tag(event)
        of_all = self._entries.get((name, None))
        of_product = self._entries.get((name, event.product_id)) if event.product_id is not None else None
        found = [] if of_all is None else [client for client, rest in of_all.items() if _meets(rest, event)]
        if of_product:
            known = set(found) if found else ()
            found += [client for client, rest in of_product.items() if client not in known and _meets(rest, event)]
        return found


def _keys(wanted: Collection[v1.Wanted]) -> set[tuple[str, int | None]]:
    keys: set[tuple[str, int | None]] = set()
    for one in wanted:
        for name in v1.EVENT_TYPES if one.types is None else one.types:
            products = None if name in {"catalogue", "register"} else one.products
            keys |= {(name, None)} if products is None else {(name, product) for product in products}
    return keys


def _meets(conditions: list[v1.Wanted] | None, event: m.AnyEvent) -> bool:
    return conditions is None or any(_passes(one, event) for one in conditions)
