"""Manners of an installed program: one window per data folder, an end on request, a start in the tray."""

import contextlib
import json
import os
import socket
import stat

from tests.e2e.programs import Program, run, wait_for


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
