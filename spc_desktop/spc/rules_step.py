"""Writes the automaton of one rule set as one Python function, because a call per rule would cost more than the rules.

Called by ``run_rules`` only. Each rule has a template of a few lines over its own slots of the state; only validated
numbers enter the text, names and ids come in through the namespace. The comparisons with centre, zone lines and limits are
the same expressions in double precision as in ``rules_codes``, so that streaming and batch agree bit for bit.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from spc_desktop.spc.rules import Rule, RuleSet, Violation
from spc_desktop.spc.rules_codes import Level, level_of
from spc_desktop.spc.rules_series import series_advance

Step = Callable[..., tuple[Any, tuple[Violation, ...]]]
# Name, first value, and for a history of points the bits that the next point can still ask about.
Slot = tuple[str, Any, int | None]

# Codes of a point: 1 above the line, -1 below the other, 0 strictly between them, 2 on a line or not defined.
_SIDE = "{c} = 2 if center is None else 1 if value > center else -1 if value < center else 2"
_ZONE = """\
if center is None or sigma is None:
    {c} = 2
else:
    width = {sigma!r} * sigma
    if value > center + width:
        {c} = 1
    elif value < center - width:
        {c} = -1
    else:
        {c} = 0 if center - width < value < center + width else 2"""
_CONTROL = """\
if ucl is not None and value > ucl:
    {c} = 1
elif lcl is not None and value < lcl:
    {c} = -1
elif ucl is not None or lcl is not None or center is None or sigma is None:
    {c} = 2
else:
    width = {sigma!r} * sigma
    {c} = 1 if value > center + width else -1 if value < center - width else 2"""
_ZONE_BY_LIMITS = "{c} = zone_by_limits({sigma!r}, value, center, lcl, ucl)"
_Z = "{c} = z_by_limits(value, center, lcl, ucl)"
_Z_SIGMA = "{c} = z_by_sigma(value, center, sigma)"

# Slot of a run: its length up to k, negative below the centre.
_RUN = """\
if {c} == 1:
    if {s} < 0:
        {s} = 1
    elif {s} < {k}:
        {s} += 1
    if {s} == {k}:
        hits += ({hit},)
elif {c} == -1:
    if {s} > 0:
        {s} = -1
    elif {s} > -{k}:
        {s} -= 1
    if {s} == -{k}:
        hits += ({hit},)
else:
    {s} = 0"""
_TREND = """\
if last is None or value == last:
    {s} = 0
elif value > last:
    {s} = 1 if {s} < 0 else {s} + 1 if {s} < {k} else {s}
    if {s} == {k}:
        hits += ({hit},)
else:
    {s} = -1 if {s} > 0 else {s} - 1 if {s} > -{k} else {s}
    if {s} == -{k}:
        hits += ({hit},)"""
# Slot: moves in turn up to k, negative when the last move went down.
_ALTERNATION = """\
if last is None or value == last:
    {s} = 0
elif value > last:
    {s} = 1 if {s} >= 0 else 1 - {s} if {s} > -{k} else {k}
    if {s} == {k}:
        hits += ({hit},)
else:
    {s} = -1 if {s} <= 0 else -1 - {s} if {s} < {k} else -{k}
    if {s} == -{k}:
        hits += ({hit},)"""
# Slot: two bits for each of the last n points (1 above, 2 below).
_HISTORY = """\
if {c} == 1:
    {s} = ({s} << 2 | 1) & {keep}
    if ({s} & {above}).bit_count() >= {k}{full}:
        hits += (pattern({id}, {s} & {above}, index),)
elif {c} == -1:
    {s} = ({s} << 2 | 2) & {keep}
    if ({s} & {below}).bit_count() >= {k}{full}:
        hits += (pattern({id}, {s} & {below}, index),)
else:
    {s} = {s} << 2 & {keep}"""
_SEEN = """\
if {t} < {n}:
    {t} += 1
