"""What the window's shell asks of a page, and what it gives to each. Imported for the first paint: nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from spc_desktop.ui.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from PySide6.QtWidgets import QWidget

    from spc_desktop.domain.alert import Alert
    from spc_desktop.ui.doors import Doors
    from spc_desktop.ui.entry.sender import Sender
    from spc_desktop.ui.frame_clock import FrameClock
    from spc_desktop.ui.preferences import Preferences
    from spc_desktop.ui.station import Station


@dataclass(frozen=True, kw_only=True)
class PageContext:
    """The shell as a page sees it: data to follow, and ways to lead the person elsewhere."""

    stations: Sequence[Station]
    clock: FrameClock
    preferences: Preferences
    say: Callable[[str, str], None]
    """A sentence at the top of the window; its kind is ``info``, ``warning`` or ``error``."""
    open_chart: Callable[[Station, int, int | None], None]
    """Show the chart of a characteristic, at a chart position if one is given."""
    propose_limits: Callable[[Station, int], None] = field(default=lambda station, characteristic_id: None)
    """Show the chart of a characteristic with a baseline to compute new limits from."""
    open_alert: Callable[[Station, Alert], None]
    """Show an alert with all that belongs to it."""
    go_to: Callable[[str], None]
    """Show the page of this name."""
    senders: Mapping[Station, Sender] = field(default_factory=dict)
    """Who brings entries to each hub, also later."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now().astimezone())
    """The time of this PC."""
    doors: Doors | None = None
    """How an empty program gets something to show; None where there is no choice."""
    show_bare: Callable[[bool], None] = field(default=lambda bare: None)
    """Show the page on the whole screen without anything around it (True), or in the window again."""
    scope: Scope = field(default_factory=Scope)
    """The part of the plant that is to be shown; ask it, and listen to ``scope.changed``."""


class Page(Protocol):
    """A page of the left rail. Made when it is shown for the first time, kept until the window closes.

    It is a ``QWidget`` that rewrites its texts on ``QEvent.LanguageChange`` and its colours on ``QEvent.PaletteChange``.
    It gets the keyboard when it is shown: give it a focus proxy. A widget's property ``help_topic`` names the help that F1
    opens on it.
    """

    def enter(self) -> None:
        """The page is shown from now on: begin to follow what it shows."""
        ...

    def leave(self) -> None:
        """Another page is shown, or the window closes: let go of feeds and timers; what was typed stays."""
        ...

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return the page's own keys and what they do, in the window's language, for the list behind ``?``."""
        ...


@runtime_checkable
class ShowsCharts(Protocol):
    """What ``PageContext.open_chart`` asks of the page ``charts``."""

    def open_characteristic(self, station: Station, characteristic_id: int, focus: int | None = None) -> None:
        """Show a characteristic that is in the catalogue, at a chart position if one is given."""
        ...

    def propose_limits(self, station: Station, characteristic_id: int) -> None:
        """Show a characteristic that is in the catalogue, with a baseline to compute new limits from."""
        ...


@runtime_checkable
class ShowsAlerts(Protocol):
    """What ``PageContext.open_alert`` asks of the page ``alerts``."""

    def open_alert(self, station: Station, alert: Alert) -> None:
        """Show an alert with all that belongs to it."""
        ...


@dataclass(frozen=True, kw_only=True)
class PageEntry:
    """A line of the rail. ``make`` imports the page's module when it is called, so that start-up pays for none of them."""

    name: str
    title: str
    """A key that the shell translates; ``marked``."""
    icon: str
    """Name of a file of ``resources/icons``, without its ending."""
    help_topic: str
    """Name of a file of ``resources/help/{ko,en}``, without its ending."""
    make: Callable[[PageContext], QWidget]
