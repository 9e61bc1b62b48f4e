"""Runs first in the built program: stands in for modules that libraries import at once and this program never uses.

pyqtgraph imports Qt's OpenGL modules (9 MB) although charts are drawn without; scipy.optimize imports HiGHS (7 MB), its
solver of linear programs. Every name of a stand-in is a class that can be named and inherited but not made.
"""

import sys
from types import ModuleType

ABSENT = (
    "PySide6.QtOpenGL",
    "PySide6.QtOpenGLWidgets",
    "scipy.optimize._highspy._core",
    "scipy.optimize._highspy._highs_options",
)


class _Naming(type):
    """Lets constants of the left-out classes be named, for example ``HighsModelStatus.kOptimal``."""

    def __getattr__(cls, name: str) -> "_Naming":
        if name.startswith("__"):
            raise AttributeError(name)
        return cls


class LeftOut(metaclass=_Naming):
    """A class of a module that was left out of the build."""

    def __init__(self, *args: object, **names: object) -> None:
        raise NotImplementedError("this part of a library was left out of the built program (packaging/absent.py)")


class StandIn(ModuleType):
    """A module of which every name is ``LeftOut``."""

    def __getattr__(self, name: str) -> type[LeftOut]:
        if name.startswith("__"):
            raise AttributeError(name)
        return LeftOut


def stand_in() -> None:
    """Put a stand-in in the place of each absent module."""
    for name in ABSENT:
        sys.modules[name] = StandIn(name)


if getattr(sys, "frozen", False):
    stand_in()
