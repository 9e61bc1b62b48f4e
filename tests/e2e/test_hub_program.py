"""``spc-desktop hub`` as a process: fed, heard, stopped in order, killed under load, started where it cannot."""

import json
import socket
import sqlite3
import ssl
import threading
import urllib.error
import urllib.request
from contextlib import closing

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.programs import Program, request, rings_csv, run, wait_for


def hub(data_dir, *arguments):
    return Program("hub", "--port", "0", *arguments, data_dir=data_dir)


@pytest.fixture
def data_dir(tmp_path):
    """A data folder with one product whose limits are frozen."""
    folder = tmp_path / "data"
    status, output = run("import", str(rings_csv(tmp_path / "LEN.csv")), "--product", "RING", data_dir=folder)
    assert status == 0, output
    assert "25 stored, 0 known already" in output
    return folder


def values_stored(data_dir):
    """Return (sample number, value) of every stored measurement, straight from the file."""
    with closing(sqlite3.connect(data_dir / "spc.sqlite3")) as database:
        names = [row[1] for row in database.execute("PRAGMA table_info(measurement)")]
        value = next(name for name in names if "value" in name)
        return database.execute(f"SELECT sample_number, {value} FROM measurement ORDER BY id").fetchall()


def test_that_posted_value_is_heard_as_alert_and_survives_an_orderly_stop(data_dir):
    with hub(data_dir) as program:
        url = program.wait_until_up()
        with connect(url.replace("http", "ws") + "/ws/spc/notifications/") as client:
            assert json.loads(client.recv(timeout=30))["type"] == "connection"
            status, _ = request("POST", f"{url}/api/spc/measurements/", {"product": 1, "value": 99.0})
            assert status == 201
            heard = json.loads(client.recv(timeout=30))
        assert heard["type"] == "alert"
        assert heard["alert"]["product_code"] == "RING"
        assert program.stop() == 0
        assert "stored" in program.output
    with hub(data_dir) as program:
        url = program.wait_until_up()
        _, alerts = request("GET", f"{url}/api/spc/alerts/")
        listed = alerts if isinstance(alerts, list) else alerts["results"]
        assert heard["alert"]["id"] in {alert["id"] for alert in listed}


def test_that_client_is_told_when_the_hub_stops(data_dir):
    with hub(data_dir) as program:
        url = program.wait_until_up()
        with connect(url.replace("http", "ws") + "/ws/spc/notifications/") as client:
            client.recv(timeout=30)
            assert program.stop() == 0
            with pytest.raises(ConnectionClosed) as caught:
                list(client)
            assert caught.value.rcvd.code == 1012


def test_that_kill_under_load_loses_nothing_answered_and_doubles_nothing(data_dir):
    """Four senders post; the hub is killed in the middle; what was answered is there once, the rest is sent again."""
    answered, in_doubt, lock = [], [], threading.Lock()
    enough = threading.Event()

    def send(url, sender):
        for count in range(10_000):
            number = sender * 100_000 + count
            item = {"product": 1, "value": 10.0, "sample_number": number, "source_id": f"gauge-{sender}", "n": count}
            try:
                status, _ = request("POST", f"{url}/api/spc/measurements/", item)
            except (OSError, ValueError):  # the connection broke: no answer, so it may be stored or not
                with lock:
                    in_doubt.append(item)
                return
            assert status == 201
            with lock:
                answered.append(number)
                if len(answered) >= 200:
                    enough.set()

    with hub(data_dir) as program:
        url = program.wait_until_up()
        senders = [threading.Thread(target=send, args=(url, sender)) for sender in range(4)]
        for sender in senders:
            sender.start()
        assert enough.wait(60)
        program.kill()
        for sender in senders:
            sender.join(60)
    with hub(data_dir) as program:
        url = program.wait_until_up()
        for item in in_doubt:
            assert request("POST", f"{url}/api/spc/measurements/", item)[0] in {200, 201}
        assert program.stop() == 0
    stored = [number for number, _ in values_stored(data_dir)][25:]
    assert sorted(stored) == sorted(answered + [item["sample_number"] for item in in_doubt])
    assert len(set(stored)) == len(stored)


