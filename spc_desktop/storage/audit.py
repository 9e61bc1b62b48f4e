"""The audit trail: a chain of hashes over numbered records, its writing and its examination.

A record's hash is SHA-256 over the hash before it and the record's JSON array ``[seq, at, actor, client, action, object,
before, after, reason]`` (``at`` in microseconds, ``before`` and ``after`` as their JSON text). Whoever changes, removes or
inserts a record in the file breaks the chain there; the head is also kept in ``meta``, so that records cut off at the end
are missed as well.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, func, inspect, select
from sqlalchemy.engine.interfaces import DBAPICursor

from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.ports import AuditRecord
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import setting_up
from spc_desktop.storage import rows, schema
from spc_desktop.storage.engine import Prepared, database_url, reader_engine, surroundings

BEGINNING = bytes(32)
"""Stands for the hash before the first record."""
HEAD = "audit_head"
_NEWEST = select(schema.audit.c.seq, schema.audit.c.hash).where(
    schema.audit.c.seq == select(func.max(schema.audit.c.seq)).scalar_subquery()
)


class Report(NamedTuple):
    """What an examination found."""

    records: int
    first_bad: int | None
    """Sequence number of the first record that is altered, missing or put in."""
    intact: tuple[tuple[int, int], ...]
    """First and last number of each stretch whose records are whole and follow each other."""
    head: str
    """Hash of the last record, hexadecimal; empty where there is none."""


def chained(records: Iterable[AuditRecord], seq: int, previous: bytes) -> list[rows.RowTuple]:
    """Return the rows that follow the record ``seq`` with the hash ``previous``."""
    made: list[rows.RowTuple] = []
    for record in records:
        seq += 1
        texts = (record.actor, record.client, record.action, record.object)
        content = (*texts, rows.to_json(record.before), rows.to_json(record.after), record.reason)
        row = (seq, rows.micros(record.at), *content)
        digest = hash_of(row, previous)
        made.append((*row, previous, digest))
        previous = digest
    return made


def hash_of(row: Sequence[Any], previous: bytes) -> bytes:
    """Return the hash of a record: of its columns up to the reason, and of the hash before."""
    return sha256(previous + msgspec.json.encode(tuple(row))).digest()


class Trail:
    """Adds records. Belongs to the writer's thread."""

    def __init__(self, prepared: Prepared) -> None:
        self._newest = prepared.text(_NEWEST)
        self._insert = prepared.insert(schema.audit)
        self._head = prepared.upsert(schema.meta)

    def add(self, cursor: DBAPICursor, records: Sequence[AuditRecord]) -> None:
        """Write records behind the last one, and the new head."""
        if not records:
            return
        cursor.execute(self._newest)
        seq, previous = cursor.fetchone() or (0, BEGINNING)
        made = chained(records, seq, bytes(previous))
        cursor.executemany(self._insert, made)
        cursor.execute(self._head, (HEAD, _head_text(made[-1])))


def _head_text(row: Sequence[Any]) -> str:
    return f"{row[0]}:{row[-1].hex()}"


def verify(connection: Connection) -> Report:
    """Examine every record, in one pass that holds one record in memory."""
    table = schema.audit
    found = connection.execution_options(yield_per=1000).execute(select(table).order_by(table.c.seq))
    count, last, previous = 0, 0, BEGINNING
    bad: int | None = None
    intact: list[tuple[int, int]] = []
    for row in found:
        count += 1
        follows = row.seq == last + 1 and bytes(row.previous) == previous
        whole = hash_of(row[:9], bytes(row.previous)) == bytes(row.hash)
        if not (follows and whole) and bad is None:
            bad = row.seq if row.seq == last + 1 else last + 1
        if whole:
            joined = follows and bool(intact) and intact[-1][1] == last
            first = intact.pop()[0] if joined else row.seq
            intact.append((first, row.seq))
        last, previous = row.seq, bytes(row.hash)
    noted = connection.scalar(select(schema.meta.c.value).where(schema.meta.c.name == HEAD))
    if bad is None and (noted or "") != (f"{last}:{previous.hex()}" if count else ""):
        bad = last + 1
    return Report(count, bad, tuple(intact), previous.hex() if count else "")


def entries(connection: Connection, query: m.GetAudit) -> tuple[m.AuditEntry, ...]:
    """Answer ``GetAudit``."""
    c = schema.audit.c
    asked = ((c.actor, query.actor), (c.action, query.action), (c.object, query.object))
    return _newest(connection, query, *(column == value for column, value in asked if value is not None))


def changes(connection: Connection, query: m.GetChanges) -> tuple[m.AuditEntry, ...]:
    """Answer ``GetChanges``."""
    return _newest(connection, query, schema.audit.c.object.in_(setting_up.told(query)))


def _newest(
    connection: Connection, query: m.GetAudit | m.GetChanges, *where: ColumnElement[bool]
) -> tuple[m.AuditEntry, ...]:
    seq = schema.audit.c.seq
    wanted = select(schema.audit).where(*where).order_by(seq.desc()).limit(max(0, query.limit))
    if query.before_seq is not None:
        wanted = wanted.where(seq < query.before_seq)
    return tuple(entry_of(tuple(row)) for row in connection.execute(wanted))


def entry_of(row: Sequence[Any]) -> m.AuditEntry:
    """Return a row as it is told."""
    seq, at, actor, client, action, about, before, after, reason, _, digest = row
    return m.AuditEntry(
        seq=seq,
        at=rows.instant(at),
        actor=actor,
        client=client,
        action=action,
        object=about,
        before=before,
        after=after,
        reason=reason,
        hash=bytes(digest).hex(),
    )


def examine(file: Path) -> Report:
    """Examine the trail of a database file, also while a program uses it; one of before the first trail has no records.

    Raises:
        KnownError: ``database_unavailable`` and what ``surroundings`` maps.
    """
    if not file.is_file():
        raise KnownError("database_unavailable", path=str(file.parent), detail=f"{file.name}: no such file")
    url = database_url(file)
    engine = reader_engine(url, busy_timeout_ms=5000, connections=1)
    try:
        with surroundings(url), engine.begin() as connection:
            there = inspect(connection).has_table(schema.audit.name)
            return verify(connection) if there else Report(0, None, (), "")
    finally:
        engine.dispose()
