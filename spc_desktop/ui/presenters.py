"""Three ways to show a toast: the desktop's notifications (with buttons), the tray's message, a window of our own.

What was found to work where is in the order of ``Chain``: the first way that can show a toast is kept until it fails, then
the next takes over, the same toast included. Our own window always works, so no toast is lost.
"""

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any, Protocol

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSystemTrayIcon,
    QToolButton,
    QVBoxLayout,
)

from spc_desktop.i18n import _
from spc_desktop.paths import resource

log = logging.getLogger(__name__)

APP_TITLE = "SPC Desktop"
OWN_SECONDS = 12
MAX_OWN = 4


@dataclass(frozen=True, slots=True)
class Toast:
    """What is shown, and what its buttons do."""

    title: str
    body: str
    urgent: bool
    open: Callable[[], None]
    acknowledge: Callable[[], None] | None = None


class PresentError(Exception):
    """This way of showing toasts is not available here."""


class Presenter(Protocol):
    """One way to show a toast."""

    @property
    def name(self) -> str: ...

    async def present(self, toast: Toast) -> None:
        """Show it.

        Raises:
            Exception: it was not shown; the caller takes another way.
        """
        ...

    async def close(self) -> None:
        """Take everything off the screen and let go of what was opened."""
        ...


class DesktopPresenter:
    """The notification service of the desktop, by way of desktop-notifier."""

    name = "desktop"

    def __init__(self) -> None:
        self._notifier: Any = None

    async def present(self, toast: Toast) -> None:
        """Show it with its buttons; on daemons that know it, a click on the text opens too."""
        from desktop_notifier import Button, DesktopNotifier, Icon, Urgency  # noqa: PLC0415 - not before it is needed

        if self._notifier is None:
            notifier = DesktopNotifier(app_name=APP_TITLE, app_icon=Icon(path=resource("icons/app.svg")))
            await notifier.get_capabilities()  # says at once that there is no service; ``send`` would only log it
            self._notifier = notifier
        shown: list[bool] = []
        buttons = [Button(title=_("Open"), on_pressed=toast.open)]
        if toast.acknowledge is not None:
            buttons.append(Button(title=_("Acknowledge"), on_pressed=toast.acknowledge))
        await self._notifier.send(
            title=toast.title,
            message=escape(toast.body, quote=False) if sys.platform.startswith("linux") else toast.body,
            urgency=Urgency.Critical if toast.urgent else Urgency.Normal,
            buttons=buttons,
            on_clicked=toast.open,
            on_dispatched=lambda: shown.append(True),
        )
        if not shown:
            self._notifier = None
            raise PresentError("the notification service did not take the toast")

    async def close(self) -> None:
        """Close the connection to the notification service."""
        backend = getattr(self._notifier, "_backend", None)
        bus = getattr(backend, "bus", None)  # the library has no close of its own
        self._notifier = None
        if bus is not None and hasattr(bus, "disconnect"):
            bus.disconnect()


class TrayPresenter:
    """The tray's own message: no buttons, and only some trays report a click."""

    name = "tray"

    def __init__(self, tray: Callable[[], QSystemTrayIcon | None]) -> None:
        self._tray = tray
        self._open: Callable[[], None] | None = None

    async def present(self, toast: Toast) -> None:
        """Show it where a tray is; without one Qt would show nothing and not say so."""
        tray = self._tray()
        if tray is None or not QSystemTrayIcon.isSystemTrayAvailable() or not tray.supportsMessages():
            raise PresentError("there is no tray")
        if self._open is None:
            tray.messageClicked.connect(self._clicked)
        self._open = toast.open
        kind = QSystemTrayIcon.MessageIcon.Critical if toast.urgent else QSystemTrayIcon.MessageIcon.Warning
        tray.showMessage(toast.title, toast.body, kind)

    def _clicked(self) -> None:
        if self._open is not None:
            self._open()

    async def close(self) -> None:
        """Nothing is held."""


class OwnPresenter:
    """Our own toast windows at the corner of the screen, the newest at the bottom."""

    name = "own"

    def __init__(self) -> None:
        self.windows: list[ToastWindow] = []

    async def present(self, toast: Toast) -> None:
        """Show it; the oldest makes room when there are too many."""
        window = ToastWindow(toast)
        window.gone = lambda: self._gone(window)
        self.windows.append(window)
        for old in self.windows[:-MAX_OWN]:
            old.close()
        window.show()
        self._arrange()

    def _gone(self, window: "ToastWindow") -> None:
        if window in self.windows:
            self.windows.remove(window)
        self._arrange()

    def _arrange(self) -> None:
        screen = QGuiApplication.primaryScreen()
        if screen is None:
            return
        area = screen.availableGeometry()
        bottom = area.bottom() - 16
        for window in reversed(self.windows):
            window.adjustSize()
            bottom -= window.height()
            window.move(area.right() - window.width() - 16, bottom)
            bottom -= 8

    async def close(self) -> None:
        """Take all of them off the screen."""
        for window in list(self.windows):
            window.close()


class ToastWindow(QFrame):
    """One toast in a window that does not take the keyboard away from anyone."""

    def __init__(self, toast: Toast) -> None:
        flags = Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint
        super().__init__(None, flags | Qt.WindowType.WindowDoesNotAcceptFocus)
        self.gone: Callable[[], None] = lambda: None
        self.setObjectName("toast")
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedWidth(360)
        self.setAccessibleName(f"{toast.title}. {toast.body}")
        title, body = QLabel(f"<b>{escape(toast.title)}</b>"), QLabel(escape(toast.body))
        for label in (title, body):
            label.setWordWrap(True)
        dismiss = QToolButton()
        dismiss.setText("✕")
        dismiss.setAutoRaise(True)
        dismiss.setAccessibleName(_("Close this message"))
        dismiss.clicked.connect(self.close)
        self.open_button = self._button(_("Open"), toast.open)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.open_button)
        if toast.acknowledge is not None:
            buttons.addWidget(self._button(_("Acknowledge"), toast.acknowledge))
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(dismiss, 0, Qt.AlignmentFlag.AlignTop)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(body)
        layout.addLayout(buttons)
        if not toast.urgent:
            QTimer.singleShot(OWN_SECONDS * 1000, self, self.close)

    def _button(self, text: str, action: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(action)
        button.clicked.connect(self.close)
        return button

    def closeEvent(self, event: Any) -> None:
        """Tell the others to move up."""
        super().closeEvent(event)
        self.gone()


class Chain:
    """Shows toasts by the first way that works, and stays with it until it fails."""

    def __init__(self, presenters: list[Presenter]) -> None:
        self._presenters = presenters
        self._at = 0

    @property
    def current(self) -> str:
        """Return the name of the way in use."""
        return self._presenters[self._at].name

    async def present(self, toast: Toast) -> None:
        """Show a toast; the last way never fails."""
        while True:
            at = self._at
            presenter = self._presenters[at]
            try:
                await presenter.present(toast)
            except (
                Exception
            ) as error:  # a foreign service may fail in ways nobody thought of; the toast must not be lost
                if at == len(self._presenters) - 1:
                    raise
                log.info("toasts by %s do not work here (%s); taking the next way", presenter.name, error)
                self._at = max(self._at, at + 1)  # another toast may have failed at the same time
            else:
                return

    async def close(self) -> None:
        """Close every way."""
        for presenter in self._presenters:
            await presenter.close()


def default_chain(tray: Callable[[], QSystemTrayIcon | None]) -> Chain:
    """Return the ways that were found to work, best first."""
    return Chain([DesktopPresenter(), TrayPresenter(tray), OwnPresenter()])
