"""The command that adds or replaces products, characteristics and control plans, with every check on them."""

import math
from collections.abc import Callable
from functools import partial

import msgspec

from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.monitor import MonitorState, restart
from spc_desktop.domain.product import Characteristic, Product
from spc_desktop.domain.watch import Watch, check_watch, default_plan, given_limits, make_watch
from spc_desktop.hub.draft import Draft
from spc_desktop.protocol import messages as m

_LONGEST_CODE = 64
_LONGEST_NAME = 200
_MOST_DECIMALS = 12
# Xbar charts need a spread within the subgroup; constants and estimators are exact up to this size.
_SUBGROUP_SIZES = {
    "individuals": (1, 1),
    "counts": (1, 1),
    "counts+size": (1, 1),
    "times": (1, 1),
    "variables": (2, 100),
}


def catalogue_order(command: m.SaveCatalogue) -> Callable[[Draft], m.Catalogue]:
    """Return the function that carries out the command."""
    return partial(_apply, command)


def _apply(command: m.SaveCatalogue, draft: Draft) -> m.Catalogue:
    """Check everything, then change everything: a refused command leaves no trace."""
    for product in command.products:
        _check_texts(product.code, product.name, product.name_en)
    plans: tuple[ControlPlan | None, ...] = command.plans or (None,) * len(command.characteristics)
    if len(plans) != len(command.characteristics):
        raise UserError("plans_mismatch", plans=len(plans), characteristics=len(command.characteristics))
    _check_products_seen(draft, command)
    ids = dict(draft.next_ids)
    products = {code: _numbered_product(draft, ids, product) for code, product in _by_code(command).items()}
    watches: dict[int, Watch] = {}
    for at, (wanted, plan) in enumerate(zip(command.characteristics, plans, strict=True)):
        product = _owner(draft, command, products, at)
        _check_watch_seen(draft, command, product, at)
        watch = _watch(draft, ids, product, wanted, plan)
        watches[watch.characteristic.id] = watch
    draft.next_ids.update(ids)
    return _record(draft, list(products.values()), watches)


def _check_products_seen(draft: Draft, command: m.SaveCatalogue) -> None:
    known = {product.code: product for product in {**draft.station.products, **draft.products}.values()}
    for wanted, seen in zip(command.products, command.seen_products, strict=False):
        _check_seen(wanted.code.strip(), seen, known.get(wanted.code.strip()))


def _check_watch_seen(draft: Draft, command: m.SaveCatalogue, product: Product, at: int) -> None:
    code = command.characteristics[at].code.strip()
    known = _known(draft, product.id, code)
    if at < len(command.seen_characteristics):
        _check_seen(code, command.seen_characteristics[at], None if known is None else known.characteristic)
    if at < len(command.seen_plans):
        _check_seen(code, command.seen_plans[at], None if known is None else known.plan)


def _check_seen(code: str, seen: object, now: object) -> None:
    """Refuse a change that was thought of before somebody else's."""
    if seen != now:
        raise UserError("code_taken" if seen is None else "catalogue_conflict", entry=code)


def _by_code(command: m.SaveCatalogue) -> dict[str, Product]:
    return {product.code.strip(): product for product in command.products}


def _numbered_product(draft: Draft, ids: dict[str, int], product: Product) -> Product:
    code = product.code.strip()
    known = [entry.id for entry in draft.products.values() if entry.code == code]
    product_id = known[0] if known else draft.station.product_codes.get(code)
    if product_id is None:
        product_id = ids["product"]
        ids["product"] += 1
    return msgspec.structs.replace(product, id=product_id, code=code, name=product.name.strip())


def _owner(draft: Draft, command: m.SaveCatalogue, products: dict[str, Product], at: int) -> Product:
    characteristic = command.characteristics[at]
    code = command.owners[at].strip() if at < len(command.owners) else ""
    if code in products:
        return products[code]
    if code:
        for product in (*draft.products.values(), *draft.station.products.values()):
            if product.code == code:
                return product
        raise UserError("not_found", what="product", id=code)
    if not characteristic.product_id:
        raise UserError("owner_missing", entry=characteristic.code)
    for product in products.values():
        if product.id == characteristic.product_id:
            return product
    return draft.product(characteristic.product_id)


def _watch(
    draft: Draft, ids: dict[str, int], product: Product, wanted: Characteristic, plan: ControlPlan | None
) -> Watch:
    """Return the watch that shall be, checked to the end, with the old limits where they still apply."""
    _check_characteristic(wanted)
    code = wanted.code.strip()
    old = _known(draft, product.id, code)
    characteristic_id = ids["characteristic"] if old is None else old.characteristic.id
    if old is None:
        ids["characteristic"] += 1
    characteristic = msgspec.structs.replace(wanted, id=characteristic_id, product_id=product.id, code=code)
    if plan is None:
        plan = default_plan(characteristic) if old is None else old.plan
    plan = msgspec.structs.replace(plan, characteristic_id=characteristic_id, revision=1)
    if old is not None:
        same = msgspec.structs.replace(plan, revision=old.plan.revision) == old.plan
        plan = msgspec.structs.replace(plan, revision=old.plan.revision + (0 if same else 1))
    watch = make_watch(product, characteristic, plan, None)
    check_watch(watch)
    _check_subgroup_size(watch)
    if old is not None and not _needs_new_limits(old, watch):
        return watch.with_limits(old.limits)
    given_limits(watch, 0, 1)
    return watch


