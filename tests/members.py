"""Several hubs of one process on a real database, as programs would make them."""

from contextlib import asynccontextmanager

from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.hub import Hub
from spc_desktop.hub.member import Member
from spc_desktop.relay.peers import Peers
from spc_desktop.relay.streams import RedisRelay
from spc_desktop.storage.shared import SharedStore


def make_member(database, redis=None, *, host="127.0.0.1", tls=None, mark="", store=SharedStore):
    """A hub that is one of several; it begins with ``async with``."""
    clock = SystemClock()
    relay = (lambda epoch: RedisRelay(redis, f"spc:{epoch}")) if redis else None
    return Member(store(database), clock, Peers(host, tls, mark), relay, lambda held, feed: Hub(held, clock, feed=feed))


@asynccontextmanager
async def two_members(database, redis=None):
    """One that leads and one that follows."""
    async with make_member(database, redis) as leader, make_member(database, redis) as follower:
        assert (leader.leads, follower.leads) == (True, False)
        yield leader, follower
