"""Manners of an installed program: one window per data folder, an end on request, a start in the tray."""

import contextlib
import json
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import zipfile
from contextlib import closing

import pytest

from tests.e2e.programs import Program, rings_csv, run, wait_for


def door_is_open(program):
    return lambda: (program.data_dir / "control.json").exists() and program.wait_until_up()


def test_that_second_start_leaves_the_work_to_the_first(tmp_path):
    folder = tmp_path / "data"
    with Program("--port", "0", "--background", data_dir=folder) as first:
        wait_for(door_is_open(first), "the first program")
        with Program("--port", "0", data_dir=folder) as second:
            assert second.process.wait(timeout=60) == 0, second.output
        assert first.process.poll() is None
        assert "in use" not in second.output
        assert first.stop() == 0


def test_that_quit_ends_window_and_hub_in_order(tmp_path):
    folder = tmp_path / "data"
    for arguments in (("--port", "0"), ("hub", "--port", "0")):
        with Program(*arguments, data_dir=folder) as program:
            wait_for(door_is_open(program), "the program")
            status, output = run("--quit", data_dir=folder)
            assert status == 0, output
            assert program.process.wait(timeout=60) == 0, program.output
        assert not (folder / "control.json").exists()
    status, output = run("--quit", data_dir=folder)
    assert status == 0
    assert "no program runs" in output


def test_that_window_on_the_folder_of_a_hub_says_who_has_it(tmp_path):
    folder = tmp_path / "data"
    with Program("hub", "--port", "0", data_dir=folder) as hub:
        wait_for(door_is_open(hub), "the hub")
        with Program("--port", "0", data_dir=folder) as window:
            wait_for(lambda: "is in use by another SPC Desktop" in window.output, "the message")
            assert window.stop() == 3
        assert hub.process.poll() is None


def test_that_strangers_cannot_use_the_door(tmp_path):
    folder = tmp_path / "data"
    with Program("hub", "--port", "0", data_dir=folder) as hub:
        wait_for(door_is_open(hub), "the hub")
        note = folder / "control.json"
        if os.name != "nt":
            assert stat.S_IMODE(note.stat().st_mode) == 0o600
        port = json.loads(note.read_text(encoding="ascii"))["port"]
        for line in (b"wrong quit\n", b"\xff" * 5000 + b"\n", b"\n"):
            with socket.create_connection(("127.0.0.1", port), 10) as stranger:
                stranger.sendall(line)
                with contextlib.suppress(ConnectionResetError):
                    assert stranger.recv(100) in {b"no\n", b""}
        assert hub.process.poll() is None
        assert hub.stop() == 0


def test_that_a_backup_is_put_back_and_the_present_database_is_kept(tmp_path):
    folder = tmp_path / "data"
    (folder / "backups").mkdir(parents=True)
    status, output = run("import", str(rings_csv(tmp_path / "LEN.csv")), "--product", "RING", data_dir=folder)
    assert status == 0, output
    copy = folder / "backups" / "spc-0001-20260101T000000.sqlite3"
    with closing(sqlite3.connect(folder / "spc.sqlite3")) as database:
        database.execute("VACUUM INTO ?", (str(copy),))
    status, output = run("import", str(rings_csv(tmp_path / "WIDTH.csv")), "--product", "OTHER", data_dir=folder)
    assert status == 0, output
    with Program("hub", "--port", "0", data_dir=folder) as hub:
        wait_for(door_is_open(hub), "the hub")
        status, output = run("backup", "restore", copy.name, data_dir=folder)
        assert status == 3, "not under a running program"
        assert hub.stop() == 0
    status, output = run("backup", "list", data_dir=folder)
    assert copy.name in output
    status, output = run("backup", "restore", "no-such", data_dir=folder)
    assert status == 2
    assert "no-such" in output
    status, output = run("backup", "restore", copy.name, data_dir=folder)
    assert status == 0, output
    assert products(folder / "spc.sqlite3") == {"RING"}
    assert products(next((folder / "backups").glob("replaced-*/spc.sqlite3"))) == {"RING", "OTHER"}


def products(file):
    with closing(sqlite3.connect(file)) as database:
        return {code for (code,) in database.execute("SELECT code FROM product")}


def test_that_logs_are_one_file_without_settings_or_measurements(tmp_path):
    folder = tmp_path / "data"
    with Program("hub", "--port", "0", data_dir=folder) as hub:
        wait_for(door_is_open(hub), "the hub")
        assert hub.stop() == 0
    status, output = run("logs", str(tmp_path / "logs.zip"), data_dir=folder)
    assert status == 0, output
    with zipfile.ZipFile(tmp_path / "logs.zip") as archive:
        names = archive.namelist()
    assert {"system.txt", "logs/spc-desktop.log"} <= set(names)
    assert not [name for name in names if "sqlite" in name or "settings" in name or "control" in name]


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")
def test_that_a_crash_below_python_leaves_a_report_for_the_next_start(tmp_path):
    folder = tmp_path / "data"
    with Program("hub", "--port", "0", data_dir=folder) as hub:
        wait_for(door_is_open(hub), "the hub")
        hub.process.send_signal(signal.SIGSEGV)
        assert hub.process.wait(timeout=60) == -signal.SIGSEGV
    assert not list((folder / "logs").glob("crash-*"))
    with Program("hub", "--port", "0", data_dir=folder) as hub:
        wait_for(door_is_open(hub), "the hub again")
        assert hub.stop() == 0
    (report,) = (folder / "logs").glob("crash-*")
    assert "Segmentation fault" in report.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="would write into the registry of whoever runs the tests")
def test_that_autostart_is_switched_for_this_user_only(tmp_path):
    entry = tmp_path / "autostart" / "spc-desktop.desktop"
    for wanted, hidden in (("on", "Hidden=false"), ("off", "Hidden=true")):
        done = subprocess.run(
            [sys.executable, "-m", "spc_desktop", "autostart", wanted],
            env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)},
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert hidden in entry.read_text(encoding="utf-8")
        assert "--background" in entry.read_text(encoding="utf-8")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X is Linux's")
@pytest.mark.parametrize("display", ["", ":987"])
@pytest.mark.parametrize("command", [(), ("viewer", "http://127.0.0.1:9")])
def test_that_a_window_without_a_display_is_refused_with_a_sentence(tmp_path, display, command):
    status, output = run(*command, data_dir=tmp_path / "data", DISPLAY=display, WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert status == 7
    assert "display" in output
    assert "Traceback" not in output
