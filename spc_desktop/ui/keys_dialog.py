"""What the keys do, for the person who pressed "?"."""

from collections.abc import Sequence
from html import escape

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from spc_desktop.i18n import _


def shell_keys() -> tuple[tuple[str, str], ...]:
    """Return the keys that hold on every page and what they do, in the window's language."""
    return (
        ("Ctrl+1 … Ctrl+8", _("the pages of the rail")),
        ("Ctrl+K", _("search for products, characteristics, alerts, lots and commands")),
        ("F1", _("help on what has the keyboard")),
        ("?", _("this list")),
        ("Tab", _("next part of the window")),
        ("Ctrl+Shift+L", _("Korean / English")),
        ("Ctrl++ / Ctrl+− / Ctrl+0", _("larger / smaller / usual text")),
        ("F11", _("full screen")),
        ("Ctrl+W", _("close the window")),
        ("Ctrl+Q", _("quit")),
    )


class KeysDialog(QDialog):
    """A table of the keys of a page, and below it those of the whole window."""

    def __init__(self, title: str, page_keys: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Keys of this window"))
        parts = [(title, page_keys)] if page_keys else []
        text = "".join(_table(name, keys) for name, keys in [*parts, (_("Everywhere"), shell_keys())])
        self.label = QLabel(text)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.label)
        layout.addWidget(buttons)


def _table(title: str, keys: Sequence[tuple[str, str]]) -> str:
    rows = "".join(
        f"<tr><td style='padding:3px 18px 3px 0'><b>{escape(key)}</b></td><td>{escape(text)}</td></tr>"
        for key, text in keys
    )
    return f"<h4>{escape(title)}</h4><table>{rows}</table>"
