"""The working window: stations, pages, tray and toasts, wired together. Made after the first paint."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.announcement import Preferences as Wishes
from spc_desktop.domain.announcement import with_product
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import AWAY, Actor, HubApi, Link
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import await_dialog, cancel_spawned, spawn
from spc_desktop.ui.appearance import Appearance
from spc_desktop.ui.closing import ask_without_tray
from spc_desktop.ui.doors import Doors
from spc_desktop.ui.entry.outbox import Outbox, folder_of
from spc_desktop.ui.entry.sender import Sender
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.help_window import HelpWindow, topic_of
from spc_desktop.ui.keys_dialog import KeysDialog
from spc_desktop.ui.main_window import MainWindow
from spc_desktop.ui.models.alerts import open_count, sentence_of, title_of, unread_count
from spc_desktop.ui.page_stack import PageStack
from spc_desktop.ui.pages.page import PageContext, ShowsAlerts, ShowsCharts
from spc_desktop.ui.pages.registry import PAGES
from spc_desktop.ui.pill import ConnectionPill, state_text
from spc_desktop.ui.preferences import Preferences
from spc_desktop.ui.presenters import Chain, default_chain
from spc_desktop.ui.scope import EVERYTHING, Choice, Scope, choices, scope_text
from spc_desktop.ui.search.opening import Search
from spc_desktop.ui.station import Station
from spc_desktop.ui.theme import Theme
from spc_desktop.ui.toasts import ToastCenter
from spc_desktop.ui.translate import Translator
from spc_desktop.ui.tray import Tray

log = logging.getLogger(__name__)

_FIRST = {"operator": "entry", "viewer": "wall", "admin": "setup"}
"""Role -> the page that its people begin with, where the program has it."""


class Desk(QObject):
    """Everything in the window that knows hubs. ``stop`` is set when the person wants the program to end."""

    paint_cost = 0.0

    def __init__(
        self,
        window: MainWindow,
        hubs: Sequence[HubApi],
        preferences: Preferences,
        stop: asyncio.Event,
        theme: Theme,
        translator: Translator,
        chain: Chain | None = None,
        actor: Actor = Actor(),
        outbox: Path | None = None,
        doors: Doors | None = None,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        super().__init__(window)
        self.window, self.preferences = window, preferences
        self._stop, self._doors, self._now = stop, doors, now
        self._help: HelpWindow | None = None
        self.appearance = Appearance(window, preferences, theme, translator, self)
        self.clock = FrameClock(self)
        self.scope = Scope(self)
        self.scope.choose(Choice(*preferences.window.scope))
        self.stations = [Station(hub, actor, self) for hub in hubs]
        self.senders = {each: Sender(each, Outbox(folder_of(outbox, each.name)), self) for each in self.stations}
        self.tray = Tray(self)
        self.toasts = ToastCenter(chain or default_chain(lambda: self.tray.icon), self, now=now)
        if doors is not None:
            self.toasts.quiet = lambda: doors.filling
        context = self._context()
        self.pages = PageStack(window.centre, PAGES, context, self)
        self.search = Search(window, context, self)
        self.pill = ConnectionPill(lambda: [station.state for station in self.stations])
        self._pill_action = window.bar.insert(self.pill)
        window.bar.set_user(actor.name)
        preferences.place = f"{actor.name}@{'+'.join(station.name for station in self.stations)}"
        self._connect_stations()
        self._connect_window()
        window.restore(preferences.window.geometry)
        self.tray.show()
        if preferences.window.toasts_paused:
            self.toasts.pause()
        self.refresh_links()

    def _context(self) -> PageContext:
        return PageContext(
            stations=self.stations,
            clock=self.clock,
            preferences=self.preferences,
            say=self.window.messages.say,
            open_chart=self.open_chart,
            propose_limits=self.propose_limits,
            open_alert=self.open_alert,
            go_to=self.show_page,
            senders=self.senders,
            doors=self._doors,
            now=self._now,
            show_bare=self.window.show_bare,
            scope=self.scope,
        )

    def show_page(self, name: str) -> None:
        """Show a page by its name."""
        self.pages.show(name)

    def show_error(self, error: UserError | KnownError) -> None:
        """Show a failure that no page asked for at the top of the window."""
        self.window.messages.say(sentence(error.code, error.params, current_language()), "error")

    def _connect_stations(self) -> None:
        for station in self.stations:
            self.toasts.follow(station)
            station.link_changed.connect(self.refresh_links)
            for signal in (station.alerts_reset, station.alert_changed):
                signal.connect(self._count_soon)
            station.catalogue_changed.connect(self._catalogue_changed)
            station.wishes_changed.connect(self._wishes_changed)
            station.alert_changed.connect(self._announce)
        self.toasts.open_alert.connect(self._open_from_toast)
        self.toasts.pause_changed.connect(self._pause_changed)

        for sender in self.senders.values():
            sender.trouble.connect(self.show_error)

    def _connect_window(self) -> None:
        window, tray = self.window, self.tray
        window.close_requested.connect(self._close_soon)
        window.quit_requested.connect(self._stop.set)
        self.appearance.language_changed.connect(self._language_changed)
        window.bar.scope_chosen.connect(self.scope.choose)
        self.scope.changed.connect(self._scope_changed)
        window.help_requested.connect(self._show_help)
        window.search_requested.connect(self.search.show)
        window.bell_clicked.connect(self._open_bell)
        window.keys_requested.connect(self._show_keys)
        window.rail.chosen.connect(self.pages.show)
        self.pages.shown.connect(window.rail.mark)
        self.preferences.changed.connect(self._count_soon)
        self.preferences.failed.connect(self._not_saved)
        tray.shown.connect(self._count_soon)
        tray.open_requested.connect(window.come_forward)
        tray.pause_requested.connect(self.toasts.pause)
        tray.resume_requested.connect(self.toasts.resume)
        tray.quit_requested.connect(self._stop.set)

    # -- running -------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the stations."""
        for station in self.stations:
            spawn(self, station.run())
        for sender in self.senders.values():
            sender.start()

    async def close(self) -> None:
        """Keep the layout, and end everything that was started here.

        Raises:
            KnownError: the layout could not be saved.
        """
        self.pages.leave()
        self.window.rail.mark("")
        self.window.centre.setCurrentWidget(self.window.start_page)
        self.preferences.change(geometry=self.window.geometry_text())
        self.tray.hide()
        await self.toasts.chain.close()
        owners: list[QObject] = [self, *self.window.findChildren(QWidget), *self.findChildren(QObject)]
        tasks = [task for owner in owners for task in cancel_spawned(owner)]
        await asyncio.gather(*(task for task in tasks if task is not asyncio.current_task()), return_exceptions=True)
        self.pages.close()
        self.search.close()
        self.window.bar.removeAction(self._pill_action)
        self._pill_action.deleteLater()  # and the pill with it
        if self._help is not None:
            self._help.deleteLater()
        self.deleteLater()
        self.preferences.flush()

    def isVisible(self) -> bool:
        """The numbers on bell and tray are always kept true."""
        return True

    def _count_soon(self, *_args: object) -> None:
        self.clock.request(self)

    def draw(self) -> None:
        """Bring bell and tray up to date."""
        unread = unread_count(self.stations, self.preferences)
        self.window.bar.set_unread(unread)
        worst = self.pill.worst()
        link = worst.link if worst else Link.CLOSED
        self.tray.set_state(link, unread, open_count(self.stations), self.toasts.paused)

    def refresh_links(self) -> None:
        """Show how true the picture is: the pill always, a red header while data may be old."""
        self.pill.refresh()
        away = [station for station in self.stations if station.state.link in AWAY and station.loaded]
        if away:
            lines = [f"{station.title}: {self._away_text(station)}" for station in away]
            self.window.banner.say("\n".join(lines), "error")
        else:
            self.window.banner.hide()
        self._count_soon()
        self._leave_start_page()

    def _away_text(self, station: Station) -> str:
        since = station.state.since or station.data_as_of
        if since is None:
            return state_text(station.state)
        time = since.astimezone().strftime("%H:%M:%S")
        return _("data as of {time} — the connection is tried again by itself", time=time)

    def _catalogue_changed(self) -> None:
        offered = choices(self.stations)
        if self.scope.choice not in offered and all(station.loaded for station in self.stations):
            self.scope.choose(EVERYTHING)  # a line that is no more
        several = len(self.stations) > 1
        names = {station.name: station.title for station in self.stations}
        self.window.bar.set_scopes(
            [(choice, scope_text(choice, names, several)) for choice in offered], self.scope.choice
        )
        self._leave_start_page()

    def _wishes_changed(self) -> None:
        """Give the hubs what an older version kept in the settings: products without notifications."""
        self._count_soon()
        for station in self.stations:
            codes = self.preferences.window.unsubscribed.get(station.name, ())
            silent = {product.id for product in station.products.values() if product.code in codes}
            if silent - set(station.wishes.without):
                station.change_wishes_soon(self, partial(_without, silent))
            elif silent:  # the hub has told that it keeps them
                self.preferences.forget_unsubscribed(station.name)

    def _scope_changed(self) -> None:
        self.preferences.change(scope=tuple(self.scope.choice))
        self._catalogue_changed()

    def _language_changed(self) -> None:
        self.tray.retranslate()
        self._catalogue_changed()
        self.refresh_links()

    # -- choosing what is shown ----------------------------------------------------------------------------------------

    def _leave_start_page(self) -> None:
        """Say what is going on while there is nothing to show, and show the first page as soon as there is."""
        if self.pages.current:
            return
        if all(station.loaded for station in self.stations) or any(station.products for station in self.stations):
            self.pages.show(self._first_page())
            if not self.tray.available:
                text = _("This desktop has no tray: notifications appear in a window of the program.")
                self.window.messages.say(text)
        else:
            lines = [f"{each.title}: {state_text(each.state)} {each.state.detail}" for each in self.stations]
            self.window.start_page.say(_("Connecting…"), "\n".join(lines))

    def _first_page(self) -> str:
        """Return where the person's work begins."""
        roles = self.stations[0].actor.roles
        wanted = _FIRST.get(roles[0], "home") if len(roles) == 1 else "home"
        return wanted if wanted in self.pages else "home"

    def open_chart(self, station: Station, characteristic_id: int, focus: int | None = None) -> None:
        """Show a characteristic's chart, at ``focus`` if given."""
        if characteristic_id not in station.characteristics:
            self.window.messages.say(_("This characteristic is no longer in the catalogue."), "warning")
            return
        self.pages.show("charts")
        page = self.pages.page("charts")
        if isinstance(page, ShowsCharts):
            page.open_characteristic(station, characteristic_id, focus)

    def propose_limits(self, station: Station, characteristic_id: int) -> None:
        """Show a characteristic's chart with a baseline to compute new limits from."""
        self.open_chart(station, characteristic_id)
        page = self.pages.page("charts")
        if isinstance(page, ShowsCharts) and characteristic_id in station.characteristics:
            page.propose_limits(station, characteristic_id)

    def open_alert(self, station: Station, alert: Alert) -> None:
        """Show an alert with all that belongs to it."""
        log.info("alert %d opened, characteristic %s, point %s", alert.id, alert.characteristic_id, alert.point_index)
        self.pages.show("alerts")
        page = self.pages.page("alerts")
        if isinstance(page, ShowsAlerts):
            page.open_alert(station, alert)

    def _open_from_toast(self, station: Station, alert: Alert) -> None:
        self.window.come_forward()
        self.open_alert(station, alert)

    def _open_bell(self) -> None:
        self.pages.show("alerts")
        for station in self.stations:
            self.preferences.mark_read(station.name, max(station.alerts, default=0))

    def _not_saved(self, error: KnownError) -> None:
        reason = error.params.get("reason", error.code)
        text = _("Your choices could not be saved ({reason}); they hold until the program ends.", reason=reason)
        self.window.messages.say(text, "warning")

    def _announce(self, alert: Alert, change: str) -> None:
        """Tell a screen reader of a new alert at once."""
        if change == "raised":
            event = QAccessibleAnnouncementEvent(self.window, f"{title_of(alert)}. {sentence_of(alert)}")
            event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
            QAccessible.updateAccessibility(event)

    def _pause_changed(self) -> None:
        self.preferences.change(toasts_paused=self.toasts.paused)
        self._count_soon()
        text = _("Notifications are paused for 30 minutes; the alert list goes on.")
        self.window.messages.say(text if self.toasts.paused else _("Notifications are shown again."))

    def _show_help(self) -> None:
        """Show the help on what has the keyboard."""
        if self._help is None:
            self._help = HelpWindow(self.window)
        self._help.show_topic(topic_of(QApplication.focusWidget()))

    def _show_keys(self) -> None:
        entry = self.pages.entry()
        spawn(self, _until_closed(KeysDialog(_(entry.title) if entry else "", self.pages.keys(), self.window)))

    def _close_soon(self) -> None:
        spawn(self, self._close_window())

    async def _close_window(self) -> None:
        """Go to the tray; where there is none, say so and ask."""
        if self.tray.available:
            self.window.hide()
        elif await ask_without_tray(self.window):
            self._stop.set()


def _without(products: Iterable[int], wishes: Wishes) -> Wishes:
    for product_id in products:
        wishes = with_product(wishes, product_id, wanted=False)
    return wishes


async def _until_closed(dialog: QDialog) -> None:
    await await_dialog(dialog)
