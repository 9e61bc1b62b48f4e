"""A bucket that fills at a rate: how much may be asked for at once and in the long run. The caller tells the time."""


class Bucket:
    """Fills at a rate up to a burst; taking from it empties it."""

    __slots__ = ("_at", "_burst", "_level", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._level, self._at = burst, now

    def take(self, amount: float, now: float) -> float:
        """Take an amount and return 0, or take nothing and return the seconds until it is there."""
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        # More than a burst at once is let through when the bucket is full: it could never be served otherwise.
        need = min(amount, self._burst)
        if self._level >= need:
            self._level -= amount
            return 0.0
        return (need - self._level) / self._rate
