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
        return Columns(self.value[part], self.center[part], self.sigma[part], self.lcl[part], self.ucl[part], joined)

    def masks(self, level: Level) -> Masks:
        """Return the codes of every point for a level of form ``control``, ``side`` or ``zone``."""
        value = self.value
        center, sigma, lcl, ucl = map(_thin, (self.center, self.sigma, self.lcl, self.ucl))
        if level.form == "side":
            return Masks(value > center, value < center, np.zeros(value.size, dtype=np.bool_))
        if level.form == "control":
            return _control(value, level.sigma, center, sigma, lcl, ucl)
        if level.scale == "limits":
            upper = center + level.sigma * ((ucl - center) / 3.0)
            lower = center - level.sigma * ((center - lcl) / 3.0)
        else:
            width = level.sigma * sigma
            upper, lower = center + width, center - width
        above = value > upper
        below = (value < lower) & ~above
        return Masks(above, below, (value < upper) & (value > lower))

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


def _thin(column: FloatArray) -> FloatArray:
    """One entry for all points where the column holds one number for all, which saves the arithmetic on copies of it."""
    return column[:1] if column.strides == (0,) else column


def _control(
    value: FloatArray, k: float, center: FloatArray, sigma: FloatArray, lcl: FloatArray, ucl: FloatArray
) -> Masks:
    above, below = value > ucl, value < lcl
    none = np.isnan(ucl) & np.isnan(lcl)
    if none.any():
        width = k * sigma
        above = np.where(none, value > center + width, above)
        below = np.where(none, value < center - width, below)
    return Masks(above, below & ~above, np.zeros(value.size, dtype=np.bool_))
