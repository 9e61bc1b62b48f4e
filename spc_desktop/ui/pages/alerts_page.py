"""The alerts of all hubs: what is open now and all that belongs to it, what was, and the figures."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from spc_desktop.domain.alert import Alert
from spc_desktop.i18n import _
from spc_desktop.ui.alert_panel import AlertPanel
from spc_desktop.ui.alerts.history import HistoryTab
from spc_desktop.ui.alerts.statistics import StatisticsTab
from spc_desktop.ui.alerts.subscription import SubscriptionLine
from spc_desktop.ui.models.alerts import AlertTable
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.station import Station


class AlertsPage(QWidget):
    """The list of now and the past as tabs of a page of the rail."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.alerts = AlertTable(context.preferences, self)
        for station in context.stations:
            self.alerts.follow(station)
        context.preferences.changed.connect(self.alerts.refresh)
        self.panel = AlertPanel(self.alerts, context)
        self.panel.open_chart.connect(self._open_chart)
        self.told = SubscriptionLine(context.stations)
        self.told.setContentsMargins(8, 0, 8, 4)
        now = QWidget()
        inner = QVBoxLayout(now)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.panel, 1)
        inner.addWidget(self.told)
        self.history = HistoryTab(context)
        self.statistics = StatisticsTab(context)
        self.history.open_chart.connect(self._open_chart)
        self._keyboards: tuple[QWidget, ...] = (
            self.panel.view,
            self.history.filters.text,
            self.statistics.filters.time,
        )
        """Who gets the keyboard in each tab."""
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for at, tab in enumerate((now, self.history, self.statistics), 1):
            self.tabs.addTab(tab, "")
            shortcut = QShortcut(QKeySequence(f"Alt+{at}"), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda at=at: self._show_tab(at - 1))
        self.tabs.currentChanged.connect(self._turned)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tabs)
        self.setFocusProxy(self.panel.view)
        self.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write the names of the tabs anew."""
        for at, text in enumerate((_("Alerts"), _("History"), _("Statistics"))):
            self.tabs.setTabText(at, text)
            self.tabs.setTabToolTip(at, f"Alt+{at + 1}")

    def _show_tab(self, at: int) -> None:
        self.tabs.setCurrentIndex(at)
        self._keyboards[at].setFocus()

    def _turned(self, at: int) -> None:
        """Read what is shown; the keyboard goes there when the page is shown again."""
        self.setFocusProxy(self._keyboards[at])
        if at:
            (self.history if at == 1 else self.statistics).read()

    def enter(self) -> None:
        """The list is always kept true; the past is read anew. The first alert is shown in full where none was chosen."""
        self.panel.choose_first()
        if self.tabs.currentIndex():
            self._turned(self.tabs.currentIndex())

    def leave(self) -> None:
        """The list is always kept true: there is nothing to end."""

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return what the keys do in the list."""
        return (
            ("J / K", _("next / previous alert")),
            ("A", _("acknowledge the selected alerts")),
            ("Enter", _("open the chart of the alert")),
            ("G", _("give the alert to somebody")),
            ("S", _("shelve: do not announce it for a time")),
            ("C", _("write down the cause")),
            ("Shift+K", _("write down the corrective action and end the alert")),
            ("V / Shift+V", _("the corrective action helped / did not help")),
            ("N", _("write a comment")),
            ("X", _("close the alert")),
            ("U", _("take back what was done last")),
            ("Alt+1 / 2 / 3", _("what is open now / history / statistics")),
        )

    def open_alert(self, station: Station, alert: Alert) -> None:
        """Select an alert: its chart at the point that raised it and all that belongs to it are shown with it."""
        self.tabs.setCurrentIndex(0)
        self.panel.select(station, alert.id)
        self.panel.view.setFocus()

    def _open_chart(self, station: Station, alert: Alert) -> None:
        if alert.characteristic_id is not None:
            self._context.open_chart(station, alert.characteristic_id, alert.point_index)
