"""``spc-desktop channel``: what waits for e-mail and webhooks, what was given up, trying one out, and its secret."""

import asyncio
import secrets as randomness
from argparse import Namespace
from datetime import datetime
from urllib.parse import urlsplit

from spc_desktop.app.accounts import read_password
from spc_desktop.app.channels import make_channels, place_of, read_secrets, secret_of, write_secrets
from spc_desktop.app.clock import SystemClock
from spc_desktop.app.run_import import some_hub
from spc_desktop.app.start import Start
from spc_desktop.channels.webhook import key_of
from spc_desktop.domain.announcement import EMAIL
from spc_desktop.domain.delivery import WEBHOOK, Delivery, DeliveryOutcome
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.hub.ports import NotSentError, Parcel
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.settings.schema import ChannelSettings

_CONSOLE = Actor(name="console", client="console")
_PAGE = 500


def run_channels(start: Start, options: Namespace) -> int:
    """Carry out one action; return the exit status."""
    settings = start.settings.channels
    if options.action == "secret":
        return _secret(start, options.name, options.set)
    with asyncio.Runner() as runner:
        if options.action == "test":
            return runner.run(_test(start, settings, options.name, options.to or ""))
        async_action = {"list": _list, "dead": _dead, "retry": _retry}[options.action]
        lines = runner.run(async_action(start, options))
    print("\n".join(lines))
    return 0


def _names(settings: ChannelSettings) -> list[str]:
    return [*([EMAIL] if settings.email.host else []), *(one.name for one in settings.webhooks)]


def _check_name(settings: ChannelSettings, name: str) -> None:
    if name not in _names(settings):
        raise UserError("channel_unknown", got=name, choices=", ".join(_names(settings)) or "-")


def _secret(start: Start, name: str, given: bool) -> int:
    """Take the password of the mail server, or show the signing key of a webhook (made where there is none).

    A key can be given too: several hubs sign with the same one.
    """
    _check_name(start.settings.channels, name)
    if name != EMAIL and not given:
        print(secret_of(start.data_dir, name))
        return 0
    secret = read_password()
    if name == EMAIL:
        place, told = EMAIL, _("The password is kept. A running hub takes it at its next start.")
    else:
        key_of(secret, name)
        place, told = place_of(name), _("The signing key is kept. A running hub takes it at its next start.")
    write_secrets(start.data_dir, {**read_secrets(start.data_dir), place: secret})
    print(told)
    return 0


async def _test(start: Start, settings: ChannelSettings, name: str, to: str) -> int:
    """Send one message by a channel, without the hub: what is tried is the channel."""
    _check_name(settings, name)
    if name == EMAIL and not to:
        raise UserError("channel_test_to")
    channels = make_channels(settings, start.data_dir)
    channel = channels[(EMAIL, "") if name == EMAIL else (WEBHOOK, name)]
    now = SystemClock().now()
    row = Delivery(id=0, at=now, channel=EMAIL if name == EMAIL else WEBHOOK, outcome=DeliveryOutcome.WAITING)
    parcel = Parcel(
        message=f"msg_{randomness.token_hex(12)}",
        recipient=name,
        address=to,
        language=start.language,
        sent_at=now,
        deliveries=(row,),
    )
    try:
        await channel.send(parcel)
    except NotSentError as why:
        print(_("{name}: not sent. {reason}", name=name, reason=why))
        return 1
    finally:
        for one in channels.values():
            await one.close()
    print(_("{name}: the message was taken.", name=name))
    return 0


async def _list(start: Start, _options: Namespace) -> list[str]:
    settings = start.settings.channels
    async with some_hub(start, "") as hub:
        waiting = await _rows(hub, DeliveryOutcome.WAITING)
        dead = await _rows(hub, DeliveryOutcome.FAILED)
    lines = []
    names, kept = _names(settings), {_channel_name(row) for row in waiting}
    for name in [*names, *sorted(kept.difference(names))]:
        where = f"{settings.email.host}:{settings.email.port}" if name == EMAIL else ""
        where = next((_short(one.url) for one in settings.webhooks if one.name == name), where)
        if name not in names:
            where = _("not in the settings: put it back or what waits stays unsent")
        counts = [sum(_channel_name(row) == name for row in rows) for rows in (waiting, dead)]
        lines.append(
            _(
                "{name}  {where}  waiting {waiting}, given up {dead}",
                name=name,
                where=where,
                waiting=counts[0],
                dead=counts[1],
            )
        )
    return lines or [_("No channel is configured: see the section [channels] of {file}.", file=start.settings_file)]


def _short(url: str) -> str:
    """Return where a webhook leads without what its address may keep secret: the path of many is the key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}/…{url[-4:]}"


def _channel_name(row: Delivery) -> str:
    return EMAIL if row.channel == EMAIL else row.recipient


async def _dead(start: Start, _options: Namespace) -> list[str]:
    async with some_hub(start, "") as hub:
        rows = await _rows(hub, DeliveryOutcome.FAILED)
    return [_line(row) for row in rows] or [_("There are no dead letters.")]


async def _retry(start: Start, options: Namespace) -> list[str]:
    ids = () if options.ids == ["all"] else tuple(_number(text) for text in options.ids)
    async with some_hub(start, "") as hub:
        count = await hub.command(m.RetryDeliveries(ids=ids), _CONSOLE)
    return [_("{n} are sent again by the running hub, or at its next start.", n=count)]


def _number(text: str) -> int:
    if not text.isdigit():
        raise UserError("channel_retry_id", got=text)
    return int(text)


async def _rows(hub: HubApi, outcome: DeliveryOutcome) -> list[Delivery]:
    rows: list[Delivery] = []
    while True:
        before = rows[-1].id if rows else None
        page = await hub.query(m.GetDeliveries(outcome=outcome, before_id=before, limit=_PAGE))
        rows += page.deliveries
        if not page.more:
            return rows


def _line(row: Delivery) -> str:
    at = _shown(row.done_at or row.at)
    about = f"#{row.alert_id} {row.change}"
    return f"{row.id}  {at}  {row.channel}  {row.recipient or '-'}  {about}  {row.attempts}x  {row.error}"


def _shown(time: datetime) -> str:
    return time.astimezone().strftime("%Y-%m-%d %H:%M")
