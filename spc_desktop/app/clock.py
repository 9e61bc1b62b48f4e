"""The real clock; everything below ``app`` gets it handed in, tests hand in one they turn themselves."""

import time
from datetime import datetime


class SystemClock:
    """Implements ``hub.ports.Clock``."""

    def now(self) -> datetime:
        """Return the wall clock with the local offset."""
        return datetime.now().astimezone()

    def monotonic(self) -> float:
        """Return seconds that never jump."""
        return time.monotonic()
