"""What Ctrl+K finds: pages and commands, products, characteristics, alerts; lots and serial numbers are asked of the hub."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from spc_desktop.i18n import _, marked
from spc_desktop.protocol import messages as m
from spc_desktop.ui.models.alerts import product_name, sentence_of, title_of
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.search.matching import Needle
from spc_desktop.ui.station import Station

EACH = 8
"""So many of a kind are shown."""

KINDS = (
    marked("Command"),
    marked("Product"),
    marked("Characteristic"),
    marked("Alert"),
    marked("Lot"),
    marked("Serial number"),
)
COMMAND, PRODUCT, CHARACTERISTIC, ALERT, LOT, SERIAL = KINDS

ALIASES = {
    "wall": ("dashboard", "wallboard", "대시보드", "상황판"),
    "entry": ("measure", "input", "입력", "측정"),
    "charts": ("control chart", "컨트롤 차트", "X̄-R", "Xbar"),
    "alerts": ("alarm", "알람", "알림", "품질 경고"),
    "capability": ("Cpk", "Ppk", "sixpack", "식스팩", "공정 능력"),
    "history": ("audit", "trace", "감사추적", "로그", "추적성"),
    "setup": ("settings", "control plan", "관리계획서", "설정"),
}
"""Page -> other words for it, in both languages (the glossary's alternatives)."""


class Command(NamedTuple):
    """Something that the window can do."""

    title: str
    keys: str
    run: Callable[[], None]
    aliases: Sequence[str] = ()


class Found(NamedTuple):
    """A line of the result."""

    rank: int
    kind: str
    text: str
    detail: str
    open: Callable[[], None]


class Openers(NamedTuple):
    """Ways to what was found."""

    product: Callable[[Station, int], None]
    chart: Callable[[Station, int, int | None], None]
    alert: Callable[[Station, int], None]


def find(typed: str, commands: Iterable[Command], stations: Sequence[Station], to: Openers) -> list[Found]:
    """Return what fits, the best of each kind; without a text, every command."""
    needle = Needle(typed)
    found = [*_commands(needle, commands)]
    if needle:
        for station in stations:
            found += [*_products(needle, station, to), *_characteristics(needle, station, to)]
            found += _alerts(needle, station, to)
    kept = []
    for kind in KINDS:
        own = sorted((entry for entry in found if entry.kind == kind), key=lambda entry: entry.rank)
        kept += own if not needle else own[:EACH]
    return sorted(kept, key=lambda entry: (entry.rank, KINDS.index(entry.kind)))


def _commands(needle: Needle, commands: Iterable[Command]) -> Iterator[Found]:
    for command in commands:
        rank = needle.rank(command.title, *command.aliases) if needle else 0
        if rank is not None:
            yield Found(rank, COMMAND, command.title, command.keys, command.run)


def _products(needle: Needle, station: Station, to: Openers) -> Iterator[Found]:
    for product in station.products.values():
        rank = needle.rank(product.code, product.name, product.name_en) if product.active else None
        if rank is not None:
            detail = " · ".join(part for part in (product.code, product.line) if part)
            yield Found(
                rank,
                PRODUCT,
                display_name(product),
                detail,
                lambda key=product.id: to.product(station, key),  # type: ignore[misc]
            )


def _characteristics(needle: Needle, station: Station, to: Openers) -> Iterator[Found]:
    for one in station.characteristics.values():
        product = station.products.get(one.product_id)
        if product is None or not (one.active and product.active):
            continue
        names = (one.code, one.name, one.name_en)
        ranks = (needle.rank(*names), needle.rank(*names, product.code, product.name, product.name_en))
        rank = min((rank for rank in ranks if rank is not None), default=None)
        if rank is not None:
            yield Found(
                rank,
                CHARACTERISTIC,
                display_name(one),
                f"{display_name(product)} · {one.code}",
                lambda key=one.id: to.chart(station, key, None),  # type: ignore[misc]
            )


def _alerts(needle: Needle, station: Station, to: Openers) -> Iterator[Found]:
    shown = 0
    for alert in reversed(station.alerts.values()):
        rank = needle.rank(f"#{alert.id}", title_of(alert), sentence_of(alert), product_name(station, alert))
        if rank is None:
            continue
        shown += 1
        time = (alert.last_at or alert.created_at).astimezone().strftime("%Y-%m-%d %H:%M")
        yield Found(
            rank + 1,  # what has this name comes before what tells of it
            ALERT,
            sentence_of(alert),
            f"#{alert.id} · {product_name(station, alert)} · {time}",
            lambda key=alert.id: to.alert(station, key),  # type: ignore[misc]
        )
        if shown == EACH:
            return


def from_hub(station: Station, hits: Iterable[m.TraceHit], to: Openers) -> list[Found]:
    """Return lines for lots and serial numbers."""
    found = []
    for hit in hits:
        one = station.characteristics.get(hit.characteristic_id)
        if one is None:
            continue
        product = station.products.get(one.product_id)
        parts = (display_name(product) if product else "", display_name(one))
        time = hit.measured_at.astimezone().strftime("%Y-%m-%d %H:%M")
        found.append(
            Found(
                2,
                LOT if hit.field == "lot" else SERIAL,
                hit.text,
                " · ".join(part for part in (*parts, time) if part),
                lambda hit=hit: to.chart(station, hit.characteristic_id, hit.point_index),  # type: ignore[misc]
            )
        )
    return found


def kind_text(kind: str) -> str:
    """Return a kind in the window's language."""
    return _(kind)
