"""The tray icon: state as a shape, a number as a badge, and the menu that opens, pauses and quits."""

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from spc_desktop.hub.api import Link
from spc_desktop.i18n import _
from spc_desktop.ui.icons import icon

RETRY_MS = 10_000


class Tray(QObject):
    """Icon and menu; does nothing where the desktop has no tray."""

    open_requested = Signal()
    pause_requested = Signal()
    resume_requested = Signal()
    quit_requested = Signal()
    shown = Signal()
    """The icon is in the tray now."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.menu = QMenu()
        self._open, self._pause, self._quit = QAction(self.menu), QAction(self.menu), QAction(self.menu)
        self._open.triggered.connect(self.open_requested)
        self._pause.triggered.connect(self._toggle_pause)
        self._quit.triggered.connect(self.quit_requested)
        self.menu.addActions([self._open, self._pause])
        self.menu.addSeparator()
        self.menu.addAction(self._quit)
        self.menu.setDefaultAction(self._open)
        self.icon: QSystemTrayIcon | None = None
        self._shown: tuple[str, str] = ("", "")
        self._paused = False
        self._later = QTimer(self)  # a panel that starts after the program brings the tray later
        self._later.setInterval(RETRY_MS)
        self._later.timeout.connect(self.show)
        self.retranslate()

    @property
    def available(self) -> bool:
        """True where the icon can be seen, so that a window may be hidden behind it."""
        return self.icon is not None and QSystemTrayIcon.isSystemTrayAvailable()

    def show(self) -> None:
        """Put the icon into the tray; where there is none, look again from time to time."""
        if self.icon is None and QSystemTrayIcon.isSystemTrayAvailable():
            self.icon = QSystemTrayIcon(icon("tray", QGuiApplication.palette()), self)
            self.icon.setContextMenu(self.menu)
            self.icon.activated.connect(self._activated)
            self._shown = ("", "")
        if self.icon is None:
            self._later.start()
            return
        self._later.stop()
        self.icon.show()
        self.shown.emit()

    def hide(self) -> None:
        """Take the icon away before the program ends."""
        self._later.stop()
        if self.icon is not None:
            self.icon.hide()

    def set_state(self, link: Link, unread: int, open_alerts: int, paused: bool) -> None:
        """Show how things stand."""
        self._paused = paused
        self._pause.setText(_("Show notifications again") if paused else _("Pause notifications for 30 minutes"))
        if self.icon is None:
            return
        live = link is Link.LIVE
        name = "tray-paused" if paused else "tray-offline" if not live else "tray-alert" if unread else "tray"
        badge = "" if not unread else str(unread) if unread < 100 else "99+"
        if (name, badge) != self._shown:
            self._shown = (name, badge)
            self.icon.setIcon(icon(name, QGuiApplication.palette(), badge))
        state = _("connected") if live else _("not connected")
        text = _("Open alerts: {n}", n=open_alerts) if open_alerts else _("no open alerts")
        paused_text = ", " + _("notifications paused") if paused else ""
        self.icon.setToolTip(f"SPC Desktop — {text}, {state}{paused_text}")

    def retranslate(self) -> None:
        """Write the menu anew."""
        self._open.setText(_("Open"))
        self._quit.setText(_("Quit"))
        self._pause.setText(_("Show notifications again") if self._paused else _("Pause notifications for 30 minutes"))

    def _toggle_pause(self) -> None:
        (self.resume_requested if self._paused else self.pause_requested).emit()

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in {QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick}:
            self.open_requested.emit()
