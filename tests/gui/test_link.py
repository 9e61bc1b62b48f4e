"""A window on a hub that runs elsewhere: the connection is always shown as it is, and nothing is missed."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from spc_desktop.app.clock import SystemClock
from spc_desktop.hub.api import HubState, Link
from spc_desktop.hub.hub import Hub
from spc_desktop.server.listener import HubServer
from spc_desktop.storage.memory import MemoryStore
from spc_desktop.ui.pill import state_text
from spc_desktop.viewer.remote_hub import RemoteHub
from tests.fakes import diameter, known_limits, measured, save
from tests.gui.conftest import until

SINCE = datetime(2026, 1, 11, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (HubState(link=Link.LIVE), "● Live"),
        (HubState(link=Link.LIVE, delay_ms=12.4), "● Live (12 ms)"),
        (HubState(link=Link.CONNECTING), "◐ Connecting"),
        (HubState(link=Link.RECONNECTING, retry_in=3.6), "◐ Reconnecting (4 s)"),
        (HubState(link=Link.OFFLINE), "○ Offline"),
        (HubState(link=Link.OFFLINE, queued=7), "○ Offline (7 queued)"),
        (HubState(link=Link.CLOSED), "○ Closed"),
        (HubState(link=Link.SILENT, since=SINCE), f"△ Silent — data as of {SINCE.astimezone():%H:%M:%S}"),
    ],
)
def test_that_every_state_of_the_link_has_a_shape_and_a_word(state, text):
    assert state_text(state) == text


@asynccontextmanager
async def served(hub, port=0):
    async with HubServer(hub, SystemClock(), host="127.0.0.1", port=port) as server:
        yield server


async def test_that_a_lost_connection_is_shown_in_red_and_what_happened_meanwhile_is_told(open_bench, caplog):
    async with Hub(MemoryStore(), SystemClock(), language="en") as far:
        await far.command(save(diameter(), plans=[known_limits()]))
        async with served(far) as server:
            port = server.port
            remote = RemoteHub(f"http://127.0.0.1:{port}", SystemClock(), language="en", patience=1.0)
            await remote.__aenter__()
            opened = open_bench(hubs=[remote])
            bench = await opened.__aenter__()
            desk = bench.desk
            desk.open_chart(bench.station, 1)
            await until(lambda: bench.charts.chart_page.feed.loaded)
            await far.submit([measured(10.0)])
            await until(lambda: bench.charts.chart_page.feed.series.end == 1)
            assert desk.pill.text().startswith("● Live")
            assert not bench.window.banner.isVisible()
        await until(bench.window.banner.isVisible)
        assert "data as of" in bench.window.banner.text
        assert not desk.pill.text().startswith("●")
        await far.submit([measured(10.9)])
        async with served(far, port):
            await until(lambda: desk.pill.text().startswith("● Live"), 30)
            await until(lambda: bench.recorder.toasts)
            await until(lambda: bench.charts.chart_page.feed.series.end == 2)
            assert not bench.window.banner.isVisible()
            await opened.__aexit__(None, None, None)
            await remote.__aexit__(None, None, None)


async def test_that_a_hub_that_is_not_there_yet_is_waited_for(open_bench, unused_tcp_port):
    remote = RemoteHub(f"http://127.0.0.1:{unused_tcp_port}", SystemClock(), language="en", patience=0.2)
    async with Hub(MemoryStore(), SystemClock(), language="en") as far, remote:
        await far.command(save(diameter(), plans=[known_limits()]))
        async with open_bench(hubs=[remote], wait=False) as bench:
            await until(lambda: bench.window.start_page.title.text() == "Connecting…")
            async with served(far, unused_tcp_port):
                await until(lambda: bench.station.products, 30)
                await until(lambda: bench.desk.pages.current == "home")
