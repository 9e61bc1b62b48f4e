"""Two hubs as programs on one PostgreSQL and one Redis, a round-robin before them: nothing is lost or doubled, whoever dies."""

import http.client
import json
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests import postgres, redis
from tests.e2e.programs import PATIENCE, Program, request, rings_csv, run, wait_for
from tests.e2e.receiver import Receiver
from tests.e2e.round_robin import RoundRobin

TOLD = {"alert", "measurement", "run_rule_violation"}
"""What a subscription to all products is told."""


@pytest.fixture(scope="module")
def servers():
    """A database server and a relay of this module's own, which its tests stop and start."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(postgres.server()), stack.enter_context(redis.server())
        except RuntimeError as reason:
            pytest.skip(str(reason))


@contextmanager
def hubs(tmp_path, database, relay, names=("a", "b")):
    """Programs with a folder each; the first one leads."""
    with ExitStack() as stack:
        started = []
        for name in names:
            folder = tmp_path / name
            folder.mkdir(exist_ok=True)
            options = ("--port", "0", "--database", database, "--relay", relay)
            program = stack.enter_context(Program("hub", *options, data_dir=folder))
            started.append((program, program.wait_until_up()))
        yield started


def port_of(url):
    return urlsplit(url).port


def learn_rings(tmp_path, url):
    """Send a baseline through a hub, so that values are judged."""
    status, output = run(
        "import", str(rings_csv(tmp_path / "LEN.csv")), "--product", "RING", "--url", url, data_dir=tmp_path / "none"
    )
    assert status == 0, output
    assert "25 stored" in output


def events_of(url):
    """Return every event of the log as a hub tells it."""
    found, since = [], 0
    while True:
        _, page = request("GET", f"{url}/api/spc/events?since={since}&limit=500")
        found += page["events"]
        if not page["events"]:
            return found, page["epoch"]
        since = found[-1]["seq"]


class Listener(threading.Thread):
    """A client that reconnects to the round-robin with its position, and keeps all it is told, over all connections."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url = url.replace("http", "ws") + "/ws/spc/notifications/"
        self.told, self.gaps, self.recovered = [], [], []
        self.epoch, self.position = "", 0
        self.up = threading.Event()
        self._done = threading.Event()

    def run(self):
        while not self._done.is_set():
            with suppress(OSError, WebSocketException), connect(self.url, subprotocols=["spc.v1"]) as socket:
                self._talk(socket)
            self._done.wait(0.05)

    def _talk(self, socket):
        hello = json.loads(socket.recv())
        if not self.epoch:
            self.epoch, self.position = hello["epoch"], hello["seq"]
        body = {"type": "connect", "id": 1, "client_id": "line-3", "features": ["batch"]}
        body["subscriptions"] = [{"sub": "all", "products": "*"}]
        body["resume"] = {"epoch": self.epoch, "seq": self.position}
        socket.send(json.dumps(body))
        while not self._done.is_set():
            message = json.loads(socket.recv())
            if message["type"] == "result" and message["id"] == 1:
                self.recovered.append(message["result"]["recovered"])
                self.up.set()
            elif message["type"] == "gap":
                self.gaps.append(message)
            elif message["type"] == "sync":
                self.position = max(self.position, message["seq"])
            for event in message["events"] if message["type"] == "batch" else [message]:
                if event["type"] in TOLD:
                    self.told.append((event["epoch"], event["seq"]))
                    self.position = max(self.position, event["seq"])

    def end(self, last):
        """Return when it has heard of the event ``last`` and has ended."""
        wait_for(lambda: self.position >= last, "the end of the log at the client")
        self._done.set()
        self.join()


