"""The named rule sets, as data. A user's own set is just another ``RuleSet``; ``dataclasses.replace`` edits a rule.

Sources: Nelson (1984) JQT 16(4); Western Electric (1956) Statistical Quality Control Handbook; AIAG (2005) SPC, 2nd ed.;
Montgomery, Introduction to SQC, table of sensitising rules; Juran and Hughes as listed in the vendors' named rule sets;
Westgard et al. (1981) Clin. Chem. 27(3); Anhøj & Olesen (2014) PLoS ONE 9(11).
"""

from spc_desktop.spc.rules import Rule, RuleSet


def _beyond(rule_id: str, number: int, sigma: float = 3.0) -> Rule:
    return Rule(rule_id, "beyond", sigma=sigma, number=number)


def _zone(rule_id: str, number: int, k: int, n: int, sigma: float) -> Rule:
    return Rule(rule_id, "zone", k=k, n=n, sigma=sigma, number=number)


def _row(rule_id: str, number: int, kind: str, k: int, sigma: float = 0.0, side: str = "same") -> Rule:
    return Rule(rule_id, kind, k=k, sigma=sigma, side=side, number=number)


_NELSON = RuleSet(
    "nelson",
    (
        _beyond("nelson_1", 1),
        _row("nelson_2", 2, "run", 9),
        _row("nelson_3", 3, "trend", 6),
        _row("nelson_4", 4, "alternation", 14),
        _zone("nelson_5", 5, 2, 3, 2.0),
        _zone("nelson_6", 6, 4, 5, 1.0),
        _row("nelson_7", 7, "within", 15, 1.0),
        _row("nelson_8", 8, "outside", 8, 1.0, "both"),
    ),
)

_WESTERN_ELECTRIC = RuleSet(
    "western_electric",
    (
        _beyond("we_1", 1),
        _zone("we_2", 2, 2, 3, 2.0),
        _zone("we_3", 3, 4, 5, 1.0),
        _row("we_4", 4, "run", 8),
    ),
)

_AIAG = RuleSet(
    "aiag",
    (
        _beyond("aiag_1", 1),
        _row("aiag_2", 2, "run", 7),
        _row("aiag_3", 3, "trend", 6),
        _row("aiag_4", 4, "alternation", 14),
        _zone("aiag_5", 5, 2, 3, 2.0),
        _zone("aiag_6", 6, 4, 5, 1.0),
        _row("aiag_7", 7, "within", 15, 1.0),
        _row("aiag_8", 8, "outside", 8, 1.0, "either"),
    ),
)

_MONTGOMERY = RuleSet(
    "montgomery",
    (
        _beyond("montgomery_1", 1),
        _zone("montgomery_2", 2, 2, 3, 2.0),
        _zone("montgomery_3", 3, 4, 5, 1.0),
        _row("montgomery_4", 4, "run", 8),
        _row("montgomery_5", 5, "trend", 6),
        _row("montgomery_6", 6, "within", 15, 1.0),
        _row("montgomery_7", 7, "alternation", 14),
        _row("montgomery_8", 8, "outside", 8, 1.0, "both"),
    ),
)

_JURAN = RuleSet(
    "juran",
    (
        _beyond("juran_1", 1),
        _zone("juran_2", 2, 2, 3, 2.0),
        _zone("juran_3", 3, 4, 5, 1.0),
        _row("juran_4", 4, "run", 9),
        _row("juran_5", 5, "trend", 6),
        _row("juran_6", 6, "outside", 8, 1.0, "either"),
    ),
)

_HUGHES = RuleSet(
    "hughes",
    (
        _beyond("hughes_1", 1),
        _zone("hughes_2", 2, 2, 3, 2.0),
        _zone("hughes_3", 3, 3, 7, 2.0),
        _zone("hughes_4", 4, 4, 10, 2.0),
        _zone("hughes_5", 5, 4, 5, 1.0),
        _row("hughes_6", 6, "run", 7),
        _zone("hughes_7", 7, 10, 11, 0.0),
        _zone("hughes_8", 8, 12, 14, 0.0),
        _zone("hughes_9", 9, 14, 17, 0.0),
        _zone("hughes_10", 10, 16, 20, 0.0),
        _row("hughes_11", 11, "trend", 7),
    ),
)

_WESTGARD = RuleSet(
    "westgard",
    (
        _beyond("westgard_1_2s", 1, 2.0),
        _beyond("westgard_1_3s", 2),
        _zone("westgard_2_2s", 3, 2, 2, 2.0),
        _zone("westgard_2of3_2s", 4, 2, 3, 2.0),
        _row("westgard_R_4s", 5, "range", 1, 4.0),
        _zone("westgard_3_1s", 6, 3, 3, 1.0),
        _zone("westgard_4_1s", 7, 4, 4, 1.0),
        _row("westgard_6x", 8, "run", 6),
        _row("westgard_8x", 9, "run", 8),
        _row("westgard_9x", 10, "run", 9),
        _row("westgard_10x", 11, "run", 10),
        _row("westgard_12x", 12, "run", 12),
        _row("westgard_7T", 13, "trend", 7),
    ),
)

_ANHOJ = RuleSet("anhoj", (_row("anhoj_run", 1, "longest_run", 1), _row("anhoj_crossings", 2, "crossings", 1)))

RULE_SETS: dict[str, RuleSet] = {
    rule_set.name: rule_set
    for rule_set in (_NELSON, _WESTERN_ELECTRIC, _AIAG, _MONTGOMERY, _JURAN, _HUGHES, _WESTGARD, _ANHOJ)
}
