"""Named values on one line, as ``lambda = 0.2; nsigma = 3``: options of a chart, known standards."""

import json
from typing import Any

from spc_desktop.domain.errors import UserError
from spc_desktop.ui.entry.sheet import number
from spc_desktop.ui.setup.fields import TextField, plain


class PairsField(TextField):
    """A mapping of names to numbers, texts or lists."""

    @staticmethod
    def _shown(value: Any) -> str:
        return "; ".join(f"{name} = {_text(one)}" for name, one in value.items())

    def value(self) -> Any:
        """Return the mapping."""
        found = {}
        for part in filter(str.strip, self.line.text().split(";")):
            name, sign, text = part.partition("=")
            if not sign or not name.strip() or not text.strip():
                raise UserError("not_a_pair", got=part.strip())
            found[name.strip()] = _value(text.strip())
        return found

    def words(self, value: Any) -> str:
        """Return it as it is typed."""
        return self._shown(value) or "–"


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    return plain(value)


def _value(text: str) -> Any:
    try:
        found = number(text)
    except UserError:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return int(found) if found.is_integer() and "." not in text else found
