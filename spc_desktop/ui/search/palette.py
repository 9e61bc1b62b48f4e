"""The search window: type, walk by the arrows, Enter opens."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _
from spc_desktop.protocol import messages as m
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.search.finding import Command, Found, Openers, find, from_hub, kind_text
from spc_desktop.ui.station import Station

ASK_MS = 250
"""Pause in typing after which the hubs are asked for lots."""
_LETTERS = 2
"""Shorter texts fit too many lots."""

_STEPS = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}


class Field(QLineEdit):
    """A field that tells of a syllable while it is still being composed."""

    typed = Signal(str)
    walked = Signal(int)
    """So many lines down the list; negative: up."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.textChanged.connect(self.typed)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Count what is being composed as typed."""
        super().inputMethodEvent(event)
        at = self.cursorPosition()
        self.typed.emit(self.text()[:at] + event.preeditString() + self.text()[at:])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys of the list to the list."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.walked.emit(step)


class SearchWindow(QDialog):
    """Shows what fits while it is typed."""

    def __init__(
        self,
        commands: Callable[[], Sequence[Command]],
        stations: Sequence[Station],
        to: Openers,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._commands, self._stations, self._to = commands, stations, to
        self._found: list[Found] = []
        self._text = ""
        self.field, self.list, self.note = Field(), QListWidget(), QLabel()
        self.note.setObjectName("dim")
        self.note.setWordWrap(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setAlternatingRowColors(True)
        layout = QVBoxLayout(self)
        for widget in (self.field, self.list, self.note):
            layout.addWidget(widget)
        self._ask = QTimer(self)
        self._ask.setSingleShot(True)
        self._ask.setInterval(ASK_MS)
        self._ask.timeout.connect(lambda: spawn(self, self._ask_hubs(self._text)))
        self.field.walked.connect(self._walk)
        self.field.returnPressed.connect(self.open_chosen)
        self.field.typed.connect(self._typed)
        self.list.itemClicked.connect(lambda _item: self.open_chosen())
        self.retranslate()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.setWindowTitle(_("Search"))
        self.field.setPlaceholderText(_("Products, characteristics, alerts, lots and commands"))
        self.field.setAccessibleName(self.field.placeholderText())
        self.list.setAccessibleName(_("Found"))
        self.note.setText(_("↑ ↓ choose · Enter opens · Esc closes"))

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
            self._show(self._local())

    def begin(self) -> None:
        """Come up empty, with every command."""
        window = self.parentWidget()
        if window is not None:
            height = self.fontMetrics().height()
            size = QSize(min(window.width() - 40, height * 42), min(window.height() - 80, height * 26))
            self.resize(size)
            corner = window.mapToGlobal(window.rect().center())
            self.move(corner.x() - size.width() // 2, window.mapToGlobal(window.rect().topLeft()).y() + 40)
        self.field.clear()
        self._typed("")
        self.open()
        self.field.setFocus()

    # -- finding -------------------------------------------------------------------------------------------------------

    def _typed(self, text: str) -> None:
        self._text = text
        self._show(self._local())
        if len(text.strip()) >= _LETTERS:
            self._ask.start()
        else:
            self._ask.stop()

    def _local(self) -> list[Found]:
        return find(self._text, self._commands(), self._stations, self._to)

    async def _ask_hubs(self, text: str) -> None:
        found: list[Found] = []
        for station in self._stations:
            try:
                hits = await station.hub.query(m.FindTrace(text=text.strip()))
            except (KnownError, UserError):
                continue  # away, or older than this question: what is known here is shown all the same
            found += from_hub(station, hits, self._to)
        if text == self._text and found:
            self._show([*self._local(), *found], self.list.currentRow())

    def _show(self, found: list[Found], row: int = 0) -> None:
        self._found = found
        self.list.clear()
        for entry in found:
            detail = f"   {entry.detail}" if entry.detail else ""
            item = QListWidgetItem(f"{kind_text(entry.kind)}:  {entry.text}{detail}")
            item.setToolTip(item.text())
            self.list.addItem(item)
        if not found:
            item = QListWidgetItem(_("Nothing fits. Try a part of a name, a code or a lot number."))
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
            return
        self.list.setCurrentRow(max(0, row))

    # -- keys ----------------------------------------------------------------------------------------------------------

    def _walk(self, step: int) -> None:
        """Walk through the list while the field keeps the keyboard."""
        if self._found:
            self.list.setCurrentRow(min(len(self._found) - 1, max(0, self.list.currentRow() + step)))
            self.field.setAccessibleDescription(self.list.currentItem().text())

    def open_chosen(self) -> None:
        """Close, and open what is chosen."""
        row = self.list.currentRow()
        if 0 <= row < len(self._found):
            self.accept()
            self._found[row].open()
