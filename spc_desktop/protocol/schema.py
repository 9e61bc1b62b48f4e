"""The interface described by itself: JSON Schema of ``spc.v1`` and OpenAPI of the REST routes, made from the Structs."""

import json
from functools import cache
from typing import Any

import msgspec

from spc_desktop.protocol import messages as m
from spc_desktop.protocol import own, v1
from spc_desktop.protocol.answers import ANSWERS
from spc_desktop.protocol.rest import Problem
from spc_desktop.protocol.routes import ROUTES, Route
from spc_desktop.version import __version__

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ID = {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
_FROM_HUB = (
    *m.AnyEvent.__args__,
    v1.Hello,
    v1.Result,
    v1.Error,
    v1.Sync,
    v1.Gap,
    v1.StateSnapshot,
    v1.Batch,
    v1.Presence,
    v1.System,
    v1.Shutdown,
)
_OWN_ANSWERS: dict[type, Any] = {
    own.Connect: v1.Connected,
    own.Subscribe: v1.Subscribed,
    own.Ingest: v1.Ingested,
    own.WatchPresence: v1.Present,
    own.Silence: v1.Silenced,
}


@cache
def documents() -> dict[str, bytes]:
    """Return file name -> the document as it is served and shipped."""
    made = {"protocol.schema.json": protocol_schema(), "openapi.json": openapi()}
    return {
        name: json.dumps(body, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"
        for name, body in made.items()
    }


def protocol_schema() -> dict[str, Any]:
    """Return the JSON Schema of every frame of ``spc.v1``."""
    commands = (*own.OWN, *m.AnyCommand.__args__, *m.AnyQuery.__args__)
    answers = {**_OWN_ANSWERS, **ANSWERS}
    wanted = [*commands, *_FROM_HUB, *answers.values()]
    schemas, defs = msgspec.json.schema_components(wanted, ref_template="#/$defs/{name}")
    of = dict(zip(map(repr, wanted), schemas, strict=True))
    for kind in commands:
        if kind is not own.Received:
            _needs_id(defs[_name(of[repr(kind)])])
    results = {_tag(kind): of[repr(answer)] for kind, answer in answers.items()}
    return {
        "$schema": DIALECT,
        "$id": "https://spc-desktop.invalid/protocol/v1",
        "title": "spc.v1",
        "description": "Messages of the subprotocol spc.v1. Unknown fields and types are to be ignored.",
        "anyOf": [{"$ref": "#/$defs/FromClient"}, {"$ref": "#/$defs/FromHub"}],
        "x-results": dict(sorted(results.items())),
        "$defs": {
            **defs,
            "FromClient": {"anyOf": [of[repr(kind)] for kind in commands]},
            "FromHub": {"anyOf": [of[repr(kind)] for kind in _FROM_HUB]},
        },
    }


def openapi() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the REST routes."""
    wanted = [
        Problem,
        *(kind for route in ROUTES for kind in (route.takes, route.gives, route.or_gives) if kind is not None),
    ]
    wanted = list({repr(kind): kind for kind in wanted}.values())
    schemas, parts = msgspec.json.schema_components(wanted, ref_template="#/components/schemas/{name}")
    of = dict(zip(map(repr, wanted), schemas, strict=True))
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "SPC Desktop hub", "version": __version__, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "http://127.0.0.1:8000"}],
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {
            "schemas": parts,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, of: dict[str, Any]) -> dict[str, Any]:
    media = "text/plain" if route.gives is str else "application/json"
    problem = {"description": "Refused.", "content": {"application/json": {"schema": of[repr(Problem)]}}}
    answer = of[repr(route.gives)]
    if route.or_gives is not None:
        answer = {"anyOf": [answer, of[repr(route.or_gives)]]}
    described: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.about,
        "responses": {
            str(route.status): {"description": "Done.", "content": {media: {"schema": answer}}},
            "default": problem,
        },
    }
    if route.open:
        described["security"] = []
    if route.takes is not None:
        described["requestBody"] = {"content": {"application/json": {"schema": of[repr(route.takes)]}}}
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "integer" if name == "id" else "string"}}
        for name in ("id", "code")
        if f"{{{name}}}" in route.path
    ]
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in route.asks]
    return {**described, "parameters": parameters} if parameters else described


def _operation_id(route: Route) -> str:
    words = [word.strip("{}") for word in route.path.removeprefix("/api/spc").strip("/").split("/")]
    return "_".join([route.method.lower(), *words]).replace("-", "_").replace(".", "_")


def _needs_id(schema: dict[str, Any]) -> None:
    schema["properties"] = {"id": _ID, **schema["properties"]}
    schema["required"] = sorted({*schema.get("required", ()), "id"})


def _name(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _tag(kind: type) -> str:
    return str(kind.__struct_config__.tag)  # type: ignore[attr-defined]
