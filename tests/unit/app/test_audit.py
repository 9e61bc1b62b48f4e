"""``spc-desktop audit verify`` on a real data folder."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from spc_desktop.app.cli import run
from spc_desktop.hub.ports import AuditRecord, Batch
from spc_desktop.storage.store import FILE_NAME, open_store
from tests.storage_rows import START


@pytest.fixture
def folder(tmp_path):
    async def write():
        async with open_store(tmp_path) as store:
            records = [AuditRecord(at=START, actor="김", action="ack", object=f"alert {i}") for i in range(1, 6)]
            await store.append(Batch(audit=records))

    asyncio.run(write())
    return tmp_path


def verify(folder, capsys):
    status = run(["audit", "verify", "--data-dir", str(folder), "--language", "en"])
    return status, capsys.readouterr()


def test_that_a_whole_trail_is_told_with_its_head(folder, capsys):
    status, said = verify(folder, capsys)
    assert status == 0
    assert "5 audit records" in said.out
    assert "intact: records 1 to 5" in said.out


def test_that_the_first_altered_record_is_told_and_the_status_is_1(folder, capsys):
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET actor = 'lee' WHERE seq = 3")
        connection.commit()
    status, said = verify(folder, capsys)
    assert status == 1
    assert "record 3 was altered" in said.out
    assert [line.split("records ")[1] for line in said.out.splitlines() if "intact" in line] == ["1 to 2", "4 to 5"]


def test_that_a_folder_without_a_database_is_named(tmp_path, capsys):
    status, said = verify(tmp_path, capsys)
    assert status == 3
    assert str(tmp_path) in said.err
    assert list(tmp_path.iterdir()) == []
