"""The hub as one visitor may use it: roles and product scopes are checked here, for both dialects and REST.

What is outside a scope is not there: not found, not in lists, not in counts. What cannot be cut to a scope is refused to who
has one, so a new command or query is closed until it can be.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from spc_desktop.domain.account import ANONYMOUS, NEEDED, Principal, Role
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import v1
from spc_desktop.server.access import NOBODY, Access
from spc_desktop.server.directory import Directory

_TELLING = ("product_id", "characteristic_id", "alert_id", "alert_ids")
"""Fields that say which product a command or query is about."""
_SELECTING = ("key", "keys", "filter", "product")
"""Fields that choose by something else."""


class Guard:
    """Commands, queries and measurements of one visitor."""

    __slots__ = ("_access", "_directory", "_hub", "_peer", "principal")

    def __init__(
        self, hub: HubApi, directory: Directory, access: Access, principal: Principal = ANONYMOUS, peer: str = ""
    ) -> None:
        self._hub = hub
        self._directory = directory
        self._access = access
        self._peer = peer
        self.principal = principal

    def of(self, principal: Principal) -> "Guard":
        """Return the guard for the same connection after its visitor has said who it is."""
        return Guard(self._hub, self._directory, self._access, principal, self._peer)

    def need(self, tag: str) -> None:
        """Refuse what the visitor's roles do not allow.

        Raises:
            UserError: ``unauthorized`` (nobody is signed in), ``forbidden`` (role).
        """
        if not self.principal.may(tag):
            if self.principal == NOBODY:
                raise UserError("unauthorized")
            raise UserError("forbidden", role=str(NEEDED.get(tag) or Role.ADMIN))

    def sees(self, product_id: int | None) -> bool:
        """Return whether a product is in the visitor's scope; what belongs to none is in every scope."""
        scope = self.principal.products
        return scope is None or product_id is None or product_id in scope

    def actor(self, said: Actor = Actor()) -> Actor:
        """Return who acts: the account, and only where there is none the name that the request gives."""
        who = self.principal
        roles = tuple(sorted(who.roles))
        return Actor(name=who.name or said.name, roles=roles, client=said.client or self._peer)

    async def submit(self, items: Sequence[MeasurementIn], actor: Actor = Actor()) -> m.SubmitResult:
        self.need("ingest")
        if self.principal.products is None:
            return await self._hub.submit(items, self.actor(actor))
        places = [at for at, item in enumerate(items) if await self._owns(item.characteristic_id)]
        rejected = [
            m.Rejected(i=at, code="unknown_characteristic", params={"characteristic_id": str(item.characteristic_id)})
            for at, item in enumerate(items)
            if at not in set(places)
        ]
        done = m.SubmitResult(accepted=0, duplicates=0)
        if places:
            done = await self._hub.submit([items[at] for at in places], self.actor(actor))
        rejected += [msgspec.structs.replace(one, i=places[one.i]) for one in done.rejected]
        return msgspec.structs.replace(done, rejected=tuple(sorted(rejected, key=lambda one: one.i)))

    async def command(self, command: m.AnyCommand, actor: Actor = Actor()) -> Any:
        self.need(_tag(command))
        if isinstance(command, m.SignIn | m.SetUp | m.PairingCommand):
            if isinstance(command, m.ApprovePairing | m.InviteStation) and self.principal.products is not None:
                raise UserError("forbidden_scope")
            return await self._enter(command, actor)
        if self.principal.products is not None and not isinstance(command, m.SavePreferences | m.ReportTold):
            await self._check_scope(command)
        return await self._hub.command(command, self.actor(actor))

    async def query(self, query: m.AnyQuery) -> Any:
        self.need(_tag(query))
        if isinstance(query, m.GetPreferences):  # each sees his own
            query = m.GetPreferences(user=self.principal.name or query.user)
        if self.principal.products is None or isinstance(query, m.GetPreferences):
            return await self._hub.query(query)
        if isinstance(query, m.GetCatalogue):
            return self.cut_catalogue(await self._hub.query(query))
        if isinstance(query, m.GetDue | m.FindTrace):
            return tuple([one for one in await self._hub.query(query) if await self._owns(one.characteristic_id)])
        if isinstance(query, m.GetRegister):
            return self._cut_register(await self._hub.query(query))
        if isinstance(query, m.GetEvents):
            page = await self._hub.query(query)
            return msgspec.structs.replace(page, events=tuple(self.cut_events(page.events)))
        if isinstance(query, m.GetAlerts) and query.product_id is None:
            return await self._alerts_of_scope(query)
        if isinstance(query, m.GetCapabilities) and query.product_id is None:
            return await self._capabilities_of_scope(query)
        await self._check_scope(query)
        return await self._hub.query(query)

    # -- events --------------------------------------------------------------------------------------------------------

    def cut_wanted(self, wanted: Sequence[v1.Wanted]) -> list[v1.Wanted]:
        """Return subscriptions without the products that are none of the visitor's business."""
        scope = self.principal.products
        if scope is None:
            return list(wanted)
        cut = [
            msgspec.structs.replace(one, products=scope if one.products is None else one.products & scope)
            for one in wanted
        ]
        return [one for one in cut if one.products]

    def cut_events(self, events: Sequence[m.AnyEvent]) -> list[m.AnyEvent]:
        """Return the events of the visitor's products; a change of the catalogue with its part of it."""
        return [cut for event in events if (cut := self.cut_event(event)) is not None]

    def cut_event(self, event: m.AnyEvent) -> m.AnyEvent | None:
        """Return what the visitor may know of an event."""
        if self.principal.products is None:
            return event
        if isinstance(event, m.CatalogueEvent):
            cut = self._cut(event)
            return cut if cut.products or cut.characteristics or cut.plans else None
        if isinstance(event, m.RegisterEvent):
            own = self._cut_register(event)
            return own if own.entries or own.removed else None
        return event if self.sees(event.product_id) else None

    def cut_catalogue(self, catalogue: m.Catalogue) -> m.Catalogue:
        """Return the visitor's part of the catalogue."""
        cut: m.Catalogue = self._cut(catalogue)
        known = {entry.id for entry in cut.characteristics}
        return msgspec.structs.replace(
            cut, states=tuple(state for state in catalogue.states if state.characteristic_id in known)
        )

    def _cut(self, whole: Any) -> Any:
        mine = self._directory.characteristics
        of_plan = {one.id: one.product_id for one in whole.characteristics}
        of_plan = {key: entry.product_id for key, entry in mine.items()} | of_plan
        return msgspec.structs.replace(
            whole,
            products=tuple(one for one in whole.products if self.sees(one.id)),
            characteristics=tuple(one for one in whole.characteristics if self.sees(one.product_id)),
            plans=tuple(one for one in whole.plans if self.sees(of_plan.get(one.characteristic_id, -1))),
        )

    def _cut_register(self, whole: Any) -> Any:
        """Return documents without those of other products' characteristics."""

        def mine(entry: Any) -> bool:
            known = self._directory.characteristics.get(getattr(entry, "characteristic_id", None) or 0)
            return self.sees(getattr(entry, "product_id", None)) and (known is None or self.sees(known.product_id))

        return msgspec.structs.replace(whole, entries=tuple(entry for entry in whole.entries if mine(entry)))

    # -- scope ---------------------------------------------------------------------------------------------------------

    async def _enter(self, command: m.SignIn | m.SetUp | m.PairingCommand, actor: Actor) -> Any:
        self._access.may_try(self._peer)
        try:
            return await self._hub.command(command, self.actor(actor))
        except UserError as bad:
            if bad.code in {"unauthorized", "set_up_refused", "pairing_unknown", "invitation_unknown"}:
                self._access.failed(self._peer)
            raise

    async def _owns(self, characteristic_id: int) -> bool:
        found = await self._directory.characteristic(characteristic_id)
        return found is not None and self.sees(found.product_id)

    async def _check_scope(self, asked: Any) -> None:
        """Refuse what is not about products of the scope, as if it were not there."""
        told = {name: value for name in _TELLING if (value := getattr(asked, name, None)) is not None}
        if isinstance(asked, m.EnterSubgroup):
            told["characteristic_id"] = asked.item.characteristic_id
        others = any(getattr(asked, name, None) for name in _SELECTING)
        if not told or others or isinstance(asked, m.AccountCommand):
            raise UserError("forbidden_scope")
        product_id, characteristic_id = told.get("product_id"), told.get("characteristic_id")
        if product_id is not None and not self.sees(product_id):
            raise UserError("not_found", what="product", id=product_id)
        if characteristic_id is not None and not await self._owns(characteristic_id):
            raise UserError("not_found", what="characteristic", id=characteristic_id)
        for alert_id in (*told.get("alert_ids", ()), *([told["alert_id"]] if "alert_id" in told else ())):
            alert = await self._hub.query(m.GetAlert(alert_id=alert_id))
            if not self.sees(alert.product_id):
                raise UserError("not_found", what="alert", id=alert_id)

    async def _alerts_of_scope(self, query: m.GetAlerts) -> m.AlertPage:
        """Ask for each product of the scope and put the answers together, newest first."""
        parts = [
            await self._hub.query(msgspec.structs.replace(query, product_id=product_id))
            for product_id in sorted(self.principal.products or ())
        ]
        alerts = sorted((alert for part in parts for alert in part.alerts), key=lambda alert: -alert.id)
        return m.AlertPage(alerts=tuple(alerts[: query.limit]), total=sum(part.total for part in parts))

    async def _capabilities_of_scope(self, query: m.GetCapabilities) -> tuple[m.CapabilityOut, ...]:
        parts = [
            await self._hub.query(msgspec.structs.replace(query, product_id=product_id))
            for product_id in sorted(self.principal.products or ())
        ]
        return tuple(sorted((row for part in parts for row in part), key=lambda row: -row.id)[: query.limit])


def _tag(asked: m.AnyCommand | m.AnyQuery) -> str:
    return str(asked.__struct_config__.tag)
