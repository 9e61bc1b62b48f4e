"""What ``spc-desktop doctor`` says of a healthy folder and of each thing that is wrong."""

import asyncio
import shutil
import socket
import sqlite3
from collections import namedtuple

import pytest

from spc_desktop.app.cli import run
from spc_desktop.storage.store import FILE_NAME, SqlStore


def examined(capsys, folder, *options):
    status = run(["doctor", "--data-dir", str(folder), "--language", "en", "--port", "0", *options])
    lines = capsys.readouterr().out.splitlines()
    return status, {line[6:].strip().split(": ", 1)[0]: line[:6].strip() for line in lines}, "\n".join(lines)


@pytest.fixture
def used(tmp_path):
    """A data folder with a database of this release."""

    async def make():
        async with SqlStore(tmp_path / FILE_NAME):
            pass

    asyncio.run(make())
    return tmp_path


def test_that_a_healthy_folder_has_no_fault_and_nothing_is_changed(capsys, used):
    before = (used / FILE_NAME).read_bytes()
    status, verdicts, text = examined(capsys, used)
    assert status == 0, text
    assert verdicts["Database"] == verdicts["Data folder"] == verdicts["Address"] == "ok"
    assert (used / FILE_NAME).read_bytes() == before


def test_that_a_folder_that_is_not_there_is_not_made(capsys, tmp_path):
    status, verdicts, _ = examined(capsys, tmp_path / "later")
    assert (status, verdicts["Database"]) == (0, "ok")
    assert not (tmp_path / "later").exists()


def test_that_a_broken_database_is_a_fault(capsys, used):
    (used / FILE_NAME).write_bytes(b"no database at all" * 1000)
    status, verdicts, _ = examined(capsys, used)
    assert (status, verdicts["Database"]) == (1, "FAULT")


@pytest.mark.parametrize(("version", "status", "verdict"), [("9999", 1, "FAULT"), ("0001", 0, "note")])
def test_that_a_database_of_another_release_is_told(capsys, used, version, status, verdict):
    with sqlite3.connect(used / FILE_NAME) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.close()
    found, verdicts, text = examined(capsys, used)
    assert (found, verdicts["Database"]) == (status, verdict)
    assert version in text


def test_that_a_taken_port_is_a_fault_with_another_offered(capsys, used):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, verdicts, text = examined(capsys, used, "--port", str(port))
    assert (status, verdicts["Address"]) == (1, "FAULT")
    assert "--port" in text


def test_that_a_disk_without_room_is_a_fault(capsys, used, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage(10**12, 10**12 - 5, 5))
    status, verdicts, _ = examined(capsys, used)
    assert (status, verdicts["Free space"]) == (1, "FAULT")


def test_that_settings_that_cannot_be_read_are_told(capsys, used):
    (used / "settings.toml").write_text("[hub\nport = nonsense", encoding="utf-8")
    status, verdicts, _ = examined(capsys, used)
    assert (status, verdicts["Settings"]) == (1, "FAULT")
