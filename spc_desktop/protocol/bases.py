"""What all commands, queries and events have in common."""

from datetime import datetime

from msgspec import Struct


class Command(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A wish to change something; goes through the same queue as measurements, so order is total."""


class Query(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A question; answered from committed data."""


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something that happened and is stored. ``ts`` is the hub's time of the commit, with an offset."""

    seq: int = 0
    epoch: str = ""
    ts: datetime
    product_id: int | None = None
