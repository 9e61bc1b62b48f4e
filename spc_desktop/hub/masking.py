"""Commands about masks: which scope they name, and what follows for the alerts under it."""

from collections.abc import Callable
from functools import partial

from spc_desktop.domain.alert import mask_key
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.handling import check_open
from spc_desktop.domain.masks import Mask, MaskKind, check_reason, shelf
from spc_desktop.hub.api import Actor
from spc_desktop.hub.audit import records_of
from spc_desktop.hub.commands import check_texts
from spc_desktop.hub.draft import Draft
from spc_desktop.protocol import messages as m


def mask_order(command: m.MaskCommand, actor: Actor) -> Callable[[Draft], m.AlertResult]:
    """Return the function that carries out a command about masks."""
    return partial(_apply, command, actor)


def _apply(command: m.MaskCommand, actor: Actor, draft: Draft) -> m.AlertResult:
    check_texts(command)
    key, product_id = _scope(draft, command)
    changes = _changes(draft, command, actor, key, product_id)
    tag = str(command.__struct_config__.tag)
    before = {f"mask {name}": draft.masks.get(name) for name in changes}
    after = {f"mask {name}": mask for name, mask in changes.items()}
    draft.batch.audit.extend(records_of(tag, actor, draft.now, before, after, _reason(command)))
    shown = draft.set_masks(changes, actor.name)
    if command.alert_id is not None and all(alert.id != command.alert_id for alert in shown):
        shown.append(draft.alert(command.alert_id))
    return m.AlertResult(alerts=tuple(shown), masks=tuple(mask for mask in changes.values() if mask is not None))


def _reason(command: m.MaskCommand) -> str:
    return command.cause if isinstance(command, m.Suppress) else str(getattr(command, "reason", ""))


def _changes(
    draft: Draft, command: m.MaskCommand, actor: Actor, key: str, product_id: int | None
) -> dict[str, Mask | None]:
    if isinstance(command, m.Unshelve):
        return dict.fromkeys(_known(draft, {MaskKind.SHELVED}, key, product_id))
    if isinstance(command, m.ReturnToService):
        return dict.fromkeys(_known(draft, {MaskKind.SUPPRESSED, MaskKind.OUT_OF_SERVICE}, key, product_id))
    if command.alert_id is not None:
        check_open(draft.alert(command.alert_id), "SHELVED" if isinstance(command, m.Shelve) else "SUPPRESSED")
    if isinstance(command, m.Shelve):
        mask = shelf(key, command.minutes, command.reason, actor.name, draft.steady, one_shot=command.one_shot)
        return {mask.id: mask}
    reason = _reason(command)
    check_reason(reason)
    kind = MaskKind.SUPPRESSED if isinstance(command, m.Suppress) else MaskKind.OUT_OF_SERVICE
    mask = Mask(kind=kind, key=key, product_id=product_id, by=actor.name, reason=reason, since=draft.steady)
    return {mask.id: mask}


def _known(draft: Draft, kinds: set[MaskKind], key: str, product_id: int | None) -> list[str]:
    found = [
        name
        for name, mask in draft.masks.items()
        if mask.kind in kinds and (mask.key, mask.product_id) == (key, product_id)
    ]
    if not found:
        raise UserError("not_masked", key=key or f"product {product_id}")
    return found


def _scope(draft: Draft, command: m.MaskCommand) -> tuple[str, int | None]:
    """Return the key or the product that a command names: exactly one of the three ways to name it."""
    product_id = getattr(command, "product_id", None)
    if sum((command.alert_id is not None, bool(command.key), product_id is not None)) != 1:
        raise UserError("mask_scope")
    if command.alert_id is not None:
        return mask_key(draft.alert(command.alert_id)), None
    if product_id is not None:
        return "", draft.product(product_id).id
    watches = {**draft.station.watches, **draft.watches}.values()
    if not any(command.key == watch.key or command.key.startswith(f"{watch.key}/") for watch in watches):
        raise UserError("unknown_key", key=command.key)
    return command.key, None