"""
_WITHIN = """\
if {c} != 0:
    {s} = 0
else:
    if {s} < {k}:
        {s} += 1
    if {s} == {k}:
        hits += ({hit},)"""
# Slots: run of points outside, and the signed run of points outside on one side.
_OUTSIDE = """\
if {c} == 1 or {c} == -1:
    if {s} < {k}:
        {s} += 1
    {t} = {c} if {c} * {t} <= 0 else {t} + {c} if -{k} < {t} < {k} else {t}
    if {s} == {k}{both}:
        hits += ({hit},)
else:
    {s} = {t} = 0"""
_ACROSS = """\
if {c} * {s} == -1:
    hits += (Violation({id}, (index - 1, index)),)
{s} = {c} if {c} != 2 else 0"""
_DIFFERENCE = """\
if {c} is not None and {s} is not None and abs({c} - {s}) > {sigma!r}:
    hits += (Violation({id}, (index - 1, index)),)
{s} = {c}"""
_SERIES = "{s}, found = {advance}({s}, {c}, index)\nhits += found"
_HEAD = "def step(state, value, center, sigma, lcl=None, ucl=None, index=0):"


class Written(NamedTuple):
    """A step function, its first state (a flat tuple of JSON values), and the bits of each slot that matter later."""

    step: Step
    initial: tuple[Any, ...]
    memory: tuple[int | None, ...]


def write_step(rule_set: RuleSet) -> Written:
    """Return the automaton of a validated rule set."""
    names: dict[str, Any] = dict(_NAMES)
    levels: dict[Level, str] = {}
    moves = any(rule.kind in {"trend", "alternation"} for rule in rule_set.rules)
    slots: list[Slot] = [("last", None, None)] if moves else []
    body: list[str] = []
    for number, rule in enumerate(rule_set.rules):
        level = level_of(rule)
        if level.form != "value" and level not in levels:
            levels[level] = f"c{len(levels)}"
            body.append(_level_text(level, levels[level]))
        names[f"id{number}"] = rule.id
        text, own = _rule_text(rule, number, levels.get(level, ""), names)
        body.append(text)
        slots.extend(own)
    if moves:
        body.append("last = value")
    initial = tuple(first for _, first, _ in slots)
    names["initial"] = initial
    listed = "(" + "".join(f"{name}, " for name, _, _ in slots) + ")"
    lines = ["if value != value:", "    return initial, ()"]
    lines += [f"{listed} = state"] if slots else []
    lines += ["hits = ()", *"\n".join(body).splitlines(), f"return {listed}, hits"]
    exec("\n    ".join([_HEAD, *lines]), names)  # noqa: S102 - text made above of validated numbers alone
    step: Step = names["step"]
    return Written(step, initial, tuple(bits for _, _, bits in slots))


def _level_text(level: Level, code: str) -> str:
    if level.form == "side":
        text = _SIDE
    elif level.form == "control":
        text = _CONTROL
    elif level.form == "z":
        text = _Z if level.scale == "limits" else _Z_SIGMA
    else:
        text = _ZONE_BY_LIMITS if level.scale == "limits" else _ZONE
    return text.format(c=code, sigma=float(level.sigma))


def _rule_text(rule: Rule, number: int, code: str, names: dict[str, Any]) -> tuple[str, list[Slot]]:
    """Return the lines of a rule, and its slots with their first values."""
    slot, second, rule_id = f"s{number}", f"t{number}", f"id{number}"
    k, kind = rule.k, rule.kind
    if kind in {"trend", "alternation"}:
        hit = f"row({rule_id}, {rule.span}, index)"
        text = _TREND if kind == "trend" else _ALTERNATION
        return text.format(s=slot, k=rule.span - 1, hit=hit), [(slot, 0, None)]
    hit = f"row({rule_id}, {k}, index)"
    if kind == "beyond":
        sides = {"same": f"{code} == 1 or {code} == -1", "upper": f"{code} == 1", "lower": f"{code} == -1"}[rule.side]
        return f"if {sides}:\n    hits += (Violation({rule_id}, (index,)),)", []
    if kind == "run" or (rule.side == "same" and (kind == "outside" or (kind == "zone" and k == rule.n))):
        return _RUN.format(c=code, s=slot, k=k, hit=hit), [(slot, 0, None)]
    if kind == "zone":
        return _zone_text(rule, number, code)
    if kind == "within":
        return _WITHIN.format(c=code, s=slot, k=k, hit=hit), [(slot, 0, None)]
    if kind == "outside":
        both = f" and -{k} < {second} < {k}" if rule.side == "both" else ""
        return _OUTSIDE.format(c=code, s=slot, t=second, k=k, both=both, hit=hit), [(slot, 0, None), (second, 0, None)]
    if kind == "range":
        across = rule.option("range") == "across"
        text = (_ACROSS if across else _DIFFERENCE).format(c=code, s=slot, id=rule_id, sigma=float(rule.sigma))
        return text, [(slot, 0 if across else None, None)]
    names[f"advance{number}"], first = series_advance(rule)
    return _SERIES.format(c=code, s=slot, advance=f"advance{number}"), [(slot, first, None)]


def _zone_text(rule: Rule, number: int, code: str) -> tuple[str, list[Slot]]:
    slot, seen = f"s{number}", f"t{number}"
    odd = sum(1 << 2 * i for i in range(rule.n))
    above, below = (3 * odd, 3 * odd) if rule.side == "either" else (odd, 2 * odd)
    full = rule.option("window") == "full"
    text = _HISTORY.format(
        c=code,
        s=slot,
        id=f"id{number}",
        k=rule.k,
        keep=(1 << 2 * rule.n) - 1,
        above=above,
        below=below,
        full=f" and {seen} == {rule.n}" if full else "",
    )
    bits = (1 << 2 * (rule.n - 1)) - 1
    if not full:
        return text, [(slot, 0, bits)]
    return _SEEN.format(t=seen, n=rule.n) + text, [(slot, 0, bits), (seen, 0, None)]


def _row(rule_id: str, k: int, index: int) -> Violation:
    return Violation(rule_id, tuple(range(index - k + 1, index + 1)))


def _pattern(rule_id: str, found: int, index: int) -> Violation:
    back = [i for i in range((found.bit_length() + 1) // 2) if found >> 2 * i & 3]
    return Violation(rule_id, tuple([index - i for i in reversed(back)]))


def _zone_by_limits(k: float, value: float, center: float | None, lcl: float | None, ucl: float | None) -> int:
    if center is None:
        return 2
    inside = lcl is not None and ucl is not None
    if ucl is not None:
        upper = center + k * ((ucl - center) / 3.0)
        if value > upper:
            return 1
        inside = inside and value < upper
    if lcl is not None:
        lower = center - k * ((center - lcl) / 3.0)
        if value < lower:
            return -1
        inside = inside and value > lower
    return 0 if inside else 2


def _z_by_sigma(value: float, center: float | None, sigma: float | None) -> float | None:
    if center is None or sigma is None:
        return None
    return _ratio(value - center, sigma)


def _z_by_limits(value: float, center: float | None, lcl: float | None, ucl: float | None) -> float | None:
    if center is None or lcl is None or ucl is None:
        return None
    return _ratio(value - center, (ucl - center) / 3.0 if value > center else (center - lcl) / 3.0)


def _ratio(distance: float, width: float) -> float | None:
    """A z that is not finite is none: the state must stay a plain JSON value."""
    if width == 0:
        return None
    z = distance / width
    return z if -float("inf") < z < float("inf") else None


_NAMES: dict[str, Any] = {
    "Violation": Violation,
    "row": _row,
    "pattern": _pattern,
    "zone_by_limits": _zone_by_limits,
    "z_by_sigma": _z_by_sigma,
    "z_by_limits": _z_by_limits,
}
