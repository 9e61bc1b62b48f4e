"""The connection pill: how true the window's picture is, as a shape and a word."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QLabel, QWidget

from spc_desktop.hub.api import HubState, Link
from spc_desktop.i18n import _

_ORDER = (Link.LIVE, Link.CONNECTING, Link.RECONNECTING, Link.SILENT, Link.OFFLINE, Link.CLOSED)
_KIND = {Link.LIVE: "live", Link.CONNECTING: "wait", Link.RECONNECTING: "wait"}


def state_text(state: HubState) -> str:
    """Return what the pill says about one hub."""
    match state.link:
        case Link.LIVE:
            text = _("● Live")
            return f"{text} ({state.delay_ms:.0f} ms)" if state.delay_ms is not None else text
        case Link.CONNECTING:
            return _("◐ Connecting")
        case Link.RECONNECTING:
            if state.retry_in is None:
                return _("◐ Reconnecting")
            return _("◐ Reconnecting ({n} s)", n=max(0, round(state.retry_in)))
        case Link.SILENT:
            if state.since is None:
                return _("△ Silent")
            return _("△ Silent — data as of {time}", time=state.since.astimezone().strftime("%H:%M:%S"))
        case Link.OFFLINE:
            return _("○ Offline ({n} queued)", n=state.queued) if state.queued else _("○ Offline")
        case _:
            return _("○ Closed")


class ConnectionPill(QLabel):
    """Shows the worst link of all hubs; the tooltip has them all."""

    def __init__(self, states: Callable[[], Sequence[HubState]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pill")
        self._states = states
        self._timer = QTimer(self)  # counts the seconds to the next try; the link itself is told by events
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self.refresh)
        self._timer.start()

    def worst(self) -> HubState | None:
        """Return the state that is shown."""
        states = list(self._states())
        return max(states, key=lambda state: _ORDER.index(state.link)) if states else None

    def refresh(self) -> None:
        """Show the links as they are now."""
        worst = self.worst()
        if worst is None:
            self.hide()
            return
        text, kind = state_text(worst), _KIND.get(worst.link, "bad")
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(_("Connection: {state}", state=text))
        if kind != self.property("kind"):
            self.setProperty("kind", kind)
            self.style().unpolish(self)
            self.style().polish(self)
        lines = [f"{state.name}: {state_text(state)} {state.detail}".strip() for state in self._states()]
        self.setToolTip("\n".join(lines))
        self.show()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.refresh()
