"""``spc-desktop user`` and ``spc-desktop token``: accounts of a data folder, also while a hub has it."""

import asyncio
import getpass
import sys
from argparse import Namespace
from datetime import datetime
from typing import Any

from spc_desktop.app.run_import import some_hub
from spc_desktop.app.start import Start
from spc_desktop.domain.account import Role
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m

_CONSOLE = Actor(name="console", client="console")


def run_accounts(start: Start, options: Namespace) -> int:
    """Carry out one action on users or tokens; return the exit status."""
    wants_password = options.action == "password" or (options.command == "user" and options.action == "add")
    device = Role.DEVICE.value in (getattr(options, "role", None) or ())
    password = read_password() if wants_password and not device else ""
    with asyncio.Runner() as runner:
        lines = runner.run(_carry_out(start, options, password))
    print("\n".join(lines))
    return 0


def read_password() -> str:
    """Ask for a password twice on a terminal; else take the first line of the standard input.

    Raises:
        UserError: ``passwords_differ``.
    """
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass(_("Password: "))
    if getpass.getpass(_("Once more: ")) != first:
        raise UserError("passwords_differ")
    return first


async def _carry_out(start: Start, options: Namespace, password: str) -> list[str]:
    async with some_hub(start, "") as hub:
        if options.action == "list":
            return await (_users(hub) if options.command == "user" else _tokens(hub))
        command = _token_command(options) if options.command == "token" else _user_command(options, password)
        return _told(await hub.command(command, _CONSOLE))


def _user_command(options: Namespace, password: str) -> m.AddUser | m.ChangeUser | m.SetPassword:
    if options.action == "add":
        roles = tuple(Role(role) for role in options.role or (Role.VIEWER,))
        return m.AddUser(name=options.name, password=password, roles=roles, products=_products(options))
    if options.action == "password":
        return m.SetPassword(name=options.name, password=password)
    return m.ChangeUser(name=options.name, active=options.action == "enable")


def _token_command(options: Namespace) -> m.AddToken | m.RevokeToken:
    if options.action == "revoke":
        return m.RevokeToken(token_id=options.name)
    roles = tuple(Role(role) for role in options.role or ())
    return m.AddToken(
        user=options.name, label=options.label or "", roles=roles, products=_products(options), days=options.days
    )


def _products(options: Namespace) -> tuple[int, ...] | None:
    return tuple(options.product) if options.product else None


def _told(answer: Any) -> list[str]:
    if isinstance(answer, m.TokenMade):
        return [answer.token, _("This token is shown only now. Whoever has it is {name}.", name=answer.details.user)]
    return [_token_line(answer) if isinstance(answer, m.TokenOut) else _user_line(answer)]


async def _users(hub: HubApi) -> list[str]:
    return [_user_line(user) for user in await hub.query(m.GetUsers())] or [_("There are no users.")]


async def _tokens(hub: HubApi) -> list[str]:
    return [_token_line(token) for token in await hub.query(m.GetTokens())] or [_("There are no tokens.")]


def _user_line(user: m.UserOut) -> str:
    state = _("active") if user.active else _("switched off")
    return f"{user.name}  {', '.join(user.roles)}  {_scope(user.products)}  {state}"


def _token_line(token: m.TokenOut) -> str:
    if token.revoked_at is not None:
        state = _("revoked {time}", time=_shown(token.revoked_at))
    elif token.expires_at is not None:
        state = _("until {time}", time=_shown(token.expires_at))
    else:
        state = _("no end")
    roles = ", ".join(token.roles) or "*"
    return f"{token.id}  {token.user}  {roles}  {_scope(token.products)}  {state}  {token.label}".rstrip()


def _scope(products: tuple[int, ...] | None) -> str:
    return _("all products") if products is None else _("products {list}", list=", ".join(map(str, products)))


def _shown(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M")
