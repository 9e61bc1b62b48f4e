"""What each command leaves in the audit trail: one record for each thing it changed, in the transaction of the change.

A command that changes nothing (an acknowledgement given twice) leaves nothing; a refused one neither.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.ports import AuditRecord
from spc_desktop.protocol import messages as m

Things = dict[str, Any]
"""Object as the trail names it -> its struct."""


def audited(command: m.AnyCommand, actor: Actor, apply: Callable[[Draft], Any]) -> Callable[[Draft], Any]:
    """Return the function that carries out a command and records what it changed."""
    return partial(_apply, command, actor, apply)


def _apply(command: m.AnyCommand, actor: Actor, apply: Callable[[Draft], Any], draft: Draft) -> Any:
    tag = str(command.__struct_config__.tag)
    known = _TABLE.get(type(command))
    before = known[0](draft, command) if known else _alerts_before(draft, command)
    answer = apply(draft)
    tell = known[1] if known else _alerts_after
    after = tell(answer) if known or isinstance(answer, m.AlertResult) else {tag: command}
    before = {name: before[name] for name in after if name in before}
    reason = next((text for name in _REASONS if (text := getattr(command, name, ""))), "")
    draft.batch.audit.extend(records_of(tag, actor, draft.now, before, after, reason))
    return answer


def records_of(
    action: str, actor: Actor, now: datetime, before: Mapping[str, Any], after: Mapping[str, Any], reason: str = ""
) -> list[AuditRecord]:
    """Return a record for each thing that differs, with the fields that do (all of them where it is new or gone).

    Args:
        action: tag of the command, or what else was done (``user_add``).
        actor: who did it.
        now: time of the commit.
        before: object as the trail names it -> struct (or mapping) as it was.
        after: the same, as it is.
        reason: what the person gave as the reason.
    """
    records = []
    for name in {**before, **after}:
        old, new = _fields(before.get(name)), _fields(after.get(name))
        if old == new:
            continue
        if old is not None and new is not None:
            changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
            old = {key: old[key] for key in changed if key in old}
            new = {key: new[key] for key in changed if key in new}
        records.append(
            AuditRecord(
                at=now,
                actor=actor.name,
                client=actor.client,
                action=action,
                object=name,
                before=old,
                after=new,
                reason=reason,
            )
        )
    return records


def _fields(thing: Any) -> dict[str, Any] | None:
    return None if thing is None else {str(key): value for key, value in msgspec.to_builtins(thing).items()}


_REASONS = ("reason", "comment", "resolution_notes")


def _alerts_before(draft: Draft, command: Any) -> Things:
    """Return the alerts that a command names (a wrong number is the command's own to refuse)."""
    found = {}
    for alert_id in (*getattr(command, "alert_ids", ()), getattr(command, "alert_id", None)):
        with suppress(UserError):
            found[f"alert {alert_id}"] = draft.alert(alert_id) if alert_id is not None else None
    return found


def _alerts_after(answer: m.AlertResult) -> Things:
    return {f"alert {alert.id}": alert for alert in answer.alerts}


def _catalogue_before(draft: Draft, command: m.SaveCatalogue) -> Things:
    """Look everything up by code, as the command does; what is new is not found."""
    products = {product.code: product for product in {**draft.station.products, **draft.products}.values()}
    watches = {**draft.station.watches, **draft.watches}
    wanted = {product.code.strip() for product in command.products}
    codes = {entry.code.strip() for entry in command.characteristics}
    found: Things = {f"product {code}": products[code] for code in wanted if code in products}
    for key, watch in watches.items():
        if watch.characteristic.code in codes:
            found |= {f"characteristic {key}": watch.characteristic, f"plan {key}": watch.plan}
    return found


def _catalogue_after(answer: m.Catalogue) -> Things:
    return {
        **{f"product {product.code}": product for product in answer.products},
        **{f"characteristic {entry.id}": entry for entry in answer.characteristics},
        **{f"plan {plan.characteristic_id}": plan for plan in answer.plans},
    }


def _limits_before(draft: Draft, command: m.SetLimits | m.RestoreLimits) -> Things:
    try:
        limits = draft.watch(command.characteristic_id).limits
    except UserError:  # the command itself says so
        return {}
    return {} if limits is None else {f"limits {command.characteristic_id}": limits}


def _limits_after(answer: Any) -> Things:
    return {f"limits {answer.characteristic_id}": answer}


def _capability_after(answer: m.CapabilityOut) -> Things:
    return {f"capability {answer.id}": answer}


def _nothing(_draft: Draft, _command: Any) -> Things:
    return {}


_TABLE: dict[type, tuple[Callable[[Draft, Any], Things], Callable[[Any], Things]]] = {
    m.SaveCatalogue: (_catalogue_before, _catalogue_after),
    m.SetLimits: (_limits_before, _limits_after),
    m.RestoreLimits: (_limits_before, _limits_after),
    m.AnalyseCapability: (_nothing, _capability_after),
}
"""Command -> what to look at before, and after from its answer. All others are about alerts, or are recorded as given."""
