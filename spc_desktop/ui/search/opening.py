"""The search window of a window: what it offers, and where it leads."""

from PySide6.QtCore import QObject

from spc_desktop.i18n import _
from spc_desktop.ui.main_window import MainWindow
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.pages.registry import NUMBERS, PAGES
from spc_desktop.ui.search.finding import ALIASES, Command, Openers
from spc_desktop.ui.search.palette import SearchWindow
from spc_desktop.ui.station import Station


class Search(QObject):
    """Makes the search window when it is first wanted."""

    def __init__(self, window: MainWindow, context: PageContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window, self._context = window, context
        self.made: SearchWindow | None = None

    def show(self) -> None:
        """Bring the window up, empty."""
        if self.made is None:
            to = Openers(self._open_product, self._context.open_chart, self._open_alert)
            self.made = SearchWindow(self.commands, self._context.stations, to, self._window)
        self.made.begin()

    def close(self) -> None:
        """Take the window away."""
        if self.made is not None:
            self.made.deleteLater()

    def commands(self) -> list[Command]:
        """Return the pages, and what the menus can do."""
        pages = [
            Command(
                _(entry.title),
                f"Ctrl+{NUMBERS[entry.name]}",
                lambda name=entry.name: self._context.go_to(name),  # type: ignore[misc]
                ALIASES.get(entry.name, ()),
            )
            for entry in PAGES
        ]
        offered = [
            Command(title, action.shortcut().toString(), action.trigger)
            for title, action in self._window.offered()
            if action.isEnabled()
        ]
        return [*pages, *offered]

    def _open_product(self, station: Station, product_id: int) -> None:
        own = [one.id for one in station.characteristics.values() if one.product_id == product_id and one.active]
        if own:
            self._context.open_chart(station, min(own), None)
        else:
            self._context.say(_("This product has no characteristics yet."), "info")

    def _open_alert(self, station: Station, alert_id: int) -> None:
        alert = station.alerts.get(alert_id)
        if alert is not None:
            self._context.open_alert(station, alert)
