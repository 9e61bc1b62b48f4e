"""The client of the guide, taken out of the guide and run as a stranger would."""

import asyncio
import re
import sys

import pytest

from spc_desktop.paths import resource
from spc_desktop.server.listener import HubServer
from tests.integration.server.clients import PATIENCE, Station


def code_of(language):
    text = resource(f"help/{language}/websocket.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return found


def test_that_both_languages_have_the_same_client_of_about_forty_lines():
    code = code_of("en")
    assert code == code_of("ko")
    assert len([line for line in code.splitlines() if line.strip()]) <= 45


@pytest.mark.parametrize("language", ["en"])
async def test_that_the_guides_client_misses_and_doubles_nothing_over_a_restart(station, tmp_path, language):
    file = tmp_path / "client.py"
    file.write_text(code_of(language), encoding="utf-8")
    port = station.port
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(file), f"ws://127.0.0.1:{port}/ws/spc/", stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(3 * PATIENCE):
            while not [one for one in station.server._sockets.connections() if one.subscriptions]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
            made = [(await station.alert(f"before {number}")).title for number in range(3)]
            assert await heard(program, 3) == made
            await station.server.__aexit__(None, None, None)
            made = [(await station.alert(f"missed {number}")).title for number in range(3)]
            async with HubServer(station.hub, station.hub._clock, port=port) as server:
                await Station(station.hub, station.store, server).alert("after")
                assert await heard(program, 4) == [*made, "after"]
    finally:
        program.kill()
        await program.wait()


async def heard(program, count):
    """Return the titles of the next alerts that the client prints."""
    lines = [(await program.stdout.readline()).decode() for _ in range(count)]
    return [line.strip().split(" ", 2)[2] for line in lines]
