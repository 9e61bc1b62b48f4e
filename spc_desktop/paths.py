"""Where the program's own files and the user's data are: one answer for checkout, wheel and built program."""

import sys
from pathlib import Path

from platformdirs import user_data_path

APP_NAME = "spc-desktop"


def resource(name: str) -> Path:
    """Return the path of a file or folder under ``resources/``, for example ``resource("help/ko")``.

    A PyInstaller build and a wheel carry the folder inside the package; a source checkout has it beside the package.

    Raises:
        FileNotFoundError: the resource is not part of this installation.
    """
    package = Path(__file__).parent
    roots = [
        Path(getattr(sys, "_MEIPASS", package)) / "resources",
        package / "_resources",
        package.parent / "resources",
    ]
    for root in roots:
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(name)


def data_dir() -> Path:
    """Return the folder of the user's database, settings and logs (it may not exist yet)."""
    return user_data_path(APP_NAME, appauthor=False)
