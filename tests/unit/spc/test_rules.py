"""Run rules against brute-force definitions, streaming against batch, and what is refused."""

import json
from dataclasses import replace
from itertools import pairwise
from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.run_rules import RULE_SETS, Rule, RuleSet, check_rules, compile_rules, members

VARIANTS = (
    Rule("zone_full", "zone", k=2, n=3, sigma=2.0, options={"window": "full"}),
    Rule("zone_either", "zone", k=4, n=5, sigma=1.0, side="either"),
    Rule("zone_either_full", "zone", k=3, n=4, sigma=1.0, side="either", options={"window": "full"}),
    Rule("trend_moves", "trend", k=4, options={"counting": "moves"}),
    Rule("trend_2", "trend", k=2),
    Rule("alternation_moves", "alternation", k=5, options={"counting": "moves"}),
    Rule("alternation_3", "alternation", k=3),
    Rule("outside_either", "outside", k=3, sigma=1.0, side="either"),
    Rule("outside_same", "outside", k=3, sigma=1.0),
    Rule("outside_both", "outside", k=3, sigma=1.0, side="both"),
    Rule("within_4", "within", k=4, sigma=1.0),
    Rule("run_1", "run", k=1),
    Rule("run_5", "run", k=5),
    Rule("range_difference", "range", sigma=3.0, options={"range": "difference"}),
    Rule("upper", "beyond", side="upper"),
    Rule("lower", "beyond", sigma=2.0, side="lower"),
    Rule("three_sigma", "beyond", options={"limits": "sigma"}),
    Rule("zone_by_limits", "zone", k=2, n=3, sigma=2.0, options={"scale": "limits"}),
    Rule("within_by_limits", "within", k=3, sigma=1.5, options={"scale": "limits"}),
    Rule("range_by_limits", "range", sigma=3.0, options={"range": "difference", "scale": "limits"}),
)
EVERYTHING = RuleSet(
    "everything",
    tuple(r for name in ("nelson", "hughes", "westgard") for r in RULE_SETS[name].rules) + VARIANTS,
)


class Series:
    """Points with their own centre, sigma and limits, as arrays for the engine and as plain lists for the definitions."""

    def __init__(self, value, center, sigma, lcl, ucl, breaks):
        self.arrays = (value, center, sigma, lcl, ucl, breaks)
        self.value, self.center, self.sigma, self.lcl, self.ucl, self.breaks = (a.tolist() for a in self.arrays)
        self.known = {}
        self.begin = []
        for i, value_i in enumerate(self.value):
            joins = i > 0 and not self.breaks[i] and not isnan(self.value[i - 1]) and not isnan(value_i)
            self.begin.append(self.begin[-1] if joins else i)

    def arguments(self, part=slice(None)):
        return [a[part] for a in self.arrays]

    def window(self, i, n):
        """Positions of the up to n points that end at i, in the same unbroken stretch."""
        return range(max(self.begin[i], i - n + 1), i + 1)

    def windows(self, n):
        """The window of every point that is there; worked out once."""
        if n not in self.known:
            self.known[n] = [self.window(i, n) for i, value in enumerate(self.value) if not isnan(value)]
        return self.known[n]

    def line(self, rule, i, k):
        """Zone lines at k sigma of point i: lower, upper."""
        c = self.center[i]
        if rule.options.get("scale") == "limits":
            return c - k * ((c - self.lcl[i]) / 3.0), c + k * ((self.ucl[i] - c) / 3.0)
        return c - k * self.sigma[i], c + k * self.sigma[i]

    def side(self, rule, i, k):
        """1 above the zone line, -1 below the other, 0 between; what rules have in common is worked out once."""
        key = rule.options.get("scale"), k
        if key not in self.known:
            self.known[key] = [self._side(rule, j, k) for j in range(len(self.value))]
        return self.known[key][i]

    def _side(self, rule, i, k):
        lower, upper = self.line(rule, i, k) if k else (self.center[i], self.center[i])
        return 1 if self.value[i] > upper else -1 if self.value[i] < lower else 0

    def sides(self, rule, window, k):
        self.side(rule, window[0], k)
        return self.known[rule.options.get("scale"), k][window[0] : window[-1] + 1]

    def z(self, rule, i):
        d, width = self.value[i] - self.center[i], self.sigma[i]
        if rule.options.get("scale") == "limits":
            if isnan(self.ucl[i]) or isnan(self.lcl[i]):
                return None
            width = (self.ucl[i] - self.center[i]) / 3.0 if d > 0 else (self.center[i] - self.lcl[i]) / 3.0
        return None if width == 0 or isnan(width) else d / width


