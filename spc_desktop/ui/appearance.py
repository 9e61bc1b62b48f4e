"""Language, theme and size of the text, switched while the program runs and remembered."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication

from spc_desktop.i18n import current_language
from spc_desktop.ui.main_window import MainWindow
from spc_desktop.ui.preferences import Preferences
from spc_desktop.ui.theme import Theme, is_dark
from spc_desktop.ui.translate import Translator

SCALES = (100, 110, 125, 150, 175, 200)


class Appearance(QObject):
    """What the View menu and the buttons of the top bar change."""

    language_changed = Signal()

    def __init__(
        self,
        window: MainWindow,
        preferences: Preferences,
        theme: Theme,
        translator: Translator,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window, self._preferences, self._theme, self._translator = window, preferences, theme, translator
        window.language_requested.connect(self.switch_language)
        window.theme_requested.connect(self.choose_theme)
        window.bar.theme_clicked.connect(self.turn_theme)
        window.scale_requested.connect(self.scale_by)
        window.touch_requested.connect(self.set_touch)
        window.set_theme_choice(preferences.window.theme)
        window.set_touch(preferences.window.touch)

    def switch_language(self) -> None:
        """Speak the other language."""
        language = "en" if current_language() == "ko" else "ko"
        self._preferences.change(language=language)
        self._translator.apply(language)
        self.language_changed.emit()

    def choose_theme(self, name: str) -> None:
        """Wear ``light``, ``dark`` or the ``system``'s colours."""
        self._preferences.change(theme=name)
        self._theme.apply(name)
        self._window.set_theme_choice(name)

    def turn_theme(self) -> None:
        """From light to dark or back."""
        self.choose_theme("light" if is_dark(QGuiApplication.palette()) else "dark")

    def scale_by(self, steps: int) -> None:
        """Make the text larger (1), smaller (-1) or as large as the system wants it (0)."""
        now = self._preferences.window.font_scale
        at = min(range(len(SCALES)), key=lambda place: abs(SCALES[place] - now))
        wanted = SCALES[max(0, min(len(SCALES) - 1, at + steps))] if steps else SCALES[0]
        self._preferences.change(font_scale=wanted)
        self._theme.resize(wanted, self._preferences.window.touch)

    def set_touch(self, touch: bool) -> None:
        """Make buttons and rows large enough for fingers, or not."""
        self._preferences.change(touch=touch)
        self._theme.resize(self._preferences.window.font_scale, touch)
