"""Run rules over arrays: sliding counts on byte masks, block by block, with the same results as the automaton.

Called by ``run_rules`` only. A pattern never reaches further back than the monitor's ``horizon``, so blocks overlap by that
much, and a batch that continues a state judges its first ``horizon`` points with the automaton itself.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from spc_desktop.spc.errors import SpcValueError
from spc_desktop.spc.rules import SERIES_KINDS, Rule, Violation
from spc_desktop.spc.rules_codes import BoolArray, Columns, FloatArray, Level, Masks, level_of
from spc_desktop.spc.rules_series import judge_series

if TYPE_CHECKING:
    from spc_desktop.spc.run_rules import RuleMonitor

BLOCK = 1 << 16


def make_columns(
    value: FloatArray,
    center: FloatArray | float,
    sigma: FloatArray | float | None,
    lcl: FloatArray | float | None,
    ucl: FloatArray | float | None,
    breaks: NDArray[np.bool_] | None,
) -> Columns:
    """Bring the arguments of a batch to one length; None becomes NaN.

    Raises:
        SpcValueError: not one-dimensional, or lengths that differ.
    """
    value = np.asarray(value, dtype=np.float64)
    if value.ndim != 1:
        raise SpcValueError("value", "an array of one dimension", value.shape)
    return Columns(
        value,
        _column("center", center, value.shape),
        _column("sigma", sigma, value.shape),
        _column("lcl", lcl, value.shape),
        _column("ucl", ucl, value.shape),
        _joined(value, breaks),
    )


def _column(name: str, column: FloatArray | float | None, shape: tuple[int, ...]) -> FloatArray:
    array = np.asarray(np.nan if column is None else column, dtype=np.float64)
    if array.shape not in {(), shape}:
        raise SpcValueError(name, f"a number or an array of shape {shape}", array.shape)
    return np.broadcast_to(array, shape)


def _joined(value: FloatArray, breaks: NDArray[np.bool_] | None) -> BoolArray | None:
    if breaks is not None and np.shape(breaks) != value.shape:
        raise SpcValueError("breaks", f"an array of shape {value.shape}", np.shape(breaks))
    missing = np.isnan(value)
    if not missing.any() and (breaks is None or not np.any(breaks[1:])):
        return None
    joined = ~missing
    joined[1:] &= ~missing[:-1]
    if breaks is not None:
        joined &= ~np.asarray(breaks, dtype=np.bool_)
    joined[:1] = False
    return joined


def run(monitor: "RuleMonitor", columns: Columns, state: Any, index: int) -> dict[str, NDArray[np.int64]]:
    """Judge all points; see ``RuleMonitor.run``."""
    rules = monitor.rule_set.rules
    size = columns.value.size
    overlap = monitor.horizon
    whole = tuple(rule for rule in rules if rule.kind in SERIES_KINDS)
    of_series = {rule.id: hits for rule, (hits, _) in zip(whole, _series(monitor, columns, state, index), strict=True)}
    rules = tuple(rule for rule in rules if rule not in whole)
    found: dict[str, list[NDArray[np.int64]]] = {rule.id: [] for rule in rules}
    first = 0
    if state is not None and rules:
        first = min(overlap, size)
        head = _collect(monitor.rule_set.rules, replay(monitor, columns.cut(slice(0, first)), state, 0)[1], 0)
        for rule_id, positions in found.items():
            positions.append(head[rule_id])
    for low in range(first, size, BLOCK) if rules else ():
        begin = max(0, low - overlap)
        block = columns.cut(slice(begin, low + BLOCK))
        for rule_id, mask in _judge(rules, block).items():
            found[rule_id].append(np.flatnonzero(mask[low - begin :]) + low)
    joined = {
        key: (np.concatenate(parts) if parts else _NOTHING).astype(np.int64) + index for key, parts in found.items()
    }
    return {rule.id: joined[rule.id] if rule.id in joined else of_series[rule.id] for rule in monitor.rule_set.rules}


_NOTHING = np.zeros(0, dtype=np.int64)


def state_after(monitor: "RuleMonitor", columns: Columns, state: Any, index: int) -> Any:
    """Return the state after all points; see ``RuleMonitor.state_after``."""
    size = columns.value.size
    begin = max(0, size - monitor.horizon)
    after = replay(monitor, columns.cut(slice(begin, None)), None if begin else state, index + begin)[0]
    if not begin:
        return after
    slots = iter(slot for _, slot in _series(monitor, columns, state, index))
    return tuple(
        [next(slots) if _of_series(first) else slot for first, slot in zip(monitor.start(), after, strict=True)]
    )


def _of_series(first: Any) -> bool:
    """Tell the slot of a rule on the whole series by its first value: no other rule has a tuple."""
    return isinstance(first, tuple)


def _series(monitor: "RuleMonitor", columns: Columns, state: Any, index: int) -> list[tuple[NDArray[np.int64], Any]]:
    """Judge the rules on the whole series: positions and slot of each, in the order of the set."""
    whole = [rule for rule in monitor.rule_set.rules if rule.kind in SERIES_KINDS]
    if not whole:
        return []
    first = monitor.start()
    slots = [slot for slot, start in zip(first if state is None else state, first, strict=True) if _of_series(start)]
    masks = columns.masks(level_of(whole[0]))
    codes = masks.above.astype(np.int8) - masks.below.astype(np.int8)
    starts = np.zeros(codes.size, dtype=np.bool_) if columns.joined is None else ~columns.joined
    starts[:1] = np.isnan(columns.value[:1])
    return [judge_series(rule, codes, starts, slot, index) for rule, slot in zip(whole, slots, strict=True)]


def replay(monitor: "RuleMonitor", columns: Columns, state: Any, index: int) -> tuple[Any, list[tuple[int, Violation]]]:
    """Judge points with the automaton; a break before the first point restarts only where ``joined`` says so and i > 0."""
    state = monitor.start() if state is None else state
    violations: list[tuple[int, Violation]] = []
    step, start = monitor.step, monitor.start()
    values = columns.value.tolist()
    others = [_optional(column) for column in columns[1:5]]
    joined = columns.joined
    for i, value in enumerate(values):
        if joined is not None and i and not joined[i]:
            state = start
        state, hits = step(state, value, others[0][i], others[1][i], others[2][i], others[3][i], index + i)
        violations.extend((index + i, hit) for hit in hits)
    return state, violations


def _optional(column: FloatArray) -> list[float | None]:
    return [None if math.isnan(number) else number for number in column.tolist()]


def _collect(rules: tuple[Rule, ...], hits: list[tuple[int, Violation]], index: int) -> dict[str, NDArray[np.int64]]:
    positions: dict[str, list[int]] = {rule.id: [] for rule in rules}
    for position, violation in hits:
        positions[violation.rule].append(position + index)
    return {rule_id: np.array(found, dtype=np.int64) for rule_id, found in positions.items()}


def _judge(rules: tuple[Rule, ...], block: Columns) -> dict[str, BoolArray]:
    masks: dict[Level, Masks] = {}
    found = {}
    for rule in rules:
        level = level_of(rule)
        if level.form in {"control", "side", "zone"} and level not in masks:
            masks[level] = block.masks(level)
        found[rule.id] = _JUDGES[rule.kind](rule, block, masks.get(level))
    return found


def _shift(mask: BoolArray, by: int) -> BoolArray:
    """The mask as seen ``by`` points later; nothing before the first point."""
    out = np.zeros_like(mask)
    if by < mask.size:
        out[by:] = mask[:-by]
    return out


def _erode(mask: BoolArray, width: int) -> BoolArray:
    """True where the last ``width`` entries are all True, by doubling."""
    have = 1
    while have < width:
        by = min(have, width - have)
        mask = mask & _shift(mask, by)
        have += by
    return mask


def _in_a_row(mask: BoolArray, block: Columns, k: int) -> BoolArray:
    if k == 1:
        return mask
    pairs = mask & _shift(mask, 1)
    if block.joined is not None:
        pairs &= block.joined
    return _erode(pairs, k - 1)


def _beyond(rule: Rule, block: Columns, masks: Masks) -> BoolArray:
    if rule.side == "same":
        return masks.above | masks.below
    return masks.above if rule.side == "upper" else masks.below


def _run(rule: Rule, block: Columns, masks: Masks) -> BoolArray:
    return _in_a_row(masks.above, block, rule.k) | _in_a_row(masks.below, block, rule.k)


def _within(rule: Rule, block: Columns, masks: Masks) -> BoolArray:
    return _in_a_row(masks.inside, block, rule.k)


def _outside(rule: Rule, block: Columns, masks: Masks) -> BoolArray:
    if rule.side == "same":
        return _run(rule, block, masks)
    row = _in_a_row(masks.above | masks.below, block, rule.k)
    return row & ~_run(rule, block, masks) if rule.side == "both" else row


def _zone(rule: Rule, block: Columns, masks: Masks) -> BoolArray:
    reach = _reach(block, rule.n)
    if rule.side == "either":
        any_side = masks.above | masks.below
        hits = any_side & (_count(any_side, reach, rule.n) >= rule.k)
    else:
        hits = masks.above & (_count(masks.above, reach, rule.n) >= rule.k)
        hits |= masks.below & (_count(masks.below, reach, rule.n) >= rule.k)
    if rule.option("window") == "full" and rule.n > 1:
        full = reach[-1] if reach else _shift(np.ones(hits.size, dtype=np.bool_), rule.n - 1)
        hits &= full
    return hits


def _reach(block: Columns, n: int) -> list[BoolArray]:
    """For j = 1 .. n-1: whether the point j places back belongs to the same unbroken stretch; empty when nothing breaks."""
    if block.joined is None:
        return []
    reach = [block.joined]
    for j in range(1, n - 1):
        reach.append(reach[-1] & _shift(block.joined, j))
    return reach


def _count(mask: BoolArray, reach: list[BoolArray], n: int) -> NDArray[np.uint8]:
    total = mask.astype(np.uint8)
    for j in range(1, n):
        past = _shift(mask, j)
        if reach:
            past &= reach[j - 1]
        total += past
    return total


def _moves(block: Columns) -> tuple[BoolArray, BoolArray]:
    up = np.zeros(block.value.size, dtype=np.bool_)
    down = up.copy()
    np.greater(block.value[1:], block.value[:-1], out=up[1:])
    np.less(block.value[1:], block.value[:-1], out=down[1:])
    if block.joined is not None:
        up &= block.joined
        down &= block.joined
    return up, down


def _trend(rule: Rule, block: Columns, masks: Masks) -> BoolArray:
    up, down = _moves(block)
    return _erode(up, rule.span - 1) | _erode(down, rule.span - 1)


def _alternation(rule: Rule, block: Columns, masks: Masks) -> BoolArray:
    up, down = _moves(block)
    turns = (up & _shift(down, 1)) | (down & _shift(up, 1))
    return _erode(turns, rule.span - 2)


def _range(rule: Rule, block: Columns, masks: Masks | None) -> BoolArray:
    if masks is not None:
        hits = (masks.above & _shift(masks.below, 1)) | (masks.below & _shift(masks.above, 1))
    else:
        z = block.z(rule.option("scale"))
        hits = np.zeros(z.size, dtype=np.bool_)
        hits[1:] = np.abs(z[1:] - z[:-1]) > rule.sigma
    return hits if block.joined is None else hits & block.joined


_JUDGES: dict[str, Callable[[Rule, Columns, Any], BoolArray]] = {
    "beyond": _beyond,
    "zone": _zone,
    "run": _run,
    "trend": _trend,
    "alternation": _alternation,
    "within": _within,
    "outside": _outside,
    "range": _range,
}
