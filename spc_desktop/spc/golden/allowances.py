"""Every value of the golden files that is not compared at the file's own tolerance, each with the reason.

The one place for exceptions: nothing else in the self-test leaves a value out or compares it more widely.
"""

from typing import NamedTuple


class Allowance(NamedTuple):
    """``path`` is a pattern over the keys inside ``expected`` (``*`` crosses ``/``); the first match in the list counts.

    ``kind``: ``skip`` (words, or another program's known error: not compared), ``decimals`` (the reference is printed to
    ``amount`` decimals: half a unit), ``abs`` and ``rel`` (the reference itself is no more accurate than ``amount``; for
    ``rel`` a value below 1e-8 of the largest of its group counts as 0). A value within the file's tolerance passes anyway.
    """

    feature: str
    path: str
    kind: str
    amount: float
    reason: str


ALLOWANCES: tuple[Allowance, ...] = (
    Allowance("*", "*note", "skip", 0, "words about the reference"),
    Allowance("*", "*as_shipped", "skip", 0, "a package's own output with constants rounded to three decimals"),
    Allowance("nonnormal_capability", "*optimizer_rel_tol", "skip", 0, "a setting of the reference's optimiser"),
    Allowance(
        "nonnormal_capability", "*ppm_above", "abs", 5e-10, "the reference subtracts: 1e6 (1 - cdf) in double precision"
    ),
    Allowance("capability_minitab", "*_2dp/values/*", "decimals", 2, "printed to two decimals"),
    Allowance("capability_minitab", "anderson_darling/*", "decimals", 2, "printed to two decimals"),
    Allowance("capability_minitab", "ppm_overall/*", "decimals", 2, "printed to two decimals"),
    Allowance("capability_minitab", "ppm_within_jasp_rounded_d2/*", "decimals", 2, "printed to two decimals"),
    Allowance("nonnormal_minitab", "*/pp*", "decimals", 2, "printed to two decimals"),
    Allowance("attribute_agreement", "fleiss/detail/*/kappa", "decimals", 3, "printed to three decimals"),
    Allowance("attribute_agreement", "fleiss/detail/*/z", "decimals", 3, "printed to three decimals"),
    Allowance("attribute_agreement", "*/p", "abs", 5e-16, "the reference subtracts: 2 (1 - cdf) in double precision"),
    Allowance(
        "gage_rr_crossed", "reml_lme4/*", "rel", 1e-3, "the reference's optimiser stops early: 4 digits, 1e-10 for 0"
    ),
    Allowance("boxcox", "yeo_johnson_lambda_car", "rel", 1e-4, "the reference's optimiser stops early: 4 to 5 digits"),
    Allowance("arl", "ucl", "skip", 0, "the file of the p chart repeats its lower limit under this name"),
    Allowance("arl", "R_arl/*", "inverse", 1e-13, "the reference subtracts: 1 - ptukey in double precision"),
    Allowance("arl", "arl/*", "inverse", 1e-16, "the reference solves with I - Q, singular to double precision"),
)
