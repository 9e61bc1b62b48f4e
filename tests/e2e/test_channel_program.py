"""Webhooks of the hub as a program: a kill in the middle doubles and loses nothing, and the command looks after them."""

import base64
import hashlib
import hmac

import pytest

from tests.e2e.programs import Program, request, rings_csv, run, wait_for
from tests.e2e.receiver import Receiver


@pytest.fixture
def receiver():
    with Receiver() as one:
        yield one


@pytest.fixture
def data_dir(tmp_path, receiver):
    folder = tmp_path / "data"
    receiver.settings(folder)
    status, output = run("import", str(rings_csv(tmp_path / "LEN.csv")), "--product", "RING", data_dir=folder)
    assert status == 0, output
    return folder


def raise_alert(url, title="t"):
    body = {"product": 1, "alert_type": "OUT_OF_SPEC", "priority": 4, "title": title, "message": "m"}
    status, alert = request("POST", f"{url}/api/spc/alerts/", body)
    assert status == 201
    return alert["id"]


def channel(data_dir, *arguments):
    return run("channel", *arguments, data_dir=data_dir)


def test_that_a_kill_while_a_message_is_under_way_sends_it_again_as_the_same_message(data_dir, receiver):
    receiver.goes_on.clear()
    with Program("hub", "--port", "0", data_dir=data_dir) as program:
        first = raise_alert(program.wait_until_up(), "one")
        wait_for(lambda: receiver.got, "the first attempt")
        program.kill()
    receiver.goes_on.set()
    with Program("hub", "--port", "0", data_dir=data_dir) as program:
        url = program.wait_until_up()
        wait_for(lambda: len(receiver.got) == 2, "the second attempt")
        second = raise_alert(url, "two")
        wait_for(lambda: len(set(receiver.ids)) == 2, "the next message")
        assert program.stop() == 0, program.output
    assert receiver.ids[0] == receiver.ids[1]
    assert receiver.got[0][1] == receiver.got[1][1]
    assert sorted(receiver.alerts().values()) == [[first], [second]]


def test_that_the_command_shows_tries_and_sends_again_what_was_given_up(data_dir, receiver):
    receiver.answer = 410
    with Program("hub", "--port", "0", data_dir=data_dir) as program:
        alert = raise_alert(program.wait_until_up())
        wait_for(lambda: "410" in channel(data_dir, "dead")[1], "the dead letter")
        status, listed = channel(data_dir, "list")
        assert (status, "mes" in listed, "http://127.0.0.1" in listed) == (0, True, True)
        assert receiver.url not in listed, "the path of a webhook may be its key"
        status, tried = channel(data_dir, "test", "mes")
        assert status == 1
        assert "410" in tried
        receiver.answer = 204
        assert channel(data_dir, "test", "mes")[0] == 0
        before = len(receiver.got)
        assert channel(data_dir, "retry", "all")[0] == 0
        wait_for(lambda: len(receiver.got) > before, "the letter again")
        assert receiver.alerts()[receiver.ids[-1]] == [alert]
        assert receiver.ids[-1] == receiver.ids[0]
        wait_for(lambda: "410" not in channel(data_dir, "dead")[1], "no dead letters")
        assert program.stop() == 0, program.output
    status, unknown = channel(data_dir, "test", "other")
    assert (status, "other" in unknown) == (2, True)


def test_that_what_waits_for_a_channel_that_is_no_longer_configured_is_told(data_dir, receiver):
    receiver.goes_on.clear()
    with Program("hub", "--port", "0", data_dir=data_dir) as program:
        raise_alert(program.wait_until_up())
        wait_for(lambda: receiver.got, "the first attempt")
        program.kill()
    receiver.goes_on.set()
    (data_dir / "settings.toml").write_text("", encoding="utf-8")
    status, listed = channel(data_dir, "list")
    assert status == 0
    assert "mes  not in the settings" in listed
    assert "waiting 1" in listed


def test_that_hubs_sign_with_the_key_they_were_given(data_dir, tmp_path, receiver):
    status, secret = channel(data_dir, "secret", "mes")
    assert status == 0
    other = tmp_path / "other"
    receiver.settings(other)
    assert channel(other, "secret", "mes")[1] != secret
    assert channel(other, "secret", "mes", "--set")[0] == 2  # an empty line is no key
    assert run("channel", "secret", "mes", "--set", data_dir=other, words=secret)[0] == 0
    assert channel(other, "secret", "mes")[1] == secret
    assert channel(other, "test", "mes")[0] == 0
    headers, body = receiver.got[-1]
    signed = b"%s.%s.%s" % (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
    key = base64.b64decode(secret.strip().removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
