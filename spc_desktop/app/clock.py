"""The real clock; everything below ``app`` gets it handed in, tests hand in one they turn themselves."""

import os
import sys
import time
from datetime import datetime
from pathlib import Path


class SystemClock:
    """Implements ``hub.ports.Clock``."""

    def now(self) -> datetime:
        """Return the wall clock with the local offset."""
        return datetime.now().astimezone()

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()


def process_age() -> float:
    """Return the seconds since the system started this process: what a person waits for includes loading the program.

    Linux gives hundredths of a second, Windows less than a millisecond; elsewhere it is the time the processor worked.
    """
    if sys.platform.startswith("linux"):
        fields = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    if sys.platform == "win32":
        import ctypes

        times = [ctypes.c_ulonglong() for _ in range(4)]
        kernel = ctypes.windll.kernel32
        kernel.GetProcessTimes(ctypes.c_void_p(-1), *(ctypes.byref(entry) for entry in times))
        return time.time() - (times[0].value / 1e7 - 11_644_473_600)  # counted from the year 1601
    return time.process_time()
