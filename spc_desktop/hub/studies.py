"""Commands that read a stretch of history first: new limits and capability analyses.

Reading and computing happen beside the pipeline, in threads, so that no measurement waits for them; only the result goes
through the queue. If the plan was changed meanwhile, the command is refused instead of mixing two plans.
"""

import asyncio
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from spc_desktop.domain.capability_summary import CapabilitySummary, analyse, check_capability
from spc_desktop.domain.control_plan import FrozenLimits
from spc_desktop.domain.errors import UserError
from spc_desktop.domain.masks import check_reason
from spc_desktop.domain.monitor import restart
from spc_desktop.domain.point import Point
from spc_desktop.domain.signals import capability_observed
from spc_desktop.domain.watch import Watch, check_chart
from spc_desktop.hub.api import Actor
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.ports import Store
from spc_desktop.protocol import messages as m
from spc_desktop.spc.charts import Limits, Observation
from spc_desktop.spc.errors import SpcValueError

_PAGE = 5_000
MOST_BASELINE = 10_000


async def capability_order(
    store: Store, watch: Watch, total: int, command: m.AnalyseCapability
) -> Callable[[Draft], m.CapabilityOut]:
    """Analyse, and return the function that records the result.

    Raises:
        UserError: ``not_for_counts``, ``no_spec``, ``no_points``.
    """
    check_capability(watch)
    first = max(0, total - command.points) if command.points > 0 else 0
    points = await points_of(store, watch.characteristic.id, first, total - 1)
    if not points:
        raise UserError("no_points")
    summary = await asyncio.to_thread(analyse, watch, points)

    def record(draft: Draft) -> m.CapabilityOut:
        return _record(draft, _unchanged(draft, watch), summary)

    return record


def _record(draft: Draft, watch: Watch, summary: CapabilitySummary) -> m.CapabilityOut:
    product = watch.product
    row = m.CapabilityOut(
        id=draft.new_id("capability"),
        product_id=product.id,
        product_code=product.code,
        cp=summary.cp,
        cpk=summary.cpk,
        pp=summary.pp,
        ppk=summary.ppk,
        analyzed_at=draft.now,
        characteristic_id=watch.characteristic.id,
        details=summary.details,
    )
    draft.batch.capabilities.append(row)
    draft.batch.events.append(m.CapabilityEvent(ts=draft.now, product_id=product.id, capability=row))
    last = draft.state(watch.characteristic.id).next_index - 1
    draft.apply_observed(watch, capability_observed(watch, summary.cpk, last))
    return row


async def limits_order(
    store: Store, watch: Watch, total: int, command: m.SetLimits, actor: Actor, now: datetime
) -> Callable[[Draft], FrozenLimits]:
    """Estimate limits, and return the function that puts them in force.

    Raises:
        UserError: ``no_points``, ``unknown_point``, ``baseline_too_long``, ``not_enough_points``.
    """
    wanted = sorted(set(command.baseline)) if command.baseline else list(range(max(0, total - MOST_BASELINE), total))
    named = sorted({*wanted, *command.exclusions})
    if not wanted:
        raise UserError("no_points")
    if named[0] < 0 or named[-1] >= total:
        raise UserError("unknown_point", index=named[0] if named[0] < 0 else named[-1])
    check_length(wanted)
    points = {point.index: point for point in await points_of(store, watch.characteristic.id, named[0], named[-1])}
    baseline = [points[index] for index in wanted]
    limits = await asyncio.to_thread(estimate, watch, baseline, command.exclusions)
    origin = dataclasses.replace(
        limits.provenance,
        baseline=tuple(baseline[at].index for at in limits.provenance.baseline),
        exclusions=tuple(sorted(command.exclusions.items())),
        by=actor.name,
        at=now.isoformat(),
        why=command.reason,
    )
    excluded = [points[index] for index in command.exclusions]

    def freeze(draft: Draft) -> FrozenLimits:
        return _freeze(draft, _unchanged(draft, watch), dataclasses.replace(limits, provenance=origin), excluded)

    return freeze


async def restore_order(
    store: Store, watch: Watch, command: m.RestoreLimits, actor: Actor, now: datetime
) -> Callable[[Draft], FrozenLimits]:
    """Return the function that puts limits in force again.

    Raises:
        UserError: ``reason_empty``, ``unknown_limits``, ``limits_other_chart``.
    """
    check_reason(command.reason)
    known = await store.query(m.GetLimits(characteristic_id=command.characteristic_id))
    found = next((one.limits for one in known if one.revision == command.revision), None)
    if found is None:
        raise UserError("unknown_limits", revision=command.revision)
    if found.chart != watch.chart.name:
        raise UserError("limits_other_chart", revision=command.revision, chart=found.chart, plan=watch.chart.name)
    origin = dataclasses.replace(found.provenance, by=actor.name, at=now.isoformat(), why=command.reason)

    def restore(draft: Draft) -> FrozenLimits:
        return _freeze(draft, _unchanged(draft, watch), dataclasses.replace(found, provenance=origin), [])

    return restore


def check_length(baseline: Sequence[int], high: int = MOST_BASELINE) -> None:
    """Refuse a baseline that is longer than anybody can answer for.

    Raises:
        UserError: ``baseline_too_long``.
    """
    if len(baseline) > high:
        raise UserError("baseline_too_long", got=len(baseline), high=high)


def estimate(watch: Watch, baseline: list[Point], exclusions: Mapping[int, str]) -> Limits:
    """Estimate from points; those between which others were left out are not neighbours, so a gap stands there."""
    observations: list[Observation] = []
    for at, point in enumerate(baseline):
        stage = observations[-1].stage if observations else "0"
        if at and point.index != baseline[at - 1].index + 1:
            stage = str(int(stage) + 1)
        observations.append(Observation(point.values, point.size, stage, point.part, excluded=point.excluded))
    left_out = {at: exclusions[point.index] for at, point in enumerate(baseline) if point.index in exclusions}
    try:
        limits = watch.chart.estimate(observations, watch.options, None, left_out)
        check_chart(watch, limits)
    except SpcValueError as error:
        raise UserError("not_enough_points", argument=error.argument, allowed=error.allowed) from error
    return limits


def _freeze(draft: Draft, watch: Watch, limits: Limits, excluded: list[Point]) -> FrozenLimits:
    characteristic_id = watch.characteristic.id
    state = draft.state(characteristic_id)
    revision = state.limits_revision + 1
    provenance = dataclasses.replace(limits.provenance, version=revision)
    frozen = FrozenLimits(
        characteristic_id=characteristic_id,
        revision=revision,
        first_index=state.next_index,
        limits=dataclasses.replace(limits, provenance=provenance),
    )
    new = watch.with_limits(frozen)
    draft.watches[characteristic_id] = new
    draft.states[characteristic_id] = restart(new, state)
    draft.add_limits(new, frozen)
    reasons = dict(provenance.exclusions)
    for point in excluded:
        draft.put_point(msgspec.structs.replace(point, excluded=True, exclusion_reason=reasons[point.index]))
    return frozen


def _unchanged(draft: Draft, watch: Watch) -> Watch:
    current = draft.watch(watch.characteristic.id)
    if (current.plan, current.characteristic) != (watch.plan, watch.characteristic):
        raise UserError("plan_changed")
    return current


async def points_of(store: Store, characteristic_id: int, first: int, last: int) -> list[Point]:
    """Return whole points first..last, read in pages."""
    points: list[Point] = []
    for start in range(first, last + 1, _PAGE):
        points += await store.points_between(characteristic_id, start, min(start + _PAGE - 1, last))
    return points