def _same(signs):
    return set(signs) in ({1}, {-1})


def _zone(rule, s, w):
    signs = s.sides(rule, w, rule.sigma)
    if signs[-1] == 0 or (rule.options.get("window") == "full" and len(w) < rule.n):
        return False
    if rule.side == "either":
        return sum(sign != 0 for sign in signs) >= rule.k
    return signs.count(signs[-1]) >= rule.k


def _moves(s, w):
    return [(s.value[b] > s.value[a]) - (s.value[b] < s.value[a]) for a, b in pairwise(w)]


def _trend(rule, s, w):
    return _same(_moves(s, w))


def _alternation(rule, s, w):
    moves = _moves(s, w)
    return 0 not in moves and all(a == -b for a, b in pairwise(moves))


def _run(rule, s, w):
    return _same(s.sides(rule, w, 0))


def _within(rule, s, w):
    lines = [s.line(rule, j, rule.sigma) for j in w]
    return all(lower < s.value[j] < upper for j, (lower, upper) in zip(w, lines, strict=True))


def _outside(rule, s, w):
    signs = s.sides(rule, w, rule.sigma)
    if rule.side == "same":
        return _same(signs)
    return 0 not in signs and (rule.side == "either" or len(set(signs)) == 2)


def _range(rule, s, w):
    if rule.options.get("range") != "difference":
        return set(s.sides(rule, w, rule.sigma / 2)) == {1, -1}
    a, b = (s.z(rule, j) for j in w)
    return a is not None and b is not None and abs(b - a) > rule.sigma


WHOLE = {
    "trend": _trend,
    "alternation": _alternation,
    "run": _run,
    "within": _within,
    "outside": _outside,
    "range": _range,
}


def positions(rule, s):
    """The definition of each rule, word for word and slow: the points that complete it."""
    if rule.kind == "beyond":
        return [i for i, value in enumerate(s.value) if not isnan(value) and _beyond(rule, s, i)]
    if rule.kind == "zone":
        return [w[-1] for w in s.windows(rule.n) if _zone(rule, s, w)]
    span, completes = rule.span, WHOLE[rule.kind]
    return [w[-1] for w in s.windows(span) if len(w) == span and completes(rule, s, w)]


def _beyond(rule, s, i):
    if rule.option("limits") == "control" and not (isnan(s.lcl[i]) and isnan(s.ucl[i])):
        side = 1 if s.value[i] > s.ucl[i] else -1 if s.value[i] < s.lcl[i] else 0
    else:
        side = s.sides(rule, (i,), rule.sigma)[0]
    return side in {"same": (1, -1), "upper": (1,), "lower": (-1,)}[rule.side]


def brute_force(rule_set, s):
    found = {}
    for rule in rule_set.rules:  # sets share rules: the same one under two names is worked out once
        same = repr(replace(rule, id="", number=0))
        if same not in found:
            found[same] = positions(rule, s)
    return {rule.id: found[repr(replace(rule, id="", number=0))] for rule in rule_set.rules}


def stream(monitor, s, state=None, begin=0, end=None):
    """Signals and members by ``step`` alone, restarting at gaps and breaks; the state goes through JSON now and then."""
    state = monitor.start() if state is None else state
    found = {rule.id: [] for rule in monitor.rule_set.rules}
    patterns = {}
    none = [[None if isnan(x) else x for x in a] for a in (s.center, s.sigma, s.lcl, s.ucl)]
    for i in range(begin, len(s.value) if end is None else end):
        if isnan(s.value[i]) or (i > begin and s.breaks[i]):
            state = monitor.start()
        if isnan(s.value[i]):
            continue
        state, hits = monitor.step(state, s.value[i], *(column[i] for column in none), i)
        if i % 7 == 0:
            state = json.loads(json.dumps(state))
        for hit in hits:
            found[hit.rule].append(i)
            patterns[hit.rule, i] = hit.members
    return found, patterns, state


