"""Several hubs on one database: what ``--database`` and ``--relay`` mean, and the ``Member`` that is made of them."""

from collections.abc import Callable
from ssl import SSLContext

from spc_desktop.app.channels import outlets_of
from spc_desktop.app.start import Start
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.hub.feed import Feed
from spc_desktop.hub.hub import Hub
from spc_desktop.hub.member import Member
from spc_desktop.hub.ports import Clock, Store
from spc_desktop.hub.tasks import TaskState
from spc_desktop.relay.peers import Peers
from spc_desktop.relay.streams import RedisRelay
from spc_desktop.settings.schema import HubSettings
from spc_desktop.storage.shared import SharedStore, check_url


def check_addresses(settings: HubSettings) -> None:
    """Refuse addresses that can be none, before anything is opened.

    Raises:
        UserError: ``database_url_invalid``, ``relay_url_invalid``, ``relay_needs_database``, ``driver_missing``.
    """
    if settings.relay and not settings.database:
        raise UserError("relay_needs_database")
    if settings.database:
        check_url(settings.database)
    if settings.relay:
        RedisRelay(settings.relay, "")


async def check_relay(url: str) -> str:
    """Try the relay; return the code of what is wrong and no reason not to start: hubs do without it, more slowly.

    Raises:
        KnownError: ``relay_refused``: nothing that passes by itself.
    """
    relay = RedisRelay(url, "")
    try:
        await relay.check()
    except KnownError as error:
        if error.code == "relay_refused":
            raise
        return error.code
    finally:
        await relay.close()
    return ""


def build_member(
    start: Start,
    clock: Clock,
    tls: SSLContext | None,
    mark: str,
    on_task: Callable[[TaskState], None] | None,
    on_lead: Callable[[Hub], None],
) -> Member:
    """Make this program's part of the hubs on one database.

    Args:
        start: settings and folders.
        clock: the time.
        tls: encrypts what the hubs say to each other.
        mark: fingerprint of its certificate.
        on_task: hears how the sources are.
        on_lead: gets the hub each time that this program begins to lead.

    Raises:
        UserError: see ``check_addresses``.
    """
    own = start.settings.hub
    check_addresses(own)

    def make(store: Store, feed: Feed) -> Hub:
        outlets = outlets_of(start.settings.channels)
        return Hub(store, clock, language=start.language, outlets=outlets, feed=feed)

    relay = (lambda epoch: RedisRelay(own.relay, f"spc:{epoch}")) if own.relay else None
    return Member(SharedStore(own.database), clock, Peers(own.host, tls, mark), relay, make, on_task, on_lead)
