"""The protocol's schema and the OpenAPI document: generated, served and shipped are one, and real messages fit them."""

import json
import re

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from spc_desktop.protocol import schema, session
from spc_desktop.protocol.routes import ROUTES
from spc_desktop.server.rest import Rest
from tests.integration.server.clients import EVERYTHING
from tests.integration.server.clients import session as connected
from tests.schema import HELP
from tests.unit.protocol.test_wire_files import FOLDER

ALERT = {"product": 1, "alert_type": "OUT_OF_SPEC", "priority": 4, "title": "t", "message": "m"}
PROTOCOL = schema.protocol_schema()
OPENAPI = schema.openapi()


def part(name, document=PROTOCOL):
    """Return a validator of one definition."""
    return Draft202012Validator({"$defs": document["$defs"], "$ref": name}, format_checker=FormatChecker())


def rest_part(reference):
    return Draft202012Validator({**reference, "components": OPENAPI["components"]}, format_checker=FormatChecker())


def of_type(direction, message):
    """Return the validator of a message's own type, whose complaint says more than that of all of them."""
    for option in PROTOCOL["$defs"][direction]["anyOf"]:
        name = option["$ref"].rpartition("/")[2]
        if PROTOCOL["$defs"][name]["properties"].get("type", {}).get("enum") == [message["type"]]:
            return part(option["$ref"])
    raise AssertionError(f"no {direction} of type {message['type']}")


@pytest.mark.parametrize("name", ["protocol.schema.json", "openapi.json"])
async def test_that_generated_served_and_shipped_documents_are_one(station, name):
    made = schema.documents()[name]
    assert (HELP / name).read_bytes() == made, "run: python -m tests.schema"
    status, headers, served = await station.http("GET", f"/api/spc/{name}")
    assert (status, headers["content-type"]) == (200, "application/json")
    assert served == json.loads(made)


