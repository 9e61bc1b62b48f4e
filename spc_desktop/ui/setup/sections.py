"""The sections of the set-up page in their order. A section is added here and nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from PySide6.QtWidgets import QWidget

from spc_desktop.i18n import marked
from spc_desktop.ui.pages.page import PageContext
from spc_desktop.ui.setup.characteristics import Characteristics
from spc_desktop.ui.setup.editor import Editor
from spc_desktop.ui.setup.plans import Plans
from spc_desktop.ui.setup.products import Products
from spc_desktop.ui.setup.sampling import Sampling


@dataclass(frozen=True, kw_only=True)
class Section:
    """A line of the list at the left of the page."""

    name: str
    title: str
    """A key that the page translates; ``marked``."""
    icon: str
    """Name of a file of ``resources/icons``, without its ending."""
    make: Callable[[PageContext], QWidget]
    """Makes the section's widget for ONE hub: ``context.stations`` has exactly that one. It is kept until the window closes.
    The widget rewrites its texts on ``LanguageChange`` and has a focus proxy, as a page does."""


@runtime_checkable
class Follows(Protocol):
    """What a section may have in addition, as a page does."""

    def enter(self) -> None:
        """The section is shown from now on."""
        ...

    def leave(self) -> None:
        """Another section or page is shown; what was typed stays."""
        ...


@runtime_checkable
class HasKeys(Protocol):
    """A section with keys of its own."""

    def keys(self) -> tuple[tuple[str, str], ...]:
        """Return the keys and what they do, in the window's language, for the list behind ``?``."""
        ...


def _products(context: PageContext) -> QWidget:
    return Editor(context, Products(context.stations[0]))


def _characteristics(context: PageContext) -> QWidget:
    return Editor(context, Characteristics(context.stations[0]))


def _plans(context: PageContext) -> QWidget:
    return Editor(context, Plans(context.stations[0]))


def _sampling(context: PageContext) -> QWidget:
    return Editor(context, Sampling(context.stations[0]))


SECTIONS: tuple[Section, ...] = (
    Section(name="products", title=marked("Products"), icon="product", make=_products),
    Section(name="characteristics", title=marked("Characteristics"), icon="characteristic", make=_characteristics),
    Section(name="plans", title=marked("Control plans"), icon="charts", make=_plans),
    Section(name="sampling", title=marked("Sampling plans"), icon="entry", make=_sampling),
)
