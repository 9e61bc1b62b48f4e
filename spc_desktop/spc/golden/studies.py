"""Adapters of the self-test for capability, distributions, transformations, normality and measurement systems."""

from collections.abc import Callable, Mapping
from typing import Any

from spc_desktop.spc import normality

Given = Mapping[str, Any]


def _normality(given: Given) -> dict[str, Any]:
    x = given["values"]
    ad, cvm, ks = normality.anderson_darling(x), normality.cramer_von_mises(x), normality.lilliefors(x)
    sw, sf, shape = normality.shapiro_wilk(x), normality.shapiro_francia(x), normality.moments(x)
    return {
        "n": sum(value is not None for value in x),
        "anderson_darling": {"A": ad.statistic, "A_star": ad.adjusted, "p": ad.p},
        "cramer_von_mises": {"W": cvm.statistic, "p": cvm.p},
        "lilliefors": {"D": ks.statistic, "p": ks.p},
        "shapiro_wilk": {"W": sw.statistic, "p": sw.p},
        "skewness_g1": shape.g1,
        "skewness_G1": shape.big_g1,
        "kurtosis_excess_g2": shape.g2,
        "kurtosis_excess_G2": shape.big_g2,
        "jarque_bera": normality.jarque_bera(x).statistic,
        "shapiro_francia": {"W": sf.statistic, "p": sf.p},
        "ryan_joiner_r": normality.ryan_joiner(x).statistic,
    }


ADAPTERS: dict[str, Callable[[Given], Any]] = {
    "normality": _normality,
}
