"""What the person chose in this window: language, theme, subscriptions, layout; kept in the settings file."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import QLocale, QObject, QTimer, Signal

from spc_desktop.domain.errors import KnownError
from spc_desktop.settings.schema import Settings, WindowSettings

Save = Callable[[Settings], None]


class Preferences(QObject):
    """The window's settings, changed in memory at once and written a moment later.

    ``effective`` are those of this start (options of the command line included); ``saved`` are the file's. A change goes
    into both, so that an option given once is not written down.
    """

    changed = Signal()
    failed = Signal(object)
    """``KnownError``: the choices could not be written; they stay in force for this run."""

    def __init__(self, effective: Settings, saved: Settings, save: Save, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window: WindowSettings = effective.window
        self._saved = saved
        self._save = save
        self.place = ""
        """Person and hub, whose layouts are kept apart from others'."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(500)
        self._timer.timeout.connect(self._write)

    @property
    def window(self) -> WindowSettings:
        """Return the present choices."""
        return self._window

    @property
    def language(self) -> str:
        """Return ``"ko"`` or ``"en"``."""
        if self._window.language == "system":
            return "ko" if QLocale.system().language() == QLocale.Language.Korean else "en"
        return self._window.language

    def change(self, **choices: Any) -> None:
        """Take new values of ``WindowSettings`` fields."""
        self._window = replace(self._window, **choices)
        self._saved = replace(self._saved, window=replace(self._saved.window, **choices))
        self._timer.start()
        self.changed.emit()

    def change_plant(self, **choices: Any) -> None:
        """Take new values of ``SamplePlantSettings`` fields, for the next start."""
        self._saved = replace(self._saved, sample_plant=replace(self._saved.sample_plant, **choices))
        self._timer.start()

    def _write(self) -> None:
        try:
            self.flush()
        except KnownError as error:
            self.failed.emit(error)

    def flush(self) -> None:
        """Write what was changed, now.

        Raises:
            KnownError: the file cannot be written; the choices stay in force for this run.
        """
        self._timer.stop()
        self._save(self._saved)

    def layout(self, page: str) -> str:
        """Return the places of a page's docks as they were left, empty at first."""
        return self._window.layouts.get(f"{self.place}/{page}", "")

    def keep_layout(self, page: str, layout: str) -> None:
        """Remember the places of a page's docks."""
        if layout != self.layout(page):
            self.change(layouts={**self._window.layouts, f"{self.place}/{page}": layout})

    def forget_unsubscribed(self, hub: str) -> None:
        """The hub keeps now which products are switched off, as an older version did here."""
        self.change(unsubscribed={name: of for name, of in self._window.unsubscribed.items() if name != hub})

    def read_up_to(self, hub: str) -> int:
        """Return the id of the newest alert that counts as read."""
        return self._window.read_up_to.get(hub, 0)

    def mark_read(self, hub: str, alert_id: int) -> None:
        """Count every alert up to this one as read."""
        if alert_id > self.read_up_to(hub):
            self.change(read_up_to={**self._window.read_up_to, hub: alert_id})
