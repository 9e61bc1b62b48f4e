"""What was changed before at a thing: when, by whom, why, before and after; an earlier state can be proposed again."""

import json
from contextlib import suppress
from typing import Any

import msgspec
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.setup.form import Form
from spc_desktop.ui.setup.kind import Kind

MOST = 100


class History(QWidget):
    """The newest changes of one thing, from the audit trail."""

    put_back = Signal(object)
    """Values of the form as they were before the chosen change."""

    def __init__(self, kind: Kind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = kind
        self._thing: Any = None
        self._form: Form | None = None
        self._entries: tuple[m.AuditEntry, ...] = ()
        self.view, self.button, self.said = QListWidget(), QPushButton(), QLabel()
        self.view.setWordWrap(True)
        self.view.setAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled, False)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.currentRowChanged.connect(self._chosen)
        self.view.itemActivated.connect(self._back)
        self.button.clicked.connect(self._back)
        self.said.setObjectName("dim")
        self.said.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.said)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.button)
        self.setFocusProxy(self.view)
        self.retranslate()

    def show_thing(self, thing: Any, form: Form) -> None:
        """Read what was changed at a thing."""
        self._thing, self._form = thing, form
        self.said.setText(_("Reading…"))
        spawn(self, self._read(thing))

    async def _read(self, thing: Any) -> None:
        station = self._kind.station
        found = await station.hub.query(m.GetChanges(objects=self._kind.objects(thing), limit=MOST))
        if thing is self._thing:
            self._entries = found
            self._write()

    def _write(self) -> None:
        self.view.clear()
        for entry in self._entries:
            item = QListWidgetItem(self._text(entry))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, self._text(entry))
            self.view.addItem(item)
        self.said.setText("" if self._entries else _("Nothing was changed here yet."))
        self.said.setVisible(not self._entries)
        self._chosen()

    def _text(self, entry: m.AuditEntry) -> str:
        when = entry.at.astimezone().strftime("%Y-%m-%d %H:%M")
        head = " · ".join(part for part in (when, entry.actor or entry.client, entry.reason) if part)
        before, after = json.loads(entry.before), json.loads(entry.after)
        if before is None:
            return f"{head}\n    {_('made')}"
        if after is None:
            return f"{head}\n    {_('removed')}"
        lines = [f"    {label}: {old} → {new}" for label, old, new in self._differences(before, after)]
        return "\n".join((head, *lines))

    def _differences(self, before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
        """Word the change as the form would, where the form shows it; the rest as it is stored."""
        old, new = self._values(before), self._values(after)
        form = self._form
        if old is not None and new is not None and form is not None:
            shown = [name for name in old if name in form.lines and old[name] != new[name]]
            if shown:
                return [(form.label(name), form.words(name, old[name]), form.words(name, new[name])) for name in shown]
        names = [name for name in {**before, **after} if name != "revision"]
        return [(name, str(before.get(name, "–")), str(after.get(name, "–"))) for name in names]

    def _values(self, fields: dict[str, Any]) -> dict[str, Any] | None:
        """Return the form's values of the thing with these fields as they were; None where they are not its own."""
        known = msgspec.to_builtins(self._thing)
        if not set(fields) <= set(known):
            return None
        with suppress(msgspec.ValidationError):
            return dict(self._kind.values(msgspec.convert({**known, **fields}, type(self._thing))))
        return None

    def _chosen(self) -> None:
        self.button.setEnabled(self._before() is not None)

    def _before(self) -> dict[str, Any] | None:
        row = self.view.currentRow()
        if not 0 <= row < len(self._entries):
            return None
        before = json.loads(self._entries[row].before)
        return None if before is None else self._values(before)

    def _back(self) -> None:
        values = self._before()
        if values is not None:
            self.put_back.emit(values)

    def show_error(self, error: UserError | KnownError) -> None:
        """Say why nothing can be read."""
        self.view.clear()
        self.said.setText(sentence(error.code, error.params, current_language()))
        self.said.show()

    def retranslate(self) -> None:
        """Write every text anew."""
        self.view.setAccessibleName(_("Earlier changes"))
        self.button.setText(_("Propose the state before this change"))
        if self._thing is not None:
            self._write()

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
