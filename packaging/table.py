"""What the long tests of the packages print: a line for each thing that was tried, and how many failed."""

import sys
import time
from collections.abc import Callable


class Table:
    """``ok`` or ``FAILED`` and what was tried, a line each, as soon as it is known."""

    def __init__(self) -> None:
        self.failures = 0
        self.lines = 0

    def tell(self, good: object, what: str, details: str = "") -> bool:
        """Print a line; the details only of what failed."""
        self.lines += 1
        self.failures += 0 if good else 1
        print(f"{'ok    ' if good else 'FAILED'} {what}", flush=True)
        if details and not good:
            print("       " + details.strip()[-2000:].replace("\n", "\n       "), flush=True)
        return bool(good)

    def end(self) -> None:
        """Print the sum and end with its status."""
        print(f"{'FAILED' if self.failures else 'ok'}: {self.lines} lines, {self.failures} failed")
        sys.exit(1 if self.failures else 0)


def wait_until(seen: Callable[[], object], seconds: float) -> object:
    """Return the first true answer, or the last one."""
    end = time.monotonic() + seconds
    while not (answer := seen()) and time.monotonic() < end:
        time.sleep(0.2)
    return answer
