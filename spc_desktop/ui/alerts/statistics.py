"""The statistics tab: figures of the alerts that the filters leave."""

import asyncio

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.alerts.bars import BarPanel
from spc_desktop.ui.alerts.figures import figures, shifts_of, summary
from spc_desktop.ui.alerts.filters import FilterBar
from spc_desktop.ui.message_bar import MessageBar
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.station import Station

PANELS, COLUMNS = 6, 2


class StatisticsTab(QWidget):
    """Filters, one sentence, six figures. The hub counts; nothing is read whole."""

    def __init__(self, context: PageContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now = context.now
        self.filters = FilterBar(context.stations, context.now, words=False)
        self.sentence, self.messages = QLabel(), MessageBar()
        self.panels = [BarPanel() for _panel in range(PANELS)]
        self.state = "unread"
        self._answer: tuple[Station, m.Statistics, tuple[m.RuleRecord, ...]] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._lay_out()
        self.filters.changed.connect(self.read)
        for station in context.stations:
            station.register_changed.connect(self._show)
        self._show()

    def _lay_out(self) -> None:
        self.sentence.setWordWrap(True)
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 0, 0)
        for at, panel in enumerate(self.panels):
            grid.addWidget(panel, at // COLUMNS, at % COLUMNS)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)
        self.scroll_area = QScrollArea()
        self.scroll_area.setWidget(body)
        self.scroll_area.setWidgetResizable(True)
        self.scroll_area.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 4)
        layout.addWidget(self.filters)
        layout.addWidget(self.messages)
        layout.addWidget(self.sentence)
        layout.addWidget(self.scroll_area, 1)

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def read(self) -> None:
        """Ask the hub anew."""
        if self._reading is not None:
            self._reading.cancel()
        self.state = "reading"
        self._reading = spawn(self, self._read())

    async def _read(self) -> None:
        station = self.filters.station
        shifts = shifts_of(station, self._now())
        asked = self.filters.asked() | {"shift_starts": shifts.starts, "utc_offset": shifts.utc_offset}
        found = await station.hub.query(m.GetStatistics(**asked))
        record = await station.hub.query(m.GetRuleRecord(**asked))
        self.state, self._answer = "read", (station, found, record)
        self._show()

    def show_error(self, error: UserError | KnownError) -> None:
        """Say here what went wrong; the hub can be asked again."""
        self.state = "failed"
        self.messages.say(sentence(error.code, error.params, current_language()), "error")
        self._show()

    def _show(self) -> None:
        if self._answer is None:
            failed = self.state == "failed"
            self.sentence.setText(
                _("The statistics could not be read. Choose a filter to try again.") if failed else _("Reading…")
            )
            self.scroll_area.hide()
            return
        station, found, record = self._answer
        self.scroll_area.show()
        self.sentence.setText(summary(found))
        made = figures(station, found, record, shifts_of(station, self._now()))
        for panel, figure in zip(self.panels, made, strict=True):
            panel.show_figure(figure)
