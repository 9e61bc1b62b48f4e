"""Which certificate belongs to which hub: known authorities, and what was met the first time (trust on first use).

A hub that once had a certificate of a known authority is never met with one of its own: somebody else might offer that.
"""

import hashlib
import json
import logging
import os
import ssl
from pathlib import Path

from spc_desktop.domain.errors import UserError

AUTHORITY = "authority"
_log = logging.getLogger(__name__)


class Trust:
    """The certificates of the hubs that this program has met.

    Args:
        file: where they are kept (JSON: address -> fingerprint); None: only for as long as this object lives.
        known: fingerprints that are known from elsewhere.
    """

    def __init__(self, file: Path | None = None, known: dict[str, str] | None = None) -> None:
        self._file = file
        self._known = _read(file) | (known or {})
        self._met: set[str] = set()

    def context(self, address: str) -> ssl.SSLContext:
        """Return how to connect: checked against the authorities, unless this hub is known by its fingerprint."""
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if address in self._met or self._known.get(address, AUTHORITY) != AUTHORITY:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE  # ``check`` compares the fingerprint before anything is said
        return context

    def pinned(self, address: str) -> bytes | None:
        """Return the SHA-256 fingerprint by which a hub is known; None: it is known by an authority, or not yet."""
        known = self._known.get(address, AUTHORITY)
        return None if known == AUTHORITY else bytes.fromhex(known.replace(":", ""))

    def meet(self, address: str) -> bool:
        """No authority vouches for the hub. Return whether it may be met by its fingerprint instead: it is new."""
        if address in self._known or address in self._met:
            return False
        self._met.add(address)
        return True

    def check(self, address: str, der: bytes) -> None:
        """Compare the certificate of a connection with the one that is known; a new one is remembered.

        Raises:
            UserError: ``certificate_changed`` (address, got).
        """
        found = hashlib.sha256(der).digest().hex(":").upper()
        known = self._known.get(address)
        if known == AUTHORITY:
            return
        if known is None:
            self._known[address] = found if address in self._met else AUTHORITY
            _log.info("%s is known from now on by %s", address, self._known[address])
            self._keep()
        elif known != found:
            raise UserError("certificate_changed", address=address, got=found)

    def _keep(self) -> None:
        if self._file is None:
            return
        new = self._file.with_name(self._file.name + ".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with new.open("w", encoding="utf-8") as stream:
                json.dump(self._known, stream, indent=1)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(self._file)
        except OSError as error:
            _log.warning("%s cannot be written, the hub will be met anew: %s", self._file, error)


def _read(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        # Taken for empty, every hub would be new again and anybody could pose as one.
        raise UserError("known_hubs_unreadable", file=str(file), reason=str(error)) from error
    return {str(address): str(mark) for address, mark in known.items()} if isinstance(known, dict) else {}