def make_series(seed, size, *, quantum=0.0, gaps=0.0, stages=0.0, unequal=False, limits="none", phi=0.0):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=size) * rng.choice([0.5, 1.0, 1.6])
    for i in range(1, size):
        z[i] += phi * z[i - 1]
    n = rng.integers(1, 9, size) if unequal else np.ones(size)
    sigma = 4.0 / np.sqrt(n)
    center = np.full(size, 50.0)
    value = center + z * sigma
    if quantum:
        value = np.round(value / quantum) * quantum
    lcl, ucl = np.full(size, np.nan), np.full(size, np.nan)
    if limits != "none":
        ucl = center + 3.0 * sigma
    if limits == "both":
        lcl = center - 2.5 * sigma
    value[rng.random(size) < gaps] = np.nan
    sigma = np.where(rng.random(size) < gaps / 2, np.nan, sigma)
    return Series(value, center, sigma, lcl, ucl, rng.random(size) < stages)


CASES = [
    {"seed": 1, "size": 11200},
    {"seed": 2, "size": 11200, "quantum": 4.0},
    {"seed": 3, "size": 11200, "quantum": 2.0, "gaps": 0.03, "stages": 0.02, "phi": 0.5},
    {"seed": 4, "size": 11200, "unequal": True, "limits": "both", "phi": 0.7},
    {"seed": 5, "size": 11200, "unequal": True, "limits": "upper", "gaps": 0.05, "quantum": 1.0},
    {"seed": 6, "size": 11200, "quantum": 4.0, "stages": 0.1, "limits": "both", "phi": -0.8},
    {"seed": 7, "size": 11200, "quantum": 4.0, "phi": 0.9, "limits": "both"},
    {"seed": 8, "size": 11200, "phi": -0.9, "gaps": 0.01},
    {"seed": 9, "size": 11200, "quantum": 2.0, "unequal": True, "gaps": 0.01, "stages": 0.01, "phi": 0.8},
]


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"seed{c['seed']}")
def test_that_batch_streaming_and_the_definition_find_the_same_points(case):
    """100 800 random points in total, with ties, gaps, stages, unequal n and undefined sigma."""
    series = make_series(**case)
    monitor = compile_rules(EVERYTHING)
    expected = brute_force(EVERYTHING, series)
    batch = monitor.run(*series.arguments())
    assert {key: found.tolist() for key, found in batch.items()} == expected
    assert stream(monitor, series)[0] == expected
    assert sum(map(len, expected.values())) > 1000


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 90), st.integers(0, 90), st.sampled_from([0.0, 2.0, 4.0]), st.booleans())
def test_that_a_split_anywhere_changes_nothing(seed, size, cut, quantum, unequal):
    series = make_series(seed, size, quantum=quantum, gaps=0.03, stages=0.03, unequal=unequal, limits="both", phi=0.6)
    monitor = compile_rules(EVERYTHING)
    cut = min(cut, size)
    whole = monitor.run(*series.arguments())
    head, tail = series.arguments(slice(0, cut)), series.arguments(slice(cut, None))
    state = json.loads(json.dumps(monitor.state_after(*head)))
    if size > cut > 0 and series.breaks[cut]:
        state = monitor.start()
    first, second = monitor.run(*head), monitor.run(*tail, state=state, index=cut)
    assert {k: first[k].tolist() + second[k].tolist() for k in whole} == {k: v.tolist() for k, v in whole.items()}
    if size:
        assert json.dumps(stream(monitor, series)[2]) == json.dumps(monitor.state_after(*series.arguments()))


