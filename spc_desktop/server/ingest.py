"""Measurements over ``spc.v1``: a frame of items is read, and what can be stored is stored."""

from msgspec import Struct

from spc_desktop.domain.account import CONSOLE
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.measurement import MeasurementIn
from spc_desktop.hub.api import Actor
from spc_desktop.hub.ports import Clock
from spc_desktop.protocol import messages as m
from spc_desktop.protocol import session, v1
from spc_desktop.protocol.wording import sentence
from spc_desktop.server.directory import Directory
from spc_desktop.server.fanout import Client
from spc_desktop.server.limits import Gate
from spc_desktop.server.measurements import is_skewed, read_item


class Batch(Struct, kw_only=True):
    """An ``ingest`` whose items are read: what goes to the hub, and the place of each in the frame."""

    id: int
    rows: bool
    source: str
    items: list[MeasurementIn] = []
    places: list[int] = []
    rejected: list[m.Rejected] = []
    flags: list[v1.Flag] = []
    last_n: int | None = None


class Ingests:
    """Reads and stores the batches of all clients."""

    def __init__(self, clock: Clock, directory: Directory, gate: Gate) -> None:
        self._clock = clock
        self._directory = directory
        self._gate = gate

    async def read(self, request: session.Ingest, talk: session.V1Session, client: Client) -> Batch:
        now = self._clock.now()
        source = request.source_id or talk.client_id or str(client.connection.id)
        batch = Batch(id=request.id, rows=request.rows, source=source)
        for place, raw in enumerate(request.items):
            where = f"items[{place}]"
            try:
                item = await read_item(raw, self._directory, now, where, request.source_id, any_number=True)
            except (UserError, KnownError) as bad:
                told = {name: str(value) for name, value in bad.params.items()}
                told["message"] = sentence(bad.code, bad.params, talk.language)
                batch.rejected.append(m.Rejected(i=place, code=bad.code, params=told))
                continue
            batch.items.append(item)
            batch.places.append(place)
            if is_skewed(item, now):
                batch.flags.append(v1.Flag(i=place, code="clock_skew"))
        counts = [raw["n"] for raw in request.items if isinstance(raw, dict) and type(raw.get("n")) is int]
        batch.last_n = max(counts, default=None)
        return batch

    async def store(self, batch: Batch, talk: session.V1Session, client: Client) -> v1.Ingested:
        nothing = m.SubmitResult(accepted=0, duplicates=0)
        if client.guard.principal != CONSOLE:
            self._gate.items(batch.source, len(batch.items) + len(batch.rejected), self._clock.monotonic())
        found = (
            await client.guard.submit(batch.items, Actor(name=talk.client_id, client=talk.client_id))
            if batch.items
            else nothing
        )
        refused = [m.Rejected(i=batch.places[one.i], code=one.code, params=one.params) for one in found.rejected]
        return v1.Ingested(
            accepted=found.accepted,
            duplicates=found.duplicates,
            rejected=tuple(sorted([*batch.rejected, *refused], key=lambda one: one.i)),
            flags=tuple(batch.flags),
            last_n=batch.last_n,
            measurements=found.measurements if batch.rows else (),
        )
