"""Letting in a new station.

Where somebody sits at it: ``spc-desktop viewer --pair`` there shows a code, ``spc-desktop station approve`` at the hub
takes it. Where nobody does: ``spc-desktop station invite`` at the hub makes a code, ``spc-desktop station join`` there
(or the setup) brings it.
"""

import asyncio
import json
import socket
from argparse import Namespace
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from spc_desktop.app.clock import SystemClock
from spc_desktop.app.instance import running_hub
from spc_desktop.app.private_file import write_private
from spc_desktop.app.run_import import some_hub
from spc_desktop.app.start import Start, known_hubs
from spc_desktop.domain.account import Role
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.invitation import mark_of, written
from spc_desktop.hub.api import Actor
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.viewer.link import socket_url
from spc_desktop.viewer.pairing import Pairing
from spc_desktop.viewer.trust import Trust

FILE = "station-tokens.json"
JOIN_SECONDS = 45.0
"""For all of ``join``, so that a setup that calls it ends within a minute."""


_CONSOLE = Actor(name="console", client="console")


def run_stations(start: Start, options: Namespace) -> int:
    """List the stations that wait, let one in, invite one, or join a hub from here; return the exit status."""
    if options.action == "join":
        return join(start, options.url, options.code)
    print("\n".join(asyncio.run(_carry_out(start, options))))
    return 0


async def _carry_out(start: Start, options: Namespace) -> list[str]:
    async with some_hub(start, "") as hub:
        if options.action == "list":
            rows = await hub.query(m.GetPairings())
            found = [f"{one.code}  {one.name or '-'}  {one.address}  {one.asked_at:%H:%M}" for one in rows]
            return found or [_("No station waits.")]
        roles = tuple(Role(role) for role in options.role or ())
        products = tuple(options.product) if options.product else None
        if options.action == "invite":
            note = running_hub(start.data_dir)
            if not note.get("url"):
                raise UserError("invite_needs_hub", path=str(start.data_dir))
            wish = m.InviteStation(name=options.name, roles=roles, products=products)
            return _invitation(note, await hub.command(wish, _CONSOLE))
        command = m.ApprovePairing(code=options.code, name=options.name, roles=roles, products=products)
        made = await hub.command(command, _CONSOLE)
        return [_("The station is let in as {name} (token {id}).", name=made.user, id=made.id)]


def _invitation(note: dict[str, str], made: m.InvitationMade) -> list[str]:
    address = urlsplit(note["url"])
    url = f"{address.scheme}://{socket.gethostname()}:{address.port}"
    fingerprint = bytes.fromhex(note.get("fingerprint", "").replace(":", ""))
    code = written(made.code, mark_of(fingerprint) if fingerprint else "")
    return [
        _("Code for {name}, good once until {time}: {code}", name=made.name, time=_clock(made.expires_at), code=code),
        _("At the station: {line}", line=f"spc-desktop station join {url} {code}"),
        _("With the Windows setup: {line}", line=f"/S /AUTOSTART=1 /SERVER={url} /PAIR={code}"),
    ]


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M}"


def join(start: Start, url: str, code: str) -> int:
    """Bring an invitation's code to a hub and keep the token; return the exit status.

    Raises:
        UserError, KnownError: the code or the certificate is not right, the hub refused or does not answer in time.
    """
    known = _read(start.data_dir / FILE)
    _write(start.data_dir / FILE, known)  # what cannot be written is found before the code is used up
    known[socket_url(url)] = asyncio.run(_join(start, url, code))
    _write(start.data_dir / FILE, known)
    print(_("This station may use {url} from now on.", url=url))
    return 0


async def _join(start: Start, url: str, code: str) -> str:
    try:
        async with (
            asyncio.timeout(JOIN_SECONDS),
            Pairing(url, Trust(known_hubs(start.data_dir)), SystemClock()) as pairing,
        ):
            return await pairing.redeem(code, socket.gethostname())
    except TimeoutError:
        reason = _("no answer within {seconds} s", seconds=int(JOIN_SECONDS))
        raise KnownError("hub_unreachable", url=url, address=url, reason=reason) from None


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
