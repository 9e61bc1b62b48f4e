"""The working window: stations, models, pages and docks, wired together. Made after the first paint."""

import asyncio
import logging
from collections.abc import Sequence
from html import escape

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QObject, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMessageBox, QTreeView

from spc_desktop.domain.alert import Alert
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.api import Actor, HubApi, Link
from spc_desktop.i18n import _, current_language, marked
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import await_dialog, cancel_spawned, spawn
from spc_desktop.ui.alert_panel import AlertPanel
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.inspector import Inspector
from spc_desktop.ui.keys_dialog import KeysDialog
from spc_desktop.ui.main_window import MainWindow
from spc_desktop.ui.models.alerts import AlertTable, sentence_of, title_of
from spc_desktop.ui.models.products import CHARACTERISTIC_ROLE, PRODUCT_ROLE, STATION_ROLE, ProductTree
from spc_desktop.ui.pages.chart_page import ChartPage
from spc_desktop.ui.pages.overview_page import OverviewPage
from spc_desktop.ui.pill import ConnectionPill, state_text
from spc_desktop.ui.preferences import Preferences
from spc_desktop.ui.presenters import Chain, default_chain
from spc_desktop.ui.station import Station
from spc_desktop.ui.theme import Theme
from spc_desktop.ui.toasts import ToastCenter
from spc_desktop.ui.translate import Translator
from spc_desktop.ui.tray import Tray

log = logging.getLogger(__name__)

