"""Full text and filters over alerts by one inverted index: pairs of letters for the text, one token for each property.

A text is found by any part of a word, in Korean (where a word often has two syllables, too short for trigrams) as in
English: it is indexed by its overlapping pairs of letters, and by the last letter of each word. Product, rule, status, day
and the like are tokens of three letters and more in the same index, so a rare combination costs no more than its rarest
part. What the index finds is checked exactly against the row. ``alert_text`` holds what was indexed; without SQLite's FTS5
the same rows are searched by LIKE.

The newest alerts are not in the index yet: adding one by one would cost more than all the rest of an alert's commit. They
are added many at a time when the writer has nothing better to do; ``meta`` says up to which alert that has come, and a
search looks at the few rows behind it directly.
"""

import re
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import Connection, bindparam, column, func, select, table, text
from sqlalchemy.engine.interfaces import DBAPICursor

from spc_desktop.domain.alert import Alert
from spc_desktop.hub.ports import AlertChange
from spc_desktop.protocol import messages as m
from spc_desktop.storage import rows
from spc_desktop.storage.engine import Prepared
from spc_desktop.storage.schema import alert_text, meta

CREATE = (
    "CREATE VIRTUAL TABLE alert_search USING fts5(tokens, content='', detail=none, columnsize=0, "
    "tokenize='unicode61 remove_diacritics 0')"
)
_ADD = "INSERT INTO alert_search (rowid, tokens) VALUES (?, ?)"
_REMOVE = "INSERT INTO alert_search (alert_search, rowid, tokens) VALUES ('delete', ?, ?)"
REACHED = "search_reached"
"""Name in ``meta`` of the last alert that the index knows."""
MANY = 128
"""Alerts that are added to the index at a time."""
_WORD = re.compile(r"[^\W_]+")
SEARCH = table("alert_search", column("rowid"))


def folded(value: str) -> str:
    """Return a text as it is compared: composed, without capitals."""
    return unicodedata.normalize("NFC", value).casefold()


def pairs(value: str) -> set[str]:
    """Return the tokens of a folded text: pairs of letters, and the last letter of each word."""
    found: set[str] = set()
    for word in _WORD.findall(value):
        found.update(one + two for one, two in pairwise(word))
        found.add(word[-1])
    return found


def text_of(alert: Alert) -> str:
    """Return what an alert can be found by, folded."""
    causes = (alert.root_cause, alert.corrective_action, alert.preventive_action, alert.resolution_notes)
    about = (alert.title, alert.message, alert.product_code, alert.product_name, alert.assigned_to)
    return folded("\n".join(part for part in (*about, *causes) if part))


def properties(alert: Alert) -> str:
    """Return the tokens of an alert's properties, separated by spaces. Days and hours are UTC."""
    at = alert.created_at.astimezone(UTC)
    found = [
        f"prod{alert.product_id}",
        f"char{alert.characteristic_id or 0}",
        _token("type", alert.alert_type.value),
        f"prio{int(alert.priority)}",
        _token("stat", alert.status.value),
        _token("rule", alert.code),
        f"year{at.year:04d}",
        f"month{at.year:04d}{at.month:02d}",
        f"day{at.year:04d}{at.month:02d}{at.day:02d}",
    ]
    return " ".join(found)


def _token(kind: str, value: str) -> str:
    return kind + "".join(_WORD.findall(folded(value)))


class Index:
    """Keeps ``alert_text`` and the index in step with alerts. Belongs to the writer's thread."""

    def __init__(self, prepared: Prepared, *, indexed: bool) -> None:
        c = alert_text.c
        self._indexed = indexed
        self._known = prepared.text(
            select(c.own, c.comments, c.properties).where(c.alert_id == bindparam("id")), ["id"]
        )
        self._put = prepared.upsert(alert_text)
        self._note = prepared.upsert(meta)
        self._reached = sys.maxsize if indexed else 0
        self.waiting = 0
        """About how many alerts are not in the index yet."""

    def begin(self, connection: Connection) -> None:
        """From now on leave new alerts to ``catch_up``."""
        if not self._indexed:
            return
        last = connection.scalar(select(func.max(alert_text.c.alert_id))) or 0
        noted = connection.scalar(select(meta.c.value).where(meta.c.name == REACHED))
        if noted is None:
            connection.exec_driver_sql(self._note, (REACHED, str(last)))
        self._reached = last if noted is None else int(noted)
        behind = select(func.count()).where(alert_text.c.alert_id > self._reached)
        self.waiting = connection.scalar(behind) or 0

    def write(self, cursor: DBAPICursor, alerts: Sequence[Alert], changes: Iterable[AlertChange]) -> None:
        """Take in the newest version of alerts and their new comments; an alert that only repeats costs one look."""
        comments: dict[int, list[str]] = {}
        new: set[int] = set()
        for change in changes:
            if change.comment:
                comments.setdefault(change.alert_id, []).append(folded(change.comment))
            if change.change == "raised":
                new.add(change.alert_id)
        put = []
        for alert in {alert.id: alert for alert in alerts}.values():
            old = None if alert.id in new and alert.id > self._reached else self._old(cursor, alert.id)
            said = "\n".join([*([old[1]] if old and old[1] else []), *comments.get(alert.id, [])])
            row = (text_of(alert), said, properties(alert))
            if old == row:
                continue
            put.append((alert.id, *row))
            if self._indexed and alert.id <= self._reached:
                if old is not None:
                    cursor.execute(_REMOVE, (alert.id, _tokens(*old)))
                cursor.execute(_ADD, (alert.id, _tokens(*row)))
            elif self._indexed and old is None:
                self.waiting += 1
        if put:
            cursor.executemany(self._put, put)

    def _old(self, cursor: DBAPICursor, alert_id: int) -> tuple[str, str, str] | None:
        cursor.execute(self._known, (alert_id,))
        found = cursor.fetchone()
        return None if found is None else tuple(found)

    def catch_up(self, connection: Connection) -> int:
        """Add the next alerts to the index, in a transaction of its own; return what to tell ``reached`` after it."""
        c = alert_text.c
        wanted = select(alert_text).where(c.alert_id > self._reached).order_by(c.alert_id).limit(MANY)
        found = connection.execute(wanted).all()
        if not found:
            return self._reached
        cursor = connection.connection.cursor()
        cursor.executemany(_ADD, [(row.alert_id, _tokens(row.own, row.comments, row.properties)) for row in found])
        cursor.execute(self._note, (REACHED, str(found[-1].alert_id)))
        return int(found[-1].alert_id)

    def reached(self, alert_id: int) -> None:
        """The transaction of ``catch_up`` is committed."""
        self.waiting = max(0, self.waiting - MANY) if alert_id != self._reached else 0
        self._reached = alert_id


