"""A station that nobody knows yet is let in by a hub: it shows a code, or brings that of an invitation, and gets a token."""

import asyncio
import hashlib
import ssl

import aiohttp
import msgspec

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.invitation import mark_of, parts_of
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.viewer.link import socket_url
from spc_desktop.viewer.trust import Trust

ASK_SECONDS = 2.0


class Pairing:
    """One attempt: ``async with Pairing(url, trust, clock) as pairing``.

    Args:
        url: of the hub.
        trust: which certificates are believed; one that was never met is remembered.
        clock: the time.
    """

    def __init__(self, url: str, trust: Trust, clock: Clock) -> None:
        self._address = socket_url(url)
        self._base = self._address.replace("ws", "http", 1).removesuffix("/ws/spc/")
        self._trust = trust
        self._clock = clock
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        self._made: m.PairingMade | None = None

    async def __aenter__(self) -> "Pairing":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._http.close()

    async def request(self, name: str) -> m.PairingMade:
        """Ask to be let in.

        Raises:
            UserError: the hub refused; ``certificate_changed``. KnownError: ``hub_unreachable``.
        """
        await self._look()
        self._made = msgspec.json.decode(await self._post("pair", {"name": name[:100]}), type=m.PairingMade)
        return self._made

    async def redeem(self, written: str, name: str) -> str:
        """Bring the code of an invitation and return the token. Nothing is said to a hub whose certificate is not the code's.

        Raises:
            UserError: ``invitation_unknown``, ``invitation_encrypted``, ``invitation_not_of_hub``, ``certificate_changed``,
                or the hub refused. KnownError: ``hub_unreachable``.
        """
        parts = parts_of(written)
        if parts is None:
            raise UserError("invitation_unknown")
        code, mark = parts
        if mark and not self._base.startswith("https"):
            raise UserError("invitation_encrypted", address=self._base.replace("http", "https", 1))
        await self._look(mark)
        raw = await self._post("pair/redeem", {"code": code, "name": name[:100]})
        return msgspec.json.decode(raw, type=m.PairingClaimed).token

    async def token(self) -> str:
        """Wait until somebody approves, and return the token.

        Raises:
            UserError: ``pairing_unknown``: the code has expired. KnownError: ``hub_unreachable``.
        """
        if self._made is None:
            raise RuntimeError("nothing was asked for")
        while True:
            raw = await self._post("pair/claim", {"secret": self._made.secret})
            claimed = msgspec.json.decode(raw, type=m.PairingClaimed)
            if claimed.token:
                return claimed.token
            await asyncio.sleep(ASK_SECONDS)

    async def _post(self, path: str, body: dict[str, str]) -> bytes:
        try:
            async with self._http.post(f"{self._base}/api/spc/{path}", json=body, ssl=self._secured()) as answer:
                raw = await answer.read()
                if answer.status >= 400:
                    told = msgspec.json.decode(raw)
                    raise UserError(str(told["code"]), **told.get("details", {}))
                return raw
        except aiohttp.ServerFingerprintMismatch as changed:
            got = changed.got.hex(":").upper()
            raise UserError("certificate_changed", address=self._base, got=got) from None
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.MsgspecError) as failed:
            raise self._unreachable(failed) from failed

    def _unreachable(self, failed: Exception) -> KnownError:
        return KnownError("hub_unreachable", address=self._base, url=self._base, reason=str(failed))

    def _not_of_hub(self, got: str) -> UserError:
        return UserError("invitation_not_of_hub", address=self._base, got=got)

    def _secured(self) -> ssl.SSLContext | aiohttp.Fingerprint | bool:
        """Return what every connection is checked against: the certificate that was looked at, or the authorities."""
        if not self._base.startswith("https"):
            return True
        pinned = self._trust.pinned(self._address)
        return aiohttp.Fingerprint(pinned) if pinned else self._trust.context(self._address)

    async def _look(self, mark: str | None = None) -> None:
        """Look at the certificate before anything is said; ``mark``: it must be that of a code, or an authority's."""
        if self._base.startswith("https"):
            try:
                await self._meet(mark)
            except (OSError, TimeoutError) as failed:
                raise self._unreachable(failed) from failed

    async def _meet(self, mark: str | None) -> None:
        host, _, port = self._base.removeprefix("https://").rpartition(":")
        host = host.strip("[]")
        try:
            context = self._trust.context(self._address)
            _, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname=host)
        except ssl.SSLCertVerificationError as unknown:
            if mark == "":
                raise self._not_of_hub(unknown.verify_message) from None
            if not self._trust.meet(self._address):
                raise UserError("certificate_changed", address=self._base, got="?") from None
            context = self._trust.context(self._address)
            _, writer = await asyncio.open_connection(host, int(port), ssl=context, server_hostname=host)
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            found = hashlib.sha256(shown or b"").digest()
            if mark and mark_of(found) != mark:
                raise self._not_of_hub(found.hex(":").upper())
            self._trust.check(self._address, shown or b"")
        finally:
            # An orderly end waits for the other side's, maybe for ever, and is left half done where the loop ends first.
            writer.transport.abort()
