"""The composition root: makes the objects of a station and starts them in order. The only place that knows all of them."""

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from ssl import SSLContext

from spc_desktop.app.channels import languages_of, make_channels, outlets_of
from spc_desktop.app.failures import listen_failure
from spc_desktop.app.instance import note_address
from spc_desktop.app.shared import build_member, check_addresses, check_relay
from spc_desktop.app.start import Start, is_encrypted
from spc_desktop.app.tls import server_context
from spc_desktop.domain.errors import KnownError
from spc_desktop.hub.courier import Courier
from spc_desktop.hub.hub import Hub
from spc_desktop.hub.member import Member
from spc_desktop.hub.ports import Clock, Store
from spc_desktop.hub.tasks import TaskState
from spc_desktop.server.access import Access, is_loopback
from spc_desktop.server.listener import HubServer
from spc_desktop.server.operation import Check
from spc_desktop.sources.sample_plant import run_sample_plant
from spc_desktop.storage.store import open_store

DISK_LOW = 64 * 1024 * 1024
"""Free bytes below which the hub says that it is not ready: it still stores what it can."""


@dataclass(frozen=True, slots=True)
class Station:
    """A hub that runs and answers at ``url``."""

    hub: Hub | Member
    server: HubServer
    url: str
    set_up_code: str = ""
    """Makes the first administrator; empty where there is one, or where only this computer can connect."""
    fingerprint: str = ""
    """SHA-256 of the certificate; empty: nothing is encrypted."""


def build_hub(
    start: Start,
    clock: Clock,
    *,
    store: Store | None = None,
    on_task: Callable[[TaskState], None] | None = None,
    tls: SSLContext | None = None,
    mark: str = "",
) -> Hub | Member:
    """Make the hub of a start; it begins to work in ``async with hub``.

    Args:
        start: settings and folders.
        clock: the time.
        store: another place to keep everything than the data folder's database.
        on_task: hears how the sources are.
        tls: encrypts what hubs of one database say to each other.
        mark: fingerprint of its certificate.

    Raises:
        UserError: the address of a shared database or its relay can be none.
    """
    if start.settings.hub.relay or start.settings.hub.database:
        return build_member(start, clock, tls, mark, on_task, partial(_send, start, clock))
    outlets = outlets_of(start.settings.channels)
    store = store or open_store(start.data_dir)
    return Hub(store, clock, language=start.language, outlets=outlets, on_task=on_task)


def _send(start: Start, clock: Clock, hub: Hub) -> None:
    """Begin to send what is in a hub's outbox."""
    settings = start.settings.channels
    if channels := make_channels(settings, start.data_dir):
        hub.tasks.keep("channels", Courier(hub, channels, clock, start.language, languages_of(settings)).run)


@asynccontextmanager
async def running_station(
    start: Start, clock: Clock, on_task: Callable[[TaskState], None] | None = None
) -> AsyncIterator[Station]:
    """Run hub, server and sources while the block lasts. Ends in order: listener, sources, queue, store.

    Raises:
        KnownError: ``port_in_use`` and ``address_unusable`` (with who has the port), ``database_newer``, ...
    """
    settings = start.settings
    plant = settings.sample_plant
    tls, mark = None, ""
    if is_encrypted(settings):
        own = settings.hub
        tls, mark = await asyncio.to_thread(server_context, start.data_dir, own.host, own.tls_cert, own.tls_key)
    check_addresses(settings.hub)
    make_channels(settings.channels, start.data_dir)  # refuses wrong settings before anything is opened
    if settings.hub.relay:
        await check_relay(settings.hub.relay)
    async with build_hub(start, clock, on_task=on_task, tls=tls, mark=mark) as hub:
        if (
            plant.enabled
        ):  # its history comes before anyone listens: old faults are listed, but nobody gets toasts of them
            await run_sample_plant(hub, clock, plant.seed, plant.speed, until_now=True)
        key = secrets.token_hex(32)
        anonymous = settings.hub.allow_anonymous == "loopback"
        access = Access(clock, lambda: hub.accounts, anonymous=anonymous, console_key=key)
        checks: dict[str, Check] = {"disk": partial(_disk, start.data_dir)}
        if isinstance(hub, Member) and settings.hub.relay:
            checks["relay"] = hub.relay_check
        server = HubServer(
            hub,
            clock,
            host=settings.hub.host,
            port=settings.hub.port,
            access=access,
            tls=tls,
            memory=hub,
            checks=checks,
        )
        hub.on_commit(server.meters.committed)
        try:
            await server.__aenter__()
        except KnownError as error:
            if isinstance(error.__cause__, OSError):
                raise listen_failure(error.__cause__, settings.hub.host, settings.hub.port) from error
            raise
        try:
            url = f"{'https' if tls else 'http'}://{_reachable(settings.hub.host)}:{server.port}"
            note_address(start.data_dir, url, key, mark)
            if plant.enabled:
                hub.tasks.keep("sample-plant", lambda: run_sample_plant(hub, clock, plant.seed, plant.speed))
            if isinstance(hub, Hub):
                _send(start, clock, hub)
            yield Station(hub, server, url, "" if is_loopback(settings.hub.host) else hub.set_up_code(), mark)
        finally:
            await server.__aexit__(None, None, None)


async def _disk(folder: Path) -> str:
    """Return ``disk_low`` where there is hardly any space left for what is measured."""
    usage = await asyncio.to_thread(shutil.disk_usage, folder)
    return "disk_low" if usage.free < DISK_LOW else ""


def _reachable(host: str) -> str:
    """An address to show and to connect to: a wildcard is no address, IPv6 needs brackets."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
