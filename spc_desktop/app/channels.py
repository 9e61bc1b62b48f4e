"""The channels of a station, made from its settings and secrets; ``channel_command`` looks after them.

Passwords and signing keys are in ``channel-secrets.json`` of the data folder, which its owner alone can read.
"""

import base64
import json
import secrets as randomness
from pathlib import Path

from spc_desktop.app.private_file import write_private
from spc_desktop.channels.email import EmailChannel
from spc_desktop.channels.webhook import PREFIX, WebhookChannel
from spc_desktop.domain.alert import Priority
from spc_desktop.domain.announcement import EMAIL
from spc_desktop.domain.delivery import WEBHOOK, Hook, Outlets
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.outbox import Target
from spc_desktop.hub.ports import Channel
from spc_desktop.settings.schema import ChannelSettings

SECRETS_FILE = "channel-secrets.json"


def outlets_of(settings: ChannelSettings) -> Outlets:
    """Return what the hub must know of its channels."""
    hooks = [
        Hook(name=one.name, min_priority=Priority(one.min_priority), products=one.products) for one in settings.webhooks
    ]
    return Outlets(email=bool(settings.email.host), hooks=tuple(hooks))


def make_channels(settings: ChannelSettings, data_dir: Path) -> dict[Target, Channel]:
    """Return the channels. A webhook without a secret gets one.

    Raises:
        UserError: ``channel_name_twice``, ``email_sender``, ``webhook_secret``.
        KnownError: ``secrets_unreadable``.
    """
    names = [one.name for one in settings.webhooks]
    twice = next((name for name in names if names.count(name) > 1 or name == EMAIL), "")
    if twice:
        raise UserError("channel_name_twice", name=twice)
    made: dict[Target, Channel] = {}
    known = read_secrets(data_dir) if names or settings.email.host else {}
    if settings.email.host:
        if "@" not in settings.email.sender:
            raise UserError("email_sender", got=settings.email.sender)
        made[EMAIL, ""] = EmailChannel(settings.email, known.get(EMAIL, ""))
    for hook in settings.webhooks:
        made[WEBHOOK, hook.name] = WebhookChannel(hook, secret_of(data_dir, hook.name))
    return made


def languages_of(settings: ChannelSettings) -> dict[Target, str]:
    """Return the languages that webhooks want."""
    return {(WEBHOOK, one.name): one.language for one in settings.webhooks if one.language}


def secret_of(data_dir: Path, name: str) -> str:
    """Return the signing key of a webhook; it is made where there is none.

    Raises:
        KnownError: ``secrets_unreadable``.
    """
    known = read_secrets(data_dir)
    place = place_of(name)
    if place not in known:
        known[place] = PREFIX + base64.b64encode(randomness.token_bytes(32)).decode()
        write_secrets(data_dir, known)
    return known[place]


def place_of(name: str) -> str:
    """Return the name under which a webhook's signing key is kept."""
    return f"{WEBHOOK} {name}"


def read_secrets(data_dir: Path) -> dict[str, str]:
    """Return what is kept secret, by the place it is for.

    Raises:
        KnownError: ``secrets_unreadable``.
    """
    file = data_dir / SECRETS_FILE
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise KnownError("secrets_unreadable", file=str(file), reason=str(error)) from error
    if not isinstance(found, dict):
        raise KnownError("secrets_unreadable", file=str(file), reason="no JSON object")
    return {str(name): str(value) for name, value in found.items()}


def write_secrets(data_dir: Path, known: dict[str, str]) -> None:
    """Keep secrets where their owner alone can read them.

    Raises:
        KnownError: ``secrets_unreadable``.
    """
    file = data_dir / SECRETS_FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        write_private(file, json.dumps(known, ensure_ascii=False, indent=1).encode())
    except OSError as error:
        raise KnownError("secrets_unreadable", file=str(file), reason=str(error)) from error
