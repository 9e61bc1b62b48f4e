"""Set-up: what is made and measured, how it is watched, who may do what. A list of sections, and the chosen one."""

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QListWidget, QListWidgetItem, QStackedWidget, QVBoxLayout, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.icons import icon
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.setup.sections import SECTIONS, Follows, HasKeys, Section
from spc_desktop.ui.station import Station


class SetupPage(QWidget):
    """The sections of one hub at a time; Alt and a number show a section."""

    def __init__(
        self, context: PageContext, sections: Sequence[Section] = SECTIONS, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context, self._sections = context, tuple(sections)
        self._made: dict[tuple[Station, str], QWidget] = {}
        self._shown: QWidget | None = None
        self._entered = False
        self.hubs = QComboBox()
        self.hubs.setVisible(len(context.stations) > 1)
        self.list = QListWidget()
        self.list.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.stack = QStackedWidget()
        for at, section in enumerate(self._sections, 1):
            self.list.addItem(QListWidgetItem())
            if at <= 9:
                shortcut = QShortcut(QKeySequence(f"Alt+{at}"), self)
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
                shortcut.activated.connect(lambda name=section.name: self.show_section(name))
        left = QVBoxLayout()
        left.addWidget(self.hubs)
        left.addWidget(self.list, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addLayout(left)
        layout.addWidget(self.stack, 1)
        self.setFocusProxy(self.list)
        self.retranslate()
        self._colour()
        self.hubs.currentIndexChanged.connect(self._turn)
        self.list.currentRowChanged.connect(self._turn)
        self.list.itemActivated.connect(self._into)
        self.list.setCurrentRow(0)

    @property
    def station(self) -> Station:
        """Return the hub whose set-up is shown."""
        return self._context.stations[max(self.hubs.currentIndex(), 0)]

    def section(self, name: str) -> QWidget:
        """Return a section of the shown hub, made if this is the first time that it is wanted."""
        key = self.station, name
        widget = self._made.get(key)
        if widget is None:
            (section,) = (one for one in self._sections if one.name == name)
            widget = self._made[key] = section.make(replace(self._context, stations=(self.station,)))
            self.stack.addWidget(widget)
        return widget

    def show_section(self, name: str) -> None:
        """Show a section and give it the keyboard."""
        self.list.setCurrentRow([section.name for section in self._sections].index(name))
        self.section(name).setFocus()

    def _turn(self) -> None:
        row = self.list.currentRow()
        if row < 0:
            return
        widget = self.section(self._sections[row].name)
        if widget is self._shown:
            return
        self._tell(entered=False)
        self._shown = widget
        self.stack.setCurrentWidget(widget)
        if self._entered:
            self._tell(entered=True)

    def _tell(self, *, entered: bool) -> None:
        if isinstance(self._shown, Follows):
            if entered:
                self._shown.enter()
            elif self._entered:
                self._shown.leave()

    def _into(self) -> None:
        if self._shown is not None:
            self._shown.setFocus()

    def enter(self) -> None:
        """The page is shown: so is its section."""
        self._entered = True
        self._tell(entered=True)

    def leave(self) -> None:
        """Another page is shown."""
        self._tell(entered=False)
        self._entered = False

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return the keys of the page, then those of its section."""
        own = (("Alt+1 … 9", _("the sections of the set-up")), ("Enter", _("into the section")))
        return (*own, *(self._shown.keys() if isinstance(self._shown, HasKeys) else ()))

    def retranslate(self) -> None:
        """Write every text anew."""
        self.list.setAccessibleName(_("Sections of the set-up"))
        self.hubs.setAccessibleName(_("Hub"))
        for at, station in enumerate(self._context.stations):
            if self.hubs.count() <= at:
                self.hubs.addItem(station.title)
            self.hubs.setItemText(at, station.title)
        for at, section in enumerate(self._sections):
            item = self.list.item(at)
            item.setText(_(section.title))
            if at < 9:
                item.setToolTip(f"Alt+{at + 1}")
        self._size()

    def _size(self) -> None:
        side = round(self.fontMetrics().height() * 1.2)
        self.list.setIconSize(QSize(side, side))
        self.list.setFixedWidth(self.list.sizeHintForColumn(0) + 2 * self.list.frameWidth() + side)

    def _colour(self) -> None:
        for at, section in enumerate(self._sections):
            self.list.item(at).setIcon(icon(section.icon, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language, wear the new colours, have the new size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.PaletteChange:
            self._colour()
        elif event.type() == QEvent.Type.FontChange:
            self._size()
