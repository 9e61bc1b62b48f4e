"""The audit trail in a file: nothing in the program alters it, and what is altered from outside is found."""

import sqlite3
from contextlib import closing

import pytest

from spc_desktop.hub.ports import AuditRecord, Batch
from spc_desktop.protocol import messages as m
from spc_desktop.storage import audit, migrate
from spc_desktop.storage.store import SqlStore
from tests.storage_rows import START, measurement


def record(number, **changes):
    fields = {"at": START, "actor": "김", "action": "ack", "object": f"alert {number}", "before": {"n": number}}
    return AuditRecord(**(fields | changes))


@pytest.fixture
async def file(tmp_path):
    """A trail of ten records, written in three transactions."""
    path = tmp_path / "spc.sqlite3"
    async with SqlStore(path) as store:
        for numbers in (range(1, 4), range(4, 5), range(5, 11)):
            await store.append(Batch(audit=[record(i) for i in numbers]))
    return path


def tamper(file, *statements):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("DROP TRIGGER audit_no_delete")
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def verify(file):
    store = SqlStore(file)
    with store._read_engine.begin() as connection:
        found = audit.verify(connection)
    store._read_engine.dispose()
    store._engine.dispose()
    return found


async def test_that_an_untouched_trail_is_whole_and_its_head_is_the_last_hash(file):
    found = verify(file)
    async with SqlStore(file) as store:
        (last,) = await store.query(m.GetAudit(limit=1))
    assert (found.records, found.first_bad, found.intact) == (10, None, ((1, 10),))
    assert found.head == last.hash


def test_that_an_empty_trail_is_whole(tmp_path):
    store = SqlStore(tmp_path / "e.db")
    migrate.migrate(store._engine)
    store._engine.dispose()
    assert verify(tmp_path / "e.db") == audit.Report(0, None, (), "")


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'lee'", "DELETE FROM audit WHERE seq = 3"])
def test_that_the_database_itself_refuses_to_change_a_record(file, statement):
    with closing(sqlite3.connect(file)) as connection, pytest.raises(sqlite3.IntegrityError, match="never changed"):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "bad", "intact"),
    [
        ("UPDATE audit SET actor = 'lee' WHERE seq = 4", 4, ((1, 3), (5, 10))),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", 1, ((2, 10),)),
        ("UPDATE audit SET after_json = '{}' WHERE seq = 10", 10, ((1, 9),)),
        ("UPDATE audit SET previous = zeroblob(32) WHERE seq = 6", 6, ((1, 5), (7, 10))),
        ("DELETE FROM audit WHERE seq = 4", 4, ((1, 3), (5, 10))),
        ("DELETE FROM audit WHERE seq > 8", 9, ((1, 8),)),
        ("DELETE FROM audit", 1, ()),
    ],
)
def test_that_a_record_altered_or_removed_in_the_file_is_found(file, statement, bad, intact):
    tamper(file, statement)
    found = verify(file)
    assert (found.first_bad, found.intact) == (bad, intact)


def test_that_a_record_put_in_between_is_found(file):
    tamper(
        file,
        "UPDATE audit SET seq = seq + 100 WHERE seq > 4",
        "INSERT INTO audit SELECT 5, at, actor, client, action, object, before_json, after_json, reason, previous, hash "
        "FROM audit WHERE seq = 4",
        "UPDATE audit SET seq = seq - 99 WHERE seq > 100",
    )
    assert verify(file).first_bad == 5


async def test_that_a_batch_that_fails_leaves_no_record(file):
    twice = Batch(measurements=[measurement(1), measurement(1)], audit=[record(11)])
    async with SqlStore(file) as store:
        with pytest.raises(Exception, match=r"(?i)foreign|unique"):
            await store.append(twice)
    assert verify(file).records == 10
