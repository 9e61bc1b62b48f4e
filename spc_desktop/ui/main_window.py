"""The main window: rail, menus, the top bar and the centre. It lays things out and knows nothing of hubs or charts.

Imported for the first paint: no numpy, no pyqtgraph, no protocol.
"""

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QIcon, QKeySequence, QPaintEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.i18n import _, marked
from spc_desktop.paths import resource
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.pages.registry import PAGES
from spc_desktop.ui.pages.start_page import StartPage
from spc_desktop.ui.rail import Rail
from spc_desktop.ui.top_bar import TopBar

THEMES = (("system", marked("As the system")), ("light", marked("Light")), ("dark", marked("Dark")))


class MainWindow(QMainWindow):
    """Rail, bar and menus; everything that is shown in them is handed in."""

    painted = Signal()
    """The first paint is done."""
    close_requested = Signal()
    quit_requested = Signal()
    language_requested = Signal()
    theme_requested = Signal(str)
    scale_requested = Signal(int)
    """1: larger text, -1: smaller, 0: as the system wants it."""
    touch_requested = Signal(bool)
    bell_clicked = Signal()
    search_requested = Signal()
    help_requested = Signal()
    keys_requested = Signal()
    session_start_requested = Signal(bool)
    logs_requested = Signal()
    retranslated = Signal()
    """Every text was written anew."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("main")
        self.setWindowTitle("SPC Desktop")
        self.setWindowIcon(QIcon(str(resource("icons/app.svg"))))
        self.resize(1280, 800)
        self.may_close = False
        self._was_painted = False
        self._bare = self._was_full = False
        self.centre = QStackedWidget()
        self.start_page = StartPage()
        self.centre.addWidget(self.start_page)
        self.banner, self.notice, self.messages = MessageBar(), MessageBar(), MessageBar()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.banner, self.notice, self.messages):
            layout.addWidget(widget)
        layout.addWidget(self.centre, 1)
        self.setCentralWidget(body)
        self.bar, self.rail = TopBar(), Rail(PAGES)
        self.bell = self.bar.bell
        self.bar.bell_clicked.connect(self.bell_clicked)
        self.bar.language_clicked.connect(self.language_requested)
        self.bar.search_clicked.connect(self.search_requested)
        self.addToolBar(self.bar)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.rail)
        self._make_menus()
        self.retranslate()

    def _make_menus(self) -> None:
        self._file, self._view, self._help = QMenu(self), QMenu(self), QMenu(self)
        for menu in (self._file, self._view, self._help):
            self.menuBar().addMenu(menu)
        self._session = self._action(self._file, self.session_start_requested)
        self._session.setCheckable(True)
        self._logs = self._action(self._file, self.logs_requested.emit)
        for action in (self._session, self._logs):
            action.setEnabled(False)
        self._file.addSeparator()
        self._hide = self._action(self._file, self.close, "Ctrl+W")
        self._quit = self._action(self._file, self.quit_requested.emit, "Ctrl+Q")
        self._quit.setMenuRole(QAction.MenuRole.QuitRole)
        self._language = self._action(self._view, self.language_requested.emit, "Ctrl+Shift+L")
        self._theme_menu = self._view.addMenu("")
        self._theme_group = QActionGroup(self)
        self._themes = {}
        for name, _text in THEMES:
            action = self._action(self._theme_menu, lambda _=False, name=name: self.theme_requested.emit(name))
            action.setCheckable(True)
            self._theme_group.addAction(action)
            self._themes[name] = action
        self._view.addSeparator()
        self._larger = self._action(self._view, lambda: self.scale_requested.emit(1), "Ctrl++", "Ctrl+=")
        self._smaller = self._action(self._view, lambda: self.scale_requested.emit(-1), "Ctrl+-")
        self._usual = self._action(self._view, lambda: self.scale_requested.emit(0), "Ctrl+0")
        self._touch = self._action(self._view, self.touch_requested)
        self._touch.setCheckable(True)
        self._view.addSeparator()
        self._full = self._action(self._view, self._toggle_full_screen, "F11")
        self._search = self._action(self._view, self.search_requested.emit, "Ctrl+K")
        self._help_here = self._action(self._help, self.help_requested.emit, "F1")
        self._keys = self._action(self._help, self.keys_requested.emit, "?")

    def _action(self, menu: QMenu, called: object, *keys: str) -> QAction:
        action = QAction(self)
        action.setShortcuts([QKeySequence(each) for each in keys])
        action.triggered.connect(called)
        menu.addAction(action)
        return action

    def set_theme_choice(self, name: str) -> None:
        """Tick the theme in force."""
        self._themes.get(name, self._themes["system"]).setChecked(True)

    def set_touch(self, touch: bool) -> None:
        """Tick whether everything is made for fingers."""
        self._touch.setChecked(touch)

    def set_starts_with_session(self, starts: bool) -> None:
        """Tick whether the program starts when this user logs in; from now on somebody answers these two entries."""
        self._session.setChecked(starts)
        for action in (self._session, self._logs):
            action.setEnabled(True)

    def offered(self) -> "list[tuple[str, QAction]]":
        """Return everything in the menus but the search itself, each with the name it has outside of its menu."""
        found = []
        for menu in (self._file, self._view, self._theme_menu, self._help):
            within = f"{self._theme_menu.title()}: " if menu is self._theme_menu else ""
            found += [
                (within + action.text(), action)
                for action in menu.actions()
                if action.text() and action.menu() is None and action is not self._search
            ]
        return found

    # -- layout --------------------------------------------------------------------------------------------------------

    def geometry_text(self) -> str:
        """Return size and place as text for the settings."""
        return self.saveGeometry().toBase64().toStdString()

    def restore(self, geometry: str) -> None:
        """Take a size and place; what does not fit is left as it is."""
        if geometry:
            self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))

    def come_forward(self) -> None:
        """Show the window above the others."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def _toggle_full_screen(self) -> None:
        if self.isFullScreen():
            self.showNormal()
        else:
            self.showFullScreen()

    def show_bare(self, bare: bool) -> None:
        """Show the page alone on the whole screen, or in the window as it was before."""
        for widget in (self.menuBar(), self.bar, self.rail):
            widget.setVisible(not bare)
        if bare != self._bare:
            self._bare = bare
            if bare:
                self._was_full = self.isFullScreen()
            (self.showFullScreen if bare or self._was_full else self.showNormal)()

    # -- Qt's calls ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tell when the window has been painted for the first time."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave it to whoever runs the program what closing means."""
        if self.may_close:
            event.accept()
        else:
            event.ignore()
            self.close_requested.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Speak a new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        for menu, text in (
            (self._file, _("&Program")),
            (self._view, _("&View")),
            (self._theme_menu, _("Theme")),
            (self._help, _("&Help")),
        ):
            menu.setTitle(text)
        for action, text in (
            (self._session, _("Start in the tray when I log in")),
            (self._logs, _("Save logs and error reports…")),
            (self._hide, _("Close window")),
            (self._quit, _("Quit")),
            (self._language, _("Switch to Korean")),
            (self._larger, _("Larger text")),
            (self._smaller, _("Smaller text")),
            (self._usual, _("Usual text size")),
            (self._touch, _("Large buttons for touch")),
            (self._full, _("Full screen")),
            (self._search, _("Search")),
            (self._help_here, _("Help on this")),
            (self._keys, _("Keys of this window")),
        ):
            action.setText(text)
        for name, text in THEMES:
            self._themes[name].setText(_(text))
        self.retranslated.emit()