def test_that_the_documents_are_valid_themselves():
    Draft202012Validator.check_schema(PROTOCOL)
    for found in OPENAPI["components"]["schemas"].values():
        Draft202012Validator.check_schema(found)
    ids = [one["operationId"] for path in OPENAPI["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))


def test_that_every_type_of_the_session_is_described():
    described = {
        PROTOCOL["$defs"][option["$ref"].rpartition("/")[2]]["properties"]["type"]["enum"][0]
        for option in PROTOCOL["$defs"]["FromClient"]["anyOf"]
    }
    assert described == {*session._OWN, *session._COMMANDS, *session._QUERIES}
    assert set(PROTOCOL["x-results"]) >= {*session._COMMANDS, *session._QUERIES}


@pytest.mark.parametrize("path", sorted((FOLDER / "v1").glob("*.json")), ids=lambda path: path.stem)
def test_that_every_released_message_fits(path):
    message = json.loads(path.read_bytes())
    if path.stem.startswith(("command_", "query_")):
        of_type("FromClient", message).validate(message)
    elif "type" in message and not path.stem.startswith("answer_"):
        of_type("FromHub", message).validate(message)


def test_that_wrong_commands_do_not_fit():
    for wrong in (
        {"type": "ack", "alert_ids": [1]},
        {"type": "silence", "id": 1, "minutes": 721},
        {"type": "x", "id": 1},
    ):
        assert not part("#/$defs/FromClient").is_valid(wrong)


async def test_that_a_whole_session_fits(station):
    commands = [
        {
            "type": "subscribe",
            "sub": "b",
            "products": [1],
            "types": "*",
            "states": ["UNACK"],
            "characteristics": ["OD"],
        },
        {"type": "subscriptions"},
        {"type": "ping"},
        {"type": "presence"},
        {"type": "silence", "minutes": 1},
        {"type": "publish_alert", "product_id": 1, "alert_type": "TREND", "title": "t", "message": "m"},
        {"type": "ingest", "source_id": "c", "items": [{"n": 1, "product_id": 1, "value": 12.5}], "rows": True},
        {"type": "ack", "alert_ids": [1, 99]},
        {"type": "shelve", "alert_id": 2, "minutes": 5, "reason": "r"},
        {"type": "get_alerts"},
        {"type": "get_alert", "alert_id": 1},
        {"type": "get_alert_history", "alert_id": 1},
        {"type": "get_history", "text": "t"},
        {"type": "get_statistics"},
        {"type": "get_points", "characteristic_id": 1},
        {"type": "get_point", "characteristic_id": 1, "index": 0},
        {"type": "get_whole_points", "characteristic_id": 1},
        {"type": "get_latest_data", "product_id": 1},
        {"type": "get_catalogue"},
        {"type": "get_masks"},
        {"type": "get_events", "since": 0},
        {"type": "get_dashboard"},
        {"type": "get_rule_record"},
        {"type": "kpi"},
        {"type": "get_users"},
        {"type": "ack", "alert_ids": [99]},
        {"type": "unsubscribe", "sub": "b"},
    ]
    resume = {"epoch": "another", "seq": 1}
    async with connected(
        station, client_id="x", subscriptions=[EVERYTHING], resume=resume, features=["batch"]
    ) as client:
        of_type("FromHub", client.greeting).validate(client.greeting)
        part("#/$defs/Connected").validate(client.connected["result"])
        for command in commands:
            of_type("FromClient", {**command, "id": 1}).validate({**command, "id": 1})
            answer = await client.call(**{"kind": command["type"], **{k: v for k, v in command.items() if k != "type"}})
            of_type("FromHub", answer).validate(answer)
            result = PROTOCOL["x-results"].get(command["type"])
            if answer["type"] == "result" and result is not None:
                Draft202012Validator({"$defs": PROTOCOL["$defs"], **result}).validate(answer["result"])
        for event in await client.events(station.hub.state.head) + client.seen:
            of_type("FromHub", event).validate(event)


REQUESTS = [
    ("POST", "/api/spc/alerts/", ALERT),
    ("GET", "/api/spc/alerts/", None),
    ("GET", "/api/spc/alerts/dashboard/", None),
    ("GET", "/api/spc/alerts/1/", None),
    ("PATCH", "/api/spc/alerts/1/", {"assigned_to": "lee"}),
    ("POST", "/api/spc/alerts/1/acknowledge/", {"acknowledged_by": "kim"}),
    ("POST", "/api/spc/alerts/1/unack/", {}),
    ("POST", "/api/spc/alerts/1/assign/", {"to": "lee"}),
    ("POST", "/api/spc/alerts/1/comment/", {"text": "c"}),
    ("POST", "/api/spc/alerts/1/shelve/", {"minutes": 5, "reason": "r"}),
    ("POST", "/api/spc/alerts/1/unshelve/", {}),
    ("POST", "/api/spc/alerts/1/suppress/", {"cause": "c"}),
    ("POST", "/api/spc/alerts/1/return-to-service/", {}),
    ("POST", "/api/spc/alerts/1/out-of-service/", {"reason": "r"}),
    ("POST", "/api/spc/alerts/1/resolve/", {"resolved_by": "kim", "root_cause": "worn"}),
    ("POST", "/api/spc/alerts/1/verify/", {"effective": True}),
    ("POST", "/api/spc/alerts/1/close/", {}),
    ("POST", "/api/spc/measurements/", {"product": 1, "value": 10.0}),
    ("POST", "/api/spc/measurements/", [{"product": 1, "value": 10.0}, {"product": 1, "value": 10.1}]),
    ("POST", "/api/spc/measurements/bulk_create/", {"measurements": [{"product": 1, "value": 10.2}] * 3}),
    ("GET", "/api/spc/measurements/?product=1", None),
    ("GET", "/api/spc/products/", None),
    ("GET", "/api/spc/products/1/", None),
    ("POST", "/api/spc/capability/", {"product": 1}),
    ("GET", "/api/spc/capability/", None),
    ("GET", "/api/spc/events?since=0", None),
    ("POST", "/api/spc/pair", {"name": "line 3"}),
    ("GET", "/api/spc/hub/kpi", None),
    ("GET", "/api/spc/hub/connections", None),
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
]


async def test_that_every_answer_of_rest_has_exactly_the_described_fields(station):
    async with station.client():
        for method, path, body in REQUESTS:
            status, _, answer = await station.http(method, path, body)
            described = operation(method, path)
            assert str(status) in described["responses"], (method, path, status, answer)
            reference = described["responses"][str(status)]["content"]["application/json"]["schema"]
            rest_part(reference).validate(answer)
            exact(reference, answer)
            if body is not None:
                rest_part(described["requestBody"]["content"]["application/json"]["schema"]).validate(body)
    status, _, problem = await station.http("GET", "/api/spc/alerts/99/")
    rest_part({"$ref": "#/components/schemas/Problem"}).validate(problem)
    assert status == 404


def operation(method, path):
    plain = path.partition("?")[0]
    for pattern, methods in OPENAPI["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", r"\\d+", pattern).rstrip("/") + "/?", plain):
            return methods[method.lower()]
    raise AssertionError(path)


def exact(reference, answer):
    """Nothing is answered that the document does not know."""
    options = reference.get("anyOf", [reference])
    known = set()
    for option in options:
        known |= set(OPENAPI["components"]["schemas"][option["$ref"].rpartition("/")[2]]["properties"])
    assert set(answer) <= known
    for row in answer.get("results", ()):
        inner = OPENAPI["components"]["schemas"][options[0]["$ref"].rpartition("/")[2]]["properties"]["results"][
            "items"
        ]
        assert set(row) == set(OPENAPI["components"]["schemas"][inner["$ref"].rpartition("/")[2]]["properties"])


def test_that_every_route_of_the_server_is_described_and_the_other_way_round(station):
    rest: Rest = station.server._rest
    served = {(method, path) for path, methods in rest._fixed.items() for method in methods}
    for pattern, methods in rest._numbered:
        path = pattern.pattern.replace(r"(\d{1,16})", "{id}").replace("[0-9A-Za-z]{6}", "{code}").replace("()", "")
        served |= {(method, path) for method in methods}
    assert served == {(route.method, route.path.rstrip("/")) for route in ROUTES}
