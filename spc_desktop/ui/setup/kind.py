"""What an editor must be told of the kind of things it edits: products, characteristics, control plans, reaction plans."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from spc_desktop.protocol import messages as m
from spc_desktop.ui.setup.form import Form
from spc_desktop.ui.station import Station


class Item(NamedTuple):
    """A thing in the list."""

    key: str
    """What it is known by while the window is open."""
    thing: Any
    title: str
    words: str
    """What the filter finds it by, beside the title."""
    retired: bool = False


class Words(NamedTuple):
    """Texts of an editor; keys that it translates, ``marked``."""

    title: str
    new: str
    """Text of the button; empty: nothing can be added."""
    empty: str
    """What to do while there is none."""
    find: str


class Kind(Protocol):
    """One kind of things and how the hub is asked to change one. Things are immutable structs of the hub."""

    words: Words
    blame: Mapping[str, str]
    """Code of an error -> field that it is about."""

    def make_form(self) -> Form:
        """Return the form, once."""
        ...

    def items(self) -> Iterable[Item]:
        """Return what there is, in the order of the list."""
        ...

    def blank(self) -> Any:
        """Return a new thing with what can be proposed; None: nothing can be added at present."""
        ...

    def values(self, thing: Any) -> Mapping[str, Any]:
        """Return the values of the form's fields."""
        ...

    def made(self, thing: Any, values: Mapping[str, Any]) -> Any:
        """Return a thing with these values."""
        ...

    def effect(self, before: Any, after: Any) -> str:
        """Say what a change brings with it, in the window's language; empty: nothing that the list does not say."""
        ...

    def command(self, before: Any, after: Any, reason: str) -> m.SaveCatalogue | m.SaveRegister:
        """Return the wish to make ``before`` (None: it is new) into ``after`` (None: it is to go)."""
        ...

    def stored(self, answer: Any, after: Any) -> Any:
        """Return the thing as the hub has stored it; None: it is gone."""
        ...

    def key_of(self, thing: Any) -> str:
        """Return the key of a thing that is stored."""
        ...

    def before_new(self, after: Any) -> Any:
        """Return what takes an addition back: the thing retired, or None where it can go."""
        ...

    def objects(self, thing: Any) -> tuple[str, ...]:
        """Return the names of the thing in the audit trail."""
        ...

    @property
    def station(self) -> Station:
        """Return the hub."""
        ...


@runtime_checkable
class Looks(Protocol):
    """A kind whose form follows what is shown."""

    def begin(self, thing: Any) -> None:
        """Another thing is shown from now on; its values are put into the form after this."""
        ...

    def look(self, thing: Any) -> None:
        """The fields make this thing at present."""
        ...
