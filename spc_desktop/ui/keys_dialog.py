"""What the keys do, for the person who pressed "?"."""

from html import escape

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from spc_desktop.i18n import _


def key_table() -> tuple[tuple[str, str], ...]:
    """Return keys and what they do, in the window's language."""
    return (
        ("← / →", _("previous / next point")),
        ("Ctrl+← / Ctrl+→", _("previous / next signal")),
        ("Enter", _("open the point, or the chart of an alert")),
        ("L", _("follow the newest point")),
        ("Z", _("usual width at the newest point")),
        ("+ / −", _("zoom in / out")),
        ("Page Up / Page Down", _("a screen back / on")),
        ("Home / End", _("oldest / newest point")),
        ("A", _("acknowledge the selected alerts")),
        ("J / K", _("next / previous alert")),
        ("Tab", _("next part of the window")),
        ("Ctrl+Shift+L", _("Korean / English")),
        ("F11", _("full screen")),
        ("Ctrl+Q", _("quit")),
    )


class KeysDialog(QDialog):
    """A table of keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Keys of this window"))
        rows = "".join(
            f"<tr><td style='padding:3px 18px 3px 0'><b>{escape(keys)}</b></td><td>{escape(text)}</td></tr>"
            for keys, text in key_table()
        )
        mouse = escape(_("Mouse: drag over a stretch to zoom in, turn the wheel to zoom, drag with Shift to move."))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(f"<table>{rows}</table><p>{mouse}</p>"))
        layout.addWidget(buttons)
