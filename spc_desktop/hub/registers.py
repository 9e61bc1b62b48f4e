"""The registers of the shop floor: saved and removed through the queue, recorded, kept as documents of the store."""

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from spc_desktop.domain.alert import Alert, Change
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.handling import give_cause
from spc_desktop.domain.masks import check_reason
from spc_desktop.domain.register import (
    AnyEntry,
    CauseUse,
    OfCharacteristic,
    Operator,
    SamplingPlan,
    Scoped,
    check_entry,
    root_cause,
)
from spc_desktop.hub.api import Actor
from spc_desktop.hub.audit import records_of
from spc_desktop.hub.badges import Badges, Secrets, digest_of
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.ports import Clock, Document, Store
from spc_desktop.hub.station import Station
from spc_desktop.protocol import messages as m

_REGISTER, _BADGE = "register", "badge"
"""Kinds of the documents that the store keeps."""
_SALT = ""
"""Key of the salt among the badges: no operator has an empty id."""
MOST = 500
_TRIES, _TRY_SECONDS = 10, 60.0

Order = Callable[[Draft], Any]


async def read_registers(store: Store, station: Station) -> None:
    """Give the station its stored registers."""
    found = [msgspec.json.decode(body, type=AnyEntry) for body in (await store.documents(_REGISTER)).values()]
    station.register = station.register.with_changes(found)
    known = await store.documents(_BADGE)
    salt = known.pop(_SALT, b"").decode()
    station.badges = Badges(salt, {key: msgspec.json.decode(body, type=Secrets) for key, body in known.items()})


class RegisterOffice:
    """Turns register commands into orders for the queue. Badges and PINs are hashed here; the queue sees digests only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failed: list[float] = []

    async def order(self, command: m.SaveRegister, badges: Badges, actor: Actor) -> Order:
        """Return the function that carries out a command and records it in the audit trail."""
        _check(command)
        salt = badges.salt or secrets.token_hex(16)
        digests: dict[str, str] = {}
        for entry in command.entries:
            if isinstance(entry, Operator):
                for code in (entry.badge, entry.pin):
                    if code:
                        digests[code] = await digest_of(code, salt)
        return partial(_save, command, actor, salt, digests)

    async def find(self, code: str, station: Station) -> m.OperatorFound:
        """Return who has a badge or PIN.

        Raises:
            UserError: ``unknown_badge``, ``badge_tries``.
        """
        now = self._clock.monotonic()
        self._failed = [at for at in self._failed if now - at < _TRY_SECONDS]
        if len(self._failed) >= _TRIES:
            raise UserError("badge_tries", seconds=round(_TRY_SECONDS - (now - self._failed[0])) or 1)
        holder = None
        if code.strip() and station.badges.salt:
            holder = station.badges.holder(await digest_of(code, station.badges.salt))
        found = station.register.entries.get(("operator", holder or ""))
        if not isinstance(found, Operator) or not found.active:
            self._failed.append(now)
            raise UserError("unknown_badge")
        return m.OperatorFound(id=found.id, name=found.name)


def _check(command: m.SaveRegister) -> None:
    check_reason(command.reason)
    count = len(command.entries) + len(command.removed)
    if count > MOST:
        raise UserError("register_too_much", got=count, high=MOST)
    for entry in command.entries:
        check_entry(entry)


def _save(command: m.SaveRegister, actor: Actor, salt: str, digests: dict[str, str], draft: Draft) -> m.RegisterOut:
    """Look at everything first: a refused command leaves no trace."""
    before, badges, register = draft.register, draft.badges, draft.register
    if digests and badges.salt not in {"", salt}:  # two first badges at the same moment
        raise UserError("register_conflict", entry="badge")
    saved: list[AnyEntry] = []
    for wanted in command.entries:
        entry = wanted
        _check_scope(draft, entry)
        old = register.entries.get(entry.place)
        _check_revision(entry.place, entry.revision, old)
        if isinstance(entry, Operator):
            badges = _with_secrets(badges, entry, salt, digests)
            entry = _public(entry, badges)
        if isinstance(entry, SamplingPlan):
            entry = msgspec.structs.replace(entry, since=_since(entry, old, draft.now))
        if old is not None and msgspec.structs.replace(old, revision=entry.revision) == entry and not digests:
            continue
        new = msgspec.structs.replace(entry, revision=entry.revision + 1)
        register = register.with_changes((new,))
        saved.append(new)
    for key in command.removed:
        place = key.kind, key.id
        old = register.entries.get(place)
        if old is None:
            raise UserError("not_found", what=key.kind, id=key.id)
        _check_revision(place, key.revision, old)
        register = register.with_changes((), (place,))
        badges = Badges(badges.salt, {name: one for name, one in badges.secrets.items() if place != ("operator", name)})
    draft.register = register
    _put_badges(draft, badges)
    _tell(draft, saved, command.removed, actor)
    changed = {place: f"{place[0]} {place[1]}" for place in (*(one.place for one in saved), *_places(command.removed))}
    old_things, new_things = (
        {name: of.entries[place] for place, name in changed.items() if place in of.entries} for of in (before, register)
    )
    draft.batch.audit.extend(records_of("save_register", actor, draft.now, old_things, new_things, command.reason))
    return m.RegisterOut(entries=tuple(saved), removed=command.removed)


def _since(plan: SamplingPlan, old: AnyEntry | None, now: datetime) -> datetime | None:
    """A plan with other times holds from now on; what was due before it came is nobody's fault."""
    if isinstance(old, SamplingPlan) and (old.interval_minutes, old.first) == (plan.interval_minutes, plan.first):
        return old.since
    return now


