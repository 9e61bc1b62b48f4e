"""A hub on a small disk of its own that fills up: writes are refused as such, reading and listening go on, and it recovers."""

import json
import os
import subprocess
from contextlib import suppress

import pytest
from websockets.sync.client import connect

from tests.e2e.programs import Program, request, rings_csv, run, wait_for

ALERT = {"product": 1, "alert_type": "OUT_OF_SPEC", "priority": 4, "title": "t", "message": "가" * 3000}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MiB; skipped where this account may not mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], capture_output=True, text=True, check=False
    ) if os.name == "posix" else None  # fmt: skip
    if done is None or done.returncode:
        pytest.skip(f"no small file system can be mounted: {done.stderr.strip() if done else os.name}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_that_a_full_disk_is_answered_507_and_the_hub_recovers_by_itself(small_disk, tmp_path):
    folder, ballast = small_disk / "data", small_disk / "ballast"
    status, output = run("import", str(rings_csv(tmp_path / "LEN.csv")), "--product", "RING", data_dir=folder)
    assert status == 0, output
    with Program("hub", "--port", "0", data_dir=folder) as program:
        url = program.wait_until_up()
        status, stored = request("POST", f"{url}/api/spc/alerts/", ALERT)
        assert status == 201
        with connect(url.replace("http", "ws") + "/ws/spc/notifications/") as client:
            client.recv(timeout=30)
            with ballast.open("wb", buffering=0) as filling, suppress(OSError):
                while True:
                    filling.write(bytes(4096))
            refused = wait_for(lambda: first_refusal(url), "a refusal")
            assert refused["code"] == "storage_full"
            assert request("GET", f"{url}/api/spc/alerts/{stored['id']}/")[0] == 200
            assert request("GET", f"{url}/readyz")[0] == 503
            told = wait_for(lambda: read(client, "storage"), "the hub's own alert")
            assert told["alert"]["priority"] == 4
            ballast.unlink()
            again = wait_for(lambda: accepted(url), "an answer after there is room")
            assert (
                wait_for(lambda: read(client, again["title"]), "the alert at the client")["alert"]["id"] == again["id"]
            )
            # Of so small a disk it always says that little is left; the store itself works again.
            wait_for(lambda: request("GET", f"{url}/readyz")[1]["checks"]["store"] == "ok", "the store")
        assert program.stop() == 0, program.output
    assert "Traceback" not in program.output


def test_that_a_start_on_a_full_disk_says_so(small_disk):
    with (small_disk / "ballast").open("wb", buffering=0) as filling, suppress(OSError):
        while True:
            filling.write(bytes(4096))
    status, output = run("hub", "--port", "0", data_dir=small_disk)
    assert status == 3
    assert "is full; make room" in output
    assert "Traceback" not in output


def first_refusal(url):
    status, answer = request("POST", f"{url}/api/spc/alerts/", ALERT)
    assert status in {201, 507}, answer
    return answer if status == 507 else None


def accepted(url):
    status, answer = request("POST", f"{url}/api/spc/alerts/", {**ALERT, "title": "room again"})
    return answer if status == 201 else None


def read(client, text):
    message = json.loads(client.recv(timeout=60))
    return message if message["type"] == "alert" and text in json.dumps(message, ensure_ascii=False) else None
