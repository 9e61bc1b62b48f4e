"""SPC Desktop: control charts, an alert hub and the window that shows both."""

from spc_desktop.version import __version__

__all__ = ["__version__"]
