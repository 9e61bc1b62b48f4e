"""Where points lie: an array of values against its centres, zone lines or limits, as masks.

The expressions are those of the automaton (``rules_step``) in double precision, so that both agree bit for bit.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.rules import Rule

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


class Level(NamedTuple):
    """What a rule compares the point with; rules with the same level share one comparison."""

    form: str
    """``control`` (limits of the point), ``side`` (centre), ``zone``, ``value`` (the value itself), ``z``."""
    sigma: float = 0.0
    scale: str = "sigma"


class Masks(NamedTuple):
    """Where points lie: above the line, below the other, strictly between them; on a line or not defined is none."""

    above: BoolArray
    below: BoolArray
    inside: BoolArray


def level_of(rule: Rule) -> Level:
    """Return what a rule compares points with."""
    if rule.kind in {"trend", "alternation"}:
        return Level("value")
    if rule.kind in {"run", "longest_run", "crossings"} or (rule.kind == "zone" and rule.sigma == 0):
        return Level("side")
    if rule.kind == "beyond" and rule.option("limits") == "control":
        return Level("control", rule.sigma)
    if rule.kind == "range":
        across = rule.option("range") == "across"
        return Level("zone" if across else "z", rule.sigma / 2 if across else 0.0, rule.option("scale"))
    return Level("zone", rule.sigma, rule.option("scale"))


class Columns(NamedTuple):
    """Points as arrays of one length; NaN where something is not defined."""

    value: FloatArray
    center: FloatArray
    sigma: FloatArray
    lcl: FloatArray
    ucl: FloatArray
    joined: BoolArray | None
    """True where a point follows its predecessor without a gap or break; None when all do (but the first)."""

    def cut(self, part: slice) -> "Columns":
        """Return the columns of a stretch, as views."""
        joined = None if self.joined is None else self.joined[part]
        return Columns(*(column[part] for column in self[:5]), joined)

    def masks(self, level: Level) -> Masks:
        """Return the codes of every point for a level of form ``control``, ``side`` or ``zone``."""
        if level.form == "side":
            nothing = np.zeros(self.value.size, dtype=np.bool_)
            return Masks(self.value > self.center, self.value < self.center, nothing)
        if level.form == "control":
            return self._control(level.sigma)
        if level.scale == "limits":
            upper = self.center + level.sigma * ((self.ucl - self.center) / 3.0)
            lower = self.center - level.sigma * ((self.center - self.lcl) / 3.0)
        else:
            width = level.sigma * self.sigma
            upper, lower = self.center + width, self.center - width
        above = self.value > upper
        below = (self.value < lower) & ~above
        return Masks(above, below, (self.value < upper) & (self.value > lower))

    def _control(self, k: float) -> Masks:
        above, below = self.value > self.ucl, self.value < self.lcl
        width = k * self.sigma
        if not np.isnan(width).all():
            none = np.isnan(self.ucl) & np.isnan(self.lcl)
            if none.any():
                above = np.where(none, self.value > self.center + width, above)
                below = np.where(none, self.value < self.center - width, below)
        return Masks(above, below & ~above, np.zeros(self.value.size, dtype=np.bool_))

    def z(self, scale: str) -> FloatArray:
        """Return standardised values; NaN where they are not defined or not finite."""
        distance = self.value - self.center
        width = self.sigma
        if scale == "limits":
            known = np.isnan(self.lcl) | np.isnan(self.ucl)
            width = np.where(distance > 0, (self.ucl - self.center) / 3.0, (self.center - self.lcl) / 3.0)
            width = np.where(known, np.nan, width)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            z = distance / width
        return np.where(np.isfinite(z), z, np.nan)
