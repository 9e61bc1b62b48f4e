"""Letting in a new station: ``spc-desktop station`` at the hub, ``spc-desktop viewer --pair`` at the station."""

import asyncio
import json
import socket
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spc_desktop.app.clock import SystemClock
from spc_desktop.app.private_file import write_private
from spc_desktop.app.run_import import some_hub
from spc_desktop.app.start import Start, known_hubs
from spc_desktop.domain.account import Role
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import Actor
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.viewer.link import socket_url
from spc_desktop.viewer.pairing import Pairing
from spc_desktop.viewer.trust import Trust

FILE = "station-tokens.json"


def run_stations(start: Start, options: Namespace) -> int:
    """List the stations that wait, or let one in; return the exit status."""
    print("\n".join(asyncio.run(_carry_out(start, options))))
    return 0


async def _carry_out(start: Start, options: Namespace) -> list[str]:
    async with some_hub(start, "") as hub:
        if options.action == "list":
            rows = await hub.query(m.GetPairings())
            found = [f"{one.code}  {one.name or '-'}  {one.address}  {one.asked_at:%H:%M}" for one in rows]
            return found or [_("No station waits.")]
        command = m.ApprovePairing(
            code=options.code,
            name=options.name,
            roles=tuple(Role(role) for role in options.role or ()),
            products=tuple(options.product) if options.product else None,
        )
        made = await hub.command(command, Actor(name="console", client="console"))
        return [_("The station is let in as {name} (token {id}).", name=made.user, id=made.id)]


def tokens_for(start: Start, urls: Sequence[str], given: str, pair: bool) -> dict[str, str]:
    """Return the token for each of these hubs: the one given, its own that is kept, or with ``pair`` one asked for now.

    A kept token is shown to the hub that made it and to no other.

    Raises:
        UserError, KnownError: a hub refused or does not answer, or the code has expired.
    """
    known = _read(start.data_dir / FILE)
    for url in urls if pair and not given else ():
        known[socket_url(url)] = asyncio.run(_pair(start, url))
        _write(start.data_dir / FILE, known)
    return {url: given or known.get(socket_url(url), "") for url in urls}


async def _pair(start: Start, url: str) -> str:
    async with Pairing(url, Trust(known_hubs(start.data_dir)), SystemClock()) as pairing:
        made = await pairing.request(socket.gethostname())
        code = f"{made.code[:3]} {made.code[3:]}"
        print(_("Code of this station: {code}", code=code), flush=True)
        print(_("At the hub: spc-desktop station approve {code} --name NAME", code=made.code), flush=True)
        return await pairing.token()


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UserError("station_tokens_unreadable", file=str(file), reason=str(error)) from error
    return found if isinstance(found, dict) else {}


def _write(file: Path, known: dict[str, Any]) -> None:
    """Keep the tokens where only this user can read them."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_private(file, json.dumps(known).encode())
    except OSError as error:
        raise KnownError("data_dir_unwritable", path=str(file), reason=str(error)) from error