class Gauge(threading.Thread):
    """Sends one value after the other through the round-robin, each until a hub says that it has it."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.url = url
        self.taken = []
        self._done = threading.Event()

    def run(self):
        while not self._done.is_set():
            number = len(self.taken)
            post(self.url, number)
            self.taken.append(1000 + number)

    def go_on(self, count):
        """Return when it has sent some more."""
        wanted = len(self.taken) + count
        wait_for(lambda: len(self.taken) >= wanted, f"{count} more values")

    def end(self):
        self._done.set()
        self.join()


def post(url, number):
    body = {"product_code": "RING", "measurement_value": 10.2 if number % 3 else 99, "sample_number": 1000 + number}
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with suppress(OSError, http.client.HTTPException):
            key = {"Idempotency-Key": f"gauge-{number}"}
            status, answer = request("POST", f"{url}/api/spc/measurements/", body, **key)
            if status in {200, 201}:
                return
            assert status == 503, (status, answer)
        time.sleep(0.02)
    raise AssertionError(f"value {number} was never taken")


def sent_values(url):
    """Return the sample numbers that are stored, baseline left out."""
    found, page = [], f"{url}/api/spc/measurements/?product=1&limit=1000"
    _, rows = request("GET", page)
    found += [row["sample_number"] for row in rows["results"]]
    assert len(found) < 1000
    return sorted(number for number in found if number >= 1000)


def test_that_a_client_moves_between_two_hubs_and_neither_kill_loses_or_doubles_anything(servers, tmp_path):
    make, relay = servers
    database = make()
    with hubs(tmp_path, database, relay.url) as ((first, first_url), (_, second_url)):
        learn_rings(tmp_path, second_url)  # through the hub that follows
        with RoundRobin(port_of(first_url), port_of(second_url)) as both:
            listener, gauge = Listener(both.url), Gauge(both.url)
            listener.start()
            assert listener.up.wait(PATIENCE)
            gauge.start()
            gauge.go_on(30)
            alert = request("GET", f"{second_url}/api/spc/alerts/")[1]["results"][0]["id"]
            status, answer = request("POST", f"{second_url}/api/spc/alerts/{alert}/acknowledge/", {"user_name": "kim"})
            assert (status, answer.get("code")) == (200, None)
            assert request("GET", f"{first_url}/api/spc/alerts/{alert}/")[1]["status"] == "ACKNOWLEDGED"

            first.kill()  # the one that leads, in the middle of a value
            gauge.go_on(30)
            assert request("GET", f"{second_url}/readyz")[0] == 200
            with hubs(tmp_path, database, relay.url, ["a"]) as ((third, third_url),):
                both.targets[:] = [port_of(third_url), port_of(second_url)]
                gauge.go_on(30)
                third.kill()  # the one that follows
                gauge.go_on(30)
            gauge.end()
            log, epoch = events_of(second_url)
            listener.end(log[-1]["seq"])
            assert {port_of(first_url), port_of(second_url), port_of(third_url)} <= set(both.served)
            stored = sent_values(second_url)
    assert stored == gauge.taken  # none lost, none doubled
    assert [event["seq"] for event in log] == list(range(1, log[-1]["seq"] + 1))
    assert listener.gaps == []
    assert all(listener.recovered)
    assert len(listener.recovered) >= 2  # it was connected to one that was killed
    first_told = listener.told[0][1]
    wanted = [(epoch, event["seq"]) for event in log if event["seq"] >= first_told and event["type"] in TOLD]
    assert listener.told == wanted  # each once and in order, over all connections


def test_that_a_hub_that_is_stopped_lets_the_other_lead_at_once(servers, tmp_path):
    make, relay = servers
    database = make()
    with hubs(tmp_path, database, relay.url) as ((first, first_url), (second, second_url)):
        learn_rings(tmp_path, first_url)
        wait_for(lambda: events_of(first_url) == events_of(second_url), "the same log at both")
        assert "another hub leads" in second.output
        where = ("--database", database, "--relay", relay.url, "--port", "0", "--language", "en")
        _, seen = run("doctor", *where, data_dir=tmp_path / "none")
        assert "led by the hub at 127.0.0.1:" in seen
        assert relay.url in seen
        assert first.stop() == 0, first.output
        post(second_url, 1)
        assert sent_values(second_url) == [1001]
        assert request("GET", f"{second_url}/readyz")[0] == 200
        assert second.stop() == 0, second.output
    assert "Traceback" not in first.output + second.output


def test_that_lost_servers_are_told_and_everything_goes_on_by_itself(servers, tmp_path):
    make, relay = servers
    database = make()
    with hubs(tmp_path, database, relay.url, ["a"]) as ((program, url),):
        learn_rings(tmp_path, url)
        relay.stop()
        checks = wait_for(lambda: relay_trouble(url), "the relay's trouble")
        assert checks["relay"] == "relay_unavailable"
        assert request("GET", f"{url}/readyz")[0] == 200  # slower to tell, not less ready
        post(url, 1)
        make.stop()
        wait_for(lambda: request("GET", f"{url}/readyz")[0] == 503, "the database's trouble")
        checks = request("GET", f"{url}/readyz")[1]["checks"]
        assert checks["store"] == "database_unavailable"
        status, answer = request(
            "POST", f"{url}/api/spc/measurements/", {"product_code": "RING", "measurement_value": 1}
        )
        assert (status, answer["code"]) == (503, "database_unavailable")
        make.start()
        relay.start()
        post(url, 2)
        wait_for(lambda: request("GET", f"{url}/readyz")[0] == 200 and not relay_trouble(url), "both servers again")
        assert sent_values(url) == [1001, 1002]
        assert program.stop() == 0, program.output
    assert "Traceback" not in program.output


def relay_trouble(url):
    checks = request("GET", f"{url}/readyz")[1]["checks"]
    return checks if checks["relay"] != "ok" else None


def test_that_a_message_under_way_when_its_hub_dies_is_sent_by_the_next_one_as_the_same_message(servers, tmp_path):
    make, relay = servers
    database = make()
    with Receiver() as receiver:
        for name in ("a", "b"):
            receiver.settings(tmp_path / name)
        with hubs(tmp_path, database, relay.url) as ((first, first_url), (second, second_url)):
            learn_rings(tmp_path, first_url)
            receiver.goes_on.clear()
            body = {"product": 1, "alert_type": "OUT_OF_SPEC", "priority": 4, "title": "t", "message": "m"}
            status, alert = request("POST", f"{second_url}/api/spc/alerts/", body)  # told by the one that leads alone
            assert status == 201
            wait_for(lambda: receiver.got, "the first attempt")
            first.kill()
            receiver.goes_on.set()
            wait_for(lambda: len(receiver.got) > 1, "the attempt of the other hub")
            assert second.stop() == 0, second.output
        assert len(set(receiver.ids)) == 1
        assert receiver.alerts() == {receiver.ids[0]: [alert["id"]]}
