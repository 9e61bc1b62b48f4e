"""Routes by which a new station is let in."""

from aiohttp import web

from spc_desktop.domain.account import Role
from spc_desktop.hub.api import Actor
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.fields import Fields, wrong
from spc_desktop.server.http import Call, reply


class Pairing:
    """The routes below ``/api/spc/pair``."""

    async def request(self, call: Call) -> web.Response:
        """POST ``{"name"}``: a code to show and a secret to claim with."""
        fields = await call.fields(empty=True)
        return reply(await call.hub.command(m.RequestPairing(name=fields.text("name", "", 100)), _actor(call)), 201)

    async def claim(self, call: Call) -> web.Response:
        """POST ``{"secret"}``: the token, or an empty one while nobody has approved."""
        fields = await call.fields()
        return reply(await call.hub.command(m.ClaimPairing(secret=fields.text("secret", high=100)), _actor(call)))

    async def redeem(self, call: Call) -> web.Response:
        """POST ``{"code", "name"}`` of an invitation: the token."""
        fields = await call.fields()
        command = m.RedeemInvitation(code=fields.text("code", high=100), name=fields.text("name", "", 100))
        return reply(await call.hub.command(command, _actor(call)))

    async def waiting(self, call: Call) -> web.Response:
        rows = await call.hub.query(m.GetPairings())
        return reply({"count": len(rows), "results": rows})

    async def approve(self, call: Call) -> web.Response:
        """POST ``{"name", "roles", "products"}`` to the code that the station shows."""
        fields = await call.fields()
        command = m.ApprovePairing(
            code=call.request.path.rstrip("/").split("/")[-2],
            name=fields.text("name", high=100),
            roles=_roles(fields),
            products=_products(fields),
        )
        return reply(await call.hub.command(command, _actor(call)))


def _roles(fields: Fields) -> tuple[Role, ...]:
    listed = fields.raw("roles") or []
    known = [str(role) for role in Role]
    if not isinstance(listed, list) or not all(isinstance(one, str) and one in known for one in listed):
        raise wrong("roles", "choice", listed, choices=", ".join(known))
    return tuple(Role(one) for one in listed)


def _products(fields: Fields) -> tuple[int, ...] | None:
    listed = fields.raw("products")
    if listed is None or listed == "*":
        return None
    if not isinstance(listed, list) or not all(type(one) is int for one in listed):
        raise wrong("products", "products", listed)
    return tuple(listed)


def _actor(call: Call) -> Actor:
    return Actor(client=call.request.remote or "")
