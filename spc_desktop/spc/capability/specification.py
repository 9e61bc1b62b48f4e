"""The specification that a capability study is judged against."""

from dataclasses import dataclass

from spc_desktop.spc.arguments import number
from spc_desktop.spc.errors import SpcValueError


@dataclass(frozen=True, slots=True)
class Specification:
    """Limits and target in the units of the measurement; None where there is none.

    ``lower_is_boundary``/``upper_is_boundary``: the limit cannot be crossed physically (zero for a runout). A boundary
    gives no index and no expected fraction on its side, and no two-sided index.

    Raises:
        SpcValueError: no limit at all, a number that is not finite, lower not below upper, a boundary without a limit,
            nothing but boundaries, or a target outside the limits.
    """

    lower: float | None = None
    upper: float | None = None
    target: float | None = None
    lower_is_boundary: bool = False
    upper_is_boundary: bool = False

    def __post_init__(self) -> None:
        for name in ("lower", "upper", "target"):
            value = getattr(self, name)
            if value is not None:
                number(value, name)
        for name in ("lower_is_boundary", "upper_is_boundary"):
            if not isinstance(getattr(self, name), bool):
                raise SpcValueError(name, "true or false", getattr(self, name))
        self._check_limits()
        if self.target is not None and not (
            (self.lower is None or self.target >= self.lower) and (self.upper is None or self.target <= self.upper)
        ):
            raise SpcValueError("target", "a value inside the specification limits", self.target)

    def _check_limits(self) -> None:
        if self.lower is None and self.upper is None:
            raise SpcValueError("lower", "at least one specification limit")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise SpcValueError("lower", "a lower limit below the upper one", (self.lower, self.upper))
        if (self.lower_is_boundary and self.lower is None) or (self.upper_is_boundary and self.upper is None):
            raise SpcValueError("boundary", "a limit on the side that is a boundary")
        if self.judged_lower is None and self.judged_upper is None:
            raise SpcValueError("boundary", "at least one limit that is not a boundary")

    @property
    def judged_lower(self) -> float | None:
        """The lower limit, unless it is a boundary."""
        return None if self.lower_is_boundary else self.lower

    @property
    def judged_upper(self) -> float | None:
        """The upper limit, unless it is a boundary."""
        return None if self.upper_is_boundary else self.upper
