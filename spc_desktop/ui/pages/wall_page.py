"""The wall: how every characteristic of the scope stands, at the desk and on a screen over the line."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.keys import letter
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.wall.board import Board
from spc_desktop.ui.wall.model import WallModel
from spc_desktop.ui.wall.tile import GLYPH, NAMES, Kind, Tile

MUTED_MINUTES = 15


class WallPage(QWidget):
    """A line that counts, the buttons, and the board."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.model = WallModel(context.stations, context.scope, context.now, self)
        self.board = Board(self.model, context.clock)
        self.summary, self.time, self.empty = QLabel(), QLabel(), QLabel()
        self.order_button, self.mute_button, self.tv_button = QPushButton(), QPushButton(), QPushButton()
        self.filter = QLineEdit()
        self.centre = QStackedWidget()
        self.tv = False
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self.summary.setObjectName("subtitle")
        self.time.setObjectName("dim")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        self.filter.setClearButtonEnabled(True)
        self.filter.setMaximumWidth(round(self.fontMetrics().height() * 14))
        self.order_button.setCheckable(True)
        self.bar = QWidget()
        row = QHBoxLayout(self.bar)
        row.setContentsMargins(8, 4, 8, 0)
        row.addWidget(self.summary)
        row.addWidget(self.time)
        row.addStretch(1)
        for widget in (self.filter, self.order_button, self.mute_button, self.tv_button):
            row.addWidget(widget)
        self.centre.addWidget(self.board)
        self.centre.addWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.bar)
        layout.addWidget(self.centre, 1)
        self.setFocusProxy(self.board)

    def _connect(self) -> None:
        self.model.arranged.connect(self._show_right)
        self.model.touched.connect(self._count_soon)
        self.model.ticked.connect(self.draw)
        self.board.opened.connect(self._open)
        self.filter.textChanged.connect(self.model.show_only)
        self.order_button.toggled.connect(lambda by_line: self.model.sort(not by_line))
        self.mute_button.clicked.connect(self._mute_soon)
        self.tv_button.clicked.connect(lambda: self.show_tv(not self.tv))
        for keys, called in (("Ctrl+M", self._mute_soon), ("Ctrl+F", self.filter.setFocus), ("Ctrl+T", self._turn_tv)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(called)

    # -- as a page -----------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Follow every characteristic."""
        self.model.start()
        self.board.lay_out()
        self._show_right()
        self.draw()

    def leave(self) -> None:
        """Let go of the points; the television is over."""
        self.show_tv(False)
        self.model.stop()

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return what the keys do here."""
        return (
            ("← → ↑ ↓", _("choose a tile")),
            ("Enter", _("open its chart")),
            ("F / Ctrl+F", _("show only what fits a text")),
            ("O", _("worst first / in the order of the lines")),
            ("M / Ctrl+M", _("mute the alert of the tile for {n} minutes, or sound it again", n=MUTED_MINUTES)),
            ("T / Ctrl+T", _("television: the wall alone on the whole screen")),
            ("Esc", _("back to the window")),
        )

    def retranslate(self) -> None:
        """Write every text anew."""
        self.filter.setPlaceholderText(_("Filter"))
        self.filter.setAccessibleName(_("Show only tiles with this text"))
        self.order_button.setText(_("In line order"))
        self.order_button.setToolTip(_("worst first / in the order of the lines"))
        self.mute_button.setText(_("Mute"))
        self.mute_button.setToolTip(_("mute the alert of the tile for {n} minutes, or sound it again", n=MUTED_MINUTES))
        self.tv_button.setText(_("Television"))
        self.tv_button.setToolTip(_("television: the wall alone on the whole screen"))
        if self.model.runs:
            self.model.judge()
        self._show_right()
        self.draw()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Do what the letters say, in every state of a Korean keyboard."""
        called = {"F": self.filter.setFocus, "M": self._mute_soon, "T": self._turn_tv, "O": self.order_button.toggle}
        pressed = letter(event)
        if event.key() == Qt.Key.Key_Escape and (self.tv or self.filter.hasFocus()):
            self.show_tv(False)
            self.filter.clear()
            self.board.setFocus()
        elif pressed in called and not self.filter.hasFocus():
            called[pressed]()
        else:
            super().keyPressEvent(event)

    # -- what is shown -------------------------------------------------------------------------------------------------

    def _count_soon(self) -> None:
        if not self.model.tiles:
            self._show_right()

    def _show_right(self) -> None:
        """Show the board, or say why there is nothing."""
        shown = bool(self.model.tiles)
        self.centre.setCurrentWidget(self.board if shown else self.empty)
        self.setFocusProxy(self.board if shown else self.filter)
        if self.model.wanted:
            text = _("No tile has this text. Press Esc to see all.")
        else:
            text = _("No characteristic in this scope. Choose another at the top, or import a file.")
        self.empty.setText(text)

    def draw(self) -> None:
        """Write the counts, the time, and how old the picture is."""
        counts = self.model.counts()
        self.summary.setText("   ".join(f"{GLYPH[kind]} {counts[kind]}" for kind in Kind if counts[kind]))
        self.summary.setToolTip(", ".join(f"{_(NAMES[kind])}: {counts[kind]}" for kind in Kind if counts[kind]))
        self.summary.setAccessibleName(self.summary.toolTip())
        now, heard = self._context.now(), self.model.heard_at
        parts = [now.astimezone().strftime("%H:%M:%S")]
        if heard is not None:
            parts.append(_("updated {n} s ago", n=max(0, round((now - heard).total_seconds()))))
        self.time.setText(" · ".join(parts))

    # -- doing ---------------------------------------------------------------------------------------------------------

    def _open(self, tile: Tile) -> None:
        self.show_tv(False)
        self._context.open_chart(tile.station, tile.characteristic.id, None)

    def _turn_tv(self) -> None:
        self.show_tv(not self.tv)

    def show_tv(self, on: bool) -> None:
        """Show the wall alone on the whole screen, or in the window again."""
        if on == self.tv:
            return
        self.tv = on
        for widget in (self.filter, self.order_button, self.mute_button, self.tv_button):
            widget.setVisible(not on)
        self.board.turn_pages(on)
        self._context.show_bare(on)
        self.board.setFocus()

    def _mute_soon(self) -> None:
        spawn(self, self._mute())

    async def _mute(self) -> None:
        """Shelve the most urgent open alert of the tile, or end its shelf."""
        tile = self.board.chosen
        if tile is None or not tile.alerts:
            self._context.say(_("This tile has no open alert."), "info")
            return
        alert, station = tile.alerts[0], tile.station
        if alert.mask is not None:
            await station.hub.command(m.Unshelve(alert_id=alert.id), station.actor)
            self._context.say(_("Sounds again: {name}", name=tile.name), "info")
            return
        reason = _("Muted at the wall")
        await station.hub.command(m.Shelve(alert_id=alert.id, minutes=MUTED_MINUTES, reason=reason), station.actor)
        self._context.say(_("Muted for {n} minutes: {name}", n=MUTED_MINUTES, name=tile.name), "info")

    def show_error(self, error: UserError | KnownError) -> None:
        """Say at the top what could not be done."""
        self._context.say(sentence(error.code, error.params, current_language()), "error")
