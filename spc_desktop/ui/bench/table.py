"""The points as a table. Rows are made when they are seen, from the chart's own columns: a million cost what a screen costs."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from spc_desktop.i18n import _
from spc_desktop.spc.charts.base import PanelSpec
from spc_desktop.ui.charts import chart_keys
from spc_desktop.ui.charts.series import Series
from spc_desktop.ui.charts.words import local_time, number, rule_digit, rule_sentences, violations_by_panel

if TYPE_CHECKING:
    from spc_desktop.ui.charts.control_chart import ControlChart

Index = QModelIndex | QPersistentModelIndex
_LIMITS = ("lcl", "center", "ucl")


class PointTable(QAbstractTableModel):
    """One row per position, the oldest first: number, time, each panel's value, what is special, the limits of the first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series: Series | None = None
        self._panels: tuple[PanelSpec, ...] = ()
        self._decimals = 3
        self._base = self._rows = 0

    def show_series(self, series: Series | None, panels: tuple[PanelSpec, ...], decimals: int) -> None:
        """Show another series."""
        self.beginResetModel()
        self._series, self._panels, self._decimals = series, panels, decimals
        self._base, self._rows = (series.base, series.count) if series is not None else (0, 0)
        self.endResetModel()

    def update_points(self) -> None:
        """Points were added to the series, or changed."""
        series = self._series
        if series is None:
            return
        if series.base != self._base or series.count < self._rows:
            self.show_series(series, self._panels, self._decimals)
            return
        if series.count > self._rows:
            self.beginInsertRows(QModelIndex(), self._rows, series.count - 1)
            self._rows = series.count
            self.endInsertRows()
        if self._rows:  # whatever is on the screen is asked for again
            self.dataChanged.emit(self.index(0, 0), self.index(self._rows - 1, self.columnCount() - 1))

    def retranslate(self) -> None:
        """Say the headings in another language."""
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, self.columnCount() - 1)

    def row_of(self, position: int) -> int:
        """Return the row of a position, -1 where there is none."""
        row = position - self._base
        return row if 0 <= row < self._rows else -1

    def position_of(self, row: int) -> int:
        """Return the position of a row."""
        return self._base + row

    @property
    def signals_column(self) -> int:
        """Return the column that tells what is special."""
        return 2 + len(self._panels)

    # -- as a model ----------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Return the number of points."""
        return 0 if parent.isValid() else self._rows

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Return the number of columns."""
        return 0 if parent.isValid() else 2 + len(self._panels) + (len(_LIMITS) if self._panels else 0) + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a heading."""
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        names = [_("Subgroup"), _("Time"), *(spec.label for spec in self._panels)]
        names += [_("Signals"), *(("LCL", "CL", "UCL") if self._panels else ())]
        return names[section] if section < len(names) else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell; the tool tip of the last one tells every rule in words."""
        series = self._series
        if series is None or not index.isValid() or index.row() >= series.count:
            return None
        slot, column = index.row() + self._base - series.base, index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(series, slot, column)
        if role == Qt.ItemDataRole.ToolTipRole and column == self.signals_column:
            labels = {spec.key: spec.label for spec in self._panels}
            return "\n".join(rule_sentences(series.marks.get(series.base + slot), labels))
        if role == Qt.ItemDataRole.TextAlignmentRole and column not in {1, self.signals_column}:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, series: Series, slot: int, column: int) -> str:
        if series.base + slot < series.loaded_from:
            return "…" if column == 0 else ""
        panels = self._panels
        if column == 0:
            return str(int(series.number[slot]))
        if column == 1:
            return local_time(float(series.time[slot]))
        if column < 2 + len(panels):
            spec = panels[column - 2]
            decimals = self._decimals + (spec.role == "location")
            return number(float(series.panels[spec.key].value[slot]), decimals)
        if column == self.signals_column:
            return self._signals(series, series.base + slot)
        name = _LIMITS[column - 3 - len(panels)]
        return number(float(series.panels[panels[0].key].columns[name][slot]), self._decimals + 1)

    def _signals(self, series: Series, position: int) -> str:
        mark = series.marks.get(position)
        if mark is None:
            return ""
        labels = {spec.key: spec.label for spec in self._panels}
        found = [
            f"■ {labels.get(key, key)} {', '.join(rule_digit(violation.rule) for violation in violations)}"
            for key, violations in violations_by_panel(mark).items()
        ]
        found += ["◆ OOS"] if mark.out_of_spec else []
        found += ["✕ " + _("excluded")] if mark.excluded else []
        return "  ".join(found)


class PointTableView(QTableView):
    """The table below the chart: the row and the chart's cursor are one and the same choice."""

    closed = Signal()

    def __init__(self, chart: "ControlChart", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._chart = chart
        self._following = False
        self.points = PointTable(self)
        self.setModel(self.points)
        self.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # a million rows are not measured
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setHighlightSections(False)
        self.selectionModel().currentRowChanged.connect(self._row_chosen)
        chart.point_selected.connect(self.show_position)
        self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.setAccessibleName(_("Points as a table"))
        self.points.retranslate()
        self._fit()

    def show_series(self, series: Series | None, panels: tuple[PanelSpec, ...], decimals: int) -> None:
        """Show the points of a series, the chosen one or the newest in view."""
        self._following = True
        self.points.show_series(series, panels, decimals)
        self._following = False
        self._fit()
        if self._chart.cursor_position is not None:
            self.show_position(self._chart.cursor_position)
        else:
            self.scrollToBottom()

    def update_points(self) -> None:
        """Points came; the newest stay in view where they were."""
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum()
        self.points.update_points()
        if at_end:
            self.scrollToBottom()

    def _fit(self) -> None:
        """Columns as wide as the newest rows need; heights as the font needs."""
        metrics = self.fontMetrics()
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 6)
        last = self.points.rowCount() - 1
        self.setMinimumHeight(7 * (metrics.height() + 6))
        for column in range(self.points.columnCount()):
            head = str(self.points.headerData(column, Qt.Orientation.Horizontal) or "")
            cells = [str(self.points.index(row, column).data() or "") for row in {0, last} if row >= 0]
            cells += ["■ X̄ 1, 2  ◆ OOS"] if column == self.points.signals_column else []
            width = max(metrics.horizontalAdvance(text) for text in (head, *cells))
            self.setColumnWidth(column, width + metrics.height() + 10)

    def show_position(self, position: int) -> None:
        """Choose the row of a point."""
        row = self.points.row_of(position)
        if row < 0 or row == self.currentIndex().row():
            return
        self._following = True
        self.setCurrentIndex(self.points.index(row, max(self.currentIndex().column(), 0)))
        self._following = False

    def _row_chosen(self, index: QModelIndex) -> None:
        if not self._following and index.isValid():
            self._chart.go_to(self.points.position_of(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk as tables do; what concerns the point or the chart goes where it would go from the chart."""
        if event.key() in {Qt.Key.Key_F2, Qt.Key.Key_Escape}:
            self.closed.emit()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} or event.text().isalpha():
            if not chart_keys.obey(self._chart, event):
                event.ignore()
        else:
            super().keyPressEvent(event)