def _known(draft: Draft, product_id: int, code: str) -> Watch | None:
    characteristic_id = draft.station.characteristic_codes.get((product_id, code))
    if characteristic_id is not None:
        return draft.watch(characteristic_id)
    for watch in draft.watches.values():
        if (watch.characteristic.product_id, watch.characteristic.code) == (product_id, code):
            return watch
    return None


def _needs_new_limits(old: Watch, new: Watch) -> bool:
    def basis(watch: Watch) -> tuple[object, ...]:
        plan = watch.plan
        return plan.chart, watch.options, plan.policy, watch.characteristic.subgroup_size

    return basis(old) != basis(new)


def _record(draft: Draft, products: list[Product], watches: dict[int, Watch]) -> m.Catalogue:
    batch = draft.batch
    for product in products:
        draft.products[product.id] = product
        batch.products.append(product)
    for characteristic_id, watch in watches.items():
        _enter(draft, characteristic_id, watch)
        batch.characteristics.append(watch.characteristic)
        batch.plans.append(watch.plan)
    _rename_owners(draft, products)
    if products or watches:
        batch.events.append(
            m.CatalogueEvent(
                ts=draft.now,
                products=tuple(products),
                characteristics=tuple(watch.characteristic for watch in watches.values()),
                plans=tuple(watch.plan for watch in watches.values()),
            )
        )
    return m.Catalogue(
        products=tuple(products),
        characteristics=tuple(watch.characteristic for watch in watches.values()),
        plans=tuple(watch.plan for watch in watches.values()),
        states=tuple(state_of(draft.watch(key), draft.state(key)) for key in watches),
    )


def _enter(draft: Draft, characteristic_id: int, watch: Watch) -> None:
    """Put a watch to work; where what judges has changed, its patterns or its learning begin anew."""
    old = draft.watches.get(characteristic_id) or draft.station.watches.get(characteristic_id)
    if old is not None and not _needs_new_limits(old, watch):
        draft.watches[characteristic_id] = watch
        # How alarms behave says nothing of patterns: these go on.
        if msgspec.structs.replace(old.plan, alarm=watch.plan.alarm, revision=watch.plan.revision) != watch.plan:
            draft.states[characteristic_id] = restart(watch, draft.state(characteristic_id))
        return
    state = MonitorState()
    if old is not None:
        draft.close_open(characteristic_id)
        state = msgspec.structs.replace(draft.state(characteristic_id), learned=())
    limits = given_limits(watch, state.next_index, state.limits_revision + 1)
    watch = watch.with_limits(limits)
    draft.watches[characteristic_id] = watch
    draft.states[characteristic_id] = restart(watch, state)
    if limits is not None:
        draft.add_limits(watch, limits)


def _rename_owners(draft: Draft, products: list[Product]) -> None:
    """Let the watches of a replaced product know its new name."""
    changed = {product.id: product for product in products}
    for characteristic_id, watch in {**draft.station.watches, **draft.watches}.items():
        product = changed.get(watch.product.id)
        if product is not None and watch.product != product:
            draft.watches[characteristic_id] = watch.with_product(product)


def state_of(watch: Watch, state: MonitorState) -> m.CharacteristicState:
    """Return what the window shows of a characteristic before it has its points."""
    learning = watch.limits is None and watch.plan.policy.mode == "learn"
    learned = sum(not entry.point.excluded for entry in state.learned)
    left = watch.plan.policy.learn_subgroups - learned if learning else 0
    return m.CharacteristicState(
        characteristic_id=watch.characteristic.id,
        points=state.next_index,
        learning_left=max(left, 0),
        limits=watch.limits,
        learning_problem=state.problem if learning else "",
    )


def _check_texts(code: str, name: str, name_en: str) -> None:
    if not code.strip():
        raise UserError("code_empty")
    if not name.strip():
        raise UserError("name_empty", entry=code)
    for field, text, most in (
        ("code", code, _LONGEST_CODE),
        ("name", name, _LONGEST_NAME),
        ("name_en", name_en, _LONGEST_NAME),
    ):
        if len(text) > most:
            raise UserError("text_too_long", field=field, length=len(text), allowed=most)


def _check_characteristic(characteristic: Characteristic) -> None:
    _check_texts(characteristic.code, characteristic.name, characteristic.name_en)
    lsl, usl = characteristic.lsl, characteristic.usl
    for value in (lsl, usl, characteristic.target):
        if value is not None and not math.isfinite(value):
            raise UserError("limit_not_finite", value=str(value))
    if lsl is not None and usl is not None and lsl >= usl:
        raise UserError("limits_order", lsl=lsl, usl=usl)
    target = characteristic.target
    if target is not None and ((lsl is not None and target < lsl) or (usl is not None and target > usl)):
        raise UserError("target_outside", target=target)
    if not 0 <= characteristic.decimals <= _MOST_DECIMALS:
        raise UserError("decimals_range", value=characteristic.decimals, low=0, high=_MOST_DECIMALS)


def _check_subgroup_size(watch: Watch) -> None:
    low, high = _SUBGROUP_SIZES.get(watch.chart.data, (1, 1000))
    if watch.chart.options().get("estimator") == "auto":  # these charts watch single values too
        low = 1
    if all(panel.role == "location" for panel in watch.chart.panels):
        low = 1  # EWMA and CUSUM of individuals: only a chart of the spread within subgroups needs two values
    size = watch.characteristic.subgroup_size
    if not low <= size <= high:
        raise UserError("subgroup_size_range", value=size, chart=watch.chart.name, low=low, high=high)
