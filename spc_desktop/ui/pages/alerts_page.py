"""The alerts of all hubs as a list; Enter leads to the chart."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from spc_desktop.domain.alert import Alert
from spc_desktop.i18n import _
from spc_desktop.ui.alert_panel import AlertPanel
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
        self.panel = AlertPanel(self.alerts)
        self.panel.open_chart.connect(self.open_alert)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.setFocusProxy(self.panel.view)

    def enter(self) -> None:
        """The list is always kept true: there is nothing to begin."""

    def leave(self) -> None:
        """The list is always kept true: there is nothing to end."""

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return what the keys do in the list."""
        return (
            ("J / K", _("next / previous alert")),
            ("A", _("acknowledge the selected alerts")),
            ("Enter", _("open the chart of the alert")),
        )

    def open_alert(self, station: Station, alert: Alert) -> None:
        """Select an alert, and show the point that raised it on its chart."""
        self.panel.select(station, alert.id)
        if alert.characteristic_id is not None:
            self._context.open_chart(station, alert.characteristic_id, alert.point_index)