def _tokens(own: str, comments: str, found: str) -> str:
    return " ".join([found, *sorted(pairs(own) | pairs(comments))])


def expression(query: m.AlertQuery, text_wanted: str, oldest: datetime, newest: datetime) -> str:
    """Return what FTS5 is asked for; empty where nothing narrows the search.

    Args:
        query: the filter.
        text_wanted: words or parts of words, all of which must occur; empty: any text.
        oldest: time of the oldest alert, where the filter has no ``since``.
        newest: time of the newest one, where it has no ``until``.
    """
    wanted = [_quoted(token) for token in _wanted_properties(query)]
    for word in _WORD.findall(folded(text_wanted)):
        wanted += [_quoted(a + b) for a, b in pairwise(word)] if len(word) > 1 else [f"{_quoted(word)} *"]
    if query.since is not None or query.until is not None:
        since, until = query.since or oldest, query.until or newest + timedelta(days=1)
        days = " OR ".join(_quoted(token) for token in _periods(since.astimezone(UTC), until.astimezone(UTC)))
        wanted.append(f"({days})" if days else '"nothing"')
    return " AND ".join(wanted)


def _wanted_properties(query: m.AlertQuery) -> Iterator[str]:
    if query.product_id is not None:
        yield f"prod{query.product_id}"
    if query.characteristic_id is not None:
        yield f"char{query.characteristic_id}"
    if query.alert_type is not None:
        yield _token("type", query.alert_type.value)
    if query.priority is not None:
        yield f"prio{int(query.priority)}"
    if query.status is not None:
        yield _token("stat", query.status.value)
    if query.rule is not None:
        yield _token("rule", query.rule)


def _periods(since: datetime, until: datetime) -> Iterator[str]:
    """Cover since..until with whole years, else months, else days; the ends may cover too much."""
    day = since.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < until:
        year = day.replace(year=day.year + 1, month=1, day=1)
        month = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        if (day.month, day.day) == (1, 1) and year <= until:
            yield f"year{day:%Y}"
            day = year
        elif day.day == 1 and month <= until:
            yield f"month{day:%Y%m}"
            day = month
        else:
            yield f"day{day:%Y%m%d}"
            day += timedelta(days=1)


def _quoted(token: str) -> str:
    return f'"{token}"'


def reached(connection: Connection) -> int:
    """Return the last alert that the index knows."""
    noted = connection.scalar(select(meta.c.value).where(meta.c.name == REACHED))
    return sys.maxsize if noted is None else int(noted)


def matching(connection: Connection, wanted: str, before: int | None, limit: int) -> list[int]:
    """Return up to ``limit`` ids below ``before`` that the index finds, newest first."""
    statement = select(SEARCH.c.rowid).where(text("alert_search MATCH :wanted")).order_by(SEARCH.c.rowid.desc())
    if before is not None:
        statement = statement.where(SEARCH.c.rowid < before)
    return list(connection.scalars(statement.limit(limit), {"wanted": wanted}))


def fill(connection: Connection) -> None:
    """Index the alerts of a database that had no index, in pages."""
    from spc_desktop.storage.schema import alert, alert_change  # noqa: PLC0415 - migrations alone come here

    index = Index(Prepared(connection.dialect.name), indexed=connection.dialect.name == "sqlite")
    cursor = connection.connection.cursor()
    last = 0
    while True:
        page = select(alert.c.id, alert.c.alert_json).where(alert.c.id > last).order_by(alert.c.id).limit(1000)
        found = connection.execute(page).all()
        if not found:
            return
        c = alert_change.c
        said = select(alert_change).where(c.alert_id > last, c.alert_id <= found[-1].id, c.comment != "").order_by(c.id)
        changes = [
            AlertChange(row.alert_id, rows.instant(row.at), row.change, row.by, row.comment, row.rev)
            for row in connection.execute(said)
        ]
        index.write(cursor, rows.alerts_of([row.alert_json for row in found]), changes)
        last = found[-1].id
