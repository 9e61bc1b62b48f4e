"""Light and dark: palettes of the widgets and colours of the charts (Okabe-Ito, see the drawing standard)."""

import re
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from spc_desktop.paths import resource


@dataclass(frozen=True, slots=True)
class Colours:
    """Colours with a meaning; each has a shape or a text beside it, colour alone says nothing."""

    background: str
    text: str
    dim: str
    grid: str
    data: str
    center: str
    limit: str
    spec: str
    violation: str
    out_of_spec: str
    good: str
    warning: str
    banner: str


LIGHT = Colours(
    background="#FFFFFF",
    text="#1B1F24",
    dim="#6B7280",
    grid="#D9DDE2",
    data="#0072B2",
    center="#555555",
    limit="#D55E00",
    spec="#000000",
    violation="#D55E00",
    out_of_spec="#CC79A7",
    good="#007A5A",
    warning="#9A6700",
    banner="#B3261E",
)
DARK = Colours(
    background="#1B1F24",
    text="#E8EAED",
    dim="#9AA3AD",
    grid="#3A4149",
    data="#56B4E9",
    center="#BBBBBB",
    limit="#D55E00",
    spec="#FFFFFF",
    violation="#D55E00",
    out_of_spec="#CC79A7",
    good="#2FC896",
    warning="#E3B341",
    banner="#B3261E",
)


def is_dark(palette: QPalette) -> bool:
    """Tell whether a palette is a dark one."""
    return palette.color(QPalette.ColorRole.Window).lightness() < 128


def colours_of(palette: QPalette) -> Colours:
    """Return the chart colours that go with a palette."""
    return DARK if is_dark(palette) else LIGHT


def _palette(dark: bool) -> QPalette:
    role = QPalette.ColorRole
    window, base, button, text, mid = (
        ("#23282E", "#1B1F24", "#2D333A", "#E8EAED", "#4A525B")
        if dark
        else ("#F3F4F6", "#FFFFFF", "#E9EBEE", "#1B1F24", "#B4BAC2")
    )
    palette = QPalette(QColor(button), QColor(window))
    for name, colour in (
        (role.WindowText, text),
        (role.Text, text),
        (role.ButtonText, text),
        (role.Base, base),
        (role.AlternateBase, window),
        (role.ToolTipBase, base),
        (role.ToolTipText, text),
        (role.Mid, mid),
        (role.PlaceholderText, "#9AA3AD" if dark else "#6B7280"),
        (role.Highlight, "#2F81B7" if dark else "#0072B2"),
        (role.HighlightedText, "#FFFFFF"),
        (role.Link, "#56B4E9" if dark else "#0072B2"),
        (role.Accent, "#56B4E9" if dark else "#0072B2"),
        (role.BrightText, "#FFFFFF"),
    ):
        palette.setColor(name, QColor(colour))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor("#7D8590" if dark else "#8B929A"))
    return palette


class Theme(QObject):
    """Applies ``"light"``, ``"dark"`` or ``"system"`` and follows the system while it is ``"system"``."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._choice = "system"
        self._scale, self._touch = 100, False
        self._base_size = application.font().pointSizeF()
        application.setStyle("Fusion")
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._follow)

    def apply(self, choice: str) -> None:
        """Switch every widget; each hears of it by ``QEvent.PaletteChange``."""
        self._choice = choice
        scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(choice, Qt.ColorScheme.Unknown)
        QGuiApplication.styleHints().setColorScheme(scheme)
        self._follow()

    def resize(self, percent: int, touch: bool) -> None:
        """Make every text ``percent`` as large as the system wants it; ``touch``: everything fit for fingers."""
        self._scale, self._touch = percent, touch
        font = self._application.font()
        font.setPointSizeF(self._base_size * percent / 100)
        self._application.setFont(font)
        self._follow()

    def _follow(self) -> None:
        dark = self._choice == "dark"
        if self._choice == "system":
            dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        self._application.setPalette(_palette(dark))
        # A style sheet keeps the colours it was polished with: set it anew for the new palette.
        sheet = resource("themes/dark.qss" if dark else "themes/light.qss").read_text(encoding="utf-8")
        if self._touch:
            sheet += resource("themes/touch.qss").read_text(encoding="utf-8")
        self._application.setStyleSheet(_scaled(sheet, self._scale))


def _scaled(sheet: str, percent: int) -> str:
    """Sizes of text in a style sheet are in points; the window's font scale does not reach them by itself."""
    return re.sub(r"(\d+)pt", lambda match: f"{int(match[1]) * percent / 100:g}pt", sheet)
