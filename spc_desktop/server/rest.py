"""The REST interface: routes, measurements, products, analyses and operation; one aiohttp server without an application.

The route table is three regular expressions deep, so aiohttp's router and its middleware have nothing to add but cost.
"""

import asyncio
import logging
import re
from collections.abc import Collection
from typing import Any

from aiohttp import web

from spc_desktop.domain.account import CONSOLE
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.measurement import Measurement, MeasurementIn
from spc_desktop.domain.product import Product
from spc_desktop.hub.api import Actor, HubApi
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.codec import MAX_LIST, shown
from spc_desktop.protocol.fields import wrong
from spc_desktop.protocol.wording import sentence
from spc_desktop.server.access import NOBODY, Access
from spc_desktop.server.alerts import Alerts
from spc_desktop.server.directory import Directory
from spc_desktop.server.guard import Guard
from spc_desktop.server.handshake import language_of, same_origin
from spc_desktop.server.http import Call, Handler, Request, refusal, reply
from spc_desktop.server.limits import Gate
from spc_desktop.server.measurements import read_item
from spc_desktop.server.operation import Operation
from spc_desktop.server.pairing import Pairing
from spc_desktop.server.talk import current_row

FULL_INTAKE = 10_000
"""Waiting measurements at which a request waits, and is refused with 429 after ``BUSY_SECONDS``."""
BUSY_SECONDS = 2.0

_OPEN = frozenset(
    {
        "/healthz",
        "/readyz",
        "/api/spc/sign-in",
        "/api/spc/set-up",
        "/api/spc/pair/claim",
        "/api/spc/pair/redeem",
        "/api/spc/openapi.json",
        "/api/spc/protocol.schema.json",
    }
)
"""What is answered without an account."""

_log = logging.getLogger(__name__)


