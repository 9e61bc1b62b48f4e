"""Adapters of the self-test for run rules and the run chart: the variants by name, judged by our monitor."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.charts import run_chart
from spc_desktop.spc.run_rules import RULE_SETS, Rule, RuleSet, compile_rules

FloatArray = NDArray[np.float64]


def _named() -> dict[str, Rule]:
    """The rules under the names that the reference files use."""
    known = {rule.id: rule for rule_set in RULE_SETS.values() for rule in rule_set.rules}
    names = {f"nelson_{i}": known[f"nelson_{i}"] for i in range(1, 8)}
    names |= {rule.id: rule for rule in RULE_SETS["westgard"].rules}
    names |= {
        "nelson_8_minitab_either_side": replace(known["nelson_8"], side="either"),
        "nelson_8_strict_both_sides": known["nelson_8"],
        "nelson_3_move_counting_7_points": replace(known["nelson_3"], options={"counting": "moves"}),
        "nelson_4_move_counting_15_points": replace(known["nelson_4"], options={"counting": "moves"}),
        "nelson_5_full_window_only": replace(known["nelson_5"], options={"window": "full"}),
        "nelson_6_full_window_only": replace(known["nelson_6"], options={"window": "full"}),
        "we_4_eight_same_side": known["we_4"],
        "run_7": known["aiag_2"],
        "trend_7": known["hughes_11"],
        "trend_8": replace(known["hughes_11"], k=8),
        "hughes_3_of_7_beyond_2": known["hughes_3"],
        "hughes_4_of_10_beyond_2": known["hughes_4"],
        "hughes_10_of_11_same_side": known["hughes_7"],
        "hughes_12_of_14_same_side": known["hughes_8"],
        "hughes_14_of_17_same_side": known["hughes_9"],
        "hughes_16_of_20_same_side": known["hughes_10"],
    }
    return names


def rules(given: Mapping[str, Any]) -> dict[str, Any]:
    """Points that complete each named rule, from z values, or from x, centre, sigma and sizes."""
    value, center, sigma = _numbers(given["z"]), 0.0, np.ones(len(given["z"]))
    if "x_for_trend_rules" in given:
        value, center = _numbers(given["x_for_trend_rules"]), float(given["center"])
        sigma = float(given["sigma"]) / np.sqrt(_numbers(given["sizes"]))
    breaks = np.zeros(value.size, dtype=np.bool_)
    breaks[given.get("stage_starts", [])] = True
    rule_set = RuleSet("golden", tuple(replace(rule, id=name) for name, rule in _named().items()))
    found = compile_rules(rule_set).run(value, center, sigma, breaks=breaks)
    return {name: positions.tolist() for name, positions in found.items()}


def rules_minitab(given: Mapping[str, Any]) -> dict[str, Any]:
    """The eight tests with their K, as Minitab counts them: trends and alternation in moves, test 8 on either side."""
    k = {int(number): int(length) for number, length in given["K"].items()}
    moves = {"counting": "moves"}
    rule_set = RuleSet(
        "golden",
        (
            Rule("rule1_3sigma", "beyond"),
            Rule(f"rule2_run_k{k[2]}", "run", k=k[2]),
            Rule(f"rule3_trend_k{k[3]}_moves", "trend", k=k[3], options=moves),
            Rule(f"alternating_k{k[4]}_moves", "alternation", k=k[4], options=moves),
            Rule(f"{_word(k[5])}_of_{_word(k[5] + 1)}_beyond_2", "zone", k=k[5], n=k[5] + 1, sigma=2.0),
            Rule(f"{_word(k[6])}_of_{_word(k[6] + 1)}_beyond_1", "zone", k=k[6], n=k[6] + 1, sigma=1.0),
            Rule(f"within_1_k{k[7]}", "within", k=k[7], sigma=1.0),
            Rule(f"outside_1_k{k[8]}", "outside", k=k[8], sigma=1.0, side="either"),
        ),
    )
    found = compile_rules(rule_set).run(_numbers(given["values"]), float(given["center"]), float(given["sigma"]))
    return {name: positions.tolist() for name, positions in found.items()}


def _word(number: int) -> str:
    return ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")[number]


def run_chart_tests(given: Mapping[str, Any]) -> dict[str, Any]:
    """Median, the four p-values, and Anhøj's limits."""
    result = run_chart.analyse(_numbers(given["values"]))
    minitab = {
        "n_above": result.above,
        "n_below_or_on": result.below_or_on,
        "runs_about_median": result.runs,
        "expected_runs": result.expected_runs,
        "var": result.variance_runs,
        "longest_run_about_median": result.longest_run,
        "p_clustering": result.p_clustering,
        "p_mixtures": result.p_mixtures,
        "runs_up_down": result.runs_up_down,
        "expected_up_down": result.expected_up_down,
        "longest_run_up_down": result.longest_up_down,
        "p_trends": result.p_trends,
        "p_oscillation": result.p_oscillation,
    }
    anhoej = {
        "n_useful": result.useful,
        "longest_run": result.longest_useful_run,
        "longest_run_max": result.longest_run_limit,
        "n_crossings": result.crossings,
        "n_crossings_min": result.crossings_limit,
        "signal": result.signal,
    }
    return {"median": result.median, "minitab": minitab, "anhoej": anhoej}


def _numbers(values: Any) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "rules": rules,
    "rules_minitab": rules_minitab,
    "run_chart": run_chart_tests,
}
