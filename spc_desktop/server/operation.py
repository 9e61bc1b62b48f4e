"""Routes for who runs the hub: is it well, who is connected, what it counts, and the description of its own interface."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from aiohttp import web

from spc_desktop.domain.delivery import DeliveryOutcome
from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.api import HubApi, Link
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.protocol.fields import Fields, wrong
from spc_desktop.protocol.schema import documents
from spc_desktop.server.http import Call, Handler, reply
from spc_desktop.server.meters import Meters
from spc_desktop.server.ws import Sockets
from spc_desktop.version import __version__

Check = Callable[[], Awaitable[str]]
"""Returns a code of what is wrong, or nothing."""
ONLY_TOLD = frozenset({"relay"})
"""Checks whose problem makes the hub slower to tell, but not less ready."""
KPI_SECONDS = 30.0
"""How long the key figures in the metrics may be old: they are read from the database."""


class Operation:
    """Health, readiness, metrics, connections, key figures and documents."""

    def __init__(
        self, hub: HubApi, clock: Clock, sockets: Sockets, meters: Meters, checks: Mapping[str, Check]
    ) -> None:
        self._hub = hub
        self._clock = clock
        self._sockets = sockets
        self._meters = meters
        self._checks = checks
        self._kpi_at = float("-inf")

    def routes(self) -> dict[str, dict[str, Handler]]:
        """Return path -> method -> handler."""
        return {
            "/healthz": {"GET": self.health},
            "/readyz": {"GET": self.ready},
            "/metrics": {"GET": self.metrics},
            "/api/spc/hub/connections": {"GET": self.connections},
            "/api/spc/hub/kpi": {"GET": self.kpi},
            "/api/spc/hub/deliveries": {"GET": self.deliveries},
            "/api/spc/protocol.schema.json": {"GET": self.protocol},
            "/api/spc/openapi.json": {"GET": self.openapi},
        }

    async def health(self, _call: Call) -> web.Response:
        return reply({"status": "ok", "version": __version__})

    async def ready(self, _call: Call) -> web.Response:
        """Whether measurements can be stored and told: store, disk, and the way to other hubs where there are some."""
        state = self._hub.state
        found = {"store": state.detail if state.link is Link.LIVE else str(state.link)}
        for name, check in self._checks.items():
            found[name] = await check()
        ready = not any(problem for name, problem in found.items() if name not in ONLY_TOLD)
        checks = {name: problem or "ok" for name, problem in found.items()}
        body = {"status": "ready" if ready else "not ready", "link": state.link, "head": state.head, "checks": checks}
        return reply({**body, "queued": state.queued}, 200 if ready else 503)

    async def metrics(self, call: Call) -> web.Response:
        call.hub.need("metrics")
        now = self._clock.monotonic()
        if now - self._kpi_at > KPI_SECONDS:
            self._kpi_at = now
            try:
                self._meters.alarms((await self._hub.query(m.GetKpi())).rows)
            except KnownError:  # a database that cannot be read is said by /readyz; the counters are told all the same
                self._kpi_at = float("-inf")
        headers = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=self._meters.text(), headers=headers)

    async def connections(self, call: Call) -> web.Response:
        call.hub.need("get_connections")
        found = self._sockets.connections()
        return reply({"count": len(found), "results": found})

    async def kpi(self, call: Call) -> web.Response:
        fields = Fields(dict(call.request.query))
        query = m.GetKpi(
            since=self._time(fields, "from"),
            until=self._time(fields, "to"),
            operator=call.request.query.get("operator"),
        )
        return reply(await call.hub.query(query))

    async def deliveries(self, call: Call) -> web.Response:
        """Who was told of what, newest first."""
        asked = call.request.query
        outcome = asked.get("outcome")
        if outcome is not None and outcome not in set(DeliveryOutcome):
            raise wrong("outcome", "choice", outcome, choices=", ".join(DeliveryOutcome))
        query = m.GetDeliveries(
            before_id=call.query_whole("before_id"),
            alert_id=call.query_whole("alert"),
            product_id=call.query_whole("product"),
            recipient=asked.get("recipient"),
            channel=asked.get("channel"),
            outcome=None if outcome is None else DeliveryOutcome(outcome),
            limit=call.query_whole("limit", 1, 500) or 50,
        )
        return reply(await call.hub.query(query))

    def _time(self, fields: Fields, name: str) -> datetime | None:
        return None if not fields.raw(name) else fields.time(name, self._clock.now())

    async def protocol(self, _call: Call) -> web.Response:
        return _document("protocol.schema.json")

    async def openapi(self, _call: Call) -> web.Response:
        return _document("openapi.json")


def _document(name: str) -> web.Response:
    return web.Response(body=documents()[name], content_type="application/json")
