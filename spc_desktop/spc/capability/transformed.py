"""Capability of data made normal by a power or Johnson transformation: values and limits are transformed alike."""

from dataclasses import dataclass

import numpy as np

from spc_desktop.spc import transforms
from spc_desktop.spc.arguments import checked
from spc_desktop.spc.capability.normal import CapabilityStudy, as_table, capability_study
from spc_desktop.spc.capability.specification import Specification
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.johnson import JohnsonTransform, fit_johnson
from spc_desktop.spc.normality import anderson_darling
from spc_desktop.spc.samples import FloatArray

METHODS = ("box_cox", "yeo_johnson", "johnson")


@dataclass(frozen=True, slots=True)
class TransformedCapability:
    """A capability study on the transformed scale.

    ``lmbda`` is that of a power transformation, ``curve`` Johnson's (the other is None). ``lower_unreachable`` and
    ``upper_unreachable``: the limit lies where the transformation is not defined (a lower limit at or below 0 for Box-Cox,
    outside a bounded curve), so nothing is expected beyond it and that side is not judged. ``normality_p`` is the
    Anderson-Darling p-value of the transformed data.
    """

    method: str
    lmbda: float | None
    curve: JohnsonTransform | None
    lower_unreachable: bool
    upper_unreachable: bool
    study: CapabilityStudy
    normality_p: float | None


@checked
def transformed_capability(
    values: object,
    specification: Specification,
    method: str = "box_cox",
    lmbda: float | None = None,
    within: str | None = None,
    confidence: float = 0.95,
) -> TransformedCapability:
    """Transform values and limits, then study them as normal. The target is transformed too.

    Args:
        values: individuals or subgroups, as for ``capability_study``.
        specification: limits on the original scale.
        method: one of ``METHODS``.
        lmbda: power to use; None: maximum likelihood over all values. Not for Johnson.
        within: sigma estimator, see ``capability_study``.
        confidence: of all intervals.

    Raises:
        SpcValueError: an unknown method, data the method does not accept, or no limit within reach.
    """
    if method not in METHODS:
        raise SpcValueError("method", "one of " + ", ".join(METHODS), method)
    if method == "johnson" and lmbda is not None:
        raise SpcValueError("lmbda", "None for Johnson, whose curve is fitted", lmbda)
    table = as_table(values)
    present = ~np.isnan(table)
    x = table[present]
    curve = fit_johnson(x) if method == "johnson" else None
    if method == "box_cox" and lmbda is None:
        lmbda = transforms.fit_box_cox(x).lmbda
    elif method == "yeo_johnson" and lmbda is None:
        lmbda = transforms.fit_yeo_johnson(x).lmbda
    scale = _Scale(method, lmbda, curve)
    moved = table.copy()
    moved[present] = scale.apply(x)
    limits = [None if limit is None else scale.limit(limit) for limit in (specification.lower, specification.upper)]
    if limits[0] is None and limits[1] is None:
        raise SpcValueError("specification", "at least one limit inside the range of the transformation")
    study = capability_study(
        moved,
        Specification(
            limits[0],
            limits[1],
            None if specification.target is None else scale.limit(specification.target),
            specification.lower_is_boundary and limits[0] is not None,
            specification.upper_is_boundary and limits[1] is not None,
        ),
        within,
        confidence,
    )
    return TransformedCapability(
        method,
        lmbda,
        curve,
        specification.lower is not None and limits[0] is None,
        specification.upper is not None and limits[1] is None,
        study,
        anderson_darling(moved[present]).p,
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    method: str
    lmbda: float | None
    curve: JohnsonTransform | None

    def apply(self, x: FloatArray) -> FloatArray:
        if self.curve is not None:
            return self.curve.transform(x)
        power = transforms.box_cox if self.method == "box_cox" else transforms.yeo_johnson
        return power(x, self.lmbda or 0.0)

    def limit(self, value: float) -> float | None:
        """The transformed limit, None where the transformation is not defined."""
        reachable = self.curve.covers(np.array([value])) if self.curve else self.method == "yeo_johnson" or value > 0
        return float(self.apply(np.array([value]))[0]) if reachable else None
