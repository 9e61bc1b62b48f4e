"""Sentences and names of the capability screen and of its report, in the language of the window."""

from collections.abc import Sequence

from spc_desktop.domain.review import LEAST_SUBGROUPS, LEAST_VALUES, Gate, Review, Standing
from spc_desktop.i18n import _, current_language, marked
from spc_desktop.protocol.wording import sentence
from spc_desktop.spc.capability.attribute import BinomialCapability
from spc_desktop.ui.charts.words import number

LAWS = {
    "normal": marked("Normal"),
    "best": marked("Best fit"),
    "box_cox": marked("Box-Cox transformation"),
    "yeo_johnson": marked("Yeo-Johnson transformation"),
    "johnson": marked("Johnson transformation"),
    "lognormal": marked("Lognormal"),
    "weibull": marked("Weibull"),
    "gamma": marked("Gamma"),
    "exponential": marked("Exponential"),
    "logistic": marked("Logistic"),
    "loglogistic": marked("Loglogistic"),
    "smallest_extreme": marked("Smallest extreme value"),
    "largest_extreme": marked("Largest extreme value"),
    "lognormal_3": marked("Lognormal, 3 parameters"),
    "weibull_3": marked("Weibull, 3 parameters"),
    "gamma_3": marked("Gamma, 3 parameters"),
    "loglogistic_3": marked("Loglogistic, 3 parameters"),
    "exponential_2": marked("Exponential, 2 parameters"),
}
ESTIMATORS = {
    "rbar": marked("mean range / d2"),
    "sbar": marked("mean standard deviation / c4"),
    "pooled": marked("pooled standard deviation"),
    "pooled_c4": marked("pooled standard deviation / c4"),
    "mrbar": marked("mean moving range / d2"),
    "mrbar_screened": marked("mean moving range / d2, without outlying ranges"),
    "median_mr": marked("median moving range / d4"),
    "mssd": marked("root of the mean squared successive difference"),
    "mssd_c4": marked("root of the mean squared successive difference / c4"),
    "overall": marked("standard deviation of all values"),
    "overall_c4": marked("standard deviation of all values / c4"),
}
"""How sigma is estimated -> its words."""
GLYPHS = {Standing.INCAPABLE: "■", Standing.UNPROVEN: "◆", Standing.CAPABLE: "●", Standing.NONE: "–"}
STANDINGS = {
    Standing.INCAPABLE: marked("Not capable"),
    Standing.UNPROVEN: marked("Not yet shown to be capable"),
    Standing.CAPABLE: marked("Capable"),
    Standing.NONE: marked("No index"),
}
TRENDS = {1: "↑", 0: "→", -1: "↓"}
TREND_WORDS = {
    1: marked("The newer half is better than the older one."),
    0: marked("No certain change between the older and the newer half."),
    -1: marked("The newer half is worse than the older one."),
}


_FAILED = {
    "stable": marked("not stable"),
    "size": marked("too few data"),
    "normal": marked("the distribution does not fit"),
}
"""Gate -> why an index is not to be relied on, in a few words."""


def p_text(p: float) -> str:
    """Write a p-value."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def index_text(value: float | None) -> str:
    """Write an index with two decimals."""
    return number(value, 2)


def ppm_text(value: float | None) -> str:
    """Write parts per million: whole ones, and small ones with two digits."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def index_name(review: Review) -> str:
    """Return what is judged."""
    normal = review.law is None or review.law.name == "normal"
    within = review.study is not None and review.study.within is not None
    return "Cpk" if normal and within else "Ppk"


def verdict(review: Review) -> str:
    """Say in one sentence how the process stands, and whether that may be believed."""
    if review.problem is not None:
        return sentence(review.problem.code, review.problem.params, current_language())
    if review.counts is not None:
        return _counts_verdict(review)
    text = _standing(review)
    failed = [_(_FAILED[gate.kind]) for gate in review.gates if not gate.passed]
    return text + " " + _("Do not rely on it ({reasons}).", reasons=", ".join(failed)) if failed else text


def _standing(review: Review) -> str:
    words = {
        "name": index_name(review),
        "index": index_text(review.index),
        "bound": index_text(review.bound),
        "required": index_text(review.required),
    }
    if review.standing is Standing.INCAPABLE:
        return _("Not capable: {name} {index} is below the required {required}.", **_without(words, "bound"))
    if review.standing is Standing.UNPROVEN:
        return _(
            "Not yet shown to be capable: {name} {index}, but with 95 % confidence only at least {bound}"
            " (required: {required}).",
            **words,
        )
    if review.bound is None:
        return _("Capable: {name} {index} (required: {required}).", **_without(words, "bound"))
    return _("Capable: {name} {index}, with 95 % confidence at least {bound} (required: {required}).", **words)


def _without(words: dict[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in words.items() if key != name}


def _counts_verdict(review: Review) -> str:
    counts = review.counts
    if isinstance(counts, BinomialCapability):
        low, high = counts.interval
        return _(
            "{p} % defective (95 % confidence: {low} to {high} %), {bad} of {all} pieces.",
            p=f"{100 * counts.p:.3g}",
            low=f"{100 * low:.3g}",
            high=f"{100 * high:.3g}",
            bad=f"{counts.defectives:,}",
            all=f"{counts.inspected:,}",
        )
    assert counts is not None  # noqa: S101 - asked only with counts
    low, high = counts.interval
    return _(
        "{dpu} defects per unit (95 % confidence: {low} to {high}), {bad} on {all} units.",
        dpu=f"{counts.dpu:.3g}",
        low=f"{low:.3g}",
        high=f"{high:.3g}",
        bad=f"{counts.defects:,}",
        all=f"{counts.units:,.6g}",
    )


def gate_text(gate: Gate) -> str:
    """Say what a gate found."""
    found = gate.found
    if gate.kind == "stable":
        if gate.passed:
            return _("Stable: no signals at {points} points.", points=int(found["points"]))
        return _(
            "Not stable: signals at {signals} of {points} points. Find the cause, then leave these points out.",
            signals=int(found["signals"]),
            points=int(found["points"]),
        )
    if gate.kind == "size":
        if gate.passed:
            return _(
                "Enough data: {values} values in {subgroups} subgroups.",
                values=int(found["values"]),
                subgroups=int(found["subgroups"]),
            )
        return _(
            "Too few data: {missing} more subgroups are needed ({least} subgroups and {values} values at least).",
            missing=int(found["missing"]),
            least=LEAST_SUBGROUPS,
            values=LEAST_VALUES,
        )
    if "p" not in found:
        return _("Distribution: not tested, too few values.")
    p = p_text(found["p"])
    if gate.passed:
        return _("The distribution fits (Anderson-Darling, p-value: {p}).", p=p)
    return _("The distribution does not fit (Anderson-Darling, p-value: {p}). Choose another one.", p=p)


def summary(review: Review) -> str:
    """Return the verdict and every gate, for a screen reader."""
    return " ".join([verdict(review), *(gate_text(gate) for gate in review.gates)])


def interval_text(interval: Sequence[float] | None) -> str:
    """Write a confidence interval."""
    return "–" if interval is None else f"{interval[0]:.2f} – {interval[1]:.2f}"


def estimator_text(name: str) -> str:
    """Name an estimator of sigma."""
    return _(ESTIMATORS[name]) if name in ESTIMATORS else name
