"""A time of the day, held as minutes after midnight."""

import re
import unicodedata
from typing import Any

from spc_desktop.domain.calendar import clock_text
from spc_desktop.domain.errors import UserError
from spc_desktop.ui.setup.fields import TextField

_TIME = re.compile(r"([01]?\d|2[0-3]):?([0-5]\d)")


def minutes_of(text: str) -> int:
    """Return the minutes after midnight of a typed time, as ``7:30`` or ``0730``.

    Raises:
        UserError: ``not_a_time``.
    """
    found = _TIME.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise UserError("not_a_time", got=text.strip())
    return int(found[1]) * 60 + int(found[2])


class TimeField(TextField):
    """A time of the day."""

    @staticmethod
    def _shown(value: Any) -> str:
        return clock_text(value)

    def value(self) -> Any:
        """Return minutes after midnight."""
        return minutes_of(self.line.text())

    def words(self, value: Any) -> str:
        """Return the time."""
        return clock_text(value)
