"""Password hashes: Argon2id in a thread, so that neither the loop nor the memory suffers from many sign-ins at once."""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
"""One hash takes 64 MiB and some 50 ms: that is its purpose."""


class Passwords:
    """Makes and checks hashes (Argon2id, RFC 9106 section 4, second recommended option)."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._nobody = ""

    async def hashed(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, password: str, known: str) -> bool:
        """Return whether a password belongs to a hash. An empty hash fits nothing, and takes as long to say so."""
        if not self._nobody:
            self._nobody = await self.hashed("nobody's password")
        async with self._turn:
            right = await asyncio.to_thread(self._check, known or self._nobody, password)
        return right and bool(known)

    def _check(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False