def _places(removed: tuple[m.EntryKey, ...]) -> list[tuple[str, str]]:
    return [(key.kind, key.id) for key in removed]


def _tell(draft: Draft, saved: list[AnyEntry], removed: tuple[m.EntryKey, ...], actor: Actor) -> None:
    for entry in saved:
        draft.batch.documents.append(Document(_REGISTER, "/".join(entry.place), msgspec.json.encode(entry)))
    for place in _places(removed):
        draft.batch.documents.append(Document(_REGISTER, "/".join(place), None))
    if saved or removed:
        event = m.RegisterEvent(ts=draft.now, entries=tuple(saved), removed=removed, by=actor.name)
        draft.batch.events.append(event)


def _check_scope(draft: Draft, entry: AnyEntry) -> None:
    if isinstance(entry, Scoped | OfCharacteristic) and entry.characteristic_id is not None:
        draft.watch(entry.characteristic_id)
    if isinstance(entry, Scoped) and entry.product_id is not None:
        draft.product(entry.product_id)


def _check_revision(place: tuple[str, str], seen: int, old: AnyEntry | None) -> None:
    if seen != (0 if old is None else old.revision):
        raise UserError("register_conflict", entry=" ".join(place))


def _with_secrets(badges: Badges, entry: Operator, salt: str, digests: dict[str, str]) -> Badges:
    known = badges.secrets.get(entry.id, Secrets())
    badge = known.badge if entry.badge is None else digests.get(entry.badge, "")
    pin = known.pin if entry.pin is None else digests.get(entry.pin, "")
    for digest in (badge, pin):
        holder = badges.holder(digest) if digest else None
        if holder not in {None, entry.id}:
            raise UserError("badge_taken", name=entry.name)
    return Badges(badges.salt or salt, {**badges.secrets, entry.id: Secrets(badge=badge, pin=pin)})


def _public(entry: Operator, badges: Badges) -> Operator:
    known = badges.secrets.get(entry.id, Secrets())
    return msgspec.structs.replace(entry, badge=None, pin=None, has_badge=bool(known.badge), has_pin=bool(known.pin))


def _put_badges(draft: Draft, badges: Badges) -> None:
    old = draft.badges
    documents = draft.batch.documents
    if badges.salt != old.salt:
        documents.append(Document(_BADGE, _SALT, badges.salt.encode()))
    for key in {**old.secrets, **badges.secrets}:
        new = badges.secrets.get(key)
        if new != old.secrets.get(key):
            documents.append(Document(_BADGE, key, None if new is None else msgspec.json.encode(new)))
    draft.badges = badges


# -- causes ------------------------------------------------------------------------------------------------------------


def cause_change(draft: Draft, command: m.GiveCause, actor: Actor, alert: Alert) -> Change:
    """Write an operator's finding into an alert and count the cause.

    Raises:
        UserError: ``unknown_cause``, ``comment_empty``.
    """
    text = command.text.strip()
    if command.cause:
        known = draft.register.entries.get(("cause", command.cause))
        if known is None:
            raise UserError("unknown_cause", got=command.cause)
        named = draft.register.cause_of(command.cause)
        text = " — ".join(part for part in (root_cause(named) if named else "", text) if part)
    change = give_cause(alert, text, command.steps, actor.name)
    count_cause(draft, alert, change.alert.root_cause, actor)
    return change


def count_cause(draft: Draft, alert: Alert, text: str, actor: Actor) -> None:
    """Count a cause of the register as used for the alert's characteristic, where it is another one than before."""
    cause = draft.register.cause_of(text)
    if cause is None or alert.characteristic_id is None or text == alert.root_cause:
        return
    key = str(alert.characteristic_id)
    known = draft.register.of(CauseUse, alert.characteristic_id)
    counts = {} if known is None else known.counts
    use = CauseUse(
        id=key,
        characteristic_id=alert.characteristic_id,
        revision=1 if known is None else known.revision + 1,
        counts={**counts, cause.id: counts.get(cause.id, 0) + 1},
    )
    draft.register = draft.register.with_changes((use,))
    _tell(draft, [use], (), actor)
