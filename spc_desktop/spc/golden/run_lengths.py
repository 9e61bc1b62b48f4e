"""Adapters of the self-test for run lengths: one feature, whose cases are told apart by what they ask."""

from collections.abc import Callable, Mapping
from typing import Any

from spc_desktop.spc.arl_mewma import mewma_arl, mewma_limit
from spc_desktop.spc.arl_rules import RunLength, rule_run_length
from spc_desktop.spc.arl_shewhart import p_chart_limits, p_oc, range_oc, sd_oc, xbar_oc
from spc_desktop.spc.arl_weighted import cusum_arl, cusum_limit, ewma_arl, ewma_limit
from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RULE_SETS, Rule, RuleSet

Given = Mapping[str, Any]
# As many runs as the references of simulated sets have; the comparison adds both standard errors.
_REPLICATIONS = 40_000


def _cusum(given: Given) -> dict[str, Any]:
    k, h, start = given["k"], given["h"], given["head_start"]
    return {
        f"{sided}_sided": [cusum_arl(k, h, shift, head_start=start, sided=sided) for shift in given["shifts"]]
        for sided in ("one", "two")
    }


def _cusum_limits(given: Given) -> dict[str, Any]:
    return {"h": [cusum_limit(k, given["L0"], sided=given["sided"]) for k in given["k"]]}


def _ewma(given: Given) -> dict[str, Any]:
    if given.get("sided", "two") != "two":
        raise SpcValueError("sided", "'two' for an EWMA", given["sided"])
    return {
        f"{name}_zero_state": [ewma_arl(given["lambda"], given["L"], shift, limits=limits) for shift in given["shifts"]]
        for name, limits in (("asymptotic_limits", "asymptotic"), ("exact_varying_limits", "exact"))
    }


def _ewma_limits(given: Given) -> dict[str, Any]:
    return {"L": [ewma_limit(weight, given["L0"]) for weight in given["lambdas"]]}


def _mewma(given: Given) -> dict[str, Any]:
    h = mewma_limit(given["p"], given["lambda"], given["L0"])
    return {"h4": h, "arl": [mewma_arl(given["p"], given["lambda"], h, d) for d in given["noncentrality"]]}


def _p_chart(given: Given) -> dict[str, Any]:
    lcl, ucl = p_chart_limits(given["n"], given["center"])
    beta = [p_oc(given["n"], given["center"], p, rounding="floor").beta for p in given["p"]]
    return {"beta": beta, "lcl": lcl, "ucl": ucl}


def _xbar(given: Given) -> dict[str, Any]:
    table = [[xbar_oc(n, shift, given["k"]) for shift in given["shifts"]] for n in given["n"]]
    return {"beta": [[one.beta for one in row] for row in table], "arl": [[one.arl for one in row] for row in table]}


def _dispersion(given: Given) -> dict[str, Any]:
    n, k, ratios = given["n"], given["k"], given["sigma_ratio"]
    return {"R_arl": [range_oc(n, r, k).arl for r in ratios], "S_arl": [sd_oc(n, r, k).arl for r in ratios]}


def _zone_rule(name: str, value: Any) -> Rule:
    """A rule as the references write it: ``1``, ``2of3`` beyond 2, ``4of5`` beyond 1, ``run``, ``within``, ``outside``."""
    if name == "1":
        return Rule(name, "beyond")
    if "of" in name:
        k, n = (int(part) for part in name.split("of"))
        return Rule(name, "zone", k=k, n=n, sigma=2.0 if n <= 3 else 1.0)
    if name in {"run", "within", "outside"}:
        return Rule(name, name, k=int(value), sigma=1.0, side="either" if name == "outside" else "same")
    raise SpcValueError("rules", "1, 2of3, 4of5, run, within, outside", name)


def _chain(given: Given) -> dict[str, Any]:
    if "rule_type" in given:
        numbered = {"1": "we_1", "2": "we_2", "3": "we_3", "4": "we_4"}
        rule_set = RULE_SETS["western_electric"].pick(*(numbered[digit] for digit in given["rule_type"]))
    else:
        rule_set = RuleSet("golden", tuple(_zone_rule(name, value) for name, value in given["rules"].items()))
    found = [rule_run_length(rule_set, shift) for shift in given["shifts"]]
    return {"arl": [one.arl for one in found], "states": found[0].states}


def _sets(given: Given) -> dict[str, Any]:
    """Named sets of Nelson and Western Electric rules: ``N1-4|0.5`` is Nelson 1 to 4 at a shift of 0.5 sigma."""
    return {name: _simulated(*name.split("|")) for name in given["asked"]}


def _simulated(name: str, shift: str) -> dict[str, Any]:
    letters = name.rstrip("0123456789-,+N") or "N"
    numbers = _numbers(name.removeprefix("WE").replace("N", ""))
    prefix = "we" if letters == "WE" or name.startswith("WE") else "nelson"
    base = RULE_SETS["western_electric" if prefix == "we" else "nelson"]
    rules = base.pick(*(f"{prefix}_{number}" for number in numbers)).rules
    # The references take rule 8 on either side, as Minitab does.
    either = tuple(Rule(r.id, r.kind, r.k, r.n, r.sigma, "either" if r.kind == "outside" else r.side) for r in rules)
    found = rule_run_length(RuleSet(name, either), float(shift), replications=_REPLICATIONS, points=10**9)
    return _fields(found)


def _numbers(text: str) -> list[int]:
    numbers: list[int] = []
    for part in text.replace("+", ",").split(","):
        first, _, last = part.partition("-")
        numbers.extend(range(int(first), int(last or first) + 1))
    return numbers


def _fields(found: RunLength) -> dict[str, Any]:
    return {"arl": found.arl, "se": found.se, "sdrl": found.sdrl, "median": found.median}


# The first entry whose keys are all in the question answers it.
_ANSWERS: tuple[tuple[tuple[str, ...], Callable[[Given], dict[str, Any]]], ...] = (
    (("asked",), _sets),
    (("rules", "shifts"), _chain),
    (("rule_type", "shifts"), _chain),
    (("p", "lambda", "noncentrality"), _mewma),
    (("lambda", "L", "shifts"), _ewma),
    (("lambdas", "L0"), _ewma_limits),
    (("k", "h", "shifts"), _cusum),
    (("k", "L0"), _cusum_limits),
    (("n", "sigma_ratio"), _dispersion),
    (("n", "center", "p"), _p_chart),
    (("n", "k", "shifts"), _xbar),
)


def arl(given: Given) -> dict[str, Any]:
    """Run lengths, limits for a wanted run length, and operating characteristics."""
    for keys, answer in _ANSWERS:
        if all(key in given for key in keys):
            return answer(given)
    raise SpcValueError("input", "a question about run lengths that this engine knows", sorted(given))


ADAPTERS: dict[str, Callable[[Mapping[str, Any]], Any]] = {"arl": arl}
