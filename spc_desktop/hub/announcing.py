"""What each user wants to be told of: kept as documents of the store, changed through the queue, read from memory."""

from collections.abc import Callable
from functools import partial

import msgspec
from msgspec import structs

from spc_desktop.domain.announcement import Preferences, check_preferences
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor
from spc_desktop.hub.audit import records_of
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.ports import Document, Store
from spc_desktop.hub.station import Station
from spc_desktop.protocol import messages as m

KIND = "preferences"
_DEFAULT = Preferences()


async def read_preferences(store: Store, station: Station) -> None:
    """Give the station what its users have chosen."""
    found = await store.documents(KIND)
    station.preferences = {user: msgspec.json.decode(body, type=Preferences) for user, body in found.items()}


def preferences_of(station: Station, user: str) -> Preferences:
    """Return what a user has chosen."""
    return station.preferences.get(user, _DEFAULT)


def preferences_order(command: m.SavePreferences, actor: Actor) -> Callable[[Draft], Preferences]:
    """Return the function that carries out the command."""
    return partial(_save, command.prefs, actor)


def _save(wanted: Preferences, actor: Actor, draft: Draft) -> Preferences:
    check_preferences(wanted, draft.now)
    for product_id in {*(wanted.products or ()), *wanted.without}:
        draft.product(product_id)
    for characteristic_id in wanted.characteristics or ():
        draft.watch(characteristic_id)
    old = draft.preferences.get(actor.name, _DEFAULT)
    if wanted.revision != old.revision:
        raise UserError("preferences_changed", revision=old.revision)
    snoozed = {key: until for key, until in wanted.snoozed.items() if until > draft.now}
    new = structs.replace(wanted, snoozed=snoozed)
    if new == old:
        return old
    new = structs.replace(new, revision=old.revision + 1)
    draft.preferences = {**draft.preferences, actor.name: new}
    name = f"preferences {actor.name}"
    draft.batch.documents.append(Document(KIND, actor.name, msgspec.json.encode(new)))
    draft.batch.audit.extend(records_of("set_prefs", actor, draft.now, {name: old}, {name: new}))
    draft.batch.events.append(m.PreferencesEvent(ts=draft.now, user=actor.name, revision=new.revision))
    return new
