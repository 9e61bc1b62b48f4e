"""Invited stations: an administrator has a code made, and the station that gives it back first gets a token.

The opposite of ``pairing.py``, for stations that nobody sits at. Only a digest of the code is kept, as a document of the store:
a code is good after a restart and with the hub that takes over, and a copy of the database opens nothing.
"""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from spc_desktop.domain.account import Role, check_name, digest_of
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.invitation import CODE, LETTERS, plain
from spc_desktop.hub.accounts import Order, add_station, recorded
from spc_desktop.hub.api import Actor
from spc_desktop.hub.audit import records_of
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.ports import Document, Store
from spc_desktop.protocol import messages as m

LIFE = timedelta(minutes=15)
MOST_OPEN = 100
_KIND = "invitation"
_LABEL = 100


class Invitation(Struct, frozen=True, kw_only=True):
    """What a code brings. Its document's key is the code's digest."""

    name: str
    roles: tuple[Role, ...]
    products: tuple[int, ...] | None
    expires_at: datetime


class InvitationOffice:
    """The codes that were made and not given back yet."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._spent: set[str] = set()
        """Digests that are used up by what is being stored now, or was."""

    async def invite(self, command: m.InviteStation, actor: Actor) -> Order:
        """Return the order that makes a code.

        Raises:
            UserError: ``bad_user_name``; when it is carried out ``invitations_full``, ``not_found`` (a product).
        """
        name = check_name(command.name)
        roles = command.roles or (Role.OPERATOR,)
        kept = await self._kept()

        def apply(draft: Draft) -> m.InvitationMade:
            old = [digest for digest, one in kept.items() if one.expires_at <= draft.now]
            if len(kept) - len(old) >= MOST_OPEN:
                raise UserError("invitations_full", count=MOST_OPEN, minutes=_minutes())
            for product_id in command.products or ():
                draft.product(product_id)
            code = "".join(secrets.choice(LETTERS) for _ in range(CODE))
            made = Invitation(name=name, roles=roles, products=command.products, expires_at=draft.now + LIFE)
            draft.batch.documents.extend(Document(_KIND, digest, None) for digest in old)
            draft.batch.documents.append(Document(_KIND, digest_of(code), msgspec.json.encode(made)))
            draft.batch.audit.extend(
                records_of("invite_station", actor, draft.now, {}, {f"invitation of {name}": made})
            )
            return m.InvitationMade(code=code, name=name, expires_at=made.expires_at)

        return apply

    async def redeem(
        self, command: m.RedeemInvitation, actor: Actor, carry_out: Callable[[Order], Awaitable[m.TokenMade]]
    ) -> m.PairingClaimed:
        """Give the token to the first who brings the code.

        Raises:
            UserError: ``invitation_unknown``: wrong, used or expired. KnownError: it could not be stored; the code stays good.
        """
        digest = digest_of(plain(command.code))
        invitation = (await self._kept()).get(digest)
        if invitation is None:
            raise UserError("invitation_unknown")
        taken = False

        def apply(draft: Draft) -> m.TokenMade:
            nonlocal taken
            if (digest in self._spent and not taken) or draft.now >= invitation.expires_at:
                raise UserError("invitation_unknown")
            label = command.name[:_LABEL]
            made = add_station(invitation.name, invitation.roles, invitation.products, label, draft)
            draft.batch.documents.append(Document(_KIND, digest, None))
            self._spent.add(digest)
            taken = True
            return made

        try:
            who = Actor(name=invitation.name, client=actor.client)
            made = await carry_out(recorded(who, "redeem_invitation", apply))
        except KnownError:
            if taken:
                self._spent.discard(digest)
            raise
        return m.PairingClaimed(token=made.token, user=made.details.user)

    async def _kept(self) -> dict[str, Invitation]:
        rows = await self._store.documents(_KIND)
        return {digest: msgspec.json.decode(body, type=Invitation) for digest, body in rows.items()}


def _minutes() -> int:
    return int(LIFE.total_seconds() // 60)
