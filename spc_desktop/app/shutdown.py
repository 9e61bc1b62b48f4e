"""How a program is asked to stop, and what happens when it does not.

Signals set one event; the program leaves its ``async with`` blocks in order. Signals may come twice (a terminal and a wrapper
both send them), so a second one changes nothing; the deadline ends a program that hangs.
"""

import asyncio
import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)

DEADLINE = 10.0
"""Seconds for an orderly stop."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))


@contextmanager
def stop_on_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> Iterator[None]:
    """Set ``stop`` on SIGINT and SIGTERM (and a closed terminal or console) while the block runs.

    Works on every loop: ``loop.add_signal_handler`` exists neither on Windows nor under qasync, so plain handlers are used,
    and where the loop can watch a socket the interpreter is woken through one (inside Qt it runs no Python otherwise).
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def on_signal(number: int, frame: FrameType | None) -> None:
        log.info("signal %d: stopping", number)
        loop.call_soon_threadsafe(stop.set)

    for number in SIGNALS:
        signal.signal(number, on_signal)
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    old_fd = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    try:
        loop.add_reader(reading.fileno(), lambda: reading.recv(64))
        watched = True
    except NotImplementedError:  # Windows: the loop of asyncio has a wake-up of its own, Qt's timers run often enough
        signal.set_wakeup_fd(old_fd)
        watched = False
    try:
        yield
    finally:
        if watched:
            loop.remove_reader(reading.fileno())
            signal.set_wakeup_fd(old_fd)
        reading.close()
        writing.close()
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def must_end_within(seconds: float, status: int) -> Iterator[None]:
    """End the process with ``status`` if the block has not ended after ``seconds``; the stacks go to the terminal."""

    def give_up() -> None:
        log.critical("the program did not stop within %.0f s and is ended now", seconds)
        if sys.stderr is not None:
            faulthandler.dump_traceback()
        os._exit(status)

    timer = threading.Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
