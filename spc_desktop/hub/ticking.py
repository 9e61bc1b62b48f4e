"""What time brings: masks that end, delays that are over, steps of escalation. It goes through the queue as everything does."""

from datetime import datetime

import msgspec

from spc_desktop.domain import deadlines, masks
from spc_desktop.domain.conditioning import AlarmState, is_timed, timed
from spc_desktop.domain.monitor import MonitorState
from spc_desktop.domain.watch import Watch
from spc_desktop.hub.draft import Draft
from spc_desktop.hub.ports import Store
from spc_desktop.hub.station import Station
from spc_desktop.protocol import messages as m


def is_due(station: Station, steady: datetime) -> bool:
    """Tell whether time has brought anything; looks at what waits, not at what is stored."""
    if any(at <= steady for at in station.due.values()) or masks.tick(station.masks, steady):
        return True
    return any(_waiting(station.watches[key], state, steady) for key, state in station.states.items() if state.alarms)


def _waiting(watch: Watch, state: MonitorState, steady: datetime) -> bool:
    alarms = state.alarms
    if alarms is None or not is_timed(watch.plan.alarm, alarms.waiting):
        return False
    return timed(watch.plan.alarm, alarms.waiting, 0, steady)[1] != alarms.waiting


def tick(draft: Draft) -> None:
    """Carry out all that is due at the draft's steady time."""
    steady, station = draft.steady, draft.station
    ended = masks.tick(draft.masks, steady)
    if ended:
        draft.set_masks(ended, "")
    for characteristic_id in [key for key, state in {**station.states, **draft.states}.items() if state.alarms]:
        watch, state = draft.watch(characteristic_id), draft.state(characteristic_id)
        if not _waiting(watch, state, steady):
            continue
        alarms = state.alarms or AlarmState()
        observed, waiting = timed(watch.plan.alarm, alarms.waiting, state.next_index - 1, steady)
        draft.put_alarms(characteristic_id, msgspec.structs.replace(alarms, waiting=waiting))
        draft.apply_observed(watch, observed)
    for alert in draft.open_alerts():
        for change in deadlines.due(alert, station.policy(alert), steady):
            draft.add_change(change)


async def read_verified(store: Store, station: Station) -> None:
    """Give the station the ended alerts whose corrective action is watched: they are not among the open ones."""
    for state in station.states.values():
        for alert_id, _ in state.alarms.verifying.values() if state.alarms else ():
            station.put_alert(await store.query(m.GetAlert(alert_id=alert_id)))
