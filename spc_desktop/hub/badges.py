"""Badges and PINs of operators as the hub keeps them: they say who measures, and sign nothing."""

import asyncio
import hashlib

from msgspec import Struct, field

_COST, _BLOCK, _LANES = 2**14, 8, 1
"""One look-up takes 16 MiB and some 40 ms: trying all PINs of four digits takes minutes, not an instant."""


class Secrets(Struct, frozen=True, kw_only=True):
    """Digests of one operator's badge and PIN; empty: there is none."""

    badge: str = ""
    pin: str = ""


class Badges(Struct, frozen=True):
    """The digests of all operators, and the salt that they share: a badge must be found without a name."""

    salt: str = ""
    secrets: dict[str, Secrets] = field(default_factory=dict)

    def holder(self, digest: str) -> str | None:
        """Return the id of the operator with this badge or PIN."""
        for operator_id, known in self.secrets.items():
            if digest in (known.badge, known.pin):
                return operator_id
        return None


async def digest_of(code: str, salt: str) -> str:
    """Return the digest of a badge or PIN (scrypt, RFC 7914)."""
    return await asyncio.to_thread(_digest, code, salt)


def _digest(code: str, salt: str) -> str:
    data = code.strip().encode("utf-8", "surrogatepass")
    return hashlib.scrypt(data, salt=bytes.fromhex(salt), n=_COST, r=_BLOCK, p=_LANES, dklen=32).hex()
