"""The top bar: scope, search, and how things stand. Imported for the first paint: nothing heavy."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QLabel, QSizePolicy, QToolBar, QToolButton, QWidget

from spc_desktop.i18n import _
from spc_desktop.ui.icons import icon
from spc_desktop.ui.scope import EVERYTHING, Choice


class TopBar(QToolBar):
    """Says what was clicked; what it shows is handed in."""

    scope_chosen = Signal(object)
    """``Choice``."""
    search_clicked = Signal()
    bell_clicked = Signal()
    language_clicked = Signal()
    theme_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bar")
        self.setMovable(False)
        self.toggleViewAction().setVisible(False)
        self.scope_box, self.search_button = QComboBox(), QToolButton()
        self.bell, self.user = QToolButton(), QLabel()
        self.language_button, self.theme_button = QToolButton(), QToolButton()
        self._unread = 0
        self._scopes: Sequence[tuple[Choice, str]] = ((EVERYTHING, ""),)
        self._lay_out()
        self._connect()
        self.retranslate()
        self._size()

    def _lay_out(self) -> None:
        spring = QWidget()
        spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.scope_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.user.setContentsMargins(8, 0, 8, 0)
        self.user.setObjectName("dim")
        for button in (self.search_button, self.bell):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.language_button.setText("한/EN")
        parts = (self.scope_box, self.search_button, spring, self.bell, self.user)
        for widget in (*parts, self.language_button, self.theme_button):
            self.addWidget(widget)
            if widget not in {spring, self.user}:
                widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._bell_action = self.actions()[3]
        self.user.hide()

    def _connect(self) -> None:
        self.scope_box.activated.connect(lambda row: self.scope_chosen.emit(self._scopes[row][0]))
        self.search_button.clicked.connect(self.search_clicked)
        self.bell.clicked.connect(self.bell_clicked)
        self.language_button.clicked.connect(self.language_clicked)
        self.theme_button.clicked.connect(self.theme_clicked)

    def insert(self, widget: QWidget) -> QAction:
        """Put a widget before the bell; ``removeAction`` takes it away again."""
        return self.insertWidget(self._bell_action, widget)

    def set_scopes(self, scopes: Sequence[tuple[Choice, str]], chosen: Choice) -> None:
        """Offer parts of the plant: each with its name."""
        self._scopes = tuple(scopes)
        self.scope_box.clear()
        for choice, name in self._scopes:
            self.scope_box.addItem(name)
            if choice == chosen:
                self.scope_box.setCurrentIndex(self.scope_box.count() - 1)

    def set_unread(self, count: int) -> None:
        """Show the number on the bell."""
        self._unread = count
        self.bell.setText(f"{count:,}" if count else "")
        text = _("{n} unread alerts", n=count) if count else _("No unread alerts")
        self.bell.setToolTip(text)
        self.bell.setAccessibleName(text)

    def set_user(self, name: str) -> None:
        """Show who works here."""
        self.user.setText(name)
        self.user.setVisible(bool(name))
        self.user.setToolTip(_("You work as {name}", name=name))

    def _colour(self) -> None:
        for button, name in ((self.bell, "bell"), (self.search_button, "search"), (self.theme_button, "theme")):
            button.setIcon(icon(name, self.palette()))

    def _size(self) -> None:
        side = round(self.fontMetrics().height() * 1.1)
        self.setIconSize(QSize(side, side))
        for button in (self.bell, self.search_button, self.theme_button):
            button.setIconSize(QSize(side, side))

    def changeEvent(self, event: QEvent) -> None:
        """Speak a new language, wear new colours, take a new size."""
        super().changeEvent(event)
        if not hasattr(self, "_scopes"):
            return
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        elif event.type() == QEvent.Type.PaletteChange:
            self._colour()
        elif event.type() == QEvent.Type.FontChange:
            self._size()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.scope_box.setAccessibleName(_("Scope: the part of the plant that is shown"))
        self.scope_box.setToolTip(_("Scope: the part of the plant that is shown"))
        self.search_button.setText(_("Search (Ctrl+K)"))
        self.search_button.setToolTip(_("Products, characteristics, alerts, lots and commands"))
        for button, text in (
            (self.language_button, _("Language: Korean or English (Ctrl+Shift+L)")),
            (self.theme_button, _("Light or dark")),
        ):
            button.setToolTip(text)
            button.setAccessibleName(text)
        self.set_unread(self._unread)
        self.set_user(self.user.text())
        self._colour()
