"""Who has a TCP port of this computer, and which one is free instead."""

import ctypes
import socket
import sys
from pathlib import Path

NEARBY = 50
"""Ports behind the wanted one that are tried before any other."""


def free_port(host: str, wanted: int) -> int:
    """Return a port that could be listened on a moment ago: the first behind the wanted one, else any; 0 where none is."""
    nearby = (port for port in range(wanted + 1, wanted + 1 + NEARBY) if port < 2**16)
    for port in (*nearby, 0):
        try:
            with socket.create_server((host, port), reuse_port=False) as server:
                return int(server.getsockname()[1])
        except OSError:
            continue
    return 0


def who_listens(port: int) -> str:
    """Return name and process number of the program that listens on a port, empty when it cannot be found."""
    if sys.platform == "win32":
        pid = _listening_pid(port)
        return f"{_program_of(pid)} ({pid})" if pid else ""
    if not sys.platform.startswith("linux"):
        return ""
    sockets = _listening_inodes(port)
    for folder in Path("/proc").glob("[0-9]*") if sockets else ():
        try:
            if any(_target(entry) in sockets for entry in (folder / "fd").iterdir()):
                name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"{name} ({folder.name})"
        except OSError:  # gone, or another user's
            continue
    return ""


# -- Linux -------------------------------------------------------------------------------------------------------------


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # closed meanwhile
        return ""


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found


# -- Windows -----------------------------------------------------------------------------------------------------------

if sys.platform == "win32":
    _IPV4, _LISTENERS_WITH_PID, _ASK_LITTLE, _NAME_LENGTH = 2, 3, 0x1000, 1024

    def _listening_pid(port: int) -> int:
        """Look into the system's table of listeners: rows of state, address, port, address, port, process."""
        table = ctypes.windll.iphlpapi.GetExtendedTcpTable
        size = ctypes.c_ulong(0)
        table(None, ctypes.byref(size), False, _IPV4, _LISTENERS_WITH_PID, 0)
        buffer = (ctypes.c_ulong * (size.value // 4 + 64))()
        size = ctypes.c_ulong(ctypes.sizeof(buffer))
        if table(buffer, ctypes.byref(size), False, _IPV4, _LISTENERS_WITH_PID, 0):
            return 0
        for row in range(buffer[0]):
            _state, _address, theirs, _far, _far_port, pid = buffer[1 + 6 * row : 7 + 6 * row]
            if socket.ntohs(theirs & 0xFFFF) == port:
                return int(pid)
        return 0

    def _program_of(pid: int) -> str:
        kernel = ctypes.windll.kernel32
        kernel.OpenProcess.restype = ctypes.c_void_p
        handle = ctypes.c_void_p(kernel.OpenProcess(_ASK_LITTLE, False, pid))
        if not handle:
            return "?"
        try:
            name, size = ctypes.create_unicode_buffer(_NAME_LENGTH), ctypes.c_ulong(_NAME_LENGTH)
            found = kernel.QueryFullProcessImageNameW(handle, 0, name, ctypes.byref(size))
            return Path(name.value).name if found else "?"
        finally:
            kernel.CloseHandle(handle)
