"""The list at the left of an editor: what there is, found by typing, with what is retired or not saved marked in words."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import QEvent, QItemSelectionModel, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from spc_desktop.i18n import _
from spc_desktop.ui.setup.kind import Item, Words

KEY_ROLE = Qt.ItemDataRole.UserRole


class EntryList(QWidget):
    """A filter, the list, and the button for a new one."""

    chosen = Signal(str)
    """Key of the entry that is shown from now on; empty: none."""
    new = Signal()
    into = Signal()
    """Enter: to the fields."""
    retire = Signal()

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._items: Sequence[Item] = ()
        self._unsaved: Collection[str] = ()
        self.search, self.button, self.retired = QLineEdit(), QPushButton(), QCheckBox()
        self.search.setClearButtonEnabled(True)
        self.empty = QLabel()
        self.empty.setObjectName("dim")
        self.empty.setWordWrap(True)
        self.view, self.model = QListView(), QStandardItemModel(self)
        self.view.setModel(self.model)
        self.view.setUniformItemSizes(True)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.view.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.view.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.search, self.empty, self.view, self.retired, self.button):
            layout.addWidget(widget, int(widget is self.view))
        layout.addStretch(0)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setSpacing(1)
        self.button.setVisible(bool(words.new))
        self.search.textChanged.connect(self._filter)
        self.search.returnPressed.connect(self.view.setFocus)
        self.retired.toggled.connect(self._filter)
        self.button.clicked.connect(self.new)
        self.view.selectionModel().currentChanged.connect(self._current)
        self.retranslate()

    @property
    def key(self) -> str:
        """Return the key of the chosen entry."""
        return str(self.view.currentIndex().data(KEY_ROLE) or "")

    def fill(self, items: Sequence[Item], unsaved: Collection[str], *, one: bool) -> None:
        """Show these entries; the chosen one stays chosen where it is still there, else the first where ``one`` is to be."""
        self._items, self._unsaved = items, unsaved
        self.retired.setVisible(any(item.retired for item in items))
        self.empty.setVisible(not items)
        self.view.setVisible(bool(items))
        self.setFocusProxy(self.view if items else self.button if self._words.new else self.search)
        self._write(one=one)

    def _write(self, *, one: bool) -> None:
        chosen = self.key
        selection = self.view.selectionModel()
        selection.blockSignals(True)
        self.model.clear()
        words = self.search.text().casefold().split()
        for item in self._items:
            text = f"{item.title} {item.words}".casefold()
            if all(word in text for word in words) and (self.retired.isChecked() or not item.retired):
                self.model.appendRow(_row(item, item.key in self._unsaved))
        selection.blockSignals(False)
        if not self.choose(chosen) and one:
            self.choose_first()

    def mark(self, unsaved: Collection[str]) -> None:
        """Show at which entries something was begun and not saved."""
        self._unsaved = unsaved
        for at in range(self.model.rowCount()):
            row = self.model.item(at)
            _name(row, row.data(KEY_ROLE) in unsaved)

    def choose(self, key: str) -> bool:
        """Choose an entry; False where it is not shown."""
        for at in range(self.model.rowCount()):
            index = self.model.index(at, 0)
            if index.data(KEY_ROLE) == key:
                self.view.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
                self.view.scrollTo(index)
                return True
        return False

    def choose_first(self) -> None:
        """Choose the first entry that is shown."""
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        self.view.selectionModel().setCurrentIndex(self.model.index(0, 0), flag)
        self.chosen.emit(self.key)

    def choose_none(self) -> None:
        """Nothing of the list is shown."""
        selection = self.view.selectionModel()
        selection.blockSignals(True)
        selection.clear()
        selection.blockSignals(False)
        self.view.viewport().update()

    def show_whole(self, key: str) -> None:
        """Choose an entry, whatever the filter says."""
        if not self.choose(key):
            self.search.clear()
            self.retired.setChecked(True)
            self.choose(key)

    def _current(self) -> None:
        self.chosen.emit(self.key)

    def _filter(self) -> None:
        self._write(one=True)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Enter goes to the fields, Delete retires."""
        if event.type() == QEvent.Type.KeyPress and watched is self.view:
            key = event.key()  # type: ignore[attr-defined]
            if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.into.emit()
                return True
            if key == Qt.Key.Key_Delete:
                self.retire.emit()
                return True
        return False

    def retranslate(self) -> None:
        """Write every text anew."""
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 26)
        self.search.setPlaceholderText(_(self._words.find))
        self.search.setAccessibleName(_(self._words.find))
        self.view.setAccessibleName(_(self._words.title))
        self.retired.setText(_("Show retired ones"))
        self.empty.setText(_(self._words.empty))
        if self._words.new:
            self.button.setText(_(self._words.new))
            self.button.setToolTip("Ctrl+N")

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()


def _row(item: Item, unsaved: bool) -> QStandardItem:
    text = f"{item.title} — {_('retired')}" if item.retired else item.title
    row = QStandardItem()
    row.setEditable(False)
    row.setData(item.key, KEY_ROLE)
    row.setToolTip(text)
    _name(row, unsaved)
    return row


def _name(row: QStandardItem, unsaved: bool) -> None:
    text = row.toolTip()
    row.setText(f"✎ {text}" if unsaved else text)
    row.setAccessibleText(f"{text}, {_('not saved')}" if unsaved else text)
