"""The delivery log in SQL: its query, and how it is kept short."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, or_, select

from spc_desktop.domain.delivery import Delivery, DeliveryOutcome
from spc_desktop.protocol import messages as m
from spc_desktop.storage import schema
from spc_desktop.storage.log import KEEP_DAYS, STEP

KEEP = 1_000_000
_delivery = msgspec.json.Decoder(Delivery)


def page(connection: Connection, query: m.GetDeliveries) -> m.DeliveryPage:
    """Answer ``GetDeliveries``."""
    c = schema.delivery.c
    wanted = select(c.delivery_json)
    exact: dict[Any, Any] = {
        c.alert_id: query.alert_id,
        c.product_id: query.product_id,
        c.recipient: query.recipient,
        c.channel: query.channel,
        c.outcome: query.outcome,
    }
    for column, value in exact.items():
        if value is not None:
            wanted = wanted.where(column == value)
    if query.before_id is not None:
        wanted = wanted.where(c.id < query.before_id)
    limit = max(0, query.limit)
    found = connection.scalars(wanted.order_by(c.id.desc()).limit(limit + 1))
    return page_of([_delivery.decode(text) for text in found], limit)


def page_of(found: Sequence[Delivery], limit: int) -> m.DeliveryPage:
    """Return the page that begins what was found."""
    return m.DeliveryPage(deliveries=tuple(found[:limit]), more=len(found) > limit)


def prune(connection: Connection) -> bool:
    """Delete up to ``STEP`` rows that are too old or too many; return whether there may be more.

    What still has to be sent is never deleted. Age counts from the newest row, as in the event log.
    """
    c = schema.delivery.c
    newest = connection.execute(select(c.id, c.at).order_by(c.id.desc()).limit(1)).first()
    if newest is None:
        return False
    gone = or_(c.id <= newest.id - KEEP, c.at < newest.at - KEEP_DAYS * 86_400_000_000)
    oldest = select(c.id, gone).where(c.outcome != DeliveryOutcome.WAITING.value).order_by(c.id)
    first = connection.execute(oldest.limit(1)).first()
    if first is None or not first[1]:
        return False
    ids = [row.id for row in connection.execute(oldest.limit(STEP)) if row[1]]
    connection.execute(delete(schema.delivery).where(c.id.in_(ids)))
    return len(ids) == STEP