class Rest:
    """Answers every request that is not a WebSocket."""

    def __init__(
        self,
        hub: HubApi,
        clock: Clock,
        directory: Directory,
        origins: Collection[str],
        access: Access,
        gate: Gate,
        operation: Operation,
    ) -> None:
        self._gate = gate
        self._hub = hub
        self._clock = clock
        self._directory = directory
        self._origins = origins
        self._access = access
        alerts = Alerts(directory)
        gate_keeper = Pairing()
        self._fixed: dict[str, dict[str, Handler]] = {
            "/api/spc/alerts": {"POST": alerts.create, "GET": alerts.listed},
            "/api/spc/alerts/dashboard": {"GET": alerts.dashboard},
            "/api/spc/measurements": {"POST": self.measure, "GET": self.measurements},
            "/api/spc/measurements/bulk_create": {"POST": self.bulk_create},
            "/api/spc/products": {"GET": self.products},
            "/api/spc/capability": {"POST": self.analyse, "GET": self.capabilities},
            "/api/spc/events": {"GET": self.events},
            "/api/spc/sign-in": {"POST": self.sign_in},
            "/api/spc/set-up": {"POST": self.set_up},
            "/api/spc/pair": {"POST": gate_keeper.request, "GET": gate_keeper.waiting},
            "/api/spc/pair/claim": {"POST": gate_keeper.claim},
            "/api/spc/pair/redeem": {"POST": gate_keeper.redeem},
            **operation.routes(),
        }
        self._numbered: list[tuple[re.Pattern[str], dict[str, Handler]]] = [
            (re.compile(r"/api/spc/alerts/(\d{1,16})"), {"GET": alerts.one, "PATCH": alerts.change}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/acknowledge"), {"POST": alerts.acknowledge}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/resolve"), {"POST": alerts.resolve}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/unack"), {"POST": alerts.unacknowledge}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/assign"), {"POST": alerts.assign}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/comment"), {"POST": alerts.comment}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/close"), {"POST": alerts.close}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/verify"), {"POST": alerts.verify}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/shelve"), {"POST": alerts.shelve}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/unshelve"), {"POST": alerts.unshelve}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/suppress"), {"POST": alerts.suppress}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/out-of-service"), {"POST": alerts.out_of_service}),
            (re.compile(r"/api/spc/alerts/(\d{1,16})/return-to-service"), {"POST": alerts.return_to_service}),
            (re.compile(r"/api/spc/products/(\d{1,16})"), {"GET": self.product}),
            (re.compile(r"/api/spc/pair/[0-9A-Za-z]{6}/approve()"), {"POST": gate_keeper.approve}),
        ]

    async def answer(self, request: Request) -> web.Response:
        """Answer one request; errors become JSON, a bug becomes 500 and a line in the log."""
        language = language_of(request.headers.get("Accept-Language"))
        origin = request.headers.get("Origin")
        try:
            if origin is not None and not same_origin(origin, request.headers.get("Host"), self._origins):
                raise UserError("origin", got=origin[:100])
            response = await self._route(request, language)
        except (UserError, KnownError) as bad:
            response = refusal(bad, language)
        except Exception:  # noqa: BLE001 - the boundary of one request
            _log.exception("%s %s failed", request.method, request.path)
            response = reply({"code": "internal", "message": sentence("internal", {}, language)}, 500)
        if origin is not None:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Vary"] = "Origin"
        return response

    async def _route(self, request: Request, language: str) -> web.Response:
        path = request.path.rstrip("/")
        methods = self._fixed.get(path)
        numbers: tuple[int, ...] = ()
        if methods is None:
            for pattern, found in self._numbered:
                match = pattern.fullmatch(path)
                if match is not None:
                    methods, numbers = found, (int(match[1] or 0),)
                    break
            else:
                raise UserError("no_route", path=request.path[:200])
        handler = methods.get("GET" if request.method == "HEAD" else request.method)
        if handler is not None:
            call = Call(request, numbers, language, self._guard(request, path))
            try:
                return await handler(call)
            except UserError as bad:
                return refusal(bad, language, await current_row(call.hub, bad))
        if request.method == "OPTIONS":
            return _preflight(methods)
        raise UserError("method_not_allowed", method=request.method[:20], allowed=", ".join(methods))

    def _guard(self, request: Request, path: str) -> Guard:
        peer = request.remote or ""
        guard = Guard(self._hub, self._directory, self._access, self._access.visitor(peer, request.headers), peer)
        asks_in = path == "/api/spc/pair" and request.method == "POST"
        if guard.principal == NOBODY and path not in _OPEN and not asks_in:
            raise UserError("unauthorized")
        return guard

    # -- accounts ------------------------------------------------------------------------------------------------------

    async def sign_in(self, call: Call) -> web.Response:
        """POST ``{"user", "password"}``: a token for twelve hours."""
        fields = await call.fields()
        command = m.SignIn(name=fields.text("user", high=100), password=fields.text("password", high=1000))
        return reply(await call.hub.command(command), 201)

    async def set_up(self, call: Call) -> web.Response:
        """POST ``{"code", "user", "password"}``: the first administrator."""
        fields = await call.fields()
        command = m.SetUp(
            code=fields.text("code", high=100),
            name=fields.text("user", high=100),
            password=fields.text("password", high=1000),
        )
        return reply(await call.hub.command(command), 201)

    # -- measurements --------------------------------------------------------------------------------------------------

    async def measure(self, call: Call) -> web.Response:
        """POST one measurement (answer: its row) or a list (answer: counts). A list is taken whole or not at all."""
        body = await call.body()
        if isinstance(body, list):
            return await self._measure_many(call, body)
        item = await read_item(
            body, self._directory, self._clock.now(), key=call.request.headers.get("Idempotency-Key", "")
        )
        result = await self._submit([item], call)
        if result.rejected:
            one = result.rejected[0]
            raise UserError(one.code, **one.params)
        rows = [self._row(measurement) for measurement in result.measurements]
        if result.duplicates or not rows:
            return reply({"accepted": result.accepted, "duplicates": result.duplicates})
        return reply(rows[0] if len(rows) == 1 else {"accepted": 1, "duplicates": 0, "measurements": rows}, 201)

    async def bulk_create(self, call: Call) -> web.Response:
        """POST ``{"measurements": [...]}``, the original's way to send many."""
        return await self._measure_many(call, (await call.fields()).raw("measurements"))

    async def _measure_many(self, call: Call, body: Any) -> web.Response:
        if not isinstance(body, list) or not body:
            raise wrong("measurements", "filled_list", body, high=MAX_LIST)
        now = self._clock.now()
        key = call.request.headers.get("Idempotency-Key", "")[:150]
        items: list[MeasurementIn] = []
        errors: list[dict[str, Any]] = []
        for place, entry in enumerate(body):
            try:
                own = f"{key}#{place}" if key else ""
                items.append(await read_item(entry, self._directory, now, f"[{place}]", key=own))
            except UserError as bad:
                errors.append({"i": place, "code": bad.code, "message": sentence(bad.code, bad.params, call.language)})
        if errors:
            return reply({"code": "bad_message", "message": errors[0]["message"], "errors": errors[:20]}, 400)
        result = await self._submit(items, call)
        rejected = [
            {"i": one.i, "code": one.code, "message": sentence(one.code, one.params, call.language)}
            for one in result.rejected
        ]
        counts = {"created": result.accepted, "accepted": result.accepted, "duplicates": result.duplicates}
        status = 201 if result.accepted and not rejected else 200
        return reply({**counts, "rejected": rejected}, status if result.accepted or result.duplicates else 400)

    async def _submit(self, items: list[MeasurementIn], call: Call) -> m.SubmitResult:
        if call.hub.principal != CONSOLE:
            source = items[0].source_id or call.request.remote or ""
            self._gate.items(source, len(items), self._clock.monotonic())
        waited = 0.0
        while self._hub.state.queued >= FULL_INTAKE:
            if waited >= BUSY_SECONDS:
                raise UserError("busy", seconds=2)
            await asyncio.sleep(0.1)
            waited += 0.1
        return await call.hub.submit(items, Actor(client=call.request.remote or ""))

    async def measurements(self, call: Call) -> web.Response:
        limit = call.query_whole("limit", 1, 1000) or call.query_whole("page_size", 1, 1000) or 100
        product = call.query_whole("product") or call.query_whole("product_id")
        characteristic = call.query_whole("characteristic")
        if product is None and characteristic is None:
            raise wrong("product", "whole", None, low=1, high=2**53 - 1)
        if product is not None:
            await self._known_product(product, call)
        query = m.GetMeasurements(
            product_id=product if characteristic is None else None, characteristic_id=characteristic, limit=limit
        )
        rows = [self._row(measurement) for measurement in await call.hub.query(query)]
        return reply({"count": len(rows), "next": None, "previous": None, "results": rows})

    def _row(self, measurement: Measurement) -> dict[str, Any]:
        product = self._directory.products.get(measurement.product_id)
        trace = measurement.trace
        return {
            "id": measurement.id,
            "product": measurement.product_id,
            "product_code": product.code if product else "",
            "product_name": product.name if product else "",
            "characteristic": measurement.characteristic_id,
            "measurement_value": measurement.measurement_value,
            "sample_number": measurement.sample_number,
            "subgroup_number": measurement.subgroup_number,
            "measured_at": measurement.measured_at,
            "measured_by": trace.operator,
            "machine_id": trace.machine,
            "lot_number": trace.lot,
            "cavity": trace.cavity,
            "gauge": trace.gauge,
            "is_within_spec": measurement.is_within_spec,
            "is_within_control": measurement.is_within_control,
        }

    # -- products ------------------------------------------------------------------------------------------------------

    async def products(self, call: Call) -> web.Response:
        call.hub.need("get_catalogue")
        seen = (product for key, product in sorted(self._directory.products.items()) if call.hub.sees(key))
        rows = [self._product_row(product) for product in seen]
        return reply({"count": len(rows), "next": None, "previous": None, "results": rows})

    async def product(self, call: Call) -> web.Response:
        call.hub.need("get_catalogue")
        product = await self._known_product(call.numbers[0], call)
        owned = [
            {
                "id": entry.id,
                "code": entry.code,
                "name": entry.name,
                "unit": entry.unit,
                "decimals": entry.decimals,
                "lsl": entry.lsl,
                "usl": entry.usl,
                "target_value": entry.target,
                "subgroup_size": entry.subgroup_size,
                "is_active": entry.active,
            }
            for entry in self._directory.of_product(product.id)
        ]
        return reply({**self._product_row(product), "characteristics": owned})

    def _product_row(self, product: Product) -> dict[str, Any]:
        first = self._directory.first_of(product.id)
        return {
            "id": product.id,
            "product_code": product.code,
            "product_name": product.name,
            "usl": first.usl if first else None,
            "lsl": first.lsl if first else None,
            "target_value": first.target if first else None,
            "unit": first.unit if first else "",
            "is_active": product.active,
        }

    async def _known_product(self, product_id: int, call: Call) -> Product:
        product = await self._directory.product(product_id)
        if product is None or not call.hub.sees(product.id):
            raise UserError("not_found", what="product", id=product_id)
        return product

    # -- analyses, log, operation --------------------------------------------------------------------------------------

    async def analyse(self, call: Call) -> web.Response:
        fields = await call.fields()
        characteristic = fields.raw("characteristic_id") or fields.raw("characteristic")
        if characteristic is None:
            product = await self._known_product(
                fields.whole(fields.first(("product", "product_id")) or "product"), call
            )
            first = self._directory.first_of(product.id)
            if first is None:
                raise UserError("no_characteristic", id=product.id, got="(any)")
            characteristic = first.id
        elif type(characteristic) is not int or await self._directory.characteristic(characteristic) is None:
            raise UserError("not_found", what="characteristic", id=shown(characteristic))
        command = m.AnalyseCapability(characteristic_id=characteristic, points=fields.whole("points", 0, default=0))
        return reply(await call.hub.command(command, Actor(client=call.request.remote or "")), 201)

    async def capabilities(self, call: Call) -> web.Response:
        query = m.GetCapabilities(
            characteristic_id=call.query_whole("characteristic"),
            product_id=call.query_whole("product"),
            limit=call.query_whole("limit", 1, 500) or 20,
        )
        rows = await call.hub.query(query)
        return reply({"count": len(rows), "next": None, "previous": None, "results": rows})

    async def events(self, call: Call) -> web.Response:
        query = m.GetEvents(
            since=call.query_whole("since", 0) or 0,
            epoch=call.request.query.get("epoch", "")[:100],
            limit=call.query_whole("limit", 1, 500) or 500,
        )
        return reply(await call.hub.query(query))


def _preflight(methods: Collection[str]) -> web.Response:
    headers = {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": "Content-Type, Accept-Language, Idempotency-Key, Authorization",
        "Access-Control-Max-Age": "600",
    }
    return web.Response(status=204, headers=headers)
