"""Reads the points of each characteristic and reviews them in a thread, one after the other."""

import asyncio
from collections.abc import Callable, Iterable

from spc_desktop.domain.control_plan import ControlPlan
from spc_desktop.domain.review import Review, review
from spc_desktop.domain.watch import make_watch
from spc_desktop.protocol import messages as m
from spc_desktop.ui.capability.ranking import Row

WINDOWS = (25, 50, 100, 250, 1000)
"""How many of the newest subgroups are reviewed."""
USUAL_WINDOW = 100


async def review_row(row: Row, window: int, choice: str = "normal") -> Review:
    """Review the newest ``window`` subgroups of a characteristic under a distribution.

    Raises:
        UserError, KnownError: the hub refused or could not be reached.
    """
    station, characteristic = row.station, row.characteristic
    plan = station.plans.get(characteristic.id) or ControlPlan(characteristic_id=characteristic.id, chart="i_mr")
    state = station.states.get(characteristic.id)
    product = station.products[characteristic.product_id]
    watch = make_watch(product, characteristic, plan, state.limits if state else None)
    points = await station.hub.query(m.GetWholePoints(characteristic_id=characteristic.id, limit=window))
    return await asyncio.to_thread(review, watch, points, choice)


async def review_all(rows: Iterable[Row], window: int, done: Callable[[Row], None]) -> None:
    """Review the rows and tell of each.

    Raises:
        UserError, KnownError: the hub refused or could not be reached.
    """
    for row in list(rows):
        row.review = await review_row(row, window)
        done(row)
