"""Text in the reader's language: gettext's .po files, usable with and without Qt.

The .po files are read as they are, so that a language is one text file and nothing has to be compiled. Keys are the
English texts. Placeholders are named (``"{name} is silent"``) and filled by ``format``; a translation whose placeholders
differ from its key's is refused, so that a wrong catalogue can never hide a value or raise an error.
"""

import locale
import os
import re
import string
from functools import lru_cache

from spc_desktop.paths import resource

DOMAIN = "spc_desktop"
LANGUAGES = ("ko", "en")

_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r'\\([nt"\\])')


def placeholders(text: str) -> set[str]:
    """Return the names of the ``{placeholders}`` in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def read_po(text: str) -> dict[str, str]:
    """Return key -> translation of a .po file without contexts and plurals; what is not translated yet is left out."""
    found: dict[str, str] = {}
    entry = {"msgid": "", "msgstr": ""}
    part = "msgstr"
    for line in [*text.splitlines(), 'msgid ""']:
        word, _, quoted = line.strip().partition('"')
        if not quoted.endswith('"'):
            continue
        if word.strip() == "msgid":
            if entry["msgid"] and entry["msgstr"]:
                found[entry["msgid"]] = entry["msgstr"]
            entry = {"msgid": "", "msgstr": ""}
        part = word.strip() or part
        entry[part] = entry.get(part, "") + _ESCAPE.sub(lambda match: _ESCAPES[match[1]], quoted[:-1])
    return found


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> dict[str, str]:
    try:
        path = resource(f"locale/{language}/LC_MESSAGES/{DOMAIN}.po")
    except FileNotFoundError:
        return {}
    return read_po(path.read_text(encoding="utf-8"))


def translate(text: str, language: str, /, **values: object) -> str:
    """Return ``text`` in a language, its placeholders filled with ``values``."""
    translated = _catalogue(language).get(text, text)
    if translated != text and placeholders(translated) != placeholders(text):
        translated = text
    return translated.format(**values) if values else translated


def marked(text: str) -> str:
    """Return ``text`` as it is: a key that stands in a table and is translated where it is used."""
    return text


class _Current:
    """The language of this process's window; the hub never reads it."""

    language = "en"


def set_language(language: str) -> None:
    """Choose the language of ``_``; unknown languages mean English."""
    _Current.language = language if language in LANGUAGES else "en"


def current_language() -> str:
    """Return ``"ko"`` or ``"en"``."""
    return _Current.language


def system_language() -> str:
    """Return the language of the account this runs under: ``"ko"`` or ``"en"``."""
    name = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "ko" if (name or locale.getlocale()[0] or "").lower().startswith("ko") else "en"


def _(text: str, /, **values: object) -> str:
    """Return ``text`` in the current language, its placeholders filled with ``values``."""
    return translate(text, _Current.language, **values)
