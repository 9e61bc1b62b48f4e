"""A station joins by the code of an invitation, over real sockets: once, in time, and only with the hub that made it."""

import asyncio
import socket
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace

import aiohttp
import pytest

from spc_desktop.app import stations
from spc_desktop.app.clock import SystemClock
from spc_desktop.app.failures import REMOTE, explain
from spc_desktop.app.tls import server_context
from spc_desktop.domain.account import Role
from spc_desktop.domain.errors import KnownError, UserError
from spc_desktop.domain.invitation import CODE, MARK, mark_of, parts_of, written
from spc_desktop.hub import invitations
from spc_desktop.hub.hub import Hub
from spc_desktop.protocol import messages as m
from spc_desktop.server.access import Access
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.viewer.link import socket_url
from spc_desktop.viewer.remote_hub import RemoteHub
from spc_desktop.viewer.trust import Trust
from tests.integration.server.clients import CATALOGUE


class Place:
    """A hub with a certificate of its own, to which only accounts have access."""

    def __init__(self, hub, port, mark):
        self.hub, self.url, self.mark = hub, f"https://127.0.0.1:{port}", bytes.fromhex(mark.replace(":", ""))

    async def code(self, name="line3", **more):
        made = await self.hub.command(m.InviteStation(name=name, **more))
        return written(made.code, mark_of(self.mark))


@asynccontextmanager
async def opened(folder, store=None):
    clock = SystemClock()
    context, mark = server_context(folder, "127.0.0.1")
    async with Hub(store or MemoryStore(), clock) as hub:
        await hub.command(CATALOGUE)
        access = Access(clock, lambda: hub.accounts, anonymous=False)
        async with HubServer(hub, clock, port=0, tls=context, access=access) as server:
            yield Place(hub, server.port, mark)


async def join(folder, url, code):
    """Join as the command does, which has a loop of its own."""
    return await asyncio.to_thread(stations.join, SimpleNamespace(data_dir=folder), url, code)


async def refused(folder, url, code):
    with pytest.raises((UserError, KnownError)) as told:
        await join(folder, url, code)
    assert stations.tokens_for(SimpleNamespace(data_dir=folder), [url], "", False) == {url: ""}, "no token is kept"
    return told.value


async def test_that_a_station_joins_by_a_code_and_may_read_with_its_token(tmp_path, capsys):
    async with opened(tmp_path / "hub") as place:
        code = await place.code(products=(1,))
        assert await join(tmp_path / "pc", place.url, code.lower().replace("-", " ")) == 0
        assert place.url in capsys.readouterr().out
        token = stations.tokens_for(SimpleNamespace(data_dir=tmp_path / "pc"), [place.url], "", False)[place.url]
        async with aiohttp.ClientSession() as http:
            headers = {"Authorization": f"Bearer {token}"}
            fingerprint = aiohttp.Fingerprint(place.mark)
            async with http.get(f"{place.url}/api/spc/products/", headers=headers, ssl=fingerprint) as answer:
                assert (answer.status, (await answer.json())["count"]) == (200, 1)
        (user,) = await place.hub.query(m.GetUsers())
        assert (user.name, user.roles, user.products) == ("line3", (Role.OPERATOR,), (1,))
        trail = {entry.action: entry for entry in await place.hub.query(m.GetAudit())}
        assert trail["redeem_invitation"].actor == "line3"
        assert "line3" in trail["invite_station"].after
        kept = await place.hub._store.documents("invitation")
        assert kept == {}, "a code that was used is kept nowhere"


async def test_that_a_code_is_good_once_even_for_two_at_the_same_moment(tmp_path):
    async with opened(tmp_path / "hub") as place:
        code = await place.code()
        both = await asyncio.gather(
            *(join(tmp_path / name, place.url, code) for name in ("first", "second")), return_exceptions=True
        )
        assert sorted(str(getattr(one, "code", one)) for one in both) == ["0", "invitation_unknown"]
        assert (await refused(tmp_path / "third", place.url, code)).code == "invitation_unknown"


