"""One subgroup while it is being entered: values, the doubt about one, what was measured again. No Qt, no clock."""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import Enum

from spc_desktop.domain.errors import UserError
from spc_desktop.domain.product import Characteristic
from spc_desktop.domain.register import Plausibility
from spc_desktop.protocol import messages as m

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_WIDE = 3.0
"""Where nothing was said about plausible values: so many widths of the tolerance outside of it are a slip of the finger."""


class Taken(Enum):
    """What became of a value."""

    VALUE = "value"
    DOUBTED = "doubted"
    COMPLETE = "complete"


def number(text: str) -> float:
    """Return a typed number; full-width digits and the long minus are fine.

    Raises:
        UserError: ``not_a_number``, ``decimal_comma``.
    """
    plain = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    if "," in plain:
        raise UserError("decimal_comma", got=text.strip())
    if not _NUMBER.fullmatch(plain):
        raise UserError("not_a_number", got=text.strip())
    return float(plain)


def plausible(rule: Plausibility | None, characteristic: Characteristic) -> Plausibility:
    """Return what is believed of a characteristic: as was set up, else far around its specification."""
    if rule is not None:
        return rule
    lsl, usl = characteristic.lsl, characteristic.usl
    low = high = None
    if lsl is not None and usl is not None and usl > lsl:
        low, high = lsl - _WIDE * (usl - lsl), usl + _WIDE * (usl - lsl)
    return Plausibility(id=str(characteristic.id), characteristic_id=characteristic.id, low=low, high=high)


@dataclass(slots=True)
class Sheet:
    """Values of one subgroup of ``size``."""

    size: int
    rule: Plausibility
    values: list[float] = field(default_factory=list)
    doubted: float | None = None
    """A value that waits to be measured again."""
    comment: str = ""
    again: dict[int, float] = field(default_factory=dict)
    """Position -> the value that was doubted there."""

    def take(self, value: float, before: float | None = None) -> Taken:
        """Take the next value; ``before``: the last one of the subgroup before."""
        previous = self.values[-1] if self.values else before
        if self.doubted is not None:  # measured twice: the second counts, both are kept
            self.again[len(self.values)] = self.doubted
            self.doubted = None
        elif self.rule.doubts(value, previous):
            self.doubted = value
            return Taken.DOUBTED
        self.values.append(value)
        return Taken.COMPLETE if len(self.values) == self.size else Taken.VALUE

    def back(self) -> float | None:
        """Take back the newest value, or the doubted one, and return it."""
        if self.doubted is not None:
            value, self.doubted = self.doubted, None
            return value
        if not self.values:
            return None
        self.again.pop(len(self.values) - 1, None)
        return self.values.pop()

    def measure_again(self) -> bool:
        """Doubt the newest value by hand: the next one takes its place."""
        if self.doubted is not None or not self.values:
            return False
        self.again.pop(len(self.values) - 1, None)
        self.doubted = self.values.pop()
        return True

    @property
    def empty(self) -> bool:
        return not self.values and self.doubted is None

    def remeasured(self) -> tuple[m.Remeasured, ...]:
        """Return what is to be stored of doubts."""
        return tuple(
            [m.Remeasured(position=at, first=first, second=self.values[at]) for at, first in sorted(self.again.items())]
        )
