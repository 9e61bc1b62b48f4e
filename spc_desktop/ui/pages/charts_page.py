"""The charts: products at the left, the charts of a product or one in full in the middle, a point's details at the right."""

from PySide6.QtCore import QByteArray, QEvent, QItemSelectionModel, QModelIndex, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDockWidget,
    QHeaderView,
    QMainWindow,
    QStackedWidget,
    QTreeView,
    QWidget,
)

from spc_desktop.domain.alert import Alert
from spc_desktop.i18n import _
from spc_desktop.ui.inspector import Inspected, Inspector
from spc_desktop.ui.models.products import CHARACTERISTIC_ROLE, PRODUCT_ROLE, STATION_ROLE, ProductTree
from spc_desktop.ui.pages.chart_page import ChartPage
from spc_desktop.ui.pages.overview_page import OverviewPage
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.pages.start_page import StartPage
from spc_desktop.ui.station import Station


class ChartsPage(QMainWindow):
    """A window inside the window, so that its docks can be moved and torn off."""

    _ready = False  # the base class changes its font before this class is set up

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowFlags(Qt.WindowType.Widget)
        self._context = context
        self._shown: tuple[Station, int, int | None] | None = None
        """Station, product and characteristic, to be shown again when the page comes back."""
        self.products = ProductTree(context.clock, context.scope, self)
        self.tree = self._make_tree()
        self.chart_page, self.overview = ChartPage(context.clock), OverviewPage(context.clock)
        self.centre = QStackedWidget()
        self.empty = StartPage()
        for page in (self.empty, self.overview, self.chart_page):
            self.centre.addWidget(page)
        self.setCentralWidget(self.centre)
        self.inspector = Inspector()
        self.side = QStackedWidget()
        for panel in (self.inspector, self.chart_page.limits.panel, self.chart_page.compare.panel):
            self.side.addWidget(panel)
        self.tree_dock = self._add_dock("products", self.tree, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.point_dock = self._add_dock("point", self.side, Qt.DockWidgetArea.RightDockWidgetArea)
        self.setFocusProxy(self.tree)
        self.overview.open_characteristic.connect(self.open_characteristic)
        self.chart_page.point_opened.connect(self._show_point)
        self.chart_page.limits.opened.connect(self._show_limits)
        self.chart_page.compare.opened.connect(self._show_compare)
        self._connect_inspector()
        for station in context.stations:
            self.products.follow(station)
        self._ready = True
        self._size_side()
        self.retranslate()
        layout = context.preferences.layout("charts")
        if layout:
            self.restoreState(QByteArray.fromBase64(layout.encode()))

    def _make_tree(self) -> QTreeView:
        tree = QTreeView()
        tree.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        tree.setModel(self.products)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        tree.setUniformRowHeights(True)
        tree.setMinimumWidth(230)
        tree.header().setStretchLastSection(False)
        self.products.filled.connect(self._tree_filled)
        tree.selectionModel().currentChanged.connect(self._tree_selected)
        return tree

    def _add_dock(self, name: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._ready:
            self._size_side()
        if event.type() == QEvent.Type.LanguageChange:
            self.products.rebuild()
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.tree_dock.setWindowTitle(_("Products"))
        self._name_side()
        self.tree.setAccessibleName(_("Products"))
        self.empty.say(_("No products yet"), _("Import measurements from a CSV file, or try the sample plant."))

    # -- as a page -----------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Show again what was shown, or the first product."""
        if self._shown is None:
            self._show_first()
        else:
            self._show(*self._shown)

    def leave(self) -> None:
        """Let go of all points and keep the places of the docks."""
        self.chart_page.leave()
        self.overview.leave()
        self._context.preferences.keep_layout("charts", self.saveState().toBase64().toStdString())

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return what the keys do on the chart."""
        return (
            ("← / →", _("previous / next point")),
            ("Ctrl+← / Ctrl+→", _("previous / next signal")),
            ("Enter", _("open the point")),
            ("X / Shift+X", _("exclude the point / let it count again")),
            ("C / Ctrl+M", _("comment on the point")),
            ("B / Ctrl+B", _("choose a baseline for new limits; Enter takes it, then the reason, then Enter freezes")),
            ("Shift+← / Shift+→", _("make the baseline shorter / longer, with Ctrl ten subgroups at a time")),
            ("Ctrl+Z", _("take back what was done last at this chart")),
            ("F2", _("the points as a table, and back; the chosen row is the chosen point")),
            ("T / Ctrl+T", _("look at the points on another chart")),
            ("G / Ctrl+G", _("compare by lot, machine, operator, cavity, gauge or shift; Esc goes back to the chart")),
            ("Ctrl+E / Ctrl+P", _("export (PNG, SVG, PDF, CSV, clipboard) / print")),
            ("V", _("what is drawn: histogram, specification, zones, axis")),
            ("L", _("follow the newest point")),
            ("Z", _("usual width at the newest point")),
            ("+ / −", _("zoom in / out")),
            ("Page Up / Page Down", _("a screen back / on")),
            ("Home / End", _("oldest / newest point")),
            (_("Mouse"), _("Mouse: drag over a stretch to zoom in, turn the wheel to zoom, drag with Shift to move.")),
        )

    # -- what is shown -------------------------------------------------------------------------------------------------

    def open_characteristic(self, station: Station, characteristic_id: int, focus: int | None = None) -> None:
        """Show a characteristic's chart, at ``focus`` if given."""
        product_id = station.characteristics[characteristic_id].product_id
        self._shown = station, product_id, characteristic_id
        self.overview.leave()
        self.centre.setCurrentWidget(self.chart_page)
        self.chart_page.show_characteristic(station, characteristic_id, focus)
        self._mark_in_tree(station, characteristic_id)

    def propose_limits(self, station: Station, characteristic_id: int) -> None:
        """Show a characteristic's chart with a baseline to compute new limits from."""
        self.open_characteristic(station, characteristic_id)
        self.chart_page.propose_limits()

    def _show(self, station: Station, product_id: int, characteristic_id: int | None) -> None:
        if characteristic_id is not None:
            self.open_characteristic(station, characteristic_id)
            return
        self._shown = station, product_id, None
        self.chart_page.leave()
        self.overview.show_product(station, product_id)
        self.centre.setCurrentWidget(self.overview)

    def _show_first(self) -> None:
        index = self.products.index(0, 0)
        while index.isValid() and index.data(PRODUCT_ROLE) is None:
            index = self.products.index(0, 0, index)
        if index.isValid():
            self.tree.setCurrentIndex(index)
            self._show_index(index)

    def _tree_filled(self) -> None:
        self.tree.expandAll()
        header = self.tree.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        feed = self.chart_page.feed
        if feed is not None and self.chart_page.station is not None:
            self._mark_in_tree(self.chart_page.station, feed.characteristic.id)
        elif self._shown is None and self.isVisible():
            self._show_first()

    def _tree_selected(self, index: QModelIndex) -> None:
        self._show_index(index.siblingAtColumn(0))

    def _show_index(self, index: QModelIndex) -> None:
        station, product = index.data(STATION_ROLE), index.data(PRODUCT_ROLE)
        if station is not None and product is not None:
            self._show(station, product, index.data(CHARACTERISTIC_ROLE))

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

    # -- at the side ---------------------------------------------------------------------------------------------------

    def _connect_inspector(self) -> None:
        page, inspector = self.chart_page, self.inspector
        inspector.point_wanted.connect(page.chart.go_to)
        inspector.point_wanted.connect(page.points.open)
        inspector.exclude_wanted.connect(page.points.ask_exclude)
        inspector.restore_wanted.connect(page.points.ask_restore)
        inspector.comment_wanted.connect(page.points.ask_comment)
        inspector.alert_wanted.connect(self._open_alert)

    def _show_point(self, inspected: Inspected) -> None:
        self.inspector.show_point(inspected)
        if not self.chart_page.limits.active:
            self._show_side(self.inspector)

    def _show_limits(self, wanted: bool) -> None:
        self._show_side(self.chart_page.limits.panel if wanted else self.inspector)

    def _show_compare(self, wanted: bool) -> None:
        self._show_side(self.chart_page.compare.panel if wanted else self.inspector)

    def _size_side(self) -> None:
        """What stands at the side is read in lines of some length, whatever the size of the text."""
        self.side.setMinimumWidth(34 * self.fontMetrics().averageCharWidth())

    def _show_side(self, panel: QWidget) -> None:
        self.side.setCurrentWidget(panel)
        self._name_side()
        self.point_dock.show()

    def _name_side(self) -> None:
        shown, page = self.side.currentWidget(), self.chart_page
        limits, compare = shown is page.limits.panel, shown is page.compare.panel
        self.point_dock.setWindowTitle(_("New limits") if limits else _("Compare") if compare else _("Point"))

    def _open_alert(self, alert: Alert) -> None:
        if self.chart_page.station is not None:
            self._context.open_alert(self.chart_page.station, alert)