async def test_that_a_wrong_code_is_refused_and_guessing_ends(tmp_path):
    async with opened(tmp_path / "hub") as place:
        assert (await refused(tmp_path / "pc", place.url, "not a code")).code == "invitation_unknown"
        wrong = written("A" * CODE, mark_of(place.mark))
        codes = [(await refused(tmp_path / "pc", place.url, wrong)).code for _ in range(12)]
        assert codes == ["invitation_unknown"] * 10 + ["too_many_attempts"] * 2


async def test_that_a_code_expires_and_makes_room(tmp_path, monkeypatch):
    monkeypatch.setattr(invitations, "MOST_OPEN", 1)
    async with opened(tmp_path / "hub") as place:
        with monkeypatch.context() as short:
            short.setattr(invitations, "LIFE", timedelta(0))
            code = await place.code()
        assert (await refused(tmp_path / "pc", place.url, code)).code == "invitation_unknown"
        await place.code()
        with pytest.raises(UserError) as full:
            await place.code()
        assert full.value.code == "invitations_full"
        assert len(await place.hub._store.documents("invitation")) == 1


async def test_that_a_code_is_good_after_a_restart_and_kept_as_a_digest(tmp_path):
    store = MemoryStore()
    async with opened(tmp_path / "hub", store) as place:
        code = await place.code()
        kept = await store.documents("invitation")
        assert not any(parts_of(code)[0] in str(one) for one in kept.items())
    async with opened(tmp_path / "hub", store) as place:
        assert await join(tmp_path / "pc", place.url, code) == 0


async def test_that_nothing_is_said_to_a_hub_with_another_certificate(tmp_path):
    async with opened(tmp_path / "hub") as place, opened(tmp_path / "foreign") as foreign:
        code = await place.code()
        told = await refused(tmp_path / "pc", foreign.url, code)
        assert told.code == "invitation_not_of_hub"
        assert foreign.mark.hex(":").upper() in explain(told)[0]
        # A code of a hub that does not encrypt names no certificate: then an authority has to.
        assert (await refused(tmp_path / "pc", place.url, code[:14])).code == "invitation_not_of_hub"
        plain = place.url.replace("https", "http")
        assert (await refused(tmp_path / "pc", plain, code)).code == "invitation_encrypted"
        assert await join(tmp_path / "pc", place.url, code) == 0, "the code was told to nobody and is still good"


async def test_that_a_hub_that_is_away_or_silent_ends_with_a_status(tmp_path, monkeypatch):
    monkeypatch.setattr(stations, "JOIN_SECONDS", 0.3)
    code = written("A" * CODE, "A" * MARK)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        away = await refused(tmp_path / "pc", url, code)
        silent.listen()
        mute = await refused(tmp_path / "pc", url, code)
    for told in (away, mute):
        assert (told.code, explain(told)[1]) == ("hub_unreachable", REMOTE)
        assert url in explain(told)[0]


async def test_that_name_and_products_of_an_invitation_are_checked(tmp_path):
    async with opened(tmp_path / "hub") as place:
        for wrong, code in (({"name": " "}, "bad_user_name"), ({"name": "a", "products": (99,)}, "unknown_product")):
            with pytest.raises(UserError) as told:
                await place.hub.command(m.InviteStation(**wrong))
            assert told.value.code == code


async def test_that_only_an_administrator_of_all_products_invites(tmp_path):
    async with opened(tmp_path / "hub") as place:
        for name, rights, code in (
            ("engineer", {"roles": (Role.ENGINEER,)}, "forbidden"),
            ("some", {"roles": (Role.ADMIN,), "products": (1,)}, "forbidden_scope"),
        ):
            await place.hub.command(m.AddUser(name=name, **rights))
            token = (await place.hub.command(m.AddToken(user=name))).token
            trust = Trust(known={socket_url(place.url): place.mark.hex(":").upper()})
            async with RemoteHub(place.url, SystemClock(), token=token, trust=trust) as remote:
                with pytest.raises(UserError) as told:
                    await remote.command(m.InviteStation(name="line3"))
            assert told.value.code == code
