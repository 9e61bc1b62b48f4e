"""Unexpected errors: five doors, one reporter. Each is logged, saved as a report and shown once; the program goes on.

Doors: ``sys.excepthook``, ``threading.excepthook``, the loop's exception handler, tasks of the window (``ui.aio`` calls
``report``) and Qt's messages (the window hands them to ``report_text``). A crash below Python is written by faulthandler and
found at the next start.
"""

import asyncio
import faulthandler
import hashlib
import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from spc_desktop.version import __version__

log = logging.getLogger(__name__)

FAULT_FILE = "fault.log"
KEPT = 100
"""How many reports a folder holds; the oldest go."""
ANSWERED_FILE = "reports-answered.txt"
"""Names of the reports that the person saved or waved away; the others are offered at the next start."""

Listener = Callable[[str, Path | None], None]
"""Gets one line about the error and the path of its report (None where it could not be written)."""


class CrashReporter:
    """Collects unexpected errors of one process; a repetition of the same traceback is only counted in the log."""

    def __init__(self, folder: Path, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._now = now
        self._seen: dict[str, int] = {}
        self._listeners: list[Listener] = []

    def add_listener(self, listener: Listener) -> None:
        """Call ``listener`` for each error seen for the first time; on the thread where it happened."""
        self._listeners.append(listener)

    def report(self, error: BaseException, where: str) -> None:
        """Report an exception; ``where`` names the door or the task."""
        lines = traceback.format_exception(error)
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        self._report(f"{type(error).__name__}: {error}", "".join(lines), where, f"{type(error).__name__}{frames}")

    def report_text(self, text: str, where: str) -> None:
        """Report what is no exception, for example a critical message of Qt."""
        self._report(text, text, where, text)

    def _report(self, summary: str, details: str, where: str, identity: str) -> None:
        mark = hashlib.sha256(identity.encode(errors="replace")).hexdigest()[:12]
        self._seen[mark] = self._seen.get(mark, 0) + 1
        if self._seen[mark] > 1:
            log.error("%s in %s again (%d times): report %s", summary, where, self._seen[mark], mark)
            return
        log.error("%s in %s\n%s", summary, where, details)
        path = self._save(mark, summary, details, where)
        for listener in self._listeners:
            listener(summary, path)

    def _save(self, mark: str, summary: str, details: str, where: str) -> Path | None:
        now = self._now()
        path = self._folder / f"crash-{now:%Y%m%d-%H%M%S}-{mark}.txt"
        text = (
            f"SPC Desktop {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
            f"{now.isoformat()} in {where}\n{summary}\n\n{details}\n"
        )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="replace")
            for old in sorted(self._folder.glob("crash-*.txt"))[:-KEPT]:  # a service that is restarted for ever
                old.unlink()
        except OSError as error:
            log.warning("the report could not be saved: %s", error)
            return None
        return path

    def loop_handler(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Exception handler for ``loop.set_exception_handler``."""
        error = context.get("exception")
        where = f"event loop ({context.get('message', '')})"
        if isinstance(error, BaseException):
            self.report(error, where)
        else:
            self.report_text(str(context.get("message", "unknown problem")), where)


def open_reports(folder: Path) -> list[Path]:
    """Return the reports in a folder of logs that nobody answered yet, the oldest first."""
    try:
        answered = set((folder / ANSWERED_FILE).read_text(encoding="utf-8", errors="replace").split("\n"))
    except OSError:
        answered = set()
    return sorted(file for file in folder.glob("crash-*.txt") if file.name not in answered)


def answer_reports(folder: Path, reports: Iterable[Path]) -> None:
    """Do not offer these reports again; what is not there any more is forgotten."""
    still = {file.name for file in folder.glob("crash-*.txt")} - {file.name for file in open_reports(folder)}
    names = still | {file.name for file in reports}
    try:
        (folder / ANSWERED_FILE).write_text("".join(f"{name}\n" for name in sorted(names)), encoding="utf-8")
    except OSError as error:
        log.warning("that reports were answered could not be noted: %s", error)


@contextmanager
def reporting_to(folder: Path, now: Callable[[], datetime]) -> Iterator[CrashReporter]:
    """Open the doors of this process while the block runs; yields the reporter."""
    reporter = CrashReporter(folder, now)
    folder.mkdir(parents=True, exist_ok=True)
    _tell_last_fault(folder, reporter)

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            reporter.report(error.with_traceback(trace), "the main thread")

    def on_thread_exception(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            reporter.report(args.exc_value, f"thread {args.thread.name if args.thread else '?'}")

    before = sys.excepthook, threading.excepthook
    was_enabled = faulthandler.is_enabled()
    sys.excepthook, threading.excepthook = on_exception, on_thread_exception
    with (folder / FAULT_FILE).open("w", encoding="utf-8") as fault_file:
        faulthandler.enable(fault_file)
        try:
            yield reporter
        finally:
            faulthandler.disable()
            if was_enabled:
                faulthandler.enable()
            sys.excepthook, threading.excepthook = before


def _tell_last_fault(folder: Path, reporter: CrashReporter) -> None:
    path = folder / FAULT_FILE
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    if text.strip():
        reporter.report_text(f"the last run ended in a crash below Python:\n{text}", "the last run")
