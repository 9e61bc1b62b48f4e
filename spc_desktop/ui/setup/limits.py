"""Control limits over a change that is taken back: the old ones are put in force again, they are not learnt anew."""

from typing import Any

from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.product import Characteristic
from spc_desktop.protocol import messages as m
from spc_desktop.ui.station import Station


def limits_in_force(station: Station, thing: Any) -> int | None:
    """Return the revision of the limits of a plan's or a characteristic's chart; None where there are none."""
    if isinstance(thing, ControlPlan):
        state = station.states.get(thing.characteristic_id)
    else:
        state = station.states.get(thing.id) if isinstance(thing, Characteristic) else None
    return state.limits.revision if state is not None and state.limits is not None else None


async def restore_limits(station: Station, answer: Any, revision: int | None, reason: str) -> None:
    """Put limits in force again that a change, taken back by now, had ended."""
    if revision is None or not isinstance(answer, m.Catalogue):
        return
    for state in answer.states:
        if state.limits is None:
            command = m.RestoreLimits(characteristic_id=state.characteristic_id, revision=revision, reason=reason)
            await station.hub.command(command, station.actor)
