"""What a wedge scanner has typed: it looks like a very fast person, and its prefix says what it means."""

import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

from spc_desktop.ui.keys import latin


class Scan(NamedTuple):
    """A scanned code: the field it fills and the code without its prefix."""

    field: str
    code: str


def scan_of(text: str, prefixes: Mapping[str, str]) -> Scan | None:
    """Return what was scanned, None: it is none of these codes. A Hangul layout does not matter to the prefix.

    The longest prefix that fits wins. A Hangul layout turns the letters of the code as well, so they are turned back; what
    cannot be known any more, capitals or not, becomes capitals.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    for candidate in dict.fromkeys((text.strip(), plain, latin(text.strip()), latin(plain))):
        for prefix in sorted(prefixes, key=len, reverse=True):
            if prefix and candidate.upper().startswith(prefix.upper()):
                code = candidate[len(prefix) :].strip()
                return Scan(prefixes[prefix], code) if code else None
    return None
