"""The v1 conversation without a socket: what a client says and what the hub takes it for."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spc_desktop.domain.alert import AlertType
from spc_desktop.domain.errors import UserError
from spc_desktop.protocol import session, v1
from spc_desktop.protocol.fields import Fields
from tests.fuzz.__main__ import run

AT = datetime(2026, 1, 11, 12, tzinfo=UTC)


def connected(**fields):
    talk = session.V1Session()
    assert isinstance(talk.receive(json.dumps({"type": "connect", "id": 1, **fields})), session.Connect)
    return talk


@given(st.text(max_size=300) | st.binary(max_size=100))
def test_that_any_frame_is_refused_with_a_reason_or_understood(raw):
    talk = connected()
    request = talk.receive(raw)
    if isinstance(request, session.Refused):
        error = json.loads(talk.error(request.id, request.code, request.params))
        assert error["type"] == "error"
        assert len(error["message"]) > 5


kinds = st.sampled_from(
    ["connect", "subscribe", "unsubscribe", "ingest", "ack", "get_points", "get_alerts", "assign", "?"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**60) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = [
    "id",
    "products",
    "types",
    "sub",
    "items",
    "alert_ids",
    "limit",
    "min_priority",
    "resume",
    "subscriptions",
    "to",
]


@settings(max_examples=40)
@given(st.lists(st.tuples(kinds, st.dictionaries(st.sampled_from(names), anything, max_size=6)), max_size=8))
def test_that_no_sequence_of_commands_breaks_a_session(commands):
    talk = connected()
    for kind, fields in commands:
        talk.receive(json.dumps({"type": kind, **fields}))
    assert isinstance(talk.receive(json.dumps({"type": "ping", "id": 2**53 - 1})), session.Ping | session.Refused)


def test_that_a_refused_command_changes_no_subscription():
    talk = connected(subscriptions=[{"sub": "a", "products": [1]}])
    before = dict(talk.subscriptions)
    for number, fields in enumerate(
        [{"products": "x"}, {"types": 5}, {"min_priority": 9}, {"characteristics": [1.5]}, {"sub": "x" * 101}], 2
    ):
        request = talk.receive(json.dumps({"type": "subscribe", "id": number, "sub": "a", **fields}))
        assert isinstance(request, session.Refused)
    assert talk.subscriptions == before


def test_that_a_subscription_says_what_it_leaves_open():
    talk = connected(
        subscriptions=[{}, {"sub": "all", "products": "*", "types": "*"}, {"sub": "new", "types": ["later"]}]
    )
    assert talk.subscriptions["0"].types == {"alert", "measurement", "capability", "run_rule_violation"}
    assert talk.subscriptions["all"] == v1.Wanted()
    assert talk.subscriptions["new"].types == frozenset()


def test_that_a_session_holds_at_most_128_subscriptions():
    talk = connected()
    for number in range(2, 130):
        talk.receive(json.dumps({"type": "subscribe", "id": number, "sub": f"s{number}"}))
    request = talk.receive('{"type":"subscribe","id":200,"sub":"one more"}')
    assert (request.code, request.params["high"]) == ("limit_exceeded", 128)
    assert isinstance(talk.receive('{"type":"subscribe","id":201,"sub":"s2"}'), session.Subscribe)


@pytest.mark.parametrize("value", ["2026-01-11T12:00:00", "2026-01-11T12:00:00+09:00", "2026-01-11"])
def test_that_times_are_iso_and_get_the_hubs_zone_where_they_have_none(value):
    assert Fields({"at": value}).time("at", AT).tzinfo is not None


@pytest.mark.parametrize("value", ["noon", 5, "", True])
def test_that_what_is_no_time_is_refused(value):
    with pytest.raises(UserError) as bad:
        Fields({"at": value}).time("at", AT)
    assert bad.value.params["kind"] == "time"


def test_that_true_is_no_number_and_a_choice_names_what_is_allowed():
    for read in (Fields({"a": True}).number, Fields({"a": True}).whole):
        with pytest.raises(UserError):
            read("a")
    with pytest.raises(UserError) as bad:
        Fields({"a": "X"}, "[3]").choice("a", AlertType)
    assert bad.value.params["field"] == "[3].a"
    assert "OUT_OF_SPEC" in bad.value.params["choices"]


@pytest.mark.parametrize("kind", ["[]", "{}", "5", "null", "true"])
def test_that_a_type_that_is_no_text_is_refused(kind):
    request = connected().receive(f'{{"type":{kind},"id":2}}')
    assert (request.code, request.id) == ("unknown_type", 2)


def test_that_mutated_messages_are_refused_in_the_documented_way_or_understood():
    assert run(3_000, 2) > 0
