"""Databases of every release open in this one; a newer one is refused; nothing is migrated without a backup."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.ports import Batch
from spc_desktop.protocol import messages as m
from spc_desktop.storage import migrate, schema
from spc_desktop.storage.audit import examine
from spc_desktop.storage.store import SqlStore
from tests.data.db.make import POINTS, added, content, delivered, noted
from tests.storage_rows import alert, alert_batch, plant

STORED = sorted(Path("tests/data/db").resolve().glob("v*.sqlite3"))


def tables(file):
    with closing(sqlite3.connect(file)) as connection:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        found = [name for (name,) in names.fetchall() if name != "alert_search"]  # an index keeps nothing to be counted
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in found}


def test_that_a_database_of_the_first_release_is_stored():
    assert [file.name for file in STORED] == ["v1.sqlite3", "v2.sqlite3", "v3.sqlite3", "v4.sqlite3"]


def test_that_the_stored_database_has_a_row_in_every_table():
    found = tables(STORED[-1])
    assert set(found) >= {*schema.metadata.tables}
    assert [name for name, count in found.items() if count == 0] == []


@pytest.mark.parametrize("stored", STORED, ids=lambda file: file.stem)
async def test_that_a_stored_database_opens_and_everything_is_read(stored, tmp_path):
    file = tmp_path / "spc.sqlite3"
    shutil.copy(stored, file)
    given = content()
    async with SqlStore(file) as store:
        found = await store.load()
        assert found.catalogue.products == tuple(given.products)
        assert found.catalogue.characteristics == tuple(given.characteristics)
        assert found.catalogue.plans == tuple(given.plans)
        assert found.catalogue.states[0].limits == given.limits[0]
        assert found.catalogue.states[0].points == POINTS
        assert found.monitor_states == given.monitor_states
        assert found.open_alerts == given.alerts
        assert found.next_ids["measurement"] == POINTS + 1
        assert await store.known_keys(["csv:1", "csv:2", "csv:3"]) == dict(given.keys)
        assert await store.measurements_between(1, 0, POINTS) == given.measurements
        assert await store.points_between(1, 0, POINTS) == given.points
        assert (await store.query(m.GetPoints(characteristic_id=1, limit=POINTS))).count == POINTS
        assert await store.query(m.GetCapabilities()) == tuple(given.capabilities)
        page = await store.query(m.GetEvents(since=0))
        assert [type(event) for event in page.events] == [type(event) for event in given.events]
        assert page.events[5].alert == given.alerts[0]
        assert (await store.query(m.GetHistory(text="두께 확인"))).alerts == tuple(given.alerts)
        assert (await store.query(m.GetRuleRecord()))[0].rule == "nelson_1"
        notes = await store.query(m.GetNotes(characteristic_id=1))
        assert notes == (tuple(noted().notes) if stored.stem >= "v3" else ())
        page_of_log = await store.query(m.GetDeliveries())
        assert page_of_log.deliveries == (tuple(delivered().deliveries) if stored.stem >= "v4" else ())
        (told,) = await store.append(alert_batch([alert(2)]))
        assert told.seq == page.head + 1


async def test_that_a_stored_audit_trail_goes_on(tmp_path):
    file = tmp_path / "spc.sqlite3"
    shutil.copy(STORED[1], file)
    given = added()
    async with SqlStore(file) as store:
        assert (await store.load()).masks == list(given.masks.values())
        assert await store.documents("preferences") == {"kim": given.documents[0].body}
        await store.append(Batch(audit=given.audit))
        assert [(entry.seq, entry.actor) for entry in await store.query(m.GetAudit())] == [(2, "kim"), (1, "kim")]
    assert examine(file).first_bad is None


def test_that_the_migrations_end_in_the_schema_of_the_code(tmp_path):
    store = SqlStore(tmp_path / "s.db")
    migrate.migrate(store._engine)
    with store._engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata)
        found = [
            step for step in found if not str(getattr(step[1], "name", "")).startswith("alert_search")
        ]  # FTS5's own
    store._engine.dispose()
    assert found == []


def test_that_the_schema_version_is_the_newest_script_and_scripts_are_in_text_order():
    config = Config()
    config.set_main_option("script_location", str(migrate.SCRIPTS))
    scripts = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert scripts[0] == schema.SCHEMA_VERSION
    assert scripts == sorted(scripts, reverse=True)


async def test_that_a_newer_database_is_refused_and_left_as_it_is(tmp_path):
    file = tmp_path / "s.db"
    async with SqlStore(file) as store:
        await store.append(plant())
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9001'")
        connection.commit()
    before = file.read_bytes()
    with pytest.raises(KnownError, match="database_newer") as refused:
        async with SqlStore(file):
            pass
    expected = {"path": str(file), "found": "9001", "supported": schema.SCHEMA_VERSION}
    assert refused.value.params == expected
    assert file.read_bytes() == before
    assert not (tmp_path / "backups").exists()


NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0005", "0004", None, None
def upgrade():
    op.add_column("product", sa.Column("extra", sa.Text(), nullable=True))
    {more}
"""


