"""The door of a running program: a second start shows its window, ``--quit`` ends it. Loopback only, by a secret in a note.

The note ``control.json`` lies in the data folder and only its owner can read it: port and a token that is new at each start.
One line each way: ``token command`` and ``ok`` or ``no``. Not part of any protocol for clients.
"""

import asyncio
import hmac
import json
import os
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from spc_desktop.app.instance import is_in_use, write_note
from spc_desktop.app.shutdown import DEADLINE

NOTE_FILE = "control.json"
PATIENCE = 3.0
"""Seconds that a program gets for an answer; it may be drawing or loading."""
LONGEST = 200
"""Bytes of a line; a stranger who writes more is not listened to."""

Commands = Mapping[str, Callable[[], None]]


@asynccontextmanager
async def open_door(data_dir: Path, commands: Commands) -> AsyncIterator[None]:
    """Listen to ``ask`` while the block lasts; ``ping`` is always answered.

    Args:
        data_dir: the folder this program holds (``instance.sole_user``).
        commands: word -> what it does, called on the loop.

    Raises:
        KnownError: ``data_dir_unwritable``, ``disk_full``.
    """
    token = secrets.token_hex(16)
    server = await asyncio.start_server(
        partial(_answer, token, {"ping": lambda: None, **commands}), "127.0.0.1", 0, limit=LONGEST
    )
    note = data_dir / NOTE_FILE
    try:
        write_note(note, {"pid": os.getpid(), "port": server.sockets[0].getsockname()[1], "token": token})
        yield
    finally:
        note.unlink(missing_ok=True)
        server.close()


async def _answer(token: str, commands: Commands, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            line = (await reader.readline()).decode("ascii", "replace")
        given, _, word = line.strip().partition(" ")
        known = hmac.compare_digest(given.encode(), token.encode()) and word in commands
        writer.write(b"ok\n" if known else b"no\n")
        await writer.drain()
        if known:
            commands[word]()
    except (OSError, ValueError, TimeoutError):  # gone, silent, or no line within the limit
        pass
    finally:
        writer.close()


def ask(data_dir: Path, word: str) -> bool:
    """Ask the program that has the folder; True when it knew the word. False: nobody there, or it does not answer."""
    try:
        note = json.loads((data_dir / NOTE_FILE).read_text(encoding="ascii"))
        _let_come_forward(int(note["pid"]))
        with socket.create_connection(("127.0.0.1", int(note["port"])), PATIENCE) as connection:
            connection.sendall(f"{note['token']} {word}\n".encode("ascii"))
            return connection.makefile("rb").readline(LONGEST) == b"ok\n"
    except (OSError, ValueError, KeyError, TypeError):
        return False


def end_running(data_dir: Path) -> bool | None:
    """Ask the program that has the folder to end and wait until it has let go of it.

    Returns:
        True when it ended, False when it still runs after its deadline, None when there was none.
    """
    if not is_in_use(data_dir):
        return None
    ask(data_dir, "quit")
    last = time.monotonic() + DEADLINE + PATIENCE
    while is_in_use(data_dir):
        if time.monotonic() > last:
            return False
        time.sleep(0.1)
    return True


def _let_come_forward(pid: int) -> None:
    """Windows lets a program raise its window only when the one in front allows it: that is us, just started by hand."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(pid)
