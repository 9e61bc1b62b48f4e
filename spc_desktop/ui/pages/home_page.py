"""Home: the doors while there is nothing, then what is open and which charts to look at first."""

from collections import Counter

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.domain.alert import OPEN, Alert
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.models.alerts import GLYPH, PRIORITY, product_name, sentence_of
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.pages.first_run import FirstRun
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.station import Station

SHOWN = 12
"""Lines of a list; the rest is one click away."""
_WHAT = Qt.ItemDataRole.UserRole


class HomePage(QWidget):
    """Doors or summary, whichever there is reason for."""

    paint_cost = 0.0

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._open_first = False
        self._at_doors = False
        self.doors = FirstRun(context.doors, context.preferences.window.last_server)
        self.title, self.status = QLabel(), QLabel()
        self.alerts_title, self.charts_title = QLabel(), QLabel()
        self.alerts, self.charts = QListWidget(), QListWidget()
        self.plant_button, self.server_button, self.back = QPushButton(), QPushButton(), QPushButton()
        self.stack = QStackedWidget()
        self.summary = QWidget()
        self._lay_out()
        self._connect()
        self.retranslate()

    def _lay_out(self) -> None:
        self.title.setObjectName("title")
        self.status.setObjectName("dim")
        self.status.setWordWrap(True)
        for label in (self.alerts_title, self.charts_title):
            label.setObjectName("subtitle")
        for view in (self.alerts, self.charts):
            view.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
            view.setAlternatingRowColors(True)
            view.setTextElideMode(Qt.TextElideMode.ElideNone)
            view.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        for column, (label, view) in enumerate(((self.alerts_title, self.alerts), (self.charts_title, self.charts))):
            grid.addWidget(label, 0, column)
            grid.addWidget(view, 1, column)
            grid.setColumnStretch(column, 3 - column)
        foot = QHBoxLayout()
        foot.addWidget(self.status, 1)
        foot.addWidget(self.plant_button)
        foot.addWidget(self.server_button)
        layout = QVBoxLayout(self.summary)
        layout.setContentsMargins(16, 12, 16, 10)
        layout.addWidget(self.title)
        layout.addLayout(grid, 1)
        layout.addLayout(foot)
        self.stack.addWidget(self.summary)
        self.stack.addWidget(self.doors)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.stack)
        whole.addWidget(self.back, 0, Qt.AlignmentFlag.AlignCenter)

    def _connect(self) -> None:
        for station in self._context.stations:
            for signal in (station.alerts_reset, station.alert_changed, station.catalogue_changed):
                signal.connect(self._draw_soon)
        self._context.scope.changed.connect(self._draw_soon)
        self.alerts.itemActivated.connect(self._open)
        self.charts.itemActivated.connect(self._open)
        self.doors.plant_started.connect(self._plant_started)
        self.doors.alone.connect(self._begin_alone)
        self.plant_button.clicked.connect(lambda: spawn(self, self._turn_plant()))
        self.server_button.clicked.connect(lambda: spawn(self, self._turn_server()))
        self.back.clicked.connect(self._leave_doors)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.alerts_title.setText(_("Open alerts, the most urgent first"))
        self.charts_title.setText(_("Charts to look at first"))
        self.alerts.setAccessibleName(self.alerts_title.text())
        self.charts.setAccessibleName(self.charts_title.text())
        self.back.setText(_("Back to the summary"))
        self.draw()

    # -- as a page -----------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Show how things stand now."""
        self.draw()

    def leave(self) -> None:
        """Nothing is followed that costs anything."""

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return what the keys do here."""
        return (
            ("↑ / ↓", _("previous / next line")),
            ("Enter", _("open the alert or the chart")),
            ("Tab", _("from one list to the other")),
        )

    # -- what is shown -------------------------------------------------------------------------------------------------

    def _draw_soon(self, *_args: object) -> None:
        self._context.clock.request(self)

    def draw(self) -> None:
        """Bring the page up to date."""
        stations = self._context.stations
        empty = not any(station.products for station in stations)
        doors = self._context.doors
        self.back.setVisible(self._at_doors and not empty)
        self.stack.setCurrentWidget(self.doors if empty or self._at_doors else self.summary)
        self.setFocusProxy(self.doors if empty or self._at_doors else self.alerts)
        if self._open_first and not empty:
            self._show_first_chart()
        if empty:
            return
        alerts = [(station, alert) for station in stations for alert in self._open_alerts(station)]
        count = len(alerts)
        self.title.setText(_("Open alerts: {n}", n=count) if count else _("No open alerts"))
        self._fill_alerts(alerts)
        self._fill_charts()
        runs, far = doors is not None and doors.plant_runs, doors is not None and bool(doors.servers)
        names = ", ".join(station.title for station in stations)
        self.status.setText(
            _("The sample plant delivers into this PC.") if runs and not far else _("Shown: {names}", names=names)
        )
        self.plant_button.setText(_("Stop the sample plant") if runs else _("Start the sample plant"))
        self.plant_button.setVisible(doors is not None and not far)
        self.server_button.setText(_("Work on this PC") if far else _("Connect to a server"))
        self.server_button.setVisible(doors is not None)

    def _open_alerts(self, station: Station) -> list[Alert]:
        scope = self._context.scope
        return [
            alert
            for alert in station.alerts.values()
            if alert.status in OPEN and scope.has_product(station, station.products.get(alert.product_id))
        ]

    def _fill_alerts(self, alerts: list[tuple[Station, Alert]]) -> None:
        alerts.sort(key=lambda pair: (-int(pair[1].priority), -pair[1].created_at.timestamp()))
        lines: list[tuple[str, object]] = [
            (
                f"{GLYPH[alert.status]} {_(PRIORITY[alert.priority])} · {product_name(station, alert)} · {sentence_of(alert)}",
                (station, alert),
            )
            for station, alert in alerts[:SHOWN]
        ]
        if not lines:
            lines = [(_("Nothing is open. New alerts appear here by themselves."), None)]
        elif len(alerts) > SHOWN:
            lines.append((_("{n} more: all alerts", n=len(alerts) - SHOWN), "alerts"))
        _fill(self.alerts, lines)

    def _fill_charts(self) -> None:
        ranked = []
        for station in self._context.stations:
            weight: Counter[int] = Counter()
            count: Counter[int] = Counter()
            for alert in self._open_alerts(station):
                weight[alert.characteristic_id or 0] += 4 ** int(alert.priority)
                count[alert.characteristic_id or 0] += 1
            for characteristic in self._context.scope.characteristics(station):
                product = station.products[characteristic.product_id]
                found = count[characteristic.id]
                state = f"■ {_('Open alerts: {n}', n=found)}" if found else f"✓ {_('no open alerts')}"
                text = f"{display_name(product)} — {display_name(characteristic)}   {state}"
                ranked.append((-weight[characteristic.id], text, (station, characteristic.id)))
        ranked.sort(key=lambda entry: entry[0])
        lines: list[tuple[str, object]] = [(text, what) for _weight, text, what in ranked[:SHOWN]]
        if len(ranked) > SHOWN:
            lines.append((_("{n} more: the wall", n=len(ranked) - SHOWN), "wall"))
        _fill(self.charts, lines or [(_("No characteristic in this scope. Choose another at the top."), None)])

    def _open(self, item: QListWidgetItem) -> None:
        match item.data(_WHAT):
            case str(page):
                self._context.go_to(page)
            case (Station() as station, Alert() as alert):
                self._context.open_alert(station, alert)
            case (Station() as station, int(characteristic_id)):
                self._context.open_chart(station, characteristic_id, None)

    # -- the doors -----------------------------------------------------------------------------------------------------

    def _plant_started(self) -> None:
        self._open_first, self._at_doors = True, False
        self.draw()

    def _show_first_chart(self) -> None:
        self._open_first = False
        station = self._context.stations[0]
        if station.characteristics:
            self._context.say(
                _("This chart is live. A fault comes in a few seconds; watch for the orange square."), "info"
            )
            self._context.open_chart(station, min(station.characteristics), None)

    def _begin_alone(self) -> None:
        self._context.say(_("Import a file to begin: spc-desktop import FILE --product CODE."), "info")

    async def _turn_plant(self) -> None:
        doors = self._context.doors
        if doors is None:
            return
        self.plant_button.setEnabled(False)
        try:
            await (doors.stop_plant() if doors.plant_runs else doors.start_plant())
        finally:
            self.plant_button.setEnabled(True)
        self.draw()

    async def _turn_server(self) -> None:
        doors = self._context.doors
        if doors is not None and doors.servers:
            await doors.work_here()
            return
        self._at_doors = True
        self.draw()
        self.doors.address.setFocus()

    def _leave_doors(self) -> None:
        self._at_doors = False
        self.draw()
        self.alerts.setFocus()

    def show_error(self, error: UserError | KnownError) -> None:
        """Say at the top what could not be done."""
        self._context.say(sentence(error.code, error.params, current_language()), "error")


def _fill(view: QListWidget, lines: list[tuple[str, object]]) -> None:
    """Write the lines; the chosen row stays chosen, so that a person can walk while news come in."""
    row = max(0, view.currentRow())
    while view.count() > len(lines):
        view.takeItem(view.count() - 1)
    for at, (text, what) in enumerate(lines):
        item = view.item(at)
        if item is None:
            item = QListWidgetItem()
            view.addItem(item)
        if item.text() != text:
            item.setText(text)
        item.setData(_WHAT, what)
    view.setCurrentRow(min(row, len(lines) - 1))
