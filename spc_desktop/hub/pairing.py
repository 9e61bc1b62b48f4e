"""Letting in a new station: it shows a short code, an administrator who sees it approves, and the station gets its token.

What waits is kept in memory only: after a restart the station asks again. The code is no secret and opens nothing; what the
station proves itself with is its own secret.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from spc_desktop.domain.account import Role, check_name, digest_of
from spc_desktop.domain.errors import UserError
from spc_desktop.hub.accounts import Order, add_station
from spc_desktop.hub.api import Actor
from spc_desktop.protocol import messages as m

LIFE = timedelta(minutes=10)
MOST_WAITING = 50
MOST_OF_ADDRESS = 5
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LENGTH = 6
_LONGEST_NAME = 100


class _Waiting(Struct, kw_only=True):
    code: str
    digest: str
    name: str
    address: str
    asked_at: datetime
    token: str = ""
    user: str = ""


class PairingOffice:
    """The stations that wait."""

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}

    def request(self, command: m.RequestPairing, actor: Actor, now: datetime) -> m.PairingMade:
        """Note a station; a new code for it.

        Raises:
            UserError: ``pairing_full``: too many wait already, of this address or in all.
        """
        self._forget(now)
        of_address = sum(one.address == actor.client for one in self._waiting.values())
        if len(self._waiting) >= MOST_WAITING or of_address >= MOST_OF_ADDRESS:
            raise UserError("pairing_full", minutes=int(LIFE.total_seconds() // 60))
        code = _new_code()
        while code in self._waiting:
            code = _new_code()
        secret = secrets.token_hex(32)
        self._waiting[code] = _Waiting(
            code=code,
            digest=digest_of(secret),
            name=command.name[:_LONGEST_NAME],
            address=actor.client,
            asked_at=now,
        )
        return m.PairingMade(code=code, secret=secret, expires_at=now + LIFE)

    def claim(self, command: m.ClaimPairing, now: datetime) -> m.PairingClaimed:
        """Return the token of a station that was approved: once.

        Raises:
            UserError: ``pairing_unknown``: no such station waits, or its code has expired.
        """
        self._forget(now)
        digest = digest_of(command.secret)
        found = next((one for one in self._waiting.values() if one.digest == digest), None)
        if found is None:
            raise UserError("pairing_unknown")
        if found.token:
            del self._waiting[found.code]
        return m.PairingClaimed(token=found.token, user=found.user)

    def waiting(self, now: datetime) -> tuple[m.PairingOut, ...]:
        """Return the stations that nobody has approved yet."""
        self._forget(now)
        return tuple(
            m.PairingOut(
                code=one.code,
                name=one.name,
                address=one.address,
                asked_at=one.asked_at,
                expires_at=one.asked_at + LIFE,
            )
            for one in self._waiting.values()
            if not one.token
        )

    def approve(self, command: m.ApprovePairing, now: datetime) -> Order:
        """Return the order that makes user and token of the station that shows this code.

        Raises:
            UserError: ``pairing_unknown``, ``bad_user_name``.
        """
        self._forget(now)
        found = self._waiting.get(command.code.strip().upper().replace("-", "").replace(" ", ""))
        if found is None or found.token:
            raise UserError("pairing_unknown")
        name = check_name(command.name)
        roles = command.roles or (Role.OPERATOR,)

        def apply(draft: Any) -> m.TokenMade:
            return add_station(name, roles, command.products, found.name, draft)

        return apply

    def approved(self, command: m.ApprovePairing, made: m.TokenMade) -> None:
        """The order was stored: keep the token for the station that will ask for it."""
        found = self._waiting.get(command.code.strip().upper().replace("-", "").replace(" ", ""))
        if found is not None:
            found.token, found.user = made.token, made.details.user

    def _forget(self, now: datetime) -> None:
        self._waiting = {code: one for code, one in self._waiting.items() if now < one.asked_at + LIFE}


def _new_code() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
