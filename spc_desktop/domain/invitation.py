"""The code that lets a station in: twelve letters that the hub made, and behind them sixteen of its certificate's SHA-256.

The second part is what a station checks before it says the first: who poses as the hub gets no code.
"""

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""32, without those that are taken for one another."""
CODE, MARK = 12, 16
"""Letters of each part: 60 bits to guess within minutes, 80 bits of a certificate to forge."""
_GROUP = 4


def mark_of(fingerprint: bytes) -> str:
    """Return the letters that stand for the SHA-256 of a certificate."""
    number = int.from_bytes(fingerprint[:10])
    return "".join(LETTERS[number >> 5 * place & 31] for place in reversed(range(MARK)))


def plain(text: str) -> str:
    """Return what a person wrote, without hyphens and spaces."""
    return text.upper().replace("-", "").replace(" ", "").strip()


def written(code: str, mark: str) -> str:
    """Return both parts as a person reads them."""
    letters = code + mark
    return "-".join(letters[first : first + _GROUP] for first in range(0, len(letters), _GROUP))


def parts_of(text: str) -> tuple[str, str] | None:
    """Return code and mark (empty: the hub does not encrypt); None: this is no such code."""
    letters = plain(text)
    if len(letters) not in {CODE, CODE + MARK} or set(letters) - set(LETTERS):
        return None
    return letters[:CODE], letters[CODE:]
