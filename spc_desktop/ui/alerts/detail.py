"""One alert with its evidence: the chart around its point, what changed before, alerts like it, what was done."""

import asyncio

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from spc_desktop.domain.alert import OPEN, Alert
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.alerts.evidence import AROUND, Evidence, change_lines, read_evidence
from spc_desktop.ui.alerts.words import html_of, similar_line, step_line
from spc_desktop.ui.charts.control_chart import ControlChart
from spc_desktop.ui.charts.picture import Mark, SpecLimits
from spc_desktop.ui.frame_clock import FrameClock
from spc_desktop.ui.models.products import display_name
from spc_desktop.ui.station import Station

SETTLE_MS = 120
"""Whoever walks through the list is asked nothing of the hub on the way."""


class AlertDetail(QSplitter):
    """Chart at the left, words at the right."""

    def __init__(self, clock: FrameClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.chart = ControlChart(clock)
        self.no_chart, self.text = QLabel(), QLabel()
        self.evidence: Evidence | None = None
        self.shown: tuple[Station, Alert] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._read_soon)
        self._lay_out()

    def _lay_out(self) -> None:
        self.no_chart.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.no_chart.setWordWrap(True)
        self.no_chart.setObjectName("dim")
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setMargin(6)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.left = QStackedWidget()
        self.left.addWidget(self.chart)
        self.left.addWidget(self.no_chart)
        self.reader = QScrollArea()
        self.reader.setWidget(self.text)
        self.reader.setWidgetResizable(True)
        self.reader.setFrameShape(QFrame.Shape.NoFrame)
        self.reader.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.reader.setMinimumWidth(200)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        right = QWidget()
        layout = QVBoxLayout(right)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.reader)
        self.addWidget(self.left)
        self.addWidget(right)
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 2)
        self.setSizes([600, 400])
        self.setChildrenCollapsible(False)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._write()

    def show_alert(self, station: Station | None, alert: Alert | None) -> None:
        """Show an alert, in its newest state where it is shown already; None shows how to get one."""
        before = self.shown
        now = (station, alert) if station is not None and alert is not None else None
        if before == now and now is not None:
            return
        self.shown = now
        same = before is not None and now is not None and (before[0], before[1].id) == (now[0], now[1].id)
        if not same:
            self.evidence = None
            self.chart.show_series(None, ())
        self._write()
        if now is None:
            self._timer.stop()
        elif self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """Read what was not read while hidden."""
        super().showEvent(event)
        if self.shown is not None:
            self._timer.start()

    def _read_soon(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self.shown is not None:
            self._reading = spawn(self, self._read(*self.shown))

    async def _read(self, station: Station, alert: Alert) -> None:
        evidence = await read_evidence(station, alert)
        if self.shown != (station, alert):
            return
        moved = self.evidence is None or self.evidence.position != evidence.position
        self.evidence = evidence
        if moved:
            self._draw(station, alert, evidence)
        self._write()

    def show_error(self, error: UserError | KnownError) -> None:
        """Say where the chart would be that it could not be read; the alert itself is known all the same."""
        self._say(sentence(error.code, error.params, current_language()))

    def _draw(self, station: Station, alert: Alert, evidence: Evidence) -> None:
        owner = station.characteristics.get(alert.characteristic_id or 0)
        if evidence.series is None or not evidence.series.count or owner is None:
            return
        spec = SpecLimits(owner.lsl, owner.target, owner.usl) if owner.subgroup_size == 1 else SpecLimits()
        name = display_name(owner)
        self.chart.show_series(evidence.series, evidence.panels, name=name, decimals=owner.decimals, spec=spec)
        position = evidence.position
        if position is not None:
            self.chart.set_marks({position: Mark(alert=alert.status in OPEN, done=alert.status not in OPEN)})
            self.chart.focus_on(position, AROUND)
        self.chart.summary()

    def _write(self) -> None:
        if self.shown is None:
            self.text.setText("")
            self._say(_("Select an alert: its chart and what changed before it appear here."))
            return
        station, alert = self.shown
        found = self.evidence
        if alert.characteristic_id is None:
            self._say(_("This alert belongs to no chart"))
        elif found is None:
            self._say(_("Reading the points…"))
        elif found.series is None or not found.series.count:
            self._say(_("There are no points to this alert any more."))
        else:
            self.left.setCurrentWidget(self.chart)
        self.text.setText(html_of(station, alert, self._sections(alert, found)))
        self.text.setAccessibleName(_("Selected alert"))

    def _sections(self, alert: Alert, found: Evidence | None) -> list[tuple[str, list[str]]]:
        if found is None:
            return []
        sections = []
        if alert.characteristic_id is not None and found.position is not None:
            sections.append((_("What changed before"), change_lines(found)))
        if alert.code:
            similar = [similar_line(one) for one in found.similar]
            sections.append((_("Similar alerts before"), similar or [_("This is the first of its kind here.")]))
        sections.append((_("What was done"), [step_line(step) for step in reversed(found.steps)]))
        return sections

    def _say(self, text: str) -> None:
        self.no_chart.setText(text)
        self.left.setCurrentWidget(self.no_chart)
