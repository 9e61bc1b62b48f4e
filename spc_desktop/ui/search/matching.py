"""How a typed text finds a name: words in any order, Korean initials, and keys pressed in the other keyboard state."""

from spc_desktop.ui.keys import latin

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FIRST, _LAST, _PER_INITIAL = 0xAC00, 0xD7A3, 588
"""Hangul syllables in Unicode; so many share an initial consonant."""


def initials(text: str) -> str:
    """Return a text with every syllable replaced by its initial consonant."""
    return "".join(
        _INITIALS[(ord(sign) - _FIRST) // _PER_INITIAL] if _FIRST <= ord(sign) <= _LAST else sign for sign in text
    )


def plain(text: str) -> str:
    """Return a text as it is compared: without case and without spaces (관리 한계 is 관리한계)."""
    return "".join(text.casefold().split())


class Needle:
    """What was typed, prepared once for many names."""

    def __init__(self, typed: str) -> None:
        self._words = [word.casefold() for word in typed.split()]
        self._whole = plain(typed)
        self._latin = plain(latin(typed))

    def __bool__(self) -> bool:
        return bool(self._words)

    def rank(self, *names: str) -> int | None:
        """Say how well it fits the names of one thing: 0 is best, None does not fit."""
        whole = [plain(name) for name in names]
        if any(name == self._whole for name in whole):
            return 0
        if any(name.startswith(self._whole) for name in whole):
            return 1
        joined = " ".join(whole)
        if all(word in joined for word in self._words):
            return 2
        if self._whole in initials(joined):
            return 3
        return 4 if self._latin != self._whole and self._latin in joined else None
