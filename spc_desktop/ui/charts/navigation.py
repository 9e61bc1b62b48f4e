"""Which stretch of a series is in view, and whether the view follows the newest point. No Qt."""

from spc_desktop.ui.charts.series import Series

SPAN = 100
"""Subgroups in view when a chart opens."""
MIN_SPAN = 25


class Stretch:
    """The visible stretch of positions, ``low`` to ``high``."""

    def __init__(self) -> None:
        self.low, self.high = -0.5, SPAN - 0.5
        self.locked = True

    @property
    def span(self) -> float:
        """Return its length."""
        return self.high - self.low

    def reset(self, series: Series | None) -> None:
        """Show the newest points at the usual width and follow them."""
        count = series.count if series else 0
        span = min(max(count, MIN_SPAN), SPAN)
        end = (series.end if series else 0) - 0.5
        self.low = end - span if count > span else (series.base if series else 0) - 0.5
        self.high = self.low + span + max(1.0, span * 0.04)
        self.locked = True

    def show_all(self, series: Series) -> None:
        """Show every point that is held."""
        self.low, self.high = series.base - 0.5, series.end + max(1.0, series.count * 0.02)

    def move(self, series: Series, low: float, high: float) -> None:
        """Show another stretch; one that leaves the newest point does not follow."""
        span = min(max(high - low, 5.0), max(series.count * 1.1, float(MIN_SPAN)))
        self.low = min(max(low, series.base - 0.5 - span * 0.05), series.end - 0.5 - span * 0.1)
        self.high = self.low + span
        self.locked = self.high >= series.end - 0.5

    def lock(self, series: Series) -> None:
        """Go to the newest point and follow it."""
        span = self.span
        self.low = max(series.end - 0.5 + self._room() - span, series.base - 0.5)
        self.high = self.low + span
        self.locked = True

    def _room(self) -> float:
        return max(1.0, self.span * 0.02)

    def follow(self, series: Series) -> None:
        """Move on by a tenth of the view at a time, so that the picture stands still most of the time."""
        span = self.span
        if not self.locked or self.high >= series.end - 0.5 + self._room():
            return
        if series.end <= span and self.low <= series.base:
            return
        self.high = series.end - 0.5 + max(self._room(), span * 0.1)
        self.low = self.high - span
