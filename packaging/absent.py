"""Runs first in the built program: stands in for modules that libraries import at once and this program never uses.

pyqtgraph imports Qt's OpenGL modules (9 MB) although charts are drawn without; scipy.optimize imports HiGHS (7 MB), its
solver of linear programs, and with scipy.stats a good part of the rest (15 MB). The statistics' own tests run with them.
Every name of a stand-in is a class that can be named and inherited but not made.
"""

import sys
from types import ModuleType

ABSENT = (
    "PySide6.QtOpenGL",
    "PySide6.QtOpenGLWidgets",
    "scipy.optimize._highspy._core",
    "scipy.optimize._highspy._highs_options",
    # what scipy.stats and scipy.optimize import of sparse matrices, search trees, splines, Fourier transforms and rotations
    "scipy.fft._pocketfft.pypocketfft",
    "scipy.interpolate._dierckx",
    "scipy.interpolate._interpnd",
    "scipy.interpolate._rbfinterp_pythran",
    "scipy.integrate._vode",
    "scipy.linalg._decomp_interpolative",
    "scipy.linalg._matfuncs_expm",
    "scipy.linalg._matfuncs_schur_sqrtm",
    "scipy.optimize._group_columns",
    "scipy.sparse._csparsetools",
    "scipy.sparse._sparsetools",
    "scipy.sparse.csgraph._flow",
    "scipy.sparse.csgraph._matching",
    "scipy.sparse.csgraph._shortest_path",
    "scipy.sparse.linalg._dsolve._add_newdocs",
    "scipy.sparse.linalg._dsolve._superlu",
    "scipy.sparse.linalg._eigen.arpack._arpacklib",
    "scipy.sparse.linalg._propack",
    "scipy.spatial._ckdtree",
    "scipy.spatial._distance_pybind",
    "scipy.spatial._qhull",
    "scipy.spatial.transform._rigid_transform_cy",
    "scipy.spatial.transform._rotation_cy",
)
STARRED = {"scipy.spatial._ckdtree": ["cKDTree"], "scipy.spatial._qhull": ["ConvexHull", "Delaunay", "Voronoi"]}
"""Names that are taken by ``import *``."""


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
        sys.modules[name] = module = StandIn(name)
        module.__dict__["__all__"] = STARRED.get(name, [])


if getattr(sys, "frozen", False):
    stand_in()
