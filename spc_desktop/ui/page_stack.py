"""Makes the pages when they are first shown, keeps them, and tells each when it comes and goes."""

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from spc_desktop.ui.pages.page import Page, PageContext, PageEntry


class PageStack(QObject):
    """The pages of a window by their name."""

    shown = Signal(str)

    def __init__(
        self, centre: QStackedWidget, entries: Sequence[PageEntry], context: PageContext, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._centre, self._context = centre, context
        self._entries = {entry.name: entry for entry in entries}
        self._made: dict[str, QWidget] = {}
        self.current = ""
        """Name of the page that is shown; empty while none is."""

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def entry(self) -> PageEntry | None:
        """Return the entry of the page that is shown."""
        return self._entries.get(self.current)

    def page(self, name: str) -> QWidget:
        """Return a page, made if this is the first time that it is wanted."""
        page = self._made.get(name)
        if page is None:
            page = self._made[name] = self._entries[name].make(self._context)
            page.setProperty("help_topic", self._entries[name].help_topic)
            self._centre.addWidget(page)
        return page

    def show(self, name: str) -> None:
        """Show a page and give it the keyboard; a name that this program does not have changes nothing."""
        if name not in self._entries or name == self.current:
            return
        page = self.page(name)
        self.leave()
        self.current = name
        self._centre.setCurrentWidget(page)
        _page(page).enter()
        page.setFocus()
        self.shown.emit(name)

    def leave(self) -> None:
        """Tell the page that is shown that it is no longer."""
        if self.current:
            left, self.current = self._made[self.current], ""
            _page(left).leave()

    def close(self) -> None:
        """Leave the page that is shown and take all of them away."""
        self.leave()
        for page in self._made.values():
            self._centre.removeWidget(page)
            page.deleteLater()
        self._made.clear()

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return the keys of the page that is shown."""
        return _page(self._made[self.current]).keys() if self.current else ()


def _page(widget: QWidget) -> Page:
    return cast("Page", widget)
