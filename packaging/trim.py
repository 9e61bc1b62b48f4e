"""What of the collected files and modules the built program leaves out, each with its reason. Called by the spec only.

Everything named here was tried: the self-test, the smoke test and the session on a bare Debian run without it.
pydoc, unittest, cProfile and pyqtgraph's parameter trees look unused and are not: pyqtgraph imports them.
"""

import shutil
import subprocess
import sys
from pathlib import Path

EXCLUDED_MODULES = [
    # tools of developers
    "tkinter", "matplotlib", "IPython", "pytest", "hypothesis", "mypy", "ruff", "setuptools", "pkg_resources", "pygments",
    "lib2to3", "pydoc_data", "numpy.distutils",
    # parts of scipy that neither the engine nor scipy.stats and scipy.optimize import (numpy.f2py they do)
    "scipy.signal", "scipy.io", "scipy.cluster", "scipy.datasets", "scipy.odr", "scipy.misc",
    # parts of Qt without a user here; QtNetwork too: the hub's sockets are asyncio's
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtPdf", "PySide6.QtSql", "PySide6.QtNetwork", "PySide6.QtDBus",
    "PySide6.QtTest",
    "pyqtgraph.opengl", "pyqtgraph.examples", "pyqtgraph.jupyter",
    # databases that the store cannot use, and the driver of a server that a line PC does not have
    "psycopg", "psycopg_binary", "sqlalchemy.dialects.mysql", "sqlalchemy.dialects.oracle", "sqlalchemy.dialects.mssql",
]  # fmt: skip

# Folders of Qt plugins that stay; each other one is left out with what only it needs.
QT_PLUGINS = {
    "platforms": ("qxcb", "qoffscreen", "qwindows"),
    "platforminputcontexts": ("compose", "ibus"),  # Korean input
    "platformthemes": ("xdgdesktopportal",),  # dark mode and file dialogs of the desktop
    "xcbglintegrations": ("",),
    "iconengines": ("qsvgicon",),
    "imageformats": ("qsvg", "qico"),
    "styles": ("",),
    "printsupport": ("",),  # charts are printed; by CUPS on Linux
}
UNUSED_FILES = (
    "Qt6OpenGLWidgets", "Qt6Test", "_multiarray_tests", "scipy/stats/_unuran",
    "Qt6Qml", "Qt6Quick", "Qt6Pdf", "Qt6VirtualKeyboard", "Qt6Network", "Qt6Wayland", "Qt6WlShell", "Qt6EglF",
    "pyqtgraph/icons/peegee", "pyqtgraph/colors/maps", "opengl32sw", "d3dcompiler", "alembic/templates",
    "lib-dynload/readline", "lib-dynload/_codecs_cn", "lib-dynload/_codecs_tw",
    "lib-dynload/_codecs_hk", "lib-dynload/_codecs_jp", "lib-dynload/_codecs_iso2022",
)  # fmt: skip

# Libraries of the build machine that travel with the program: Python's own, and those of X that a bare desktop may lack.
# Every other one comes from the system (the .deb depends on it): a C++ or GL library of another age than the graphics
# driver's breaks the driver, and GTK would come whole with one theme plugin.
OWN_LIBRARIES = (
    "libpython", "libcrypto", "libssl", "libsqlite3", "libffi", "libbz2", "liblzma", "libexpat", "libuuid", "libmpdec",
    "libxcb-", "libxkbcommon",
    "libQt6", "libicu", "libpyside6", "libshiboken6", "libscipy_openblas", "libgfortran", "libquadmath",
)  # fmt: skip


def wants_module(name: str) -> bool:
    """Say whether a pure module stays."""
    return ".tests." not in f"{name}." or name.startswith("spc_desktop")


def wants_file(name: str) -> bool:
    """Say whether a library or data file stays; ``name`` is its place in the folder."""
    name = name.replace("\\", "/")
    if any(part in name for part in UNUSED_FILES):
        return False
    if "/translations/" in name:
        return name.endswith(("qtbase_ko.qm", "qtbase_en.qm"))
    if "/plugins/" in name and "PySide6" in name:
        kind, file = name.rsplit("/", 2)[-2:]
        return any(part in file for part in QT_PLUGINS.get(kind, ()))
    if sys.platform.startswith("linux") and "/" not in name and name.startswith("lib") and ".so" in name:
        return name.startswith(OWN_LIBRARIES)
    return True


def shrink_unicode(folder: Path) -> None:
    """Cut Qt's Unicode data down to what two languages need (Linux; on Windows Qt uses the system's)."""
    import icu  # noqa: PLC0415 - beside this file

    for library in folder.rglob("libicudata.so.*"):
        if not library.is_symlink():
            icu.shrink(library)


def shrink_lapack(folder: Path, work: Path) -> None:
    """Give scipy the reference LAPACK instead of a second OpenBLAS (Linux; on Windows both are smaller)."""
    import lapack  # noqa: PLC0415 - beside this file

    if sys.platform.startswith("linux") and not lapack.shrink(folder / "_internal", work):
        print("trim: gcc, liblapack-dev or libblas-dev is missing: the program is 20 MB larger")


def strip_symbols(folder: Path) -> None:
    """Take debug symbols out of the libraries that may be stripped.

    numpy, scipy and Qt are left alone: their libraries were patched when their wheels were made, and strip breaks those
    ("ELF load command not page-aligned").
    """
    strip = shutil.which("strip")
    if not sys.platform.startswith("linux") or strip is None:
        return
    patched = ("numpy", "scipy", "PySide6", "shiboken6")
    for file in sorted((folder / "_internal").rglob("*.so*")):
        place = file.relative_to(folder / "_internal").as_posix()
        if (
            not file.is_symlink()
            and not place.startswith(patched)
            and not Path(place).name.startswith(("libscipy", "libgf"))
        ):
            subprocess.run([strip, "--strip-unneeded", str(file)], check=True)


def windows_look(root: Path, work: Path) -> dict[str, str]:
    """Return the icon and the version resource of the Windows programs, as options of ``EXE``."""
    from PyInstaller.utils.win32.versioninfo import (  # noqa: PLC0415 - exists on Windows only
        FixedFileInfo,
        StringFileInfo,
        StringStruct,
        StringTable,
        VarFileInfo,
        VarStruct,
        VSVersionInfo,
    )  # fmt: skip

    import artwork  # noqa: PLC0415 - beside this file; needs Qt

    scope: dict[str, str] = {}
    exec((root / "spc_desktop" / "version.py").read_text(encoding="utf-8"), scope)  # noqa: S102 - our own file
    version = scope["__version__"]
    numbers = tuple([*(int(part) for part in version.split(".")[:3] if part.isdigit()), 0, 0, 0, 0][:4])
    texts = {
        "CompanyName": "SPC Desktop", "FileDescription": "SPC Desktop", "FileVersion": version, "ProductVersion": version,
        "ProductName": "SPC Desktop", "LegalCopyright": "MIT",
    }  # fmt: skip
    table = StringTable("040904B0", [StringStruct(key, value) for key, value in texts.items()])
    parts = [StringFileInfo([table]), VarFileInfo([VarStruct("Translation", [0x0409, 0x04B0])])]
    info = VSVersionInfo(ffi=FixedFileInfo(filevers=numbers, prodvers=numbers), kids=parts)
    work.mkdir(parents=True, exist_ok=True)
    icon = artwork.write_ico(root / "resources" / "icons" / "app.svg", work / "spc-desktop.ico")
    return {"icon": str(icon), "version": info}