def test_that_the_members_of_a_pattern_are_the_points_that_make_it():
    series = make_series(3, 400, quantum=2.0, gaps=0.02, phi=0.5)
    monitor = compile_rules(EVERYTHING)
    _, patterns, _ = stream(monitor, series)
    by_id = {rule.id: rule for rule in EVERYTHING.rules}
    assert len(patterns) > 300
    for (rule_id, i), points in patterns.items():
        rule = by_id[rule_id]
        assert points[-1] == i
        assert list(points) == sorted(set(points))
        assert i - points[0] < rule.span
        assert not any(isnan(x) for x in series.value[points[0] : i + 1])
        if rule.kind == "zone" and rule.side == "same":
            side = series.side(rule, i, rule.sigma)
            assert list(points) == [j for j in series.window(i, rule.n) if series.side(rule, j, rule.sigma) == side]
        elif rule.kind not in {"zone", "beyond"}:
            assert list(points) == list(series.window(i, rule.span))
        assert members(rule, i, *series.arguments()) == points


def test_that_members_of_a_point_that_completes_nothing_are_empty():
    assert members(RULE_SETS["nelson"].rules[1], 3, np.arange(9.0), 2.0, 1.0) == ()


def test_that_the_state_never_grows():
    monitor = compile_rules(EVERYTHING)
    state, sizes = monitor.start(), []
    for i in range(5000):
        state, _ = monitor.step(state, 50.0 + (i % 7), 50.0, 4.0, 38.0, 62.0, i)
        sizes.append(len(json.dumps(state)))
    assert max(sizes[2500:]) <= max(sizes[:2500])


def test_that_a_point_reports_every_rule_in_the_order_of_the_set():
    monitor = compile_rules(RULE_SETS["western_electric"])
    state = monitor.start()
    for i in range(8):
        state, hits = monitor.step(state, 3.5, 0.0, 1.0, -3.0, 3.0, i)
    assert [hit.rule for hit in hits] == ["we_1", "we_2", "we_3", "we_4"]
    assert hits[3].members == tuple(range(8))


def test_that_rule_1_follows_the_limits_of_the_point_not_its_zones():
    monitor = compile_rules(RuleSet("one", (Rule("r1", "beyond"),)))
    assert monitor.run(np.array([2.6, 2.4, -9.0]), 0.0, 1.0, ucl=2.5)["r1"].tolist() == [0]
    assert monitor.run(np.array([2.6, 3.1, -9.0]), 0.0, 1.0)["r1"].tolist() == [1, 2]
    assert monitor.run(np.array([3.0, -3.0]), 0.0, 1.0, -3.0, 3.0)["r1"].tolist() == []


def test_that_sigma_zero_puts_every_line_on_the_centre():
    monitor = compile_rules(RULE_SETS["western_electric"])
    found = monitor.run(np.array([5.0, 5.0, 5.1, 5.1]), 5.0, 0.0)
    assert found["we_1"].tolist() == [2, 3]
    assert found["we_2"].tolist() == [3]


def test_that_infinite_values_are_judged_without_a_numpy_warning():
    series = Series(
        np.array([np.inf, -np.inf, np.inf, np.inf]), *(np.full(4, x) for x in (0.0, 0.0, -3.0, 3.0)), np.zeros(4, bool)
    )
    monitor = compile_rules(EVERYTHING)
    batch = {k: v.tolist() for k, v in monitor.run(*series.arguments()).items()}
    assert batch == stream(monitor, series)[0]
    assert batch["nelson_1"] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("rule", "argument"),
    [
        (Rule("x", "zigzag"), "kind"),
        (Rule("", "run"), "id"),
        (Rule("x", "zone", k=4, n=3), "n"),
        (Rule("x", "zone", k=2, n=99), "n"),
        (Rule("x", "run", k=0), "k"),
        (Rule("x", "run", k=100000), "k"),
        (Rule("x", "trend", k=1), "k"),
        (Rule("x", "alternation", k=2), "k"),
        (Rule("x", "run", k=2.5), "k"),
        (Rule("x", "run", k=True), "k"),
        (Rule("x", "within", k=3, sigma=0.0), "sigma"),
        (Rule("x", "beyond", sigma=float("nan")), "sigma"),
        (Rule("x", "zone", k=1, n=2, sigma=-1.0), "sigma"),
        (Rule("x", "outside", k=1, sigma=1.0, side="both"), "k"),
        (Rule("x", "run", k=3, side="left"), "side"),
        (Rule("x", "run", k=3, options={"window": "full"}), "options"),
        (Rule("x", "trend", k=3, options={"counting": "steps"}), "options['counting']"),
    ],
)
def test_that_a_rule_without_meaning_is_refused_by_name(rule, argument):
    with pytest.raises(SpcValueError) as caught:
        compile_rules(RuleSet("bad", (rule,)))
    assert caught.value.argument == argument