def test_that_value_being_answered_is_in_the_file_before_the_answer(data_dir):
    """Killed right after each answer, three times: the value is there."""
    for turn in range(3):
        with hub(data_dir) as program:
            url = program.wait_until_up()
            status, _ = request("POST", f"{url}/api/spc/measurements/", {"product": 1, "value": 20.0 + turn})
            program.kill()
            assert status == 201
    with hub(data_dir) as program:
        program.wait_until_up()
        assert program.stop() == 0
    assert [value for _, value in values_stored(data_dir)][25:] == [20.0, 21.0, 22.0]


def test_that_taken_port_is_told_with_its_owner(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, output = run("hub", "--port", str(port), data_dir=tmp_path / "data")
    assert status == 4
    assert f"port {port} on 127.0.0.1 is in use by" in output
    assert "Traceback" not in output


def test_that_second_hub_on_one_data_folder_is_refused_with_the_first_ones_address(tmp_path):
    with hub(tmp_path / "data") as first:
        url = first.wait_until_up()
        status, output = run("hub", "--port", "0", data_dir=tmp_path / "data")
        assert status == 3
        assert url in output
        assert str(first.process.pid) in output


def test_that_newer_database_is_refused_and_left_alone(data_dir):
    with closing(sqlite3.connect(data_dir / "spc.sqlite3")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    before = (data_dir / "spc.sqlite3").read_bytes()
    status, output = run("hub", "--port", "0", data_dir=data_dir)
    assert status == 3
    assert "newer version" in output
    assert (data_dir / "spc.sqlite3").read_bytes() == before


def test_that_unusable_data_folder_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    status, output = run("hub", "--port", "0", data_dir=tmp_path / "file" / "data")
    assert status == 3
    assert "cannot be written" in output


def test_that_address_others_can_reach_is_encrypted_and_needs_an_account(tmp_path):
    folder = tmp_path / "data"
    with hub(folder, "--host", "0.0.0.0", "--allow-anonymous", "off", "--language", "en") as program:
        url = program.wait_until_up()
        assert url.startswith("https://")
        trusted = ssl.create_default_context(cafile=folder / "tls" / "hub.crt")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{url}/api/spc/alerts/", context=trusted)
        assert refused.value.code == 401
        refused.value.close()
        status, output = run("user", "list", data_dir=folder)
        assert status == 0, output
        assert program.stop() == 0
        assert "SHA-256" in program.output


def test_that_mistake_in_the_settings_is_told_with_file_and_key(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "settings.toml").write_text('[hub]\nport = "x"\n', encoding="utf-8")
    status, output = run("hub", data_dir=folder)
    assert status == 2
    assert "settings.toml: hub.port" in output


def test_that_import_goes_through_the_hub_that_runs_on_the_folder(data_dir, tmp_path):
    with hub(data_dir) as program:
        url = program.wait_until_up()
        more = rings_csv(tmp_path / "WIDTH.csv", subgroups=30)
        status, output = run("import", str(more), "--product", "RING", data_dir=data_dir)
        assert status == 0, output
        assert "30 stored" in output
        status, output = run("import", str(more), "--product", "RING", "--url", url, data_dir=tmp_path / "other")
        assert status == 0, output
        assert "0 stored, 30 known already" in output
        assert not (tmp_path / "other" / "spc.sqlite3").exists()


def test_that_sample_plant_delivers_and_goes_on_after_a_kill(tmp_path):
    folder = tmp_path / "data"

    def delivered(program):
        url = program.wait_until_up()
        _, rows = request("GET", f"{url}/api/spc/measurements/?product=1&limit=1")
        rows = rows if isinstance(rows, list) else rows.get("results")  # none before the plant is known
        return rows and rows[0]["id"]

    with hub(folder, "--sample-plant=100") as program:
        before = wait_for(lambda: (delivered(program) or 0) > 2000, "the history of the sample plant")
        program.kill()
    with hub(folder, "--sample-plant=100") as program:
        wait_for(lambda: (delivered(program) or 0) > 2400, "more of the sample plant")
        assert program.stop() == 0
    assert before
    with closing(sqlite3.connect(folder / "spc.sqlite3")) as database:
        doubled = database.execute(
            "SELECT characteristic_id, sample_number, count(*) FROM measurement GROUP BY 1, 2 HAVING count(*) > 1"
        ).fetchall()
    assert doubled == []
