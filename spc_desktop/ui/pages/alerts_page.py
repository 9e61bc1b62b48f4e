"""The alerts of all hubs as a list; Enter leads to the chart."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from spc_desktop.domain.alert import Alert
from spc_desktop.i18n import _
from spc_desktop.ui.alert_panel import AlertPanel
from spc_desktop.ui.alerts.subscription import SubscriptionLine
from spc_desktop.ui.models.alerts import AlertTable
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.station import Station


class AlertsPage(QWidget):
    """The alert panel as a page of the rail."""

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
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.told)
        self.setFocusProxy(self.panel.view)

    def enter(self) -> None:
        """The list is always kept true; the first alert is shown in full where none was chosen."""
        self.panel.choose_first()

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
        )

    def open_alert(self, station: Station, alert: Alert) -> None:
        """Select an alert: its chart at the point that raised it and all that belongs to it are shown with it."""
        self.panel.select(station, alert.id)
        self.panel.view.setFocus()

    def _open_chart(self, station: Station, alert: Alert) -> None:
        if alert.characteristic_id is not None:
            self._context.open_chart(station, alert.characteristic_id, alert.point_index)
