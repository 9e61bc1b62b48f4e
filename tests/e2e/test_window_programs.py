"""The programs with a window as processes, without a screen: they serve, follow a hub over its death, and end in order."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from websockets.sync.client import connect

from tests.e2e.programs import Program, request, rings_csv, run, wait_for


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connections_to(port, pid):
    """Number of established connections of a process to a local port, from the kernel's own table."""
    inodes = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[3] == "01" and int(fields[2].rsplit(":", 1)[1], 16) == port:
            inodes.add(f"socket:[{fields[9]}]")
    owned = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            owned.add(str(entry.readlink()))
        except OSError:  # closed meanwhile
            continue
    return len(inodes & owned)


def test_that_window_serves_clients_and_ends_in_order(tmp_path):
    folder = tmp_path / "data"
    with Program("--port", "0", "--sample-plant=20", data_dir=folder) as window:
        url = window.wait_until_up()
        with connect(url.replace("http", "ws") + "/ws/spc/notifications/") as client:
            assert json.loads(client.recv(timeout=30))["type"] == "connection"
            wait_for(lambda: request("GET", f"{url}/api/spc/measurements/?product=1&limit=1")[1], "measurements")
            body = {"product": 1, "alert_type": "TREND", "priority": 2, "title": "드리프트", "message": "by hand"}
            status, created = request("POST", f"{url}/api/spc/alerts/", body)
            assert status == 201
            heard = {}
            while heard.get("alert", {}).get("id") != created["id"]:
                heard = json.loads(client.recv(timeout=30))
        assert window.stop() == 0, window.output
    status, output = run("hub", "--port", "-1", data_dir=folder)
    assert status == 2
    assert "port" in output
    assert not list((folder / "logs").glob("crash-*")), "no unexpected error was reported"


def test_that_window_tells_a_taken_port_and_stays_until_it_is_ended(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Program("--port", str(port), data_dir=tmp_path / "data") as window:
            wait_for(lambda: f"port {port}" in window.output, "the message about the port")
            assert window.process.poll() is None
            assert window.stop() == 4


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into the kernel's table of connections")
def test_that_viewer_follows_its_hub_over_a_kill_and_ends_in_order(tmp_path):
    folder, port = tmp_path / "data", free_port()
    status, output = run("import", str(rings_csv(tmp_path / "LEN.csv")), "--product", "RING", data_dir=folder)
    assert status == 0, output
    address = f"http://127.0.0.1:{port}"
    with Program("viewer", address, data_dir=tmp_path / "viewer") as viewer:
        with Program("hub", "--port", str(port), data_dir=folder) as hub:
            hub.wait_until_up()
            wait_for(lambda: connections_to(port, viewer.process.pid), "the viewer's connection")
            hub.kill()
            wait_for(lambda: not connections_to(port, viewer.process.pid), "the end of the connection")
        with Program("hub", "--port", str(port), data_dir=folder) as hub:
            hub.wait_until_up()
            wait_for(lambda: connections_to(port, viewer.process.pid), "the viewer's new connection")
            assert viewer.stop() == 0, viewer.output
            assert hub.stop() == 0
    assert not list((tmp_path / "viewer" / "logs").glob("crash-*"))


def test_that_check_passes_against_a_running_hub(tmp_path):
    folder = tmp_path / "data"
    status, output = run("import", str(rings_csv(tmp_path / "LEN.csv")), "--product", "RING", data_dir=folder)
    assert status == 0, output
    with Program("hub", "--port", "0", data_dir=folder) as hub:
        url = hub.wait_until_up()
        status, output = run_check("--url", url)
        assert status == 0, output
        status, output = run_check("--url", url, "--create-alert")
        assert status == 0, output
        assert request("GET", f"{url}/api/spc/alerts/1/")[0] == 200
        assert hub.stop() == 0
    status, output = run_check("--url", url)
    assert status == 1


def run_check(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "spc_desktop", "check", *arguments],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONUTF8": "1"},
    )
    return done.returncode, done.stdout + done.stderr
