"""The pages of the window in the order of the rail. A page is added here and nowhere else."""

from typing import TYPE_CHECKING

from spc_desktop.i18n import marked
from spc_desktop.ui.pages.page import PageContext, PageEntry

if TYPE_CHECKING:  # every page is imported when it is shown for the first time
    from PySide6.QtWidgets import QWidget

TITLES = {
    "home": marked("Home"),
    "wall": marked("Wall"),
    "entry": marked("Entry"),
    "charts": marked("Charts"),
    "alerts": marked("Alerts"),
    "capability": marked("Capability"),
    "history": marked("History"),
    "setup": marked("Set-up"),
}
"""Page -> its name in the rail. Ctrl and the place in this table (1 to 8) show the page, whether or not all are there."""

NUMBERS = {name: at for at, name in enumerate(TITLES, 1)}


def _entry(context: PageContext) -> "QWidget":
    from spc_desktop.ui.pages.entry_page import EntryPage

    return EntryPage(context)


def _home(context: PageContext) -> "QWidget":
    from spc_desktop.ui.pages.home_page import HomePage

    return HomePage(context)


def _wall(context: PageContext) -> "QWidget":
    from spc_desktop.ui.pages.wall_page import WallPage

    return WallPage(context)


def _charts(context: PageContext) -> "QWidget":
    from spc_desktop.ui.pages.charts_page import ChartsPage

    return ChartsPage(context)


def _alerts(context: PageContext) -> "QWidget":
    from spc_desktop.ui.pages.alerts_page import AlertsPage

    return AlertsPage(context)


def _capability(context: PageContext) -> "QWidget":
    from spc_desktop.ui.pages.capability_page import CapabilityPage

    return CapabilityPage(context)


def _setup(context: PageContext) -> "QWidget":
    from spc_desktop.ui.pages.setup_page import SetupPage

    return SetupPage(context)


PAGES: tuple[PageEntry, ...] = (
    PageEntry(name="home", title=TITLES["home"], icon="home", help_topic="home", make=_home),
    PageEntry(name="wall", title=TITLES["wall"], icon="wall", help_topic="wall", make=_wall),
    PageEntry(name="entry", title=TITLES["entry"], icon="entry", help_topic="entry", make=_entry),
    PageEntry(name="charts", title=TITLES["charts"], icon="charts", help_topic="charts", make=_charts),
    PageEntry(name="alerts", title=TITLES["alerts"], icon="alerts", help_topic="alerts", make=_alerts),
    PageEntry(
        name="capability", title=TITLES["capability"], icon="capability", help_topic="capability", make=_capability
    ),
    # 7 history
    PageEntry(name="setup", title=TITLES["setup"], icon="setup", help_topic="setup", make=_setup),
)