@pytest.fixture
def next_release(tmp_path, monkeypatch):
    """Make this release believe in one more migration, whose last step can be chosen."""
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))

    def install(more="pass"):
        (scripts / "versions" / "0005_next.py").write_text(NEXT.format(more=more))
        monkeypatch.setattr(migrate, "SCRIPTS", scripts)
        monkeypatch.setattr(schema, "SCHEMA_VERSION", "0005")

    return install


async def test_that_an_older_database_is_backed_up_whole_and_then_migrated(tmp_path, next_release):
    file = tmp_path / "spc.sqlite3"
    async with SqlStore(file) as store:
        await store.append(plant())
        await store.append(alert_batch([alert(1)]))
        epoch = (await store.load()).epoch
        assert store.backup is None
    next_release()
    async with SqlStore(file) as store:
        assert store.backup.parent == tmp_path / "backups"
        assert store.backup.name.startswith("spc-0004-")
        assert (await store.load()).epoch == epoch
        backup = store.backup
    with closing(sqlite3.connect(file)) as connection:
        assert "extra" in [row[1] for row in connection.execute("PRAGMA table_info(product)")]
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]
    assert tables(backup)["alert"] == 1


async def test_that_a_backup_put_back_is_a_new_log(tmp_path, next_release, monkeypatch):
    file = tmp_path / "spc.sqlite3"
    async with SqlStore(file) as store:
        await store.append(alert_batch([]))
        await store.append(plant())
        await store.append(alert_batch([alert(1)]))
        epoch = (await store.load()).epoch
    next_release()
    async with SqlStore(file) as store:
        backup = store.backup
    monkeypatch.undo()
    async with SqlStore(backup) as store:
        found = await store.load()
        assert found.epoch != epoch
        assert found.head == 2
        assert (await store.query(m.GetEvents(since=0))).first == 3
        assert (await store.query(m.GetEvents(since=0))).events == ()
        (told,) = await store.append(alert_batch([alert(2)]))
        assert (told.seq, told.epoch) == (3, found.epoch)
        assert (await store.query(m.GetEvents(since=2))).events == (told,)


async def test_that_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path, next_release, monkeypatch):
    file = tmp_path / "spc.sqlite3"
    async with SqlStore(file) as store:
        await store.append(plant())
    next_release(more='op.execute("INSERT INTO product (id) VALUES (1)")')
    with pytest.raises(Exception, match="constraint failed"):
        async with SqlStore(file):
            pass
    monkeypatch.undo()
    async with SqlStore(file) as store:
        assert (await store.load()).head == 1
    with closing(sqlite3.connect(file)) as connection:
        assert "extra" not in [row[1] for row in connection.execute("PRAGMA table_info(product)")]