_AWAY = {Link.SILENT, Link.OFFLINE, Link.RECONNECTING, Link.CLOSED}


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
    ) -> None:
        super().__init__(window)
        self.window, self.preferences = window, preferences
        self._stop, self._theme, self._translator = stop, theme, translator
        self.clock = FrameClock(self)
        self.stations = [Station(hub, actor, self) for hub in hubs]
        self.tray = Tray(self)
        self.toasts = ToastCenter(chain or default_chain(lambda: self.tray.icon), preferences, self)
        self._make_models()
        self._make_pages()
        self._connect_stations()
        self._connect_window()
        window.restore(preferences.window.geometry, preferences.window.layout)
        self.tray.show()
        if preferences.window.toasts_paused:
            self.toasts.pause()
        self.refresh_links()
        self._choose_page()

    def show_error(self, error: UserError | KnownError) -> None:
        """Show a failure that no page asked for at the top of the window."""
        self.window.messages.say(sentence(error.code, error.params, current_language()), "error")

    # -- making --------------------------------------------------------------------------------------------------------

    def _make_models(self) -> None:
        self.products = ProductTree(self.preferences, self.clock, self)
        self.alerts = AlertTable(self.preferences, self)
        self.tree = QTreeView()
        self.tree.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.tree.setModel(self.products)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setUniformRowHeights(True)
        self.tree.setMinimumWidth(230)
        self.tree.header().setStretchLastSection(False)
        self.products.filled.connect(self._tree_filled)
        self.tree.selectionModel().currentChanged.connect(self._tree_selected)

    def _make_pages(self) -> None:
        window, left = self.window, Qt.DockWidgetArea.LeftDockWidgetArea
        self.chart_page = ChartPage(self.clock)
        self.overview = OverviewPage(self.clock)
        for page in (self.chart_page, self.overview):
            window.centre.addWidget(page)
        self.inspector = Inspector()
        self.alert_panel = AlertPanel(self.alerts)
        window.add_dock("products", marked("Products"), self.tree, left)
        self.alert_dock = window.add_dock(
            "alerts", marked("Alerts"), self.alert_panel, Qt.DockWidgetArea.BottomDockWidgetArea
        )
        self.point_dock = window.add_dock(
            "point", marked("Point"), self.inspector, Qt.DockWidgetArea.RightDockWidgetArea
        )
        window.resizeDocks([self.alert_dock], [230], Qt.Orientation.Vertical)
        self.pill = ConnectionPill(lambda: [station.state for station in self.stations])
        window.add_to_bar(self.pill)
        self.alert_panel.open_chart.connect(self.open_alert)
        self.overview.open_characteristic.connect(self.open_characteristic)
        self.chart_page.point_opened.connect(self._show_point)

    def _connect_stations(self) -> None:
        for station in self.stations:
            self.products.follow(station)
            self.alerts.follow(station)
            self.toasts.follow(station)
            station.link_changed.connect(self.refresh_links)
            for signal in (station.alerts_reset, station.alert_changed):
                signal.connect(self._count_soon)
            station.catalogue_changed.connect(self._choose_page)
            station.alert_changed.connect(self._announce)
        self.alerts.dataChanged.connect(self._count_soon)
        self.toasts.open_alert.connect(self._open_from_toast)
        self.toasts.pause_changed.connect(self._pause_changed)

    def _connect_window(self) -> None:
        window, tray = self.window, self.tray
        window.close_requested.connect(lambda: spawn(self, self._close_window()))
        window.quit_requested.connect(self._stop.set)
        window.language_requested.connect(self._switch_language)
        window.theme_requested.connect(self._switch_theme)
        window.bell_clicked.connect(self._open_bell)
        window.keys_requested.connect(lambda: spawn(self, self._show_keys()))
        self.preferences.failed.connect(self._not_saved)
        window.set_theme_choice(self.preferences.window.theme)
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

    async def close(self) -> None:
        """Keep the layout, and end everything that was started here.

        Raises:
            KnownError: the layout could not be saved.
        """
        geometry, layout = self.window.layout_text()
        self.preferences.change(geometry=geometry, layout=layout)
        self.tray.hide()
        await self.toasts.chain.close()
        owners = [self, self.toasts, self.chart_page, self.alert_panel, *self.stations]
        tasks = [task for owner in owners for task in cancel_spawned(owner)]
        for station in self.stations:
            tasks += station.cancel_feeds()
        await asyncio.gather(*(task for task in tasks if task is not asyncio.current_task()), return_exceptions=True)
        self.preferences.flush()

    def isVisible(self) -> bool:
        """The numbers on bell and tray are always kept true."""
        return True

    def _count_soon(self, *_args: object) -> None:
        self.clock.request(self)

    def draw(self) -> None:
        """Bring bell and tray up to date."""
        unread = self.alerts.unread_count()
        self.window.set_unread(unread)
        worst = self.pill.worst()
        link = worst.link if worst else Link.CLOSED
        self.tray.set_state(link, unread, self.alerts.open_count(), self.toasts.paused)

    def refresh_links(self) -> None:
        """Show how true the picture is: the pill always, a red header while data may be old."""
        self.pill.refresh()
        away = [station for station in self.stations if station.state.link in _AWAY and station.loaded]
        if away:
            lines = [f"{station.title}: {self._away_text(station)}" for station in away]
            self.window.banner.say("\n".join(lines), "error")
        else:
            self.window.banner.hide()
        self._count_soon()
        self._choose_page()

    def _away_text(self, station: Station) -> str:
        since = station.state.since or station.data_as_of
        if since is None:
            return state_text(station.state)
        time = since.astimezone().strftime("%H:%M:%S")
        return _("data as of {time} — the connection is tried again by itself", time=time)

    # -- choosing what is shown ----------------------------------------------------------------------------------------

    def _choose_page(self) -> None:
        """Say what is going on while there is nothing to choose from."""
        centre, page = self.window.centre, self.window.start_page
        names = ", ".join(station.title for station in self.stations)
        self.window.place.setText(f"<b>SPC Desktop</b> &nbsp; {escape(names)}")
        if centre.currentWidget() is not page and any(station.products for station in self.stations):
            return
        if any(station.products for station in self.stations):
            self._select_first()
            return
        if all(station.loaded for station in self.stations):
            sentence = _("Start the program with --sample-plant to try it out, or import measurements from a CSV file.")
            page.say(_("No products yet"), sentence)
        else:
            lines = [f"{each.title}: {state_text(each.state)} {each.state.detail}" for each in self.stations]
            page.say(_("Connecting…"), "\n".join(lines))
        centre.setCurrentWidget(page)

    def _select_first(self) -> None:
        index = self.products.index(0, 0)
        while index.isValid() and index.data(PRODUCT_ROLE) is None:
            index = self.products.index(0, 0, index)
        if index.isValid():
            self.tree.setCurrentIndex(index)
            self._show_index(index)
            hint = _("Choose a characteristic at the left. Its chart is live. Press ? for the keys.")
            if not self.tray.available:
                hint += " " + _("This desktop has no tray: notifications appear in a window of the program.")
            self.window.messages.say(hint)

    def _tree_filled(self) -> None:
        self.tree.expandAll()
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        feed = self.chart_page.feed
        if feed is not None and self.chart_page.station is not None:
            self._mark_in_tree(self.chart_page.station, feed.characteristic.id)

    def _tree_selected(self, index: QModelIndex) -> None:
        self._show_index(index.siblingAtColumn(0))

    def _show_index(self, index: QModelIndex) -> None:
        station, product = index.data(STATION_ROLE), index.data(PRODUCT_ROLE)
        characteristic = index.data(CHARACTERISTIC_ROLE)
        if station is None or product is None:
            return
        if characteristic is not None:
            self.open_characteristic(station, characteristic)
        else:
            self.chart_page.leave()
            self.overview.show_product(station, product)
            self.window.centre.setCurrentWidget(self.overview)

    def open_characteristic(self, station: Station, characteristic_id: int, focus: int | None = None) -> None:
        """Show a characteristic's chart, at ``focus`` if given."""
        if characteristic_id not in station.characteristics:
            self.window.messages.say(_("This characteristic is no longer in the catalogue."), "warning")
            return
        self.overview.leave()
        self.window.centre.setCurrentWidget(self.chart_page)
        self.chart_page.show_characteristic(station, characteristic_id, focus)
        self._mark_in_tree(station, characteristic_id)

    def _mark_in_tree(self, station: Station, characteristic_id: int) -> None:
        found = self.products.match(
            self.products.index(0, 0),
            CHARACTERISTIC_ROLE,
            characteristic_id,
            -1,
            Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive,
        )
        for index in found:
            if index.data(STATION_ROLE) is station:
                selection = self.tree.selectionModel()
                selection.blockSignals(True)  # the chart is shown already
                flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
                selection.setCurrentIndex(index, flags)
                selection.blockSignals(False)
                self.tree.viewport().update()

    def open_alert(self, station: Station, alert: Alert) -> None:
        """Show the chart of an alert at the point that raised it, and the alert in the list."""
        log.info("alert %d opened, characteristic %s, point %s", alert.id, alert.characteristic_id, alert.point_index)
        if alert.characteristic_id is not None:
            self.open_characteristic(station, alert.characteristic_id, alert.point_index)
        self.alert_panel.select(station, alert.id)

    def _open_from_toast(self, station: Station, alert: Alert) -> None:
        self.window.come_forward()
        self.open_alert(station, alert)

    def _open_bell(self) -> None:
        self.alert_dock.show()
        self.alert_dock.raise_()
        self.alert_panel.view.setFocus()
        self.alerts.mark_all_read()

    def _show_point(self, characteristic: object, panels: object, detail: object) -> None:
        self.point_dock.show()
        self.inspector.show_point(characteristic, panels, detail)  # type: ignore[arg-type]  # what ChartPage emitted

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

    # -- choices -------------------------------------------------------------------------------------------------------

    def _switch_language(self) -> None:
        language = "en" if current_language() == "ko" else "ko"
        self.preferences.change(language=language)
        self._translator.apply(language)
        self.products.rebuild()
        self.tray.retranslate()
        self.refresh_links()

    def _switch_theme(self, name: str) -> None:
        self.preferences.change(theme=name)
        self._theme.apply(name)

    def _pause_changed(self) -> None:
        self.preferences.change(toasts_paused=self.toasts.paused)
        self._count_soon()
        text = _("Notifications are paused for 30 minutes; the alert list goes on.")
        self.window.messages.say(text if self.toasts.paused else _("Notifications are shown again."))

    async def _show_keys(self) -> None:
        await await_dialog(KeysDialog(self.window))

    # -- closing -------------------------------------------------------------------------------------------------------

    async def _close_window(self) -> None:
        """Go to the tray; where there is none, say so and ask."""
        if self.tray.available:
            self.window.hide()
            return
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("SPC Desktop")
        box.setText(_("This desktop has no tray, so the window cannot go on in the background."))
        box.setInformativeText(
            _("Without the program no notifications are shown. Quit it, or only minimise the window?")
        )
        quit_button = box.addButton(_("Quit"), QMessageBox.ButtonRole.DestructiveRole)
        small_button = box.addButton(_("Minimise"), QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(small_button)
        box.setEscapeButton(box.addButton(_("Cancel"), QMessageBox.ButtonRole.RejectRole))
        clicked: list[object] = []
        box.buttonClicked.connect(clicked.append)
        await await_dialog(box)
        if quit_button in clicked:
            self._stop.set()
        elif small_button in clicked:
            self.window.showMinimized()
