"""The main window: rail, menus, the top bar and the centre. It lays things out and knows nothing of hubs or charts.

Imported for the first paint: no numpy, no pyqtgraph, no protocol.
"""

from PySide6.QtCore import QByteArray, QEvent, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QIcon, QKeySequence, QPaintEvent
from PySide6.QtWidgets import (
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.i18n import _, marked
from spc_desktop.paths import resource
from spc_desktop.ui.icons import icon
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.pages.registry import PAGES
from spc_desktop.ui.pages.start_page import StartPage
from spc_desktop.ui.rail import Rail

THEMES = (("system", marked("As the system")), ("light", marked("Light")), ("dark", marked("Dark")))


class MainWindow(QMainWindow):
    """Rail, bar and menus; everything that is shown in them is handed in."""

    painted = Signal()
    """The first paint is done."""
    close_requested = Signal()
    quit_requested = Signal()
    language_requested = Signal()
    theme_requested = Signal(str)
    bell_clicked = Signal()
    keys_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("main")
        self.setWindowTitle("SPC Desktop")
        self.setWindowIcon(QIcon(str(resource("icons/app.svg"))))
        self.resize(1280, 800)
        self.may_close = False
        self._was_painted = False
        self.centre = QStackedWidget()
        self.start_page = StartPage()
        self.centre.addWidget(self.start_page)
        self.banner, self.messages = MessageBar(), MessageBar()
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.banner, self.messages):
            layout.addWidget(widget)
        layout.addWidget(self.centre, 1)
        self.setCentralWidget(body)
        self._make_bar()
        self.rail = Rail(PAGES)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.rail)
        self._make_menus()
        self.retranslate()

    def _make_bar(self) -> None:
        self.bar = QToolBar()
        self.bar.setObjectName("bar")
        self.bar.setMovable(False)
        self.bar.toggleViewAction().setVisible(False)
        self.addToolBar(self.bar)
        self.place = QLabel()
        self.place.setContentsMargins(8, 0, 8, 0)
        spring = QWidget()
        spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.bell, self.language_button = QToolButton(), QToolButton()
        self.bell.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.language_button.setText("한/EN")
        for widget in (self.place, spring, self.bell, self.language_button):
            self.bar.addWidget(widget)
        self._bell_action = self.bar.actions()[2]
        for button in (self.bell, self.language_button):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.bell.clicked.connect(self.bell_clicked)
        self.language_button.clicked.connect(self.language_requested)
        self.set_unread(0)

    def _make_menus(self) -> None:
        self._file, self._view, self._help = QMenu(self), QMenu(self), QMenu(self)
        for menu in (self._file, self._view, self._help):
            self.menuBar().addMenu(menu)
        self._hide = self._action(self._file, self.close, QKeySequence.StandardKey.Close)
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
        self._full = self._action(self._view, self._toggle_full_screen, "F11")
        self._view.addSeparator()
        self._keys = self._action(self._help, self.keys_requested.emit, "?")

    def _action(self, menu: QMenu, called: object, keys: str | QKeySequence.StandardKey = "") -> QAction:
        action = QAction(self)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(called)
        menu.addAction(action)
        return action

    def add_to_bar(self, widget: QWidget) -> None:
        """Put a widget before the bell."""
        self.bar.insertWidget(self._bell_action, widget)

    def set_unread(self, count: int) -> None:
        """Show the number on the bell."""
        self._unread = count
        self.bell.setIcon(icon("bell", self.palette()))
        self.bell.setText(f"{count:,}" if count else "")
        text = _("{n} unread alerts", n=count) if count else _("No unread alerts")
        self.bell.setToolTip(text)
        self.bell.setAccessibleName(text)

    def set_theme_choice(self, name: str) -> None:
        """Tick the theme in force."""
        self._themes.get(name, self._themes["system"]).setChecked(True)

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
        """Speak a new language, wear new colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.PaletteChange and hasattr(self, "_unread"):
            self.set_unread(self._unread)

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
            (self._hide, _("Close window")),
            (self._quit, _("Quit")),
            (self._language, _("Switch to Korean")),
            (self._full, _("Full screen")),
            (self._keys, _("Keys of this window")),
        ):
            action.setText(text)
        for name, text in THEMES:
            self._themes[name].setText(_(text))
        self.language_button.setToolTip(_("Language: Korean or English (Ctrl+Shift+L)"))
        self.language_button.setAccessibleName(_("Language: Korean or English (Ctrl+Shift+L)"))
        self.set_unread(self._unread)
