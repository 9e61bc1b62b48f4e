"""What is to be seen of one panel, as data: chart units, no pixels, no Qt. Made by ``compose``, painted by ``paint``."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int32]

_NONE = np.empty(0)


@dataclass(frozen=True, slots=True)
class Levels:
    """Centre line and limits that judge nothing: provisional ones (dotted) or proposed ones (the ghost)."""

    center: float | None
    lcl: float | None
    ucl: float | None

    def named(self) -> list[tuple[str, float]]:
        """Return name and value of each that is given, from the top down."""
        pairs = (("UCL", self.ucl), ("CL", self.center), ("LCL", self.lcl))
        return [(name, value) for name, value in pairs if value is not None]


@dataclass(frozen=True, slots=True)
class SpecLimits:
    """Specification of the characteristic; drawn only where single measurements are plotted."""

    lsl: float | None = None
    target: float | None = None
    usl: float | None = None

    def lines(self) -> list[tuple[str, float]]:
        """Return name and value of each that is given."""
        named = (("LSL", self.lsl), ("T", self.target), ("USL", self.usl))
        return [(name, value) for name, value in named if value is not None]


@dataclass(frozen=True, slots=True)
class Stage:
    """From this position on other limits hold; ``name`` is written beside the dotted line."""

    first: int
    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What people did at a point: a flag for a comment, a ring for an open alert, a tick for a finished action."""

    comment: bool = False
    alert: bool = False
    done: bool = False
    text: str = ""
    """Told when the point is pointed at."""


@dataclass(frozen=True, slots=True)
class Group:
    """Points that belong together (a machine, a shift), drawn over each other with colour and shape of their own."""

    name: str
    positions: Sequence[int]


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of constant limits, for its grey bands."""

    start: float
    stop: float
    center: float
    sigma: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Strokes:
    """A line of several pieces; ``connect`` tells for each point whether it is joined to the next."""

    x: FloatArray = field(default_factory=lambda: _NONE)
    y: FloatArray = field(default_factory=lambda: _NONE)
    connect: IntArray = field(default_factory=lambda: np.empty(0, np.int32))


@dataclass(frozen=True, slots=True)
class Dots:
    """Points of one kind."""

    x: FloatArray = field(default_factory=lambda: _NONE)
    y: FloatArray = field(default_factory=lambda: _NONE)

    def same(self, other: "Dots") -> bool:
        """Tell whether the other has the same points."""
        return np.array_equal(self.x, other.x) and np.array_equal(self.y, other.y, equal_nan=True)


@dataclass(frozen=True, slots=True)
class Label:
    """A short text at a point: rule numbers or OOS."""

    x: float
    y: float
    text: str
    kind: str


@dataclass(slots=True)
class Picture:
    """One panel of the visible stretch."""

    line: Dots = field(default_factory=Dots)
    whole: bool = True
    """The line has no missing value."""
    limits: dict[str, Strokes] = field(default_factory=dict)
    """``center``, ``lcl``, ``ucl`` in force."""
    dotted: list[tuple[float, float, float]] = field(default_factory=list)
    """Start, stop and value of limits that judge nothing."""
    ghost: list[tuple[str, float]] = field(default_factory=list)
    zones: list[Zone] = field(default_factory=list)
    spec: list[tuple[str, float]] = field(default_factory=list)
    stages: list[tuple[float, str]] = field(default_factory=list)
    gaps: list[tuple[float, float]] = field(default_factory=list)
    dots: dict[str, Dots] = field(default_factory=dict)
    """Kind (``ok``, ``violation``, ``out_of_spec``, ``excluded``) -> points."""
    groups: list[tuple[str, Dots]] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    marks: list[tuple[float, float, Mark]] = field(default_factory=list)
    revision: tuple[int, int] = (0, 0)
    """Labels at positions before the second number stay where they are while the first is the same."""
