"""The event log: its identity, its oldest event, and how it is kept short."""

import os
import time
from itertools import takewhile

from sqlalchemy import Connection, and_, delete, func, insert, select

from spc_desktop.storage import schema
from spc_desktop.storage.append import head_of

KEEP_DAYS = 7
KEEP_EVENTS = 1_000_000
STEP = 2000
"""Events looked at in one step, so that no write waits long for it."""

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_epoch() -> str:
    """Return an id that no log had before: 48 bits of milliseconds and 80 random bits, as a ULID writes them."""
    number = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def ensure_epoch(connection: Connection) -> str:
    """Return the log's epoch; give one to a new database and to a restored backup.

    A new epoch starts behind what is there: positions of the old log mean nothing in this one.
    """
    values = _meta(connection)
    if "epoch" not in values:
        values = {"epoch": new_epoch(), "epoch_first": str(head_of(connection) + 1)}
        connection.execute(insert(schema.meta), [{"name": name, "value": value} for name, value in values.items()])
    return values["epoch"]


def forget_epoch(connection: Connection) -> None:
    """Make the next start begin a new epoch."""
    connection.execute(delete(schema.meta).where(schema.meta.c.name.in_(["epoch", "epoch_first"])))


def epoch_of(connection: Connection) -> tuple[str, int]:
    """Return the epoch and its first seq."""
    values = _meta(connection)
    return values["epoch"], int(values["epoch_first"])


def first_of(connection: Connection) -> int:
    """Return the oldest seq that may be replayed (head + 1 when there is none)."""
    oldest = connection.scalar(select(func.min(schema.event.c.seq)))
    return max(oldest or 1, epoch_of(connection)[1])


def prune(connection: Connection) -> bool:
    """Delete up to ``STEP`` events that are too old or too many; return whether there may be more.

    Age counts from the newest event, not from the clock: a clock set wrongly must not empty the log.
    """
    c = schema.event.c
    newest = connection.execute(select(c.seq, c.ts).order_by(c.seq.desc()).limit(1)).first()
    if newest is None:
        return False
    too_old = newest.ts - KEEP_DAYS * 86_400_000_000
    too_many = newest.seq - KEEP_EVENTS
    kept = and_(c.seq > too_many, c.ts >= too_old)
    oldest = select(c.seq, kept).order_by(c.seq)
    if connection.execute(oldest.limit(1)).one()[1]:
        return False
    rest = list(takewhile(lambda row: not row[1], connection.execute(oldest.limit(STEP))))
    connection.execute(delete(schema.event).where(c.seq <= rest[-1].seq))
    return len(rest) == STEP


def _meta(connection: Connection) -> dict[str, str]:
    return dict(connection.execute(select(schema.meta.c.name, schema.meta.c.value)).all())
