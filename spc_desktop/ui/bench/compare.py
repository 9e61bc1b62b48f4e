"""Compare the points in view by where they come from: lot, machine, operator, cavity, gauge or shift, drawn over each other."""

import asyncio
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLabel, QListWidget, QListWidgetItem, QSizePolicy, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language, marked
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.charts.picture import Group
from spc_desktop.ui.charts.words import number

if TYPE_CHECKING:
    from spc_desktop.ui.pages.chart_page import ChartPage
    from spc_desktop.ui.station import Station

MOST_SHOWN = 6
"""So many shapes and colours can be told apart."""
SETTLE_MS = 250
_NAME = Qt.ItemDataRole.UserRole
_FIELDS = {
    "": marked("Not compared"),
    "lot": marked("Lot"),
    "machine": marked("Machine"),
    "operator": marked("Operator"),
    "cavity": marked("Cavity"),
    "gauge": marked("Gauge"),
    "shift": marked("Shift"),
}


class ComparePanel(QWidget):
    """What is compared, and which groups of it are drawn."""

    field_chosen = Signal(str)
    switched = Signal(object)
    """The line of a group whose box was ticked or cleared."""
    retranslated = Signal()
    left = Signal()
    """The keyboard goes back to the chart."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field, self.text, self.groups = QComboBox(), QLabel(), QListWidget()
        for name in _FIELDS:
            self.field.addItem("", name)
        self.text.setWordWrap(True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.groups.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for widget in (self.field, self.groups):
            widget.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.field)
        layout.addWidget(self.text)
        layout.addWidget(self.groups, 1)
        self.field.currentIndexChanged.connect(lambda at: self.field_chosen.emit(self.field.itemData(at)))
        self.groups.itemChanged.connect(self.switched.emit)
        self.setProperty("help_topic", "charts")
        self.retranslate()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
            self.retranslated.emit()

    def retranslate(self) -> None:
        """Write every text anew; the groups are written by who knows them."""
        for at, text in enumerate(_FIELDS.values()):
            self.field.setItemText(at, _(text))
        self.field.setAccessibleName(_("Compare by"))
        self.groups.setAccessibleName(_("Groups that are drawn"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Back to the chart by Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class Compare(QObject):
    """Keeps the groups of the visible stretch true."""

    opened = Signal(bool)
    """The panel is wanted (True) or no longer."""

    def __init__(self, page: "ChartPage") -> None:
        super().__init__(page)
        self._page, self._chart = page, page.chart
        self.panel = ComparePanel()
        self.field = ""
        self._found: m.PointGroups | None = None
        self._switched: dict[str, bool] = {}
        """What somebody switched on or off himself."""
        self._drawn: list[str] = []
        self._asked: tuple[int, int] = (0, 0)
        self._asking: asyncio.Task[None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._ask)
        self._chart.view_moved.connect(self._moved)
        self.panel.field_chosen.connect(self.choose)
        self.panel.switched.connect(self._switch)
        self.panel.left.connect(self._chart.setFocus)
        self.panel.retranslated.connect(self._write)
        self._write()

    def open(self) -> None:
        """Let somebody choose what is compared."""
        self.opened.emit(True)
        self.panel.field.setFocus()

    def choose(self, field: str) -> None:
        """Compare by this field; an empty one ends it."""
        self.field = field
        self._found, self._switched = None, {}
        at = self.panel.field.findData(field)
        if self.panel.field.currentIndex() != at:
            self.panel.field.setCurrentIndex(at)  # comes back here, and has nothing to do
            return
        self._write()
        self._show()
        if field:
            self._ask()

    def leave(self) -> None:
        """Another characteristic is shown: its points have other groups."""
        self._timer.stop()
        if self._asking is not None:
            self._asking.cancel()
        self._found = None
        self._write()

    def resume(self) -> None:
        """The points were read anew, or another characteristic is shown."""
        self._show()
        if self.field:
            self._timer.start()

    def _moved(self) -> None:
        if self.field and self._stretch() != self._asked:
            self._timer.start()

    def _stretch(self) -> tuple[int, int]:
        series = self._chart.series
        if series is None or not series.count:
            return 0, -1
        low, high = self._chart.view_range
        return max(series.base, int(np.ceil(low))), min(series.end - 1, int(np.floor(high)))

    def _ask(self) -> None:
        station, feed = self._page.station, self._page.feed
        first, last = self._stretch()
        if station is None or feed is None or not self.field or last < first:
            return
        self._asked = first, last
        if self._asking is not None:
            self._asking.cancel()
        query = m.GetPointGroups(characteristic_id=feed.characteristic.id, field=self.field, first=first, last=last)
        self._asking = spawn(self, self._read(station, query))

    async def _read(self, station: "Station", query: m.GetPointGroups) -> None:
        try:
            found = await station.hub.query(query)
        except (UserError, KnownError) as error:
            self._found = None
            self._write(sentence(error.code, error.params, current_language()))
            self._show()
            return
        feed = self._page.feed
        if feed is not None and (feed.characteristic.id, self.field) == (query.characteristic_id, query.field):
            self._found = found
            self._write()
            self._show()

    # -- what is seen --------------------------------------------------------------------------------------------------

    def _write(self, trouble: str = "") -> None:
        """List the groups; what was switched on or off stays so while the view moves."""
        groups = self._found.groups if self._found is not None else ()
        known = any(group.name for group in groups)
        self.panel.text.setText(trouble or self._hint(known))
        self.panel.groups.blockSignals(True)
        self.panel.groups.clear()
        wanted = [group.name for group in groups if self._switched.get(group.name, bool(group.name))]
        self._drawn = [name for name in wanted if name in self._switched][:MOST_SHOWN]
        self._drawn += [name for name in wanted if name not in self._switched][: MOST_SHOWN - len(self._drawn)]
        for group in groups if known else ():
            item = QListWidgetItem(self._line(group))
            item.setToolTip(item.text())
            item.setData(Qt.ItemDataRole.AccessibleTextRole, item.text().replace("\n", ", "))
            item.setData(_NAME, group.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if group.name in self._drawn else Qt.CheckState.Unchecked)
            self.panel.groups.addItem(item)
        self.panel.groups.blockSignals(False)

    def _hint(self, known: bool) -> str:
        if known:
            return _("Of the points in view. Space switches a group on and off; {n} can be drawn.", n=MOST_SHOWN)
        if self._found is not None:
            return _("The points in view do not tell: {field}.", field=_(_FIELDS[self.field]))
        if self.field:
            return _("Reading the points…")
        return _("Choose what is compared: the points in view are drawn over each other, group by group.")

    def _line(self, group: m.PointGroup) -> str:
        series, views = self._chart.series, self._chart.views
        text = (group.name or _("unknown")) + "\n" + _("{n} subgroups", n=f"{len(group.indexes):,}")
        if series is None or not views:
            return text
        at = np.array([index for index in group.indexes if series.base <= index < series.end], np.int64) - series.base
        values = series.panels[views[0].spec.key].value[at]
        values = values[np.isfinite(values)]
        if not len(values):
            return text
        return f"{text}, " + _("mean {value}", value=number(float(values.mean()), views[0].decimals + 1))

    def _switch(self, item: QListWidgetItem) -> None:
        """Somebody switched a group on or off; one too many stays off."""
        name, on = str(item.data(_NAME)), item.checkState() == Qt.CheckState.Checked
        if on and name not in self._drawn and len(self._drawn) >= MOST_SHOWN:
            self._switched[name] = False
            self._write(_("{n} groups are drawn already. Switch another one off first.", n=MOST_SHOWN))
            return
        self._switched[name] = on
        self._drawn = [*self._drawn, name] if on else [one for one in self._drawn if one != name]
        self._show()

    def _show(self) -> None:
        """Draw the groups that are switched on."""
        groups = self._found.groups if self._found is not None else ()
        known = any(group.name for group in groups)
        self._chart.show_groups(
            [
                Group(group.name or _("unknown"), np.array(group.indexes, np.int64))  # type: ignore[arg-type]
                for group in groups
                if known and group.name in self._drawn
            ]
        )
