"""Text in the reader's language: gettext catalogues, usable with and without Qt.

Keys are the English texts. Placeholders are named (``"{name} is silent"``) and filled by ``format``; a translation whose
placeholders differ from its key's is refused, so that a wrong catalogue can never hide a value or raise an error.
"""

import gettext
import locale
import os
import string
from functools import lru_cache

from spc_desktop.paths import resource

DOMAIN = "spc_desktop"
LANGUAGES = ("ko", "en")


def placeholders(text: str) -> set[str]:
    """Return the names of the ``{placeholders}`` in a text."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> gettext.NullTranslations:
    try:
        path = resource("locale")
    except FileNotFoundError:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, path, languages=[language], fallback=True)


def translate(text: str, language: str, /, **values: object) -> str:
    """Return ``text`` in a language, its placeholders filled with ``values``."""
    translated = _catalogue(language).gettext(text) if text else ""
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