def test_that_two_rules_of_one_id_are_refused():
    with pytest.raises(SpcValueError, match="differ"):
        compile_rules(RuleSet("bad", (Rule("x", "run", k=3), Rule("x", "run", k=4))))


def test_that_rules_are_refused_on_panels_where_they_make_no_sense():
    nelson, one = RULE_SETS["nelson"], RULE_SETS["nelson"].pick("nelson_1")
    check_rules(nelson, symmetric=True, asked=False)
    check_rules(one, symmetric=False, asked=False, zones=False, independent=False)
    check_rules(nelson, symmetric=False, asked=True)
    with pytest.raises(SpcValueError, match="symmetric"):
        check_rules(nelson, symmetric=False, asked=False)
    with pytest.raises(SpcValueError, match="independent"):
        check_rules(nelson, symmetric=True, asked=True, independent=False)
    with pytest.raises(SpcValueError, match="no standard deviation"):
        check_rules(nelson, symmetric=True, asked=True, zones=False)
    with pytest.raises(SpcValueError, match="run chart"):
        check_rules(RULE_SETS["anhoj"], symmetric=True, asked=True)


def test_that_picking_rules_keeps_the_order_of_the_set_and_refuses_strangers():
    picked = RULE_SETS["nelson"].pick("nelson_5", "nelson_1")
    assert [rule.id for rule in picked.rules] == ["nelson_1", "nelson_5"]
    with pytest.raises(SpcValueError, match="nelson_9"):
        RULE_SETS["nelson"].pick("nelson_9")


def test_that_every_named_set_compiles_and_judges_nothing_in_an_empty_series():
    for rule_set in RULE_SETS.values():
        found = compile_rules(rule_set).run(np.array([]), 0.0, 1.0)
        assert all(positions.size == 0 and positions.dtype == np.int64 for positions in found.values())


def test_that_the_anhoj_rules_skip_points_on_the_median():
    monitor = compile_rules(RULE_SETS["anhoj"])
    value = np.array([1.0, -1.0] * 5 + [2.0, 0.0] * 8)
    found = monitor.run(value, 0.0)
    assert found["anhoj_run"].tolist() == [24]
    assert found["anhoj_crossings"].tolist() == []
    assert members(monitor.rule_set.rules[0], 24, value, 0.0) == (10, 12, 14, 16, 18, 20, 22, 24)
    assert monitor.run(np.repeat([1.0, -1.0], 10), 0.0)["anhoj_crossings"].tolist()[-1] == 19


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 400), st.integers(0, 400), st.sampled_from([0.0, 0.01, 0.2]))
def test_that_rules_on_the_whole_series_give_the_same_over_arrays_and_in_any_split(seed, size, cut, gaps):
    monitor = compile_rules(RuleSet("both", (*RULE_SETS["anhoj"].rules, *RULE_SETS["nelson"].rules[:3])))
    series = make_series(seed, size, quantum=2.0, gaps=gaps, stages=gaps / 2, phi=0.7)
    expected, _, state = stream(monitor, series)
    assert {k: v.tolist() for k, v in monitor.run(*series.arguments()).items()} == expected
    assert json.dumps(monitor.state_after(*series.arguments())) == json.dumps(state)
    cut = min(cut, size)
    head, tail = series.arguments(slice(0, cut)), series.arguments(slice(cut, None))
    middle = json.loads(json.dumps(monitor.state_after(*head)))
    if size > cut > 0 and series.breaks[cut]:
        middle = monitor.start()
    first, second = monitor.run(*head), monitor.run(*tail, state=middle, index=cut)
    assert {k: first[k].tolist() + second[k].tolist() for k in expected} == expected
