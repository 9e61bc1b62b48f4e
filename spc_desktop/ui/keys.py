"""Single-letter commands by physical key: in Hangul mode the key A arrives as the letter that is printed beside it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

_HANGUL = dict(zip("ㅂㅈㄷㄱㅅㅛㅕㅑㅐㅔㅁㄴㅇㄹㅎㅗㅓㅏㅣㅋㅌㅊㅍㅠㅜㅡ", "QWERTYUIOPASDFGHJKLZXCVBNM", strict=True))
"""The standard two-set Korean layout (KS X 5002), key by key."""

_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


def letter(event: QKeyEvent) -> str:
    """Return the capital Latin letter of the key that was pressed alone, empty for every other key."""
    if event.modifiers() & _COMMANDS:
        return ""
    key = event.key()
    if Qt.Key.Key_A <= key <= Qt.Key.Key_Z:
        return chr(key)
    for sign in (chr(key) if 0x3131 <= key <= 0x3163 else "", event.text()):
        if sign in _HANGUL:
            return _HANGUL[sign]
    return ""


def latin(text: str) -> str:
    """Return a text as the same keys write it on a Latin layout."""
    return "".join(_HANGUL.get(sign, sign) for sign in text)
