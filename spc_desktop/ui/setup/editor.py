"""A list, a form and a last look before saving: how every kind of thing is set up, with reason, before and after, undo."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QTabWidget, QVBoxLayout, QWidget

from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.i18n import _, current_language
from spc_desktop.protocol.wording import sentence
from spc_desktop.ui.aio import spawn
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.setup.change_bar import ChangeBar, Difference
from spc_desktop.ui.setup.entry_list import EntryList
from spc_desktop.ui.setup.form import blamed
from spc_desktop.ui.setup.history import History
from spc_desktop.ui.setup.kind import Kind, Looks
from spc_desktop.ui.setup.limits import limits_in_force, restore_limits

NEW = "\0new"
"""Key of the thing that is being made and not stored."""


@dataclass
class _Draft:
    """What a person has begun to change."""

    base: Any
    """The thing that the change starts from."""
    states: dict[str, Any]
    reason: str = ""


class _Saved(NamedTuple):
    """A change that was saved and can be taken back."""

    before: Any
    after: Any
    reason: str
    limits: int | None
    """Revision of the control limits that were in force before it."""


@dataclass
class _Work:
    """What the editor remembers beside what it shows."""

    drafts: dict[str, _Draft] = field(default_factory=dict)
    done: list[_Saved] = field(default_factory=list)
    """Newest last."""


class Editor(QWidget):
    """Shows one kind of things of one hub and changes them."""

    def __init__(self, context: PageContext, kind: Kind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self.kind = context, kind
        self._work = _Work()
        self._key = ""
        self._base: Any = None
        self._was: Any = None
        self._saving = False
        self.list = EntryList(kind.words)
        self.form, self.bar, self.history = kind.make_form(), ChangeBar(), History(kind)
        self.heading = QLabel()
        self.heading.setObjectName("title")
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.tabs = QTabWidget()
        self._arrange()
        self._connect()
        self.retranslate()
        self.refresh()

    def _arrange(self) -> None:
        edit = QWidget()
        column = QVBoxLayout(edit)
        column.setContentsMargins(0, 6, 0, 0)
        column.addWidget(self.form, 1)
        column.addWidget(self.bar)
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(edit, "")
        self.tabs.addTab(self.history, "")
        self._right = QWidget()
        column = QVBoxLayout(self._right)
        column.setContentsMargins(8, 0, 0, 0)
        column.addWidget(self.heading)
        column.addWidget(self.tabs, 1)
        self._right.hide()
        self.splitter = QSplitter()
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(self._right)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 3)
        self.splitter.setChildrenCollapsible(False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.splitter, 1)
        self.setFocusProxy(self.list)

    def _connect(self) -> None:
        station = self.kind.station
        station.catalogue_changed.connect(self.refresh)
        station.register_changed.connect(self.refresh)
        self.list.chosen.connect(self._show)
        self.list.new.connect(self.begin_new)
        self.list.into.connect(self._into)
        self.list.retire.connect(self._retire)
        self.form.changed.connect(self._edited)
        self.bar.reason.textEdited.connect(lambda _text: self._edited())
        self.bar.save.connect(self.save_soon)
        self.bar.discard.connect(self.discard)
        self.bar.undo.connect(self.undo_soon)
        self.bar.compare.connect(self._rebase)
        self.history.put_back.connect(self._put_back)
        self.tabs.currentChanged.connect(self._read_history)
        for keys, called in (
            ("Ctrl+S", self.save_soon),
            ("Ctrl+N", self.begin_new),
            ("Ctrl+Z", self.undo_soon),
            ("Ctrl+F", self.list.search.setFocus),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(called)

    # -- what is shown -------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what the hub has now; what was begun here stays."""
        if self._saving:
            return
        items = list(self.kind.items())
        self._things = {item.key: item.thing for item in items}
        self._titles = {item.key: item.title for item in items}
        self.list.fill(items, self._work.drafts, one=self._key != NEW)
        if self._key == NEW:
            return
        now = self._things.get(self._key)
        if self._key not in self._work.drafts:
            if now != self._base:
                self._load(self._key)
        elif now not in (self._base, self._was):
            self._say_changed()

    def _say_changed(self) -> None:
        self.bar.say_notice(_("Somebody else has changed this in the meantime. What you typed is still here."))

    def _show(self, key: str) -> None:
        """Show an entry; what was begun at the one before is kept."""
        if key == self._key or (self._key == NEW and not key):
            return
        self._keep()
        self._load(key)

    def _keep(self) -> None:
        draft = self._work.drafts.get(self._key)
        if draft is not None:
            draft.states, draft.reason = self.form.states(), self.bar.reason.text()

    def _load(self, key: str) -> None:
        self._key, self._was = key, None
        draft = self._work.drafts.get(key)
        self._base = draft.base if draft is not None else self._things.get(key)
        new = key == NEW
        thing = self.kind.blank() if new else self._base
        self._right.setVisible(thing is not None)
        self.heading.setText(_(self.kind.words.new) if new else self._titles.get(key, ""))
        self.bar.say_error("")
        self.bar.say_notice("")
        self.bar.reason.setText(draft.reason if draft is not None else "")
        if thing is not None:
            if isinstance(self.kind, Looks):
                self.kind.begin(thing)
            self.form.show_values(self.kind.values(thing), new=new)
            if draft is not None and draft.states:
                self.form.restore(draft.states)
            if draft is not None and self._things.get(key) != self._base and not new:
                self._say_changed()
        self._look()
        self._read_history()

    def _wanted(self) -> Any:
        """Return the thing as the fields make it; what is wrong in them is left as it was."""
        thing = self._base if self._base is not None else self.kind.blank()
        return self.kind.made(thing, self.form.read())

    def _look(self) -> None:
        """Show what would change."""
        if self._base is None and self._key != NEW:
            self.bar.show_changes((), new=False)
            self.bar.say_effect("")
            return
        after = self._wanted()
        if isinstance(self.kind, Looks):
            self.kind.look(after)
        before = self.kind.values(self._base) if self._base is not None else {}
        now = self.kind.values(after)
        changes = [
            Difference(
                self.form.label(name),
                self.form.words(name, before[name]) if name in before else "–",
                self.form.words(name, value),
            )
            for name, value in now.items()
            if name in self.form.lines and before.get(name, "") != value and (name in before or value not in (None, ""))
        ]
        self.bar.show_changes(changes, new=self._key in self._work.drafts)
        self.bar.say_effect(self.kind.effect(self._base, after) if changes else "")
        done = self._work.done
        self.bar.show_undo(self._name_of(done[-1]) if done else "")

    def _name_of(self, done: _Saved) -> str:
        key = self.kind.key_of(done.before if done.after is None else done.after)
        return f"{self._titles.get(key, key)} ({done.reason})"

    # -- changing ------------------------------------------------------------------------------------------------------

    def _edited(self) -> None:
        known = self._key in self._work.drafts
        same = self._base is not None and self._wanted() == self._base and self.form.right()
        if same and not self.bar.reason.text().strip():
            self._work.drafts.pop(self._key, None)
        elif not known:
            self._work.drafts[self._key] = _Draft(self._base, {})
        if known != (self._key in self._work.drafts):
            self.list.mark(self._work.drafts)
        self.bar.say_error("")
        self._look()

    def begin_new(self) -> None:
        """Begin a new one, or go on with the one that was begun."""
        if not self.kind.words.new:
            return
        if self.kind.blank() is None:
            self._context.say(_(self.kind.words.empty), "warning")
            return
        self._keep()
        self._work.drafts.setdefault(NEW, _Draft(None, {}))
        self.tabs.setCurrentIndex(0)
        self.list.choose_none()
        self._load(NEW)
        self.form.focus_first()

    def discard(self) -> None:
        """Let the change be."""
        self._work.drafts.pop(self._key, None)
        new = self._key == NEW
        self._key = ""
        self.list.mark(self._work.drafts)
        if new and self.list.key == "":
            self.list.choose_first()
        else:
            self._load(self.list.key)

    def _rebase(self) -> None:
        """Compare what was typed with what somebody else has made of it."""
        draft = self._work.drafts.get(self._key)
        if draft is not None and self._key in self._things:
            draft.base = self._base = self._things[self._key]
            self.bar.say_notice("")
            self._look()
        else:
            self.discard()

    def _into(self) -> None:
        self.tabs.setCurrentIndex(0)
        self.form.focus_first()

    def _retire(self) -> None:
        """Untick "in use" and ask why."""
        if "active" in self.form.lines and self._base is not None:
            in_use = self.form.lines["active"].field
            in_use.put(not in_use.value())
            in_use.changed.emit()
            self.tabs.setCurrentIndex(0)
            self.bar.reason.setFocus()

    # -- saving --------------------------------------------------------------------------------------------------------

    def save_soon(self) -> None:
        """Save the change that is shown."""
        if self._key in self._work.drafts and not self._saving and self.form.judge():
            spawn(self, self._save())

    async def _save(self) -> None:
        reason = self.bar.reason.text().strip()
        if not reason:
            self.bar.reason.setFocus()
            raise UserError("reason_empty")
        before, after = self._base, self._wanted()
        limits = limits_in_force(self.kind.station, before)
        thing = self.kind.stored(await self._ask(before, after, reason), after)
        self._work.drafts.pop(self._key, None)
        self._work.done.append(_Saved(before, thing, reason, limits))
        self._settle(thing, before)
        self._context.say(_("Saved: {what}", what=self._name_of(self._work.done[-1])), "info")

    async def _ask(self, before: Any, after: Any, reason: str) -> Any:
        self._saving = True
        self.bar.setEnabled(False)
        try:
            station = self.kind.station
            return await station.hub.command(self.kind.command(before, after, reason), station.actor)
        finally:
            self._saving = False
            self.bar.setEnabled(True)

    def _settle(self, thing: Any, before: Any) -> None:
        """Show what was stored; the event of it may have come already, or be on its way."""
        self.refresh()
        key = self.kind.key_of(before if thing is None else thing)
        self._key = key
        self._load(key)
        if thing is not None:
            self._base, self._was = thing, before
            if isinstance(self.kind, Looks):
                self.kind.begin(thing)
            self.form.show_values(self.kind.values(thing), new=False)
        self.list.show_whole(key)
        self._look()

    def undo_soon(self) -> None:
        """Take back the newest change of this session."""
        if self._work.done and not self._saving:
            spawn(self, self._undo())

    async def _undo(self) -> None:
        before, after, reason, limits = self._work.done[-1]
        wanted = before if before is not None else self.kind.before_new(after)
        name = self._name_of(self._work.done[-1])
        why = _("Taken back: {what}", what=reason)
        answer = await self._ask(after, wanted, why)
        thing = self.kind.stored(answer, wanted)
        self._work.done.pop()
        await restore_limits(self.kind.station, answer, limits, why)
        self._work.drafts.pop(self.kind.key_of(before or after), None)
        self._settle(thing, after)
        self._context.say(_("Taken back: {what}", what=name), "info")

    def _put_back(self, values: dict[str, Any]) -> None:
        """Propose an earlier state as a change."""
        self.tabs.setCurrentIndex(0)
        for name, value in values.items():
            if name in self.form.lines:
                self.form.lines[name].field.put(value)
        self._edited()
        self.bar.reason.setFocus()

    def show_error(self, error: UserError | KnownError) -> None:
        """Say what is wrong at the field that it is about, else below the reason."""
        text = sentence(error.code, error.params, current_language())
        name = blamed(error, self.kind.blame) if isinstance(error, UserError) else ""
        if name in self.form.lines:
            self.form.mark(name, text)
            self.form.focus_on(name)
            self.bar.say_error("")
        else:
            self.bar.say_error(text)

    # -- the page ------------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """The section is shown."""
        self.refresh()
        self._read_history()

    def leave(self) -> None:
        """What was typed stays."""

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return what the keys do."""
        return (
            ("Ctrl+N", _("a new one")),
            ("Ctrl+S", _("save the change with its reason")),
            ("Ctrl+Z", _("take back the last change")),
            ("Ctrl+F", _("find in the list")),
            ("Delete", _("retire, or take into use again")),
        )

    def _read_history(self) -> None:
        if self.tabs.currentIndex() == 1 and self._base is not None:
            self.history.show_thing(self._base, self.form)

    def retranslate(self) -> None:
        """Write every text anew."""
        self.tabs.setTabText(0, _("Change"))
        self.tabs.setTabText(1, _("Earlier changes"))

    def changeEvent(self, event: QEvent) -> None:
        """Speak the new language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
            self.refresh()
            self.heading.setText(_(self.kind.words.new) if self._key == NEW else self._titles.get(self._key, ""))
            self._look()
