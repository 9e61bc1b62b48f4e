"""Clients that mean no good, byte by byte: each ends in the documented answer, and a healthy client does not notice."""

import asyncio
import random
import struct

import pytest

from tests.integration.server.clients import PATIENCE
from tests.integration.server.test_front_door import UPGRADE

MASK = b"\x01\x02\x03\x04"


def frame(opcode, data=b"", *, fin=True, rsv=0, length=None, mask=MASK):
    """Return one frame of a client, right or wrong."""
    size = len(data) if length is None else length
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([bit | 127]) + struct.pack("!Q", size)
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data)) if mask else data
    return head + (mask or b"") + body


async def upgraded(station):
    reader, writer = await asyncio.open_connection("127.0.0.1", station.port)
    writer.write(UPGRADE)
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def close_code(reader):
    """Read frames of the server up to its close; returns the code, None: the connection just ended."""
    async with asyncio.timeout(PATIENCE):
        try:
            while True:
                first, second = await reader.readexactly(2)
                size = second & 0x7F
                if size == 126:
                    (size,) = struct.unpack("!H", await reader.readexactly(2))
                elif size == 127:
                    (size,) = struct.unpack("!Q", await reader.readexactly(8))
                body = await reader.readexactly(size)
                if first & 0x0F == 8:
                    return struct.unpack("!H", body[:2])[0]
        except (asyncio.IncompleteReadError, ConnectionError):
            return None


HOSTILE = {
    "binary": (frame(2, b"\x00\x01"), 1003),
    "bad UTF-8": (frame(1, b"\xff\xfe"), 1007),
    "oversized": (frame(1, b"a" * 70_000), 1009),
    "not masked": (frame(1, b"{}", mask=b""), 1002),
    "reserved bit": (frame(1, b"{}", rsv=4), 1002),
    "compressed without agreement": (frame(1, b"\xaaV*.I,I\xcd\x03\x00", rsv=4), 1002),
    "reserved opcode": (frame(3, b"{}"), 1002),
    "reserved control opcode": (frame(11), 1002),
    "continuation of nothing": (frame(0, b"{}"), 1002),
    "text within fragments": (frame(1, b"{", fin=False) + frame(1, b"}"), 1002),
    "fragmented ping": (frame(9, b"x", fin=False), 1002),
    "long ping": (frame(9, b"x" * 126), 1002),
    "length of a gibibyte": (frame(1, b"", length=2**30), 1009),
    "length with its highest bit": (frame(1, b"", length=2**63), 1002),
    "fragments beyond the size": (frame(1, b"a" * 40_000, fin=False) + frame(0, b"a" * 40_000), 1009),
    "close with half a code": (frame(8, b"\x03"), 1002),
    "close with a code that is none": (frame(8, struct.pack("!H", 1005)), 1002),
    "close with bad UTF-8": (frame(8, struct.pack("!H", 1000) + b"\xff"), 1007),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_that_a_hostile_frame_ends_its_own_connection_with_its_code(station, name):
    sent, code = HOSTILE[name]
    async with station.client() as canary:
        reader, writer = await upgraded(station)
        writer.write(sent)
        found = await close_code(reader)
        assert found in ({code, 1009} if name.startswith("length with") else {code})
        alert = await station.alert()
        assert (await canary.read())["alert"]["id"] == alert.id
        writer.close()


async def test_that_random_frames_end_or_are_answered_and_nobody_notices(station):
    rng = random.Random(4)
    async with station.client() as canary:
        for _ in range(60):
            reader, writer = await upgraded(station)
            for _ in range(5):
                data = rng.randbytes(rng.randrange(200))
                writer.write(frame(rng.randrange(16), data, fin=rng.random() < 0.8, rsv=rng.choice((0, 0, 1))))
            writer.write(frame(8, struct.pack("!H", 1000)))
            await close_code(reader)
            writer.close()
        alert = await station.alert()
        assert (await canary.read())["alert"]["id"] == alert.id
    for _ in range(200):
        if station.server.clients == 0:
            break
        await asyncio.sleep(0.02)
    assert station.server.clients == 0
    assert not station.server._gate._open or sum(station.server._gate._open.values()) <= 1


async def test_that_a_handshake_in_drops_is_ended_and_others_are_served(station, monkeypatch):
    monkeypatch.setattr("spc_desktop.server.front_door.HEAD_SECONDS", 0.3)
    _, writer = await asyncio.open_connection("127.0.0.1", station.port)
    async with station.client() as canary, asyncio.timeout(PATIENCE):
        try:
            for byte in UPGRADE[:-4] * 10:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.01)
        except ConnectionError:
            pass
        assert (await canary.ask({"type": "get_alerts", "limit": 1}))["type"] == "alerts"
    writer.close()
