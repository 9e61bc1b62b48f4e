"""Webhooks, signed after "Standard Webhooks" (https://www.standardwebhooks.com), so that receivers can use its libraries."""

import base64
import binascii
import hashlib
import hmac
from typing import Any

import aiohttp
import msgspec

from spc_desktop.channels import words
from spc_desktop.domain.delivery import Delivery
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.ports import NotSentError, Parcel
from spc_desktop.settings.schema import WebhookSettings
from spc_desktop.version import __version__

PREFIX = "whsec_"
SECONDS = 15.0
"""For the whole request, as the specification advises."""
LONGEST_WAIT = 86_400.0
_GONE = 410


class WebhookChannel:
    """Posts a parcel to one address.

    Args:
        settings: its name and address.
        secret: ``whsec_`` and at least 24 bytes in base64.

    Raises:
        UserError: ``webhook_secret``.
    """

    def __init__(self, settings: WebhookSettings, secret: str) -> None:
        self._settings = settings
        self._key = key_of(secret, settings.name)
        self._session: aiohttp.ClientSession | None = None
        self.pace: tuple[float, float] = float(settings.pause_s), settings.burst

    async def send(self, parcel: Parcel) -> None:
        """Send one message; see ``hub.ports.Channel``. Redirections are not followed: the address is the one that was set."""
        body = payload(parcel)
        stamp = int(parcel.sent_at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"spc-desktop/{__version__}",
            "webhook-id": parcel.message,
            "webhook-timestamp": str(stamp),
            "webhook-signature": signature(self._key, parcel.message, stamp, body),
        }
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS))
        try:
            async with self._session.post(
                self._settings.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except TimeoutError as late:
            raise NotSentError(f"no answer in {SECONDS:g} s") from late
        except (aiohttp.ClientError, OSError, ValueError) as trouble:
            raise NotSentError(f"{type(trouble).__name__}: {trouble}") from trouble
        if not 200 <= status < 300:
            seconds = min(float(wait), LONGEST_WAIT) if wait.isascii() and wait.isdigit() else 0.0
            raise NotSentError(f"HTTP {status}", lasting=status == _GONE, wait=seconds)

    async def close(self) -> None:
        """End the kept connections."""
        if self._session is not None:
            await self._session.close()


def payload(parcel: Parcel) -> bytes:
    """Return the body: the same at every attempt."""
    rows = [row for row in parcel.deliveries if row.alert is not None]
    first = parcel.deliveries[0]
    kind = "spc.alerts" if rows else "spc.test"
    data = {"alerts": [_entry(row, parcel.language) for row in rows]}
    return msgspec.json.encode({"type": kind, "timestamp": first.at, "data": data})


def _entry(row: Delivery, language: str) -> dict[str, Any]:
    alert = row.alert
    if alert is None:
        return {}
    said = {"title": words.title(alert, language), "message": words.sentence(alert, language)}
    return {"change": row.change, "at": row.at, "alert": {**msgspec.to_builtins(alert), **said}}


def signature(key: bytes, message: str, stamp: int, body: bytes) -> str:
    """Return the signature header."""
    signed = b"%s.%d.%s" % (message.encode(), stamp, body)
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def key_of(secret: str, name: str) -> bytes:
    """Return the bytes of a secret as people pass it on.

    Raises:
        UserError: ``webhook_secret``.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise UserError("webhook_secret", name=name)
    return key
