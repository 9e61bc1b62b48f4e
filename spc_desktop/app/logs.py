"""Where log records go: a rotating file written by its own thread, and warnings to the terminal.

Code logs with ``logging.getLogger(__name__)``. Records pass a queue, so that no disk is waited for on the thread of the loop.
"""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from logging.handlers import QueueHandler, QueueListener, RotatingFileHandler
from pathlib import Path
from queue import SimpleQueue

FILE_NAME = "spc-desktop.log"
MAX_BYTES = 5_000_000
KEEP = 5
CHATTY = ("alembic.runtime.plugins", "websockets", "aiohttp")
"""Libraries whose INFO tells nothing to whoever runs a hub."""
PLAIN = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for programs that collect logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time, level, logger, message and, where there is one, the traceback."""
        entry = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class _Door(QueueHandler):
    """Hands records over with their text made here and their traceback kept apart, as the formatters want it."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        copied = copy(record)
        copied.msg, copied.args = record.getMessage(), None
        return copied


@contextmanager
def logging_to(folder: Path, json_lines: bool = False) -> Iterator[Path]:
    """Log into ``folder`` while the block runs; everything is written when it ends. Yields the file's path.

    Args:
        folder: made where it does not exist.
        json_lines: JSON lines in the file and on the terminal instead of plain text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    formatter = JsonFormatter() if json_lines else logging.Formatter(PLAIN)
    handlers: list[logging.Handler] = [
        RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEEP, encoding="utf-8", delay=True)
    ]
    if sys.stderr is not None:  # a windowed program on Windows has none
        terminal = logging.StreamHandler()
        terminal.setLevel(logging.INFO if json_lines else logging.WARNING)
        handlers.append(terminal)
    for handler in handlers:
        handler.setFormatter(formatter)
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    door = _Door(queue)
    listener = QueueListener(queue, *handlers, respect_handler_level=True)
    root = logging.getLogger()
    level = root.level
    root.addHandler(door)
    root.setLevel(logging.INFO)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    listener.start()
    try:
        yield path
    finally:
        root.removeHandler(door)
        root.setLevel(level)
        listener.stop()
        for handler in handlers:
            handler.close()
