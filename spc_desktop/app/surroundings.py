"""Whether a window can open here, asked before Qt is: Qt aborts the process where a display or a library is missing.

Linux with X only; other systems and platforms chosen by hand (``QT_QPA_PLATFORM``) are left to Qt.
"""

import ctypes
import os
import sys

from spc_desktop.domain.errors import KnownError

LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libstdc++.so.6": "libstdc++6",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What Qt loads by itself -> Debian's package. It loads them anyway, so asking costs next to nothing."""


def require_display() -> None:
    """Return when a window can open.

    Raises:
        KnownError: ``library_missing`` (library, package), ``no_display`` (display).
    """
    chosen = os.environ.get("QT_QPA_PLATFORM", "")
    if not sys.platform.startswith("linux") or (chosen and not chosen.startswith("xcb")):
        return
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError as error:
            raise KnownError("library_missing", library=library, package=package) from error
    if not os.environ.get("DISPLAY") and os.environ.get("WAYLAND_DISPLAY"):
        return  # Qt may have a platform for it
    if not _answers():
        raise KnownError("no_display", display=os.environ.get("DISPLAY", ""))


def _answers() -> bool:
    """Connect to the X server as Qt will."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    try:
        return not xcb.xcb_connection_has_error(connection)
    finally:
        xcb.xcb_disconnect(connection)
