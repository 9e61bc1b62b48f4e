"""Points that are left out afterwards: what that changes in the state of the fold."""

from collections.abc import Sequence

import msgspec

from spc_desktop.domain.monitor import Learned, MonitorState
from spc_desktop.domain.point import Point
from spc_desktop.domain.watch import Watch
from spc_desktop.spc.charts import Observation


def mark_excluded(
    watch: Watch, state: MonitorState, changed: Sequence[Point], tail: Sequence[Point] | None
) -> MonitorState:
    """Return the state after points were excluded or restored: what is learnt leaves them out, patterns begin after them.

    Args:
        watch: the characteristic with its limits.
        state: as it was.
        changed: the points as they are now, by rising index.
        tail: every point after the last of them; None: they are so old that no pattern reaches back to them.
    """
    marks = {point.index: point for point in changed}
    learned = tuple(
        [
            Learned(
                msgspec.structs.replace(
                    entry.point,
                    excluded=marks[entry.point.index].excluded,
                    exclusion_reason=marks[entry.point.index].exclusion_reason,
                ),
                entry.ids,
            )
            if entry.point.index in marks
            else entry
            for entry in state.learned
        ]
    )
    state = msgspec.structs.replace(state, learned=learned)
    newest = changed[-1]
    if tail is None or not newest.excluded or newest.index < state.base or watch.monitor is None:
        return state
    if newest.index + 1 + len(tail) != state.next_index:  # others came in the meantime: patterns begin anew here
        return msgspec.structs.replace(state, base=state.next_index, chart_state=None)
    chart_state = None
    for point in tail:
        observation = Observation(point.values, point.size, part=point.part, excluded=point.excluded)
        chart_state, _ = watch.monitor.step(chart_state or watch.monitor.start(), observation)
    return msgspec.structs.replace(state, base=newest.index + 1, chart_state=chart_state)
